/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdict: what `verify` and `contract verify` say about a kept file or a contract.
 *
 * A verdict is printed only when everything verified; otherwise the command ends with the error.
 *
 * Does not: open connections. Thread: one.
 */
#ifndef FH_TOOLS_CLI_VERDICT_H
#define FH_TOOLS_CLI_VERDICT_H

#include "tools/cli/cli.h"
#include "tools/client/proof.h"

/* Verifies a kept receipt or contract against --mesh or the mesh of the home. */
FH_MUST_CHECK int fh_verdict_file(struct fh_cli *cli,
                                  const struct fh_args *args,
                                  const char *path,
                                  struct fh_err *err);

/* Prints the verdict on a verified contract. */
FH_MUST_CHECK int
fh_verdict_contract(struct fh_cli *cli, const struct fh_proof *proof, struct fh_err *err);

#endif
