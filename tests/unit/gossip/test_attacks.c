/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on the gossip core by somebody who is admitted, one test for each that is more than a
 * malformed input (those are in test_gossip.c and test_messages.c): what it costs, what it may not
 * change, and that what is right still works.
 */
#include "tests/unit/gossip/four.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct fh_gossip *core_of(int who)
{
    return nodes[who].core;
}

static struct fh_gossip_member member_of(int who, int about)
{
    struct fh_gossip_member view;
    assert_true(fh_gossip_member_find(core_of(who), &nodes[about].id, &view));
    return view;
}

static unsigned count_actions(enum fh_gossip_action_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < actions.count; i++) {
        count += actions.items[i].kind == kind ? 1 : 0;
    }
    return count;
}

static const struct fh_gossip_action *change_of(int about, enum fh_member_change change)
{
    for (unsigned i = 0; i < actions.count; i++) {
        const struct fh_gossip_action *a = &actions.items[i];
        if (a->kind == FH_GOSSIP_MEMBER && a->change == change &&
            fh_node_id_equal(&a->node, &nodes[about].id)) {
            return a;
        }
    }
    return NULL;
}

/* ---- lives ----------------------------------------------------------------------------------- */

/* Whoever left stays gone, however often its last lease is shown again. */
static void test_replayed_lease_after_goodbye(void **state)
{
    (void)state;
    uint8_t alive[2048];
    uint8_t leave[2048];
    struct claim lease = {FH_RECORD_ALIVE, B, B, B, 0, 1, 0, false, false};
    struct claim goodbye = {FH_RECORD_LEAVE, B, B, B, 0, 2, 0, false, false};
    size_t alive_size = make_record(alive, &lease);
    size_t leave_size = make_record(leave, &goodbye);
    learn(&nodes[A], &nodes[M], fh_bytes(alive, alive_size));
    learn(&nodes[A], &nodes[M], fh_bytes(leave, leave_size));
    assert_int_equal(member_of(A, B).state, FH_MEMBER_LEFT);
    struct input in;
    struct before b;
    wrap_record(&in, &nodes[M], fh_bytes(alive, alive_size));
    note(&b);
    give(&in);
    unchanged("a lease from before the goodbye", &b);
    note(&b);
    learn(&nodes[A], &nodes[M], fh_bytes(alive, alive_size));
    unchanged("the same over a session", &b);
    assert_int_equal(member_of(A, B).state, FH_MEMBER_LEFT);
    struct claim back = {FH_RECORD_ALIVE, B, B, B, 1, 0, 0, false, false};
    size_t back_size = make_record(alive, &back);
    learn(&nodes[A], &nodes[M], fh_bytes(alive, back_size));
    assert_int_equal(member_of(A, B).state, FH_MEMBER_UNVERIFIED); /* a new life is welcome */
}

/* Long before its incarnation could wrap, a node that has news of itself begins a new life. */
static void test_own_incarnation_never_wraps(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    uint64_t generation = g->generation;
    const uint8_t fingerprint[FH_GOSSIP_FINGERPRINT_BYTES] = {1};
    const struct fh_gossip_head head = {.count = 1, .root = {3}, .time_ms = 10};
    g->incarnation = FH_FACT_INCARNATION_MAX / 2;
    fh_gossip_set_catalogue(g, fingerprint, &head, 100);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 1200));
    assert_true(g->generation == generation + 1);
    assert_int_equal(g->incarnation, 0);
    assert_int_equal(find_action(FH_GOSSIP_PERSIST)->generation, generation + 1);
}

/* A true lease with one bit of its signature turned is nobody's. */
static void test_bent_signature(void **state)
{
    (void)state;
    struct claim claim = {FH_RECORD_ALIVE, B, B, B, 0, 1, 0, false, false};
    for (size_t bit = 0; bit < 8 * (size_t)FH_SIGNATURE_BYTES; bit += 31) {
        uint8_t record[2048];
        struct before b;
        size_t size = make_record(record, &claim);
        record[size - FH_SIGNATURE_BYTES + bit / 8] ^= (uint8_t)(1u << bit % 8);
        note(&b);
        learn(&nodes[A], &nodes[M], fh_bytes(record, size));
        unchanged("a bent signature", &b);
        counted("a bent signature", &b, COUNTER(record_signature));
    }
}

/* ---- somebody else has the key --------------------------------------------------------------- */

