/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query maker: SELECTs without end over the tables of barrier_world.h, from a seed.
 *
 * A grammar in tables (query_grammar.h): a row is SQL with holes, and each hole is filled from the
 * table of its kind, deeper ones with columns and constants. The same seed makes the same queries.
 *
 * Most queries have one answer, as a set of rows, whatever plan runs them. The others are marked as
 * loose: they depend on the order of rows (a LIMIT without ORDER BY), or have a part that may fail
 * while it runs (a cast of a text that is no number), and which rows it sees is the plan's.
 *
 * Does not: know masks. Thread: one. Ownership: text is the caller's buffer.
 */
#ifndef FH_TESTS_NODE_WORKER_QUERY_MAKER_H
#define FH_TESTS_NODE_WORKER_QUERY_MAKER_H

#include "common/bytes.h"

struct query_maker {
    uint64_t state;
    struct fh_buf *out;
    bool loose; /* of the query made last: its answer depends on the plan */
    unsigned scope;
    unsigned depth;
    unsigned names; /* of columns that were given an alias */
};

void query_maker_init(struct query_maker *maker, uint64_t seed);
/* A number below `bound`. */
uint32_t query_maker_pick(struct query_maker *maker, uint32_t bound);
/* Replaces what is in `out` by the next query. */
void query_maker_next(struct query_maker *maker, struct fh_buf *out);

#endif
