/* SPDX-License-Identifier: Apache-2.0 */
/* What a core says about a member, from its first record to its death and its goodbye. */
#include "proto/gossip/explain.h"
#include "proto/wire/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

#define WALL_MS INT64_C(1772323200000)

struct node {
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    struct fh_agree_secret agree_secret;
    struct fh_agree_public agree;
    struct fh_node_id id;
    struct fh_gossip *core;
};

static const struct fh_mesh_id mesh = {{1}};
static const struct fh_domain_id domain = {{2}};
static struct node nodes[3]; /* the one that is asked, its member, a stranger */
static struct fh_gossip_actions actions;
static int64_t now_ms;

static bool admitted(void *user,
                     const struct fh_domain_id *of,
                     const struct fh_sign_public *key,
                     int64_t wall_ms)
{
    (void)user;
    (void)wall_ms;
    return fh_domain_id_equal(of, &domain) && memcmp(key, &nodes[2].key, sizeof *key) != 0;
}

static void seal(void *user, struct fh_buf *out, unsigned type, struct fh_bytes payload)
{
    const struct node *n = user;
    fh_record_seal(out, type, &mesh, payload, &n->secret);
}

static bool agree(void *user, uint8_t out_shared[32], const struct fh_agree_public *peer)
{
    const struct node *n = user;
    return fh_agree(out_shared, &n->agree_secret, peer);
}

static void step(struct node *n, enum fh_gossip_event_kind kind, struct fh_bytes record)
{
    struct fh_err err = {0};
    struct fh_gossip_event event = {.kind = kind, .now_ms = now_ms, .wall_ms = WALL_MS + now_ms};
    if (kind == FH_GOSSIP_RECORD) {
        event.u.record.bytes = record;
        event.u.record.from = nodes[1].id;
    }
    if (fh_gossip_step(n->core, &event, &actions, &err) != FH_OK) {
        fail_msg("step: %s", err.text);
    }
}

static int set_up(void **state)
{
    (void)state;
    now_ms = 0;
    for (unsigned i = 0; i < FH_COUNT(nodes); i++) {
        struct node *n = &nodes[i];
        uint8_t seed[FH_SEED_BYTES] = {(uint8_t)(i + 1)};
        *n = (struct node){.core = NULL};
        fh_sign_keys(seed, &n->key, &n->secret);
        n->agree_secret.b[0] = (uint8_t)(i * 8 + 8);
        n->agree_secret.b[31] = 0x41;
        fh_agree_public_of(&n->agree_secret, &n->agree);
        n->id = fh_node_id_of(&n->key);
        struct fh_gossip_options options = {
            .mesh = mesh,
            .domain = domain,
            .node_key = n->key,
            .agree_key = n->agree,
            .seed = 3,
            .label = "n",
            .addresses = {"h:7400"},
            .address_count = 1,
            .protocol_min = 1,
            .protocol_max = 1,
            .timing = fh_gossip_timing_lan(),
            .env = {n, admitted, seal, agree, fh_verifier_plain},
        };
        assert_int_equal(fh_gossip_new(&n->core, &options, NULL), FH_OK);
        step(n, FH_GOSSIP_START, FH_BYTES_NONE);
    }
    step(&nodes[0], FH_GOSSIP_RECORD, fh_gossip_alive(nodes[1].core));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FH_COUNT(nodes); i++) {
        fh_gossip_free(nodes[i].core);
    }
    return 0;
}

static struct fh_gossip_explanation explained(const struct node *node)
{
    struct fh_gossip_explanation e;
    assert_true(fh_gossip_explain(nodes[0].core, &node->id, now_ms, WALL_MS + now_ms, &e));
    assert_true(strlen(e.next) > 8 && strlen(e.next) < 160);
    for (unsigned i = 0; i < FH_GOSSIP_TIMER_COUNT; i++) {
        assert_true(e.timers[i] >= -1);
        assert_true(strlen(fh_gossip_timer_text((enum fh_gossip_timer)i)) < 32);
        assert_true(strlen(fh_gossip_timer_what((enum fh_gossip_timer)i)) < 160);
    }
    return e;
}

/* Ticks whenever the core wants one, until the member is in this state. */
static void run_until(enum fh_member_state state)
{
    for (unsigned i = 0; i < 10000 && explained(&nodes[1]).state != state; i++) {
        int64_t at = fh_gossip_deadline(nodes[0].core);
        now_ms = at > now_ms ? at : now_ms + 1;
        step(&nodes[0], FH_GOSSIP_TICK, FH_BYTES_NONE);
    }
    assert_int_equal(explained(&nodes[1]).state, state);
}

