/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/batch_layout.h"

#include "common/wide.h"
#include "proto/wire/pack.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "buffers are copied as they are");

static int broken(struct fh_err *err, const char *rule, uint32_t column, const char *why)
{
    return fh_err_rule(err, FH_EINVAL, rule, "batch: column %u: %s", column + 1, why);
}

static struct fh_batch_place read_place(struct fh_pack_reader *r)
{
    struct fh_batch_place p;
    p.offset = fh_pack_read_uint(r, FH_BATCH_BYTES_MAX);
    p.size = fh_pack_read_uint(r, FH_BATCH_BYTES_MAX);
    return p;
}

static bool place_equal(struct fh_batch_place a, struct fh_batch_place b)
{
    return a.offset == b.offset && a.size == b.size;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
    uint8_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        bits |= bytes[i];
    }
    return bits == 0;
}

static uint32_t count_nulls(const uint8_t *validity, uint32_t rows)
{
    uint32_t valid = 0;
    uint32_t i = 0;
    for (; i + 64 <= rows; i += 64) {
        uint64_t word;
        memcpy(&word, validity + i / 8, sizeof word);
        valid += (uint32_t)__builtin_popcountll(word);
    }
    for (; i < rows; i++) {
        valid += validity[i / 8] >> (i % 8) & 1;
    }
    return rows - valid;
}

/* Whether an offset is less than the one before. */
FH_WIDE static bool falls(const uint8_t *offsets, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t pair[2];
        memcpy(pair, offsets + (size_t)i * sizeof pair[0], sizeof pair);
        found |= pair[1] < pair[0];
    }
    return found != 0;
}

/* `count` values. */
static int check_offsets(
    const uint8_t *offsets, uint32_t count, size_t data_size, uint32_t column, struct fh_err *err)
{
    int32_t first;
    int32_t last;
    memcpy(&first, offsets, sizeof first);
    memcpy(&last, offsets + (size_t)count * sizeof last, sizeof last);
    if (first != 0 || falls(offsets, count)) {
        return broken(err, "batch.offsets", column, "offsets must begin at 0 and ascend");
    }
    if ((size_t)last != data_size) {
        return broken(err, "batch.offsets", column, "the last offset must be the size of the data");
    }
    return FH_OK;
}

struct cursor {
    struct fh_pack_reader reader;
    struct fh_bytes body; /* behind the padded header */
    size_t at;            /* end of the buffers seen, in `body` */
    size_t plain;         /* the same if all were plain */
    uint32_t rows;
};

/* Takes a buffer at its only possible place; NULL where there is none. */
static const uint8_t *take(const struct cursor *c, struct fh_batch_place place)
{
    return place.size == 0 ? NULL : c->body.data + place.offset;
}

FH_WIDE static uint64_t greatest_8(const uint8_t *at, uint32_t rows)
{
    uint8_t most = 0;
    for (uint32_t i = 0; i < rows; i++) {
        most = at[i] > most ? at[i] : most;
    }
    return most;
}

FH_WIDE static uint64_t greatest_16(const uint8_t *at, uint32_t rows)
{
    uint16_t most = 0;
    for (uint32_t i = 0; i < rows; i++) {
        uint16_t value;
        memcpy(&value, at + (size_t)i * sizeof value, sizeof value);
        most = value > most ? value : most;
    }
    return most;
}

/* The greatest of `rows` unsigned integers of `width` bytes. */
static uint64_t greatest(const uint8_t *at, uint32_t rows, unsigned width)
{
    uint64_t most = 0;
    if (width <= 2) {
        return width == 1 ? greatest_8(at, rows) : greatest_16(at, rows);
    }
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t value = 0;
        memcpy(&value, at + (size_t)i * width, width);
        most = value > most ? value : most;
    }
    return most;
}

/* Least and greatest value of the types whose values are not wider than 64 bits. */
static void bounds_of(struct fh_type type, int64_t *out_least, int64_t *out_most)
{
    int bits = 8 * fh_type_width(type);
    bool natural = type.code == FH_TYPE_UINT16 || type.code == FH_TYPE_UINT32;
    *out_least = natural || type.code == FH_TYPE_UINT64 ? 0 : INT64_MIN;
    *out_most = INT64_MAX;
    if (bits < 64) {
        *out_most = natural ? (int64_t)(UINT64_MAX >> (64 - bits)) : INT64_MAX >> (64 - bits);
        *out_least = natural ? 0 : -*out_most - 1;
    }
}

