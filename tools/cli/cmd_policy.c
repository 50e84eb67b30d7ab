/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of the own domain: judged by their text, signed, and put in force, at the home or at a
 * node elsewhere.
 *
 *     lint -> ADMIN_POLICY: what comes before -> record, signed by the publisher
 *          -> ADMIN_ENFORCE: the node holds it against its products, and keeps it
 */
#include "common/file.h"
#include "common/time.h"
#include "proto/governance/policy_contract.h"
#include "proto/governance/policy_record.h"
#include "proto/session/messages_policy.h"
#include "proto/wire/record.h"
#include "tools/cli/lint.h"
#include "tools/cli/own_node.h"
#include "tools/cli/policy_file.h"
#include "tools/cli/review.h"

#include <string.h>

/* ---- lint ---- */

/* The product of --against; `lint` keeps its contract. NULL without the flag. */
static int read_product(struct fh_cli *cli,
                        const struct fh_args *args,
                        struct fh_lint *lint,
                        struct fh_access_product **out,
                        struct fh_err *err)
{
    const char *path = fh_args_value(args, "against");
    const struct fh_lint_options options = {0};
    *out = NULL;
    if (path == NULL) {
        return FH_OK;
    }
    int code = fh_lint_file(lint, cli, path, &options, err);
    if (code == FH_OK && lint->findings.errors > 0) {
        fh_lint_print(cli->messages, path, &lint->findings);
        return fh_err_rule(err,
                           FH_ECHECK,
                           fh_lint_first_rule(&lint->findings),
                           "--against %s: the contract has errors",
                           path);
    }
    if (code == FH_OK) {
        *out = fh_access_product_of(lint->contract, lint->arena);
        code = *out != NULL ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a contract");
    }
    return code;
}

/* What the contract breaks; its places are in another file than those of the policy. */
static void lint_contract(struct fh_policy_file *file, const struct fh_contract *contract)
{
    struct fh_findings broken;
    fh_findings_init(&broken, file->arena);
    fh_policy_check_contract(file->policy, contract, &broken);
    for (size_t i = 0; i < broken.count; i++) {
        fh_findings_add(&file->findings,
                        FH_SEVERITY_ERROR,
                        0,
                        0,
                        broken.items[i].path,
                        broken.items[i].rule,
                        "%s: %s",
                        contract->name,
                        broken.items[i].message);
    }
}

static int lint_one(struct fh_cli *cli,
                    const char *path,
                    const struct fh_access_product *product,
                    const struct fh_contract *against,
                    struct fh_output *output,
                    struct fh_lint_tally *tally,
                    struct fh_err *err)
{
    struct fh_policy_file file;
    int code = fh_policy_file_read(&file, cli, path, product, err);
    if (code == FH_OK && file.policy != NULL && against != NULL) {
        lint_contract(&file, against);
    }
    if (code == FH_OK && output == NULL) {
        fh_lint_print(cli->out, path, &file.findings);
    } else if (code == FH_OK) {
        fh_lint_put(output, path, &file.findings);
    }
    fh_lint_count(tally, code == FH_OK ? &file.findings : NULL);
    fh_policy_file_fini(&file);
    return code;
}

int fh_cmd_policy_lint(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_lint contract = {.contract = NULL};
    struct fh_access_product *product = NULL;
    struct fh_lint_tally tally = {0};
    struct fh_output *output FH_CLEANUP(fh_output_freep) = NULL;
    int code = read_product(cli, args, &contract, &product, err);
    if (code == FH_OK && cli->format != FH_OUTPUT_TABLE) {
        output = fh_cli_output(cli, false, fh_lint_columns, FH_LINT_COLUMN_COUNT);
    }
    for (unsigned i = 0; code == FH_OK && i < args->operand_count; i++) {
        struct fh_err failed = {0};
        const struct fh_contract *against = product == NULL ? NULL : contract.contract;
        int rc = lint_one(cli, args->operands[i], product, against, output, &tally, &failed);
        if (rc != FH_OK && args->operand_count == 1) {
            *err = failed;
            code = rc;
        } else if (rc != FH_OK) {
            fh_cli_complain(cli, &failed);
        }
    }
    if (output != NULL && code == FH_OK) {
        code = fh_output_end(output, err);
    }
    fh_lint_fini(&contract);
    return code == FH_OK ? fh_lint_verdict(cli, args->operands[0], &tally, err) : code;
}

