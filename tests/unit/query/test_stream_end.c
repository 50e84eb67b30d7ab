/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream that the loop ends while a pool thread works for it, at each point where the two can
 * meet: what the thread does next sends no row. The thread is this test's own, and whoever it calls
 * ends the stream in its midst.
 */
#include "common/mem.h"
#include "node/io/pool.h"
#include "node/query/stream.h"
#include "proto/settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

/* When the right is taken away. */
enum moment { NEVER, IN_TABLES, IN_RUN, IN_SOON, IN_NEXT };

static struct world {
    enum moment ends;
    bool whole; /* the answer ends with its first batch */
    unsigned events;
    struct fh_settings settings;
    struct fh_serve serve;
    struct fh_verdict verdict;
    struct fh_stream *stream;
    fh_job_fn *work;

    bool runs; /* its worker has a query */
    unsigned asked;
    unsigned cancelled;
    unsigned answered;
} w;

static void now(enum moment moment)
{
    struct fh_err err;
    if (w.ends == moment) {
        fh_err_rule(&err, FH_EDENIED, "access.none", "you may not read this any more");
        fh_stream_end(w.stream, &err);
    }
}

/* ---- what a stream calls ---- */

int __wrap_fh_pool_submit(
    struct fh_loop *loop, fh_job_fn *work, fh_job_fn *done, void *user, struct fh_err *err);
int __wrap_fh_pool_submit(
    struct fh_loop *loop, fh_job_fn *work, fh_job_fn *done, void *user, struct fh_err *err)
{
    (void)loop;
    (void)done;
    (void)err;
    assert_ptr_equal(user, w.stream);
    w.work = work;
    return FH_OK;
}

bool __wrap_fh_worker_listens(const struct fh_worker *worker);
bool __wrap_fh_worker_listens(const struct fh_worker *worker)
{
    (void)worker;
    return false; /* so it is work for the pool */
}

int __wrap_fh_worker_tables(struct fh_worker *worker,
                            const struct fh_table *tables,
                            uint32_t table_count,
                            const int *files,
                            uint32_t file_count,
                            int64_t deadline_ms,
                            struct fh_err *err);
int __wrap_fh_worker_tables(struct fh_worker *worker,
                            const struct fh_table *tables,
                            uint32_t table_count,
                            const int *files,
                            uint32_t file_count,
                            int64_t deadline_ms,
                            struct fh_err *err)
{
    (void)worker;
    (void)tables;
    (void)table_count;
    (void)files;
    (void)file_count;
    (void)deadline_ms;
    (void)err;
    now(IN_TABLES);
    return FH_OK;
}

int __wrap_fh_worker_run(struct fh_worker *worker,
                         const struct fh_channel_run *run,
                         int64_t deadline_ms,
                         struct fh_err *err);
int __wrap_fh_worker_run(struct fh_worker *worker,
                         const struct fh_channel_run *run,
                         int64_t deadline_ms,
                         struct fh_err *err)
{
    (void)worker;
    (void)run;
    (void)deadline_ms;
    (void)err;
    now(IN_RUN);
    w.runs = true;
    w.asked++;
    return FH_OK;
}

/* As the true one, it finds nothing to cancel before there is a query. */
void __wrap_fh_worker_cancel(struct fh_worker *worker);
void __wrap_fh_worker_cancel(struct fh_worker *worker)
{
    (void)worker;
    w.cancelled += w.runs;
}

int __wrap_fh_worker_soon(struct fh_worker *worker,
                          int64_t until_ms,
                          size_t bytes_max,
                          enum fh_worker_soon *out,
                          struct fh_err *err);
int __wrap_fh_worker_soon(struct fh_worker *worker,
                          int64_t until_ms,
                          size_t bytes_max,
                          enum fh_worker_soon *out,
                          struct fh_err *err)
{
    (void)worker;
    (void)until_ms;
    (void)bytes_max;
    (void)err;
    now(IN_SOON);
    *out = w.events == 0 || w.whole ? FH_WORKER_AT_HAND : FH_WORKER_NOT_YET;
    return FH_OK;
}

/* One batch and the end, which came before the worker heard of anything. */
int __wrap_fh_worker_next(struct fh_worker *worker,
                          struct fh_worker_event *out,
                          struct fh_err *err);
int __wrap_fh_worker_next(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    (void)worker;
    (void)err;
    now(IN_NEXT);
    *out = (struct fh_worker_event){.kind = w.events == 0 ? FH_WORKER_BATCH : FH_WORKER_END,
                                    .batch = fh_bytes_cstr("rows"),
                                    .rows = w.events == 0 ? 3 : 0};
    w.events++;
    return FH_OK;
}

void __wrap_fh_worker_credit(struct fh_worker *worker, uint32_t batches);
void __wrap_fh_worker_credit(struct fh_worker *worker, uint32_t batches)
{
    (void)worker;
    (void)batches;
}

int __wrap_fh_stream_receipt_payload(const struct fh_stream *stream,
                                     unsigned outcome,
                                     struct fh_buf *out,
                                     struct fh_record_id *out_id,
                                     struct fh_err *err);
