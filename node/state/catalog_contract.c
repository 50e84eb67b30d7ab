/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts: pulled by hash or published here, judged against their chain, stored with columns. */
#include "node/state/catalog_inner.h"
#include "node/state/store_history.h"

#include "common/assert.h"
#include "common/semver.h"
#include "node/state/store_columns.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/sql_type.h"
#include "proto/wire/record.h"

/* A contract on its way in. Views point into the caller's bytes. */
struct incoming {
    struct fh_record record;
    struct fh_contract_record contract;
    enum fh_catalog_way way;
    bool wanted;
};

/* A neighbour in the chain that is held. */
struct neighbour {
    bool is_there;
    struct fh_record_id id;
    uint64_t seq;
    struct fh_buf bytes;
    struct fh_contract_record contract;
};

static void neighbour_fini(struct neighbour *neighbour)
{
    fh_buf_fini(&neighbour->bytes);
}

/* ---- reading and verifying ---- */

static int parse(const struct fh_catalog *catalog,
                 struct fh_bytes bytes,
                 const struct fh_record_id *expected,
                 struct incoming *out,
                 struct fh_err *err)
{
    int code = fh_record_parse(&out->record, bytes, fh_directory_mesh(catalog->directory), err);
    if (expected != NULL && (code != FH_OK || !fh_record_id_equal(&out->record.id, expected))) {
        char id[FH_ID_SHORT_BYTES];
        fh_record_id_short(id, expected);
        return fh_err_rule(err,
                           FH_ESIG,
                           "contract.hash",
                           "contract: the bytes are not those of %s, which was asked for",
                           id);
    }
    if (code == FH_OK && out->record.type != FH_RECORD_CONTRACT) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "record.type",
                           "a record of type %s where a contract is expected",
                           fh_record_type_text(out->record.type));
    }
    return code == FH_OK ? fh_contract_record_parse(&out->contract, out->record.payload, err)
                         : code;
}

static int verify(const struct fh_catalog *catalog,
                  const struct incoming *in,
                  int64_t now_ms,
                  struct fh_err *err)
{
    const struct fh_contract_record *contract = &in->contract;
    if (contract->created_ms > now_ms + FH_CLOCK_SKEW_MS) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "contract.future",
                           "contract %s %s: created ahead of this clock",
                           contract->product,
                           contract->version);
    }
    int code = fh_directory_verify(catalog->directory,
                                   &in->record,
                                   &contract->domain,
                                   FH_ROLES_PUBLISHING,
                                   contract->created_ms,
                                   NULL,
                                   err);
    if (code != FH_OK) {
        fh_catalog_signature_rule(err, code, "contract.signature");
        fh_err_wrap(err, "contract %s %s", contract->product, contract->version);
    }
    return code;
}

/* ---- the chain ---- */

static int find_neighbour(struct fh_catalog *catalog,
                          const struct fh_contract_record *contract,
                          enum fh_store_side side,
                          struct neighbour *out,
                          struct fh_err *err)
{
    fh_buf_init(&out->bytes, FH_RECORD_BYTES_MAX);
    int code = fh_store_contract_near(catalog->store,
                                      &contract->domain,
                                      contract->product,
                                      side,
                                      contract->seq,
                                      &out->id,
                                      &out->seq,
                                      &out->bytes,
                                      err);
    if (code == FH_ENOTFOUND) {
        return FH_OK;
    }
    struct fh_record record;
    if (code == FH_OK) {
        code = fh_record_parse(
            &record, fh_buf_view(&out->bytes), fh_directory_mesh(catalog->directory), err);
    }
    if (code == FH_OK) {
        code = fh_contract_record_parse(&out->contract, record.payload, err);
    }
    out->is_there = code == FH_OK;
    return code;
}

/* Both records are kept: the one of the chain, and the other as a proof. */
static int keep_fork(struct fh_catalog *catalog,
                     const struct incoming *in,
                     const struct neighbour *held,
                     int64_t now_ms,
                     struct fh_catalog_outcome *out,
                     struct fh_err *err)
{
    const struct fh_store_record proof = {.id = in->record.id,
                                          .type = FH_RECORD_CONTRACT,
                                          .domain = in->contract.domain,
                                          .bytes = in->record.bytes,
                                          .received_ms = now_ms};
    struct fh_store_fork fork = {.domain = in->contract.domain,
                                 .number = in->contract.seq,
                                 .one = held->id,
                                 .other = in->record.id};
    bool is_new = false;
    memcpy(fork.product, in->contract.product, sizeof fork.product);
    int code = fh_store_fork_put(catalog->store, &fork, &is_new, err);
    if (code == FH_OK && is_new) {
        code = fh_store_proof_put(catalog->store, "contract.forked", &proof, err);
        out->result = FH_CATALOG_FORKED;
        out->against = held->id;
    }
    return code;
}

