/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steward: who holds the domain key of a home, and what becomes of the records that it signs.
 *
 * A record becomes true in three steps: it verifies here, it lies in the home, the node has it and
 * spreads it.
 *
 * Does not: make records. Thread: one. Ownership: see each function.
 */
#ifndef FH_TOOLS_CLI_STEWARD_H
#define FH_TOOLS_CLI_STEWARD_H

#include "tools/cli/cli.h"
#include "tools/client/actor.h"

/* Opens the home and reads its domain key, which the caller wipes. Given: fh_actor_free.
 * FH_ENOTFOUND ("member.domain_key": the key is not here), codes of fh_actor_open_public. */
FH_MUST_CHECK int fh_steward_open(struct fh_cli *cli,
                                  struct fh_actor **out,
                                  struct fh_sign_secret *out_domain_key,
                                  struct fh_err *err);

/* Whether the home has room for these records too: a home with more than it may hold is opened by
 * nobody. FH_ETOOBIG ("home.records"). */
FH_MUST_CHECK int fh_steward_check_room(const struct fh_actor *actor,
                                        const struct fh_bytes *records,
                                        uint32_t count,
                                        struct fh_err *err);

/* All three steps for one record; when no node runs it is taken at the next start. `order` and
 * `name` are of its file in the home. */
FH_MUST_CHECK int fh_steward_enact(struct fh_cli *cli,
                                   struct fh_actor *actor,
                                   unsigned order,
                                   const char *name,
                                   struct fh_bytes record,
                                   struct fh_err *err);
/* The last step alone, for records that lie in the home. */
FH_MUST_CHECK int fh_steward_spread(struct fh_cli *cli,
                                    const struct fh_actor *actor,
                                    const struct fh_bytes *records,
                                    uint32_t count,
                                    struct fh_err *err);
/* The same for records that are kept nowhere else. FH_EUNREACH ("admin.none"): no node runs. */
FH_MUST_CHECK int fh_steward_hand_over(const struct fh_actor *actor,
                                       const struct fh_bytes *records,
                                       uint32_t count,
                                       struct fh_err *err);

#endif
