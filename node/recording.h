/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording: what is decided, in the audit log before anybody hears that it is done.
 *
 * Whatever is asked over the admin socket, or by OWN, and carries signed records decides something:
 * a publication, a grant, a policy, a revocation. So no part of the node needs to know the log, and
 * a new message of that kind is in it by itself. Dry runs decide nothing. Of what sessions ask,
 * recorded.h says which decides; whatever else is denied there is kept as a refusal.
 *
 *     question ──► its records are noted ──► whoever answers it answers ──► log ──► the answer goes
 *
 * What nobody waits for, a refusal where it came in or a record that another node brought, is on
 * disk a moment later. Reads are their streams' own (query/auditing.c).
 *
 * Does not: judge. Thread: the loop's. Ownership: keeps what its options name.
 */
#ifndef FH_NODE_RECORDING_H
#define FH_NODE_RECORDING_H

#include "node/admin.h"
#include "node/peer/questions.h"
#include "node/state/audit.h"
#include "proto/identity/directory.h"

struct fh_recording;

struct fh_recording_options {
    struct fh_loop *loop;
    struct fh_audit *audit;
    const struct fh_directory *dir;
    struct fh_mesh_id mesh;
    struct fh_domain_id domain;
};

FH_MUST_CHECK int fh_recording_new(struct fh_recording **out,
                                   const struct fh_recording_options *options,
                                   struct fh_err *err);
/* No answer waits any more. NULL is fine. */
void fh_recording_free(struct fh_recording *recording);
bool fh_recording_drained(const struct fh_recording *recording);

/* All of these take NULL for `recording`: no log is kept. */

/* Looks at a question before it is given to whoever answers it. FH_ENOMEM: what it decides cannot
 * be recorded, and is not to be done. */
FH_MUST_CHECK int fh_recording_question(struct fh_recording *recording,
                                        struct fh_admin_question *question,
                                        struct fh_err *err);
/* The same for a question of a session. Of an OWN its refusal alone: what it carries is asked anew
 * as above, by whoever then ends the watch. */
FH_MUST_CHECK int fh_recording_session(struct fh_recording *recording,
                                       struct fh_question *question,
                                       struct fh_err *err);

/* What the speaker asked by a message of this code was refused (0: to be let in). All borrowed. */
void fh_recording_refused(struct fh_recording *recording,
                          const struct fh_speaker *speaker,
                          unsigned code,
                          const struct fh_err *why);
/* A record counts from now on that this node brought here. All borrowed. */
void fh_recording_taken(struct fh_recording *recording,
                        const struct fh_record *record,
                        const struct fh_domain_id *domain,
                        const struct fh_node_id *from);

/* What a speaker decided in a question that was answered before: a record (borrowed), and why it
 * was refused, or FH_OK in its code. `told` is called once when the log has it, which may be at
 * once. */
typedef void fh_recording_told_fn(void *user);
void fh_recording_decided(struct fh_recording *recording,
                          const struct fh_speaker *speaker,
                          struct fh_bytes record,
                          const struct fh_err *outcome,
                          fh_recording_told_fn *told,
                          void *user);

#endif
