/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/words.h"

#include "common/compiler.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void fh_words_value(struct fh_buf *out, const struct fh_doc_node *value)
{
    char normal[FH_DECIMAL_BYTES];
    enum fh_doc_type type = fh_doc_type(value);
    if (type == FH_DOC_TYPE_LIST || type == FH_DOC_TYPE_MAP) {
        for (const struct fh_doc_node *child = value->first; child != NULL; child = child->next) {
            fh_buf_add_cstr(out, child == value->first ? "" : ", ");
            if (child->key != NULL) {
                fh_buf_printf(out, "%s: ", child->key);
            }
            fh_words_value(out, child);
        }
    } else if (type == FH_DOC_TYPE_NULL) {
        fh_buf_add_cstr(out, "null");
    } else if (type == FH_DOC_TYPE_NUMBER && fh_decimal_normalise(normal, value->text)) {
        fh_buf_add_cstr(out, normal);
    } else {
        fh_buf_add_cstr(out, value->text);
    }
}

/* --- types --- */

static const struct {
    const char *type;
    const char *one;
    const char *many;
} types[] = {
    {"string", "text", "texts"},
    {"integer", "whole number", "whole numbers"},
    {"number", "number", "numbers"},
    {"boolean", "yes or no", "yes or no"},
    {"date", "date", "dates"},
    {"time", "time of day", "times of day"},
    {"timestamp", "date and time", "dates and times"},
    {"object", "record", "records"},
    {"array", "list", "lists"},
    {"map", "map", "maps"},
};

static const char *type_word(const struct fh_contract_column *column, bool many)
{
    for (size_t i = 0; column->logical_type != NULL && i < FH_COUNT(types); i++) {
        if (strcmp(types[i].type, column->logical_type) == 0) {
            return many ? types[i].many : types[i].one;
        }
    }
    return column->physical_type != NULL ? column->physical_type : "any type";
}

static void add_size(struct fh_buf *out,
                     const struct fh_contract_int *low,
                     const struct fh_contract_int *high,
                     const char *what)
{
    if (low->is_set && high->is_set && low->value == high->value) {
        fh_buf_printf(out, ", exactly %lld %s", (long long)low->value, what);
    } else if (low->is_set && high->is_set) {
        fh_buf_printf(
            out, ", %lld to %lld %s", (long long)low->value, (long long)high->value, what);
    } else if (high->is_set) {
        fh_buf_printf(out, ", at most %lld %s", (long long)high->value, what);
    } else if (low->is_set && low->value > 0) {
        fh_buf_printf(out, ", at least %lld %s", (long long)low->value, what);
    }
}

/* In 3.0 an exclusive bound is a flag of the other one. */
static bool is_set_flag(const struct fh_doc_node *node)
{
    bool flag = false;
    return node != NULL && fh_doc_bool(node, &flag) && flag;
}

static bool is_bound(const struct fh_doc_node *node)
{
    return node != NULL && fh_doc_type(node) != FH_DOC_TYPE_BOOL;
}

static void add_bound(struct fh_buf *out, const char *word, const struct fh_doc_node *value)
{
    fh_buf_printf(out, ", %s ", word);
    fh_words_value(out, value);
}

/* "from 1 to 5" where both ends belong to it, else one end at a time. */
static void add_bounds(struct fh_buf *out, const struct fh_contract_options *options)
{
    bool has_low = is_bound(options->minimum) && !is_set_flag(options->exclusive_minimum);
    bool has_high = is_bound(options->maximum) && !is_set_flag(options->exclusive_maximum);
    bool is_range = has_low && has_high;
    if (is_bound(options->minimum)) {
        add_bound(out, is_range ? "from" : has_low ? "at least" : "more than", options->minimum);
    }
    if (is_bound(options->exclusive_minimum)) {
        add_bound(out, "more than", options->exclusive_minimum);
    }
    if (is_range) {
        fh_buf_add_cstr(out, " to ");
        fh_words_value(out, options->maximum);
    } else if (is_bound(options->maximum)) {
        add_bound(out, has_high ? "at most" : "less than", options->maximum);
    }
    if (is_bound(options->exclusive_maximum)) {
        add_bound(out, "less than", options->exclusive_maximum);
    }
    if (options->multiple_of != NULL) {
        fh_buf_printf(out, ", a multiple of %s", options->multiple_of);
    }
}

