/* SPDX-License-Identifier: Apache-2.0 */
/* Whole columns of a batch as arrays: as they lie in it, or widened once into memory of their own.
 */
#include "tools/client/result.h"

#include "common/assert.h"
#include "tools/client/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const formats[FH_TYPE_COUNT] = {
    [FH_TYPE_BOOL] = "b",
    [FH_TYPE_INT8] = "c",
    [FH_TYPE_INT16] = "s",
    [FH_TYPE_INT32] = "i",
    [FH_TYPE_INT64] = "l",
    [FH_TYPE_UINT8] = "C",
    [FH_TYPE_UINT16] = "S",
    [FH_TYPE_UINT32] = "I",
    [FH_TYPE_UINT64] = "L",
    [FH_TYPE_HUGEINT] = "d:38,0",
    [FH_TYPE_FLOAT] = "f",
    [FH_TYPE_DOUBLE] = "g",
    [FH_TYPE_VARCHAR] = "u",
    [FH_TYPE_BLOB] = "z",
    [FH_TYPE_JSON] = "u",
    [FH_TYPE_DATE] = "tdD",
    [FH_TYPE_TIME] = "ttu",
    [FH_TYPE_TIMESTAMP] = "tsu:",
    [FH_TYPE_TIMESTAMP_S] = "tss:",
    [FH_TYPE_TIMESTAMP_MS] = "tsm:",
    [FH_TYPE_TIMESTAMP_NS] = "tsn:",
    [FH_TYPE_TIMESTAMP_TZ] = "tsu:UTC",
    [FH_TYPE_INTERVAL] = "w:16",
    [FH_TYPE_UUID] = "w:16",
};

static const char *format_of(struct fh_result_column *column)
{
    if (column->type.code == FH_TYPE_DECIMAL) {
        snprintf(column->format,
                 sizeof column->format,
                 "d:%u,%u",
                 column->type.precision,
                 column->type.scale);
        return column->format;
    }
    FH_ASSERT(formats[column->type.code] != NULL);
    return formats[column->type.code];
}

static size_t align_up(size_t n)
{
    return (n + FH_BATCH_ALIGN - 1) / FH_BATCH_ALIGN * FH_BATCH_ALIGN;
}

/* Memory of the column that holds `size` bytes; what was in it is gone. */
static bool make_room(struct fh_result_column *column, size_t size)
{
    if (size > column->wide_size) {
        free(column->wide);
        column->wide = aligned_alloc(FH_BATCH_ALIGN, align_up(size));
        column->wide_size = column->wide == NULL ? 0 : align_up(size);
        column->wide_batch = 0;
    }
    return column->wide != NULL;
}

/* Makes the plain form, unless a call for the same batch has. */
static int
widen(struct freehold_result *result, size_t index, struct freehold_vector *out, struct fh_err *err)
{
    const struct fh_batch_column *from = &result->batch.columns[index];
    struct fh_result_column *column = &result->columns[index];
    uint32_t rows = result->batch.rows;
    bool text = fh_type_is_variable(from->type);
    size_t before = text ? align_up(((size_t)rows + 1) * sizeof(int32_t)) : 0;
    if (!make_room(column, before + from->plain_size)) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a column");
    }
    uint8_t *data = (uint8_t *)column->wide + before;
    if (column->wide_batch != result->next_take) {
        if (text) {
            fh_batch_texts(from, rows, column->wide, data);
        } else if (fh_type_width(from->type) > 0) {
            fh_batch_values(from, 0, rows, data);
        } else if (from->plain_size > 0) {
            memcpy(data, from->data.data, from->plain_size); /* bits */
        }
        column->wide_batch = result->next_take;
    }
    out->offsets = text ? column->wide : NULL;
    out->data = from->plain_size == 0 ? NULL : data;
    out->data_size = from->plain_size;
    return FH_OK;
}

int freehold_result_vector(struct freehold_result *result,
                           size_t index,
                           unsigned flags,
                           struct freehold_vector *out,
                           struct freehold_error *error)
{
    FH_ASSERT(index < result->column_count);
    FH_ASSERT(result->batch.rows > 0);
    const struct fh_batch_column *column = &result->batch.columns[index];
    struct freehold_vector filled = {
        .format = format_of(&result->columns[index]),
        .rows = result->batch.rows,
        .nulls = column->nulls,
        .validity = column->validity,
        .offsets = (const void *)column->offsets,
        .data = column->data.size == 0 ? NULL : column->data.data,
        .data_size = column->data.size,
    };
    bool dictionary = column->encoding == FH_BATCH_DICTIONARY;
    bool aligned =
        ((uintptr_t)column->data.data | (uintptr_t)column->offsets) % FH_BATCH_ALIGN == 0;
    if (aligned && dictionary && (flags & FREEHOLD_VECTOR_DICTIONARY) != 0) {
        filled.entries = column->entries;
        filled.index_width = column->width;
        filled.indices = column->indices;
    } else if (!aligned || column->encoding != FH_BATCH_PLAIN) {
        struct fh_err err = {0};
        if (widen(result, index, &filled, &err) != FH_OK) {
            return fh_public_error(error, &err);
        }
    }
    fh_public_copy(out, &filled, sizeof filled);
    return FREEHOLD_OK;
}
