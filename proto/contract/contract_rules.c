/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract_rules.h"

#include "common/limits.h"
#include "proto/contract/confusable.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PATH_BYTES = 256 };

/* What every rule needs: the contract, where findings go, and the path so far. */
struct check {
    const struct fh_contract *contract;
    struct fh_findings *findings;
};

static const struct fh_doc_node *place(const struct fh_doc_node *section, const char *key)
{
    const struct fh_doc_node *child = fh_doc_get(section, key);
    return child == NULL ? section : child;
}

static void report(const struct check *check,
                   enum fh_severity severity,
                   const struct fh_doc_node *at,
                   const char *path,
                   const char *rule,
                   const char *format,
                   ...) FH_PRINTF(6, 7);

static void report(const struct check *check,
                   enum fh_severity severity,
                   const struct fh_doc_node *at,
                   const char *path,
                   const char *rule,
                   const char *format,
                   ...)
{
    char message[FH_ERR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fh_findings_add(check->findings, severity, at->line, at->column, path, rule, "%s", message);
}

/* --- unique names --- */

struct entry {
    const char *name;
    const struct fh_doc_node *at;
    size_t index;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = strcasecmp(left->name, right->name);
    if (order != 0) {
        return order;
    }
    return left->index < right->index ? -1 : left->index > right->index;
}

/* Whether the string at `key` of each element (section structs of `size` bytes, the string at
 * `offset`) is unique without regard to case. */
static void check_unique(const struct check *check,
                         const void *items,
                         size_t count,
                         size_t size,
                         size_t offset,
                         const char *path,
                         const char *key)
{
    if (count < 2) {
        return;
    }
    struct entry *entries = fh_arena_array(check->findings->arena, count, sizeof *entries);
    if (entries == NULL) {
        check->findings->failed = FH_ENOMEM;
        return;
    }
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *item = (const uint8_t *)items + i * size;
        const struct fh_doc_node *node;
        const char *name;
        memcpy(&node, item, sizeof node);
        memcpy(&name, item + offset, sizeof name);
        if (name != NULL) {
            entries[used++] = (struct entry){name, place(node, key), i};
        }
    }
    qsort(entries, used, sizeof *entries, compare_entries);
    for (size_t i = 1; i < used; i++) {
        if (strcasecmp(entries[i].name, entries[i - 1].name) == 0) {
            char full[PATH_BYTES];
            snprintf(full, sizeof full, "%.180s[%zu].%s", path, entries[i].index, key);
            report(check,
                   FH_SEVERITY_ERROR,
                   entries[i].at,
                   full,
                   "contract.unique",
                   "\"%.64s\" occurs twice in %s (upper and lower case count as equal)",
                   entries[i].name,
                   path);
        }
    }
}

#define CHECK_UNIQUE(check, list, type, member, path, key)                                         \
    check_unique((check),                                                                          \
                 (list).items,                                                                     \
                 (list).count,                                                                     \
                 sizeof(struct type),                                                              \
                 offsetof(struct type, member),                                                    \
                 (path),                                                                           \
                 (key))

/* --- references --- */

/* Splits "table.column" into its table, or gives NULL for other forms, which are not followed here.
 */
static const char *shorthand(const char *text, char table[FH_NAME_BYTES_MAX + 1])
{
    const char *dot = strchr(text, '.');
    if (dot == NULL || strchr(text, '/') != NULL || dot - text > FH_NAME_BYTES_MAX) {
        return NULL;
    }
    memcpy(table, text, (size_t)(dot - text));
    table[dot - text] = '\0';
    return dot + 1;
}

/* Whether "a.b.c" names a column, through the fields of objects and of the elements of arrays. Each
 * turn takes one part of the path; depth is bounded by that of the document. */
static bool has_path(const struct fh_contract_column *columns, size_t count, const char *path)
{
    size_t size = strcspn(path, ".");
    for (size_t i = 0; i < count; i++) {
        const struct fh_contract_column *column = &columns[i];
        if (column->name == NULL || strlen(column->name) != size ||
            memcmp(column->name, path, size) != 0) {
            continue;
        }
        while (column->columns.count == 0 && column->items != NULL) {
            column = column->items;
        }
        return path[size] == '\0' ||
               has_path(column->columns.items, column->columns.count, path + size + 1);
    }
    return false;
}

