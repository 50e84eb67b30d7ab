/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watch over streams: ends what nobody waits for any more, what is not fetched, and what took
 * its time; has what runs judged again, and looks whose turn it is.
 */
#include "node/query/stream.h"

#include "common/time.h"
#include "node/io/loop.h"

enum { WATCH_MS = 500 };

/* Whoever asked has hung up: nobody waits for the turn or the next batch. Who asks for a query is
 * at one connection until it has the answer; a node that joins drops one that is idle, and asks on.
 */
static bool is_abandoned(const struct fh_stream *stream)
{
    if (stream->kind != FH_STREAM_SCAN && !fh_hearer_stands(&stream->hearer)) {
        return true;
    }
    if (stream->state == FH_STREAM_QUEUED) {
        return stream->opening != NULL && !fh_question_is_heard(stream->opening);
    }
    for (size_t i = 0; stream->state == FH_STREAM_RUNNING && i < FH_STREAM_WAITING; i++) {
        if (stream->waiting[i] != NULL) {
            return !fh_question_is_heard(stream->waiting[i]);
        }
    }
    return false;
}

void fh_serve_watch(void *user)
{
    struct fh_serve *serve = user;
    int64_t now = fh_clock_mono_ms();
    serve->watch_ms = INT64_MAX;
    fh_serve_sign(serve, now);
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        struct fh_err err;
        fh_turns_watch(stream, now);
        if (stream->state == FH_STREAM_OVER) {
            fh_stream_settle(stream);
        } else if (is_abandoned(stream)) {
            fh_err_rule(
                &err, FH_ECANCELLED, "stream.abandoned", "whoever asked is not there any more");
            fh_stream_end(stream, &err);
        } else if (stream->state == FH_STREAM_QUEUED) {
            if (now > stream->deadline_ms) {
                fh_turns_give_up(stream);
            }
        } else if (stream->direct_until_ms != 0) {
            fh_stream_direct_watch(stream, now);
        } else if (!stream->job_running && now > stream->deadline_ms) {
            fh_err_rule(&err,
                        FH_ETIMEOUT,
                        "query.deadline",
                        "the query was not done by its deadline and was ended; ask for less");
            fh_stream_end(stream, &err);
        } else if (stream->state == FH_STREAM_RUNNING && !stream->job_running &&
                   now - stream->touched_ms > FH_STREAM_STALL_MS) {
            fh_err_rule(&err, FH_ETIMEOUT, "stream.stalled", "the answer was not fetched in time");
            fh_stream_end(stream, &err);
        }
    }
    if (now - serve->judged_ms >= WATCH_MS) {
        fh_serve_rejudge(serve);
    }
    fh_budget_flush(serve->budget, now, false);
    fh_serve_look(serve, serve->judged_ms + WATCH_MS);
    fh_turns_next(serve); /* may set the timer to now */
}

void fh_serve_look(struct fh_serve *serve, int64_t at_ms)
{
    if (at_ms < serve->watch_ms) {
        serve->watch_ms = at_ms;
        fh_timer_set(serve->watch, at_ms);
    }
}
