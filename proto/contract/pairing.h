/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairing: which element of a list in one contract is which in the other, by natural keys.
 *
 * Each list has up to three keys, tried in turn; elements of one key are paired by what they say
 * first, so that neither the order of the lists nor a repeated key makes a change. Sorting, not
 * hashing: an author chooses the keys, and could choose them to collide.
 *
 * Does not: compare elements (diff.h). Thread: any. Ownership: all lives in the arena.
 */
#ifndef FH_PROTO_CONTRACT_PAIRING_H
#define FH_PROTO_CONTRACT_PAIRING_H

#include "proto/contract/field_text.h"

/* No partner. */
#define FH_PAIRING_NONE SIZE_MAX

struct fh_pairing {
    size_t *mate_of_before; /* index into `after`, or FH_PAIRING_NONE; `before.count` of them */
    size_t *mate_of_after;
};

/* Pairs the elements of two lists of `field` (kind SECTIONS). FH_ENOMEM. */
FH_MUST_CHECK int fh_pairing_make(struct fh_pairing *out,
                                  const struct fh_field *field,
                                  struct fh_any_list before,
                                  struct fh_any_list after,
                                  struct fh_arena *arena);

/* What people know the element by, for a path: its name, url, property ... "" when it has none. In
 * the arena or the contract; NULL when the arena is full. */
const char *fh_pairing_label(const struct fh_field *field, const void *element, struct fh_arena *);

/* The standard's name of an SLA property written in any case or as its synonym ("RE" is retention),
 * else `property` itself. */
const char *fh_sla_name(const char *property);

#endif