/* The width of a number is for machines. */
static bool is_width(const char *format)
{
    return strchr("iuf", format[0]) != NULL && format[1] != '\0' &&
           strspn(format + 1, "0123456789") == strlen(format + 1);
}

static void add_options(struct fh_buf *out, const struct fh_contract_options *options)
{
    add_size(out, &options->min_length, &options->max_length, "characters");
    add_size(out, &options->min_items, &options->max_items, "entries");
    add_bounds(out, options);
    if (options->unique_items == FH_CONTRACT_TRUE) {
        fh_buf_add_cstr(out, ", no entry twice");
    }
    if (options->format != NULL && !is_width(options->format)) {
        fh_buf_printf(out, ", format %s", options->format);
    }
    if (options->pattern != NULL) {
        fh_buf_printf(out, ", pattern %s", options->pattern);
    }
    if (options->timezone == FH_CONTRACT_TRUE) {
        fh_buf_add_cstr(out, ", with time zone");
    }
}

void fh_words_type(struct fh_buf *out, const struct fh_contract_column *column)
{
    fh_buf_add_cstr(out, type_word(column, false));
    if (column->items != NULL) {
        fh_buf_printf(out, " of %s", type_word(column->items, true));
    } else if (column->map != NULL && column->map->key != NULL && column->map->value != NULL) {
        fh_buf_printf(out,
                      " from %s to %s",
                      type_word(column->map->key, true),
                      type_word(column->map->value, true));
    }
    if (column->options != NULL) {
        add_options(out, column->options);
    }
}

/* --- quality --- */

/* A whole number of five digits and more in groups of three: 1,000,000. */
static void add_grouped(struct fh_buf *out, const char *number)
{
    size_t size = strlen(number);
    if (size < 5 || strspn(number, "0123456789") != size) {
        fh_buf_add_cstr(out, number);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        fh_buf_add_cstr(out, i > 0 && (size - i) % 3 == 0 ? "," : "");
        fh_buf_add_u8(out, (uint8_t)number[i]);
    }
}

static void add_operand(struct fh_buf *out, const struct fh_doc_node *value)
{
    char normal[FH_DECIMAL_BYTES];
    if (fh_doc_type(value) == FH_DOC_TYPE_NUMBER && fh_decimal_normalise(normal, value->text)) {
        add_grouped(out, normal);
    } else {
        fh_words_value(out, value);
    }
}

static void add_between(struct fh_buf *out, const struct fh_doc_node *pair)
{
    const struct fh_doc_node *first = pair->first;
    if (first != NULL && first->next != NULL) {
        add_operand(out, first);
        fh_buf_add_cstr(out, " and ");
        add_operand(out, first->next);
    }
}

/* "at most 5"; nothing when the rule compares nothing. */
static void add_comparison(struct fh_buf *out, const struct fh_contract_quality *rule)
{
    if (rule->must_be != NULL) {
        fh_buf_add_cstr(out, "exactly ");
        add_operand(out, rule->must_be);
    } else if (rule->must_not_be != NULL) {
        fh_buf_add_cstr(out, "anything but ");
        add_operand(out, rule->must_not_be);
    } else if (rule->must_be_greater_than != NULL) {
        fh_buf_add_cstr(out, "more than ");
        add_grouped(out, rule->must_be_greater_than);
    } else if (rule->must_be_greater_or_equal_to != NULL) {
        fh_buf_add_cstr(out, "at least ");
        add_grouped(out, rule->must_be_greater_or_equal_to);
    } else if (rule->must_be_less_than != NULL) {
        fh_buf_add_cstr(out, "less than ");
        add_grouped(out, rule->must_be_less_than);
    } else if (rule->must_be_less_or_equal_to != NULL) {
        fh_buf_add_cstr(out, "at most ");
        add_grouped(out, rule->must_be_less_or_equal_to);
    } else if (rule->must_be_between != NULL) {
        fh_buf_add_cstr(out, "between ");
        add_between(out, rule->must_be_between);
    } else if (rule->must_not_be_between != NULL) {
        fh_buf_add_cstr(out, "not between ");
        add_between(out, rule->must_not_be_between);
    }
}

