/* SPDX-License-Identifier: Apache-2.0 */
/* Which node enforces which policies of the mesh, and which versions a policy had. */
#include "common/time.h"
#include "proto/governance/policy_record.h"
#include "proto/session/messages_policy.h"
#include "proto/wire/record.h"
#include "tools/cli/asking.h"

#include <string.h>

/* ---- status ---- */

static const char *state_of(const struct fh_msg_policy_node *node)
{
    return !node->answered ? "unreachable" : node->same ? "in step" : "differs";
}

int fh_cmd_policy_status(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    (void)args;
    static const struct fh_output_column columns[] = {
        {"node", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"policies", FH_OUTPUT_TEXT},
    };
    struct fh_asking asking FH_CLEANUP(fh_asking_fini);
    uint32_t count = 0;
    uint32_t differing = 0;
    fh_asking_init(&asking);
    fh_msg_policy_status_request(&asking.request);
    int code = fh_asking_ask(&asking, cli, NULL, FH_ADMIN_CHECK_MS, err);
    if (code == FH_OK) {
        code = fh_msg_policy_status_read(&asking.reader, &count, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (uint32_t i = 0; code == FH_OK && i < count; i++) {
        struct fh_msg_policy_node node;
        char text[FH_ID_TEXT_BYTES];
        code = fh_msg_policy_status_next(&asking.reader, &node, err);
        if (code == FH_OK) {
            fh_node_id_text(text, &node.node);
            fh_output_text(output, text);
            fh_domain_id_text(text, &node.domain);
            fh_output_text(output, text);
            fh_output_text(output, state_of(&node));
            fh_output_cell(output, fh_bytes_cstr(node.state.text));
            differing += node.answered && !node.same ? 1 : 0;
        }
    }
    code = code == FH_OK ? fh_output_end(output, err) : code;
    if (code == FH_OK && differing > 0) {
        fh_cli_say(cli,
                   "%u of %u nodes enforce other policies of the mesh than the one that was asked; "
                   "they get what they lack when they synchronise",
                   differing,
                   count);
    }
    return code;
}

/* ---- history ---- */

static void put_version(struct fh_output *output,
                        const struct fh_policy_record *policy,
                        const struct fh_record *record)
{
    char text[FH_ID_TEXT_BYTES];
    char time[FH_TIME_TEXT_BYTES];
    fh_output_uint(output, policy->seq);
    fh_output_text(output, policy->version);
    fh_time_text(time, policy->created_ms);
    fh_output_text(output, time);
    if (policy->until_ms == INT64_MAX) {
        fh_output_null(output);
    } else {
        fh_time_text(time, policy->until_ms);
        fh_output_text(output, time);
    }
    fh_output_uint(output, record->signature_count);
    fh_record_id_text(text, &record->id);
    fh_output_text(output, text);
}

int fh_cmd_policy_history(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"sequence", FH_OUTPUT_NUMBER},
        {"version", FH_OUTPUT_TEXT},
        {"created", FH_OUTPUT_TEXT},
        {"valid until", FH_OUTPUT_TEXT},
        {"signatures", FH_OUTPUT_NUMBER},
        {"id", FH_OUTPUT_TEXT},
    };
    struct fh_asking asking FH_CLEANUP(fh_asking_fini);
    struct fh_msg_bins bins = {.left = 0};
    struct fh_bytes bytes;
    fh_asking_init(&asking);
    fh_msg_versions_request(&asking.request, args->operands[0], fh_args_has(args, "mesh"));
    int code = fh_asking_ask(&asking, cli, fh_args_value(args, "node"), FH_ADMIN_CHECK_MS, err);
    if (code == FH_OK) {
        code = fh_msg_bins_read(&asking.reader, &bins, err);
    }
    if (code == FH_OK && bins.left == 0) {
        code = fh_err_rule(err,
                           FH_ENOTFOUND,
                           "policy.unknown",
                           "the %s has no policy %s; freehold policy list shows them",
                           fh_args_has(args, "mesh") ? "mesh" : "domain",
                           args->operands[0]);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    while (code == FH_OK && fh_msg_bins_next(&bins, &bytes)) {
        struct fh_record record;
        struct fh_policy_record policy;
        code = fh_record_parse(&record, bytes, &fh_own_node_actor(&asking.own)->mesh, err);
        if (code == FH_OK) {
            code = fh_policy_record_parse(&policy, record.payload, err);
        }
        if (code == FH_OK) {
            put_version(output, &policy, &record);
        }
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}
