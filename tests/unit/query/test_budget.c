/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets of keys: what is counted, refused and remembered. */
#include "node/query/budget.h"

#include "tests/lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE ((int64_t)60 * 1000)
#define HOUR   (60 * MINUTE)
#define BEGIN  ((int64_t)1800000000000)

struct fixture {
    struct test_scratch scratch;
    char path[128];
    struct fh_store *store;
    struct fh_budget *budget;
};

static void open_all(struct fixture *f)
{
    struct fh_err err = {0};
    assert_int_equal(fh_store_open(&f->store, f->path, &err), FH_OK);
    assert_int_equal(fh_budget_new(&f->budget, f->store, &err), FH_OK);
}

static void close_all(struct fixture *f)
{
    fh_budget_free(f->budget);
    fh_store_close(f->store);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->scratch = test_scratch_make();
    test_scratch_path(f->path, sizeof f->path, &f->scratch, "node.db");
    open_all(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close_all(f);
    test_scratch_remove(&f->scratch);
    free(f);
    return 0;
}

static struct fh_budget_question
of(unsigned key, unsigned right, uint64_t queries_per_hour, uint64_t rows_per_day)
{
    struct fh_budget_question question = {.product = "aviation/flights",
                                          .owner = "aviation",
                                          .queries_per_hour = queries_per_hour,
                                          .rows_per_day = rows_per_day};
    memcpy(question.key.b, &key, sizeof key);
    memcpy(question.right.b, &right, sizeof right);
    return question;
}

static int take(struct fixture *f,
                const struct fh_budget_question *question,
                int64_t now_ms,
                uint64_t *out_left,
                struct fh_err *err)
{
    *err = (struct fh_err){.code = FH_OK};
    return fh_budget_take(f->budget, question, now_ms, out_left, err);
}

static void test_queries(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question ours = of(1, 1, 3, 0);
    struct fh_budget_question theirs = of(2, 1, 3, 0);
    struct fh_budget_question other = of(1, 2, 3, 0);
    struct fh_err err;
    uint64_t left = 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(take(f, &ours, BEGIN + i * MINUTE, &left, &err), FH_OK);
        assert_true(left == UINT64_MAX);
    }
    assert_int_equal(take(f, &ours, BEGIN + 48 * MINUTE, &left, &err), FH_EBUSY);
    assert_string_equal(err.rule, "limit.queries_per_hour");
    assert_int_equal(err.retry_after_ms, 12 * MINUTE);
    assert_non_null(strstr(err.text, "3 questions an hour of aviation/flights"));
    assert_non_null(strstr(err.text, "ask aviation for more"));
    assert_int_equal(take(f, &theirs, BEGIN + 48 * MINUTE, &left, &err), FH_OK);
    assert_int_equal(take(f, &other, BEGIN + 48 * MINUTE, &left, &err), FH_OK);
    assert_int_equal(take(f, &ours, BEGIN + HOUR, &left, &err), FH_OK);
    /* A clock that was set back makes no period that never ends. */
    assert_int_equal(take(f, &ours, BEGIN - HOUR, &left, &err), FH_OK);
}

static void test_rows(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question question = of(1, 1, 0, 100);
    struct fh_err err;
    uint64_t left = 0;
    assert_int_equal(take(f, &question, BEGIN, &left, &err), FH_OK);
    assert_int_equal(left, 100);
    fh_budget_rows(f->budget, &question.key, &question.right, 70, BEGIN);
    assert_int_equal(take(f, &question, BEGIN + HOUR, &left, &err), FH_OK);
    assert_int_equal(left, 30);
    fh_budget_rows(f->budget, &question.key, &question.right, UINT64_MAX, BEGIN + HOUR);
    assert_int_equal(take(f, &question, BEGIN + 20 * HOUR, &left, &err), FH_EBUSY);
    assert_string_equal(err.rule, "limit.rows_per_day");
    assert_int_equal(err.retry_after_ms, 4 * HOUR);
    assert_int_equal(take(f, &question, BEGIN + 24 * HOUR, &left, &err), FH_OK);
    assert_int_equal(left, 100);
}

/* Without a bound nothing is counted. */
static void test_unbounded(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question free_of_bounds = of(1, 1, 0, 0);
    struct fh_budget_question bounded = of(1, 1, 1, 0);
    struct fh_err err;
    uint64_t left = 0;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(take(f, &free_of_bounds, BEGIN, &left, &err), FH_OK);
        assert_true(left == UINT64_MAX);
    }
    assert_int_equal(take(f, &bounded, BEGIN, &left, &err), FH_OK);
    assert_int_equal(take(f, &bounded, BEGIN, &left, &err), FH_EBUSY);
}

static void test_restart(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question question = of(1, 1, 2, 10);
    struct fh_err err;
    uint64_t left = 0;
    assert_int_equal(take(f, &question, BEGIN, &left, &err), FH_OK);
    fh_budget_rows(f->budget, &question.key, &question.right, 4, BEGIN);
    close_all(f);
    open_all(f);
    assert_int_equal(take(f, &question, BEGIN + MINUTE, &left, &err), FH_OK);
    assert_int_equal(left, 6);
    fh_budget_flush(f->budget, BEGIN + 2 * MINUTE, false);
    /* Another process on the same file sees what was written down. */
    struct fh_store_budget seen = {.key = question.key, .right = question.right};
    assert_int_equal(fh_store_budget_get(f->store, &seen, &err), FH_OK);
    assert_int_equal(seen.queries, 2);
    assert_int_equal(seen.rows, 4);
    assert_int_equal(take(f, &question, BEGIN + 3 * MINUTE, &left, &err), FH_EBUSY);
}

/* More keys than are kept in memory: what gives way is not forgotten. */
static void test_many(void **state)
{
    struct fixture *f = *state;
    enum { KEYS = 4 * FH_BUDGETS_MAX < 2048 ? 4 * FH_BUDGETS_MAX : 2048 };
    struct fh_err err;
    uint64_t left = 0;
    assert_int_equal(fh_store_begin(f->store, FH_STORE_LAZY, &err), FH_OK);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned key = 0; key < KEYS; key++) {
            struct fh_budget_question question = of(key, 7, 1, 0);
            assert_int_equal(take(f, &question, BEGIN + round, &left, &err),
                             round == 0 ? FH_OK : FH_EBUSY);
        }
    }
    assert_int_equal(fh_store_commit(f->store, &err), FH_OK);
    assert_int_equal(fh_store_budgets_prune(f->store, BEGIN + 1, &err), FH_OK);
    struct fh_store_budget seen = {.key = of(0, 7, 0, 0).key, .right = of(0, 7, 0, 0).right};
    assert_int_equal(fh_store_budget_get(f->store, &seen, &err), FH_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_queries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unbounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
