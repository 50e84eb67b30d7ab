/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/batch.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "buffers are copied as they are");

enum { COLUMN_FIELDS = 12, HEAD_BYTES = 4 };

/* Where the buffers of one column stand; an empty buffer is at 0 and takes no room. */
struct place {
    size_t offset;
    size_t size;
};

struct layout {
    struct place validity;
    struct place offsets;
    struct place data;
};

static size_t align_up(size_t n)
{
    return (n + FH_BATCH_ALIGN - 1) & ~(size_t)(FH_BATCH_ALIGN - 1);
}

static struct place put(size_t *at, size_t size)
{
    struct place place = {0, size};
    if (size > 0) {
        place.offset = align_up(*at);
        *at = place.offset + size;
    }
    return place;
}

/* The one layout that a column has behind `*at`, which moves past it. `variable_size` counts for
 * types without a width. */
static struct layout
lay_out(size_t *at, struct fh_type type, uint32_t rows, uint32_t nulls, size_t variable_size)
{
    int width = fh_type_width(type);
    struct layout l = {.validity = put(at, nulls == 0 ? 0 : ((size_t)rows + 7) / 8)};
    if (width < 0) {
        l.offsets = put(at, ((size_t)rows + 1) * sizeof(int32_t));
        l.data = put(at, variable_size);
    } else if (width == 0) {
        l.data = put(at, ((size_t)rows + 7) / 8);
    } else {
        l.data = put(at, (size_t)rows * (size_t)width);
    }
    return l;
}

/* ---- reading ---- */

static int broken(struct fh_err *err, const char *rule, uint32_t column, const char *why)
{
    return fh_err_rule(err, FH_EINVAL, rule, "batch: column %u: %s", column + 1, why);
}

static struct place read_place(struct fh_pack_reader *r)
{
    struct place p;
    p.offset = fh_pack_read_uint(r, FH_BATCH_BYTES_MAX);
    p.size = fh_pack_read_uint(r, FH_BATCH_BYTES_MAX);
    return p;
}

static bool place_equal(struct place a, struct place b)
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

static int check_offsets(
    const uint8_t *offsets, uint32_t rows, size_t data_size, uint32_t column, struct fh_err *err)
{
    int32_t before = 0;
    for (uint32_t i = 0; i <= rows; i++) {
        int32_t offset;
        memcpy(&offset, offsets + (size_t)i * sizeof offset, sizeof offset);
        if (offset < before || (i == 0 && offset != 0)) {
            return broken(err, "batch.offsets", column, "offsets must begin at 0 and ascend");
        }
        before = offset;
    }
    if ((size_t)before != data_size) {
        return broken(err, "batch.offsets", column, "the last offset must be the size of the data");
    }
    return FH_OK;
}

struct cursor {
    struct fh_pack_reader reader;
    struct fh_bytes body; /* behind the padded header */
    size_t at;            /* end of the buffers seen, in `body` */
    uint32_t rows;
};

/* Takes a buffer at its only possible place; NULL where there is none. */
static const uint8_t *take(const struct cursor *c, struct place place)
{
    return place.size == 0 ? NULL : c->body.data + place.offset;
}