static bool allows_none(const struct fh_contract_quality *rule)
{
    const char *most = rule->must_be_less_or_equal_to;
    return (rule->must_be != NULL && strcmp(rule->must_be->text, "0") == 0) ||
           (most != NULL && strcmp(most, "0") == 0);
}

/* "at most 5 % of the rows " or "at most 5 rows ". */
static void add_share(struct fh_buf *out, const struct fh_contract_quality *rule)
{
    bool is_percent = rule->unit != NULL && strcasecmp(rule->unit, "percent") == 0;
    add_comparison(out, rule);
    fh_buf_add_cstr(out, is_percent ? " % of the rows " : " rows ");
}

static void add_valid(struct fh_buf *out, const struct fh_contract_quality *rule)
{
    const struct fh_doc_node *values = fh_doc_get(rule->arguments, "validValues");
    const struct fh_doc_node *pattern = fh_doc_get(rule->arguments, "pattern");
    if (values != NULL) {
        fh_words_value(out, values);
    } else if (pattern != NULL) {
        fh_buf_printf(out, "values of the pattern %s", pattern->text);
    } else {
        fh_buf_add_cstr(out, "valid values");
    }
}

static void add_library(struct fh_buf *out, const struct fh_contract_quality *rule)
{
    const char *metric = rule->metric != NULL ? rule->metric : rule->rule;
    const struct fh_doc_node *missing = fh_doc_get(rule->arguments, "missingValues");
    const struct fh_doc_node *columns = fh_doc_get(rule->arguments, "properties");
    bool none = allows_none(rule);
    if (metric != NULL && strcmp(metric, "nullValues") == 0) {
        fh_buf_add_cstr(out, none ? "every row has a value" : "");
        if (!none) {
            add_share(out, rule);
            fh_buf_add_cstr(out, "have no value");
        }
    } else if (metric != NULL && strcmp(metric, "missingValues") == 0) {
        fh_buf_add_cstr(out, none ? "no row holds a stand-in for a missing value" : "");
        if (!none) {
            add_share(out, rule);
            fh_buf_add_cstr(out, "hold a stand-in for a missing value");
        }
        if (missing != NULL) {
            fh_buf_add_cstr(out, " (");
            fh_words_value(out, missing);
            fh_buf_add_cstr(out, ")");
        }
    } else if (metric != NULL && strcmp(metric, "invalidValues") == 0) {
        fh_buf_add_cstr(out, none ? "only " : "");
        if (!none) {
            add_share(out, rule);
            fh_buf_add_cstr(out, "hold anything but ");
        }
        add_valid(out, rule);
    } else if (metric != NULL && strcmp(metric, "duplicateValues") == 0) {
        fh_buf_add_cstr(out, none ? "no " : "");
        if (!none) {
            add_share(out, rule);
            fh_buf_add_cstr(out, "repeat a ");
        }
        fh_buf_add_cstr(out, columns == NULL ? "value" : "combination of ");
        if (columns != NULL) {
            fh_words_value(out, columns);
        }
        fh_buf_add_cstr(out, none ? " occurs twice" : "");
    } else if (metric != NULL && strcmp(metric, "rowCount") == 0) {
        fh_buf_add_cstr(out, "the table has ");
        add_comparison(out, rule);
        fh_buf_add_cstr(out, " rows");
    } else {
        fh_buf_printf(out, "%s is ", metric == NULL ? "a measure" : metric);
        add_comparison(out, rule);
    }
}

void fh_words_quality(struct fh_buf *out, const struct fh_contract_quality *quality)
{
    const char *type = quality->type == NULL ? "library" : quality->type;
    if (strcmp(type, "sql") == 0) {
        fh_buf_add_cstr(out, "a query gives ");
        add_comparison(out, quality);
    } else if (strcmp(type, "custom") == 0) {
        fh_buf_printf(
            out, "checked by %s", quality->engine == NULL ? "another tool" : quality->engine);
    } else if (strcmp(type, "library") == 0 && (quality->metric != NULL || quality->rule != NULL)) {
        add_library(out, quality);
    } else {
        fh_buf_add_cstr(out,
                        quality->description != NULL ? quality->description
                        : quality->name != NULL      ? quality->name
                                                     : "a promise in words alone");
    }
}

