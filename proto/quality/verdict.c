/* SPDX-License-Identifier: Apache-2.0 */
/* From what was measured to an outcome. */
#include "common/assert.h"
#include "common/time.h"
#include "proto/quality/promise.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Digits of a percentage behind the point: beyond them no author writes a bound. */
enum { PERCENT_DIGITS = 12 };

void fh_promise_not_run(struct fh_promise_result *out, const char *format, ...)
{
    *out = (struct fh_promise_result){.outcome = FH_PROMISE_NOT_RUN};
    va_list args;
    va_start(args, format);
    vsnprintf(out->reason, sizeof out->reason, format, args);
    va_end(args);
}

/* count / total * 100 by long division; digits beyond PERCENT_DIGITS are cut. */
static void percent_text(char out[FH_DECIMAL_BYTES], uint64_t count, uint64_t total)
{
    char text[FH_DECIMAL_BYTES];
    /* No table has so many rows; whoever counted may say anything. */
    const uint64_t most = UINT64_MAX / 1000;
    total = total < most ? total : most;
    uint64_t of = (count < most ? count : most) * 100;
    uint64_t whole = total == 0 ? 0 : of / total;
    uint64_t rest = total == 0 ? 0 : of % total;
    int at = snprintf(text, sizeof text, "%" PRIu64 ".", whole);
    for (int i = 0; i < PERCENT_DIGITS; i++) {
        rest *= 10;
        text[at++] = (char)('0' + (total == 0 ? 0 : rest / total));
        rest = total == 0 ? 0 : rest % total;
    }
    text[at] = '\0';
    if (!fh_decimal_normalise(out, text)) {
        FH_ASSERT(false);
    }
}

static bool is_truth(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

/* A Boolean stands for 1 and 0 where the other side is a number. */
static const char *as_number(const char *text)
{
    return !is_truth(text) ? text : text[0] == 't' ? "1" : "0";
}

static bool holds(const struct fh_promise_bound *bound, const char *value)
{
    int a = fh_decimal_compare(as_number(value), as_number(bound->a));
    int b = bound->b == NULL ? 0 : fh_decimal_compare(as_number(value), as_number(bound->b));
    switch (bound->operator) {
    case FH_PROMISE_EQUAL:
        return a == 0;
    case FH_PROMISE_NOT_EQUAL:
        return a != 0;
    case FH_PROMISE_GREATER:
        return a > 0;
    case FH_PROMISE_GREATER_OR_EQUAL:
        return a >= 0;
    case FH_PROMISE_LESS:
        return a < 0;
    case FH_PROMISE_LESS_OR_EQUAL:
        return a <= 0;
    case FH_PROMISE_BETWEEN:
        return a >= 0 && b <= 0;
    case FH_PROMISE_NOT_BETWEEN:
        return a < 0 || b > 0;
    case FH_PROMISE_OPERATOR_COUNT:
        break;
    }
    FH_ASSERT(false);
    return false;
}

static void decide(struct fh_promise_result *out, const struct fh_promise *promise, bool held)
{
    out->outcome = held                                      ? FH_PROMISE_PASSED
                   : promise->severity == FH_PROMISE_WARNING ? FH_PROMISE_WARNED
                                                             : FH_PROMISE_FAILED;
}

static void say(struct fh_promise_result *out, const char *format, ...) FH_PRINTF(2, 3);

static void say(struct fh_promise_result *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out->reason, sizeof out->reason, format, args);
    va_end(args);
}

/* ---- counts and numbers ---- */

static void judge_count(struct fh_promise_result *out,
                        const struct fh_promise *promise,
                        const struct fh_measured *measured)
{
    out->failing = promise->kind == FH_PROMISE_ROW_COUNT ? 0 : measured->count;
    out->total = measured->total;
    if (promise->unit == FH_PROMISE_PERCENT) {
        percent_text(out->measured, measured->count, measured->total);
    } else {
        snprintf(out->measured, sizeof out->measured, "%" PRIu64, measured->count);
    }
    decide(out, promise, holds(&promise->bound, out->measured));
    if (out->outcome != FH_PROMISE_PASSED && promise->category == FH_PROMISE_SCHEMA) {
        say(out, "%" PRIu64 " of %" PRIu64 " rows", measured->count, measured->total);
    } else if (out->outcome != FH_PROMISE_PASSED) {
        say(out, "measured %.40s, promised %.120s", out->measured, promise->promised);
    }
}

