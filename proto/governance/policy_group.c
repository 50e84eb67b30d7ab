/* SPDX-License-Identifier: Apache-2.0 */
/* Minimum groups: reading the rule, what it is to tables and columns, and its findings. */
#include "proto/governance/access.h"
#include "proto/governance/policy_inner.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DECIMAL_DIGITS_MAX = 37 };

static const char example[] =
    "{table: orders, size: 10, subject: customer, dimensions: [region], measures: [amount]}";

/* ---- reading ---- */

static void read_dimension(const struct fh_policy_place *rule_place,
                           const struct fh_doc_node *node,
                           struct fh_policy_dimension *out)
{
    static const char *const keys[] = {"column", "to", "step"};
    struct fh_policy_place place = *rule_place;
    place.what = "a dimension";
    place.keys = keys;
    place.key_count = FH_COUNT(keys);
    if (node->kind != FH_DOC_MAP) {
        out->column = fh_policy_read_text(&place, node, FH_POLICY_WORD_BYTES_MAX);
        return;
    }
    (void)fh_policy_check_map(&place, node);
    if (fh_policy_has_key(&place, node, "column", "{column: placed, to: month}")) {
        out->column =
            fh_policy_read_text(&place, fh_doc_get(node, "column"), FH_POLICY_WORD_BYTES_MAX);
    }
    out->unit.kind = FH_MASK_GENERALISE;
    fh_policy_read_generalise(&place, node, node, &out->unit);
}

static void read_dimensions(const struct fh_policy_place *place,
                            const struct fh_doc_node *node,
                            struct fh_policy_rule *rule)
{
    uint32_t count = fh_policy_count_entries(place, node);
    if (count == 0) {
        return;
    }
    struct fh_policy_dimension *made = fh_policy_allocate(place->reading, count, sizeof *made);
    if (made == NULL) {
        return;
    }
    const struct fh_doc_node *at = fh_policy_first_entry(node);
    for (uint32_t i = 0; i < count; i++, at = at->next) {
        struct fh_policy_dimension *dimension = &made[rule->dimension_count];
        read_dimension(place, at, dimension);
        rule->dimension_count += dimension->column != NULL ? 1 : 0;
    }
    rule->dimensions = made;
}

static bool has_word(const struct fh_contract_strings *words, const char *text)
{
    bool has = false;
    for (size_t i = 0; i < words->count && !has; i++) {
        has = strcasecmp(words->items[i], text) == 0;
    }
    return has;
}

/* A column that is two things at once. */
static void check_parts(const struct fh_policy_place *place,
                        const struct fh_doc_node *node,
                        const struct fh_policy_rule *rule)
{
    for (size_t i = 0; i < rule->dimension_count; i++) {
        const char *column = rule->dimensions[i].column;
        bool twice = has_word(&rule->measures, column);
        for (size_t k = 0; k < i; k++) {
            twice = twice || strcasecmp(rule->dimensions[k].column, column) == 0;
        }
        if (twice) {
            FH_POLICY_REFUSE(place,
                             node,
                             "policy.group.twice",
                             "\"%.64s\" is one dimension or one measure, not two of them",
                             column);
        }
        if (rule->subject != NULL && strcasecmp(column, rule->subject) == 0) {
            FH_POLICY_REFUSE(place,
                             node,
                             "policy.group.subject",
                             "a group of one \"%.64s\" has one subject: it is no dimension",
                             column);
        }
    }
    if (rule->subject != NULL && has_word(&rule->measures, rule->subject)) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.group.subject",
                         "\"%.64s\" tells whose a row is: it is no measure",
                         rule->subject);
    }
}

void fh_policy_read_group(const struct fh_policy_place *place,
                          const struct fh_doc_node *node,
                          struct fh_policy_rule *rule)
{
    uint64_t size = FH_GROUP_SIZE_MAX;
    if (fh_policy_has_key(place, node, "size", example)) {
        (void)fh_policy_read_number(
            place, fh_doc_get(node, "size"), FH_GROUP_SIZE_MIN, FH_GROUP_SIZE_MAX, &size);
    }
    rule->size = (uint32_t)size;
    if (fh_policy_has_key(place, node, "subject", example)) {
        rule->subject =
            fh_policy_read_text(place, fh_doc_get(node, "subject"), FH_POLICY_WORD_BYTES_MAX);
    }
    read_dimensions(place, fh_doc_get(node, "dimensions"), rule);
    rule->measures = fh_policy_read_words(place, fh_doc_get(node, "measures"));
    if (fh_doc_get(node, "dimensions") == NULL && fh_doc_get(node, "measures") == NULL) {
        FH_POLICY_REFUSE(place,
                         node,
                         "policy.rule.key",
                         "without dimensions and measures no column is there: %s",
                         example);
    }
    check_parts(place, node, rule);
}

