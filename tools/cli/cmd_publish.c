/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publish: a contract in YAML becomes a signed record in the hands of the domain's node.
 *
 *     lint -> published text -> ADMIN_CHAIN: what comes before -> record, signed by the publisher
 *          -> ADMIN_PUBLISH: the node checks the data, keeps and announces it
 *
 * With --node the same goes over a session to a node elsewhere (publish_remote.h).
 */
#include "common/home.h"
#include "common/time.h"
#include "proto/contract/contract_record.h"
#include "proto/contract/publish_text.h"
#include "proto/session/messages.h"
#include "tools/cli/admin.h"
#include "tools/cli/cli.h"
#include "tools/cli/comparison.h"
#include "tools/cli/findings.h"
#include "tools/cli/lint.h"
#include "tools/cli/publish_batch.h"
#include "tools/cli/publish_remote.h"
#include "tools/cli/review.h"
#include "tools/client/actor.h"
#include "tools/client/product_name.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct publishing {
    struct fh_publish_batch *batch;
    struct fh_cli *cli;
    const char *path;
    bool dry_run;
    const struct fh_actor *actor;
    struct fh_lint lint;
    struct fh_published published;
    struct fh_buf previous; /* last record of the chain, empty at the first */
    struct fh_buf record;
    uint64_t seq;
    struct fh_record_id id;
    char previous_version[FH_VERSION_BYTES_MAX + 1];
    struct fh_comparison comparison; /* with what is published */
    struct fh_found found;           /* what the node found in the data */
    char data_root[PATH_MAX];
};

/* ---- the contract ---- */

static int find_data_root(struct publishing *p, struct fh_err *err)
{
    char resolved[PATH_MAX];
    if (realpath(p->path, resolved) == NULL) {
        return fh_err_set(err, FH_ENOTFOUND, "%s: %s", p->path, strerror(errno));
    }
    char *slash = strrchr(resolved, '/');
    slash[slash == resolved ? 1 : 0] = 0;
    memcpy(p->data_root, resolved, strlen(resolved) + 1);
    return FH_OK;
}

/* All findings on the messages; the errors end it. */
static int judge(struct publishing *p, struct fh_err *err)
{
    fh_lint_print(p->cli->messages, p->path, &p->lint.findings);
    if (p->lint.findings.errors == 0) {
        return FH_OK;
    }
    const char *rule = "";
    for (size_t i = p->lint.findings.count; i > 0; i--) {
        const struct fh_finding *finding = &p->lint.findings.items[i - 1];
        rule = finding->severity == FH_SEVERITY_ERROR ? finding->rule : rule;
    }
    return fh_err_rule(err,
                       FH_ECHECK,
                       rule,
                       "%s: %zu error%s; nothing was published",
                       p->path,
                       p->lint.findings.errors,
                       p->lint.findings.errors == 1 ? "" : "s");
}

static int read_contract(struct publishing *p, struct fh_err *err)
{
    if (strcmp(p->path, "-") == 0) {
        return fh_err_set(
            err, FH_EUSAGE, "a contract is published from a file: data lie beside it");
    }
    struct fh_lint_options options = {.for_publishing = true, .domain = p->actor->settings.domain};
    int code = fh_lint_file(&p->lint, p->cli, p->path, &options, err);
    if (code == FH_OK && p->batch->remote == NULL) {
        code = find_data_root(p, err);
    }
    if (code == FH_OK && p->lint.findings.errors == 0 && p->lint.contract != NULL) {
        code = fh_publish_text(&p->published,
                               fh_buf_view(&p->lint.text),
                               p->lint.contract,
                               &p->actor->domain,
                               &p->lint.findings,
                               err);
        code = code == FH_ECHECK ? FH_OK : code;
    }
    return code == FH_OK ? judge(p, err) : code;
}

/* ---- the record ---- */

static int ask_chain(struct publishing *p, struct fh_err *err)
{
    uint64_t seq = 0;
    if (p->batch->remote != NULL) {
        return fh_remote_chain(
            p->batch->remote, p->published.contract->name, &seq, &p->previous, err);
    }
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    struct fh_bytes last = FH_BYTES_NONE;
    fh_msg_chain_request(&request, p->published.contract->name);
    int code =
        fh_admin_call(p->batch->admin, fh_buf_view(&request), FH_REQUEST_MS, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_chain_read(&reader, &seq, &last, err);
    }
    if (code == FH_OK) {
        fh_buf_add_bytes(&p->previous, last);
        code = fh_buf_ok(&p->previous) == FH_OK
                   ? FH_OK
                   : fh_err_set(err, FH_ENOMEM, "no memory for the last contract");
    }
    return code;
}

/* The record that the new version is judged against. */
static int ask_base(struct publishing *p, struct fh_buf *out, struct fh_err *err)
{
    const struct fh_contract *contract = p->published.contract;
    if (p->batch->remote != NULL) {
        return fh_remote_base(p->batch->remote, contract->name, contract->version, out, err);
    }
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    struct fh_bytes base = FH_BYTES_NONE;
    fh_msg_base_request(&request, contract->name, contract->version);
    int code =
        fh_admin_call(p->batch->admin, fh_buf_view(&request), FH_REQUEST_MS, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_base_read(&reader, &base, err);
    }
    if (code == FH_OK) {
        fh_buf_add_bytes(out, base);
        code = fh_buf_ok(out) == FH_OK ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory");
    }
    return code;
}

