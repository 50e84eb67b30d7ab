/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAPI document of this door, openapi.json, compiled in.
 *
 * Thread: any; it is constant.
 */
#ifndef FH_TOOLS_DOOR_HTTP_OPENAPI_H
#define FH_TOOLS_DOOR_HTTP_OPENAPI_H

#include "common/bytes.h"

/* Lent for ever. */
struct fh_bytes fh_http_openapi(void);

#endif