static int replayed(const struct incoming *in, uint64_t held_seq, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_ESTALE,
                       "contract.version.replayed",
                       "contract %s %s: number %llu of its chain, number %llu is held",
                       in->contract.product,
                       in->contract.version,
                       (unsigned long long)in->contract.seq,
                       (unsigned long long)held_seq);
}

/* An older major is announced beside a newer one, so its contract may come later than its
 * successor; it must then fit before it. */
static int check_above(const struct incoming *in, const struct neighbour *above, struct fh_err *err)
{
    if (in->way == FH_CATALOG_PUBLISHED || !in->wanted) {
        return replayed(in, above->seq, err);
    }
    int code =
        fh_contract_supersedes(&in->contract, &in->record.id, &above->contract, &above->id, err);
    return code == FH_EINCOMPLETE ? FH_OK : code;
}

/* Records between are missing: they are wanted first, the nearest one now. */
static int want_before(struct fh_catalog *catalog, const struct incoming *in, struct fh_err *err)
{
    static const struct fh_record_id none;
    const struct fh_contract_record *contract = &in->contract;
    int code = fh_store_want_put(catalog->store, &contract->prev, &contract->domain, &none, err);
    return code == FH_OK
               ? fh_store_want_put(
                     catalog->store, &in->record.id, &contract->domain, &contract->prev, err)
               : code;
}

static int check_below(struct fh_catalog *catalog,
                       const struct incoming *in,
                       const struct neighbour *below,
                       struct fh_catalog_outcome *out,
                       struct fh_err *err)
{
    const struct fh_contract_record *contract = &in->contract;
    struct fh_err gap;
    bool is_linked = false;
    if (!below->is_there) {
        if (in->way == FH_CATALOG_PUBLISHED && contract->seq != 1) {
            return fh_err_rule(err,
                               FH_ECHECK,
                               "contract.chain.broken",
                               "contract %s %s: number %llu of its chain, but none is held; the "
                               "first has number 1",
                               contract->product,
                               contract->version,
                               (unsigned long long)contract->seq);
        }
        return fh_contract_supersedes(NULL, NULL, contract, &in->record.id, err);
    }
    int code = fh_contract_supersedes(&below->contract, &below->id, contract, &in->record.id, &gap);
    if (code == FH_EINCOMPLETE) {
        int looked = fh_catalog_refused_link(catalog, contract, &is_linked, err);
        if (looked != FH_OK || is_linked) {
            return looked;
        }
        out->wanted = contract->prev;
        looked = in->way == FH_CATALOG_PULLED && in->wanted ? want_before(catalog, in, err) : FH_OK;
        if (looked != FH_OK) {
            return looked;
        }
    }
    if (code != FH_OK && err != NULL) {
        *err = gap;
    }
    return code;
}

/* Places the contract in its chain. FH_EFORK and FH_EINCOMPLETE leave rows behind that the caller
 * commits. */
static int check_chain(struct fh_catalog *catalog,
                       const struct incoming *in,
                       int64_t now_ms,
                       struct fh_catalog_outcome *out,
                       struct fh_err *err)
{
    FH_CLEANUP(neighbour_fini) struct neighbour below = {.is_there = false};
    FH_CLEANUP(neighbour_fini) struct neighbour above = {.is_there = false};
    int code = find_neighbour(catalog, &in->contract, FH_STORE_AT_MOST, &below, err);
    if (code == FH_OK) {
        code = find_neighbour(catalog, &in->contract, FH_STORE_AT_LEAST, &above, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (below.is_there && below.seq == in->contract.seq) {
        code = keep_fork(catalog, in, &below, now_ms, out, err);
        return code != FH_OK ? code
                             : fh_err_rule(err,
                                           FH_EFORK,
                                           "contract.forked",
                                           "contract %s %s: another contract with number %llu of "
                                           "this chain is held; both are kept as proof",
                                           in->contract.product,
                                           in->contract.version,
                                           (unsigned long long)in->contract.seq);
    }
    if (above.is_there) {
        code = check_above(in, &above, err);
    }
    if (code == FH_OK && in->way == FH_CATALOG_PULLED && !in->wanted) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "contract.unannounced",
                           "contract %s %s: no announcement names it",
                           in->contract.product,
                           in->contract.version);
    }
    return code == FH_OK ? check_below(catalog, in, &below, out, err) : code;
}

