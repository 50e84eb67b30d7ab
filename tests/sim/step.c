/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of cores, their actions, and the loop over all that happens.
 */
#include "tests/sim/world_impl.h"

#include "common/assert.h"
#include "tests/sim/check.h"
#include "tests/sim/memberlist.h"

#include <string.h>

static void capture(struct sim_world *w, uint32_t to, struct fh_bytes bytes)
{
    uint32_t at = w->captured_count++ % SIM_CAPTURED_MAX;
    w->captured[at].to = to;
    w->captured[at].size = (uint32_t)bytes.size;
    memcpy(w->captured[at].bytes, bytes.data, bytes.size);
}

static void
act_send(struct sim_world *w, struct sim_node *node, const struct fh_gossip_action *action)
{
    sim_check_datagram(w, node, action->bytes.size);
    /* Its tag depends on every byte before. */
    struct fh_bytes tag = action->bytes;
    sim_count_datagram(w, node, fh_get_u64be(tag.data + tag.size - 8), tag.size);
    struct sim_node *to = sim_node_at(w, action->address);
    if (to == NULL && action->address[0] == SIM_OUTSIDER[0]) {
        sim_check_to_outsider(w, node);
    }
    if (to != NULL) {
        if (w->figures.datagrams % 7 == 0) {
            capture(w, to->index, action->bytes);
        }
        sim_send(w, node, to, node->address, action->bytes);
    }
}

/* ---- stepping -------------------------------------------------------------------------------- */

void sim_wind(struct sim_world *w, struct sim_node *node)
{
    int64_t at = FH_GOSSIP_NEVER;
    if (node->core != NULL) {
        at = fh_gossip_deadline(node->core);
    } else if (node->model != NULL && !node->left) {
        at = sim_memberlist_deadline(node->model);
    }
    if (at == node->tick_at_ms || at == FH_GOSSIP_NEVER) {
        node->tick_at_ms = at;
        return;
    }
    node->tick_at_ms = at;
    struct sim_event event = {.kind = EVENT_TICK,
                              .at_ms = at < w->now_ms ? w->now_ms : at,
                              .node = node->index,
                              .life = node->life,
                              .token = (uint64_t)at};
    sim_push(w, &event);
}

static void withhold(struct sim_node *node)
{
    struct fh_rumours *rumours = &node->core->rumours;
    struct fh_ref self = fh_node_id_ref(&node->id);
    for (uint32_t i = 0; i < node->world->options.nodes; i++) {
        struct fh_ref other = fh_node_id_ref(&node->world->nodes[i].id);
        if (!fh_ref_equal(&other, &self)) {
            fh_rumours_cancel(rumours, &other);
        }
    }
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX; p++) {
        struct fh_ref key = sim_product_key(p);
        fh_rumours_cancel(rumours, &key);
    }
}

void sim_step(struct sim_world *w, struct sim_node *node, struct fh_gossip_event *event)
{
    event->now_ms = w->now_ms;
    event->wall_ms = sim_wall_ms(node);
    sim_mix(w, (uint64_t)w->now_ms << 24 ^ (uint64_t)event->kind << 20 ^ node->index);
    struct fh_err err = {0};
    int code = fh_gossip_step(node->core, event, &w->actions, &err);
    w->figures.events++;
    if (code != FH_OK) {
        sim_check_break(w, node, 10, "step failed: %s", err.text);
    }
    if (node->withholds) { /* whoever passes nothing on has no queue */
        withhold(node);
    }
    sim_act(w, node);
    sim_check_step(w, node, event->kind == FH_GOSSIP_TICK);
    sim_wind(w, node);
}

/* ---- actions --------------------------------------------------------------------------------- */

