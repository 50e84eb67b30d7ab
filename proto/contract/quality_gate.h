/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quality gate: what a contract wants to happen while its promises do not hold, and when they are
 * to be looked at.
 *
 *     customProperties:
 *       - property: qualityGate
 *         value: block               serve, warn (the default) or block
 *     slaProperties:
 *       - property: freshness
 *         ...
 *         scheduler: cron
 *         schedule: 30 6 * * *       so have the rules of quality
 *
 * Does not: decide on a query (proto/quality/measurement.h). Thread: any. Ownership: borrows the
 * contract.
 */
#ifndef FH_PROTO_CONTRACT_QUALITY_GATE_H
#define FH_PROTO_CONTRACT_QUALITY_GATE_H

#include "proto/contract/contract.h"

struct fh_findings;

/* X(NAME, code, text) */
#define FH_QUALITY_GATES(X)                                                                        \
    X(SERVE, 0, "serve") /* answer as if nothing were the matter */                                \
    X(WARN, 1, "warn")   /* answer, and say so */                                                  \
    X(BLOCK, 2, "block") /* refuse other domains until a measurement is good again */

enum fh_quality_gate {
#define X(name, code, text) FH_QUALITY_GATE_##name = (code),
    FH_QUALITY_GATES(X)
#undef X
        FH_QUALITY_GATE_COUNT
};

/* "warn"; "unknown" out of range. */
const char *fh_quality_gate_text(unsigned gate);

/* The contract's gate; warn when it states none, or one that this version does not know. */
enum fh_quality_gate fh_quality_gate_of(const struct fh_contract *contract);

/* Appends: `publish.quality.gate` (error) for an unknown gate, `publish.quality.schedule` (warning)
 * for a schedule of cron that does not read, and for one whose scheduler is none that runs here. */
void fh_quality_rules(const struct fh_contract *contract, struct fh_findings *findings);

/* Calls `visit` with each schedule of scheduler cron, as written; false ends the walk. */
typedef bool fh_quality_schedule_fn(void *user, const char *cron);
void fh_quality_schedules(const struct fh_contract *contract,
                          fh_quality_schedule_fn *visit,
                          void *user);

#endif
