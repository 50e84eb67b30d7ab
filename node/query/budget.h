/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budget: how many questions an hour and rows a day a key has had under one right.
 *
 * The hour begins with the first question, the day with the first question too; when they are over,
 * the counts begin again. Rows are counted before they leave, by all answers of a key in one
 * account, so that those that run beside each other have no more together than one alone. Counts
 * are kept in memory and written down every few seconds and at the end (fh_budget_flush), so that a
 * restart within the day forgets a few seconds at most, also of an answer that takes minutes.
 *
 * Does not: know what the bounds are (the grant and its policies do). Thread: the loop's; rows are
 * spent and given back on any. Ownership: keeps the store.
 */
#ifndef FH_NODE_QUERY_BUDGET_H
#define FH_NODE_QUERY_BUDGET_H

#include "node/state/store_budgets.h"

struct fh_budget;
struct fh_budget_account;

FH_MUST_CHECK int fh_budget_new(struct fh_budget **out, struct fh_store *store, struct fh_err *err);
/* Flushes first; every use is closed. NULL is fine. */
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

/* What one answer spends of, from its question to its end. A plain value; zero has no bound. */
struct fh_budget_use {
    struct fh_budget_account *account; /* private; of the key under the right */
    uint64_t rows_per_day;             /* 0: no bound */
    int64_t day_ms;                    /* Unix: when the day began, as of the question */
};

/* Looks whether a question may be asked, and counts nothing. The use is to be closed. FH_EBUSY with
 * rule "limit.queries_per_hour" or "limit.rows_per_day" and when to ask again. FH_ENOMEM, errors of
 * the store. */
FH_MUST_CHECK int fh_budget_open(struct fh_budget *budget,
                                 const struct fh_budget_question *question,
                                 int64_t now_ms,
                                 struct fh_budget_use *out,
                                 struct fh_err *err);
/* Counts the question. */
void fh_budget_ask(struct fh_budget_use *use);
/* Counts rows that are about to leave, all of them or none: false, they are more than is left. */
FH_MUST_CHECK bool fh_budget_spend(struct fh_budget_use *use, uint64_t rows);
/* Takes back rows that were counted and did not leave. */
void fh_budget_give_back(struct fh_budget_use *use, uint64_t rows);
/* Says why rows may not leave: FH_EBUSY, rule "limit.rows_per_day". */
int fh_budget_refuse(const struct fh_budget_use *use,
                     const struct fh_budget_question *question,
                     int64_t now_ms,
                     struct fh_err *err);
/* What was counted stays. */
void fh_budget_close(struct fh_budget_use *use);
/* Writes down what has changed since the last time, when that is FH_BUDGET_FLUSH_MS ago or
 * `always`. What cannot be written stays in memory and is tried again. */
void fh_budget_flush(struct fh_budget *budget, int64_t now_ms, bool always);

#endif
