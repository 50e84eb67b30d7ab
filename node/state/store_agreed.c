/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_agreed.h"

#include "node/state/store_sql.h"

int fh_store_agreed_put(struct fh_store *store,
                        const struct fh_store_agreed *record,
                        struct fh_err *err)
{
    static const char text[] = "INSERT OR IGNORE INTO agreed (id, type, shared, received_ms, bytes)"
                               " VALUES (?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, record->id.b);
    fh_sql_number(&sql, record->type);
    fh_sql_number(&sql, record->shared ? 1 : 0);
    fh_sql_number(&sql, record->received_ms);
    fh_sql_bytes(&sql, record->bytes);
    return fh_sql_run(&sql, err);
}

int fh_store_agreed_each(struct fh_store *store,
                         fh_store_agreed_visit_fn *visit,
                         void *user,
                         struct fh_err *err)
{
    static const char text[] =
        "SELECT id, type, shared, received_ms, bytes FROM agreed ORDER BY rowid";
    struct fh_sql sql = fh_sql(store, text);
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_store_agreed row;
        fh_sql_get_id(&sql, 0, row.id.b);
        row.type = (unsigned)fh_sql_get_number(&sql, 1);
        row.shared = fh_sql_get_number(&sql, 2) != 0;
        row.received_ms = fh_sql_get_number(&sql, 3);
        row.bytes = fh_sql_get_bytes(&sql, 4);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &row, err);
        }
    }
    return code;
}
