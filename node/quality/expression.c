/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/expression.h"

#include "common/assert.h"
#include "common/limits.h"
#include "node/quality/classes.h"
#include "proto/contract/sql_type.h"
#include "proto/quality/pattern.h"

#include <inttypes.h>
#include <string.h>

enum { SQL_BYTES_MAX = FH_CONTRACT_BYTES_MAX * 4 };

/* ---- pieces ---- */

static void quote(struct fh_buf *out, const char *text, char mark)
{
    fh_buf_add_u8(out, (uint8_t)mark);
    for (; *text != '\0'; text++) {
        if (*text == mark) {
            fh_buf_add_u8(out, (uint8_t)mark);
        }
        fh_buf_add_u8(out, (uint8_t)*text);
    }
    fh_buf_add_u8(out, (uint8_t)mark);
}

void fh_expression_name(struct fh_buf *out, const char *name)
{
    quote(out, name, '"');
}

void fh_expression_text(struct fh_buf *out, const char *text)
{
    quote(out, text, '\'');
}

static bool is_logical(const struct fh_contract_column *column, const char *type)
{
    return column->logical_type != NULL && strcmp(column->logical_type, type) == 0;
}

static bool is_nested(const struct fh_contract_column *column)
{
    return is_logical(column, "array") || is_logical(column, "object") ||
           column->columns.count > 0 || column->items != NULL;
}

struct fh_type fh_expression_type(const struct fh_contract_column *column)
{
    char sql[FH_SQL_TYPE_BYTES];
    struct fh_type type;
    struct fh_err err;
    if (is_nested(column)) {
        return (struct fh_type){.code = FH_TYPE_JSON};
    }
    if (fh_contract_sql_type(column, sql, &err) != FH_OK) {
        return (struct fh_type){.code = FH_TYPE_VARCHAR};
    }
    if (fh_type_parse(&type, fh_bytes_cstr(sql), &err) != FH_OK) {
        return (struct fh_type){.code = FH_TYPE_HUGEINT}; /* UHUGEINT, which no batch carries */
    }
    return type;
}

bool fh_expression_is_probe(enum fh_promise_kind kind)
{
    switch ((unsigned)kind) {
    case FH_PROMISE_SOURCE:
    case FH_PROMISE_PRESENT:
    case FH_PROMISE_RELATIONSHIP:
    case FH_PROMISE_SQL:
    case FH_PROMISE_TEXT:
    case FH_PROMISE_CUSTOM:
    case FH_PROMISE_LIBRARY:
    case FH_PROMISE_FREQUENCY:
    case FH_PROMISE_AVAILABILITY:
    case FH_PROMISE_AVAILABLE_FROM:
    case FH_PROMISE_SUPPORTED_UNTIL:
    case FH_PROMISE_SLA_OTHER:
        return false;
    default:
        return true;
    }
}

void fh_expression_init(struct fh_expression *expression)
{
    *expression = (struct fh_expression){.column_count = 0};
    fh_buf_init(&expression->aggregate, SQL_BYTES_MAX);
    fh_buf_init(&expression->tail, SQL_BYTES_MAX);
}

void fh_expression_fini(struct fh_expression *expression)
{
    fh_buf_fini(&expression->aggregate);
    fh_buf_fini(&expression->tail);
}

/* ---- the value that a promise is about ---- */

struct subject {
    const struct fh_contract_column *column;
    struct fh_type type;
    struct fh_buf raw;    /* as it stands in the source */
    struct fh_buf value;  /* as promised, or NULL */
    struct fh_buf length; /* of text, in characters */
    struct fh_buf parent; /* JSON of the object around it; empty at the top and in arrays */
    struct fh_buf lists[FH_PROMISE_NESTING_MAX]; /* arrays around it, outermost first */
    uint32_t list_count;
};

