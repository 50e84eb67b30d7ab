/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/field.h"

#include "common/mem.h"

#include <endian.h>
#include <string.h>

enum { WIDE_BYTES = 16 };

/* 10^38, the first natural number of 39 digits, in two halves. */
static const uint64_t too_wide_high = 0x4B3B4CA85A86C47AU;
static const uint64_t too_wide_low = 0x098A224000000000U;

int fh_fields_new(struct fh_field **out,
                  size_t *out_count,
                  const struct freehold_result *result,
                  struct fh_err *err)
{
    size_t count = freehold_result_column_count(result);
    struct fh_field *fields FH_CLEANUP(fh_freep) =
        count == 0 ? NULL : fh_calloc(count, sizeof *fields);
    if (fields == NULL && count > 0) {
        return fh_err_set(err, FH_ENOMEM, "no memory for columns");
    }
    for (size_t i = 0; i < count; i++) {
        struct freehold_column column = {.size = sizeof column};
        freehold_result_column(result, i, &column);
        fields[i].name = column.name;
        int code = fh_type_parse(&fields[i].type, fh_bytes_cstr(column.type_name), err);
        if (code != FH_OK) {
            return fh_err_wrap(err, "column %zu", i);
        }
    }
    *out = FH_TAKE(fields);
    *out_count = count;
    return FH_OK;
}

int fh_field_refuse(const struct fh_field *field, const char *form, struct fh_err *err)
{
    char type[FH_TYPE_TEXT_BYTES];
    fh_type_text(type, field->type);
    return fh_err_rule(err,
                       FH_EINVAL,
                       "columns.value",
                       "column %s: a %s is beyond what %s holds; CAST(... AS VARCHAR) keeps it",
                       field->name,
                       type,
                       form);
}

int fh_field_check_wide(const struct fh_field *field,
                        const struct freehold_vector *vector,
                        struct fh_err *err)
{
    const uint8_t *at = vector->data;
    for (uint64_t row = 0; row < vector->rows; row++, at += WIDE_BYTES) {
        uint64_t halves[2];
        memcpy(halves, at, sizeof halves);
        uint64_t low = le64toh(halves[0]);
        uint64_t high = le64toh(halves[1]);
        if (high >> 63 != 0) { /* its magnitude */
            low = ~low + 1;
            high = ~high + (low == 0 ? 1 : 0);
        }
        bool wide = high > too_wide_high || (high == too_wide_high && low >= too_wide_low);
        if (wide && fh_field_has(vector, row)) {
            return fh_field_refuse(field, "a decimal of 38 digits", err);
        }
    }
    return FH_OK;
}

struct fh_field_interval fh_field_interval(const struct freehold_vector *vector, size_t row)
{
    uint8_t bytes[WIDE_BYTES];
    uint32_t months = 0;
    uint32_t days = 0;
    uint64_t micros = 0;
    memcpy(bytes, (const uint8_t *)vector->data + row * WIDE_BYTES, sizeof bytes);
    memcpy(&months, bytes, sizeof months);
    memcpy(&days, bytes + 4, sizeof days);
    memcpy(&micros, bytes + 8, sizeof micros);
    return (struct fh_field_interval){
        .months = (int32_t)le32toh(months),
        .days = (int32_t)le32toh(days),
        .micros = (int64_t)le64toh(micros),
    };
}
