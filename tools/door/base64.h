/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 with padding (RFC 4648, section 4), as SCRAM and answers in JSON have bytes.
 *
 * Thread: any. Ownership: borrows.
 */
#ifndef FH_TOOLS_DOOR_BASE64_H
#define FH_TOOLS_DOOR_BASE64_H

#include "common/bytes.h"

/* Appends the text of the bytes. */
void fh_base64_add(struct fh_buf *out, struct fh_bytes bytes);
/* Appends the bytes of the text; false when it is another than fh_base64_add writes, or they do not
 * fit. */
FH_MUST_CHECK bool fh_base64_read(struct fh_buf *out, struct fh_bytes text);

#endif
