/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inference: nothing that the barrier hides comes out by any of the questions of
 * inference_attacks.c. Each has the answer of the table that was masked and filtered beforehand,
 * or is refused by name; and a right guess gets what a wrong one gets.
 *
 * The guesses are what stands in the raw files: of somebody who is shown, masked, and of somebody
 * whom the filters take away. All of it is random in every run.
 *
 *     FH_SEED=N      a run again
 */
#include "tests/node/worker/barrier_world.h"
#include "tests/node/worker/inference_attacks.h"

#include "common/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct barrier_world world;

/* ---- guesses ---- */

/* Somebody like `real`, of whom no mask leaves a difference: the same step, year, and ends. */
static struct barrier_person wrong_guess(const struct barrier_person *real)
{
    struct barrier_person out = *real;
    out.id = 3L * BARRIER_PEOPLE + 1000 + real->id;
    long kept = real->salary / 1000 * 1000;
    out.salary = kept + 1 + (real->salary - kept + 136) % 998;
    for (size_t i = 1; i + 1 < strlen(out.name); i++) {
        out.name[i] = out.name[i] == '7' ? '3' : '7';
    }
    memset(out.email, 'e', 10);
    memset(out.ssn + 1, '9', 8);
    memset(out.code + 1, '9', 4);
    const char *day = strcmp(real->born + 8, "17") == 0 ? "18" : "17";
    memcpy(out.born + 8, day, 2);
    return out;
}

static bool
put_guess(struct fh_buf *out, const struct barrier_person *person, const char *hole, size_t size)
{
    const struct {
        const char *name;
        const char *text;
        long number;
    } values[] = {
        {"id", NULL, person->id},
        {"salary", NULL, person->salary},
        {"name", person->name, 0},
        {"email", person->email, 0},
        {"ssn", person->ssn, 0},
        {"born", person->born, 0},
        {"code", person->code, 0},
    };
    for (size_t i = 0; i < FH_COUNT(values); i++) {
        if (strlen(values[i].name) == size && memcmp(values[i].name, hole, size) == 0) {
            if (values[i].text != NULL) {
                fh_buf_add_cstr(out, values[i].text);
            } else {
                fh_buf_printf(out, "%ld", values[i].number);
            }
            return true;
        }
    }
    return false;
}

/* Fills the holes. A wrong guess knows the id of the one who is shown all the same: it is shown. */
static void fill(struct fh_buf *out, const char *sql, bool right)
{
    struct barrier_person shown = right ? world.shown : wrong_guess(&world.shown);
    struct barrier_person gone = right ? world.gone : wrong_guess(&world.gone);
    shown.id = world.shown.id;
    fh_buf_reset(out);
    for (const char *at = sql; *at != '\0';) {
        const char *end = at[0] == '{' ? strchr(at, '}') : NULL;
        const char *hole = at + 1;
        bool of_gone = end != NULL && strncmp(hole, "gone.", 5) == 0;
        hole += of_gone ? 5 : 0;
        if (end != NULL && put_guess(out, of_gone ? &gone : &shown, hole, (size_t)(end - hole))) {
            at = end + 1;
        } else {
            fh_buf_add_u8(out, (uint8_t)*at++);
        }
    }
}

/* ---- trying ---- */

struct tried {
    int code;
    char rule[FH_ERR_RULE_BYTES];
    uint32_t position;
    struct fh_buf text; /* rows, or what the error says */
};

static bool through_gate(const char *sql, struct fh_err *err)
{
    struct fh_gate gate;
    FH_CLEANUP(fh_arena_freep) struct fh_arena *arena = fh_arena_new(1024 * 1024);
    if (rig_gate(world.sides[BARRIER_MASKED].query, sql, arena, &gate, err) != FH_OK) {
        return false;
    }
    for (uint32_t i = 0; i < gate.table_count; i++) {
        assert_string_equal(gate.tables[i].schema, "dom"); /* the plan refuses others */
    }
    return true;
}

static void try(struct tried *out, enum barrier_side side, const char *sql)
{
    struct fh_err err = {0};
    barrier_world_revive(&world);
    out->code = barrier_world_ask(&world, side, sql, &out->text, &err);
    out->position = world.sides[side].position;
    memcpy(out->rule, err.rule, sizeof out->rule);
    if (out->code != FH_OK) {
        fh_buf_reset(&out->text);
        fh_buf_add_cstr(&out->text, err.text);
    }
}

static bool same(struct tried *a, struct tried *b)
{
    return a->code == b->code && strcmp(a->rule, b->rule) == 0 && a->position == b->position &&
           strcmp(fh_buf_cstr(&a->text), fh_buf_cstr(&b->text)) == 0;
}

