/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/core.h"

#include "common/assert.h"
#include "common/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TRACE_BYTES_MAX = 160,
    NAME_BYTES = FH_NAME_BYTES_MAX + 1,
    /* What a tick does besides its loops: a probe with its relays, a burst, a greeting, contacts,
     * and a trace of each. Loops stop when less than that is left, and go on in the next tick. */
    ROOM_ACTIONS = 56,
    ROOM_BYTES = 24 * FH_DATAGRAM_BYTES_MAX,
};

const char *fh_member_state_text(enum fh_member_state state)
{
    static const char *const texts[] = {[FH_MEMBER_UNVERIFIED] = "unverified",
                                        [FH_MEMBER_ALIVE] = "alive",
                                        [FH_MEMBER_SUSPECT] = "suspect",
                                        [FH_MEMBER_DEAD] = "dead",
                                        [FH_MEMBER_LEFT] = "left"};
    return state < FH_COUNT(texts) ? texts[state] : "unknown";
}

const char *fh_member_change_text(enum fh_member_change change)
{
    static const char *const texts[] = {[FH_MEMBER_JOINED] = "joined",
                                        [FH_MEMBER_UPDATED] = "updated",
                                        [FH_MEMBER_VERIFIED] = "verified",
                                        [FH_MEMBER_SUSPECTED] = "suspected",
                                        [FH_MEMBER_CLEARED] = "cleared",
                                        [FH_MEMBER_DIED] = "died",
                                        [FH_MEMBER_WENT] = "went",
                                        [FH_MEMBER_EXPELLED] = "expelled",
                                        [FH_MEMBER_FORGOTTEN] = "forgotten",
                                        [FH_MEMBER_BLOCKED] = "blocked",
                                        [FH_MEMBER_UNBLOCKED] = "unblocked",
                                        [FH_MEMBER_CONTESTED] = "contested"};
    return change < FH_COUNT(texts) ? texts[change] : "unknown";
}

/* ---- actions --------------------------------------------------------------------------------- */

struct fh_gossip_action *fh_turn_action(struct fh_turn *turn, enum fh_gossip_action_kind kind)
{
    FH_ASSERT(turn->actions->count < FH_GOSSIP_ACTIONS_MAX);
    struct fh_gossip_action *action = &turn->actions->items[turn->actions->count++];
    *action = (struct fh_gossip_action){.kind = kind, .address = "", .text = ""};
    return action;
}

bool fh_turn_room(const struct fh_turn *turn)
{
    return turn->actions->count + ROOM_ACTIONS <= FH_GOSSIP_ACTIONS_MAX &&
           turn->actions->used + ROOM_BYTES <= FH_GOSSIP_SCRATCH_BYTES;
}

uint8_t *fh_turn_scratch(struct fh_turn *turn, size_t size)
{
    struct fh_gossip_actions *actions = turn->actions;
    if (size > FH_GOSSIP_SCRATCH_BYTES - actions->used) {
        return NULL;
    }
    uint8_t *at = actions->scratch + actions->used;
    actions->used += size;
    return at;
}

struct fh_bytes fh_turn_bytes(struct fh_turn *turn, struct fh_bytes bytes)
{
    uint8_t *copy = fh_turn_scratch(turn, bytes.size);
    if (copy == NULL) {
        return FH_BYTES_NONE;
    }
    memcpy(copy, bytes.data, bytes.size);
    return fh_bytes(copy, bytes.size);
}

const char *fh_turn_text(struct fh_turn *turn, const char *text)
{
    struct fh_bytes copy = fh_turn_bytes(turn, fh_bytes(text, strlen(text) + 1));
    return copy.size == 0 ? "" : (const char *)copy.data;
}

void fh_turn_member(struct fh_turn *turn, uint32_t slot, enum fh_member_change change)
{
    const struct fh_member *member = &turn->g->members.slots[slot];
    struct fh_gossip_action *action = fh_turn_action(turn, FH_GOSSIP_MEMBER);
    action->node = member->alive->node;
    action->change = change;
    action->state = (enum fh_member_state)member->state;
    action->generation = fh_member_fact(&turn->g->members, member)->generation;
    fh_turn_trace(turn,
                  "%s %s %u",
                  fh_turn_name(turn, slot),
                  fh_member_change_text(change),
                  fh_member_fact(&turn->g->members, member)->incarnation);
}

