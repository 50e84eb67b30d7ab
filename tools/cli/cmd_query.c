/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/query/batch.h"
#include "tools/cli/cli.h"
#include "tools/cli/note.h"
#include "tools/cli/out_file.h"
#include "tools/cli/params.h"
#include "tools/columns/columns.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
    FH_PROGRESS_AFTER_MS = 500, /* short queries show none */
    FH_PROGRESS_EVERY_MS = 100,
    FH_DEADLINE_S_MAX = 24 * 3600,
    FH_WAIT_S = 10, /* a person waits so long for a busy node */
    FH_WAIT_LEAST_MS = 50,
};

static int
read_sql(struct fh_cli *cli, const struct fh_args *args, struct fh_buf *out, struct fh_err *err)
{
    const char *file = fh_args_value(args, "file");
    const char *operand = args->operand_count == 1 ? args->operands[0] : NULL;
    if (file != NULL && operand != NULL) {
        return fh_err_set(err, FH_EUSAGE, "give the SQL or a file, not both");
    }
    if (operand != NULL && strcmp(operand, "-") != 0) {
        fh_buf_add_cstr(out, operand);
        int code = fh_buf_ok(out);
        return code == FH_OK ? FH_OK : fh_err_set(err, code, "the query is too long");
    }
    if (file == NULL && operand == NULL && cli->in_is_terminal) {
        return fh_err_set(err, FH_EUSAGE, "no query: give SQL, -f FILE, or SQL on standard input");
    }
    return fh_cli_read(cli, file == NULL ? "-" : file, out, err);
}

static enum fh_output_kind kind_of(int type)
{
    switch ((enum freehold_type)type) {
    case FREEHOLD_TYPE_INT:
    case FREEHOLD_TYPE_UINT:
    case FREEHOLD_TYPE_DOUBLE:
    case FREEHOLD_TYPE_DECIMAL:
        return FH_OUTPUT_NUMBER;
    case FREEHOLD_TYPE_BOOL:
        return FH_OUTPUT_BOOL;
    case FREEHOLD_TYPE_JSON:
        return FH_OUTPUT_RAW;
    case FREEHOLD_TYPE_OTHER:
    case FREEHOLD_TYPE_TEXT:
    case FREEHOLD_TYPE_BLOB:
    case FREEHOLD_TYPE_DATE:
    case FREEHOLD_TYPE_TIME:
    case FREEHOLD_TYPE_TIMESTAMP:
        break;
    }
    return FH_OUTPUT_TEXT;
}

static struct fh_output *begin_output(struct fh_cli *cli, const struct freehold_result *result)
{
    size_t count = freehold_result_column_count(result);
    struct fh_output_column *columns FH_CLEANUP(fh_freep) = fh_calloc(count, sizeof *columns);
    if (columns == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct freehold_column column = {.size = sizeof column};
        freehold_result_column(result, i, &column);
        columns[i] = (struct fh_output_column){column.name, kind_of(column.type)};
    }
    return fh_cli_output(cli, false, columns, count);
}

/* Raw bytes have no text form that every format can carry: they are escaped. */
static void put_blob(struct fh_output *output, struct fh_bytes data)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, 4 * data.size + 1);
    fh_blob_text(data, &text);
    fh_output_cell(output, fh_buf_view(&text));
}

static void put_row(struct fh_output *output, struct freehold_result *result)
{
    for (size_t i = 0; i < freehold_result_column_count(result); i++) {
        if (freehold_result_is_null(result, i)) {
            fh_output_null(output);
            continue;
        }
        struct freehold_column column = {.size = sizeof column};
        freehold_result_column(result, i, &column);
        size_t size = 0;
        const char *text = freehold_result_text(result, i, &size);
        if (column.type == FREEHOLD_TYPE_BLOB) {
            put_blob(output, fh_bytes(text, size));
        } else {
            fh_output_cell(output, fh_bytes(text, size));
        }
    }
}

struct progress {
    bool wanted;
    bool shown;
    int64_t next_ms;
    uint64_t rows;
};

static struct progress begin_progress(const struct fh_cli *cli)
{
    return (struct progress){
        /* Rows that scroll by are progress enough. */
        .wanted = cli->progress && !cli->out_colour,
        .next_ms = fh_clock_mono_ms() + FH_PROGRESS_AFTER_MS,
    };
}

