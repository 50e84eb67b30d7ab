/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_grants.h"

#include "node/state/store_sql.h"

/* ---- grants ---- */

#define GRANT_COLUMNS                                                                              \
    "SELECT g.id, g.grantee, g.product, g.not_after_ms, g.received_ms, g.bytes,"                   \
    " coalesce((SELECT min(e.since_ms) FROM grant_ends e WHERE e.target = g.id),"                  \
    " 9223372036854775807) AS ended_ms FROM grants g"

int fh_store_grant_put(struct fh_store *store,
                       const struct fh_store_grant *grant,
                       struct fh_err *err)
{
    static const char text[] =
        "INSERT INTO grants (id, grantee, product, not_after_ms, received_ms, bytes)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, grant->id.b);
    fh_sql_id(&sql, grant->grantee);
    fh_sql_text(&sql, grant->product);
    fh_sql_number(&sql, grant->not_after_ms);
    fh_sql_number(&sql, grant->received_ms);
    fh_sql_bytes(&sql, grant->bytes);
    return fh_sql_run(&sql, err);
}

int fh_store_grant_end_put(struct fh_store *store,
                           const struct fh_record_id *id,
                           const struct fh_grant_end *end,
                           struct fh_bytes bytes,
                           int64_t received_ms,
                           struct fh_err *err)
{
    static const char text[] = "INSERT INTO grant_ends (id, target, since_ms, received_ms, bytes)"
                               " VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, id->b);
    fh_sql_id(&sql, end->grant.b);
    fh_sql_number(&sql, end->since_ms);
    fh_sql_number(&sql, received_ms);
    fh_sql_bytes(&sql, bytes);
    return fh_sql_run(&sql, err);
}

int fh_store_grant_ended(struct fh_store *store,
                         const struct fh_record_id *grant,
                         int64_t *out_ms,
                         struct fh_err *err)
{
    static const char text[] = "SELECT coalesce(min(since_ms), 9223372036854775807)"
                               " FROM grant_ends WHERE target = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, grant->b);
    return fh_sql_read_numbers(&sql, 1, out_ms, err);
}

int fh_store_grants_count(struct fh_store *store, uint64_t *out, struct fh_err *err)
{
    static const char text[] = "SELECT (SELECT count(*) FROM grants)"
                               " + (SELECT count(*) FROM grant_ends)";
    struct fh_sql sql = fh_sql(store, text);
    int64_t count = 0;
    int code = fh_sql_read_numbers(&sql, 1, &count, err);
    if (code == FH_OK) {
        *out = (uint64_t)count;
    }
    return code;
}

static int each_grant(struct fh_sql *sql,
                      fh_store_grant_visit_fn *visit,
                      void *user,
                      bool *out_any,
                      struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_store_grant grant = {0};
        fh_sql_get_id(sql, 0, grant.id.b);
        fh_sql_get_id(sql, 1, grant.grantee);
        fh_sql_get_text(sql, 2, grant.product, sizeof grant.product);
        grant.not_after_ms = fh_sql_get_number(sql, 3);
        grant.received_ms = fh_sql_get_number(sql, 4);
        grant.bytes = fh_sql_get_bytes(sql, 5);
        grant.ended_ms = fh_sql_get_number(sql, 6);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK) {
            *out_any = true;
            code = visit(user, &grant, err);
        }
    }
    return code;
}

int fh_store_grant_get(struct fh_store *store,
                       const struct fh_record_id *id,
                       fh_store_grant_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    static const char text[] = GRANT_COLUMNS " WHERE g.id = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, id->b);
    bool any = false;
    int code = each_grant(&sql, visit, user, &any, err);
    if (code == FH_OK && !any) {
        char name[FH_ID_SHORT_BYTES];
        fh_record_id_short(name, id);
        code = fh_err_rule(err, FH_ENOTFOUND, "grant.unknown", "no grant %s is held here", name);
    }
    return code;
}

int fh_store_grants_for(struct fh_store *store,
                        const char *product,
                        const struct fh_domain_id *consumer,
                        const struct fh_key_id *key,
                        int64_t now_ms,
                        fh_store_grant_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    static const char text[] =
        GRANT_COLUMNS " WHERE g.product = ? AND g.grantee IN (?, ?)"
                      " ORDER BY (g.not_after_ms >= ?4 AND ended_ms > ?4) DESC, g.received_ms DESC,"
                      " g.id LIMIT ?5";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, product);
    fh_sql_id(&sql, consumer->b);
    fh_sql_id(&sql, key->b);
    fh_sql_number(&sql, now_ms);
    fh_sql_number(&sql, FH_GRANTS_OF_ONE_MAX);
    bool any = false;
    return each_grant(&sql, visit, user, &any, err);
}

