/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy file: a policy read and judged with every rule that needs no node.
 *
 * Does not: sign, or look at the SQL of filters (the node has a worker do that). Thread: one.
 * Ownership: a file owns text, arena and findings.
 */
#ifndef FH_TOOLS_CLI_POLICY_FILE_H
#define FH_TOOLS_CLI_POLICY_FILE_H

#include "proto/governance/access.h"
#include "proto/governance/policy.h"
#include "tools/cli/cli.h"

struct fh_pack_reader;

struct fh_policy_file {
    struct fh_buf text;
    struct fh_arena *arena;
    struct fh_findings findings;
    struct fh_policy *policy; /* NULL after errors */
};

/* Reads `path` ("-": standard input), and holds its rules against `product` when that is not NULL.
 * FH_OK also with findings; FH_ENOTFOUND, FH_EIO, FH_ETOOBIG, FH_ENOMEM. End with
 * fh_policy_file_fini in any case. */
FH_MUST_CHECK int fh_policy_file_read(struct fh_policy_file *file,
                                      struct fh_cli *cli,
                                      const char *path,
                                      const struct fh_access_product *product,
                                      struct fh_err *err);
/* The same of a text at hand (copied); `path` is for errors. */
FH_MUST_CHECK int fh_policy_file_take(struct fh_policy_file *file,
                                      const char *path,
                                      struct fh_bytes text,
                                      const struct fh_access_product *product,
                                      struct fh_err *err);
/* Adds what a node says of it, as fh_msg_enforced_read, to the findings. FH_EPROTO, FH_ENOMEM. */
FH_MUST_CHECK int
fh_policy_file_told(struct fh_policy_file *file, struct fh_pack_reader *reader, struct fh_err *err);
/* One without a text, for a policy from elsewhere. FH_ENOMEM. */
FH_MUST_CHECK int fh_policy_file_empty(struct fh_policy_file *file, struct fh_err *err);
void fh_policy_file_fini(struct fh_policy_file *file);

#endif
