/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/batch_layout.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

#include <string.h>

size_t fh_batch_overhead(uint32_t columns, size_t name_bytes)
{
    /* 15 integers of up to 5 bytes, two of 9, heads of array and string; 4 gaps of up to 63 bytes
     */
    return 128 + name_bytes + (size_t)columns * (104 + 4 * (size_t)FH_BATCH_ALIGN);
}

size_t
fh_batch_column_size(struct fh_type type, uint32_t rows, uint32_t nulls, size_t variable_size)
{
    size_t at = 0;
    struct fh_batch_shape shape = {
        .type = type, .rows = rows, .nulls = nulls, .variable_size = variable_size};
    (void)fh_batch_lay_out(&at, &shape);
    return at;
}

static struct fh_batch_shape shape_of(const struct fh_batch_slot *slot, uint32_t rows)
{
    return (struct fh_batch_shape){
        .type = slot->type,
        .rows = rows,
        .nulls = slot->nulls,
        .encoding = slot->encoding,
        .width = slot->width,
        .entries = slot->entries,
        .variable_size =
            slot->encoding == FH_BATCH_DICTIONARY ? slot->dictionary_size : slot->variable_size,
    };
}

static void write_place(struct fh_buf *header, struct fh_batch_place place)
{
    fh_pack_uint(header, place.offset);
    fh_pack_uint(header, place.size);
}

static void write_column(struct fh_buf *header,
                         const struct fh_batch_slot *slot,
                         const struct fh_batch_layout *layout)
{
    static const uint32_t fields[FH_BATCH_ENCODING_COUNT] = {
        [FH_BATCH_PLAIN] = FH_BATCH_COLUMN_FIELDS,
        [FH_BATCH_NARROW] = FH_BATCH_NARROW_FIELDS,
        [FH_BATCH_DICTIONARY] = FH_BATCH_DICTIONARY_FIELDS,
    };
    fh_pack_array(header, fields[slot->encoding]);
    fh_pack_str(header, slot->name);
    fh_pack_uint(header, slot->type.code);
    fh_pack_uint(header, slot->type.precision);
    fh_pack_uint(header, slot->type.scale);
    fh_pack_uint(header, slot->encoding);
    fh_pack_uint(header, slot->nulls);
    write_place(header, layout->validity);
    write_place(header, layout->offsets);
    write_place(header, layout->data);
    if (slot->encoding == FH_BATCH_NARROW) {
        fh_pack_int(header, slot->base);
        fh_pack_uint(header, slot->unit);
        fh_pack_uint(header, slot->width);
    } else if (slot->encoding == FH_BATCH_DICTIONARY) {
        fh_pack_uint(header, slot->entries);
        fh_pack_uint(header, slot->width);
        write_place(header, layout->indices);
    }
}

/* Gives the bytes of all buffers, as they are and in plain form. */
static void write_header(struct fh_buf *header,
                         uint32_t rows,
                         const struct fh_batch_slot *slots,
                         uint32_t count,
                         size_t *out_body,
                         size_t *out_plain)
{
    size_t at = 0;
    size_t plain = 0;
    fh_buf_reset(header);
    fh_pack_array(header, 3);
    fh_pack_uint(header, FH_BATCH_VERSION);
    fh_pack_uint(header, rows);
    fh_pack_array(header, count);
    for (uint32_t i = 0; i < count; i++) {
        struct fh_batch_shape shape = shape_of(&slots[i], rows);
        struct fh_batch_layout layout = fh_batch_lay_out(&at, &shape);
        write_column(header, &slots[i], &layout);
        shape.encoding = FH_BATCH_PLAIN;
        shape.variable_size = slots[i].variable_size;
        (void)fh_batch_lay_out(&plain, &shape);
    }
    *out_body = at;
    *out_plain = plain;
}

/* Points the slot at its buffers and zeroes bitmap and gaps, so that the caller writes values only.
 */
static void open_slot(struct fh_batch_slot *slot, uint8_t *body, size_t *at, uint32_t rows)
{
    size_t from = *at;
    struct fh_batch_shape shape = shape_of(slot, rows);
    struct fh_batch_layout l = fh_batch_lay_out(at, &shape);
    const struct fh_batch_place places[] = {l.validity, l.offsets, l.data, l.indices};
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
    slot->indices = l.indices.size == 0 ? NULL : body + l.indices.offset;
    if (slot->validity != NULL) {
        memset(slot->validity, 0, l.validity.size);
    }
    if (slot->type.code == FH_TYPE_BOOL && slot->data != NULL) {
        memset(slot->data, 0, slot->data_size);
    }
}

static bool slot_valid(const struct fh_batch_slot *slot, uint32_t rows)
{
    return fh_type_valid(slot->type) && slot->nulls <= rows &&
           fh_batch_encodes(slot->type, slot->encoding, slot->width, slot->entries) &&
           (slot->encoding != FH_BATCH_NARROW || slot->unit > 0);
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
        if (!slot_valid(&slots[i], rows)) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "batch.type",
                               "batch: column %u: not a type or an encoding of this version",
                               i + 1);
        }
    }
    size_t body = 0;
    size_t plain = 0;
    write_header(header, rows, slots, slot_count, &body, &plain);
    int code = fh_buf_ok(header);
    if (code != FH_OK) {
        return fh_err_set(err, code, "batch: the header does not fit its buffer");
    }
    size_t start = fh_batch_align_up(FH_BATCH_HEAD_BYTES + header->size);
    if (body == 0) {
        start = FH_BATCH_HEAD_BYTES + header->size; // nothing follows, so nothing is padded
    }
    if (start + body > FH_BATCH_BYTES_MAX || plain > FH_BATCH_BYTES_MAX ||
        start + body > capacity || slot_count > FH_BATCH_COLUMNS_MAX || rows > FH_BATCH_ROWS_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "batch.size", "batch: more than fits one batch");
    }
    fh_put_u32be(out, (uint32_t)header->size);
    memcpy(out + FH_BATCH_HEAD_BYTES, header->data, header->size);
    memset(out + FH_BATCH_HEAD_BYTES + header->size, 0, start - FH_BATCH_HEAD_BYTES - header->size);
    size_t at = 0;
    for (uint32_t i = 0; i < slot_count; i++) {
        open_slot(&slots[i], out + start, &at, rows);
    }
    FH_ASSERT(at == body);
    *out_size = start + body;
    return FH_OK;
}
