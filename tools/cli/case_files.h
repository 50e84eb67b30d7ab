/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Case files: the contracts and policies that cases of policies name, each read once.
 *
 * Files are looked for beside the file of cases. A contract or a policy with an error is refused
 * with all of its findings on the messages: what could not be published decides nothing.
 *
 * Does not: run cases (proto/governance/policy_cases_run.h). Thread: one. Ownership: owns what it
 * has read until fh_case_files_fini.
 */
#ifndef FH_TOOLS_CLI_CASE_FILES_H
#define FH_TOOLS_CLI_CASE_FILES_H

#include "proto/governance/policy_cases_run.h"
#include "tools/cli/policy_file.h"

struct fh_case_policy {
    struct fh_case_policy *next;
    const char *path;
    struct fh_policy_file file;
    struct fh_policy_held held;     /* of `file` */
    bool *touched;                  /* each rule: whether a case had to do with it */
    const struct fh_contract *fits; /* private: the last that it was held against */
};

struct fh_case_files {
    struct fh_cli *cli;
    const char *folder; /* of the file of cases; "" here */
    struct fh_arena *arena;
    struct fh_case_policy *policies;
    struct fh_case_source *sources; /* private: contracts */
    struct freehold_client *client; /* of products of a node; NULL: none was asked for */
};

/* FH_ENOMEM. End with fh_case_files_fini in any case. */
FH_MUST_CHECK int fh_case_files_init(struct fh_case_files *files,
                                     struct fh_cli *cli,
                                     const char *cases_path,
                                     struct fh_err *err);
void fh_case_files_fini(struct fh_case_files *files);

/* What a case is about, out of the files that it names; a case of a node's product is that
 * product's owner's (`one`). FH_ECHECK after findings ("case.policy.twice" for two policies of one
 * name), FH_ENOTFOUND, FH_EIO, FH_ENOMEM, and the errors of freehold_describe. */
FH_MUST_CHECK int fh_case_files_world(struct fh_case_files *files,
                                      struct fh_case *one,
                                      struct fh_case_world *out,
                                      struct fh_err *err);

/* Marks the rules that a case had to do with: of a read those in the trace, else those about
 * contracts. */
void fh_case_files_touch(struct fh_case_files *files,
                         const struct fh_case *one,
                         const struct fh_case_world *world,
                         const struct fh_access_trace *trace);

#endif
