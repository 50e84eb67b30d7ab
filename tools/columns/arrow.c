/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/arrow.h"

#include "common/assert.h"
#include "common/limits.h"
#include "common/mem.h"
#include "tools/columns/arrow_schema.h"
#include "tools/columns/flat.h"

#include <string.h>

enum {
    ALIGN = 64,
    PREFIX_BYTES = 8,
    METADATA_V5 = 4,
    HEADER_SCHEMA = 1,
    HEADER_RECORD_BATCH = 3,
    BUFFERS_MAX = 3, /* of one column: validity, offsets, values */
    INTERVAL_BYTES = 16,
    HELD_BYTES = 8, /* of the end of a message, until the next one */
};

static const uint8_t end_of_stream[PREFIX_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF};

static const uint8_t zeros[ALIGN];

struct fh_arrow {
    const struct fh_field *fields;
    size_t count;
    struct fh_buf message; /* of the last call */
    struct fh_piece_list pieces;
    struct fh_buf *made;    /* for each column: values in other units, of the last call */
    struct fh_bytes *parts; /* BUFFERS_MAX for each column */
    size_t part_count;
    uint8_t held[2][HELD_BYTES]; /* of the message before, and of this one */
    unsigned turn;               /* which is which; 0 before the first message */
};

int fh_arrow_new(struct fh_arrow **out,
                 const struct fh_field *fields,
                 size_t count,
                 struct fh_err *err)
{
    struct fh_arrow *arrow = fh_calloc(1, sizeof *arrow);
    if (arrow != NULL) {
        arrow->fields = fields;
        arrow->count = count;
        fh_buf_init(&arrow->message, FH_ARROW_MESSAGE_BYTES_MAX);
        arrow->made = fh_calloc(count, sizeof *arrow->made);
        arrow->parts = fh_calloc(count, BUFFERS_MAX * sizeof *arrow->parts);
    }
    if (arrow == NULL || arrow->made == NULL || arrow->parts == NULL) {
        fh_arrow_free(arrow);
        return fh_err_set(err, FH_ENOMEM, "no memory for an Arrow stream");
    }
    for (size_t i = 0; i < count; i++) {
        fh_buf_init(&arrow->made[i], FH_BATCH_BYTES_MAX);
    }
    *out = arrow;
    return FH_OK;
}

void fh_arrow_free(struct fh_arrow *arrow)
{
    if (arrow == NULL) {
        return;
    }
    for (size_t i = 0; arrow->made != NULL && i < arrow->count; i++) {
        fh_buf_fini(&arrow->made[i]);
    }
    fh_free(arrow->made);
    fh_free(arrow->parts);
    fh_piece_list_fini(&arrow->pieces);
    fh_buf_fini(&arrow->message);
    fh_free(arrow);
}

/* ---- messages ---- */

/* Begins a message; `*out_header` is where its header goes, `facts` (NULL: none) its metadata. */
static void message_begin(struct fh_arrow *arrow,
                          struct fh_flat *flat,
                          uint8_t header,
                          size_t body_size,
                          const struct fh_facts *facts,
                          size_t *out_header)
{
    fh_piece_list_reset(&arrow->pieces);
    if (arrow->turn > 0) {
        fh_piece_list_add(&arrow->pieces, arrow->held[arrow->turn % 2], HELD_BYTES);
    }
    fh_buf_reset(&arrow->message);
    fh_buf_add(&arrow->message, end_of_stream, sizeof end_of_stream); /* the size comes later */
    size_t root = fh_flat_begin(flat, &arrow->message);
    size_t metadata = 0;
    const struct fh_flat_field fields[] = {
        {.slot = 0, .size = 2, .value = METADATA_V5},
        {.slot = 1, .size = 1, .value = header},
        {.slot = 2, .ref = out_header},
        {.slot = 3, .size = 8, .value = body_size},
        {.slot = 4, .ref = &metadata},
    };
    fh_flat_table(flat, root, fields, facts == NULL ? FH_COUNT(fields) - 1 : FH_COUNT(fields));
    if (facts != NULL) {
        fh_arrow_facts(flat, metadata, facts);
    }
}

