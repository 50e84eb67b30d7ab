/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows as JSON objects: what they hold as the source or a query gives it. A column that is not
 * required may be null or absent. Dates and times are strings; their bounds, and formats that are
 * none of JSON Schema, stand in the description, as the language has no keyword for them.
 */
#include "tools/contract/export.h"
#include "tools/contract/json_write.h"
#include "tools/contract/words.h"

#include "common/compiler.h"
#include "common/limits.h"

#include <stdio.h>
#include <string.h>

static bool is_type(const struct fh_contract_column *column, const char *type)
{
    return column->logical_type != NULL && strcmp(column->logical_type, type) == 0;
}

static bool must_be_there(const struct fh_contract_column *column)
{
    return column->required == FH_CONTRACT_TRUE || column->primary_key == FH_CONTRACT_TRUE;
}

static void add_integer(struct fh_json *json, const char *key, const struct fh_contract_int *value)
{
    char text[24];
    if (value->is_set) {
        snprintf(text, sizeof text, "%lld", (long long)value->value);
        fh_json_key(json, key);
        fh_json_literal(json, text);
    }
}

/* --- types --- */

static const struct {
    const char *logical;
    const char *json;
} types[] = {
    {"string", "string"},
    {"date", "string"},
    {"time", "string"},
    {"timestamp", "string"},
    {"integer", "integer"},
    {"number", "number"},
    {"boolean", "boolean"},
    {"object", "object"},
    {"map", "object"},
    {"array", "array"},
};

static void add_type(struct fh_json *json, const struct fh_contract_column *column, bool nullable)
{
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        if (!is_type(column, types[i].logical)) {
            continue;
        }
        fh_json_key(json, "type");
        if (nullable) {
            fh_json_open(json, '[');
        }
        fh_json_text(json, types[i].json);
        if (nullable) {
            fh_json_text(json, "null");
            fh_json_close(json, ']');
        }
    }
}

/* ISO 8601, as JSON has no times: what a query answers and what RFC 3339 writes. */
#define DATE "[0-9]{4}-[0-9]{2}-[0-9]{2}"
#define TIME "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
#define ZONE "([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"

static void add_string_form(struct fh_json *json, const struct fh_contract_column *column)
{
    static const char *const formats[] = {"email", "uuid", "uri", "hostname", "ipv4", "ipv6"};
    const struct fh_contract_options *options = column->options;
    const char *format = options == NULL ? NULL : options->format;
    if (is_type(column, "string")) {
        for (size_t i = 0; format != NULL && i < FH_COUNT(formats); i++) {
            if (strcmp(formats[i], format) == 0) {
                fh_json_pair(json, "format", format);
            }
        }
        if (options != NULL) {
            add_integer(json, "minLength", &options->min_length);
            add_integer(json, "maxLength", &options->max_length);
            fh_json_pair(json, "pattern", options->pattern);
        }
    } else if (format == NULL && is_type(column, "date")) {
        fh_json_pair(json, "pattern", "^" DATE "$");
    } else if (format == NULL && is_type(column, "time")) {
        fh_json_pair(json, "pattern", "^" TIME ZONE "$");
    } else if (format == NULL && is_type(column, "timestamp")) {
        fh_json_pair(json, "pattern", "^" DATE "[Tt ]" TIME ZONE "$");
    }
}

/* --- bounds --- */

static void add_bound(struct fh_json *json,
                      const char *key,
                      const char *exclusive_key,
                      bool exclusive,
                      const struct fh_doc_node *value)
{
    if (value != NULL && fh_doc_type(value) == FH_DOC_TYPE_NUMBER) {
        fh_json_key(json, exclusive ? exclusive_key : key);
        fh_json_value(json, value);
    }
}

static bool is_flag(const struct fh_doc_node *node)
{
    bool flag = false;
    return node != NULL && fh_doc_bool(node, &flag) && flag;
}

static void add_bounds(struct fh_json *json, const struct fh_contract_options *options)
{
    bool low = is_flag(options->exclusive_minimum);
    bool high = is_flag(options->exclusive_maximum);
    add_bound(json, "minimum", "exclusiveMinimum", low, options->minimum);
    add_bound(json, "minimum", "exclusiveMinimum", true, options->exclusive_minimum);
    add_bound(json, "maximum", "exclusiveMaximum", high, options->maximum);
    add_bound(json, "maximum", "exclusiveMaximum", true, options->exclusive_maximum);
    if (options->multiple_of != NULL) {
        fh_json_key(json, "multipleOf");
        fh_json_literal(json, options->multiple_of);
    }
    add_integer(json, "minItems", &options->min_items);
    add_integer(json, "maxItems", &options->max_items);
    add_integer(json, "minProperties", &options->min_properties);
    add_integer(json, "maxProperties", &options->max_properties);
    if (options->unique_items == FH_CONTRACT_TRUE) {
        fh_json_key(json, "uniqueItems");
        fh_json_literal(json, "true");
    }
}

static void add_enum(struct fh_json *json, const struct fh_contract_column *column, bool nullable)
{
    if (column->enum_values.count == 0) {
        return;
    }
    bool has_null = false;
    fh_json_key(json, "enum");
    fh_json_open(json, '[');
    for (size_t i = 0; i < column->enum_values.count; i++) {
        const struct fh_doc_node *value = column->enum_values.items[i].value;
        has_null = has_null || fh_doc_type(value) == FH_DOC_TYPE_NULL;
        fh_json_value(json, value);
    }
    if (nullable && !has_null) {
        fh_json_literal(json, "null");
    }
    fh_json_close(json, ']');
}

