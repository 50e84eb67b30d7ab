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

static int open_use(struct fixture *f,
                    const struct fh_budget_question *question,
                    int64_t now_ms,
                    struct fh_budget_use *out,
                    struct fh_err *err)
{
    *err = (struct fh_err){.code = FH_OK};
    return fh_budget_open(f->budget, question, now_ms, out, err);
}

/* A question of which so many rows leave. */
static int ask(struct fixture *f,
               const struct fh_budget_question *question,
               int64_t now_ms,
               uint64_t rows,
               struct fh_err *err)
{
    struct fh_budget_use use;
    int code = open_use(f, question, now_ms, &use, err);
    if (code == FH_OK) {
        fh_budget_ask(&use);
        if (!fh_budget_spend(&use, rows)) {
            code = fh_budget_refuse(&use, question, now_ms, err);
        }
        fh_budget_close(&use);
    }
    return code;
}

static void test_queries(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question ours = of(1, 1, 3, 0);
    struct fh_budget_question theirs = of(2, 1, 3, 0);
    struct fh_budget_question other = of(1, 2, 3, 0);
    struct fh_err err;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask(f, &ours, BEGIN + i * MINUTE, UINT64_MAX, &err), FH_OK);
    }
    assert_int_equal(ask(f, &ours, BEGIN + 48 * MINUTE, 0, &err), FH_EBUSY);
    assert_string_equal(err.rule, "limit.queries_per_hour");
    assert_int_equal(err.retry_after_ms, 12 * MINUTE);
    assert_non_null(strstr(err.text, "3 questions an hour of aviation/flights"));
    assert_non_null(strstr(err.text, "ask aviation for more"));
    assert_int_equal(ask(f, &theirs, BEGIN + 48 * MINUTE, 0, &err), FH_OK);
    assert_int_equal(ask(f, &other, BEGIN + 48 * MINUTE, 0, &err), FH_OK);
    assert_int_equal(ask(f, &ours, BEGIN + HOUR, 0, &err), FH_OK);
    /* A clock that was set back makes no period that never ends. */
    assert_int_equal(ask(f, &ours, BEGIN - HOUR, 0, &err), FH_OK);
}

static void test_rows(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question question = of(1, 1, 0, 100);
    struct fh_err err;
    assert_int_equal(ask(f, &question, BEGIN, 101, &err), FH_EBUSY); /* nothing of it left */
    assert_int_equal(ask(f, &question, BEGIN, 70, &err), FH_OK);
    assert_int_equal(ask(f, &question, BEGIN + HOUR, 31, &err), FH_EBUSY);
    assert_string_equal(err.rule, "limit.rows_per_day");
    assert_int_equal(err.retry_after_ms, 23 * HOUR);
    assert_non_null(strstr(err.text, "beyond the 100 rows a day of aviation/flights"));
    assert_int_equal(ask(f, &question, BEGIN + HOUR, UINT64_MAX, &err), FH_EBUSY);
    assert_int_equal(ask(f, &question, BEGIN + HOUR, 30, &err), FH_OK);
    assert_int_equal(ask(f, &question, BEGIN + 20 * HOUR, 0, &err), FH_EBUSY);
    assert_string_equal(err.rule, "limit.rows_per_day");
    assert_int_equal(err.retry_after_ms, 4 * HOUR);
    assert_int_equal(ask(f, &question, BEGIN + 24 * HOUR, 100, &err), FH_OK);
}

/* Answers that run beside each other have together what one alone would have. */
static void test_beside(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question question = of(1, 1, 0, 100);
    struct fh_budget_use uses[3];
    struct fh_err err;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(open_use(f, &question, BEGIN, &uses[i], &err), FH_OK);
        fh_budget_ask(&uses[i]);
    }
    assert_true(fh_budget_spend(&uses[0], 60));
    assert_true(fh_budget_spend(&uses[1], 40));
    assert_false(fh_budget_spend(&uses[0], 1));
    assert_false(fh_budget_spend(&uses[2], 1));
    assert_true(fh_budget_spend(&uses[2], 0)); /* an empty batch is none too many */
    assert_int_equal(ask(f, &question, BEGIN + MINUTE, 0, &err), FH_EBUSY);
    fh_budget_give_back(&uses[1], 40); /* they did not leave */
    assert_false(fh_budget_spend(&uses[2], 41));
    assert_true(fh_budget_spend(&uses[2], 40));
    for (unsigned i = 0; i < 3; i++) {
        fh_budget_close(&uses[i]);
    }
    assert_int_equal(ask(f, &question, BEGIN + MINUTE, 0, &err), FH_EBUSY);
}

