/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can: whether the key of a session may read a product of this domain, or a column of it, now.
 *
 * The same decision as a query's, without one: life cycle, quality gate, grants, policies, and what
 * a token narrows. Only the key's own rights are told, to the key itself or its token.
 *
 * Does not: run anything. Thread: the loop's. Ownership: keeps what it names.
 */
#ifndef FH_NODE_QUERY_CAN_H
#define FH_NODE_QUERY_CAN_H

#include "node/peer/questions.h"
#include "node/query/rights.h"

struct fh_can {
    struct fh_catalog *catalog;
    const struct fh_directory *dir;
    struct fh_rights *rights;
    struct fh_domain_id domain;
};

/* CAN; the question is taken. */
void fh_can_question(struct fh_can *can, struct fh_question *question);

#endif