void fh_turn_trace(struct fh_turn *turn, const char *format, ...)
{
    if (!turn->g->options.trace || turn->actions->count >= FH_GOSSIP_ACTIONS_MAX) {
        return;
    }
    char *text = (char *)fh_turn_scratch(turn, TRACE_BYTES_MAX);
    if (text == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, TRACE_BYTES_MAX, format, arguments);
    va_end(arguments);
    fh_turn_action(turn, FH_GOSSIP_TRACE)->text = text;
}

const char *fh_turn_name(struct fh_turn *turn, uint32_t slot)
{
    if (!turn->g->options.trace) {
        return "";
    }
    char *name = (char *)fh_turn_scratch(turn, NAME_BYTES);
    if (name == NULL) {
        return "?";
    }
    const struct fh_fact *alive = turn->g->members.slots[slot].alive;
    if (alive->alive.label.size > 0) {
        (void)snprintf(
            name, NAME_BYTES, "%.*s", (int)alive->alive.label.size, alive->alive.label.data);
    } else {
        fh_node_id_short(name, &alive->node);
    }
    return name;
}

int64_t fh_turn_about(struct fh_turn *turn, int64_t ms)
{
    return ms - ms / 4 + (int64_t)fh_prng_below(&turn->g->prng, (uint64_t)(ms / 2) + 1);
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

static int check_addresses(const char *const *addresses, unsigned count, struct fh_err *err)
{
    for (unsigned i = 0; i < count; i++) {
        if (!fh_address_form(fh_bytes_cstr(addresses[i]))) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "gossip.options",
                               "gossip address \"%.128s\": expected host:port",
                               addresses[i]);
        }
    }
    return FH_OK;
}

static int check_options(const struct fh_gossip_options *o, struct fh_err *err)
{
    const char *wrong = NULL;
    if (o->address_count == 0 || o->address_count > FH_ADDRESSES_MAX) {
        wrong = "expected 1 to 3 addresses";
    } else if (o->seed_count > FH_GOSSIP_SEEDS_MAX) {
        wrong = "expected at most 16 seeds";
    } else if (o->label == NULL || strlen(o->label) > FH_NAME_BYTES_MAX ||
               !fh_utf8_valid(fh_bytes_cstr(o->label))) {
        wrong = "expected a label of at most 63 bytes of UTF-8";
    } else if (o->timing.probe_ms == 0 || o->timing.tick_ms == 0 || o->timing.sync_ms == 0 ||
               o->timing.contact_ms == 0 || o->timing.answer_min_ms == 0 ||
               o->timing.answer_max_ms < o->timing.answer_min_ms) {
        wrong = "expected intervals above zero";
    } else if (o->env.admitted == NULL || o->env.seal == NULL || o->env.agree == NULL ||
               o->env.verifier.verify == NULL) {
        wrong = "expected all functions of the environment";
    } else if (o->protocol_min > o->protocol_max) {
        wrong = "expected protocol_min <= protocol_max";
    }
    if (wrong != NULL) {
        return fh_err_rule(err, FH_EINVAL, "gossip.options", "gossip options: %s", wrong);
    }
    int code = check_addresses(o->addresses, o->address_count, err);
    return code == FH_OK ? check_addresses(o->seeds, o->seed_count, err) : code;
}

static bool copy_texts(struct fh_gossip *g, const struct fh_gossip_options *o)
{
    bool copied = true;
    for (unsigned i = 0; i < o->address_count; i++) {
        g->addresses[i] = fh_strdup(o->addresses[i]);
        g->options.addresses[i] = g->addresses[i];
        copied = copied && g->addresses[i] != NULL;
    }
    for (unsigned i = 0; i < o->seed_count; i++) {
        g->seeds[i] = fh_strdup(o->seeds[i]);
        g->options.seeds[i] = g->seeds[i];
        copied = copied && g->seeds[i] != NULL;
    }
    memcpy(g->label, o->label, strlen(o->label) + 1);
    g->options.label = g->label;
    return copied;
}

