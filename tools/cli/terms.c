/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/terms.h"

#include "common/time.h"
#include "tools/cli/text_list.h"
#include "tools/cli/until.h"

#include <inttypes.h>
#include <string.h>

enum { CELL_BYTES = 64 * 1024 };

/* "rows/day" and "queries/hour": "1000000/day", "60/hour", both by comma. */
static int read_budget(struct fh_grant *grant, const char *text, struct fh_err *err)
{
    while (text != NULL) {
        size_t length = strcspn(text, ",");
        size_t digits = strspn(text, "0123456789");
        uint64_t value = 0;
        for (size_t i = 0; i < digits && i < 18; i++) {
            value = value * 10 + (uint64_t)(text[i] - '0');
        }
        const char *unit = text + digits;
        size_t rest = length - digits;
        if (digits > 0 && digits <= 18 && value > 0 && rest == 4 && strncmp(unit, "/day", 4) == 0) {
            grant->rows_per_day = value;
        } else if (digits > 0 && digits <= 18 && value > 0 && rest == 5 &&
                   strncmp(unit, "/hour", 5) == 0) {
            grant->queries_per_hour = value;
        } else {
            return fh_err_set(err,
                              FH_EUSAGE,
                              "--budget \"%.40s\": write rows as 1000000/day, queries as 60/hour, "
                              "both by comma",
                              text);
        }
        text = text[length] == ',' ? text + length + 1 : NULL;
    }
    return FH_OK;
}

int fh_grant_terms(struct fh_grant *grant,
                   const struct fh_args *args,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    const char *until = fh_args_value(args, "until");
    const char *columns = fh_args_value(args, "columns");
    const char *rows = fh_args_value(args, "rows");
    int code = FH_OK;
    if (until != NULL) {
        code = fh_until_parse(&grant->not_after_ms, "--until", until, grant->not_before_ms, err);
    }
    if (code == FH_OK && columns != NULL) {
        code = fh_cli_texts(&grant->columns, "columns", columns, FH_GRANT_COLUMNS_MAX, arena, err);
    }
    if (code == FH_OK && rows != NULL && strlen(rows) > FH_GRANT_ROWS_BYTES_MAX) {
        code = fh_err_set(err, FH_EUSAGE, "--rows: at most %d bytes", (int)FH_GRANT_ROWS_BYTES_MAX);
    }
    if (code == FH_OK) {
        code = read_budget(grant, fh_args_value(args, "budget"), err);
    }
    if (code == FH_OK && rows != NULL) {
        grant->rows = rows;
    }
    grant->relay_allowed = grant->relay_allowed || fh_args_has(args, "relay");
    return code;
}

const char *fh_governed_state(const struct fh_governed *governed, int64_t now_ms)
{
    if (governed->ended_ms != 0 && governed->ended_ms <= now_ms) {
        return "ended";
    }
    if (governed->grant.not_after_ms < now_ms) {
        return "expired";
    }
    return governed->grant.not_before_ms > now_ms ? "not begun" : "active";
}

static void put_bound(struct fh_output *output, uint64_t bound)
{
    if (bound == 0) {
        fh_output_null(output);
    } else {
        fh_output_uint(output, bound);
    }
}

static void put_grant(struct fh_cli *cli,
                      struct fh_output *output,
                      const struct fh_governed *governed,
                      struct fh_buf *cell)
{
    const struct fh_grant *grant = &governed->grant;
    char id[FH_ID_TEXT_BYTES], until[FH_TIME_TEXT_BYTES], grantee[FH_GRANTEE_TEXT_BYTES];
    fh_cli_record_id(id, cli, &governed->id);
    fh_governed_grantee(grantee, governed);
    fh_time_text(until,
                 governed->ended_ms != 0 && governed->ended_ms < grant->not_after_ms
                     ? governed->ended_ms
                     : grant->not_after_ms);
    fh_output_text(output, id);
    fh_output_text(output, fh_governed_state(governed, fh_clock_wall_ms()));
    fh_output_text(output, fh_grantee_kind_text(grant->grantee_kind));
    fh_output_text(output, grantee);
    fh_buf_reset(cell);
    fh_buf_add_cstr(cell, grant->product);
    if (grant->major != 0) {
        fh_buf_printf(cell, "@%" PRIu32, grant->major);
    }
    fh_output_cell(output, fh_buf_view(cell));
    fh_buf_reset(cell);
    fh_cli_texts_show(cell, &grant->purposes, "any");
    fh_output_cell(output, fh_buf_view(cell));
    fh_buf_reset(cell);
    fh_cli_texts_show(cell, &grant->columns, "all");
    fh_output_cell(output, fh_buf_view(cell));
    fh_output_text(output, grant->rows[0] == '\0' ? "all" : grant->rows);
    put_bound(output, grant->rows_per_day);
    put_bound(output, grant->queries_per_hour);
    fh_output_bool(output, grant->relay_allowed);
    fh_output_text(output, until);
    fh_output_text(output, grant->note);
}

int fh_grants_show(struct fh_cli *cli,
                   const struct fh_governed *grants,
                   size_t count,
                   bool record,
                   struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"grant", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"to", FH_OUTPUT_TEXT},
        {"grantee", FH_OUTPUT_TEXT},
        {"product", FH_OUTPUT_TEXT},
        {"purposes", FH_OUTPUT_TEXT},
        {"columns", FH_OUTPUT_TEXT},
        {"rows", FH_OUTPUT_TEXT},
        {"rows_per_day", FH_OUTPUT_NUMBER},
        {"queries_per_hour", FH_OUTPUT_NUMBER},
        {"relay", FH_OUTPUT_BOOL},
        {"until", FH_OUTPUT_TEXT},
        {"note", FH_OUTPUT_TEXT},
    };
    struct fh_buf cell FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&cell, CELL_BYTES);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, record, columns, FH_COUNT(columns));
    for (size_t i = 0; i < count; i++) {
        put_grant(cli, output, &grants[i], &cell);
    }
    return fh_output_end(output, err);
}