/* A missing table may belong to another contract, so it is a warning; a missing column of a table
 * that is here is an error. `must_be_here`: the table has to be one of this contract. */
static void check_reference(const struct check *check,
                            const struct fh_doc_node *at,
                            const char *path,
                            const char *text,
                            bool must_be_here)
{
    char name[FH_NAME_BYTES_MAX + 1];
    const char *column = shorthand(text, name);
    if (column == NULL) {
        return;
    }
    const struct fh_contract_table *table = fh_contract_table(check->contract, name);
    if (table == NULL) {
        report(check,
               must_be_here ? FH_SEVERITY_ERROR : FH_SEVERITY_WARNING,
               at,
               path,
               "contract.reference",
               "%.64s: there is no table %s in this contract",
               text,
               name);
    } else if (!has_path(table->columns.items, table->columns.count, column)) {
        report(check,
               FH_SEVERITY_ERROR,
               at,
               path,
               "contract.reference",
               "%.64s: table %s has no property %.64s",
               text,
               name,
               column);
    }
}

static void check_relationship(const struct check *check,
                               const struct fh_contract_relationship *relationship,
                               const char *path)
{
    const struct fh_contract_refs *from = &relationship->from;
    const struct fh_contract_refs *to = &relationship->to;
    if (from->items != NULL && to->items != NULL && from->count != to->count) {
        report(check,
               FH_SEVERITY_ERROR,
               relationship->node,
               path,
               "contract.relationship.length",
               "from has %zu columns and to has %zu; they are paired one by one",
               from->count,
               to->count);
    }
    for (size_t i = 0; i < from->count; i++) {
        check_reference(check, place(relationship->node, "from"), path, from->items[i], true);
    }
    for (size_t i = 0; i < to->count; i++) {
        check_reference(check, place(relationship->node, "to"), path, to->items[i], false);
    }
}

/* --- columns --- */

static void check_order(const struct check *check,
                        const struct fh_contract_options *options,
                        const char *path,
                        const struct fh_contract_int *low,
                        const struct fh_contract_int *high,
                        const char *what)
{
    if (low->is_set && high->is_set && low->value > high->value) {
        report(check,
               FH_SEVERITY_ERROR,
               options->node,
               path,
               "contract.bounds",
               "min%s is %lld and max%s is %lld; nothing fits both",
               what,
               (long long)low->value,
               what,
               (long long)high->value);
    }
}

/* Numbers only: dates are written in formats that the contract chooses. */
static void check_range(const struct check *check,
                        const struct fh_contract_options *options,
                        const char *path,
                        const struct fh_doc_node *low,
                        const struct fh_doc_node *high,
                        bool is_open)
{
    char bottom[FH_DECIMAL_BYTES];
    char top[FH_DECIMAL_BYTES];
    if (low == NULL || high == NULL || fh_doc_type(low) != FH_DOC_TYPE_NUMBER ||
        fh_doc_type(high) != FH_DOC_TYPE_NUMBER || !fh_decimal_normalise(bottom, low->text) ||
        !fh_decimal_normalise(top, high->text)) {
        return;
    }
    int order = fh_decimal_compare(bottom, top);
    if (order > 0 || (order == 0 && is_open)) {
        report(check,
               FH_SEVERITY_ERROR,
               options->node,
               path,
               "contract.bounds",
               "%s is %s and %s is %s; nothing fits both",
               low->key,
               bottom,
               high->key,
               top);
    }
}

static void check_options(const struct check *check,
                          const struct fh_contract_options *options,
                          const char *path)
{
    check_order(check, options, path, &options->min_length, &options->max_length, "Length");
    check_order(check, options, path, &options->min_items, &options->max_items, "Items");
    check_order(
        check, options, path, &options->min_properties, &options->max_properties, "Properties");
    check_range(check, options, path, options->minimum, options->maximum, false);
    check_range(check, options, path, options->exclusive_minimum, options->maximum, true);
    check_range(check, options, path, options->minimum, options->exclusive_maximum, true);
    check_range(check, options, path, options->exclusive_minimum, options->exclusive_maximum, true);
}