int fh_store_grants_after(struct fh_store *store,
                          const struct fh_record_id *after,
                          size_t limit,
                          fh_store_grant_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char text[] = GRANT_COLUMNS " WHERE g.id > ? ORDER BY g.id LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, after->b);
    fh_sql_number(&sql, (int64_t)limit);
    bool any = false;
    return each_grant(&sql, visit, user, &any, err);
}

int fh_store_grants_tidy(struct fh_store *store, int64_t before_ms, struct fh_err *err)
{
    /* An end outlives its grant, and so a grant that comes again: it has expired by then. */
    static const char grants[] = "DELETE FROM grants WHERE not_after_ms < ?1";
    static const char ends[] = "DELETE FROM grant_ends WHERE received_ms < ?1 - ?2"
                               " AND since_ms < ?1 - ?2";
    struct fh_sql sql = fh_sql(store, grants);
    fh_sql_number(&sql, before_ms);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        sql = fh_sql(store, ends);
        fh_sql_number(&sql, before_ms);
        fh_sql_number(&sql, FH_GRANT_LIFE_MS);
        code = fh_sql_run(&sql, err);
    }
    return code;
}

/* ---- requests for access ---- */

#define ASKED_COLUMNS                                                                              \
    "SELECT id, owner, consumer, key, until_ms, received_ms, delivered_ms, refused, bytes,"        \
    " answer, seq FROM asked"

int fh_store_asked_put(struct fh_store *store,
                       const struct fh_store_asked *asked,
                       struct fh_err *err)
{
    static const char text[] =
        "INSERT INTO asked (id, owner, consumer, key, until_ms, received_ms, delivered_ms, refused,"
        " bytes, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, asked->id.b);
    fh_sql_id(&sql, asked->owner.b);
    fh_sql_id(&sql, asked->consumer.b);
    fh_sql_id(&sql, asked->key.b);
    fh_sql_number(&sql, asked->until_ms);
    fh_sql_number(&sql, asked->received_ms);
    fh_sql_number(&sql, asked->delivered_ms);
    fh_sql_text(&sql, asked->refused);
    fh_sql_bytes(&sql, asked->bytes);
    fh_sql_bytes(&sql, asked->answer);
    return fh_sql_run(&sql, err);
}

int fh_store_asked_delivered(struct fh_store *store,
                             const struct fh_record_id *id,
                             int64_t when_ms,
                             const char *refused,
                             struct fh_err *err)
{
    static const char text[] = "UPDATE asked SET delivered_ms = ?, refused = ? WHERE id = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, when_ms);
    fh_sql_text(&sql, refused);
    fh_sql_id(&sql, id->b);
    return fh_sql_run(&sql, err);
}

int fh_store_asked_answer(struct fh_store *store,
                          const struct fh_record_id *request,
                          struct fh_bytes answer,
                          bool *out_new,
                          struct fh_err *err)
{
    static const char text[] = "UPDATE asked SET answer = ? WHERE id = ? AND length(answer) = 0";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_bytes(&sql, answer);
    fh_sql_id(&sql, request->b);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        *out_new = fh_sql_changes(store) > 0;
    }
    return code;
}

int fh_store_asked_count(struct fh_store *store,
                         const struct fh_key_id *key,
                         const struct fh_domain_id *consumer,
                         uint64_t out[FH_ASKED_SCOPE_COUNT],
                         struct fh_err *err)
{
    static const char text[] =
        "SELECT (SELECT count(*) FROM asked WHERE key = ?),"
        " (SELECT count(*) FROM asked WHERE consumer = ?), (SELECT count(*) FROM asked)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, key->b);
    fh_sql_id(&sql, consumer->b);
    int64_t counts[FH_ASKED_SCOPE_COUNT] = {0};
    int code = fh_sql_read_numbers(&sql, FH_ASKED_SCOPE_COUNT, counts, err);
    for (size_t i = 0; code == FH_OK && i < FH_ASKED_SCOPE_COUNT; i++) {
        out[i] = (uint64_t)counts[i];
    }
    return code;
}

int fh_store_asked_tidy(struct fh_store *store, int64_t now_ms, struct fh_err *err)
{
    static const char text[] = "DELETE FROM asked WHERE until_ms < ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, now_ms);
    return fh_sql_run(&sql, err);
}

