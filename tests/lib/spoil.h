/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spoil: a good canonical value with one of its parts spoiled, which is how hostile frames are
 * made.
 *
 * A *place* is the number of a value inside another, in the order of their encodings: 0 is the
 * whole, 1 its first element, and so on into nested arrays. At each place each *way* puts something
 * that must not stand there. A way of FORM breaks the encoding itself: whoever scans refuses it by
 * the way's rule. A way of SHAPE is well-formed, but of another kind than the value that stood
 * there: whoever reads the field refuses it by "pack.shape" (in sessions "message.form").
 *
 * Does not: know which values a reader would take where: callers name those. Thread: any.
 * Ownership: names are static.
 */
#ifndef FH_TESTS_LIB_SPOIL_H
#define FH_TESTS_LIB_SPOIL_H

#include "common/bytes.h"

/* X(NAME, the scanner's rule or "" for a way of SHAPE, what stands there) */
#define TEST_SPOIL_WAYS(X)                                                                         \
    X(NIL, "", "nil")                                                                              \
    X(BOOL, "", "true")                                                                            \
    X(NEGATIVE, "", "a negative number")                                                           \
    X(NUMBER, "", "a number")                                                                      \
    X(STRING, "", "a string")                                                                      \
    X(BIN, "", "a bin")                                                                            \
    X(ARRAY, "", "an array")                                                                       \
    X(MAP, "", "a map")                                                                            \
    X(FLOAT, "pack.type", "a float")                                                               \
    X(EXTENSION, "pack.type", "an extension")                                                      \
    X(RESERVED, "pack.type", "the reserved byte")                                                  \
    X(LONG_NUMBER, "pack.long_form", "a number in a long form")                                    \
    X(LONG_STRING, "pack.long_form", "a string with a long head")                                  \
    X(HUGE_STRING, "pack.truncated", "a string of 4 GiB")                                          \
    X(HUGE_BIN, "pack.truncated", "a bin of 4 GiB")                                                \
    X(HUGE_ARRAY, "pack.items", "an array of 4 billion")                                           \
    X(HUGE_MAP, "pack.items", "a map of 4 billion")                                                \
    X(BROKEN_TEXT, "pack.utf8", "broken UTF-8")                                                    \
    X(ZERO_TEXT, "pack.utf8", "a string with U+0000")                                              \
    X(DEEP, "pack.depth", "arrays in arrays")                                                      \
    X(MAP_ORDER, "pack.map_order", "a map with a key twice")                                       \
    X(MAP_KEY, "pack.map_key", "a map with a number as key")                                       \
    X(CUT, "pack.truncated", "the end of the bytes")                                               \
    X(GONE, "pack.truncated", "nothing")                                                           \
    X(TWICE, "pack.trailing", "the value twice")

enum test_spoil_way {
#define X(name, rule, text) TEST_SPOIL_##name,
    TEST_SPOIL_WAYS(X)
#undef X
        TEST_SPOIL_COUNT
};

/* How many places a canonical value has. */
unsigned test_spoil_places(struct fh_bytes good);
/* Appends `good` with the value at `place` spoiled. False, and nothing is appended, when this way
 * would put there what stands there already. */
bool test_spoil(struct fh_buf *out, struct fh_bytes good, unsigned place, enum test_spoil_way way);
/* "a string of 4 GiB" */
const char *test_spoil_text(enum test_spoil_way way);
/* The scanner's rule; "" for a way of SHAPE. */
const char *test_spoil_rule(enum test_spoil_way way);

#endif
