/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_budgets.h"

#include "node/state/store_sql.h"

int fh_store_budget_get(struct fh_store *store, struct fh_store_budget *budget, struct fh_err *err)
{
    static const char text[] =
        "SELECT hour_ms, queries, day_ms, rows FROM budgets WHERE key = ? AND right = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, budget->key.b);
    fh_sql_id(&sql, budget->right.b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK && row) {
        struct fh_store_budget found = *budget;
        found.hour_ms = fh_sql_get_number(&sql, 0);
        found.queries = (uint64_t)fh_sql_get_number(&sql, 1);
        found.day_ms = fh_sql_get_number(&sql, 2);
        found.rows = (uint64_t)fh_sql_get_number(&sql, 3);
        code = fh_sql_ok(&sql, err);
        *budget = code == FH_OK ? found : *budget;
    } else if (code == FH_OK) {
        code = FH_ENOTFOUND;
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_budget_put(struct fh_store *store,
                        const struct fh_store_budget *budget,
                        struct fh_err *err)
{
    static const char text[] =
        "INSERT INTO budgets (key, right, hour_ms, queries, day_ms, rows) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (key, right) DO UPDATE SET hour_ms = excluded.hour_ms,"
        " queries = excluded.queries, day_ms = excluded.day_ms, rows = excluded.rows";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, budget->key.b);
    fh_sql_id(&sql, budget->right.b);
    fh_sql_number(&sql, budget->hour_ms);
    fh_sql_unsigned(&sql, budget->queries);
    fh_sql_number(&sql, budget->day_ms);
    fh_sql_unsigned(&sql, budget->rows);
    return fh_sql_run(&sql, err);
}

int fh_store_budgets_prune(struct fh_store *store, int64_t before_ms, struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, "DELETE FROM budgets WHERE day_ms < ?");
    fh_sql_number(&sql, before_ms);
    return fh_sql_run(&sql, err);
}
