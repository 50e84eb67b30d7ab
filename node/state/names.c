/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/names_inner.h"

#include "common/mem.h"
#include "node/state/store_catalog.h"
#include "proto/identity/admission.h"

#include <string.h>

/* ---- reading ---- */

struct list {
    struct fh_store_pin *items;
    size_t count;
};

static int take_pin(void *user, const struct fh_store_pin *pin, struct fh_err *err)
{
    struct list *list = user;
    struct fh_store_pin *more = list->items;
    if ((list->count & (list->count - 1)) == 0) { /* full at each power of two */
        more = fh_realloc(list->items, (list->count == 0 ? 1 : 2 * list->count) * sizeof *more);
    }
    if (more == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the names of domains");
    }
    list->items = more;
    list->items[list->count++] = *pin;
    return FH_OK;
}

static const struct fh_store_pin *
find(const struct fh_store_pin *pins, size_t count, const char *name)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(pins[middle].name, name);
        if (order == 0) {
            return &pins[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const struct fh_store_pin *fh_names_pin_of(const struct fh_names *names, const char *name)
{
    return find(names->pins, names->pin_count, name);
}

const struct fh_store_pin *fh_names_alias_named(const struct fh_names *names, const char *name)
{
    return find(names->aliases, names->alias_count, name);
}

static int read_lists(struct fh_names *names, struct fh_err *err)
{
    struct list pins = {NULL, 0}, aliases = {NULL, 0};
    int code = fh_store_pins_each(names->options.store, take_pin, &pins, err);
    if (code == FH_OK) {
        code = fh_store_aliases_each(names->options.store, take_pin, &aliases, err);
    }
    if (code != FH_OK) {
        fh_free(pins.items);
        fh_free(aliases.items);
        return code;
    }
    fh_free(names->pins);
    fh_free(names->aliases);
    names->pins = pins.items;
    names->pin_count = pins.count;
    names->aliases = aliases.items;
    names->alias_count = aliases.count;
    return FH_OK;
}

/* ---- what is stopped ---- */

static int add_stop(struct fh_names *names, const struct fh_name_stop *stop, struct fh_err *err)
{
    if (names->stop_count == FH_NAMES_SETTLED_MAX) {
        return FH_OK; /* it stays what it is pinned to, as long as nobody looks at the others */
    }
    if (names->stops == NULL) {
        names->stops = fh_calloc(FH_NAMES_SETTLED_MAX, sizeof *names->stops);
    }
    if (names->stops == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the names of domains");
    }
    names->stops[names->stop_count++] = *stop;
    return FH_OK;
}

/* A pin and the directory, which was learned in another order or anew, do not agree. */
static int compare(struct fh_names *names, const struct fh_store_pin *pin, struct fh_err *err)
{
    const struct fh_directory *dir = names->options.dir;
    const struct fh_directory_domain *holder = fh_directory_domain_by_name(dir, pin->name);
    const struct fh_directory_domain *domain = fh_directory_domain(dir, &pin->domain);
    struct fh_name_stop stop = {.pinned = pin->domain};
    if (holder != NULL && !fh_domain_id_equal(&holder->id, &pin->domain)) {
        memcpy(stop.name, pin->name, sizeof stop.name);
        stop.claimed_by = holder->id;
        return add_stop(names, &stop, err);
    }
    if (domain != NULL && domain->name[0] != '\0' && strcmp(domain->name, pin->name) != 0) {
        memcpy(stop.name, domain->name, sizeof stop.name);
        memcpy(stop.before, pin->name, sizeof stop.before);
        stop.claimed_by = domain->id;
        return add_stop(names, &stop, err);
    }
    return FH_OK;
}

bool fh_names_contested(const struct fh_names *names, const char *name)
{
    for (size_t i = 0; i < names->contested_count; i++) {
        if (strcmp(names->contested[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int add_contested(struct fh_names *names, const char *name, struct fh_err *err)
{
    if (fh_names_contested(names, name) || names->contested_count == FH_NAMES_SETTLED_MAX) {
        return FH_OK;
    }
    if (names->contested == NULL) {
        names->contested = fh_calloc(FH_NAMES_SETTLED_MAX, sizeof *names->contested);
    }
    if (names->contested == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the names of domains");
    }
    memcpy(names->contested[names->contested_count++], name, strlen(name) + 1);
    return FH_OK;
}

/* An admission under a name that is another domain's: a stop, when it came after the pin. */
static int take_claim(void *user, const struct fh_store_record *record, struct fh_err *err)
{
    struct fh_names *names = user;
    struct fh_record parsed;
    struct fh_admission claim;
    struct fh_err ignored;
    if (fh_record_parse(&parsed, record->bytes, &names->options.mesh_id, &ignored) != FH_OK ||
        fh_admission_decode(&claim, &parsed, &ignored) != FH_OK) {
        return FH_OK;
    }
    const struct fh_store_pin *pin = fh_names_pin_of(names, claim.name);
    const struct fh_directory_domain *holder =
        fh_directory_domain_by_name(names->options.dir, claim.name);
    int code = add_contested(names, claim.name, err);
    if (code != FH_OK || pin == NULL || holder == NULL ||
        !fh_domain_id_equal(&holder->id, &pin->domain) ||
        fh_domain_id_equal(&claim.domain, &pin->domain) || record->received_ms < pin->pinned_ms ||
        fh_domain_id_is_zero(&holder->issuer) ||
        fh_domain_id_equal(&holder->id, &names->options.self)) {
        return code;
    }
    struct fh_name_stop stop = {.pinned = pin->domain, .claimed_by = claim.domain};
    memcpy(stop.name, claim.name, sizeof stop.name);
    return add_stop(names, &stop, err);
}

static int find_stops(struct fh_names *names, struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < names->pin_count && code == FH_OK; i++) {
        code = compare(names, &names->pins[i], err);
    }
    return code == FH_OK
               ? fh_store_proofs_of(names->options.store, FH_NAMES_TAKEN, take_claim, names, err)
               : code;
}

/* What was stopped stays so when the store cannot be read. */
int fh_names_review(struct fh_names *names, struct fh_err *err)
{
    int code = read_lists(names, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_names before = *names;
    names->stop_count = 0;
    names->stops = NULL;
    names->contested_count = 0;
    names->contested = NULL;
    names->edits++;
    code = find_stops(names, err);
    if (code != FH_OK) {
        fh_free(names->stops);
        fh_free(names->contested);
        names->stop_count = before.stop_count;
        names->stops = before.stops;
        names->contested_count = before.contested_count;
        names->contested = before.contested;
        return code;
    }
    fh_free(before.stops);
    fh_free(before.contested);
    return FH_OK;
}

/* ---- lifecycle ---- */

static int settle(void *user, const struct fh_store_pin *pin, struct fh_err *err)
{
    return pin->decided ? fh_directory_settle(user, pin->name, &pin->domain, err) : FH_OK;
}

int fh_names_settle(struct fh_store *store, struct fh_directory *dir, struct fh_err *err)
{
    return fh_store_pins_each(store, settle, dir, err);
}

int fh_names_pin(struct fh_names *names, int64_t now_ms, struct fh_err *err)
{
    const struct fh_directory *dir = names->options.dir;
    int code = fh_store_begin(names->options.store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        return code;
    }
    for (size_t i = 0; i < fh_directory_domain_count(dir) && code == FH_OK; i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(dir, i);
        if (domain->name[0] != '\0' && fh_names_pin_of(names, domain->name) == NULL) {
            code = fh_store_pin(names->options.store, domain->name, &domain->id, now_ms, err);
            code = code == FH_ESIG ? FH_OK : code; /* stopped: compare() says it again */
        }
    }
    if (code != FH_OK) {
        fh_store_rollback(names->options.store);
        return code;
    }
    code = fh_store_commit(names->options.store, err);
    return code == FH_OK ? fh_names_review(names, err) : code;
}

int fh_names_open(struct fh_names **out,
                  const struct fh_names_options *options,
                  int64_t now_ms,
                  struct fh_err *err)
{
    struct fh_names *names = fh_calloc(1, sizeof *names);
    if (names == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the names of domains");
    }
    names->options = *options;
    int code = read_lists(names, err);
    if (code == FH_OK) {
        code = fh_names_pin(names, now_ms, err);
    }
    if (code != FH_OK) {
        fh_names_close(names);
        return code;
    }
    *out = names;
    return FH_OK;
}

void fh_names_close(struct fh_names *names)
{
    if (names != NULL) {
        fh_free(names->pins);
        fh_free(names->aliases);
        fh_free(names->stops);
        fh_free(names->contested);
        fh_free(names);
    }
}

/* ---- asking ---- */

uint64_t fh_names_edits(const struct fh_names *names)
{
    return names->edits;
}

static const struct fh_name_stop *find_stop(const struct fh_names *names, const char *name)
{
    for (size_t i = 0; i < names->stop_count; i++) {
        if (strcmp(names->stops[i].name, name) == 0) {
            return &names->stops[i];
        }
    }
    return NULL;
}

static int refuse_stopped(const struct fh_name_stop *stop, struct fh_err *err)
{
    char pinned[FH_ID_SHORT_BYTES], claimed[FH_ID_TEXT_BYTES];
    fh_domain_id_short(pinned, &stop->pinned);
    fh_domain_id_text(claimed, &stop->claimed_by);
    if (stop->before[0] != '\0') {
        return fh_err_rule(
            err,
            FH_ESIG,
            "name.pinned",
            "%s was known here as %s; ask its people, then: freehold pin accept %s %s",
            pinned,
            stop->before,
            stop->name,
            claimed);
    }
    return fh_err_rule(err,
                       FH_ESIG,
                       "name.pinned",
                       "%s is pinned to %s, another claims it; ask its people which is right "
                       "(freehold pin list), then: freehold pin accept %s %s",
                       stop->name,
                       pinned,
                       stop->name,
                       claimed);
}

int fh_names_resolve(const struct fh_names *names,
                     const char *name,
                     struct fh_domain_id *out,
                     bool *out_alias,
                     struct fh_err *err)
{
    const struct fh_store_pin *alias = fh_names_alias_named(names, name);
    if (out_alias != NULL) {
        *out_alias = alias != NULL;
    }
    if (alias != NULL) {
        *out = alias->domain;
        return FH_OK;
    }
    const struct fh_name_stop *stop = find_stop(names, name);
    if (stop != NULL) {
        return refuse_stopped(stop, err);
    }
    const struct fh_directory_domain *domain =
        fh_directory_domain_by_name(names->options.dir, name);
    if (domain == NULL) {
        return fh_err_rule(
            err, FH_ENOTFOUND, "domain.unknown", "domain \"%.63s\" is not known here", name);
    }
    *out = domain->id;
    return FH_OK;
}

enum fh_name_source fh_names_source(const struct fh_names *names, const struct fh_domain_id *domain)
{
    const struct fh_directory_domain *known = fh_directory_domain(names->options.dir, domain);
    if (known == NULL || known->name[0] == '\0') {
        return FH_NAME_UNVERIFIED;
    }
    const struct fh_store_pin *pin = fh_names_pin_of(names, known->name);
    if (find_stop(names, known->name) != NULL) {
        return FH_NAME_STOPPED;
    }
    if (pin != NULL && pin->decided) {
        return FH_NAME_DECIDED;
    }
    return fh_domain_id_is_zero(&known->issuer) ? FH_NAME_CHARTERED : FH_NAME_ADMITTED;
}

const char *fh_names_alias_of(const struct fh_names *names, const struct fh_domain_id *domain)
{
    for (size_t i = 0; i < names->alias_count; i++) {
        if (fh_domain_id_equal(&names->aliases[i].domain, domain)) {
            return names->aliases[i].name;
        }
    }
    return "";
}

static struct fh_named
named_of(const struct fh_names *names, const struct fh_store_pin *pin, bool alias)
{
    struct fh_named named = {
        .domain = pin->domain, .since_ms = pin->pinned_ms, .alias = alias, .decided = pin->decided};
    memcpy(named.name, pin->name, sizeof named.name);
    const struct fh_directory_domain *known = fh_directory_domain(names->options.dir, &pin->domain);
    named.known = known != NULL && (alias || strcmp(known->name, pin->name) == 0);
    return named;
}

int fh_names_each(const struct fh_names *names,
                  fh_names_visit_fn *visit,
                  void *user,
                  struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < names->alias_count && code == FH_OK; i++) {
        struct fh_named named = named_of(names, &names->aliases[i], true);
        code = visit(user, &named, err);
    }
    for (size_t i = 0; i < names->pin_count && code == FH_OK; i++) {
        struct fh_named named = named_of(names, &names->pins[i], false);
        for (size_t k = 0; k < names->stop_count && code == FH_OK; k++) {
            const struct fh_name_stop *stop = &names->stops[k];
            if (strcmp(stop->before[0] != '\0' ? stop->before : stop->name, named.name) == 0) {
                named.stopped = true;
                named.claimed_by = stop->claimed_by;
                code = visit(user, &named, err);
            }
        }
        if (!named.stopped && code == FH_OK) {
            code = visit(user, &named, err);
        }
    }
    return code;
}
