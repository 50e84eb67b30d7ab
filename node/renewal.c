/* SPDX-License-Identifier: Apache-2.0 */
#include "node/renewal.h"

#include "common/log.h"
#include "common/time.h"
#include "node/state/policies_judge.h"
#include "proto/gossip/lifecycle.h"

enum { ARENA_BYTES = 32 * 1024 * 1024 };

int fh_renewal_sign(const struct fh_publisher_options *options,
                    const struct fh_announcement *announcement,
                    struct fh_buf *out,
                    struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, FH_RECORD_GOSSIP_BYTES_MAX);
    fh_announce_encode(&payload, announcement);
    if (fh_buf_ok(&payload) != FH_OK) {
        return fh_err_set(err, fh_buf_ok(&payload), "the announcement does not fit a record");
    }
    fh_keystore_seal(
        options->keys, out, FH_RECORD_ANNOUNCEMENT, &options->mesh_id, fh_buf_view(&payload));
    return fh_buf_ok(out) == FH_OK
               ? FH_OK
               : fh_err_set(err, fh_buf_ok(out), "the announcement does not fit a record");
}

static void tell_not_renewed(const struct fh_announcement *announced, const struct fh_err *why)
{
    char text[FH_ERR_TEXT_BYTES];
    fh_log(FH_LOG_ERROR,
           "product.not_renewed",
           "product=%s major=%u rule=%s text=%s",
           announced->product,
           (unsigned)announced->major,
           why->rule,
           fh_log_quoted(text, sizeof text, why->text));
}

/* Whether a policy lets a version be announced on, that was published before it. */
static bool may_renew(const struct fh_publisher_options *options,
                      const struct fh_announcement *announced,
                      int64_t now_ms)
{
    struct fh_contract *contract = NULL;
    struct fh_err err;
    if (!fh_policies_judge_renewals(options->policies, now_ms)) {
        return true;
    }
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(ARENA_BYTES);
    int rc = arena == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory to renew a product") : FH_OK;
    if (rc == FH_OK) {
        rc = fh_catalog_open_contract(
            options->catalog, &announced->contract, arena, &contract, &err);
    }
    if (rc == FH_OK) {
        rc = fh_policies_judge_renewal(options->policies, contract, now_ms, arena, &err);
    }
    if (rc != FH_OK) {
        tell_not_renewed(announced, &err);
    }
    return rc == FH_OK;
}

/* What expired while this node was off, or its policies let nothing be renewed, is said again: with
 * the state that it had, and nobody else could say it. */
static bool is_due(const struct fh_catalog_entry *entry, int64_t now_ms)
{
    return !entry->live || now_ms - entry->announcement.issued_ms >= FH_ANNOUNCEMENT_TTL_MS / 3;
}

static int renew_one(void *user, const struct fh_catalog_entry *entry, struct fh_err *err)
{
    const struct fh_publisher_options *options = user;
    int64_t now = fh_clock_wall_ms();
    if (!is_due(entry, now) || !may_renew(options, &entry->announcement, now)) {
        return FH_OK;
    }
    struct fh_announcement next;
    fh_lifecycle_renew(&next, &entry->announcement, now);
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    int rc = fh_renewal_sign(options, &next, &record, err);
    struct fh_catalog_outcome outcome;
    if (rc == FH_OK) {
        rc = fh_catalog_announce(options->catalog, fh_buf_view(&record), now, &outcome, err);
    }
    if (rc == FH_OK && options->mesh != NULL) {
        fh_mesh_announced(options->mesh, fh_buf_view(&record));
    }
    if (rc != FH_OK && rc != FH_EIO) { /* of this one: others may still be renewed */
        tell_not_renewed(&entry->announcement, err);
        return FH_OK;
    }
    return rc;
}

void fh_renew(const struct fh_publisher_options *options)
{
    struct fh_publisher_options borrowed = *options;
    struct fh_err err;
    if (fh_catalog_each_own(options->catalog, renew_one, &borrowed, &err) != FH_OK) {
        fh_log(FH_LOG_ERROR, "product.not_renewed", "rule=%s text=\"%s\"", err.rule, err.text);
    }
}

int fh_renewal_judge(const struct fh_policies *policies,
                     const struct fh_announcement *held,
                     const struct fh_announcement *next,
                     struct fh_err *err)
{
    const struct fh_policy_end end = {
        .product = next->product,
        .major = next->major,
        .retires = next->status == FH_ANNOUNCE_RETIRED,
        .sunset_ms = next->sunset_ms,
        .sunset_before_ms = held == NULL ? 0 : held->sunset_ms,
        .now_ms = next->issued_ms,
    };
    bool ends = next->status == FH_ANNOUNCE_DEPRECATED || next->status == FH_ANNOUNCE_RETIRED;
    return ends ? fh_policies_judge_end(policies, &end, err) : FH_OK;
}
