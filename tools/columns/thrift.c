/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/thrift.h"

#include "common/assert.h"

enum {
    TYPE_TRUE = 1,
    TYPE_FALSE = 2,
    TYPE_I8 = 3,
    TYPE_I64 = 6,
    TYPE_LIST = 9,
    DELTA_MAX = 15, /* of two fields, in the head of the second */
    SHORT_LIST_MAX = 14,
};

void fh_thrift_varint(struct fh_buf *out, uint64_t value)
{
    while (value >= 0x80) {
        fh_buf_add_u8(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    fh_buf_add_u8(out, (uint8_t)value);
}

/* Small magnitudes become small naturals: 0, -1, 1, -2 ... */
static void put_zigzag(struct fh_buf *out, int64_t value)
{
    uint64_t doubled = (uint64_t)value << 1;
    fh_thrift_varint(out, value < 0 ? ~doubled : doubled);
}

static void put_head(struct fh_thrift *thrift, int field, int type)
{
    FH_ASSERT(thrift->depth > 0);
    int *last = &thrift->last[thrift->depth - 1];
    FH_ASSERT(field > *last && field - *last <= DELTA_MAX);
    fh_buf_add_u8(thrift->out, (uint8_t)((field - *last) << 4 | type));
    *last = field;
}

static void push(struct fh_thrift *thrift)
{
    FH_ASSERT(thrift->depth < FH_THRIFT_DEPTH_MAX);
    thrift->last[thrift->depth++] = 0;
}

void fh_thrift_begin(struct fh_thrift *thrift, struct fh_buf *out)
{
    *thrift = (struct fh_thrift){.out = out};
    push(thrift);
}

void fh_thrift_struct(struct fh_thrift *thrift, int field)
{
    put_head(thrift, field, FH_THRIFT_STRUCT);
    push(thrift);
}

void fh_thrift_element(struct fh_thrift *thrift)
{
    push(thrift);
}

void fh_thrift_end(struct fh_thrift *thrift)
{
    FH_ASSERT(thrift->depth > 0);
    fh_buf_add_u8(thrift->out, 0);
    thrift->depth--;
}

void fh_thrift_bool(struct fh_thrift *thrift, int field, bool value)
{
    put_head(thrift, field, value ? TYPE_TRUE : TYPE_FALSE);
}

void fh_thrift_i8(struct fh_thrift *thrift, int field, int8_t value)
{
    put_head(thrift, field, TYPE_I8);
    fh_buf_add_u8(thrift->out, (uint8_t)value);
}

void fh_thrift_i32(struct fh_thrift *thrift, int field, int32_t value)
{
    put_head(thrift, field, FH_THRIFT_I32);
    put_zigzag(thrift->out, value);
}

void fh_thrift_i64(struct fh_thrift *thrift, int field, int64_t value)
{
    put_head(thrift, field, TYPE_I64);
    put_zigzag(thrift->out, value);
}

void fh_thrift_text(struct fh_thrift *thrift, int field, struct fh_bytes value)
{
    put_head(thrift, field, FH_THRIFT_TEXT);
    fh_thrift_list_text(thrift, value);
}

void fh_thrift_list(struct fh_thrift *thrift, int field, enum fh_thrift_type type, size_t count)
{
    put_head(thrift, field, TYPE_LIST);
    if (count <= SHORT_LIST_MAX) {
        fh_buf_add_u8(thrift->out, (uint8_t)(count << 4 | type));
    } else {
        fh_buf_add_u8(thrift->out, (uint8_t)(0xF0 | type));
        fh_thrift_varint(thrift->out, count);
    }
}

void fh_thrift_list_i32(struct fh_thrift *thrift, int32_t value)
{
    put_zigzag(thrift->out, value);
}

void fh_thrift_list_text(struct fh_thrift *thrift, struct fh_bytes value)
{
    fh_thrift_varint(thrift->out, value.size);
    fh_buf_add_bytes(thrift->out, value);
}
