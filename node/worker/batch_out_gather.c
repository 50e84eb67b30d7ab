/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of rows that are lent: chunks of our own, filled one after another. */
#include "node/worker/batch_out_inside.h"
#include "node/worker/short_text.h"
#include "node/worker/types.h"
#include "node/worker/validity.h"

#include "common/assert.h"

#include <string.h>

uint32_t fh_batch_out_columns(const struct fh_batch_out *out)
{
    return out->count;
}

enum fh_batch_out_form fh_batch_out_form(const struct fh_batch_out *out, uint32_t column)
{
    FH_ASSERT(column < out->count);
    enum how how = out->columns[column].how;
    return how == HOW_TEXT     ? FH_BATCH_OUT_NEVER
           : how == HOW_STRING ? FH_BATCH_OUT_TEXT
                               : FH_BATCH_OUT_VALUE;
}

bool fh_batch_out_fits(const struct fh_batch_out *out,
                       uint32_t column,
                       duckdb_logical_type type,
                       bool is_short)
{
    const struct out_column *wanted = &out->columns[column];
    struct fh_type carried;
    if (is_short && wanted->how == HOW_STRING) {
        return duckdb_get_type_id(type) == DUCKDB_TYPE_UHUGEINT;
    }
    return wanted->how != HOW_TEXT &&
           duckdb_get_type_id(type) == duckdb_get_type_id(wanted->logical) &&
           fh_types_carried(type, &carried) && fh_type_equal(carried, wanted->type);
}

static size_t width_of(const struct out_column *column)
{
    switch (column->how) {
    case HOW_BOOL:
        return sizeof(bool);
    case HOW_UUID:
        return sizeof(duckdb_hugeint);
    case HOW_STRING:
        return sizeof(duckdb_string_t);
    case HOW_COPY:
    case HOW_DECIMAL:
    case HOW_TEXT:
        break;
    }
    return column->width;
}

/* ---- a column ---- */

static void set_null(duckdb_vector vector, uint32_t row)
{
    duckdb_vector_ensure_validity_writable(vector);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

static void
copy_nulls(duckdb_vector to, uint32_t at, const uint64_t *validity, uint32_t from, uint32_t count)
{
    for (uint32_t row = 0; validity != NULL && row < count; row++) {
        if ((from + row) % 64 == 0 && row + 64 <= count &&
            validity[(from + row) / 64] == UINT64_MAX) {
            row += 63; /* as most words are */
        } else if (!fh_row_valid(validity, from + row)) {
            set_null(to, at + row);
        }
    }
}

/* Long texts of the copied values become the vector's own, and so do NULLs of short ones. */
static void own_texts(duckdb_vector to, uint32_t at, uint32_t count, enum fh_batch_out_texts texts)
{
    duckdb_string_t *values = (duckdb_string_t *)duckdb_vector_get_data(to) + at;
    if (texts == FH_BATCH_OUT_SHORT_THERE || !fh_short_look(values, count).beyond) {
        return;
    }
    const uint64_t *validity = duckdb_vector_get_validity(to);
    for (uint32_t row = 0; row < count; row++) {
        duckdb_string_t text = values[row];
        if (texts == FH_BATCH_OUT_SHORT && text.value.inlined.length == FH_SHORT_NULL) {
            set_null(to, at + row);
            values[row] = (duckdb_string_t){.value.inlined.length = 0};
        } else if (!fh_row_valid(validity, at + row)) {
            values[row] = (duckdb_string_t){.value.inlined.length = 0};
        } else if (text.value.inlined.length > FH_SHORT_BYTES_MAX) {
            duckdb_vector_assign_string_element_len(
                to, at + row, text.value.pointer.ptr, text.value.inlined.length);
        }
    }
}

static void copy_column(struct fh_batch_out *out,
                        uint32_t column,
                        duckdb_vector vector,
                        uint32_t from,
                        uint32_t count,
                        enum fh_batch_out_texts texts)
{
    const struct out_column *c = &out->columns[column];
    duckdb_vector to = duckdb_data_chunk_get_vector(out->gathering, column);
    uint32_t at = out->gathered_rows;
    size_t width = width_of(c);
    memcpy((uint8_t *)duckdb_vector_get_data(to) + at * width,
           (const uint8_t *)duckdb_vector_get_data(vector) + from * width,
           count * width);
    copy_nulls(to, at, duckdb_vector_get_validity(vector), from, count);
    if (c->how == HOW_STRING) {
        own_texts(to, at, count, texts);
    }
}

/* ---- chunks ---- */

void fh_batch_out_reuse(struct fh_batch_out *out, duckdb_data_chunk chunk)
{
    duckdb_data_chunk_reset(chunk);
    pthread_mutex_lock(&out->spares);
    if (out->spare_count < SPARE_MAX) {
        out->spare[out->spare_count++] = chunk;
        chunk = NULL;
    }
    pthread_mutex_unlock(&out->spares);
    duckdb_destroy_data_chunk(&chunk);
}

static duckdb_data_chunk new_chunk(struct fh_batch_out *out)
{
    duckdb_logical_type types[FH_BATCH_COLUMNS_MAX];
    duckdb_data_chunk chunk = NULL;
    pthread_mutex_lock(&out->spares);
    if (out->spare_count > 0) {
        chunk = out->spare[--out->spare_count];
    }
    pthread_mutex_unlock(&out->spares);
    if (chunk != NULL) {
        return chunk;
    }
    for (uint32_t i = 0; i < out->count; i++) {
        types[i] = out->columns[i].logical;
    }
    return duckdb_create_data_chunk(types, out->count);
}

void fh_batch_out_hand_on(struct fh_batch_out *out, fh_batch_out_full_fn *fn, void *user)
{
    out->full_fn = fn;
    out->full_user = user;
}

int fh_batch_out_add_copies(struct fh_batch_out *out, duckdb_data_chunk chunk, struct fh_err *err)
{
    return fh_batch_out_add_held(out, chunk, true, err);
}

/* The chunk of copies, its size set; NULL: there are none. */
static duckdb_data_chunk take_copies(struct fh_batch_out *out)
{
    duckdb_data_chunk chunk = out->gathering;
    if (chunk != NULL) {
        duckdb_data_chunk_set_size(chunk, out->gathered_rows);
    }
    out->gathering = NULL;
    out->gathered_rows = 0;
    out->gathered_bytes = 0;
    return chunk;
}

int fh_batch_out_settle(struct fh_batch_out *out, struct fh_err *err)
{
    duckdb_data_chunk chunk = take_copies(out);
    return chunk == NULL ? FH_OK : fh_batch_out_add_copies(out, chunk, err);
}

static int hand_on(struct fh_batch_out *out, struct fh_err *err)
{
    return out->full_fn == NULL ? fh_batch_out_settle(out, err)
                                : out->full_fn(take_copies(out), out->full_user, err);
}

/* Bytes of the long texts of a row. */
static size_t long_bytes(const struct fh_batch_out *out, duckdb_data_chunk chunk, uint32_t row)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->columns[i].how != HOW_STRING) {
            continue;
        }
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        const duckdb_string_t *texts = duckdb_vector_get_data(vector);
        uint32_t size = texts[row].value.inlined.length;
        bool there = fh_row_valid(duckdb_vector_get_validity(vector), row);
        bytes += there && size > FH_SHORT_BYTES_MAX ? size : 0;
    }
    return bytes;
}

