/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charter columns: what the commands print of a charter.
 *
 * Does not: ask, sign. Thread: one. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLI_CHARTER_COLUMNS_H
#define FH_TOOLS_CLI_CHARTER_COLUMNS_H

#include "proto/identity/directory.h"
#include "tools/cli/output.h"

/* Each adds one cell: names by comma; what the second charter changes of the first; "2 of 3". */
void fh_charter_put_names(struct fh_output *output,
                          const struct fh_directory *dir,
                          const struct fh_domain_id *ids,
                          size_t count);
void fh_charter_put_members(struct fh_output *output, const struct fh_charter *charter);
void fh_charter_put_changes(struct fh_output *output,
                            const struct fh_directory *dir,
                            const struct fh_charter *before,
                            const struct fh_charter *after);
void fh_charter_put_share(struct fh_output *output, unsigned part, unsigned whole);

/* The one that this charter follows; NULL when it is not known, or there is none. Lent. */
const struct fh_charter *fh_charter_before(const struct fh_directory *dir,
                                           const struct fh_charter *charter);

#endif
