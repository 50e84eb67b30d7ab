/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint: a contract file read and judged with every rule that needs no data.
 *
 * `contract lint` prints the findings as data; `product publish` prints them as messages and goes
 * on with what was read. Both see the same rules.
 *
 * Does not: sign. Thread: one. Ownership: a lint owns text, arena and findings.
 */
#ifndef FH_TOOLS_CLI_LINT_H
#define FH_TOOLS_CLI_LINT_H

#include "proto/contract/contract.h"
#include "proto/contract/finding.h"
#include "tools/cli/cli.h"

struct fh_lint {
    struct fh_buf text;
    struct fh_arena *arena;
    struct fh_findings findings;
    struct fh_contract *contract; /* may be NULL when nothing could be read */
};

/* Reads `path` and applies all rules; `domain` is the publisher's name or NULL; `to_publish`: what
 * keeps this version from serving it is an error, not a warning. FH_OK also with findings;
 * FH_ENOTFOUND, FH_EIO, FH_ETOOBIG, FH_ENOMEM. End with fh_lint_fini in any case. */
FH_MUST_CHECK int fh_lint_file(struct fh_lint *lint,
                               struct fh_cli *cli,
                               const char *path,
                               const char *domain,
                               bool to_publish,
                               struct fh_err *err);
void fh_lint_fini(struct fh_lint *lint);

/* One line a finding: "FILE:12:3: error: path: message [rule]". */
void fh_lint_print(FILE *file, const char *path, const struct fh_findings *findings);

#endif
