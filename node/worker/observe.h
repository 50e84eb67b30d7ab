/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observer: what the sampled values of one column look like.
 *
 * Values are counted by what they look like (proto/contract/likeness) and forgotten; a few short
 * ones are kept as examples. Of a column that looks personal, by its name or by more than a few of
 * its values, nothing is told but the count. Text is told only where it repeats, because a text
 * that stands once may be about one person.
 *
 * Does not: read a source. Thread: one. Ownership: an observer is a value; strings given out live
 * in the arena.
 */
#ifndef FH_NODE_WORKER_OBSERVE_H
#define FH_NODE_WORKER_OBSERVE_H

#include "proto/query/profile.h"

enum { FH_OBSERVER_VALUES = 24 }; /* different ones that are counted for examples */

struct fh_observer {
    uint32_t sampled;
    uint32_t alike[FH_LIKENESS_COUNT];
    uint32_t value_count;
    struct {
        uint32_t times;
        uint8_t size;
        uint8_t text[FH_PROFILE_VALUE_BYTES_MAX];
    } values[FH_OBSERVER_VALUES];
};

/* Looks at one value that is not missing (borrowed). */
void fh_observer_add(struct fh_observer *observer, struct fh_bytes value);

/* Fills the sampled part of `column`, whose name, type and bounds are set: takes the bounds away
 * where the column looks personal. `is_text`: examples must repeat. FH_ENOMEM. */
FH_MUST_CHECK int fh_observer_report(const struct fh_observer *observer,
                                     struct fh_profile_column *column,
                                     bool is_text,
                                     struct fh_arena *arena,
                                     struct fh_err *err);

/* A copy of a name of the source, for a profile; FH_EINVAL ("source.name") when it is empty, no
 * UTF-8, or longer than FH_COLUMN_NAME_BYTES_MAX. `what` is "column", "table". */
FH_MUST_CHECK int fh_observer_name(const char **out,
                                   const char *what,
                                   struct fh_bytes name,
                                   struct fh_arena *arena,
                                   struct fh_err *err);

/* A value as an example or bound may hold it: short, UTF-8, printable. */
bool fh_observer_tellable(struct fh_bytes value);

#endif
