/* SPDX-License-Identifier: Apache-2.0 */
/* What `schema` promises: tables, columns, their options and relationships. */
#include "common/limits.h"
#include "proto/quality/pattern.h"
#include "proto/quality/promise_build.h"

#include <inttypes.h>
#include <string.h>

/* ---- options ---- */

static bool is_logical(const struct fh_contract_column *column, const char *type)
{
    return column->logical_type != NULL && strcmp(column->logical_type, type) == 0;
}

static bool is_time(const struct fh_contract_column *column)
{
    return is_logical(column, "date") || is_logical(column, "timestamp") ||
           is_logical(column, "time");
}

static void add_number(struct fh_promise_build *build,
                       const struct fh_promise_place *place,
                       enum fh_promise_kind kind,
                       const char *sign,
                       const struct fh_contract_int *value)
{
    if (!value->is_set) {
        return;
    }
    struct fh_promise *promise = fh_promise_add(build, kind, place, fh_promise_rule_text(kind));
    if (promise != NULL) {
        promise->promised = fh_promise_text(build, "%s %" PRId64, sign, value->value);
    }
}

static void add_limit(struct fh_promise_build *build,
                      const struct fh_promise_place *place,
                      enum fh_promise_kind kind,
                      const char *sign,
                      const struct fh_doc_node *value)
{
    if (value == NULL) {
        return;
    }
    struct fh_promise *promise = fh_promise_add(build, kind, place, fh_promise_rule_text(kind));
    if (promise != NULL) {
        promise->promised = fh_promise_text(build, "%s %.64s", sign, value->text);
    }
}

static void add_pattern(struct fh_promise_build *build,
                        const struct fh_promise_place *place,
                        const char *pattern)
{
    struct fh_promise *promise = fh_promise_add(build, FH_PROMISE_PATTERN, place, "pattern");
    FH_CLEANUP(fh_buf_fini) struct fh_buf form;
    struct fh_err err;
    fh_buf_init(&form, FH_CONTRACT_BYTES_MAX);
    if (promise == NULL) {
        return;
    }
    promise->promised = fh_promise_text(build, "matches %.200s", pattern);
    if (fh_pattern_re2(&form, pattern, &err) != FH_OK && promise->not_run == NULL) {
        promise->not_run = fh_promise_text(build, "%s", err.text);
    }
}

static const char *unchecked_format(struct fh_promise_build *build,
                                    const struct fh_contract_column *column,
                                    const char *format)
{
    if (strcmp(format, "password") == 0) {
        return "a password is a hint for programs that show it; values have no form";
    }
    if (strcmp(format, "binary") == 0) {
        return "any bytes are binary; there is nothing that could break it";
    }
    if (is_logical(column, "string") && fh_pattern_format(format) == NULL) {
        return fh_promise_text(build, "the format \"%.40s\" is not known", format);
    }
    if (is_time(column)) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf shape;
        FH_CLEANUP(fh_buf_fini) struct fh_buf parse;
        struct fh_err err;
        fh_buf_init(&shape, FH_CONTRACT_BYTES_MAX);
        fh_buf_init(&parse, FH_CONTRACT_BYTES_MAX);
        if (fh_pattern_date(&shape, &parse, format, &err) != FH_OK) {
            return fh_promise_text(build, "%s", err.text);
        }
    }
    return NULL;
}

static void
add_format(struct fh_promise_build *build, const struct fh_promise_place *place, const char *format)
{
    struct fh_promise *promise = fh_promise_add(build, FH_PROMISE_FORMAT, place, "format");
    if (promise == NULL) {
        return;
    }
    promise->promised = fh_promise_text(build, "%.64s", format);
    if (promise->not_run == NULL) {
        promise->not_run = unchecked_format(build, place->of, format);
    }
}

