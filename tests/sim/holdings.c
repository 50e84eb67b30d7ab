/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node holds of a set, as reconciliation reads it. Nodes that hold the same share one range
 * set: ten thousand that differ in a few records need not sort ten thousand each.
 */
#include "tests/sim/world_impl.h"

#include "common/mem.h"
#include "proto/gossip/reconcile.h"
#include "tests/sim/check.h"

#include <stdlib.h>
#include <string.h>

enum { KEPT = 64 };

struct sim_holdings {
    struct {
        struct fh_hash of; /* what is held */
        struct fh_rangeset *set;
    } kept[KEPT];
    unsigned next; /* to be replaced */
};

static size_t gather_members(const struct sim_node *node, struct sim_held *out)
{
    uint64_t ids = 0;
    uint64_t records = 0;
    size_t count = 0;
    struct fh_gossip_record record;
    struct fh_bytes bytes;
    while (fh_gossip_record_ids(node->core, &ids, &record) &&
           fh_gossip_records(node->core, &records, &bytes)) {
        out[count++] =
            (struct sim_held){.id = record.id,
                              .key = fh_reconcile_member_key(&record.node, record.is_leave),
                              .bytes = bytes};
    }
    return count;
}

static size_t
gather_catalogue(const struct sim_world *w, const struct sim_node *node, struct sim_held *out)
{
    size_t count = 0;
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX; p++) {
        if (node->revision[p] != 0) {
            const struct sim_announcement *a =
                &w->announcements[sim_announcement_of(w, p, node->revision[p])];
            out[count++] = (struct sim_held){
                .id = a->id, .key = a->place, .bytes = fh_bytes(a->bytes, a->size)};
        }
    }
    return count;
}

struct sim_held *sim_gather(const struct sim_world *w,
                            const struct sim_node *node,
                            enum sim_set set,
                            size_t *out_count)
{
    size_t most =
        set == SIM_SET_MEMBERS ? 2 * (size_t)w->options.nodes + 2 : (size_t)SIM_PRODUCTS_MAX;
    struct sim_held *held = sim_must(fh_calloc(most, sizeof *held));
    *out_count =
        set == SIM_SET_MEMBERS ? gather_members(node, held) : gather_catalogue(w, node, held);
    return held;
}

/* ---- single records -------------------------------------------------------------------------- */

struct found {
    uint32_t slot;
    bool is_leave;
    struct fh_bytes bytes;
};

static int by_place(const void *one, const void *other)
{
    const struct found *a = one;
    const struct found *b = other;
    return a->slot != b->slot ? (a->slot < b->slot ? -1 : 1) : (int)a->is_leave - (int)b->is_leave;
}

static bool is_of(const struct fh_fact *fact, const uint8_t *ref)
{
    return fact != NULL && memcmp(fact->id.b, ref, FH_REF_BYTES) == 0;
}

/* What the node holds under the beginning of a record id; empty bytes when it does not. */
static struct found find(const struct sim_node *node, const struct sim_node *of, const uint8_t *ref)
{
    const struct fh_members *members = &node->core->members;
    struct found found = {.slot = fh_members_find(members, &of->id)};
    if (found.slot != FH_MEMBER_NONE) {
        const struct fh_member *member = &members->slots[found.slot];
        const struct fh_fact *leave = fh_member_leave(members, member);
        found.is_leave = is_of(leave, ref);
        const struct fh_fact *fact = found.is_leave              ? leave
                                     : is_of(member->alive, ref) ? member->alive
                                                                 : NULL;
        found.bytes = fact == NULL ? FH_BYTES_NONE : fact->bytes;
    }
    return found;
}

bool sim_pack_members(const struct sim_world *w,
                      const struct sim_node *node,
                      const uint8_t *refs,
                      size_t stride,
                      size_t count,
                      struct fh_buf *out)
{
    struct found *found = sim_must(fh_calloc(count + 1, sizeof *found));
    size_t there = 0;
    bool all = true;
    for (size_t i = 0; i < count && all; i++) {
        const struct sim_node *of = sim_check_sealer(w, refs + i * stride);
        all = of != NULL;
        if (all) {
            found[there] = find(node, of, refs + i * stride);
            there += found[there].bytes.size > 0 ? 1 : 0;
        }
    }
    qsort(found, there, sizeof *found, by_place);
    for (size_t i = 0; i < there && all; i++) {
        fh_pack_bin(out, found[i].bytes);
    }
    fh_free(found);
    return all;
}

/* ---- sets ------------------------------------------------------------------------------------ */

static struct fh_rangeset *
make(const struct sim_world *w, const struct sim_node *node, enum sim_set set)
{
    struct fh_rangeset *out = NULL;
    struct fh_err err;
    size_t count;
    struct sim_held *held = sim_gather(w, node, set, &count);
    int code = fh_rangeset_new(&out, count + 1, &err);
    for (size_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_rangeset_put(out, &held[i].key, &held[i].id, &err);
    }
    fh_free(held);
    return code == FH_OK ? out : sim_must(NULL);
}

/* Two nodes with one such hash hold the same: for members, their fingerprint covers the records in
 * force, and of the ALIVE beneath a LEAVE there may be several. */
static struct fh_hash hash_of(const struct sim_node *node, enum sim_set set)
{
    uint8_t what = (uint8_t)set;
    uint8_t print[FH_GOSSIP_FINGERPRINT_BYTES];
    fh_gossip_fingerprint(node->core, print);
    const struct fh_members *members = &node->core->members;
    struct fh_bytes parts[3] = {fh_bytes(&what, 1), fh_bytes(print, sizeof print)};
    uint64_t beneath = 0;
    for (uint32_t i = 0; i < members->leave_count; i++) {
        beneath += fh_get_u64be(members->slots[members->leaves[i].slot].alive->id.b);
    }
    parts[2] = fh_bytes((const uint8_t *)&beneath, sizeof beneath);
    if (set == SIM_SET_CATALOGUE) {
        parts[1] = fh_bytes((const uint8_t *)node->revision, sizeof node->revision);
        parts[2] = FH_BYTES_NONE;
    }
    return fh_hash_parts(parts, FH_COUNT(parts));
}

const struct fh_rangeset *
sim_rangeset_of(struct sim_world *w, const struct sim_node *node, enum sim_set set)
{
    if (w->holdings == NULL) {
        w->holdings = sim_must(fh_calloc(1, sizeof *w->holdings));
    }
    struct sim_holdings *h = w->holdings;
    struct fh_hash of = hash_of(node, set);
    for (unsigned i = 0; i < KEPT; i++) {
        if (h->kept[i].set != NULL && memcmp(&h->kept[i].of, &of, sizeof of) == 0) {
            return h->kept[i].set;
        }
    }
    unsigned at = h->next++ % KEPT;
    fh_rangeset_free(h->kept[at].set);
    h->kept[at].of = of;
    h->kept[at].set = make(w, node, set);
    return h->kept[at].set;
}

void sim_holdings_free(struct sim_holdings *h)
{
    for (unsigned i = 0; h != NULL && i < KEPT; i++) {
        fh_rangeset_free(h->kept[i].set);
    }
    fh_free(h);
}
