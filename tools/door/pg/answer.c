/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/answer.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tools/door/pg/answer_given.h"
#include "tools/door/pg/answer_notices.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MADE_BYTES_MAX = 8 * FH_CELL_BYTES_MAX, /* one row of the longest cells, escaped */
};

/* ---- lifecycle ---- */

struct fh_pg_answer *fh_pg_answer_new(void)
{
    struct fh_pg_answer *answer = fh_calloc(1, sizeof *answer);
    if (answer == NULL) {
        return NULL;
    }
    fh_buf_init(&answer->sql, FH_SQL_BYTES_MAX + 64);
    fh_pg_params_init(&answer->params);
    fh_buf_init(&answer->formats, 2 * (size_t)FH_BATCH_COLUMNS_MAX);
    fh_buf_init(&answer->made, MADE_BYTES_MAX);
    fh_pg_copy_default(&answer->copy, FH_PG_FORM_ROWS);
    return answer;
}

void fh_pg_answer_free(struct fh_pg_answer *answer)
{
    if (answer == NULL) {
        return;
    }
    fh_pg_answer_end(answer);
    fh_pgcat_rows_free(answer->given);
    fh_pg_rows_fini(&answer->rows);
    fh_free(answer->columns);
    fh_free(answer->column_formats);
    fh_buf_fini(&answer->sql);
    fh_pg_params_fini(&answer->params);
    fh_buf_fini(&answer->formats);
    fh_buf_fini(&answer->made);
    fh_free(answer);
}

bool fh_pg_answer_is_open(const struct fh_pg_answer *answer)
{
    return answer->result != NULL;
}

void fh_pg_answer_end(struct fh_pg_answer *answer)
{
    freehold_result_close(FH_TAKE(answer->result));
    answer->ended = true;
}

void fh_pg_answer_fail(struct fh_pg_answer *answer, const struct fh_err *err)
{
    const char *state = fh_pgcat_sqlstate(err->rule);
    fh_pg_report_err(&answer->report, err);
    if (state != NULL) {
        snprintf(answer->report.state, sizeof answer->report.state, "%s", state);
    }
    answer->asked = true;
    answer->failed = true;
    answer->ended = true;
    answer->busy = err->code == FH_EBUSY;
    answer->retry_ms = err->retry_after_ms;
}

size_t fh_pg_answer_bytes(const struct fh_pg_answer *answer)
{
    return sizeof *answer + answer->sql.capacity + answer->formats.capacity +
           answer->made.capacity + answer->params.text.capacity +
           answer->column_count * sizeof *answer->columns +
           (answer->given == NULL ? 0 : answer->given->bytes);
}

void fh_pg_answer_refuse(struct fh_pg_answer *answer, const char *state, const char *format, ...)
{
    char text[FH_ERR_TEXT_BYTES];
    va_list rest;
    va_start(rest, format);
    vsnprintf(text, sizeof text, format, rest);
    va_end(rest);
    fh_pg_report_set(&answer->report, state, "%s", text);
    fh_pgcat_rows_free(FH_TAKE(answer->given));
    fh_free(FH_TAKE(answer->columns));
    answer->column_count = 0;
    fh_buf_fini(&answer->made);
    fh_buf_init(&answer->made, MADE_BYTES_MAX);
    answer->taken = 0;
    answer->failed = true;
    answer->ended = true;
    answer->notice_count = 0;
}

void fh_pg_answer_again(struct fh_pg_answer *answer)
{
    FH_ASSERT(answer->busy && answer->result == NULL && answer->columns == NULL);
    answer->asked = false;
    answer->failed = false;
    answer->ended = false;
    answer->busy = false;
}

static void fail_public(struct fh_pg_answer *answer, const struct freehold_error *error)
{
    fh_pg_report_of(&answer->report, error->code, error->rule, error->text);
    answer->asked = true;
    answer->failed = true;
    answer->busy = error->code == FREEHOLD_EBUSY && answer->columns == NULL;
    answer->retry_ms = error->retry_after_ms;
    fh_pg_answer_end(answer);
}

/* ---- columns ---- */

