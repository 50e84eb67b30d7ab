/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything hostile that a worker may send, in each state: the question fails by the rule that the
 * list of frames.h says, the process is gone, and a query that runs beside in another worker does
 * not notice. Prints how many there were.
 */
#include "common/time.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/status.h"
#include "tests/node/worker/frames.h"
#include "tests/node/worker/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    ANSWER_MS = 30000, /* of what answers at once, on a busy machine */
    SILENCE_MS = 200,  /* of what never answers */
    LATE_MS = 5000,    /* how late such an end may be seen, grace included, on a busy machine */
    GROWTH_KIB = 16 * 1024,
    WARM = 100, /* cases after which the memory of this process is looked at first */
};

static struct rig rig; /* with the honest worker */

struct suite {
    struct fh_workers *liars;
    struct fh_worker *honest;
    struct fh_arena *arena;
    int file;
    unsigned cases;
    unsigned failed;
    unsigned of_state[FRAME_STATE_COUNT];
    long resident_kib;
};

static long resident_kib(void)
{
    return (long)test_status_kib(getpid(), "VmRSS:");
}

/* ---- the question of each state ---- */

static int ask_tables(struct suite *s, struct fh_worker *worker, int64_t until, struct fh_err *err)
{
    static unsigned number; /* a table that the worker has already is not sent again */
    static const struct fh_column column = {
        .name = "id", .source = "", .type = {.code = FH_TYPE_INT64}};
    struct fh_table table = {.domain = "shop",
                             .product = "orders",
                             .table = "orders",
                             .number = ++number,
                             .format = FH_SOURCE_CSV,
                             .file_count = 1,
                             .columns = &column,
                             .column_count = 1};
    return fh_worker_tables(worker, &table, 1, &s->file, 1, until, err);
}

static const struct fh_column source_columns[] = {
    {.name = "id", .source = "", .type = {.code = FH_TYPE_INT64}},
    {.name = "item", .source = "", .type = {.code = FH_TYPE_VARCHAR}},
};

static struct fh_table source_table(void)
{
    return (struct fh_table){.domain = "shop",
                             .product = "orders",
                             .table = "orders",
                             .format = FH_SOURCE_CSV,
                             .file_count = 1,
                             .columns = source_columns,
                             .column_count = FH_COUNT(source_columns)};
}

static int ask_source(struct suite *s,
                      struct fh_worker *worker,
                      enum frame_state state,
                      int64_t until,
                      struct fh_err *err)
{
    static const uint32_t index = 0;
    static const struct fh_probe probe = {.sql = "count(*)", .column_count = 1, .columns = &index};
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&answer, FH_PROFILE_BYTES_MAX);
    if (state == FRAME_PROBING) {
        struct fh_channel_probed probed;
        struct fh_channel_probe asked = {
            .table = source_table(), .probe_count = 1, .probes = &probe};
        return fh_worker_probe(worker, &asked, &s->file, 1, s->arena, &probed, until, err);
    }
    if (state == FRAME_SAMPLING) {
        struct fh_channel_sampled sampled;
        struct fh_channel_sample asked = {.table = source_table(),
                                          .tail = "",
                                          .rows_max = 5,
                                          .column_count = 1,
                                          .columns = &index};
        return fh_worker_sample(worker, &asked, &s->file, 1, s->arena, &sampled, until, err);
    }
    const struct fh_profile_question question = rig_profile(FH_PROFILE_SQLITE, "orders");
    bool lists = state == FRAME_LISTING;
    return fh_worker_profile(worker, &question, lists, s->file, s->arena, &answer, until, err);
}

static int run_query(struct fh_worker *worker, int64_t until, struct fh_err *err)
{
    struct fh_worker_event event = {.kind = FH_WORKER_BATCH};
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT 1"), .window = FRAME_WINDOW};
    int code = fh_worker_run(worker, &run, until, err);
    while (code == FH_OK && event.kind != FH_WORKER_END) {
        code = fh_worker_next(worker, &event, err);
    }
    return code;
}

static int ask(struct suite *s,
               struct fh_worker *worker,
               enum frame_state state,
               int64_t until,
               struct fh_err *err)
{
    struct fh_channel_described described;
    struct fh_buf tree FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&tree, FH_AST_BYTES_MAX);
    switch (state) {
    case FRAME_GREETING:
    case FRAME_SETTING_UP:
        return fh_worker_setup(worker, FH_WORKER_QUERY, 64, 1, until, err);
    case FRAME_TABLES:
        return ask_tables(s, worker, until, err);
    case FRAME_PARSING:
        return fh_worker_parse(worker, fh_bytes_cstr("SELECT 1"), &tree, err);
    case FRAME_DESCRIBING:
        return fh_worker_describe(
            worker, fh_bytes_cstr("SELECT 1"), s->arena, &described, until, err);
    case FRAME_PROBING:
    case FRAME_SAMPLING:
    case FRAME_PROFILING:
    case FRAME_LISTING:
        return ask_source(s, worker, state, until, err);
    case FRAME_RUNNING:
    case FRAME_SCANNING:
        return run_query(worker, until, err);
    case FRAME_STATE_COUNT:
        break;
    }
    return FH_EINTERNAL;
}

