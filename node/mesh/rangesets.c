/* SPDX-License-Identifier: Apache-2.0 */
#include "node/mesh/rangesets.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/mesh/parts.h"
#include "node/state/store_agreed.h"
#include "node/state/store_places.h"
#include "proto/gossip/reconcile.h"

enum {
    FRESH_MS = 20,    /* who synchronises because of news that was lost must find that news */
    FRESH_TIMES = 50, /* of what it took to gather */
    SETS = FH_SYNC_AGREED + 1,
    IDENTITY_MAX = 4 * 1024 * 1024, /* bounded by the directory: what it takes, it may list */
};

struct kept {
    struct fh_rangeset *set; /* NULL: never gathered */
    int64_t fresh_until_ms;
};

struct fh_mesh_rangesets {
    struct kept kept[SETS];
};

/* ---- gathering ---- */

struct gathering {
    struct fh_rangeset *set;
    int code;
    struct fh_err *err;
};

static bool
gather_identity(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)bytes;
    struct gathering *gathering = user;
    struct fh_range_key key = fh_reconcile_record_key(id);
    gathering->code = fh_rangeset_put(gathering->set, &key, id, gathering->err);
    return gathering->code == FH_OK;
}

static int gather_members(const struct fh_mesh *mesh, struct fh_rangeset *set, struct fh_err *err)
{
    struct fh_gossip_record record;
    uint64_t cursor = 0;
    int code = FH_OK;
    while (code == FH_OK && mesh->gossip != NULL &&
           fh_gossip_record_ids(mesh->gossip, &cursor, &record)) {
        struct fh_range_key key = fh_reconcile_member_key(&record.node, record.is_leave);
        code = fh_rangeset_put(set, &key, &record.id, err);
    }
    return code;
}

static int gather_place(void *user,
                        const struct fh_domain_id *domain,
                        const char *product,
                        uint32_t major,
                        const struct fh_record_id *id,
                        struct fh_err *err)
{
    struct fh_range_key key = fh_reconcile_place_key(domain, product, major);
    return fh_rangeset_put(user, &key, id, err);
}

static int gather_agreed(void *user, const struct fh_store_agreed *record, struct fh_err *err)
{
    struct fh_range_key key = fh_reconcile_record_key(&record->id);
    return record->shared ? fh_rangeset_put(user, &key, &record->id, err) : FH_OK;
}

static int
gather(struct fh_mesh *mesh, enum fh_sync_set which, struct fh_rangeset *set, struct fh_err *err)
{
    struct gathering gathering = {.set = set, .err = err};
    fh_rangeset_clear(set);
    switch (which) {
    case FH_SYNC_IDENTITY:
        (void)fh_directory_each_due(
            mesh->options.dir, fh_mesh_due_until(), gather_identity, &gathering);
        return gathering.code;
    case FH_SYNC_MEMBERSHIP:
        return gather_members(mesh, set, err);
    case FH_SYNC_ANNOUNCEMENTS:
        return fh_store_places_announced(mesh->options.store, gather_place, set, err);
    case FH_SYNC_MEASUREMENTS:
        return fh_store_places_measured(mesh->options.store, gather_place, set, err);
    case FH_SYNC_AGREED:
        return fh_store_agreed_each(mesh->options.store, gather_agreed, set, err);
    case FH_SYNC_FORKS:
        break;
    }
    return fh_err_rule(err, FH_EINVAL, "reconcile.set", "this set is handed over page by page");
}

/* ---- what is kept ---- */

static size_t most_of(enum fh_sync_set which)
{
    return which == FH_SYNC_IDENTITY     ? IDENTITY_MAX
           : which == FH_SYNC_MEMBERSHIP ? (size_t)2 * FH_MEMBERS_MAX
           : which == FH_SYNC_AGREED     ? FH_AGREED_MAX
                                         : FH_CATALOGUE_PRODUCTS_MAX;
}

int fh_mesh_rangeset(struct fh_mesh *mesh,
                     enum fh_sync_set set,
                     const struct fh_rangeset **out,
                     struct fh_err *err)
{
    if (mesh->rangesets == NULL) {
        mesh->rangesets = fh_calloc(1, sizeof *mesh->rangesets);
    }
    if (mesh->rangesets == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for sets of records");
    }
    struct kept *kept = &mesh->rangesets->kept[set];
    int64_t began_ms = fh_clock_mono_ms();
    int code = FH_OK;
    if (kept->set == NULL) {
        code = fh_rangeset_new(&kept->set, most_of(set), err);
    }
    if (code == FH_OK && began_ms >= kept->fresh_until_ms) {
        code = gather(mesh, set, kept->set, err);
        int64_t took_ms = fh_clock_mono_ms() - began_ms;
        kept->fresh_until_ms = code != FH_OK ? 0 : began_ms + FRESH_MS + FRESH_TIMES * took_ms;
    }
    if (code == FH_OK) {
        *out = kept->set;
    }
    return code;
}

void fh_mesh_rangesets_free(struct fh_mesh_rangesets *sets)
{
    for (size_t i = 0; sets != NULL && i < SETS; i++) {
        fh_rangeset_free(sets->kept[i].set);
    }
    fh_free(sets);
}
