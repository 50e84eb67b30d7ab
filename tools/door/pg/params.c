/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/params.h"

#include "common/assert.h"
#include "tools/door/pg/decimal.h"
#include "tools/door/pg/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The texts of all values lie behind each other in a buffer that may move: first as places. */
struct taking {
    struct fh_pg_params *out;
    size_t places[FH_SQL_PARAMS_MAX];
    unsigned index;
    struct fh_err *err;
};

void fh_pg_params_init(struct fh_pg_params *params)
{
    params->count = 0;
    fh_buf_init(&params->text, 4 * (size_t)FH_PG_MESSAGE_BYTES_MAX);
}

void fh_pg_params_fini(struct fh_pg_params *params)
{
    fh_buf_fini(&params->text);
}

/* ---- kinds ---- */

static int wrong(struct taking *take, const char *what)
{
    return fh_err_rule(
        take->err, FH_EINVAL, "pg.param", "parameter $%u: %s", take->index + 1, what);
}

static struct freehold_param *current(struct taking *take)
{
    return &take->out->values[take->index];
}

static int take_integer(struct taking *take, int type, int64_t value)
{
    current(take)->type = type;
    current(take)->integer = value;
    return FH_OK;
}

/* Begins a text; what is appended to the buffer until end_text is the value. */
static struct fh_buf *begin_text(struct taking *take, int type)
{
    current(take)->type = type;
    take->places[take->index] = take->out->text.size;
    return &take->out->text;
}

static int end_text(struct taking *take)
{
    struct fh_buf *text = &take->out->text;
    fh_buf_add_u8(text, 0);
    if (fh_buf_ok(text) != FH_OK) {
        return fh_err_rule(take->err,
                           fh_buf_ok(text),
                           "query.param.size",
                           "the parameters of a statement have at most %d bytes together",
                           (int)FH_SQL_PARAMS_BYTES_MAX);
    }
    const char *value = (const char *)text->data + take->places[take->index];
    if (strlen(value) + 1 != text->size - take->places[take->index]) {
        return wrong(take, "a text has no zero bytes");
    }
    return fh_utf8_valid(fh_bytes_cstr(value)) ? FH_OK : wrong(take, "a text is UTF-8");
}

static int take_text(struct taking *take, int type, struct fh_bytes value)
{
    fh_buf_add_bytes(begin_text(take, type), value);
    return end_text(take);
}

/* ---- text values ---- */

static bool is_number(struct fh_bytes text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];
        if (c >= '0' && c <= '9') {
            digits++;
        } else if (c == 0 || strchr("+-.eE", c) == NULL) {
            return false;
        }
    }
    return digits > 0 && digits <= 38;
}

static bool is_small_exponent(struct fh_bytes text)
{
    const uint8_t *e = memchr(text.data, 'e', text.size);
    e = e == NULL ? memchr(text.data, 'E', text.size) : e;
    return e == NULL || (size_t)(text.data + text.size - e) <= 3;
}

static int text_integer(struct taking *take, struct fh_bytes value)
{
    char text[32];
    char *end = NULL;
    if (value.size == 0 || value.size >= sizeof text) {
        return wrong(take, "an integer is wanted");
    }
    memcpy(text, value.data, value.size);
    text[value.size] = 0;
    long long number = strtoll(text, &end, 10);
    while (*end == ' ') {
        end++;
    }
    if (end == text || *end != 0 ||
        (number == INT64_MAX && strstr(text, "9223372036854775807") == NULL)) {
        return wrong(take, "an integer is wanted");
    }
    return take_integer(take, FREEHOLD_PARAM_INT, number);
}

static int text_bool(struct taking *take, struct fh_bytes value)
{
    static const char *const words[][2] = {
        {"f", "t"}, {"false", "true"}, {"0", "1"}, {"off", "on"}, {"no", "yes"}, {"n", "y"}};
    char text[8] = "";
    if (value.size < sizeof text) {
        memcpy(text, value.data, value.size);
    }
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        for (int truth = 0; truth < 2; truth++) {
            if (strcasecmp(words[i][truth], text) == 0) {
                return take_integer(take, FREEHOLD_PARAM_BOOL, truth);
            }
        }
    }
    return wrong(take, "true or false is wanted");
}

/* bytea as "\x4142": as DuckDB's literal has it, "\x41\x42". */
static int add_blob(struct taking *take, struct fh_bytes bytes)
{
    struct fh_buf *out = begin_text(take, FREEHOLD_PARAM_TEXT);
    for (size_t i = 0; i < bytes.size; i++) {
        fh_buf_printf(out, "\\x%02X", bytes.data[i]);
    }
    return end_text(take);
}

