/* SPDX-License-Identifier: Apache-2.0 */
/* What the catalogue knows: entries by key and by name, pages of records, wishes. */
#include "node/state/catalog_inner.h"

#include "common/mem.h"
#include "proto/contract/finding.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    NEAR_NAMES_MAX = 4096, /* candidates for "did you mean" */
};

/* ---- near names ---- */

struct names {
    size_t count;
    char items[NEAR_NAMES_MAX][FH_NAME_BYTES_MAX + 1];
};

static void names_add(struct names *names, const char *name)
{
    if (names->count < NEAR_NAMES_MAX && name[0] != '\0') {
        snprintf(names->items[names->count++], sizeof names->items[0], "%s", name);
    }
}

/* Appends `; did you mean "..."?` when a name is near. */
static void suggest(char *out, size_t size, const struct names *names, const char *word)
{
    out[0] = '\0';
    const char **items = fh_calloc(names->count + 1, sizeof *items);
    if (items == NULL) {
        return;
    }
    for (size_t i = 0; i < names->count; i++) {
        items[i] = names->items[i];
    }
    const char *near = fh_nearest(word, items, names->count);
    if (near != NULL) {
        snprintf(out, size, "; did you mean \"%s\"?", near);
    }
    fh_free(items);
}

static int unknown_domain(const struct fh_catalog *catalog, const char *name, struct fh_err *err)
{
    char hint[FH_NAME_BYTES_MAX + 32] = "";
    struct names *names = fh_calloc(1, sizeof *names);
    if (names != NULL) {
        for (size_t i = 0; i < fh_directory_domain_count(catalog->directory); i++) {
            names_add(names, fh_directory_domain_at(catalog->directory, i)->name);
        }
        suggest(hint, sizeof hint, names, name);
        fh_free(names);
    }
    return fh_err_rule(
        err, FH_ENOTFOUND, "domain.unknown", "domain \"%.63s\" is not known here%s", name, hint);
}

static int take_name(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    (void)err;
    names_add(user, row->key.product);
    return FH_OK;
}

static int unknown_product(struct fh_catalog *catalog,
                           const struct fh_domain_id *domain,
                           const char *product,
                           struct fh_err *err)
{
    char hint[FH_NAME_BYTES_MAX + 32] = "";
    const struct fh_directory_domain *owner = fh_directory_domain(catalog->directory, domain);
    struct names *names = fh_calloc(1, sizeof *names);
    if (names != NULL) {
        int code = fh_store_entries_of(catalog->store, domain, NULL, take_name, names, err);
        if (code == FH_OK) {
            suggest(hint, sizeof hint, names, product);
        }
        fh_free(names);
    }
    return fh_err_rule(err,
                       FH_ENOTFOUND,
                       "product.unknown",
                       "domain %s has no product \"%.63s\"%s",
                       owner == NULL ? "(unknown)" : owner->name,
                       product,
                       hint);
}

/* ---- entries ---- */

struct choice {
    const struct fh_catalog *catalog;
    uint32_t major; /* 0: any */
    bool found;
    bool withdrawn; /* one was there, but it is gone */
    unsigned best;  /* rank of what was found */
    struct fh_catalog_entry entry;
};

/* The highest active major wins, then the highest deprecated one. A retired one, which is served to
 * nobody, comes after a draft, which is served to its own domain. */
static unsigned rank_of(unsigned status)
{
    switch ((enum fh_announce_status)status) {
    case FH_ANNOUNCE_ACTIVE:
        return 4;
    case FH_ANNOUNCE_DEPRECATED:
        return 3;
    case FH_ANNOUNCE_DRAFT:
        return 2;
    case FH_ANNOUNCE_RETIRED:
        return 1;
    case FH_ANNOUNCE_WITHDRAWN:
    case FH_ANNOUNCE_STATUS_COUNT:
        break;
    }
    return 0;
}

