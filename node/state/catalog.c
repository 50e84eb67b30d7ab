/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/catalog.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/state/catalog_inner.h"
#include "node/state/search.h"
#include "node/state/store_quality.h"
#include "node/state/store_search.h"
#include "node/state/store_versions.h"
#include "proto/wire/record.h"

#include <stdio.h>

/* ---- fingerprints ---- */

/* 256-bit addition and subtraction, big-endian: the sum of a set does not depend on its order. */
static void sum_add(uint8_t sum[32], const uint8_t value[32])
{
    unsigned carry = 0;
    for (size_t i = 32; i-- > 0;) {
        carry += (unsigned)sum[i] + value[i];
        sum[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void sum_subtract(uint8_t sum[32], const uint8_t value[32])
{
    unsigned borrow = 0;
    for (size_t i = 32; i-- > 0;) {
        unsigned difference = 256U + sum[i] - value[i] - borrow;
        sum[i] = (uint8_t)difference;
        borrow = difference < 256U;
    }
}

static void head_add(struct fh_catalog_head *head, const struct fh_record_id *id)
{
    head->count++;
    sum_add(head->root, id->b);
}

static void head_remove(struct fh_catalog_head *head, const struct fh_record_id *id)
{
    FH_ASSERT(head->count > 0);
    head->count--;
    sum_subtract(head->root, id->b);
}

void fh_catalog_count_in(struct fh_catalog *catalog,
                         const struct fh_domain_id *domain,
                         const struct fh_record_id *id)
{
    head_add(&catalog->sums.head, id);
    if (fh_domain_id_equal(domain, &catalog->self)) {
        head_add(&catalog->sums.own, id);
    }
}

void fh_catalog_count_out(struct fh_catalog *catalog,
                          const struct fh_domain_id *domain,
                          const struct fh_record_id *id)
{
    head_remove(&catalog->sums.head, id);
    if (fh_domain_id_equal(domain, &catalog->self)) {
        head_remove(&catalog->sums.own, id);
    }
}

struct fh_catalog_head fh_catalog_head(const struct fh_catalog *catalog)
{
    return catalog->sums.head;
}

struct fh_catalog_head fh_catalog_own_head(const struct fh_catalog *catalog)
{
    return catalog->sums.own;
}

static int add_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    (void)err;
    head_add(user, &row->id);
    return FH_OK;
}

int fh_catalog_head_of(struct fh_catalog *catalog,
                       const struct fh_domain_id *domain,
                       struct fh_catalog_head *out,
                       struct fh_err *err)
{
    struct fh_catalog_head head = {.count = 0};
    int code = fh_store_entries_of(catalog->store, domain, NULL, add_row, &head, err);
    if (code == FH_OK) {
        *out = head;
    }
    return code;
}

void fh_catalog_fingerprint(const struct fh_catalog *catalog, uint8_t out[16])
{
    static const char tag[] = "freehold/v1/catalogue";
    uint8_t count[8];
    fh_put_u64be(count, catalog->sums.head.count);
    struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag),
                               fh_bytes(count, sizeof count),
                               fh_bytes(catalog->sums.head.root, sizeof catalog->sums.head.root)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(out, hash.b, 16);
}

/* ---- lifecycle ---- */

void fh_catalog_set_judge(struct fh_catalog *catalog, fh_catalog_judge_fn *judge, void *user)
{
    catalog->judge = judge;
    catalog->judge_user = user;
}

static int load_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct fh_catalog *catalog = user;
    struct fh_announcement announcement;
    int code = fh_catalog_read_row(catalog, row, &announcement, err);
    if (code == FH_OK) {
        fh_catalog_count_in(catalog, &row->key.domain, &row->id);
    }
    return code;
}

static int
load_rows(void *user, const struct fh_domain_id *domain, int64_t rows, struct fh_err *err)
{
    struct fh_catalog *catalog = user;
    struct fh_catalog_domain *row = fh_catalog_domain_row(catalog, domain);
    if (row == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the domains of the catalogue");
    }
    row->rows = (uint64_t)rows;
    catalog->sums.rows += row->rows;
    return FH_OK;
}

int fh_catalog_reload(struct fh_catalog *catalog, struct fh_err *err)
{
    catalog->sums = (struct fh_catalog_sums){.rows = 0};
    catalog->edits++;
    for (size_t i = 0; i < catalog->domain_count; i++) {
        catalog->domains[i].rows = 0;
    }
    int code = fh_store_entries_counts(catalog->store, load_rows, catalog, err);
    return code == FH_OK ? fh_store_entries_each(catalog->store, load_row, catalog, err) : code;
}

void fh_catalog_restore(struct fh_catalog *catalog,
                        const struct fh_catalog_sums *sums,
                        const struct fh_domain_id *domain)
{
    struct fh_err ignored;
    uint64_t rows = 0;
    bool is_counted = catalog->sums.rows == sums->rows;
    struct fh_catalog_domain *row = is_counted ? NULL : fh_catalog_domain_row(catalog, domain);
    catalog->sums = *sums;
    /* When even this fails, the count is one too high: the quota is a little stricter. */
    if (row != NULL && fh_store_entries_count(catalog->store, domain, &rows, &ignored) == FH_OK) {
        row->rows = rows;
    }
}

