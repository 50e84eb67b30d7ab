/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masked tables are the tables that they are said to be: ten thousand generated queries give the
 * same over a table behind the barrier as over one that was masked and filtered beforehand. The
 * same rows in the same order with the same types; where one fails, the other does, with the same
 * code, rule, text and place. Every second one again, as a set of rows, over plain files.
 *
 *     FH_SEED=N FH_QUERIES=N      a run again, and another length
 */
#include "tests/lib/sanitized.h"
#include "tests/node/worker/barrier_world.h"
#include "tests/node/worker/query_maker.h"

#include "common/mem.h"
#include "common/time.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { QUERIES = TEST_SANITIZED ? 600 : 10000 };

static struct barrier_world world;

/* What became of one question. */
struct answer {
    int code;
    struct fh_buf rows;
    struct fh_err err;
    uint32_t position;
};

static struct counts {
    unsigned answered;
    unsigned failed;
    unsigned refused; /* by the gate */
    unsigned wishing; /* with a condition that scans try */
    unsigned plain;
    unsigned wrong;
} counts;

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static int up(void **state)
{
    (void)state;
    barrier_world_up(&world, number_of("FH_SEED", 0));
    print_message("seed %llu\n", (unsigned long long)world.seed);
    return 0;
}

static int down(void **state)
{
    (void)state;
    barrier_world_down(&world);
    return 0;
}

static void ask(struct answer *out, enum barrier_side side, const char *sql)
{
    out->code = barrier_world_ask(&world, side, sql, &out->rows, &out->err);
    out->position = world.sides[side].position;
}

static const char *text_of(struct answer *answer)
{
    return answer->code == FH_OK ? fh_buf_cstr(&answer->rows) : answer->err.text;
}

/* ---- comparing ---- */

