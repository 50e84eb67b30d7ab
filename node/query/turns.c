/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/turns.h"

#include "common/assert.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/query/stream.h"
#include "proto/settings/settings.h"

enum {
    COLD_MS = 20,        /* worth waiting for the session's worker, instead of starting one more */
    COLD_MOST_MS = 250,  /* then others with a worker do not go before any more */
    DEFER_MS = 2000,     /* a slow one leaves quick ones their workers so long: of its 8 s */
    LOOK_AGAIN_MS = 25,  /* when every worker is in use but some soon are not */
    LOOK_ROUND_MS = 100, /* while somebody waits: has one who holds a worker hung up? */
    SEEN_MS = 250,       /* until then nothing is read of what delays a worker: most are over */
    APART_MS = 1000,     /* after a quick question slow ones keep to their processors so long */
    RETRY_LEAST_MS = 100,
    RETRY_MOST_MS = 10000,
};

static enum fh_turn_class class_of(const struct fh_stream *stream)
{
    return (stream->request.flags & FH_QUERY_STREAM) != 0 ? FH_TURN_STREAM : FH_TURN_INTERACTIVE;
}

static unsigned per_key(const struct fh_serve *serve, enum fh_turn_class class)
{
    uint64_t most = serve->options.settings->queries_per_key_max;
    return class == FH_TURN_INTERACTIVE || most < FH_QUERY_STREAMS_PER_KEY_MAX
               ? (unsigned)most
               : FH_QUERY_STREAMS_PER_KEY_MAX;
}

/* ---- keys ---- */

void fh_turns_enter(struct fh_stream *stream)
{
    struct fh_turns *turns = &stream->serve->turns;
    struct fh_turn_key *found = NULL;
    for (size_t i = 0; i < FH_STREAMS_MAX; i++) {
        struct fh_turn_key *key = &turns->keys[i];
        if (key->known && fh_key_id_equal(&key->key, &stream->asker)) {
            found = key;
            break;
        }
        bool better = key->streams == 0 && (found == NULL || key->turn < found->turn);
        found = better ? key : found;
    }
    FH_ASSERT(found != NULL); /* there are not more streams than entries */
    if (!found->known || !fh_key_id_equal(&found->key, &stream->asker)) {
        *found = (struct fh_turn_key){.key = stream->asker, .known = true};
    }
    found->streams++;
    found->asked_ms = fh_clock_mono_ms();
    stream->turn_key = found;
}

void fh_turns_leave(struct fh_stream *stream)
{
    FH_ASSERT(stream->turn_key->streams > 0);
    stream->turn_key->streams--;
}

static bool is_heavy(const struct fh_stream *stream, int64_t now_ms)
{
    return class_of(stream) == FH_TURN_STREAM || stream->turn_key->heavy_until_ms > now_ms;
}

static bool is_slow(const struct fh_stream *stream, int64_t now_ms)
{
    return is_heavy(stream, now_ms) || stream->turn_key->holds_until_ms > now_ms;
}

static bool is_quick_key(const struct fh_turn_key *key, int64_t now_ms)
{
    return key->heavy_until_ms <= now_ms && key->holds_until_ms <= now_ms &&
           key->quick_until_ms > now_ms;
}

static bool is_quick(const struct fh_stream *stream, int64_t now_ms)
{
    return class_of(stream) != FH_TURN_STREAM && is_quick_key(stream->turn_key, now_ms);
}

static unsigned running(const struct fh_stream *stream)
{
    return stream->turn_key->running[FH_TURN_INTERACTIVE] +
           stream->turn_key->running[FH_TURN_STREAM];
}

/* Whether it needs no start of a process. */
static bool is_warm(const struct fh_stream *stream)
{
    return fh_crew_has_idle(stream->serve->options.crew,
                            stream->session,
                            stream->kind == FH_STREAM_SCAN ? FH_WORKER_SCAN : FH_WORKER_QUERY);
}

static uint64_t most_at_work(const struct fh_serve *serve)
{
    uint64_t workers = serve->options.settings->workers_max;
    return workers > FH_WORKERS_FOR_SCANS ? workers - FH_WORKERS_FOR_SCANS : 1;
}

/* Whether its key, and all that are as slow or as unknown, leave it a place among `most`. */
static bool has_place(const struct fh_stream *stream, uint64_t most, int64_t now_ms)
{
    const struct fh_serve *serve = stream->serve;
    uint64_t kept = most > 2 * FH_WORKERS_FOR_QUICK ? FH_WORKERS_FOR_QUICK : most > 1;
    enum fh_turn_class class = class_of(stream);
    unsigned plans = stream->kind == FH_STREAM_PLAN;
    return stream->turn_key->running[class] < per_key(serve, class) + plans &&
           (is_quick(stream, now_ms) || serve->turns.unknown < most - (most > 1)) &&
           (!is_slow(stream, now_ms) || serve->turns.slow < most - kept);
}

