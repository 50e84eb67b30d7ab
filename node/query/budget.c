/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache of the store's rows, four to a set and those in use: what is not here is read, what gives
 * way is written. Pool threads touch nothing but the count of rows of an account that is in use.
 */
#include "node/query/budget.h"

#include "common/assert.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"

#include <inttypes.h>
#include <stdatomic.h>

enum { WAYS = 4, SETS = FH_BUDGETS_MAX / WAYS };

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS  (24 * HOUR_MS)

_Static_assert(SETS > 0 && SETS <= 65536, "two bytes choose a set");

struct fh_budget_account {
    struct fh_list link; /* of its set: who was asked for last comes last */
    unsigned users;      /* that are open: it stays */
    bool changed;
    struct fh_store_budget counts; /* its rows are as of the last look at those below */
    _Atomic uint64_t rows;
};

struct fh_budget {
    struct fh_store *store;
    int64_t flushed_ms;
    struct fh_list sets[SETS]; /* of struct fh_budget_account */
};

static struct fh_budget_account *account_of(struct fh_list *link)
{
    return FH_LIST_ENTRY(link, struct fh_budget_account, link);
}

int fh_budget_new(struct fh_budget **out, struct fh_store *store, struct fh_err *err)
{
    struct fh_budget *budget = fh_calloc(1, sizeof *budget);
    if (budget == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for budgets");
    }
    budget->store = store;
    for (size_t i = 0; i < SETS; i++) {
        fh_list_init(&budget->sets[i]);
    }
    *out = budget;
    return FH_OK;
}

static void forget(struct fh_budget_account *account)
{
    FH_ASSERT(account->users == 0);
    fh_list_remove(&account->link);
    fh_free(account);
}

void fh_budget_free(struct fh_budget *budget)
{
    if (budget == NULL) {
        return;
    }
    fh_budget_flush(budget, 0, true);
    for (size_t i = 0; i < SETS; i++) {
        FH_LIST_FOREACH (link, &budget->sets[i]) {
            forget(account_of(link));
        }
    }
    fh_free(budget);
}

/* Takes over what was spent since the last look; whether there is anything to write. */
static bool look(struct fh_budget_account *account)
{
    uint64_t rows = atomic_load(&account->rows);
    account->changed = account->changed || rows != account->counts.rows;
    account->counts.rows = rows;
    return account->changed;
}

static int
write_down(struct fh_budget *budget, struct fh_budget_account *account, struct fh_err *err)
{
    return look(account) ? fh_store_budget_put(budget->store, &account->counts, err) : FH_OK;
}

static bool is_changed(const struct fh_budget *budget)
{
    for (size_t i = 0; i < SETS; i++) {
        FH_LIST_FOREACH (link, &budget->sets[i]) {
            if (look(account_of(link))) {
                return true;
            }
        }
    }
    return false;
}

/* What is spent meanwhile differs from the rows that were written, and is seen by the next look. */
static void set_written(struct fh_budget *budget)
{
    for (size_t i = 0; i < SETS; i++) {
        FH_LIST_FOREACH (link, &budget->sets[i]) {
            account_of(link)->changed = false;
        }
    }
}

/* Periods that are over begin anew. */
static void turn_over(struct fh_budget_account *account, int64_t now_ms)
{
    struct fh_store_budget *counts = &account->counts;
    /* A clock that was set back must not make a period that never ends. */
    if (now_ms - counts->hour_ms >= HOUR_MS || now_ms < counts->hour_ms) {
        counts->hour_ms = now_ms;
        counts->queries = 0;
    }
    if (now_ms - counts->day_ms >= DAY_MS || now_ms < counts->day_ms) {
        counts->day_ms = now_ms;
        counts->rows = 0;
        atomic_store(&account->rows, 0);
    }
}

/* Makes room in a set, as far as its accounts are in nobody's use. */
static int make_room(struct fh_budget *budget, struct fh_list *set, struct fh_err *err)
{
    unsigned count = 0;
    int code = FH_OK;
    FH_LIST_FOREACH (link, set) {
        (void)link;
        count++;
    }
    FH_LIST_FOREACH (link, set) { /* who was asked for longest ago comes first */
        struct fh_budget_account *account = account_of(link);
        if (count < WAYS || code != FH_OK) {
            break;
        }
        if (account->users > 0) {
            continue;
        }
        code = write_down(budget, account, err);
        if (code == FH_OK) {
            forget(account);
            count--;
        }
    }
    return code;
}

