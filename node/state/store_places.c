/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_places.h"

#include "node/state/store_sql.h"

/* Walks rows of (domain, product, major, id) and ends the statement. */
static int
each_place(struct fh_sql *sql, fh_store_place_visit_fn *visit, void *user, struct fh_err *err)
{
    int code = FH_OK;
    while (fh_sql_next(sql, &code, err)) {
        struct fh_domain_id domain;
        char product[FH_NAME_BYTES_MAX + 1];
        struct fh_record_id id;
        fh_sql_get_id(sql, 0, domain.b);
        fh_sql_get_text(sql, 1, product, sizeof product);
        uint32_t major = (uint32_t)fh_sql_get_number(sql, 2);
        fh_sql_get_id(sql, 3, id.b);
        code = fh_sql_ok(sql, err);
        if (code == FH_OK) {
            code = visit(user, &domain, product, major, &id, err);
        }
    }
    return code;
}

int fh_store_places_announced(struct fh_store *store,
                              fh_store_place_visit_fn *visit,
                              void *user,
                              struct fh_err *err)
{
    static const char text[] = "SELECT domain, product, major, id FROM announcements"
                               " WHERE live = 1";
    struct fh_sql sql = fh_sql(store, text);
    return each_place(&sql, visit, user, err);
}

int fh_store_places_measured(struct fh_store *store,
                             fh_store_place_visit_fn *visit,
                             void *user,
                             struct fh_err *err)
{
    static const char text[] =
        "SELECT m.domain, m.product, m.major, m.id FROM measurements m"
        " JOIN announcements a ON a.domain = m.domain AND a.product = m.product"
        " AND a.major = m.major AND a.contract = m.contract AND a.live = 1";
    struct fh_sql sql = fh_sql(store, text);
    return each_place(&sql, visit, user, err);
}