/* The first sightings of its own key elsewhere are cured by a new life; then it gives way for a
 * while, instead of taking turns with the other for ever. */
static void test_two_instances_of_one_key(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    unsigned lives = 0;
    unsigned shown = 0;
    for (int64_t i = 0; i < 20; i++) {
        uint64_t before = g->generation;
        struct claim claim = {FH_RECORD_ALIVE, A, A, A, 5, 0, 0, false, false};
        uint8_t record[2048];
        size_t size = make_record(record, &claim);
        learn_at(&nodes[A], &nodes[M], fh_bytes(record, size), 1000 + i * 500);
        lives += g->generation > before ? 1 : 0;
        shown += change_of(A, FH_MEMBER_CONTESTED) != NULL ? 1 : 0;
    }
    assert_int_equal(lives, FH_CORE_CONTESTED - 1);
    assert_int_equal(shown, 1);
    struct fh_gossip_member self;
    assert_true(fh_gossip_member_at(g, 0, &self));
    assert_true(self.contested);
    /* It does not refute either: the other one speaks for the key now. */
    uint32_t incarnation = g->incarnation;
    struct claim claim = {FH_RECORD_SUSPECT, A, M, M, 0, 0, 0, false, false};
    uint8_t record[2048];
    size_t size = make_record(record, &claim);
    learn_at(&nodes[A], &nodes[M], fh_bytes(record, size), 12000);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 13000));
    assert_int_equal(g->incarnation, incarnation);
}

/* Others see a node that starts again and again, each time somewhere else. */
static void test_contested_key_of_another(void **state)
{
    (void)state;
    unsigned shown = 0;
    for (int64_t i = 1; i <= 6; i++) {
        struct claim claim = {FH_RECORD_ALIVE, B, B, B, i, 0, 0, false, false};
        uint8_t record[2048];
        nodes[B].elsewhere = i % 2 == 0;
        size_t size = make_record(record, &claim);
        learn(&nodes[A], &nodes[M], fh_bytes(record, size));
        assert_string_equal(member_of(A, B).addresses[0], i % 2 == 0 ? "evil:2" : "evil:1");
        shown += change_of(B, FH_MEMBER_CONTESTED) != NULL ? 1 : 0;
    }
    assert_int_equal(shown, 1);
    assert_true(member_of(A, B).contested);
    assert_false(member_of(A, M).contested);
}

/* ---- sybils and eclipses --------------------------------------------------------------------- */

/* A domain that vouches for thousands of node keys gets its share of the table and no more. */
static void test_sybils(void **state)
{
    (void)state;
    anybody_admitted = true;
    struct node made = nodes[S];
    uint32_t before = core_of(A)->members.count;
    for (unsigned i = 0; i < FH_NODES_PER_DOMAIN_MAX + 40; i++) {
        uint8_t seed[FH_SEED_BYTES] = {0x99, (uint8_t)i, (uint8_t)(i >> 8)};
        fh_sign_keys(seed, &nodes[S].key, &nodes[S].secret);
        nodes[S].id = fh_node_id_of(&nodes[S].key);
        struct claim claim = {FH_RECORD_ALIVE, S, S, S, 0, 0, 0, false, false};
        uint8_t record[2048];
        size_t size = make_record(record, &claim);
        learn(&nodes[A], &nodes[M], fh_bytes(record, size));
    }
    uint32_t room = FH_MEMBERS_MAX - before;
    uint32_t share = FH_NODES_PER_DOMAIN_MAX < room ? FH_NODES_PER_DOMAIN_MAX : room;
    assert_int_equal(core_of(A)->members.count, before + share);
    assert_int_equal(core_of(A)->counters.record_stranger, FH_NODES_PER_DOMAIN_MAX + 40 - share);
    nodes[S] = made;
}

/* The stranger becomes another node, of a domain of its own unless it is 0, and A knows it. */
static void become(uint8_t number, uint8_t domain)
{
    uint8_t seed[FH_SEED_BYTES] = {0x55, number};
    fh_sign_keys(seed, &nodes[S].key, &nodes[S].secret);
    nodes[S].id = fh_node_id_of(&nodes[S].key);
    nodes[S].domain = domain == 0 ? nodes[S].domain : (struct fh_domain_id){{domain}};
    struct claim claim = {FH_RECORD_ALIVE, S, S, S, 0, 0, 0, false, false};
    uint8_t record[2048];
    learn(&nodes[A], &nodes[M], fh_bytes(record, make_record(record, &claim)));
}