static bool same(struct answer *a, struct answer *b)
{
    return a->code == b->code && strcmp(text_of(a), text_of(b)) == 0 &&
           (a->code == FH_OK ||
            (strcmp(a->err.rule, b->err.rule) == 0 && a->position == b->position));
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The lines behind the head, sorted; cuts the text. Freed by the caller. */
static const char **sorted(struct fh_buf *rows, size_t *out_count)
{
    size_t lines = 0;
    for (size_t i = 0; i < rows->size; i++) {
        lines += rows->data[i] == '\n' ? 1 : 0;
    }
    const char **list = fh_calloc(lines + 1, sizeof *list);
    assert_non_null(list);
    *out_count = 0;
    for (size_t i = 0, start = 0; i < rows->size; i++) {
        if (rows->data[i] == '\n') {
            rows->data[i] = '\0';
            list[(*out_count)++] = (const char *)rows->data + start;
            start = i + 1;
        }
    }
    if (*out_count > 1) {
        qsort(list + 1, *out_count - 1, sizeof *list, compare_lines);
    }
    return list;
}

/* Texts with newlines fall apart alike on both sides. */
static bool same_rows(struct answer *a, struct answer *b)
{
    if (a->code != FH_OK || b->code != FH_OK) {
        return a->code == b->code && strcmp(a->err.rule, b->err.rule) == 0;
    }
    size_t count_a = 0;
    size_t count_b = 0;
    const char **lines_a = sorted(&a->rows, &count_a);
    const char **lines_b = sorted(&b->rows, &count_b);
    bool equal = count_a == count_b;
    for (size_t i = 0; equal && i < count_a; i++) {
        equal = strcmp(lines_a[i], lines_b[i]) == 0;
    }
    fh_free(lines_a);
    fh_free(lines_b);
    return equal;
}

static void tell(const char *what, const char *sql, struct answer *a, struct answer *b)
{
    if (++counts.wrong <= 5) {
        print_error("%s (seed %llu)\n  %s\n  masked: %s %.600s\n  other:  %s %.600s\n",
                    what,
                    (unsigned long long)world.seed,
                    sql,
                    fh_code_name(a->code),
                    text_of(a),
                    fh_code_name(b->code),
                    text_of(b));
    }
}

/* ---- the run ---- */

/* The gate lets what the generator makes through: it is ordinary analysts' SQL. What the SQL asks
 * of its tables is then tried in the scans of both sides. */
static void check_gate(const char *sql, struct fh_arena *arena, struct fh_gate *gate)
{
    struct fh_err err = {0};
    bool passed = rig_gate(world.sides[BARRIER_MASKED].query, sql, arena, gate, &err) == FH_OK;
    if (!passed && ++counts.refused <= 5) {
        print_error("the gate refuses: %s\n  %s\n", sql, err.text);
    }
    counts.wishing += passed && gate->wish_count > 0 ? 1 : 0;
    world.sides[BARRIER_MASKED].gate = passed ? gate : NULL;
    world.sides[BARRIER_PREPARED].gate = passed ? gate : NULL;
}

/* One query at the sides that a thread of its own asks. */
struct others {
    const char *sql;
    bool plain_too;
    struct answer *answers;
};

static void *ask_others(void *user)
{
    struct others *others = user;
    ask(&others->answers[BARRIER_PREPARED], BARRIER_PREPARED, others->sql);
    if (others->plain_too) {
        ask(&others->answers[BARRIER_PLAIN], BARRIER_PLAIN, others->sql);
    }
    return NULL;
}

static void one(const char *sql, bool plain_too, struct answer answers[BARRIER_SIDES])
{
    struct answer *masked = &answers[BARRIER_MASKED];
    struct answer *prepared = &answers[BARRIER_PREPARED];
    struct answer *plain = &answers[BARRIER_PLAIN];
    struct others others = {.sql = sql, .plain_too = plain_too, .answers = answers};
    pthread_t thread;
    struct fh_gate gate;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(1024 * 1024);
    barrier_world_revive(&world);
    check_gate(sql, arena, &gate);
    assert_int_equal(pthread_create(&thread, NULL, ask_others, &others), 0);
    ask(masked, BARRIER_MASKED, sql);
    assert_int_equal(pthread_join(thread, NULL), 0);
    counts.answered += masked->code == FH_OK ? 1 : 0;
    counts.failed += masked->code != FH_OK ? 1 : 0;
    counts.plain += plain_too ? 1 : 0;
    if (!same(masked, prepared)) {
        tell("masked and prepared differ", sql, masked, prepared);
    } else if (barrier_world_leaks(&world, text_of(masked))) {
        tell("a hidden value came out", sql, masked, prepared);
    } else if (plain_too && !same_rows(masked, plain)) {
        ask(masked, BARRIER_MASKED, sql); /* its text was cut to lines */
        ask(plain, BARRIER_PLAIN, sql);
        tell("masked and plain have other rows", sql, masked, plain);
    }
}

static void masked_tables_are_what_they_say(void **state)
{
    (void)state;
    struct answer answers[BARRIER_SIDES];
    struct query_maker maker;
    struct fh_buf sql;
    uint64_t queries = number_of("FH_QUERIES", QUERIES);
    int64_t started = fh_clock_mono_ms();
    fh_buf_init(&sql, 64 * 1024);
    for (unsigned side = 0; side < BARRIER_SIDES; side++) {
        fh_buf_init(&answers[side].rows, 64 * 1024 * 1024);
    }
    query_maker_init(&maker, world.seed);
    for (uint64_t i = 0; i < queries; i++) {
        query_maker_next(&maker, &sql);
        one(fh_buf_cstr(&sql), !maker.loose && i % 2 == 0, answers);
    }
    print_message("%u answered, %u failed alike, %u over plain files too; %lld ms\n",
                  counts.answered,
                  counts.failed,
                  counts.plain,
                  (long long)(fh_clock_mono_ms() - started));
    for (unsigned side = 0; side < BARRIER_SIDES; side++) {
        fh_buf_fini(&answers[side].rows);
    }
    fh_buf_fini(&sql);
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(counts.refused, 0);
    assert_true(counts.wishing > queries / 50);
    assert_true(counts.answered > counts.failed * 3); /* else the generator tells too little */
}

/* A node that joins gets a table from its owner's scanning worker alone, masked there. */
static void scans_for_other_nodes_are_masked_too(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BARRIER_TABLES; i++) {
        struct fh_buf rows[BARRIER_PLAIN];
        for (unsigned side = 0; side < BARRIER_PLAIN; side++) {
            const struct barrier_half *half = &world.sides[side];
            const struct fh_masked_table *table = &half->tables[i];
            struct fh_err err = {0};
            FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
            fh_buf_init(&sql, 64 * 1024);
            fh_buf_init(&rows[side], 4 * 1024 * 1024);
            fh_masked_select_all(&sql, table);
            assert_int_equal(rig_query(half->scanner, fh_buf_cstr(&sql), &rows[side], &err), FH_OK);
        }
        assert_true(rows[BARRIER_MASKED].size > 1000);
        assert_string_equal(fh_buf_cstr(&rows[BARRIER_MASKED]),
                            fh_buf_cstr(&rows[BARRIER_PREPARED]));
        assert_false(barrier_world_leaks(&world, fh_buf_cstr(&rows[BARRIER_MASKED])));
        fh_buf_fini(&rows[BARRIER_MASKED]);
        fh_buf_fini(&rows[BARRIER_PREPARED]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans_for_other_nodes_are_masked_too),
        cmocka_unit_test(masked_tables_are_what_they_say),
    };
    return cmocka_run_group_tests(tests, up, down);
}
