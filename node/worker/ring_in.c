/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/ring_in.h"

#include "common/assert.h"
#include "common/mem.h"
#include "node/worker/types.h"
#include "node/worker/validity.h"

#include <string.h>

enum { ARENA_BYTES_MAX = 1024 * 1024, TEXT_ROWS = 256 };

struct fh_ring_in {
    struct fh_ring_end end;
    struct fh_arena *arena; /* of the layout */
    struct fh_ring_frame frame;
    const uint8_t *slot; /* NULL: none at hand */
    uint64_t counted;    /* rows of a frame without columns that are not given out yet */
    uint32_t rows;       /* at hand */
};

int fh_ring_in_new(struct fh_ring_in **out,
                   const struct fh_type *types,
                   uint32_t count,
                   int fd,
                   struct fh_err *err)
{
    struct fh_ring_in *in = fh_calloc(1, sizeof *in);
    struct fh_ring_layout layout;
    if (in == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a ring");
    }
    in->arena = fh_arena_new(ARENA_BYTES_MAX);
    in->frame.text = fh_alloc(FH_RING_TEXT_BYTES);
    int code = in->arena == NULL || in->frame.text == NULL
                   ? fh_err_set(err, FH_ENOMEM, "no memory for a ring")
                   : fh_ring_lay_out(&layout, types, count, in->arena, err);
    if (code == FH_OK) {
        code = fh_ring_end_open(&in->end, &layout, fd, err);
    }
    if (code != FH_OK) {
        fh_ring_in_free(in);
        return code;
    }
    *out = in;
    return FH_OK;
}

void fh_ring_in_free(struct fh_ring_in *in)
{
    if (in == NULL) {
        return;
    }
    if (in->end.memory != NULL) {
        fh_ring_close(&in->end);
    }
    fh_ring_end_close(&in->end);
    fh_arena_free(in->arena);
    fh_free(in->frame.text);
    fh_free(in);
}

static void give_counted(struct fh_ring_in *in)
{
    in->rows = in->counted < FH_VECTOR_ROWS ? (uint32_t)in->counted : FH_VECTOR_ROWS;
    in->counted -= in->rows;
}

enum fh_ring_wait fh_ring_in_next(struct fh_ring_in *in, struct fh_err *err)
{
    FH_ASSERT(in->slot == NULL);
    if (in->counted > 0) {
        give_counted(in);
        return FH_RING_READY;
    }
    for (;;) {
        enum fh_ring_wait wait = fh_ring_next(&in->end, &in->slot);
        if (wait == FH_RING_BROKEN) {
            (void)fh_err_rule(err, FH_EPROTO, "ring.count", "a scan counts what cannot be");
        }
        if (wait != FH_RING_READY) {
            return wait;
        }
        if (fh_ring_get(&in->frame, in->slot, &in->end.layout, err) != FH_OK) {
            return FH_RING_BROKEN;
        }
        if (in->end.layout.column_count == 0) {
            in->counted = in->frame.rows;
            fh_ring_in_done(in);
            if (in->counted > 0) {
                give_counted(in);
                return FH_RING_READY;
            }
        } else if (in->frame.rows > 0) {
            in->rows = (uint32_t)in->frame.rows;
            return FH_RING_READY;
        } else {
            fh_ring_in_done(in); /* an empty frame: the next */
        }
    }
}

uint32_t fh_ring_in_rows(const struct fh_ring_in *in)
{
    return in->rows;
}

/* Copies validity; NULL when all are there. Bits behind the rows are set, as DuckDB has them. */
static const uint64_t *take_validity(const struct fh_ring_in *in,
                                     const struct fh_ring_place *place,
                                     bool nulls,
                                     duckdb_vector vector)
{
    if (!nulls) {
        return NULL;
    }
    duckdb_vector_ensure_validity_writable(vector);
    uint64_t *words = duckdb_vector_get_validity(vector);
    uint32_t count = (in->rows + 63) / 64;
    memcpy(words, in->slot + place->validity, count * sizeof *words);
    if (in->rows % 64 != 0) {
        words[count - 1] |= UINT64_MAX << (in->rows % 64);
    }
    return words;
}

/* Looks at each text of rows from..to, whose values were copied. */
static bool take_each(struct fh_ring_in *in,
                      const struct fh_ring_place *place,
                      const uint64_t *validity,
                      duckdb_vector vector,
                      uint32_t from,
                      uint32_t to)
{
    uint8_t *values = duckdb_vector_get_data(vector);
    bool utf8 = place->type.code != FH_TYPE_BLOB;
    for (uint32_t row = from; row < to; row++) {
        uint8_t *value = values + (size_t)row * FH_RING_TEXT_WIDTH;
        struct fh_bytes text;
        if (!fh_row_valid(validity, row)) {
            memset(value, 0, FH_RING_TEXT_WIDTH);
        } else if (!fh_ring_text(&text, value, &in->frame, utf8)) {
            return false;
        } else if (text.size > FH_RING_TEXT_SHORT) {
            duckdb_vector_assign_string_element_len(
                vector, row, (const char *)text.data, text.size);
        }
    }
    return true;
}

/* A few rows at a time, so that they are in the first cache when they are looked at. */
static bool take_texts(struct fh_ring_in *in,
                       const struct fh_ring_place *place,
                       const uint64_t *validity,
                       duckdb_vector vector)
{
    uint8_t *values = duckdb_vector_get_data(vector);
    for (uint32_t from = 0; from < in->rows; from += TEXT_ROWS) {
        uint32_t to = in->rows - from < TEXT_ROWS ? in->rows : from + TEXT_ROWS;
        size_t at = (size_t)from * FH_RING_TEXT_WIDTH;
        size_t bytes = (size_t)(to - from) * FH_RING_TEXT_WIDTH;
        memcpy(values + at, in->slot + place->values + at, bytes);
        if (!fh_ring_plain_texts(values + at, to - from) &&
            !take_each(in, place, validity, vector, from, to)) {
            return false;
        }
    }
    return true;
}

static bool take_values(const struct fh_ring_in *in,
                        const struct fh_ring_place *place,
                        const uint64_t *validity,
                        duckdb_vector vector)
{
    void *values = duckdb_vector_get_data(vector);
    memcpy(values, in->slot + place->values, (size_t)in->rows * place->width);
    return fh_ring_values(values, place->type, validity, in->rows);
}

int fh_ring_in_column(struct fh_ring_in *in,
                      uint32_t column,
                      duckdb_vector vector,
                      struct fh_err *err)
{
    FH_ASSERT(in->slot != NULL && column < in->end.layout.column_count);
    const struct fh_ring_place *place = &in->end.layout.places[column];
    const uint64_t *validity = take_validity(in, place, in->frame.nulls[column] != 0, vector);
    bool good = fh_type_is_variable(place->type) ? take_texts(in, place, validity, vector)
                                                 : take_values(in, place, validity, vector);
    return good ? FH_OK
                : fh_err_rule(
                      err, FH_EPROTO, "scan.values", "a scan brought what is no value of a column");
}

void fh_ring_in_done(struct fh_ring_in *in)
{
    if (in->slot != NULL) {
        in->slot = NULL;
        fh_ring_release(&in->end);
    }
}

void fh_ring_in_stop(struct fh_ring_in *in)
{
    fh_ring_stop(&in->end);
}
