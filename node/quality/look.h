/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look: one look at an own product's data by the promises of its announced contract.
 *
 * It fetches what the checks need (the contract, and where the data lie), runs them, and adds what
 * the node knows of itself: its availability. Data that are gone are a result; checks that could
 * not be run (no worker, no time) are none.
 *
 * Does not: decide when, or what follows. Thread: the loop's. Ownership: see below.
 */
#ifndef FH_NODE_QUALITY_LOOK_H
#define FH_NODE_QUALITY_LOOK_H

#include "node/admin.h"
#include "node/quality/measurements.h"

struct fh_look_job;
struct fh_loop;
struct fh_workers;

struct fh_look_options {
    struct fh_loop *loop;
    struct fh_workers *workers;
    struct fh_catalog *catalog;
    struct fh_store *store;
    uint32_t memory_mib;
    uint64_t uptime; /* of the node, in 1/10000; FH_MEASUREMENT_UP_UNKNOWN */
};

/* Who wants to know of what. */
struct fh_look_asked {
    struct fh_announcement product;     /* an own one */
    struct fh_admin_question *question; /* NULL: the schedule */
    bool dry_run;
    int64_t last_ms; /* when it was measured last: this time is later, even when clocks went back */
};

/* The end, once, on the loop: the job's result, or why there is none (FH_EBUSY, FH_ENOMEM,
 * FH_ETIMEOUT, FH_EIO). The job
 * is freed when this returns. */
typedef void fh_look_fn(struct fh_look_job *job, const struct fh_err *err, void *user);

/* Begins; `out` is set before `fn` can be called. FH_ENOTFOUND ("source.unknown": another node of
 * the domain has the source), FH_EBUSY, FH_ENOMEM: then `fn` is not called and `out` is unchanged.
 */
FH_MUST_CHECK int fh_look_job_begin(struct fh_look_job **out,
                                    const struct fh_look_options *options,
                                    const struct fh_look_asked *asked,
                                    fh_look_fn *fn,
                                    void *user,
                                    struct fh_err *err);

/* Lent while the job lives. */
const struct fh_look_asked *fh_look_job_asked(const struct fh_look_job *job);
/* The result, without `expires_ms`; lent while the job lives. */
const struct fh_look *fh_look_job_found(const struct fh_look_job *job);

#endif