/* ---- storing ---- */

/* All that can be wrong with the columns shows here, before anything is written. */
static int pack_columns(struct fh_buf *out,
                        uint32_t *out_count,
                        const struct fh_contract *contract,
                        struct fh_err *err)
{
    for (size_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        for (size_t j = 0; j < table->columns.count; j++) {
            const struct fh_contract_column *column = &table->columns.items[j];
            char sql_type[FH_SQL_TYPE_BYTES];
            int code = fh_contract_sql_type(column, sql_type, err);
            if (code != FH_OK) {
                return fh_err_wrap(err, "table %s: column %s", table->name, column->name);
            }
            const struct fh_store_column row = {
                .table_at = (unsigned)i,
                .column_at = (unsigned)j,
                .table = table->name,
                .name = column->name,
                .sql_type = sql_type,
                .required =
                    column->required == FH_CONTRACT_TRUE || column->primary_key == FH_CONTRACT_TRUE,
                .classification = column->classification == NULL ? "" : column->classification,
            };
            fh_store_column_pack(out, &row);
            *out_count += 1;
        }
    }
    return FH_OK;
}

struct naming {
    struct fh_catalog *catalog;
    const struct incoming *in;
    const struct fh_contract *contract; /* NULL: only compare */
};

/* The entries that name the contract must say what it is. */
static int compare_entry(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct naming *naming = user;
    const struct incoming *in = naming->in;
    struct fh_announcement announcement;
    int code = fh_catalog_read_row(naming->catalog, row, &announcement, err);
    if (code != FH_OK) {
        return code;
    }
    if (!fh_domain_id_equal(&announcement.domain, &in->contract.domain) ||
        strcmp(announcement.product, in->contract.product) != 0 ||
        strcmp(announcement.version, in->contract.version) != 0 ||
        announcement.contract_seq != in->contract.seq ||
        announcement.contract_bytes != in->record.bytes.size) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "contract.mismatch",
                           "contract %s %s: its announcement says %s %s, number %llu, %llu bytes",
                           in->contract.product,
                           in->contract.version,
                           announcement.product,
                           announcement.version,
                           (unsigned long long)announcement.contract_seq,
                           (unsigned long long)announcement.contract_bytes);
    }
    if (naming->contract == NULL) {
        return FH_OK;
    }
    return fh_catalog_index(naming->catalog, row->entry, &announcement, naming->contract, err);
}

static int compare_published(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct naming *naming = user;
    if (!fh_record_id_equal(&row->contract, &naming->in->record.id)) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "contract.mismatch",
                           "the announcement of %s names another contract than the one published",
                           row->key.product);
    }
    return compare_entry(user, row, err);
}

static int put_contract(struct fh_catalog *catalog,
                        const struct incoming *in,
                        const struct fh_contract *contract,
                        int64_t now_ms,
                        struct fh_err *err)
{
    struct fh_store_contract row = {.id = in->record.id,
                                    .domain = in->contract.domain,
                                    .seq = in->contract.seq,
                                    .open_to_mesh = fh_contract_open_to_mesh(contract),
                                    .received_ms = now_ms,
                                    .bytes = in->record.bytes};
    memcpy(row.product, in->contract.product, sizeof row.product);
    uint32_t columns = 0;
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    fh_buf_init(&form, FH_STORE_COLUMNS_BYTES_MAX);
    memcpy(row.version, in->contract.version, sizeof row.version);
    struct fh_semver version;
    int code = fh_semver_parse(&version, row.version, err);
    if (code != FH_OK) {
        return code;
    }
    row.major = version.major;
    row.is_prerelease = version.prerelease.size > 0;
    code = pack_columns(&form, &columns, contract, err);
    if (code == FH_OK) {
        code = fh_store_contract_put(catalog->store, &row, err);
    }
    if (code == FH_OK) {
        code = fh_store_columns_put(catalog->store, &row.id, &form, columns, err);
    }
    if (code == FH_OK) {
        code = fh_store_want_drop(catalog->store, &row.id, err);
    }
    struct naming naming = {.catalog = catalog, .in = in, .contract = contract};
    return code == FH_OK
               ? fh_store_entries_naming(catalog->store, &row.id, compare_entry, &naming, err)
               : code;
}

