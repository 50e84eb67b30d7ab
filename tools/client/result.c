/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/result.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/client/outbox.h"
#include "tools/client/query.h"
#include "tools/client/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lifecycle ---- */

static struct freehold_result *result_new(struct freehold_client *client)
{
    struct freehold_result *result = fh_calloc(1, sizeof *result);
    if (result == NULL) {
        return NULL;
    }
    result->client = client;
    result->deadline_ms = INT64_MAX;
    for (size_t i = 0; i < FH_QUERY_WINDOW; i++) {
        result->slots[i] = -1;
    }
    fh_buf_init(&result->sql, FH_SQL_BYTES_MAX + 1);
    fh_buf_init(&result->param_text, FH_SQL_PARAMS_BYTES_MAX);
    fh_buf_init(&result->request_payload, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&result->request_record, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&result->leaves, (size_t)FH_RECEIPT_LEAVES_MAX * FH_HASH_BYTES);
    fh_buf_init(&result->receipt_bytes, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_init(&result->file, FH_RECEIPT_FILE_BYTES_MAX);
    return result;
}

void freehold_result_close(struct freehold_result *result)
{
    if (result == NULL) {
        return;
    }
    fh_outbox_leave(result);
    fh_stream_stop(result);
    fh_client_release(result->client, result->channel);
    fh_outbox_look(result->client, !result->ended);
    for (size_t i = 0; i < result->column_count; i++) {
        fh_free(result->columns[i].name);
        fh_buf_fini(&result->columns[i].text);
        free(result->columns[i].wide);
    }
    fh_free(result->columns);
    fh_landing_fini(&result->landing);
    fh_free(result->limited);
    fh_free(result->waived);
    fh_arena_free(result->arena);
    fh_buf_fini(&result->sql);
    fh_buf_fini(&result->param_text);
    fh_buf_fini(&result->request_payload);
    fh_buf_fini(&result->request_record);
    fh_buf_fini(&result->leaves);
    fh_buf_fini(&result->receipt_bytes);
    fh_buf_fini(&result->file);
    fh_free(result);
}

/* The options that the caller knows, the rest at their defaults. */
static struct freehold_query_options read_options(const struct freehold_query_options *given)
{
    struct freehold_query_options options = {.size = sizeof options};
    if (given != NULL) {
        FH_ASSERT(given->size >= sizeof given->size);
        size_t size = given->size < sizeof options ? given->size : sizeof options;
        memcpy(&options, given, size);
    }
    return options;
}

static int query(struct freehold_result **out,
                 struct freehold_client *client,
                 const char *sql,
                 const struct freehold_query_options *options,
                 bool begin_only,
                 struct fh_err *err)
{
    struct freehold_result *result = result_new(client);
    if (result == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a result");
    }
    if (options->deadline_ms > 0) {
        result->deadline_ms = fh_clock_mono_ms() + options->deadline_ms;
    }
    int code = fh_query_start(result, sql, options, err);
    bool rows = false;
    if (code == FH_OK && !begin_only) {
        code = fh_stream_step(result, &rows);
        if (code != FH_OK) {
            *err = result->err;
        }
    }
    if (code != FH_OK) {
        freehold_result_close(result);
        return code;
    }
    /* freehold_result_next steps onto row 0. */
    result->row = UINT32_MAX;
    *out = result;
    return FH_OK;
}

int freehold_query_begin(struct freehold_result **out,
                         struct freehold_client *client,
                         const char *sql,
                         const struct freehold_query_options *options,
                         struct freehold_error *error)
{
    struct fh_err err = {0};
    struct freehold_query_options known = read_options(options);
    *out = NULL;
    int code = query(out, client, sql, &known, true, &err);
    return code == FH_OK ? FH_OK : fh_public_error(error, &err);
}

int freehold_query(struct freehold_result **out,
                   struct freehold_client *client,
                   const char *sql,
                   const struct freehold_query_options *options,
                   struct freehold_error *error)
{
    struct fh_err err = {0};
    struct freehold_query_options known = read_options(options);
    *out = NULL;
    int code = query(out, client, sql, &known, false, &err);
    return code == FH_OK ? FH_OK : fh_public_error(error, &err);
}

/* ---- columns ---- */

static int public_type(struct fh_type type)
{
    switch ((enum fh_type_code)type.code) {
    case FH_TYPE_BOOL:
        return FREEHOLD_TYPE_BOOL;
    case FH_TYPE_INT8:
    case FH_TYPE_INT16:
    case FH_TYPE_INT32:
    case FH_TYPE_INT64:
        return FREEHOLD_TYPE_INT;
    case FH_TYPE_UINT8:
    case FH_TYPE_UINT16:
    case FH_TYPE_UINT32:
    case FH_TYPE_UINT64:
        return FREEHOLD_TYPE_UINT;
    case FH_TYPE_FLOAT:
    case FH_TYPE_DOUBLE:
        return FREEHOLD_TYPE_DOUBLE;
    case FH_TYPE_HUGEINT:
    case FH_TYPE_DECIMAL:
        return FREEHOLD_TYPE_DECIMAL;
    case FH_TYPE_VARCHAR:
        return FREEHOLD_TYPE_TEXT;
    case FH_TYPE_BLOB:
        return FREEHOLD_TYPE_BLOB;
    case FH_TYPE_JSON:
        return FREEHOLD_TYPE_JSON;
    case FH_TYPE_DATE:
        return FREEHOLD_TYPE_DATE;
    case FH_TYPE_TIME:
        return FREEHOLD_TYPE_TIME;
    case FH_TYPE_TIMESTAMP:
    case FH_TYPE_TIMESTAMP_S:
    case FH_TYPE_TIMESTAMP_MS:
    case FH_TYPE_TIMESTAMP_NS:
    case FH_TYPE_TIMESTAMP_TZ:
        return FREEHOLD_TYPE_TIMESTAMP;
    case FH_TYPE_INTERVAL:
    case FH_TYPE_UUID:
    case FH_TYPE_COUNT:
        break;
    }
    return FREEHOLD_TYPE_OTHER;
}

size_t freehold_result_column_count(const struct freehold_result *result)
{
    return result->column_count;
}

void freehold_result_column(const struct freehold_result *result,
                            size_t index,
                            struct freehold_column *out)
{
    FH_ASSERT(index < result->column_count);
    const struct fh_result_column *column = &result->columns[index];
    struct freehold_column filled = {
        .name = column->name,
        .type_name = column->type_name,
        .type = public_type(column->type),
    };
    fh_public_copy(out, &filled, sizeof filled);
}

/* ---- rows ---- */

bool freehold_result_next(struct freehold_result *result,
                          struct freehold_error *error,
                          int *out_code)
{
    for (size_t i = 0; i < result->column_count; i++) {
        fh_buf_reset(&result->columns[i].text);
    }
    result->row++; /* UINT32_MAX before the first row becomes 0 */
    bool rows = result->row < result->batch.rows;
    if (!rows) {
        int code = fh_stream_step(result, &rows);
        if (code != FH_OK) {
            result->row = 0;
            *out_code = fh_public_error(error, &result->err);
            return false;
        }
    }
    *out_code = FREEHOLD_OK;
    if (!rows) {
        result->batch.rows = 0;
        result->row = 0;
    }
    return rows;
}

bool freehold_result_next_batch(struct freehold_result *result,
                                size_t *out_rows,
                                struct freehold_error *error,
                                int *out_code)
{
    bool rows = result->row == UINT32_MAX && result->batch.rows > 0;
    *out_code = FREEHOLD_OK;
    if (!rows && fh_stream_step(result, &rows) != FH_OK) {
        *out_code = fh_public_error(error, &result->err);
    }
    if (!rows) {
        result->batch.rows = 0;
        result->row = 0;
        return false;
    }
    for (size_t i = 0; i < result->column_count; i++) {
        fh_buf_reset(&result->columns[i].text);
    }
    result->row = result->batch.rows - 1; /* freehold_result_next goes on behind it */
    *out_rows = result->batch.rows;
    return true;
}

static struct fh_cell current(const struct freehold_result *result, size_t column)
{
    FH_ASSERT(column < result->column_count);
    FH_ASSERT(result->row < result->batch.rows);
    return fh_batch_cell(&result->batch.columns[column], result->row);
}

bool freehold_result_is_null(const struct freehold_result *result, size_t column)
{
    FH_ASSERT(column < result->column_count);
    FH_ASSERT(result->row < result->batch.rows);
    return fh_batch_is_null(&result->batch.columns[column], result->row);
}

/* Timestamps of every unit as microseconds. */
static int64_t to_micros(int64_t value, uint8_t type)
{
    int64_t out = value;
    if (type == FH_TYPE_TIMESTAMP_S) {
        return __builtin_mul_overflow(value, (int64_t)1000000, &out) ? 0 : out;
    }
    if (type == FH_TYPE_TIMESTAMP_MS) {
        return __builtin_mul_overflow(value, (int64_t)1000, &out) ? 0 : out;
    }
    return type == FH_TYPE_TIMESTAMP_NS ? value / 1000 : value;
}

int64_t freehold_result_int(const struct freehold_result *result, size_t column)
{
    struct fh_cell cell = current(result, column);
    if (cell.kind == FH_CELL_UINT) {
        return cell.natural <= INT64_MAX ? (int64_t)cell.natural : 0;
    }
    return cell.kind == FH_CELL_INT || cell.kind == FH_CELL_BOOL
               ? to_micros(cell.integer, cell.type.code)
               : 0;
}

double freehold_result_double(const struct freehold_result *result, size_t column)
{
    struct fh_cell cell = current(result, column);
    switch (cell.kind) {
    case FH_CELL_REAL:
        return cell.real;
    case FH_CELL_UINT:
        return (double)cell.natural;
    case FH_CELL_INT:
    case FH_CELL_BOOL:
        return (double)cell.integer;
    case FH_CELL_WIDE: {
        /* Through text, which is exact; a sign, 39 digits and a point. */
        struct fh_buf text FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&text, 64);
        fh_cell_text(&cell, &text);
        return strtod(fh_buf_cstr(&text), NULL);
    }
    case FH_CELL_NULL:
    case FH_CELL_BYTES:
    case FH_CELL_INTERVAL:
        break;
    }
    return 0;
}

