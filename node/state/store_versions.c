/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_versions.h"

#include "node/state/store_sql.h"

int fh_store_version_get(struct fh_store *store,
                         const struct fh_domain_id *domain,
                         const char *product,
                         enum fh_store_version_side side,
                         uint32_t major,
                         uint64_t seq,
                         struct fh_store_version *out,
                         struct fh_err *err)
{
#define OF_PRODUCT "SELECT id, seq, version FROM contracts WHERE domain = ? AND product = ?"
    static const char *const texts[] = {
        [FH_STORE_BEFORE] = OF_PRODUCT " AND major = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
        [FH_STORE_BEFORE_RELEASE] =
            OF_PRODUCT " AND major = ? AND seq < ? AND prerelease = 0 ORDER BY seq DESC LIMIT 1",
        [FH_STORE_AFTER] = OF_PRODUCT " AND major = ? AND seq > ? ORDER BY seq LIMIT 1",
        [FH_STORE_GREATEST] =
            OF_PRODUCT " AND major > ? AND seq < ? ORDER BY major DESC, seq DESC LIMIT 1",
    };
#undef OF_PRODUCT
    struct fh_sql sql = fh_sql(store, texts[side]);
    fh_sql_id(&sql, domain->b);
    fh_sql_text(&sql, product);
    fh_sql_number(&sql, major);
    fh_sql_unsigned(&sql, seq);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK && row) {
        struct fh_store_version found = {0};
        fh_sql_get_id(&sql, 0, found.id.b);
        found.version.seq = (uint64_t)fh_sql_get_number(&sql, 1);
        fh_sql_get_text(&sql, 2, found.version.text, sizeof found.version.text);
        code = fh_sql_ok(&sql, err);
        *out = found;
    } else if (code == FH_OK) {
        code = FH_ENOTFOUND;
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_versions_before(struct fh_store *store,
                             const struct fh_domain_id *domain,
                             const char *product,
                             uint64_t seq,
                             uint64_t *out,
                             struct fh_err *err)
{
    static const char text[] =
        "SELECT count(*) FROM contracts WHERE domain = ? AND product = ? AND seq < ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, domain->b);
    fh_sql_text(&sql, product);
    fh_sql_unsigned(&sql, seq);
    int64_t count = 0;
    int code = fh_sql_read_numbers(&sql, 1, &count, err);
    if (code == FH_OK) {
        *out = (uint64_t)count;
    }
    return code;
}

/* ---- refusals ---- */

int fh_store_refusal_put(struct fh_store *store,
                         const struct fh_store_refusal *refusal,
                         struct fh_err *err)
{
    static const char text[] =
        "INSERT OR REPLACE INTO refusals (id, domain, product, seq, rule, text)"
        " VALUES (?, ?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, refusal->id.b);
    fh_sql_id(&sql, refusal->domain.b);
    fh_sql_text(&sql, refusal->product);
    fh_sql_unsigned(&sql, refusal->seq);
    fh_sql_text(&sql, refusal->why.rule);
    fh_sql_text(&sql, refusal->why.text);
    return fh_sql_run(&sql, err);
}

int fh_store_refusal_get(struct fh_store *store,
                         const struct fh_record_id *id,
                         struct fh_store_refusal *out,
                         struct fh_err *err)
{
    static const char text[] = "SELECT domain, product, seq, rule, text FROM refusals WHERE id = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, id->b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK && row) {
        struct fh_store_refusal found = {.id = *id, .why = {.code = FH_ECHECK}};
        fh_sql_get_id(&sql, 0, found.domain.b);
        fh_sql_get_text(&sql, 1, found.product, sizeof found.product);
        found.seq = (uint64_t)fh_sql_get_number(&sql, 2);
        fh_sql_get_text(&sql, 3, found.why.rule, sizeof found.why.rule);
        fh_sql_get_text(&sql, 4, found.why.text, sizeof found.why.text);
        code = fh_sql_ok(&sql, err);
        *out = found;
    } else if (code == FH_OK) {
        code = FH_ENOTFOUND;
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_refusals_forget(struct fh_store *store, struct fh_err *err)
{
    static const char again[] =
        "INSERT OR IGNORE INTO wants (id, domain, waits_for)"
        " SELECT r.id, r.domain, zeroblob(32) FROM refusals r"
        " WHERE EXISTS (SELECT 1 FROM announcements a WHERE a.contract = r.id AND a.live = 1)";
    static const char forget[] = "DELETE FROM refusals";
    struct fh_sql sql = fh_sql(store, again);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        sql = fh_sql(store, forget);
        code = fh_sql_run(&sql, err);
    }
    return code;
}
