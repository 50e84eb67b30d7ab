/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_history.h"

#include "node/state/store_sql.h"

/* ---- moves ---- */

int fh_store_move_put(struct fh_store *store,
                      const struct fh_announce_key *key,
                      uint64_t revision,
                      struct fh_bytes bytes,
                      struct fh_err *err)
{
    static const char put[] =
        "INSERT OR REPLACE INTO moves (domain, product, major, revision, bytes)"
        " VALUES (?, ?, ?, ?, ?)";
    static const char trim[] =
        "DELETE FROM moves WHERE domain = ?1 AND product = ?2 AND major = ?3 AND revision NOT IN"
        " (SELECT revision FROM moves WHERE domain = ?1 AND product = ?2 AND major = ?3"
        " ORDER BY revision DESC LIMIT ?4)";
    struct fh_sql sql = fh_sql(store, put);
    fh_sql_id(&sql, key->domain.b);
    fh_sql_text(&sql, key->product);
    fh_sql_number(&sql, key->major);
    fh_sql_unsigned(&sql, revision);
    fh_sql_bytes(&sql, bytes);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        sql = fh_sql(store, trim);
        fh_sql_id(&sql, key->domain.b);
        fh_sql_text(&sql, key->product);
        fh_sql_number(&sql, key->major);
        fh_sql_number(&sql, FH_STORE_MOVES_MAX);
        code = fh_sql_run(&sql, err);
    }
    return code;
}

/* Walks rows of (bytes) of a bound statement and ends it. */
static int
each_bytes(struct fh_sql *sql, fh_store_bytes_visit_fn *visit, void *user, struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_bytes bytes = fh_sql_get_bytes(sql, 0);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK) {
            code = visit(user, bytes, err);
        }
    }
    return code;
}

int fh_store_moves_each(struct fh_store *store,
                        const struct fh_domain_id *domain,
                        const char *product,
                        fh_store_bytes_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    static const char text[] =
        "SELECT bytes FROM moves WHERE domain = ? AND product = ? ORDER BY major, revision";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, domain->b);
    fh_sql_text(&sql, product);
    return each_bytes(&sql, visit, user, err);
}

/* ---- the chain ---- */

int fh_store_chain_each(struct fh_store *store,
                        const struct fh_domain_id *domain,
                        const char *product,
                        uint64_t before,
                        size_t limit,
                        fh_store_bytes_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    static const char text[] = "SELECT bytes FROM contracts WHERE domain = ? AND product = ?"
                               " AND seq < ? ORDER BY seq DESC LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, domain->b);
    fh_sql_text(&sql, product);
    fh_sql_unsigned(&sql, before);
    fh_sql_number(&sql, (int64_t)limit);
    return each_bytes(&sql, visit, user, err);
}

/* ---- forks ---- */

int fh_store_fork_put(struct fh_store *store,
                      const struct fh_store_fork *fork,
                      bool *out_new,
                      struct fh_err *err)
{
    static const char text[] =
        "INSERT INTO forks (domain, product, number, one, other) SELECT ?1, ?2, ?3, ?4, ?5 WHERE"
        " (SELECT count(*) FROM forks WHERE domain = ?1 AND product = ?2) < ?6"
        " ON CONFLICT (other) DO NOTHING";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, fork->domain.b);
    fh_sql_text(&sql, fork->product);
    fh_sql_unsigned(&sql, fork->number);
    fh_sql_id(&sql, fork->one.b);
    fh_sql_id(&sql, fork->other.b);
    fh_sql_number(&sql, FH_STORE_FORKS_MAX);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        *out_new = fh_sql_changes(store) > 0;
    }
    return code;
}

int fh_store_forks_each(struct fh_store *store,
                        const struct fh_domain_id *domain_or_null,
                        const char *product,
                        fh_store_fork_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    static const char all[] = "SELECT domain, product, number, one, other FROM forks ORDER BY seq";
    static const char some[] = "SELECT domain, product, number, one, other FROM forks"
                               " WHERE domain = ? AND product = ? ORDER BY seq";
    struct fh_sql sql = fh_sql(store, domain_or_null == NULL ? all : some);
    if (domain_or_null != NULL) {
        fh_sql_id(&sql, domain_or_null->b);
        fh_sql_text(&sql, product);
    }
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_store_fork fork;
        fh_sql_get_id(&sql, 0, fork.domain.b);
        fh_sql_get_text(&sql, 1, fork.product, sizeof fork.product);
        fork.number = (uint64_t)fh_sql_get_number(&sql, 2);
        fh_sql_get_id(&sql, 3, fork.one.b);
        fh_sql_get_id(&sql, 4, fork.other.b);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &fork, err);
        }
    }
    return code;
}

int fh_store_fork_is_news(struct fh_store *store,
                          const struct fh_record_id *one,
                          bool *out,
                          struct fh_err *err)
{
    static const char text[] =
        "SELECT 1 FROM contracts c WHERE c.id = ? AND NOT EXISTS"
        " (SELECT 1 FROM forks f WHERE f.domain = c.domain AND f.product = c.product)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, one->b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK) {
        *out = row;
    }
    fh_sql_end(&sql);
    return code;
}