#define DROP_DONE(scope)                                                                           \
    "DELETE FROM asked WHERE seq = (SELECT min(seq) FROM asked WHERE " scope                       \
    " AND (length(answer) > 0 OR refused <> '' OR (delivered_ms > 0 AND owner <> ?3)))"

int fh_store_asked_drop_done(struct fh_store *store,
                             enum fh_store_asked_scope scope,
                             const struct fh_key_id *key,
                             const struct fh_domain_id *consumer,
                             const struct fh_domain_id *own,
                             bool *out_dropped,
                             struct fh_err *err)
{
    static const char *const texts[FH_ASKED_SCOPE_COUNT] = {
        [FH_ASKED_OF_KEY] = DROP_DONE("key = ?1"),
        [FH_ASKED_OF_DOMAIN] = DROP_DONE("consumer = ?2"),
        [FH_ASKED_OF_ALL] = DROP_DONE("TRUE"),
    };
    struct fh_sql sql = fh_sql(store, texts[scope]);
    fh_sql_id(&sql, key->b);
    fh_sql_id(&sql, consumer->b);
    fh_sql_id(&sql, own->b);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        *out_dropped = fh_sql_changes(store) > 0;
    }
    return code;
}

static int each_asked(struct fh_sql *sql,
                      fh_store_asked_visit_fn *visit,
                      void *user,
                      bool *out_any,
                      struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_store_asked asked = {0};
        fh_sql_get_id(sql, 0, asked.id.b);
        fh_sql_get_id(sql, 1, asked.owner.b);
        fh_sql_get_id(sql, 2, asked.consumer.b);
        fh_sql_get_id(sql, 3, asked.key.b);
        asked.until_ms = fh_sql_get_number(sql, 4);
        asked.received_ms = fh_sql_get_number(sql, 5);
        asked.delivered_ms = fh_sql_get_number(sql, 6);
        fh_sql_get_text(sql, 7, asked.refused, sizeof asked.refused);
        asked.bytes = fh_sql_get_bytes(sql, 8);
        asked.answer = fh_sql_get_bytes(sql, 9);
        asked.seq = fh_sql_get_number(sql, 10);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK) {
            *out_any = true;
            code = visit(user, &asked, err);
        }
    }
    return code;
}

int fh_store_asked_get(struct fh_store *store,
                       const struct fh_record_id *id,
                       fh_store_asked_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    static const char text[] = ASKED_COLUMNS " WHERE id = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, id->b);
    bool any = false;
    int code = each_asked(&sql, visit, user, &any, err);
    if (code == FH_OK && !any) {
        char name[FH_ID_SHORT_BYTES];
        fh_record_id_short(name, id);
        code = fh_err_rule(
            err, FH_ENOTFOUND, "access.request.unknown", "no access request %s is held here", name);
    }
    return code;
}

int fh_store_asked_of(struct fh_store *store,
                      const struct fh_key_id *key,
                      fh_store_asked_visit_fn *visit,
                      void *user,
                      struct fh_err *err)
{
    static const char text[] = ASKED_COLUMNS " WHERE key = ? ORDER BY seq DESC";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, key->b);
    bool any = false;
    return each_asked(&sql, visit, user, &any, err);
}

int fh_store_asked_after(struct fh_store *store,
                         const struct fh_domain_id *owner,
                         const struct fh_record_id *after,
                         size_t limit,
                         fh_store_asked_visit_fn *visit,
                         void *user,
                         struct fh_err *err)
{
    static const char text[] = ASKED_COLUMNS " WHERE owner = ? AND id > ? ORDER BY id LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, owner->b);
    fh_sql_id(&sql, after->b);
    fh_sql_number(&sql, (int64_t)limit);
    bool any = false;
    return each_asked(&sql, visit, user, &any, err);
}

int fh_store_asked_waiting(struct fh_store *store,
                           int64_t after_seq,
                           fh_store_asked_visit_fn *visit,
                           void *user,
                           struct fh_err *err)
{
    /* Two statements: one that sorts would hold the bytes of all rows at once. */
    static const char behind[] = ASKED_COLUMNS " WHERE delivered_ms = 0 AND seq > ? ORDER BY seq";
    static const char others[] = ASKED_COLUMNS " WHERE delivered_ms = 0 AND seq <= ? ORDER BY seq";
    struct fh_sql sql = fh_sql(store, behind);
    bool any = false;
    fh_sql_number(&sql, after_seq);
    int code = each_asked(&sql, visit, user, &any, err);
    if (code == FH_OK) {
        sql = fh_sql(store, others);
        fh_sql_number(&sql, after_seq);
        code = each_asked(&sql, visit, user, &any, err);
    }
    return code;
}
