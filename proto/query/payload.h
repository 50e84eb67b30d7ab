/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads between node and worker, read: what the decoders of channel.h and profile.h share.
 *
 * Either end may be hostile: whatever is wrong with the bytes, the error is FH_EPROTO, or FH_ENOMEM
 * where the caller's arena is full.
 *
 * Does not: know any payload. Thread: distinct objects. Ownership: borrows; strings are the
 * arena's.
 */
#ifndef FH_PROTO_QUERY_PAYLOAD_H
#define FH_PROTO_QUERY_PAYLOAD_H

#include "common/arena.h"
#include "proto/wire/pack.h"

/* Scans the payload, of at most `bytes_max` bytes, and enters its array of at least `fields`; the
 * version is read next. `out_fields`: how many there are. */
FH_MUST_CHECK int fh_payload_begin(struct fh_pack_reader *r,
                                   struct fh_bytes payload,
                                   size_t bytes_max,
                                   uint32_t fields,
                                   uint32_t *out_fields,
                                   struct fh_err *err);

/* Leaves the array that was entered with `found` fields; `what` names the payload in the error. */
FH_MUST_CHECK int fh_payload_end(struct fh_pack_reader *r,
                                 uint32_t found,
                                 uint32_t fields,
                                 const char *what,
                                 struct fh_err *err);

/* A NUL-terminated copy of a text of at most `max` bytes, never NULL: without memory "", and the
 * reader has failed. */
const char *fh_payload_string(struct fh_pack_reader *r, size_t max, struct fh_arena *arena);

#endif
