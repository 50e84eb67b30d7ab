/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/note.h"

#include "proto/gossip/lifecycle.h"
#include "tools/client/notices.h"

#include <stdlib.h>
#include <string.h>

static void say_quality(struct fh_cli *cli, const struct freehold_notice *notice, int64_t now_ms)
{
    char age[FH_AGE_BYTES];
    int64_t ms = now_ms - notice->measured_ms;
    fh_cli_age(age, ms > 0 ? (uint64_t)ms : 0);
    fh_cli_say(cli,
               "%s: %s/%s@%lu: not all promises of its contract held when it was measured %s (%s)",
               strcmp(notice->quality, "fail") == 0 ? "warning" : "note",
               notice->domain_name,
               notice->product,
               strtoul(notice->version, NULL, 10),
               age,
               notice->quality);
}

void fh_note_waived(struct fh_cli *cli, const struct freehold_waived *waived)
{
    char until[FH_TIME_TEXT_BYTES];
    char what[FH_NOTICES_RULE_BYTES];
    fh_time_text(until, waived->until_ms);
    fh_notices_rule_text(what, waived);
    fh_cli_say(cli,
               "%s: %s/%s@%lu: %s is waived for you until %s (%s %.20s)",
               waived->break_glass ? "warning" : "note",
               waived->domain_name,
               waived->product,
               strtoul(waived->version, NULL, 10),
               what,
               until,
               waived->break_glass ? "break-glass" : "waiver",
               waived->waiver);
}

void fh_note_say(struct fh_cli *cli, const struct freehold_notice *notice, int64_t now_ms)
{
    if (notice->quality[0] != '\0') {
        say_quality(cli, notice, now_ms);
    }
    if (strcmp(notice->status, "active") == 0) {
        return;
    }
    char end[FH_TIME_TEXT_BYTES];
    fh_sunset_text(end, notice->sunset_ms);
    bool passed = notice->sunset_ms != 0 && notice->sunset_ms <= now_ms;
    fh_cli_say(cli,
               "%s: %s/%s@%lu is %s%s%s%s%s%s%s",
               passed ? "warning" : "note",
               notice->domain_name,
               notice->product,
               strtoul(notice->version, NULL, 10),
               strcmp(notice->status, "draft") == 0 ? "a " : "",
               notice->status,
               end[0] == '\0' ? ""
               : passed       ? ", its end "
                              : ", ends ",
               end,
               passed ? " has passed" : "",
               notice->successor[0] == '\0' ? "" : "; use ",
               notice->successor);
}

/* Versions of one major follow each other; a query reads only one of them, or two by a race. */
static bool same_major(const struct freehold_notice *a, const struct freehold_notice *b)
{
    return strcmp(a->domain_name, b->domain_name) == 0 && strcmp(a->product, b->product) == 0 &&
           strtoul(a->version, NULL, 10) == strtoul(b->version, NULL, 10);
}

static void say_limited(struct fh_cli *cli, const struct freehold_limited *limited)
{
    bool sole = strcmp(limited->table, limited->product) == 0;
    bool masked = limited->masked[0] != '\0';
    char rows[96] = "";
    struct fh_buf names FH_CLEANUP(
        fh_buf_fini); /* a node's words: nothing may steer the terminal */
    fh_buf_init(&names, 8 * sizeof limited->masked);
    fh_output_visible(&names, fh_bytes_cstr(limited->masked));
    if (limited->group_size > 0) {
        snprintf(rows,
                 sizeof rows,
                 "rows are means of groups of %u or more; smaller groups are left out",
                 limited->group_size);
    } else if (limited->filtered) {
        snprintf(rows, sizeof rows, "not all rows are there for you");
    }
    fh_cli_say(cli,
               "note: %s/%s%s%s: %s%s%s%s",
               limited->domain_name,
               limited->product,
               sole ? "" : ".",
               sole ? "" : limited->table,
               masked ? "masked for you: " : "",
               fh_buf_cstr(&names),
               masked && rows[0] != '\0' ? "; " : "",
               rows);
}

void fh_note_result(struct fh_cli *cli, const struct freehold_result *result)
{
    for (size_t i = 0; i < freehold_result_limited_count(result); i++) {
        struct freehold_limited limited = {.size = sizeof limited};
        freehold_result_limited(result, i, &limited);
        say_limited(cli, &limited);
    }
    for (size_t i = 0; i < freehold_result_waived_count(result); i++) {
        struct freehold_waived waived = {.size = sizeof waived};
        freehold_result_waived(result, i, &waived);
        fh_note_waived(cli, &waived);
    }
    for (size_t i = 0; i < freehold_result_notice_count(result); i++) {
        struct freehold_notice notice = {.size = sizeof notice};
        freehold_result_notice(result, i, &notice);
        bool said = false;
        for (size_t j = 0; j < i && !said; j++) {
            struct freehold_notice other = {.size = sizeof other};
            freehold_result_notice(result, j, &other);
            said = same_major(&notice, &other);
        }
        if (!said) {
            fh_note_say(cli, &notice, fh_clock_wall_ms());
        }
    }
}