/* The format code of each column, from the list that the client gave. */
static bool settle_formats(struct fh_pg_answer *answer)
{
    size_t given = answer->formats.size / 2;
    bool binary = answer->copy.form == FH_PG_FORM_BINARY;
    if (given > 1 && given != answer->column_count) {
        fh_pg_report_set(&answer->report,
                         "08P01",
                         "the message has %zu result formats, but the query has %zu columns",
                         given,
                         answer->column_count);
        return false;
    }
    for (size_t i = 0; i < answer->column_count; i++) {
        static const uint8_t text[2] = {0, 0};
        const uint8_t *code = given == 0 ? text : answer->formats.data + (given == 1 ? 0 : 2 * i);
        bool wants = code[0] == 0 && code[1] == 1;
        if (!wants && (code[0] != 0 || code[1] != 0)) {
            fh_pg_report_set(&answer->report, "22023", "a format is text (0) or binary (1)");
            return false;
        }
        answer->column_formats[i] = wants || binary ? 1 : 0;
    }
    return true;
}

bool fh_pg_answer_columns(struct fh_pg_answer *answer, size_t count)
{
    answer->column_count = count;
    answer->columns = fh_calloc(count + 1, sizeof *answer->columns);
    answer->column_formats = fh_calloc(count + 1, 1);
    if (answer->columns == NULL || answer->column_formats == NULL) {
        fh_pg_report_set(&answer->report, "53200", "out of memory");
        return false;
    }
    return true;
}

bool fh_pg_answer_settle(struct fh_pg_answer *answer)
{
    struct fh_err err;
    if (!settle_formats(answer)) {
        return false;
    }
    answer->copy.alone = answer->column_count == 1;
    if (fh_pg_rows_init(&answer->rows,
                        &answer->copy,
                        answer->columns,
                        answer->column_formats,
                        answer->column_count,
                        &err) != FH_OK) {
        fh_pg_report_err(&answer->report, &err);
        return false;
    }
    return true;
}

/* ---- asking ---- */

/* A question that no row of the data answers: it has the same columns. */
static const char *columns_only(struct fh_buf *room, struct fh_pg_answer *answer)
{
    fh_buf_add_cstr(room, "SELECT * FROM (");
    fh_buf_add_bytes(room, fh_buf_view(&answer->sql));
    fh_buf_add_cstr(room, "\n) AS described LIMIT 0");
    return fh_buf_cstr(room);
}

/* A column of the same name as an earlier one gets another in a subquery: "id_1" for the second
 * "id". */
static void restore_name(struct fh_pg_answer *answer, size_t index)
{
    char *name = answer->columns[index].name;
    char *mark = strrchr(name, '_');
    if (mark == NULL || mark == name || mark[1] == 0 ||
        strspn(mark + 1, "0123456789") != strlen(mark + 1)) {
        return;
    }
    for (size_t i = 0; i < index; i++) {
        const char *other = answer->columns[i].name;
        if (strlen(other) == (size_t)(mark - name) && strncmp(other, name, strlen(other)) == 0) {
            *mark = 0;
            return;
        }
    }
}

static void learn_columns(struct fh_pg_answer *answer)
{
    if (!fh_pg_answer_columns(answer, freehold_result_column_count(answer->result))) {
        answer->failed = true;
        return;
    }
    for (size_t i = 0; i < answer->column_count; i++) {
        struct freehold_column column = {.size = sizeof column};
        freehold_result_column(answer->result, i, &column);
        fh_pg_column_of(&answer->columns[i], &column);
        if (answer->columns_only) {
            restore_name(answer, i);
        }
    }
    answer->failed = !fh_pg_answer_settle(answer);
}

static void finish(struct fh_pg_answer *answer)
{
    struct freehold_summary summary = {.size = sizeof summary};
    freehold_result_summary(answer->result, &summary);
    snprintf(answer->receipt, sizeof answer->receipt, "%s", summary.receipt);
    snprintf(answer->owner, sizeof answer->owner, "%s", summary.owner);
    answer->joined = summary.joined;
    fh_pg_answer_end(answer);
}

