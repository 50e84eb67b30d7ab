/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_catalog.h"

#include "common/assert.h"
#include "node/state/store_sql.h"

/* ---- entries ---- */

#define ENTRY_COLUMNS                                                                              \
    "SELECT a.entry, a.domain, a.product, a.major, a.id, a.revision, a.status, a.contract,"        \
    " a.expires_ms, a.received_ms, a.live, c.id IS NOT NULL, coalesce(c.open, 0), a.bytes,"        \
    " EXISTS (SELECT 1 FROM forks f WHERE f.domain = a.domain AND f.product = a.product),"         \
    " m.id IS NOT NULL, coalesce(m.state, 0), coalesce(m.gate, 0), coalesce(m.measured_ms, 0),"    \
    " coalesce(m.expires_ms, 0)"                                                                   \
    " FROM announcements a LEFT JOIN contracts c ON c.id = a.contract"                             \
    " LEFT JOIN measurements m ON m.domain = a.domain AND m.product = a.product"                   \
    " AND m.major = a.major AND m.contract = a.contract "

int fh_store_entry_put(struct fh_store *store, struct fh_store_entry *entry, struct fh_err *err)
{
    static const char text[] =
        "INSERT INTO announcements (domain, product, major, id, revision, status, contract,"
        " expires_ms, received_ms, live, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (domain, product, major) DO UPDATE SET id = excluded.id,"
        " revision = excluded.revision, status = excluded.status, contract = excluded.contract,"
        " expires_ms = excluded.expires_ms, received_ms = excluded.received_ms,"
        " live = excluded.live, bytes = excluded.bytes RETURNING entry";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, entry->key.domain.b);
    fh_sql_text(&sql, entry->key.product);
    fh_sql_number(&sql, entry->key.major);
    fh_sql_id(&sql, entry->id.b);
    fh_sql_unsigned(&sql, entry->revision);
    fh_sql_number(&sql, entry->status);
    fh_sql_id(&sql, entry->contract.b);
    fh_sql_number(&sql, entry->expires_ms);
    fh_sql_number(&sql, entry->received_ms);
    fh_sql_number(&sql, entry->live);
    fh_sql_bytes(&sql, entry->bytes);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code != FH_OK) {
        return code;
    }
    FH_ASSERT(row);
    entry->entry = fh_sql_get_number(&sql, 0);
    fh_sql_end(&sql);
    return FH_OK;
}

static int
visit_entry(struct fh_sql *sql, fh_store_entry_visit_fn *visit, void *user, struct fh_err *err)
{
    struct fh_store_entry entry;
    memset(&entry, 0, sizeof entry);
    entry.entry = fh_sql_get_number(sql, 0);
    fh_sql_get_id(sql, 1, entry.key.domain.b);
    fh_sql_get_text(sql, 2, entry.key.product, sizeof entry.key.product);
    entry.key.major = (uint32_t)fh_sql_get_number(sql, 3);
    fh_sql_get_id(sql, 4, entry.id.b);
    entry.revision = (uint64_t)fh_sql_get_number(sql, 5);
    entry.status = (unsigned)fh_sql_get_number(sql, 6);
    fh_sql_get_id(sql, 7, entry.contract.b);
    entry.expires_ms = fh_sql_get_number(sql, 8);
    entry.received_ms = fh_sql_get_number(sql, 9);
    entry.live = fh_sql_get_number(sql, 10) != 0;
    entry.contract_held = fh_sql_get_number(sql, 11) != 0;
    entry.open_to_mesh = fh_sql_get_number(sql, 12) != 0;
    entry.bytes = fh_sql_get_bytes(sql, 13);
    entry.forked = fh_sql_get_number(sql, 14) != 0;
    entry.quality.measured = fh_sql_get_number(sql, 15) != 0;
    entry.quality.state = (enum fh_quality_state)fh_sql_get_number(sql, 16);
    entry.quality.gate = (enum fh_quality_gate)fh_sql_get_number(sql, 17);
    entry.quality.measured_ms = fh_sql_get_number(sql, 18);
    entry.quality.expires_ms = fh_sql_get_number(sql, 19);
    int code = fh_sql_ok(sql, err);
    return code == FH_OK ? visit(user, &entry, err) : code;
}

/* Walks the rows of a bound statement and ends it. */
static int walk(struct fh_sql *sql, fh_store_entry_visit_fn *visit, void *user, struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        code = visit_entry(sql, visit, user, err);
    }
    return code;
}

