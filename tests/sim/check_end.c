/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must have come by the end, when faults are over and time has passed.
 */
#include "tests/sim/check_impl.h"

/* First probe of a crashed node, its verdict, the longest suspicion, a trial, and slack for loss.
 */
int64_t sim_check_bound_ms(const struct sim_world *w)
{
    struct fh_gossip_timing t = fh_gossip_timing_lan();
    unsigned bits = 0;
    while (((uint64_t)1 << bits) < w->options.nodes + 1) {
        bits++;
    }
    int64_t shortest = 2 * (int64_t)t.probe_ms + (int64_t)t.refute_ms * bits;
    return 6 * (int64_t)t.probe_ms + 6 * shortest + 10000;
}

/* ---- 7: the newest revision wins whatever the order ------------------------------------------ */

static void rule_7_newest(struct sim_world *w, const struct sim_node *node)
{
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX; p++) {
        if (node->revision[p] != node->heard[p]) {
            sim_check_break(
                w, node, 7, "product %u at %u of %u", p, node->revision[p], node->heard[p]);
            return;
        }
    }
}

/* ---- 11: a crash is seen by all within its bound --------------------------------------------- */

static void rule_11_crashes(struct sim_world *w, const struct sim_node *node)
{
    /* Who doubts himself probes more rarely. */
    int64_t bound = sim_check_bound_ms(w) * (1 + fh_gossip_health(node->core));
    for (unsigned i = 0; i < fh_gossip_member_slots(node->core); i++) {
        struct fh_gossip_member member;
        if (!fh_gossip_member_at(node->core, i, &member)) {
            continue;
        }
        const struct sim_node *subject = sim_node_of(w, &member.node);
        bool listed = member.state != FH_MEMBER_DEAD && member.state != FH_MEMBER_LEFT;
        if (subject != NULL && !sim_is_up(subject) && listed &&
            subject->down_since_ms + bound < w->now_ms && node->disturbed_ms + bound < w->now_ms) {
            sim_check_break(w, node, 11, "%s still listed", subject->label);
        }
    }
}

/* ---- 14: a healed mesh is one again ---------------------------------------------------------- */

static void rule_14_merged(struct sim_world *w, const struct sim_node *node)
{
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        const struct sim_node *other = &w->nodes[i];
        struct fh_gossip_member member;
        if (!sim_is_up(other) || other == node) {
            continue;
        }
        bool listed = fh_gossip_member_find(node->core, &other->id, &member) &&
                      member.state != FH_MEMBER_DEAD && member.state != FH_MEMBER_LEFT;
        if (!listed) {
            sim_check_break(w, node, 14, "%s is up and not listed", other->label);
            return;
        }
    }
}

/* ---- 15: news reaches everyone --------------------------------------------------------------- */

static void rule_15_news(struct sim_world *w, const struct sim_node *node)
{
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX; p++) {
        uint32_t latest = w->latest[p] == 0 ? 0 : w->announcements[w->latest[p] - 1].revision;
        if (node->revision[p] != latest) {
            sim_check_break(
                w, node, 15, "product %u at %u, announced %u", p, node->revision[p], latest);
            return;
        }
    }
}

/* Up, honest and left in peace since then. */
static bool in_peace(const struct sim_node *node, int64_t since_ms)
{
    return sim_is_up(node) && !node->hostile && !node->deaf && node->started_ms <= since_ms &&
           node->disturbed_ms <= since_ms && node->disturbed_until_ms <= since_ms;
}

/* News of a product is due; a newer revision will do. */
void sim_check_news(struct sim_world *w, const struct sim_announcement *a)
{
    const struct sim_node *late = NULL;
    unsigned there = 0;
    unsigned late_count = 0;
    if (!in_peace(&w->nodes[a->owner], a->born_ms)) {
        return; /* it may have told nobody before it fell */
    }
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        const struct sim_node *node = &w->nodes[i];
        if (in_peace(node, a->born_ms)) {
            there++;
            if (node->revision[a->product] < a->revision) {
                late = node;
                late_count++;
            }
        }
    }
    /* Rumours alone may miss one or another. */
    if (late_count > (w->options.no_sync ? there / 2 : 0)) {
        sim_check_break(w, late, 15, "product %u late at %u of %u", a->product, late_count, there);
    }
}

/* ---- 17: a mesh at rest costs little --------------------------------------------------------- */

void sim_check_rest(struct sim_world *w, double bytes_per_member_second)
{
    if (bytes_per_member_second > SIM_REST_BYTES_PER_S) {
        sim_check_break(
            w, NULL, 17, "%.0f bytes per member and second at rest", bytes_per_member_second);
    }
}

void sim_check_end(struct sim_world *w, bool agreed)
{
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        struct sim_node *node = &w->nodes[i];
        /* Of a large mesh a sample: each has a table of all. */
        if (!sim_is_up(node) || w->check->views[i] == NULL) {
            continue;
        }
        sim_check_node(w, node);
        rule_11_crashes(w, node);
        rule_7_newest(w, node);
        if (!agreed) {
            rule_14_merged(w, node);
            rule_15_news(w, node);
        }
    }
    if (!agreed) {
        sim_check_break(w, NULL, 13, "views or catalogues still differ");
    }
}
