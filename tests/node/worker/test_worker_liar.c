/* SPDX-License-Identifier: Apache-2.0 */
/* Workers that break the protocol: each ends with an error here and with the process dead. */
#include "common/time.h"
#include "node/io/loop.h"
#include "node/query/workers.h"
#include "tests/lib/scratch.h"
#include "tests/node/worker/liar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text;
    bool up;
    const char *rule;
} lies[LIE_COUNT] = {
#define X(name, text, up, rule) [LIE_##name] = {(text), (up), (rule)},
    LIES(X)
#undef X
};

static int ask(struct fh_worker *worker, unsigned lie, struct fh_err *err)
{
    struct fh_worker_event event;
    int64_t deadline = fh_clock_mono_ms() + 700;
    int code = fh_worker_setup(worker, FH_WORKER_QUERY, 64, 1, deadline, err);
    if (!lies[lie].up) {
        return code;
    }
    if (code != FH_OK) {
        fail_msg("%s", err->text);
    }
    struct fh_channel_run run = {.sql = fh_bytes_cstr("SELECT 1"), .window = 2};
    run.rows_max = lie == LIE_TOO_MANY ? 3 : 0;
    code = fh_worker_run(worker, &run, fh_clock_mono_ms() + 300, err);
    while (code == FH_OK) {
        code = fh_worker_next(worker, &event, err);
        assert_false(code == FH_OK && event.kind == FH_WORKER_END);
    }
    return code;
}

static void lies_end_the_worker(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_loop *loop = NULL;
    struct fh_workers *workers = NULL;
    struct test_scratch scratch = test_scratch_make();
    struct fh_workers_options options = {
        .program = FH_LIAR_PROGRAM, .spill_root = scratch.path, .workers_max = 2};
    assert_int_equal(fh_loop_new(&loop, &err), FH_OK);
    assert_int_equal(fh_workers_new(&workers, fh_loop_uv(loop), &options, &err), FH_OK);
    for (unsigned lie = 1; lie < LIE_COUNT; lie++) {
        struct fh_worker *worker = NULL;
        err = (struct fh_err){0};
        assert_int_equal(fh_workers_spawn(workers, &worker, &err), FH_OK);
        int code = ask(worker, lie, &err);
        bool hangs = lie == LIE_SILENCE || lie == LIE_HANG;
        bool gone = lie == LIE_EXIT || lie == LIE_CUT;
        int expected = hangs                  ? FH_ETIMEOUT
                       : gone                 ? FH_EIO
                       : lie == LIE_BIG_ERROR ? FH_EINTERNAL // not believed, but an answer
                                              : FH_EPROTO;
        if (code != expected || strcmp(err.rule, lies[lie].rule) != 0 ||
            fh_worker_dead(worker) != (lie != LIE_BIG_ERROR)) {
            fail_msg("a worker that %s: %s [%s] %s",
                     lies[lie].text,
                     fh_code_name(code),
                     err.rule,
                     err.text);
        }
        fh_worker_release(worker);
        for (int i = 0; i < 100 && fh_workers_count(workers) > 0; i++) {
            fh_loop_run_once(loop, 20);
        }
        assert_int_equal(fh_workers_count(workers), 0);
    }
    for (int i = 0; i < 50 && !fh_workers_drained(workers); i++) {
        fh_loop_run_once(loop, 20);
    }
    assert_true(fh_workers_drained(workers));
    fh_workers_free(workers);
    fh_loop_free(loop);
    test_scratch_remove(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lies_end_the_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
