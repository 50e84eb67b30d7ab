/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/batch_layout.h"

size_t fh_batch_align_up(size_t n)
{
    return (n + FH_BATCH_ALIGN - 1) & ~(size_t)(FH_BATCH_ALIGN - 1);
}

static struct fh_batch_place put(size_t *at, size_t size)
{
    struct fh_batch_place place = {0, size};
    if (size > 0) {
        place.offset = fh_batch_align_up(*at);
        *at = place.offset + size;
    }
    return place;
}

struct fh_batch_layout fh_batch_lay_out(size_t *at, const struct fh_batch_shape *shape)
{
    int width = fh_type_width(shape->type);
    size_t rows = shape->rows;
    bool dictionary = shape->encoding == FH_BATCH_DICTIONARY;
    struct fh_batch_layout l = {.validity = put(at, shape->nulls == 0 ? 0 : (rows + 7) / 8)};
    if (width < 0) {
        size_t values = dictionary ? shape->entries : rows;
        l.offsets = put(at, (values + 1) * sizeof(int32_t));
        l.data = put(at, shape->variable_size);
    } else if (shape->encoding == FH_BATCH_NARROW) {
        l.data = put(at, rows * shape->width);
    } else if (width == 0) {
        l.data = put(at, (rows + 7) / 8);
    } else {
        l.data = put(at, rows * (size_t)width);
    }
    if (dictionary) {
        l.indices = put(at, rows * shape->width);
    }
    return l;
}

unsigned fh_batch_narrow_width_max(struct fh_type type)
{
    switch ((enum fh_type_code)type.code) {
    case FH_TYPE_INT16:
    case FH_TYPE_INT32:
    case FH_TYPE_INT64:
    case FH_TYPE_UINT16:
    case FH_TYPE_UINT32:
    case FH_TYPE_UINT64:
    case FH_TYPE_HUGEINT:
    case FH_TYPE_DECIMAL:
    case FH_TYPE_DATE:
    case FH_TYPE_TIME:
    case FH_TYPE_TIMESTAMP:
    case FH_TYPE_TIMESTAMP_S:
    case FH_TYPE_TIMESTAMP_MS:
    case FH_TYPE_TIMESTAMP_NS:
    case FH_TYPE_TIMESTAMP_TZ:
        return (unsigned)fh_type_width(type) / 2;
    case FH_TYPE_BOOL:
    case FH_TYPE_INT8:
    case FH_TYPE_UINT8:
    case FH_TYPE_FLOAT:
    case FH_TYPE_DOUBLE:
    case FH_TYPE_VARCHAR:
    case FH_TYPE_BLOB:
    case FH_TYPE_JSON:
    case FH_TYPE_INTERVAL:
    case FH_TYPE_UUID:
    case FH_TYPE_COUNT:
        break;
    }
    return 0;
}

bool fh_batch_encodes(struct fh_type type,
                      enum fh_batch_encoding encoding,
                      unsigned width,
                      uint32_t entries)
{
    unsigned widest = fh_batch_narrow_width_max(type);
    switch (encoding) {
    case FH_BATCH_PLAIN:
        return true;
    case FH_BATCH_NARROW:
        return widest > 0 && width <= widest && (width & (width - 1)) == 0;
    case FH_BATCH_DICTIONARY:
        return fh_type_is_variable(type) && entries >= 1 && (width == 1 || width == 2) &&
               entries <= 1U << (8 * width);
    case FH_BATCH_ENCODING_COUNT:
        break;
    }
    return false;
}
