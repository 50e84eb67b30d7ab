/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access, for who wants to read: ask for it, see what became of that, and what may be read now.
 *
 *     access request -> signed here -> any peer -> the owner, at once or when he is back
 *     access can-i   -> the owner, end to end
 */
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/governing.h"
#include "tools/cli/note.h"
#include "tools/cli/text_list.h"
#include "tools/cli/until.h"
#include "tools/client/access.h"
#include "tools/client/describe.h"
#include "tools/client/notices.h"
#include "tools/client/product_name.h"

#include <string.h>

static const int64_t default_ms = INT64_C(90) * 24 * 3600 * 1000;

/* ---- access request ---- */

struct asking {
    struct fh_cli *cli;
    const struct fh_args *args;
    struct fh_arena *arena;
    struct freehold_client *client;
    struct freehold_description *description;
    struct fh_access_request request;
    struct fh_record_id id;
    bool delivered;
};

static int read_asking(struct asking *a, struct fh_err *err)
{
    const struct fh_proof *proof = fh_description_proof(a->description);
    const char *purpose = fh_args_value(a->args, "purpose");
    const char *until = fh_args_value(a->args, "until");
    const char *note = fh_args_value(a->args, "note");
    int64_t now_ms = fh_clock_wall_ms();
    struct fh_product_name name;
    int code = fh_product_name_parse(&name, a->args->operands[0], err);
    if (code != FH_OK) {
        return code;
    }
    if (purpose == NULL || strlen(purpose) > FH_PURPOSE_BYTES_MAX) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          purpose == NULL ? "--purpose is missing: say what the data are for"
                                          : "--purpose: at most %d bytes",
                          (int)FH_PURPOSE_BYTES_MAX);
    }
    if (note != NULL && strlen(note) > FH_GRANT_NOTE_BYTES_MAX) {
        return fh_err_set(err, FH_EUSAGE, "--note: at most %d bytes", (int)FH_GRANT_NOTE_BYTES_MAX);
    }
    a->request.until_ms = now_ms + default_ms;
    if (until != NULL) {
        code = fh_until_parse(&a->request.until_ms, "--until", until, now_ms, err);
    }
    if (code == FH_OK && a->request.until_ms > now_ms + FH_GRANT_LIFE_MS) {
        code = fh_err_set(err, FH_EUSAGE, "--until: access is given for 366 days at most");
    }
    if (code == FH_OK) {
        code = fh_cli_columns(&a->request.columns,
                              "columns",
                              fh_args_value(a->args, "columns"),
                              proof->model,
                              a->arena,
                              err);
    }
    a->request.owner = proof->stated.domain;
    memcpy(a->request.product, proof->stated.product, sizeof a->request.product);
    a->request.major = (uint32_t)name.name.major;
    a->request.purpose = purpose;
    a->request.note = note == NULL ? "" : note;
    return code;
}

static int report_asking(struct asking *a, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"request", FH_OUTPUT_TEXT},
        {"owner", FH_OUTPUT_TEXT},
        {"product", FH_OUTPUT_TEXT},
        {"purpose", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"sent", FH_OUTPUT_BOOL},
    };
    const struct fh_proof *proof = fh_description_proof(a->description);
    bool dry_run = fh_args_has(a->args, "dry-run");
    char id[FH_ID_TEXT_BYTES] = "", until[FH_TIME_TEXT_BYTES];
    fh_time_text(until, a->request.until_ms);
    if (dry_run) {
        fh_cli_say(a->cli, "not sent: everything holds");
    } else {
        fh_cli_record_id(id, a->cli, &a->id);
        fh_cli_say(a->cli,
                   a->delivered ? "%s has the request; `freehold access list` shows the answer"
                                : "%s cannot be reached now; the request is kept, and handed over "
                                  "when it can",
                   proof->domain_name);
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(a->cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, id);
    fh_output_text(output, proof->domain_name);
    fh_output_text(output, a->request.product);
    fh_output_text(output, a->request.purpose);
    fh_output_text(output, until);
    fh_output_text(output,
                   fh_access_state_text(a->delivered ? FH_ACCESS_OPEN_YET : FH_ACCESS_WAITS));
    fh_output_bool(output, !dry_run);
    return fh_output_end(output, err);
}

int fh_cmd_access_request(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(4 * FH_GRANT_ARENA_BYTES_MAX);
    struct asking a = {.cli = cli, .args = args, .arena = arena};
    if (arena == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a request");
    }
    int code = fh_cli_describe(cli, args, &a.client, &a.description, err);
    if (code == FH_OK) {
        code = read_asking(&a, err);
    }
    if (code == FH_OK && !fh_args_has(args, "dry-run")) {
        code = fh_access_ask(a.client, &a.request, &a.id, &a.delivered, err);
    }
    if (code == FH_OK) {
        code = report_asking(&a, err);
    }
    freehold_description_free(a.description);
    freehold_close(a.client);
    return code;
}

