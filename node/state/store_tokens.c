/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_tokens.h"

#include "node/state/store_sql.h"

#define TOKEN_COLUMNS "SELECT id, token, domain, key, not_after_ms, revoked, deposit FROM tokens"

static struct fh_bytes id_bytes(const struct fh_token_id *id)
{
    return fh_bytes(id->b, sizeof id->b);
}

int fh_store_token_put(struct fh_store *store,
                       const struct fh_store_token *token,
                       struct fh_err *err)
{
    static const char text[] =
        "INSERT INTO tokens (id, token, domain, key, not_after_ms, revoked, deposit)"
        " VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_bytes(&sql, id_bytes(&token->id));
    fh_sql_id(&sql, token->token.b);
    fh_sql_id(&sql, token->domain.b);
    fh_sql_id(&sql, token->key.b);
    fh_sql_number(&sql, token->not_after_ms);
    fh_sql_bytes(&sql, token->deposit);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK && fh_sql_changes(store) == 0) {
        code = fh_err_rule(err, FH_EEXIST, "token.exists", "there is a token of this id here");
    }
    return code;
}

int fh_store_token_revoke(struct fh_store *store,
                          const struct fh_token_id *id,
                          const struct fh_key_id *key,
                          bool *out_found,
                          struct fh_err *err)
{
    static const char text[] = "UPDATE tokens SET revoked = 1, deposit = x''"
                               " WHERE id = ? AND key = ? AND revoked = 0";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_bytes(&sql, id_bytes(id));
    fh_sql_id(&sql, key->b);
    int code = fh_sql_run(&sql, err);
    if (code == FH_OK) {
        *out_found = fh_sql_changes(store) > 0;
    }
    return code;
}

int fh_store_tokens_tidy(struct fh_store *store, int64_t now_ms, struct fh_err *err)
{
    static const char text[] = "DELETE FROM tokens WHERE not_after_ms < ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, now_ms);
    return fh_sql_run(&sql, err);
}

int fh_store_tokens_count(struct fh_store *store,
                          const struct fh_key_id *key,
                          const struct fh_domain_id *domain,
                          const struct fh_domain_id *own,
                          struct fh_store_token_counts *out,
                          struct fh_err *err)
{
    static const char text[] =
        "SELECT (SELECT count(*) FROM tokens WHERE key = ?1 AND revoked = 0),"
        " (SELECT count(*) FROM tokens WHERE key = ?1),"
        " (SELECT count(*) FROM tokens WHERE domain = ?2),"
        " (SELECT count(*) FROM tokens WHERE domain <> ?3),"
        " (SELECT count(*) FROM tokens)";
    struct fh_sql sql = fh_sql(store, text);
    int64_t counts[5] = {0};
    fh_sql_id(&sql, key->b);
    fh_sql_id(&sql, domain->b);
    fh_sql_id(&sql, own->b);
    int code = fh_sql_read_numbers(&sql, FH_COUNT(counts), counts, err);
    if (code == FH_OK) {
        *out =
            (struct fh_store_token_counts){counts[0], counts[1], counts[2], counts[3], counts[4]};
    }
    return code;
}

static int each(struct fh_sql *sql, fh_store_token_visit_fn *visit, void *user, struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_store_token row = {.revoked = fh_sql_get_number(sql, 5) != 0};
        struct fh_bytes id = fh_sql_get_bytes(sql, 0);
        fh_sql_get_id(sql, 1, row.token.b);
        fh_sql_get_id(sql, 2, row.domain.b);
        fh_sql_get_id(sql, 3, row.key.b);
        row.not_after_ms = fh_sql_get_number(sql, 4);
        row.deposit = fh_sql_get_bytes(sql, 6);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK && id.size != sizeof row.id.b) {
            code = fh_err_rule(err, FH_EIO, "store.corrupt", "the id of a token has another size");
        }
        if (code == FH_OK) {
            memcpy(row.id.b, id.data, sizeof row.id.b);
            code = visit(user, &row, err);
        }
    }
    return code;
}

int fh_store_token_get(struct fh_store *store,
                       const struct fh_token_id *id,
                       fh_store_token_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    static const char text[] = TOKEN_COLUMNS " WHERE id = ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_bytes(&sql, id_bytes(id));
    return each(&sql, visit, user, err);
}

int fh_store_tokens_of(struct fh_store *store,
                       const struct fh_key_id *key,
                       fh_store_token_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    static const char text[] =
        TOKEN_COLUMNS " WHERE key = ? AND revoked = 0 ORDER BY not_after_ms, id";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_id(&sql, key->b);
    return each(&sql, visit, user, err);
}