static int
load_heard(void *user, const struct fh_domain_id *domain, int64_t heard_ms, struct fh_err *err)
{
    (void)err;
    struct fh_catalog *catalog = user;
    fh_catalog_heard(catalog, domain, heard_ms);
    return FH_OK;
}

int fh_catalog_open(struct fh_catalog **out,
                    const struct fh_catalog_options *options,
                    struct fh_err *err)
{
    FH_CLEANUP(fh_catalog_closep) struct fh_catalog *catalog = fh_calloc(1, sizeof *catalog);
    if (catalog == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the catalogue");
    }
    catalog->store = options->store;
    catalog->directory = options->directory;
    catalog->self = options->self;
    catalog->names = options->names;
    catalog->is_untidy = true; /* whatever it was before */
    catalog->products_per_domain_max = options->products_per_domain_max != 0
                                           ? options->products_per_domain_max
                                           : FH_PRODUCTS_PER_DOMAIN_MAX;
    int code = fh_store_refusals_forget(catalog->store, err);
    if (code == FH_OK) {
        code = fh_catalog_reload(catalog, err);
    }
    if (code == FH_OK) {
        code = fh_store_heard_each(catalog->store, load_heard, catalog, err);
    }
    for (size_t i = 0; i < catalog->domain_count; i++) {
        catalog->domains[i].dirty = false;
    }
    if (code == FH_OK) {
        *out = FH_TAKE(catalog);
    }
    return code;
}

void fh_catalog_close(struct fh_catalog *catalog)
{
    if (catalog != NULL) {
        fh_free(catalog->domains);
        fh_free(catalog);
    }
}

/* ---- rows ---- */

int fh_catalog_read_row(const struct fh_catalog *catalog,
                        const struct fh_store_entry *row,
                        struct fh_announcement *out,
                        struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, row->bytes, fh_directory_mesh(catalog->directory), err);
    if (code == FH_OK) {
        code = fh_announce_parse(out, record.payload, err);
    }
    if (code == FH_OK && fh_record_id_equal(&record.id, &row->id)) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_EIO,
                       "store.corrupt",
                       "the stored announcement of %s is damaged; stop the node, move node.db* "
                       "aside and start again",
                       row->key.product);
}

static int put_card(struct fh_catalog *catalog,
                    int64_t entry,
                    const struct fh_announcement *announcement,
                    const struct fh_contract *contract,
                    const char *domain_name,
                    struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    fh_buf_init(&form, (size_t)FH_FACET_OF_PRODUCT_MAX * (FH_FACET_BYTES_MAX + 2));
    struct fh_store_card card = {.entry = entry,
                                 .key = fh_announce_key(announcement),
                                 .status = announcement->status,
                                 .contract = announcement->contract};
    snprintf(card.domain_name, sizeof card.domain_name, "%s", domain_name);
    if (contract != NULL) {
        card.open_to_mesh = fh_contract_open_to_mesh(contract);
        fh_facets_form(&form, contract);
    }
    card.form = fh_buf_view(&form);
    int code = fh_buf_ok(&form);
    return code == FH_OK ? fh_store_card_put(catalog->store, &card, err)
                         : fh_err_set(err, code, "no memory for the facets of a product");
}

int fh_catalog_index(struct fh_catalog *catalog,
                     int64_t entry,
                     const struct fh_announcement *announcement,
                     const struct fh_contract *contract,
                     struct fh_err *err)
{
    const struct fh_directory_domain *domain =
        fh_directory_domain(catalog->directory, &announcement->domain);
    const char *name = domain == NULL ? "" : domain->name;
    FH_CLEANUP(fh_search_text_fini) struct fh_search_text text;
    fh_search_text_init(&text);
    fh_search_text_make(&text, name, announcement, contract);
    const struct fh_bytes fields[FH_STORE_SEARCH_FIELDS] = {
        fh_bytes_cstr(name),
        fh_buf_view(&text.name),
        fh_buf_view(&text.title),
        fh_buf_view(&text.description),
        fh_buf_view(&text.columns),
        fh_buf_view(&text.tags),
        fh_buf_view(&text.people),
    };
    int code = fh_store_search_put(catalog->store, entry, fields, err);
    return code == FH_OK ? put_card(catalog, entry, announcement, contract, name, err) : code;
}

int fh_catalog_signature_rule(struct fh_err *err, int code, const char *rule)
{
    if (err != NULL && strcmp(err->rule, "record.signature") == 0) {
        snprintf(err->rule, sizeof err->rule, "%s", rule);
    }
    return code;
}

/* ---- age ---- */

