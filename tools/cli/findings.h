/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: what a node says of a product before it announces it, on the messages.
 *
 *     error: orders.id: 3 rows are NULL [check.required]
 *     note: orders: 3 rows, 2 columns [check.rows]
 *
 * Does not: read them from a file (lint.h does). Thread: one. Ownership: a list owns its items.
 */
#ifndef FH_TOOLS_CLI_FINDINGS_H
#define FH_TOOLS_CLI_FINDINGS_H

#include "proto/session/messages.h"
#include "tools/cli/cli.h"

struct fh_found {
    size_t count;
    struct fh_msg_finding *items; /* given; NULL when there are none */
    uint32_t errors;              /* those that refuse */
    char rule[FH_ERR_RULE_BYTES]; /* of the first that does, or "" */
};

/* Reads the list that comes next and says each finding. FH_EPROTO, FH_ENOMEM. End with
 * fh_found_fini in any case. */
FH_MUST_CHECK int fh_findings_say(struct fh_cli *cli,
                                  struct fh_pack_reader *reader,
                                  struct fh_found *out,
                                  struct fh_err *err);
void fh_found_fini(struct fh_found *found);

#endif
