/* SPDX-License-Identifier: Apache-2.0 */
/* The transactions around contracts: pulled ones, and own ones with announcement and source. */
#include "node/state/catalog_inner.h"
#include "node/state/store_versions.h"

/* A contract that can never be accepted is not pulled again. */
static bool is_hopeless(int code)
{
    return code == FH_ECHECK || code == FH_EINVAL || code == FH_EFORK || code == FH_ETOOBIG;
}

/* What the owner signed into its chain stays a link of it, though nothing of it is kept. */
static int note_refusal(struct fh_catalog *catalog,
                        const struct fh_catalog_outcome *outcome,
                        const struct fh_err *why,
                        struct fh_err *err)
{
    struct fh_store_refusal refusal = {
        .id = outcome->id, .domain = outcome->key.domain, .seq = outcome->contract_seq};
    memcpy(refusal.product, outcome->key.product, sizeof refusal.product);
    if (why != NULL) {
        refusal.why = *why;
    }
    return fh_store_refusal_put(catalog->store, &refusal, err);
}

int fh_catalog_contract(struct fh_catalog *catalog,
                        struct fh_bytes record,
                        const struct fh_record_id *expected,
                        int64_t now_ms,
                        struct fh_catalog_outcome *out,
                        struct fh_err *err)
{
    *out = (struct fh_catalog_outcome){.result = FH_CATALOG_KNOWN};
    int code = fh_store_begin(catalog->store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        return code;
    }
    catalog->edits++;
    /* An inner level, so that a refusal can undo the rows of the contract and still leave the proof
     * of a fork, the next want of a gap, or the end of a hopeless want. */
    code = fh_store_begin(catalog->store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        fh_store_rollback(catalog->store);
        return code;
    }
    code =
        fh_catalog_apply_contract(catalog, record, expected, FH_CATALOG_PULLED, now_ms, out, err);
    struct fh_err other = {0};
    int ended = FH_OK;
    if (code == FH_OK || code == FH_EFORK || code == FH_EINCOMPLETE) {
        ended = fh_store_commit(catalog->store, &other);
    } else {
        fh_store_rollback(catalog->store);
    }
    if (ended == FH_OK && is_hopeless(code) && !fh_record_id_is_zero(&out->id)) {
        ended = fh_store_want_drop(catalog->store, &out->id, &other);
        if (ended == FH_OK && out->contract_seq != 0) {
            ended = note_refusal(catalog, out, err, &other);
        }
    }
    if (ended == FH_OK) {
        ended = fh_store_commit(catalog->store, &other);
    } else {
        fh_store_rollback(catalog->store);
    }
    if (code == FH_OK && ended != FH_OK) {
        code = ended;
        if (err != NULL) {
            *err = other;
        }
    }
    return code;
}

/* An own announcement: never a second one of a revision that is out already, which would be a proof
 * against ourselves. */
static int announce_own(struct fh_catalog *catalog,
                        struct fh_bytes announcement,
                        int64_t now_ms,
                        struct fh_catalog_outcome *out,
                        struct fh_err *err)
{
    int code = fh_catalog_apply_announcement(catalog, announcement, now_ms, out, err);
    if (code == FH_OK && out->result == FH_CATALOG_FORKED) {
        return fh_err_rule(err,
                           FH_ESTALE,
                           "announcement.stale",
                           "another announcement of %s with this revision is out already",
                           out->key.product);
    }
    if (code == FH_OK && !fh_domain_id_equal(&out->key.domain, &catalog->self)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "publish.domain",
                           "product %s: is another domain's; this node publishes for its own",
                           out->key.product);
    }
    return code;
}

static int publish(struct fh_catalog *catalog,
                   struct fh_bytes contract,
                   struct fh_bytes announcement,
                   const struct fh_store_source *source,
                   int64_t now_ms,
                   struct fh_catalog_outcome *out,
                   struct fh_err *err)
{
    struct fh_catalog_outcome first = {.result = FH_CATALOG_KNOWN};
    int code = fh_catalog_apply_contract(
        catalog, contract, NULL, FH_CATALOG_PUBLISHED, now_ms, &first, err);
    if (code == FH_OK && !fh_domain_id_equal(&first.key.domain, &catalog->self)) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "publish.domain",
                           "contract %s: is another domain's; this node publishes for its own",
                           first.key.product);
    }
    if (code == FH_OK) {
        code = announce_own(catalog, announcement, now_ms, out, err);
    }
    if (code == FH_OK) {
        code = fh_catalog_check_published(catalog, contract, &out->key, err);
    }
    if (code == FH_OK && source != NULL) {
        code = fh_store_source_put(catalog->store, source, err);
    }
    return code;
}

