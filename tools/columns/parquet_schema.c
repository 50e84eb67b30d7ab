/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/parquet_schema.h"

#include "common/assert.h"

enum {
    REPETITION_OPTIONAL = 1,
    INT32_DIGITS = 9,
    INT64_DIGITS = 18,
    HUGEINT_DIGITS = 38,
    NO_CONVERTED = -1,
};

/* fields of the union LogicalType */
enum logical {
    LOGICAL_NONE = 0,
    LOGICAL_STRING = 1,
    LOGICAL_DECIMAL = 5,
    LOGICAL_DATE = 6,
    LOGICAL_TIME = 7,
    LOGICAL_TIMESTAMP = 8,
    LOGICAL_INTEGER = 10,
    LOGICAL_JSON = 12,
    LOGICAL_UUID = 14,
};

/* fields of the union TimeUnit */
enum unit { UNIT_MILLIS = 1, UNIT_MICROS = 2, UNIT_NANOS = 3 };

/* The older ConvertedType, for readers that know no other; a local time has none. */
enum converted {
    CONVERTED_UTF8 = 0,
    CONVERTED_DECIMAL = 5,
    CONVERTED_DATE = 6,
    CONVERTED_TIMESTAMP_MICROS = 10,
    CONVERTED_UINT_8 = 11,
    CONVERTED_UINT_16 = 12,
    CONVERTED_UINT_32 = 13,
    CONVERTED_UINT_64 = 14,
    CONVERTED_INT_8 = 15,
    CONVERTED_INT_16 = 16,
    CONVERTED_INT_32 = 17,
    CONVERTED_INT_64 = 18,
    CONVERTED_JSON = 19,
};

struct form {
    enum fh_parquet_type physical;
    enum logical logical;
    int8_t converted;
    uint8_t detail; /* bits of an integer, unit of a time */
    bool flag;      /* an integer is signed, a time adjusted to UTC */
};

static const struct form forms[FH_TYPE_COUNT] = {
    [FH_TYPE_BOOL] = {FH_PARQUET_BOOLEAN, LOGICAL_NONE, NO_CONVERTED, 0, false},
    [FH_TYPE_INT8] = {FH_PARQUET_INT32, LOGICAL_INTEGER, CONVERTED_INT_8, 8, true},
    [FH_TYPE_INT16] = {FH_PARQUET_INT32, LOGICAL_INTEGER, CONVERTED_INT_16, 16, true},
    [FH_TYPE_INT32] = {FH_PARQUET_INT32, LOGICAL_INTEGER, CONVERTED_INT_32, 32, true},
    [FH_TYPE_INT64] = {FH_PARQUET_INT64, LOGICAL_INTEGER, CONVERTED_INT_64, 64, true},
    [FH_TYPE_UINT8] = {FH_PARQUET_INT32, LOGICAL_INTEGER, CONVERTED_UINT_8, 8, false},
    [FH_TYPE_UINT16] = {FH_PARQUET_INT32, LOGICAL_INTEGER, CONVERTED_UINT_16, 16, false},
    [FH_TYPE_UINT32] = {FH_PARQUET_INT32, LOGICAL_INTEGER, CONVERTED_UINT_32, 32, false},
    [FH_TYPE_UINT64] = {FH_PARQUET_INT64, LOGICAL_INTEGER, CONVERTED_UINT_64, 64, false},
    [FH_TYPE_HUGEINT] = {FH_PARQUET_FIXED, LOGICAL_DECIMAL, CONVERTED_DECIMAL, 0, false},
    [FH_TYPE_FLOAT] = {FH_PARQUET_FLOAT, LOGICAL_NONE, NO_CONVERTED, 0, false},
    [FH_TYPE_DOUBLE] = {FH_PARQUET_DOUBLE, LOGICAL_NONE, NO_CONVERTED, 0, false},
    [FH_TYPE_DECIMAL] = {FH_PARQUET_FIXED, LOGICAL_DECIMAL, CONVERTED_DECIMAL, 0, false},
    [FH_TYPE_VARCHAR] = {FH_PARQUET_BYTES, LOGICAL_STRING, CONVERTED_UTF8, 0, false},
    [FH_TYPE_BLOB] = {FH_PARQUET_BYTES, LOGICAL_NONE, NO_CONVERTED, 0, false},
    [FH_TYPE_JSON] = {FH_PARQUET_BYTES, LOGICAL_JSON, CONVERTED_JSON, 0, false},
    [FH_TYPE_DATE] = {FH_PARQUET_INT32, LOGICAL_DATE, CONVERTED_DATE, 0, false},
    [FH_TYPE_TIME] = {FH_PARQUET_INT64, LOGICAL_TIME, NO_CONVERTED, UNIT_MICROS, false},
    [FH_TYPE_TIMESTAMP] = {FH_PARQUET_INT64, LOGICAL_TIMESTAMP, NO_CONVERTED, UNIT_MICROS, false},
    [FH_TYPE_TIMESTAMP_S] = {FH_PARQUET_INT64, LOGICAL_TIMESTAMP, NO_CONVERTED, UNIT_MILLIS, false},
    [FH_TYPE_TIMESTAMP_MS] =
        {FH_PARQUET_INT64, LOGICAL_TIMESTAMP, NO_CONVERTED, UNIT_MILLIS, false},
    [FH_TYPE_TIMESTAMP_NS] = {FH_PARQUET_INT64, LOGICAL_TIMESTAMP, NO_CONVERTED, UNIT_NANOS, false},
    [FH_TYPE_TIMESTAMP_TZ] =
        {FH_PARQUET_INT64, LOGICAL_TIMESTAMP, CONVERTED_TIMESTAMP_MICROS, UNIT_MICROS, true},
    [FH_TYPE_INTERVAL] = {FH_PARQUET_BYTES, LOGICAL_STRING, CONVERTED_UTF8, 0, false},
    [FH_TYPE_UUID] = {FH_PARQUET_FIXED, LOGICAL_UUID, NO_CONVERTED, 0, false},
};