static void accuse_b(void)
{
    struct claim claim = {FH_RECORD_SUSPECT, B, S, S, 0, 0, 0, false, false};
    uint8_t record[2048];
    learn(&nodes[A], &nodes[M], fh_bytes(record, make_record(record, &claim)));
}

/* However many Mallory admits, they accuse with one voice as long as others could be heard; and
 * they keep nobody else's accusation out. */
static void test_accusers_of_one_inviter(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    const struct node made = nodes[S];
    uint32_t slot = fh_members_find(&g->members, &nodes[B].id);
    anybody_admitted = true;
    mallory_vouches = true;
    become(100, 0x91);
    become(101, 0x92);
    nodes[S].domain = made.domain;
    for (uint8_t i = 0; i < FH_GOSSIP_EVIDENCE_MAX; i++) {
        become(i, 0);
        accuse_b();
    }
    const struct fh_suspicion *s = fh_suspicion_of(g, slot);
    assert_int_equal(s->accuser_count, FH_GOSSIP_EVIDENCE_MAX);
    assert_false(fh_suspicion_convicts(g, s));
    struct before b;
    become(FH_GOSSIP_EVIDENCE_MAX, 0);
    note(&b);
    accuse_b();
    unchanged("one more of them", &b);
    counted("one more of them", &b, COUNTER(record_accused));
    become(100, 0x91);
    accuse_b();
    assert_false(fh_suspicion_convicts(g, s));
    become(101, 0x92);
    accuse_b();
    assert_true(fh_suspicion_convicts(g, s));
    assert_int_equal(s->accuser_count, FH_GOSSIP_EVIDENCE_MAX);
    nodes[S] = made;
}

/* Where one domain has admitted all, its nodes are all that there is to hear. */
static void test_accusers_of_the_only_inviter(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    const struct node made = nodes[S];
    uint32_t slot = fh_members_find(&g->members, &nodes[B].id);
    anybody_admitted = true;
    mallory_vouches = true;
    for (uint8_t i = 0; i < 3; i++) {
        assert_true(i == 0 || !fh_suspicion_convicts(g, fh_suspicion_of(g, slot)));
        become(i, 0);
        accuse_b();
    }
    assert_true(fh_suspicion_convicts(g, fh_suspicion_of(g, slot)));
    nodes[S] = made;
}

/* A newcomer asks three seeds, so that one liar among them cannot show it a mesh of its own. */
static void test_eclipse(void **state)
{
    (void)state;
    struct fh_gossip *g;
    struct fh_gossip_options o = options_of(&nodes[S]);
    static const char *const seeds[] = {"s1:1", "s2:1", "s3:1", "s4:1", "s5:1"};
    for (unsigned i = 0; i < FH_COUNT(seeds); i++) {
        o.seeds[o.seed_count++] = seeds[i];
    }
    assert_int_equal(fh_gossip_new(&g, &o, NULL), FH_OK);
    struct fh_gossip_event start = event_of(FH_GOSSIP_START, 0);
    assert_int_equal(fh_gossip_step(g, &start, &actions, NULL), FH_OK);
    const char *asked[FH_COUNT(seeds)];
    unsigned count = 0;
    for (unsigned i = 0; i < actions.count; i++) {
        if (actions.items[i].kind == FH_GOSSIP_SYNC) {
            for (unsigned k = 0; k < count; k++) {
                assert_string_not_equal(asked[k], actions.items[i].address);
            }
            asked[count++] = actions.items[i].address;
        }
    }
    assert_int_equal(count, 3);
    fh_gossip_free(g);
}

/* ---- amplification --------------------------------------------------------------------------- */

