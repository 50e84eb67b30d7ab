/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gossip core against what a hostile network can send: outsiders, and an admitted node that
 * lies. Each row is counted where it should be, answered by nothing and changes nothing.
 */
#include "common/mem.h"
#include "tests/unit/gossip/four.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- datagrams ------------------------------------------------------------------------------- */

enum damage {
    EMPTY,
    ONE_BYTE,
    TOO_LONG,
    VERSION,
    MESH,
    SENDER,
    OWN_SENDER,
    FLIPPED,
    TRUNCATED,
    REPLAYED,
    EARLIER_LIFE,
    SAME_LIFE_OTHER_BOOT,
    OF_STRANGER,
};

static void test_datagrams(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum damage damage;
        size_t counter;
    } rows[] = {
        {"empty", EMPTY, COUNTER(drop_size)},
        {"one byte", ONE_BYTE, COUNTER(drop_size)},
        {"1201 bytes", TOO_LONG, COUNTER(drop_size)},
        {"another version", VERSION, COUNTER(drop_version)},
        {"another mesh", MESH, COUNTER(drop_mesh)},
        {"unknown sender", SENDER, COUNTER(drop_unknown)},
        {"from ourselves", OWN_SENDER, COUNTER(drop_unknown)},
        {"a flipped bit", FLIPPED, COUNTER(drop_sealed)},
        {"a byte short", TRUNCATED, COUNTER(drop_sealed)},
        {"replayed", REPLAYED, COUNTER(drop_replay)},
        {"of an earlier life", EARLIER_LIFE, COUNTER(drop_boot)},
        {"of one life under another boot", SAME_LIFE_OTHER_BOOT, COUNTER(drop_boot)},
        {"of somebody who is not admitted", OF_STRANGER, COUNTER(drop_unknown)},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct input in;
        struct fh_message nack = {.type = FH_MESSAGE_NACK, .seq = 99};
        wrap_message(&in, &nodes[M], &nack);
        give(&in); /* the first one establishes the boot */
        if (rows[i].damage != REPLAYED) {
            wrap_message(&in, &nodes[rows[i].damage == OF_STRANGER ? S : M], &nack);
        }
        switch (rows[i].damage) {
        case EMPTY:
            in.size = 0;
            break;
        case ONE_BYTE:
            in.size = 1;
            break;
        case TOO_LONG:
            in.size = FH_DATAGRAM_BYTES_MAX + 1;
            break;
        case VERSION:
            in.bytes[0] = 2;
            break;
        case MESH:
            in.bytes[3] ^= 1;
            break;
        case SENDER:
            in.bytes[12] ^= 1;
            break;
        case OWN_SENDER:
            memcpy(in.bytes + 9, nodes[A].id.b, 8);
            break;
        case FLIPPED:
            in.bytes[in.size - 1] ^= 1;
            break;
        case TRUNCATED:
            in.size--;
            break;
        case EARLIER_LIFE:
            in.bytes[24]--; /* last byte of the generation */
            break;
        case SAME_LIFE_OTHER_BOOT:
            in.bytes[30] ^= 1;
            break;
        case REPLAYED:
        case OF_STRANGER:
            break;
        }
        struct before b;
        note(&b);
        give(&in);
        unchanged(rows[i].name, &b);
        counted(rows[i].name, &b, rows[i].counter);
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

static void test_messages(void **state)
{
    (void)state;
    struct fh_ref a = fh_node_id_ref(&nodes[A].id);
    struct fh_ref b_ref = fh_node_id_ref(&nodes[B].id);
    struct fh_ref m_ref = fh_node_id_ref(&nodes[M].id);
    const struct fh_ref nobody = {{0x77}};
    uint8_t noise[700] = {1};
    const struct {
        const char *name;
        struct fh_message message;
        size_t counter;
    } rows[] = {
        {"ping for somebody else",
         {.type = FH_MESSAGE_PING, .target = b_ref},
         COUNTER(drop_message)},
        {"ack that nobody awaits", {.type = FH_MESSAGE_ACK, .seq = 5}, COUNTER(drop_message)},
        {"nack that nobody awaits", {.type = FH_MESSAGE_NACK, .seq = 5}, COUNTER(drop_message)},
        {"relayed ack that nobody awaits",
         {.type = FH_MESSAGE_RELAYED_ACK, .seq = 5, .inner = fh_bytes(noise, 100)},
         COUNTER(drop_message)},
        {"relay to nobody",
         {.type = FH_MESSAGE_PING_REQ, .target = nobody, .inner = fh_bytes(noise, 90)},
         COUNTER(drop_message)},
        {"relay to ourselves",
         {.type = FH_MESSAGE_PING_REQ, .target = a, .inner = fh_bytes(noise, 90)},
         COUNTER(drop_message)},
        {"relay to its own sender",
         {.type = FH_MESSAGE_PING_REQ, .target = m_ref, .inner = fh_bytes(noise, 90)},
         COUNTER(drop_message)},
        {"relayed noise",
         {.type = FH_MESSAGE_RELAY_PING, .inner = fh_bytes(noise, 90)},
         COUNTER(drop_mesh)},
        {"relayed nothing",
         {.type = FH_MESSAGE_RELAY_PING, .inner = fh_bytes(noise, 0)},
         COUNTER(drop_size)},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct input in;
        struct before b;
        wrap_message(&in, &nodes[M], &rows[i].message);
        note(&b);
        give(&in);
        unchanged(rows[i].name, &b);
        counted(rows[i].name, &b, rows[i].counter);
    }
}

/* A relayed datagram may not make us relay, and a malformed list has no effect at all. */
static void test_nested_and_partial(void **state)
{
    (void)state;
    struct fh_ref target = fh_node_id_ref(&nodes[B].id);
    uint8_t noise[60] = {1};
    struct fh_message request = {
        .type = FH_MESSAGE_PING_REQ, .target = target, .inner = fh_bytes(noise, sizeof noise)};
    struct input inner;
    struct input outer;
    struct before b;
    wrap_message(&inner, &nodes[M], &request);
    struct fh_message relay = {.type = FH_MESSAGE_RELAY_PING,
                               .inner = fh_bytes(inner.bytes, inner.size)};
    wrap_message(&outer, &nodes[B], &relay);
    note(&b);
    give(&outer);
    unchanged("nested relay", &b);
    counted("nested relay", &b, COUNTER(drop_message));

    struct fh_ref a = fh_node_id_ref(&nodes[A].id);
    struct fh_buf buf;
    fh_buf_init(&buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    struct fh_letter letter;
    struct fh_message ping = {.type = FH_MESSAGE_PING, .target = a};
    fh_letter_begin(&letter, &buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    fh_letter_add(&letter, &ping);
    letter.count++;
    fh_buf_add(&buf, "\x91\x05", 2); /* a nack without its number */
    wrap_content(&outer, &nodes[M], fh_letter_end(&letter));
    note(&b);
    give(&outer);
    unchanged("a ping before a malformed message", &b);
    counted("a ping before a malformed message", &b, COUNTER(drop_form));
    fh_buf_fini(&buf);
}

/* ---- records --------------------------------------------------------------------------------- */

static void test_records(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct claim claim;
        size_t counter;
    } rows[] = {
        {"suspicion in the name of a stranger",
         {FH_RECORD_SUSPECT, B, S, S, 0, 0, 0, false, false},
         COUNTER(record_stranger)},
        {"suspicion in the name of another",
         {FH_RECORD_SUSPECT, M, B, M, 0, 0, 0, false, false},
         COUNTER(record_signature)},
        {"suspicion of oneself",
         {FH_RECORD_SUSPECT, M, M, M, 0, 0, 0, false, false},
         COUNTER(record_stranger)},
        {"suspicion in our own name",
         {FH_RECORD_SUSPECT, B, A, A, 0, 0, 0, false, false},
         COUNTER(record_accused)},
        {"suspicion of a later incarnation",
         {FH_RECORD_SUSPECT, B, M, M, 0, 1, 0, false, false},
         COUNTER(record_accused)},
        {"suspicion of an earlier life",
         {FH_RECORD_SUSPECT, B, M, M, -1, 0, 0, false, false},
         COUNTER(record_accused)},
        {"suspicion of us in a life that we never had: no inflation",
         {FH_RECORD_SUSPECT, A, M, M, 0, 1000, 0, false, false},
         COUNTER(record_accused)},
        {"suspicion at the highest incarnation",
         {FH_RECORD_SUSPECT, A, M, M, 0, FH_FACT_INCARNATION_MAX, 0, false, false},
         COUNTER(record_accused)},
        {"suspicion of somebody unknown",
         {FH_RECORD_SUSPECT, S, M, M, 0, 0, 0, false, false},
         COUNTER(record_stranger)},
        {"suspicion from the future",
         {FH_RECORD_SUSPECT, B, M, M, 0, 0, 3600000, false, false},
         COUNTER(record_future)},
        {"suspicion of another mesh",
         {FH_RECORD_SUSPECT, B, M, M, 0, 0, 0, true, false},
         COUNTER(record_signature)},
        {"goodbye by another",
         {FH_RECORD_LEAVE, B, M, M, 0, 1, 0, false, false},
         COUNTER(record_signature)},
        {"goodbye of an earlier life",
         {FH_RECORD_LEAVE, B, B, B, -1, 0, 0, false, false},
         COUNTER(record_stale)},
        {"goodbye of somebody unknown",
         {FH_RECORD_LEAVE, S, S, S, 0, 1, 0, false, false},
         COUNTER(record_stranger)},
        {"our goodbye by another",
         {FH_RECORD_LEAVE, A, M, M, 0, 1, 0, false, false},
         COUNTER(record_signature)},
        {"lease by another",
         {FH_RECORD_ALIVE, B, M, M, 0, 1, 0, false, false},
         COUNTER(record_signature)},
        {"our lease by another",
         {FH_RECORD_ALIVE, A, M, M, 0, 1, 0, false, false},
         COUNTER(record_signature)},
        {"lease of a stranger",
         {FH_RECORD_ALIVE, S, S, S, 0, 0, 0, false, false},
         COUNTER(record_stranger)},
        {"lease under another domain",
         {FH_RECORD_ALIVE, M, M, M, 0, 1, 0, false, true},
         COUNTER(record_stranger)},
        {"lease of an earlier life",
         {FH_RECORD_ALIVE, B, B, B, -1, 5, 0, false, false},
         COUNTER(record_stale)},
        {"lease that expired",
         {FH_RECORD_ALIVE, B, B, B, 0, 1, -2 * FH_ALIVE_TTL_MS, false, false},
         COUNTER(record_stale)},
        {"lease from the future",
         {FH_RECORD_ALIVE, B, B, B, 0, 1, 3600000, false, false},
         COUNTER(record_future)},
        {"generation of the year 2100",
         {FH_RECORD_ALIVE, B, B, B, 2300000000, 1, 0, false, false},
         COUNTER(record_future)},
        {"lease of another mesh",
         {FH_RECORD_ALIVE, B, B, B, 0, 1, 0, true, false},
         COUNTER(record_signature)},
        {"an incarnation above the limit",
         {FH_RECORD_ALIVE, B, B, B, 0, (int64_t)FH_FACT_INCARNATION_MAX + 1, 0, false, false},
         COUNTER(record_form)},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t record[2048];
        struct input in;
        struct before b;
        size_t size = make_record(record, &rows[i].claim);
        wrap_record(&in, &nodes[M], fh_bytes(record, size));
        note(&b);
        give(&in);
        unchanged(rows[i].name, &b);
        counted(rows[i].name, &b, rows[i].counter);
        /* The same over a session is judged the same. */
        note(&b);
        learn(&nodes[A], &nodes[M], fh_bytes(record, size));
        unchanged(rows[i].name, &b);
        counted(rows[i].name, &b, rows[i].counter);
    }
}

/* Bad records cost signatures, but only so many a second. */
static void test_verify_budget(void **state)
{
    (void)state;
    verified = 0;
    for (unsigned i = 0; i < FH_GOSSIP_VERIFY_PER_S + FH_GOSSIP_VERIFY_PER_PEER_S; i++) {
        struct claim claim = {FH_RECORD_ALIVE, B, M, M, 0, 1 + i, 0, false, false};
        uint8_t record[2048];
        struct input in;
        size_t size = make_record(record, &claim);
        /* Under the victim's key ref, so that only the signature itself shows the forgery. */
        memcpy(record + size - FH_SIGNATURE_BYTES - 2 - FH_REF_BYTES, nodes[B].id.b, FH_REF_BYTES);
        wrap_record(&in, &nodes[M], fh_bytes(record, size));
        give(&in);
    }
    assert_int_equal(verified, FH_GOSSIP_VERIFY_PER_PEER_S); /* what is left is the others' */
    assert_int_equal(nodes[A].core->counters.drop_budget, FH_GOSSIP_VERIFY_PER_S);
    assert_int_equal(fh_gossip_member_count(nodes[A].core, FH_MEMBER_UNVERIFIED), 2);
}

/* ---- what is right --------------------------------------------------------------------------- */

static void test_true_suspicion_is_refuted(void **state)
{
    (void)state;
    struct claim claim = {FH_RECORD_SUSPECT, A, M, M, 0, 0, 0, false, false};
    uint8_t record[2048];
    struct input in;
    size_t size = make_record(record, &claim);
    wrap_record(&in, &nodes[M], fh_bytes(record, size));
    give(&in);
    struct fh_gossip_event tick = event_of(FH_GOSSIP_TICK, 400);
    step(&nodes[A], tick);
    assert_int_equal(nodes[A].core->incarnation, 1);
    assert_int_equal(nodes[A].core->counters.refutations, 1);
    give(&in); /* the same again accuses a life that is over */
    assert_int_equal(nodes[A].core->incarnation, 1);
}

/* Steps A through its next deadline; how many datagrams went to B. When B `answers`, it gets them.
 */
static unsigned pings_of_next_step(int64_t *now, bool answers)
{
    unsigned pings = 0;
    int64_t deadline = fh_gossip_deadline(nodes[A].core);
    *now = deadline > *now ? deadline : *now + 1;
    step(&nodes[A], event_of(FH_GOSSIP_TICK, *now));
    static struct fh_gossip_actions sent;
    sent = actions;
    for (unsigned i = 0; i < sent.count; i++) {
        if (sent.items[i].kind != FH_GOSSIP_SEND ||
            strcmp(actions.items[i].address, nodes[B].address) != 0) {
            continue;
        }
        pings++;
        struct input ping = {.size = sent.items[i].bytes.size};
        size_t offset = (size_t)(sent.items[i].bytes.data - (const uint8_t *)&actions);
        memcpy(ping.bytes, (const uint8_t *)&sent + offset, ping.size);
        if (answers) {
            struct fh_gossip_event e = event_of(FH_GOSSIP_DATAGRAM, *now);
            e.u.datagram.bytes = fh_bytes(ping.bytes, ping.size);
            e.u.datagram.from = nodes[A].address;
            step(&nodes[B], e);
            const struct fh_gossip_action *send = find_action(FH_GOSSIP_SEND);
            struct input answer = {.size = 0};
            if (send != NULL) { /* a ping, not news */
                answer.size = send->bytes.size;
                memcpy(answer.bytes, send->bytes.data, send->bytes.size);
                e.u.datagram.bytes = fh_bytes(answer.bytes, answer.size);
                e.u.datagram.from = nodes[B].address;
                step(&nodes[A], e);
            }
            actions = sent;
        }
    }
    return pings;
}

static void test_lone_suspicion_needs_a_probe(void **state)
{
    (void)state;
    struct claim claim = {FH_RECORD_SUSPECT, B, M, M, 0, 0, 0, false, false};
    uint8_t record[2048];
    size_t size = make_record(record, &claim);
    learn(&nodes[A], &nodes[M], fh_bytes(record, size));
    const struct fh_gossip_action *member = find_action(FH_GOSSIP_MEMBER);
    assert_non_null(member);
    assert_int_equal(member->change, FH_MEMBER_SUSPECTED);
    learn(&nodes[A], &nodes[M], fh_bytes(record, size)); /* counts once */
    struct fh_gossip_member view;
    assert_true(fh_gossip_member_find(nodes[A].core, &nodes[B].id, &view));
    assert_int_equal(view.accusers, 1);
    assert_int_equal(view.state, FH_MEMBER_SUSPECT);
    /* B answers every ping of A for a minute: it must not die. */
    int64_t now = 30;
    while (now < 60000) {
        (void)pings_of_next_step(&now, true);
        assert_true(fh_gossip_member_find(nodes[A].core, &nodes[B].id, &view));
        assert_int_not_equal(view.state, FH_MEMBER_DEAD);
    }
    assert_true(fh_gossip_member_find(nodes[A].core, &nodes[B].id, &view));
    assert_int_equal(view.state, FH_MEMBER_ALIVE);
}

/* B slept and has refuted since; A missed that. Before it holds B for dead it asks, three times:
 * when B answers it lives, and when it does not, it dies no later for that. */
static void test_a_suspect_is_asked_before_it_dies(void **state)
{
    (void)state;
    struct claim claim = {FH_RECORD_SUSPECT, B, M, M, 0, 0, 0, false, false};
    uint8_t record[2048];
    size_t size = make_record(record, &claim);
    struct fh_gossip_member view;
    for (unsigned answers = 0; answers < 2; answers++) {
        four_tear_down(NULL);
        four_set_up(NULL);
        size = make_record(record, &claim);
        learn(&nodes[A], &nodes[M], fh_bytes(record, size));
        struct fh_suspicion *s = &nodes[A].core->suspicions[0];
        assert_int_equal(nodes[A].core->suspicion_count, 1);
        s->own_failed = true;                         /* as after a probe that failed */
        nodes[A].core->probe_at_ms = FH_GOSSIP_NEVER; /* what it asks now is not the round's */
        nodes[A].core->tick_at_ms = FH_GOSSIP_NEVER;
        nodes[A].core->expected_ms = FH_GOSSIP_NEVER;
        int64_t deadline = s->deadline_ms;
        int64_t gap = nodes[A].core->options.timing.answer_max_ms;
        unsigned early = 0;
        unsigned late = 0;
        int64_t now = 20;
        while (now < deadline) {
            bool last = fh_gossip_deadline(nodes[A].core) >= deadline - FH_CORE_LAST_ASKS * gap;
            unsigned pings = pings_of_next_step(&now, answers == 1);
            early += last ? 0 : pings;
            late += last ? pings : 0;
            assert_true(fh_gossip_member_find(nodes[A].core, &nodes[B].id, &view));
            if (view.state == FH_MEMBER_ALIVE) {
                break;
            }
        }
        assert_int_equal(early, 0);
        assert_int_equal(late, answers == 1 ? 1 : FH_CORE_LAST_ASKS);
        assert_int_equal(view.state, answers == 1 ? FH_MEMBER_ALIVE : FH_MEMBER_DEAD);
        assert_true(answers == 1 || now == deadline);
    }
}

/* A asks B, which does not answer, and then hears of B: what went to where B is no more, or to a
 * life that is over, is no reason to suspect it; that it has renewed its lease meanwhile is no
 * alibi. */
static void test_a_probe_of_what_was_before(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct claim claim;
        bool moved;
        bool suspected;
    } rows[] = {
        {"its lease", {FH_RECORD_ALIVE, B, B, B, 0, 1, 0, false, false}, false, true},
        {"another life", {FH_RECORD_ALIVE, B, B, B, 1, 0, 0, false, false}, false, false},
        {"another address", {FH_RECORD_ALIVE, B, B, B, 0, 1, 0, false, false}, true, false},
        {"both", {FH_RECORD_ALIVE, B, B, B, 1, 0, 0, false, false}, true, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        four_tear_down(NULL);
        four_set_up(NULL);
        struct fh_gossip *a = nodes[A].core;
        uint32_t slot = fh_members_find(&a->members, &nodes[B].id);
        int64_t now = 20;
        for (unsigned steps = 0; !(a->probe.active && a->probe.slot == slot && a->probe.asked);
             steps++) {
            assert_true(steps < 1000);
            fh_members_set_state(&a->members, slot, FH_MEMBER_ALIVE, now);
            (void)pings_of_next_step(&now, false);
        }
        assert_int_equal(a->members.slots[slot].state, FH_MEMBER_ALIVE);
        nodes[B].home = !rows[i].moved;
        uint8_t record[2048];
        size_t size = make_record(record, &rows[i].claim);
        uint64_t failed = a->counters.probes_failed;
        uint64_t seq = a->probe.seq;
        learn_at(&nodes[A], &nodes[M], fh_bytes(record, size), now);
        if (rows[i].suspected != a->probe.active) {
            fail_msg("%s: the probe goes on: %d", rows[i].name, (int)a->probe.active);
        }
        while (a->probe.active && a->probe.seq == seq) {
            (void)pings_of_next_step(&now, false);
        }
        if (rows[i].suspected != (fh_suspicion_of(a, slot) != NULL) ||
            a->counters.probes_failed != failed + (rows[i].suspected ? 1 : 0)) {
            fail_msg("%s: suspected: %d", rows[i].name, fh_suspicion_of(a, slot) != NULL);
        }
    }
}

/* An answer goes where the ping came from, is one for a datagram, and carries no news to an address
 * that nobody signed. */
static void test_answers(void **state)
{
    (void)state;
    struct fh_ref a = fh_node_id_ref(&nodes[A].id);
    struct fh_message ping = {
        .type = FH_MESSAGE_PING, .target = a, .generation = nodes[A].core->generation};
    struct input in;
    wrap_message(&in, &nodes[M], &ping);
    give(&in);
    assert_int_equal(actions.count, 1);
    assert_int_equal(actions.items[0].kind, FH_GOSSIP_SEND);
    assert_string_equal(actions.items[0].address, "x:1");
    assert_true(actions.items[0].bytes.size <= in.size + 30);

    struct fh_buf buf;
    fh_buf_init(&buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    struct fh_letter letter;
    fh_letter_begin(&letter, &buf, FH_DATAGRAM_CONTENT_BYTES_MAX);
    for (unsigned i = 0; i < FH_MESSAGES_MAX; i++) {
        fh_letter_add(&letter, &ping);
    }
    wrap_content(&in, &nodes[M], fh_letter_end(&letter));
    give(&in);
    assert_int_equal(actions.count, 1);
    fh_buf_fini(&buf);
}

static void test_lost_disk(void **state)
{
    (void)state;
    /* A ran before with a later generation; its disk is lost, the mesh remembers. */
    struct claim claim = {FH_RECORD_ALIVE, A, A, A, 500, 7, 0, false, false};
    uint8_t record[2048];
    size_t size = make_record(record, &claim);
    uint64_t before = nodes[A].core->generation;
    learn(&nodes[A], &nodes[M], fh_bytes(record, size));
    assert_int_equal(actions.items[0].kind, FH_GOSSIP_FORK);
    const struct fh_gossip_action *persist = find_action(FH_GOSSIP_PERSIST);
    assert_non_null(persist);
    assert_int_equal(persist->generation, before + 501);
    assert_int_equal(nodes[A].core->generation, before + 501);
}

static void test_fork_is_shown(void **state)
{
    (void)state;
    /* B says two things about one life; whoever hears both keeps the same one. */
    struct claim claim = {FH_RECORD_ALIVE, B, B, B, 0, 0, 5, false, false};
    uint8_t record[2048];
    size_t size = make_record(record, &claim);
    struct fh_gossip_member view;
    learn(&nodes[A], &nodes[M], fh_bytes(record, size));
    const struct fh_gossip_action *fork = find_action(FH_GOSSIP_FORK);
    assert_non_null(fork);
    assert_true(fork->bytes.size > 0);
    assert_true(fork->other.size > 0);
    assert_true(fh_gossip_member_find(nodes[A].core, &nodes[B].id, &view));
    struct fh_record held;
    struct fh_record first;
    struct fh_record second;
    assert_int_equal(fh_record_parse(&held, view.alive, &mesh, NULL), FH_OK);
    assert_int_equal(fh_record_parse(&first, fork->bytes, &mesh, NULL), FH_OK);
    assert_int_equal(fh_record_parse(&second, fork->other, &mesh, NULL), FH_OK);
    bool second_greater = fh_record_id_compare(&second.id, &first.id) > 0;
    assert_true(fh_record_id_equal(&held.id, second_greater ? &second.id : &first.id));
    assert_int_equal(nodes[A].core->counters.forks, 1);
}

/* Whoever is revoked is gone at once, and nothing that it sends is opened any more. */
static void test_review(void **state)
{
    (void)state;
    step(&nodes[A], event_of(FH_GOSSIP_REVIEW, 30));
    assert_int_equal(actions.count, 0); /* all are admitted */
    uint8_t record[2048];
    struct fh_bytes alive = fh_gossip_alive(nodes[M].core);
    struct fh_bytes copy = fh_bytes(record, alive.size);
    memcpy(record, alive.data, alive.size);
    struct claim claim = {FH_RECORD_SUSPECT, M, B, B, 0, 0, 0, false, false};
    uint8_t suspicion[2048];
    size_t size = make_record(suspicion, &claim);
    learn(&nodes[A], &nodes[B], fh_bytes(suspicion, size)); /* also one who is suspected */
    mallory_revoked = true;
    step(&nodes[A], event_of(FH_GOSSIP_REVIEW, 40));
    const struct fh_gossip_action *member = find_action(FH_GOSSIP_MEMBER);
    assert_non_null(member);
    assert_int_equal(member->change, FH_MEMBER_EXPELLED);
    assert_true(fh_node_id_equal(&member->node, &nodes[M].id));
    assert_int_equal(nodes[A].core->members.count, 2);
    assert_int_equal(nodes[A].core->suspicion_count, 0);
    struct before b;
    struct input in;
    struct fh_message nack = {.type = FH_MESSAGE_NACK, .seq = 1};
    wrap_message(&in, &nodes[M], &nack);
    note(&b);
    give(&in);
    unchanged("a datagram of an expelled node", &b);
    counted("a datagram of an expelled node", &b, COUNTER(drop_unknown));
    note(&b);
    learn(&nodes[A], &nodes[B], copy);
    unchanged("the record of an expelled node", &b);
    counted("the record of an expelled node", &b, COUNTER(record_stranger));
}

/* A flood of contradictions is one proof. */
static void test_forks_are_bounded(void **state)
{
    (void)state;
    unsigned proofs = 0;
    uint32_t queued = nodes[A].core->rumours.count;
    for (int64_t i = 0; i < 50; i++) {
        struct claim claim = {FH_RECORD_ALIVE, B, B, B, 0, 0, 5 + i, false, false};
        uint8_t record[2048];
        size_t size = make_record(record, &claim);
        learn(&nodes[A], &nodes[M], fh_bytes(record, size));
        proofs += find_action(FH_GOSSIP_FORK) != NULL ? 1 : 0;
    }
    assert_int_equal(proofs, 1);
    assert_true(nodes[A].core->rumours.count <= queued + 1);
    assert_int_equal(nodes[A].core->counters.forks, 50);
}

/* The time of a head is no news, its count and root are. */
static void test_head(void **state)
{
    (void)state;
    const uint8_t fingerprints[2][FH_GOSSIP_FINGERPRINT_BYTES] = {{1}, {2}};
    struct fh_gossip_head head = {.count = 1, .root = {3}, .time_ms = 10};
    fh_gossip_set_catalogue(nodes[A].core, fingerprints[0], &head, 100);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 1200));
    assert_int_equal(nodes[A].core->incarnation, 1);
    head.time_ms = 20;
    fh_gossip_set_catalogue(nodes[A].core, fingerprints[1], &head, 1300);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 3000));
    assert_int_equal(nodes[A].core->incarnation, 1);
    assert_int_equal(nodes[A].core->catalogue[0], 2);
    head.count = 2;
    fh_gossip_set_catalogue(nodes[A].core, fingerprints[1], &head, 3100);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, 4200));
    assert_int_equal(nodes[A].core->incarnation, 2);
    struct fh_gossip_member self;
    assert_true(fh_gossip_member_at(nodes[A].core, 0, &self));
    assert_int_equal(self.head.count, 2);
}

