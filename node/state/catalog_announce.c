/* SPDX-License-Identifier: Apache-2.0 */
/* Announcements: judged against what is held, then stored with want, search text and sum. */
#include "node/state/catalog_inner.h"
#include "node/state/store_versions.h"

#include "common/assert.h"
#include "common/time.h"
#include "node/state/store_history.h"
#include "proto/gossip/lifecycle.h"
#include "proto/wire/record.h"

struct held {
    struct fh_store_entry row; /* bytes point into `bytes` */
    struct fh_announcement announcement;
    struct fh_buf bytes;
    const struct fh_catalog *catalog;
};

static void held_fini(struct held *held)
{
    fh_buf_fini(&held->bytes);
}

static int take_held(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct held *held = user;
    int code = fh_catalog_read_row(held->catalog, row, &held->announcement, err);
    if (code == FH_OK) {
        held->row = *row;
        fh_buf_add_bytes(&held->bytes, row->bytes);
        held->row.bytes = fh_buf_view(&held->bytes);
        code = fh_buf_ok(&held->bytes);
    }
    return code;
}

static int
check_dates(const struct fh_announcement *announcement, int64_t now_ms, struct fh_err *err)
{
    char when[FH_TIME_TEXT_BYTES];
    if (announcement->issued_ms > now_ms + FH_CLOCK_SKEW_MS) {
        fh_time_text(when, announcement->issued_ms);
        return fh_err_rule(err,
                           FH_EINVAL,
                           "announcement.future",
                           "announcement of %s: issued at %s, which is ahead of this clock",
                           announcement->product,
                           when);
    }
    if (announcement->expires_ms + FH_CLOCK_SKEW_MS < now_ms) {
        fh_time_text(when, announcement->expires_ms);
        return fh_err_rule(err,
                           FH_ESTALE,
                           "announcement.expired",
                           "announcement of %s: expired at %s",
                           announcement->product,
                           when);
    }
    return FH_OK;
}

/* Against what is held under the key. */
static int
check_order(const struct held *held, const struct fh_announcement *announcement, struct fh_err *err)
{
    if (announcement->revision < held->row.revision) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "announcement.stale",
                           "announcement of %s %s: revision %llu is older than %llu, which is held",
                           announcement->product,
                           announcement->version,
                           (unsigned long long)announcement->revision,
                           (unsigned long long)held->row.revision);
    }
    if (announcement->contract_seq < held->announcement.contract_seq &&
        announcement->revision > held->row.revision) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "contract.version.replayed",
                           "announcement of %s %s: goes back to contract %llu of the chain, %llu "
                           "is held",
                           announcement->product,
                           announcement->version,
                           (unsigned long long)announcement->contract_seq,
                           (unsigned long long)held->announcement.contract_seq);
    }
    return announcement->revision > held->row.revision
               ? fh_lifecycle_follows(&held->announcement, announcement, err)
               : FH_OK;
}

static int check_quota(struct fh_catalog *catalog,
                       const struct fh_announcement *announcement,
                       struct fh_err *err)
{
    const struct fh_catalog_domain *domain = fh_catalog_domain_row(catalog, &announcement->domain);
    if (domain == NULL) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "announcement.quota",
                           "announcement of %s: the catalogue knows too many domains",
                           announcement->product);
    }
    if (domain->rows >= catalog->products_per_domain_max ||
        catalog->sums.rows >= FH_CATALOGUE_PRODUCTS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "announcement.quota",
                           "announcement of %s: its domain has %llu products here (at most %llu), "
                           "the catalogue %llu (at most %d)",
                           announcement->product,
                           (unsigned long long)domain->rows,
                           (unsigned long long)catalog->products_per_domain_max,
                           (unsigned long long)catalog->sums.rows,
                           FH_CATALOGUE_PRODUCTS_MAX);
    }
    return FH_OK;
}

/* A held contract must be the one that the announcement describes. */
static int check_contract(struct fh_catalog *catalog,
                          const struct fh_announcement *announcement,
                          bool *out_held,
                          struct fh_err *err)
{
    struct fh_record_id id;
    uint64_t seq = 0;
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    int code = fh_store_contract_held(catalog->store, &announcement->contract, out_held, err);
    if (code != FH_OK || !*out_held) {
        return code;
    }
    code = fh_store_contract_near(catalog->store,
                                  &announcement->domain,
                                  announcement->product,
                                  FH_STORE_AT_LEAST,
                                  announcement->contract_seq,
                                  &id,
                                  &seq,
                                  &bytes,
                                  err);
    if (code != FH_OK && code != FH_ENOTFOUND) {
        return code;
    }
    if (code == FH_ENOTFOUND || !fh_record_id_equal(&id, &announcement->contract) ||
        bytes.size != announcement->contract_bytes) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "contract.mismatch",
                           "announcement of %s %s: the contract that it names is not as it says",
                           announcement->product,
                           announcement->version);
    }
    return FH_OK;
}

