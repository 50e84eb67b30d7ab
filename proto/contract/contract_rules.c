/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/contract_rules.h"

#include "common/limits.h"
#include "proto/contract/confusable.h"
#include "proto/contract/rule_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- columns --- */

static void check_order(const struct fh_rule_check *check,
                        const struct fh_contract_options *options,
                        const char *path,
                        const struct fh_contract_int *low,
                        const struct fh_contract_int *high,
                        const char *what)
{
    if (low->is_set && high->is_set && low->value > high->value) {
        fh_rule_report(check,
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
static void check_range(const struct fh_rule_check *check,
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
        fh_rule_report(check,
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

static void check_options(const struct fh_rule_check *check,
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

static void check_quality(const struct fh_rule_check *check,
                          const struct fh_contract_quality *quality,
                          const char *path,
                          bool is_column)
{
    const char *metric = quality->metric;
    if (quality->type == NULL && metric == NULL && quality->rule == NULL &&
        quality->description == NULL && quality->name == NULL) {
        fh_rule_report(check,
                       FH_SEVERITY_ERROR,
                       quality->node,
                       path,
                       "contract.quality.empty",
                       "this rule promises nothing; give a metric, a query or a description");
    }
    if (metric != NULL && is_column && strcmp(metric, "rowCount") == 0) {
        fh_rule_report(
            check,
            FH_SEVERITY_WARNING,
            fh_rule_place(quality->node, "metric"),
            path,
            "contract.quality.level",
            "rowCount counts the rows of a table; move the rule to the quality of the table");
    }
    if (metric != NULL && strcmp(metric, "invalidValues") == 0 &&
        fh_doc_get(quality->arguments, "validValues") == NULL &&
        fh_doc_get(quality->arguments, "pattern") == NULL) {
        fh_rule_report(check,
                       FH_SEVERITY_WARNING,
                       quality->node,
                       path,
                       "contract.quality.arguments",
                       "invalidValues says nothing without arguments: validValues or pattern");
    }
    if (quality->schedule != NULL && quality->scheduler == NULL) {
        fh_rule_report(check,
                       FH_SEVERITY_WARNING,
                       fh_rule_place(quality->node, "schedule"),
                       path,
                       "contract.quality.schedule",
                       "a schedule needs a scheduler that says how to read it, as in cron");
    }
    if (metric != NULL && quality->unit != NULL && strcmp(quality->unit, "rows") != 0 &&
        strcmp(quality->unit, "percent") != 0) {
        fh_rule_report(check,
                       FH_SEVERITY_WARNING,
                       fh_rule_place(quality->node, "unit"),
                       path,
                       "contract.quality.unit",
                       "the unit of a library rule is rows or percent");
    }
}

static void check_column(const struct fh_rule_check *check,
                         const struct fh_contract_column *column,
                         const char *path);

static void check_columns(const struct fh_rule_check *check,
                          const struct fh_contract_column *columns,
                          size_t count,
                          const char *path)
{
    fh_rule_unique(check,
                   columns,
                   count,
                   sizeof *columns,
                   offsetof(struct fh_contract_column, name),
                   path,
                   "name");
    fh_rule_unique(check,
                   columns,
                   count,
                   sizeof *columns,
                   offsetof(struct fh_contract_column, id),
                   path,
                   "id");
    for (size_t i = 0; i < count; i++) {
        char deeper[FH_RULE_PATH_BYTES];
        snprintf(deeper, sizeof deeper, "%.200s[%zu]", path, i);
        check_column(check, &columns[i], deeper);
    }
}

/* A name that is there is not empty, and reads as nothing but itself. */
static void check_name(const struct fh_rule_check *check,
                       const struct fh_doc_node *node,
                       const char *path,
                       const char *key,
                       const char *text)
{
    const char *trap = text == NULL ? NULL : fh_confusable_in(text);
    if (trap != NULL) {
        fh_rule_report(check,
                       FH_SEVERITY_ERROR,
                       fh_rule_place(node, key),
                       path,
                       "contract.name",
                       "this %s reads as another one: it has %s; write it in one alphabet",
                       key,
                       trap);
    }
    if (text != NULL && text[0] == '\0') {
        fh_rule_report(check,
                       FH_SEVERITY_ERROR,
                       fh_rule_place(node, key),
                       path,
                       "contract.empty",
                       "%s is empty",
                       key);
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
static void check_enum(const struct fh_rule_check *check,
                       const struct fh_contract_column *column,
                       const char *path)
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
            char full[FH_RULE_PATH_BYTES];
            snprintf(full, sizeof full, "%.180s.enum[%zu].value", path, entries[i].index);
            fh_rule_report(check,
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
static void check_newer(const struct fh_rule_check *check,
                        const struct fh_contract_column *column,
                        const char *path)
{
    char deeper[FH_RULE_PATH_BYTES];
    check_enum(check, column, path);
    snprintf(deeper, sizeof deeper, "%.200s.synonyms", path);
    FH_RULE_UNIQUE(check, column->synonyms, fh_contract_synonym, synonym, deeper, "synonym");
    if (column->map != NULL && column->map->key != NULL) {
        snprintf(deeper, sizeof deeper, "%.200s.map.key", path);
        check_column(check, column->map->key, deeper);
    }
    if (column->map != NULL && column->map->value != NULL) {
        snprintf(deeper, sizeof deeper, "%.200s.map.value", path);
        check_column(check, column->map->value, deeper);
    }
}

static void check_column(const struct fh_rule_check *check,
                         const struct fh_contract_column *column,
                         const char *path)
{
    char deeper[FH_RULE_PATH_BYTES];
    check_name(check, column->node, path, "name", column->name);
    if (column->logical_type != NULL && strcmp(column->logical_type, "array") == 0 &&
        column->items == NULL) {
        fh_rule_report(check,
                       FH_SEVERITY_WARNING,
                       column->node,
                       path,
                       "contract.items",
                       "an array without items does not say of what");
    }
    if (column->primary_key_position.is_set && column->primary_key_position.value > 0 &&
        column->primary_key != FH_CONTRACT_TRUE) {
        fh_rule_report(check,
                       FH_SEVERITY_WARNING,
                       fh_rule_place(column->node, "primaryKeyPosition"),
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
        fh_rule_relationship(check, &column->relationships.items[i], deeper);
    }
    snprintf(deeper, sizeof deeper, "%.200s.quality", path);
    FH_RULE_UNIQUE(check, column->quality, fh_contract_quality, id, deeper, "id");
    for (size_t i = 0; i < column->quality.count; i++) {
        snprintf(deeper, sizeof deeper, "%.200s.quality[%zu]", path, i);
        check_quality(check, &column->quality.items[i], deeper, true);
    }
    snprintf(deeper, sizeof deeper, "%.200s.customProperties", path);
    FH_RULE_UNIQUE(check, column->custom, fh_contract_custom, property, deeper, "property");
    snprintf(deeper, sizeof deeper, "%.200s.properties", path);
    check_columns(check, column->columns.items, column->columns.count, deeper);
    if (column->items != NULL) {
        snprintf(deeper, sizeof deeper, "%.200s.items", path);
        check_column(check, column->items, deeper);
    }
    check_newer(check, column, path);
}

static void
check_table(const struct fh_rule_check *check, const struct fh_contract_table *table, size_t at)
{
    char path[FH_RULE_PATH_BYTES];
    snprintf(path, sizeof path, "schema[%zu]", at);
    check_name(check, table->node, path, "name", table->name);
    snprintf(path, sizeof path, "schema[%zu].properties", at);
    check_columns(check, table->columns.items, table->columns.count, path);
    for (size_t i = 0; i < table->relationships.count; i++) {
        snprintf(path, sizeof path, "schema[%zu].relationships[%zu]", at, i);
        fh_rule_relationship(check, &table->relationships.items[i], path);
    }
    snprintf(path, sizeof path, "schema[%zu].quality", at);
    FH_RULE_UNIQUE(check, table->quality, fh_contract_quality, id, path, "id");
    for (size_t i = 0; i < table->quality.count; i++) {
        snprintf(path, sizeof path, "schema[%zu].quality[%zu]", at, i);
        check_quality(check, &table->quality.items[i], path, false);
    }
    snprintf(path, sizeof path, "schema[%zu].customProperties", at);
    FH_RULE_UNIQUE(check, table->custom, fh_contract_custom, property, path, "property");
}

/* --- the rest --- */

static void check_price(const struct fh_rule_check *check)
{
    const struct fh_contract_price *price = check->contract->price;
    if (price == NULL || price->amount == NULL) {
        return;
    }
    if (price->currency == NULL) {
        fh_rule_report(check,
                       FH_SEVERITY_WARNING,
                       price->node,
                       "price",
                       "contract.price",
                       "an amount needs priceCurrency, as in EUR");
    }
    if (price->amount[0] == '-') {
        fh_rule_report(check,
                       FH_SEVERITY_WARNING,
                       fh_rule_place(price->node, "priceAmount"),
                       "price.priceAmount",
                       "contract.price",
                       "the price is negative");
    }
}

void fh_contract_rules(const struct fh_contract *contract, struct fh_findings *findings)
{
    const struct fh_rule_check check = {.contract = contract, .findings = findings};
    check_name(&check, contract->node, "id", "id", contract->id);
    check_name(&check, contract->node, "name", "name", contract->name);
    check_name(&check, contract->node, "version", "version", contract->version);
    check_name(&check, contract->node, "status", "status", contract->status);
    if (contract->tables.items == NULL) {
        fh_rule_report(&check,
                       FH_SEVERITY_WARNING,
                       contract->node,
                       "schema",
                       "contract.schema",
                       "a contract without schema promises no data");
    }
    FH_RULE_UNIQUE(&check, contract->tables, fh_contract_table, name, "schema", "name");
    FH_RULE_UNIQUE(&check, contract->servers, fh_contract_server, server, "servers", "server");
    FH_RULE_UNIQUE(&check, contract->roles, fh_contract_role, role, "roles", "role");
    FH_RULE_UNIQUE(&check, contract->tables, fh_contract_table, id, "schema", "id");
    FH_RULE_UNIQUE(&check, contract->servers, fh_contract_server, id, "servers", "id");
    FH_RULE_UNIQUE(&check, contract->roles, fh_contract_role, id, "roles", "id");
    FH_RULE_UNIQUE(&check, contract->sla, fh_contract_sla, id, "slaProperties", "id");
    FH_RULE_UNIQUE(&check, contract->support, fh_contract_support, id, "support", "id");
    FH_RULE_UNIQUE(
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
    fh_rule_levels(&check);
    check_price(&check);
}