/* The body begins on a multiple of 64 bytes behind the prefix. */
static int message_end(struct fh_arrow *arrow, struct fh_err *err)
{
    size_t over = arrow->message.size % ALIGN;
    fh_buf_add(&arrow->message, zeros, over == 0 ? 0 : ALIGN - over);
    int code = fh_buf_ok(&arrow->message);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the columns' names do not fit a message of Arrow");
    }
    fh_flat_put(arrow->message.data + 4, arrow->message.size - PREFIX_BYTES, 4);
    fh_piece_list_add(&arrow->pieces, arrow->message.data, arrow->message.size);
    return FH_OK;
}

/* Hands out what is there but its last bytes. */
static int give(struct fh_arrow *arrow, struct fh_pieces *out, struct fh_err *err)
{
    arrow->turn++;
    fh_piece_list_cut(&arrow->pieces, arrow->held[arrow->turn % 2], HELD_BYTES);
    return fh_piece_list_view(&arrow->pieces, out, err);
}

int fh_arrow_begin(struct fh_arrow *arrow,
                   const struct fh_facts *facts,
                   struct fh_pieces *out,
                   struct fh_err *err)
{
    struct fh_flat flat;
    size_t header = 0;
    message_begin(arrow, &flat, HEADER_SCHEMA, 0, NULL, &header);
    fh_arrow_schema(&flat, header, arrow->fields, arrow->count, facts);
    int code = message_end(arrow, err);
    return code == FH_OK ? give(arrow, out, err) : code;
}

/* ---- batches ---- */

/* Months, days and nanoseconds of 64 bits. */
static int make_intervals(const struct fh_field *field,
                          const struct freehold_vector *vector,
                          struct fh_buf *out,
                          struct fh_err *err)
{
    fh_buf_reset(out);
    uint8_t *at = fh_buf_reserve(out, vector->rows * INTERVAL_BYTES);
    if (at == NULL) {
        return fh_err_set(err, fh_buf_ok(out), "no memory for a column");
    }
    for (size_t row = 0; row < vector->rows; row++, at += INTERVAL_BYTES) {
        struct fh_field_interval value = {0};
        if (fh_field_has(vector, row)) {
            value = fh_field_interval(vector, row);
        }
        int64_t nanos = 0;
        if (__builtin_mul_overflow(value.micros, (int64_t)1000, &nanos)) {
            return fh_field_refuse(field, "64 bits of nanoseconds", err);
        }
        fh_flat_put(at, (uint32_t)value.months, 4);
        fh_flat_put(at + 4, (uint32_t)value.days, 4);
        fh_flat_put(at + 8, (uint64_t)nanos, 8);
    }
    return FH_OK;
}

static size_t bits(size_t rows)
{
    return (rows + 7) / 8;
}

/* The buffers of a column, in Arrow's order; a validity of no bytes where all are valid. */
static int add_parts(struct fh_arrow *arrow,
                     size_t index,
                     const struct freehold_vector *vector,
                     struct fh_err *err)
{
    const struct fh_field *field = &arrow->fields[index];
    bool variable = fh_type_is_variable(field->type);
    struct fh_bytes values = fh_bytes(vector->data, vector->data_size);
    int code = FH_OK;
    FH_ASSERT(vector->entries == 0);
    if (field->type.code == FH_TYPE_INTERVAL) {
        code = make_intervals(field, vector, &arrow->made[index], err);
        values = fh_buf_view(&arrow->made[index]);
    } else if (field->type.code == FH_TYPE_HUGEINT) {
        code = fh_field_check_wide(field, vector, err);
    }
    if (code != FH_OK) {
        return code;
    }
    arrow->parts[arrow->part_count++] =
        vector->nulls == 0 ? FH_BYTES_NONE : fh_bytes(vector->validity, bits(vector->rows));
    if (variable) {
        arrow->parts[arrow->part_count++] =
            fh_bytes(vector->offsets, (vector->rows + 1) * sizeof *vector->offsets);
    }
    arrow->parts[arrow->part_count++] = values;
    return FH_OK;
}