static int choose(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct choice *choice = user;
    if (choice->major != 0 && row->key.major != choice->major) {
        return FH_OK;
    }
    unsigned rank = rank_of(row->status);
    if (rank == 0) {
        choice->withdrawn = true;
        return FH_OK;
    }
    /* Rows come in ascending majors. */
    if (choice->found && rank < choice->best) {
        return FH_OK;
    }
    choice->found = true;
    choice->best = rank;
    return fh_catalog_entry_of(choice->catalog, row, &choice->entry, err);
}

int fh_catalog_find(struct fh_catalog *catalog,
                    const struct fh_domain_id *domain,
                    const char *product,
                    uint32_t major,
                    struct fh_catalog_entry *out,
                    struct fh_err *err)
{
    struct choice choice = {.catalog = catalog, .major = major};
    int code = fh_store_entries_of(catalog->store, domain, product, choose, &choice, err);
    if (code != FH_OK) {
        return code;
    }
    if (choice.found) {
        *out = choice.entry;
        return FH_OK;
    }
    if (choice.withdrawn) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "product.withdrawn",
                           "product \"%.63s\" was withdrawn by its domain",
                           product);
    }
    code = unknown_product(catalog, domain, product, err);
    if (major != 0) {
        fh_err_wrap(err, "major version %u", major);
    }
    return code;
}

/* "domain/product", "domain.product", with "@version" or not. */
static int split_name(const char *name,
                      char domain[FH_NAME_BYTES_MAX + 1],
                      char product[FH_NAME_BYTES_MAX + 1],
                      char version[FH_VERSION_BYTES_MAX + 1],
                      struct fh_err *err)
{
    size_t domain_size = strcspn(name, "/.");
    const char *rest = name + domain_size + (name[domain_size] != '\0');
    size_t product_size = strcspn(rest, "@");
    const char *tail = rest + product_size + (rest[product_size] != '\0');
    if (domain_size == 0 || domain_size > FH_NAME_BYTES_MAX || product_size == 0 ||
        product_size > FH_NAME_BYTES_MAX || strlen(tail) > FH_VERSION_BYTES_MAX ||
        (rest[product_size] == '@' && tail[0] == '\0')) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "product.name",
                           "\"%.100s\" names no product; write domain/product, domain/product@2 or "
                           "domain/product@2.1.0",
                           name);
    }
    memcpy(domain, name, domain_size);
    domain[domain_size] = '\0';
    memcpy(product, rest, product_size);
    product[product_size] = '\0';
    memcpy(version, tail, strlen(tail) + 1);
    int code = fh_name_check("domain", domain, err);
    return code == FH_OK ? fh_name_check("product", product, err) : code;
}

/* Whose the name is, expelled or not. */
static int find_named(const struct fh_catalog *catalog,
                      const char *name,
                      struct fh_domain_id *out,
                      bool *out_alias,
                      struct fh_err *err)
{
    if (catalog->names != NULL) {
        int code = fh_names_resolve(catalog->names, name, out, out_alias, err);
        return code == FH_ENOTFOUND ? unknown_domain(catalog, name, err) : code;
    }
    const struct fh_directory_domain *domain =
        fh_directory_domain_by_name(catalog->directory, name);
    if (domain == NULL) {
        return unknown_domain(catalog, name, err);
    }
    *out = domain->id;
    if (out_alias != NULL) {
        *out_alias = false;
    }
    return FH_OK;
}

int fh_catalog_domain(const struct fh_catalog *catalog,
                      const char *name,
                      struct fh_domain_id *out,
                      bool *out_alias,
                      struct fh_err *err)
{
    struct fh_domain_id id;
    int code = find_named(catalog, name, &id, out_alias, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_directory_domain *domain = fh_directory_domain(catalog->directory, &id);
    if (domain != NULL && domain->expelled) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "domain.expelled",
                           "domain %s is expelled from this mesh by its charter",
                           name);
    }
    *out = id;
    return FH_OK;
}

