/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/history.h"

#include "node/state/catalog_inner.h"
#include "node/state/store_history.h"
#include "proto/contract/contract_record.h"
#include "proto/wire/pack.h"

#include <stdio.h>

/* ---- versions ---- */

struct versions {
    struct fh_catalog *catalog;
    fh_history_version_fn *visit;
    void *user;
};

static struct fh_key_id signer_of(const struct fh_catalog *catalog,
                                  const struct fh_record *record,
                                  const struct fh_contract_record *contract)
{
    struct fh_signer signer;
    struct fh_err ignored;
    struct fh_key_id none = {.b = {0}};
    int code = fh_directory_verify(catalog->directory,
                                   record,
                                   &contract->domain,
                                   FH_ROLES_PUBLISHING,
                                   contract->created_ms,
                                   &signer,
                                   &ignored);
    return code == FH_OK ? fh_key_id_of(&signer.key) : none;
}

/* "status" inside the canonical form, which is one map of sorted keys. */
static void read_status(struct fh_bytes form, char *out, size_t size)
{
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, form);
    uint32_t pairs = fh_pack_read_map(&reader, UINT32_MAX);
    for (uint32_t i = 0; i < pairs && reader.failed == FH_OK; i++) {
        struct fh_bytes key = fh_pack_read_str(&reader, UINT32_MAX);
        if (fh_bytes_equal_cstr(key, "status")) {
            fh_pack_read_cstr(&reader, out, size);
            return;
        }
        fh_pack_skip(&reader);
    }
}

static int tell_version(void *user, struct fh_bytes bytes, struct fh_err *err)
{
    struct versions *versions = user;
    const struct fh_catalog *catalog = versions->catalog;
    struct fh_record record;
    struct fh_contract_record contract;
    int code = fh_record_parse(&record, bytes, fh_directory_mesh(catalog->directory), err);
    if (code == FH_OK) {
        code = fh_contract_record_parse(&contract, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_history_version version = {
        .seq = contract.seq,
        .created_ms = contract.created_ms,
        .id = record.id,
        .key = signer_of(catalog, &record, &contract),
    };
    snprintf(version.version, sizeof version.version, "%s", contract.version);
    read_status(contract.form, version.status, sizeof version.status);
    return versions->visit(versions->user, &version, err);
}

int fh_history_versions(struct fh_catalog *catalog,
                        const struct fh_domain_id *domain,
                        const char *product,
                        uint64_t before,
                        size_t limit,
                        fh_history_version_fn *visit,
                        void *user,
                        struct fh_err *err)
{
    struct versions versions = {.catalog = catalog, .visit = visit, .user = user};
    return fh_store_chain_each(
        catalog->store, domain, product, before, limit, tell_version, &versions, err);
}

/* ---- moves ---- */

struct moves {
    fh_catalog_record_visit_fn *visit;
    void *user;
};

static int tell_move(void *user, struct fh_bytes bytes, struct fh_err *err)
{
    struct moves *moves = user;
    return moves->visit(moves->user, bytes, err);
}

static int tell_entry(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct moves *moves = user;
    return moves->visit(moves->user, row->bytes, err);
}

int fh_history_moves(struct fh_catalog *catalog,
                     const struct fh_domain_id *domain,
                     const char *product,
                     fh_catalog_record_visit_fn *visit,
                     void *user,
                     struct fh_err *err)
{
    struct moves moves = {.visit = visit, .user = user};
    int code = fh_store_moves_each(catalog->store, domain, product, tell_move, &moves, err);
    return code == FH_OK
               ? fh_store_entries_of(catalog->store, domain, product, tell_entry, &moves, err)
               : code;
}

/* ---- forks ---- */

struct forks {
    struct fh_catalog *catalog;
    fh_history_fork_fn *visit;
    void *user;
};

/* The key that signed a contract of a fork; zero when the record is not here or its key unknown. */
static struct fh_key_id signer_by_id(struct fh_catalog *catalog, const struct fh_record_id *id)
{
    struct fh_key_id none = {.b = {0}};
    struct fh_record record;
    struct fh_contract_record contract;
    struct fh_err ignored;
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    if (fh_store_record_get(catalog->store, id, &bytes, &ignored) != FH_OK ||
        fh_record_parse(
            &record, fh_buf_view(&bytes), fh_directory_mesh(catalog->directory), &ignored) !=
            FH_OK ||
        fh_contract_record_parse(&contract, record.payload, &ignored) != FH_OK) {
        return none;
    }
    return signer_of(catalog, &record, &contract);
}

static int tell_fork(void *user, const struct fh_store_fork *row, struct fh_err *err)
{
    struct forks *forks = user;
    const struct fh_history_fork fork = {
        .number = row->number,
        .ids = {row->one, row->other},
        .keys = {signer_by_id(forks->catalog, &row->one),
                 signer_by_id(forks->catalog, &row->other)},
    };
    return forks->visit(forks->user, &fork, err);
}

int fh_history_forks(struct fh_catalog *catalog,
                     const struct fh_domain_id *domain,
                     const char *product,
                     fh_history_fork_fn *visit,
                     void *user,
                     struct fh_err *err)
{
    struct forks forks = {.catalog = catalog, .visit = visit, .user = user};
    return fh_store_forks_each(catalog->store, domain, product, tell_fork, &forks, err);
}