/* Relaying for one peer is bounded, and what is left is for others. */
static void test_relays_for_one_peer(void **state)
{
    (void)state;
    uint8_t noise[90] = {1};
    struct fh_message request = {.type = FH_MESSAGE_PING_REQ,
                                 .target = fh_node_id_ref(&nodes[B].id),
                                 .inner = fh_bytes(noise, sizeof noise)};
    for (unsigned i = 0; i < 50; i++) {
        struct input in;
        wrap_message(&in, &nodes[M], &request);
        give(&in);
        assert_true(actions.count <= 1);
        if (actions.count == 1) { /* to the address that the target signed, and barely larger */
            assert_string_equal(actions.items[0].address, nodes[B].address);
            assert_true(actions.items[0].bytes.size <= in.size + FH_RECORD_GOSSIP_BYTES_MAX);
        }
    }
    assert_int_equal(core_of(A)->counters.relays_served, FH_GOSSIP_RELAY_PER_PEER_S);
    assert_int_equal(core_of(A)->counters.drop_message, 50 - FH_GOSSIP_RELAY_PER_PEER_S);
    request.target = fh_node_id_ref(&nodes[M].id);
    struct input in;
    wrap_message(&in, &nodes[B], &request);
    give(&in);
    assert_int_equal(core_of(A)->counters.relays_served, FH_GOSSIP_RELAY_PER_PEER_S + 1);
}

/* The size of A's answer to a datagram from the address that its sender signed. */
static size_t answer_size(const struct input *in, const struct node *from, int64_t now_ms)
{
    struct fh_gossip_event event = event_of(FH_GOSSIP_DATAGRAM, now_ms);
    event.u.datagram.bytes = fh_bytes(in->bytes, in->size);
    event.u.datagram.from = from->address;
    step(&nodes[A], event);
    assert_int_equal(actions.count, 1);
    assert_int_equal(actions.items[0].kind, FH_GOSSIP_SEND);
    assert_string_equal(actions.items[0].address, from->address);
    return actions.items[0].bytes.size;
}

/* A ping that was lost on its way and is sent later by somebody else is worth no record and no
 * news, which a ping in turn is. */
static void test_ping_out_of_turn(void **state)
{
    (void)state;
    enum { ACK_MORE = 48 }; /* an ACK has two fingerprints, a PING a target and a state */
    struct fh_message ping = {.type = FH_MESSAGE_PING,
                              .seq = 7,
                              .target = fh_node_id_ref(&nodes[A].id),
                              .state = FH_MEMBER_ALIVE};
    struct input lost;
    struct input later;
    wrap_message(&lost, &nodes[B], &ping);
    wrap_message(&later, &nodes[B], &ping);
    assert_true(answer_size(&later, &nodes[B], 20) > later.size + ACK_MORE);
    assert_true(answer_size(&lost, &nodes[B], 30) <= lost.size + ACK_MORE);
}

static struct fh_message hints_of(enum fh_message_type type, unsigned count, uint8_t salt)
{
    struct fh_message m = {.type = type, .hint_count = count};
    for (unsigned i = 0; i < count; i++) {
        m.hints[i] = (struct fh_hint){.key = {{salt, (uint8_t)i}}, .id = {(uint8_t)i, salt}};
    }
    return m;
}

/* Invented hints cost a question for a datagram and a few more, all to whoever hinted. */
static void test_invented_hints(void **state)
{
    (void)state;
    unsigned asked = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct fh_message m = hints_of(FH_MESSAGE_HINTS, FH_MESSAGE_HINTS_MAX, (uint8_t)i);
        struct input in;
        wrap_message(&in, &nodes[M], &m);
        give(&in);
        assert_true(actions.count <= 1);
        for (unsigned k = 0; k < actions.count; k++) {
            assert_int_equal(actions.items[k].kind, FH_GOSSIP_SEND);
            assert_string_equal(actions.items[k].address, nodes[M].address);
            assert_true(actions.items[k].bytes.size <= in.size);
            asked++;
        }
    }
    assert_true(asked > 0);
    uint64_t at_once = core_of(A)->counters.pulls;
    assert_true(at_once <= FH_GOSSIP_PULLS_PER_S);
    for (int64_t now = 30; now < 60000; now += 10) {
        if (fh_gossip_deadline(core_of(A)) <= now) {
            step(&nodes[A], event_of(FH_GOSSIP_TICK, now));
            assert_true(actions.count < FH_GOSSIP_ACTIONS_MAX);
        }
    }
    /* Then it gives up: a place for each, and so many questions for a hint. */
    assert_true(core_of(A)->counters.pulls <= at_once + FH_CORE_PULLS * 16);
    uint64_t after = core_of(A)->counters.pulls;
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 120000));
    assert_true(core_of(A)->counters.pulls == after);
}

