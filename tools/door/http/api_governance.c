/* SPDX-License-Identifier: Apache-2.0 */
/* What governs a product: policies and waivers, as members of the product and of answers. */
#include "tools/client/governance.h"
#include "tools/client/notices.h"
#include "tools/client/proof.h"
#include "tools/door/http/api.h"

#include <stdio.h>

void fh_api_put_waived(struct fh_json *json, const struct freehold_waived *waived)
{
    fh_json_open(json, '{');
    fh_json_pair(json, "domain", waived->domain_name);
    fh_json_pair(json, "product", waived->product);
    fh_json_pair(json, "version", waived->version);
    fh_json_pair_or_null(json, "policy", waived->policy);
    fh_json_pair_or_null(json, "policy_version", waived->policy_version);
    fh_json_pair_or_null(json, "rule", waived->rule);
    fh_json_pair_bool(json, "mesh", waived->mesh);
    fh_json_pair_bool(json, "break_glass", waived->break_glass);
    fh_json_pair(json, "whom", waived->whom);
    fh_http_json_time(json, "until", waived->until_ms);
    fh_json_pair(json, "waiver", waived->waiver);
    fh_json_close(json, '}');
}

void fh_api_put_waivers(struct fh_json *json,
                        const struct fh_proof *proof,
                        const struct fh_msg_waived *waived,
                        uint32_t count)
{
    fh_json_key(json, "waived");
    fh_json_open(json, '[');
    for (uint32_t i = 0; i < count; i++) {
        struct freehold_waived told;
        fh_notices_waived(
            &told, proof->domain_name, proof->stated.product, proof->stated.version, &waived[i]);
        fh_api_put_waived(json, &told);
    }
    fh_json_close(json, ']');
}

static void put_policies(struct fh_json *json, const struct fh_governance *governance)
{
    char id[FH_ID_TEXT_BYTES];
    fh_json_key(json, "policies");
    fh_json_open(json, '[');
    for (uint32_t i = 0; i < governance->policy_count; i++) {
        const struct fh_msg_governing *policy = &governance->policies[i];
        fh_record_id_text(id, &policy->id);
        fh_json_open(json, '{');
        fh_json_pair(json, "policy", policy->policy);
        fh_json_pair(json, "version", policy->version);
        fh_json_pair_bool(json, "mesh", policy->mesh);
        fh_json_pair(json, "state", fh_governing_state_text(policy->state));
        fh_http_json_time(json, "until", policy->until_ms);
        fh_json_pair(json, "record", id);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

/* The node that is asked was the one that described the product: when it does not say this, only
 * this is missing. */
void fh_api_put_governance(struct fh_json *json,
                           struct freehold_client *client,
                           const struct fh_proof *proof,
                           const struct fh_domain_id *owner)
{
    struct fh_governance governance FH_CLEANUP(fh_governance_fini) = {.whole = false};
    struct fh_msg_product_name name = {.major = proof->announced.major};
    struct fh_err ignored;
    snprintf(name.domain, sizeof name.domain, "%s", proof->domain_name);
    snprintf(name.product, sizeof name.product, "%s", proof->stated.product);
    if (fh_governance_ask(&governance, client, &name, owner, &ignored) != FH_OK) {
        fh_json_pair_or_null(json, "governance", NULL);
        return;
    }
    fh_json_key(json, "governance");
    fh_json_open(json, '{');
    fh_json_pair_bool(json, "whole", governance.whole);
    put_policies(json, &governance);
    fh_api_put_waivers(json, proof, governance.waived, governance.waived_count);
    fh_json_close(json, '}');
}