/* ---- one case ---- */

/* Asks until the case's frame is there; what came of it. */
static int
provoke(struct suite *s, struct fh_worker *worker, const struct frame_case *c, struct fh_err *err)
{
    bool up = c->state > FRAME_SETTING_UP;
    int64_t until = fh_clock_mono_ms() + ANSWER_MS;
    if (up && fh_worker_setup(worker, FH_WORKER_QUERY, 64, 1, until, err) != FH_OK) {
        print_error("%s: is not set up\n", c->name);
        return err->code;
    }
    if (c->code == FH_ETIMEOUT && c->after != FRAME_EXITS && c->after != FRAME_ABORTS) {
        until = fh_clock_mono_ms() + SILENCE_MS;
    }
    int code = ask(s, worker, c->state, until, err);
    if (c->second && code == FH_OK) {
        code = run_query(worker, until, err);
    }
    int64_t late = fh_clock_mono_ms() - until;
    if (late > LATE_MS) {
        print_error("%s: %lld ms after its deadline\n", c->name, (long long)late);
        return FH_EINTERNAL;
    }
    return code;
}

static void reap(struct suite *s)
{
    for (int i = 0; i < 1000 && fh_workers_count(s->liars) > 0; i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_int_equal(fh_workers_count(s->liars), 0);
}

static bool meet(const struct frame_case *c, void *user)
{
    struct suite *s = user;
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    s->arena = fh_arena_new(1024 * 1024);
    assert_non_null(s->arena);
    assert_int_equal(fh_workers_spawn(s->liars, &worker, &err), FH_OK);
    int code = provoke(s, worker, c, &err);
    if (code != c->code || strcmp(err.rule, c->rule) != 0 || fh_worker_dead(worker) == c->lives) {
        print_error("%s: %s [%s] %s, worker %s; expected %s [%s]\n",
                    c->name,
                    fh_code_name(code),
                    err.rule,
                    err.text,
                    fh_worker_dead(worker) ? "dead" : "alive",
                    fh_code_name(c->code),
                    c->rule);
        s->failed++;
    }
    fh_worker_release(worker);
    fh_arena_free(FH_TAKE(s->arena));
    reap(s);
    rig_expect(s->honest, "SELECT 6 * 7", "42\n");
    s->cases++;
    s->of_state[c->state]++;
    if (s->cases == WARM) {
        s->resident_kib = resident_kib();
    }
    return s->failed < 20;
}

static void each_is_refused_and_costs_its_worker_alone(void **state)
{
    (void)state;
    char spill[128];
    struct fh_err err = {0};
    struct suite s = {.file = rig_open(&rig, "/dev/null"),
                      .honest = rig_worker(&rig, FH_WORKER_QUERY, 1)};
    test_scratch_path(spill, sizeof spill, &rig.scratch, "liars");
    struct fh_workers_options options = {
        .program = FH_FRAMES_PROGRAM, .spill_root = spill, .workers_max = 2};
    assert_int_equal(fh_workers_new(&s.liars, fh_loop_uv(rig.loop), &options, &err), FH_OK);
    frames_visit(meet, &s);
    for (enum frame_state i = 0; i < FRAME_STATE_COUNT; i++) {
        print_message("%5u frames while %s\n", s.of_state[i], frame_state_text(i));
    }
    print_message(
        "%5u frames of hostile workers, %u not answered as they should be\n", s.cases, s.failed);
    /* Sanitizers keep what was freed for a while. */
    assert_true(TEST_SANITIZED || resident_kib() - s.resident_kib < GROWTH_KIB);
    assert_int_equal(s.failed, 0);
    assert_true(s.cases >= 500);
    rig_release(&rig, s.honest);
    close(s.file);
    fh_workers_quiesce(s.liars);
    for (int i = 0; i < 100 && !fh_workers_drained(s.liars); i++) {
        fh_loop_run_once(rig.loop, 20);
    }
    assert_true(fh_workers_drained(s.liars));
    fh_workers_free(s.liars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_refused_and_costs_its_worker_alone),
    };
    rig_up(&rig);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rig_down(&rig);
    return failed;
}
