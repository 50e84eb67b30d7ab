/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer as one JSON object: columns, rows as lists, and behind them what is known at the end.
 *
 * Numbers that a double cannot hold exactly are strings (RFC 7493): integers beyond 2^53 and all
 * decimals.
 */
#include "proto/query/batch.h"
#include "tools/client/product_name.h"
#include "tools/door/base64.h"
#include "tools/door/http/api.h"
#include "tools/door/http/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t exact_max = (INT64_C(1) << 53) - 1;

static const char *const kinds[] = {
    [FREEHOLD_TYPE_OTHER] = "other",
    [FREEHOLD_TYPE_BOOL] = "bool",
    [FREEHOLD_TYPE_INT] = "int",
    [FREEHOLD_TYPE_UINT] = "uint",
    [FREEHOLD_TYPE_DOUBLE] = "double",
    [FREEHOLD_TYPE_DECIMAL] = "decimal",
    [FREEHOLD_TYPE_TEXT] = "text",
    [FREEHOLD_TYPE_BLOB] = "blob",
    [FREEHOLD_TYPE_DATE] = "date",
    [FREEHOLD_TYPE_TIME] = "time",
    [FREEHOLD_TYPE_TIMESTAMP] = "timestamp",
    [FREEHOLD_TYPE_JSON] = "json",
};

/* ---- cells ---- */

/* A double that is one; JSON has neither NaN nor infinities. */
static void put_double(struct fh_buf *out, double value, struct fh_bytes text)
{
    if (value - value == 0) {
        fh_buf_add_bytes(out, text);
    } else {
        fh_buf_add_cstr(out, value > 0 ? "\"Infinity\"" : value < 0 ? "\"-Infinity\"" : "\"NaN\"");
    }
}

/* Digits that are exact as a double; beyond 15 of them a comparison decides. */
static void put_whole(struct fh_buf *out, struct fh_bytes text)
{
    size_t digits = text.size - (text.size > 0 && text.data[0] == '-' ? 1 : 0);
    bool exact = digits <= 15;
    if (digits == 16) {
        char copy[20] = "";
        memcpy(copy, text.data, text.size);
        long long value = strtoll(copy, NULL, 10);
        exact = value <= exact_max && value >= -exact_max;
    }
    fh_buf_add_cstr(out, exact ? "" : "\"");
    fh_buf_add_bytes(out, text);
    fh_buf_add_cstr(out, exact ? "" : "\"");
}

static void put_cell(struct fh_rows *rows, size_t i)
{
    size_t size = 0;
    struct fh_buf *out = &rows->out;
    if (freehold_result_is_null(rows->result, i)) {
        fh_buf_add_cstr(out, "null");
        return;
    }
    const char *text = freehold_result_text(rows->result, i, &size);
    switch ((enum freehold_type)rows->columns[i].type) {
    case FREEHOLD_TYPE_BOOL:
        fh_buf_add(out, text, size);
        break;
    case FREEHOLD_TYPE_JSON: /* its owner may lie: what is none must not end the row */
        if (fh_json_valid(fh_bytes(text, size))) {
            fh_buf_add(out, text, size);
        } else {
            fh_json_string(fh_bytes(text, size), out);
        }
        break;
    case FREEHOLD_TYPE_INT:
    case FREEHOLD_TYPE_UINT:
        put_whole(out, fh_bytes(text, size));
        break;
    case FREEHOLD_TYPE_DOUBLE:
        put_double(out, freehold_result_double(rows->result, i), fh_bytes(text, size));
        break;
    case FREEHOLD_TYPE_BLOB:
        fh_buf_add_u8(out, '"');
        fh_base64_add(out, fh_bytes(text, size));
        fh_buf_add_u8(out, '"');
        break;
    case FREEHOLD_TYPE_OTHER:
    case FREEHOLD_TYPE_DECIMAL:
    case FREEHOLD_TYPE_TEXT:
    case FREEHOLD_TYPE_DATE:
    case FREEHOLD_TYPE_TIME:
    case FREEHOLD_TYPE_TIMESTAMP:
        fh_json_string(fh_bytes(text, size), out);
        break;
    }
}

static void put_row(struct fh_rows *rows)
{
    fh_buf_add_cstr(&rows->out, rows->count == 0 ? "[" : ",\n[");
    for (size_t i = 0; i < rows->column_count; i++) {
        if (i > 0) {
            fh_buf_add_u8(&rows->out, ',');
        }
        put_cell(rows, i);
    }
    fh_buf_add_u8(&rows->out, ']');
}

/* ---- around the rows ---- */

