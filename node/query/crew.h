/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crew: which worker serves which session.
 *
 * A worker that served a session serves that session only, ever; when its question is over it waits
 * a little for the next one and is then ended. When all workers are in use, the one that waited
 * longest gives way to another session, but none of a session that asks without pause and got it
 * less than half a second ago: a start costs some 20 ms, and so many sessions do not spend
 * their time on starts. One worker stands by: started and set up, and never used
 * by anybody, so that a first question need not wait for a process. Whoever takes it keeps it, and
 * the next one is started. It stands by only while another can be started beside it. Work of the
 * node itself, which takes its workers from workers.h, gets the place of an idle one, or of the one
 * that stands by.
 *
 * Does not: talk to workers. Thread: the loop's. Ownership: a taken worker is borrowed until it is
 * given back.
 */
#ifndef FH_NODE_QUERY_CREW_H
#define FH_NODE_QUERY_CREW_H

#include "node/query/workers.h"

struct fh_crew;
struct fh_loop;

struct fh_crew_options {
    struct fh_workers *workers;
    struct fh_loop *loop;
    uint32_t memory_mib; /* of each worker */
    bool standby;        /* keep a worker ready that nobody has used, once one was asked for */
};

/* What the options name is kept. */
FH_MUST_CHECK int
fh_crew_new(struct fh_crew **out, const struct fh_crew_options *options, struct fh_err *err);
/* Every worker was given back. NULL is fine. */
void fh_crew_free(struct fh_crew *crew);

/* A worker for this session in this role. `slow`: its questions take long, and it can wait: workers
 * of quick ones give way to it only when they have nothing to do. `out_fresh`: its set-up is on its
 * way, wait for it first (fh_worker_setup_wait). FH_EBUSY with rule "limit.workers" when all are at
 * work; the errors of fh_workers_spawn. */
FH_MUST_CHECK int fh_crew_take(struct fh_crew *crew,
                               uint64_t session,
                               enum fh_worker_role role,
                               bool slow,
                               struct fh_worker **out,
                               bool *out_fresh,
                               struct fh_err *err);
/* Whether an idle worker of this session is there: it begins at once. */
bool fh_crew_has_idle(struct fh_crew *crew, uint64_t session, enum fh_worker_role role);
/* As fh_workers_split, for the workers that it has. */
void fh_crew_split(struct fh_crew *crew, bool split);
/* Gives a worker back: kept for its session for a while, or ended when `broken` or dead. */
void fh_crew_give(struct fh_crew *crew, struct fh_worker *worker, bool broken);
/* Workers that are taken and not given back. */
unsigned fh_crew_at_work(const struct fh_crew *crew);
/* The folder of the workers' own files; "" = they have none. Lent. */
const char *fh_crew_folder(const struct fh_crew *crew);
/* The session is over: its idle workers end now, those at work when they are given back. */
void fh_crew_forget(struct fh_crew *crew, uint64_t session);
/* Ends all idle workers and the one that stands by; none stands by any more. */
void fh_crew_quiesce(struct fh_crew *crew);

#endif
