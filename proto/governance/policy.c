/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy.h"

#include "common/time.h"
#include "proto/contract/sql_type.h"
#include "proto/governance/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATE_CHARACTERS = 10 }; /* "2026-11-29" */

#define DAY_MS INT64_C(86400000)

static bool has_word(const struct fh_contract_strings *words, const char *text)
{
    for (size_t i = 0; text != NULL && i < words->count; i++) {
        if (strcmp(words->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static unsigned lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (unsigned)letter + ('a' - 'A') : (unsigned)letter;
}

/* As strcasecmp of ASCII; a decision compares thousands of words, most of which differ early. */
static bool is_same(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool has_word_of_any_case(const struct fh_contract_strings *words, const char *text)
{
    for (size_t i = 0; i < words->count; i++) {
        if (is_same(words->items[i], text)) {
            return true;
        }
    }
    return false;
}

static bool
names_product(const struct fh_contract_strings *products, const char *product, uint32_t major)
{
    bool governs = products->count == 0;
    for (size_t i = 0; i < products->count && !governs; i++) {
        const char *text = products->items[i];
        size_t size = strcspn(text, "@");
        governs = strlen(product) == size && memcmp(product, text, size) == 0 &&
                  (text[size] == '\0' || strtoul(text + size + 1, NULL, 10) == major);
    }
    return governs;
}

bool fh_policy_governs(const struct fh_policy *policy, const char *product, uint32_t major)
{
    return names_product(&policy->products, product, major);
}

bool fh_policy_governs_domain(const struct fh_policy *policy, const char *name, const char *id)
{
    return policy->owners.count == 0 || has_word(&policy->owners, name) ||
           has_word(&policy->owners, id);
}

bool fh_policy_held_governs(const struct fh_policy_held *held, const char *product, uint32_t major)
{
    return held->policy != NULL ? fh_policy_governs(held->policy, product, major)
                                : !held->scoped || names_product(&held->products, product, major);
}

const struct fh_policy_except *fh_policy_spares(const struct fh_policy_rule *rule,
                                                const struct fh_policy_party *party)
{
    for (size_t i = 0; i < rule->except_count; i++) {
        const struct fh_policy_except *except = &rule->excepts[i];
        bool role = except->roles.count == 0;
        for (uint32_t k = 0; k < party->role_count && !role; k++) {
            role = has_word(&except->roles, party->roles[k]);
        }
        if (role && (except->purposes.count == 0 || has_word(&except->purposes, party->purpose)) &&
            (except->domains.count == 0 || has_word(&except->domains, party->domain_name) ||
             has_word(&except->domains, party->domain_id))) {
            return except;
        }
    }
    return NULL;
}

bool fh_policy_selects(const struct fh_policy_rule *rule,
                       const char *table,
                       const struct fh_access_column *column)
{
    if (rule->table != NULL && !is_same(rule->table, table)) {
        return false;
    }
    if (rule->kind == FH_POLICY_FILTER) {
        return column == NULL;
    }
    if (column == NULL || (rule->kind != FH_POLICY_MASK && rule->kind != FH_POLICY_HIDE) ||
        (rule->columns.count > 0 && !has_word_of_any_case(&rule->columns, column->name)) ||
        (rule->classifications.count > 0 &&
         !has_word_of_any_case(&rule->classifications, column->classification))) {
        return false;
    }
    bool tagged = rule->tags.count == 0;
    for (uint32_t i = 0; i < column->tag_count && !tagged; i++) {
        tagged = has_word_of_any_case(&rule->tags, column->tags[i]);
    }
    return tagged;
}

/* ---- rows by their age ---- */

static bool is_time(const char *sql_type)
{
    return strcmp(sql_type, "DATE") == 0 || strcmp(sql_type, "TIMESTAMP") == 0 ||
           strcmp(sql_type, "TIMESTAMP WITH TIME ZONE") == 0;
}

enum fh_retention fh_policy_retention(const struct fh_policy_rule *rule,
                                      const struct fh_access_table *table,
                                      const struct fh_access_column **out_column)
{
    if (rule->kind != FH_POLICY_RETENTION ||
        (rule->table != NULL && !is_same(rule->table, table->name))) {
        return FH_RETENTION_NONE;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (is_same(rule->time_column, table->columns[i].name)) {
            *out_column = &table->columns[i];
            return is_time(table->columns[i].sql_type) ? FH_RETENTION_ROWS : FH_RETENTION_UNFIT;
        }
    }
    return rule->table == NULL ? FH_RETENTION_NONE : FH_RETENTION_UNFIT;
}

const char *fh_policy_retention_filter(const struct fh_policy_rule *rule,
                                       const struct fh_access_column *column,
                                       int64_t now_ms,
                                       struct fh_arena *arena)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf filter;
    char date[FH_TIME_TEXT_BYTES];
    fh_time_text(date, now_ms - (int64_t)(rule->days - 1) * DAY_MS);
    date[DATE_CHARACTERS] = '\0';
    const char *type = strcmp(column->sql_type, "DATE") == 0        ? "DATE"
                       : strcmp(column->sql_type, "TIMESTAMP") == 0 ? "TIMESTAMP"
                                                                    : "TIMESTAMPTZ";
    const char *clock = type[0] == 'D' ? "" : type[9] == '\0' ? " 00:00:00" : " 00:00:00+00";
    fh_buf_init(&filter, 2 * FH_COLUMN_NAME_BYTES_MAX + 64);
    fh_buf_add_quoted(&filter, column->name, '"');
    fh_buf_printf(&filter, " >= %s '%s%s'", type, date, clock);
    return fh_buf_ok(&filter) == FH_OK ? fh_arena_string(arena, fh_buf_view(&filter)) : NULL;
}

/* ---- where it may be ---- */

bool fh_policy_keeps_out(const struct fh_policy_rule *rule,
                         const struct fh_policy_party *party,
                         bool joins)
{
    const struct fh_contract_strings *let = joins ? &rule->joiners : &rule->readers;
    return rule->kind == FH_POLICY_RESIDENCY && let->count > 0 &&
           !has_word(let, party->domain_name) && !has_word(let, party->domain_id);
}

/* ---- against a contract ---- */

static void check_mask(const struct fh_policy_rule *rule,
                       const struct fh_access_table *table,
                       const struct fh_access_column *column,
                       struct fh_findings *findings)
{
    struct fh_err err;
    if (fh_mask_check(&rule->mask, column->sql_type, &err) != FH_OK) {
        fh_findings_add(findings,
                        FH_SEVERITY_ERROR,
                        rule->line,
                        rule->column,
                        rule->path,
                        "policy.mask.type",
                        "%.63s.%.63s: %s",
                        table->name,
                        column->name,
                        err.text);
    }
}

uint32_t fh_policy_fits(const struct fh_policy_rule *rule, const struct fh_access_product *product)
{
    uint32_t count = rule->kind > FH_POLICY_GROUP ? 1 : 0;
    for (uint32_t t = 0; t < product->table_count; t++) {
        const struct fh_access_table *table = &product->tables[t];
        const struct fh_access_column *ignored;
        uint32_t subject;
        count += fh_policy_selects(rule, table->name, NULL) ? 1 : 0;
        count += fh_policy_retention(rule, table, &ignored) != FH_RETENTION_NONE ? 1 : 0;
        count += fh_policy_group(rule, table, &subject) != FH_GROUP_NONE ? 1 : 0;
        for (uint32_t c = 0; c < table->column_count; c++) {
            count += fh_policy_selects(rule, table->name, &table->columns[c]) ? 1 : 0;
        }
    }
    return count;
}

static void check_masks(const struct fh_policy_rule *rule,
                        const struct fh_access_product *product,
                        struct fh_findings *findings)
{
    for (uint32_t t = 0; t < product->table_count; t++) {
        const struct fh_access_table *table = &product->tables[t];
        for (uint32_t c = 0; c < table->column_count; c++) {
            if (fh_policy_selects(rule, table->name, &table->columns[c])) {
                check_mask(rule, table, &table->columns[c], findings);
            }
        }
    }
}

static void check_retention(const struct fh_policy_rule *rule,
                            const struct fh_access_product *product,
                            struct fh_findings *findings)
{
    for (uint32_t t = 0; t < product->table_count; t++) {
        const struct fh_access_table *table = &product->tables[t];
        const struct fh_access_column *column = NULL;
        if (fh_policy_retention(rule, table, &column) == FH_RETENTION_UNFIT) {
            fh_findings_add(findings,
                            FH_SEVERITY_ERROR,
                            rule->line,
                            rule->column,
                            rule->path,
                            "policy.retention.type",
                            "%.63s has %s %.63s%s%.63s, by which the age of a row could be told: a "
                            "DATE or a TIMESTAMP",
                            table->name,
                            column == NULL ? "no column" : "a column",
                            rule->time_column,
                            column == NULL ? "" : ", but of type ",
                            column == NULL ? "" : column->sql_type);
        }
    }
}

const char *fh_policy_selected_text(const struct fh_policy_rule *rule)
{
    return rule->kind == FH_POLICY_FILTER || rule->kind == FH_POLICY_RETENTION ||
                   rule->kind == FH_POLICY_GROUP
               ? "table"
               : "column";
}

static void check_rule(const struct fh_policy *policy,
                       const struct fh_policy_rule *rule,
                       const struct fh_access_product *product,
                       struct fh_findings *findings)
{
    if (rule->kind == FH_POLICY_MASK) {
        check_masks(rule, product, findings);
    }
    check_retention(rule, product, findings);
    fh_policy_check_group(policy, rule, product, findings);
    if (fh_policy_fits(rule, product) == 0) {
        fh_findings_add(findings,
                        FH_SEVERITY_WARNING,
                        rule->line,
                        rule->column,
                        rule->path,
                        "policy.rule.idle",
                        "the rule fits no %s of %s@%u",
                        fh_policy_selected_text(rule),
                        product->name,
                        product->major);
    }
}

void fh_policy_check_product(const struct fh_policy *policy,
                             const struct fh_access_product *product,
                             struct fh_findings *findings)
{
    if (!fh_policy_governs(policy, product->name, product->major)) {
        fh_findings_add(findings,
                        FH_SEVERITY_WARNING,
                        0,
                        0,
                        "products",
                        "policy.products.idle",
                        "the policy does not govern %s@%u",
                        product->name,
                        product->major);
        return;
    }
    for (size_t i = 0; i < policy->rule_count; i++) {
        check_rule(policy, &policy->rules[i], product, findings);
    }
}

/* ---- what of a contract decides ---- */

static bool read_column(const struct fh_contract_table *table,
                        const struct fh_contract_column *from,
                        struct fh_access_column *to,
                        struct fh_arena *arena)
{
    char type[FH_SQL_TYPE_BYTES] = "";
    struct fh_err err;
    if (fh_contract_sql_type(from, type, &err) != FH_OK) {
        type[0] = '\0';
    }
    size_t tag_count = from->tags.count + table->tags.count;
    const char **tags = fh_arena_array(arena, tag_count, sizeof *tags);
    to->name = from->name;
    to->classification = from->classification == NULL ? "" : from->classification;
    to->sql_type = fh_arena_strdup(arena, type);
    for (size_t i = 0; tags != NULL && i < tag_count; i++) {
        tags[i] =
            i < from->tags.count ? from->tags.items[i] : table->tags.items[i - from->tags.count];
    }
    to->tag_count = (uint32_t)tag_count;
    to->tags = tags;
    return to->sql_type != NULL && (tags != NULL || tag_count == 0);
}

struct fh_access_product *fh_access_product_of(const struct fh_contract *contract,
                                               struct fh_arena *arena)
{
    struct fh_access_product *product = fh_arena_alloc(arena, sizeof *product);
    struct fh_access_table *tables = fh_arena_array(arena, contract->tables.count, sizeof *tables);
    if (product == NULL || (tables == NULL && contract->tables.count > 0)) {
        return NULL;
    }
    *product = (struct fh_access_product){
        .owner_name = "",
        .name = contract->name,
        .major = (uint32_t)strtoul(contract->version, NULL, 10), /* a semantic version */
        .open_to_mesh = fh_contract_open_to_mesh(contract),
        .table_count = (uint32_t)contract->tables.count,
        .tables = tables,
    };
    for (uint32_t t = 0; t < product->table_count; t++) {
        const struct fh_contract_table *from = &contract->tables.items[t];
        struct fh_access_column *columns =
            fh_arena_array(arena, from->columns.count, sizeof *columns);
        if (columns == NULL && from->columns.count > 0) {
            return NULL;
        }
        tables[t] = (struct fh_access_table){
            .name = from->name, .column_count = (uint32_t)from->columns.count, .columns = columns};
        for (uint32_t c = 0; c < tables[t].column_count; c++) {
            if (!read_column(from, &from->columns.items[c], &columns[c], arena)) {
                return NULL;
            }
        }
    }
    return product;
}