/* A hint that came when too much was asked for is asked for later, not forgotten. */
static void test_hint_waits_for_its_turn(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    while (fh_rate_take(&g->pull_rate, FH_GOSSIP_PULLS_PER_S, 1, 20)) {
    }
    struct fh_message m = hints_of(FH_MESSAGE_HINTS, 1, 5);
    struct input in;
    wrap_message(&in, &nodes[M], &m);
    give(&in);
    assert_int_equal(g->counters.pulls, 0);
    for (int64_t now = 30; now < 3000 && g->counters.pulls == 0; now += 10) {
        if (fh_gossip_deadline(g) <= now) {
            step(&nodes[A], event_of(FH_GOSSIP_TICK, now));
        }
    }
    assert_int_equal(g->counters.pulls, 1);
}

/* What is asked for goes to the address that the asker signed, one datagram for one, so much a
 * second. */
static void test_greedy_questions(void **state)
{
    (void)state;
    struct fh_message m = {.type = FH_MESSAGE_WANT, .hint_count = FH_MESSAGE_WANTS_MAX};
    struct fh_gossip_member self = member_of(A, A);
    struct fh_record own;
    assert_int_equal(fh_record_parse(&own, self.alive, &mesh, NULL), FH_OK);
    for (unsigned i = 0; i < FH_MESSAGE_WANTS_MAX; i++) { /* the same thing eight times */
        m.hints[i].key = fh_node_id_ref(&nodes[A].id);
        memcpy(m.hints[i].id, own.id.b, FH_HINT_ID_BYTES);
    }
    size_t sent = 0;
    for (unsigned i = 0; i < 200; i++) {
        struct input in;
        wrap_message(&in, &nodes[M], &m);
        give(&in);
        assert_true(actions.count <= 1);
        for (unsigned k = 0; k < actions.count; k++) {
            assert_string_equal(actions.items[k].address, nodes[M].address);
            assert_true(actions.items[k].bytes.size <= FH_DATAGRAM_BYTES_MAX);
            sent += actions.items[k].bytes.size;
        }
    }
    assert_true(sent > 0);
    assert_true(sent <= FH_GOSSIP_SERVED_PER_PEER_S);
    struct before b;
    struct input in;
    struct fh_message nothing = hints_of(FH_MESSAGE_WANT, 3, 9);
    wrap_message(&in, &nodes[M], &nothing);
    note(&b);
    give(&in);
    unchanged("a question for what is not here", &b);
    counted("a question for what is not here", &b, COUNTER(drop_message));
}

/* Junk that others would have to verify is handed on so often a second and no more. */
static void test_junk_announcements(void **state)
{
    (void)state;
    unsigned delivered = 0;
    for (unsigned i = 0; i < FH_GOSSIP_VERIFY_PER_PEER_S + 200; i++) {
        struct fh_buf payload;
        struct fh_buf record;
        fh_buf_init(&payload, 64);
        fh_buf_init(&record, 512);
        fh_pack_array(&payload, 1);
        fh_pack_uint(&payload, i);
        fh_record_seal(
            &record, FH_RECORD_ANNOUNCEMENT, &mesh, fh_buf_view(&payload), &nodes[M].secret);
        struct input in;
        wrap_record(&in, &nodes[M], fh_buf_view(&record));
        give(&in);
        delivered += count_actions(FH_GOSSIP_DELIVER);
        fh_buf_fini(&payload);
        fh_buf_fini(&record);
    }
    assert_int_equal(delivered, FH_GOSSIP_VERIFY_PER_PEER_S);
    assert_int_equal(core_of(A)->counters.drop_budget, 200);
    assert_int_equal(core_of(A)->rumours.done_count, 0); /* nothing of it travels on */
}

/* What its judge refuses because something is missing comes again with the next copy; anything else
 * that was delivered does not. */
static void test_refused_for_want_of_another(void **state)
{
    (void)state;
    struct fh_buf payload;
    struct fh_buf record;
    fh_buf_init(&payload, 64);
    fh_buf_init(&record, 512);
    fh_pack_array(&payload, 1);
    fh_pack_uint(&payload, 1);
    fh_record_seal(&record, FH_RECORD_VOTE, &mesh, fh_buf_view(&payload), &nodes[M].secret);
    static const struct {
        bool again;
        unsigned delivered;
    } copies[] = {{false, 1}, {false, 0}, {true, 1}, {true, 1}, {false, 0}};
    for (size_t i = 0; i < FH_COUNT(copies); i++) {
        struct input in;
        if (copies[i].again) {
            fh_gossip_deliver_again(core_of(A), fh_buf_view(&record));
        }
        wrap_record(&in, &nodes[M], fh_buf_view(&record));
        give(&in);
        assert_int_equal(count_actions(FH_GOSSIP_DELIVER), copies[i].delivered);
    }
    fh_buf_fini(&payload);
    fh_buf_fini(&record);
}