static void subject_init(struct subject *subject, const struct fh_promise *promise)
{
    *subject = (struct subject){.column = promise->of, .type = fh_expression_type(promise->of)};
    fh_buf_init(&subject->raw, SQL_BYTES_MAX);
    fh_buf_init(&subject->value, SQL_BYTES_MAX);
    fh_buf_init(&subject->length, SQL_BYTES_MAX);
    fh_buf_init(&subject->parent, SQL_BYTES_MAX);
    for (size_t i = 0; i < FH_COUNT(subject->lists); i++) {
        fh_buf_init(&subject->lists[i], SQL_BYTES_MAX);
    }
}

static void subject_fini(struct subject *subject)
{
    fh_buf_fini(&subject->raw);
    fh_buf_fini(&subject->value);
    fh_buf_fini(&subject->length);
    fh_buf_fini(&subject->parent);
    for (size_t i = 0; i < FH_COUNT(subject->lists); i++) {
        fh_buf_fini(&subject->lists[i]);
    }
}

/* A JSON pointer of one name (RFC 6901). */
static void put_pointer(struct fh_buf *out, const char *name)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf pointer;
    fh_buf_init(&pointer, SQL_BYTES_MAX);
    fh_buf_add_u8(&pointer, '/');
    for (; *name != '\0'; name++) {
        if (*name == '~' || *name == '/') {
            fh_buf_add_cstr(&pointer, *name == '~' ? "~0" : "~1");
        } else {
            fh_buf_add_u8(&pointer, (uint8_t)*name);
        }
    }
    fh_expression_text(out, fh_buf_cstr(&pointer));
}

/* Moves `at`, the JSON of a column, to one inside it. */
static void step(struct subject *subject, struct fh_buf *at, const struct fh_contract_column *inner)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf next;
    fh_buf_init(&next, SQL_BYTES_MAX);
    fh_buf_reset(&subject->parent);
    if (inner->name == NULL) {
        struct fh_buf *list = &subject->lists[subject->list_count];
        fh_buf_printf(list, "json_extract(%s, '$[*]')", fh_buf_cstr(at));
        fh_buf_printf(&next, "x%u", subject->list_count);
        subject->list_count++;
    } else {
        fh_buf_add_bytes(&subject->parent, fh_buf_view(at));
        fh_buf_printf(&next, "json_extract(%s, ", fh_buf_cstr(at));
        put_pointer(&next, inner->name);
        fh_buf_add_u8(&next, ')');
    }
    fh_buf_reset(at);
    fh_buf_add_bytes(at, fh_buf_view(&next));
}

