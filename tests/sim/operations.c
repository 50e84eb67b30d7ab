/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world_impl.h"

#include "tests/sim/check.h"
#include "tests/sim/memberlist.h"

#include <stdlib.h>
#include <string.h>

enum {
    DISTURBED_START_MS = 5000,
    DISTURBED_PAUSE_MS = 3000, /* after the pause */
    DISTURBED_SPLIT_MS = 60000,
    CLOCK_GRACE_MS = 300000, /* two such jumps stay within what dates may differ */
    KEYS_ALL = 2000,         /* of more nodes, each holds fewer keys: agreeing is cheap here */
    KEYS_FEW = 64,
};

static void disturb(struct sim_world *w, struct sim_node *node, int64_t for_ms)
{
    int64_t until = w->now_ms + for_ms;
    node->disturbed_ms = w->now_ms;
    node->disturbed_until_ms = node->disturbed_until_ms > until ? node->disturbed_until_ms : until;
    w->last_fault_ms = w->now_ms;
}

static void make_core(struct sim_world *w, struct sim_node *node)
{
    struct fh_gossip_options o = {.mesh = w->mesh,
                                  .domain = node->domain,
                                  .node_key = node->key,
                                  .agree_key = node->agree,
                                  .seed = fh_prng_u64(&w->prng),
                                  .label = node->label,
                                  .addresses = {node->address},
                                  .address_count = 1,
                                  .protocol_min = 1,
                                  .protocol_max = 1,
                                  .timing = fh_gossip_timing_lan(),
                                  .keys_max = w->options.nodes > KEYS_ALL ? KEYS_FEW : 0,
                                  .pool = w->pool,
                                  .trace = w->options.transcript != NULL};
    sim_random_bytes(w, o.boot, sizeof o.boot);
    for (uint32_t i = 0; i < SIM_SEEDS && i < w->options.nodes; i++) {
        if (i != node->index) {
            o.seeds[o.seed_count++] = w->nodes[i].address;
        }
    }
    o.env = sim_env(node);
    struct fh_err err;
    if (fh_gossip_new(&node->core, &o, &err) != FH_OK) {
        (void)fprintf(stderr, "freehold-sim: %s\n", err.text);
        abort();
    }
}

void sim_begin(struct sim_world *w, struct sim_node *node)
{
    if (w->options.preset == SIM_FREEHOLD) {
        make_core(w, node);
    }
    node->left = false;
    node->called_leave = false;
    node->tick_at_ms = FH_GOSSIP_NEVER;
    node->down_since_ms = -1;
    node->started_ms = w->now_ms;
    node->bytes = 0;
    node->joining = w->up > 0;
    w->up++;
    disturb(w, node, DISTURBED_START_MS);
    sim_check_started(w, node);
}

static void start(struct sim_world *w, struct sim_node *node)
{
    if (sim_is_up(node)) {
        return;
    }
    sim_take_down(w, node);
    sim_begin(w, node);
    if (node->core != NULL) {
        struct fh_gossip_event event = {.kind = FH_GOSSIP_START,
                                        .u.start = {.generation = node->disk_generation}};
        sim_step(w, node, &event);
        sim_publish_catalogue(w, node);
    } else {
        node->model = sim_memberlist_new(node, false);
    }
    sim_wind(w, node);
}

/* What it knew comes back from its disk before anybody is heard. */
static void remember(struct sim_world *w, struct sim_node *node, enum sim_disk disk)
{
    struct fh_buf kept = node->disk_members;
    struct fh_pack_reader in;
    fh_buf_init(&node->disk_members, SIM_DISK_BYTES_MAX);
    fh_pack_read_init(&in, fh_buf_view(&kept));
    while (disk != SIM_DISK_LOST && kept.size > 0 && !fh_pack_at_end(&in)) {
        struct fh_bytes record = fh_pack_read_bin(&in, FH_RECORD_GOSSIP_BYTES_MAX);
        if (disk == SIM_DISK_TORN && fh_prng_below(&w->prng, 2) == 0) {
            continue;
        }
        if (disk == SIM_DISK_TORN && fh_prng_below(&w->prng, 8) == 0) {
            record.size = fh_prng_below(&w->prng, record.size);
        }
        struct fh_gossip_event event = {.kind = FH_GOSSIP_RECORD,
                                        .u.record = {.bytes = record, .from = node->id}};
        sim_step(w, node, &event);
    }
    fh_buf_fini(&kept);
}

static void restart(struct sim_world *w, struct sim_node *node, enum sim_disk disk)
{
    if (sim_is_up(node)) {
        return;
    }
    sim_take_down(w, node);
    sim_say(w, node, disk == SIM_DISK_KEPT ? "--- restarts" : "--- restarts, its disk is damaged");
    if (disk != SIM_DISK_KEPT) {
        node->disk_generation = 0;
        sim_check_disk_lost(w, node);
    }
    if (disk == SIM_DISK_LOST) {
        memset(node->revision, 0, sizeof node->revision);
        memset(node->heard, 0, sizeof node->heard);
    }
    start(w, node);
    if (node->core != NULL) {
        remember(w, node, disk);
    }
}

static void crash(struct sim_world *w, struct sim_node *node)
{
    if (sim_runs(node)) {
        sim_say(w, node, "--- crashes");
        disturb(w, node, 0);
        sim_take_down(w, node);
    }
}

static void move(struct sim_world *w, struct sim_node *node)
{
    if (sim_is_up(node)) {
        crash(w, node);
        node->moves++;
        (void)snprintf(
            node->address, sizeof node->address, "n%u:%u", node->index, 7400 + node->moves % 1000);
        restart(w, node, SIM_DISK_KEPT);
    }
}