static int
check_narrow(const struct fh_batch_column *c, uint32_t rows, uint32_t index, struct fh_err *err)
{
    int64_t least;
    int64_t most;
    int64_t value;
    uint64_t above;
    bounds_of(c->type, &least, &most);
    /* What the width could hold is known without a look at the rows, and nearly always fits. */
    uint64_t integer = c->width == 0 ? 0 : UINT64_MAX >> (64 - 8 * c->width);
    bool fits = c->base >= least && c->base <= most;
    for (int look = 0; look < 2 && fits; look++) {
        if (!__builtin_mul_overflow(c->unit, integer, &above) &&
            !__builtin_add_overflow(c->base, above, &value) && value <= most) {
            return FH_OK;
        }
        integer = c->width == 0 ? 0 : greatest(c->data.data, rows, c->width);
    }
    return broken(err, "batch.narrow", index, "a value is not one of the column's type");
}

/* Bytes of the values of all rows, or SIZE_MAX when they are more than a batch may have. */
static size_t text_bytes(const struct fh_batch_column *column, uint32_t rows)
{
    size_t size = 0;
    size_t first = fh_batch_bytes(column, 0).size;
    bool alike = column->data.size == first * column->entries;
    for (uint32_t i = 1; alike && i < column->entries; i++) {
        int32_t offset;
        memcpy(&offset, column->offsets + (size_t)i * sizeof offset, sizeof offset);
        alike = (size_t)offset == first * i;
    }
    if (alike && first > 0) {
        return first * (rows - column->nulls);
    }
    for (uint32_t row = 0; row < rows && size <= FH_BATCH_BYTES_MAX; row++) {
        size += fh_batch_is_null(column, row) ? 0 : fh_batch_bytes(column, row).size;
    }
    return size <= FH_BATCH_BYTES_MAX ? size : SIZE_MAX;
}

static int
check_values(struct fh_batch_column *c, uint32_t rows, uint32_t index, struct fh_err *err)
{
    int width = fh_type_width(c->type);
    c->plain_size = width < 0    ? c->data.size
                    : width == 0 ? ((size_t)rows + 7) / 8
                                 : (size_t)rows * (size_t)width;
    if (c->nulls > 0 && count_nulls(c->validity, rows) != c->nulls) {
        return broken(
            err, "batch.nulls", index, "the bitmap does not have as many NULLs as stated");
    }
    bool dictionary = c->encoding == FH_BATCH_DICTIONARY;
    int code = FH_OK;
    if (c->offsets != NULL) {
        code = check_offsets(c->offsets, dictionary ? c->entries : rows, c->data.size, index, err);
    }
    if (code == FH_OK && c->encoding == FH_BATCH_NARROW) {
        code = check_narrow(c, rows, index, err);
    }
    if (code == FH_OK && dictionary && rows == 0) {
        c->plain_size = 0;
    } else if (code == FH_OK && dictionary) {
        if (greatest(c->indices, rows, c->width) >= c->entries) {
            return broken(err, "batch.index", index, "an index is not one of the dictionary's");
        }
        c->plain_size = text_bytes(c, rows);
    }
    return code;
}