static int find(struct fh_budget *budget,
                const struct fh_key_id *key,
                const struct fh_record_id *right,
                int64_t now_ms,
                struct fh_budget_account **out,
                struct fh_err *err)
{
    size_t hash = (size_t)((key->b[0] ^ right->b[0]) << 8 | (key->b[1] ^ right->b[1]));
    struct fh_list *set = &budget->sets[hash % SETS];
    FH_LIST_FOREACH (link, set) {
        struct fh_budget_account *account = account_of(link);
        if (fh_key_id_equal(&account->counts.key, key) &&
            fh_record_id_equal(&account->counts.right, right)) {
            fh_list_remove(&account->link);
            fh_list_push_back(set, &account->link);
            turn_over(account, now_ms);
            *out = account;
            return FH_OK;
        }
    }
    struct fh_store_budget counts = {.key = *key, .right = *right};
    int code = make_room(budget, set, err);
    if (code == FH_OK) {
        code = fh_store_budget_get(budget->store, &counts, err);
    }
    if (code != FH_OK && code != FH_ENOTFOUND) {
        return code;
    }
    struct fh_budget_account *account = fh_calloc(1, sizeof *account);
    if (account == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a budget");
    }
    account->counts = counts;
    atomic_init(&account->rows, counts.rows);
    turn_over(account, now_ms);
    fh_list_push_back(set, &account->link);
    *out = account;
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

int fh_budget_open(struct fh_budget *budget,
                   const struct fh_budget_question *question,
                   int64_t now_ms,
                   struct fh_budget_use *out,
                   struct fh_err *err)
{
    if (question->queries_per_hour == 0 && question->rows_per_day == 0) {
        *out = (struct fh_budget_use){.account = NULL};
        return FH_OK;
    }
    struct fh_budget_account *account;
    int code = find(budget, &question->key, &question->right, now_ms, &account, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_store_budget *counts = &account->counts;
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
    if (question->rows_per_day > 0 && atomic_load(&account->rows) >= question->rows_per_day) {
        return refuse(question,
                      "limit.rows_per_day",
                      question->rows_per_day,
                      "rows a day",
                      counts->day_ms,
                      DAY_MS,
                      now_ms,
                      err);
    }
    account->users++;
    *out = (struct fh_budget_use){
        .account = account, .rows_per_day = question->rows_per_day, .day_ms = counts->day_ms};
    return FH_OK;
}

void fh_budget_ask(struct fh_budget_use *use)
{
    if (use->account != NULL) {
        use->account->counts.queries++;
        use->account->changed = true;
    }
}

bool fh_budget_spend(struct fh_budget_use *use, uint64_t rows)
{
    if (use->rows_per_day == 0 || rows == 0) {
        return true;
    }
    uint64_t had = atomic_load(&use->account->rows);
    do {
        if (had > use->rows_per_day || rows > use->rows_per_day - had) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&use->account->rows, &had, had + rows));
    return true;
}

void fh_budget_give_back(struct fh_budget_use *use, uint64_t rows)
{
    if (use->rows_per_day == 0) {
        return;
    }
    uint64_t had = atomic_load(&use->account->rows);
    uint64_t left;
    do {
        left = had > rows ? had - rows : 0; /* a new day may have begun in between */
    } while (!atomic_compare_exchange_weak(&use->account->rows, &had, left));
}

int fh_budget_refuse(const struct fh_budget_use *use,
                     const struct fh_budget_question *question,
                     int64_t now_ms,
                     struct fh_err *err)
{
    char since[FH_TIME_TEXT_BYTES];
    fh_time_text(since, use->day_ms);
    fh_err_rule(err,
                FH_EBUSY,
                "limit.rows_per_day",
                "the answer goes beyond the %" PRIu64 " rows a day of %s that your key may have "
                "since %s; ask for fewer rows (LIMIT), or ask %s for more",
                use->rows_per_day,
                question->product,
                since,
                question->owner);
    fh_err_retry(err, use->day_ms + DAY_MS - now_ms);
    return FH_EBUSY;
}

void fh_budget_close(struct fh_budget_use *use)
{
    if (use->account != NULL) {
        FH_ASSERT(use->account->users > 0);
        use->account->users--;
        use->account = NULL;
        use->rows_per_day = 0;
    }
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
        FH_LIST_FOREACH (link, &budget->sets[i]) {
            code = code == FH_OK ? write_down(budget, account_of(link), &err) : code;
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
