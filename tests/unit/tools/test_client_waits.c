/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client library against nodes that take longer than its caller has: who asked is told when it
 * is over, and everything else goes on.
 */
#include "common/time.h"
#include "tests/unit/tools/client_world.h"
#include "tests/unit/tools/scripted_peer.h"
#include "tools/client/freehold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    ROWS = 2, /* of each answer */
    SLOW_MS = 3000,
    DEADLINE_MS = 100,
    TOLD_MS = 2500, /* at the latest; the slow answer comes after that */
};

struct asking {
    struct scripted_peer *peer;
    struct freehold_client *client;
    const char *sql;
};

/* A client that has asked its question once: sessions and plan are there. */
static struct asking begin(struct world *world, bool remote, bool inlines)
{
    struct asking a = {.peer = calloc(1, sizeof *a.peer)};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    assert_non_null(a.peer);
    scripted_node_open(&a.peer->entry, world->actors[AVIATION]);
    scripted_node_open(&a.peer->owner, world->actors[GEOLOGY]);
    a.peer->owner_is_remote = remote;
    a.peer->batches = 1;
    a.peer->inlines = inlines;
    a.peer->mesh = &world->actors[AVIATION]->mesh;
    a.peer->directory = world->directory;
    a.peer->stranger = &world->actors[STRANGER]->domain;
    scripted_peer_start(a.peer);
    a.sql = remote ? "SELECT n FROM geology.flights" : "SELECT n FROM aviation.flights";
    if (freehold_open(&a.client, world->homes[WILDLIFE], a.peer->address, &error) != FREEHOLD_OK) {
        fail_msg("%s", error.text);
    }
    return a;
}

static void end(struct asking *a)
{
    freehold_close(a->client);
    scripted_peer_stop(a->peer);
    free(a->peer);
}

static void read_all(struct freehold_result *result)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = FREEHOLD_OK;
    unsigned rows = 0;
    while (freehold_result_next(result, &error, &code)) {
        rows++;
    }
    if (code != FREEHOLD_OK) {
        fail_msg("%s (%s)", error.text, error.rule);
    }
    assert_int_equal(rows, ROWS);
    freehold_result_close(result);
}

static void ask(const struct asking *a)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    if (freehold_query(&result, a->client, a->sql, NULL, &error) != FREEHOLD_OK) {
        fail_msg("%s (%s)", error.text, error.rule);
    }
    read_all(result);
}

static void ask_in_vain(const struct asking *a, const char *sql)
{
    const struct freehold_query_options options = {.size = sizeof options,
                                                   .deadline_ms = DEADLINE_MS};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    int64_t began_ms = fh_clock_mono_ms();
    int code = freehold_query(&result, a->client, sql, &options, &error);
    int64_t took_ms = fh_clock_mono_ms() - began_ms;
    assert_int_equal(code, FREEHOLD_ETIMEOUT);
    assert_string_equal(error.rule, "query.deadline");
    assert_in_range(took_ms, DEADLINE_MS, TOLD_MS);
}

/* The first answer comes after the deadline: the stream that it opens is ended by the next call, in
 * the same session, with the owner as with the entry peer. */
static void test_slow_query(void **state)
{
    for (unsigned remote = 0; remote < 2; remote++) {
        struct asking a = begin(*state, remote == 1, false);
        ask(&a);
        unsigned greeted = a.peer->greeted;
        a.peer->slow_query_ms = SLOW_MS;
        ask_in_vain(&a, a.sql);
        a.peer->slow_query_ms = 0;
        ask(&a); /* behind the slow answer */
        ask(&a); /* behind the CANCEL */
        assert_int_equal(a.peer->cancelled, 1);
        assert_int_equal(a.peer->greeted, greeted);
        end(&a);
    }
}

/* More of them than slots are kept for. */
static void test_slow_queries(void **state)
{
    enum { IN_VAIN = 16, LITTLE_MS = 300 };
    struct asking a = begin(*state, true, false);
    ask(&a);
    a.peer->slow_query_ms = LITTLE_MS;
    for (unsigned i = 0; i < IN_VAIN; i++) {
        ask_in_vain(&a, a.sql);
    }
    a.peer->slow_query_ms = 0;
    ask(&a);
    ask(&a);
    assert_in_range(a.peer->cancelled, 1, IN_VAIN);
    end(&a);
}

/* Nobody is there any more, and the connection does not say so: short deadlines must not keep it.
 */
static void test_silence(void **state)
{
    struct asking a = begin(*state, false, false);
    ask(&a);
    unsigned greeted = a.peer->greeted;
    a.peer->slow_query_ms = FH_REQUEST_MS + SLOW_MS;
    int64_t silent_ms = fh_clock_mono_ms() + FH_REQUEST_MS;
    ask_in_vain(&a, a.sql);
    a.peer->slow_query_ms = 0;
    while (fh_clock_mono_ms() < silent_ms) {
        usleep(10000);
    }
    assert_int_equal(a.peer->greeted, greeted);
    ask_in_vain(&a, a.sql);
    ask(&a); /* on another connection, when the peer is there again */
    assert_int_equal(a.peer->greeted, greeted + 1);
    end(&a);
}

/* The plan comes after the deadline. */
static void test_slow_plan(void **state)
{
    struct asking a = begin(*state, false, false);
    ask(&a);
    unsigned greeted = a.peer->greeted;
    a.peer->slow_plan_ms = SLOW_MS;
    ask_in_vain(&a, "SELECT n + 1 FROM aviation.flights");
    a.peer->slow_plan_ms = 0;
    ask(&a);
    assert_int_equal(a.peer->greeted, greeted);
    assert_int_equal(a.peer->cancelled, 0);
    end(&a);
}

/* One of several in flight has less time: the others get their answers, in the same session. */
static void test_others_go_on(void **state)
{
    enum { LITTLE_MS = 500 };
    struct asking a = begin(*state, true, true);
    const struct freehold_query_options hasty = {.size = sizeof hasty, .deadline_ms = DEADLINE_MS};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *results[3] = {NULL};
    ask(&a);
    unsigned greeted = a.peer->greeted;
    a.peer->slow_query_ms = LITTLE_MS;
    for (size_t i = 0; i < FH_COUNT(results); i++) {
        assert_int_equal(
            freehold_query_begin(&results[i], a.client, a.sql, i == 1 ? &hasty : NULL, &error),
            FREEHOLD_OK);
    }
    int code = FREEHOLD_OK;
    assert_false(freehold_result_next(results[1], &error, &code));
    assert_int_equal(code, FREEHOLD_ETIMEOUT);
    assert_string_equal(error.rule, "query.deadline");
    freehold_result_close(results[1]);
    read_all(results[0]);
    read_all(results[2]);
    a.peer->slow_query_ms = 0;
    ask(&a);
    assert_int_equal(a.peer->greeted, greeted);
    assert_int_equal(a.peer->cancelled, 0); /* all of it came with the answer: nothing is open */
    end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_query),
        cmocka_unit_test(test_slow_queries),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_slow_plan),
        cmocka_unit_test(test_others_go_on),
    };
    return cmocka_run_group_tests(tests, client_world_setup, client_world_teardown);
}