static int keep_proof(struct fh_catalog *catalog,
                      const struct fh_record_id *id,
                      const struct fh_domain_id *domain,
                      struct fh_bytes bytes,
                      int64_t now_ms,
                      struct fh_err *err)
{
    const struct fh_store_record proof = {.id = *id,
                                          .type = FH_RECORD_ANNOUNCEMENT,
                                          .domain = *domain,
                                          .bytes = bytes,
                                          .received_ms = now_ms};
    return fh_store_proof_put(catalog->store, "announcement.forked", &proof, err);
}

/* The contract inside the stored record, for the search text. NULL when it is not held. */
static int held_contract(struct fh_catalog *catalog,
                         bool is_held,
                         const struct fh_record_id *id,
                         struct fh_arena *arena,
                         struct fh_contract **out,
                         struct fh_err *err)
{
    *out = NULL;
    return is_held ? fh_catalog_open_contract(catalog, id, arena, out, err) : FH_OK;
}

/* A contract that was refused would be refused again. */
static int was_refused(struct fh_catalog *catalog,
                       const struct fh_record_id *id,
                       bool *out,
                       struct fh_err *err)
{
    struct fh_store_refusal refusal;
    int code = fh_store_refusal_get(catalog->store, id, &refusal, err);
    *out = code == FH_OK;
    return code == FH_ENOTFOUND ? FH_OK : code;
}