void fh_catalog_offer(struct fh_catalog *catalog,
                      struct fh_bytes record,
                      const struct fh_contract *contract)
{
    catalog->offered = record;
    catalog->opened = contract;
}

/* The contract inside: the one that was offered for these bytes, or opened here. */
static int open_contract(const struct fh_catalog *catalog,
                         const struct incoming *in,
                         struct fh_arena *arena,
                         const struct fh_contract **out,
                         struct fh_err *err)
{
    struct fh_bytes bytes = in->record.bytes;
    if (catalog->opened != NULL && catalog->offered.data == bytes.data &&
        catalog->offered.size == bytes.size) {
        *out = catalog->opened;
        return FH_OK;
    }
    struct fh_contract *opened = NULL;
    int code = fh_contract_record_open(&opened, &in->contract, arena, err);
    *out = opened;
    return code;
}

int fh_catalog_apply_contract(struct fh_catalog *catalog,
                              struct fh_bytes record,
                              const struct fh_record_id *expected,
                              enum fh_catalog_way way,
                              int64_t now_ms,
                              struct fh_catalog_outcome *out,
                              struct fh_err *err)
{
    struct incoming in = {.way = way};
    struct fh_semver version;
    bool held = false;
    int code = parse(catalog, record, expected, &in, err);
    if (code == FH_OK) {
        code = fh_semver_parse(&version, in.contract.version, err);
    }
    if (code != FH_OK) {
        return code;
    }
    out->id = in.record.id;
    out->key.domain = in.contract.domain;
    out->key.major = version.major;
    memcpy(out->key.product, in.contract.product, sizeof out->key.product);
    out->result = FH_CATALOG_KNOWN;
    code = fh_store_contract_held(catalog->store, &in.record.id, &held, err);
    if (code != FH_OK || held) {
        return code;
    }
    code = verify(catalog, &in, now_ms, err);
    if (code == FH_OK) {
        code = fh_store_wanted(catalog->store, &in.record.id, &in.wanted, err);
    }
    if (code == FH_OK) {
        code = check_chain(catalog, &in, now_ms, out, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct naming naming = {.catalog = catalog, .in = &in};
    struct fh_record_id base;
    code = fh_store_entries_naming(catalog->store, &in.record.id, compare_entry, &naming, err);
    if (code == FH_OK) {
        out->contract_seq = in.contract.seq;
        code = fh_catalog_place_version(catalog, &in.contract, &base, err);
    }
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    if (code == FH_OK && arena == NULL) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    const struct fh_contract *contract = NULL;
    if (code == FH_OK) {
        code = open_contract(catalog, &in, arena, &contract, err);
        if (code != FH_OK) {
            return fh_err_wrap(err, "contract %s %s", in.contract.product, in.contract.version);
        }
        code = fh_catalog_judge_version(catalog, &in.contract, contract, &base, err);
    }
    if (code == FH_OK && catalog->judge != NULL &&
        !fh_domain_id_equal(&in.contract.domain, &catalog->self)) {
        code = catalog->judge(catalog->judge_user, &in.contract, contract, err);
    }
    if (code == FH_OK) {
        code = put_contract(catalog, &in, contract, now_ms, err);
    }
    if (code == FH_OK) {
        out->result = FH_CATALOG_ADDED;
    }
    return code;
}

int fh_catalog_check_published(struct fh_catalog *catalog,
                               struct fh_bytes contract,
                               const struct fh_announce_key *key,
                               struct fh_err *err)
{
    struct incoming in = {.way = FH_CATALOG_PUBLISHED};
    struct naming naming = {.catalog = catalog, .in = &in};
    int code = parse(catalog, contract, NULL, &in, err);
    return code == FH_OK ? fh_store_entry_get(catalog->store, key, compare_published, &naming, err)
                         : code;
}