/* At least the bytes of the long texts of rows from..from + count. */
static size_t
most_bytes(const struct fh_batch_out *out, duckdb_data_chunk chunk, uint32_t from, uint32_t count)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->columns[i].how == HOW_STRING) {
            duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
            const uint64_t *validity = duckdb_vector_get_validity(vector);
            bytes += fh_batch_out_string_bytes(
                duckdb_vector_get_data(vector), validity, from, from + count);
        }
    }
    return bytes;
}

/* Of rows from..from + count, how many to copy: not more text than a batch holds, or one row. */
static uint32_t
fitting(struct fh_batch_out *out, duckdb_data_chunk chunk, uint32_t from, uint32_t count)
{
    size_t most = out->text_columns == 0 ? 0 : most_bytes(out, chunk, from, count);
    if (out->gathered_bytes + most <= FH_BATCH_BYTES_MAX) {
        out->gathered_bytes += most;
        return count;
    }
    for (uint32_t row = 0; row < count; row++) {
        size_t bytes = long_bytes(out, chunk, from + row);
        if (bytes > 0 && out->gathered_bytes + bytes > FH_BATCH_BYTES_MAX &&
            (row > 0 || out->gathered_rows > 0)) {
            return row;
        }
        out->gathered_bytes += bytes;
    }
    return count;
}

int fh_batch_out_copy(struct fh_batch_out *out,
                      duckdb_data_chunk chunk,
                      enum fh_batch_out_texts texts,
                      struct fh_err *err)
{
    uint32_t rows = (uint32_t)duckdb_data_chunk_get_size(chunk);
    for (uint32_t from = 0; from < rows;) {
        if (out->gathering == NULL) {
            out->gathering = new_chunk(out);
            if (out->gathering == NULL) {
                return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
            }
        }
        uint32_t room = FH_VECTOR_ROWS - out->gathered_rows;
        uint32_t wanted = rows - from < room ? rows - from : room;
        uint32_t count = texts == FH_BATCH_OUT_ALL ? fitting(out, chunk, from, wanted) : wanted;
        for (uint32_t i = 0; i < out->count; i++) {
            copy_column(out, i, duckdb_data_chunk_get_vector(chunk, i), from, count, texts);
        }
        out->gathered_rows += count;
        from += count;
        int code = count == room || count < wanted ? hand_on(out, err) : FH_OK;
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}