static void count_running(struct fh_serve *serve, int64_t now_ms)
{
    struct fh_turns *turns = &serve->turns;
    FH_LIST_FOREACH (link, &serve->streams) {
        const struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        bool counts = stream->kind != FH_STREAM_SCAN && stream->state != FH_STREAM_OVER;
        if (counts && stream->state == FH_STREAM_QUEUED) {
            stream->turn_key->queued[class_of(stream)]++;
            turns->waiting++;
        } else if (counts) {
            stream->turn_key->running[class_of(stream)]++;
            turns->at_work++;
            turns->slow += is_slow(stream, now_ms);
            turns->unknown += !is_quick(stream, now_ms);
        }
    }
}

/* Since when somebody waits who may not run beside others, as its session has no worker or it is
 * not quick, and who lacks nothing else. */
static int64_t find_cold(const struct fh_serve *serve, int64_t now_ms)
{
    int64_t since_ms = INT64_MAX;
    FH_LIST_FOREACH (link, &serve->streams) {
        const struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        bool waits = stream->kind != FH_STREAM_SCAN && stream->state == FH_STREAM_QUEUED &&
                     stream->checked && stream->queued_ms < since_ms;
        if (waits && running(stream) == 0 && !(is_warm(stream) && is_quick(stream, now_ms)) &&
            has_place(stream, most_at_work(serve), now_ms)) {
            since_ms = stream->queued_ms;
        }
    }
    return since_ms;
}

static void count(struct fh_serve *serve, int64_t now_ms)
{
    struct fh_turns *turns = &serve->turns;
    turns->at_work = 0;
    turns->slow = 0;
    turns->unknown = 0;
    turns->waiting = 0;
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_turn_key *key = FH_LIST_ENTRY(link, struct fh_stream, link)->turn_key;
        for (unsigned i = 0; i < FH_TURN_CLASSES; i++) {
            key->running[i] = 0;
            key->queued[i] = 0;
        }
    }
    count_running(serve, now_ms);
    turns->cold_since_ms = turns->waiting == 0 ? INT64_MAX : find_cold(serve, now_ms);
}

/* ---- whose turn ---- */

/* Whether it may begin, as far as counts go. Scans need no turn but a worker: the query that waits
 * for them had its turn at its entry. */
static bool may_begin(const struct fh_stream *stream, int64_t now_ms)
{
    const struct fh_serve *serve = stream->serve;
    if (stream->kind == FH_STREAM_SCAN) {
        return true;
    }
    /* Who needs nothing to be started, and is done in a moment, does not wait for those who do: but
     * not again and again before somebody who waits for a start, or is slow. A program that has not
     * read its answers to the end may wait for its next one's plan. */
    bool quick = is_quick(stream, now_ms);
    bool cold = quick && serve->turns.cold_since_ms != INT64_MAX &&
                now_ms - serve->turns.cold_since_ms >= COLD_MOST_MS;
    bool beside = !cold && (stream->kind == FH_STREAM_PLAN || (quick && is_warm(stream)));
    uint64_t most = most_at_work(serve) + beside;
    return serve->turns.at_work < most && has_place(stream, most, now_ms);
}

/* What is waited for in order: of one key no two workers for questions that are over in a moment.
 */
static bool is_too_soon(const struct fh_stream *stream, int64_t now_ms)
{
    return stream->kind != FH_STREAM_SCAN && running(stream) > 0 &&
           now_ms - stream->queued_ms < COLD_MS && !is_warm(stream);
}

/* Whether `stream`, which came later, goes before `other`. */
static bool
goes_before(const struct fh_stream *stream, const struct fh_stream *other, int64_t now_ms)
{
    if (stream->turn_key == other->turn_key) {
        return false;
    }
    bool warm = is_warm(stream);
    if (warm != is_warm(other) && now_ms - (warm ? other : stream)->queued_ms < COLD_MOST_MS) {
        return warm;
    }
    return running(stream) != running(other) ? running(stream) < running(other)
                                             : stream->turn_key->turn < other->turn_key->turn;
}

/* Who begins next; `out_waiting`: somebody could, and does not yet. */
static struct fh_stream *choose(struct fh_serve *serve, int64_t now_ms, bool *out_waiting)
{
    struct fh_stream *best = NULL;
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        if (stream->state != FH_STREAM_QUEUED || !stream->checked || stream->passed ||
            !may_begin(stream, now_ms)) {
            continue;
        }
        if (is_too_soon(stream, now_ms)) {
            *out_waiting = true;
        } else if (best == NULL || goes_before(stream, best, now_ms)) {
            best = stream;
        }
    }
    return best;
}