/* ---- what must still work -------------------------------------------------------------------- */

static void test_hint_and_pull(void **state)
{
    (void)state;
    struct claim claim = {FH_RECORD_ALIVE, B, B, B, 0, 1, 0, false, false};
    uint8_t record[2048];
    size_t size = make_record(record, &claim);
    struct fh_record parsed;
    assert_int_equal(fh_record_parse(&parsed, fh_bytes(record, size), &mesh, NULL), FH_OK);
    struct fh_message m = {.type = FH_MESSAGE_HINTS, .hint_count = 1};
    m.hints[0].key = fh_node_id_ref(&nodes[B].id);
    memcpy(m.hints[0].id, parsed.id.b, FH_HINT_ID_BYTES);
    struct input in;
    wrap_message(&in, &nodes[M], &m);
    give_at(&in, 20);
    assert_int_equal(count_actions(FH_GOSSIP_SEND), 1);
    assert_int_equal(core_of(A)->counters.pulls, 1);
    wrap_message(&in, &nodes[M], &m);
    give_at(&in, 21); /* not asked again at once */
    assert_int_equal(core_of(A)->counters.pulls, 1);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 90)); /* the answer is lost: again */
    assert_int_equal(core_of(A)->counters.pulls, 2);
    wrap_record(&in, &nodes[M], fh_bytes(record, size));
    give_at(&in, 100);
    assert_int_equal(member_of(A, B).incarnation, 1);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 300));
    wrap_message(&in, &nodes[M], &m);
    give_at(&in, 400); /* held: nothing to ask */
    assert_int_equal(core_of(A)->counters.pulls, 2);
    m.hints[0].key = fh_node_id_ref(&nodes[A].id);
    wrap_message(&in, &nodes[M], &m);
    give_at(&in, 500); /* of ourselves nobody knows better */
    assert_int_equal(core_of(A)->counters.pulls, 2);
}

/* Who accused whom is kept with what was signed, and handed to newcomers behind the leases. */
static void test_evidence(void **state)
{
    (void)state;
    struct claim claim = {FH_RECORD_SUSPECT, B, M, M, 0, 0, 0, false, false};
    uint8_t record[2048];
    size_t size = make_record(record, &claim);
    struct fh_gossip_evidence evidence[FH_GOSSIP_EVIDENCE_MAX];
    assert_int_equal(fh_gossip_evidence(core_of(A), &nodes[B].id, evidence), 0);
    assert_int_equal(fh_gossip_evidence(core_of(A), &nodes[S].id, evidence), 0);
    learn(&nodes[A], &nodes[M], fh_bytes(record, size));
    assert_int_equal(fh_gossip_evidence(core_of(A), &nodes[B].id, evidence), 1);
    assert_memory_equal(evidence[0].accuser.b, nodes[M].id.b, FH_REF_BYTES);
    assert_false(evidence[0].own);
    assert_true(evidence[0].issued_ms == WALL_MS + 20);
    assert_true(fh_bytes_equal(evidence[0].record, fh_bytes(record, size)));
    assert_true(member_of(A, B).deadline_ms != FH_GOSSIP_NEVER);
    uint64_t cursor = 0;
    struct fh_bytes given;
    struct fh_bytes last = FH_BYTES_NONE;
    unsigned count = 0;
    while (fh_gossip_records(core_of(A), &cursor, &given)) {
        last = given;
        count++;
    }
    assert_int_equal(count, 4); /* three leases, then the suspicion */
    assert_true(fh_bytes_equal(last, fh_bytes(record, size)));
    for (uint64_t bad = 1; bad != 0; bad <<= 1) { /* a cursor is the peer's: any is safe */
        cursor = UINT64_MAX - bad;
        (void)fh_gossip_records(core_of(A), &cursor, &given);
    }
}

