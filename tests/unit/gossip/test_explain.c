/* SPDX-License-Identifier: Apache-2.0 */
/* What a core says about a member, from its first record to its death and its goodbye. */
#include "proto/gossip/explain.h"
#include "tests/unit/gossip/four.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static int64_t now_ms;

/* A is asked about B, which it knows; S is a stranger. */
static int set_up(void **state)
{
    (void)four_start(state);
    now_ms = 10; /* when it learns of B */
    learn(&nodes[A], &nodes[B], fh_gossip_alive(nodes[B].core));
    return 0;
}

static struct fh_gossip_explanation explained(const struct node *node)
{
    struct fh_gossip_explanation e;
    assert_true(fh_gossip_explain(nodes[A].core, &node->id, now_ms, WALL_MS + now_ms, &e));
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
    for (unsigned i = 0; i < 10000 && explained(&nodes[B]).state != state; i++) {
        int64_t at = fh_gossip_deadline(nodes[A].core);
        now_ms = at > now_ms ? at : now_ms + 1;
        step(&nodes[A], event_of(FH_GOSSIP_TICK, now_ms));
    }
    assert_int_equal(explained(&nodes[B]).state, state);
}

static void test_who_is_not_known(void **state)
{
    (void)state;
    struct fh_gossip_explanation e = {.next = "untouched"};
    static const struct fh_node_id nobody;
    assert_false(fh_gossip_explain(nodes[A].core, &nodes[S].id, now_ms, WALL_MS, &e));
    assert_false(fh_gossip_explain(nodes[A].core, &nobody, now_ms, WALL_MS, &e));
    assert_string_equal(e.next, "untouched");
    /* A stranger's record changes nothing. */
    learn(&nodes[A], &nodes[S], fh_gossip_alive(nodes[S].core));
    assert_false(fh_gossip_explain(nodes[A].core, &nodes[S].id, now_ms, WALL_MS, &e));
}

static void test_this_node(void **state)
{
    (void)state;
    struct fh_gossip_explanation e = explained(&nodes[A]);
    assert_true(e.self && !e.probing && !e.own_failed && e.accusers == 0);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_PROBE], -1);
    assert_int_equal(e.timers[FH_GOSSIP_TIMER_SUSPICION], -1);
    assert_in_range(e.timers[FH_GOSSIP_TIMER_LEASE], 1, FH_ALIVE_TTL_MS);
}

static void test_a_newcomer(void **state)
{
    (void)state;
    struct fh_gossip_explanation e = explained(&nodes[B]);
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
    struct fh_gossip_explanation e = explained(&nodes[B]);
    assert_true(e.own_failed && !e.trial);
    assert_int_equal(e.accusers, 1);
    assert_int_equal(e.others, 0);
    assert_non_null(strstr(e.next, "declares it dead"));
    int64_t left = e.timers[FH_GOSSIP_TIMER_SUSPICION];
    assert_true(left > 0);
    int64_t since = now_ms;
    run_until(FH_MEMBER_DEAD);
    assert_in_range(now_ms, since + left, since + left + 10);
    e = explained(&nodes[B]);
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
    int64_t deadline = fh_gossip_deadline(nodes[A].core);
    struct fh_gossip_counters before = fh_gossip_counters(nodes[A].core);
    for (unsigned i = 0; i < 100; i++) {
        (void)explained(&nodes[i % 2 == 0 ? A : B]);
        (void)fh_gossip_news(nodes[A].core);
    }
    struct fh_gossip_counters after = fh_gossip_counters(nodes[A].core);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(fh_gossip_deadline(nodes[A].core), deadline);
}

static void test_the_news(void **state)
{
    (void)state;
    struct fh_gossip_news news = fh_gossip_news(nodes[A].core);
    unsigned sum = 0;
    for (unsigned i = 0; i < FH_RUMOUR_CLASS_COUNT; i++) {
        sum += news.by_class[i];
    }
    assert_int_equal(sum, news.waiting);
    assert_int_equal(news.waiting, fh_gossip_queue(nodes[A].core));
    assert_true(news.waiting > 0); /* its own record, and the newcomer's */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, four_tear_down)
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