static void jump(struct sim_world *w, struct sim_node *node, int32_t by_ms)
{
    sim_say(w, node, by_ms > 0 ? "--- its clock jumps ahead" : "--- its clock jumps back");
    node->wall_offset_ms += by_ms;
    disturb(w, node, (by_ms < 0 ? -by_ms : by_ms) > CLOCK_GRACE_MS ? DISTURBED_SPLIT_MS : 0);
}

static void disturb_all(struct sim_world *w, int64_t for_ms)
{
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        disturb(w, &w->nodes[i], for_ms);
    }
}

static void leave(struct sim_world *w, struct sim_node *node)
{
    if (!sim_is_up(node) || node->called_leave) {
        return;
    }
    node->called_leave = true;
    node->ever_left = true;
    disturb(w, node, 0);
    if (node->core != NULL) {
        struct fh_gossip_event event = {.kind = FH_GOSSIP_LEAVE};
        sim_step(w, node, &event);
    } else {
        sim_memberlist_leave(node->model);
        sim_wind(w, node);
    }
}

static void split(struct sim_world *w, uint32_t part, uint32_t of)
{
    for (uint32_t i = 0; i < w->options.nodes; i++) {
        w->nodes[i].island = of != 0 && i % of < part ? 1 : 0;
        disturb(w, &w->nodes[i], DISTURBED_SPLIT_MS);
    }
    sim_say(w, NULL, of == 0 ? "--- the network is whole again" : "--- the network splits");
}

/* Operations on what only a production core has. */
static void operate_core(struct sim_world *w, struct sim_node *node, enum sim_op op, uint32_t b)
{
    if (w->options.preset != SIM_FREEHOLD) {
        return;
    }
    w->hostile = true;
    if (op == SIM_OP_REPLAY) {
        sim_replay(w, b);
    } else if (op == SIM_OP_WITHHOLD) {
        sim_say(w, node, b != 0 ? "--- withholds" : "--- withholds no more");
        node->withholds = b != 0;
        node->hostile = true;
    } else if (sim_is_up(node) && op == SIM_OP_LIE) {
        sim_lie(w, node, b);
    } else if (sim_is_up(node) && op == SIM_OP_FLOOD) {
        node->hostile = true; /* nobody can know which of its leases is right */
        sim_flood(w, node, b);
    }
}

static void
operate_network(struct sim_world *w, struct sim_node *node, enum sim_op op, uint32_t a, uint32_t b)
{
    if (op == SIM_OP_SPLIT) {
        split(w, a, b);
    } else if (op == SIM_OP_HEAL) {
        split(w, 0, 0);
    } else if (op == SIM_OP_DEAF) {
        sim_say(w, node, b != 0 ? "--- hears nothing" : "--- hears again");
        node->deaf = b != 0;
        disturb_all(w, DISTURBED_SPLIT_MS);
    } else if (op == SIM_OP_CUT) {
        sim_say(w, node, "--- is not heard by somebody");
        sim_cut(w, node->index, b % w->options.nodes);
        w->last_fault_ms = w->now_ms;
    } else if (op == SIM_OP_MEND) {
        w->cut_count = 0;
        w->last_fault_ms = w->now_ms;
    }
}

void sim_operate(struct sim_world *w, enum sim_op op, uint32_t a, uint32_t b)
{
    struct sim_node *node = &w->nodes[a % w->options.nodes];
    sim_mix(w, (uint64_t)op << 40 ^ (uint64_t)a << 20 ^ b);
    switch (op) {
    case SIM_OP_WARM:
        sim_warm(w, a);
        break;
    case SIM_OP_START:
        start(w, node);
        break;
    case SIM_OP_CRASH:
        crash(w, node);
        break;
    case SIM_OP_RESTART:
        restart(w, node, (enum sim_disk)b);
        break;
    case SIM_OP_MOVE:
        move(w, node);
        break;
    case SIM_OP_LEAVE:
        leave(w, node);
        break;
    case SIM_OP_PAUSE:
        if (node->paused_until_ms > w->now_ms) {
            break; /* two pauses that overlap would be a longer one */
        }
        sim_say(w, node, "--- stands still");
        node->paused_until_ms = w->now_ms + b;
        disturb(w, node, b + DISTURBED_PAUSE_MS);
        break;
    case SIM_OP_SLOW:
        sim_say(w, node, b != 0 ? "--- runs late" : "--- runs well");
        node->slow_ms = b;
        disturb(w, node, 0);
        break;
    case SIM_OP_CLOCK:
        jump(w, node, (int32_t)b);
        break;
    case SIM_OP_NEWS_DUE:
        sim_check_news(w, &w->announcements[a]);
        break;
    case SIM_OP_ANNOUNCE:
        sim_announce(w, node, b);
        break;
    case SIM_OP_SPLIT:
    case SIM_OP_HEAL:
    case SIM_OP_DEAF:
    case SIM_OP_CUT:
    case SIM_OP_MEND:
        operate_network(w, node, op, a, b);
        break;
    case SIM_OP_LIE:
    case SIM_OP_REPLAY:
    case SIM_OP_WITHHOLD:
    case SIM_OP_FLOOD:
        operate_core(w, node, op, b);
        break;
    case SIM_OP_COUNT:
        break;
    }
}

void sim_at(struct sim_world *w, int64_t at_ms, enum sim_op op, uint32_t a, uint32_t b)
{
    struct sim_event event = {.kind = EVENT_OP, .at_ms = at_ms, .op = op, .node = a, .token = b};
    sim_push(w, &event);
}