static void step_progress(struct fh_cli *cli, struct progress *progress)
{
    if (!progress->wanted) {
        return;
    }
    int64_t now_ms = fh_clock_mono_ms();
    if (now_ms >= progress->next_ms) {
        fprintf(cli->messages, "\r%" PRIu64 " rows", progress->rows);
        fflush(cli->messages);
        progress->shown = true;
        progress->next_ms = now_ms + FH_PROGRESS_EVERY_MS;
    }
}

static void end_progress(struct fh_cli *cli, const struct progress *progress)
{
    if (progress->shown) {
        fputs("\r\x1b[K", cli->messages);
    }
}

static int put_rows(struct fh_cli *cli, struct freehold_result *result, struct fh_err *err)
{
    struct fh_output *output FH_CLEANUP(fh_output_freep) = begin_output(cli, result);
    if (output == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the answer");
    }
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct progress progress = begin_progress(cli);
    int code = FREEHOLD_OK;
    while (freehold_result_next(result, &error, &code)) {
        put_row(output, result);
        if (++progress.rows % 1024 == 0) {
            step_progress(cli, &progress);
        }
        if (ferror(cli->out) != 0) {
            break;
        }
    }
    end_progress(cli, &progress);
    if (code != FREEHOLD_OK) {
        /* The array is left open and the table without its end: nobody takes this for all. */
        fflush(cli->out);
        return fh_cli_error(err, &error);
    }
    return fh_output_end(output, err);
}

/* What Arrow and Parquet make of the answer. Failing, they are left without their end, which every
 * reader asks for. */
static int put_columns(struct fh_cli *cli, struct freehold_result *result, struct fh_err *err)
{
    struct fh_columns *columns FH_CLEANUP(fh_columns_freep) = NULL;
    struct progress progress = begin_progress(cli);
    struct fh_pieces pieces = {.bytes = 0};
    int code = fh_columns_new(&columns, cli->columns, result, err);
    do {
        if (code == FH_OK) {
            code = fh_columns_next(columns, &pieces, err);
        }
        for (size_t i = 0; code == FH_OK && i < pieces.count; i++) {
            const struct iovec *piece = &pieces.list[i];
            if (fwrite(piece->iov_base, 1, piece->iov_len, cli->out) != piece->iov_len) {
                code = fh_err_set(err, FH_EIO, "the output could not be written");
            }
        }
        struct freehold_summary summary = {.size = sizeof summary};
        freehold_result_summary(result, &summary);
        progress.rows = summary.rows;
        step_progress(cli, &progress);
    } while (code == FH_OK && pieces.bytes > 0);
    end_progress(cli, &progress);
    return code;
}

/* The whole answer to where it goes: `path`, or as other data when it is NULL. */
static int
put_answer(struct fh_cli *cli, struct freehold_result *result, const char *path, struct fh_err *err)
{
    struct fh_out_file file = {.stream = NULL};
    struct fh_cli into = *cli;
    int code = path == NULL ? FH_OK : fh_out_file_open(&file, path, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "--out");
    }
    if (path != NULL) {
        into.out = file.stream;
        into.out_colour = false;
    }
    code = cli->columnar ? put_columns(&into, result, err) : put_rows(&into, result, err);
    if (path != NULL && code == FH_OK) {
        code = fh_out_file_commit(&file, err);
    }
    fh_out_file_drop(&file);
    return code;
}

static void say_summary(struct fh_cli *cli, const struct freehold_result *result)
{
    struct freehold_summary summary = {.size = sizeof summary};
    freehold_result_summary(result, &summary);
    fh_cli_say(cli,
               "%" PRIu64 " row%s %s %s%s, receipt %.20s verified",
               summary.rows,
               summary.rows == 1 ? "" : "s",
               summary.joined ? "joined by" : "from",
               summary.owner,
               summary.relayed ? " (end to end through the entry peer)" : "",
               summary.receipt);
}

static int save_receipt(struct freehold_result *result, const char *path, struct fh_err *err)
{
    const void *data = NULL;
    size_t size = 0;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    if (freehold_result_receipt(result, &data, &size, &error) != FREEHOLD_OK) {
        return fh_cli_error(err, &error);
    }
    int code = fh_file_replace(path, fh_bytes(data, size), 0644, err);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--receipt %s", path);
}