/* Whether a question takes long while a key of quick ones asks. */
static bool is_contended(const struct fh_serve *serve, int64_t now_ms)
{
    const struct fh_turn_key *slow = NULL;
    FH_LIST_FOREACH (link, &serve->streams) {
        const struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        bool runs = stream->state == FH_STREAM_RUNNING && stream->worker != NULL;
        slow = runs && fh_worker_takes_long(stream->worker) ? stream->turn_key : slow;
    }
    for (size_t i = 0; slow != NULL && i < FH_STREAMS_MAX; i++) {
        const struct fh_turn_key *key = &serve->turns.keys[i];
        if (key->known && key != slow && now_ms - key->asked_ms < APART_MS &&
            is_quick_key(key, now_ms)) {
            return true;
        }
    }
    return false;
}

static void part(struct fh_serve *serve, int64_t now_ms)
{
    if (is_contended(serve, now_ms)) {
        serve->turns.apart_until_ms = now_ms + APART_MS;
    }
    fh_crew_split(serve->options.crew, serve->turns.apart_until_ms > now_ms);
}

void fh_turns_next(struct fh_serve *serve)
{
    int64_t now_ms = fh_clock_mono_ms();
    bool waiting = false;
    part(serve, now_ms);
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        stream->passed = false;
        if (stream->state == FH_STREAM_SHORT) {
            fh_stream_begin(stream); /* ends this one at most, and frees no other */
        }
    }
    for (;;) {
        count(serve, now_ms);
        struct fh_stream *stream = choose(serve, now_ms, &waiting);
        if (stream == NULL) {
            break;
        }
        struct fh_turn_key *key = stream->turn_key;
        if (fh_stream_prepare(stream)) { /* may have ended it already */
            key->turn = ++serve->turns.turn;
        } else {
            stream->passed = true;
            waiting = true;
        }
    }
    if (waiting || serve->turns.waiting > 0) {
        fh_serve_look(serve, now_ms + (waiting ? LOOK_AGAIN_MS : LOOK_ROUND_MS));
    }
}

/* ---- how long things take ---- */

void fh_turns_begin(struct fh_stream *stream)
{
    stream->cpu_ms = fh_worker_cpu_ms(stream->worker);
    bool contended = stream->serve->turns.at_work > 1;
    if (stream->kind != FH_STREAM_SCAN && contended && is_heavy(stream, fh_clock_mono_ms())) {
        fh_worker_yield(stream->worker);
    }
}

void fh_turns_second(struct fh_stream *stream, struct fh_worker *second)
{
    stream->cpu_ms += fh_worker_cpu_ms(second);
    stream->seen_ms = 0;
    if (fh_worker_yields(stream->worker)) {
        fh_worker_yield(second);
    }
}

bool fh_turns_defers(const struct fh_stream *stream)
{
    int64_t now_ms = fh_clock_mono_ms();
    return is_heavy(stream, now_ms) && now_ms - stream->queued_ms < DEFER_MS;
}

bool fh_turns_spoilt(const struct fh_stream *stream, const struct fh_worker *worker)
{
    return worker != NULL && fh_worker_yields(worker) && !is_heavy(stream, fh_clock_mono_ms());
}

/* The worker that scans masked tables for it; NULL: there is none. */
static struct fh_worker *second_of(const struct fh_stream *stream)
{
    return stream->barrier == NULL ? NULL : fh_barrier_worker(stream->barrier);
}

static int64_t delayed_ms(const struct fh_stream *stream)
{
    struct fh_worker *second = second_of(stream);
    return fh_worker_delayed_ms(stream->worker) +
           (second == NULL ? 0 : fh_worker_delayed_ms(second));
}

/* Whether the question has held its worker long, and others did not keep the processor from it. */
static bool holds(struct fh_stream *stream, int64_t now_ms)
{
    bool starts = stream->state == FH_STREAM_PREPARING && stream->fresh;
    if (starts || now_ms - stream->begun_ms < SEEN_MS) {
        return false;
    }
    if (stream->seen_ms == 0) {
        stream->seen_ms = now_ms;
        stream->delay_ms = delayed_ms(stream);
    }
    int64_t held_ms = now_ms - stream->seen_ms;
    return held_ms >= FH_QUERY_HOLD_MS &&
           held_ms - (delayed_ms(stream) - stream->delay_ms) >= FH_QUERY_HOLD_MS;
}

