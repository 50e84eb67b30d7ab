/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/json_write.h"

#include "common/assert.h"
#include "proto/query/batch.h"

#include <inttypes.h>
#include <stdio.h>

static void start_line(struct fh_json *json)
{
    if (json->compact) {
        return;
    }
    fh_buf_add_u8(json->out, '\n');
    for (unsigned i = 0; i < json->depth; i++) {
        fh_buf_add_cstr(json->out, "  ");
    }
}

/* What stands before a key, or before a value that has none. */
static void start_item(struct fh_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth > 0) {
        fh_buf_add_cstr(json->out, json->has_items ? "," : "");
        start_line(json);
    }
    json->has_items = true;
}

void fh_json_open(struct fh_json *json, char bracket)
{
    start_item(json);
    fh_buf_add_u8(json->out, (uint8_t)bracket);
    json->depth++;
    json->has_items = false;
}

void fh_json_close(struct fh_json *json, char bracket)
{
    FH_ASSERT(json->depth > 0);
    json->depth--;
    if (json->has_items) {
        start_line(json);
    }
    fh_buf_add_u8(json->out, (uint8_t)bracket);
    json->has_items = true;
}

void fh_json_key(struct fh_json *json, const char *key)
{
    start_item(json);
    fh_json_string(fh_bytes_cstr(key), json->out);
    fh_buf_add_cstr(json->out, json->compact ? ":" : ": ");
    json->after_key = true;
}

void fh_json_text(struct fh_json *json, const char *text)
{
    start_item(json);
    fh_json_string(fh_bytes_cstr(text), json->out);
}

void fh_json_literal(struct fh_json *json, const char *text)
{
    start_item(json);
    fh_buf_add_cstr(json->out, text);
}

void fh_json_value(struct fh_json *json, const struct fh_doc_node *value)
{
    bool flag = false;
    char normal[FH_DECIMAL_BYTES];
    enum fh_doc_type type = fh_doc_type(value);
    if (type == FH_DOC_TYPE_LIST || type == FH_DOC_TYPE_MAP) {
        fh_json_open(json, type == FH_DOC_TYPE_LIST ? '[' : '{');
        for (const struct fh_doc_node *child = value->first; child != NULL; child = child->next) {
            if (child->key != NULL) {
                fh_json_key(json, child->key);
            }
            fh_json_value(json, child);
        }
        fh_json_close(json, type == FH_DOC_TYPE_LIST ? ']' : '}');
    } else if (type == FH_DOC_TYPE_NULL) {
        fh_json_literal(json, "null");
    } else if (type == FH_DOC_TYPE_BOOL) {
        fh_json_literal(json, fh_doc_bool(value, &flag) && flag ? "true" : "false");
    } else if (type == FH_DOC_TYPE_NUMBER && fh_decimal_normalise(normal, value->text)) {
        fh_json_literal(json, normal);
    } else {
        fh_json_text(json, value->text);
    }
}

void fh_json_pair_or_null(struct fh_json *json, const char *key, const char *text)
{
    fh_json_key(json, key);
    if (text == NULL || text[0] == '\0') {
        fh_json_literal(json, "null");
    } else {
        fh_json_text(json, text);
    }
}

void fh_json_pair_uint(struct fh_json *json, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    fh_json_key(json, key);
    fh_json_literal(json, text);
}

void fh_json_pair_bool(struct fh_json *json, const char *key, bool value)
{
    fh_json_key(json, key);
    fh_json_literal(json, value ? "true" : "false");
}

void fh_json_pair(struct fh_json *json, const char *key, const char *text)
{
    if (text != NULL) {
        fh_json_key(json, key);
        fh_json_text(json, text);
    }
}