/* Names of columns hold the guess as it was written: only rows count. */
static bool same_rows(struct tried *a, struct tried *b)
{
    const char *rows_a = strchr(fh_buf_cstr(&a->text), '\n');
    const char *rows_b = strchr(fh_buf_cstr(&b->text), '\n');
    return a->code == b->code && strcmp(a->rule, b->rule) == 0 &&
           (a->code == FH_OK ? rows_a != NULL && rows_b != NULL && strcmp(rows_a, rows_b) == 0
                             : strcmp(fh_buf_cstr(&a->text), fh_buf_cstr(&b->text)) == 0);
}

static unsigned wrong;

static void
complain(const struct attack *attack, const char *why, const char *sql, struct tried *found)
{
    wrong++;
    print_error("%s: %s (seed %llu)\n  %s\n  %s %s: %.400s\n",
                attack->name,
                why,
                (unsigned long long)world.seed,
                sql,
                found == NULL ? "" : fh_code_name(found->code),
                found == NULL ? "" : found->rule,
                found == NULL ? "" : fh_buf_cstr(&found->text));
}

/* The gate's word, and that of FAILS. */
static bool refused(const struct attack *attack, const char *sql)
{
    struct fh_err err = {0};
    bool passed = through_gate(sql, &err);
    if (attack->outcome == REFUSED ? passed || strcmp(err.rule, attack->rule) != 0 : !passed) {
        complain(attack, passed ? "the gate lets it through" : err.text, sql, NULL);
        return true;
    }
    return !passed;
}

/* Where hidden values may not stand: names of columns have the attacker's own guess. */
static const char *rows_of(const struct attack *attack, struct tried *tried)
{
    const char *text = fh_buf_cstr(&tried->text);
    const char *rows = strchr(text, '\n');
    return attack->outcome == BLIND && tried->code == FH_OK && rows != NULL ? rows : text;
}

static void attempt(const struct attack *attack, struct tried tried[3])
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
    FH_CLEANUP(fh_buf_fini) struct fh_buf other;
    fh_buf_init(&sql, 8192);
    fh_buf_init(&other, 8192);
    fill(&sql, attack->sql, true);
    fill(&other, attack->sql, false);
    if (refused(attack, fh_buf_cstr(&sql))) {
        return;
    }
    try(&tried[0], BARRIER_MASKED, fh_buf_cstr(&sql));
    try(&tried[1], BARRIER_PREPARED, fh_buf_cstr(&sql));
    if (!same(&tried[0], &tried[1])) {
        complain(attack, "differs from the prepared table", fh_buf_cstr(&sql), &tried[0]);
        complain(attack, "the prepared table", fh_buf_cstr(&sql), &tried[1]);
    } else if (barrier_world_leaks(&world, rows_of(attack, &tried[0]))) {
        complain(attack, "a hidden value came out", fh_buf_cstr(&sql), &tried[0]);
    } else if (attack->outcome == FAILS && strcmp(tried[0].rule, attack->rule) != 0) {
        complain(attack, "should fail", fh_buf_cstr(&sql), &tried[0]);
    } else if (attack->outcome == BLIND) {
        try(&tried[2], BARRIER_MASKED, fh_buf_cstr(&other));
        if (!same_rows(&tried[0], &tried[2])) {
            complain(attack, "the right guess shows", fh_buf_cstr(&sql), &tried[0]);
            complain(attack, "the wrong one", fh_buf_cstr(&other), &tried[2]);
        }
    }
}

static void nothing_hidden_can_be_inferred(void **state)
{
    (void)state;
    struct tried tried[3];
    unsigned outcomes[4] = {0};
    for (size_t i = 0; i < FH_COUNT(tried); i++) {
        fh_buf_init(&tried[i].text, 16 * 1024 * 1024);
    }
    for (size_t i = 0; i < inference_attack_count; i++) {
        attempt(&inference_attacks[i], tried);
        outcomes[inference_attacks[i].outcome]++;
    }
    for (size_t i = 0; i < FH_COUNT(tried); i++) {
        fh_buf_fini(&tried[i].text);
    }
    print_message("%zu attacks: %u blind, %u the same, %u fail, %u refused\n",
                  inference_attack_count,
                  outcomes[BLIND],
                  outcomes[SAME],
                  outcomes[FAILS],
                  outcomes[REFUSED]);
    assert_int_equal(wrong, 0);
}