/* ---- publish ---- */

struct publishing {
    struct fh_cli *cli;
    const char *path;
    const char *node; /* --node */
    bool dry_run;
    struct fh_own_node own;
    const struct fh_actor *actor; /* of `own` */
    struct fh_policy_file file;
    struct fh_buf previous; /* the record in force, or empty */
    char previous_version[FH_VERSION_BYTES_MAX + 1];
    struct fh_buf record;
    struct fh_record_id id;
    uint64_t seq;
};

static int judge(struct publishing *p, struct fh_err *err)
{
    if (p->file.findings.errors == 0) {
        return FH_OK;
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       fh_lint_first_rule(&p->file.findings),
                       "%s: %zu error%s; nothing was published",
                       p->path,
                       p->file.findings.errors,
                       p->file.findings.errors == 1 ? "" : "s");
}

static int ask_previous(struct publishing *p, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    struct fh_msg_policy held = {0};
    fh_msg_policy_request(&request, p->file.policy->name);
    int code = fh_own_node_call(&p->own, &request, FH_ADMIN_CHECK_MS, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_policy_read(&reader, &held, err);
    }
    if (code == FH_OK) {
        fh_buf_add_bytes(&p->previous, held.record);
        code = fh_buf_ok(&p->previous) == FH_OK ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory");
    }
    return code;
}

/* The record in force, when there is one. */
static int read_previous(struct publishing *p,
                         struct fh_policy_record *out,
                         struct fh_record_id *out_id,
                         struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, fh_buf_view(&p->previous), &p->actor->mesh, err);
    if (code == FH_OK) {
        *out_id = record.id;
        code = fh_policy_record_parse(out, record.payload, err);
    }
    if (code == FH_OK) {
        memcpy(p->previous_version, out->version, sizeof p->previous_version);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "the policy in force");
}

static int seal(struct publishing *p, const struct fh_policy_record *next, struct fh_err *err)
{
    struct fh_sign_secret publisher FH_CLEANUP(fh_sign_secret_wipe);
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    int code = fh_own_node_signer(&p->own, &publisher, err);
    if (code != FH_OK) {
        return code;
    }
    fh_policy_record_encode(&payload, next);
    fh_record_seal(
        &p->record, FH_RECORD_POLICY, &p->actor->mesh, fh_buf_view(&payload), &publisher);
    code = fh_buf_ok(&p->record);
    p->id = fh_record_id_of(FH_RECORD_POLICY, &p->actor->mesh, fh_buf_view(&payload));
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "%s: too large for a record", p->path);
}

static int build_record(struct publishing *p, struct fh_err *err)
{
    struct fh_policy_record previous;
    struct fh_policy_record next = {
        .domain = p->actor->domain,
        .seq = 1,
        .created_ms = fh_clock_wall_ms(),
        .until_ms = p->file.policy->until_ms,
        .text = fh_buf_view(&p->file.text),
    };
    bool first = p->previous.size == 0;
    snprintf(next.name, sizeof next.name, "%s", p->file.policy->name);
    snprintf(next.version, sizeof next.version, "%s", p->file.policy->version);
    int code = first ? FH_OK : read_previous(p, &previous, &next.prev, err);
    if (code == FH_OK && !first) {
        next.seq = previous.seq + 1;
    }
    p->seq = next.seq;
    if (code == FH_OK) {
        code = seal(p, &next, err);
    }
    if (code == FH_OK && !first) {
        code = fh_policy_supersedes(&previous, &next.prev, &next, &p->id, err);
    }
    return code;
}

