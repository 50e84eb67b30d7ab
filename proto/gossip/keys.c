/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/keys.h"

#include "common/assert.h"
#include "common/mem.h"

#include <string.h>

#define NONE UINT32_MAX

enum { CAPACITY_START = 8 };

void fh_keys_init(struct fh_key_cache *cache, uint32_t limit)
{
    FH_ASSERT(limit > 0);
    *cache = (struct fh_key_cache){.limit = limit, .free = NONE};
}

void fh_keys_fini(struct fh_key_cache *cache)
{
    if (cache->entries != NULL) {
        fh_wipe(cache->entries, cache->capacity * sizeof *cache->entries);
    }
    fh_free(cache->entries);
    *cache = (struct fh_key_cache){0};
}

struct fh_peer_keys *fh_keys_get(struct fh_key_cache *cache, const struct fh_member *member)
{
    if (member->keys == 0) {
        return NULL;
    }
    struct fh_peer_keys *entry = &cache->entries[member->keys - 1];
    entry->used = true;
    return entry;
}

/* Doubling by hand, because realloc would leave copies of keys behind. */
static bool grow(struct fh_key_cache *cache)
{
    uint32_t wider = cache->capacity == 0 ? CAPACITY_START : cache->capacity * 2;
    wider = wider > cache->limit ? cache->limit : wider;
    if (wider == cache->capacity) {
        return false;
    }
    struct fh_peer_keys *entries = fh_calloc(wider, sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    if (cache->entries != NULL) {
        memcpy(entries, cache->entries, cache->capacity * sizeof *entries);
        fh_wipe(cache->entries, cache->capacity * sizeof *entries);
        fh_free(cache->entries);
    }
    cache->entries = entries;
    cache->capacity = wider;
    return true;
}

/* Of a full table. Each has a second chance if it was used since the hand last came by. */
static uint32_t one_to_replace(struct fh_key_cache *cache)
{
    while (cache->entries[cache->hand].used) {
        cache->entries[cache->hand].used = false;
        cache->hand = (cache->hand + 1) % cache->count;
    }
    uint32_t at = cache->hand;
    cache->hand = (cache->hand + 1) % cache->count;
    return at;
}

struct fh_peer_keys *fh_keys_make(struct fh_key_cache *cache,
                                  struct fh_members *members,
                                  uint32_t slot,
                                  const uint8_t shared[32])
{
    FH_ASSERT(members->slots[slot].keys == 0);
    uint32_t at = cache->free;
    if (at != NONE) {
        cache->free = cache->entries[at].next_free;
    } else if (cache->count < cache->capacity || grow(cache)) {
        at = cache->count++;
    } else if (cache->count > 0) {
        at = one_to_replace(cache);
        members->slots[cache->entries[at].owner].keys = 0;
    } else {
        return NULL;
    }
    struct fh_peer_keys *entry = &cache->entries[at];
    fh_wipe(entry, sizeof *entry);
    memcpy(entry->shared, shared, sizeof entry->shared);
    entry->owner = slot;
    entry->used = true;
    members->slots[slot].keys = (uint16_t)(at + 1);
    return entry;
}

void fh_keys_forget(struct fh_key_cache *cache, struct fh_member *member)
{
    if (member->keys == 0) {
        return;
    }
    uint32_t at = member->keys - 1u;
    fh_wipe(&cache->entries[at], sizeof cache->entries[at]);
    cache->entries[at].next_free = cache->free;
    cache->free = at;
    member->keys = 0;
}

size_t fh_keys_memory(const struct fh_key_cache *cache)
{
    return cache->capacity * sizeof *cache->entries;
}