/* Asks, and again while the node is busy, when it says when and that is within `patience_ms`. */
static int ask(struct fh_cli *cli,
               const char *sql,
               const struct freehold_query_options *options,
               struct freehold_client *client,
               int64_t patience_ms,
               struct freehold_result **out,
               struct fh_err *err)
{
    int64_t until_ms = fh_clock_mono_ms() + patience_ms;
    for (;;) {
        struct freehold_error error = FREEHOLD_ERROR_INIT;
        if (freehold_query(out, client, sql, options, &error) == FREEHOLD_OK) {
            return FH_OK;
        }
        int64_t pause_ms =
            error.retry_after_ms > FH_WAIT_LEAST_MS ? error.retry_after_ms : FH_WAIT_LEAST_MS;
        if (error.code != FREEHOLD_EBUSY || error.retry_after_ms == 0 ||
            fh_clock_mono_ms() + pause_ms > until_ms) {
            return fh_cli_error(err, &error);
        }
        fh_cli_say(cli, "%s; asking again in %.1f s", error.rule, (double)pause_ms / 1000);
        struct timespec pause = {pause_ms / 1000, (long)(pause_ms % 1000) * 1000000};
        nanosleep(&pause, NULL);
    }
}

static int run_query(struct fh_cli *cli,
                     const struct fh_args *args,
                     const char *sql,
                     struct freehold_client *client,
                     struct fh_err *err)
{
    struct fh_cli_params params FH_CLEANUP(fh_cli_params_fini) = {.count = 0};
    struct freehold_query_options options = {
        .size = sizeof options,
        .purpose = fh_args_value(args, "purpose"),
        .tree = fh_args_has(args, "tree"),
        .stream = fh_args_has(args, "stream"),
    };
    uint64_t seconds = 0;
    uint64_t wait_s = FH_WAIT_S;
    int code =
        fh_cli_number(&options.rows_max, "rows", fh_args_value(args, "rows"), INT64_MAX, err);
    if (code == FH_OK) {
        code = fh_cli_number(
            &seconds, "deadline", fh_args_value(args, "deadline"), FH_DEADLINE_S_MAX, err);
    }
    const char *wait = fh_args_value(args, "wait");
    if (wait != NULL && strcmp(wait, "0") == 0) {
        wait_s = 0;
    } else if (code == FH_OK) {
        code = fh_cli_number(&wait_s, "wait", wait, FH_DEADLINE_S_MAX, err);
    }
    if (code == FH_OK) {
        code = fh_cli_params(&params, args, err);
    }
    if (code != FH_OK) {
        return code;
    }
    options.params = params.list;
    options.param_count = params.count;
    options.deadline_ms = (uint32_t)(seconds * 1000);
    options.format = cli->format == FH_OUTPUT_JSON  ? "json"
                     : cli->format == FH_OUTPUT_CSV ? "csv"
                                                    : NULL;
    if (cli->columnar) {
        fh_columns_suit(cli->columns, &options);
    }
    struct freehold_result *result = NULL;
    code = ask(cli, sql, &options, client, (int64_t)wait_s * 1000, &result, err);
    if (code != FH_OK) {
        return code;
    }
    bool for_people = cli->format == FH_OUTPUT_TABLE && !cli->columnar;
    code = put_answer(cli, result, fh_args_value(args, "out"), err);
    const char *receipt = fh_args_value(args, "receipt");
    if (code == FH_OK && receipt != NULL) {
        code = save_receipt(result, receipt, err);
    }
    if (code == FH_OK && (for_people || cli->progress)) {
        say_summary(cli, result);
    }
    if (code == FH_OK) {
        fh_note_result(cli, result); /* in every format: it concerns whoever runs the query */
    }
    freehold_result_close(result);
    return code;
}

int fh_cmd_query(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_buf sql FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&sql, 4 * (size_t)FH_SQL_BYTES_MAX);
    struct freehold_client *client = NULL;
    if (cli->columnar && cli->out_is_terminal && !fh_args_has(args, "out")) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "-o arrow and -o parquet are not for a terminal; redirect the output, or "
                          "give --out FILE");
    }
    int code = read_sql(cli, args, &sql, err);
    if (code == FH_OK && strlen(fh_buf_cstr(&sql)) != sql.size) {
        code = fh_err_set(err, FH_EINVAL, "the query contains a NUL byte");
    }
    if (code == FH_OK) {
        code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    }
    if (code == FH_OK) {
        code = run_query(cli, args, fh_buf_cstr(&sql), client, err);
    }
    freehold_close(client);
    return code;
}