static void put_head(struct fh_rows *rows)
{
    struct fh_json json = {.out = &rows->out, .compact = true};
    fh_json_open(&json, '{');
    fh_json_key(&json, "columns");
    fh_json_open(&json, '[');
    for (size_t i = 0; i < rows->column_count; i++) {
        const struct freehold_column *column = &rows->columns[i];
        bool known = column->type >= 0 && (size_t)column->type < FH_COUNT(kinds);
        fh_json_open(&json, '{');
        fh_json_pair(&json, "name", column->name);
        fh_json_pair(&json, "type", column->type_name);
        fh_json_pair(&json, "kind", known ? kinds[column->type] : "other");
        fh_json_close(&json, '}');
    }
    fh_json_close(&json, ']');
    fh_buf_add_cstr(&rows->out, ",\"rows\":[");
}

static void put_notices(struct fh_json *json, const struct freehold_result *result)
{
    fh_json_key(json, "notices");
    fh_json_open(json, '[');
    for (size_t i = 0; i < freehold_result_notice_count(result); i++) {
        struct freehold_notice notice = {.size = sizeof notice};
        char name[FH_PRODUCT_NAME_BYTES];
        freehold_result_notice(result, i, &notice);
        fh_product_name_text(name, notice.domain_name, notice.product, notice.version);
        fh_json_open(json, '{');
        fh_json_pair(json, "product", name);
        fh_json_pair(json, "status", notice.status);
        fh_http_json_time(json, "sunset", notice.sunset_ms);
        fh_json_pair_or_null(json, "successor", notice.successor);
        fh_json_pair_or_null(json, "quality", notice.quality);
        fh_http_json_time(json, "measured", notice.measured_ms);
        fh_json_pair_or_null(json, "waiver", notice.waiver);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

/* "name, mail" as a list. */
static void put_masked(struct fh_json *json, char *names)
{
    char *rest = NULL;
    fh_json_key(json, "masked");
    fh_json_open(json, '[');
    for (char *name = strtok_r(names, ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest)) {
        fh_json_text(json, name + strspn(name, " "));
    }
    fh_json_close(json, ']');
}

static void put_limited(struct fh_json *json, const struct freehold_result *result)
{
    fh_json_key(json, "limited");
    fh_json_open(json, '[');
    for (size_t i = 0; i < freehold_result_limited_count(result); i++) {
        struct freehold_limited limited = {.size = sizeof limited};
        freehold_result_limited(result, i, &limited);
        fh_json_open(json, '{');
        fh_json_pair(json, "domain", limited.domain_name);
        fh_json_pair(json, "product", limited.product);
        fh_json_pair(json, "table", limited.table);
        fh_json_pair_bool(json, "filtered", limited.filtered);
        fh_json_pair_uint(json, "group_size", limited.group_size);
        put_masked(json, limited.masked);
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

static void put_waived(struct fh_json *json, const struct freehold_result *result)
{
    fh_json_key(json, "waived");
    fh_json_open(json, '[');
    for (size_t i = 0; i < freehold_result_waived_count(result); i++) {
        struct freehold_waived waived = {.size = sizeof waived};
        freehold_result_waived(result, i, &waived);
        fh_api_put_waived(json, &waived);
    }
    fh_json_close(json, ']');
}

static void put_end(struct fh_rows *rows)
{
    struct freehold_summary summary = {.size = sizeof summary};
    struct fh_json json = {.out = &rows->out, .compact = true, .depth = 1, .has_items = true};
    char href[96];
    freehold_result_summary(rows->result, &summary);
    snprintf(href, sizeof href, "/v1/receipts/%s", summary.receipt);
    fh_buf_add_cstr(&rows->out, "]");
    put_notices(&json, rows->result);
    put_limited(&json, rows->result);
    put_waived(&json, rows->result);
    fh_json_key(&json, "summary");
    fh_json_open(&json, '{');
    fh_json_pair_uint(&json, "rows", summary.rows);
    fh_json_pair_uint(&json, "bytes", summary.bytes);
    fh_json_pair(&json, "owner", summary.owner);
    fh_json_pair(&json, "node", summary.node);
    fh_json_pair_bool(&json, "relayed", summary.relayed);
    fh_json_pair_bool(&json, "joined", summary.joined);
    fh_json_close(&json, '}');
    fh_json_key(&json, "receipt");
    fh_json_open(&json, '{');
    fh_json_pair(&json, "id", summary.receipt);
    fh_json_pair(&json, "href", href);
    fh_json_pair_uint(&json, "receipts", summary.receipts);
    fh_json_close(&json, '}');
    fh_json_close(&json, '}');
    fh_buf_add_u8(&rows->out, '\n');
}

int fh_answer_json(struct fh_http_call *call, struct freehold_result *result, struct fh_err *err)
{
    static const struct fh_rows_form form = {.head = put_head, .row = put_row, .end = put_end};
    return fh_rows_answer(call, result, &form, err);
}
