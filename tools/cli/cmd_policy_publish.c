/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies signed and put in force, at the home or at a node elsewhere: of the own domain by its
 * publisher alone, of the mesh by several domains, one after the other.
 *
 *     lint -> ADMIN_POLICY, ADMIN_AGREED: what comes before -> record, signed by the publisher
 *          -> ADMIN_ENFORCE: the node holds it against its products, and keeps it
 *
 * `policy sign` stops before the last step and leaves a file, which the next domain signs too.
 */
#include "common/file.h"
#include "common/time.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "proto/session/messages_policy.h"
#include "proto/wire/record.h"
#include "tools/cli/lint.h"
#include "tools/cli/own_node.h"
#include "tools/cli/policy_file.h"
#include "tools/cli/review.h"

#include <string.h>

enum { RECORD_HEAD = 0x94 }; /* of every record's array, and of no policy's text */

struct publishing {
    struct fh_cli *cli;
    const char *path;
    const char *node; /* --node */
    bool dry_run;
    bool mesh;    /* of the mesh, not of the own domain */
    bool signed_; /* the file is what `policy sign` left */
    struct fh_own_node own;
    const struct fh_actor *actor; /* of `own` */
    struct fh_policy_file file;
    struct fh_buf previous; /* the record in force, or empty */
    char previous_version[FH_VERSION_BYTES_MAX + 1];
    struct fh_buf record;
    struct fh_record_id id;
    uint64_t seq;
    struct fh_waiver waiver; /* when the file is one, and no policy */
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
    fh_msg_policy_request(&request, p->file.policy->name, p->mesh);
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
    unsigned type = p->mesh ? FH_RECORD_MESH_POLICY : FH_RECORD_POLICY;
    fh_policy_record_encode(&payload, next);
    fh_record_seal(&p->record, type, &p->actor->mesh, fh_buf_view(&payload), &publisher);
    code = fh_buf_ok(&p->record);
    p->id = fh_record_id_of(type, &p->actor->mesh, fh_buf_view(&payload));
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
    if (p->mesh) {
        memcpy(next.domain.b, p->actor->mesh.b, sizeof next.domain.b);
    }
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
    fh_msg_enforce_request(&request, fh_buf_view(&p->record), p->dry_run);
    int code = fh_own_node_call(&p->own, &request, FH_ADMIN_CHECK_MS, &answer, &reader, err);
    return code == FH_OK ? fh_policy_file_told(&p->file, &reader, err) : code;
}

