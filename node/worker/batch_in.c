/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/batch_in.h"

#include "common/assert.h"

#include <string.h>

static const int64_t micros_per_day = INT64_C(86400000000);

/* DuckDB prints a time of day by table: one outside a day would be read beyond it. */
static bool times_in_range(const struct fh_batch_column *column, uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++) {
        int64_t value;
        fh_batch_values(column, row, 1, &value);
        if (value < 0 || value > micros_per_day) {
            return false;
        }
    }
    return true;
}

int fh_batch_in_check(const struct fh_batch *batch,
                      const struct fh_column *columns,
                      const uint32_t *projected,
                      uint32_t projected_count,
                      struct fh_err *err)
{
    if (batch->column_count != projected_count) {
        return fh_err_rule(err, FH_EPROTO, "scan.columns", "a remote scan brought other columns");
    }
    for (uint32_t i = 0; i < projected_count; i++) {
        const struct fh_column *promised = &columns[projected[i]];
        const struct fh_batch_column *column = &batch->columns[i];
        if (!fh_type_equal(promised->type, column->type)) {
            char found[FH_TYPE_TEXT_BYTES];
            char wanted[FH_TYPE_TEXT_BYTES];
            fh_type_text(found, column->type);
            fh_type_text(wanted, promised->type);
            return fh_err_rule(err,
                               FH_EPROTO,
                               "scan.types",
                               "column %s of a remote scan is %s; its contract promises %s",
                               promised->name,
                               found,
                               wanted);
        }
        if (column->type.code == FH_TYPE_TIME && !times_in_range(column, batch->rows)) {
            return fh_err_rule(
                err, FH_EPROTO, "scan.values", "a remote scan brought a time outside of a day");
        }
    }
    return fh_batch_check_text(batch, err);
}

static void put_validity(duckdb_vector vector,
                         const struct fh_batch_column *column,
                         uint32_t from,
                         uint32_t count)
{
    if (column->nulls == 0) {
        return;
    }
    duckdb_vector_ensure_validity_writable(vector);
    uint64_t *words = duckdb_vector_get_validity(vector);
    size_t bytes = ((size_t)count + 7) / 8;
    memcpy(words, column->validity + from / 8, bytes);
    if (count % 8 != 0) { // bits behind the rows stay valid, as DuckDB has them
        uint8_t *last = (uint8_t *)words + bytes - 1;
        *last = (uint8_t)(*last | (0xff << (count % 8)));
    }
}

static void
put_bools(bool *out, const struct fh_batch_column *column, uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = from + i;
        out[i] = (column->data.data[row / 8] >> (row % 8) & 1) != 0;
    }
}

static void put_strings(duckdb_vector vector,
                        const struct fh_batch_column *column,
                        uint32_t from,
                        uint32_t count)
{
    duckdb_string_t *out = duckdb_vector_get_data(vector);
    for (uint32_t i = 0; i < count; i++) {
        struct fh_bytes bytes = fh_batch_bytes(column, from + i);
        const char *text = bytes.size == 0 ? "" : (const char *)bytes.data;
        if (bytes.size <= sizeof out[i].value.inlined.inlined) {
            memset(&out[i], 0, sizeof out[i]);
            out[i].value.inlined.length = (uint32_t)bytes.size;
            memcpy(out[i].value.inlined.inlined, text, bytes.size);
        } else if (!fh_batch_is_null(column, from + i)) {
            duckdb_vector_assign_string_element_len(vector, i, text, bytes.size);
        }
    }
}

/* DuckDB keeps a decimal in the smallest integer that has room for its digits. */
static void
put_decimals(void *out, const struct fh_batch_column *column, uint32_t from, uint32_t count)
{
    size_t width = column->type.precision <= 4    ? 2
                   : column->type.precision <= 9  ? 4
                   : column->type.precision <= 18 ? 8
                                                  : 16;
    for (uint32_t i = 0; i < count; i++) { // little-endian: the low bytes are the value
        uint8_t value[16];
        fh_batch_values(column, from + i, 1, value);
        memcpy((uint8_t *)out + i * width, value, width);
    }
}

/* DuckDB keeps a UUID as a hugeint with the highest bit flipped, so that order is text order. */
static void
put_uuids(duckdb_hugeint *out, const struct fh_batch_column *column, uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = column->data.data + ((size_t)from + i) * 16;
        out[i].upper = (int64_t)(fh_get_u64be(at) ^ (uint64_t)1 << 63);
        out[i].lower = fh_get_u64be(at + 8);
    }
}

void fh_batch_in(duckdb_vector vector,
                 const struct fh_batch_column *column,
                 uint32_t from,
                 uint32_t count)
{
    FH_ASSERT(from % 8 == 0);
    if (count == 0) {
        return;
    }
    put_validity(vector, column, from, count);
    void *out = duckdb_vector_get_data(vector);
    int width = fh_type_width(column->type);
    if (width < 0) {
        put_strings(vector, column, from, count);
    } else if (width == 0) {
        put_bools(out, column, from, count);
    } else if (column->type.code == FH_TYPE_DECIMAL) {
        put_decimals(out, column, from, count);
    } else if (column->type.code == FH_TYPE_UUID) {
        put_uuids(out, column, from, count);
    } else {
        fh_batch_values(column, from, count, out);
    }
}
