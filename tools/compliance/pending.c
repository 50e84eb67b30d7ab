/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/compliance/pending.h"

#include "common/err.h"
#include "common/mem.h"

struct decision {
    struct fh_map_link link;
    uint64_t question;
    uint64_t seq;
};

void fh_audit_pending_init(struct fh_audit_pending *pending)
{
    fh_map_init(&pending->map);
}

void fh_audit_pending_fini(struct fh_audit_pending *pending)
{
    struct fh_map *map = &pending->map;
    for (size_t i = 0; i < map->bucket_count; i++) {
        while (map->buckets[i] != NULL) {
            struct fh_map_link *link = map->buckets[i];
            fh_map_remove(map, link);
            fh_free(FH_MAP_ENTRY(link, struct decision, link));
        }
    }
    fh_map_fini(map);
}

void fh_audit_pending_add(struct fh_audit_pending *pending, uint64_t question, uint64_t seq)
{
    struct decision *decision = fh_calloc(1, sizeof *decision);
    if (decision == NULL || fh_map_reserve(&pending->map, 1) != FH_OK) {
        fh_free(decision);
        return;
    }
    decision->question = question;
    decision->seq = seq;
    fh_map_insert(&pending->map, &decision->link, fh_map_hash(&question, sizeof question));
}

uint64_t fh_audit_pending_take(struct fh_audit_pending *pending, uint64_t question)
{
    struct fh_map_link *link = fh_map_first(&pending->map, fh_map_hash(&question, sizeof question));
    for (; link != NULL; link = fh_map_next(link)) {
        struct decision *decision = FH_MAP_ENTRY(link, struct decision, link);
        if (decision->question == question) {
            uint64_t seq = decision->seq;
            fh_map_remove(&pending->map, link);
            fh_free(decision);
            return seq;
        }
    }
    return 0;
}
