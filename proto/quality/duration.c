/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/quality/duration.h"

#include "common/assert.h"
#include "common/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    MONTHS_MAX = 120000, /* 10,000 years */
    FRACTION_DIGITS = 6, /* more are cut: they are far below a millisecond of any unit but years */
};

static const int64_t ms_max = (int64_t)3660000 * 86400000;

/* Exactly one of months and ms is set. */
static const struct unit {
    const char *name;
    int64_t months;
    int64_t ms;
} units[] = {
    {"ms", 0, 1},          {"s", 0, 1000},       {"sec", 0, 1000},       {"second", 0, 1000},
    {"seconds", 0, 1000},  {"m", 0, 60000},      {"min", 0, 60000},      {"minute", 0, 60000},
    {"minutes", 0, 60000}, {"h", 0, 3600000},    {"hr", 0, 3600000},     {"hour", 0, 3600000},
    {"hours", 0, 3600000}, {"d", 0, 86400000},   {"day", 0, 86400000},   {"days", 0, 86400000},
    {"w", 0, 604800000},   {"wk", 0, 604800000}, {"week", 0, 604800000}, {"weeks", 0, 604800000},
    {"mo", 1, 0},          {"month", 1, 0},      {"months", 1, 0},       {"y", 12, 0},
    {"yr", 12, 0},         {"year", 12, 0},      {"years", 12, 0},
};

static int refuse(const char *text, struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "duration.form",
                       "\"%.40s\" is no length of time; write 7 with unit d, or P1Y6M, PT36H",
                       text);
}

static const struct unit *find_unit(const char *name, size_t size)
{
    for (size_t i = 0; i < FH_COUNT(units); i++) {
        if (strlen(units[i].name) == size && strncasecmp(units[i].name, name, size) == 0) {
            return &units[i];
        }
    }
    return NULL;
}

/* A decimal number without sign: whole part and millionths. False when there is none. */
static bool read_number(const char **at, int64_t *out_whole, int64_t *out_millionths)
{
    const char *p = *at;
    int64_t whole = 0;
    int64_t millionths = 0;
    if (*p < '0' || *p > '9') {
        return false;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        whole = whole * 10 + (*p - '0');
        if (whole > ms_max) {
            return false;
        }
    }
    if (*p == '.' || *p == ',') {
        int64_t place = 100000;
        p++;
        if (*p < '0' || *p > '9') {
            return false;
        }
        for (; *p >= '0' && *p <= '9'; p++, place /= 10) {
            millionths += (*p - '0') * place;
        }
    }
    *at = p;
    *out_whole = whole;
    *out_millionths = millionths;
    return true;
}

/* Adds `whole.millionths` units; false when it leaves the range or splits a month. */
static bool add(struct fh_duration *to, const struct unit *unit, int64_t whole, int64_t millionths)
{
    if (unit->months > 0) {
        int64_t parts = millionths * unit->months;
        if (parts % 1000000 != 0 || whole > MONTHS_MAX / unit->months) {
            return false;
        }
        to->months += whole * unit->months + parts / 1000000;
    } else {
        if (whole > ms_max / unit->ms) {
            return false;
        }
        to->ms += whole * unit->ms + millionths * unit->ms / 1000000;
    }
    return to->months <= MONTHS_MAX && to->ms <= ms_max;
}

/* P, then years, months, weeks, days, then T and hours, minutes, seconds: in this order, at least
 * one; a fraction in the last only. */
static bool read_iso(struct fh_duration *out, const char *text)
{
    static const struct {
        char letter;
        bool is_time;
        const char *unit;
    } parts[] = {
        {'Y', false, "y"},
        {'M', false, "mo"},
        {'W', false, "w"},
        {'D', false, "d"},
        {'H', true, "h"},
        {'M', true, "m"},
        {'S', true, "s"},
    };
    struct fh_duration read = {0};
    const char *at = text + 1;
    size_t next = 0;
    bool is_time = false;
    bool fraction = false;
    bool any = false;
    while (*at != '\0') {
        if (*at == 'T' && !is_time) {
            is_time = true;
            any = false;
            at++;
            continue;
        }
        int64_t whole;
        int64_t millionths;
        if (fraction || !read_number(&at, &whole, &millionths)) {
            return false;
        }
        while (next < FH_COUNT(parts) &&
               (parts[next].letter != *at || parts[next].is_time != is_time)) {
            next++;
        }
        if (next == FH_COUNT(parts) ||
            !add(&read, find_unit(parts[next].unit, strlen(parts[next].unit)), whole, millionths)) {
            return false;
        }
        fraction = millionths != 0;
        any = true;
        next++;
        at++;
    }
    *out = read;
    return any;
}

