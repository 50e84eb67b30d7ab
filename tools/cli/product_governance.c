/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/product_governance.h"

#include "common/time.h"
#include "tools/cli/governing.h"
#include "tools/client/describe.h"
#include "tools/contract/json_write.h"

#include <stdio.h>

void fh_product_governance_ask(struct fh_governance *out,
                               struct freehold_client *client,
                               const struct freehold_description *description)
{
    const struct fh_proof *proof = fh_description_proof(description);
    struct freehold_product product = {.size = sizeof product};
    struct fh_msg_product_name name = {.major = proof->announced.major};
    struct fh_err ignored;
    freehold_description_product(description, &product);
    snprintf(name.domain, sizeof name.domain, "%s", proof->domain_name);
    snprintf(name.product, sizeof name.product, "%s", proof->stated.product);
    *out = (struct fh_governance){.whole = false};
    if (product.reachable &&
        fh_governance_ask(out, client, &name, &proof->stated.domain, &ignored) == FH_OK) {
        return;
    }
    fh_governance_fini(out);
    if (fh_governance_ask(out, client, &name, NULL, &ignored) != FH_OK) {
        fh_governance_fini(out);
    }
}

static const char *time_of(char out[FH_TIME_TEXT_BYTES], int64_t ms)
{
    out[0] = '\0';
    if (ms != 0) {
        fh_time_text(out, ms);
    }
    return out;
}

static int
put_policies(struct fh_cli *cli, const struct fh_governance *governance, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"policy", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"of", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (uint32_t i = 0; i < governance->policy_count; i++) {
        const struct fh_msg_governing *policy = &governance->policies[i];
        char until[FH_TIME_TEXT_BYTES];
        fh_output_text(output, policy->policy);
        fh_output_text(output, policy->version);
        fh_output_text(output, policy->mesh ? "mesh" : "domain");
        fh_output_text(output, fh_governing_state_text(policy->state));
        fh_output_text(output, time_of(until, policy->until_ms));
    }
    return fh_output_end(output, err);
}

static int
put_waived(struct fh_cli *cli, const struct fh_governance *governance, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"waived", FH_OUTPUT_TEXT},
        {"of", FH_OUTPUT_TEXT},
        {"for", FH_OUTPUT_TEXT},
        {"kind", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"waiver", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (uint32_t i = 0; i < governance->waived_count; i++) {
        const struct fh_msg_waived *waived = &governance->waived[i];
        char text[FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 8];
        char until[FH_TIME_TEXT_BYTES];
        char id[FH_ID_TEXT_BYTES];
        fh_output_text(output, waived->rule[0] == '\0' ? "all rules" : waived->rule);
        snprintf(text, sizeof text, "%s %s", waived->policy, waived->version);
        fh_output_text(output, text);
        fh_output_text(output, fh_waived_whom_text(waived->whom));
        fh_output_text(output, waived->urgent ? "break-glass" : "waiver");
        fh_output_text(output, time_of(until, waived->until_ms));
        fh_cli_record_id(id, cli, &waived->id);
        fh_output_text(output, id);
    }
    return fh_output_end(output, err);
}

int fh_product_governance_put(struct fh_cli *cli,
                              const struct fh_governance *governance,
                              struct fh_err *err)
{
    int code = FH_OK;
    if (governance->policy_count > 0) {
        fputc('\n', cli->out);
        code = put_policies(cli, governance, err);
    }
    if (code == FH_OK && governance->waived_count > 0) {
        fputc('\n', cli->out);
        code = put_waived(cli, governance, err);
    }
    return code;
}

_Static_assert((int)FH_TIME_TEXT_BYTES <= (int)FH_ID_TEXT_BYTES, "a time fits where an id does");

void fh_product_governance_json(struct fh_buf *out, const struct fh_governance *governance)
{
    struct fh_json json = {.out = out, .compact = true};
    char text[FH_ID_TEXT_BYTES];
    fh_json_open(&json, '{');
    fh_json_pair_bool(&json, "whole", governance->whole);
    fh_json_key(&json, "policies");
    fh_json_open(&json, '[');
    for (uint32_t i = 0; i < governance->policy_count; i++) {
        const struct fh_msg_governing *policy = &governance->policies[i];
        fh_json_open(&json, '{');
        fh_json_pair(&json, "policy", policy->policy);
        fh_json_pair(&json, "version", policy->version);
        fh_json_pair_bool(&json, "mesh", policy->mesh);
        fh_json_pair(&json, "state", fh_governing_state_text(policy->state));
        fh_json_pair_or_null(&json, "until", time_of(text, policy->until_ms));
        fh_json_close(&json, '}');
    }
    fh_json_close(&json, ']');
    fh_json_key(&json, "waived");
    fh_json_open(&json, '[');
    for (uint32_t i = 0; i < governance->waived_count; i++) {
        const struct fh_msg_waived *waived = &governance->waived[i];
        fh_json_open(&json, '{');
        fh_json_pair(&json, "policy", waived->policy);
        fh_json_pair(&json, "version", waived->version);
        fh_json_pair_or_null(&json, "rule", waived->rule);
        fh_json_pair_bool(&json, "mesh", waived->mesh);
        fh_json_pair_bool(&json, "break_glass", waived->urgent);
        fh_json_pair(&json, "whom", fh_waived_whom_text(waived->whom));
        fh_json_pair_or_null(&json, "until", time_of(text, waived->until_ms));
        fh_record_id_text(text, &waived->id);
        fh_json_pair(&json, "waiver", text);
        fh_json_close(&json, '}');
    }
    fh_json_close(&json, ']');
    fh_json_close(&json, '}');
}
