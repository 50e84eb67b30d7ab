/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/arrow_schema.h"

#include "common/assert.h"

#include <string.h>

/* union Type of Schema.fbs */
enum arrow_type {
    ARROW_INT = 2,
    ARROW_FLOATING_POINT = 3,
    ARROW_BINARY = 4,
    ARROW_UTF8 = 5,
    ARROW_BOOL = 6,
    ARROW_DECIMAL = 7,
    ARROW_DATE = 8,
    ARROW_TIME = 9,
    ARROW_TIMESTAMP = 10,
    ARROW_INTERVAL = 11,
    ARROW_FIXED_SIZE_BINARY = 15,
};

enum {
    PRECISION_SINGLE = 1,
    PRECISION_DOUBLE = 2,
    DATE_DAY = 0,
    UNIT_SECOND = 0,
    UNIT_MILLISECOND = 1,
    UNIT_MICROSECOND = 2,
    UNIT_NANOSECOND = 3,
    INTERVAL_MONTH_DAY_NANO = 2,
    ENDIAN_LITTLE = 0,
    UUID_BYTES = 16,
    DECIMAL_BITS = 128,
    HUGEINT_DIGITS = 38,
    TIME_BITS = 64,
};

/* Each type: which table of the union it is, and the values of that table's first fields. */
struct form {
    enum arrow_type table;
    uint8_t sizes[3]; /* of slots 0, 1, 2; 0: none */
    uint32_t values[3];
    const char *zone;      /* slot 1 of Timestamp */
    const char *extension; /* "ARROW:extension:name" */
};

#define INT_FORM(bits, is_signed)                                                                  \
    {                                                                                              \
        ARROW_INT, {4, 1, 0}, {(bits), (is_signed), 0}, NULL, NULL                                 \
    }
#define STAMP_FORM(unit, zone)                                                                     \
    {                                                                                              \
        ARROW_TIMESTAMP, {2, 0, 0}, {(unit), 0, 0}, (zone), NULL                                   \
    }

static const struct form forms[FH_TYPE_COUNT] = {
    [FH_TYPE_BOOL] = {ARROW_BOOL, {0}, {0}, NULL, NULL},
    [FH_TYPE_INT8] = INT_FORM(8, 1),
    [FH_TYPE_INT16] = INT_FORM(16, 1),
    [FH_TYPE_INT32] = INT_FORM(32, 1),
    [FH_TYPE_INT64] = INT_FORM(64, 1),
    [FH_TYPE_UINT8] = INT_FORM(8, 0),
    [FH_TYPE_UINT16] = INT_FORM(16, 0),
    [FH_TYPE_UINT32] = INT_FORM(32, 0),
    [FH_TYPE_UINT64] = INT_FORM(64, 0),
    [FH_TYPE_HUGEINT] = {ARROW_DECIMAL, {4, 4, 4}, {HUGEINT_DIGITS, 0, DECIMAL_BITS}, NULL, NULL},
    [FH_TYPE_FLOAT] = {ARROW_FLOATING_POINT, {2}, {PRECISION_SINGLE}, NULL, NULL},
    [FH_TYPE_DOUBLE] = {ARROW_FLOATING_POINT, {2}, {PRECISION_DOUBLE}, NULL, NULL},
    [FH_TYPE_DECIMAL] = {ARROW_DECIMAL, {4, 4, 4}, {0, 0, DECIMAL_BITS}, NULL, NULL},
    [FH_TYPE_VARCHAR] = {ARROW_UTF8, {0}, {0}, NULL, NULL},
    [FH_TYPE_BLOB] = {ARROW_BINARY, {0}, {0}, NULL, NULL},
    [FH_TYPE_JSON] = {ARROW_UTF8, {0}, {0}, NULL, "arrow.json"},
    [FH_TYPE_DATE] = {ARROW_DATE, {2}, {DATE_DAY}, NULL, NULL},
    [FH_TYPE_TIME] = {ARROW_TIME, {2, 4, 0}, {UNIT_MICROSECOND, TIME_BITS, 0}, NULL, NULL},
    [FH_TYPE_TIMESTAMP] = STAMP_FORM(UNIT_MICROSECOND, NULL),
    [FH_TYPE_TIMESTAMP_S] = STAMP_FORM(UNIT_SECOND, NULL),
    [FH_TYPE_TIMESTAMP_MS] = STAMP_FORM(UNIT_MILLISECOND, NULL),
    [FH_TYPE_TIMESTAMP_NS] = STAMP_FORM(UNIT_NANOSECOND, NULL),
    [FH_TYPE_TIMESTAMP_TZ] = STAMP_FORM(UNIT_MICROSECOND, "UTC"),
    [FH_TYPE_INTERVAL] = {ARROW_INTERVAL, {2}, {INTERVAL_MONTH_DAY_NANO}, NULL, NULL},
    [FH_TYPE_UUID] = {ARROW_FIXED_SIZE_BINARY, {4}, {UUID_BYTES}, NULL, "arrow.uuid"},
};