static void print_name(const struct publishing *p)
{
    if (p->file.policy == NULL) {
        fprintf(p->cli->out, "waiver for %s: %s\n", p->waiver.product, p->waiver.reason);
    } else {
        fprintf(p->cli->out, "%s %s\n", p->file.policy->name, p->file.policy->version);
    }
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
    if (p->cli->format == FH_OUTPUT_TABLE || p->file.policy == NULL) {
        print_name(p);
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

/* What `policy sign` left: the record, and the policy in it. */
static int read_signed(struct publishing *p, struct fh_err *err)
{
    struct fh_record record;
    struct fh_policy_record said;
    int code = fh_record_parse(&record, fh_buf_view(&p->record), &p->actor->mesh, err);
    if (code == FH_OK && record.type == FH_RECORD_WAIVER) {
        p->id = record.id;
        return fh_waiver_decode(&p->waiver, &record, err);
    }
    if (code == FH_OK && record.type != FH_RECORD_MESH_POLICY) {
        code = fh_err_rule(err, FH_EINVAL, "record.type", "it is no signed policy of the mesh");
    }
    if (code == FH_OK) {
        p->id = record.id;
        code = fh_policy_record_parse(&said, record.payload, err);
    }
    if (code == FH_OK) {
        p->seq = said.seq;
        code = fh_policy_record_open(&p->file.policy, &said, p->file.arena, err);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", p->path);
}

/* Reads the file: a policy as its author wrote it, or one that is signed already. */
static int read_file(struct publishing *p, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    int code = fh_cli_read(p->cli, p->path, &bytes, err);
    p->signed_ = code == FH_OK && bytes.size > 0 && bytes.data[0] == RECORD_HEAD;
    if (code != FH_OK || !p->signed_) {
        return code == FH_OK || code == FH_ETOOBIG
                   ? fh_policy_file_take(&p->file, p->path, fh_buf_view(&bytes), NULL, err)
                   : code;
    }
    fh_buf_add_bytes(&p->record, fh_buf_view(&bytes));
    return fh_policy_file_empty(&p->file, err);
}

/* Up to the record: of an own file, or of what somebody else signed first. */
static int make_record(struct publishing *p, struct fh_err *err)
{
    int code = read_file(p, err);
    if (code == FH_OK) {
        code = judge(p, err);
    }
    if (code == FH_OK) {
        code = fh_own_node_open(&p->own, p->cli, p->node, err);
    }
    if (code != FH_OK) {
        return code;
    }
    p->actor = fh_own_node_actor(&p->own);
    if (p->signed_) {
        return read_signed(p, err);
    }
    code = ask_previous(p, err);
    return code == FH_OK ? build_record(p, err) : code;
}

static int publish(struct publishing *p, struct fh_err *err)
{
    int code = make_record(p, err);
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
        .mesh = fh_args_has(args, "mesh"),
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

/* ---- sign ---- */

/* One signature more on what somebody else signed first. */
static int cosign(struct publishing *p, struct fh_err *err)
{
    struct fh_sign_secret publisher FH_CLEANUP(fh_sign_secret_wipe);
    struct fh_buf more FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    fh_buf_init(&more, FH_RECORD_BYTES_MAX);
    int code = fh_own_node_signer(&p->own, &publisher, err);
    if (code == FH_OK) {
        code = fh_record_parse(&record, fh_buf_view(&p->record), &p->actor->mesh, err);
    }
    if (code != FH_OK) {
        return code;
    }
    fh_record_cosign(&more, &record, &p->actor->mesh, &publisher);
    code = fh_buf_ok(&more);
    fh_buf_reset(&p->record);
    fh_buf_add_bytes(&p->record, fh_buf_view(&more));
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "%s: no room to sign", p->path);
}

static int write_signed(struct publishing *p, const char *path, struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, fh_buf_view(&p->record), &p->actor->mesh, err);
    if (code == FH_OK) {
        code = fh_file_replace(path, fh_buf_view(&p->record), 0644, err);
    }
    if (code == FH_OK) {
        fh_cli_say(
            p->cli,
            "signed by %u; the others: freehold policy sign %s --out FILE, and once they are "
            "enough: freehold policy publish FILE",
            record.signature_count,
            path);
        print_name(p);
    }
    return code;
}

int fh_cmd_policy_sign(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct publishing p = {
        .cli = cli,
        .path = args->operands[0],
        .node = fh_args_value(args, "node"),
        .mesh = true,
    };
    const char *path = fh_args_value(args, "out");
    fh_buf_init(&p.previous, FH_RECORD_BYTES_MAX);
    fh_buf_init(&p.record, FH_RECORD_BYTES_MAX);
    int code = path == NULL ? fh_err_set(err, FH_EUSAGE, "--out FILE: where the signed policy goes")
                            : make_record(&p, err);
    if (p.file.arena != NULL) {
        fh_lint_print(cli->messages, p.path, &p.file.findings);
    }
    if (code == FH_OK && p.signed_) {
        code = cosign(&p, err);
    }
    if (code == FH_OK) {
        code = write_signed(&p, path, err);
    }
    fh_own_node_close(&p.own);
    fh_policy_file_fini(&p.file);
    fh_buf_fini(&p.previous);
    fh_buf_fini(&p.record);
    return code;
}
