/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes: two contracts compared, as `contract diff` and `product publish` show it.
 *
 * Does not: fetch or read contracts. Thread: one. Ownership: borrows everything.
 */
#ifndef FH_TOOLS_CLI_CHANGES_H
#define FH_TOOLS_CLI_CHANGES_H

#include "proto/contract/versions.h"
#include "tools/cli/cli.h"

/* Rows: change, path, READER, STORED, rule, old and new value. */
FH_MUST_CHECK int
fh_changes_put(struct fh_cli *cli, const struct fh_compat *compat, struct fh_err *err);

/* One line a change on the messages: "breaking  schema.a.b: nulls ... [compat.nulls.allowed]". */
void fh_changes_say(struct fh_cli *cli, const struct fh_compat *compat);

/* The version that the changes need, and whether `after` has it: one line on the messages.
 * FH_ECHECK "contract.version.bump_too_small" when it has not, "semver.form" when a version is
 * none. */
FH_MUST_CHECK int fh_changes_judge(struct fh_cli *cli,
                                   const struct fh_contract *before,
                                   const struct fh_contract *after,
                                   const struct fh_compat *compat,
                                   struct fh_err *err);

#endif