static void test_who_is_not_known(void **state)
{
    (void)state;
    struct fh_gossip_explanation e = {.next = "untouched"};
    static const struct fh_node_id nobody;
    assert_false(fh_gossip_explain(nodes[0].core, &nodes[2].id, now_ms, WALL_MS, &e));
    assert_false(fh_gossip_explain(nodes[0].core, &nobody, now_ms, WALL_MS, &e));
    assert_string_equal(e.next, "untouched");
    assert_false(fh_gossip_is_forked(nodes[0].core, &nobody));
    assert_false(fh_gossip_is_forked(nodes[0].core, &nodes[1].id));
    /* A stranger's record changes nothing. */
    step(&nodes[0], FH_GOSSIP_RECORD, fh_gossip_alive(nodes[2].core));
    assert_false(fh_gossip_explain(nodes[0].core, &nodes[2].id, now_ms, WALL_MS, &e));
}

static void test_this_node(void **state)
{
    (void)state;
    struct fh_gossip_explanation e = explained(&nodes[0]);
    assert_true(e.self && !e.probing && !e.own_failed && e.accusers == 0);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_PROBE], -1);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_SUSPICION], -1);
    assert_in_range(e.timers[FH_GOSSIP_TIMER_LEASE], 1, FH_ALIVE_TTL_MS);
}

static void test_a_newcomer(void **state)
{
    (void)state;
    struct fh_gossip_explanation e = explained(&nodes[1]);
    assert_int_equal(e.state, FH_MEMBER_UNVERIFIED);
    assert_false(e.self || e.forked || e.own_failed || e.trial);
    assert_int_equal(e.others_needed, 3);
    assert_true(e.timers[FH_GOSSIP_TIMER_PROBE] >= 0);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_SUSPICION], -1);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_CONTACT], -1);
    assert_non_null(strstr(e.next, "probes it"));
}

/* It never answers: the timers say when it will be suspected and dead, and that is when it is. */
static void test_the_way_to_death(void **state)
{
    (void)state;
    run_until(FH_MEMBER_SUSPECT);
    struct fh_gossip_explanation e = explained(&nodes[1]);
    assert_true(e.own_failed && !e.trial);
    assert_int_equal(e.accusers, 1);
    assert_int_equal(e.others, 0);
    assert_non_null(strstr(e.next, "declares it dead"));
    int64_t left = e.timers[FH_GOSSIP_TIMER_SUSPICION];
    assert_true(left > 0);
    int64_t since = now_ms;
    run_until(FH_MEMBER_DEAD);
    assert_in_range(now_ms, since + left, since + left + 10);
    e = explained(&nodes[1]);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_SUSPICION], -1);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_PROBE], -1);
    assert_true(e.timers[FH_GOSSIP_TIMER_CONTACT] >= 0);
    assert_true(e.own_failed);
    assert_non_null(strstr(e.next, "higher incarnation"));
}

/* Looking changes nothing: the same ticks give the same core, looked at or not. */
static void test_looking_changes_nothing(void **state)
{
    (void)state;
    int64_t deadline = fh_gossip_deadline(nodes[0].core);
    struct fh_gossip_counters before = fh_gossip_counters(nodes[0].core);
    for (unsigned i = 0; i < 100; i++) {
        (void)explained(&nodes[i % 2]);
        (void)fh_gossip_news(nodes[0].core);
    }
    struct fh_gossip_counters after = fh_gossip_counters(nodes[0].core);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(fh_gossip_deadline(nodes[0].core), deadline);
}

static void test_the_news(void **state)
{
    (void)state;
    struct fh_gossip_news news = fh_gossip_news(nodes[0].core);
    unsigned sum = 0;
    for (unsigned i = 0; i < FH_RUMOUR_CLASS_COUNT; i++) {
        sum += news.by_class[i];
    }
    assert_int_equal(sum, news.waiting);
    assert_int_equal(news.waiting, fh_gossip_queue(nodes[0].core));
    assert_true(news.waiting > 0); /* its own record, and the newcomer's */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_not_known),
        TEST(test_this_node),
        TEST(test_a_newcomer),
        TEST(test_the_way_to_death),
        TEST(test_looking_changes_nothing),
        TEST(test_the_news),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