bool fh_policy_groups_share(const struct fh_policy_rule *a, const struct fh_policy_rule *b)
{
    bool share = a->table != NULL && b->table != NULL && strcasecmp(a->table, b->table) != 0;
    for (size_t i = 0; i < a->measures.count && !share; i++) {
        share = has_word(&b->measures, a->measures.items[i]);
    }
    for (size_t i = 0; i < a->dimension_count && !share; i++) {
        for (size_t k = 0; k < b->dimension_count && !share; k++) {
            share = strcasecmp(a->dimensions[i].column, b->dimensions[k].column) == 0;
        }
    }
    return share;
}

/* ---- asking ---- */

enum fh_group_fit fh_policy_group(const struct fh_policy_rule *rule,
                                  const struct fh_access_table *table,
                                  uint32_t *out_subject)
{
    if (rule->kind != FH_POLICY_GROUP ||
        (rule->table != NULL && strcasecmp(rule->table, table->name) != 0)) {
        return FH_GROUP_NONE;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct fh_access_column *column = &table->columns[i];
        if (strcasecmp(rule->subject, column->name) == 0 && column->sql_type[0] != '\0') {
            *out_subject = i;
            return FH_GROUP_FITS;
        }
    }
    return FH_GROUP_UNFIT;
}

bool fh_policy_group_measures(const char *sql_type)
{
    static const char *const types[] = {"TINYINT",
                                        "SMALLINT",
                                        "INTEGER",
                                        "BIGINT",
                                        "UTINYINT",
                                        "USMALLINT",
                                        "UINTEGER",
                                        "UBIGINT",
                                        "FLOAT",
                                        "DOUBLE"};
    unsigned precision;
    unsigned scale;
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        if (strcmp(types[i], sql_type) == 0) {
            return true;
        }
    }
    return sscanf(sql_type, "DECIMAL(%3u,%3u)", &precision, &scale) == 2 &&
           precision <= FH_GROUP_DIGITS_MAX && precision + scale <= DECIMAL_DIGITS_MAX;
}

struct fh_group_column fh_policy_group_column(const struct fh_policy_rule *rule,
                                              const struct fh_access_column *column)
{
    struct fh_group_column out = {.part = FH_GROUP_OUTSIDE};
    struct fh_err unfit;
    if (strcasecmp(rule->subject, column->name) == 0 || column->sql_type[0] == '\0') {
        return out;
    }
    for (size_t i = 0; i < rule->dimension_count; i++) {
        const struct fh_policy_dimension *dimension = &rule->dimensions[i];
        if (strcasecmp(dimension->column, column->name) == 0) {
            bool fits = dimension->unit.kind == FH_MASK_NONE ||
                        fh_mask_check(&dimension->unit, column->sql_type, &unfit) == FH_OK;
            out.part = fits ? FH_GROUP_DIMENSION : FH_GROUP_OUTSIDE;
            out.unit = fits ? dimension->unit : out.unit;
            return out;
        }
    }
    if (has_word(&rule->measures, column->name) && fh_policy_group_measures(column->sql_type)) {
        out.part = FH_GROUP_MEASURE;
    }
    return out;
}

const struct fh_access_table *fh_policy_group_filterable(const struct fh_policy *policy,
                                                         const struct fh_access_table *table,
                                                         struct fh_arena *arena)
{
    bool grouped = false;
    struct fh_access_table *part = fh_arena_alloc(arena, sizeof *part);
    struct fh_access_column *columns =
        fh_arena_array(arena, (size_t)table->column_count + 1, sizeof *columns);
    if (part == NULL || columns == NULL) {
        return NULL;
    }
    *part = (struct fh_access_table){.name = table->name, .columns = columns};
    for (uint32_t c = 0; c < table->column_count; c++) {
        bool dimension = false;
        for (size_t i = 0; i < policy->rule_count; i++) {
            const struct fh_policy_rule *rule = &policy->rules[i];
            uint32_t subject;
            bool fits = fh_policy_group(rule, table, &subject) == FH_GROUP_FITS;
            grouped = grouped || fits;
            dimension =
                dimension || (fits && fh_policy_group_column(rule, &table->columns[c]).part ==
                                          FH_GROUP_DIMENSION);
        }
        if (dimension) {
            columns[part->column_count++] = table->columns[c];
        }
    }
    return grouped ? part : table;
}

/* ---- against a contract ---- */

