/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/policy_contract.h"

#include "common/time.h"
#include "proto/governance/name_pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PATH_BYTES = 2 * FH_COLUMN_NAME_BYTES_MAX + 64 };

#define DAY_MS INT64_C(86400000)

static const char *const field_rules[] = {
#define X(name, word, wanted) "policy.require." word,
    FH_POLICY_FIELDS(X)
#undef X
};

static const char *const field_texts[] = {
#define X(name, word, wanted) wanted,
    FH_POLICY_FIELDS(X)
#undef X
};

/* One rule against one contract. */
struct checking {
    const struct fh_policy *policy;
    const struct fh_policy_rule *rule;
    const struct fh_contract *contract;
    struct fh_findings *findings;
};

static void refuse(const struct checking *c,
                   const struct fh_doc_node *node,
                   const char *path,
                   const char *rule,
                   const char *what)
{
    fh_findings_add(c->findings,
                    FH_SEVERITY_ERROR,
                    node == NULL ? 0 : node->line,
                    node == NULL ? 0 : node->column,
                    path,
                    rule,
                    "%s (policy %s %s, line %u)",
                    what,
                    c->policy->name,
                    c->policy->version,
                    c->rule->line);
}

static bool says(const char *text)
{
    return text != NULL && text[strspn(text, " \t\r\n")] != '\0';
}

static bool has_word(const struct fh_contract_strings *words, const char *text)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcasecmp(words->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- fields of the whole contract ---- */

static bool has_owner(const struct fh_contract *contract)
{
    bool has = contract->team != NULL && says(contract->team->name);
    for (size_t i = 0; contract->team != NULL && i < contract->team->members.count; i++) {
        const struct fh_contract_member *member = &contract->team->members.items[i];
        has = has || says(member->username) || says(member->name);
    }
    return has;
}

static bool has_support(const struct fh_contract *contract)
{
    bool has = false;
    for (size_t i = 0; i < contract->support.count; i++) {
        has = has || says(contract->support.items[i].channel);
    }
    return has;
}

/* Whether the contract has a field that is its own, or any of no such kind. */
static bool has_field(const struct fh_contract *contract, enum fh_policy_field field)
{
    const struct fh_contract_description *description = contract->description;
    switch (field) {
    case FH_POLICY_FIELD_OWNER:
        return has_owner(contract);
    case FH_POLICY_FIELD_DESCRIPTION:
        return description != NULL && says(description->purpose);
    case FH_POLICY_FIELD_USAGE:
        return description != NULL && says(description->usage);
    case FH_POLICY_FIELD_LIMITATIONS:
        return description != NULL && says(description->limitations);
    case FH_POLICY_FIELD_SUPPORT:
        return has_support(contract);
    case FH_POLICY_FIELD_SLA:
        return contract->sla.count > 0;
    case FH_POLICY_FIELD_TAGS:
        return contract->tags.count > 0;
    case FH_POLICY_FIELD_QUALITY: /* of tables and columns: below */
    case FH_POLICY_FIELD_PRIMARY_KEY:
    case FH_POLICY_FIELD_TABLE_DESCRIPTION:
    case FH_POLICY_FIELD_COLUMN_DESCRIPTION:
    case FH_POLICY_FIELD_CLASSIFICATION:
    case FH_POLICY_FIELD_COUNT:
        break;
    }
    return true;
}

static void check_whole(const struct checking *c)
{
    for (unsigned field = 0; field < FH_POLICY_FIELD_COUNT; field++) {
        if ((c->rule->fields >> field & 1) != 0 && !has_field(c->contract, field)) {
            char what[128];
            snprintf(what, sizeof what, "the contract lacks %s", field_texts[field]);
            refuse(c, c->contract->node, "", field_rules[field], what);
        }
    }
    for (size_t i = 0; i < c->rule->levels.count; i++) {
        bool has = false;
        char what[FH_POLICY_WORD_BYTES_MAX + 64];
        for (size_t k = 0; k < c->contract->sla.count; k++) {
            const char *property = c->contract->sla.items[k].property;
            has = has || (property != NULL && strcasecmp(property, c->rule->levels.items[i]) == 0);
        }
        if (!has) {
            snprintf(what,
                     sizeof what,
                     "slaProperties has no property \"%s\"",
                     c->rule->levels.items[i]);
            refuse(c, c->contract->node, "slaProperties", "policy.require.sla_property", what);
        }
    }
}

/* ---- fields of tables and columns ---- */

static void check_column(const struct checking *c,
                         const struct fh_contract_table *table,
                         const struct fh_contract_column *column)
{
    char path[PATH_BYTES];
    char what[2 * FH_POLICY_WORD_BYTES_MAX];
    snprintf(path, sizeof path, "schema.%s.properties.%s", table->name, column->name);
    if ((c->rule->fields >> FH_POLICY_FIELD_CLASSIFICATION & 1) != 0 &&
        !says(column->classification)) {
        refuse(c,
               column->node,
               path,
               field_rules[FH_POLICY_FIELD_CLASSIFICATION],
               "the column has no classification");
    }
    if ((c->rule->fields >> FH_POLICY_FIELD_COLUMN_DESCRIPTION & 1) != 0 &&
        !says(column->description)) {
        refuse(c,
               column->node,
               path,
               field_rules[FH_POLICY_FIELD_COLUMN_DESCRIPTION],
               "the column has no description");
    }
    if (c->rule->classifications.count > 0 && says(column->classification) &&
        !has_word(&c->rule->classifications, column->classification)) {
        snprintf(what,
                 sizeof what,
                 "classification \"%.64s\" is none of those that are agreed",
                 column->classification);
        refuse(c, column->node, path, "policy.require.classifications", what);
    }
}

static void check_table(const struct checking *c, const struct fh_contract_table *table)
{
    char path[PATH_BYTES];
    bool measured = table->quality.count > 0;
    bool keyed = false;
    snprintf(path, sizeof path, "schema.%s", table->name);
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct fh_contract_column *column = &table->columns.items[i];
        measured = measured || column->quality.count > 0;
        keyed = keyed || column->primary_key == FH_CONTRACT_TRUE;
        check_column(c, table, column);
    }
    const struct {
        enum fh_policy_field field;
        bool has;
        const char *what;
    } rows[] = {
        {FH_POLICY_FIELD_QUALITY, measured, "the table has no quality rule"},
        {FH_POLICY_FIELD_PRIMARY_KEY, keyed, "the table has no primary key"},
        {FH_POLICY_FIELD_TABLE_DESCRIPTION, says(table->description), "it has no description"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        if ((c->rule->fields >> rows[i].field & 1) != 0 && !rows[i].has) {
            refuse(c, table->node, path, field_rules[rows[i].field], rows[i].what);
        }
    }
}

/* ---- names ---- */

static void check_name(const struct checking *c,
                       enum fh_policy_named named,
                       const struct fh_doc_node *node,
                       const char *path,
                       const char *name)
{
    static const char *const rules[] = {
        "policy.naming.product", "policy.naming.table", "policy.naming.column"};
    char what[2 * FH_POLICY_WORD_BYTES_MAX];
    if (c->rule->of == named && !fh_name_pattern_fits(c->rule->pattern, name)) {
        snprintf(what, sizeof what, "\"%.64s\" is not as %s says", name, c->rule->pattern);
        refuse(c, node, path, rules[named], what);
    }
}

static void check_names(const struct checking *c)
{
    check_name(c, FH_POLICY_PRODUCTS, c->contract->node, "name", c->contract->name);
    for (size_t i = 0; i < c->contract->tables.count; i++) {
        const struct fh_contract_table *table = &c->contract->tables.items[i];
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "schema.%s", table->name);
        check_name(c, FH_POLICY_TABLES, table->node, path, table->name);
        for (size_t k = 0; k < table->columns.count; k++) {
            const struct fh_contract_column *column = &table->columns.items[k];
            snprintf(path, sizeof path, "schema.%s.properties.%s", table->name, column->name);
            check_name(c, FH_POLICY_COLUMNS, column->node, path, column->name);
        }
    }
}