static void test_states_of_the_core(void **state)
{
    (void)state;
    struct fh_gossip *g;
    struct fh_gossip_options o = options_of(&nodes[S]);
    struct fh_gossip_event tick = event_of(FH_GOSSIP_TICK, 0);
    struct fh_gossip_event start = event_of(FH_GOSSIP_START, 0);
    assert_int_equal(fh_gossip_new(&g, &o, NULL), FH_OK);
    assert_int_equal(fh_gossip_step(g, &tick, &actions, NULL), FH_ESTATE);
    assert_true(fh_gossip_deadline(g) == FH_GOSSIP_NEVER);
    assert_int_equal(fh_gossip_step(g, &start, &actions, NULL), FH_OK);
    assert_int_equal(actions.items[0].kind, FH_GOSSIP_PERSIST); /* before anything is sent */
    assert_int_equal(fh_gossip_step(g, &start, &actions, NULL), FH_ESTATE);
    struct fh_gossip_event rumour = event_of(FH_GOSSIP_RUMOUR, 0);
    rumour.u.rumour.bytes = fh_gossip_alive(g);
    assert_int_equal(fh_gossip_step(g, &rumour, &actions, NULL), FH_EINVAL);
    rumour.u.rumour.bytes = fh_bytes("junk", 4);
    assert_int_equal(fh_gossip_step(g, &rumour, &actions, NULL), FH_EINVAL);
    struct fh_gossip_event leave = event_of(FH_GOSSIP_LEAVE, 10);
    assert_int_equal(fh_gossip_step(g, &leave, &actions, NULL), FH_OK);
    assert_int_equal(fh_gossip_step(g, &leave, &actions, NULL), FH_OK); /* once is enough */
    int64_t at = fh_gossip_deadline(g);
    while (at != FH_GOSSIP_NEVER) {
        tick = event_of(FH_GOSSIP_TICK, at);
        assert_int_equal(fh_gossip_step(g, &tick, &actions, NULL), FH_OK);
        at = fh_gossip_deadline(g);
    }
    assert_non_null(find_action(FH_GOSSIP_LEFT));
    assert_int_equal(fh_gossip_step(g, &tick, &actions, NULL), FH_ESTATE);
    fh_gossip_free(g);
    fh_gossip_free(NULL);
}