/* The tables that the attacks are tried on hide something: over raw files these would show. */
static void the_attacks_would_work_without_a_barrier(void **state)
{
    (void)state;
    struct rig *rig = &world.rig;
    struct fh_err err = {0};
    struct fh_worker *raw = rig_worker(rig, FH_WORKER_QUERY, 1);
    struct fh_table people = rig_table(rig,
                                       "dom.people.people",
                                       FH_SOURCE_PARQUET,
                                       "id BIGINT, name VARCHAR, email VARCHAR, salary BIGINT, "
                                       "born DATE, code VARCHAR, ssn VARCHAR");
    assert_int_equal(rig_add(raw, &people, rig_open(rig, "people.parquet"), &err), FH_OK);
    static const char *const questions[] = {
        "SELECT count(*) FROM dom.people WHERE id = {id} AND name = '{name}'",
        "SELECT count(*) FROM dom.people WHERE id = {id} AND salary = {salary}",
        "SELECT count(*) FROM dom.people WHERE id = {id} AND born = DATE '{born}'",
        "SELECT count(*) FROM dom.people WHERE id = {id} AND email = '{email}'",
        "SELECT count(*) FROM dom.people WHERE id = {id} AND ssn = '{ssn}'",
        "SELECT count(*) FROM dom.people WHERE id = {gone.id} AND code = '{gone.code}'",
    };
    for (size_t i = 0; i < FH_COUNT(questions); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf sql;
        fh_buf_init(&sql, 1024);
        fill(&sql, questions[i], true);
        rig_expect(raw, fh_buf_cstr(&sql), "1\n");
        fill(&sql, questions[i], false);
        rig_expect(raw, fh_buf_cstr(&sql), "0\n");
    }
    rig_release(rig, raw);
}

/* ---- time ---- */

static int64_t ask_us(const char *sql)
{
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf rows;
    fh_buf_init(&rows, 1024 * 1024);
    int64_t started = fh_clock_mono_ns();
    assert_int_equal(barrier_world_ask(&world, BARRIER_MASKED, sql, &rows, &err), FH_OK);
    return (fh_clock_mono_ns() - started) / 1000;
}

/* The fastest of each, asked in turn. */
static void race_us(const char *a, const char *b, int64_t *out_a, int64_t *out_b)
{
    *out_a = INT64_MAX;
    *out_b = INT64_MAX;
    for (unsigned i = 0; i < 12; i++) {
        int64_t took_a = ask_us(a);
        int64_t took_b = ask_us(b);
        *out_a = took_a < *out_a ? took_a : *out_a;
        *out_b = took_b < *out_b ? took_b : *out_b;
    }
}

/* Work that is only done where the guess is right: three hundred thousand digests take longer than
 * all the rest. The bound is wide; over raw rows the right guess takes ten times as long. */
static void the_right_guess_takes_no_longer(void **state)
{
    (void)state;
    static const char *const questions[] = {
        "SELECT count(*) FROM dom.people p, range(300000) r(x) WHERE p.id = {id} AND p.salary = "
        "{salary} AND "
        "md5(p.name || r.x) < '8'",
        "SELECT count(*) FROM range(300000) r(x), dom.people p WHERE p.name = '{name}' AND "
        "md5(p.name || r.x) < '8'",
        "SELECT count(*) FROM range(300000) r(x), dom.people p WHERE p.id = {gone.id} AND "
        "md5(p.name || r.x) < '8'",
    };
    for (size_t i = 0; i < FH_COUNT(questions); i++) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf right;
        FH_CLEANUP(fh_buf_fini) struct fh_buf other;
        fh_buf_init(&right, 1024);
        fh_buf_init(&other, 1024);
        fill(&right, questions[i], true);
        fill(&other, questions[i], false);
        int64_t right_us;
        int64_t other_us;
        race_us(fh_buf_cstr(&right), fh_buf_cstr(&other), &right_us, &other_us);
        print_message("right %lld us, wrong %lld us\n", (long long)right_us, (long long)other_us);
        assert_true(right_us < 3 * other_us + 5000 && other_us < 3 * right_us + 5000);
    }
}

static int up(void **state)
{
    (void)state;
    const char *seed = getenv("FH_SEED");
    barrier_world_up(&world, seed == NULL ? 0 : strtoull(seed, NULL, 10));
    print_message("seed %llu\n", (unsigned long long)world.seed);
    return 0;
}

static int down(void **state)
{
    (void)state;
    barrier_world_down(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_hidden_can_be_inferred),
        cmocka_unit_test(the_attacks_would_work_without_a_barrier),
        cmocka_unit_test(the_right_guess_takes_no_longer),
    };
    return cmocka_run_group_tests(tests, up, down);
}