static void subject_find(struct subject *subject, const struct fh_promise *promise)
{
    if (promise->depth == 0) {
        fh_buf_printf(&subject->raw, "r%" PRIu32, promise->column);
        fh_buf_printf(&subject->value, "v%" PRIu32, promise->column);
        bool is_text = subject->type.code == FH_TYPE_VARCHAR;
        fh_buf_printf(
            &subject->length, is_text ? "l%" PRIu32 : "length(v%" PRIu32 ")", promise->column);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf at;
    char type[FH_TYPE_TEXT_BYTES];
    fh_buf_init(&at, SQL_BYTES_MAX);
    fh_buf_printf(&at, "v%" PRIu32, promise->column);
    for (uint32_t i = 0; i < promise->depth; i++) {
        step(subject, &at, promise->nested[i]);
    }
    fh_type_text(type, subject->type);
    /* JSON's null is NULL, a string loses its quotes. */
    fh_buf_printf(&subject->raw,
                  subject->type.code == FH_TYPE_JSON ? "nullif(CAST(%s AS VARCHAR), 'null')"
                                                     : "json_extract_string(%s, '$')",
                  fh_buf_cstr(&at));
    fh_buf_printf(&subject->value, "TRY_CAST(%s AS %s)", fh_buf_cstr(&subject->raw), type);
    fh_buf_printf(&subject->length, "length(%s)", fh_buf_cstr(&subject->value));
}

/* ---- conditions: true for a row that breaks the promise ---- */

static bool is_real(struct fh_type type)
{
    return type.code == FH_TYPE_FLOAT || type.code == FH_TYPE_DOUBLE;
}

static bool is_number(struct fh_type type)
{
    return type.code >= FH_TYPE_INT8 && type.code <= FH_TYPE_DECIMAL;
}

static void put_type(struct fh_buf *out, struct subject *subject)
{
    const char *raw = fh_buf_cstr(&subject->raw);
    const char *value = fh_buf_cstr(&subject->value);
    bool array = is_logical(subject->column, "array");
    if (array || is_logical(subject->column, "object")) {
        fh_buf_printf(out,
                      "%s IS NOT NULL AND (%s IS NULL OR json_type(%s) <> '%s')",
                      raw,
                      value,
                      value,
                      array ? "ARRAY" : "OBJECT");
    } else {
        fh_buf_printf(out, "%s IS NOT NULL AND %s IS NULL", raw, value);
    }
}

static void put_required(struct fh_buf *out, struct subject *subject)
{
    if (subject->parent.size > 0) {
        fh_buf_printf(out, "json_type(%s) = 'OBJECT' AND ", fh_buf_cstr(&subject->parent));
    }
    fh_buf_printf(out, "%s IS NULL", fh_buf_cstr(&subject->raw));
}

static int
put_pattern(struct fh_buf *out, struct subject *subject, const char *pattern, struct fh_err *err)
{
    const char *value = fh_buf_cstr(&subject->value);
    bool is_text = subject->type.code == FH_TYPE_VARCHAR;
    if (is_text && fh_classes_put(out, value, fh_buf_cstr(&subject->length), pattern)) {
        return FH_OK;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    fh_buf_init(&form, SQL_BYTES_MAX);
    int code = fh_pattern_re2(&form, pattern, err);
    fh_buf_printf(out, "NOT regexp_matches(CAST(%s AS VARCHAR), ", value);
    fh_expression_text(out, fh_buf_cstr(&form));
    fh_buf_add_u8(out, ')');
    return code;
}

static int put_date_format(struct fh_buf *out, struct subject *subject, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf shape;
    FH_CLEANUP(fh_buf_fini) struct fh_buf parse;
    const char *raw = fh_buf_cstr(&subject->raw);
    fh_buf_init(&shape, SQL_BYTES_MAX);
    fh_buf_init(&parse, SQL_BYTES_MAX);
    int code = fh_pattern_date(&shape, &parse, subject->column->options->format, err);
    /* A date that the source holds as a date has no text that could have a form. */
    fh_buf_printf(
        out, "typeof(%s) = 'VARCHAR' AND (NOT regexp_full_match(CAST(%s AS VARCHAR), ", raw, raw);
    fh_expression_text(out, fh_buf_cstr(&shape));
    fh_buf_add_u8(out, ')');
    if (parse.size > 0) {
        fh_buf_printf(out, " OR try_strptime(CAST(%s AS VARCHAR), ", raw);
        fh_expression_text(out, fh_buf_cstr(&parse));
        fh_buf_add_cstr(out, ") IS NULL");
    }
    fh_buf_add_u8(out, ')');
    return code;
}

static int put_format(struct fh_buf *out, struct subject *subject, struct fh_err *err)
{
    const char *format = subject->column->options->format;
    const char *shape = fh_pattern_format(format);
    if (is_logical(subject->column, "date") || is_logical(subject->column, "timestamp") ||
        is_logical(subject->column, "time")) {
        return put_date_format(out, subject, err);
    }
    if (is_logical(subject->column, "string") && shape != NULL) {
        fh_buf_printf(
            out, "NOT regexp_full_match(CAST(%s AS VARCHAR), ", fh_buf_cstr(&subject->raw));
        fh_expression_text(out, shape);
        fh_buf_add_u8(out, ')');
        return FH_OK;
    }
    if (strcmp(format, "u128") == 0) {
        fh_buf_printf(out,
                      "%s IS NOT NULL AND TRY_CAST(%s AS UHUGEINT) IS NULL",
                      fh_buf_cstr(&subject->raw),
                      fh_buf_cstr(&subject->raw));
        return FH_OK;
    }
    /* Formats of numbers are ranges, and the promised type has the range. */
    put_type(out, subject);
    if (strcmp(format, "f32") == 0) {
        fh_buf_printf(out,
                      " OR (isinf(%s) AND NOT isinf(TRY_CAST(%s AS DOUBLE)))",
                      fh_buf_cstr(&subject->value),
                      fh_buf_cstr(&subject->raw));
    }
    return FH_OK;
}

static void put_limit(struct fh_buf *out,
                      struct subject *subject,
                      const char *
                      operator,
                      const struct fh_doc_node * limit)
{
    char number[FH_DECIMAL_BYTES];
    char type[FH_TYPE_TEXT_BYTES];
    const char *value = fh_buf_cstr(&subject->value);
    if (is_real(subject->type)) {
        fh_buf_printf(out, "isnan(%s) OR ", value);
    }
    fh_buf_printf(out, "%s %s ", value, operator);
    if (is_number(subject->type) && fh_decimal_normalise(number, limit->text)) {
        fh_buf_add_cstr(out, number);
        return;
    }
    fh_type_text(type, subject->type);
    fh_buf_add_cstr(out, "CAST(");
    fh_expression_text(out, limit->text);
    fh_buf_printf(out, " AS %s)", type);
}

static void put_multiple(struct fh_buf *out, struct subject *subject)
{
    const char *of = subject->column->options->multiple_of;
    const char *value = fh_buf_cstr(&subject->value);
    if (is_real(subject->type)) {
        fh_buf_printf(out,
                      "NOT isfinite(%s) OR abs(%s / %s - round(%s / %s)) > 1e-9",
                      value,
                      value,
                      of,
                      value,
                      of);
    } else {
        fh_buf_printf(out, "%s %% %s <> 0", value, of);
    }
}

static void put_keys(struct fh_buf *out, struct subject *subject)
{
    const struct fh_contract_strings *keys = &subject->column->options->required;
    fh_buf_printf(out, "json_type(%s) = 'OBJECT' AND (", fh_buf_cstr(&subject->value));
    for (size_t i = 0; i < keys->count; i++) {
        fh_buf_printf(
            out, "%sNOT json_exists(%s, ", i == 0 ? "" : " OR ", fh_buf_cstr(&subject->value));
        put_pointer(out, keys->items[i]);
        fh_buf_add_u8(out, ')');
    }
    fh_buf_add_u8(out, ')');
}

/* "'a', 'b'" of a list of values without nulls; numbers bare when `bare`. */
static uint32_t put_values(struct fh_buf *out, const struct fh_doc_node *list, bool bare)
{
    uint32_t count = 0;
    for (const struct fh_doc_node *at = list->first; at != NULL; at = at->next) {
        char number[FH_DECIMAL_BYTES];
        if (fh_doc_type(at) == FH_DOC_TYPE_NULL) {
            continue;
        }
        fh_buf_add_cstr(out, count++ == 0 ? "" : ", ");
        if (bare && fh_decimal_normalise(number, at->text)) {
            fh_buf_add_cstr(out, number);
        } else {
            fh_expression_text(out, at->text);
        }
    }
    return count;
}

static bool all_numbers(const struct fh_doc_node *list)
{
    char number[FH_DECIMAL_BYTES];
    for (const struct fh_doc_node *at = list->first; at != NULL; at = at->next) {
        if (fh_doc_type(at) != FH_DOC_TYPE_NULL && !fh_decimal_normalise(number, at->text)) {
            return false;
        }
    }
    return true;
}

/* Not one of the values; numbers are compared as numbers. */
static void put_not_in(struct fh_buf *out, struct subject *subject, const struct fh_doc_node *list)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf values;
    fh_buf_init(&values, SQL_BYTES_MAX);
    bool bare = is_number(subject->type) && all_numbers(list);
    uint32_t count = put_values(&values, list, bare);
    const char *raw = fh_buf_cstr(&subject->raw);
    fh_buf_printf(out, "%s IS NOT NULL", raw);
    if (count > 0 && bare) {
        fh_buf_printf(out,
                      " AND coalesce(%s NOT IN (%s), true)",
                      fh_buf_cstr(&subject->value),
                      fh_buf_cstr(&values));
    } else if (count > 0) {
        fh_buf_printf(out, " AND CAST(%s AS VARCHAR) NOT IN (%s)", raw, fh_buf_cstr(&values));
    }
}

static int put_invalid(struct fh_buf *out,
                       struct subject *subject,
                       const struct fh_doc_node *arguments,
                       struct fh_err *err)
{
    const struct fh_doc_node *valid = fh_doc_get(arguments, "validValues");
    const struct fh_doc_node *pattern = fh_doc_get(arguments, "pattern");
    bool both = valid != NULL && valid->kind == FH_DOC_LIST;
    if (both) {
        fh_buf_add_u8(out, '(');
        put_not_in(out, subject, valid);
        fh_buf_add_u8(out, ')');
    }
    if (pattern == NULL || pattern->kind != FH_DOC_SCALAR) {
        return FH_OK;
    }
    fh_buf_add_cstr(out, both ? " OR (" : "(");
    int code = put_pattern(out, subject, pattern->text, err);
    fh_buf_add_u8(out, ')');
    return code;
}

static void put_missing(struct fh_buf *out,
                        struct subject *subject,
                        const struct fh_doc_node *arguments,
                        bool is_text)
{
    const struct fh_doc_node *list = fh_doc_get(arguments, "missingValues");
    const char *raw = fh_buf_cstr(&subject->raw);
    bool nulls = list == NULL || list->kind != FH_DOC_LIST;
    FH_CLEANUP(fh_buf_fini) struct fh_buf values;
    fh_buf_init(&values, SQL_BYTES_MAX);
    uint32_t count = 0;
    if (!nulls) {
        count = put_values(&values, list, false);
        for (const struct fh_doc_node *at = list->first; at != NULL; at = at->next) {
            nulls =
                nulls || fh_doc_type(at) == FH_DOC_TYPE_NULL || (is_text && at->text[0] == '\0');
        }
    }
    fh_buf_printf(out, nulls ? "%s IS NULL" : "false", raw);
    if (count > 0) {
        fh_buf_printf(out, " OR CAST(%s AS VARCHAR) IN (%s)", raw, fh_buf_cstr(&values));
    }
}

static int put_condition(struct fh_buf *out,
                         struct subject *subject,
                         const struct fh_promise *promise,
                         bool is_text,
                         struct fh_err *err)
{
    const struct fh_contract_options *options = subject->column->options;
    const char *value = fh_buf_cstr(&subject->value);
    switch ((unsigned)promise->kind) {
    case FH_PROMISE_TYPE:
        put_type(out, subject);
        break;
    case FH_PROMISE_REQUIRED:
    case FH_PROMISE_NULL_VALUES:
        put_required(out, subject);
        break;
    case FH_PROMISE_MIN_LENGTH:
        fh_buf_printf(
            out, "%s < %" PRId64, fh_buf_cstr(&subject->length), options->min_length.value);
        break;
    case FH_PROMISE_MAX_LENGTH:
        fh_buf_printf(
            out, "%s > %" PRId64, fh_buf_cstr(&subject->length), options->max_length.value);
        break;
    case FH_PROMISE_PATTERN:
        return put_pattern(out, subject, options->pattern, err);
    case FH_PROMISE_FORMAT:
        return put_format(out, subject, err);
    case FH_PROMISE_MINIMUM:
        put_limit(out, subject, "<", options->minimum);
        break;
    case FH_PROMISE_MAXIMUM:
        put_limit(out, subject, ">", options->maximum);
        break;
    case FH_PROMISE_EXCLUSIVE_MINIMUM:
        put_limit(out, subject, "<=", options->exclusive_minimum);
        break;
    case FH_PROMISE_EXCLUSIVE_MAXIMUM:
        put_limit(out, subject, ">=", options->exclusive_maximum);
        break;
    case FH_PROMISE_MULTIPLE_OF:
        put_multiple(out, subject);
        break;
    case FH_PROMISE_MIN_ITEMS:
        fh_buf_printf(out, "json_array_length(%s) < %" PRId64, value, options->min_items.value);
        break;
    case FH_PROMISE_MAX_ITEMS:
        fh_buf_printf(out, "json_array_length(%s) > %" PRId64, value, options->max_items.value);
        break;
    case FH_PROMISE_UNIQUE_ITEMS:
        fh_buf_printf(out,
                      "len(list_distinct(json_extract(%s, '$[*]'))) < json_array_length(%s)",
                      value,
                      value);
        break;
    case FH_PROMISE_MIN_PROPERTIES:
        fh_buf_printf(out, "len(json_keys(%s)) < %" PRId64, value, options->min_properties.value);
        break;
    case FH_PROMISE_MAX_PROPERTIES:
        fh_buf_printf(out, "len(json_keys(%s)) > %" PRId64, value, options->max_properties.value);
        break;
    case FH_PROMISE_KEYS:
        put_keys(out, subject);
        break;
    case FH_PROMISE_MISSING_VALUES:
        put_missing(out, subject, promise->quality->arguments, is_text);
        break;
    case FH_PROMISE_INVALID_VALUES:
        return put_invalid(out, subject, promise->quality->arguments, err);
    default:
        return fh_err_set(err, FH_EINVAL, "there is no way to check this");
    }
    return FH_OK;
}

/* ---- aggregates that are no conditions ---- */

/* Rows whose value came before. */
static void put_repeats(struct fh_expression *out, const char *value)
{
    fh_buf_printf(&out->aggregate, "count(%s) - count(DISTINCT %s)", value, value);
    fh_buf_printf(&out->tail,
                  "WHERE %s IS NOT NULL QUALIFY count(*) OVER (PARTITION BY %s) > 1",
                  value,
                  value);
}

static bool
in_key(const struct fh_promise *promise, const struct fh_contract_table *table, size_t column)
{
    if (promise->kind == FH_PROMISE_PRIMARY_KEY) {
        return table->columns.items[column].primary_key == FH_CONTRACT_TRUE;
    }
    const struct fh_doc_node *list = fh_doc_get(promise->quality->arguments, "properties");
    for (const struct fh_doc_node *at = list == NULL ? NULL : list->first; at != NULL;
         at = at->next) {
        if (strcmp(at->text, table->columns.items[column].name) == 0) {
            return true;
        }
    }
    return false;
}

/* A key of the table: the primary key, or the columns of a duplicateValues rule. */
static void put_key(struct fh_expression *out,
                    const struct fh_promise *promise,
                    const struct fh_contract_table *table)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf values;
    FH_CLEANUP(fh_buf_fini) struct fh_buf filter;
    fh_buf_init(&values, SQL_BYTES_MAX);
    fh_buf_init(&filter, SQL_BYTES_MAX);
    for (uint32_t i = 0; i < table->columns.count; i++) {
        if (in_key(promise, table, i)) {
            fh_buf_printf(&values, "%sv%u", out->column_count == 0 ? "" : ", ", i);
            fh_buf_printf(&filter, "%sv%u IS NOT NULL", out->column_count == 0 ? "" : " AND ", i);
            out->columns[out->column_count++] = i;
        }
    }
    const char *key = fh_buf_cstr(&values);
    if (promise->kind != FH_PROMISE_PRIMARY_KEY) {
        /* For a rule of the author NULL is a value like others. */
        fh_buf_printf(&out->aggregate, "count(*) - count(DISTINCT row(%s))", key);
        fh_buf_printf(&out->tail, "QUALIFY count(*) OVER (PARTITION BY %s) > 1", key);
    } else if (out->column_count == 1) {
        put_repeats(out, key);
    } else {
        /* A key with a part missing is reported as missing, not as repeated. */
        const char *whole = fh_buf_cstr(&filter);
        fh_buf_printf(&out->aggregate,
                      "count(*) FILTER (WHERE %s) - count(DISTINCT row(%s)) FILTER (WHERE %s)",
                      whole,
                      key,
                      whole);
        fh_buf_printf(
            &out->tail, "WHERE %s QUALIFY count(*) OVER (PARTITION BY %s) > 1", whole, key);
    }
}