static int compare_with_base(struct publishing *p, struct fh_err *err)
{
    struct fh_buf base FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&base, FH_RECORD_BYTES_MAX);
    int code = ask_base(p, &base, err);
    if (code != FH_OK) {
        return code;
    }
    const struct fh_comparison_order order = {
        .cli = p->cli,
        .mesh = &p->actor->mesh,
        .contract = p->published.contract,
        .base = fh_buf_view(&base),
        .last = fh_buf_view(&p->previous),
        .show_all = p->dry_run,
    };
    return fh_comparison_make(&p->comparison, &order, err);
}

/* What comes before, read from the record itself. */
static int read_previous(const struct publishing *p,
                         struct fh_contract_record *out,
                         struct fh_record_id *out_id,
                         struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, fh_buf_view(&p->previous), &p->actor->mesh, err);
    if (code == FH_OK) {
        *out_id = record.id;
        code = fh_contract_record_parse(out, record.payload, err);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "the last published version");
}

static int check_chain(const struct publishing *p,
                       const struct fh_contract_record *previous,
                       const struct fh_record_id *previous_id,
                       struct fh_err *err)
{
    struct fh_record record;
    struct fh_contract_record next;
    int code = fh_record_parse(&record, fh_buf_view(&p->record), &p->actor->mesh, err);
    if (code == FH_OK) {
        code = fh_contract_record_parse(&next, record.payload, err);
    }
    return code == FH_OK ? fh_contract_supersedes(previous, previous_id, &next, &record.id, err)
                         : code;
}

static int signing_key(const struct publishing *p, struct fh_sign_secret *out, struct fh_err *err)
{
    struct fh_sign_public public_key;
    if (p->batch->remote != NULL) {
        *out = p->actor->secret;
        return FH_OK;
    }
    return fh_actor_key(&p->actor->home, "publisher", FH_KEY_PUBLISHER, &public_key, out, err);
}

