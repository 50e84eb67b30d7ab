/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/quota.h"

#include "common/assert.h"
#include "common/mem.h"

enum { CAPACITY_START = 16 };

void fh_quota_fini(struct fh_quota *quota)
{
    fh_free(quota->entries);
    *quota = (struct fh_quota){0};
}

/* Its place, or the free one where it belongs. Ids are hashes already. */
static struct fh_quota_entry *place_of(const struct fh_quota *quota, uint64_t tag)
{
    uint64_t at = tag & (quota->capacity - 1);
    while (quota->entries[at].used && quota->entries[at].tag != tag) {
        at = (at + 1) & (quota->capacity - 1);
    }
    return &quota->entries[at];
}

uint32_t fh_quota_count(const struct fh_quota *quota, const struct fh_domain_id *domain)
{
    return quota->capacity == 0 ? 0 : place_of(quota, fh_get_u64be(domain->b))->count;
}

/* Room for one more, with half of the places free; domains without members are left behind. */
static int make_room(struct fh_quota *quota)
{
    if (quota->capacity > 0 && 2 * (quota->used + 1) <= quota->capacity) {
        return FH_OK;
    }
    uint32_t live = 0;
    for (uint32_t i = 0; i < quota->capacity; i++) {
        live += quota->entries[i].count > 0 ? 1 : 0;
    }
    struct fh_quota wider = {.capacity = CAPACITY_START, .used = live};
    while (wider.capacity < 4 * (live + 1)) {
        wider.capacity *= 2;
    }
    wider.entries = fh_calloc(wider.capacity, sizeof *wider.entries);
    if (wider.entries == NULL) {
        return FH_ENOMEM;
    }
    for (uint32_t i = 0; i < quota->capacity; i++) {
        if (quota->entries[i].count > 0) {
            *place_of(&wider, quota->entries[i].tag) = quota->entries[i];
        }
    }
    fh_free(quota->entries);
    *quota = wider;
    return FH_OK;
}

int fh_quota_add(struct fh_quota *quota, const struct fh_domain_id *domain)
{
    int code = make_room(quota);
    if (code != FH_OK) {
        return code;
    }
    uint64_t tag = fh_get_u64be(domain->b);
    struct fh_quota_entry *entry = place_of(quota, tag);
    quota->used += entry->used ? 0 : 1;
    *entry = (struct fh_quota_entry){.tag = tag, .count = entry->count + 1, .used = true};
    return FH_OK;
}

void fh_quota_remove(struct fh_quota *quota, const struct fh_domain_id *domain)
{
    FH_ASSERT(quota->capacity > 0);
    struct fh_quota_entry *entry = place_of(quota, fh_get_u64be(domain->b));
    FH_ASSERT(entry->count > 0);
    entry->count--;
}