/* Who answers over sessions only is shown once, and once when datagrams come through again. */
static void test_blocked_datagrams(void **state)
{
    (void)state;
    unsigned shown = 0;
    for (int64_t now = 100; now < 60000; now += 50) {
        if (fh_gossip_deadline(core_of(A)) > now) {
            continue;
        }
        step(&nodes[A], event_of(FH_GOSSIP_TICK, now));
        const struct fh_gossip_action *ask = find_action(FH_GOSSIP_PROBE_LINK);
        if (ask != NULL) {
            struct fh_gossip_event answer = event_of(FH_GOSSIP_LINK_PROBED, now);
            answer.u.link.token = ask->token;
            answer.u.link.reached = true;
            step(&nodes[A], answer);
            shown += change_of(B, FH_MEMBER_BLOCKED) != NULL ? 1 : 0;
        }
    }
    assert_int_equal(shown, 1);
    assert_true(member_of(A, B).blocked);
    assert_int_equal(member_of(A, B).state, FH_MEMBER_ALIVE);
    assert_true(core_of(A)->counters.syncs > 0);
}

static bool is_lost(const struct fh_gossip *g, const char *address)
{
    for (unsigned i = 0; i < g->lost_count; i++) {
        if (strcmp(g->lost[i], address) == 0) {
            return true;
        }
    }
    return false;
}

/* A newcomer's record overtakes what admits it; it counts as soon as that has come, and only if it
 * is signed by its node. */
static void test_strangers_are_judged_again(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    mallory_revoked = true;
    step(&nodes[A], event_of(FH_GOSSIP_REVIEW, 30));
    uint8_t record[2048];
    struct claim forged = {FH_RECORD_ALIVE, M, M, B, 1, 0, 0, false, false};
    learn(&nodes[A], &nodes[B], fh_bytes(record, make_record(record, &forged)));
    struct claim claim = {FH_RECORD_ALIVE, M, M, M, 0, 0, 0, false, false};
    struct before b;
    note(&b);
    step(&nodes[A], event_of(FH_GOSSIP_ADMITTED, 40));
    unchanged("nobody has admitted it", &b);
    assert_int_equal(strangers_of(g), 1);
    mallory_revoked = false;
    step(&nodes[A], event_of(FH_GOSSIP_ADMITTED, 50));
    unchanged("a record that another signed", &b);
    counted("a record that another signed", &b, COUNTER(record_signature));
    assert_int_equal(strangers_of(g), 0);
    mallory_revoked = true;
    learn(&nodes[A], &nodes[B], fh_bytes(record, make_record(record, &claim)));
    learn(&nodes[A], &nodes[B], fh_bytes(record, make_record(record, &claim)));
    assert_int_equal(strangers_of(g), 1);
    mallory_revoked = false;
    step(&nodes[A], event_of(FH_GOSSIP_ADMITTED, 60));
    assert_non_null(change_of(M, FH_MEMBER_JOINED));
    assert_int_equal(strangers_of(g), 0);
}

/* Newcomers of a domain each, whom nobody admits yet. */
static void meet_strangers(unsigned count)
{
    struct node made = nodes[S];
    for (unsigned i = 0; i < count; i++) {
        uint8_t seed[FH_SEED_BYTES] = {0x77, (uint8_t)i};
        fh_sign_keys(seed, &nodes[S].key, &nodes[S].secret);
        nodes[S].id = fh_node_id_of(&nodes[S].key);
        nodes[S].domain.b[0] = (uint8_t)i;
        struct claim claim = {FH_RECORD_ALIVE, S, S, S, 0, 0, 0, false, false};
        uint8_t record[2048];
        learn(&nodes[A], &nodes[M], fh_bytes(record, make_record(record, &claim)));
    }
    nodes[S] = made;
}

/* However many are made up. */
static void test_strangers_are_bounded(void **state)
{
    (void)state;
    struct before b;
    note(&b);
    meet_strangers(3 * FH_CORE_STRANGERS);
    unchanged("strangers without end", &b);
    assert_int_equal(strangers_of(core_of(A)), FH_CORE_STRANGERS);
}

/* More are admitted at once than a step can tell of: the next tick, which is due at once, goes on;
 * and a place that became free is taken before somebody who waits is pushed out. */