/* The fields of the header; `out_said` are the places that they give. */
static int read_fields(struct fh_batch_column *out,
                       struct fh_pack_reader *r,
                       uint32_t rows,
                       struct fh_batch_layout *out_said,
                       struct fh_err *err)
{
    uint32_t fields = fh_pack_read_record(r, FH_BATCH_COLUMN_FIELDS);
    uint32_t known = FH_BATCH_COLUMN_FIELDS;
    *out = (struct fh_batch_column){.unit = 1};
    out->name = fh_pack_read_str(r, FH_COLUMN_NAME_BYTES_MAX);
    out->type.code = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    out->type.precision = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    out->type.scale = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    out->encoding = (enum fh_batch_encoding)fh_pack_read_uint(r, UINT8_MAX);
    out->nulls = (uint32_t)fh_pack_read_uint(r, rows);
    *out_said = (struct fh_batch_layout){.validity = read_place(r)};
    out_said->offsets = read_place(r);
    out_said->data = read_place(r);
    if (out->encoding == FH_BATCH_NARROW && fields >= FH_BATCH_NARROW_FIELDS) {
        known = FH_BATCH_NARROW_FIELDS;
        out->base = fh_pack_read_int(r);
        out->unit = fh_pack_read_uint(r, UINT64_MAX);
        out->width = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    } else if (out->encoding == FH_BATCH_DICTIONARY && fields >= FH_BATCH_DICTIONARY_FIELDS) {
        known = FH_BATCH_DICTIONARY_FIELDS;
        out->entries = (uint32_t)fh_pack_read_uint(r, FH_BATCH_ROWS_MAX);
        out->width = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
        out_said->indices = read_place(r);
    } else if (out->encoding != FH_BATCH_PLAIN) {
        out->encoding = FH_BATCH_ENCODING_COUNT; /* unknown, or without its fields: refused later */
    }
    fh_pack_read_record_end(r, fields, known);
    return fh_pack_read_ok(r, "batch header", err);
}

/* Points the column at its buffers, which must stand where they can only stand. */
static int place_column(struct fh_batch_column *out,
                        struct cursor *c,
                        const struct fh_batch_layout *said,
                        uint32_t index,
                        struct fh_err *err)
{
    size_t from = c->at;
    struct fh_batch_shape shape = {.type = out->type,
                                   .rows = c->rows,
                                   .nulls = out->nulls,
                                   .encoding = out->encoding,
                                   .width = out->width,
                                   .entries = out->entries,
                                   .variable_size = said->data.size};
    struct fh_batch_layout right = fh_batch_lay_out(&c->at, &shape);
    const struct fh_batch_place in_order[] = {
        right.validity, right.offsets, right.data, right.indices};
    if (!place_equal(said->validity, right.validity) ||
        !place_equal(said->offsets, right.offsets) || !place_equal(said->data, right.data) ||
        !place_equal(said->indices, right.indices)) {
        return broken(err, "batch.layout", index, "a buffer is not at its place or of its size");
    }
    if (c->at > c->body.size) {
        return broken(err, "batch.layout", index, "a buffer ends behind the batch");
    }
    for (size_t i = 0; i < FH_COUNT(in_order); i++) {
        if (in_order[i].size == 0) {
            continue;
        }
        if (!all_zero(c->body.data + from, in_order[i].offset - from)) {
            return broken(err, "batch.layout", index, "bytes between the buffers must be zero");
        }
        from = in_order[i].offset + in_order[i].size;
    }
    out->validity = take(c, right.validity);
    out->offsets = take(c, right.offsets);
    out->data = fh_bytes(take(c, right.data), right.data.size);
    out->indices = take(c, right.indices);
    return FH_OK;
}

