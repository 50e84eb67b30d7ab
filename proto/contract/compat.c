/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rules, and which of them judges a change of which field. */
#include "proto/contract/compat.h"

#include "common/assert.h"
#include "proto/contract/compat_inner.h"

#include <string.h>

const struct fh_compat_rule fh_compat_rules[] = {
#define X(name, id, reader, stored, bump, sentence)                                                \
    {"compat." id, FH_COMPAT_##reader, FH_COMPAT_##stored, FH_BUMP_##bump, (sentence)},
    FH_COMPAT_RULES(X)
#undef X
};
const size_t fh_compat_rule_count = FH_COUNT(fh_compat_rules);
_Static_assert(FH_COUNT(fh_compat_rules) == FH_COMPAT_RULE_COUNT, "one row, one name");

/* How a field is judged: by a function, or always by one rule. */
struct row {
    const char *key;
    enum fh_compat_rule_name rule;
    enum fh_compat_rule_name (*judge)(const struct fh_change *change); /* NULL: by `rule` */
};

/* clang-format off */
#define FIXED(key, name)                                                                           \
    {                                                                                              \
        (key), FH_COMPAT_##name, NULL                                                              \
    }
#define JUDGED(key, function)                                                                      \
    {                                                                                              \
        (key), FH_COMPAT_RULE_COUNT, (function)                                                    \
    }

static const struct row contract_rows[] = {
    FIXED("apiVersion", SAME_MEANING),
    FIXED("contractCreatedTs", VERSION_CHANGED),
    FIXED("domain", CONTACT_CHANGED),
    FIXED("kind", SAME_MEANING),
    FIXED("name", PRODUCT_RENAMED),
    JUDGED("price", fh_judge_price),
    JUDGED("roles", fh_judge_role),
    JUDGED("schema", fh_judge_table),
    JUDGED("servers", fh_judge_server),
    FIXED("slaDefaultElement", SLA_ELEMENT),
    JUDGED("slaProperties", fh_judge_sla),
    FIXED("status", STATUS_CHANGED),
    FIXED("support", CONTACT_CHANGED),
    FIXED("team", CONTACT_CHANGED),
    FIXED("tenant", CONTACT_CHANGED),
    FIXED("version", VERSION_CHANGED),
};

static const struct row table_rows[] = {
    FIXED("dataGranularityDescription", MEANING_CHANGED),
    FIXED("logicalType", SAME_MEANING),
    FIXED("name", TABLE_RENAMED),
    FIXED("physicalName", SOURCE_CHANGED),
    FIXED("physicalType", SOURCE_CHANGED),
    JUDGED("properties", fh_judge_column),
    JUDGED("quality", fh_judge_quality),
    JUDGED("relationships", fh_judge_relationship),
};

static const struct row column_rows[] = {
    JUDGED("classification", fh_judge_classification),
    FIXED("encryptedName", ENCRYPTED_NAME),
    JUDGED("enum", fh_judge_enum),
    JUDGED("items", fh_judge_element_type),
    JUDGED("logicalType", fh_judge_logical_type),
    JUDGED("map", fh_judge_element_type),
    JUDGED("name", fh_judge_column_name),
    FIXED("partitionKeyPosition", SOURCE_CHANGED),
    FIXED("partitioned", SOURCE_CHANGED),
    FIXED("physicalName", SOURCE_CHANGED),
    JUDGED("physicalType", fh_judge_physical_type),
    JUDGED("primaryKey", fh_judge_primary_key),
    FIXED("primaryKeyPosition", KEY_ORDER),
    JUDGED("properties", fh_judge_column),
    JUDGED("quality", fh_judge_quality),
    JUDGED("relationships", fh_judge_relationship),
    JUDGED("required", fh_judge_required),
    FIXED("semanticType", MEANING_CHANGED),
    FIXED("transformDescription", LINEAGE_CHANGED),
    FIXED("transformLogic", LINEAGE_CHANGED),
    FIXED("transformSourceObjects", LINEAGE_CHANGED),
    JUDGED("unique", fh_judge_unique),
};

static const struct row options_rows[] = {
    JUDGED("defaultTimezone", fh_judge_default_timezone),
    JUDGED("exclusiveMaximum", fh_judge_bound),
    JUDGED("exclusiveMinimum", fh_judge_bound),
    JUDGED("format", fh_judge_format),
    JUDGED("maxItems", fh_judge_length),
    JUDGED("maxLength", fh_judge_length),
    JUDGED("maxProperties", fh_judge_length),
    JUDGED("maximum", fh_judge_bound),
    JUDGED("minItems", fh_judge_length),
    JUDGED("minLength", fh_judge_length),
    JUDGED("minProperties", fh_judge_length),
    JUDGED("minimum", fh_judge_bound),
    JUDGED("multipleOf", fh_judge_multiple_of),
    JUDGED("pattern", fh_judge_pattern),
    JUDGED("required", fh_judge_required_keys),
    JUDGED("timezone", fh_judge_timezone),
    JUDGED("uniqueItems", fh_judge_unique_items),
};

static const struct row quality_rows[] = {
    JUDGED("arguments", fh_judge_arguments),
    FIXED("engine", QUALITY_CHANGED),
    FIXED("implementation", QUALITY_CHANGED),
    JUDGED("metric", fh_judge_metric),
    JUDGED("mustBe", fh_judge_operator),
    JUDGED("mustBeBetween", fh_judge_operator),
    JUDGED("mustBeGreaterOrEqualTo", fh_judge_operator),
    JUDGED("mustBeGreaterThan", fh_judge_operator),
    JUDGED("mustBeLessOrEqualTo", fh_judge_operator),
    JUDGED("mustBeLessThan", fh_judge_operator),
    JUDGED("mustNotBe", fh_judge_operator),
    JUDGED("mustNotBeBetween", fh_judge_operator),
    JUDGED("query", fh_judge_query),
    JUDGED("rule", fh_judge_metric),
    JUDGED("severity", fh_judge_severity),
    JUDGED("type", fh_judge_quality_type),
    JUDGED("unit", fh_judge_quality_unit),
};

static const struct row sla_rows[] = {
    FIXED("element", SLA_CHANGED),
    JUDGED("property", fh_judge_sla_property),
    JUDGED("unit", fh_judge_sla_value),
    JUDGED("value", fh_judge_sla_value),
    JUDGED("valueExt", fh_judge_sla_value),
};

static const struct row role_rows[] = {
    JUDGED("access", fh_judge_role_access),
    FIXED("firstLevelApprovers", CONTACT_CHANGED),
    JUDGED("role", fh_judge_role_access),
    FIXED("secondLevelApprovers", CONTACT_CHANGED),
};

static const struct row server_rows[] = {
    FIXED("authoritativeDefinitions", TEXT_CHANGED),
    FIXED("customProperties", TEXT_CHANGED),
    FIXED("description", TEXT_CHANGED),
    FIXED("environment", TEXT_CHANGED),
    FIXED("id", TEXT_CHANGED),
    FIXED("roles", TEXT_CHANGED),
    JUDGED(NULL, fh_judge_server_place),
};

static const struct row price_rows[] = {
    JUDGED("priceAmount", fh_judge_price_amount),
    FIXED("priceCurrency", PRICE_CHANGED),
    FIXED("priceUnit", PRICE_CHANGED),
};

/* Sections with promises. Of the fields that are not in their rows, and of all other sections, a
 * change is one of words; a row without a key takes the rest. */
static const struct {
    const struct fh_section *section;
    const struct row *rows;
    size_t count;
} rooms[] = {
    {&fh_section_contract, contract_rows, FH_COUNT(contract_rows)},
    {&fh_section_table, table_rows, FH_COUNT(table_rows)},
    {&fh_section_column, column_rows, FH_COUNT(column_rows)},
    {&fh_section_item, column_rows, FH_COUNT(column_rows)},
    {&fh_section_options, options_rows, FH_COUNT(options_rows)},
    {&fh_section_quality, quality_rows, FH_COUNT(quality_rows)},
    {&fh_section_sla, sla_rows, FH_COUNT(sla_rows)},
    {&fh_section_role, role_rows, FH_COUNT(role_rows)},
    {&fh_section_server, server_rows, FH_COUNT(server_rows)},
    {&fh_section_price, price_rows, FH_COUNT(price_rows)},
};
/* clang-format on */

static enum fh_compat_rule_name judge(const struct fh_change *change)
{
    const struct fh_section *section = change->level->section;
    if (change->field == NULL) {
        return section == &fh_section_options ? fh_judge_option_extra(change)
                                              : FH_COMPAT_TEXT_CHANGED;
    }
    for (size_t i = 0; i < FH_COUNT(rooms); i++) {
        for (size_t j = 0; rooms[i].section == section && j < rooms[i].count; j++) {
            const struct row *row = &rooms[i].rows[j];
            if (row->key == NULL || strcmp(row->key, change->field->key) == 0) {
                return row->judge != NULL ? row->judge(change) : row->rule;
            }
        }
    }
    return FH_COMPAT_TEXT_CHANGED;
}

bool fh_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_of_servers(const struct fh_change *change)
{
    const struct fh_diff_level *level = change->level;
    while (level->up != NULL && level->up->up != NULL) {
        level = level->up;
    }
    return level->section == &fh_section_server || (level->up == NULL && change->field != NULL &&
                                                    change->field->section == &fh_section_server);
}

int fh_compat_judge(struct fh_compat *out,
                    const struct fh_contract *before,
                    const struct fh_contract *after,
                    const struct fh_compat_options *options,
                    struct fh_arena *arena,
                    struct fh_err *err)
{
    struct fh_diff diff;
    struct fh_compat compat = {0};
    int code = fh_diff_make(&diff, before, after, arena, err);
    if (code != FH_OK) {
        return code;
    }
    compat.items = fh_arena_array(arena, diff.count + 1, sizeof *compat.items);
    if (compat.items == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to compare two contracts");
    }
    for (size_t i = 0; i < diff.count; i++) {
        const struct fh_change *change = &diff.items[i];
        if (options->without_servers && is_of_servers(change)) {
            continue;
        }
        enum fh_compat_rule_name name = judge(change);
        FH_ASSERT(name < FH_COMPAT_RULE_COUNT);
        const struct fh_compat_rule *rule = &fh_compat_rules[name];
        compat.items[compat.count++] = (struct fh_compat_finding){change, rule};
        compat.reader_breaking += rule->reader == FH_COMPAT_BREAKING;
        compat.stored_breaking += rule->stored == FH_COMPAT_BREAKING;
        compat.needed = rule->bump > compat.needed ? rule->bump : compat.needed;
    }
    *out = compat;
    return FH_OK;
}

const char *fh_compat_verdict_text(enum fh_compat_verdict verdict)
{
    static const char *const texts[FH_COMPAT_VERDICT_COUNT] = {"info", "warning", "breaking"};
    FH_ASSERT(verdict < FH_COMPAT_VERDICT_COUNT);
    return texts[verdict];
}

const char *fh_bump_text(enum fh_bump bump)
{
    static const char *const texts[FH_BUMP_COUNT] = {"none", "patch", "minor", "major"};
    FH_ASSERT(bump < FH_BUMP_COUNT);
    return texts[bump];
}
