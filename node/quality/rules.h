/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: promises that one scan of one table cannot answer.
 *
 * SQL rules of the author, relationships between tables, and the longest time between two values
 * run in a worker of role query, over views of the contract's tables and nothing else. A view
 * answers to the table's name and to its physicalName, without a domain, as authors write them. The
 * SQL of an author passes the same pre-scan, parser and gate as a consumer's; what they refuse is
 * not run, with their rule as the reason.
 *
 * Does not: trust the author. Thread: one at a time. Ownership: everything is kept.
 */
#ifndef FH_NODE_QUALITY_RULES_H
#define FH_NODE_QUALITY_RULES_H

#include "node/quality/sources.h"
#include "node/query/workers.h"
#include "proto/quality/promise.h"

struct fh_rules {
    struct fh_worker *worker; /* of role query, set up */
    const struct fh_contract *contract;
    const struct fh_check_sources *sources;
    const uint8_t *const *missing; /* by table: a byte a column, 1: the source has it not; NULL: the
                                      table cannot be read */
    const uint64_t *rows;          /* by table */
    int64_t now_ms;
    int64_t deadline_ms; /* of everything, as fh_clock_mono_ms */
    bool *viewed;        /* by table: set here */
};

/* Whether a promise is one of these. */
bool fh_rules_has(enum fh_promise_kind kind);

/* Makes the views. Tables that cannot be read are left out. FH_ETIMEOUT, FH_EIO when the worker is
 * gone, FH_ENOMEM. */
FH_MUST_CHECK int fh_rules_begin(struct fh_rules *rules, struct fh_err *err);

/* Runs one promise; whatever goes wrong is its result. */
void fh_rules_run(struct fh_rules *rules,
                  const struct fh_promise *promise,
                  struct fh_promise_result *out);

/* Appends a rule's query with its placeholders replaced: {object}, {table}, {schema}, {model} by
 * the table, {property}, {column}, {field} by the column, each also with a $ before it. */
void fh_rules_query(struct fh_buf *out, const struct fh_promise *promise);

#endif
