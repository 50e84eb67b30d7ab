/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/ring_out.h"

#include "node/worker/types.h"

#include <string.h>

bool fh_ring_out_fits(const struct fh_ring_end *end, duckdb_data_chunk chunk)
{
    const struct fh_ring_layout *layout = &end->layout;
    bool fit = duckdb_data_chunk_get_column_count(chunk) == (idx_t)layout->column_count;
    for (uint32_t i = 0; fit && i < layout->column_count; i++) {
        struct fh_type type;
        duckdb_logical_type found =
            duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, i));
        fit = duckdb_get_type_id(found) != DUCKDB_TYPE_ENUM && fh_types_carried(found, &type) &&
              fh_type_equal(type, layout->places[i].type);
        duckdb_destroy_logical_type(&found);
    }
    return fit;
}

static bool is_valid(const uint64_t *validity, idx_t row)
{
    return validity == NULL || (validity[row / 64] >> (row % 64) & 1) != 0;
}

/* Rows from..from + count of a column's validity; whether one is NULL. */
static bool put_validity(uint8_t *to, const uint64_t *validity, uint32_t from, uint32_t count)
{
    if (validity == NULL) {
        return false;
    }
    uint64_t nulls = 0;
    for (uint32_t word = 0; word < (count + 63) / 64; word++) {
        uint32_t bits = count - word * 64 < 64 ? count - word * 64 : 64;
        uint64_t there = 0;
        if (from % 64 == 0) {
            there = validity[from / 64 + word];
        } else { /* a frame was cut in the middle of a word: rare */
            for (uint32_t i = 0; i < bits; i++) {
                there |= (uint64_t)is_valid(validity, from + word * 64 + i) << i;
            }
        }
        uint64_t all = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        there &= all;
        nulls |= there ^ all;
        memcpy(to + (size_t)word * 8, &there, sizeof there);
    }
    return nulls != 0;
}

/* Values under a NULL become zero: what stands there may be what is masked. */
static void put_values(uint8_t *to,
                       const uint8_t *values,
                       const uint64_t *validity,
                       uint32_t width,
                       uint32_t from,
                       uint32_t count)
{
    memcpy(to, values + (size_t)from * width, (size_t)count * width);
    for (uint32_t i = 0; validity != NULL && i < count; i++) {
        if (!is_valid(validity, from + i)) {
            memset(to + (size_t)i * width, 0, width);
        }
    }
}

/* False when the texts do not fit the frame. */
static bool put_texts(uint8_t *to,
                      const duckdb_string_t *values,
                      const uint64_t *validity,
                      uint32_t from,
                      uint32_t count,
                      uint8_t *text,
                      uint32_t *text_bytes)
{
    for (uint32_t i = 0; i < count; i++, to += FH_RING_TEXT_WIDTH) {
        const duckdb_string_t *value = &values[from + i];
        uint32_t size = value->value.inlined.length;
        if (!is_valid(validity, from + i)) {
            memset(to, 0, FH_RING_TEXT_WIDTH);
        } else if (size <= FH_RING_TEXT_SHORT) {
            memcpy(to, value, FH_RING_TEXT_WIDTH);
        } else if (size > FH_RING_TEXT_BYTES - *text_bytes) {
            return false;
        } else {
            fh_ring_put_long(to, size, *text_bytes);
            memcpy(text + *text_bytes, value->value.pointer.ptr, size);
            *text_bytes += size;
        }
    }
    return true;
}

/* Writes one frame; false when its texts are too large for one. */
static bool put_frame(const struct fh_ring_layout *layout,
                      duckdb_data_chunk chunk,
                      uint32_t from,
                      uint32_t count,
                      uint8_t *slot)
{
    uint8_t nulls[FH_BATCH_COLUMNS_MAX];
    uint32_t text_bytes = 0;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        const struct fh_ring_place *place = &layout->places[i];
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        const uint64_t *validity = duckdb_vector_get_validity(vector);
        const void *values = duckdb_vector_get_data(vector);
        nulls[i] = put_validity(slot + place->validity, validity, from, count);
        validity = nulls[i] != 0 ? validity : NULL;
        if (!fh_type_is_variable(place->type)) {
            put_values(slot + place->values, values, validity, place->width, from, count);
        } else if (!put_texts(slot + place->values,
                              values,
                              validity,
                              from,
                              count,
                              slot + layout->text_at,
                              &text_bytes)) {
            return false;
        }
    }
    fh_ring_put_head(slot, layout, count, text_bytes, nulls);
    return true;
}

static bool wait_for_slot(struct fh_ring_end *end, uint8_t **out_slot, struct fh_err *failure)
{
    switch (fh_ring_free(end, out_slot)) {
    case FH_RING_READY:
        return true;
    case FH_RING_OVER:
        break;
    case FH_RING_STOPPED:
        (void)fh_err_rule(failure, FH_ECANCELLED, "query.cancelled", "the scan was cancelled");
        break;
    case FH_RING_BROKEN:
        (void)fh_err_rule(
            failure, FH_EPROTO, "ring.count", "the reader of a scan counts what cannot be");
        break;
    }
    return false;
}

bool fh_ring_out_chunk(struct fh_ring_end *end,
                       duckdb_data_chunk chunk,
                       uint32_t rows,
                       struct fh_err *failure)
{
    uint32_t most = end->layout.rows_max;
    for (uint32_t from = 0; from < rows;) {
        uint8_t *slot;
        if (!wait_for_slot(end, &slot, failure)) {
            return false;
        }
        uint32_t count = rows - from < most ? rows - from : most;
        while (!put_frame(&end->layout, chunk, from, count, slot)) {
            if (count == 1) {
                (void)fh_err_rule(failure,
                                  FH_ETOOBIG,
                                  "query.row",
                                  "the texts of a row are larger than %d MiB",
                                  FH_RING_TEXT_BYTES / (1024 * 1024));
                return false;
            }
            count /= 2;
        }
        fh_ring_publish(end);
        from += count;
    }
    return true;
}

bool fh_ring_out_count(struct fh_ring_end *end, uint64_t rows, struct fh_err *failure)
{
    uint8_t *slot;
    if (!wait_for_slot(end, &slot, failure)) {
        return false;
    }
    fh_ring_put_head(slot, &end->layout, rows, 0, NULL);
    fh_ring_publish(end);
    return true;
}