static int
read_column(struct fh_batch_column *out, struct cursor *c, uint32_t index, struct fh_err *err)
{
    struct fh_batch_layout said;
    int code = read_fields(out, &c->reader, c->rows, &said, err);
    if (code != FH_OK) {
        return code;
    }
    if (!fh_type_valid(out->type)) {
        return broken(err, "batch.type", index, "a type that this version does not know");
    }
    if (!fh_batch_encodes(out->type, out->encoding, out->width, out->entries) || out->unit == 0) {
        return broken(err, "batch.encoding", index, "an encoding that its type does not have");
    }
    code = place_column(out, c, &said, index, err);
    if (code == FH_OK) {
        code = check_values(out, c->rows, index, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (out->plain_size > FH_BATCH_BYTES_MAX) {
        c->plain = FH_BATCH_BYTES_MAX + 1;
    } else if (c->plain <= FH_BATCH_BYTES_MAX) {
        struct fh_batch_shape plain = {.type = out->type,
                                       .rows = c->rows,
                                       .nulls = out->nulls,
                                       .variable_size = out->plain_size};
        (void)fh_batch_lay_out(&c->plain, &plain);
    }
    return c->plain <= FH_BATCH_BYTES_MAX
               ? FH_OK
               : broken(err, "batch.plain", index, "the batch would be more than 1 MiB when plain");
}

/* Splits off the header and checks it; `out_body` is what follows its padding. */
static int split(struct fh_bytes bytes,
                 struct fh_bytes *out_header,
                 struct fh_bytes *out_body,
                 struct fh_err *err)
{
    if (bytes.size > FH_BATCH_BYTES_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "batch.size", "batch: more than 1 MiB");
    }
    size_t header_size = bytes.size < FH_BATCH_HEAD_BYTES ? 0 : fh_get_u32be(bytes.data);
    if (header_size == 0 || header_size > bytes.size - FH_BATCH_HEAD_BYTES) {
        return fh_err_rule(
            err, FH_EINVAL, "batch.header", "batch: the header ends behind the batch");
    }
    size_t start = fh_batch_align_up(FH_BATCH_HEAD_BYTES + header_size);
    size_t padded = start < bytes.size ? start : bytes.size;
    *out_header = fh_bytes(bytes.data + FH_BATCH_HEAD_BYTES, header_size);
    if (!all_zero(bytes.data + FH_BATCH_HEAD_BYTES + header_size,
                  padded - FH_BATCH_HEAD_BYTES - header_size)) {
        return fh_err_rule(
            err, FH_EINVAL, "batch.header", "batch: bytes behind the header must be zero");
    }
    *out_body = fh_bytes(bytes.data + padded, bytes.size - padded);
    struct fh_pack_limits limits = fh_pack_limits(FH_BATCH_BYTES_MAX);
    int code = fh_pack_scan(*out_header, &limits, err);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "batch header");
}

int fh_batch_parse(struct fh_batch *out,
                   struct fh_bytes bytes,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    struct fh_bytes header = FH_BYTES_NONE;
    struct cursor c = {.at = 0};
    int code = split(bytes, &header, &c.body, err);
    if (code != FH_OK) {
        return code;
    }
    fh_pack_read_init(&c.reader, header);
    uint32_t fields = fh_pack_read_record(&c.reader, 3);
    if (fh_pack_read_uint(&c.reader, UINT32_MAX) != FH_BATCH_VERSION && c.reader.failed == FH_OK) {
        return fh_err_rule(
            err, FH_EVERSION, "batch.version", "batch: a version that this node does not know");
    }
    c.rows = (uint32_t)fh_pack_read_uint(&c.reader, FH_BATCH_ROWS_MAX);
    uint32_t columns = fh_pack_read_array(&c.reader, FH_BATCH_COLUMNS_MAX);
    code = fh_pack_read_ok(&c.reader, "batch header", err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_batch batch = {.rows = c.rows, .column_count = columns};
    batch.columns = fh_arena_array(arena, columns + 1, sizeof *batch.columns);
    if (batch.columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "batch: no memory for %u columns", columns);
    }
    for (uint32_t i = 0; i < columns; i++) {
        code = read_column(&batch.columns[i], &c, i, err);
        if (code != FH_OK) {
            return code;
        }
    }
    fh_pack_read_record_end(&c.reader, fields, 3);
    bool padded_for_nothing = c.at == 0 && bytes.size != FH_BATCH_HEAD_BYTES + header.size;
    if (c.at != c.body.size || padded_for_nothing) {
        return fh_err_rule(err, FH_EINVAL, "batch.layout", "batch: bytes behind the last buffer");
    }
    *out = batch;
    return FH_OK;
}

int fh_batch_check_text(const struct fh_batch *batch, struct fh_err *err)
{
    for (uint32_t i = 0; i < batch->column_count; i++) {
        const struct fh_batch_column *column = &batch->columns[i];
        if (column->type.code != FH_TYPE_VARCHAR && column->type.code != FH_TYPE_JSON) {
            continue;
        }
        /* All text at once; then no cell may begin inside a character. */
        bool good = fh_utf8_text(column->data);
        uint32_t values = column->encoding == FH_BATCH_DICTIONARY ? column->entries : batch->rows;
        for (uint32_t at = 0; good && at < values; at++) {
            int32_t offset;
            memcpy(&offset, column->offsets + (size_t)at * sizeof offset, sizeof offset);
            good =
                (size_t)offset == column->data.size || (column->data.data[offset] & 0xc0) != 0x80;
        }
        if (!good) {
            return broken(err, "batch.utf8", i, "text is not UTF-8");
        }
    }
    return FH_OK;
}