static int text_blob(struct taking *take, struct fh_bytes value)
{
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&bytes, FH_PG_MESSAGE_BYTES_MAX);
    if (value.size < 2 || value.size % 2 != 0 || value.data[0] != '\\' || value.data[1] != 'x') {
        return wrong(take, "a bytea begins with \\x");
    }
    for (size_t i = 2; i < value.size; i += 2) {
        char pair[3] = {(char)value.data[i], (char)value.data[i + 1], 0};
        uint8_t byte = 0;
        if (!fh_unhex(&byte, 1, pair)) {
            pair[0] |= 0x20; /* capitals */
            pair[1] |= 0x20;
        }
        if (!fh_unhex(&byte, 1, pair)) {
            return wrong(take, "a bytea has hexadecimal digits");
        }
        fh_buf_add_u8(&bytes, byte);
    }
    return fh_buf_ok(&bytes) == FH_OK ? add_blob(take, fh_buf_view(&bytes))
                                      : wrong(take, "there is no memory for it");
}

static int take_as_text(struct taking *take, uint32_t type, struct fh_bytes value)
{
    switch (type) {
    case FH_PG_OID_BOOL:
        return text_bool(take, value);
    case FH_PG_OID_INT2:
    case FH_PG_OID_INT4:
    case FH_PG_OID_INT8:
    case FH_PG_OID_OID:
        return text_integer(take, value);
    case FH_PG_OID_NUMERIC:
    case FH_PG_OID_FLOAT4:
    case FH_PG_OID_FLOAT8:
        /* NaN, Infinity and what 38 digits do not hold read as literals do. */
        return take_text(take,
                         is_number(value) && is_small_exponent(value) ? FREEHOLD_PARAM_DECIMAL
                                                                      : FREEHOLD_PARAM_TEXT,
                         value);
    case FH_PG_OID_BYTEA:
        return text_blob(take, value);
    default:
        return take_text(take, FREEHOLD_PARAM_TEXT, value);
    }
}

/* ---- binary values ---- */