static void test_strangers_are_all_judged(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    g->options.trace = true; /* twice as many actions */
    mallory_revoked = true;
    step(&nodes[A], event_of(FH_GOSSIP_REVIEW, 90));
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 100));
    uint32_t members = g->members.count;
    meet_strangers(FH_CORE_STRANGERS);
    assert_true(fh_gossip_deadline(g) > 101);
    anybody_admitted = true;
    step(&nodes[A], event_of(FH_GOSSIP_ADMITTED, 101));
    unsigned waiting = strangers_of(g);
    assert_in_range(waiting, 1, FH_CORE_STRANGERS - 1);
    assert_int_equal(fh_gossip_deadline(g), 101);
    anybody_admitted = false;
    uint8_t record[2048];
    struct claim claim = {FH_RECORD_ALIVE, M, M, M, 0, 0, 0, false, false};
    learn(&nodes[A], &nodes[B], fh_bytes(record, make_record(record, &claim)));
    assert_int_equal(strangers_of(g), waiting + 1);
    anybody_admitted = true;
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 101));
    assert_int_equal(strangers_of(g), 0);
    assert_true(fh_gossip_deadline(g) > 101);
    assert_true(g->members.count > members + FH_CORE_STRANGERS - waiting);
}

/* A partition may outlast the leases: whoever was forgotten in it is still called, until it lives.
 * M, which answers nothing either, is revoked before it dies: B is the only one to be called,
 * beside M and then by A alone, so that no draw decides who. */
static void test_forgotten_peers_are_called(void **state)
{
    (void)state;
    struct fh_gossip *g = core_of(A);
    uint32_t slot = fh_members_find(&g->members, &nodes[B].id);
    fh_members_set_state(&g->members, slot, FH_MEMBER_DEAD, 10);
    fh_belief_gone(g, slot);
    bool forgotten = false;
    unsigned calls = 0;
    for (int64_t now = 1000; now < 3600000; now += 1000) {
        struct fh_gossip_event tick = event_of(FH_GOSSIP_TICK, now);
        tick.wall_ms += 2 * FH_ALIVE_TTL_MS;
        mallory_revoked = now >= 120000;
        step(&nodes[A], tick);
        forgotten = forgotten || change_of(B, FH_MEMBER_FORGOTTEN) != NULL;
        for (unsigned i = 0; i < actions.count; i++) {
            calls += forgotten && actions.items[i].kind == FH_GOSSIP_SYNC &&
                             strcmp(actions.items[i].address, nodes[B].address) == 0
                         ? 1
                         : 0;
        }
    }
    assert_true(forgotten);
    assert_true(calls > 10);
    assert_true(is_lost(g, nodes[B].address));
    struct claim claim = {FH_RECORD_ALIVE, B, B, B, 1, 0, 2 * FH_ALIVE_TTL_MS, false, false};
    uint8_t record[2048];
    nodes[B].home = true;
    size_t size = make_record(record, &claim);
    struct fh_gossip_event back = event_of(FH_GOSSIP_RECORD, 3600000);
    back.wall_ms += 2 * FH_ALIVE_TTL_MS;
    back.u.record.bytes = fh_bytes(record, size);
    back.u.record.from = nodes[B].id;
    step(&nodes[A], back);
    assert_non_null(change_of(B, FH_MEMBER_JOINED));
    for (int64_t now = 3601000; now < 3900000; now += 1000) {
        struct fh_gossip_event tick = event_of(FH_GOSSIP_TICK, now);
        tick.wall_ms += 2 * FH_ALIVE_TTL_MS;
        step(&nodes[A], tick);
    }
    assert_false(is_lost(g, nodes[B].address));
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, four_set_up, four_tear_down)
    const struct CMUnitTest tests[] = {
        ROW(test_replayed_lease_after_goodbye),
        ROW(test_own_incarnation_never_wraps),
        ROW(test_bent_signature),
        ROW(test_two_instances_of_one_key),
        ROW(test_contested_key_of_another),
        ROW(test_sybils),
        ROW(test_accusers_of_one_inviter),
        ROW(test_accusers_of_the_only_inviter),
        ROW(test_eclipse),
        ROW(test_relays_for_one_peer),
        ROW(test_invented_hints),
        ROW(test_greedy_questions),
        ROW(test_junk_announcements),
        ROW(test_refused_for_want_of_another),
        ROW(test_hint_and_pull),
        ROW(test_evidence),
        ROW(test_blocked_datagrams),
        ROW(test_ping_out_of_turn),
        ROW(test_hint_waits_for_its_turn),
        ROW(test_strangers_are_judged_again),
        ROW(test_strangers_are_bounded),
        ROW(test_strangers_are_all_judged),
        ROW(test_forgotten_peers_are_called),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
