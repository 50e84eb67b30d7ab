/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/query, GET .../sample and GET /v1/receipts/{id}: data, and what proves them. */
#include "common/time.h"
#include "tools/client/describe.h"
#include "tools/client/product_name.h"
#include "tools/columns/columns.h"
#include "tools/door/http/api.h"
#include "tools/door/http/flow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLE_ROWS = 20, SAMPLE_ROWS_MAX = 100, HEADER_LIST_BYTES = 1000 };

/* ---- headers ---- */

/* When the product was deprecated is in its history; asked only for what is. */
static void add_life(struct fh_http_call *call,
                     struct freehold_client *client,
                     const struct freehold_notice *notice)
{
    int64_t since_ms =
        fh_api_deprecated_since(client, notice->domain_name, notice->product, notice->version);
    fh_http_life_headers(call, since_ms, notice->sunset_ms, notice->successor);
}

/* Of several products that end, the one that ends first counts. */
static void add_notices(struct fh_http_call *call,
                        struct freehold_client *client,
                        struct freehold_result *result)
{
    struct freehold_notice first = {.size = sizeof first};
    bool found = false;
    for (size_t i = 0; i < freehold_result_notice_count(result); i++) {
        struct freehold_notice notice = {.size = sizeof notice};
        freehold_result_notice(result, i, &notice);
        bool ends = strcmp(notice.status, "deprecated") == 0;
        bool sooner =
            notice.sunset_ms != 0 && (first.sunset_ms == 0 || notice.sunset_ms < first.sunset_ms);
        if (ends && (!found || sooner)) {
            first = notice;
            found = true;
        }
    }
    if (found) {
        add_life(call, client, &first);
    }
}

struct list {
    size_t size;
    char text[HEADER_LIST_BYTES];
};

/* False: there is no room for it, and nothing of it is there. */
FH_PRINTF(2, 3) static bool append(struct list *list, const char *format, ...)
{
    size_t room = sizeof list->text - list->size;
    va_list values;
    va_start(values, format);
    int n = vsnprintf(list->text + list->size, room, format, values);
    va_end(values);
    bool fits = n >= 0 && (size_t)n < room;
    list->size += fits ? (size_t)n : 0;
    list->text[list->size] = '\0';
    return fits;
}

static void add_limited(struct fh_http_call *call, const struct freehold_result *result)
{
    struct list list = {.size = 0};
    for (size_t i = 0; i < freehold_result_limited_count(result); i++) {
        struct freehold_limited limited = {.size = sizeof limited};
        freehold_result_limited(result, i, &limited);
        if (!append(&list,
                    "%s%s/%s.%s",
                    list.size == 0 ? "" : ", ",
                    limited.domain_name,
                    limited.product,
                    limited.table)) {
            break;
        }
    }
    if (list.size > 0) {
        fh_http_header(call, "Freehold-Limited", "%s", list.text);
    }
}

/* As a list of RFC 8941:
 * shop/people;policy="personal";version="1.0.0";rule="mask[0]";until=...; none of these words
 * has anything that would need an escape. */
static void add_waived(struct fh_http_call *call, const struct freehold_result *result)
{
    struct list list = {.size = 0};
    for (size_t i = 0; i < freehold_result_waived_count(result); i++) {
        struct freehold_waived waived = {.size = sizeof waived};
        freehold_result_waived(result, i, &waived);
        if (!append(&list,
                    "%s%s/%s;policy=\"%s\";version=\"%s\";rule=\"%s\";until=%" PRId64 "%s",
                    list.size == 0 ? "" : ", ",
                    waived.domain_name,
                    waived.product,
                    waived.policy,
                    waived.policy_version,
                    waived.rule,
                    waived.until_ms / 1000,
                    waived.break_glass ? ";break-glass" : "")) {
            break;
        }
    }
    if (list.size > 0) {
        fh_http_header(call, "Freehold-Waived", "%s", list.text);
    }
}

/* ---- the answer ---- */

int fh_answer_end(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err)
{
    struct freehold_summary summary = {.size = sizeof summary};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    const void *file = NULL;
    size_t size = 0;
    freehold_result_summary(result, &summary);
    if (freehold_result_receipt(result, &file, &size, &error) != FREEHOLD_OK) {
        return fh_http_error(err, &error);
    }
    fh_http_receipts_put(call->state->receipts,
                         fh_identity_token_id(call->who),
                         summary.receipt,
                         fh_bytes(file, size),
                         fh_clock_mono_ms());
    snprintf(call->trailer_receipt, sizeof call->trailer_receipt, "%s", summary.receipt);
    call->trailer_rows = summary.rows;
    atomic_fetch_add(&call->state->metrics.query_rows, summary.rows);
    return FH_OK;
}

static int put_answer(struct fh_http_call *call,
                      struct freehold_client *client,
                      struct freehold_result *result,
                      struct fh_err *err)
{
    add_notices(call, client, result);
    add_limited(call, result);
    add_waived(call, result);
    if (strcmp(call->form->name, "json") == 0) {
        return fh_answer_json(call, result, err);
    }
    if (strcmp(call->form->name, "csv") == 0) {
        return fh_answer_csv(call, result, err);
    }
    return fh_answer_columns(call, result, err);
}

