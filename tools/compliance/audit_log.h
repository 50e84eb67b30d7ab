/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit log: reads the log of a home, whether its node runs or not, and holds it against what its
 * node signed.
 *
 * The log is walked twice: once to the end, for what is wrong, and then up to there for whoever
 * wants its records. A node that writes meanwhile only makes it longer.
 *
 * Does not: change it, ask anybody. Thread: one. Ownership: records are lent for the call.
 */
#ifndef FH_TOOLS_COMPLIANCE_AUDIT_LOG_H
#define FH_TOOLS_COMPLIANCE_AUDIT_LOG_H

#include "proto/governance/audit_chain.h"
#include "tools/client/actor.h"

struct fh_audit_log {
    const struct fh_actor *actor; /* kept: whose log it is */
    unsigned files;
    uint64_t first; /* number of the oldest record that is there; 0: there is none. Above 1 the log
                       says that its node removed those before it, or `failure` is set */
    struct fh_audit_position last;
    uint64_t records;
    uint64_t checkpoints;  /* that verify */
    uint64_t signed_seq;   /* the last record that one of them stands for */
    uint64_t recovered;    /* torn ends */
    uint64_t open_reads;   /* decisions without an outcome */
    uint64_t counted;      /* refusals that have no record of their own */
    struct fh_err failure; /* why it is not walked beyond `last`; FH_OK in code: that is its end */
};

/* Walks the whole. FH_OK also for a log that was changed: see `failure`. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int
fh_audit_log_open(struct fh_audit_log *out, const struct fh_actor *actor, struct fh_err *err);

/* The same of a log that nobody writes: a walk that fails is not tried again. */
FH_MUST_CHECK int
fh_audit_log_open_still(struct fh_audit_log *out, const struct fh_actor *actor, struct fh_err *err);

/* Calls for every record up to `last`, in order, until it fails. `hash` is the record's own. */
typedef int fh_audit_log_fn(void *user,
                            const struct fh_audit_record *record,
                            const struct fh_hash *hash,
                            struct fh_err *err);
FH_MUST_CHECK int fh_audit_log_each(const struct fh_audit_log *log,
                                    fh_audit_log_fn *visit,
                                    void *user,
                                    struct fh_err *err);

/* `code`, or in the place of FH_OK why the log was not walked to its end: what stands in one that
 * was changed is shown up to there. */
FH_MUST_CHECK int
fh_audit_log_conclude(const struct fh_audit_log *log, int code, struct fh_err *err);

#endif