int fh_duration_parse(struct fh_duration *out,
                      const char *text,
                      const char *unit,
                      struct fh_err *err)
{
    const char *at = text + strspn(text, " ");
    struct fh_duration read = {0};
    if (*at == 'P') {
        if (!read_iso(&read, at)) {
            return refuse(text, err);
        }
        *out = read;
        return FH_OK;
    }
    int64_t whole;
    int64_t millionths;
    if (!read_number(&at, &whole, &millionths)) {
        return refuse(text, err);
    }
    at += strspn(at, " ");
    bool own = *at != '\0';
    const char *name = own ? at : unit == NULL ? "" : unit;
    if (name[0] == '\0' || (own && unit != NULL && unit[0] != '\0')) {
        return refuse(text, err);
    }
    const struct unit *found = find_unit(name, strcspn(name, " "));
    if (found == NULL || name[strcspn(name, " ")] != '\0') {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "duration.unit",
                           "\"%.40s\" is no unit of time; it is one of s, min, h, d, w, months, y",
                           name);
    }
    if (!add(&read, found, whole, millionths)) {
        return refuse(text, err);
    }
    *out = read;
    return FH_OK;
}

/* ---- the calendar ---- */

int64_t fh_duration_before(int64_t at_ms, struct fh_duration duration)
{
    if (duration.months == 0) {
        return at_ms - duration.ms;
    }
    char text[FH_TIME_TEXT_BYTES];
    int year = 0;
    int month = 0;
    int day = 0;
    int64_t midnight = 0;
    int64_t moved = 0;
    fh_time_text(text, at_ms);
    text[10] = '\0';
    if (sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3 || !fh_time_parse(text, &midnight)) {
        return INT64_MIN; /* no date of the calendar */
    }
    int64_t months = (int64_t)year * 12 + month - 1 - duration.months;
    if (months < 12) {
        return INT64_MIN; /* before year 1: nothing is older */
    }
    /* The day of the month, or the last one when the month is shorter. */
    do {
        snprintf(
            text, sizeof text, "%04d-%02d-%02d", (int)(months / 12), (int)(months % 12) + 1, day);
    } while (!fh_time_parse(text, &moved) && day-- > 28);
    return moved + (at_ms - midnight) - duration.ms;
}

/* ---- text ---- */

static size_t put(char *out, size_t at, int64_t value, char letter)
{
    if (value != 0) {
        at +=
            (size_t)snprintf(out + at, FH_DURATION_TEXT_BYTES - at, "%" PRId64 "%c", value, letter);
    }
    FH_ASSERT(at < FH_DURATION_TEXT_BYTES);
    return at;
}

void fh_duration_text(char out[FH_DURATION_TEXT_BYTES], struct fh_duration duration)
{
    int64_t ms = duration.ms < 0 ? 0 : duration.ms;
    int64_t days = ms / 86400000;
    ms -= days * 86400000;
    size_t at = (size_t)snprintf(out, FH_DURATION_TEXT_BYTES, "P");
    at = put(out, at, duration.months / 12, 'Y');
    at = put(out, at, duration.months % 12, 'M');
    at = put(out, at, days, 'D');
    if (ms != 0 || at == 1) {
        out[at++] = 'T';
        at = put(out, at, ms / 3600000, 'H');
        at = put(out, at, ms / 60000 % 60, 'M');
        if (ms % 1000 != 0) {
            snprintf(out + at,
                     FH_DURATION_TEXT_BYTES - at,
                     "%" PRId64 ".%03" PRId64 "S",
                     ms / 1000 % 60,
                     ms % 1000);
        } else if (ms == 0 || ms / 1000 % 60 != 0) {
            snprintf(out + at, FH_DURATION_TEXT_BYTES - at, "%" PRId64 "S", ms / 1000 % 60);
        } else {
            out[at] = '\0';
        }
    }
}