static int64_t big_endian(struct fh_bytes value)
{
    uint64_t number = value.size > 0 && (value.data[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < value.size; i++) {
        number = number << 8 | value.data[i];
    }
    return (int64_t)number;
}

/* A value as its kind lies in an array, printed. */
static int print(struct taking *take, int type, enum fh_pg_value value, const void *data)
{
    uint8_t room[FH_PG_VALUE_BYTES_MAX];
    size_t size = fh_pg_value_text(room, value, 0, data, 0);
    struct fh_bytes text = fh_bytes(room, size);
    bool number = type != FREEHOLD_PARAM_DECIMAL || (is_number(text) && is_small_exponent(text));
    return take_text(take, number ? type : FREEHOLD_PARAM_TEXT, text);
}

static int binary_float(struct taking *take, struct fh_bytes value)
{
    uint32_t low = (uint32_t)big_endian(value);
    uint64_t bits = (uint64_t)big_endian(value);
    return value.size == 4 ? print(take, FREEHOLD_PARAM_DECIMAL, FH_PG_VALUE_FLOAT, &low)
                           : print(take, FREEHOLD_PARAM_DECIMAL, FH_PG_VALUE_DOUBLE, &bits);
}

static int binary_numeric(struct taking *take, struct fh_bytes value)
{
    struct fh_buf *out = begin_text(take, FREEHOLD_PARAM_TEXT);
    int code = fh_pg_unpack_numeric(out, value, take->err);
    if (code != FH_OK) {
        return code;
    }
    size_t place = take->places[take->index];
    if (is_number(fh_bytes(out->data + place, out->size - place))) {
        current(take)->type = FREEHOLD_PARAM_DECIMAL;
    }
    return end_text(take);
}

static int binary_time(struct taking *take, uint32_t type, struct fh_bytes value)
{
    static const int64_t to_2000 = INT64_C(10957) * 86400 * 1000000;
    int64_t number = big_endian(value);
    bool infinite = number == INT64_MAX || number == INT64_MIN;
    if (type == FH_PG_OID_DATE) {
        int32_t days = (int32_t)number;
        bool ends = days == INT32_MAX || days == INT32_MIN;
        int32_t since = ends                                          ? days
                        : __builtin_add_overflow(days, 10957, &since) ? INT32_MAX
                                                                      : since;
        return print(take, FREEHOLD_PARAM_TEXT, FH_PG_VALUE_DATE, &since);
    }
    if (type == FH_PG_OID_TIME) {
        return number < 0 ? wrong(take, "a time of day is not negative")
                          : print(take, FREEHOLD_PARAM_TEXT, FH_PG_VALUE_TIME, &number);
    }
    int64_t since = number;
    if (!infinite && __builtin_add_overflow(number, to_2000, &since)) {
        return wrong(take, "the timestamp is out of range");
    }
    return print(take,
                 FREEHOLD_PARAM_TEXT,
                 type == FH_PG_OID_TIMESTAMPTZ ? FH_PG_VALUE_TIMESTAMPTZ : FH_PG_VALUE_TIMESTAMP,
                 &since);
}

static int binary_interval(struct taking *take, struct fh_bytes value)
{
    struct {
        int32_t months;
        int32_t days;
        int64_t micros;
    } interval = {
        .months = (int32_t)big_endian(fh_bytes(value.data + 12, 4)),
        .days = (int32_t)big_endian(fh_bytes(value.data + 8, 4)),
        .micros = big_endian(fh_bytes(value.data, 8)),
    };
    return print(take, FREEHOLD_PARAM_TEXT, FH_PG_VALUE_INTERVAL, &interval);
}

/* Bytes of a binary value; 0: various. */
static size_t binary_size(uint32_t type)
{
    switch (type) {
    case FH_PG_OID_BOOL:
    case FH_PG_OID_CHAR:
        return 1;
    case FH_PG_OID_INT2:
        return 2;
    case FH_PG_OID_INT4:
    case FH_PG_OID_OID:
    case FH_PG_OID_FLOAT4:
    case FH_PG_OID_DATE:
        return 4;
    case FH_PG_OID_INT8:
    case FH_PG_OID_FLOAT8:
    case FH_PG_OID_TIME:
    case FH_PG_OID_TIMESTAMP:
    case FH_PG_OID_TIMESTAMPTZ:
        return 8;
    case FH_PG_OID_INTERVAL:
    case FH_PG_OID_UUID:
        return 16;
    default:
        return 0;
    }
}

static int take_binary(struct taking *take, uint32_t type, struct fh_bytes value)
{
    size_t size = binary_size(type);
    if (size > 0 && value.size != size) {
        return fh_err_rule(take->err,
                           FH_EINVAL,
                           "pg.message.param",
                           "parameter $%u: a binary value of this type has %zu bytes, not %zu",
                           take->index + 1,
                           size,
                           value.size);
    }
    switch (type) {
    case FH_PG_OID_BOOL:
        return take_integer(take, FREEHOLD_PARAM_BOOL, value.data[0] != 0);
    case FH_PG_OID_INT2:
    case FH_PG_OID_INT4:
    case FH_PG_OID_INT8:
        return take_integer(take, FREEHOLD_PARAM_INT, big_endian(value));
    case FH_PG_OID_OID:
        return take_integer(take, FREEHOLD_PARAM_INT, (int64_t)fh_get_u32be(value.data));
    case FH_PG_OID_FLOAT4:
    case FH_PG_OID_FLOAT8:
        return binary_float(take, value);
    case FH_PG_OID_NUMERIC:
        return binary_numeric(take, value);
    case FH_PG_OID_DATE:
    case FH_PG_OID_TIME:
    case FH_PG_OID_TIMESTAMP:
    case FH_PG_OID_TIMESTAMPTZ:
        return binary_time(take, type, value);
    case FH_PG_OID_INTERVAL:
        return binary_interval(take, value);
    case FH_PG_OID_UUID:
        return print(take, FREEHOLD_PARAM_TEXT, FH_PG_VALUE_UUID, value.data);
    case FH_PG_OID_BYTEA:
        return add_blob(take, value);
    case FH_PG_OID_JSONB:
        if (value.size < 1 || value.data[0] != 1) {
            return wrong(take, "a binary jsonb begins with its version");
        }
        return take_text(take, FREEHOLD_PARAM_TEXT, fh_bytes(value.data + 1, value.size - 1));
    case 0:
    case FH_PG_OID_TEXT:
    case FH_PG_OID_VARCHAR:
    case FH_PG_OID_BPCHAR:
    case FH_PG_OID_NAME:
    case FH_PG_OID_CHAR:
    case FH_PG_OID_JSON:
    case FH_PG_OID_UNKNOWN:
        return take_text(take, FREEHOLD_PARAM_TEXT, value);
    default:
        return wrong(take, "a binary value of this type is not known; send it as text");
    }
}

/* ---- all of them ---- */

static int take_value(struct taking *take, unsigned format, bool null, struct fh_bytes value)
{
    *current(take) = (struct freehold_param){.size = sizeof(struct freehold_param)};
    if (null) {
        current(take)->type = FREEHOLD_PARAM_NULL;
        return FH_OK;
    }
    if (format > 1) {
        return wrong(take, "a value is text (0) or binary (1)");
    }
    uint32_t type = take->out->types[take->index];
    return format == 1 ? take_binary(take, type, value) : take_as_text(take, type, value);
}

int fh_pg_params_read(struct fh_pg_params *out,
                      const struct fh_pg_list *formats,
                      struct fh_pg_list values,
                      const uint32_t *types,
                      struct fh_err *err)
{
    if (values.count > FH_SQL_PARAMS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "query.param.count",
                           "a statement has at most %d parameters",
                           FH_SQL_PARAMS_MAX);
    }
    struct taking take = {.out = out, .err = err};
    struct fh_bytes value;
    bool null = false;
    int code = FH_OK;
    out->count = 0;
    fh_buf_reset(&out->text);
    while (code == FH_OK && fh_pg_value_next(&values, &value, &null)) {
        take.index = out->count;
        out->types[take.index] = types[take.index];
        code = take_value(&take, fh_pg_format_at(formats, take.index), null, value);
        out->count++;
    }
    for (unsigned i = 0; i < out->count && code == FH_OK; i++) {
        if (out->values[i].type == FREEHOLD_PARAM_TEXT ||
            out->values[i].type == FREEHOLD_PARAM_DECIMAL) {
            out->values[i].text = (const char *)out->text.data + take.places[i];
        }
    }
    return code;
}

