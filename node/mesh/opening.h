/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: the contracts of an answer, decoded and compared with their texts on a pool thread while
 * the loop verifies and stores others.
 *
 * That comparison is the longest part of taking a contract in, and needs nothing but its bytes. The
 * pool's thread goes through the list from its end; whoever stores goes from the front and asks for
 * each. Nothing is waited for but the one contract that is being opened at that moment, so a busy
 * pool costs nothing: what it has not begun, the loop does as it would without.
 *
 * Does not: verify signatures, store. Thread: the loop's, but for its own job. Ownership: the bytes
 * of the list must live until fh_opening_end; what it lends lives until then.
 */
#ifndef FH_NODE_MESH_OPENING_H
#define FH_NODE_MESH_OPENING_H

#include "proto/contract/contract.h"
#include "proto/session/messages.h"

struct fh_loop;
struct fh_opening;

/* Begins; NULL when there is too little to do, or no memory: then nothing is lost. */
struct fh_opening *fh_opening_begin(struct fh_loop *loop,
                                    const struct fh_mesh_id *mesh,
                                    const struct fh_msg_bins *records);
/* The contract of record `index`; NULL when it is not opened, for whatever reason. NULL for
 * `opening` is fine. */
const struct fh_contract *fh_opening_take(struct fh_opening *opening, unsigned index);
/* Nobody takes any more. NULL is fine. */
void fh_opening_end(struct fh_opening *opening);

#endif
