/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sum of record ids: equal where the same records are held, in whatever order they came.
 *
 * Four u64be words, each added modulo 2^64: a change costs one addition. Whoever could choose ids
 * freely might find two sets with one sum; an id is a hash of what its owner signed, and what two
 * sets with one sum would hide is found by the synchronisation that comes by itself.
 *
 * Does not: know what is in it; adding twice counts twice. Thread: distinct objects. Ownership:
 * values; all zero is the empty sum.
 */
#ifndef FH_PROTO_WIRE_ID_SUM_H
#define FH_PROTO_WIRE_ID_SUM_H

#include "proto/wire/id.h"

enum { FH_ID_SUM_BYTES = 16 }; /* of a fingerprint */

struct fh_id_sum {
    uint64_t lanes[4];
    uint32_t count;
};

void fh_id_sum_add(struct fh_id_sum *sum, const struct fh_record_id *id);
/* What was added before. */
void fh_id_sum_remove(struct fh_id_sum *sum, const struct fh_record_id *id);

/* The first 16 bytes of H(tag || 0 || lanes || u32be(count)). `tag` is borrowed text of at most 31
 * bytes. */
void fh_id_sum_fingerprint(const struct fh_id_sum *sum,
                           const char *tag,
                           uint8_t out[FH_ID_SUM_BYTES]);

#endif
