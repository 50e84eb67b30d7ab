/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache of the store's rows, four to a set: what is not here is read, what gives way is written.
 */
#include "node/query/budget.h"

#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"

#include <inttypes.h>

enum { WAYS = 4, SETS = FH_BUDGETS_MAX / WAYS };

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS  (24 * HOUR_MS)

_Static_assert(SETS > 0 && SETS <= 65536, "two bytes choose a set");

struct entry {
    bool used;
    bool changed;
    uint64_t touched;
    struct fh_store_budget counts;
};

struct fh_budget {
    struct fh_store *store;
    uint64_t touches;
    int64_t flushed_ms;
    struct entry entries[SETS][WAYS];
};

int fh_budget_new(struct fh_budget **out, struct fh_store *store, struct fh_err *err)
{
    struct fh_budget *budget = fh_calloc(1, sizeof *budget);
    if (budget == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for budgets");
    }
    budget->store = store;
    *out = budget;
    return FH_OK;
}

void fh_budget_free(struct fh_budget *budget)
{
    if (budget != NULL) {
        fh_budget_flush(budget, 0, true);
        fh_free(budget);
    }
}

static int write_down(struct fh_budget *budget, const struct entry *entry, struct fh_err *err)
{
    return entry->changed ? fh_store_budget_put(budget->store, &entry->counts, err) : FH_OK;
}

static bool is_changed(const struct fh_budget *budget)
{
    for (size_t i = 0; i < (size_t)SETS * WAYS; i++) {
        if (budget->entries[i / WAYS][i % WAYS].changed) {
            return true;
        }
    }
    return false;
}

static void set_written(struct fh_budget *budget)
{
    for (size_t i = 0; i < (size_t)SETS * WAYS; i++) {
        budget->entries[i / WAYS][i % WAYS].changed = false;
    }
}

/* Periods that are over begin anew. */
static void turn_over(struct fh_store_budget *counts, int64_t now_ms)
{
    /* A clock that was set back must not make a period that never ends. */
    if (now_ms - counts->hour_ms >= HOUR_MS || now_ms < counts->hour_ms) {
        counts->hour_ms = now_ms;
        counts->queries = 0;
    }
    if (now_ms - counts->day_ms >= DAY_MS || now_ms < counts->day_ms) {
        counts->day_ms = now_ms;
        counts->rows = 0;
    }
}

static int find(struct fh_budget *budget,
                const struct fh_key_id *key,
                const struct fh_record_id *right,
                int64_t now_ms,
                struct entry **out,
                struct fh_err *err)
{
    struct entry *set =
        budget
            ->entries[(size_t)((key->b[0] ^ right->b[0]) << 8 | (key->b[1] ^ right->b[1])) % SETS];
    struct entry *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        struct entry *entry = &set[i];
        if (entry->used && fh_key_id_equal(&entry->counts.key, key) &&
            fh_record_id_equal(&entry->counts.right, right)) {
            entry->touched = ++budget->touches;
            turn_over(&entry->counts, now_ms);
            *out = entry;
            return FH_OK;
        }
        oldest = entry->touched < oldest->touched ? entry : oldest;
    }
    int code = write_down(budget, oldest, err);
    struct fh_store_budget counts = {.key = *key, .right = *right};
    if (code == FH_OK) {
        code = fh_store_budget_get(budget->store, &counts, err);
    }
    if (code != FH_OK && code != FH_ENOTFOUND) {
        return code;
    }
    turn_over(&counts, now_ms);
    *oldest = (struct entry){.used = true, .touched = ++budget->touches, .counts = counts};
    *out = oldest;
    return FH_OK;
}

static int refuse(const struct fh_budget_question *question,
                  const char *rule,
                  uint64_t most,
                  const char *what,
                  int64_t since_ms,
                  int64_t period_ms,
                  int64_t now_ms,
                  struct fh_err *err)
{
    char since[FH_TIME_TEXT_BYTES];
    fh_time_text(since, since_ms);
    fh_err_rule(err,
                FH_EBUSY,
                rule,
                "your key had the %" PRIu64 " %s of %s that it may have since %s; ask %s for more",
                most,
                what,
                question->product,
                since,
                question->owner);
    fh_err_retry(err, since_ms + period_ms - now_ms);
    return FH_EBUSY;
}

int fh_budget_take(struct fh_budget *budget,
                   const struct fh_budget_question *question,
                   int64_t now_ms,
                   uint64_t *out_rows_left,
                   struct fh_err *err)
{
    *out_rows_left = UINT64_MAX;
    if (question->queries_per_hour == 0 && question->rows_per_day == 0) {
        return FH_OK;
    }
    struct entry *entry;
    int code = find(budget, &question->key, &question->right, now_ms, &entry, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_store_budget *counts = &entry->counts;
    if (question->queries_per_hour > 0 && counts->queries >= question->queries_per_hour) {
        return refuse(question,
                      "limit.queries_per_hour",
                      question->queries_per_hour,
                      "questions an hour",
                      counts->hour_ms,
                      HOUR_MS,
                      now_ms,
                      err);
    }
    if (question->rows_per_day > 0 && counts->rows >= question->rows_per_day) {
        return refuse(question,
                      "limit.rows_per_day",
                      question->rows_per_day,
                      "rows a day",
                      counts->day_ms,
                      DAY_MS,
                      now_ms,
                      err);
    }
    counts->queries++;
    entry->changed = true;
    if (question->rows_per_day > 0) {
        *out_rows_left = question->rows_per_day - counts->rows;
    }
    return FH_OK;
}

void fh_budget_rows(struct fh_budget *budget,
                    const struct fh_key_id *key,
                    const struct fh_record_id *right,
                    uint64_t rows,
                    int64_t now_ms)
{
    struct entry *entry;
    struct fh_err err;
    if (rows == 0) {
        return;
    }
    if (find(budget, key, right, now_ms, &entry, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "budget.lost", "rows=%" PRIu64 " text=\"%s\"", rows, err.text);
        return;
    }
    uint64_t room = UINT64_MAX - entry->counts.rows;
    entry->counts.rows += rows < room ? rows : room;
    entry->changed = true;
}

void fh_budget_flush(struct fh_budget *budget, int64_t now_ms, bool always)
{
    struct fh_err err;
    if (!always && now_ms - budget->flushed_ms < FH_BUDGET_FLUSH_MS) {
        return;
    }
    budget->flushed_ms = now_ms;
    if (!is_changed(budget)) {
        return;
    }
    int code = fh_store_begin(budget->store, FH_STORE_LAZY, &err);
    bool begun = code == FH_OK;
    for (size_t i = 0; i < SETS && code == FH_OK; i++) {
        for (size_t j = 0; j < WAYS && code == FH_OK; j++) {
            code = write_down(budget, &budget->entries[i][j], &err);
        }
    }
    if (begun && code == FH_OK) {
        code = fh_store_commit(budget->store, &err);
    } else if (begun) {
        fh_store_rollback(budget->store);
    }
    if (code == FH_OK) {
        set_written(budget);
    } else {
        fh_log(FH_LOG_ERROR, "budget.unwritten", "text=\"%s\"", err.text);
    }
}