static void check_quality(const struct check *check,
                          const struct fh_contract_quality *quality,
                          const char *path,
                          bool is_column)
{
    const char *metric = quality->metric;
    if (metric != NULL && is_column && strcmp(metric, "rowCount") == 0) {
        report(check,
               FH_SEVERITY_WARNING,
               place(quality->node, "metric"),
               path,
               "contract.quality.level",
               "rowCount counts the rows of a table; move the rule to the quality of the table");
    }
    if (metric != NULL && strcmp(metric, "invalidValues") == 0 &&
        fh_doc_get(quality->arguments, "validValues") == NULL &&
        fh_doc_get(quality->arguments, "pattern") == NULL) {
        report(check,
               FH_SEVERITY_WARNING,
               quality->node,
               path,
               "contract.quality.arguments",
               "invalidValues says nothing without arguments: validValues or pattern");
    }
    if (quality->schedule != NULL && quality->scheduler == NULL) {
        report(check,
               FH_SEVERITY_WARNING,
               place(quality->node, "schedule"),
               path,
               "contract.quality.schedule",
               "a schedule needs a scheduler that says how to read it, as in cron");
    }
    if (metric != NULL && quality->unit != NULL && strcmp(quality->unit, "rows") != 0 &&
        strcmp(quality->unit, "percent") != 0) {
        report(check,
               FH_SEVERITY_WARNING,
               place(quality->node, "unit"),
               path,
               "contract.quality.unit",
               "the unit of a library rule is rows or percent");
    }
}

static void
check_column(const struct check *check, const struct fh_contract_column *column, const char *path);

static void check_columns(const struct check *check,
                          const struct fh_contract_column *columns,
                          size_t count,
                          const char *path)
{
    check_unique(check,
                 columns,
                 count,
                 sizeof *columns,
                 offsetof(struct fh_contract_column, name),
                 path,
                 "name");
    for (size_t i = 0; i < count; i++) {
        char deeper[PATH_BYTES];
        snprintf(deeper, sizeof deeper, "%.200s[%zu]", path, i);
        check_column(check, &columns[i], deeper);
    }
}

/* A name that is there is not empty, and reads as nothing but itself. */
static void check_name(const struct check *check,
                       const struct fh_doc_node *node,
                       const char *path,
                       const char *key,
                       const char *text)
{
    const char *trap = text == NULL ? NULL : fh_confusable_in(text);
    if (trap != NULL) {
        report(check,
               FH_SEVERITY_ERROR,
               place(node, key),
               path,
               "contract.name",
               "this %s reads as another one: it has %s; write it in one alphabet",
               key,
               trap);
    }
    if (text != NULL && text[0] == '\0') {
        report(
            check, FH_SEVERITY_ERROR, place(node, key), path, "contract.empty", "%s is empty", key);
    }
}

struct enum_entry {
    const struct fh_doc_node *value;
    size_t index;
};

/* By type, then by value; numbers that are equal are equal however they are written. */
static int compare_values(const struct fh_doc_node *a, const struct fh_doc_node *b)
{
    char left[FH_DECIMAL_BYTES];
    char right[FH_DECIMAL_BYTES];
    enum fh_doc_type type = fh_doc_type(a);
    if (type != fh_doc_type(b)) {
        return type < fh_doc_type(b) ? -1 : 1;
    }
    if (type == FH_DOC_TYPE_NUMBER && fh_decimal_normalise(left, a->text) &&
        fh_decimal_normalise(right, b->text)) {
        return fh_decimal_compare(left, right);
    }
    return type == FH_DOC_TYPE_NULL ? 0 : strcmp(a->text, b->text);
}

static int compare_enum_entries(const void *a, const void *b)
{
    const struct enum_entry *left = a;
    const struct enum_entry *right = b;
    int order = compare_values(left->value, right->value);
    return order != 0 ? order : left->index < right->index ? -1 : left->index > right->index;
}

