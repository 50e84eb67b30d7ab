/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budget: how many questions an hour and rows a day a key has had under one right.
 *
 * The hour begins with the first question, the day with the first question too; when they are over,
 * the counts begin again. Counts are kept in memory and written down every few seconds and at the
 * end (fh_budget_flush), so that a restart within the day forgets a few seconds at most.
 *
 * Does not: know what the bounds are (the grant and its policies do). Thread: the loop's.
 * Ownership: keeps the store.
 */
#ifndef FH_NODE_QUERY_BUDGET_H
#define FH_NODE_QUERY_BUDGET_H

#include "node/state/store_budgets.h"

struct fh_budget;

FH_MUST_CHECK int fh_budget_new(struct fh_budget **out, struct fh_store *store, struct fh_err *err);
/* Flushes first. NULL is fine. */
void fh_budget_free(struct fh_budget *budget);

/* Who is counted, for what, and within which bounds. Borrowed for the call. */
struct fh_budget_question {
    struct fh_key_id key;
    struct fh_record_id right; /* the grant, or the contract where none was needed */
    const char *product;       /* "aviation/flights": for the refusal */
    const char *owner;         /* "aviation": whom to ask for more */
    uint64_t queries_per_hour; /* 0: no bound */
    uint64_t rows_per_day;     /* 0: no bound */
};

/* Counts a question. `out_rows_left` is what the answer may have, UINT64_MAX without a bound.
 * FH_EBUSY with rule "limit.queries_per_hour" or "limit.rows_per_day" and when to ask again; then
 * nothing was counted. Errors of the store. */
FH_MUST_CHECK int fh_budget_take(struct fh_budget *budget,
                                 const struct fh_budget_question *question,
                                 int64_t now_ms,
                                 uint64_t *out_rows_left,
                                 struct fh_err *err);
/* Counts rows that were sent. */
void fh_budget_rows(struct fh_budget *budget,
                    const struct fh_key_id *key,
                    const struct fh_record_id *right,
                    uint64_t rows,
                    int64_t now_ms);
/* Writes down what has changed since the last time, when that is FH_BUDGET_FLUSH_MS ago or
 * `always`. What cannot be written stays in memory and is tried again. */
void fh_budget_flush(struct fh_budget *budget, int64_t now_ms, bool always);

#endif