static void put_time(struct fh_expression *out, struct subject *subject, bool newest)
{
    const char *value = fh_buf_cstr(&subject->value);
    fh_buf_printf(&out->aggregate,
                  "epoch_us(%s(TRY_CAST(%s AS TIMESTAMP)) FILTER (WHERE isfinite(TRY_CAST(%s AS "
                  "TIMESTAMP))))",
                  newest ? "max" : "min",
                  value,
                  value);
}

static int put_counted(struct fh_expression *out,
                       struct subject *subject,
                       const struct fh_promise *promise,
                       bool is_text,
                       struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf condition;
    fh_buf_init(&condition, SQL_BYTES_MAX);
    int code = put_condition(&condition, subject, promise, is_text, err);
    for (uint32_t i = subject->list_count; i > 0; i--) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf inner;
        fh_buf_init(&inner, SQL_BYTES_MAX);
        fh_buf_add_bytes(&inner, fh_buf_view(&condition));
        fh_buf_reset(&condition);
        fh_buf_printf(&condition,
                      "len(list_filter(%s, lambda x%u: %s)) > 0",
                      fh_buf_cstr(&subject->lists[i - 1]),
                      i - 1,
                      fh_buf_cstr(&inner));
    }
    /* What is there is counted faster than what is not. */
    bool plain = promise->depth == 0 && !is_nested(subject->column);
    if (plain && promise->kind == FH_PROMISE_TYPE) {
        fh_buf_printf(&out->aggregate,
                      "count(r%" PRIu32 ") - count(v%" PRIu32 ")",
                      promise->column,
                      promise->column);
    } else if (plain &&
               (promise->kind == FH_PROMISE_REQUIRED || promise->kind == FH_PROMISE_NULL_VALUES)) {
        fh_buf_printf(&out->aggregate, "count(*) - count(r%" PRIu32 ")", promise->column);
    } else {
        fh_buf_printf(&out->aggregate, "count_if(%s)", fh_buf_cstr(&condition));
    }
    fh_buf_printf(&out->tail, "WHERE %s", fh_buf_cstr(&condition));
    return code;
}

