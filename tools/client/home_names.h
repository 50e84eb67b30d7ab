/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Home names: what the people of a home call domains, and whose contested names are by their
 * decision, as the home's own node keeps it.
 *
 * Where the mesh alone does not say which domain is meant, a peer that is asked is not believed;
 * the home is, over its admin socket.
 *
 * Does not: ask anybody but the running node of the home. Thread: one. Ownership: borrows
 * everything.
 */
#ifndef FH_TOOLS_CLIENT_HOME_NAMES_H
#define FH_TOOLS_CLIENT_HOME_NAMES_H

#include "common/home.h"
#include "proto/identity/directory.h"

/* Whether `name` is the home's alias of `domain`. False also when no node of the home answers, or
 * when there is none (root ""). */
bool fh_home_names_alias(const struct fh_home *home,
                         const char *name,
                         const struct fh_domain_id *domain);

/* Settles in `dir` whose contested names are at the home, but for those that wait for a decision;
 * false: there are none, or nobody could be asked. */
bool fh_home_names_settle(const struct fh_home *home, struct fh_directory *dir);

#endif
