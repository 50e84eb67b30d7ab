/* SPDX-License-Identifier: Apache-2.0 */
/* GET .../access: what who is signed in may read, column by column, by its owner's word. */
#include "tools/client/access.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"
#include "tools/door/http/api.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS_SHOWN_MAX = 256 }; /* each is a question to the owner */

struct looking {
    struct freehold_client *client;
    const struct fh_proof *proof;
    struct fh_msg_can can;
    struct fh_access_right right;
    struct fh_err why; /* FH_OK: readable */
};

static int read_purpose(const struct fh_http_call *call, struct fh_msg_can *can, struct fh_err *err)
{
    const char *purpose = fh_http_argument(&call->target, "purpose");
    if (purpose != NULL && strlen(purpose) > FH_PURPOSE_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "http.argument",
                           "purpose: at most %d bytes",
                           (int)FH_PURPOSE_BYTES_MAX);
    }
    snprintf(can->purpose, sizeof can->purpose, "%s", purpose == NULL ? "" : purpose);
    return FH_OK;
}

/* A refusal is an answer; everything else that goes wrong is not. */
static int ask(struct looking *looking, struct fh_err *err)
{
    looking->why = (struct fh_err){.code = FH_OK};
    int code = fh_access_can(looking->client,
                             &looking->proof->stated.domain,
                             &looking->can,
                             &looking->right,
                             &looking->why);
    if (code == FH_OK || code == FH_EDENIED) {
        return FH_OK;
    }
    *err = looking->why;
    return code;
}

static int put_column(struct fh_json *json,
                      struct looking *looking,
                      const char *table,
                      const char *column,
                      bool all_plain,
                      struct fh_err *err)
{
    int code = all_plain ? FH_OK : ask(looking, err);
    fh_json_open(json, '{');
    fh_json_pair(json, "table", table);
    fh_json_pair(json, "column", column);
    fh_json_pair_bool(json, "readable", looking->why.code == FH_OK);
    fh_json_pair_bool(json, "masked", looking->right.masked);
    fh_json_pair_or_null(json, "rule", looking->why.code == FH_OK ? NULL : looking->why.rule);
    fh_json_close(json, '}');
    return code;
}

/* What is asked next. false: the column has no name, or one that no question has room for. */
static bool name_column(struct fh_msg_can *can, const char *table, const char *column)
{
    int size = table == NULL || column == NULL
                   ? -1
                   : snprintf(can->column, sizeof can->column, "%s.%s", table, column);
    return size > 0 && (size_t)size < sizeof can->column;
}

/* Column by column where something is masked or kept back; else they are all as they are. */
static int
put_columns(struct fh_json *json, struct looking *looking, bool all_plain, struct fh_err *err)
{
    const struct fh_contract *contract = looking->proof->model;
    size_t shown = 0;
    size_t left_out = 0;
    int code = FH_OK;
    fh_json_key(json, "columns");
    fh_json_open(json, '[');
    for (size_t t = 0; t < contract->tables.count; t++) {
        const struct fh_contract_table *table = &contract->tables.items[t];
        for (size_t c = 0; c < table->columns.count && code == FH_OK; c++) {
            const char *name = table->columns.items[c].name;
            if (shown == COLUMNS_SHOWN_MAX || !name_column(&looking->can, table->name, name)) {
                left_out++;
                continue;
            }
            code = put_column(json, looking, table->name, name, all_plain, err);
            shown++;
        }
    }
    fh_json_close(json, ']');
    fh_json_pair_uint(json, "columns_left_out", left_out);
    return code;
}

/* A grant of some columns opens the product, and masks nothing: then it is asked for each, too. */
static int put_access(struct fh_http_call *call, struct looking *looking, struct fh_err *err)
{
    struct fh_json json = fh_http_json(call);
    char name[FH_PRODUCT_NAME_BYTES];
    char grant[FH_ID_TEXT_BYTES] = "";
    bool readable = looking->why.code == FH_OK;
    bool masked = looking->right.masked;
    bool granted = readable && !fh_record_id_is_zero(&looking->right.grant);
    int code = FH_OK;
    fh_product_name_text(name,
                         looking->proof->domain_name,
                         looking->proof->stated.product,
                         looking->proof->stated.version);
    if (granted) {
        fh_record_id_text(grant, &looking->right.grant);
    }
    fh_json_open(&json, '{');
    fh_json_pair(&json, "product", name);
    fh_json_pair_bool(&json, "readable", readable);
    fh_json_pair(&json, "purpose", looking->can.purpose);
    fh_json_pair_bool(&json, "masked", masked);
    fh_json_pair_or_null(&json, "grant", grant);
    fh_json_pair_or_null(&json, "rule", readable ? NULL : looking->why.rule);
    fh_json_pair_or_null(&json, "reason", readable ? NULL : looking->why.text);
    fh_api_put_waivers(&json, looking->proof, looking->right.waived, looking->right.waived_count);
    fh_api_put_governance(&json, looking->client, looking->proof, &looking->proof->stated.domain);
    if (readable) {
        code = put_columns(&json, looking, !masked && !granted, err);
    } else {
        fh_json_key(&json, "columns");
        fh_json_open(&json, '[');
        fh_json_close(&json, ']');
        fh_json_pair_uint(&json, "columns_left_out", 0);
    }
    fh_json_close(&json, '}');
    return code;
}

int fh_api_access(struct fh_http_call *call, struct fh_err *err)
{
    struct fh_product_name name;
    struct freehold_description *description = NULL;
    struct looking *looking = fh_arena_alloc(call->arena, sizeof *looking);
    if (looking == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to look what may be read");
    }
    *looking = (struct looking){.client = NULL};
    int code = fh_api_product_name(&name, call, err);
    if (code == FH_OK) {
        code = read_purpose(call, &looking->can, err);
    }
    if (code == FH_OK) {
        code = fh_http_asker(call, &looking->client, err);
    }
    if (code == FH_OK) {
        code = fh_api_describe(call, looking->client, &description, err);
    }
    if (code == FH_OK) {
        looking->proof = fh_description_proof(description);
        memcpy(looking->can.product, looking->proof->stated.product, sizeof looking->can.product);
        looking->can.major = (uint32_t)name.name.major;
        code = ask(looking, err);
    }
    if (code == FH_OK) {
        code = put_access(call, looking, err);
    }
    freehold_description_free(description);
    fh_http_asker_end(call, looking->client);
    return code;
}