/* What the node says is added to the findings of the file. */
static int hand_over(struct publishing *p, struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_msg_enforce_request(&request, fh_buf_view(&p->record), p->dry_run);
    int code = fh_own_node_call(&p->own, &request, FH_ADMIN_CHECK_MS, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_enforced_read(&reader, &count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_policy_finding finding;
        code = fh_msg_policy_finding_next(&reader, &finding, err);
        const char *rule = code == FH_OK ? fh_arena_strdup(p->file.arena, finding.rule) : NULL;
        if (code == FH_OK && rule == NULL) {
            code = fh_err_set(err, FH_ENOMEM, "no memory for what the node finds");
        }
        if (code == FH_OK) {
            fh_findings_add(&p->file.findings,
                            finding.error ? FH_SEVERITY_ERROR : FH_SEVERITY_WARNING,
                            finding.line,
                            finding.column,
                            finding.path,
                            rule,
                            "%s",
                            finding.text);
        }
    }
    return code;
}

static int report(struct publishing *p, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"policy", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},
        {"published", FH_OUTPUT_BOOL},
        {"previous", FH_OUTPUT_TEXT},
        {"id", FH_OUTPUT_TEXT},
    };
    char id[FH_ID_TEXT_BYTES];
    if (p->dry_run) {
        fh_cli_say(p->cli, "everything holds; nothing was published");
    }
    if (p->cli->format == FH_OUTPUT_TABLE) {
        fprintf(p->cli->out, "%s %s\n", p->file.policy->name, p->file.policy->version);
        return FH_OK;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(p->cli, true, columns, FH_COUNT(columns));
    fh_record_id_text(id, &p->id);
    fh_output_text(output, p->file.policy->name);
    fh_output_text(output, p->file.policy->version);
    fh_output_uint(output, p->seq);
    fh_output_bool(output, !p->dry_run);
    if (p->previous_version[0] == '\0') {
        fh_output_null(output);
    } else {
        fh_output_text(output, p->previous_version);
    }
    fh_output_text(output, id);
    return fh_output_end(output, err);
}

static int publish(struct publishing *p, struct fh_err *err)
{
    int code = fh_policy_file_read(&p->file, p->cli, p->path, NULL, err);
    if (code == FH_OK) {
        code = judge(p, err);
    }
    if (code == FH_OK) {
        code = fh_own_node_open(&p->own, p->cli, p->node, err);
    }
    if (code == FH_OK) {
        p->actor = fh_own_node_actor(&p->own);
        code = ask_previous(p, err);
    }
    if (code == FH_OK) {
        code = build_record(p, err);
    }
    if (code == FH_OK) {
        code = hand_over(p, err);
    }
    return code == FH_OK ? judge(p, err) : code;
}

static int write_review(const struct publishing *p,
                        const char *path,
                        const struct fh_err *failure,
                        struct fh_err *err)
{
    char name[2 * FH_POLICY_WORD_BYTES_MAX + 16];
    struct fh_buf page FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&page, FH_REVIEW_BYTES_MAX);
    const struct fh_policy *policy = p->file.policy;
    snprintf(name,
             sizeof name,
             "%s%s%s%s",
             policy == NULL ? "" : "policy ",
             policy == NULL ? "" : policy->name,
             policy == NULL ? "" : " ",
             policy == NULL ? "" : policy->version);
    const struct fh_review review = {
        .path = p->path,
        .product = name,
        .previous = p->previous_version,
        .dry_run = p->dry_run,
        .is_policy = true,
        .lint = p->file.arena == NULL ? NULL : &p->file.findings,
        .failure = failure,
    };
    fh_review_add(&page, &review);
    int code = fh_buf_ok(&page);
    code = code == FH_OK ? fh_file_replace(path, fh_buf_view(&page), 0644, err)
                         : fh_err_set(err, code, "the review does not fit a file");
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--review %s", path);
}

int fh_cmd_policy_publish(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct publishing p = {
        .cli = cli,
        .path = args->operands[0],
        .node = fh_args_value(args, "node"),
        .dry_run = fh_args_has(args, "dry-run"),
    };
    const char *review = fh_args_value(args, "review");
    fh_buf_init(&p.previous, FH_RECORD_BYTES_MAX);
    fh_buf_init(&p.record, FH_RECORD_BYTES_MAX);
    int code = publish(&p, err);
    if (p.file.arena != NULL) {
        fh_lint_print(cli->messages, p.path, &p.file.findings);
    }
    if (code == FH_OK) {
        code = report(&p, err);
    }
    struct fh_err later;
    if (review != NULL && write_review(&p, review, code == FH_OK ? NULL : err, &later) != FH_OK &&
        code == FH_OK) {
        *err = later;
        code = later.code;
    }
    fh_own_node_close(&p.own);
    fh_policy_file_fini(&p.file);
    fh_buf_fini(&p.previous);
    fh_buf_fini(&p.record);
    return code;
}
