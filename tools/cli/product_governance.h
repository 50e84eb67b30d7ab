/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Product governance: which policies are about a product and which rules of them are waived, as a
 * description shows it.
 *
 * Does not: say what the reader may see (`freehold access can-i`). Thread: one. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLI_PRODUCT_GOVERNANCE_H
#define FH_TOOLS_CLI_PRODUCT_GOVERNANCE_H

#include "tools/cli/cli.h"
#include "tools/client/governance.h"

/* Asks the owner where a node of it answers, else the node that the client talks to; nothing of it
 * when neither says. Given: fh_governance_fini. */
void fh_product_governance_ask(struct fh_governance *out,
                               struct freehold_client *client,
                               const struct freehold_description *description);

/* Rows of their own: policies, then waivers; neither without any. */
FH_MUST_CHECK int fh_product_governance_put(struct fh_cli *cli,
                                            const struct fh_governance *governance,
                                            struct fh_err *err);
/* One JSON value. */
void fh_product_governance_json(struct fh_buf *out, const struct fh_governance *governance);

#endif