void fh_pg_answer_ask(struct fh_pg_answer *answer, struct freehold_client *client)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct fh_buf room FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&room, FH_SQL_BYTES_MAX + 256);
    const char *sql =
        answer->columns_only ? columns_only(&room, answer) : fh_buf_cstr(&answer->sql);
    struct freehold_query_options options = {
        .size = sizeof options,
        .purpose = answer->purpose,
        .deadline_ms = answer->deadline_ms,
        .params = answer->params.count > 0 ? answer->params.values : NULL,
        .param_count = answer->params.count,
        .stream = answer->stream && !answer->columns_only,
        .format = answer->copy.form == FH_PG_FORM_ROWS  ? NULL
                  : answer->copy.form == FH_PG_FORM_CSV ? "csv"
                                                        : "copy",
    };
    FH_ASSERT(answer->result == NULL);
    int code = freehold_query(&answer->result, client, sql, &options, &error);
    if (code == FREEHOLD_EBUSY && options.stream && !answer->stream_only &&
        strcmp(error.rule, "limit.streams_per_key") == 0) {
        options.stream = false; /* a cursor is often small: with the limits of other questions */
        code = freehold_query(&answer->result, client, sql, &options, &error);
    }
    if (code != FREEHOLD_OK) {
        fail_public(answer, &error);
        return;
    }
    answer->asked = true;
    learn_columns(answer);
    fh_pg_answer_notices(answer);
    if (answer->failed || answer->columns_only) {
        finish(answer);
    }
}

void fh_pg_answer_given(struct fh_pg_answer *answer, struct fh_pgcat_rows *rows)
{
    FH_ASSERT(answer->given == NULL);
    answer->given = rows;
    answer->asked = true;
    answer->failed = !fh_pg_given_begin(answer);
    answer->ended = answer->failed || answer->columns_only || rows->row_count == 0;
}

/* ---- rows ---- */

/* The next batch; false at the end, and after a failure. */
static bool next_batch(struct fh_pg_answer *answer)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    size_t rows = 0;
    int code = FREEHOLD_OK;
    if (!freehold_result_next_batch(answer->result, &rows, &error, &code)) {
        if (code != FREEHOLD_OK) {
            fail_public(answer, &error);
        } else {
            finish(answer);
        }
        return false;
    }
    fh_pg_rows_begin(&answer->rows, rows);
    for (size_t i = 0; i < answer->column_count; i++) {
        struct freehold_vector vector = {.size = sizeof vector};
        code =
            freehold_result_vector(answer->result, i, FREEHOLD_VECTOR_DICTIONARY, &vector, &error);
        if (code != FREEHOLD_OK) {
            fail_public(answer, &error);
            return false;
        }
        fh_pg_rows_vector(&answer->rows, i, &vector);
    }
    return true;
}

void fh_pg_answer_make(struct fh_pg_answer *answer, size_t bytes)
{
    if (answer->taken > 0 && answer->taken == answer->made.size) {
        fh_buf_reset(&answer->made);
        answer->taken = 0;
    }
    while (!answer->ended && answer->made.size < bytes) {
        if (answer->given != NULL) {
            fh_pg_given_row(answer);
        } else if (fh_pg_rows_write(&answer->rows, &answer->made, bytes, SIZE_MAX) == 0 &&
                   fh_buf_ok(&answer->made) == FH_OK && !next_batch(answer)) {
            return;
        }
        if (fh_buf_ok(&answer->made) != FH_OK) {
            struct fh_err err;
            fh_err_set(&err, fh_buf_ok(&answer->made), "a row is too long for a message");
            fh_buf_reset(&answer->made);
            answer->taken = 0;
            fh_pg_answer_end(answer);
            fh_pg_answer_fail(answer, &err);
        }
    }
    if (answer->ended && !answer->columns_only) {
        fh_pgcat_rows_free(FH_TAKE(answer->given)); /* a portal may stay for long */
    }
}

size_t fh_pg_answer_take(struct fh_pg_answer *answer, struct fh_buf *out, uint64_t most)
{
    size_t left = answer->made.size - answer->taken;
    if (left == 0) {
        return 0;
    }
    const uint8_t *from = answer->made.data + answer->taken;
    size_t size = 0;
    size_t count = 0;
    while (size < left && count < most) {
        size += 1 + (size_t)fh_get_u32be(from + size + 1);
        count++;
    }
    FH_ASSERT(size <= left);
    fh_buf_add(out, from, size);
    answer->taken += size;
    if (answer->taken == answer->made.size) {
        fh_buf_reset(&answer->made);
        answer->taken = 0;
        if (answer->ended) {
            fh_buf_fini(&answer->made); /* a portal may stay for long */
            fh_buf_init(&answer->made, MADE_BYTES_MAX);
        }
    }
    return count;
}