static int
read_column(struct fh_batch_column *out, struct cursor *c, uint32_t index, struct fh_err *err)
{
    struct fh_pack_reader *r = &c->reader;
    uint32_t fields = fh_pack_read_record(r, COLUMN_FIELDS);
    out->name = fh_pack_read_str(r, FH_COLUMN_NAME_BYTES_MAX);
    out->type.code = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    out->type.precision = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    out->type.scale = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    uint64_t encoding = fh_pack_read_uint(r, UINT8_MAX);
    out->nulls = (uint32_t)fh_pack_read_uint(r, c->rows);
    struct layout said = {.validity = read_place(r)};
    said.offsets = read_place(r);
    said.data = read_place(r);
    fh_pack_read_record_end(r, fields, COLUMN_FIELDS);
    int code = fh_pack_read_ok(r, "batch header", err);
    if (code != FH_OK) {
        return code;
    }
    if (!fh_type_valid(out->type)) {
        return broken(err, "batch.type", index, "a type that this version does not know");
    }
    if (encoding != FH_BATCH_PLAIN) {
        return broken(err, "batch.encoding", index, "an encoding that this version does not know");
    }
    size_t from = c->at;
    struct layout right = lay_out(&c->at, out->type, c->rows, out->nulls, said.data.size);
    if (!place_equal(said.validity, right.validity) || !place_equal(said.offsets, right.offsets) ||
        !place_equal(said.data, right.data)) {
        return broken(err, "batch.layout", index, "a buffer is not at its place or of its size");
    }
    if (c->at > c->body.size) {
        return broken(err, "batch.layout", index, "a buffer ends behind the batch");
    }
    out->validity = take(c, right.validity);
    out->offsets = take(c, right.offsets);
    out->data = fh_bytes(take(c, right.data), right.data.size);
    const struct place in_order[] = {right.validity, right.offsets, right.data};
    for (size_t i = 0; i < FH_COUNT(in_order); i++) {
        if (in_order[i].size == 0) {
            continue;
        }
        if (!all_zero(c->body.data + from, in_order[i].offset - from)) {
            return broken(err, "batch.layout", index, "bytes between the buffers must be zero");
        }
        from = in_order[i].offset + in_order[i].size;
    }
    if (out->nulls > 0 && count_nulls(out->validity, c->rows) != out->nulls) {
        return broken(
            err, "batch.nulls", index, "the bitmap does not have as many NULLs as stated");
    }
    if (out->offsets != NULL) {
        return check_offsets(out->offsets, c->rows, out->data.size, index, err);
    }
    return FH_OK;
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
    size_t header_size = bytes.size < HEAD_BYTES ? 0 : fh_get_u32be(bytes.data);
    if (header_size == 0 || header_size > bytes.size - HEAD_BYTES) {
        return fh_err_rule(
            err, FH_EINVAL, "batch.header", "batch: the header ends behind the batch");
    }
    size_t start = align_up(HEAD_BYTES + header_size);
    size_t padded = start < bytes.size ? start : bytes.size;
    *out_header = fh_bytes(bytes.data + HEAD_BYTES, header_size);
    if (!all_zero(bytes.data + HEAD_BYTES + header_size, padded - HEAD_BYTES - header_size)) {
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
    bool padded_for_nothing = c.at == 0 && bytes.size != HEAD_BYTES + header.size;
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
        for (uint32_t row = 0; good && row < batch->rows; row++) {
            int32_t offset;
            memcpy(&offset, column->offsets + (size_t)row * sizeof offset, sizeof offset);
            good =
                (size_t)offset == column->data.size || (column->data.data[offset] & 0xc0) != 0x80;
        }
        if (!good) {
            return broken(err, "batch.utf8", i, "text is not UTF-8");
        }
    }
    return FH_OK;
}

bool fh_batch_is_null(const struct fh_batch_column *column, uint32_t row)
{
    return column->nulls > 0 && (column->validity[row / 8] >> (row % 8) & 1) == 0;
}

static int64_t read_signed(const uint8_t *at, int width)
{
    int64_t value = 0;
    memcpy(&value, at, (size_t)width);
    unsigned shift = 64 - 8 * (unsigned)width;
    return shift == 0 ? value : (int64_t)((uint64_t)value << shift) >> shift;
}

static uint64_t read_unsigned(const uint8_t *at, int width)
{
    uint64_t value = 0;
    memcpy(&value, at, (size_t)width);
    return value;
}

static void read_fixed(struct fh_cell *cell, const uint8_t *at, int width)
{
    float single;
    switch (cell->type.code) {
    case FH_TYPE_UINT8:
    case FH_TYPE_UINT16:
    case FH_TYPE_UINT32:
    case FH_TYPE_UINT64:
        cell->kind = FH_CELL_UINT;
        cell->natural = read_unsigned(at, width);
        break;
    case FH_TYPE_HUGEINT:
    case FH_TYPE_DECIMAL:
        cell->kind = FH_CELL_WIDE;
        cell->wide.low = read_unsigned(at, 8);
        cell->wide.high = read_signed(at + 8, 8);
        break;
    case FH_TYPE_FLOAT:
        cell->kind = FH_CELL_REAL;
        memcpy(&single, at, sizeof single);
        cell->real = (double)single;
        break;
    case FH_TYPE_DOUBLE:
        cell->kind = FH_CELL_REAL;
        memcpy(&cell->real, at, sizeof cell->real);
        break;
    case FH_TYPE_INTERVAL:
        cell->kind = FH_CELL_INTERVAL;
        cell->interval.months = (int32_t)read_signed(at, 4);
        cell->interval.days = (int32_t)read_signed(at + 4, 4);
        cell->interval.micros = read_signed(at + 8, 8);
        break;
    case FH_TYPE_UUID:
        cell->kind = FH_CELL_BYTES;
        cell->bytes = fh_bytes(at, 16);
        break;
    default:
        cell->kind = FH_CELL_INT;
        cell->integer = read_signed(at, width);
        break;
    }
}

struct fh_cell fh_batch_cell(const struct fh_batch_column *column, uint32_t row)
{
    struct fh_cell cell = {.kind = FH_CELL_NULL, .type = column->type};
    if (fh_batch_is_null(column, row)) {
        return cell;
    }
    int width = fh_type_width(column->type);
    if (width < 0) {
        int32_t ends[2];
        memcpy(ends, column->offsets + (size_t)row * sizeof ends[0], sizeof ends);
        cell.kind = FH_CELL_BYTES;
        cell.bytes = fh_bytes(ends[0] == ends[1] ? NULL : column->data.data + ends[0],
                              (size_t)(ends[1] - ends[0]));
    } else if (width == 0) {
        cell.kind = FH_CELL_BOOL;
        cell.integer = column->data.data[row / 8] >> (row % 8) & 1;
    } else {
        read_fixed(&cell, column->data.data + (size_t)row * (size_t)width, width);
    }
    return cell;
}