static void judge_number(struct fh_promise_result *out,
                         const struct fh_promise *promise,
                         const struct fh_measured *measured)
{
    snprintf(out->measured, sizeof out->measured, "%s", measured->text);
    out->total = measured->total;
    decide(out, promise, holds(&promise->bound, measured->text));
    if (out->outcome != FH_PROMISE_PASSED) {
        say(out, "measured %.80s, promised %.120s", out->measured, promise->promised);
    }
}

/* ---- times ---- */

static void judge_age(struct fh_promise_result *out,
                      const struct fh_promise *promise,
                      const struct fh_measured *measured,
                      int64_t now_ms)
{
    char age[FH_DURATION_TEXT_BYTES];
    char when[FH_TIME_TEXT_BYTES];
    fh_duration_text(age, (struct fh_duration){.ms = now_ms - measured->ms});
    fh_time_text(when, measured->ms);
    snprintf(out->measured, sizeof out->measured, "%s", age);
    out->total = measured->total;
    decide(out, promise, measured->ms >= fh_duration_before(now_ms, promise->duration));
    if (out->outcome != FH_PROMISE_PASSED) {
        say(out,
            "the %s value is of %s, %s old",
            promise->kind == FH_PROMISE_RETENTION ? "oldest" : "newest",
            when,
            age);
    } else if (measured->ms > now_ms && promise->kind != FH_PROMISE_RETENTION) {
        say(out, "the newest value is of %s, in the future", when);
    }
}

/* A gap keeps a promise when the later moment lies within the duration of the earlier one; months
 * are counted back from now, as nothing else is known of when it was. */
static void judge_gap(struct fh_promise_result *out,
                      const struct fh_promise *promise,
                      const struct fh_measured *measured,
                      int64_t now_ms)
{
    char gap[FH_DURATION_TEXT_BYTES];
    fh_duration_text(gap, (struct fh_duration){.ms = measured->ms});
    snprintf(out->measured, sizeof out->measured, "%s", gap);
    out->total = measured->total;
    decide(out, promise, measured->ms <= now_ms - fh_duration_before(now_ms, promise->duration));
    if (out->outcome != FH_PROMISE_PASSED) {
        say(out, "the longest time between two values is %s", gap);
    }
}

static void
judge_date(struct fh_promise_result *out, const struct fh_promise *promise, int64_t now_ms)
{
    char now[FH_TIME_TEXT_BYTES];
    fh_time_text(now, now_ms);
    snprintf(out->measured, sizeof out->measured, "%s", now);
    if (promise->kind == FH_PROMISE_AVAILABLE_FROM) {
        bool begun = now_ms >= promise->date_ms;
        out->outcome = begun ? FH_PROMISE_PASSED : FH_PROMISE_WARNED;
        if (!begun) {
            say(out, "general availability has not begun yet");
        }
        return;
    }
    decide(out, promise, now_ms < promise->date_ms);
    if (out->outcome != FH_PROMISE_PASSED) {
        say(out,
            "the %s has passed",
            strcmp(promise->rule, "endOfLife") == 0 ? "end of life" : "end of support");
    }
}

static void judge_nothing(struct fh_promise_result *out, const struct fh_promise *promise)
{
    if (promise->unit == FH_PROMISE_TIME) {
        fh_promise_not_run(out, "the column has no value whose age could be told");
        return;
    }
    decide(out, promise, false);
    say(out, "the query gave no number (NULL or not finite), which no bound holds");
}

void fh_promise_judge(struct fh_promise_result *out,
                      const struct fh_promise *promise,
                      const struct fh_measured *measured,
                      int64_t now_ms)
{
    *out = (struct fh_promise_result){0};
    bool dated =
        promise->kind == FH_PROMISE_AVAILABLE_FROM || promise->kind == FH_PROMISE_SUPPORTED_UNTIL;
    if (dated) {
        judge_date(out, promise, now_ms);
        return;
    }
    switch (measured->kind) {
    case FH_MEASURED_COUNT:
        judge_count(out, promise, measured);
        return;
    case FH_MEASURED_NUMBER:
        judge_number(out, promise, measured);
        return;
    case FH_MEASURED_TIME:
        judge_age(out, promise, measured, now_ms);
        return;
    case FH_MEASURED_SPAN:
        judge_gap(out, promise, measured, now_ms);
        return;
    case FH_MEASURED_NOTHING:
        judge_nothing(out, promise);
        return;
    }
    FH_ASSERT(false);
}
