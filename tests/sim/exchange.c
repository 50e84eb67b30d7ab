/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/gossip/reconcile.h"
#include "tests/sim/check.h"
#include "tests/sim/memberlist.h"

#include <stdio.h>
#include <string.h>

/* ---- catalogue ------------------------------------------------------------------------------- */

void sim_publish_catalogue(struct sim_world *w, struct sim_node *node)
{
    uint8_t input[SIM_PRODUCTS_MAX * 4];
    for (uint32_t i = 0; i < SIM_PRODUCTS_MAX; i++) {
        fh_put_u32be(input + (size_t)4 * i, node->revision[i]);
    }
    struct fh_hash hash = fh_hash(fh_bytes(input, sizeof input));
    struct fh_gossip_head head = {0};
    for (uint32_t i = 0; i < SIM_PRODUCTS_MAX; i++) {
        if (w->latest[i] != 0 && w->announcements[w->latest[i] - 1].owner == node->index) {
            head.count++;
            head.time_ms = w->announcements[w->latest[i] - 1].born_ms;
            head.root[0] = (uint8_t)node->revision[i];
        }
    }
    fh_gossip_set_catalogue(node->core, hash.b, &head, w->now_ms);
}

struct fh_ref sim_product_key(uint32_t product)
{
    uint8_t input[4];
    fh_put_u32be(input, product);
    struct fh_hash hash = fh_hash(fh_bytes(input, sizeof input));
    struct fh_ref key;
    memcpy(key.b, hash.b, sizeof key.b);
    return key;
}

static void
count_arrival(struct sim_world *w, const struct sim_node *node, struct sim_announcement *a)
{
    if (node->started_ms > a->born_ms) {
        return; /* it came later: that is not a time of spreading */
    }
    sim_histogram_add(&w->figures.spread, w->now_ms - a->born_ms);
    if (a->wanted > 0 && --a->wanted == 0) {
        sim_histogram_add(&w->figures.complete, w->now_ms - a->born_ms);
    }
}

/* Whether it takes the place of what the node holds of the product, as the catalogue decides. */
static bool
supersedes(const struct sim_world *w, const struct sim_node *node, const struct sim_announcement *a)
{
    uint32_t revision = node->revision[a->product];
    if (revision == 0) {
        return true;
    }
    const struct sim_announcement *held =
        &w->announcements[sim_announcement_of(w, a->product, revision)];
    return fh_announce_supersedes(&held->said, &held->id, &a->said, &a->id);
}

bool sim_keep_known(struct sim_world *w, struct sim_node *node, uint32_t announcement)
{
    struct sim_announcement *a = &w->announcements[announcement];
    if (a->revision > node->heard[a->product]) {
        node->heard[a->product] = a->revision;
    }
    if (!supersedes(w, node, a)) {
        return false;
    }
    node->revision[a->product] = a->revision;
    sim_check_revision(w, node, a->product, a->revision);
    count_arrival(w, node, a);
    return true;
}

/* The catalogue's judgement: a known announcement, newer than what is held. True when it is kept;
 * then it travels on. */
bool sim_keep(struct sim_world *w, struct sim_node *node, struct fh_bytes bytes, bool spread)
{
    uint32_t at = w->announcement_count;
    while (at > 0 &&
           !fh_bytes_equal(fh_bytes(w->announcements[at - 1].bytes, w->announcements[at - 1].size),
                           bytes)) {
        at--;
    }
    if (at == 0 || !sim_keep_known(w, node, at - 1)) {
        return false;
    }
    const struct sim_announcement *found = &w->announcements[at - 1];
    sim_publish_catalogue(w, node);
    if (spread) {
        struct fh_gossip_event event = {.kind = FH_GOSSIP_RUMOUR,
                                        .u.rumour = {.bytes = fh_bytes(found->bytes, found->size),
                                                     .class_ = FH_RUMOUR_PRODUCTS,
                                                     .key = sim_product_key(found->product)}};
        sim_step(w, node, &event);
    }
    return true;
}

uint32_t sim_announcement_of(const struct sim_world *w, uint32_t product, uint32_t revision)
{
    uint32_t at = w->announcement_count;
    while (at > 0 && (w->announcements[at - 1].product != product ||
                      w->announcements[at - 1].revision != revision)) {
        at--;
    }
    FH_ASSERT(at > 0);
    return at - 1;
}

void sim_announce(struct sim_world *w, struct sim_node *node, uint32_t product)
{
    if (!sim_is_up(node)) {
        return;
    }
    uint32_t revision =
        w->latest[product] == 0 ? 1 : w->announcements[w->latest[product] - 1].revision + 1;
    struct fh_buf payload;
    struct fh_buf record;
    uint8_t summary[240];
    sim_random_bytes(w, summary, sizeof summary);
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&record, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_pack_array(&payload, 5);
    fh_pack_uint(&payload, 1);
    fh_pack_bin(&payload, fh_bytes(node->domain.b, sizeof node->domain.b));
    fh_pack_uint(&payload, product);
    fh_pack_uint(&payload, revision);
    fh_pack_bin(&payload, fh_bytes(summary, sizeof summary));
    fh_record_seal(&record, FH_RECORD_ANNOUNCEMENT, &w->mesh, fh_buf_view(&payload), &node->secret);
    FH_ASSERT(fh_buf_ok(&record) == FH_OK);
    w->announcements = sim_must(
        fh_realloc(w->announcements, (w->announcement_count + 1) * sizeof *w->announcements));
    struct sim_announcement *a = &w->announcements[w->announcement_count++];
    *a = (struct sim_announcement){.product = product,
                                   .revision = revision,
                                   .said = {.revision = revision},
                                   .owner = node->index,
                                   .born_ms = w->now_ms,
                                   .wanted = w->up,
                                   .size = record.size,
                                   .bytes = sim_must(fh_alloc(record.size))};
    memcpy(a->bytes, record.data, record.size);
    char name[16];
    (void)snprintf(name, sizeof name, "p%u", product);
    a->place = fh_reconcile_place_key(&node->domain, name, 1);
    a->id = fh_record_id_of(FH_RECORD_ANNOUNCEMENT, &w->mesh, fh_buf_view(&payload));
    w->latest[product] = w->announcement_count;
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
    sim_say(w, node, "announces");
    if (node->core != NULL) {
        sim_at(w, w->now_ms + SIM_NEWS_MS, SIM_OP_NEWS_DUE, w->announcement_count - 1, 0);
    }
    w->figures.rumours++;
    if (node->core != NULL) {
        (void)sim_keep(w, node, fh_bytes(a->bytes, a->size), true);
    } else if (sim_keep_known(w, node, w->announcement_count - 1)) {
        sim_memberlist_announce(node->model, w->announcement_count - 1);
        sim_wind(w, node);
    }
}
