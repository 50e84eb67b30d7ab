/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: what a node says of a product before it announces it, on the messages.
 *
 *     error: orders.id: 3 rows are NULL [check.required]
 *     note: orders: 3 rows, 2 columns [check.rows]
 *
 * Does not: read them from a file (lint.h does). Thread: one. Ownership: all is borrowed.
 */
#ifndef FH_TOOLS_CLI_FINDINGS_H
#define FH_TOOLS_CLI_FINDINGS_H

#include "proto/session/messages.h"
#include "tools/cli/cli.h"

/* Says one. */
void fh_finding_say(struct fh_cli *cli, const struct fh_msg_finding *finding);

/* Reads the list that comes next and says each finding. `*out_errors` counts those that refuse;
 * `out_rule` is the rule of the first, or "". FH_EPROTO. */
FH_MUST_CHECK int fh_findings_say(struct fh_cli *cli,
                                  struct fh_pack_reader *reader,
                                  uint32_t *out_errors,
                                  char out_rule[FH_ERR_RULE_BYTES],
                                  struct fh_err *err);

#endif