void fh_turns_watch(struct fh_stream *stream, int64_t now_ms)
{
    bool at_work = stream->state != FH_STREAM_QUEUED && stream->state != FH_STREAM_SHORT &&
                   stream->state != FH_STREAM_OVER;
    if (!at_work || stream->kind == FH_STREAM_SCAN || stream->worker == NULL) {
        return;
    }
    /* By the processor's time: on a machine that is busy with other things all take long. */
    struct fh_worker *second = second_of(stream);
    int64_t cpu_ms = fh_worker_cpu_ms(stream->worker);
    cpu_ms += second == NULL ? 0 : fh_worker_cpu_ms(second);
    bool heavy = cpu_ms - stream->cpu_ms >= FH_QUERY_SLOW_MS;
    if (holds(stream, now_ms)) {
        stream->held_long = true;
        stream->turn_key->holds_until_ms = now_ms + FH_QUERY_SLOW_KEY_MS;
    }
    if (heavy) {
        stream->turn_key->heavy_until_ms = now_ms + FH_QUERY_SLOW_KEY_MS;
        fh_worker_yield(stream->worker);
    }
    if (heavy && second != NULL) {
        fh_worker_yield(second);
    }
}

void fh_turns_ended(struct fh_stream *stream)
{
    if (stream->begun_ms > 0 && stream->kind == FH_STREAM_QUERY) {
        struct fh_turn_key *key = stream->turn_key;
        int64_t now_ms = fh_clock_mono_ms();
        int64_t took_ms = now_ms - stream->begun_ms;
        key->typical_ms += (took_ms - key->typical_ms) / 4;
        if (stream->failure.code == FH_OK && !stream->held_long) {
            key->quick_until_ms = now_ms + FH_QUERY_SLOW_KEY_MS;
        }
    }
}

/* When some of what is before this one will be done. */
static int64_t retry_after(const struct fh_stream *stream)
{
    const struct fh_turn_key *key = stream->turn_key;
    int64_t after_ms = key->typical_ms * (1 + running(stream));
    return after_ms < RETRY_LEAST_MS  ? RETRY_LEAST_MS
           : after_ms > RETRY_MOST_MS ? RETRY_MOST_MS
                                      : after_ms;
}

/* ---- in and out ---- */

static void refuse_queue(struct fh_stream *stream, enum fh_turn_class class)
{
    static const char *const names[] = {"questions", "streams"};
    struct fh_err err;
    fh_err_rule(&err,
                FH_EBUSY,
                class == FH_TURN_STREAM ? "limit.streams_per_key" : "limit.queries",
                "%u %s of your key run here and %u wait, which is the most for one key; the "
                "operator of this node bounds it (limits.queries_per_key)",
                stream->turn_key->running[class],
                names[class],
                stream->turn_key->queued[class] - 1);
    fh_err_retry(&err, retry_after(stream));
    fh_stream_fail(stream, &err);
}

void fh_turns_enqueue(struct fh_stream *stream)
{
    enum fh_turn_class class = class_of(stream);
    stream->checked = true;
    stream->queued_ms = fh_clock_mono_ms();
    count(stream->serve, fh_clock_mono_ms());
    if (stream->kind != FH_STREAM_SCAN &&
        stream->turn_key->queued[class] > FH_QUERY_QUEUED_PER_KEY_MAX) {
        refuse_queue(stream, class);
        return;
    }
    stream->deadline_ms = fh_clock_mono_ms() + FH_QUERY_QUEUE_MS;
    fh_turns_next(stream->serve);
}

void fh_turns_give_up(struct fh_stream *stream)
{
    struct fh_serve *serve = stream->serve;
    const struct fh_settings *settings = serve->options.settings;
    enum fh_turn_class class = class_of(stream);
    struct fh_err err;
    count(serve, fh_clock_mono_ms());
    if (stream->kind == FH_STREAM_SCAN ||
        stream->turn_key->running[class] < per_key(serve, class)) {
        fh_err_rule(
            &err,
            FH_EBUSY,
            "limit.workers",
            "all %llu workers of this node are busy with questions of others or long ones; its "
            "operator bounds them (limits.workers)",
            (unsigned long long)settings->workers_max);
    } else {
        fh_err_rule(&err,
                    FH_EBUSY,
                    "limit.queries",
                    "the question waited %d s for its turn; at most %u of one key run at once, as "
                    "the operator of this node has it (limits.queries_per_key)",
                    FH_QUERY_QUEUE_MS / 1000,
                    per_key(serve, class));
    }
    fh_err_retry(&err, retry_after(stream));
    fh_stream_fail(stream, &err);
}