/* --- columns --- */

static void add_columns(struct fh_json *json,
                        const struct fh_contract_column *columns,
                        size_t count,
                        const struct fh_contract_strings *also_required);

/* The description, and what no keyword says. */
static void add_description(struct fh_json *json, const struct fh_contract_column *column)
{
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&words, FH_CONTRACT_BYTES_MAX);
    if (column->description != NULL) {
        fh_buf_add_cstr(&words, column->description);
    }
    bool is_time =
        is_type(column, "date") || is_type(column, "time") || is_type(column, "timestamp");
    if (is_time && column->options != NULL) {
        fh_buf_add_cstr(&words, words.size > 0 ? " (" : "(");
        fh_words_type(&words, column);
        fh_buf_add_cstr(&words, ")");
    }
    fh_json_pair(json, "title", column->business_name);
    if (words.size > 0) {
        fh_json_pair(json, "description", fh_buf_cstr(&words));
    }
    if (column->examples != NULL && column->examples->count > 0) {
        fh_json_key(json, "examples");
        fh_json_value(json, column->examples);
    }
}

static void add_column(struct fh_json *json, const struct fh_contract_column *column)
{
    bool nullable = !must_be_there(column);
    fh_json_open(json, '{');
    add_description(json, column);
    add_type(json, column, nullable);
    add_string_form(json, column);
    if (column->options != NULL) {
        add_bounds(json, column->options);
    }
    add_enum(json, column, nullable);
    if (column->columns.count > 0) {
        add_columns(json,
                    column->columns.items,
                    column->columns.count,
                    column->options == NULL ? NULL : &column->options->required);
    }
    if (column->items != NULL) {
        fh_json_key(json, "items");
        add_column(json, column->items);
    }
    if (column->map != NULL && column->map->key != NULL && column->map->value != NULL) {
        if (is_type(column->map->key,
                    "string")) { /* keys of JSON are strings, whatever they mean */
            struct fh_contract_column key = *column->map->key;
            key.required = FH_CONTRACT_TRUE;
            fh_json_key(json, "propertyNames");
            add_column(json, &key);
        }
        fh_json_key(json, "additionalProperties");
        add_column(json, column->map->value);
    }
    fh_json_close(json, '}');
}

static void add_columns(struct fh_json *json,
                        const struct fh_contract_column *columns,
                        size_t count,
                        const struct fh_contract_strings *also_required)
{
    fh_json_key(json, "properties");
    fh_json_open(json, '{');
    for (size_t i = 0; i < count; i++) {
        if (columns[i].name != NULL && !fh_export_is_computed(&columns[i])) {
            fh_json_key(json, columns[i].name);
            add_column(json, &columns[i]);
        }
    }
    fh_json_close(json, '}');
    fh_json_key(json, "required");
    fh_json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        bool is_needed = must_be_there(&columns[i]);
        for (size_t k = 0; also_required != NULL && k < also_required->count; k++) {
            is_needed = is_needed || (columns[i].name != NULL &&
                                      strcmp(columns[i].name, also_required->items[k]) == 0);
        }
        if (is_needed && columns[i].name != NULL && !fh_export_is_computed(&columns[i])) {
            fh_json_text(json, columns[i].name);
        }
    }
    fh_json_close(json, ']');
}

/* --- tables --- */

static void add_table(struct fh_json *json, const struct fh_contract_table *table)
{
    fh_json_pair(json, "title", table->business_name != NULL ? table->business_name : table->name);
    fh_json_pair(json, "description", table->description);
    fh_json_pair(json, "type", "object");
    add_columns(json, table->columns.items, table->columns.count, NULL);
}

int fh_export_jsonschema(struct fh_buf *out,
                         const struct fh_contract *contract,
                         const struct fh_export_options *options,
                         struct fh_err *err)
{
    if (contract->tables.count == 0) {
        return fh_err_rule(
            err, FH_ECHECK, "export.tables", "the contract has no table under schema");
    }
    struct fh_json json = {.out = out};
    const struct fh_contract_table *only =
        options->table != NULL        ? fh_contract_table(contract, options->table)
        : contract->tables.count == 1 ? &contract->tables.items[0]
                                      : NULL;
    fh_json_open(&json, '{');
    fh_json_pair(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    if (only != NULL) {
        add_table(&json, only);
    } else {
        fh_json_pair(&json, "title", contract->name);
        fh_json_key(&json, "anyOf");
        fh_json_open(&json, '[');
        for (size_t i = 0; i < contract->tables.count; i++) {
            char reference[40]; /* by position: a name would have to be escaped twice */
            snprintf(reference, sizeof reference, "#/$defs/table%zu", i + 1);
            fh_json_open(&json, '{');
            fh_json_pair(&json, "$ref", reference);
            fh_json_close(&json, '}');
        }
        fh_json_close(&json, ']');
        fh_json_key(&json, "$defs");
        fh_json_open(&json, '{');
        for (size_t i = 0; i < contract->tables.count; i++) {
            char name[32];
            snprintf(name, sizeof name, "table%zu", i + 1);
            fh_json_key(&json, name);
            fh_json_open(&json, '{');
            add_table(&json, &contract->tables.items[i]);
            fh_json_close(&json, '}');
        }
        fh_json_close(&json, '}');
    }
    fh_json_close(&json, '}');
    fh_buf_add_u8(out, '\n');
    return FH_OK;
}
