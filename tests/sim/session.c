/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions as doubles: streams that lose nothing but take their time, and over them the production
 * reconciliation (proto/gossip/reconcile.h), message by message.
 *
 *     dial --> newcomer: all records both ways
 *          --> equal fingerprints: nothing
 *          --> for members, then announcements:
 *              begin -> answer -> next ... -> want what we lack -> records -> push what it lacks
 *
 * Each arrow is an event at its receiver; who is down, cut off or restarted by then breaks the
 * session, and who began it learns of that after a time-out.
 */
#include "tests/sim/world_impl.h"

#include "common/mem.h"
#include "proto/gossip/reconcile.h"
#include "tests/sim/check.h"

#include <string.h>

enum {
    SESSION_MS = 12,        /* dial and handshake */
    SESSION_FAIL_MS = 3000, /* a dial that nobody answers */
    SESSION_BYTES = 900,    /* handshake and the two fingerprints */
    FRAME_BYTES = 40,       /* around each message */
    RESEND_MS = 200,        /* a lost segment comes again */
    RECORD_HEAD_BYTES = 3,
    CHECKED_NODES_MAX = 200, /* in larger worlds nobody compares by hand */
};

enum stage { ASKED, ANSWERED, WANTED, GIVEN, PUSHED };

struct sim_session {
    bool used;
    uint32_t from; /* who began */
    uint32_t from_life;
    uint32_t to;
    enum sim_set set;
    enum stage stage;
    bool too_many;
    unsigned rounds;
    bool moved;                                    /* a set changed meanwhile */
    uint8_t prints[2][FH_RANGE_FINGERPRINT_BYTES]; /* of both sets when they were first read */
    struct fh_buf message;                         /* on its way */
    struct fh_ref *lacks;
    size_t lack_count;
    struct fh_record_id *extras;
    size_t extra_count;
};

/* ---- streams --------------------------------------------------------------------------------- */

void sim_stream(struct sim_world *w,
                struct sim_node *node,
                uint32_t peer,
                enum sim_event_kind kind,
                uint64_t token)
{
    int64_t delay_ms =
        w->options.delay == SIM_DELAY_CONSTANT ? SESSION_MS : SESSION_MS + sim_delay_ms(w);
    struct sim_event event = {.kind = kind,
                              .at_ms = w->now_ms + delay_ms,
                              .node = node->index,
                              .life = node->life,
                              .peer = peer,
                              .done = true,
                              .token = token};
    sim_push(w, &event);
}

void sim_act_session(struct sim_world *w,
                     struct sim_node *node,
                     const struct fh_gossip_action *action,
                     enum sim_event_kind kind)
{
    const struct sim_node *peer = sim_node_at(w, action->address);
    if (peer != NULL) {
        sim_stream(w, node, peer->index, kind, action->token);
    }
}

bool sim_answers(const struct sim_world *w,
                 const struct sim_node *node,
                 const struct sim_node *peer)
{
    return peer != NULL && peer != node && sim_is_up(peer) && sim_reaches(node, peer) &&
           sim_reaches(peer, node) && peer->paused_until_ms <= w->now_ms;
}

void sim_count_session(struct sim_world *w,
                       struct sim_node *node,
                       struct sim_node *peer,
                       size_t bytes)
{
    w->figures.session_bytes += bytes;
    node->bytes += bytes;
    peer->bytes += bytes;
}

/* ---- newcomers: everything ------------------------------------------------------------------- */

static void take_in(struct sim_world *w,
                    const struct sim_node *from,
                    struct sim_node *to,
                    enum sim_set set,
                    struct fh_bytes bytes)
{
    if (!sim_is_up(to)) {
        return;
    }
    if (set == SIM_SET_CATALOGUE) {
        (void)sim_keep(w, to, bytes, false);
        return;
    }
    struct fh_gossip_event event = {.kind = FH_GOSSIP_RECORD,
                                    .u.record = {.bytes = bytes, .from = from->id}};
    sim_step(w, to, &event);
}

static void learn_all(struct sim_world *w, struct sim_node *from, struct sim_node *to)
{
    uint64_t cursor = 0;
    struct fh_bytes record;
    while (sim_is_up(to) && fh_gossip_records(from->core, &cursor, &record)) {
        sim_count_session(w, from, to, record.size + RECORD_HEAD_BYTES);
        take_in(w, from, to, SIM_SET_MEMBERS, record);
    }
    for (uint32_t p = 0; p < SIM_PRODUCTS_MAX && sim_is_up(to); p++) {
        if (from->revision[p] > to->revision[p]) {
            const struct sim_announcement *a =
                &w->announcements[sim_announcement_of(w, p, from->revision[p])];
            sim_count_session(w, from, to, a->size + RECORD_HEAD_BYTES);
            take_in(w, from, to, SIM_SET_CATALOGUE, fh_bytes(a->bytes, a->size));
        }
    }
}