int fh_expression_write(struct fh_expression *out,
                        const struct fh_promise *promise,
                        const struct fh_contract_table *table,
                        bool is_text,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    struct subject subject;
    int code = FH_OK;
    FH_ASSERT(fh_expression_is_probe(promise->kind));
    out->columns = fh_arena_array(arena, table->columns.count + 1, sizeof *out->columns);
    if (out->columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a check");
    }
    if (promise->kind == FH_PROMISE_ROW_COUNT) {
        fh_buf_add_cstr(&out->aggregate, "count(*)");
        return FH_OK;
    }
    if (promise->of == NULL) {
        put_key(out, promise, table);
    } else {
        out->columns[out->column_count++] = promise->column;
        subject_init(&subject, promise);
        subject_find(&subject, promise);
        switch ((unsigned)promise->kind) {
        case FH_PROMISE_UNIQUE:
        case FH_PROMISE_DUPLICATE_VALUES:
            put_repeats(out, fh_buf_cstr(&subject.value));
            break;
        case FH_PROMISE_FRESHNESS:
        case FH_PROMISE_RETENTION:
            put_time(out, &subject, promise->kind == FH_PROMISE_FRESHNESS);
            break;
        default:
            code = put_counted(out, &subject, promise, is_text, err);
            break;
        }
        subject_fini(&subject);
    }
    int written = fh_buf_ok(&out->aggregate);
    if (code == FH_OK && (written != FH_OK || fh_buf_ok(&out->tail) != FH_OK)) {
        code = fh_err_set(err, FH_EINVAL, "the promise is too long to check");
    }
    return code;
}