static void put_type(struct fh_flat *flat, size_t ref, struct fh_type type)
{
    const struct form *form = &forms[type.code];
    FH_ASSERT(form->table != 0);
    struct fh_flat_field fields[FH_COUNT(form->sizes) + 1];
    size_t count = 0;
    size_t zone = 0;
    for (uint8_t slot = 0; slot < FH_COUNT(form->sizes); slot++) {
        if (form->sizes[slot] > 0) {
            fields[count++] = (struct fh_flat_field){
                .slot = slot, .size = form->sizes[slot], .value = form->values[slot]};
        }
    }
    if (type.code == FH_TYPE_DECIMAL) {
        fields[0].value = type.precision;
        fields[1].value = type.scale;
    }
    if (form->zone != NULL) {
        fields[count++] = (struct fh_flat_field){.slot = 1, .ref = &zone};
    }
    fh_flat_table(flat, ref, fields, count);
    if (form->zone != NULL) {
        fh_flat_text(flat, zone, fh_bytes_cstr(form->zone));
    }
}

static void put_pair(struct fh_flat *flat, size_t ref, struct fh_bytes name, struct fh_bytes value)
{
    size_t name_ref = 0;
    size_t value_ref = 0;
    const struct fh_flat_field fields[] = {
        {.slot = 0, .ref = &name_ref},
        {.slot = 1, .ref = &value_ref},
    };
    fh_flat_table(flat, ref, fields, FH_COUNT(fields));
    fh_flat_text(flat, name_ref, name);
    fh_flat_text(flat, value_ref, value);
}

void fh_arrow_facts(struct fh_flat *flat, size_t ref, const struct fh_facts *facts)
{
    size_t pairs = fh_flat_refs(flat, ref, facts->count);
    for (size_t i = 0; i < facts->count; i++) {
        put_pair(
            flat, pairs + 4 * i, fh_bytes_cstr(facts->facts[i].name), fh_facts_value(facts, i));
    }
}

static void put_field(struct fh_flat *flat, size_t ref, const struct fh_field *field)
{
    const struct form *form = &forms[field->type.code];
    size_t name = 0;
    size_t type = 0;
    size_t children = 0;
    size_t metadata = 0;
    const struct fh_flat_field fields[] = {
        {.slot = 0, .ref = &name},
        {.slot = 1, .size = 1, .value = 1}, /* nullable */
        {.slot = 2, .size = 1, .value = form->table},
        {.slot = 3, .ref = &type},
        {.slot = 5, .ref = &children},
        {.slot = 6, .ref = &metadata},
    };
    fh_flat_table(flat, ref, fields, FH_COUNT(fields));
    fh_flat_text(flat, name, fh_bytes_cstr(field->name));
    put_type(flat, type, field->type);
    fh_flat_refs(flat, children, 0); /* readers ask for the list, be it empty */
    char text[FH_TYPE_TEXT_BYTES];
    fh_type_text(text, field->type);
    size_t pairs = fh_flat_refs(flat, metadata, form->extension == NULL ? 1 : 3);
    put_pair(flat, pairs, fh_bytes_cstr("freehold.type"), fh_bytes_cstr(text));
    if (form->extension != NULL) {
        put_pair(
            flat, pairs + 4, fh_bytes_cstr("ARROW:extension:name"), fh_bytes_cstr(form->extension));
        put_pair(flat, pairs + 8, fh_bytes_cstr("ARROW:extension:metadata"), FH_BYTES_NONE);
    }
}

void fh_arrow_schema(struct fh_flat *flat,
                     size_t ref,
                     const struct fh_field *fields,
                     size_t count,
                     const struct fh_facts *facts)
{
    size_t list = 0;
    size_t metadata = 0;
    const struct fh_flat_field slots[] = {
        {.slot = 0, .size = 2, .value = ENDIAN_LITTLE},
        {.slot = 1, .ref = &list},
        {.slot = 2, .ref = &metadata},
    };
    fh_flat_table(flat, ref, slots, FH_COUNT(slots));
    size_t refs = fh_flat_refs(flat, list, count);
    for (size_t i = 0; i < count; i++) {
        put_field(flat, refs + 4 * i, &fields[i]);
    }
    fh_arrow_facts(flat, metadata, facts);
}