const char *freehold_result_text(struct freehold_result *result, size_t column, size_t *out_size)
{
    struct fh_cell cell = current(result, column);
    struct fh_buf *text = &result->columns[column].text;
    fh_buf_reset(text);
    if (cell.kind == FH_CELL_BYTES && cell.type.code == FH_TYPE_BLOB) {
        fh_buf_add_bytes(text, cell.bytes);
    } else {
        fh_cell_text(&cell, text);
    }
    const char *cstr = fh_buf_cstr(text);
    if (out_size != NULL) {
        *out_size = text->size;
    }
    return cstr;
}

/* ---- the end ---- */

void freehold_result_summary(const struct freehold_result *result, struct freehold_summary *out)
{
    struct fh_observed seen = fh_tally_read(&result->tally);
    struct freehold_summary filled = {
        .rows = seen.rows,
        .bytes = seen.bytes,
        .batches = seen.batches,
        .relayed = fh_channel_is_relayed(result->channel),
        .joined = result->joined,
        .receipts = (uint32_t)result->receipt_count,
    };
    const struct fh_directory_domain *owner =
        fh_directory_domain(result->client->actor->directory, fh_channel_domain(result->channel));
    snprintf(filled.owner, sizeof filled.owner, "%s", owner == NULL ? "" : owner->name);
    fh_node_id_text(filled.node, fh_channel_node(result->channel));
    if (result->ended && result->err.code == FH_OK) {
        fh_record_id_text(filled.receipt, &result->receipt_id);
        if (result->receipt.has_policy) {
            fh_record_id_text(filled.policy, &result->receipt.policy);
        }
    }
    fh_record_id_text(filled.request, &result->request_id);
    fh_public_copy(out, &filled, sizeof filled);
}