/* --- service levels --- */

static const struct {
    const char *name;
    const char *synonym;
    const char *sentence; /* %V the value with its unit */
} levels[] = {
    {"latency", "ly", "data is at most %V old"},
    {"freshness", "", "data is at most %V old"},
    {"frequency", "fy", "updated every %V"},
    {"retention", "re", "kept for %V"},
    {"availability", "av", "available %V of the time"},
    {"throughput", "th", "throughput of %V"},
    {"errorRate", "er", "at most %V of the requests fail"},
    {"generalAvailability", "ga", "available since %V"},
    {"endOfSupport", "es", "supported until %V"},
    {"endOfLife", "el", "ends on %V"},
    {"timeToDetect", "td", "problems are noticed within %V"},
    {"timeToNotify", "tn", "you are told of problems within %V"},
    {"timeToRepair", "tr", "problems are repaired within %V"},
};

static const char *unit_word(const char *unit, bool is_one)
{
    static const struct {
        const char *names[4];
        const char *one;
        const char *many;
    } units[] = {
        {{"s", "sec", "second", "seconds"}, "second", "seconds"},
        {{"min", "mins", "minute", "minutes"}, "minute", "minutes"},
        {{"h", "hr", "hour", "hours"}, "hour", "hours"},
        {{"d", "day", "days", "dy"}, "day", "days"},
        {{"w", "wk", "week", "weeks"}, "week", "weeks"},
        {{"mo", "mon", "month", "months"}, "month", "months"},
        {{"y", "yr", "year", "years"}, "year", "years"},
        {{"%", "percent", "pct", "percentage"}, "%", "%"},
    };
    for (size_t i = 0; i < FH_COUNT(units); i++) {
        for (size_t k = 0; k < FH_COUNT(units[i].names); k++) {
            if (strcasecmp(units[i].names[k], unit) == 0) {
                return is_one ? units[i].one : units[i].many;
            }
        }
    }
    return unit;
}

/* Whether the text starts as 2026-01-31T does. */
static bool is_moment(const char *text)
{
    return strlen(text) > 10 && strspn(text, "0123456789") == 4 && text[4] == '-' &&
           text[7] == '-' && text[10] == 'T';
}

static void add_amount(struct fh_buf *out, const struct fh_contract_sla *sla)
{
    bool is_range = sla->value != NULL && sla->value_ext != NULL &&
                    strcmp(sla->value->text, sla->value_ext->text) != 0;
    bool is_one = sla->value != NULL && !is_range && strcmp(sla->value->text, "1") == 0;
    if (sla->value != NULL && is_moment(sla->value->text)) {
        fh_buf_printf(out, "%.10s", sla->value->text); /* the day is what people plan by */
    } else if (sla->value != NULL) {
        fh_words_value(out, sla->value);
    }
    if (is_range) {
        fh_buf_add_cstr(out, " to ");
        fh_words_value(out, sla->value_ext);
    }
    if (sla->unit != NULL) {
        fh_buf_printf(out, " %s", unit_word(sla->unit, is_one));
    }
}

void fh_words_sla(struct fh_buf *out, const struct fh_contract_sla *sla)
{
    const char *sentence = NULL;
    for (size_t i = 0; sla->property != NULL && i < FH_COUNT(levels); i++) {
        if (strcasecmp(levels[i].name, sla->property) == 0 ||
            strcasecmp(levels[i].synonym, sla->property) == 0) {
            sentence = levels[i].sentence;
        }
    }
    if (sentence == NULL) {
        fh_buf_printf(out, "%s: ", sla->property == NULL ? "level" : sla->property);
        add_amount(out, sla);
        return;
    }
    const char *mark = strstr(sentence, "%V");
    fh_buf_add(out, sentence, (size_t)(mark - sentence));
    add_amount(out, sla);
    fh_buf_add_cstr(out, mark + 2);
}
