/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_witness.h"

#include "node/state/store_sql.h"
#include "proto/wire/crypto.h"

static int
count_of(struct fh_store *store, const struct fh_node_id *node, int64_t *out, struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, "SELECT count(*) FROM witnessed WHERE node = ?");
    fh_sql_id(&sql, node->b);
    return fh_sql_read_numbers(&sql, 1, out, err);
}

/* Every second of the older half. */
static int thin_out(struct fh_store *store, const struct fh_node_id *node, struct fh_err *err)
{
    static const char text[] =
        "DELETE FROM witnessed WHERE place IN (SELECT place FROM (SELECT place,"
        " row_number() OVER (ORDER BY place) AS n, count(*) OVER () AS total"
        " FROM witnessed WHERE node = ?) WHERE n % 2 = 0 AND n <= total / 2)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, node->b);
    return fh_sql_run(&sql, err);
}

int fh_store_witness_put(struct fh_store *store,
                         const struct fh_node_id *node,
                         uint64_t seq,
                         struct fh_bytes record,
                         int64_t now_ms,
                         struct fh_err *err)
{
    static const char text[] = "INSERT INTO witnessed (node, seq, hash, record, came_ms)"
                               " VALUES (?, ?, ?, ?, ?) ON CONFLICT (node, hash) DO NOTHING";
    struct fh_hash hash = fh_hash(record);
    struct fh_sql sql = fh_sql(store, text);
    int64_t count = 0;
    fh_sql_id(&sql, node->b);
    fh_sql_unsigned(&sql, seq);
    fh_sql_id(&sql, hash.b);
    fh_sql_bytes(&sql, record);
    fh_sql_number(&sql, now_ms);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        code = count_of(store, node, &count, err);
    }
    return code == FH_OK && count > FH_AUDIT_WITNESSED_MAX ? thin_out(store, node, err) : code;
}

int fh_store_witness_each(struct fh_store *store,
                          const struct fh_node_id *node,
                          fh_store_witness_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char all[] = "SELECT record FROM witnessed ORDER BY place";
    static const char of_one[] = "SELECT record FROM witnessed WHERE node = ? ORDER BY place";
    struct fh_sql sql = fh_sql(store, node == NULL ? all : of_one);
    int code = FH_OK;
    if (node != NULL) {
        fh_sql_id(&sql, node->b);
    }
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_bytes record = fh_sql_get_bytes(&sql, 0);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, record, err);
        }
    }
    return code;
}