/* ---- access can-i ---- */

/* "domain/product@1.column", with . for /, @1 or without, "table.column" or without. */
static int read_can(const char *text, char product[FH_PRODUCT_NAME_BYTES], struct fh_msg_can *out)
{
    size_t domain = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (domain == 0 || (text[domain] != '/' && text[domain] != '.')) {
        return FH_EUSAGE;
    }
    const char *rest = text + domain + 1;
    size_t length = strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (rest[length] == '@') {
        length += 1 + strspn(rest + length + 1, "0123456789");
    }
    const char *column = rest + length;
    if (length == 0 || (column[0] != '\0' && (column[0] != '.' || column[1] == '\0')) ||
        domain + 1 + length >= FH_PRODUCT_NAME_BYTES || strlen(column) > sizeof out->column) {
        return FH_EUSAGE;
    }
    snprintf(product, FH_PRODUCT_NAME_BYTES, "%.*s", (int)(domain + 1 + length), text);
    snprintf(out->column, sizeof out->column, "%s", column[0] == '.' ? column + 1 : "");
    return FH_OK;
}

static int report_can(struct fh_cli *cli,
                      const struct fh_args *args,
                      const struct fh_err *refusal,
                      const struct fh_record_id *grant,
                      bool masked,
                      struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"what", FH_OUTPUT_TEXT},
        {"readable", FH_OUTPUT_BOOL},
        {"masked", FH_OUTPUT_BOOL},
        {"grant", FH_OUTPUT_TEXT},
        {"rule", FH_OUTPUT_TEXT},
        {"reason", FH_OUTPUT_TEXT},
    };
    char id[FH_ID_TEXT_BYTES];
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, args->operands[1]);
    fh_output_bool(output, refusal == NULL);
    fh_output_bool(output, masked);
    if (refusal == NULL && !fh_record_id_is_zero(grant)) {
        fh_cli_record_id(id, cli, grant);
        fh_output_text(output, id);
    } else {
        fh_output_null(output);
    }
    fh_output_text(output, refusal == NULL ? "" : refusal->rule);
    fh_output_text(output, refusal == NULL ? "" : refusal->text);
    return fh_output_end(output, err);
}

static int ask_can(struct fh_cli *cli,
                   struct freehold_client *client,
                   const char *product,
                   struct fh_msg_can *can,
                   struct fh_access_right *out,
                   struct fh_err *err)
{
    struct freehold_description *description = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct fh_product_name name;
    int code = fh_product_name_parse(&name, product, err);
    if (code == FH_OK && freehold_describe(&description, client, product, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    if (code == FH_OK) {
        const struct fh_proof *proof = fh_description_proof(description);
        memcpy(can->product, proof->stated.product, sizeof can->product);
        can->major = (uint32_t)name.name.major;
        code = fh_access_can(client, &proof->stated.domain, can, out, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < out->waived_count; i++) {
        const struct fh_proof *proof = fh_description_proof(description);
        struct freehold_waived waived = {.size = sizeof waived};
        fh_notices_waived(&waived,
                          proof->domain_name,
                          proof->stated.product,
                          proof->stated.version,
                          &out->waived[i]);
        fh_note_waived(cli, &waived);
    }
    freehold_description_free(description);
    return code;
}

int fh_cmd_access_can(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    const char *purpose = fh_args_value(args, "purpose");
    char product[FH_PRODUCT_NAME_BYTES];
    struct freehold_client *client = NULL;
    struct fh_access_right right = {.masked = false};
    struct fh_msg_can can = {.major = 0};
    struct fh_err ignored;
    if (strcmp(args->operands[0], "read") != 0) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "can-i %.40s: only reading is asked for: can-i read PRODUCT",
                          args->operands[0]);
    }
    if (read_can(args->operands[1], product, &can) != FH_OK ||
        (purpose != NULL && strlen(purpose) > FH_PURPOSE_BYTES_MAX)) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "\"%.80s\": write domain/product, domain/product.column or "
                          "domain/product@1.table.column, and a purpose of at most %d bytes",
                          args->operands[1],
                          (int)FH_PURPOSE_BYTES_MAX);
    }
    snprintf(can.purpose, sizeof can.purpose, "%s", purpose == NULL ? "" : purpose);
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK) {
        code = ask_can(cli, client, product, &can, &right, err);
    }
    freehold_close(client);
    if (code == FH_OK) {
        return report_can(cli, args, NULL, &right.grant, right.masked, err);
    }
    if (code == FH_EDENIED) { /* an answer too: the reason follows as an error, and the exit code */
        int reported = report_can(cli, args, err, &right.grant, false, &ignored);
        (void)reported;
    }
    return code;
}