int fh_api_run(struct fh_http_call *call,
               struct freehold_client *client,
               const char *sql,
               struct freehold_query_options *options,
               struct fh_err *err)
{
    struct fh_http_metrics *metrics = &call->state->metrics;
    struct freehold_result *result = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    enum fh_columns_format format;
    options->format = call->form->name; /* those of rows are the ones that policies know */
    atomic_fetch_add(&metrics->queries, 1);
    if (fh_columns_format_parse(&format, call->form->name)) {
        fh_columns_suit(format, options);
    }
    int code = fh_http_flow_waits(call->flow, client, err);
    if (code == FH_OK && freehold_query(&result, client, sql, options, &error) != FREEHOLD_OK) {
        code = fh_http_error(err, &error);
    }
    if (code == FH_OK) {
        code = put_answer(call, client, result, err);
    }
    struct fh_err ignored;
    int gone = fh_http_flow_waits(call->flow, NULL, &ignored);
    (void)gone;
    freehold_interrupt_forget(client); /* it came too late for this query */
    freehold_result_close(result);
    if (code != FH_OK) {
        atomic_fetch_add(&metrics->queries_failed, 1);
    }
    return code;
}

int fh_api_query(struct fh_http_call *call, struct fh_err *err)
{
    struct fh_api_query *query = fh_arena_alloc(call->arena, sizeof *query);
    struct freehold_client *client = NULL;
    int code = query == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a query")
                             : fh_api_query_read(query, call->body, call->arena, err);
    if (code == FH_OK) {
        code = fh_http_asker(call, &client, err);
    }
    if (code == FH_OK) {
        struct freehold_query_options options = {
            .size = sizeof options,
            .purpose = query->purpose,
            .rows_max = query->limit,
            .deadline_ms = (uint32_t)query->deadline_ms,
            .tree = query->tree,
            .stream = query->stream,
            .params = query->params,
            .param_count = query->param_count,
        };
        code = fh_api_run(call, client, query->sql, &options, err);
    }
    fh_http_asker_end(call, client);
    return code;
}

/* ---- a sample ---- */

static int sample_sql(struct fh_buf *sql,
                      const struct fh_http_call *call,
                      const struct freehold_description *description,
                      uint64_t rows,
                      struct fh_err *err)
{
    const struct fh_proof *proof = fh_description_proof(description);
    const struct fh_contract *contract = proof->model;
    char product[FH_PRODUCT_NAME_BYTES];
    const char *wanted = fh_http_argument(&call->target, "table");
    const struct fh_contract_table *table = wanted != NULL ? fh_contract_table(contract, wanted)
                                            : contract->tables.count > 0
                                                ? &contract->tables.items[0]
                                                : NULL;
    if (table == NULL || table->name == NULL) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "product.table.unknown",
                           "the contract of %s/%s has no table \"%.63s\"",
                           proof->domain_name,
                           proof->stated.product,
                           wanted == NULL ? "" : wanted);
    }
    fh_buf_add_cstr(sql, "SELECT * FROM ");
    fh_buf_add_quoted(sql, proof->domain_name, '"');
    fh_buf_add_cstr(sql, ".");
    fh_api_product_sql(product, call, proof->stated.product);
    fh_buf_add_quoted(sql, product, '"');
    if (contract->tables.count > 1) {
        fh_buf_add_cstr(sql, ".");
        fh_buf_add_quoted(sql, table->name, '"');
    }
    fh_buf_printf(sql, " LIMIT %" PRIu64, rows);
    return fh_buf_ok(sql) == FH_OK ? FH_OK : fh_err_set(err, FH_ENOMEM, "no memory for a query");
}

int fh_api_sample(struct fh_http_call *call, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_description *description = NULL;
    struct fh_buf sql FH_CLEANUP(fh_buf_fini);
    struct freehold_query_options options = {.size = sizeof options};
    uint64_t rows = 0;
    fh_buf_init(&sql, FH_SQL_BYTES_MAX);
    int code = fh_http_argument_number(
        &rows, &call->target, "limit", 1, SAMPLE_ROWS_MAX, SAMPLE_ROWS, err);
    if (code == FH_OK) {
        code = fh_http_asker(call, &client, err);
    }
    if (code == FH_OK) {
        code = fh_api_describe(call, client, &description, err);
    }
    if (code == FH_OK) {
        code = sample_sql(&sql, call, description, rows, err);
    }
    freehold_description_free(description);
    if (code == FH_OK) {
        options.purpose = fh_http_argument(&call->target, "purpose");
        code = fh_api_run(call, client, fh_buf_cstr(&sql), &options, err);
    }
    fh_http_asker_end(call, client);
    return code;
}

/* ---- receipts ---- */

int fh_api_receipt(struct fh_http_call *call, struct fh_err *err)
{
    const char *id = fh_http_part(call, "id");
    fh_http_header(call, "Content-Disposition", "attachment; filename=\"%.24s.receipt\"", id);
    return fh_http_receipts_get(call->state->receipts,
                                fh_identity_token_id(call->who),
                                id,
                                fh_clock_mono_ms(),
                                &call->out,
                                err);
}