int fh_catalog_publish(struct fh_catalog *catalog,
                       struct fh_bytes contract,
                       struct fh_bytes announcement,
                       const struct fh_store_source *source,
                       int64_t now_ms,
                       struct fh_catalog_outcome *out,
                       struct fh_err *err)
{
    *out = (struct fh_catalog_outcome){.result = FH_CATALOG_KNOWN};
    struct fh_catalog_sums sums = catalog->sums;
    int code = fh_store_begin(catalog->store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    catalog->edits++;
    code = publish(catalog, contract, announcement, source, now_ms, out, err);
    if (code == FH_OK) {
        code = fh_store_commit(catalog->store, err);
    } else {
        fh_store_rollback(catalog->store);
    }
    if (code != FH_OK) {
        fh_catalog_restore(catalog, &sums, &catalog->self);
    }
    return code;
}

static int move(struct fh_catalog *catalog,
                struct fh_bytes announcement,
                int64_t now_ms,
                struct fh_catalog_outcome *out,
                struct fh_err *err)
{
    int code = announce_own(catalog, announcement, now_ms, out, err);
    if (code == FH_OK && !fh_record_id_is_zero(&out->wanted)) {
        code = fh_err_rule(err,
                           FH_ECHECK,
                           "contract.mismatch",
                           "the announcement of %s names a contract that was never published",
                           out->key.product);
    }
    return code;
}

int fh_catalog_move(struct fh_catalog *catalog,
                    struct fh_bytes announcement,
                    bool dry_run,
                    int64_t now_ms,
                    struct fh_catalog_outcome *out,
                    struct fh_err *err)
{
    *out = (struct fh_catalog_outcome){.result = FH_CATALOG_KNOWN};
    struct fh_catalog_sums sums = catalog->sums;
    int code = fh_store_begin(catalog->store, FH_STORE_DURABLE, err);
    if (code != FH_OK) {
        return code;
    }
    catalog->edits++;
    code = move(catalog, announcement, now_ms, out, err);
    if (code == FH_OK && !dry_run) {
        code = fh_store_commit(catalog->store, err);
    } else {
        fh_store_rollback(catalog->store);
    }
    if (code != FH_OK || dry_run) {
        fh_catalog_restore(catalog, &sums, &catalog->self);
    }
    return code;
}

int fh_catalog_check_contract(struct fh_catalog *catalog,
                              struct fh_bytes contract,
                              int64_t now_ms,
                              struct fh_err *err)
{
    struct fh_catalog_outcome outcome = {.result = FH_CATALOG_KNOWN};
    int code = fh_store_begin(catalog->store, FH_STORE_LAZY, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_catalog_apply_contract(
        catalog, contract, NULL, FH_CATALOG_PUBLISHED, now_ms, &outcome, err);
    fh_store_rollback(catalog->store);
    if (code == FH_OK && !fh_domain_id_equal(&outcome.key.domain, &catalog->self)) {
        code = fh_err_rule(err,
                           FH_EDENIED,
                           "publish.domain",
                           "contract %s: is another domain's; this node publishes for its own",
                           outcome.key.product);
    }
    return code;
}

/* ---- what the next version follows ---- */

int fh_catalog_chain(struct fh_catalog *catalog,
                     const char *product,
                     uint64_t *out_seq,
                     struct fh_buf *out_record,
                     struct fh_err *err)
{
    struct fh_record_id id;
    uint64_t seq = 0;
    int code = fh_store_contract_near(catalog->store,
                                      &catalog->self,
                                      product,
                                      FH_STORE_AT_MOST,
                                      UINT64_MAX,
                                      &id,
                                      &seq,
                                      out_record,
                                      err);
    if (code == FH_OK || code == FH_ENOTFOUND) {
        *out_seq = code == FH_OK ? seq : 0;
        return FH_OK;
    }
    return code;
}

struct last_said {
    const struct fh_catalog *catalog;
    struct fh_announcement *out;
};

static int take_last_said(void *user, const struct fh_store_entry *row, struct fh_err *err)
{
    struct last_said *last = user;
    return fh_catalog_read_row(last->catalog, row, last->out, err);
}

int fh_catalog_last_said(struct fh_catalog *catalog,
                         const char *product,
                         uint32_t major,
                         struct fh_announcement *out,
                         struct fh_err *err)
{
    struct fh_announce_key key = {.domain = catalog->self, .major = major};
    struct last_said last = {.catalog = catalog, .out = out};
    int code = FH_ENOTFOUND;
    if (strlen(product) < sizeof key.product) {
        memcpy(key.product, product, strlen(product) + 1);
        code = fh_store_entry_get(catalog->store, &key, take_last_said, &last, err);
    }
    return code == FH_ENOTFOUND ? fh_err_rule(err,
                                              FH_ENOTFOUND,
                                              "product.unknown",
                                              "this domain never announced %.63s@%u",
                                              product,
                                              (unsigned)major)
                                : code;
}
