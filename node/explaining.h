/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explaining: what somebody would see of an own product, column by column, and which rule makes it
 * so.
 *
 * It asks the very decision that serves, for a domain, roles and a purpose that are supposed, and
 * has it tell what each rule did.
 *
 * Does not: change anything. Thread: the loop's. Ownership: borrows.
 */
#ifndef FH_NODE_EXPLAINING_H
#define FH_NODE_EXPLAINING_H

#include "node/policing.h"
#include "proto/session/messages_policy.h"

/* Answers ADMIN_EXPLAIN. A refusal of access is an answer. FH_EDENIED "explain.owner" (a product of
 * another domain), FH_ENOTFOUND ("domain.unknown" and those of fh_catalog_resolve), FH_ENOMEM. */
FH_MUST_CHECK int fh_explain(const struct fh_policing_options *options,
                             struct fh_pack_reader *fields,
                             struct fh_buf *out,
                             struct fh_err *err);

/* Answers ADMIN_RULES: every rule of the policies that govern the product, what it does, what
 * became of it, and who signed it. The same errors. */
FH_MUST_CHECK int fh_explain_rules(const struct fh_policing_options *options,
                                   struct fh_pack_reader *fields,
                                   struct fh_buf *out,
                                   struct fh_err *err);

/* ---- for both ---- */

/* The own product that is asked about, and a question for it as it is supposed; texts lie in
 * `asked` and the arena. */
struct fh_explaining {
    const struct fh_policing_options *options;
    struct fh_arena *arena;
    struct fh_msg_explain asked;
    const char *roles[FH_COUNT(((struct fh_msg_explain *)NULL)->roles)];
    struct fh_catalog_entry entry;
    struct fh_rights_question question;
    struct fh_rights_asked decided;
};
FH_MUST_CHECK int
fh_explaining_begin(struct fh_explaining *x, struct fh_pack_reader *fields, struct fh_err *err);

#endif
