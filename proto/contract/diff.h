/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diff: what is different between two contracts, found by the natural keys of their parts.
 *
 * Both are walked by the tables (contract_table.h). Elements of a list are paired by what people
 * know them by: tables, columns and roles by name, servers by `server`, support by channel, members
 * by username, definitions by url, SLA properties by property and element, relationships by their
 * ends, quality rules by id, then name, then what they measure. What is left is paired by `id`, so
 * that a column with an id that was renamed is one change of its name. The order of a list says
 * nothing. An element that is there on one side only is one change, whatever is in it.
 *
 *   paired sections --> each field --> absent, equal, or a change
 *                  \--> each list  --> pairs (walked in turn), removed, added
 *
 * Does not: judge (compat.h), and see what has no meaning: comments, order, an empty list for an
 * absent one. Thread: distinct objects. Ownership: the contracts are borrowed for as long as the
 * diff is used; all else lives in the arena.
 */
#ifndef FH_PROTO_CONTRACT_DIFF_H
#define FH_PROTO_CONTRACT_DIFF_H

#include "proto/contract/contract_table.h"

enum fh_change_kind {
    FH_CHANGE_ADDED,   /* only the second contract has it */
    FH_CHANGE_REMOVED, /* only the first */
    FH_CHANGE_CHANGED,
    FH_CHANGE_KIND_COUNT
};

/* Two sections that were paired, and what they are in. */
struct fh_diff_level {
    const struct fh_diff_level *up; /* NULL at the contracts */
    const struct fh_section *section;
    const void *before; /* struct of the section; never NULL, absent options stand as empty ones */
    const void *after;
};

struct fh_change {
    enum fh_change_kind kind;
    const char *path;   /* "schema.orders.properties.total.required" */
    const char *before; /* text of the old value or a summary of the element; NULL when added */
    const char *after;  /* NULL when removed */
    const struct fh_diff_level *level; /* the sections that have the field */
    const struct fh_field *field;      /* NULL: a key that the standard does not know */
    /* Of a whole element of a list, or section, that came or went: its struct on one side. Of a key
     * that the standard does not know: its nodes. Else NULL. */
    const void *element_before;
    const void *element_after;
};

struct fh_diff {
    size_t count;
    struct fh_change *items; /* in the order of the tables, then of the first contract */
};

/* FH_OK also without a change; FH_ENOMEM when the arena is full. O(n log n). */
FH_MUST_CHECK int fh_diff_make(struct fh_diff *out,
                               const struct fh_contract *before,
                               const struct fh_contract *after,
                               struct fh_arena *arena,
                               struct fh_err *err);

/* "added", "removed", "changed". */
const char *fh_change_kind_text(enum fh_change_kind kind);

#endif
