/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts: what the gate found in a session's statements, and what they read, so that a text that
 * is asked again is not parsed and planned again.
 *
 * A verdict belongs to the session whose worker parsed the text: a worker that lies about a tree
 * deceives nobody else. It holds while nothing in the store has changed since it was planned
 * (contracts, announcements, measurements, grants, sources, identities), and for a second at most,
 * as time alone changes things too. Rights are not part of it: they are judged for each question.
 *
 * Does not: parse, plan or decide. Thread: the loop's, except that the one stream that fills a new
 * verdict may do so on a pool thread. Ownership: counted references; contents live in its arena.
 */
#ifndef FH_NODE_QUERY_VERDICTS_H
#define FH_NODE_QUERY_VERDICTS_H

#include "node/query/plan.h"
#include "node/query/source.h"

struct fh_verdict {
    unsigned references;
    uint64_t session;
    struct fh_bytes sql;
    struct fh_arena *arena;
    struct fh_gate gate;
    bool planned;
    struct fh_plan plan;
    const struct fh_source_place *places; /* one for each table of the plan; found: an own one */
    uint64_t changes;                     /* fh_store_changes when it was planned */
    int64_t planned_ms;                   /* monotonic */
    uint64_t used;
};

struct fh_verdicts;

FH_MUST_CHECK int fh_verdicts_new(struct fh_verdicts **out, struct fh_err *err);
void fh_verdicts_free(struct fh_verdicts *verdicts);

/* An empty verdict for a statement (copied). NULL: no memory. Given: fh_verdict_unref. */
FH_MUST_CHECK struct fh_verdict *fh_verdict_new(uint64_t session, struct fh_bytes sql);
/* A new one with the same gate and no plan yet. NULL: no memory. Given. */
FH_MUST_CHECK struct fh_verdict *fh_verdict_again(const struct fh_verdict *verdict);
/* NULL is fine. */
void fh_verdict_unref(struct fh_verdict *verdict);

/* The verdict on this text in this session, or NULL. Given. */
FH_MUST_CHECK struct fh_verdict *
fh_verdicts_find(struct fh_verdicts *verdicts, uint64_t session, struct fh_bytes sql);
/* Whether its plan still holds. */
bool fh_verdict_holds(const struct fh_verdict *verdict, uint64_t changes, int64_t now_ms);
/* Keeps it (a reference of its own) in the place of an older one on the same text; those that were
 * not asked for longest give way, and what is large is not kept. */
void fh_verdicts_keep(struct fh_verdicts *verdicts, struct fh_verdict *verdict);
/* The session is over. */
void fh_verdicts_forget(struct fh_verdicts *verdicts, uint64_t session);

#endif