static bool equal(const struct sim_node *a, const struct sim_node *b)
{
    uint8_t of_a[FH_GOSSIP_FINGERPRINT_BYTES];
    uint8_t of_b[FH_GOSSIP_FINGERPRINT_BYTES];
    fh_gossip_fingerprint(a->core, of_a);
    fh_gossip_fingerprint(b->core, of_b);
    return memcmp(of_a, of_b, sizeof of_a) == 0 &&
           memcmp(a->revision, b->revision, sizeof a->revision) == 0;
}

/* ---- a session's life ------------------------------------------------------------------------ */

static struct sim_session *
session_new(struct sim_world *w, const struct sim_node *node, uint32_t to)
{
    uint32_t at = 0;
    while (at < w->session_max && w->sessions[at].used) {
        at++;
    }
    if (at == w->session_max) {
        w->session_max = at == 0 ? 16 : 2 * at;
        w->sessions = sim_must(fh_realloc(w->sessions, w->session_max * sizeof *w->sessions));
        memset(&w->sessions[at], 0, (w->session_max - at) * sizeof *w->sessions);
    }
    struct sim_session *s = &w->sessions[at];
    *s = (struct sim_session){.used = true, .from = node->index, .from_life = node->life, .to = to};
    fh_buf_init(&s->message, FH_RECONCILE_BYTES_MAX + 64);
    s->lacks = sim_must(fh_calloc(FH_RECONCILE_FOUND_MAX, sizeof *s->lacks));
    s->extras = sim_must(fh_calloc(FH_RECONCILE_FOUND_MAX, sizeof *s->extras));
    return s;
}

static void session_free(struct sim_session *s)
{
    fh_buf_fini(&s->message);
    fh_free(s->lacks);
    fh_free(s->extras);
    *s = (struct sim_session){0};
}

void sim_sessions_free(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->session_max; i++) {
        if (w->sessions[i].used) {
            session_free(&w->sessions[i]);
        }
    }
    fh_free(w->sessions);
}

static void tell(struct sim_world *w, struct sim_node *node, const struct sim_node *peer, bool done)
{
    if (sim_is_up(node)) {
        struct fh_gossip_event synced = {.kind = FH_GOSSIP_SYNCED, .u.synced = {.done = done}};
        synced.u.synced.node = peer->id;
        sim_step(w, node, &synced);
    }
}

static void fail_later(struct sim_world *w, uint32_t from, uint32_t life, uint32_t to)
{
    struct sim_event event = {.kind = EVENT_SYNC,
                              .at_ms = w->now_ms + SESSION_FAIL_MS,
                              .node = from,
                              .life = life,
                              .peer = to};
    sim_push(w, &event);
}

void sim_session_broken(struct sim_world *w, uint64_t token)
{
    struct sim_session *s = &w->sessions[token];
    fail_later(w, s->from, s->from_life, s->to);
    session_free(s);
}

/* `bytes` go to the other end, which takes them as `stage`. */
static void leg(struct sim_world *w, struct sim_session *s, enum stage stage, size_t bytes)
{
    bool back = stage == ANSWERED || stage == GIVEN;
    const struct sim_node *receiver = &w->nodes[back ? s->from : s->to];
    int64_t delay_ms = sim_delay_ms(w);
    while (fh_prng_below(&w->prng, 1000) < w->options.loss_permille) {
        delay_ms += RESEND_MS;
    }
    s->stage = stage;
    sim_count_session(w, &w->nodes[s->from], &w->nodes[s->to], bytes + FRAME_BYTES);
    struct sim_event event = {.kind = EVENT_STREAM,
                              .at_ms = w->now_ms + delay_ms,
                              .node = receiver->index,
                              .life = back ? s->from_life : receiver->life,
                              .token = (uint64_t)(s - w->sessions)};
    sim_push(w, &event);
}

/* Reads the set of one end; notes whether it is the same as at the first time. Lent. */
static const struct fh_rangeset *
read_set(struct sim_world *w, struct sim_session *s, bool of_from, bool first)
{
    const struct fh_rangeset *set =
        sim_rangeset_of(w, &w->nodes[of_from ? s->from : s->to], s->set);
    uint8_t print[FH_RANGE_FINGERPRINT_BYTES];
    fh_rangeset_fingerprint(set, 0, fh_rangeset_count(set), print);
    uint8_t *kept = s->prints[of_from ? 0 : 1];
    if (first) {
        memcpy(kept, print, sizeof print);
    }
    s->moved = s->moved || memcmp(kept, print, sizeof print) != 0;
    return set;
}