static size_t domain_place(const struct fh_catalog *catalog, const struct fh_domain_id *id)
{
    size_t low = 0;
    size_t high = catalog->domain_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fh_domain_id_compare(&catalog->domains[middle].id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct fh_catalog *catalog, size_t place, const struct fh_domain_id *id)
{
    return place < catalog->domain_count && fh_domain_id_equal(&catalog->domains[place].id, id);
}

static bool reserve_domain(struct fh_catalog *catalog)
{
    if (catalog->domain_count < catalog->domain_capacity) {
        return true;
    }
    size_t capacity = catalog->domain_capacity == 0 ? 16 : catalog->domain_capacity * 2;
    void *grown = capacity > FH_MEMBERS_MAX
                      ? NULL
                      : fh_realloc(catalog->domains, capacity * sizeof *catalog->domains);
    if (grown == NULL) {
        return false;
    }
    catalog->domains = grown;
    catalog->domain_capacity = capacity;
    return true;
}

struct fh_catalog_domain *fh_catalog_domain_row(struct fh_catalog *catalog,
                                                const struct fh_domain_id *id)
{
    size_t at = domain_place(catalog, id);
    if (!is_at(catalog, at, id)) {
        if (!reserve_domain(catalog)) {
            return NULL;
        }
        memmove(&catalog->domains[at + 1],
                &catalog->domains[at],
                (catalog->domain_count - at) * sizeof *catalog->domains);
        catalog->domains[at] = (struct fh_catalog_domain){.id = *id};
        catalog->domain_count++;
    }
    return &catalog->domains[at];
}

void fh_catalog_heard(struct fh_catalog *catalog, const struct fh_domain_id *domain, int64_t now_ms)
{
    struct fh_catalog_domain *row = fh_catalog_domain_row(catalog, domain);
    /* Without memory the age falls back to when the announcement arrived. */
    if (row != NULL && now_ms > row->heard_ms) {
        row->heard_ms = now_ms;
        row->dirty = true;
    }
}

int fh_catalog_entry_of(const struct fh_catalog *catalog,
                        const struct fh_store_entry *row,
                        struct fh_catalog_entry *out,
                        struct fh_err *err)
{
    struct fh_catalog_entry entry = {.id = row->id,
                                     .received_ms = row->received_ms,
                                     .heard_ms = row->received_ms,
                                     .live = row->live,
                                     .contract_held = row->contract_held,
                                     .open_to_mesh = row->open_to_mesh,
                                     .forked = row->forked,
                                     .quality = row->quality};
    int code = fh_catalog_read_row(catalog, row, &entry.announcement, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_directory_domain *domain =
        fh_directory_domain(catalog->directory, &row->key.domain);
    if (domain != NULL) {
        memcpy(entry.domain_name, domain->name, sizeof entry.domain_name);
    }
    size_t at = domain_place(catalog, &row->key.domain);
    if (is_at(catalog, at, &row->key.domain) && catalog->domains[at].heard_ms > entry.heard_ms) {
        entry.heard_ms = catalog->domains[at].heard_ms;
    }
    *out = entry;
    return FH_OK;
}

/* ---- sweeping ---- */

struct sweep {
    struct fh_catalog *catalog;
    uint64_t dropped;
};

static int sweep_row(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    (void)err;
    struct sweep *sweep = user;
    fh_catalog_count_out(sweep->catalog, &row->key.domain, &row->id);
    sweep->dropped++;
    return FH_OK;
}

static int store_heard(struct fh_catalog *catalog, struct fh_err *err)
{
    int code = FH_OK;
    for (size_t i = 0; i < catalog->domain_count && code == FH_OK; i++) {
        struct fh_catalog_domain *row = &catalog->domains[i];
        if (row->dirty) {
            code = fh_store_heard_put(catalog->store, &row->id, row->heard_ms, err);
            row->dirty = code != FH_OK;
        }
    }
    return code;
}

int fh_catalog_sweep(struct fh_catalog *catalog,
                     int64_t now_ms,
                     uint64_t *out_dropped,
                     struct fh_err *err)
{
    struct fh_catalog_sums sums = catalog->sums;
    struct sweep sweep = {.catalog = catalog};
    int code = fh_store_begin(catalog->store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        return code;
    }
    code = store_heard(catalog, err);
    if (code == FH_OK) {
        code = fh_store_entries_expire(
            catalog->store, now_ms - FH_CLOCK_SKEW_MS, sweep_row, &sweep, err);
    }
    if (code == FH_OK && (catalog->is_untidy || sweep.dropped > 0)) {
        code = fh_store_measurements_tidy(catalog->store, err);
        if (code == FH_OK) {
            code = fh_store_wants_tidy(catalog->store, err);
        }
    }
    if (code == FH_OK) {
        code = fh_store_commit(catalog->store, err);
    } else {
        fh_store_rollback(catalog->store);
    }
    if (code != FH_OK) {
        catalog->sums = sums; /* rows stay rows when they expire */
    } else {
        catalog->is_untidy = false;
    }
    if (code != FH_OK || sweep.dropped > 0) {
        catalog->edits++;
    }
    if (code == FH_OK && out_dropped != NULL) {
        *out_dropped = sweep.dropped;
    }
    return code;
}

uint64_t fh_catalog_edits(const struct fh_catalog *catalog)
{
    return catalog->edits;
}
