/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Naming: the people of the domain see which id each name is pinned to (ADMIN_NAMES), and decide
 * whose a name is, call domains otherwise, and forget either (ADMIN_NAME).
 *
 * Does not: judge (node/state/names.h). Thread: the loop's. Ownership: keeps what it names.
 */
#ifndef FH_NODE_NAMING_H
#define FH_NODE_NAMING_H

#include "node/admin.h"
#include "node/residence.h"

/* Takes the question when it is one of the above; else false. */
bool fh_naming_admin(struct fh_residence *home, struct fh_admin_question *question);

#endif