int __wrap_fh_stream_receipt_payload(const struct fh_stream *stream,
                                     unsigned outcome,
                                     struct fh_buf *out,
                                     struct fh_record_id *out_id,
                                     struct fh_err *err)
{
    (void)stream;
    (void)outcome;
    (void)out;
    (void)err;
    *out_id = (struct fh_record_id){{0}};
    return FH_OK;
}

void __wrap_fh_stream_account(struct fh_stream *stream,
                              const struct fh_err *failure,
                              const struct fh_record_id *receipt);
void __wrap_fh_stream_account(struct fh_stream *stream,
                              const struct fh_err *failure,
                              const struct fh_record_id *receipt)
{
    (void)stream;
    (void)failure;
    (void)receipt;
}

void __wrap_fh_stream_answer_signed(struct fh_stream *stream,
                                    struct fh_question *question,
                                    struct fh_unsigned_answer *answer);
void __wrap_fh_stream_answer_signed(struct fh_stream *stream,
                                    struct fh_question *question,
                                    struct fh_unsigned_answer *answer)
{
    (void)stream;
    (void)question;
    (void)answer;
    w.answered++;
}

void __wrap_fh_answer_behind(struct fh_audit_ticket *ticket,
                             struct fh_question *question,
                             struct fh_buf *out);
void __wrap_fh_answer_behind(struct fh_audit_ticket *ticket,
                             struct fh_question *question,
                             struct fh_buf *out)
{
    (void)ticket;
    (void)question;
    (void)out;
    w.answered++;
}

bool __wrap_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES]);
bool __wrap_fh_question_answer_tagged(struct fh_question *question,
                                      struct fh_bytes head,
                                      struct fh_bytes body,
                                      uint8_t out_tag[FH_AEAD_TAG_BYTES])
{
    (void)question;
    (void)head;
    (void)body;
    memset(out_tag, 0, FH_AEAD_TAG_BYTES);
    w.answered++;
    return true;
}

/* ---- the tests ---- */

static void begin(enum moment ends, bool whole)
{
    static uint8_t worker, question; /* never looked into */
    memset(&w, 0, sizeof w);
    w.ends = ends;
    w.whole = whole;
    w.serve.options.settings = &w.settings;
    w.stream = fh_calloc(1, sizeof *w.stream);
    assert_non_null(w.stream);
    w.stream->serve = &w.serve;
    w.stream->kind = FH_STREAM_QUERY;
    w.stream->state = FH_STREAM_PREPARING;
    w.stream->verdict = &w.verdict;
    w.stream->worker = (void *)&worker;
    w.stream->opening = (void *)&question;
    w.stream->sql = fh_bytes_cstr("SELECT 1");
    fh_list_init(&w.stream->remotes);
    fh_tally_init(&w.stream->tally, false);
    fh_source_set_init(&w.stream->sources);
    w.stream->sources.table_count = 1;
    w.stream->sources.tables[0].format = FH_SOURCE_CSV;
}

static void end(void)
{
    fh_free(FH_TAKE(w.stream));
}

static const struct {
    const char *name;
    enum moment ends;
    bool answered;
    unsigned asked;
    unsigned cancelled;
} rows[] = {
    {"never", NEVER, true, 1, 0},
    {"while its tables are added", IN_TABLES, false, 0, 0},
    {"between a look and RUN", IN_RUN, false, 1, 1},
    {"before the first batch is there", IN_SOON, false, 1, 1},
    {"while the first batch is read", IN_NEXT, false, 1, 1},
};

static void what_was_ended_is_not_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        for (int whole = 0; whole < 2; whole++) {
            begin(rows[i].ends, whole != 0);
            fh_stream_begin(w.stream);
            assert_non_null(w.work);
            w.work(w.stream);
            bool right = w.answered == (rows[i].answered ? 1 : 0) && w.asked == rows[i].asked &&
                         w.cancelled == rows[i].cancelled &&
                         (w.stream->opening == NULL) == rows[i].answered &&
                         fh_tally_read(&w.stream->tally).rows == (rows[i].answered ? 3 : 0);
            if (!right) {
                fail_msg("ended %s: %u answers, RUN %u times, cancelled %u times, %llu rows",
                         rows[i].name,
                         w.answered,
                         w.asked,
                         w.cancelled,
                         (unsigned long long)fh_tally_read(&w.stream->tally).rows);
            }
            assert_int_equal(w.stream->state == FH_STREAM_OVER, rows[i].ends != NEVER);
            end();
        }
    }
}

/* A batch that was on its way when the worker was cancelled. */
static void nor_is_a_next(void **state)
{
    (void)state;
    static uint8_t next;
    for (int ends = 0; ends < 2; ends++) {
        begin(ends != 0 ? IN_NEXT : NEVER, false);
        w.stream->state = FH_STREAM_RUNNING;
        w.stream->opening = NULL;
        w.stream->waiting[0] = (void *)&next;
        w.runs = true;
        fh_stream_pump(w.stream);
        assert_non_null(w.work);
        w.work(w.stream);
        assert_int_equal(w.answered, ends != 0 ? 0 : 1);
        assert_int_equal(w.cancelled, ends);
        assert_int_equal(fh_tally_read(&w.stream->tally).rows, ends != 0 ? 0 : 3);
        assert_int_equal(w.stream->serving == NULL, ends == 0);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_ended_is_not_answered),
        cmocka_unit_test(nor_is_a_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
