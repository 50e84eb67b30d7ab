/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a relay is told to do to the frames that it carries, and what became of it: one struct in a
 * file that both ends map (meddle.c in the relay, tamper.c in the tester).
 */
#ifndef FH_TESTS_E2E_MEDDLE_H
#define FH_TESTS_E2E_MEDDLE_H

#include <stdatomic.h>
#include <stdint.h>

#define MEDDLE_KINDS(X)                                                                            \
    X(NONE, "carried as it is")                                                                    \
    X(FLIP, "a bit is flipped")                                                                    \
    X(FLIP_HEAD, "a bit of type, session or counter is flipped")                                   \
    X(FLIP_TAG, "a bit of the tag is flipped")                                                     \
    X(TRUNCATE, "cut short")                                                                       \
    X(EXTEND, "bytes are added")                                                                   \
    X(EMPTY, "nothing in its place")                                                               \
    X(REFUSE, "dropped: the relay says that nobody answers")                                       \
    X(REJECT, "a hint that the session is not known")                                              \
    X(REPEAT, "the frame before once more")                                                        \
    X(REORDER, "exchanged with the one after")                                                     \
    X(STALE, "the frame of an earlier answer to the same SQL")                                     \
    X(OTHER, "the frame of an answer to other SQL")                                                \
    X(WITHHOLD, "kept back")

enum meddle_kind {
#define X(name, text) MEDDLE_##name,
    MEDDLE_KINDS(X)
#undef X
        MEDDLE_COUNT
};

struct meddle {
    atomic_uint epoch; /* counts the tester's queries: set last */
    atomic_uint kind;  /* enum meddle_kind */
    atomic_uint at;    /* which frame of the inner session, in the order of its owner */
    atomic_uint even;  /* which of two SQL texts it is */
    atomic_ulong seed;
    atomic_uint done; /* frames that were not carried as they are */
};

#endif