struct checking {
    const struct fh_policy_rule *rule;
    const struct fh_access_product *product;
    struct fh_findings *findings;
};

#define ADD(c, severity, id, ...)                                                                  \
    fh_findings_add((c)->findings,                                                                 \
                    severity,                                                                      \
                    (c)->rule->line,                                                               \
                    (c)->rule->column,                                                             \
                    (c)->rule->path,                                                               \
                    id,                                                                            \
                    __VA_ARGS__)

/* The column of a table that the rule is about; NULL: none has it. */
static const struct fh_access_column *find_column(const struct fh_access_table *table,
                                                  const char *name)
{
    for (uint32_t i = 0; i < table->column_count; i++) {
        if (strcasecmp(table->columns[i].name, name) == 0) {
            return &table->columns[i];
        }
    }
    return NULL;
}

/* Of a dimension (`unit`) or of a measure (NULL). */
static void check_column(const struct checking *c, const char *name, const struct fh_mask *unit)
{
    bool about = false;
    bool found = false;
    for (uint32_t t = 0; t < c->product->table_count; t++) {
        const struct fh_access_table *table = &c->product->tables[t];
        uint32_t subject;
        bool of_it = fh_policy_group(c->rule, table, &subject) != FH_GROUP_NONE;
        const struct fh_access_column *column = of_it ? find_column(table, name) : NULL;
        struct fh_err err;
        about = about || of_it;
        found = found || column != NULL;
        if (column != NULL && unit == NULL && !fh_policy_group_measures(column->sql_type)) {
            ADD(c,
                FH_SEVERITY_ERROR,
                "policy.group.measure",
                "%.63s.%.63s is of type %s, of which a group has no mean: integers of at most 64 "
                "bits, FLOAT, DOUBLE, and DECIMAL of at most %d digits",
                table->name,
                column->name,
                column->sql_type[0] == '\0' ? "no known kind" : column->sql_type,
                FH_GROUP_DIGITS_MAX);
        } else if (column != NULL && unit != NULL && unit->kind != FH_MASK_NONE &&
                   fh_mask_check(unit, column->sql_type, &err) != FH_OK) {
            ADD(c,
                FH_SEVERITY_ERROR,
                "policy.mask.type",
                "%.63s.%.63s: %s",
                table->name,
                column->name,
                err.text);
        }
    }
    if (about && !found) {
        ADD(c,
            FH_SEVERITY_ERROR,
            "policy.group.column",
            "no table of %s@%u that the rule is about has a column \"%.64s\"",
            c->product->name,
            c->product->major,
            name);
    }
}

/* A retention is a condition on rows; of groups only whole ones can be left out. */
static void check_ages(const struct checking *c, const struct fh_policy *policy)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct fh_policy_rule *other = &policy->rules[i];
        for (uint32_t t = 0; t < c->product->table_count; t++) {
            const struct fh_access_table *table = &c->product->tables[t];
            const struct fh_access_column *age = NULL;
            uint32_t subject;
            if (fh_policy_retention(other, table, &age) == FH_RETENTION_ROWS &&
                fh_policy_group(c->rule, table, &subject) == FH_GROUP_FITS &&
                fh_policy_group_column(c->rule, age).part != FH_GROUP_DIMENSION) {
                ADD(c,
                    FH_SEVERITY_ERROR,
                    "policy.group.retention",
                    "%s goes by %.63s.%.63s, which is no dimension: groups would lose some of "
                    "their rows; make it one: {column: %.63s, to: month}",
                    other->path,
                    table->name,
                    age->name,
                    age->name);
            }
        }
    }
}

void fh_policy_check_group(const struct fh_policy *policy,
                           const struct fh_policy_rule *rule,
                           const struct fh_access_product *product,
                           struct fh_findings *findings)
{
    const struct checking c = {rule, product, findings};
    if (rule->kind != FH_POLICY_GROUP) {
        return;
    }
    for (uint32_t t = 0; t < product->table_count; t++) {
        uint32_t subject;
        if (fh_policy_group(rule, &product->tables[t], &subject) == FH_GROUP_UNFIT) {
            ADD(&c,
                FH_SEVERITY_ERROR,
                "policy.group.subject",
                "%.63s has no column %.63s to tell whose a row is, and is closed by the rule; name "
                "the table that it is about",
                product->tables[t].name,
                rule->subject);
        }
    }
    for (size_t i = 0; i < rule->dimension_count; i++) {
        check_column(&c, rule->dimensions[i].column, &rule->dimensions[i].unit);
    }
    for (size_t i = 0; i < rule->measures.count; i++) {
        check_column(&c, rule->measures.items[i], NULL);
    }
    check_ages(&c, policy);
}
