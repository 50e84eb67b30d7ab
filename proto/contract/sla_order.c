/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/sla_order.h"

#include "common/assert.h"
#include "proto/contract/field_text.h"
#include "proto/contract/pairing.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A quantity is two numbers, because months and days are not multiples of one another. */
enum part { PART_TIME, PART_MONTHS, PART_COUNT };

enum {
    DIGITS_MAX = 18,                       /* of a number in a duration */
    PRODUCT_BYTES = FH_DECIMAL_BYTES + 24, /* a normal form times an unsigned 64-bit one */
    SECOND = 1,
    MINUTE = 60,
    HOUR = 3600,
    DAY = 24 * HOUR,
    WEEK = 7 * DAY,
};

struct quantity {
    char parts[PART_COUNT][PRODUCT_BYTES]; /* seconds, months; normal forms */
    const char *unit; /* of PART_TIME when it is no time, as in "%" or "rows"; "" for time */
};

static const struct {
    const char *names[5];
    enum part part;
    uint64_t factor;
} units[] = {
    {{"s", "sec", "second", "seconds"}, PART_TIME, SECOND},
    {{"min", "minute", "minutes"}, PART_TIME, MINUTE},
    {{"h", "hr", "hour", "hours"}, PART_TIME, HOUR},
    {{"d", "day", "days"}, PART_TIME, DAY},
    {{"w", "week", "weeks"}, PART_TIME, WEEK},
    {{"mo", "month", "months"}, PART_MONTHS, 1},
    {{"y", "yr", "year", "years"}, PART_MONTHS, 12},
};

/* More is better, less is better. The names are those of fh_sla_name. */
static const struct {
    const char *name;
    bool more_is_better;
} directions[] = {
    {"availability", true},
    {"endOfLife", true},
    {"endOfSupport", true},
    {"errorRate", false},
    {"freshness", false},
    {"frequency", false}, /* so much time between two updates */
    {"generalAvailability", false},
    {"latency", false},
    {"retention", true},
    {"throughput", true},
    {"timeToDetect", false},
    {"timeToNotify", false},
    {"timeToRepair", false},
};

/* text * factor, as a normal form; text is one of no sign. */
static void multiply(char out[PRODUCT_BYTES], const char *text, uint64_t factor)
{
    char digits[PRODUCT_BYTES];
    size_t size = 0;
    size_t scale = 0;
    bool seen_point = false;
    for (; *text != '\0'; text++) {
        seen_point = seen_point || *text == '.';
        if (*text != '.') {
            digits[size++] = *text;
            scale += seen_point;
        }
    }
    char product[PRODUCT_BYTES];
    size_t at = sizeof product;
    uint64_t carry = 0;
    for (size_t i = size; i > 0 || carry > 0 || sizeof product - at <= scale; i -= i > 0) {
        carry += (i > 0 ? (uint64_t)(digits[i - 1] - '0') : 0) * factor;
        FH_ASSERT(at > 0);
        product[--at] = (char)('0' + carry % 10);
        carry /= 10;
    }
    size_t wrote = 0;
    size_t whole = sizeof product - at - scale;
    for (size_t i = 0; i < sizeof product - at; i++) {
        if (i == whole) {
            out[wrote++] = '.';
        }
        bool leads = i + 1 < whole && wrote == 0 && product[at + i] == '0';
        if (!leads) {
            out[wrote++] = product[at + i];
        }
    }
    while (scale > 0 && out[wrote - 1] == '0') {
        wrote--;
    }
    wrote -= out[wrote - 1] == '.';
    out[wrote] = '\0';
}

/* --- reading --- */

static bool read_unit(const char *unit, enum part *out_part, uint64_t *out_factor)
{
    for (size_t i = 0; i < FH_COUNT(units); i++) {
        for (size_t j = 0; j < FH_COUNT(units[i].names) && units[i].names[j] != NULL; j++) {
            if (strcasecmp(units[i].names[j], unit) == 0) {
                *out_part = units[i].part;
                *out_factor = units[i].factor;
                return true;
            }
        }
    }
    return false;
}

/* A number and its unit. */
static bool read_number(const char *text, const char *unit, struct quantity *out)
{
    char normal[FH_DECIMAL_BYTES];
    enum part part = PART_TIME;
    uint64_t factor = 1;
    if (!fh_decimal_normalise(normal, text) || normal[0] == '-') {
        return false;
    }
    snprintf(out->parts[PART_TIME], PRODUCT_BYTES, "0");
    snprintf(out->parts[PART_MONTHS], PRODUCT_BYTES, "0");
    bool is_percent = strcasecmp(unit, "percent") == 0 || strcmp(unit, "%") == 0;
    out->unit = is_percent ? "%" : unit;
    if (read_unit(unit, &part, &factor)) {
        out->unit = "";
    }
    multiply(out->parts[part], normal, factor);
    return true;
}

/* "99.9 %", "4h": a number with its unit behind it. */
static bool read_worded(const char *text, const char *unit, struct quantity *out)
{
    char number[FH_DECIMAL_BYTES];
    size_t size = strspn(text, "0123456789.");
    const char *rest = text + size + strspn(text + size, " ");
    if (size == 0 || size >= sizeof number || (*rest != '\0' && *unit != '\0')) {
        return false;
    }
    memcpy(number, text, size);
    number[size] = '\0';
    return read_number(number, *rest != '\0' ? rest : unit, out);
}