int fh_catalog_find_by_name(struct fh_catalog *catalog,
                            const char *domain_name,
                            const char *product,
                            uint32_t major,
                            struct fh_catalog_entry *out,
                            struct fh_err *err)
{
    struct fh_domain_id domain;
    int code = fh_catalog_domain(catalog, domain_name, &domain, NULL, err);
    return code == FH_OK ? fh_catalog_find(catalog, &domain, product, major, out, err) : code;
}

int fh_catalog_resolve(struct fh_catalog *catalog,
                       const char *name,
                       struct fh_catalog_entry *out,
                       struct fh_err *err)
{
    char domain_name[FH_NAME_BYTES_MAX + 1];
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1];
    struct fh_domain_id domain;
    int code = split_name(name, domain_name, product, version, err);
    if (code == FH_OK) {
        code = fh_catalog_domain(catalog, domain_name, &domain, NULL, err);
    }
    if (code != FH_OK) {
        return code;
    }
    char *end = version;
    unsigned long major = strtoul(version, &end, 10);
    bool is_whole = *end == '.';
    if (version[0] != '\0' &&
        (end == version || major > UINT32_MAX || (*end != '\0' && !is_whole))) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "product.name",
                           "\"%s\" is no version; write a major (2) or a whole one (2.1.0)",
                           version);
    }
    struct fh_catalog_entry entry;
    code = fh_catalog_find(catalog, &domain, product, (uint32_t)major, &entry, err);
    if (code == FH_OK && is_whole && strcmp(entry.announcement.version, version) != 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "product.version",
                           "%s/%s: version %s is not announced, %s is",
                           domain_name,
                           product,
                           version,
                           entry.announcement.version);
    }
    if (code == FH_OK) {
        *out = entry;
    }
    return code;
}

struct visiting {
    const struct fh_catalog *catalog;
    fh_catalog_visit_fn *visit;
    void *user;
};

static int visit_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct visiting *visiting = user;
    struct fh_catalog_entry entry;
    int code = fh_catalog_entry_of(visiting->catalog, row, &entry, err);
    return code == FH_OK ? visiting->visit(visiting->user, &entry, err) : code;
}

static int by_name(const void *a, const void *b)
{
    const struct fh_directory_domain *const *left = a;
    const struct fh_directory_domain *const *right = b;
    int order = strcmp((*left)->name, (*right)->name);
    return order != 0 ? order : fh_domain_id_compare(&(*left)->id, &(*right)->id);
}

int fh_catalog_each(struct fh_catalog *catalog,
                    const struct fh_domain_id *domain_or_null,
                    fh_catalog_visit_fn *visit,
                    void *user,
                    struct fh_err *err)
{
    struct visiting visiting = {.catalog = catalog, .visit = visit, .user = user};
    if (domain_or_null != NULL) {
        return fh_store_entries_of(catalog->store, domain_or_null, NULL, visit_row, &visiting, err);
    }
    size_t count = fh_directory_domain_count(catalog->directory);
    const struct fh_directory_domain **domains = fh_calloc(count + 1, sizeof(void *));
    if (domains == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of domains");
    }
    for (size_t i = 0; i < count; i++) {
        domains[i] = fh_directory_domain_at(catalog->directory, i);
    }
    qsort(domains, count, sizeof *domains, by_name);
    int code = FH_OK;
    for (size_t i = 0; i < count && code == FH_OK; i++) {
        code =
            fh_store_entries_of(catalog->store, &domains[i]->id, NULL, visit_row, &visiting, err);
    }
    fh_free(domains);
    return code;
}

int fh_catalog_each_own(struct fh_catalog *catalog,
                        fh_catalog_visit_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    struct visiting visiting = {.catalog = catalog, .visit = visit, .user = user};
    return fh_store_entries_said(catalog->store, &catalog->self, visit_row, &visiting, err);
}

