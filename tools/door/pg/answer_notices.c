/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/answer_notices.h"

#include "common/time.h"
#include "tools/client/notices.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct fh_pg_report *
add(struct fh_pg_answer *answer, const char *state, enum fh_pg_severity severity)
{
    if (answer->notice_count == FH_PG_NOTICES_MAX) {
        return NULL;
    }
    struct fh_pg_report *report = &answer->notices[answer->notice_count++];
    *report = (struct fh_pg_report){.severity = severity};
    snprintf(report->state, sizeof report->state, "%s", state);
    return report;
}

static void put_day(char out[16], int64_t ms)
{
    struct tm parts;
    time_t seconds = (time_t)(ms / 1000);
    if (gmtime_r(&seconds, &parts) == NULL || strftime(out, 16, "%Y-%m-%d", &parts) == 0) {
        snprintf(out, 16, "?");
    }
}

static void tell_status(struct fh_pg_answer *answer, const struct freehold_notice *notice)
{
    bool draft = strcmp(notice->status, "draft") == 0;
    struct fh_pg_report *report = add(answer, "01000", draft ? FH_PG_NOTICE : FH_PG_WARNING);
    if (report == NULL) {
        return;
    }
    char day[16] = "";
    if (notice->sunset_ms > 0) {
        put_day(day, notice->sunset_ms);
    }
    snprintf(report->text,
             sizeof report->text,
             "%s/%s@%s is %s%s%s%s",
             notice->domain_name,
             notice->product,
             notice->version,
             draft ? "a draft" : notice->status,
             draft ? ": it may change without notice" : "",
             day[0] != 0 ? ", served at least until " : "",
             day);
    if (notice->successor[0] != 0) {
        snprintf(report->hint, sizeof report->hint, "Use %s instead.", notice->successor);
    }
    if (strcmp(notice->status, "deprecated") == 0) {
        snprintf(report->state, sizeof report->state, "01P01"); /* deprecated_feature */
    }
}

static void tell_quality(struct fh_pg_answer *answer, const struct freehold_notice *notice)
{
    struct fh_pg_report *report = add(answer, "01000", FH_PG_WARNING);
    if (report == NULL) {
        return;
    }
    char day[16];
    put_day(day, notice->measured_ms);
    snprintf(report->text,
             sizeof report->text,
             "promises of %s/%s@%s do not hold (quality: %s, measured %s)",
             notice->domain_name,
             notice->product,
             notice->version,
             notice->quality,
             day);
}

static void tell_limited(struct fh_pg_answer *answer, const struct freehold_limited *limited)
{
    struct fh_pg_report *report = add(answer, "00000", FH_PG_NOTICE);
    if (report == NULL) {
        return;
    }
    char rows[96] = "";
    if (limited->group_size > 0) {
        snprintf(rows,
                 sizeof rows,
                 " rows are means of groups of %u or more, smaller groups are left out",
                 limited->group_size);
    } else if (limited->filtered) {
        snprintf(rows, sizeof rows, " not all rows are there");
    }
    snprintf(report->text,
             sizeof report->text,
             "%s.%s%s%s is not as its owner has it:%s%.300s%s%s",
             limited->domain_name,
             limited->product,
             strcmp(limited->product, limited->table) == 0 ? "" : ".",
             strcmp(limited->product, limited->table) == 0 ? "" : limited->table,
             limited->masked[0] != 0 ? " masked columns " : "",
             limited->masked,
             limited->masked[0] != 0 && rows[0] != 0 ? ";" : "",
             rows);
}

static void tell_waived(struct fh_pg_answer *answer, const struct freehold_waived *waived)
{
    struct fh_pg_report *report =
        add(answer, "01000", waived->break_glass ? FH_PG_WARNING : FH_PG_NOTICE);
    if (report == NULL) {
        return;
    }
    char until[FH_TIME_TEXT_BYTES];
    char rule[FH_NOTICES_RULE_BYTES];
    fh_time_text(until, waived->until_ms);
    fh_notices_rule_text(rule, waived);
    snprintf(report->text,
             sizeof report->text,
             "%s is waived for %s/%s@%s until %s%s",
             rule,
             waived->domain_name,
             waived->product,
             waived->version,
             until,
             waived->break_glass ? " (break-glass)" : "");
}

void fh_pg_answer_notices(struct fh_pg_answer *answer)
{
    size_t count = freehold_result_notice_count(answer->result);
    for (size_t i = 0; i < count; i++) {
        struct freehold_notice notice = {.size = sizeof notice};
        freehold_result_notice(answer->result, i, &notice);
        if (notice.status[0] != 0 && strcmp(notice.status, "active") != 0) {
            tell_status(answer, &notice);
        }
        if (notice.quality[0] != 0) {
            tell_quality(answer, &notice);
        }
    }
    count = freehold_result_limited_count(answer->result);
    for (size_t i = 0; i < count; i++) {
        struct freehold_limited limited = {.size = sizeof limited};
        freehold_result_limited(answer->result, i, &limited);
        tell_limited(answer, &limited);
    }
    count = freehold_result_waived_count(answer->result);
    for (size_t i = 0; i < count; i++) {
        struct freehold_waived waived = {.size = sizeof waived};
        freehold_result_waived(answer->result, i, &waived);
        tell_waived(answer, &waived);
    }
}
