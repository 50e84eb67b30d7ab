/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/ring_out.h"

#include "common/assert.h"
#include "node/worker/short_text.h"
#include "node/worker/types.h"
#include "node/worker/validity.h"

#include <string.h>

int fh_ring_out_init(struct fh_ring_out *out,
                     struct fh_ring_end *end,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    uint32_t columns = end->layout.column_count;
    *out = (struct fh_ring_out){.end = end};
    out->nulls = fh_arena_array(arena, (size_t)columns + 1, sizeof *out->nulls);
    out->validity = fh_arena_array(arena, (size_t)columns + 1, sizeof *out->validity);
    return out->nulls != NULL && out->validity != NULL
               ? FH_OK
               : fh_err_set(err, FH_ENOMEM, "no memory for a ring");
}

static enum fh_ring_out_state open_frame(struct fh_ring_out *out)
{
    switch (fh_ring_free(out->end, &out->slot)) {
    case FH_RING_READY:
        break;
    case FH_RING_OVER:
        return FH_RING_OUT_OVER;
    case FH_RING_STOPPED:
        return FH_RING_OUT_STOPPED;
    case FH_RING_BROKEN:
        return FH_RING_OUT_BROKEN;
    }
    out->rows = 0;
    out->text_bytes = 0;
    memset(out->nulls, 0, out->end->layout.column_count);
    return FH_RING_OUT_GOOD;
}

static void publish(struct fh_ring_out *out)
{
    fh_ring_put_head(out->slot, &out->end->layout, out->rows, out->text_bytes, out->nulls);
    fh_ring_publish(out->end);
    out->slot = NULL;
}

/* ---- how many rows fit ---- */

static uint32_t long_bytes(const duckdb_string_t *value)
{
    uint32_t size = value->value.inlined.length;
    return size > FH_RING_TEXT_SHORT ? size : 0;
}

/* Texts in a chunk: its column, when it has any. */
static const duckdb_string_t *texts_of(const struct fh_ring_out *out,
                                       duckdb_data_chunk chunk,
                                       uint32_t column,
                                       const uint64_t **out_validity)
{
    if (!fh_type_is_variable(out->end->layout.places[column].type)) {
        return NULL;
    }
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
    *out_validity = duckdb_vector_get_validity(vector);
    return duckdb_vector_get_data(vector);
}

/* Of rows from..from + count, how many have texts that fit the frame. */
static uint32_t
fitting(const struct fh_ring_out *out, duckdb_data_chunk chunk, uint32_t from, uint32_t count)
{
    uint64_t room = FH_RING_TEXT_BYTES - out->text_bytes;
    uint64_t all = 0;
    uint32_t columns = out->end->layout.column_count;
    for (uint32_t i = 0; i < columns; i++) {
        const uint64_t *validity = NULL;
        const duckdb_string_t *values = texts_of(out, chunk, i, &validity);
        for (uint32_t row = from; values != NULL && row < from + count; row++) {
            all += fh_row_valid(validity, row) ? long_bytes(&values[row]) : 0;
        }
    }
    if (all <= room) {
        return count;
    }
    uint64_t used = 0;
    for (uint32_t row = from; row < from + count; row++) {
        for (uint32_t i = 0; i < columns; i++) {
            const uint64_t *validity = NULL;
            const duckdb_string_t *values = texts_of(out, chunk, i, &validity);
            used += values != NULL && fh_row_valid(validity, row) ? long_bytes(&values[row]) : 0;
        }
        if (used > room) {
            return row - from;
        }
    }
    return count;
}

/* ---- vectors ---- */

/* Appends the validity of rows from..from + count behind the `at` rows that are there; `word` is
 * the one that is being filled. Whether one is NULL. */
static bool put_validity(uint8_t *to,
                         uint64_t *word,
                         uint32_t at,
                         const uint64_t *validity,
                         uint32_t from,
                         uint32_t count)
{
    bool nulls = false;
    for (uint32_t done = 0; done < count;) {
        uint32_t to_bit = (at + done) % 64;
        uint32_t from_bit = (from + done) % 64;
        uint32_t bits = 64 - (to_bit > from_bit ? to_bit : from_bit);
        bits = bits < count - done ? bits : count - done;
        uint64_t all = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        uint64_t there = validity == NULL ? all : validity[(from + done) / 64] >> from_bit & all;
        nulls = nulls || there != all;
        *word = (to_bit == 0 ? 0 : *word) | there << to_bit;
        memcpy(to + (size_t)((at + done) / 64) * 8, word, sizeof *word);
        done += bits;
    }
    return nulls;
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
        if (!fh_row_valid(validity, from + i)) {
            memset(to + (size_t)i * width, 0, width);
        }
    }
}