static void begin_set(struct sim_world *w, struct sim_session *s)
{
    s->moved = false;
    const struct fh_rangeset *set = read_set(w, s, true, true);
    s->lack_count = 0;
    s->extra_count = 0;
    s->rounds = 1;
    fh_buf_reset(&s->message);
    fh_reconcile_begin(set, &s->message);
    leg(w, s, ASKED, s->message.size);
}

static void next_set(struct sim_world *w, struct sim_session *s)
{
    if (s->set + 1 < SIM_SET_COUNT) {
        s->set = s->set + 1;
        begin_set(w, s);
        return;
    }
    struct sim_node *from = &w->nodes[s->from];
    const struct sim_node *to = &w->nodes[s->to];
    session_free(s);
    tell(w, from, to, true);
}

/* ---- reconciliation -------------------------------------------------------------------------- */

static void on_lacks(void *user, const struct fh_ref *ref)
{
    struct sim_session *s = user;
    s->too_many = s->too_many || s->lack_count == FH_RECONCILE_FOUND_MAX;
    if (!s->too_many) {
        s->lacks[s->lack_count++] = *ref;
    }
}

static void on_extra(void *user, const struct fh_range_element *element)
{
    struct sim_session *s = user;
    if (s->extra_count < FH_RECONCILE_FOUND_MAX) {
        s->extras[s->extra_count++] = element->id;
    }
}

static void answer(struct sim_world *w, struct sim_session *s)
{
    const struct fh_rangeset *set = read_set(w, s, false, s->rounds == 1);
    struct fh_buf out;
    struct fh_err err = {0};
    fh_buf_init(&out, FH_RECONCILE_BYTES_MAX + 64);
    if (fh_reconcile_answer(set, fh_buf_view(&s->message), &out, &err) != FH_OK) {
        sim_check_break(w, &w->nodes[s->to], 9, "no answer to a reconciliation: %s", err.text);
    }
    fh_buf_fini(&s->message);
    s->message = out;
    leg(w, s, ANSWERED, s->message.size);
}

/* Whether the record is one of the list. */
static bool listed(const struct sim_session *s, const struct fh_record_id *id, bool lacks)
{
    for (size_t i = 0; i < (lacks ? s->lack_count : s->extra_count); i++) {
        const uint8_t *one = lacks ? s->lacks[i].b : s->extras[i].b;
        if (memcmp(one, id->b, lacks ? FH_REF_BYTES : sizeof id->b) == 0) {
            return true;
        }
    }
    return false;
}

/* What one end holds and the other does not must have been found. */
static void check_found(struct sim_world *w, const struct sim_session *s, bool lacks)
{
    const struct sim_node *holder = &w->nodes[lacks ? s->to : s->from];
    const struct sim_node *other = &w->nodes[lacks ? s->from : s->to];
    size_t held_count;
    size_t other_count;
    struct sim_held *held = sim_gather(w, holder, s->set, &held_count);
    struct sim_held *others = sim_gather(w, other, s->set, &other_count);
    for (size_t i = 0; i < held_count; i++) {
        bool both = false;
        for (size_t j = 0; j < other_count && !both; j++) {
            both = memcmp(&others[j].id, &held[i].id, sizeof held[i].id) == 0;
        }
        if (!both && !listed(s, &held[i].id, lacks)) {
            sim_check_break(w, holder, 9, "a reconciliation with %s missed a record", other->label);
            break;
        }
    }
    fh_free(held);
    fh_free(others);
}

/* All ranges are through; neither set has changed since they were first read. */
static void check_complete(struct sim_world *w, struct sim_session *s)
{
    (void)read_set(w, s, false, false);
    if (!s->moved && w->options.nodes <= CHECKED_NODES_MAX) {
        check_found(w, s, true);
        check_found(w, s, false);
    }
}

