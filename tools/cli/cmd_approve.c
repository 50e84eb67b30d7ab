/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approve and deny: the owner's answer to an access request, signed by the publisher.
 *
 *     ADMIN_ASKED: the request -> GRANT and ACCESS_ANSWER, signed -> ADMIN_GOVERN: both or neither
 */
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/governing.h"
#include "tools/cli/terms.h"
#include "tools/client/deciding.h"

#include <string.h>

struct answering {
    struct fh_cli *cli;
    const struct fh_args *args;
    struct fh_governing governing;
    const struct fh_access_entry *entry;
    struct fh_grant grant;
    struct fh_access_answer answer;
};

/* The request that is meant, which must be open. */
static int find_open(struct answering *a, struct fh_err *err)
{
    int code = fh_governing_open(&a->governing, a->cli, fh_args_value(a->args, "node"), err);
    if (code == FH_OK) {
        code = fh_governing_read_asked(&a->governing, err);
    }
    if (code == FH_OK) {
        code = fh_access_entry_find(&a->governing.asked, a->args->operands[0], &a->entry, err);
    }
    if (code == FH_OK && a->entry->has_answer) {
        code = fh_err_rule(err,
                           FH_EEXIST,
                           "access.answered",
                           "the request was %s already; `freehold grant revoke` ends a grant, "
                           "`freehold grant create` makes one",
                           fh_access_outcome_text(a->entry->answer.outcome));
    }
    if (code == FH_OK) {
        a->answer.owner = a->entry->request.owner;
        a->answer.request = a->entry->id;
        a->answer.created_ms = fh_clock_wall_ms();
    }
    return code;
}

static int read_reason(struct answering *a, const char *flag, struct fh_err *err)
{
    const char *text = fh_args_value(a->args, flag);
    if (text != NULL && strlen(text) > FH_GRANT_NOTE_BYTES_MAX) {
        return fh_err_set(
            err, FH_EUSAGE, "--%s: at most %d bytes", flag, (int)FH_GRANT_NOTE_BYTES_MAX);
    }
    snprintf(a->answer.reason, sizeof a->answer.reason, "%s", text == NULL ? "" : text);
    return FH_OK;
}

/* ---- access approve ---- */

/* What was asked for, unless the owner says less: by default for the one key that asks. */
static void grant_as_asked(struct answering *a, const char **purpose)
{
    fh_grant_as_asked(&a->grant, a->entry, a->answer.created_ms, purpose);
    if (fh_args_has(a->args, "whole-domain")) {
        a->grant.grantee_kind = FH_GRANTEE_DOMAIN;
        memcpy(a->grant.grantee, a->entry->request.consumer.b, FH_ID_BYTES);
    }
}

static int report_approval(struct answering *a, const struct fh_record_id *id, struct fh_err *err)
{
    bool dry_run = fh_args_has(a->args, "dry-run");
    struct fh_governed governed = {.id = *id, .grant = a->grant};
    memcpy(governed.grantee_name, a->entry->consumer_name, sizeof governed.grantee_name);
    fh_cli_say(a->cli,
               dry_run ? "not granted: everything holds"
                       : "granted; %s may read it now, and is told",
               a->entry->consumer_name);
    return fh_grants_show(a->cli, &governed, 1, true, err);
}

int fh_cmd_access_approve(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct answering a = {.cli = cli, .args = args};
    const char *purpose = NULL;
    struct fh_record_id id = {{0}};
    int code = find_open(&a, err);
    if (code == FH_OK) {
        grant_as_asked(&a, &purpose);
        code = fh_grant_terms(&a.grant, args, a.governing.asked.arena, err);
    }
    if (code == FH_OK) {
        code = read_reason(&a, "note", err);
    }
    if (code == FH_OK) {
        a.grant.note = a.answer.reason;
        code = fh_governing_sign_grant(&a.governing, &a.grant, &id, err);
    }
    if (code == FH_OK) {
        a.answer.outcome = FH_ACCESS_APPROVED;
        a.answer.grant = id;
        code = fh_governing_sign_answer(&a.governing, &a.answer, err);
    }
    if (code == FH_OK) {
        code = fh_governing_hand_over(&a.governing, fh_args_has(args, "dry-run"), err);
    }
    if (code == FH_OK) {
        code = report_approval(&a, &id, err);
    }
    fh_governing_close(&a.governing);
    return code;
}

/* ---- access deny ---- */

static int report_denial(struct answering *a, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"request", FH_OUTPUT_TEXT},
        {"consumer", FH_OUTPUT_TEXT},
        {"product", FH_OUTPUT_TEXT},
        {"reason", FH_OUTPUT_TEXT},
        {"denied", FH_OUTPUT_BOOL},
    };
    char id[FH_ID_TEXT_BYTES];
    fh_cli_record_id(id, a->cli, &a->entry->id);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(a->cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, id);
    fh_output_text(output, a->entry->consumer_name);
    fh_output_text(output, a->entry->request.product);
    fh_output_text(output, a->answer.reason);
    fh_output_bool(output, !fh_args_has(a->args, "dry-run"));
    return fh_output_end(output, err);
}

int fh_cmd_access_deny(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct answering a = {.cli = cli, .args = args};
    int code = read_reason(&a, "reason", err);
    if (code == FH_OK && a.answer.reason[0] == '\0') {
        code = fh_err_set(err, FH_EUSAGE, "--reason is missing: who asked is told why");
    }
    if (code == FH_OK) {
        code = find_open(&a, err);
    }
    if (code == FH_OK) {
        a.answer.outcome = FH_ACCESS_DENIED;
        code = fh_governing_sign_answer(&a.governing, &a.answer, err);
    }
    if (code == FH_OK) {
        code = fh_governing_hand_over(&a.governing, fh_args_has(args, "dry-run"), err);
    }
    if (code == FH_OK) {
        code = report_denial(&a, err);
    }
    fh_governing_close(&a.governing);
    return code;
}