int fh_store_entry_get(struct fh_store *store,
                       const struct fh_announce_key *key,
                       fh_store_entry_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    static const char text[] = ENTRY_COLUMNS "WHERE a.domain = ? AND a.product = ? AND a.major = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, key->domain.b);
    fh_sql_text(&sql, key->product);
    fh_sql_number(&sql, key->major);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK) {
        code = row ? visit_entry(&sql, visit, user, err)
                   : fh_err_rule(err, FH_ENOTFOUND, "product.unknown", "no such product");
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_entry_at(struct fh_store *store,
                      int64_t entry,
                      fh_store_entry_visit_fn *visit,
                      void *user,
                      struct fh_err *err)
{
    static const char text[] = ENTRY_COLUMNS "WHERE a.entry = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, entry);
    return walk(&sql, visit, user, err);
}

int fh_store_entries_each(struct fh_store *store,
                          fh_store_entry_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char text[] = ENTRY_COLUMNS "WHERE a.live = 1";
    struct fh_sql sql = fh_sql(store, text);
    return walk(&sql, visit, user, err);
}

int fh_store_entries_of(struct fh_store *store,
                        const struct fh_domain_id *domain,
                        const char *product_or_null,
                        fh_store_entry_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    static const char of_domain[] =
        ENTRY_COLUMNS "WHERE a.domain = ? AND a.live = 1 ORDER BY a.product, a.major";
    static const char of_product[] = ENTRY_COLUMNS
        "WHERE a.domain = ? AND a.product = ? AND a.live = 1 ORDER BY a.product, a.major";
    struct fh_sql sql = fh_sql(store, product_or_null == NULL ? of_domain : of_product);
    fh_sql_id(&sql, domain->b);
    if (product_or_null != NULL) {
        fh_sql_text(&sql, product_or_null);
    }
    return walk(&sql, visit, user, err);
}

int fh_store_entries_said(struct fh_store *store,
                          const struct fh_domain_id *domain,
                          fh_store_entry_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char text[] = ENTRY_COLUMNS "WHERE a.domain = ? ORDER BY a.product, a.major";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, domain->b);
    return walk(&sql, visit, user, err);
}

int fh_store_entries_naming(struct fh_store *store,
                            const struct fh_record_id *contract,
                            fh_store_entry_visit_fn *visit,
                            void *user,
                            struct fh_err *err)
{
    static const char text[] = ENTRY_COLUMNS "WHERE a.contract = ? AND a.live = 1";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, contract->b);
    return walk(&sql, visit, user, err);
}

int fh_store_entries_after(struct fh_store *store,
                           const struct fh_record_id *after,
                           size_t limit,
                           fh_store_entry_visit_fn *visit,
                           void *user,
                           struct fh_err *err)
{
    static const char text[] = ENTRY_COLUMNS "WHERE a.id > ? AND a.live = 1 ORDER BY a.id LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, after->b);
    fh_sql_number(&sql, (int64_t)limit);
    return walk(&sql, visit, user, err);
}

int fh_store_entries_expire(struct fh_store *store,
                            int64_t before_ms,
                            fh_store_entry_visit_fn *visit,
                            void *user,
                            struct fh_err *err)
{
    static const char find[] = ENTRY_COLUMNS "WHERE a.live = 1 AND a.expires_ms < ?";
    static const char unlist[] = "DELETE FROM search WHERE rowid IN"
                                 " (SELECT entry FROM announcements"
                                 " WHERE live = 1 AND expires_ms < ?)";
    static const char discard[] = "DELETE FROM cards WHERE entry IN"
                                  " (SELECT entry FROM announcements"
                                  " WHERE live = 1 AND expires_ms < ?)";
    static const char mark[] =
        "UPDATE announcements SET live = 0 WHERE live = 1 AND expires_ms < ?";
    struct fh_sql sql = fh_sql(store, find);
    fh_sql_number(&sql, before_ms);
    int code = walk(&sql, visit, user, err);
    if (code == FH_OK) {
        struct fh_sql drop = fh_sql(store, unlist);
        fh_sql_number(&drop, before_ms);
        code = fh_sql_run(&drop, err);
    }
    if (code == FH_OK) {
        struct fh_sql drop = fh_sql(store, discard);
        fh_sql_number(&drop, before_ms);
        code = fh_sql_run(&drop, err);
    }
    if (code == FH_OK) {
        struct fh_sql update = fh_sql(store, mark);
        fh_sql_number(&update, before_ms);
        code = fh_sql_run(&update, err);
    }
    return code;
}

int fh_store_entries_count(struct fh_store *store,
                           const struct fh_domain_id *domain,
                           uint64_t *out,
                           struct fh_err *err)
{
    static const char text[] = "SELECT count(*) FROM announcements WHERE domain = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, domain->b);
    int64_t count = 0;
    int code = fh_sql_read_numbers(&sql, 1, &count, err);
    if (code == FH_OK) {
        *out = (uint64_t)count;
    }
    return code;
}

