/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST .../approve and .../deny: answers an access request for a product of this node's domain,
 * signed by a publisher's token that may decide. The same answer again is no error: the request is
 * given as it is.
 */
#include "tools/client/columns.h"
#include "tools/client/deciding.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"
#include "tools/door/http/api.h"

#include <string.h>

struct deciding {
    struct fh_http_call *call;
    struct freehold_client *client;
    struct fh_api_deciding body;
    struct fh_deciding signs;
    struct fh_access_list list;
    const struct fh_access_entry *entry;
};

/* The request as it is now at the node. */
static int find(struct deciding *d, struct fh_err *err)
{
    fh_access_list_fini(&d->list);
    int code = fh_access_list_init(&d->list, err);
    if (code == FH_OK && fh_api_governs(d->call, d->client)) {
        code = fh_api_received(&d->list, d->call, d->client, err);
    }
    return code == FH_OK
               ? fh_access_entry_find(&d->list, fh_http_part(d->call, "id"), &d->entry, err)
               : code;
}

/* Columns that the owner names are those of the contract. */
static int read_columns(struct deciding *d, struct fh_err *err)
{
    struct freehold_description *description = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    char product[FH_PRODUCT_NAME_BYTES];
    if (d->body.column_count == 0) {
        return FH_OK;
    }
    fh_product_name_major_text(
        product, d->entry->owner_name, d->entry->request.product, d->entry->request.major);
    if (freehold_describe(&description, d->client, product, &error) != FREEHOLD_OK) {
        return fh_http_error(err, &error);
    }
    int code = fh_columns_of(&d->signs.columns,
                             fh_description_proof(description)->model,
                             d->body.columns,
                             d->body.column_count,
                             d->call->arena,
                             err);
    freehold_description_free(description);
    return code;
}

static int check_power(const struct deciding *d, struct fh_err *err)
{
    char id[FH_ID_TEXT_BYTES];
    if (fh_token_check_power(fh_identity_token(d->call->who), FH_TOKEN_DECIDE, err) == FH_OK) {
        return FH_OK;
    }
    fh_record_id_text(id, &d->entry->id);
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.power",
                       "this token reads and may not decide; make one with `freehold token create "
                       "--may decide`, or answer with the publisher's key: freehold access %s "
                       "%.24s%s",
                       d->signs.approve ? "approve" : "deny",
                       id,
                       d->signs.approve ? "" : " --reason TEXT");
}

static bool says_the_same(const struct deciding *d)
{
    return d->entry->has_answer &&
           (d->entry->answer.outcome == FH_ACCESS_APPROVED) == d->signs.approve;
}

static int decide(struct deciding *d, struct fh_err *err)
{
    int code = find(d, err);
    if (code != FH_OK || says_the_same(d)) {
        return code;
    }
    code = check_power(d, err);
    if (code == FH_OK) {
        code = read_columns(d, err);
    }
    if (code == FH_OK) {
        code = fh_decide_by_token(d->client, d->entry, &d->signs, err);
    }
    return code == FH_OK ? find(d, err) : code;
}

/* The node is asked something in any case: whether the token stands there; and it closes a
 * connection on which nobody asks. */
static int check_standing(const struct deciding *d, struct fh_err *err)
{
    struct freehold_status status = {.size = sizeof status};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    return freehold_status(d->client, &status, &error) == FREEHOLD_OK ? FH_OK
                                                                      : fh_http_error(err, &error);
}

int fh_api_govern(struct fh_http_call *call, struct fh_err *err)
{
    const char *verb = call->target.segments[call->target.segment_count - 1];
    struct deciding d = {.call = call, .signs = {.approve = strcmp(verb, "approve") == 0}};
    int code = fh_api_deciding_read(&d.body, call->body, d.signs.approve, call->arena, err);
    if (code != FH_OK) {
        return code;
    }
    d.signs.reason = d.body.reason;
    d.signs.rows = d.body.rows;
    d.signs.until_ms = d.body.until_ms;
    code = fh_http_asker(call, &d.client, err);
    if (code == FH_OK) {
        code = check_standing(&d, err);
    }
    if (code == FH_OK) {
        code = decide(&d, err);
    }
    if (code == FH_OK) {
        struct fh_json json = fh_http_json(call);
        fh_api_put_request(&json, d.entry, true);
    }
    fh_access_list_fini(&d.list);
    fh_http_asker_end(call, d.client);
    return code;
}