/* ---- no memory ------------------------------------------------------------------------------- */

static unsigned allocations_left;

static bool let_some_pass(size_t size)
{
    (void)size;
    return allocations_left > 0 && allocations_left-- > 0;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    uint8_t record[2048];
    struct fh_bytes alive = fh_gossip_alive(nodes[M].core);
    memcpy(record, alive.data, alive.size);
    bool all_passed = false;
    for (unsigned n = 0; n < 200 && !all_passed; n++) {
        struct fh_gossip_options o = options_of(&nodes[B]);
        struct fh_gossip *g = NULL;
        allocations_left = n;
        fh_alloc_set_hook(let_some_pass);
        if (fh_gossip_new(&g, &o, NULL) == FH_OK) {
            struct fh_gossip_event start = event_of(FH_GOSSIP_START, 0);
            if (fh_gossip_step(g, &start, &actions, NULL) == FH_OK) {
                struct fh_gossip_event learned = event_of(FH_GOSSIP_RECORD, 5);
                learned.u.record.bytes = fh_bytes(record, alive.size);
                learned.u.record.from = nodes[M].id;
                assert_int_equal(fh_gossip_step(g, &learned, &actions, NULL), FH_OK);
                struct fh_gossip_event tick = event_of(FH_GOSSIP_TICK, 1000);
                assert_int_equal(fh_gossip_step(g, &tick, &actions, NULL), FH_OK);
                all_passed = allocations_left > 0;
            }
        }
        fh_alloc_set_hook(NULL);
        fh_gossip_free(g);
    }
    assert_true(all_passed);
}