static size_t align_up(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Zeros behind a part of that size. */
static void pad(struct fh_arrow *arrow, size_t size)
{
    fh_piece_list_add(&arrow->pieces, zeros, align_up(size) - size);
}

/* The header and behind it the parts. `vectors` is NULL for a batch without rows. */
static int put_batch(struct fh_arrow *arrow,
                     const struct freehold_vector *vectors,
                     size_t rows,
                     const struct fh_facts *facts,
                     struct fh_err *err)
{
    struct fh_flat flat;
    size_t header = 0;
    size_t nodes = 0;
    size_t buffers = 0;
    size_t body_size = 0;
    for (size_t i = 0; i < arrow->part_count; i++) {
        body_size += align_up(arrow->parts[i].size);
    }
    message_begin(arrow, &flat, HEADER_RECORD_BATCH, body_size, facts, &header);
    const struct fh_flat_field fields[] = {
        {.slot = 0, .size = 8, .value = rows},
        {.slot = 1, .ref = &nodes},
        {.slot = 2, .ref = &buffers},
    };
    fh_flat_table(&flat, header, fields, FH_COUNT(fields));
    uint8_t *at = fh_flat_pairs(&flat, nodes, arrow->count);
    for (size_t i = 0; at != NULL && i < arrow->count; i++) {
        fh_flat_put(at + 16 * i, rows, 8);
        fh_flat_put(at + 16 * i + 8, vectors == NULL ? 0 : vectors[i].nulls, 8);
    }
    at = fh_flat_pairs(&flat, buffers, arrow->part_count);
    size_t offset = 0;
    for (size_t i = 0; at != NULL && i < arrow->part_count; i++) {
        fh_flat_put(at + 16 * i, offset, 8);
        fh_flat_put(at + 16 * i + 8, arrow->parts[i].size, 8);
        offset += align_up(arrow->parts[i].size);
    }
    int code = message_end(arrow, err);
    for (size_t i = 0; code == FH_OK && i < arrow->part_count; i++) {
        fh_piece_list_add(&arrow->pieces, arrow->parts[i].data, arrow->parts[i].size);
        pad(arrow, arrow->parts[i].size);
    }
    return code;
}

int fh_arrow_batch(struct fh_arrow *arrow,
                   const struct freehold_vector *vectors,
                   size_t rows,
                   struct fh_pieces *out,
                   struct fh_err *err)
{
    arrow->part_count = 0;
    int code = FH_OK;
    for (size_t i = 0; code == FH_OK && i < arrow->count; i++) {
        FH_ASSERT(vectors[i].rows == rows);
        code = add_parts(arrow, i, &vectors[i], err);
    }
    if (code == FH_OK) {
        code = put_batch(arrow, vectors, rows, NULL, err);
    }
    return code == FH_OK ? give(arrow, out, err) : code;
}

int fh_arrow_end(struct fh_arrow *arrow,
                 const struct fh_facts *facts,
                 struct fh_pieces *out,
                 struct fh_err *err)
{
    static const int32_t first_offset = 0; /* of no rows there is one all the same */
    arrow->part_count = 0;
    for (size_t i = 0; i < arrow->count; i++) {
        arrow->parts[arrow->part_count++] = FH_BYTES_NONE;
        if (fh_type_is_variable(arrow->fields[i].type)) {
            arrow->parts[arrow->part_count++] = fh_bytes(&first_offset, sizeof first_offset);
        }
        arrow->parts[arrow->part_count++] = FH_BYTES_NONE;
    }
    int code = put_batch(arrow, NULL, 0, facts, err);
    fh_piece_list_add(&arrow->pieces, end_of_stream, sizeof end_of_stream);
    return code == FH_OK ? fh_piece_list_view(&arrow->pieces, out, err) : code;
}
