/* SPDX-License-Identifier: Apache-2.0 */
/* What `quality` promises: library metrics, SQL rules, and rules for people and other engines. */
#include "common/limits.h"
#include "proto/quality/pattern.h"
#include "proto/quality/promise_build.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_soft(const char *severity)
{
    static const char *const soft[] = {"info", "warning", "low", "minor", "trivial"};
    for (size_t i = 0; severity != NULL && i < FH_COUNT(soft); i++) {
        if (strcasecmp(severity, soft[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const struct {
    const char *metric;
    enum fh_promise_kind kind;
} metrics[] = {
    {"nullValues", FH_PROMISE_NULL_VALUES},
    {"missingValues", FH_PROMISE_MISSING_VALUES},
    {"invalidValues", FH_PROMISE_INVALID_VALUES},
    {"duplicateValues", FH_PROMISE_DUPLICATE_VALUES},
    {"rowCount", FH_PROMISE_ROW_COUNT},
};

static enum fh_promise_kind kind_of(const struct fh_contract_quality *rule, const char **out_metric)
{
    const char *metric = rule->metric != NULL ? rule->metric : rule->rule;
    const char *type = rule->type != NULL ? rule->type : metric != NULL ? "library" : "text";
    *out_metric = "";
    if (strcmp(type, "sql") == 0) {
        return FH_PROMISE_SQL;
    }
    if (strcmp(type, "custom") == 0) {
        return FH_PROMISE_CUSTOM;
    }
    if (strcmp(type, "library") != 0) {
        return FH_PROMISE_TEXT;
    }
    *out_metric = metric == NULL ? "" : metric;
    for (size_t i = 0; i < FH_COUNT(metrics); i++) {
        if (strcmp(metrics[i].metric, *out_metric) == 0) {
            return metrics[i].kind;
        }
    }
    return FH_PROMISE_LIBRARY;
}

/* ---- bounds ---- */

/* A bound as a normal form; NULL for what is neither number nor Boolean. */
static const char *bound_text(struct fh_promise_build *build, const struct fh_doc_node *node)
{
    char text[FH_DECIMAL_BYTES];
    bool yes;
    if (fh_doc_bool(node, &yes)) {
        return yes ? "true" : "false";
    }
    return fh_decimal_normalise(text, node->text) ? fh_promise_text(build, "%s", text) : NULL;
}

static bool between(struct fh_promise_build *build,
                    const struct fh_doc_node *list,
                    enum fh_promise_operator
                    operator,
                    struct fh_promise_bound * out)
{
    if (list == NULL || list->count != 2) {
        return false;
    }
    const char *a = bound_text(build, list->first);
    const char *b = bound_text(build, list->first->next);
    if (a == NULL || b == NULL || build->failed != FH_OK) {
        return false;
    }
    bool ordered = fh_decimal_compare(a, b) <= 0;
    *out = (struct fh_promise_bound){operator, ordered ? a : b, ordered ? b : a};
    return true;
}

/* The rule's one operator; false when there is none that can be compared with. */
static bool read_bound(struct fh_promise_build *build,
                       const struct fh_contract_quality *rule,
                       struct fh_promise_bound *out)
{
    const struct {
        const char *text;
        enum fh_promise_operator operator;
    } simple[] = {
        {rule->must_be == NULL ? NULL : bound_text(build, rule->must_be), FH_PROMISE_EQUAL},
        {rule->must_not_be == NULL ? NULL : bound_text(build, rule->must_not_be),
         FH_PROMISE_NOT_EQUAL},
        {rule->must_be_greater_than, FH_PROMISE_GREATER},
        {rule->must_be_greater_or_equal_to, FH_PROMISE_GREATER_OR_EQUAL},
        {rule->must_be_less_than, FH_PROMISE_LESS},
        {rule->must_be_less_or_equal_to, FH_PROMISE_LESS_OR_EQUAL},
    };
    for (size_t i = 0; i < FH_COUNT(simple); i++) {
        if (simple[i].text != NULL) {
            *out = (struct fh_promise_bound){simple[i].operator, simple[i].text, NULL};
            return true;
        }
    }
    return between(build, rule->must_be_between, FH_PROMISE_BETWEEN, out) ||
           between(build, rule->must_not_be_between, FH_PROMISE_NOT_BETWEEN, out);
}

/* ---- what cannot be run ---- */

static const char *check_invalid(struct fh_promise_build *build,
                                 const struct fh_contract_quality *rule)
{
    const struct fh_doc_node *valid = fh_doc_get(rule->arguments, "validValues");
    const struct fh_doc_node *pattern = fh_doc_get(rule->arguments, "pattern");
    if (pattern != NULL && pattern->kind == FH_DOC_SCALAR) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf form;
        struct fh_err err;
        fh_buf_init(&form, FH_CONTRACT_BYTES_MAX);
        return fh_pattern_re2(&form, pattern->text, &err) == FH_OK
                   ? NULL
                   : fh_promise_text(build, "%s", err.text);
    }
    if (valid == NULL || valid->kind != FH_DOC_LIST || valid->count == 0) {
        return "arguments name neither validValues nor a pattern";
    }
    return NULL;
}

static const char *check_duplicates(const struct fh_promise_build *build,
                                    const struct fh_promise_place *place,
                                    const struct fh_contract_quality *rule)
{
    const struct fh_doc_node *list = fh_doc_get(rule->arguments, "properties");
    if (place->of != NULL) {
        return place->in_list ? "duplicates inside the items of an array are not looked at" : NULL;
    }
    if (list == NULL || list->kind != FH_DOC_LIST || list->count == 0) {
        return "arguments name no properties";
    }
    const struct fh_contract_table *table = &build->contract->tables.items[place->table];
    for (const struct fh_doc_node *name = list->first; name != NULL; name = name->next) {
        if (fh_contract_column(table, name->text) == NULL) {
            return "arguments name a property that the table has not";
        }
    }
    return NULL;
}

static const char *cannot_run(struct fh_promise_build *build,
                              const struct fh_promise_place *place,
                              const struct fh_promise *promise)
{
    const struct fh_contract_quality *rule = promise->quality;
    bool of_column = place->of != NULL;
    switch ((unsigned)promise->kind) {
    case FH_PROMISE_TEXT:
        return "a rule in words is for people";
    case FH_PROMISE_CUSTOM:
        return fh_promise_text(build,
                               "a rule of the engine \"%.40s\" is not run here",
                               rule->engine == NULL ? "" : rule->engine);
    case FH_PROMISE_LIBRARY:
        return fh_promise_text(build, "the metric \"%.40s\" is not known", promise->rule);
    case FH_PROMISE_INVALID_VALUES:
        return of_column ? check_invalid(build, rule) : "the metric is one of a column";
    case FH_PROMISE_NULL_VALUES:
    case FH_PROMISE_MISSING_VALUES:
        return of_column ? NULL : "the metric is one of a column";
    case FH_PROMISE_DUPLICATE_VALUES:
        return check_duplicates(build, place, rule);
    case FH_PROMISE_ROW_COUNT:
        return promise->unit == FH_PROMISE_PERCENT ? "a number of rows is no percentage" : NULL;
    case FH_PROMISE_SQL:
        if (rule->query == NULL || rule->query[0] == '\0') {
            return "the rule has no query";
        }
        return NULL;
    default:
        return NULL;
    }
}

/* ---- all of it ---- */

static void read_unit(struct fh_promise *promise, const char *unit)
{
    bool percent = unit != NULL && (strcasecmp(unit, "percent") == 0 || strcmp(unit, "%") == 0);
    if (promise->kind == FH_PROMISE_SQL) {
        promise->unit = FH_PROMISE_VALUE; /* the query gives what is compared */
    } else if (percent) {
        promise->unit = FH_PROMISE_PERCENT;
    } else if (promise->kind == FH_PROMISE_ROW_COUNT) {
        promise->unit = FH_PROMISE_VALUE;
    }
}

static void add_rule(struct fh_promise_build *build,
                     const struct fh_promise_place *place,
                     const struct fh_contract_quality *rule,
                     size_t index)
{
    const char *metric;
    char position[24];
    snprintf(position, sizeof position, "%zu", index);
    enum fh_promise_kind kind = kind_of(rule, &metric);
    struct fh_promise *promise = fh_promise_add(
        build,
        kind,
        place,
        fh_promise_text(build, "quality.%s", rule->id != NULL ? rule->id : position));
    if (promise == NULL) {
        return;
    }
    promise->quality = rule;
    promise->name = rule->name != NULL ? rule->name : "";
    promise->rule = metric[0] != '\0' ? metric : promise->rule;
    promise->severity = is_soft(rule->severity) ? FH_PROMISE_WARNING : FH_PROMISE_ERROR;
    promise->dimension = rule->dimension != NULL ? rule->dimension : promise->dimension;
    read_unit(promise, rule->unit);
    bool compares = kind != FH_PROMISE_TEXT && kind != FH_PROMISE_CUSTOM;
    bool bound = compares && read_bound(build, rule, &promise->bound);
    promise->promised = bound ? fh_promise_bound_text(build, &promise->bound, promise->unit) : "";
    if (promise->not_run == NULL) {
        promise->not_run = cannot_run(build, place, promise);
    }
    if (promise->not_run == NULL && compares && !bound) {
        promise->not_run = "the rule has no operator with a number to compare with";
    }
}

void fh_promise_quality(struct fh_promise_build *build,
                        const struct fh_promise_place *place,
                        const struct fh_contract_quality *rules,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_rule(build, place, &rules[i], i);
    }
}
