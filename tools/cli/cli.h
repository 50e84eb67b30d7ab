/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command of `freehold` gets, and the table of commands.
 *
 * Data goes to `out` and nothing else; messages go to `messages`. Colour and progress appear only
 * on a terminal. A command returns enum fh_code with its error filled; the one place that prints it
 * is fh_cli_run.
 *
 * Does not: read the environment (main.c does). Thread: one. Ownership: the command's rows are
 * static; streams are kept.
 */
#ifndef FH_TOOLS_CLI_CLI_H
#define FH_TOOLS_CLI_CLI_H

#include "tools/cli/args.h"
#include "tools/cli/output.h"
#include "tools/client/client.h"
#include "tools/columns/columns.h"

#include <stdio.h>

struct fh_cli {
    FILE *out;
    FILE *messages;
    FILE *in;
    bool out_is_terminal;
    bool out_colour;     /* `out` is a terminal and colour is wanted */
    bool message_colour; /* the same for `messages` */
    bool progress;       /* `messages` is a terminal */
    bool in_is_terminal;
    enum fh_output_format format;
    bool columnar; /* `columns` is wanted instead */
    enum fh_columns_format columns;
    bool wide;        /* every column, also of a table */
    const char *home; /* --home, or NULL: FREEHOLD_HOME */
    const char *key;  /* --key, or NULL; so the next two */
    const char *access;
    const char *passphrase_file;
};

extern const struct fh_command fh_commands[];
extern const size_t fh_command_count;

/* Parses argv and runs the command; prints what went wrong. Gives the exit code. */
int fh_cli_run(struct fh_cli *cli, int argc, char *const *argv);

/* Prints "freehold: text", the rule, and a hint if there is one for it. */
void fh_cli_complain(struct fh_cli *cli, const struct fh_err *err);
/* What may help against this error, or NULL. */
const char *fh_cli_hint(const struct fh_err *err);
/* A line on `messages`; no prefix. */
void fh_cli_say(struct fh_cli *cli, const char *format, ...) FH_PRINTF(2, 3);

/* Begins output in the chosen format; never NULL: FH_ENOMEM ends the program. Given. */
struct fh_output *fh_cli_output(struct fh_cli *cli,
                                bool record,
                                const struct fh_output_column *columns,
                                size_t column_count);

/* A client of the home's node, or of `peer` when it is not NULL; with --key of who that is. Given:
 * freehold_close. */
FH_MUST_CHECK int fh_cli_client(struct fh_cli *cli,
                                const char *peer,
                                struct freehold_client **out,
                                struct fh_err *err);
/* The product that the first operand names, verified, as the home's node or --peer knows it. Given,
 * also after an error where they are not NULL: freehold_description_free, freehold_close. */
FH_MUST_CHECK int fh_cli_describe(struct fh_cli *cli,
                                  const struct fh_args *args,
                                  struct freehold_client **out_client,
                                  struct freehold_description **out,
                                  struct fh_err *err);
/* Moves a public error into ours; returns its code. */
int fh_cli_error(struct fh_err *out, const struct freehold_error *error);

/* "3 days", "12 s", "never" (UINT64_MAX). */
enum { FH_AGE_BYTES = 24 };
void fh_cli_age(char out[FH_AGE_BYTES], uint64_t ms);
/* The age of what happened at `wall_ms` (Unix); "" for 0. Gives `out`. */
const char *fh_cli_since(char out[FH_AGE_BYTES], int64_t wall_ms);

/* Reads the value of a number flag (NULL: `out` stays): 1 to `most`. FH_EUSAGE. */
FH_MUST_CHECK int
fh_cli_number(uint64_t *out, const char *flag, const char *text, uint64_t most, struct fh_err *err);

/* Help of everything, of a noun, or of one command, on `out`. */
void fh_cli_help(struct fh_cli *cli, const struct fh_args *args);
/* The shells that there is a completion for. */
enum fh_shell { FH_SHELL_BASH, FH_SHELL_ZSH, FH_SHELL_FISH, FH_SHELL_COUNT };
/* "bash", "zsh", "fish". */
const char *fh_shell_text(enum fh_shell shell);
/* The completion script of a shell, made from the tables, on `out`. */
void fh_cli_completion(struct fh_cli *cli, enum fh_shell shell);

/* Reads a whole file or standard input ("-") up to the limit of `out`. */
FH_MUST_CHECK int
fh_cli_read(struct fh_cli *cli, const char *path, struct fh_buf *out, struct fh_err *err);

/* What the node, or --peer, counts. */
FH_MUST_CHECK int
fh_cli_counters(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err);