int fh_catalog_each_of(struct fh_catalog *catalog,
                       const struct fh_domain_id *domain,
                       const char *product,
                       fh_catalog_visit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    struct visiting visiting = {.catalog = catalog, .visit = visit, .user = user};
    return fh_store_entries_of(catalog->store, domain, product, visit_row, &visiting, err);
}

/* ---- records ---- */

static int take_bytes(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct fh_buf *out = user;
    fh_buf_add_bytes(out, row->bytes);
    int code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "no room for an announcement");
}

int fh_catalog_announcement_record(struct fh_catalog *catalog,
                                   const struct fh_announce_key *key,
                                   struct fh_buf *out,
                                   struct fh_err *err)
{
    return fh_store_entry_get(catalog->store, key, take_bytes, out, err);
}

int fh_catalog_contract_record(struct fh_catalog *catalog,
                               const struct fh_record_id *contract,
                               struct fh_buf *out,
                               struct fh_err *err)
{
    return fh_store_contract_get(catalog->store, contract, out, err);
}

int fh_catalog_page_begin(struct fh_catalog_page *page,
                          struct fh_bytes cursor,
                          size_t bytes_max,
                          fh_catalog_record_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    if (cursor.size != 0 && cursor.size != FH_ID_BYTES) {
        return fh_err_rule(
            err, FH_EINVAL, "sync.cursor", "a cursor of %zu bytes; expected 0 or 32", cursor.size);
    }
    *page = (struct fh_catalog_page){.left = bytes_max, .visit = visit, .user = user};
    if (cursor.size != 0) {
        memcpy(page->last.b, cursor.data, FH_ID_BYTES);
    }
    return FH_OK;
}

int fh_catalog_page_add(struct fh_catalog_page *page,
                        const struct fh_record_id *id,
                        struct fh_bytes record,
                        struct fh_err *err)
{
    /* The first record always goes, so that a page makes progress. */
    if (page->full || (page->rows > 0 && record.size > page->left)) {
        page->full = true;
        return FH_OK;
    }
    page->left -= record.size < page->left ? record.size : page->left;
    page->rows++;
    page->last = *id;
    return page->visit(page->user, record, err);
}

int fh_catalog_page_fill(struct fh_catalog_page *page,
                         struct fh_catalog *catalog,
                         fh_catalog_page_add_fn *add,
                         struct fh_buf *out_cursor,
                         struct fh_err *err)
{
    int code = FH_OK;
    for (size_t rows = FH_CATALOG_PAGE_ROWS;
         code == FH_OK && rows == FH_CATALOG_PAGE_ROWS && !page->full;) {
        size_t before = page->rows;
        struct fh_record_id after = page->last;
        code = add(page, catalog, &after, err);
        rows = page->rows - before;
    }
    if (code == FH_OK && page->full) {
        fh_buf_add(out_cursor, page->last.b, FH_ID_BYTES);
    }
    if (code == FH_OK && fh_buf_ok(out_cursor) != FH_OK) {
        code = fh_err_set(err, fh_buf_ok(out_cursor), "no room for a cursor");
    }
    return code;
}

static int page_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    return fh_catalog_page_add(user, &row->id, row->bytes, err);
}

static int add_entries(struct fh_catalog_page *page,
                       struct fh_catalog *catalog,
                       const struct fh_record_id *after,
                       struct fh_err *err)
{
    return fh_store_entries_after(catalog->store, after, FH_CATALOG_PAGE_ROWS, page_row, page, err);
}

int fh_catalog_page(struct fh_catalog *catalog,
                    struct fh_bytes cursor,
                    size_t bytes_max,
                    fh_catalog_record_visit_fn *visit,
                    void *user,
                    struct fh_buf *out_cursor,
                    struct fh_err *err)
{
    struct fh_catalog_page page;
    int code = fh_catalog_page_begin(&page, cursor, bytes_max, visit, user, err);
    return code == FH_OK ? fh_catalog_page_fill(&page, catalog, add_entries, out_cursor, err)
                         : code;
}