/* A new day begins while an answer runs: what it gives back is of the day before. */
static void test_midnight(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question question = of(1, 1, 0, 100);
    struct fh_budget_use use;
    struct fh_err err;
    assert_int_equal(open_use(f, &question, BEGIN, &use, &err), FH_OK);
    assert_true(fh_budget_spend(&use, 90));
    assert_int_equal(ask(f, &question, BEGIN + 24 * HOUR, 5, &err), FH_OK);
    fh_budget_give_back(&use, 90);
    assert_false(fh_budget_spend(&use, 101));
    assert_true(fh_budget_spend(&use, 100));
    fh_budget_close(&use);
}

/* A question over two tables is refused for one: the other's has not counted it. */
static void test_refused_for_another(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question first = of(1, 1, 1, 0);
    struct fh_budget_question second = of(1, 2, 0, 10);
    struct fh_budget_use use;
    struct fh_budget_use none;
    struct fh_err err;
    assert_int_equal(ask(f, &second, BEGIN, 10, &err), FH_OK);
    assert_int_equal(open_use(f, &first, BEGIN, &use, &err), FH_OK);
    assert_int_equal(open_use(f, &second, BEGIN, &none, &err), FH_EBUSY);
    fh_budget_close(&use);
    assert_int_equal(ask(f, &first, BEGIN, 0, &err), FH_OK);
    assert_int_equal(ask(f, &first, BEGIN, 0, &err), FH_EBUSY);
}

/* Without a bound nothing is counted. */
static void test_unbounded(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question free_of_bounds = of(1, 1, 0, 0);
    struct fh_budget_question bounded = of(1, 1, 1, 0);
    struct fh_err err;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(ask(f, &free_of_bounds, BEGIN, UINT64_MAX, &err), FH_OK);
    }
    assert_int_equal(ask(f, &bounded, BEGIN, 0, &err), FH_OK);
    assert_int_equal(ask(f, &bounded, BEGIN, 0, &err), FH_EBUSY);
}

static void test_restart(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question question = of(1, 1, 2, 10);
    struct fh_err err;
    assert_int_equal(ask(f, &question, BEGIN, 4, &err), FH_OK);
    close_all(f);
    open_all(f);
    assert_int_equal(ask(f, &question, BEGIN + MINUTE, 7, &err), FH_EBUSY);
    fh_budget_flush(f->budget, BEGIN + 2 * MINUTE, false);
    /* Another process on the same file sees what was written down. */
    struct fh_store_budget seen = {.key = question.key, .right = question.right};
    assert_int_equal(fh_store_budget_get(f->store, &seen, &err), FH_OK);
    assert_int_equal(seen.queries, 2);
    assert_int_equal(seen.rows, 4);
    assert_int_equal(ask(f, &question, BEGIN + 3 * MINUTE, 0, &err), FH_EBUSY);
}

/* A node that is killed amidst a long answer forgets what left since the last writing, no more. */
static void test_killed(void **state)
{
    struct fixture *f = *state;
    struct fh_budget_question question = of(1, 1, 0, 100);
    struct fh_store_budget seen = {.key = question.key, .right = question.right};
    struct fh_budget_use use;
    struct fh_err err;
    assert_int_equal(open_use(f, &question, BEGIN, &use, &err), FH_OK);
    for (unsigned i = 1; i <= 4; i++) {
        assert_true(fh_budget_spend(&use, 20));
        fh_budget_flush(f->budget, BEGIN + i * FH_BUDGET_FLUSH_MS, false);
        assert_int_equal(fh_store_budget_get(f->store, &seen, &err), FH_OK);
        assert_int_equal(seen.rows, 20 * i);
    }
    assert_true(fh_budget_spend(&use, 20));
    fh_budget_flush(f->budget, BEGIN + 4 * FH_BUDGET_FLUSH_MS + 1, false);
    assert_int_equal(fh_store_budget_get(f->store, &seen, &err), FH_OK);
    assert_int_equal(seen.rows, 80);
    fh_budget_close(&use);
}

/* More keys than are kept in memory: what gives way is not forgotten, and what is in use stays. */
static void test_many(void **state)
{
    struct fixture *f = *state;
    enum { KEYS = 4 * FH_BUDGETS_MAX < 2048 ? 4 * FH_BUDGETS_MAX : 2048 };
    struct fh_budget_question used = of(KEYS, 7, 0, 100);
    struct fh_budget_use use;
    struct fh_err err;
    assert_int_equal(fh_store_begin(f->store, FH_STORE_LAZY, &err), FH_OK);
    assert_int_equal(open_use(f, &used, BEGIN, &use, &err), FH_OK);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned key = 0; key < KEYS; key++) {
            struct fh_budget_question question = of(key, 7, 1, 0);
            assert_int_equal(ask(f, &question, BEGIN + round, 0, &err),
                             round == 0 ? FH_OK : FH_EBUSY);
        }
    }
    assert_true(fh_budget_spend(&use, 100));
    assert_int_equal(ask(f, &used, BEGIN + 1, 0, &err), FH_EBUSY);
    fh_budget_close(&use);
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
        cmocka_unit_test_setup_teardown(test_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_midnight, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_for_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unbounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