size_t freehold_result_source_count(const struct freehold_result *result)
{
    return result->request.table_count;
}

void freehold_result_source(const struct freehold_result *result,
                            size_t index,
                            struct freehold_source *out)
{
    FH_ASSERT(index < result->request.table_count);
    const struct fh_query_table *table = &result->request.tables[index];
    struct freehold_source filled = {.size = sizeof filled};
    const struct fh_directory_domain *owner =
        fh_directory_domain(result->client->actor->directory, &table->domain);
    fh_domain_id_text(filled.domain, &table->domain);
    snprintf(filled.domain_name, sizeof filled.domain_name, "%s", owner == NULL ? "" : owner->name);
    memcpy(filled.product, table->product, sizeof filled.product);
    memcpy(filled.table, table->table, sizeof filled.table);
    memcpy(filled.version, table->version, sizeof filled.version);
    fh_record_id_text(filled.contract, &table->contract);
    fh_public_copy(out, &filled, sizeof filled);
}

/* Everybody whose signature is in the file. */
static size_t list_signers(const struct freehold_result *result,
                           struct fh_domain_id out[2 + FH_QUERY_TABLES_MAX])
{
    size_t count = 0;
    out[count++] = result->client->actor->domain;
    out[count++] = result->receipt.owner;
    for (size_t i = 0; i < result->request.table_count; i++) {
        out[count++] = result->request.tables[i].domain;
    }
    return count;
}

