/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small question that the loop asks its worker itself: where nothing has to be waited for before,
 * and the answer is mostly there within a millisecond. A pool thread in between would be woken
 * twice, once to ask and once to read, which takes longer than the question.
 *
 *   PARSE ─► watched ─► through the gate at once ───────────────────────► planned
 *               └─────► FH_QUERY_INLINE_MS over, or not small: a job ────────┘
 *   RUN ───► watched ─► answered at once (inline.c) ────────────────────► begun
 *               └─────► FH_QUERY_INLINE_MS over, or not small ──► begun: NEXT by NEXT
 */
#include "node/query/stream.h"

#include "common/time.h"

static void watch_no_more(struct fh_stream *stream)
{
    fh_worker_unwatch(stream->worker);
    stream->direct_until_ms = 0;
}

static void watch(struct fh_stream *stream)
{
    stream->job_code = FH_OK;
    stream->direct_until_ms = fh_clock_mono_ms() + FH_QUERY_INLINE_MS;
    fh_serve_look(stream->serve, stream->direct_until_ms);
}

/* ---- parsing ---- */

/* It takes longer, or is long: work for the pool. */
static void parse_on(struct fh_stream *stream)
{
    struct fh_err err;
    watch_no_more(stream);
    if (fh_stream_prepare_job(stream, &err) != FH_OK) {
        fh_stream_fail(stream, &err);
    }
}

static void look_for_tree(void *user)
{
    struct fh_stream *stream = user;
    enum fh_worker_soon soon = FH_WORKER_AT_HAND;
    if (stream->state != FH_STREAM_PREPARING) {
        return;
    }
    int rc =
        fh_worker_parsed_soon(stream->worker, FH_QUERY_INLINE_BYTES_MAX, &soon, &stream->job_err);
    if (rc == FH_OK && soon == FH_WORKER_LATER) {
        parse_on(stream);
    } else if (rc != FH_OK ||
               soon == FH_WORKER_AT_HAND) { /* a dead one is told by the same words */
        watch_no_more(stream);
        stream->job_code = fh_stream_parsed(stream);
        fh_stream_prepared(stream);
    }
}

bool fh_stream_direct_parse(struct fh_stream *stream, int *out_code, struct fh_err *err)
{
    if (stream->fresh || stream->judged || !fh_worker_listens(stream->worker)) {
        return false;
    }
    int rc = fh_worker_watch(stream->worker, look_for_tree, stream, err);
    if (rc == FH_OK) {
        rc = fh_worker_parse_ask(stream->worker, stream->sql, err);
    }
    if (rc == FH_OK) {
        stream->parse_asked = true;
        watch(stream);
    }
    *out_code = rc;
    return true;
}

/* ---- running ---- */

/* No thread waits for the worker any more: what follows is as behind a pool thread's job. */
static void go_on(struct fh_stream *stream)
{
    watch_no_more(stream);
    fh_stream_begun(stream);
}

static void look_for_rows(void *user)
{
    struct fh_stream *stream = user;
    if (stream->state == FH_STREAM_BEGINNING && fh_stream_inline(stream, 0)) {
        go_on(stream);
    }
}

void fh_stream_direct_watch(struct fh_stream *stream, int64_t now_ms)
{
    if (now_ms < stream->direct_until_ms) {
        fh_serve_look(stream->serve, stream->direct_until_ms);
    } else if (stream->state == FH_STREAM_PREPARING) {
        parse_on(stream);
    } else {
        go_on(stream);
    }
}

bool fh_stream_direct(struct fh_stream *stream, int *out_code, struct fh_err *err)
{
    const struct fh_source_set *sources = &stream->sources;
    bool direct = stream->kind == FH_STREAM_QUERY && stream->barrier == NULL &&
                  !fh_source_set_is_remote(sources) && fh_worker_listens(stream->worker) &&
                  fh_worker_has_tables(stream->worker,
                                       sources->tables,
                                       sources->table_count,
                                       sources->files,
                                       sources->file_count);
    if (!direct) {
        return false;
    }
    int rc = fh_worker_watch(stream->worker, look_for_rows, stream, err);
    if (rc == FH_OK) {
        rc = fh_stream_run(stream, stream->sql, err);
    }
    if (rc == FH_OK) {
        watch(stream);
    }
    *out_code = rc;
    return true;
}