/* Other addresses while it runs: a record of the same life says so at once, and whoever hears it
 * looks for the node there. What is no address changes nothing. */
static void test_a_node_moves(void **state)
{
    (void)state;
    static const char *const there[] = {"10.0.0.9:7400", "[::1]:7400"};
    static const char *const nowhere[] = {"10.0.0.9", ""};
    struct fh_gossip *b = nodes[B].core;
    uint64_t generation = fh_gossip_generation(b);
    uint32_t incarnation = b->incarnation;
    struct fh_gossip_event event = event_of(FH_GOSSIP_MOVE, 50);
    struct fh_err err = {0};
    for (unsigned i = 0; i < 4; i++) {
        event.u.move.count = i < 2 ? 1 : i == 2 ? 0 : FH_ADDRESSES_MAX + 1;
        event.u.move.items = &nowhere[i % 2];
        assert_int_equal(fh_gossip_step(b, &event, &actions, &err), FH_EINVAL);
        assert_string_equal(err.rule, "gossip.options");
        assert_int_equal(b->incarnation, incarnation);
    }
    event.u.move.count = 2;
    event.u.move.items = there;
    step(&nodes[B], event);
    assert_int_equal(b->incarnation, incarnation + 1);
    event.now_ms = 60; /* the same again says nothing new */
    step(&nodes[B], event);
    assert_int_equal(b->incarnation, incarnation + 1);
    struct fh_gossip_member before, seen;
    assert_true(fh_gossip_member_find(nodes[A].core, &nodes[B].id, &before));
    learn_at(&nodes[A], &nodes[M], fh_gossip_alive(b), 70);
    assert_true(fh_gossip_member_find(nodes[A].core, &nodes[B].id, &seen));
    assert_int_equal(seen.address_count, 2);
    assert_string_equal(seen.addresses[0], there[0]);
    assert_string_equal(seen.addresses[1], there[1]);
    assert_true(seen.generation == generation);
    assert_int_equal(seen.state, before.state);
}