int fh_gossip_new(struct fh_gossip **out,
                  const struct fh_gossip_options *options,
                  struct fh_err *err)
{
    int code = check_options(options, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_gossip *g = fh_calloc(1, sizeof *g);
    if (g == NULL) {
        return fh_err_set(err, FH_ENOMEM, "gossip: no memory");
    }
    g->options = *options;
    fh_buf_init(&g->content, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_buf_init(&g->payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_buf_init(&g->record, FH_RECORD_GOSSIP_BYTES_MAX);
    g->own_pool = options->pool == NULL;
    g->pool = g->own_pool ? fh_fact_pool_new() : options->pool;
    fh_keys_init(&g->keys, options->keys_max == 0 ? FH_GOSSIP_KEYS_MAX : options->keys_max);
    fh_rumours_init(&g->rumours, FH_RUMOURS_MAX, g->pool);
    if (!copy_texts(g, options) || g->pool == NULL ||
        fh_members_init(&g->members, FH_MEMBERS_MAX, g->pool) != FH_OK) {
        fh_gossip_free(g);
        return fh_err_set(err, FH_ENOMEM, "gossip: no memory");
    }
    fh_prng_init(&g->prng, options->seed);
    for (size_t i = 0; i < sizeof g->delivered_key; i += 8) {
        fh_put_u64be(g->delivered_key + i, fh_prng_u64(&g->prng));
    }
    g->self = fh_node_id_of(&options->node_key);
    fh_datagram_mesh_tag(g->mesh_tag, &options->mesh);
    g->expected_ms = FH_GOSSIP_NEVER;
    g->tick_at_ms = FH_GOSSIP_NEVER;
    g->renew_at_ms = FH_GOSSIP_NEVER;
    g->relay_due_ms = FH_GOSSIP_NEVER;
    g->sync_open_ms = INT64_MIN;
    g->suspicion_due_ms = FH_GOSSIP_NEVER;
    g->pull_due_ms = FH_GOSSIP_NEVER;
    g->doubted = FH_MEMBER_NONE;
    g->review_at = 1;
    g->review_due_ms = FH_GOSSIP_NEVER;
    g->strangers_due_ms = FH_GOSSIP_NEVER;
    g->forget_wall_ms = FH_GOSSIP_NEVER;
    g->sync_gap_ms = options->timing.sync_gap_ms;
    *out = g;
    return FH_OK;
}

void fh_gossip_free(struct fh_gossip *g)
{
    if (g == NULL) {
        return;
    }
    if (g->pool != NULL) {
        while (g->suspicion_count > 0) {
            fh_suspicion_clear(g, g->suspicions[g->suspicion_count - 1].slot);
        }
        fh_strangers_fini(g);
        fh_rumours_fini(&g->rumours);
        fh_members_fini(&g->members);
    }
    fh_keys_fini(&g->keys);
    fh_free(g->suspicions);
    fh_free(g->lost);
    fh_buf_fini(&g->content);
    fh_buf_fini(&g->payload);
    fh_buf_fini(&g->record);
    for (unsigned i = 0; i < FH_ADDRESSES_MAX; i++) {
        fh_free(g->addresses[i]);
    }
    for (unsigned i = 0; i < FH_GOSSIP_SEEDS_MAX; i++) {
        fh_free(g->seeds[i]);
    }
    if (g->own_pool) {
        fh_fact_pool_free(g->pool);
    }
    fh_free(g);
}

/* ---- the step -------------------------------------------------------------------------------- */

static int start(struct fh_turn *turn, uint64_t stored)
{
    struct fh_gossip *g = turn->g;
    uint64_t now_s = turn->wall_ms > 0 ? (uint64_t)turn->wall_ms / 1000 : 0;
    g->generation = stored + 1 > now_s ? stored + 1 : now_s;
    g->incarnation = 0;
    g->boot = fh_datagram_boot(g->generation, g->options.boot);
    fh_turn_action(turn, FH_GOSSIP_PERSIST)->generation = g->generation;
    fh_turn_trace(turn, "starts");
    int code = fh_belief_renew(turn, FH_RUMOUR_MEMBERS);
    if (code != FH_OK) {
        return code;
    }
    g->started = true;
    g->catalogue_changed_ms = turn->now_ms;
    g->synced_ms = turn->now_ms;
    g->introduced_ms = turn->now_ms;
    fh_spread_start(turn);
    return FH_OK;
}

static void on_datagram(struct fh_turn *turn, const struct fh_gossip_event *event)
{
    struct fh_gossip *g = turn->g;
    g->counters.datagrams_in++;
    g->counters.bytes_in += event->u.datagram.bytes.size;
    /* In scratch, because records that are delivered are views into it. */
    uint8_t *content = fh_turn_scratch(turn, FH_DATAGRAM_CONTENT_BYTES_MAX);
    FH_ASSERT(content != NULL);
    size_t size;
    uint32_t slot;
    if (fh_post_open(turn, event->u.datagram.bytes, content, &size, &slot)) {
        fh_post_read(turn, slot, fh_bytes(content, size), event->u.datagram.from, NULL);
    }
}

/* What comes after the time when a tick was due says that we were slow. Answers and refutations may
 * lie in the socket unread: wait for them. */
static void note_lag(struct fh_turn *turn)
{
    struct fh_gossip *g = turn->g;
    if (turn->now_ms - FH_CORE_LAG_MS > g->expected_ms) {
        g->health += g->health < FH_CORE_HEALTH_MAX ? 1 : 0;
        fh_probe_forgive(g, turn->now_ms - g->expected_ms);
    }
}

static void on_tick(struct fh_turn *turn)
{
    fh_probe_tick(turn);
    fh_hints_tick(turn);
    fh_spread_tick(turn);
}

static int on_rumour(struct fh_turn *turn, const struct fh_gossip_event *event, struct fh_err *err)
{
    struct fh_gossip *g = turn->g;
    struct fh_fact *fact;
    int code = fh_fact_intern(g->pool, event->u.rumour.bytes, &g->options.mesh, &fact, err);
    if (code != FH_OK) {
        return code;
    }
    if (fact->kind != FH_FACT_OTHER) {
        fh_fact_drop(g->pool, fact);
        return fh_err_rule(err,
                           FH_EINVAL,
                           "gossip.rumour",
                           "a %s record travels by itself: expected an announcement or the like",
                           fh_record_type_text(fact->type));
    }
    fh_rumours_put(&g->rumours, &event->u.rumour.key, event->u.rumour.class_, fact, turn->now_ms);
    g->told_ms = turn->now_ms;
    fh_spread_wake(turn);
    return FH_OK;
}

static void on_record(struct fh_turn *turn, const struct fh_gossip_event *event)
{
    struct fh_source source = {.session = true, .from = &event->u.record.from};
    fh_belief_record(turn, event->u.record.bytes, &source);
}

/* Told at once and before all else: until it arrives, who looks for us looks in the wrong place. */
static int on_move(struct fh_turn *turn, const struct fh_gossip_event *event, struct fh_err *err)
{
    struct fh_gossip *g = turn->g;
    char *copies[FH_ADDRESSES_MAX] = {NULL};
    unsigned count = event->u.move.count;
    bool copied = true;
    if (count == 0 || count > FH_ADDRESSES_MAX) {
        return fh_err_rule(err, FH_EINVAL, "gossip.options", "expected 1 to 3 addresses");
    }
    int code = check_addresses(event->u.move.items, count, err);
    if (code != FH_OK || g->leaving ||
        fh_addresses_equal(
            g->options.addresses, g->options.address_count, event->u.move.items, count)) {
        return code;
    }
    for (unsigned i = 0; i < count; i++) {
        copies[i] = fh_strdup(event->u.move.items[i]);
        copied = copied && copies[i] != NULL;
    }
    for (unsigned i = 0; i < FH_ADDRESSES_MAX; i++) {
        fh_free(copied ? g->addresses[i] : copies[i]);
        if (copied) {
            g->addresses[i] = copies[i];
            g->options.addresses[i] = copies[i];
        }
    }
    if (!copied) {
        return fh_err_set(err, FH_ENOMEM, "gossip: no memory for addresses");
    }
    g->options.address_count = count;
    fh_turn_trace(turn, "moves to %s", g->addresses[0]);
    fh_belief_renew_soon(turn, FH_RUMOUR_URGENT, 0);
    return FH_OK;
}

static int dispatch(struct fh_turn *turn, const struct fh_gossip_event *event, struct fh_err *err)
{
    struct fh_gossip *g = turn->g;
    int code = FH_OK;
    switch (event->kind) {
    case FH_GOSSIP_START:
        code = start(turn, event->u.start.generation);
        return code == FH_OK ? FH_OK : fh_err_set(err, code, "gossip: own record cannot be made");
    case FH_GOSSIP_DATAGRAM:
        on_datagram(turn, event);
        return FH_OK;
    case FH_GOSSIP_TICK:
        on_tick(turn);
        return FH_OK;
    case FH_GOSSIP_RECORD:
        on_record(turn, event);
        return FH_OK;
    case FH_GOSSIP_RUMOUR:
        return on_rumour(turn, event, err);
    case FH_GOSSIP_LEAVE:
        code = g->leaving ? FH_OK : fh_spread_leave(turn);
        return code == FH_OK ? FH_OK : fh_err_set(err, code, "gossip: goodbye cannot be signed");
    case FH_GOSSIP_LINK_PROBED:
        fh_probe_on_link(turn, event->u.link.token, event->u.link.reached);
        return FH_OK;
    case FH_GOSSIP_SYNCED:
        fh_spread_synced(turn, event->u.synced.done);
        return FH_OK;
    case FH_GOSSIP_REVIEW:
        fh_belief_review(turn);
        return FH_OK;
    case FH_GOSSIP_ADMITTED:
        fh_strangers_judge(turn);
        return FH_OK;
    case FH_GOSSIP_MOVE:
        return on_move(turn, event, err);
    case FH_GOSSIP_EVENT_COUNT:
        break;
    }
    return fh_err_set(err, FH_EINVAL, "gossip: unknown event %d", (int)event->kind);
}

int fh_gossip_step(struct fh_gossip *g,
                   const struct fh_gossip_event *event,
                   struct fh_gossip_actions *actions,
                   struct fh_err *err)
{
    actions->count = 0;
    actions->used = 0;
    bool begins = event->kind == FH_GOSSIP_START;
    if (begins == g->started || g->left) {
        return fh_err_set(err,
                          FH_ESTATE,
                          "gossip: %s",
                          g->left      ? "this node has left the mesh"
                          : g->started ? "started already"
                                       : "expected FH_GOSSIP_START first");
    }
    struct fh_turn turn = {
        .g = g, .actions = actions, .now_ms = event->now_ms, .wall_ms = event->wall_ms};
    note_lag(&turn);
    int code = dispatch(&turn, event, err);
    /* What this step made due in the past, nobody could be in time for: an answer that a probe had
     * long waited for began the next one as late as that, and so on without end. */
    int64_t due = fh_gossip_deadline(g);
    g->expected_ms = due < event->now_ms ? event->now_ms : due;
    return code;
}

int64_t fh_gossip_deadline(const struct fh_gossip *g)
{
    if (!g->started || g->left) {
        return FH_GOSSIP_NEVER;
    }
    int64_t probe = fh_probe_deadline(g);
    int64_t spread = fh_spread_deadline(g);
    int64_t at = probe < spread ? probe : spread;
    return g->pull_due_ms < at ? g->pull_due_ms : at;
}

void fh_gossip_set_catalogue(struct fh_gossip *g,
                             const uint8_t fingerprint[FH_GOSSIP_FINGERPRINT_BYTES],
                             const struct fh_gossip_head *head,
                             int64_t now_ms)
{
    if (memcmp(g->catalogue, fingerprint, sizeof g->catalogue) != 0) {
        memcpy(g->catalogue, fingerprint, sizeof g->catalogue);
        g->catalogue_changed_ms = now_ms;
        g->sync_gap_ms = g->options.timing.sync_gap_ms;
    }
    bool same =
        g->head.count == head->count && memcmp(g->head.root, head->root, sizeof head->root) == 0;
    if (same) {
        return; /* the time alone is no news: others' announcements change the catalogue too */
    }
    g->head = *head;
    if (g->started && !g->leaving) {
        int64_t at = g->renewed_ms + 1000;
        at = at < now_ms ? now_ms : at;
        if (g->renew_at_ms == FH_GOSSIP_NEVER) {
            g->renew_class = FH_RUMOUR_PRODUCTS;
        }
        g->renew_at_ms = at < g->renew_at_ms ? at : g->renew_at_ms;
    }
}
