/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explaining: what somebody would see of an own product, column by column, and which rule makes it
 * so.
 *
 * It asks the very decision that serves, for a domain, roles and a purpose that are supposed.
 *
 * Does not: change anything. Thread: the loop's. Ownership: borrows.
 */
#ifndef FH_NODE_EXPLAINING_H
#define FH_NODE_EXPLAINING_H

#include "node/policing.h"

/* Answers ADMIN_EXPLAIN. A refusal of access is an answer. FH_EDENIED "explain.owner" (a product of
 * another domain), FH_ENOTFOUND ("domain.unknown" and those of fh_catalog_resolve), FH_ENOMEM. */
FH_MUST_CHECK int fh_explain(const struct fh_policing_options *options,
                             struct fh_pack_reader *fields,
                             struct fh_buf *out,
                             struct fh_err *err);

#endif
