/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canaries: random words, new in every run, that the test plants where attacks aim; whoever finds
 * one where it must not be has found a leak.
 *
 * A word is looked for as it is and in the shapes in which an attack could carry it out: in either
 * case, reversed, as hexadecimal digits and as base64 at each of its three offsets. What an attack
 * takes out piece by piece is not found so; that is why every attack has an expected outcome too.
 *
 * Does not: make or plant them, a script does. Thread: any, after fh_canaries_read. Ownership:
 * fh_canaries_fini.
 */
#ifndef FH_TESTS_ATTACK_CANARIES_H
#define FH_TESTS_ATTACK_CANARIES_H

#include "common/bytes.h"
#include "common/err.h"

enum { FH_CANARIES_MAX = 64, FH_CANARY_SHAPES = 6, FH_CANARY_BYTES_MAX = 160 };

enum fh_canary_place {
    FH_CANARY_ROW,  /* values that a consumer is given */
    FH_CANARY_TEXT, /* names of columns, errors, notices: what a consumer reads beside rows */
    FH_CANARY_LOG,  /* of a node */
    FH_CANARY_FILE, /* anywhere below the nodes' folders */
    FH_CANARY_PLACE_COUNT
};

struct fh_canary {
    char name[64]; /* where it was planted, for the report */
    bool forbidden[FH_CANARY_PLACE_COUNT];
    char shapes[FH_CANARY_SHAPES][FH_CANARY_BYTES_MAX]; /* in lower case */
};

struct fh_canaries {
    struct fh_canary items[FH_CANARIES_MAX];
    size_t count;
};

/* Reads lines of `KIND NAME WORD`; words are of letters and digits. Kinds:
 *   secret  nowhere at all
 *   place   not to a consumer; a node's log may name its own folders
 *   row     in rows alone: the consumer may read this value, nothing else may repeat it
 * FH_EINVAL: a line that is none of these. */
FH_MUST_CHECK int
fh_canaries_read(struct fh_canaries *out, struct fh_bytes text, struct fh_err *err);

/* The name of a canary that must not be in `data` at such a place, or NULL. */
const char *fh_canaries_find(const struct fh_canaries *canaries,
                             struct fh_bytes data,
                             enum fh_canary_place place);

#endif
