/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query grammar: the rows that query_maker.c fills. Holes in a row, each filled by something of
 * that type over the tables in scope:
 *
 *     %i integer   %t text   %b boolean   %d date   %s timestamp   %m decimal   %a any of them
 *     %I %T %B %D %S %M %F %H a column: of those types, a double, a hash
 *     %U a column that tells rows apart
 *     %k integer, %n integer 1 .. 9, %q text, %p pattern of LIKE, %r regular expression: constants
 *     %g aggregate   %w window function   %l select list   %L select list of aggregates
 *     %{po ... %}: what is between has these tables in scope; %[o ... %}: and those outside too
 *     %! what stands here may fail while it runs; %~ it depends on the order of rows
 *     %% a percent sign
 *
 * Tables: p and r are people, o orders, w words, e a derived table of columns i, t, b, d, m.
 *
 * Does not: fill anything. Thread: any; constants.
 */
#ifndef FH_TESTS_NODE_WORKER_QUERY_GRAMMAR_H
#define FH_TESTS_NODE_WORKER_QUERY_GRAMMAR_H

#include <stdint.h>

struct query_rows {
    const char *const *rows;
    uint32_t count;
};

/* Columns of a table by type, divided by spaces. */
struct query_columns {
    char table;
    const char *integers;
    const char *texts;
    const char *booleans;
    const char *dates;
    const char *stamps;
    const char *decimals;
    const char *doubles;
    const char *hashes;
    const char *unique;
};
extern const struct query_columns query_tables[];
extern const uint32_t query_table_count;

enum {
    QUERY_LEAVES = 3
}; /* rows in front of an expression's table that are columns and constants */

extern const struct query_rows query_integers;
extern const struct query_rows query_texts;
extern const struct query_rows query_booleans;
extern const struct query_rows query_dates;
extern const struct query_rows query_stamps;
extern const struct query_rows query_decimals;
extern const struct query_rows query_aggregates;
extern const struct query_rows query_windows;
extern const struct query_rows query_anything;
extern const struct query_rows query_queries;
extern const struct query_rows query_numbers;
extern const struct query_rows query_quoted;
extern const struct query_rows query_patterns;
extern const struct query_rows query_regulars;

#endif
