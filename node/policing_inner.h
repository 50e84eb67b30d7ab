/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policing.c and policing_tell.c share. For them alone.
 *
 * Does not: change anything. Thread: the loop's. Ownership: borrows everything; a question is
 * taken.
 */
#ifndef FH_NODE_POLICING_INNER_H
#define FH_NODE_POLICING_INNER_H

#include "node/policing.h"

/* Append the answer; of a policy of the own domain or of the mesh, what its next version follows.
 */
FH_MUST_CHECK int fh_policing_tell_policy(const struct fh_policing_options *o,
                                          bool mesh,
                                          struct fh_pack_reader *fields,
                                          struct fh_buf *out,
                                          struct fh_err *err);
FH_MUST_CHECK int fh_policing_tell_versions(const struct fh_policing_options *o,
                                            struct fh_pack_reader *fields,
                                            struct fh_buf *out,
                                            struct fh_err *err);
void fh_policing_tell_policies(const struct fh_policing_options *o, struct fh_buf *out);
void fh_policing_tell_waivers(const struct fh_policing_options *o, struct fh_buf *out);
/* Asks every member, and answers then; `running` counts it until it has. */
void fh_policing_tell_status(const struct fh_policing_options *o,
                             struct fh_admin_question *question,
                             unsigned *running);

/* ---- what another version would change: policing_simulate.c ---- */

struct fh_policing_simulation {
    const struct fh_policing_options *options;
    struct fh_policy_held next; /* the version that is supposed; `policy` lies in the arena */
    uint32_t from;
    uint32_t question_count; /* that follow in `fields` */
    struct fh_pack_reader *fields;
};

/* Appends `next` and the changes (ADMIN_SIMULATE): of some of the versions of products that are
 * known here, behind the first `from` of them, and of the questions. Nothing is kept. */
FH_MUST_CHECK int fh_policing_simulate(const struct fh_policing_simulation *simulation,
                                       struct fh_buf *out,
                                       struct fh_err *err);

#endif
