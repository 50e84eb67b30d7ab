/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of lists of the wire as public value structs.
 *
 * Does not: ask or verify. Thread: any. Ownership: plain values.
 */
#ifndef FH_TOOLS_CLIENT_LISTS_H
#define FH_TOOLS_CLIENT_LISTS_H

#include "proto/session/messages.h"
#include "tools/client/freehold.h"

/* Fill everything but the size. */
void fh_public_peer(struct freehold_peer *out, const struct fh_msg_peer *peer);
void fh_public_product(struct freehold_product *out, const struct fh_msg_product *product);

#endif
