/* SPDX-License-Identifier: Apache-2.0 */
/* What policies are in force at the own domain's node. */
#include "common/time.h"
#include "proto/governance/policy_record.h"
#include "proto/session/messages_policy.h"
#include "proto/wire/record.h"
#include "tools/cli/asking.h"

#include <string.h>

static const char *state_of(bool readable, bool forked, int64_t until_ms)
{
    return !readable                       ? "unreadable"
           : forked                        ? "forked"
           : fh_clock_wall_ms() > until_ms ? "expired"
                                           : "in force";
}

static void put_until(struct fh_output *output, int64_t until_ms)
{
    char text[FH_TIME_TEXT_BYTES];
    if (until_ms == INT64_MAX) {
        fh_output_null(output);
    } else {
        fh_time_text(text, until_ms);
        fh_output_text(output, text);
    }
}

/* ---- list ---- */

int fh_cmd_policy_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"policy", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"valid until", FH_OUTPUT_TEXT},
        {"id", FH_OUTPUT_TEXT},
        {"of", FH_OUTPUT_TEXT},
    };
    struct fh_asking asking FH_CLEANUP(fh_asking_fini);
    uint32_t count = 0;
    fh_asking_init(&asking);
    fh_msg_policies_request(&asking.request);
    int code = fh_asking_ask(&asking, cli, fh_args_value(args, "node"), FH_REQUEST_MS, err);
    if (code == FH_OK) {
        code = fh_msg_policies_read(&asking.reader, &count, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_policy_listed listed;
        char id[FH_ID_TEXT_BYTES];
        code = fh_msg_policy_list_next(&asking.reader, &listed, err);
        if (code == FH_OK) {
            fh_record_id_text(id, &listed.id);
            fh_output_text(output, listed.name);
            fh_output_text(output, listed.version);
            fh_output_text(output, state_of(listed.readable, listed.forked, listed.until_ms));
            put_until(output, listed.until_ms);
            fh_output_text(output, id);
            fh_output_text(output, listed.mesh ? "mesh" : "domain");
        }
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}

/* ---- show ---- */

static int print_policy(struct fh_cli *cli,
                        const struct fh_policy_record *policy,
                        const struct fh_record_id *id,
                        bool forked,
                        struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"policy", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"sequence", FH_OUTPUT_NUMBER},
        {"state", FH_OUTPUT_TEXT},
        {"created", FH_OUTPUT_TEXT},
        {"valid until", FH_OUTPUT_TEXT},
        {"id", FH_OUTPUT_TEXT},
        {"text", FH_OUTPUT_TEXT},
    };
    char id_text[FH_ID_TEXT_BYTES];
    char created[FH_TIME_TEXT_BYTES];
    if (cli->format == FH_OUTPUT_TABLE) {
        /* The author's file, byte for byte: it can be changed and published again. */
        fwrite(policy->text.data, 1, policy->text.size, cli->out);
        if (forked) {
            fh_cli_say(cli,
                       "forked: another record of number %llu is known; what the policy governs is "
                       "closed until the next version",
                       (unsigned long long)policy->seq);
        }
        return FH_OK;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_record_id_text(id_text, id);
    fh_time_text(created, policy->created_ms);
    fh_output_text(output, policy->name);
    fh_output_text(output, policy->version);
    fh_output_uint(output, policy->seq);
    fh_output_text(output, state_of(true, forked, policy->until_ms));
    fh_output_text(output, created);
    put_until(output, policy->until_ms);
    fh_output_text(output, id_text);
    fh_output_cell(output, policy->text);
    return fh_output_end(output, err);
}

int fh_cmd_policy_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_asking asking FH_CLEANUP(fh_asking_fini);
    struct fh_msg_policy held = {0};
    struct fh_record record;
    struct fh_policy_record policy;
    fh_asking_init(&asking);
    fh_msg_policy_request(&asking.request, args->operands[0], fh_args_has(args, "mesh"));
    int code = fh_asking_ask(&asking, cli, fh_args_value(args, "node"), FH_REQUEST_MS, err);
    if (code == FH_OK) {
        code = fh_msg_policy_read(&asking.reader, &held, err);
    }
    if (code == FH_OK && held.seq == 0) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "policy.unknown",
                           "the %s has no policy %s; freehold policy list shows them",
                           fh_args_has(args, "mesh") ? "mesh" : "domain",
                           args->operands[0]);
    }
    if (code == FH_OK) {
        code = fh_record_parse(&record, held.record, &fh_own_node_actor(&asking.own)->mesh, err);
    }
    if (code == FH_OK) {
        code = fh_policy_record_parse(&policy, record.payload, err);
    }
    return code == FH_OK ? print_policy(cli, &policy, &record.id, held.forked, err) : code;
}
