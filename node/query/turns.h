/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns: whose question begins next. For serve.c and its stream files alone.
 *
 *  * Of one key a few run and a few more wait; what is beyond is refused, and told when to come
 *    back. Questions for people (interactive) and for programs that fetch much (streams) are
 *    counted apart. A plan, which is short, may run beside all that are in use.
 *  * Turns go round: the key that runs least is next, then the one whose last turn is longest ago.
 *  * A key whose question used FH_QUERY_SLOW_MS of the processor, or held a worker for
 *    FH_QUERY_HOLD_MS, is slow for a while. What a worker waits for, with the processor given to
 *    others, is not the question's doing, and its start is not either: neither counts.
 *  * Slow keys and streams together leave some workers free, so that who asks quick questions does
 *    not wait for them; one more is for keys that had quick answers lately, as newcomers may turn
 *    out slow. Of those one whose session has its worker idle may run beside all that others may
 *    have: it waits for nothing that they start, until one of them has waited for a quarter of a
 *    second.
 *  * Workers of slow ones yield the processor (fh_worker_yield), those that start or have worked
 *    for a moment interrupt nobody (fh_worker_patient). While such a question runs and others have
 *    quick ones the two have processors of their own (fh_workers_split).
 *
 * Does not: run anything. Thread: the loop's.
 */
#ifndef FH_NODE_QUERY_TURNS_H
#define FH_NODE_QUERY_TURNS_H

#include "common/limits.h"
#include "proto/wire/id.h"

struct fh_serve;
struct fh_stream;
struct fh_worker;

enum fh_turn_class { FH_TURN_INTERACTIVE, FH_TURN_STREAM, FH_TURN_CLASSES };

struct fh_turn_key {
    struct fh_key_id key;
    bool known;
    unsigned streams;       /* that exist: the entry stays */
    uint64_t turn;          /* the last one, counted over all keys */
    int64_t heavy_until_ms; /* slow by the processor that it used */
    int64_t holds_until_ms; /* slow as it held a worker long, whatever for */
    int64_t quick_until_ms; /* it had an answer in a moment, not long ago */
    int64_t asked_ms;       /* its last question came */
    int64_t typical_ms;     /* of a question, lately */
    /* counted anew for each decision */
    unsigned running[FH_TURN_CLASSES];
    unsigned queued[FH_TURN_CLASSES];
};

struct fh_turns {
    uint64_t turn;
    unsigned at_work;       /* plans and queries of all keys */
    unsigned slow;          /* of them: streams, and those of slow keys */
    unsigned unknown;       /* of them: the slow, and those of keys that had no quick answer yet */
    unsigned waiting;       /* plans and queries that are queued */
    int64_t cold_since_ms;  /* since when one waits that runs beside nobody; INT64_MAX: none */
    int64_t apart_until_ms; /* quick and slow ones have processors of their own until then */
    struct fh_turn_key keys[FH_STREAMS_MAX];
};

/* A new stream, by its asker; and one that is freed. */
void fh_turns_enter(struct fh_stream *stream);
void fh_turns_leave(struct fh_stream *stream);
/* Begins a stream whose question was checked, or queues it, or refuses it. */
void fh_turns_enqueue(struct fh_stream *stream);
/* Whoever has its turn begins. */
void fh_turns_next(struct fh_serve *serve);
/* A stream has its worker: whether that yields from the beginning. */
void fh_turns_begin(struct fh_stream *stream);
/* It has a second worker, which scans masked tables for it: what that uses counts too. */
void fh_turns_second(struct fh_stream *stream, struct fh_worker *second);
/* Whether this worker of it (NULL: none) yields, for good, and its key's questions need not any
 * more. */
bool fh_turns_spoilt(const struct fh_stream *stream, const struct fh_worker *worker);
/* Whether it leaves workers to quick ones that may ask again in a moment: it is a stream, or its
 * key's questions are slow by what they use, and it has not waited long yet. */
bool fh_turns_defers(const struct fh_stream *stream);
/* Looks at what runs: who runs long is slow. Now and then. */
void fh_turns_watch(struct fh_stream *stream, int64_t now_ms);
/* A stream has ended: how long it took. */
void fh_turns_ended(struct fh_stream *stream);
/* Refuses a stream that waited too long, and says for what. */
void fh_turns_give_up(struct fh_stream *stream);

#endif