void fh_pg_params_null(struct fh_pg_params *out, unsigned count)
{
    FH_ASSERT(count <= FH_SQL_PARAMS_MAX);
    out->count = count;
    for (unsigned i = 0; i < count; i++) {
        out->types[i] = 0;
        out->values[i] = (struct freehold_param){.size = sizeof(struct freehold_param),
                                                 .type = FREEHOLD_PARAM_NULL};
    }
}

bool fh_pg_params_text(const struct fh_pg_params *params, unsigned index, struct fh_buf *out)
{
    FH_ASSERT(index < params->count);
    const struct freehold_param *value = &params->values[index];
    fh_buf_reset(out);
    switch (value->type) {
    case FREEHOLD_PARAM_NULL:
        return false;
    case FREEHOLD_PARAM_BOOL:
        fh_buf_add_cstr(out, value->integer != 0 ? "t" : "f");
        break;
    case FREEHOLD_PARAM_INT:
        fh_buf_printf(out, "%lld", (long long)value->integer);
        break;
    default:
        fh_buf_add_cstr(out, value->text);
        break;
    }
    return true;
}

uint32_t fh_pg_oid_of_name(const char *name)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } names[] = {
        {"bool", FH_PG_OID_BOOL},
        {"boolean", FH_PG_OID_BOOL},
        {"int2", FH_PG_OID_INT2},
        {"smallint", FH_PG_OID_INT2},
        {"int", FH_PG_OID_INT4},
        {"int4", FH_PG_OID_INT4},
        {"integer", FH_PG_OID_INT4},
        {"int8", FH_PG_OID_INT8},
        {"bigint", FH_PG_OID_INT8},
        {"numeric", FH_PG_OID_NUMERIC},
        {"decimal", FH_PG_OID_NUMERIC},
        {"float4", FH_PG_OID_FLOAT4},
        {"real", FH_PG_OID_FLOAT4},
        {"float8", FH_PG_OID_FLOAT8},
        {"double", FH_PG_OID_FLOAT8},
        {"text", FH_PG_OID_TEXT},
        {"varchar", FH_PG_OID_VARCHAR},
        {"date", FH_PG_OID_DATE},
        {"time", FH_PG_OID_TIME},
        {"timestamp", FH_PG_OID_TIMESTAMP},
        {"timestamptz", FH_PG_OID_TIMESTAMPTZ},
        {"interval", FH_PG_OID_INTERVAL},
        {"uuid", FH_PG_OID_UUID},
        {"json", FH_PG_OID_JSON},
        {"bytea", FH_PG_OID_BYTEA},
    };
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].oid;
        }
    }
    return 0;
}
