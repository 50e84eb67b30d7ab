/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small question that the loop asks its worker itself: nothing has to be waited for before RUN,
 * and the answer is mostly there within a millisecond. A pool thread in between would be woken
 * twice, once to ask and once to read, which takes longer than the question.
 *
 *   RUN is sent ──► watched ──► answered at once (inline.c) ──────────► begun
 *                      └─────► FH_QUERY_INLINE_MS over, or not small ──► begun: NEXT by NEXT
 */
#include "node/query/stream.h"

#include "common/time.h"

/* No thread waits for the worker any more: what follows is as behind a pool thread's job. */
static void go_on(struct fh_stream *stream)
{
    fh_worker_unwatch(stream->worker);
    stream->direct_until_ms = 0;
    fh_stream_begun(stream);
}

static void look(void *user)
{
    struct fh_stream *stream = user;
    if (stream->state == FH_STREAM_BEGINNING && fh_stream_inline(stream, 0)) {
        go_on(stream);
    }
}

void fh_stream_direct_watch(struct fh_stream *stream, int64_t now_ms)
{
    if (now_ms >= stream->direct_until_ms) {
        go_on(stream);
    } else {
        fh_serve_look(stream->serve, stream->direct_until_ms);
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
    int rc = fh_worker_watch(stream->worker, look, stream, err);
    if (rc == FH_OK) {
        rc = fh_stream_run(stream, stream->sql, err);
    }
    if (rc == FH_OK) {
        stream->job_code = FH_OK;
        stream->direct_until_ms = fh_clock_mono_ms() + FH_QUERY_INLINE_MS;
        fh_serve_look(stream->serve, stream->direct_until_ms);
    }
    *out_code = rc;
    return true;
}
