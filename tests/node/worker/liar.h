/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lies that the program `liar` tells in place of a worker, by the number of the spawn: the n-th
 * worker of a spawner tells lie n (it reads n from the name of its spill folder in SETUP).
 */
#ifndef FH_TESTS_NODE_WORKER_LIAR_H
#define FH_TESTS_NODE_WORKER_LIAR_H

/* X(NAME, what it does, whether it gets through setup, the rule that it breaks) */
#define LIES(X)                                                                                    \
    X(GARBAGE, "random bytes instead of READY", 0, "channel.kind")                                 \
    X(HUGE_FRAME, "a READY of four gigabytes", 0, "channel.size")                                  \
    X(UNKNOWN_KIND, "a frame kind that is not known", 0, "channel.kind")                           \
    X(EXIT, "exits instead of READY", 0, "worker.died")                                            \
    X(SILENCE, "says nothing", 0, "query.deadline")                                                \
    X(NO_CREDIT, "sends more batches than the window", 1, "worker.protocol")                       \
    X(TOO_MANY, "sends more rows than were asked for", 1, "worker.protocol")                       \
    X(OTHER_ID, "sends a batch of another query", 1, "worker.protocol")                            \
    X(BROKEN_BATCH, "sends bytes that are no batch", 1, "pack.utf8")                               \
    X(SHORT_END, "claims rows that it did not send", 1, "worker.protocol")                         \
    X(WIDE_SCAN, "wants a thousand batches of a scan", 1, "worker.protocol")                       \
    X(NO_SCAN, "wants more of a scan that is not open", 1, "worker.protocol")                      \
    X(CUT, "dies within a frame", 1, "worker.died")                                                \
    X(OUT_OF_TURN, "answers what was not asked", 1, "worker.protocol")                             \
    X(NO_ERROR, "reports an error that is none", 1, "channel.error")                               \
    X(HANG, "does not answer a query", 1, "query.deadline")                                        \
    X(BIG_ERROR, "claims that a signature is wrong", 1, "")                                        \
    X(DEAF, "opens a scan and reads a little every two seconds", 1, "query.deadline")              \
    X(LATE, "reads nothing of a scan for a while, and then answers", 1, "query.deadline")

enum { LATE_MS = 200 }; /* how long LATE reads nothing */

enum lie {
    LIE_NONE,
#define X(name, text, up, rule) LIE_##name,
    LIES(X)
#undef X
        LIE_COUNT
};

#endif