/* They fit: see fitting. */
static void put_texts(struct fh_ring_out *out,
                      uint8_t *to,
                      const duckdb_string_t *values,
                      const uint64_t *validity,
                      uint32_t from,
                      uint32_t count)
{
    uint8_t *text = out->slot + out->end->layout.text_at;
    for (uint32_t i = 0; i < count; i++, to += FH_RING_TEXT_WIDTH) {
        const duckdb_string_t *value = &values[from + i];
        uint32_t size = value->value.inlined.length;
        if (!fh_row_valid(validity, from + i)) {
            memset(to, 0, FH_RING_TEXT_WIDTH);
        } else if (size <= FH_RING_TEXT_SHORT) {
            memcpy(to, value, FH_RING_TEXT_WIDTH);
        } else {
            FH_ASSERT(size <= FH_RING_TEXT_BYTES - out->text_bytes);
            fh_ring_put_long(to, size, out->text_bytes);
            memcpy(text + out->text_bytes, value->value.pointer.ptr, size);
            out->text_bytes += size;
        }
    }
}

/* Of texts as fh_short gives them: NULL when all are there, else `marked` with a bit for each. */
static const uint64_t *mark_nulls(uint64_t *marked, const duckdb_string_t *values, uint32_t count)
{
    FH_ASSERT(count <= FH_VECTOR_ROWS);
    if (!fh_short_look(values, count).nulls) {
        return NULL;
    }
    memset(marked, 0, (count + 63) / 64 * sizeof *marked);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t there = values[i].value.inlined.length != FH_SHORT_NULL;
        marked[i / 64] |= there << (i % 64);
    }
    return marked;
}

/* The column's part of rows from..from + count. */
static void append_column(
    struct fh_ring_out *out, uint32_t column, duckdb_vector vector, uint32_t from, uint32_t count)
{
    const struct fh_ring_place *place = &out->end->layout.places[column];
    const uint64_t *validity = duckdb_vector_get_validity(vector);
    const void *values = duckdb_vector_get_data(vector);
    uint8_t *to = out->slot + place->values + (size_t)out->rows * place->width;
    bool is_text = fh_type_is_variable(place->type);
    uint64_t marked[FH_VECTOR_ROWS / 64];
    if (is_text && out->are_short) {
        values = (const duckdb_string_t *)values + from;
        from = 0;
        validity = mark_nulls(marked, values, count);
    }
    bool nulls = put_validity(
        out->slot + place->validity, &out->validity[column], out->rows, validity, from, count);
    out->nulls[column] = out->nulls[column] != 0 || nulls ? 1 : 0;
    validity = nulls ? validity : NULL;
    if (is_text && !out->are_short) {
        put_texts(out, to, values, validity, from, count);
    } else {
        put_values(to, values, validity, place->width, from, count);
    }
}

static void append(struct fh_ring_out *out, duckdb_data_chunk chunk, uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < out->end->layout.column_count; i++) {
        append_column(out, i, duckdb_data_chunk_get_vector(chunk, i), from, count);
    }
    out->rows += count;
}

static enum fh_ring_out_state
append_all(struct fh_ring_out *out, duckdb_data_chunk chunk, uint32_t rows)
{
    uint32_t most = out->end->layout.rows_max;
    for (uint32_t from = 0; from < rows;) {
        enum fh_ring_out_state state = out->slot == NULL ? open_frame(out) : FH_RING_OUT_GOOD;
        if (state != FH_RING_OUT_GOOD) {
            return state;
        }
        uint32_t wanted = rows - from < most - out->rows ? rows - from : most - out->rows;
        uint32_t count = out->are_short ? wanted : fitting(out, chunk, from, wanted);
        if (count == 0 && out->rows == 0) {
            return FH_RING_OUT_ROW;
        }
        append(out, chunk, from, count);
        from += count;
        if (count < wanted || out->rows == most) {
            publish(out);
        }
    }
    return FH_RING_OUT_GOOD;
}

enum fh_ring_out_state
fh_ring_out_rows(struct fh_ring_out *out, duckdb_data_chunk chunk, uint32_t rows)
{
    out->are_short = false;
    return append_all(out, chunk, rows);
}

enum fh_ring_out_state
fh_ring_out_short(struct fh_ring_out *out, duckdb_data_chunk chunk, uint32_t rows)
{
    out->are_short = true;
    return append_all(out, chunk, rows);
}

enum fh_ring_out_state fh_ring_out_count(struct fh_ring_out *out, uint64_t rows)
{
    enum fh_ring_out_state state = open_frame(out);
    if (state == FH_RING_OUT_GOOD) {
        fh_ring_put_head(out->slot, &out->end->layout, rows, 0, NULL);
        fh_ring_publish(out->end);
        out->slot = NULL;
    }
    return state;
}

void fh_ring_out_end(struct fh_ring_out *out)
{
    if (out->slot != NULL && out->rows > 0) {
        publish(out);
    }
}
