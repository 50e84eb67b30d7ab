/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns: few questions of one key at work, some more in a queue, the others refused.
 *
 * Streams wait in the order in which they came, in the list of all. A turn comes when another
 * stream of the key ends or a worker is given back, and is waited for FH_QUERY_QUEUE_MS at most.
 */
#include "node/query/stream.h"

#include "common/time.h"
#include "proto/settings/settings.h"

struct load {
    unsigned at_work; /* plans and queries of all keys */
    unsigned of_key;  /* at work for this asker: plans and queries, or scans */
    unsigned queued;  /* for this asker, before the stream itself */
};

static struct load load_before(const struct fh_stream *stream)
{
    struct load load = {0};
    bool before = true;
    bool scan = stream->kind == FH_STREAM_SCAN;
    FH_LIST_FOREACH (link, &stream->serve->streams) {
        const struct fh_stream *other = FH_LIST_ENTRY(link, struct fh_stream, link);
        bool other_scan = other->kind == FH_STREAM_SCAN;
        bool same = other_scan == scan && fh_key_id_equal(&other->asker, &stream->asker);
        before = before && other != stream;
        if (other->state == FH_STREAM_QUEUED) {
            load.queued += same && before;
        } else if (other->state != FH_STREAM_OVER) {
            load.of_key += same;
            load.at_work += !other_scan;
        }
    }
    return load;
}

/* Scans need no turn but a worker: the query that waits for them had its turn at its entry. */
static bool is_its_turn(const struct fh_stream *stream)
{
    const struct fh_settings *settings = stream->serve->options.settings;
    uint64_t workers = settings->workers_max;
    uint64_t most = workers > FH_WORKERS_FOR_SCANS ? workers - FH_WORKERS_FOR_SCANS : 1;
    struct load load = load_before(stream);
    return stream->kind == FH_STREAM_SCAN ||
           (load.queued == 0 && load.at_work < most && load.of_key < settings->queries_per_key_max);
}

void fh_turns_next(struct fh_serve *serve)
{
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        if (stream->state == FH_STREAM_QUEUED && is_its_turn(stream)) {
            fh_stream_prepare(stream); /* ends this one at most, and frees no other */
        } else if (stream->state == FH_STREAM_SHORT) {
            fh_stream_begin(stream);
        }
    }
}

void fh_turns_enqueue(struct fh_stream *stream)
{
    struct load load = load_before(stream);
    if (load.queued >= FH_QUERY_QUEUED_PER_KEY_MAX) {
        struct fh_err err;
        fh_err_rule(&err,
                    FH_EBUSY,
                    "limit.queries",
                    "%u questions of your key run here and %u wait, which is the most for one key",
                    load.of_key,
                    load.queued);
        fh_stream_fail(stream, &err);
        return;
    }
    stream->deadline_ms = fh_clock_mono_ms() + FH_QUERY_QUEUE_MS;
    fh_turns_next(stream->serve);
}

void fh_turns_give_up(struct fh_stream *stream)
{
    const struct fh_settings *settings = stream->serve->options.settings;
    struct fh_err err;
    if (is_its_turn(stream)) {
        fh_err_rule(&err,
                    FH_EBUSY,
                    "limit.workers",
                    "all %llu workers of this node are busy; try again in a moment",
                    (unsigned long long)settings->workers_max);
    } else {
        fh_err_rule(&err,
                    FH_EBUSY,
                    "limit.queries",
                    "the question waited %d s for its turn; at most %llu of one key run at once",
                    FH_QUERY_QUEUE_MS / 1000,
                    (unsigned long long)settings->queries_per_key_max);
    }
    fh_stream_fail(stream, &err);
}
