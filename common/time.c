/* SPDX-License-Identifier: Apache-2.0 */
#include "common/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t fh_clock_mono_ns(void)
{
    return read_clock_ns(CLOCK_MONOTONIC);
}

int64_t fh_clock_mono_ms(void)
{
    return read_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t fh_clock_wall_ms(void)
{
    return read_clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t fh_date_days(struct fh_date date)
{
    int64_t month = date.month;
    int64_t year = date.year - (month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct fh_date fh_date_of_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    return (struct fh_date){.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
                            .month = month,
                            .day = day_of_year - (153 * from_march + 2) / 5 + 1};
}

void fh_time_text(char out[FH_TIME_TEXT_BYTES], int64_t wall_ms)
{
    int64_t seconds = wall_ms / 1000 - (wall_ms % 1000 < 0);
    time_t t = (time_t)seconds;
    struct tm tm;
    if (seconds < -62135596800 || seconds > 253402300799 || gmtime_r(&t, &tm) == NULL) {
        memcpy(out, "out-of-range", 13);
        return;
    }
    char text[64];
    snprintf(text,
             sizeof text,
             "%04d-%02d-%02dT%02d:%02d:%02dZ",
             tm.tm_year + 1900,
             tm.tm_mon + 1,
             tm.tm_mday,
             tm.tm_hour,
             tm.tm_min,
             tm.tm_sec);
    memcpy(out, text, FH_TIME_TEXT_BYTES - 1);
    out[FH_TIME_TEXT_BYTES - 1] = '\0';
}

/* Reads `digits` decimal digits; -1 when one is missing. */
static int64_t read_digits(const char **at, int digits)
{
    int64_t value = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
    }
    *at += digits;
    return value;
}

static bool read_char(const char **at, char wanted)
{
    if (**at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

static bool read_date(const char **at, int64_t *out_days)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = read_digits(at, 4);
    if (year < 1 || !read_char(at, '-')) {
        return false;
    }
    int64_t month = read_digits(at, 2);
    if (month < 1 || month > 12 || !read_char(at, '-')) {
        return false;
    }
    int64_t day = read_digits(at, 2);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > month_days[month - 1] || (month == 2 && day == 29 && !leap)) {
        return false;
    }
    *out_days = fh_date_days((struct fh_date){year, month, day});
    return true;
}

static bool read_offset(const char **at, int64_t *out_seconds)
{
    if (read_char(at, 'Z')) {
        *out_seconds = 0;
        return true;
    }
    int sign = **at == '+' ? 1 : **at == '-' ? -1 : 0;
    if (sign == 0) {
        return false;
    }
    (*at)++;
    int64_t hours = read_digits(at, 2);
    if (hours < 0 || hours > 23 || !read_char(at, ':')) {
        return false;
    }
    int64_t minutes = read_digits(at, 2);
    if (minutes < 0 || minutes > 59) {
        return false;
    }
    *out_seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool fh_time_parse(const char *text, int64_t *out_wall_ms)
{
    const char *at = text;
    int64_t days;
    if (!read_date(&at, &days)) {
        return false;
    }
    if (*at == '\0') {
        *out_wall_ms = days * 86400000;
        return true;
    }
    if (!read_char(&at, 'T')) {
        return false;
    }
    int64_t hour = read_digits(&at, 2);
    if (hour < 0 || hour > 23 || !read_char(&at, ':')) {
        return false;
    }
    int64_t minute = read_digits(&at, 2);
    if (minute < 0 || minute > 59 || !read_char(&at, ':')) {
        return false;
    }
    int64_t second = read_digits(&at, 2);
    if (second < 0 || second > 60) {
        return false;
    }
    int64_t milliseconds = 0;
    if (read_char(&at, '.')) {
        int64_t scale = 100;
        if (*at < '0' || *at > '9') {
            return false;
        }
        for (; *at >= '0' && *at <= '9'; at++, scale /= 10) {
            milliseconds += (*at - '0') * scale;
        }
    }
    int64_t offset;
    if (!read_offset(&at, &offset) || *at != '\0') {
        return false;
    }
    *out_wall_ms =
        (days * 86400 + hour * 3600 + minute * 60 + second - offset) * 1000 + milliseconds;
    return true;
}