/* Walks rows of (domain, number) and ends the statement. */
static int
each_domain(struct fh_sql *sql, fh_store_domain_visit_fn *visit, void *user, struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_domain_id domain;
        fh_sql_get_id(sql, 0, domain.b);
        int64_t number = fh_sql_get_number(sql, 1);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK) {
            code = visit(user, &domain, number, err);
        }
    }
    return code;
}

int fh_store_entries_counts(struct fh_store *store,
                            fh_store_domain_visit_fn *visit,
                            void *user,
                            struct fh_err *err)
{
    static const char text[] =
        "SELECT domain, count(*) FROM announcements GROUP BY domain ORDER BY domain";
    struct fh_sql sql = fh_sql(store, text);
    return each_domain(&sql, visit, user, err);
}

/* ---- contracts ---- */

int fh_store_contract_put(struct fh_store *store,
                          const struct fh_store_contract *contract,
                          struct fh_err *err)
{
    static const char text[] =
        "INSERT INTO contracts (id, domain, product, seq, version, major, prerelease, open,"
        " received_ms, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, contract->id.b);
    fh_sql_id(&sql, contract->domain.b);
    fh_sql_text(&sql, contract->product);
    fh_sql_unsigned(&sql, contract->seq);
    fh_sql_text(&sql, contract->version);
    fh_sql_number(&sql, contract->major);
    fh_sql_number(&sql, contract->is_prerelease);
    fh_sql_number(&sql, contract->open_to_mesh);
    fh_sql_number(&sql, contract->received_ms);
    fh_sql_bytes(&sql, contract->bytes);
    return fh_sql_run(&sql, err);
}

static int holds(struct fh_store *store,
                 const char *text,
                 const struct fh_record_id *id,
                 bool *out,
                 struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, id->b);
    int64_t count = 0;
    int code = fh_sql_read_numbers(&sql, 1, &count, err);
    if (code == FH_OK) {
        *out = count > 0;
    }
    return code;
}

int fh_store_contract_held(struct fh_store *store,
                           const struct fh_record_id *id,
                           bool *out,
                           struct fh_err *err)
{
    static const char text[] = "SELECT count(*) FROM contracts WHERE id = ?";
    return holds(store, text, id, out, err);
}

int fh_store_contract_get(struct fh_store *store,
                          const struct fh_record_id *id,
                          struct fh_buf *out,
                          struct fh_err *err)
{
    static const char text[] = "SELECT bytes FROM contracts WHERE id = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, id->b);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK) {
        code = row ? fh_sql_append(&sql, 0, out, err)
                   : fh_err_rule(err,
                                 FH_ENOTFOUND,
                                 "contract.unknown",
                                 "the contract has not arrived here yet");
    }
    fh_sql_end(&sql);
    return code;
}

int fh_store_contract_near(struct fh_store *store,
                           const struct fh_domain_id *domain,
                           const char *product,
                           enum fh_store_side side,
                           uint64_t seq,
                           struct fh_record_id *out_id,
                           uint64_t *out_seq,
                           struct fh_buf *out_bytes,
                           struct fh_err *err)
{
    static const char at_most[] = "SELECT id, seq, bytes FROM contracts WHERE domain = ?"
                                  " AND product = ? AND seq <= ? ORDER BY seq DESC LIMIT 1";
    static const char at_least[] = "SELECT id, seq, bytes FROM contracts WHERE domain = ?"
                                   " AND product = ? AND seq >= ? ORDER BY seq LIMIT 1";
    struct fh_sql sql = fh_sql(store, side == FH_STORE_AT_MOST ? at_most : at_least);
    fh_sql_id(&sql, domain->b);
    fh_sql_text(&sql, product);
    fh_sql_unsigned(&sql, seq);
    bool row = false;
    int code = fh_sql_step(&sql, &row, err);
    if (code == FH_OK && row) {
        fh_sql_get_id(&sql, 0, out_id->b);
        *out_seq = (uint64_t)fh_sql_get_number(&sql, 1);
        code = out_bytes == NULL ? fh_sql_ok(&sql, err) : fh_sql_append(&sql, 2, out_bytes, err);
    } else if (code == FH_OK) {
        code = fh_err_rule(
            err, FH_ENOTFOUND, "contract.unknown", "no contract of %s is held here", product);
    }
    fh_sql_end(&sql);
    return code;
}

/* ---- wants ---- */