/* Whose loop comes late suspects itself, and waits longer before it suspects others. */
static void test_a_late_loop_doubts_itself(void **state)
{
    (void)state;
    const struct fh_gossip *g = nodes[A].core;
    int64_t due = fh_gossip_deadline(g);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, due + FH_CORE_LAG_MS));
    assert_int_equal(fh_gossip_health(g), 0);
    for (unsigned i = 1; i <= FH_CORE_HEALTH_MAX + 2; i++) {
        due = fh_gossip_deadline(g);
        step(&nodes[A], event_of(FH_GOSSIP_TICK, due + FH_CORE_LAG_MS + 1));
        assert_int_equal(fh_gossip_health(g), i < FH_CORE_HEALTH_MAX ? i : FH_CORE_HEALTH_MAX);
    }
    assert_int_equal(g->counters.probes_failed, 0); /* what it missed meanwhile is nobody's fault */
    assert_int_equal(g->counters.suspicions, 0);
}

/* A probe that was long waited for is answered: the next one has been due for seconds, but there
 * was nobody who could have begun it in time. */
static void test_what_comes_due_late_is_no_lag(void **state)
{
    (void)state;
    struct fh_gossip *g = nodes[A].core;
    static const uint8_t noise[32];
    int64_t now = fh_gossip_deadline(g);
    g->probe.active = false;
    step(&nodes[A], event_of(FH_GOSSIP_TICK, now));
    g->probe.active = true;
    g->probe.deadline_ms = now + 60000;
    g->probe_at_ms = now - 5000;
    step(&nodes[A], event_of(FH_GOSSIP_TICK, now));
    g->probe.active = false;
    struct fh_gossip_event heard = event_of(FH_GOSSIP_DATAGRAM, now + 1);
    heard.u.datagram.from = nodes[B].address;
    heard.u.datagram.bytes = fh_bytes(noise, sizeof noise);
    step(&nodes[A], heard);
    assert_true(fh_gossip_deadline(g) < now);
    step(&nodes[A], event_of(FH_GOSSIP_TICK, now + 1));
    assert_int_equal(fh_gossip_health(g), 0);
}