void sim_act(struct sim_world *w, struct sim_node *node)
{
    /* Announcements that the catalogue keeps start a step of their own, which overwrites the
     * actions: first everything else, then they, from copies. */
    struct fh_bytes delivered[FH_MESSAGE_RECORDS_MAX];
    uint8_t copies[FH_DATAGRAM_BYTES_MAX];
    size_t copied = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < w->actions.count; i++) {
        const struct fh_gossip_action *action = &w->actions.items[i];
        sim_mix(w, (uint64_t)action->kind << 8 | (uint64_t)action->change);
        switch (action->kind) {
        case FH_GOSSIP_PERSIST:
            sim_check_persist(w, node, action->generation);
            node->disk_generation = action->generation;
            break;
        case FH_GOSSIP_SEND:
            act_send(w, node, action);
            break;
        case FH_GOSSIP_DELIVER:
            FH_ASSERT(count < FH_MESSAGE_RECORDS_MAX);
            FH_ASSERT(copied + action->bytes.size <= sizeof copies);
            memcpy(copies + copied, action->bytes.data, action->bytes.size);
            delivered[count++] = fh_bytes(copies + copied, action->bytes.size);
            copied += action->bytes.size;
            break;
        case FH_GOSSIP_MEMBER:
            sim_check_member(w, node, action);
            break;
        case FH_GOSSIP_SYNC:
        case FH_GOSSIP_INTRODUCE:
            sim_act_session(w, node, action, EVENT_SYNC);
            break;
        case FH_GOSSIP_PROBE_LINK:
            if (!w->options.no_links) {
                sim_act_session(w, node, action, EVENT_LINK);
            }
            break;
        case FH_GOSSIP_LEFT:
            node->left = true;
            sim_gone(w, node);
            break;
        case FH_GOSSIP_TRACE:
            sim_say(w, node, action->text);
            break;
        case FH_GOSSIP_FORK:
        case FH_GOSSIP_ACTION_COUNT:
            break;
        }
    }
    for (unsigned i = 0; i < count && sim_is_up(node); i++) {
        (void)sim_keep(w, node, delivered[i], true);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void handle_core(struct sim_world *w, struct sim_node *node, const struct sim_event *event)
{
    struct fh_gossip_event step_event = {0};
    switch (event->kind) {
    case EVENT_DATAGRAM:
        step_event.kind = FH_GOSSIP_DATAGRAM;
        step_event.u.datagram.bytes = fh_bytes(event->bytes, event->size);
        step_event.u.datagram.from = event->from;
        sim_step(w, node, &step_event);
        break;
    case EVENT_TICK:
        step_event.kind = FH_GOSSIP_TICK;
        sim_step(w, node, &step_event);
        break;
    case EVENT_SYNC:
        sim_on_sync(w, node, event);
        break;
    case EVENT_LINK:
        step_event.kind = FH_GOSSIP_LINK_PROBED;
        step_event.u.link.token = event->token;
        step_event.u.link.reached = sim_answers(w, node, &w->nodes[event->peer]);
        sim_step(w, node, &step_event);
        break;
    case EVENT_STREAM:
        sim_on_stream(w, node, event);
        break;
    case EVENT_OP:
        break;
    }
}

static void handle_model(struct sim_world *w, struct sim_node *node, const struct sim_event *event)
{
    struct sim_node *peer = &w->nodes[event->peer];
    sim_mix(w, (uint64_t)w->now_ms << 24 ^ (uint64_t)event->kind << 20 ^ node->index);
    switch (event->kind) {
    case EVENT_DATAGRAM:
        sim_memberlist_datagram(node->model, event->peer, fh_bytes(event->bytes, event->size));
        break;
    case EVENT_TICK:
        sim_memberlist_tick(node->model);
        break;
    case EVENT_SYNC:
        if (sim_answers(w, node, peer)) {
            w->figures.sessions++;
            sim_memberlist_exchange(node->model, peer->model);
            sim_wind(w, peer);
        }
        break;
    case EVENT_LINK:
        sim_memberlist_linked(node->model, event->token, sim_answers(w, node, peer));
        break;
    case EVENT_STREAM:
    case EVENT_OP:
        break;
    }
    w->figures.events++;
    sim_wind(w, node);
}

/* A node that stands still, or is slow, takes it later. */
static bool put_off(struct sim_world *w, const struct sim_node *node, struct sim_event *event)
{
    if (node->paused_until_ms > w->now_ms) {
        event->at_ms = node->paused_until_ms;
    } else if (node->slow_ms > 0 && !event->late) {
        event->at_ms = w->now_ms + (int64_t)fh_prng_below(&w->prng, node->slow_ms);
        event->late = true;
    } else {
        return false;
    }
    sim_push(w, event);
    event->bytes = NULL; /* goes on with the pushed one */
    return true;
}

static void handle(struct sim_world *w, struct sim_event *event)
{
    struct sim_node *node = &w->nodes[event->node % w->options.nodes];
    if (event->kind == EVENT_OP) {
        sim_operate(w, event->op, event->node, (uint32_t)event->token);
        return;
    }
    if (!sim_is_up(node) || node->life != event->life) {
        if (event->kind == EVENT_STREAM) {
            sim_session_broken(w, event->token);
        }
        return;
    }
    if (put_off(w, node, event)) {
        return;
    }
    if (event->kind == EVENT_TICK) {
        if ((int64_t)event->token != node->tick_at_ms) {
            return;
        }
        node->tick_at_ms = FH_GOSSIP_NEVER;
    }
    node->bytes += event->kind == EVENT_DATAGRAM ? event->wire : 0;
    w->outsider_in += event->from[0] == SIM_OUTSIDER[0] ? 1 : 0;
    if (node->core != NULL) {
        handle_core(w, node, event);
    } else {
        handle_model(w, node, event);
    }
}

void sim_run(struct sim_world *w, int64_t until_ms)
{
    while (sim_next_ms(w) <= until_ms) {
        struct sim_event *event = sim_pop(w);
        if (event->at_ms / 5000 != w->now_ms / 5000) {
            struct sim_node *node = &w->nodes[fh_prng_below(&w->prng, w->options.nodes)];
            w->now_ms = event->at_ms;
            if (sim_is_up(node) && node->core != NULL) {
                sim_check_node(w, node);
            }
        }
        w->now_ms = event->at_ms;
        handle(w, event);
        sim_event_done(w, event);
    }
    w->now_ms = until_ms;
}
