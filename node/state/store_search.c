/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_search.h"

#include "common/assert.h"
#include "node/state/store_sql.h"

/* ---- what is indexed ---- */

int fh_store_search_put(struct fh_store *store,
                        int64_t entry,
                        const struct fh_bytes fields[FH_STORE_SEARCH_FIELDS],
                        struct fh_err *err)
{
    static const char text[] = "INSERT OR REPLACE INTO search"
                               " (rowid, domain, name, title, description, columns, tags, people)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, entry);
    for (size_t i = 0; i < FH_STORE_SEARCH_FIELDS; i++) {
        fh_sql_text_bytes(&sql, fields[i]);
    }
    return fh_sql_run(&sql, err);
}

int fh_store_card_put(struct fh_store *store, const struct fh_store_card *card, struct fh_err *err)
{
    static const char text[] =
        "INSERT OR REPLACE INTO cards"
        " (entry, domain, name, product, major, status, contract, open, form)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, card->entry);
    fh_sql_id(&sql, card->key.domain.b);
    fh_sql_text(&sql, card->domain_name);
    fh_sql_text(&sql, card->key.product);
    fh_sql_number(&sql, card->key.major);
    fh_sql_number(&sql, card->status);
    fh_sql_id(&sql, card->contract.b);
    fh_sql_number(&sql, card->open_to_mesh);
    fh_sql_bytes(&sql, card->form);
    return fh_sql_run(&sql, err);
}

/* ---- what is found ---- */

#define PLAIN "SELECT k.entry, k.domain, k.name, k.status, k.open, k.form, 0, 0 FROM cards k"
#define QUALITY                                                                                    \
    "SELECT k.entry, k.domain, k.name, k.status, k.open, k.form, coalesce(m.state, 0),"            \
    " coalesce(m.expires_ms, 0) FROM cards k LEFT JOIN measurements m ON m.domain = k.domain"      \
    " AND m.product = k.product AND m.major = k.major AND m.contract = k.contract"
#define ALL     " WHERE k.status <> ?1"
#define FOUND   " JOIN search ON search.rowid = k.entry WHERE k.status <> ?1 AND search MATCH ?3"
#define ORDER   " ORDER BY"
#define BY_NAME " k.name, k.product, k.major"
#define BY_NAMED                                                                                   \
    " k.product <> ?4, k.entry NOT IN (SELECT rowid FROM search WHERE search MATCH ?5),"
/* Weights of the columns in their order: a hit in the name counts most. */
#define BY_RANK " bm25(search, 4.0, 10.0, 6.0, 1.0, 3.0, 4.0, 2.0),"
#define LIMIT   " LIMIT ?2"

static const char *statement_of(const struct fh_store_search *search)
{
    static const char *const all[2][2] = {
        {PLAIN ALL LIMIT, PLAIN ALL ORDER BY_NAME LIMIT},
        {QUALITY ALL LIMIT, QUALITY ALL ORDER BY_NAME LIMIT},
    };
    static const char *const found[2][FH_STORE_ORDER_COUNT] = {
        {PLAIN FOUND LIMIT,
         PLAIN FOUND ORDER BY_NAME LIMIT,
         PLAIN FOUND ORDER BY_NAMED BY_NAME LIMIT,
         PLAIN FOUND ORDER BY_NAMED BY_RANK BY_NAME LIMIT},
        {QUALITY FOUND LIMIT,
         QUALITY FOUND ORDER BY_NAME LIMIT,
         QUALITY FOUND ORDER BY_NAMED BY_NAME LIMIT,
         QUALITY FOUND ORDER BY_NAMED BY_RANK BY_NAME LIMIT},
    };
    if (search->expression[0] == '\0') {
        FH_ASSERT(search->order <= FH_STORE_BY_NAME);
        return all[search->quality][search->order];
    }
    FH_ASSERT(search->order < FH_STORE_ORDER_COUNT);
    return found[search->quality][search->order];
}

int fh_store_search(struct fh_store *store,
                    const struct fh_store_search *search,
                    fh_store_card_visit_fn *visit,
                    void *user,
                    struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, statement_of(search));
    fh_sql_number(&sql, FH_ANNOUNCE_WITHDRAWN);
    bool is_all = search->limit == 0 || search->limit > INT64_MAX;
    fh_sql_number(&sql, is_all ? -1 : (int64_t)search->limit);
    if (search->expression[0] != '\0') {
        fh_sql_text(&sql, search->expression);
    }
    if (search->order >= FH_STORE_NAMED) {
        fh_sql_text(&sql, search->called);
        fh_sql_text(&sql, search->named);
    }
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_store_card card;
        memset(&card, 0, sizeof card);
        card.entry = fh_sql_get_number(&sql, 0);
        fh_sql_get_id(&sql, 1, card.key.domain.b);
        fh_sql_get_text(&sql, 2, card.domain_name, sizeof card.domain_name);
        card.status = (unsigned)fh_sql_get_number(&sql, 3);
        card.open_to_mesh = fh_sql_get_number(&sql, 4) != 0;
        card.form = fh_sql_get_bytes(&sql, 5);
        card.quality.state = (enum fh_quality_state)fh_sql_get_number(&sql, 6);
        card.quality.expires_ms = fh_sql_get_number(&sql, 7);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &card, err);
        }
    }
    return code;
}

int fh_store_search_count(struct fh_store *store,
                          const char *expression,
                          uint64_t most,
                          uint64_t *out,
                          struct fh_err *err)
{
    static const char all[] = "SELECT count(*) FROM cards k" ALL;
    static const char counted[] =
        "SELECT count(*) FROM cards k JOIN search ON search.rowid = k.entry"
        " WHERE k.status <> ?1 AND search MATCH ?2";
    static const char some[] =
        "SELECT count(*) FROM (SELECT rowid FROM search WHERE search MATCH ?2 LIMIT ?1)";
    bool is_all = expression[0] == '\0';
    struct fh_sql sql = fh_sql(store, is_all ? all : most > 0 ? some : counted);
    fh_sql_number(&sql, most > 0 && !is_all ? (int64_t)most : FH_ANNOUNCE_WITHDRAWN);
    if (!is_all) {
        fh_sql_text(&sql, expression);
    }
    int64_t count = 0;
    int code = fh_sql_read_numbers(&sql, 1, &count, err);
    if (code == FH_OK) {
        *out = (uint64_t)count;
    }
    return code;
}

int fh_store_search_terms(struct fh_store *store,
                          size_t limit,
                          fh_store_term_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    static const char text[] = "SELECT CAST(term AS BLOB), doc FROM search_terms LIMIT ?";
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_number(&sql, (int64_t)limit);
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_bytes term = fh_sql_get_bytes(&sql, 0);
        uint64_t products = (uint64_t)fh_sql_get_number(&sql, 1);
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, term, products, err);
        }
    }
    return code;
}
