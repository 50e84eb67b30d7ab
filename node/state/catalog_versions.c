/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a product beside one another: where one stands, and whether it says enough. */
#include "node/state/catalog_inner.h"

#include "common/assert.h"
#include "node/state/store_versions.h"
#include "proto/contract/contract_record.h"

/* What is held around one version, as fh_versions_place asks for it. */
struct around {
    struct fh_store_version rows[4];
    size_t count;
    bool is_whole;
};

static int look(struct fh_catalog *catalog,
                const struct fh_contract_record *contract,
                enum fh_store_version_side side,
                uint32_t major,
                struct around *around,
                struct fh_err *err)
{
    FH_ASSERT(around->count < FH_COUNT(around->rows));
    int code = fh_store_version_get(catalog->store,
                                    &contract->domain,
                                    contract->product,
                                    side,
                                    major,
                                    contract->seq,
                                    &around->rows[around->count],
                                    err);
    around->count += code == FH_OK;
    return code == FH_ENOTFOUND ? FH_OK : code;
}

static int look_around(struct fh_catalog *catalog,
                       const struct fh_contract_record *contract,
                       uint32_t major,
                       struct around *around,
                       struct fh_err *err)
{
    uint64_t before = 0;
    int code = look(catalog, contract, FH_STORE_BEFORE, major, around, err);
    bool is_new_major = around->count == 0;
    if (code == FH_OK && !is_new_major) {
        code = look(catalog, contract, FH_STORE_BEFORE_RELEASE, major, around, err);
    }
    if (code == FH_OK && is_new_major) {
        code = look(catalog, contract, FH_STORE_GREATEST, major, around, err);
    }
    if (code == FH_OK && is_new_major) {
        code = fh_store_versions_before(
            catalog->store, &contract->domain, contract->product, contract->seq, &before, err);
        around->is_whole = before == contract->seq - 1;
    }
    return code == FH_OK ? look(catalog, contract, FH_STORE_AFTER, major, around, err) : code;
}

int fh_catalog_place_version(struct fh_catalog *catalog,
                             const struct fh_contract_record *contract,
                             struct fh_record_id *out_base,
                             struct fh_err *err)
{
    struct around around = {.count = 0};
    struct fh_version held[FH_COUNT(around.rows)];
    struct fh_version next = {.seq = contract->seq};
    struct fh_semver version;
    size_t base = FH_VERSION_NONE;
    *out_base = (struct fh_record_id){.b = {0}};
    _Static_assert(sizeof next.text == sizeof contract->version, "any version fits");
    memcpy(next.text, contract->version, sizeof next.text);
    int code = fh_semver_parse(&version, contract->version, err);
    if (code == FH_OK) {
        code = look_around(catalog, contract, version.major, &around, err);
    }
    for (size_t i = 0; i < around.count; i++) {
        held[i] = around.rows[i].version;
    }
    if (code == FH_OK) {
        code = fh_versions_place(
            held, around.count, around.is_whole, contract->product, &next, &base, err);
    }
    if (code == FH_OK && base != FH_VERSION_NONE) {
        *out_base = around.rows[base].id;
    }
    return code;
}

int fh_catalog_judge_version(struct fh_catalog *catalog,
                             const struct fh_contract_record *record,
                             const struct fh_contract *contract,
                             const struct fh_record_id *base,
                             struct fh_err *err)
{
    if (fh_record_id_is_zero(base) || record->compat_rules > FH_CONTRACT_COMPAT_RULES) {
        return FH_OK; /* nothing to judge by, or rules that are not known here */
    }
    struct fh_contract *before = NULL;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) =
        fh_arena_new(2 * (size_t)FH_CONTRACT_ARENA_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    int code = fh_catalog_open_contract(catalog, base, arena, &before, err);
    return code == FH_OK ? fh_versions_judge(before, contract, arena, err) : code;
}

int fh_catalog_base(struct fh_catalog *catalog,
                    const char *product,
                    const char *version,
                    struct fh_buf *out_record,
                    struct fh_err *err)
{
    struct fh_contract_record next = {.domain = catalog->self, .seq = INT64_MAX};
    struct fh_semver parsed;
    struct fh_store_version base;
    int code = fh_name_check("product", product, err);
    if (code == FH_OK) {
        memcpy(next.product, product, strlen(product) + 1);
        code = fh_semver_parse(&parsed, version, err);
    }
    if (code == FH_OK) {
        code = fh_store_version_get(catalog->store,
                                    &next.domain,
                                    next.product,
                                    FH_STORE_BEFORE_RELEASE,
                                    parsed.major,
                                    next.seq,
                                    &base,
                                    err);
        if (code == FH_ENOTFOUND) {
            return FH_OK;
        }
    }
    return code == FH_OK ? fh_store_contract_get(catalog->store, &base.id, out_record, err) : code;
}

/* ---- refused links ---- */

int fh_catalog_refused_link(struct fh_catalog *catalog,
                            const struct fh_contract_record *contract,
                            bool *out,
                            struct fh_err *err)
{
    struct fh_store_refusal refusal;
    int code = fh_store_refusal_get(catalog->store, &contract->prev, &refusal, err);
    *out = code == FH_OK && fh_domain_id_equal(&refusal.domain, &contract->domain) &&
           strcmp(refusal.product, contract->product) == 0 && refusal.seq == contract->seq - 1;
    return code == FH_ENOTFOUND ? FH_OK : code;
}

int fh_catalog_refusal(struct fh_catalog *catalog,
                       const struct fh_catalog_entry *entry,
                       struct fh_err *err)
{
    struct fh_err why = {0};
    int code = FH_EINCOMPLETE;
    if (!entry->contract_held) {
        code = fh_catalog_why_missing(catalog,
                                      &entry->announcement.contract,
                                      entry->domain_name,
                                      entry->announcement.product,
                                      &why);
    }
    if (code != FH_EINCOMPLETE && err != NULL) {
        *err = why;
    }
    return code == FH_EINCOMPLETE ? FH_OK : code;
}

int fh_catalog_why_missing(struct fh_catalog *catalog,
                           const struct fh_record_id *contract,
                           const char *domain,
                           const char *product,
                           struct fh_err *err)
{
    struct fh_store_refusal refusal;
    int code = fh_store_refusal_get(catalog->store, contract, &refusal, err);
    if (code == FH_OK) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           refusal.why.rule,
                           "%s.%s: its contract was refused here: %s",
                           domain,
                           product,
                           refusal.why.text);
    }
    return code != FH_ENOTFOUND
               ? code
               : fh_err_rule(err,
                             FH_EINCOMPLETE,
                             "product.contract.missing",
                             "%s.%s is announced, but its contract has not arrived here yet; try "
                             "again",
                             domain,
                             product);
}
