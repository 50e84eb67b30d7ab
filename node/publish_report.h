/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publish report: what the data say of a contract, as its author reads it.
 *
 *     orders.id: 3 values are missing, but the column is required    check.required   error
 *     orders: 1000 rows, 2 columns                                   check.rows
 *
 * One list for whoever asks, on the admin socket or over a session: broken promises first, then a
 * note for each table. Findings name tables, columns, rules and counts, never a value.
 *
 * Does not: decide (checks.h does), encode. Thread: any. Ownership: findings live in the arena.
 */
#ifndef FH_NODE_PUBLISH_REPORT_H
#define FH_NODE_PUBLISH_REPORT_H

#include "node/quality/checks.h"
#include "node/query/trials.h"
#include "node/state/policies.h"
#include "proto/gossip/announce.h"
#include "proto/governance/access.h"
#include "proto/session/messages.h"

struct fh_publish_report {
    uint32_t count;
    struct fh_msg_finding *findings;
};

/* Lists what `result` (borrowed) found. `kept` is the announcement of a major that stays deprecated
 * although the contract says active, or NULL. FH_ENOMEM. */
FH_MUST_CHECK int fh_publish_report_make(struct fh_publish_report *out,
                                         const struct fh_contract *contract,
                                         const struct fh_checks_result *result,
                                         const struct fh_announcement *kept,
                                         struct fh_arena *arena,
                                         struct fh_err *err);

/* What policies make of a version. Borrowed. */
struct fh_publish_policies {
    const struct fh_policies *held;
    const struct fh_contract *contract;
    const struct fh_access_product *before; /* the version before; NULL at the first */
    const struct fh_trials *trials;         /* of fh_publish_report_try, after their run */
};

/* Adds a trial for each filter of a policy that governs the product, over each of its tables that
 * it names. They borrow nothing but the arena: policies may be replaced meanwhile. */
FH_MUST_CHECK int fh_publish_report_try(struct fh_trials *trials,
                                        const struct fh_policies *policies,
                                        const struct fh_contract *contract,
                                        struct fh_arena *arena,
                                        struct fh_err *err);

/* Adds notes of what the policies that govern the product make of this version: a rule that fits
 * nothing of it but did of the version before: a column that is renamed would lose its mask; a mask
 * that does not fit the type of its column, which shows nothing then; and a filter that does not
 * stand over its table any more, which closes that to others. FH_ENOMEM. */
FH_MUST_CHECK int fh_publish_report_policies(struct fh_publish_report *report,
                                             const struct fh_publish_policies *policies,
                                             struct fh_arena *arena,
                                             struct fh_err *err);

#endif