static void add_keys(struct fh_promise_build *build,
                     const struct fh_promise_place *place,
                     const struct fh_contract_strings *keys)
{
    struct fh_promise *promise =
        fh_promise_add(build, FH_PROMISE_KEYS, place, fh_promise_rule_text(FH_PROMISE_KEYS));
    if (promise != NULL) {
        promise->promised = fh_promise_text(build, "has its %zu required keys", keys->count);
    }
}

static void add_options(struct fh_promise_build *build,
                        const struct fh_promise_place *place,
                        const struct fh_contract_options *options)
{
    add_number(build, place, FH_PROMISE_MIN_LENGTH, ">=", &options->min_length);
    add_number(build, place, FH_PROMISE_MAX_LENGTH, "<=", &options->max_length);
    if (options->pattern != NULL) {
        add_pattern(build, place, options->pattern);
    }
    if (options->format != NULL) {
        add_format(build, place, options->format);
    }
    add_limit(build, place, FH_PROMISE_MINIMUM, ">=", options->minimum);
    add_limit(build, place, FH_PROMISE_MAXIMUM, "<=", options->maximum);
    add_limit(build, place, FH_PROMISE_EXCLUSIVE_MINIMUM, ">", options->exclusive_minimum);
    add_limit(build, place, FH_PROMISE_EXCLUSIVE_MAXIMUM, "<", options->exclusive_maximum);
    if (options->multiple_of != NULL) {
        struct fh_promise *promise =
            fh_promise_add(build, FH_PROMISE_MULTIPLE_OF, place, "multipleOf");
        if (promise != NULL) {
            promise->promised = fh_promise_text(build, "multiple of %s", options->multiple_of);
        }
    }
    add_number(build, place, FH_PROMISE_MIN_ITEMS, ">=", &options->min_items);
    add_number(build, place, FH_PROMISE_MAX_ITEMS, "<=", &options->max_items);
    if (options->unique_items == FH_CONTRACT_TRUE) {
        (void)fh_promise_add(build, FH_PROMISE_UNIQUE_ITEMS, place, "uniqueItems");
    }
    add_number(build, place, FH_PROMISE_MIN_PROPERTIES, ">=", &options->min_properties);
    add_number(build, place, FH_PROMISE_MAX_PROPERTIES, "<=", &options->max_properties);
    if (options->required.count > 0) {
        add_keys(build, place, &options->required);
    }
}

/* ---- relationships ---- */

static void add_relationship(struct fh_promise_build *build,
                             const struct fh_promise_place *place,
                             const struct fh_contract_relationship *relationship,
                             size_t index)
{
    struct fh_promise *promise = fh_promise_add(
        build, FH_PROMISE_RELATIONSHIP, place, fh_promise_text(build, "relationships.%zu", index));
    if (promise == NULL) {
        return;
    }
    const struct fh_contract_refs *to = &relationship->to;
    promise->relationship = relationship;
    promise->promised = fh_promise_text(build,
                                        "found in %.100s%s",
                                        to->count > 0 ? to->items[0] : "",
                                        to->count > 1 ? ", ..." : "");
    if (relationship->type != NULL && strcmp(relationship->type, "foreignKey") != 0) {
        promise->not_run = fh_promise_text(
            build, "a relationship of type \"%.40s\" is not known", relationship->type);
    } else if (place->in_list || place->depth > 0) {
        promise->not_run = "relationships of columns inside others are not followed";
    }
}

/* ---- columns ---- */

static void add_type(struct fh_promise_build *build, const struct fh_promise_place *place)
{
    const struct fh_contract_column *column = place->of;
    const char *type = column->logical_type != NULL ? column->logical_type : column->physical_type;
    if (type == NULL) {
        return;
    }
    struct fh_promise *promise = fh_promise_add(build, FH_PROMISE_TYPE, place, "type");
    if (promise != NULL) {
        promise->promised = fh_promise_text(build, "%.64s", type);
    }
}

static void add_column(struct fh_promise_build *build, const struct fh_promise_place *place);