void fh_policy_check_contract_rule(const struct fh_policy *policy,
                                   const struct fh_policy_rule *rule,
                                   const struct fh_contract *contract,
                                   struct fh_findings *findings)
{
    const struct checking c = {
        .policy = policy, .rule = rule, .contract = contract, .findings = findings};
    if (rule->kind == FH_POLICY_REQUIRE) {
        check_whole(&c);
        for (size_t i = 0; i < contract->tables.count; i++) {
            check_table(&c, &contract->tables.items[i]);
        }
    } else if (rule->kind == FH_POLICY_NAMING) {
        check_names(&c);
    }
}

void fh_policy_check_contract(const struct fh_policy *policy,
                              const struct fh_contract *contract,
                              struct fh_findings *findings)
{
    uint32_t major = (uint32_t)strtoul(contract->version, NULL, 10);
    bool governs = fh_policy_governs(policy, contract->name, major);
    for (size_t i = 0; governs && i < policy->rule_count; i++) {
        fh_policy_check_contract_rule(policy, &policy->rules[i], contract, findings);
    }
}

/* ---- the end of a product ---- */

int fh_policy_check_end(const struct fh_policy *policy,
                        const struct fh_policy_rule *rule,
                        const struct fh_policy_end *end,
                        struct fh_err *err)
{
    char date[FH_TIME_TEXT_BYTES];
    const char *why = NULL;
    if (rule->kind != FH_POLICY_NOTICE) {
        return FH_OK;
    }
    int64_t earliest = end->now_ms + (int64_t)rule->days * DAY_MS;
    fh_time_text(date, earliest + DAY_MS - 1); /* the first day that counts whole */
    date[sizeof "2026-11-29" - 1] = '\0';
    bool sooner = end->sunset_before_ms == 0 || end->sunset_ms < end->sunset_before_ms;
    if (end->retires && (end->sunset_before_ms == 0 || end->now_ms < end->sunset_before_ms)) {
        why = "it is retired when its sunset has come, and not before";
    } else if (!end->retires && end->sunset_ms == 0) {
        why = "a deprecation names a sunset";
    } else if (!end->retires && sooner && end->sunset_ms < earliest) {
        why = "its sunset is nearer than the notice";
    }
    return why == NULL ? FH_OK
                       : fh_err_rule(err,
                                     FH_ECHECK,
                                     "policy.notice",
                                     "%s@%u: %s (policy %s %s, line %u, wants %u days: from today, "
                                     "%s)",
                                     end->product,
                                     end->major,
                                     why,
                                     policy->name,
                                     policy->version,
                                     rule->line,
                                     rule->days,
                                     date);
}

bool fh_policy_is_about_contracts(const struct fh_policy *policy)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        if (policy->rules[i].kind == FH_POLICY_REQUIRE ||
            policy->rules[i].kind == FH_POLICY_NAMING) {
            return true;
        }
    }
    return false;
}