static int build_record(struct publishing *p, struct fh_err *err)
{
    struct fh_contract_record previous = {0};
    struct fh_contract_record next = {
        .domain = p->actor->domain,
        .seq = 1,
        .created_ms = fh_clock_wall_ms(),
        .compat_rules = FH_CONTRACT_COMPAT_RULES,
        .text = p->published.text,
    };
    bool first = p->previous.size == 0;
    int code = first ? FH_OK : read_previous(p, &previous, &next.prev, err);
    if (code != FH_OK) {
        return code;
    }
    next.seq = first ? 1 : previous.seq + 1;
    memcpy(p->previous_version, previous.version, sizeof p->previous_version);
    struct fh_sign_secret publisher FH_CLEANUP(fh_sign_secret_wipe);
    code = signing_key(p, &publisher, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_contract_record_encode(&payload, &next, p->published.contract);
    fh_record_seal(
        &p->record, FH_RECORD_CONTRACT, &p->actor->mesh, fh_buf_view(&payload), &publisher);
    code = fh_buf_ok(&payload) != FH_OK ? fh_buf_ok(&payload) : fh_buf_ok(&p->record);
    if (code != FH_OK) {
        return fh_err_set(err, code, "%s: the contract is too large for a record", p->path);
    }
    p->seq = next.seq;
    p->id = fh_record_id_of(FH_RECORD_CONTRACT, &p->actor->mesh, fh_buf_view(&payload));
    return first ? FH_OK : check_chain(p, &previous, &next.prev, err);
}

/* ---- the node's word ---- */

static int read_findings(struct publishing *p, struct fh_pack_reader *reader, struct fh_err *err)
{
    int code = fh_findings_say(p->cli, reader, &p->found, err);
    if (code == FH_OK && p->found.errors > 0) {
        code = fh_err_rule(err,
                           FH_ECHECK,
                           p->found.rule,
                           "the data break %" PRIu32 " promise%s of the contract; nothing was "
                           "published",
                           p->found.errors,
                           p->found.errors == 1 ? "" : "s");
    }
    return code;
}

/* The fields that the node makes the record from. */
static int hand_over_remotely(struct publishing *p, struct fh_err *err)
{
    struct fh_record record;
    struct fh_contract_record contract;
    struct fh_pack_reader reader;
    int code = fh_record_parse(&record, fh_buf_view(&p->record), &p->actor->mesh, err);
    if (code == FH_OK) {
        code = fh_contract_record_parse(&contract, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_msg_order order = {
        .yaml = fh_buf_view(&p->lint.text),
        .dry_run = p->dry_run,
        .seq = contract.seq,
        .prev = contract.prev,
        .created_ms = contract.created_ms,
        .compat_rules = contract.compat_rules,
        .signature = record.signatures[0].signature,
    };
    const char *root = p->batch->root == NULL ? "" : p->batch->root;
    int length = snprintf(order.root, sizeof order.root, "%s", root);
    if (length < 0 || (size_t)length >= sizeof order.root) {
        return fh_err_set(err, FH_EUSAGE, "--root: a name or a number of a data root");
    }
    code = fh_remote_publish(p->batch->remote, &order, &reader, err);
    return code == FH_OK ? read_findings(p, &reader, err) : code;
}

static int hand_over(struct publishing *p, struct fh_err *err)
{
    if (p->cli->progress) {
        fh_cli_say(p->cli, "checking the data ...");
    }
    if (p->batch->remote != NULL) {
        return hand_over_remotely(p, err);
    }
    struct fh_msg_publish publish = {
        .contract = fh_buf_view(&p->record),
        .yaml = fh_buf_view(&p->lint.text),
        .dry_run = p->dry_run,
    };
    _Static_assert(sizeof publish.data_root >= sizeof p->data_root, "any path fits");
    memcpy(publish.data_root, p->data_root, sizeof p->data_root);
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_ADMIN_FRAME_BYTES_MAX);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    struct fh_pack_reader reader;
    fh_msg_publish_request(&request, &publish);
    int code = fh_buf_ok(&request);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the contract does not fit a frame");
    }
    code = fh_admin_call(
        p->batch->admin, fh_buf_view(&request), FH_ADMIN_CHECK_MS, &answer, &reader, err);
    return code == FH_OK ? read_findings(p, &reader, err) : code;
}

/* A row for what is published, or would be. */
static void report(struct publishing *p)
{
    static const struct fh_output_column columns[] = {
        {"product", FH_OUTPUT_TEXT},
        {"contract", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},
        {"published", FH_OUTPUT_BOOL},
        {"previous", FH_OUTPUT_TEXT},
        {"file", FH_OUTPUT_TEXT},
    };
    struct fh_publish_batch *batch = p->batch;
    char name[FH_PRODUCT_NAME_BYTES], id[FH_ID_TEXT_BYTES];
    fh_product_name_text(name,
                         p->actor->settings.domain,
                         p->published.contract->name,
                         p->published.contract->version);
    fh_record_id_text(id, &p->id);
    if (p->dry_run) {
        fh_cli_say(p->cli, "everything holds; nothing was published");
    }
    if (p->cli->format == FH_OUTPUT_TABLE) {
        fprintf(p->cli->out, "%s\n", name);
        return;
    }
    if (batch->output == NULL) {
        batch->output = fh_cli_output(p->cli, true, columns, FH_COUNT(columns));
    }
    fh_output_text(batch->output, name);
    fh_output_text(batch->output, id);
    fh_output_uint(batch->output, p->seq);
    fh_output_bool(batch->output, !p->dry_run);
    if (p->previous_version[0] == 0) {
        fh_output_null(batch->output);
    } else {
        fh_output_text(batch->output, p->previous_version);
    }
    fh_output_text(batch->output, p->path);
}

static void add_to_review(const struct publishing *p, const struct fh_err *failure)
{
    char name[FH_PRODUCT_NAME_BYTES] = "";
    const struct fh_contract *contract = p->lint.contract;
    if (contract != NULL && contract->name != NULL && contract->version != NULL) {
        fh_product_name_text(name, p->actor->settings.domain, contract->name, contract->version);
    }
    const struct fh_review review = {
        .path = p->path,
        .product = name,
        .previous = p->previous_version,
        .dry_run = p->dry_run,
        .lint = p->lint.arena == NULL ? NULL : &p->lint.findings,
        .data = p->found.items,
        .data_count = p->found.count,
        .changes = p->comparison.arena == NULL ? NULL : &p->comparison.compat,
        .since = p->comparison.since,
        .failure = failure,
    };
    fh_review_add(&p->batch->review, &review);
}

/* ---- one file ---- */

int fh_publish_one(struct fh_publish_batch *batch, const char *path, struct fh_err *err)
{
    struct publishing p = {
        .batch = batch,
        .cli = batch->cli,
        .path = path,
        .dry_run = batch->dry_run,
        .actor = batch->remote != NULL ? fh_remote_actor(batch->remote) : batch->home,
    };
    fh_buf_init(&p.previous, FH_RECORD_BYTES_MAX);
    fh_buf_init(&p.record, FH_RECORD_BYTES_MAX);
    int code = read_contract(&p, err);
    if (code == FH_OK && batch->remote == NULL && batch->admin == NULL) {
        code = fh_admin_open(&batch->admin, &batch->home->home, true, err);
    }
    if (code == FH_OK) {
        code = ask_chain(&p, err);
    }
    if (code == FH_OK) {
        code = compare_with_base(&p, err);
    }
    if (code == FH_OK) {
        code = build_record(&p, err);
    }
    if (code == FH_OK) {
        code = hand_over(&p, err);
    }
    if (code == FH_OK) {
        report(&p);
    }
    add_to_review(&p, code == FH_OK ? NULL : err);
    fh_comparison_fini(&p.comparison);
    fh_lint_fini(&p.lint);
    fh_buf_fini(&p.previous);
    fh_buf_fini(&p.record);
    fh_found_fini(&p.found);
    return code;
}
