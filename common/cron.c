/* SPDX-License-Identifier: Apache-2.0 */
#include "common/cron.h"

#include "common/time.h"

#include <stddef.h>
#include <string.h>

enum {
    MINUTE_MS = 60 * 1000,
    DAY_MS = 24 * 60 * MINUTE_MS,
    DAYS_AHEAD = 8 * 366 + 1, /* between two 29ths of February around a year like 1900 */
    NAME_LETTERS = 3,
    VALUE_MAX = 9999, /* of a step: more than any field has */
};

static const char *const month_names[] = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

struct field {
    const char *what; /* for people */
    unsigned least, most;
    const char *const *names; /* of `least` and what follows, or NULL */
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELD_COUNT };

static const struct field fields[FIELD_COUNT] = {
    [MINUTE] = {"minute", 0, 59, NULL},
    [HOUR] = {"hour", 0, 23, NULL},
    [DAY] = {"day of the month", 1, 31, NULL},
    [MONTH] = {"month", 1, 12, month_names},
    [WEEKDAY] = {"day of the week", 0, 7, weekday_names},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_name(const char *at, const char *name)
{
    for (int i = 0; i < NAME_LETTERS; i++) {
        if (lower(at[i]) != name[i]) {
            return false; /* also at the end of the text */
        }
    }
    return true;
}

static bool read_number(const char **at, unsigned *out)
{
    unsigned value = 0;
    const char *p = *at;
    for (; *p >= '0' && *p <= '9' && value <= VALUE_MAX; p++) {
        value = value * 10 + (unsigned)(*p - '0');
    }
    bool good = p != *at && value <= VALUE_MAX;
    *at = p;
    *out = value;
    return good;
}

static bool read_value(const char **at, const struct field *field, unsigned *out)
{
    for (unsigned i = 0; field->names != NULL && field->names[i] != NULL; i++) {
        if (is_name(*at, field->names[i])) {
            *at += NAME_LETTERS;
            *out = field->least + i;
            return true;
        }
    }
    return read_number(at, out) && *out >= field->least && *out <= field->most;
}

/* One part of a list: a star, a value or a range, each with a step if it is no single value. */
static bool read_part(const char **at, const struct field *field, uint64_t *bits)
{
    unsigned first = field->least;
    unsigned last = field->most;
    unsigned step = 1;
    bool single = false;
    if (**at == '*') {
        (*at)++;
    } else {
        if (!read_value(at, field, &first)) {
            return false;
        }
        last = first;
        single = **at != '-';
        if (!single) {
            (*at)++;
            if (!read_value(at, field, &last) || last < first) {
                return false;
            }
        }
    }
    if (**at == '/') {
        (*at)++;
        if (single || !read_number(at, &step) || step == 0) {
            return false;
        }
    }
    for (unsigned value = first; value <= last; value += step) {
        *bits |= UINT64_C(1) << value;
    }
    return true;
}

static bool read_field(const char **at, const struct field *field, uint64_t *bits)
{
    *bits = 0;
    do {
        if (!read_part(at, field, bits)) {
            return false;
        }
    } while (**at == ',' && (*at)++ != NULL);
    return **at == '\0' || is_space(**at);
}

/* Whether some month that fits has a day that fits. */
static bool has_day(const struct fh_cron *cron)
{
    static const unsigned char month_days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!cron->any_weekday) {
        return true;
    }
    for (unsigned month = 1; month <= 12; month++) {
        uint32_t possible = (uint32_t)((UINT64_C(1) << (month_days[month] + 1)) - 1);
        if ((cron->months >> month & 1) != 0 && (cron->days & possible) != 0) {
            return true;
        }
    }
    return false;
}

static int bad_field(unsigned index, struct fh_err *err)
{
    const struct field *field = &fields[index];
    return fh_err_rule(err,
                       FH_EINVAL,
                       "cron.form",
                       "the %s of a schedule is a list of values or ranges from %u to %u%s, as in "
                       "5, 1-5 or */2",
                       field->what,
                       field->least,
                       field->most,
                       field->names == NULL ? "" : " or English names");
}

int fh_cron_parse(struct fh_cron *out, const char *text, struct fh_err *err)
{
    uint64_t bits[FIELD_COUNT];
    bool any[FIELD_COUNT];
    const char *at = text;
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        while (is_space(*at)) {
            at++;
        }
        if (*at == '\0') {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "cron.form",
                               "a schedule has five fields (minute, hour, day, month, weekday), as "
                               "in 30 6 * * 1-5; the %s is missing",
                               fields[i].what);
        }
        any[i] = *at == '*';
        if (!read_field(&at, &fields[i], &bits[i])) {
            return bad_field(i, err);
        }
    }
    while (is_space(*at)) {
        at++;
    }
    if (*at != '\0') {
        return fh_err_rule(err, FH_EINVAL, "cron.form", "a schedule has five fields, not more");
    }
    struct fh_cron read = {
        .minutes = bits[MINUTE],
        .hours = (uint32_t)bits[HOUR],
        .days = (uint32_t)bits[DAY],
        .months = (uint32_t)bits[MONTH],
        .weekdays = (uint32_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f),
        .any_day = any[DAY],
        .any_weekday = any[WEEKDAY],
    };
    if (!has_day(&read)) {
        return fh_err_rule(err, FH_EINVAL, "cron.form", "no month of this schedule has such a day");
    }
    *out = read;
    return FH_OK;
}

/* ---- when ---- */

static bool fits_day(const struct fh_cron *cron, int64_t day)
{
    char text[FH_TIME_TEXT_BYTES]; /* "2026-11-22T..." */
    fh_time_text(text, day * DAY_MS);
    if (text[4] != '-') {
        return false; /* beyond the calendar */
    }
    unsigned month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
    unsigned date = (unsigned)(text[8] - '0') * 10 + (unsigned)(text[9] - '0');
    unsigned weekday = (unsigned)((day + 4) % 7); /* 1970-01-01 was a Thursday */
    bool date_fits = (cron->days >> date & 1) != 0;
    bool weekday_fits = (cron->weekdays >> weekday & 1) != 0;
    bool either = !cron->any_day && !cron->any_weekday;
    return (cron->months >> month & 1) != 0 &&
           (either ? date_fits || weekday_fits : date_fits && weekday_fits);
}

/* The first minute of the day from `from` on that fits; -1 when there is none. */
static int first_minute(const struct fh_cron *cron, int from)
{
    for (int minute = from; minute < 24 * 60; minute++) {
        if ((cron->hours >> (minute / 60) & 1) == 0) {
            minute += 59 - minute % 60;
        } else if ((cron->minutes >> (minute % 60) & 1) != 0) {
            return minute;
        }
    }
    return -1;
}

int64_t fh_cron_next(const struct fh_cron *cron, int64_t after_ms)
{
    int64_t next = (after_ms < 0 ? 0 : after_ms / MINUTE_MS) + 1; /* minutes since 1970 */
    int64_t day = next / (24 * 60);
    int minute = (int)(next % (24 * 60));
    for (int i = 0; i < DAYS_AHEAD; i++, day++, minute = 0) {
        int found = fits_day(cron, day) ? first_minute(cron, minute) : -1;
        if (found >= 0) {
            return day * DAY_MS + (int64_t)found * MINUTE_MS;
        }
    }
    return 0;
}