int fh_store_want_put(struct fh_store *store,
                      const struct fh_record_id *contract,
                      const struct fh_domain_id *domain,
                      const struct fh_record_id *waits_for,
                      struct fh_err *err)
{
    static const char text[] = "INSERT INTO wants (id, domain, waits_for) VALUES (?, ?, ?)"
                               " ON CONFLICT (id) DO UPDATE SET waits_for = excluded.waits_for";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, contract->b);
    fh_sql_id(&sql, domain->b);
    fh_sql_id(&sql, waits_for->b);
    return fh_sql_run(&sql, err);
}

int fh_store_want_drop(struct fh_store *store,
                       const struct fh_record_id *contract,
                       struct fh_err *err)
{
    static const char text[] = "DELETE FROM wants WHERE id = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, contract->b);
    return fh_sql_run(&sql, err);
}

int fh_store_want_drop_unnamed(struct fh_store *store,
                               const struct fh_record_id *contract,
                               struct fh_err *err)
{
    static const char text[] = "DELETE FROM wants WHERE id = ?1 AND NOT EXISTS"
                               " (SELECT 1 FROM announcements WHERE contract = ?1 AND live = 1)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, contract->b);
    return fh_sql_run(&sql, err);
}

int fh_store_wanted(struct fh_store *store,
                    const struct fh_record_id *contract,
                    bool *out,
                    struct fh_err *err)
{
    static const char text[] = "SELECT count(*) FROM wants WHERE id = ?";
    return holds(store, text, contract, out, err);
}

int fh_store_wants_tidy(struct fh_store *store, struct fh_err *err)
{
    static const char text[] =
        "WITH RECURSIVE named(id, waits_for) AS (SELECT w.id, w.waits_for FROM wants w"
        " WHERE EXISTS (SELECT 1 FROM announcements a WHERE a.contract = w.id AND a.live = 1)"
        " UNION SELECT w.id, w.waits_for FROM named n JOIN wants w ON w.id = n.waits_for)"
        " DELETE FROM wants WHERE id NOT IN (SELECT id FROM named)";
    struct fh_sql sql = fh_sql(store, text);
    return fh_sql_run(&sql, err);
}

int fh_store_wanting_each(struct fh_store *store,
                          const struct fh_domain_id *after,
                          const struct fh_domain_id *last,
                          size_t limit,
                          fh_store_domain_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    /* From each to the next by the index: a domain's thousands are not walked. */
    static const char text[] =
        "WITH RECURSIVE wanting(domain) AS (SELECT * FROM (SELECT domain FROM wants"
        " WHERE domain > ?1 AND domain <= ?2 ORDER BY domain LIMIT 1) UNION ALL"
        " SELECT (SELECT domain FROM wants WHERE domain > w.domain AND domain <= ?2"
        " ORDER BY domain LIMIT 1) FROM wanting w WHERE w.domain IS NOT NULL)"
        " SELECT domain, 0 FROM wanting WHERE domain IS NOT NULL LIMIT ?3";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, after->b);
    fh_sql_id(&sql, last->b);
    fh_sql_number(&sql, (int64_t)limit);
    return each_domain(&sql, visit, user, err);
}

int fh_store_wants_of(struct fh_store *store,
                      const struct fh_domain_id *domain,
                      int64_t after,
                      int64_t last,
                      size_t limit,
                      fh_store_want_visit_fn *visit,
                      void *user,
                      struct fh_err *err)
{
    static const char text[] = "SELECT id, seq FROM wants WHERE domain = ? AND seq > ? AND seq <= ?"
                               " AND waits_for NOT IN (SELECT id FROM wants) ORDER BY seq LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, domain->b);
    fh_sql_number(&sql, after);
    fh_sql_number(&sql, last);
    fh_sql_number(&sql, (int64_t)limit);
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_record_id id;
        fh_sql_get_id(&sql, 0, id.b);
        int64_t seq = fh_sql_get_number(&sql, 1);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &id, seq, err);
        }
    }
    return code;
}

int fh_store_proof_held(struct fh_store *store,
                        const struct fh_record_id *id,
                        bool *out,
                        struct fh_err *err)
{
    static const char text[] = "SELECT count(*) FROM proofs WHERE id = ?";
    return holds(store, text, id, out, err);
}

/* ---- when a domain was heard ---- */

int fh_store_heard_put(struct fh_store *store,
                       const struct fh_domain_id *domain,
                       int64_t heard_ms,
                       struct fh_err *err)
{
    static const char text[] = "INSERT OR REPLACE INTO heard (domain, heard_ms) VALUES (?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, domain->b);
    fh_sql_number(&sql, heard_ms);
    return fh_sql_run(&sql, err);
}

int fh_store_heard_each(struct fh_store *store,
                        fh_store_domain_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    static const char text[] = "SELECT domain, heard_ms FROM heard ORDER BY domain";
    struct fh_sql sql = fh_sql(store, text);
    return each_domain(&sql, visit, user, err);
}
