/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intrusive hash map: buckets of links that live in the elements.
 *
 * The map knows hashes only; the caller compares keys while walking the links of one hash:
 *
 *     for (link = fh_map_first(&map, hash); link != NULL; link = fh_map_next(link)) { ... }
 *
 * Only fh_map_reserve allocates, so that an object can reserve first and commit without a way to
 * fail.
 *
 * Does not: order elements, shrink. Thread: distinct objects. Ownership: the map owns its buckets,
 * never the elements.
 */
#ifndef FH_COMMON_MAP_H
#define FH_COMMON_MAP_H

#include "common/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct fh_map_link {
    struct fh_map_link *next; /* in the bucket */
    uint64_t hash;
};

struct fh_map {
    struct fh_map_link **buckets;
    size_t bucket_count; /* zero or a power of two */
    size_t count;
};

/* The element that holds `link` as its member `member`. */
#define FH_MAP_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

void fh_map_init(struct fh_map *map);
/* Frees the buckets; the elements are the caller's. */
void fh_map_fini(struct fh_map *map);

/* Makes room: the next `extra` insertions cannot fail. FH_ENOMEM leaves the map as it was. */
FH_MUST_CHECK int fh_map_reserve(struct fh_map *map, size_t extra);
/* Adds an element that is not in the map (kept until removed). Room must have been reserved. */
void fh_map_insert(struct fh_map *map, struct fh_map_link *link, uint64_t hash);
/* Takes out an element that is in the map. */
void fh_map_remove(struct fh_map *map, struct fh_map_link *link);

/* First and next element of this hash; NULL at the end. */
struct fh_map_link *fh_map_first(const struct fh_map *map, uint64_t hash);
struct fh_map_link *fh_map_next(const struct fh_map_link *link);

/* FNV-1a, 64 bits (Fowler, Noll and Vo; RFC 9923). Not for keys that a stranger chooses freely. */
uint64_t fh_map_hash(const void *data, size_t size);

#endif