static int make_file(struct freehold_result *result, struct fh_err *err)
{
    /* Of a token, or a key outside of a home, the own domain's admission may not have been needed
     * until now; whoever verifies the file needs it. */
    int known = fh_client_know(result->client, &result->client->actor->domain, err);
    if (known != FH_OK) {
        return known;
    }
    struct fh_receipt_file *file FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *file);
    if (file == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a receipt file");
    }
    file->mesh = result->client->actor->mesh;
    file->saved_ms = fh_clock_wall_ms();
    file->request = fh_buf_view(&result->request_record);
    file->receipt_count = result->receipt_count;
    const uint8_t *at = result->receipt_bytes.data;
    for (size_t i = 0; i < result->receipt_count; i++) {
        file->receipts[i] = fh_bytes(at, result->receipt_sizes[i]);
        at += result->receipt_sizes[i];
    }
    file->leaves = fh_buf_view(&result->leaves);
    struct fh_domain_id signers[2 + FH_QUERY_TABLES_MAX];
    int code = fh_support_records(result->client->actor->directory,
                                  signers,
                                  list_signers(result, signers),
                                  file->support,
                                  FH_RECEIPT_FILE_SUPPORT_MAX,
                                  &file->support_count,
                                  err);
    fh_buf_reset(&result->file);
    return code == FH_OK ? fh_receipt_file_make(&result->file, file, err) : code;
}

int freehold_result_receipt(struct freehold_result *result,
                            const void **out_data,
                            size_t *out_size,
                            struct freehold_error *error)
{
    struct fh_err err = {0};
    int code = FH_OK;
    if (!result->ended || result->err.code != FH_OK) {
        code = fh_err_set(&err, FH_ESTATE, "the answer has not come to its verified end");
    } else if (result->file.size == 0) {
        code = make_file(result, &err);
    }
    if (code != FH_OK) {
        return fh_public_error(error, &err);
    }
    *out_data = result->file.data;
    *out_size = result->file.size;
    return FREEHOLD_OK;
}
