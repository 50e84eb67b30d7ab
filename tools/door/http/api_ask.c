/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST .../access-requests: asks the owner for access in the member's name, signed by a token that
 * may. The same again, while nobody has answered, gives the request that there is.
 */
#include "tools/client/access.h"
#include "tools/client/columns.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"
#include "tools/door/http/api.h"

#include <stdio.h>
#include <string.h>

/* What the body says, of the product that the path names. */
static int fill_request(struct fh_access_request *out,
                        const struct fh_http_call *call,
                        const struct fh_api_asking *asking,
                        const struct fh_proof *proof,
                        struct fh_err *err)
{
    struct fh_product_name name;
    int code = fh_api_product_name(&name, call, err);
    if (code != FH_OK) {
        return code;
    }
    *out = (struct fh_access_request){
        .owner = proof->stated.domain,
        .major = (uint32_t)name.name.major,
        .purpose = asking->purpose,
        .note = asking->note,
        .until_ms = asking->until_ms,
    };
    memcpy(out->product, proof->stated.product, sizeof out->product);
    return fh_columns_of(
        &out->columns, proof->model, asking->columns, asking->column_count, call->arena, err);
}

static void put(struct fh_http_call *call, const struct fh_access_entry *entry, unsigned status)
{
    struct fh_json json = fh_http_json(call);
    char text[FH_ID_TEXT_BYTES];
    fh_record_id_text(text, &entry->id);
    call->status = status;
    fh_http_header(call, "Location", "/v1/access-requests/%s", text);
    fh_api_put_request(&json, entry, false);
}

static int say_what_may(const struct fh_proof *proof,
                        const struct fh_access_request *request,
                        struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.power",
                       "this token reads and may not ask; make one with `freehold token create "
                       "--may ask`, or ask with your own key: freehold access request %s/%s "
                       "--purpose PURPOSE",
                       proof->domain_name,
                       request->product);
}

static int ask(struct fh_http_call *call,
               struct freehold_client *client,
               const struct fh_proof *proof,
               struct fh_access_request *request,
               struct fh_err *err)
{
    struct fh_access_entry entry = {.by_token = true};
    int code = fh_token_check_power(fh_identity_token(call->who), FH_TOKEN_ASK, err);
    if (code == FH_OK) {
        code = fh_access_ask(client, request, &entry.id, &entry.delivered, err);
    }
    if (code == FH_EDENIED && strcmp(err->rule, "token.power") == 0) {
        return say_what_may(proof, request, err);
    }
    if (code == FH_OK) {
        entry.request = *request;
        snprintf(entry.owner_name, sizeof entry.owner_name, "%s", proof->domain_name);
        snprintf(
            entry.consumer_name, sizeof entry.consumer_name, "%s", fh_identity_domain(call->who));
        snprintf(
            entry.key_label, sizeof entry.key_label, "%s", fh_identity_member_label(call->who));
        put(call, &entry, 201);
    }
    return code;
}

/* Once more, or for the first time. */
static int ask_once(struct fh_http_call *call,
                    struct freehold_client *client,
                    const struct fh_api_asking *asking,
                    const struct fh_proof *proof,
                    struct fh_err *err)
{
    struct fh_access_list list;
    struct fh_access_request request;
    const struct fh_access_entry *entry = NULL;
    int code = fill_request(&request, call, asking, proof, err);
    if (code == FH_OK) {
        code = fh_access_list_init(&list, err);
    }
    if (code != FH_OK) {
        return code;
    }
    code = fh_access_find_open(&list, client, &request, &entry, err);
    if (code == FH_OK && entry != NULL) {
        put(call, entry, 200);
    } else if (code == FH_OK) {
        code = ask(call, client, proof, &request, err);
    }
    fh_access_list_fini(&list);
    return code;
}

int fh_api_request_access(struct fh_http_call *call, struct fh_err *err)
{
    struct fh_api_asking asking;
    struct freehold_client *client = NULL;
    struct freehold_description *description = NULL;
    int code = fh_api_asking_read(&asking, call->body, call->arena, err);
    if (code == FH_OK) {
        code = fh_http_asker(call, &client, err);
    }
    if (code == FH_OK) {
        code = fh_api_describe(call, client, &description, err);
    }
    if (code == FH_OK) {
        code = ask_once(call, client, &asking, fh_description_proof(description), err);
    }
    freehold_description_free(description);
    fh_http_asker_end(call, client);
    return code;
}