/* ---- writing ---- */

size_t fh_batch_overhead(uint32_t columns, size_t name_bytes)
{
    /* 11 integers of up to 5 bytes, heads of array and string; 3 gaps of up to 63 bytes */
    return 128 + name_bytes + (size_t)columns * (64 + 3 * (size_t)FH_BATCH_ALIGN);
}

size_t
fh_batch_column_size(struct fh_type type, uint32_t rows, uint32_t nulls, size_t variable_size)
{
    size_t at = 0;
    (void)lay_out(&at, type, rows, nulls, variable_size);
    return at;
}

static void write_place(struct fh_buf *header, struct place place)
{
    fh_pack_uint(header, place.offset);
    fh_pack_uint(header, place.size);
}

static void write_header(struct fh_buf *header,
                         uint32_t rows,
                         const struct fh_batch_slot *slots,
                         uint32_t count,
                         size_t *out_body)
{
    size_t at = 0;
    fh_buf_reset(header);
    fh_pack_array(header, 3);
    fh_pack_uint(header, FH_BATCH_VERSION);
    fh_pack_uint(header, rows);
    fh_pack_array(header, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_batch_slot *slot = &slots[i];
        struct layout l = lay_out(&at, slot->type, rows, slot->nulls, slot->variable_size);
        fh_pack_array(header, COLUMN_FIELDS);
        fh_pack_str(header, slot->name);
        fh_pack_uint(header, slot->type.code);
        fh_pack_uint(header, slot->type.precision);
        fh_pack_uint(header, slot->type.scale);
        fh_pack_uint(header, FH_BATCH_PLAIN);
        fh_pack_uint(header, slot->nulls);
        write_place(header, l.validity);
        write_place(header, l.offsets);
        write_place(header, l.data);
    }
    *out_body = at;
}

/* Points the slot at its buffers and zeroes bitmap and gaps, so that the caller writes values only.
 */
static void open_slot(struct fh_batch_slot *slot, uint8_t *body, size_t *at, uint32_t rows)
{
    size_t from = *at;
    struct layout l = lay_out(at, slot->type, rows, slot->nulls, slot->variable_size);
    const struct place places[] = {l.validity, l.offsets, l.data};
    for (size_t i = 0; i < FH_COUNT(places); i++) {
        if (places[i].size > 0) {
            memset(body + from, 0, places[i].offset - from);
            from = places[i].offset + places[i].size;
        }
    }
    slot->validity = l.validity.size == 0 ? NULL : body + l.validity.offset;
    slot->offsets = l.offsets.size == 0 ? NULL : body + l.offsets.offset;
    slot->data = l.data.size == 0 ? NULL : body + l.data.offset;
    slot->data_size = l.data.size;
    if (slot->validity != NULL) {
        memset(slot->validity, 0, l.validity.size);
    }
    if (slot->type.code == FH_TYPE_BOOL && slot->data != NULL) {
        memset(slot->data, 0, slot->data_size);
    }
}

int fh_batch_begin(uint8_t *out,
                   size_t capacity,
                   uint32_t rows,
                   struct fh_batch_slot *slots,
                   uint32_t slot_count,
                   struct fh_buf *header,
                   size_t *out_size,
                   struct fh_err *err)
{
    for (uint32_t i = 0; i < slot_count; i++) {
        if (!fh_type_valid(slots[i].type) || slots[i].nulls > rows) {
            return broken(err, "batch.type", i, "not a type of this version");
        }
    }
    size_t body = 0;
    write_header(header, rows, slots, slot_count, &body);
    int code = fh_buf_ok(header);
    if (code != FH_OK) {
        return fh_err_set(err, code, "batch: the header does not fit its buffer");
    }
    size_t start = align_up(HEAD_BYTES + header->size);
    if (body == 0) {
        start = HEAD_BYTES + header->size; // nothing follows, so nothing is padded
    }
    if (start + body > FH_BATCH_BYTES_MAX || start + body > capacity ||
        slot_count > FH_BATCH_COLUMNS_MAX || rows > FH_BATCH_ROWS_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "batch.size", "batch: more than fits one batch");
    }
    fh_put_u32be(out, (uint32_t)header->size);
    memcpy(out + HEAD_BYTES, header->data, header->size);
    memset(out + HEAD_BYTES + header->size, 0, start - HEAD_BYTES - header->size);
    size_t at = 0;
    for (uint32_t i = 0; i < slot_count; i++) {
        open_slot(&slots[i], out + start, &at, rows);
    }
    FH_ASSERT(at == body);
    *out_size = start + body;
    return FH_OK;
}
