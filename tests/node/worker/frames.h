/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: everything hostile that a worker may send in each state, with the answer that its node
 * must give. The program `fh-frames` sends the n-th of them in place of a worker; its test walks
 * the same list and looks at what the node makes of it.
 *
 * Most are made: each part of each good message spoiled in each way (tests/lib/spoil.h), each kind
 * of frame in each state, each size that is none. Of these, which are thousands, a build takes each
 * FRAMES_EACH-th (tests/node/worker/CMakeLists.txt), as a process for each takes time. Lies that
 * are well-formed are written by hand, and all taken.
 *
 * Does not: send. Thread: one. Ownership: a case and its bytes are lent during the visit.
 */
#ifndef FH_TESTS_NODE_WORKER_FRAMES_H
#define FH_TESTS_NODE_WORKER_FRAMES_H

#include "proto/query/channel.h"
#include "proto/query/profile.h"

/* X(NAME, the frame after which the worker speaks, its good answer, text) */
#define FRAME_STATES(X)                                                                            \
    X(GREETING, SETUP, HELLO, "greeting")                                                          \
    X(SETTING_UP, SETUP, READY, "setting up")                                                      \
    X(TABLES, TABLES, TABLES_READY, "taking tables")                                               \
    X(PARSING, PARSE, PARSED, "parsing")                                                           \
    X(DESCRIBING, DESCRIBE, DESCRIBED, "describing")                                               \
    X(PROBING, PROBE, PROBED, "probing")                                                           \
    X(SAMPLING, SAMPLE, SAMPLED, "sampling")                                                       \
    X(PROFILING, PROFILE, PROFILED, "profiling")                                                   \
    X(LISTING, CATALOGUE, CATALOGUED, "listing")                                                   \
    X(RUNNING, RUN, END, "running")                                                                \
    X(SCANNING, RUN, END, "scanning") /* a query that has opened scan FRAME_SCAN */

enum frame_state {
#define X(name, question, answer, text) FRAME_##name,
    FRAME_STATES(X)
#undef X
        FRAME_STATE_COUNT
};

/* What the worker does once its bytes are out. */
enum frame_after {
    FRAME_STAYS,   /* reads on and says no more */
    FRAME_EXITS,   /* ends as if all were well */
    FRAME_ABORTS,  /* crashes */
    FRAME_REPEATS, /* sends the same again and again */
    FRAME_DRIPS,   /* sends them once, one byte at a time */
};

enum {
    FRAME_QUESTION = 1, /* id of a fresh worker's first question */
    FRAME_SCAN = 7,
    FRAME_WINDOW = 2, /* batches that the query may send at first */
};

struct frame_case {
    char name[160];
    enum frame_state state;
    enum frame_after after;
    struct fh_bytes bytes;
    /* What the node makes of it: the code and rule of the first question that fails. */
    int code;
    const char *rule;
    bool lives;  /* the worker may be asked again */
    bool second; /* the question succeeds, and the next one fails */
};

/* Calls `visit` with each case in the same order every time, until it returns false. */
typedef bool frame_visit_fn(const struct frame_case *c, void *user);
void frames_visit(frame_visit_fn *visit, void *user);

/* The frame after which a worker is in that state, and what its good answer is. */
unsigned frame_question(enum frame_state state);
unsigned frame_answer(enum frame_state state);
const char *frame_state_text(enum frame_state state);

/* Appends a whole frame with a good payload of a kind that workers send. */
void frame_put_good(struct fh_buf *out, unsigned kind);

#endif