/* Two entries with one value differ in their labels only: which one holds? */
static void
check_enum(const struct check *check, const struct fh_contract_column *column, const char *path)
{
    size_t count = column->enum_values.count;
    size_t used = 0;
    if (count < 2) {
        return;
    }
    struct enum_entry *entries = fh_arena_array(check->findings->arena, count, sizeof *entries);
    if (entries == NULL) {
        check->findings->failed = FH_ENOMEM;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (column->enum_values.items[i].value != NULL) {
            entries[used++] = (struct enum_entry){column->enum_values.items[i].value, i};
        }
    }
    qsort(entries, used, sizeof *entries, compare_enum_entries);
    for (size_t i = 1; i < used; i++) {
        if (compare_values(entries[i - 1].value, entries[i].value) == 0) {
            char full[PATH_BYTES];
            snprintf(full, sizeof full, "%.180s.enum[%zu].value", path, entries[i].index);
            report(check,
                   FH_SEVERITY_ERROR,
                   entries[i].value,
                   full,
                   "contract.unique",
                   "\"%.64s\" occurs twice in the enum",
                   entries[i].value->text);
        }
    }
}

/* What came with 3.2. */
static void
check_newer(const struct check *check, const struct fh_contract_column *column, const char *path)
{
    char deeper[PATH_BYTES];
    check_enum(check, column, path);
    snprintf(deeper, sizeof deeper, "%.200s.synonyms", path);
    CHECK_UNIQUE(check, column->synonyms, fh_contract_synonym, synonym, deeper, "synonym");
    if (column->map != NULL && column->map->key != NULL) {
        snprintf(deeper, sizeof deeper, "%.200s.map.key", path);
        check_column(check, column->map->key, deeper);
    }
    if (column->map != NULL && column->map->value != NULL) {
        snprintf(deeper, sizeof deeper, "%.200s.map.value", path);
        check_column(check, column->map->value, deeper);
    }
}

static void
check_column(const struct check *check, const struct fh_contract_column *column, const char *path)
{
    char deeper[PATH_BYTES];
    check_name(check, column->node, path, "name", column->name);
    if (column->logical_type != NULL && strcmp(column->logical_type, "array") == 0 &&
        column->items == NULL) {
        report(check,
               FH_SEVERITY_WARNING,
               column->node,
               path,
               "contract.items",
               "an array without items does not say of what");
    }
    if (column->primary_key_position.is_set && column->primary_key_position.value > 0 &&
        column->primary_key != FH_CONTRACT_TRUE) {
        report(check,
               FH_SEVERITY_WARNING,
               place(column->node, "primaryKeyPosition"),
               path,
               "contract.key",
               "primaryKeyPosition without primaryKey: true has no effect");
    }
    if (column->options != NULL) {
        snprintf(deeper, sizeof deeper, "%.200s.logicalTypeOptions", path);
        check_options(check, column->options, deeper);
    }
    for (size_t i = 0; i < column->relationships.count; i++) {
        snprintf(deeper, sizeof deeper, "%.200s.relationships[%zu]", path, i);
        check_relationship(check, &column->relationships.items[i], deeper);
    }
    snprintf(deeper, sizeof deeper, "%.200s.quality", path);
    CHECK_UNIQUE(check, column->quality, fh_contract_quality, id, deeper, "id");
    for (size_t i = 0; i < column->quality.count; i++) {
        snprintf(deeper, sizeof deeper, "%.200s.quality[%zu]", path, i);
        check_quality(check, &column->quality.items[i], deeper, true);
    }
    snprintf(deeper, sizeof deeper, "%.200s.customProperties", path);
    CHECK_UNIQUE(check, column->custom, fh_contract_custom, property, deeper, "property");
    snprintf(deeper, sizeof deeper, "%.200s.properties", path);
    check_columns(check, column->columns.items, column->columns.count, deeper);
    if (column->items != NULL) {
        snprintf(deeper, sizeof deeper, "%.200s.items", path);
        check_column(check, column->items, deeper);
    }
    check_newer(check, column, path);
}

