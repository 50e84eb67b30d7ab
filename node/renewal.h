/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renewal: what is said of own products as time goes by. Announcements are signed anew long before
 * they expire, unless a policy ends that; and what brings a product's end nearer keeps to the
 * notice that policies want.
 *
 * Does not: publish, or take a step in a product's life (node/publish.h, node/moves.h). Thread: the
 * loop's. Ownership: borrows everything.
 */
#ifndef FH_NODE_RENEWAL_H
#define FH_NODE_RENEWAL_H

#include "node/publish.h"

/* Appends the announcement as a record that the node's key signs. FH_ENOMEM, FH_ETOOBIG. */
FH_MUST_CHECK int fh_renewal_sign(const struct fh_publisher_options *options,
                                  const struct fh_announcement *announcement,
                                  struct fh_buf *out,
                                  struct fh_err *err);

/* Renews every own announcement that is due, also what has expired meanwhile. What is not renewed
 * is told in the log. */
void fh_renew(const struct fh_publisher_options *options);

/* Whether policies let `next` follow `held` (NULL: nothing was announced): "policy.notice",
 * "policy.unreadable" (FH_ECHECK). A product that is withdrawn is gone at once, whatever was said.
 */
FH_MUST_CHECK int fh_renewal_judge(const struct fh_policies *policies,
                                   const struct fh_announcement *held,
                                   const struct fh_announcement *next,
                                   struct fh_err *err);

#endif
