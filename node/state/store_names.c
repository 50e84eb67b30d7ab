/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/store_names.h"

#include "common/assert.h"
#include "node/state/store_sql.h"

/* ---- pins ---- */

static int pin_differs(struct fh_sql *sql,
                       const char *name,
                       const struct fh_domain_id *domain,
                       struct fh_err *err)
{
    char held_name[FH_NAME_BYTES_MAX + 1];
    struct fh_domain_id held;
    fh_sql_get_text(sql, 0, held_name, sizeof held_name);
    fh_sql_get_id(sql, 1, held.b);
    int code = fh_sql_ok(sql, err);
    if (code != FH_OK || (strcmp(held_name, name) == 0 && fh_domain_id_equal(&held, domain))) {
        return code;
    }
    char held_id[FH_ID_SHORT_BYTES];
    char new_id[FH_ID_SHORT_BYTES];
    fh_domain_id_short(held_id, &held);
    fh_domain_id_short(new_id, domain);
    return fh_err_rule(err,
                       FH_ESIG,
                       "name.pinned",
                       "%s is known as %s; it cannot become %s (%s): ask its people, by another "
                       "way, which is right",
                       held_name,
                       held_id,
                       new_id,
                       name);
}

int fh_store_pin(struct fh_store *store,
                 const char *name,
                 const struct fh_domain_id *domain,
                 int64_t now_ms,
                 struct fh_err *err)
{
    struct fh_sql sql =
        fh_sql(store, "SELECT name, domain FROM pins WHERE name = ?1 OR domain = ?2");
    fh_sql_text(&sql, name);
    fh_sql_id(&sql, domain->b);
    bool held = false;
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        held = true;
        code = pin_differs(&sql, name, domain, err);
    }
    if (code != FH_OK || held) {
        return code;
    }
    struct fh_sql put =
        fh_sql(store, "INSERT INTO pins (name, domain, pinned_ms, decided) VALUES (?, ?, ?, 0)");
    fh_sql_text(&put, name);
    fh_sql_id(&put, domain->b);
    fh_sql_number(&put, now_ms);
    return fh_sql_run(&put, err);
}

int fh_store_pin_set(struct fh_store *store, const struct fh_store_pin *pin, struct fh_err *err)
{
    int code = fh_store_begin(store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_sql drop = fh_sql(store, "DELETE FROM pins WHERE name = ?1 OR domain = ?2");
    fh_sql_text(&drop, pin->name);
    fh_sql_id(&drop, pin->domain.b);
    code = fh_sql_run(&drop, err);
    if (code == FH_OK) {
        struct fh_sql put = fh_sql(
            store, "INSERT INTO pins (name, domain, pinned_ms, decided) VALUES (?, ?, ?, ?)");
        fh_sql_text(&put, pin->name);
        fh_sql_id(&put, pin->domain.b);
        fh_sql_number(&put, pin->pinned_ms);
        fh_sql_number(&put, pin->decided);
        code = fh_sql_run(&put, err);
    }
    if (code != FH_OK) {
        fh_store_rollback(store);
        return code;
    }
    return fh_store_commit(store, err);
}

static int drop(struct fh_store *store, const char *text, const char *name, struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, text);
    fh_sql_text(&sql, name);
    return fh_sql_run(&sql, err);
}

int fh_store_pin_drop(struct fh_store *store, const char *name, struct fh_err *err)
{
    return drop(store, "DELETE FROM pins WHERE name = ?", name, err);
}

static int each(struct fh_store *store,
                const char *text,
                fh_store_pin_visit_fn *visit,
                void *user,
                struct fh_err *err)
{
    struct fh_sql sql = fh_sql(store, text);
    int code = FH_OK;
    while (fh_sql_next(&sql, &code, err)) {
        struct fh_store_pin pin;
        fh_sql_get_text(&sql, 0, pin.name, sizeof pin.name);
        fh_sql_get_id(&sql, 1, pin.domain.b);
        pin.pinned_ms = fh_sql_get_number(&sql, 2);
        pin.decided = fh_sql_get_number(&sql, 3) != 0;
        code = fh_sql_ok(&sql, err);
        if (code == FH_OK) {
            code = visit(user, &pin, err);
        }
    }
    return code;
}

int fh_store_pins_each(struct fh_store *store,
                       fh_store_pin_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    return each(
        store, "SELECT name, domain, pinned_ms, decided FROM pins ORDER BY name", visit, user, err);
}

/* ---- aliases ---- */

int fh_store_alias_put(struct fh_store *store, const struct fh_store_pin *alias, struct fh_err *err)
{
    struct fh_sql sql =
        fh_sql(store, "INSERT OR REPLACE INTO aliases (name, domain, made_ms) VALUES (?, ?, ?)");
    fh_sql_text(&sql, alias->name);
    fh_sql_id(&sql, alias->domain.b);
    fh_sql_number(&sql, alias->pinned_ms);
    return fh_sql_run(&sql, err);
}

int fh_store_alias_drop(struct fh_store *store, const char *name, struct fh_err *err)
{
    return drop(store, "DELETE FROM aliases WHERE name = ?", name, err);
}

int fh_store_aliases_each(struct fh_store *store,
                          fh_store_pin_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    return each(
        store, "SELECT name, domain, made_ms, 1 FROM aliases ORDER BY name", visit, user, err);
}

/* ---- the catalogue's copies of a name ---- */

int fh_store_domain_rename(struct fh_store *store,
                           const struct fh_domain_id *domain,
                           const char *name,
                           struct fh_err *err)
{
    struct fh_sql words = fh_sql(store,
                                 "UPDATE search SET domain = ?1 WHERE rowid IN"
                                 " (SELECT entry FROM cards WHERE domain = ?2)");
    fh_sql_text(&words, name);
    fh_sql_id(&words, domain->b);
    int code = fh_sql_run(&words, err);
    if (code == FH_OK) {
        struct fh_sql cards = fh_sql(store, "UPDATE cards SET name = ?1 WHERE domain = ?2");
        fh_sql_text(&cards, name);
        fh_sql_id(&cards, domain->b);
        code = fh_sql_run(&cards, err);
    }
    return code;
}
