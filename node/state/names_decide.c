/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/names_inner.h"

#include <string.h>

/* Whether the domain was given that name by anybody, be it that another has it here. */
static int check_claim(const struct fh_names *names,
                       const char *name,
                       const struct fh_domain_id *domain_id,
                       struct fh_err *err)
{
    const struct fh_directory_domain *domain = fh_directory_domain(names->options.dir, domain_id);
    const struct fh_store_pin *pin = fh_names_pin_of(names, name);
    bool given = domain != NULL && strcmp(domain->given_name, name) == 0;
    bool pinned = pin != NULL && fh_domain_id_equal(&pin->domain, domain_id);
    return given || pinned
               ? FH_OK
               : fh_err_rule(err,
                             FH_ENOTFOUND,
                             "pin.claim",
                             "this domain was not admitted as %s; freehold pin list tells who was, "
                             "and freehold pin alias calls a domain as you like",
                             name);
}

static int check_holder(const struct fh_names *names,
                        const struct fh_directory_domain *holder,
                        const struct fh_domain_id *domain,
                        struct fh_err *err)
{
    if (holder == NULL || fh_domain_id_equal(&holder->id, domain)) {
        return FH_OK;
    }
    if (fh_domain_id_equal(&holder->id, &names->options.self)) {
        return fh_err_rule(
            err, FH_EDENIED, "pin.own", "%s is this domain's own name", holder->name);
    }
    if (fh_domain_id_is_zero(&holder->issuer)) {
        return fh_err_rule(
            err,
            FH_EDENIED,
            "pin.charter",
            "the charter gives the name %s to another; an alias (freehold pin alias) "
            "calls this one otherwise",
            holder->name);
    }
    return FH_OK;
}

static int rename_products(struct fh_names *names,
                           const struct fh_domain_id *holder, /* NULL: nobody loses the name */
                           const struct fh_domain_id *domain,
                           const char *name,
                           struct fh_err *err)
{
    struct fh_store *store = names->options.store;
    int code = holder == NULL ? FH_OK : fh_store_domain_rename(store, holder, "", err);
    return code == FH_OK ? fh_store_domain_rename(store, domain, name, err) : code;
}

int fh_names_accept(struct fh_names *names,
                    const char *name,
                    const struct fh_domain_id *domain,
                    int64_t now_ms,
                    bool dry_run,
                    struct fh_err *err)
{
    struct fh_store *store = names->options.store;
    const struct fh_directory_domain *holder =
        fh_directory_domain_by_name(names->options.dir, name);
    int code = fh_name_check("domain", name, err);
    if (code == FH_OK) {
        code = check_claim(names, name, domain, err);
    }
    if (code == FH_OK) {
        code = check_holder(names, holder, domain, err);
    }
    if (code != FH_OK || dry_run) {
        return code;
    }
    bool moves = holder != NULL && !fh_domain_id_equal(&holder->id, domain);
    /* later than every claim that this answers */
    struct fh_store_pin pin = {.domain = *domain, .pinned_ms = now_ms + 1, .decided = true};
    memcpy(pin.name, name, strlen(name) + 1);
    code = fh_store_begin(store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_store_pin_set(store, &pin, err);
    if (code == FH_OK) {
        code = rename_products(names, moves ? &holder->id : NULL, domain, name, err);
    }
    if (code == FH_OK) {
        code = fh_directory_settle(names->options.dir, name, domain, err);
    }
    if (code != FH_OK) {
        fh_store_rollback(store);
        return code;
    }
    code = fh_store_commit(store, err);
    return code == FH_OK ? fh_names_review(names, err) : code;
}

int fh_names_alias(struct fh_names *names,
                   const char *name,
                   const struct fh_domain_id *domain,
                   int64_t now_ms,
                   bool dry_run,
                   struct fh_err *err)
{
    const struct fh_directory *dir = names->options.dir;
    const struct fh_directory_domain *own = fh_directory_domain(dir, &names->options.self);
    int code = fh_name_check("alias", name, err);
    if (code != FH_OK) {
        return code;
    }
    if (fh_directory_domain(dir, domain) == NULL) {
        return fh_err_rule(
            err, FH_ENOTFOUND, "domain.unknown", "no domain of this id is known here");
    }
    if (own != NULL && strcmp(own->name, name) == 0) {
        return fh_err_rule(err, FH_EDENIED, "pin.own", "%s is this domain's own name", name);
    }
    if (names->alias_count >= FH_NAMES_SETTLED_MAX && fh_names_alias_named(names, name) == NULL) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "pin.aliases",
                           "there are %d aliases already; freehold pin remove ends one",
                           FH_NAMES_SETTLED_MAX);
    }
    struct fh_store_pin alias = {.domain = *domain, .pinned_ms = now_ms};
    memcpy(alias.name, name, strlen(name) + 1);
    code = dry_run ? FH_OK : fh_store_alias_put(names->options.store, &alias, err);
    return code == FH_OK && !dry_run ? fh_names_review(names, err) : code;
}

static int renew_pin(struct fh_names *names, const char *name, int64_t now_ms, struct fh_err *err)
{
    struct fh_store *store = names->options.store;
    const struct fh_directory_domain *holder =
        fh_directory_domain_by_name(names->options.dir, name);
    int code;
    if (holder == NULL) {
        code = fh_store_pin_drop(store, name, err);
    } else {
        struct fh_store_pin pin = {.domain = holder->id, .pinned_ms = now_ms + 1};
        memcpy(pin.name, name, strlen(name) + 1);
        code = fh_store_pin_set(store, &pin, err);
    }
    if (code == FH_OK) {
        fh_directory_unsettle(names->options.dir, name);
    }
    return code;
}

int fh_names_remove(
    struct fh_names *names, const char *name, int64_t now_ms, bool dry_run, struct fh_err *err)
{
    bool alias = fh_names_alias_named(names, name) != NULL;
    if (!alias && fh_names_pin_of(names, name) == NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "pin.unknown",
                           "nothing is pinned or called \"%.63s\" here; freehold pin list",
                           name);
    }
    if (dry_run) {
        return FH_OK;
    }
    int code = alias ? fh_store_alias_drop(names->options.store, name, err)
                     : renew_pin(names, name, now_ms, err);
    return code == FH_OK ? fh_names_review(names, err) : code;
}
