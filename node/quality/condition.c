/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/condition.h"

#include "node/quality/classes.h"
#include "proto/quality/pattern.h"

#include <inttypes.h>
#include <string.h>

enum { LIST_MAX = 32 }; /* values that are compared one by one */

static bool is_real(struct fh_type type)
{
    return type.code == FH_TYPE_FLOAT || type.code == FH_TYPE_DOUBLE;
}

static bool is_number(struct fh_type type)
{
    return type.code >= FH_TYPE_INT8 && type.code <= FH_TYPE_DECIMAL;
}

static void put_type(struct fh_buf *out, struct fh_subject *subject)
{
    const char *raw = fh_buf_cstr(&subject->raw);
    const char *value = fh_buf_cstr(&subject->value);
    bool array = fh_subject_is_logical(subject->column, "array");
    if (array || fh_subject_is_nested(subject->column)) {
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

static void put_required(struct fh_buf *out, struct fh_subject *subject)
{
    if (subject->parent.size > 0) {
        fh_buf_printf(out, "json_type(%s) = 'OBJECT' AND ", fh_buf_cstr(&subject->parent));
    }
    fh_buf_printf(out, "%s IS NULL", fh_buf_cstr(&subject->raw));
}

static int
put_pattern(struct fh_buf *out, struct fh_subject *subject, const char *pattern, struct fh_err *err)
{
    const char *value = fh_buf_cstr(&subject->value);
    bool is_text = subject->type.code == FH_TYPE_VARCHAR;
    if (is_text && fh_classes_put(out, value, fh_buf_cstr(&subject->length), pattern)) {
        return FH_OK;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    fh_buf_init(&form, FH_SUBJECT_SQL_BYTES_MAX);
    FH_CLEANUP(fh_buf_fini) struct fh_buf around;
    fh_buf_init(&around, FH_SUBJECT_SQL_BYTES_MAX);
    int code = fh_pattern_re2(&form, pattern, err);
    /* DuckDB looks for a full match once for each entry of a column's dictionary, but searches in
     * every row. The first look is at the pattern alone, which the brackets around it could mend;
     * it is computed once. */
    fh_buf_add_cstr(out, "(regexp_matches('', ");
    fh_subject_put_text(out, fh_buf_cstr(&form));
    fh_buf_printf(out, ") IS NULL OR NOT regexp_full_match(CAST(%s AS VARCHAR), ", value);
    fh_buf_printf(&around, "(?s:.*)(?:%s)(?s:.*)", fh_buf_cstr(&form));
    fh_subject_put_text(out, fh_buf_cstr(&around));
    fh_buf_add_cstr(out, "))");
    return code;
}

static int put_date_format(struct fh_buf *out, struct fh_subject *subject, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf shape;
    FH_CLEANUP(fh_buf_fini) struct fh_buf parse;
    const char *raw = fh_buf_cstr(&subject->raw);
    fh_buf_init(&shape, FH_SUBJECT_SQL_BYTES_MAX);
    fh_buf_init(&parse, FH_SUBJECT_SQL_BYTES_MAX);
    int code = fh_pattern_date(&shape, &parse, subject->column->options->format, err);
    /* A date that the source holds as a date has no text that could have a form. */
    fh_buf_printf(
        out, "typeof(%s) = 'VARCHAR' AND (NOT regexp_full_match(CAST(%s AS VARCHAR), ", raw, raw);
    fh_subject_put_text(out, fh_buf_cstr(&shape));
    fh_buf_add_u8(out, ')');
    if (parse.size > 0) {
        fh_buf_printf(out, " OR try_strptime(CAST(%s AS VARCHAR), ", raw);
        fh_subject_put_text(out, fh_buf_cstr(&parse));
        fh_buf_add_cstr(out, ") IS NULL");
    }
    fh_buf_add_u8(out, ')');
    return code;
}

static int put_format(struct fh_buf *out, struct fh_subject *subject, struct fh_err *err)
{
    const char *format = subject->column->options->format;
    const char *shape = fh_pattern_format(format);
    if (fh_subject_is_logical(subject->column, "date") ||
        fh_subject_is_logical(subject->column, "timestamp") ||
        fh_subject_is_logical(subject->column, "time")) {
        return put_date_format(out, subject, err);
    }
    if (fh_subject_is_logical(subject->column, "string") && shape != NULL) {
        fh_buf_printf(
            out, "NOT regexp_full_match(CAST(%s AS VARCHAR), ", fh_buf_cstr(&subject->raw));
        fh_subject_put_text(out, shape);
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
                      struct fh_subject *subject,
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
    fh_subject_put_text(out, limit->text);
    fh_buf_printf(out, " AS %s)", type);
}

static void put_multiple(struct fh_buf *out, struct fh_subject *subject)
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

static void put_keys(struct fh_buf *out, struct fh_subject *subject)
{
    const struct fh_contract_strings *keys = &subject->column->options->required;
    fh_buf_printf(out, "json_type(%s) = 'OBJECT' AND (", fh_buf_cstr(&subject->value));
    for (size_t i = 0; i < keys->count; i++) {
        fh_buf_printf(
            out, "%sNOT json_exists(%s, ", i == 0 ? "" : " OR ", fh_buf_cstr(&subject->value));
        fh_subject_put_pointer(out, keys->items[i]);
        fh_buf_add_u8(out, ')');
    }
    fh_buf_add_u8(out, ')');
}

/* The values that a promise names: a list of the document, or the enum of a column. */
struct values {
    const struct fh_doc_node *list;
    const struct fh_contract_column *column;
    size_t count; /* of those that next_value gave */
};

static const struct fh_doc_node *next_value(struct values *values, const struct fh_doc_node *before)
{
    size_t at = values->count++;
    if (values->column == NULL) {
        return before == NULL ? values->list->first : before->next;
    }
    return at < values->column->enum_values.count ? values->column->enum_values.items[at].value
                                                  : NULL;
}

/* "'a', 'b'" of the values without nulls; numbers bare when `bare`. */
static uint32_t put_values(struct fh_buf *out, struct values values, bool bare)
{
    uint32_t count = 0;
    for (const struct fh_doc_node *at = NULL; (at = next_value(&values, at)) != NULL;) {
        char number[FH_DECIMAL_BYTES];
        if (fh_doc_type(at) == FH_DOC_TYPE_NULL) {
            continue;
        }
        fh_buf_add_cstr(out, count++ == 0 ? "" : ", ");
        if (bare && fh_decimal_normalise(number, at->text)) {
            fh_buf_add_cstr(out, number);
        } else {
            fh_subject_put_text(out, at->text);
        }
    }
    return count;
}

static bool all_numbers(struct values values)
{
    char number[FH_DECIMAL_BYTES];
    for (const struct fh_doc_node *at = NULL; (at = next_value(&values, at)) != NULL;) {
        if (fh_doc_type(at) != FH_DOC_TYPE_NULL && !fh_decimal_normalise(number, at->text)) {
            return false;
        }
    }
    return true;
}

/* Not one of the values; numbers are compared as numbers. */
static void put_not_in(struct fh_buf *out, struct fh_subject *subject, struct values named)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf values;
    fh_buf_init(&values, FH_SUBJECT_SQL_BYTES_MAX);
    bool bare = is_number(subject->type) && all_numbers(named);
    uint32_t count = put_values(&values, named, bare);
    const char *raw = fh_buf_cstr(&subject->raw);
    fh_buf_printf(out, "%s IS NOT NULL", raw);
    if (count > 0 && bare) {
        fh_buf_printf(out,
                      " AND coalesce(%s NOT IN (%s), true)",
                      fh_buf_cstr(&subject->value),
                      fh_buf_cstr(&values));
    } else if (count > 0) {
        /* A list is looked through once for each entry of a column's dictionary; IN makes a table
         * of a long one, which is worth it. */
        const char *list = fh_buf_cstr(&values);
        if (count <= LIST_MAX) {
            fh_buf_printf(out, " AND NOT contains([%s], CAST(%s AS VARCHAR))", list, raw);
        } else {
            fh_buf_printf(out, " AND CAST(%s AS VARCHAR) NOT IN (%s)", raw, list);
        }
    }
}

static int put_invalid(struct fh_buf *out,
                       struct fh_subject *subject,
                       const struct fh_doc_node *arguments,
                       struct fh_err *err)
{
    const struct fh_doc_node *valid = fh_doc_get(arguments, "validValues");
    const struct fh_doc_node *pattern = fh_doc_get(arguments, "pattern");
    bool both = valid != NULL && valid->kind == FH_DOC_LIST;
    if (both) {
        fh_buf_add_u8(out, '(');
        put_not_in(out, subject, (struct values){.list = valid});
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
                        struct fh_subject *subject,
                        const struct fh_doc_node *arguments,
                        bool is_text)
{
    const struct fh_doc_node *list = fh_doc_get(arguments, "missingValues");
    const char *raw = fh_buf_cstr(&subject->raw);
    bool nulls = list == NULL || list->kind != FH_DOC_LIST;
    FH_CLEANUP(fh_buf_fini) struct fh_buf values;
    fh_buf_init(&values, FH_SUBJECT_SQL_BYTES_MAX);
    uint32_t count = 0;
    if (!nulls) {
        count = put_values(&values, (struct values){.list = list}, false);
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

int fh_condition_put(struct fh_buf *out,
                     struct fh_subject *subject,
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
    case FH_PROMISE_ENUM:
        put_not_in(out, subject, (struct values){.column = subject->column});
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