static void go_on(struct sim_world *w, struct sim_session *s)
{
    struct fh_reconcile_found found = {on_lacks, on_extra, s};
    const struct fh_rangeset *set = read_set(w, s, true, false);
    struct fh_buf out;
    struct fh_err err = {0};
    fh_buf_init(&out, FH_RECONCILE_BYTES_MAX + 64);
    if (fh_reconcile_next(set, fh_buf_view(&s->message), &found, &out, &err) != FH_OK) {
        sim_check_break(w, &w->nodes[s->from], 9, "a reconciliation ended: %s", err.text);
    }
    fh_buf_fini(&s->message);
    s->message = out;
    if (s->too_many || s->rounds++ == FH_RECONCILE_ROUNDS_MAX) {
        struct sim_node *from = &w->nodes[s->from];
        struct sim_node *to = &w->nodes[s->to];
        session_free(s);
        learn_all(w, to, from);
        tell(w, from, to, true);
        return;
    }
    if (s->message.size > 0) {
        leg(w, s, ASKED, s->message.size);
        return;
    }
    check_complete(w, s);
    if (s->lack_count > 0) {
        leg(w, s, WANTED, s->lack_count * (FH_REF_BYTES + 2));
    } else {
        leg(w, s, GIVEN, 0);
    }
}

/* The holder's records of the list, packed as length and bytes. */
static void
pack_listed(struct sim_world *w, struct sim_session *s, const struct sim_node *holder, bool lacks)
{
    size_t count = lacks ? s->lack_count : s->extra_count;
    const uint8_t *refs = lacks ? s->lacks[0].b : s->extras[0].b;
    size_t stride = lacks ? sizeof s->lacks[0] : sizeof s->extras[0];
    fh_buf_fini(&s->message);
    fh_buf_init(&s->message, (count + 1) * (FH_RECORD_GOSSIP_BYTES_MAX + 8));
    if (s->set == SIM_SET_MEMBERS &&
        sim_pack_members(w, holder, refs, stride, count, &s->message)) {
        return;
    }
    struct sim_held *held = sim_gather(w, holder, s->set, &count);
    for (size_t i = 0; i < count; i++) {
        if (listed(s, &held[i].id, lacks)) {
            fh_pack_bin(&s->message, held[i].bytes);
        }
    }
    fh_free(held);
}

static void take_all(struct sim_world *w,
                     const struct sim_session *s,
                     const struct sim_node *from,
                     struct sim_node *to)
{
    struct fh_pack_reader in;
    fh_pack_read_init(&in, fh_buf_view(&s->message));
    while (s->message.size > 0 && !fh_pack_at_end(&in) && in.failed == FH_OK) {
        take_in(w, from, to, s->set, fh_pack_read_bin(&in, FH_RECORD_GOSSIP_BYTES_MAX));
    }
}

void sim_on_stream(struct sim_world *w, struct sim_node *node, const struct sim_event *event)
{
    struct sim_session *s = &w->sessions[event->token];
    struct sim_node *from = &w->nodes[s->from];
    struct sim_node *to = &w->nodes[s->to];
    const struct sim_node *other = node == from ? to : from;
    bool lives = sim_is_up(from) && from->life == s->from_life && sim_is_up(to);
    if (!lives || !sim_reaches(node, other) || !sim_reaches(other, node)) {
        sim_session_broken(w, event->token);
        return;
    }
    switch (s->stage) {
    case ASKED:
        answer(w, s);
        break;
    case ANSWERED:
        go_on(w, s);
        break;
    case WANTED:
        pack_listed(w, s, to, true);
        leg(w, s, GIVEN, s->message.size);
        break;
    case GIVEN:
        take_all(w, s, to, from);
        if (!sim_is_up(from)) {
            sim_session_broken(w, event->token);
            break;
        }
        if (s->extra_count > 0) {
            pack_listed(w, s, from, false);
            leg(w, s, PUSHED, s->message.size);
        } else {
            next_set(w, s);
        }
        break;
    case PUSHED:
        take_all(w, s, from, to);
        next_set(w, s);
        break;
    }
}

void sim_on_sync(struct sim_world *w, struct sim_node *node, const struct sim_event *event)
{
    struct sim_node *peer = &w->nodes[event->peer];
    if (!event->done) {
        tell(w, node, peer, false);
        return;
    }
    if (!sim_answers(w, node, peer)) {
        fail_later(w, node->index, node->life, peer->index);
        return;
    }
    w->figures.sessions++;
    sim_count_session(w, node, peer, SESSION_BYTES);
    bool newcomer =
        fh_members_live(&node->core->members) <= 1 || fh_members_live(&peer->core->members) <= 1;
    if (w->options.no_sync && !newcomer) {
        tell(w, node, peer, false);
    } else if (peer->withholds || node->withholds || equal(node, peer)) {
        tell(w, node, peer, true);
    } else if (newcomer) {
        learn_all(w, peer, node);
        if (sim_is_up(node)) {
            learn_all(w, node, peer);
        }
        tell(w, node, peer, true);
    } else {
        begin_set(w, session_new(w, node, peer->index));
    }
}
