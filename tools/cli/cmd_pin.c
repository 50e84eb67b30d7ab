/* SPDX-License-Identifier: Apache-2.0 */
/* Names at the home's node: which id each is pinned to, who else claims it, and aliases. */
#include "common/time.h"
#include "proto/session/messages_names.h"
#include "tools/cli/cli.h"
#include "tools/cli/own_node.h"

#include <string.h>

static void put_id(struct fh_output *output, const struct fh_domain_id *id)
{
    static const struct fh_domain_id none;
    char text[FH_ID_TEXT_BYTES] = "";
    if (!fh_domain_id_equal(id, &none)) {
        fh_domain_id_text(text, id);
    }
    fh_output_text(output, text);
}

/* ---- list ---- */

static bool is_stopped(const struct fh_msg_named *named)
{
    static const struct fh_domain_id none;
    return !fh_domain_id_equal(&named->claimed_by, &none);
}

static void put_named(struct fh_output *output, const struct fh_msg_named *named)
{
    static const char *const kinds[] = {[FH_MSG_NAME_FIRST_USE] = "first use",
                                        [FH_MSG_NAME_DECIDED] = "accepted",
                                        [FH_MSG_NAME_ALIAS] = "alias"};
    char since[FH_TIME_TEXT_BYTES];
    fh_time_text(since, (int64_t)named->since_ms);
    fh_output_text(output, named->name);
    fh_output_text(output, kinds[named->kind]);
    fh_output_text(output, is_stopped(named) ? "stopped" : named->known ? "good" : "unknown");
    put_id(output, &named->domain);
    put_id(output, &named->claimed_by);
    fh_output_text(output, since);
}

static int put_names(struct fh_cli *cli, struct fh_pack_reader *reader, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"name", FH_OUTPUT_TEXT},
        {"by", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"domain_id", FH_OUTPUT_TEXT},
        {"claimed_by", FH_OUTPUT_TEXT},
        {"since", FH_OUTPUT_TEXT},
    };
    struct fh_msg_named named;
    uint32_t count = 0, stopped = 0;
    int code = fh_msg_names_read(reader, &count, err);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        code = fh_msg_named_next(reader, &named, err);
        if (code == FH_OK) {
            put_named(output, &named);
            stopped += is_stopped(&named);
        }
    }
    if (code == FH_OK) {
        code = fh_output_end(output, err);
    }
    if (code == FH_OK && stopped > 0) {
        fh_cli_say(
            cli,
            "names that another domain claims too: %u; each is refused until you say whose it "
            "is: freehold pin accept NAME ID",
            stopped);
    }
    return code;
}

int fh_cmd_pin_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_own_node own;
    struct fh_pack_reader reader;
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    (void)args;
    fh_buf_init(&request, 64);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_names_request(&request);
    int code = fh_own_node_open(&own, cli, NULL, err);
    if (code == FH_OK) {
        code = fh_own_node_call(&own, &request, FH_REQUEST_MS, &answer, &reader, err);
    }
    if (code == FH_OK) {
        code = put_names(cli, &reader, err);
    }
    fh_own_node_close(&own);
    return code;
}

/* ---- accept, alias, remove ---- */

static int ask(struct fh_cli *cli,
               const struct fh_msg_name *name,
               struct fh_domain_id *out,
               struct fh_err *err)
{
    struct fh_own_node own;
    struct fh_pack_reader reader;
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, 512);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_name_request(&request, name);
    int code = fh_own_node_open(&own, cli, NULL, err);
    if (code == FH_OK) {
        code = fh_own_node_call(&own, &request, FH_REQUEST_MS, &answer, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_name_answer_read(&reader, out, err);
    }
    fh_own_node_close(&own);
    return code;
}

static int
copy_operand(char *out, size_t size, const char *what, const char *operand, struct fh_err *err)
{
    if (strlen(operand) >= size) {
        return fh_err_set(err, FH_EUSAGE, "\"%.80s\" is no %s", operand, what);
    }
    memcpy(out, operand, strlen(operand) + 1);
    return FH_OK;
}

static int decide(struct fh_cli *cli,
                  const struct fh_args *args,
                  enum fh_msg_name_what what,
                  struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"name", FH_OUTPUT_TEXT},
        {"domain_id", FH_OUTPUT_TEXT},
    };
    struct fh_msg_name name = {.what = what, .dry_run = fh_args_has(args, "dry-run")};
    struct fh_domain_id domain;
    int code = copy_operand(name.name, sizeof name.name, "name", args->operands[0], err);
    if (code == FH_OK && what != FH_MSG_NAME_REMOVE) {
        code = copy_operand(
            name.domain, sizeof name.domain, "domain or id of one", args->operands[1], err);
    }
    if (code == FH_OK) {
        code = ask(cli, &name, &domain, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, name.name);
    put_id(output, &domain);
    return fh_output_end(output, err);
}

int fh_cmd_pin_accept(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return decide(cli, args, FH_MSG_NAME_ACCEPT, err);
}

int fh_cmd_pin_alias(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return decide(cli, args, FH_MSG_NAME_CALL, err);
}

int fh_cmd_pin_remove(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return decide(cli, args, FH_MSG_NAME_REMOVE, err);
}
