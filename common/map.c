/* SPDX-License-Identifier: Apache-2.0 */
#include "common/map.h"

#include "common/assert.h"
#include "common/err.h"
#include "common/mem.h"

enum { BUCKETS_MIN = 16 };

void fh_map_init(struct fh_map *map)
{
    *map = (struct fh_map){0};
}

void fh_map_fini(struct fh_map *map)
{
    fh_free(map->buckets);
    fh_map_init(map);
}

/* Ids are hashes already, but FNV's low bits are weak: fold the high half in. */
static size_t bucket_of(const struct fh_map *map, uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) & (map->bucket_count - 1);
}

int fh_map_reserve(struct fh_map *map, size_t extra)
{
    size_t wanted = map->bucket_count == 0 ? BUCKETS_MIN : map->bucket_count;
    while (wanted < map->count + extra) {
        if (wanted > SIZE_MAX / 2) {
            return FH_ENOMEM;
        }
        wanted *= 2;
    }
    if (wanted == map->bucket_count) {
        return FH_OK;
    }
    struct fh_map grown = {.bucket_count = wanted, .count = map->count};
    grown.buckets = fh_calloc(wanted, sizeof(struct fh_map_link *));
    if (grown.buckets == NULL) {
        return FH_ENOMEM;
    }
    for (size_t i = 0; i < map->bucket_count; i++) {
        struct fh_map_link *link = map->buckets[i];
        while (link != NULL) {
            struct fh_map_link *next = link->next;
            size_t bucket = bucket_of(&grown, link->hash);
            link->next = grown.buckets[bucket];
            grown.buckets[bucket] = link;
            link = next;
        }
    }
    fh_free(map->buckets);
    *map = grown;
    return FH_OK;
}

void fh_map_insert(struct fh_map *map, struct fh_map_link *link, uint64_t hash)
{
    FH_ASSERT(map->count < map->bucket_count);
    size_t bucket = bucket_of(map, hash);
    link->hash = hash;
    link->next = map->buckets[bucket];
    map->buckets[bucket] = link;
    map->count++;
}

void fh_map_remove(struct fh_map *map, struct fh_map_link *link)
{
    FH_ASSERT(map->bucket_count > 0);
    struct fh_map_link **at = &map->buckets[bucket_of(map, link->hash)];
    while (*at != link) {
        FH_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = link->next;
    link->next = NULL;
    map->count--;
}

static struct fh_map_link *same_hash(struct fh_map_link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash) {
        link = link->next;
    }
    return link;
}

struct fh_map_link *fh_map_first(const struct fh_map *map, uint64_t hash)
{
    return map->bucket_count == 0 ? NULL : same_hash(map->buckets[bucket_of(map, hash)], hash);
}

struct fh_map_link *fh_map_next(const struct fh_map_link *link)
{
    return same_hash(link->next, link->hash);
}

uint64_t fh_map_hash(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    }
    return hash;
}