/* ---- the commands ---- */
typedef int fh_cmd_fn(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err);
fh_cmd_fn fh_cmd_access_approve;
fh_cmd_fn fh_cmd_access_can;
fh_cmd_fn fh_cmd_access_deny;
fh_cmd_fn fh_cmd_access_list;
fh_cmd_fn fh_cmd_access_request;
fh_cmd_fn fh_cmd_access_show;
fh_cmd_fn fh_cmd_audit_export;
fh_cmd_fn fh_cmd_audit_show;
fh_cmd_fn fh_cmd_audit_verify;
fh_cmd_fn fh_cmd_audit_what_read;
fh_cmd_fn fh_cmd_audit_who_read;
fh_cmd_fn fh_cmd_audit_witnessed;
fh_cmd_fn fh_cmd_completion;
fh_cmd_fn fh_cmd_compliance_explain;
fh_cmd_fn fh_cmd_compliance_report;
fh_cmd_fn fh_cmd_contract_diff;
fh_cmd_fn fh_cmd_contract_export;
fh_cmd_fn fh_cmd_contract_import;
fh_cmd_fn fh_cmd_contract_lint;
fh_cmd_fn fh_cmd_contract_show;
fh_cmd_fn fh_cmd_contract_test;
fh_cmd_fn fh_cmd_contract_verify;
fh_cmd_fn fh_cmd_doctor;
fh_cmd_fn fh_cmd_charter_history;
fh_cmd_fn fh_cmd_charter_propose;
fh_cmd_fn fh_cmd_charter_show;
fh_cmd_fn fh_cmd_charter_vote;
fh_cmd_fn fh_cmd_domain_show;
fh_cmd_fn fh_cmd_grant_create;
fh_cmd_fn fh_cmd_grant_list;
fh_cmd_fn fh_cmd_grant_revoke;
fh_cmd_fn fh_cmd_grant_show;
fh_cmd_fn fh_cmd_init;
fh_cmd_fn fh_cmd_invite;
fh_cmd_fn fh_cmd_key_create;
fh_cmd_fn fh_cmd_key_delegate;
fh_cmd_fn fh_cmd_key_list;
fh_cmd_fn fh_cmd_key_recover;
fh_cmd_fn fh_cmd_key_revoke;
fh_cmd_fn fh_cmd_key_rotate;
fh_cmd_fn fh_cmd_member_add;
fh_cmd_fn fh_cmd_member_list;
fh_cmd_fn fh_cmd_member_revoke;
fh_cmd_fn fh_cmd_node;
fh_cmd_fn fh_cmd_peers;
fh_cmd_fn fh_cmd_peers_explain;
fh_cmd_fn fh_cmd_policy_explain;
fh_cmd_fn fh_cmd_policy_lint;
fh_cmd_fn fh_cmd_policy_list;
fh_cmd_fn fh_cmd_policy_publish;
fh_cmd_fn fh_cmd_policy_history;
fh_cmd_fn fh_cmd_policy_show;
fh_cmd_fn fh_cmd_policy_status;
fh_cmd_fn fh_cmd_policy_sign;
fh_cmd_fn fh_cmd_policy_simulate;
fh_cmd_fn fh_cmd_policy_test;
fh_cmd_fn fh_cmd_policy_waive;
fh_cmd_fn fh_cmd_policy_waivers;
fh_cmd_fn fh_cmd_product_check;
fh_cmd_fn fh_cmd_product_quality;
fh_cmd_fn fh_cmd_product_deprecate;
fh_cmd_fn fh_cmd_product_describe;
fh_cmd_fn fh_cmd_product_history;
fh_cmd_fn fh_cmd_product_list;
fh_cmd_fn fh_cmd_product_publish;
fh_cmd_fn fh_cmd_product_retire;
fh_cmd_fn fh_cmd_product_status;
fh_cmd_fn fh_cmd_pin_list;
fh_cmd_fn fh_cmd_pin_accept;
fh_cmd_fn fh_cmd_pin_alias;
fh_cmd_fn fh_cmd_pin_remove;
fh_cmd_fn fh_cmd_proof_list;
fh_cmd_fn fh_cmd_proof_show;
fh_cmd_fn fh_cmd_query;
fh_cmd_fn fh_cmd_search;
fh_cmd_fn fh_cmd_status;
fh_cmd_fn fh_cmd_token_create;
fh_cmd_fn fh_cmd_token_list;
fh_cmd_fn fh_cmd_token_revoke;
fh_cmd_fn fh_cmd_verify;

#endif