static void check_table(const struct check *check, const struct fh_contract_table *table, size_t at)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "schema[%zu]", at);
    check_name(check, table->node, path, "name", table->name);
    snprintf(path, sizeof path, "schema[%zu].properties", at);
    check_columns(check, table->columns.items, table->columns.count, path);
    for (size_t i = 0; i < table->relationships.count; i++) {
        snprintf(path, sizeof path, "schema[%zu].relationships[%zu]", at, i);
        check_relationship(check, &table->relationships.items[i], path);
    }
    snprintf(path, sizeof path, "schema[%zu].quality", at);
    CHECK_UNIQUE(check, table->quality, fh_contract_quality, id, path, "id");
    for (size_t i = 0; i < table->quality.count; i++) {
        snprintf(path, sizeof path, "schema[%zu].quality[%zu]", at, i);
        check_quality(check, &table->quality.items[i], path, false);
    }
    snprintf(path, sizeof path, "schema[%zu].customProperties", at);
    CHECK_UNIQUE(check, table->custom, fh_contract_custom, property, path, "property");
}

/* --- the rest --- */

static void check_sla(const struct check *check)
{
    for (size_t i = 0; i < check->contract->sla.count; i++) {
        const struct fh_contract_sla *sla = &check->contract->sla.items[i];
        char path[PATH_BYTES];
        char element[2 * FH_NAME_BYTES_MAX + 2];
        char table[FH_NAME_BYTES_MAX + 1];
        snprintf(path, sizeof path, "slaProperties[%zu].element", i);
        /* A comma list of table or table.column. */
        for (const char *rest = sla->element; rest != NULL && *rest != '\0';) {
            rest += strspn(rest, ", ");
            size_t size = strcspn(rest, ", ");
            if (size > 0 && size < sizeof element) {
                memcpy(element, rest, size);
                element[size] = '\0';
                const char *column = shorthand(element, table);
                const struct fh_contract_table *found =
                    fh_contract_table(check->contract, column == NULL ? element : table);
                if (found == NULL ||
                    (column != NULL && fh_contract_column(found, column) == NULL)) {
                    report(check,
                           FH_SEVERITY_WARNING,
                           place(sla->node, "element"),
                           path,
                           "contract.reference",
                           "%s is no table or column of this contract",
                           element);
                }
            }
            rest += size;
        }
    }
}

static void check_price(const struct check *check)
{
    const struct fh_contract_price *price = check->contract->price;
    if (price == NULL || price->amount == NULL) {
        return;
    }
    if (price->currency == NULL) {
        report(check,
               FH_SEVERITY_WARNING,
               price->node,
               "price",
               "contract.price",
               "an amount needs priceCurrency, as in EUR");
    }
    if (price->amount[0] == '-') {
        report(check,
               FH_SEVERITY_WARNING,
               place(price->node, "priceAmount"),
               "price.priceAmount",
               "contract.price",
               "the price is negative");
    }
}

void fh_contract_rules(const struct fh_contract *contract, struct fh_findings *findings)
{
    const struct check check = {.contract = contract, .findings = findings};
    check_name(&check, contract->node, "id", "id", contract->id);
    check_name(&check, contract->node, "name", "name", contract->name);
    check_name(&check, contract->node, "version", "version", contract->version);
    check_name(&check, contract->node, "status", "status", contract->status);
    if (contract->tables.items == NULL) {
        report(&check,
               FH_SEVERITY_WARNING,
               contract->node,
               "schema",
               "contract.schema",
               "a contract without schema promises no data");
    }
    CHECK_UNIQUE(&check, contract->tables, fh_contract_table, name, "schema", "name");
    CHECK_UNIQUE(&check, contract->servers, fh_contract_server, server, "servers", "server");
    CHECK_UNIQUE(&check, contract->roles, fh_contract_role, role, "roles", "role");
    CHECK_UNIQUE(
        &check, contract->custom, fh_contract_custom, property, "customProperties", "property");
    for (size_t i = 0; i < contract->tables.count; i++) {
        check_table(&check, &contract->tables.items[i], i);
    }
    for (size_t i = 0; i < contract->servers.count; i++) {
        const struct fh_contract_server *server = &contract->servers.items[i];
        check_name(&check, server->node, "servers", "server", server->server);
    }
    for (size_t i = 0; i < contract->roles.count; i++) {
        const struct fh_contract_role *role = &contract->roles.items[i];
        check_name(&check, role->node, "roles", "role", role->role);
    }
    check_sla(&check);
    check_price(&check);
}