/* Puts the row, its want and its search text. */
static int put_entry(struct fh_catalog *catalog,
                     const struct fh_announcement *announcement,
                     struct fh_store_entry *row,
                     struct fh_catalog_outcome *out,
                     struct fh_err *err)
{
    bool is_held = false;
    int code = check_contract(catalog, announcement, &is_held, err);
    if (code == FH_OK) {
        code = fh_store_entry_put(catalog->store, row, err);
    }
    bool is_refused = false;
    if (code == FH_OK && !is_held) {
        code = was_refused(catalog, &announcement->contract, &is_refused, err);
    }
    if (code == FH_OK && !is_held && !is_refused && announcement->status != FH_ANNOUNCE_WITHDRAWN) {
        static const struct fh_record_id none;
        code = fh_store_want_put(
            catalog->store, &announcement->contract, &announcement->domain, &none, err);
        out->wanted = announcement->contract;
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    struct fh_contract *contract = NULL;
    code = held_contract(catalog, is_held, &announcement->contract, arena, &contract, err);
    return code == FH_OK ? fh_catalog_index(catalog, row->entry, announcement, contract, err)
                         : code;
}

/* What changed a product's life is kept; a first announcement only when it says something. */
static bool is_move(const struct held *held, const struct fh_announcement *announcement)
{
    const struct fh_announcement *before = &held->announcement;
    if (held->row.entry == 0) {
        return announcement->status != FH_ANNOUNCE_ACTIVE;
    }
    return before->status != announcement->status || before->sunset_ms != announcement->sunset_ms ||
           strcmp(before->successor, announcement->successor) != 0;
}

static int replace(struct fh_catalog *catalog,
                   const struct held *held,
                   const struct fh_announcement *announcement,
                   struct fh_store_entry *row,
                   struct fh_catalog_outcome *out,
                   struct fh_err *err)
{
    int code = put_entry(catalog, announcement, row, out, err);
    bool had = held->row.entry != 0;
    if (code == FH_OK && is_move(held, announcement)) {
        code =
            fh_store_move_put(catalog->store, &row->key, announcement->revision, row->bytes, err);
    }
    if (code == FH_OK && had && !fh_record_id_equal(&held->row.contract, &row->contract)) {
        catalog->is_untidy = true;
        code = fh_store_want_drop_unnamed(catalog->store, &held->row.contract, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (!had) {
        struct fh_catalog_domain *domain = fh_catalog_domain_row(catalog, &announcement->domain);
        FH_ASSERT(domain != NULL); /* check_quota made it */
        domain->rows++;
        catalog->sums.rows++;
    }
    if (had && held->row.live) {
        fh_catalog_count_out(catalog, &announcement->domain, &held->row.id);
    }
    fh_catalog_count_in(catalog, &announcement->domain, &row->id);
    return FH_OK;
}

/* Two announcements of one revision: both are kept as proof, the winner counts. */
static int settle_fork(struct fh_catalog *catalog,
                       const struct held *held,
                       const struct fh_announcement *announcement,
                       struct fh_store_entry *row,
                       struct fh_catalog_outcome *out,
                       struct fh_err *err)
{
    bool known = false;
    int code = fh_store_proof_held(catalog->store, &row->id, &known, err);
    if (code != FH_OK || known) {
        return code;
    }
    out->result = FH_CATALOG_FORKED;
    const struct fh_domain_id *domain = &announcement->domain;
    code = keep_proof(catalog, &held->row.id, domain, held->row.bytes, held->row.received_ms, err);
    if (code == FH_OK) {
        code = keep_proof(catalog, &row->id, domain, row->bytes, row->received_ms, err);
    }
    bool wins = fh_announce_supersedes(&held->announcement, &held->row.id, announcement, &row->id);
    return code == FH_OK && wins ? replace(catalog, held, announcement, row, out, err) : code;
}

static int verify(struct fh_catalog *catalog,
                  const struct fh_record *record,
                  const struct fh_announcement *announcement,
                  struct fh_err *err)
{
    int code = fh_directory_verify(catalog->directory,
                                   record,
                                   &announcement->domain,
                                   FH_ROLES_ANNOUNCING,
                                   announcement->issued_ms,
                                   NULL,
                                   err);
    if (code != FH_OK) {
        fh_catalog_signature_rule(err, code, "announcement.signature");
        fh_err_wrap(err, "announcement of %s", announcement->product);
    }
    return code;
}

int fh_catalog_apply_announcement(struct fh_catalog *catalog,
                                  struct fh_bytes bytes,
                                  int64_t now_ms,
                                  struct fh_catalog_outcome *out,
                                  struct fh_err *err)
{
    struct fh_record record;
    struct fh_announcement announcement;
    int code = fh_record_parse(&record, bytes, fh_directory_mesh(catalog->directory), err);
    if (code == FH_OK && record.type != FH_RECORD_ANNOUNCEMENT) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "a record of type %s where an announcement is expected",
                           fh_record_type_text(record.type));
    }
    if (code == FH_OK) {
        code = fh_announce_parse(&announcement, record.payload, err);
    }
    if (code != FH_OK) {
        return fh_err_wrap(err, "announcement");
    }
    out->id = record.id;
    out->key = fh_announce_key(&announcement);
    out->result = FH_CATALOG_KNOWN;
    FH_CLEANUP(held_fini) struct held held = {.catalog = catalog};
    fh_buf_init(&held.bytes, FH_RECORD_BYTES_MAX);
    code = fh_store_entry_get(catalog->store, &out->key, take_held, &held, err);
    if (code != FH_OK && code != FH_ENOTFOUND) {
        return code;
    }
    bool had = code == FH_OK;
    if (had && held.row.live && fh_record_id_equal(&held.row.id, &record.id)) {
        return FH_OK;
    }
    code = check_dates(&announcement, now_ms, err);
    if (code == FH_OK && had) {
        code = check_order(&held, &announcement, err);
    }
    if (code == FH_OK) {
        code = verify(catalog, &record, &announcement, err);
    }
    if (code == FH_OK && !had) {
        code = check_quota(catalog, &announcement, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_store_entry row = {.key = out->key,
                                 .id = record.id,
                                 .revision = announcement.revision,
                                 .status = announcement.status,
                                 .contract = announcement.contract,
                                 .expires_ms = announcement.expires_ms,
                                 .received_ms = now_ms,
                                 .live = true,
                                 .bytes = bytes};
    if (had && announcement.revision == held.row.revision &&
        !fh_record_id_equal(&held.row.id, &record.id)) {
        return settle_fork(catalog, &held, &announcement, &row, out, err);
    }
    out->result = FH_CATALOG_ADDED;
    return replace(catalog, &held, &announcement, &row, out, err);
}

int fh_catalog_announce(struct fh_catalog *catalog,
                        struct fh_bytes record,
                        int64_t now_ms,
                        struct fh_catalog_outcome *out,
                        struct fh_err *err)
{
    *out = (struct fh_catalog_outcome){.result = FH_CATALOG_KNOWN};
    struct fh_catalog_sums sums = catalog->sums;
    int code = fh_store_begin(catalog->store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_catalog_apply_announcement(catalog, record, now_ms, out, err);
    if (code == FH_OK) {
        code = fh_store_commit(catalog->store, err);
    } else {
        fh_store_rollback(catalog->store);
    }
    if (out->result != FH_CATALOG_KNOWN) {
        catalog->edits++;
    }
    if (code != FH_OK) {
        fh_catalog_restore(catalog, &sums, &out->key.domain);
        out->wanted = (struct fh_record_id){.b = {0}};
    }
    return code;
}
