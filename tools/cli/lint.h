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
#include "proto/contract/lint.h"
#include "tools/cli/cli.h"

struct fh_lint {
    struct fh_buf text;
    struct fh_arena *arena;
    struct fh_findings findings;
    struct fh_contract *contract; /* may be NULL when nothing could be read */
};

/* Reads `path` ("-": standard input) and applies all rules that the options ask for. FH_OK also
 * with findings; FH_ENOTFOUND, FH_EIO, FH_ETOOBIG, FH_ENOMEM. End with fh_lint_fini in any case. */
FH_MUST_CHECK int fh_lint_file(struct fh_lint *lint,
                               struct fh_cli *cli,
                               const char *path,
                               const struct fh_lint_options *options,
                               struct fh_err *err);
/* The schema of --schema ("3.1.0"); NULL is FH_ODCS_OWN. FH_EUSAGE. */
FH_MUST_CHECK int fh_lint_schema(enum fh_odcs_version *out, const char *text, struct fh_err *err);

void fh_lint_fini(struct fh_lint *lint);

/* The same as data: a row a finding. */
extern const struct fh_output_column fh_lint_columns[];
enum { FH_LINT_COLUMN_COUNT = 7 };
void fh_lint_put(struct fh_output *output, const char *path, const struct fh_findings *findings);
/* The rule of the first error, or "". */
const char *fh_lint_first_rule(const struct fh_findings *findings);

/* What a run over files has seen, and its verdict: FH_OK with a word on the messages, or FH_ECHECK.
 */
struct fh_lint_tally {
    size_t files;
    size_t wrong; /* files with errors, or that could not be read */
    size_t errors;
    size_t warnings;
    char rule[FH_ERR_RULE_BYTES]; /* of the first error */
};
void fh_lint_count(struct fh_lint_tally *tally, const struct fh_findings *findings_or_null);
FH_MUST_CHECK int fh_lint_verdict(struct fh_cli *cli,
                                  const char *first_path,
                                  const struct fh_lint_tally *tally,
                                  struct fh_err *err);

/* One line a finding: "FILE:12:3: error: path: message [rule]". */
void fh_lint_print(FILE *file, const char *path, const struct fh_findings *findings);

#endif
