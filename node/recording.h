/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording: what the domain's people decide, in the audit log before they hear that it is done.
 *
 * Whatever is asked over the admin socket, or by OWN, and carries signed records decides something:
 * a publication, a grant, a policy, a revocation. So no part of the node needs to know the log, and
 * a new message of that kind is in it by itself. Dry runs decide nothing.
 *
 *     question ──► its records are noted ──► whoever answers it answers ──► log ──► the answer goes
 *
 * Does not: judge. Thread: the loop's. Ownership: keeps what its options name.
 */
#ifndef FH_NODE_RECORDING_H
#define FH_NODE_RECORDING_H

#include "node/admin.h"
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

/* Looks at a question before it is given to whoever answers it. NULL: no log is kept. FH_ENOMEM:
 * what it decides cannot be recorded, and is not to be done. */
FH_MUST_CHECK int fh_recording_question(struct fh_recording *recording,
                                        struct fh_admin_question *question,
                                        struct fh_err *err);

#endif