enum fh_parquet_type fh_parquet_type_of(struct fh_type type)
{
    FH_ASSERT(type.code > 0 && type.code < FH_TYPE_COUNT);
    if (type.code == FH_TYPE_DECIMAL && type.precision <= INT64_DIGITS) {
        return type.precision <= INT32_DIGITS ? FH_PARQUET_INT32 : FH_PARQUET_INT64;
    }
    return forms[type.code].physical;
}

static void put_logical(struct fh_thrift *thrift, struct fh_type type, int precision)
{
    const struct form *form = &forms[type.code];
    fh_thrift_struct(thrift, form->logical);
    switch (form->logical) {
    case LOGICAL_DECIMAL:
        fh_thrift_i32(thrift, 1, type.scale);
        fh_thrift_i32(thrift, 2, precision);
        break;
    case LOGICAL_TIME:
    case LOGICAL_TIMESTAMP:
        fh_thrift_bool(thrift, 1, form->flag);
        fh_thrift_struct(thrift, 2);
        fh_thrift_struct(thrift, form->detail);
        fh_thrift_end(thrift);
        fh_thrift_end(thrift);
        break;
    case LOGICAL_INTEGER:
        fh_thrift_i8(thrift, 1, (int8_t)form->detail);
        fh_thrift_bool(thrift, 2, form->flag);
        break;
    case LOGICAL_NONE:
    case LOGICAL_STRING:
    case LOGICAL_DATE:
    case LOGICAL_JSON:
    case LOGICAL_UUID:
        break;
    }
    fh_thrift_end(thrift);
}

static void put_column(struct fh_thrift *thrift, const struct fh_field *field)
{
    const struct form *form = &forms[field->type.code];
    enum fh_parquet_type physical = fh_parquet_type_of(field->type);
    int precision = field->type.code == FH_TYPE_HUGEINT ? HUGEINT_DIGITS : field->type.precision;
    fh_thrift_element(thrift);
    fh_thrift_i32(thrift, 1, (int32_t)physical);
    if (physical == FH_PARQUET_FIXED) {
        fh_thrift_i32(thrift, 2, FH_PARQUET_FIXED_BYTES);
    }
    fh_thrift_i32(thrift, 3, REPETITION_OPTIONAL);
    fh_thrift_text(thrift, 4, fh_bytes_cstr(field->name));
    if (form->converted != NO_CONVERTED) {
        fh_thrift_i32(thrift, 6, form->converted);
    }
    if (form->logical == LOGICAL_DECIMAL) {
        fh_thrift_i32(thrift, 7, field->type.scale);
        fh_thrift_i32(thrift, 8, precision);
    }
    if (form->logical != LOGICAL_NONE) {
        fh_thrift_struct(thrift, 10);
        put_logical(thrift, field->type, precision);
        fh_thrift_end(thrift);
    }
    fh_thrift_end(thrift);
}

void fh_parquet_schema(struct fh_thrift *thrift,
                       int field,
                       const struct fh_field *fields,
                       size_t count)
{
    fh_thrift_list(thrift, field, FH_THRIFT_STRUCT, count + 1);
    fh_thrift_element(thrift);
    fh_thrift_text(thrift, 4, fh_bytes_cstr("answer"));
    fh_thrift_i32(thrift, 5, (int32_t)count);
    fh_thrift_end(thrift);
    for (size_t i = 0; i < count; i++) {
        put_column(thrift, &fields[i]);
    }
}