/* A column inside `place`: one of its properties, or its items. */
static void add_nested(struct fh_promise_build *build,
                       const struct fh_promise_place *place,
                       const struct fh_contract_column *column,
                       bool is_item)
{
    struct fh_promise_place inner = *place;
    inner.of = column;
    inner.in_list = place->in_list || is_item;
    inner.path = is_item ? fh_promise_text(build, "%s.items", place->path)
                         : fh_promise_text(build, "%s.properties.%s", place->path, column->name);
    inner.column_name = is_item ? fh_promise_text(build, "%s[]", place->column_name)
                                : fh_promise_text(build, "%s.%s", place->column_name, column->name);
    if (inner.depth == FH_PROMISE_NESTING_MAX) {
        inner.too_deep = true;
    } else {
        inner.item_bits |= is_item ? 1U << inner.depth : 0;
        inner.nested[inner.depth++] = column;
    }
    add_column(build, &inner);
}

static void add_column(struct fh_promise_build *build, const struct fh_promise_place *place)
{
    const struct fh_contract_column *column = place->of;
    if (place->depth == 0) {
        struct fh_promise *promise = fh_promise_add(build, FH_PROMISE_PRESENT, place, "present");
        if (promise != NULL) {
            promise->promised = "in the source";
        }
    }
    add_type(build, place);
    bool is_key = column->primary_key == FH_CONTRACT_TRUE && place->depth == 0;
    if (column->required == FH_CONTRACT_TRUE || is_key) {
        (void)fh_promise_add(build, FH_PROMISE_REQUIRED, place, "required");
    }
    if (column->unique == FH_CONTRACT_TRUE) {
        struct fh_promise *promise = fh_promise_add(build, FH_PROMISE_UNIQUE, place, "unique");
        if (promise != NULL && place->in_list) {
            promise->not_run = "unique inside the items of an array is not looked at";
        }
    }
    if (column->enum_values.count > 0) {
        struct fh_promise *promise = fh_promise_add(build, FH_PROMISE_ENUM, place, "enum");
        if (promise != NULL) {
            promise->promised =
                fh_promise_text(build, "one of %zu values", column->enum_values.count);
        }
    }
    if (column->options != NULL) {
        add_options(build, place, column->options);
    }
    for (size_t i = 0; i < column->relationships.count; i++) {
        add_relationship(build, place, &column->relationships.items[i], i);
    }
    fh_promise_quality(build, place, column->quality.items, column->quality.count);
    for (size_t i = 0; i < column->columns.count; i++) {
        if (column->columns.items[i].name != NULL) {
            add_nested(build, place, &column->columns.items[i], false);
        }
    }
    if (column->items != NULL) {
        add_nested(build, place, column->items, true);
    }
}

void fh_promise_table(struct fh_promise_build *build, uint32_t index)
{
    const struct fh_contract_table *table = &build->contract->tables.items[index];
    struct fh_promise_place place = {
        .path = fh_promise_text(build, "schema.%s", table->name),
        .column_name = "",
        .table = index,
        .column = FH_PROMISE_NONE,
    };
    struct fh_promise *source = fh_promise_add(build, FH_PROMISE_SOURCE, &place, "source");
    if (source != NULL) {
        source->promised = "can be read";
    }
    size_t key_parts = 0;
    for (uint32_t i = 0; i < table->columns.count; i++) {
        const struct fh_contract_column *column = &table->columns.items[i];
        struct fh_promise_place inner = place;
        inner.path = fh_promise_text(build, "%s.properties.%s", place.path, column->name);
        inner.column_name = column->name;
        inner.column = i;
        inner.of = column;
        add_column(build, &inner);
        key_parts += column->primary_key == FH_CONTRACT_TRUE;
    }
    if (key_parts > 0) {
        (void)fh_promise_add(build, FH_PROMISE_PRIMARY_KEY, &place, "primaryKey");
    }
    for (size_t i = 0; i < table->relationships.count; i++) {
        add_relationship(build, &place, &table->relationships.items[i], i);
    }
    fh_promise_quality(build, &place, table->quality.items, table->quality.count);
}
