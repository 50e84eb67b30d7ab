/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_policies.h"

#include "node/state/store_sql.h"

int fh_store_policy_put(struct fh_store *store,
                        const struct fh_store_policy *policy,
                        struct fh_err *err)
{
    static const char text[] = "INSERT INTO policies (name, seq, id, received_ms, other, bytes)"
                               " VALUES (?, ?, ?, ?, x'', ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, policy->name);
    fh_sql_unsigned(&sql, policy->seq);
    fh_sql_id(&sql, policy->id.b);
    fh_sql_number(&sql, policy->received_ms);
    fh_sql_bytes(&sql, policy->bytes);
    return fh_sql_run(&sql, err);
}

int fh_store_policy_fork(struct fh_store *store,
                         const char *name,
                         uint64_t seq,
                         const struct fh_record_id *other,
                         struct fh_err *err)
{
    static const char text[] =
        "UPDATE policies SET other = ?3 WHERE name = ?1 AND seq = ?2 AND other = x''";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, name);
    fh_sql_unsigned(&sql, seq);
    fh_sql_id(&sql, other->b);
    return fh_sql_run(&sql, err);
}

/* Walks rows of (name, seq, id, received_ms, length of other, bytes) and ends the statement. */
static int each(struct fh_sql *sql, fh_store_policy_visit_fn *visit, void *user, struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_store_policy row;
        fh_sql_get_text(sql, 0, row.name, sizeof row.name);
        row.seq = (uint64_t)fh_sql_get_number(sql, 1);
        fh_sql_get_id(sql, 2, row.id.b);
        row.received_ms = fh_sql_get_number(sql, 3);
        row.forked = fh_sql_get_number(sql, 4) > 0;
        row.bytes = fh_sql_get_bytes(sql, 5);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK) {
            code = visit(user, &row, err);
        }
    }
    return code;
}

int fh_store_policies_each(struct fh_store *store,
                           fh_store_policy_visit_fn *visit,
                           void *user,
                           struct fh_err *err)
{
    static const char text[] =
        "SELECT name, seq, id, received_ms, length(other), bytes FROM policies AS p WHERE seq ="
        " (SELECT max(seq) FROM policies WHERE name = p.name) ORDER BY name";
    struct fh_sql sql = fh_sql(store, text);
    return each(&sql, visit, user, err);
}

int fh_store_policy_versions(struct fh_store *store,
                             const char *name,
                             size_t limit,
                             fh_store_policy_visit_fn *visit,
                             void *user,
                             struct fh_err *err)
{
    static const char text[] =
        "SELECT name, seq, id, received_ms, length(other), bytes FROM policies WHERE name = ?"
        " ORDER BY seq DESC LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, name);
    fh_sql_number(&sql, (int64_t)limit);
    return each(&sql, visit, user, err);
}
