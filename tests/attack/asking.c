/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/attack/asking.h"

#include "common/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_BYTES_MAX = 64 * 1024 * 1024, BESIDE_BYTES_MAX = 4 * 1024 * 1024 };

static int64_t now_us(void)
{
    return fh_clock_mono_ns() / 1000;
}

void fh_consumer_init(struct fh_consumer *consumer, const struct freehold_options *how)
{
    *consumer = (struct fh_consumer){.how = *how, .error = FREEHOLD_ERROR_INIT};
    fh_buf_init(&consumer->rows, ROWS_BYTES_MAX);
    fh_buf_init(&consumer->beside, BESIDE_BYTES_MAX);
    fh_buf_init(&consumer->columns, BESIDE_BYTES_MAX);
}

void fh_consumer_fini(struct fh_consumer *consumer)
{
    freehold_close(consumer->client);
    consumer->client = NULL;
    fh_buf_fini(&consumer->rows);
    fh_buf_fini(&consumer->beside);
    fh_buf_fini(&consumer->columns);
}

static void note(struct fh_buf *buf, const char *text)
{
    fh_buf_add_cstr(buf, text);
    fh_buf_add_u8(buf, '\n');
}

static void read_columns(struct fh_consumer *consumer, const struct freehold_result *result)
{
    for (size_t i = 0; i < freehold_result_column_count(result); i++) {
        struct freehold_column column = {.size = sizeof column};
        freehold_result_column(result, i, &column);
        note(&consumer->beside, column.name);
        note(&consumer->beside, column.type_name);
        fh_buf_add_cstr(&consumer->columns, i > 0 ? "," : "");
        fh_buf_add_cstr(&consumer->columns, column.name);
    }
    for (size_t i = 0; i < freehold_result_notice_count(result); i++) {
        struct freehold_notice notice = {.size = sizeof notice};
        freehold_result_notice(result, i, &notice);
        note(&consumer->beside, notice.product);
        note(&consumer->beside, notice.successor);
    }
}

static void read_row(struct fh_consumer *consumer, struct freehold_result *result)
{
    fh_buf_add_cstr(&consumer->rows, consumer->row_count++ > 0 ? " / " : "");
    for (size_t i = 0; i < freehold_result_column_count(result); i++) {
        size_t size = 0;
        const char *text = freehold_result_text(result, i, &size);
        fh_buf_add_cstr(&consumer->rows, i > 0 ? "|" : "");
        if (freehold_result_is_null(result, i)) {
            fh_buf_add_cstr(&consumer->rows, "NULL");
        } else {
            fh_buf_add(&consumer->rows, text, size);
        }
    }
}

/* Whether the session is still of use after this. */
static bool goes_on(const struct fh_consumer *consumer)
{
    return consumer->code != FREEHOLD_EUNREACH && consumer->code != FREEHOLD_EPROTO &&
           consumer->code != FREEHOLD_ESIG &&
           (consumer->code != FREEHOLD_ETIMEOUT ||
            strcmp(consumer->error.rule, "query.deadline") == 0);
}

void fh_consumer_ask(struct fh_consumer *consumer, const char *sql, uint32_t deadline_ms)
{
    struct freehold_result *result = NULL;
    struct freehold_query_options options = {.size = sizeof options, .deadline_ms = deadline_ms};
    int64_t started = now_us();
    fh_buf_reset(&consumer->rows);
    fh_buf_reset(&consumer->beside);
    fh_buf_reset(&consumer->columns);
    consumer->row_count = 0;
    consumer->error = (struct freehold_error)FREEHOLD_ERROR_INIT;
    consumer->code = FREEHOLD_OK;
    if (consumer->client == NULL) {
        consumer->code = freehold_open_with(&consumer->client, &consumer->how, &consumer->error);
    }
    if (consumer->code == FREEHOLD_OK) {
        consumer->code = freehold_query(&result, consumer->client, sql, &options, &consumer->error);
    }
    if (consumer->code == FREEHOLD_OK) {
        read_columns(consumer, result);
        while (freehold_result_next(result, &consumer->error, &consumer->code)) {
            read_row(consumer, result);
        }
    }
    freehold_result_close(result);
    if (consumer->code != FREEHOLD_OK) {
        note(&consumer->beside, consumer->error.rule);
        note(&consumer->beside, consumer->error.text);
    }
    if (consumer->client != NULL && !goes_on(consumer)) {
        freehold_close(consumer->client);
        consumer->client = NULL;
    }
    consumer->took_us = now_us() - started;
}

/* `outcome` is "FORM REST". */
static bool came_true(struct fh_consumer *consumer, const char *outcome)
{
    const char *rest = strchr(outcome, ' ') + 1;
    if (outcome[0] == 'r' && outcome[1] == 'e') {
        return consumer->code != FREEHOLD_OK && strcmp(consumer->error.rule, rest) == 0;
    }
    if (consumer->code != FREEHOLD_OK) {
        return false;
    }
    if (outcome[0] == 'r') {
        return consumer->row_count == strtoull(rest, NULL, 10);
    }
    struct fh_buf *got = outcome[0] == 'c' ? &consumer->columns : &consumer->rows;
    return fh_bytes_equal_cstr(fh_buf_view(got), rest);
}

bool fh_consumer_expected(struct fh_consumer *consumer, const struct fh_attack *attack)
{
    for (size_t i = 0; i < attack->outcome_count; i++) {
        if (came_true(consumer, attack->outcomes[i])) {
            return true;
        }
    }
    return false;
}

const char *fh_consumer_leak(const struct fh_consumer *consumer, const struct fh_canaries *canaries)
{
    if (fh_buf_ok(&consumer->rows) != FH_OK || fh_buf_ok(&consumer->beside) != FH_OK) {
        return "more than could be looked through";
    }
    const char *leak = fh_canaries_find(canaries, fh_buf_view(&consumer->rows), FH_CANARY_ROW);
    return leak != NULL
               ? leak
               : fh_canaries_find(canaries, fh_buf_view(&consumer->beside), FH_CANARY_TEXT);
}

void fh_consumer_tell(struct fh_consumer *consumer, char *out, size_t size)
{
    if (consumer->code != FREEHOLD_OK) {
        snprintf(out, size, "refused %s: %s", consumer->error.rule, consumer->error.text);
    } else {
        snprintf(out,
                 size,
                 "%llu rows of %.100s; answers %.300s",
                 (unsigned long long)consumer->row_count,
                 fh_buf_cstr(&consumer->columns),
                 fh_buf_cstr(&consumer->rows));
    }
}
