/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Range set: records by key, with a fingerprint of any range of keys.
 *
 * One element for each key: the id of the record that is held under it. Elements lie in chunks in
 * the order of their keys; each chunk knows the sum of its ids, so that a fingerprint costs one
 * addition for each chunk of the range (a hundred thousand elements have about 1,500 chunks, a few
 * microseconds), and a change moves at most one chunk.
 *
 * The sum of ids as numbers modulo 2^256 does not depend on the order in which they came, as in the
 * head of a domain; a fingerprint hashes it with the count.
 *
 * Does not: know records, or who is right. Thread: distinct objects. Ownership: values.
 */
#ifndef FH_PROTO_GOSSIP_RANGESET_H
#define FH_PROTO_GOSSIP_RANGESET_H

#include "proto/wire/crypto.h"
#include "proto/wire/id.h"

enum { FH_RANGE_FINGERPRINT_BYTES = 16 };

struct fh_range_key {
    uint8_t b[32];
};

struct fh_range_element {
    struct fh_range_key key;
    struct fh_record_id id;
};

struct fh_rangeset;

/* An empty set of at most `limit` elements. FH_ENOMEM. Given. */
FH_MUST_CHECK int fh_rangeset_new(struct fh_rangeset **out, size_t limit, struct fh_err *err);
void fh_rangeset_free(struct fh_rangeset *set);
static inline void fh_rangeset_freep(struct fh_rangeset **set)
{
    fh_rangeset_free(*set);
}

/* Adds the element, or replaces the one of its key. FH_ETOOBIG beyond the limit, FH_ENOMEM; the set
 * is unchanged then. */
FH_MUST_CHECK int fh_rangeset_put(struct fh_rangeset *set,
                                  const struct fh_range_key *key,
                                  const struct fh_record_id *id,
                                  struct fh_err *err);
/* False when there is no element of this key. */
bool fh_rangeset_remove(struct fh_rangeset *set, const struct fh_range_key *key);
void fh_rangeset_clear(struct fh_rangeset *set);

size_t fh_rangeset_count(const struct fh_rangeset *set);
/* Elements whose key is less than this one: the place where it stands or would stand. */
size_t fh_rangeset_place(const struct fh_rangeset *set, const struct fh_range_key *key);
/* The element at a place below the count; lent until the next change. */
const struct fh_range_element *fh_rangeset_at(const struct fh_rangeset *set, size_t place);

/* First 16 of H("freehold/v1/range\0" || u64be(count) || sum) over the elements at places `from` ..
 * `to` - 1. */
void fh_rangeset_fingerprint(const struct fh_rangeset *set,
                             size_t from,
                             size_t to,
                             uint8_t out[FH_RANGE_FINGERPRINT_BYTES]);

/* Heap bytes. */
size_t fh_rangeset_memory(const struct fh_rangeset *set);

#endif