/* More news than the budget has room for waits; probes go out all the same. */
static void test_news_has_a_budget(void **state)
{
    (void)state;
    enum { RECORD = 340, SECONDS = 5 };
    const unsigned news = 400;
    static const uint8_t filling[RECORD - 128];
    struct fh_gossip *g = nodes[A].core;
    for (unsigned i = 0; i < news; i++) {
        struct fh_buf payload;
        struct fh_buf record;
        fh_buf_init(&payload, RECORD);
        fh_buf_init(&record, RECORD);
        fh_pack_array(&payload, 2);
        fh_pack_uint(&payload, i);
        fh_pack_bin(&payload, fh_bytes(filling, sizeof filling));
        fh_record_seal(
            &record, FH_RECORD_ANNOUNCEMENT, &mesh, fh_buf_view(&payload), &nodes[A].secret);
        struct fh_gossip_event told = event_of(FH_GOSSIP_RUMOUR, 100);
        told.u.rumour.bytes = fh_buf_view(&record);
        told.u.rumour.key = (struct fh_ref){{(uint8_t)i, (uint8_t)(i >> 8)}};
        told.u.rumour.class_ = FH_RUMOUR_PRODUCTS;
        step(&nodes[A], told);
        fh_buf_fini(&payload);
        fh_buf_fini(&record);
    }
    size_t sent = 0;
    uint64_t probes = g->counters.probes;
    for (int64_t now = 100; now < 100 + SECONDS * 1000; now++) {
        for (unsigned i = 0; fh_gossip_deadline(g) <= now && i < 10; i++) {
            step(&nodes[A], event_of(FH_GOSSIP_TICK, now));
            for (unsigned k = 0; k < actions.count; k++) {
                sent += actions.items[k].kind == FH_GOSSIP_SEND ? actions.items[k].bytes.size : 0;
            }
        }
    }
    probes = g->counters.probes - probes;
    assert_true(probes >= 2);
    /* a second's worth at once, one for each second, and what rides on pings */
    assert_true(sent <= (SECONDS + 1) * FH_GOSSIP_NEWS_BYTES_PER_S + 32 * FH_DATAGRAM_BYTES_MAX);
    if ((unsigned)FH_RUMOURS_MAX >= news) {
        assert_true(sent >= SECONDS * FH_GOSSIP_NEWS_BYTES_PER_S);
        assert_true(fh_gossip_queue(g) > 0);
    } else {
        assert_true(g->rumours.dropped > 0);
    }
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, four_set_up, four_tear_down)
    const struct CMUnitTest tests[] = {
        ROW(test_datagrams),
        ROW(test_messages),
        ROW(test_nested_and_partial),
        ROW(test_records),
        ROW(test_verify_budget),
        ROW(test_true_suspicion_is_refuted),
        ROW(test_lone_suspicion_needs_a_probe),
        ROW(test_a_suspect_is_asked_before_it_dies),
        ROW(test_a_probe_of_what_was_before),
        ROW(test_answers),
        ROW(test_lost_disk),
        ROW(test_fork_is_shown),
        ROW(test_review),
        ROW(test_a_node_moves),
        ROW(test_forks_are_bounded),
        ROW(test_head),
        ROW(test_states_of_the_core),
        ROW(test_out_of_memory),
        ROW(test_a_late_loop_doubts_itself),
        ROW(test_what_comes_due_late_is_no_lag),
        ROW(test_news_has_a_budget),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