/* The part of a letter behind 'P', or behind its 'T'. */
static bool duration_unit(char letter, bool in_time, enum part *out_part, uint64_t *out_factor)
{
    static const struct {
        char letter;
        bool in_time;
        enum part part;
        uint64_t factor;
    } letters[] = {
        {'Y', false, PART_MONTHS, 12},
        {'M', false, PART_MONTHS, 1},
        {'W', false, PART_TIME, WEEK},
        {'D', false, PART_TIME, DAY},
        {'H', true, PART_TIME, HOUR},
        {'M', true, PART_TIME, MINUTE},
        {'S', true, PART_TIME, SECOND},
    };
    for (size_t i = 0; i < FH_COUNT(letters); i++) {
        if (letters[i].letter == letter && letters[i].in_time == in_time) {
            *out_part = letters[i].part;
            *out_factor = letters[i].factor;
            return true;
        }
    }
    return false;
}

/* ISO 8601: "P1Y6M", "PT12H". Whole numbers that stay small. */
static bool read_duration(const char *text, struct quantity *out)
{
    uint64_t sums[PART_COUNT] = {0};
    bool in_time = false;
    size_t units_read = 0;
    if (*text++ != 'P') {
        return false;
    }
    while (*text != '\0') {
        uint64_t number = 0;
        enum part part;
        uint64_t factor;
        size_t digits = 0;
        if (*text == 'T' && !in_time) {
            in_time = true;
            text++;
        }
        for (; isdigit((unsigned char)*text) && digits < DIGITS_MAX / 2; text++, digits++) {
            number = number * 10 + (uint64_t)(*text - '0');
        }
        if (digits == 0 || units_read++ > FH_COUNT(units) ||
            !duration_unit(*text++, in_time, &part, &factor)) {
            return false;
        }
        sums[part] += number * factor;
    }
    out->unit = "";
    for (size_t i = 0; i < PART_COUNT; i++) {
        snprintf(out->parts[i], PRODUCT_BYTES, "%" PRIu64, sums[i]);
    }
    return units_read > 0;
}

static bool read_quantity(const struct fh_contract_sla *sla, struct quantity *out)
{
    const char *unit = sla->unit == NULL ? "" : sla->unit;
    enum fh_doc_type type = fh_doc_type(sla->value);
    if (type == FH_DOC_TYPE_NUMBER) {
        return read_number(sla->value->text, unit, out);
    }
    return type == FH_DOC_TYPE_STRING &&
           (read_worded(sla->value->text, unit, out) || read_duration(sla->value->text, out));
}

/* --- comparing --- */

static bool compare_quantities(const struct quantity *a, const struct quantity *b, int *out)
{
    if (strcasecmp(a->unit, b->unit) != 0) {
        return false;
    }
    int time = fh_decimal_compare(a->parts[PART_TIME], b->parts[PART_TIME]);
    int months = fh_decimal_compare(a->parts[PART_MONTHS], b->parts[PART_MONTHS]);
    *out = time != 0 ? time : months;
    return time == 0 || months == 0 || time == months;
}

static bool
compare(const struct fh_contract_sla *before, const struct fh_contract_sla *after, int *out)
{
    struct quantity old;
    struct quantity new;
    if (read_quantity(before, &old) && read_quantity(after, &new)) {
        return compare_quantities(&old, &new, out);
    }
    return fh_doc_type(before->value) == FH_DOC_TYPE_STRING &&
           fh_doc_type(after->value) == FH_DOC_TYPE_STRING &&
           fh_order_times(before->value->text, after->value->text, out);
}

static bool same_extension(const struct fh_contract_sla *before,
                           const struct fh_contract_sla *after)
{
    return before->value_ext == NULL || after->value_ext == NULL
               ? before->value_ext == after->value_ext
               : fh_value_equal(before->value_ext, after->value_ext);
}

static bool is_equal(const struct fh_contract_sla *before, const struct fh_contract_sla *after)
{
    const char *old = before->unit == NULL ? "" : before->unit;
    const char *new = after->unit == NULL ? "" : after->unit;
    return fh_value_equal(before->value, after->value) && strcmp(old, new) == 0;
}

enum fh_order fh_order_sla(const struct fh_contract_sla *before,
                           const struct fh_contract_sla *after)
{
    int order = 0;
    if (!same_extension(before, after)) {
        return FH_ORDER_OTHER;
    }
    if (is_equal(before, after)) {
        return FH_ORDER_SAME;
    }
    if (!compare(before, after, &order)) {
        return FH_ORDER_OTHER;
    }
    if (order == 0) {
        return FH_ORDER_SAME;
    }
    const char *name = fh_sla_name(after->property);
    for (size_t i = 0; i < FH_COUNT(directions); i++) {
        if (strcmp(directions[i].name, name) == 0) {
            return directions[i].more_is_better == (order < 0) ? FH_ORDER_TIGHTER : FH_ORDER_LOOSER;
        }
    }
    return FH_ORDER_OTHER;
}
