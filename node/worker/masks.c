/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/masks.h"

#include "common/mem.h"
#include "node/worker/validity.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

enum {
    HASH_TEXT_BYTES = 12,   /* stands in DuckDB's value itself */
    DATE_MIN = -2147483646, /* the least DATE; INT32_MAX and -INT32_MAX are its infinities */
};

/* The least TIMESTAMP that DuckDB prints; -INT64_MAX and INT64_MAX are its infinities. */
static const int64_t timestamp_min = INT64_C(-9223372022400000000);
static const int64_t micros_per_day = INT64_C(86400000000);

struct fh_masks {
    pthread_mutex_t lock;
    struct fh_mask_key keys[FH_WORKER_MASK_KEYS_MAX];
    uint32_t count;
};

struct fh_masks *fh_masks_new(void)
{
    struct fh_masks *masks = fh_calloc(1, sizeof *masks);
    if (masks != NULL) {
        pthread_mutex_init(&masks->lock, NULL);
    }
    return masks;
}

static bool find(struct fh_masks *masks, uint64_t id, struct fh_mask_key *out)
{
    bool found = false;
    pthread_mutex_lock(&masks->lock);
    for (uint32_t i = 0; !found && i < masks->count; i++) {
        found = masks->keys[i].id == id;
        *out = masks->keys[i];
    }
    pthread_mutex_unlock(&masks->lock);
    return found;
}

int fh_masks_add(struct fh_masks *masks,
                 const struct fh_mask_key *keys,
                 uint32_t count,
                 struct fh_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        struct fh_mask_key known;
        if (find(masks, keys[i].id, &known)) {
            continue;
        }
        if (masks->count == FH_WORKER_MASK_KEYS_MAX) {
            return fh_err_rule(err, FH_ETOOBIG, "query.tables", "too many masks in one worker");
        }
        pthread_mutex_lock(&masks->lock);
        masks->keys[masks->count++] = keys[i];
        pthread_mutex_unlock(&masks->lock);
    }
    return FH_OK;
}

/* ---- vectors ---- */

/* The columns of a call: a constant first, values second. */
struct call {
    uint32_t rows;
    uint64_t first; /* the constant */
    const void *values;
    const uint64_t *validity; /* of the values; NULL: all there */
    duckdb_vector output;
};

static void read_call(struct call *out, duckdb_data_chunk chunk, duckdb_vector output)
{
    duckdb_vector first = duckdb_data_chunk_get_vector(chunk, 0);
    duckdb_vector values = duckdb_data_chunk_get_vector(chunk, 1);
    *out = (struct call){.rows = (uint32_t)duckdb_data_chunk_get_size(chunk),
                         .values = duckdb_vector_get_data(values),
                         .validity = duckdb_vector_get_validity(values),
                         .output = output};
    if (out->rows > 0) {
        memcpy(&out->first, duckdb_vector_get_data(first), sizeof out->first);
    }
    if (out->validity != NULL) {
        duckdb_vector_ensure_validity_writable(output);
        memcpy(duckdb_vector_get_validity(output),
               out->validity,
               (size_t)(out->rows + 63) / 64 * sizeof *out->validity);
    }
}

/* ---- keyed hash ---- */

static void
hash_text(uint8_t *out, const uint8_t mac[FH_MAC_BYTES], duckdb_vector output, idx_t row)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (void)output;
    duckdb_string_t text = {.value.inlined.length = HASH_TEXT_BYTES};
    for (unsigned i = 0; i < HASH_TEXT_BYTES / 4; i++) {
        uint32_t bits = (uint32_t)mac[3 * i] << 16 | (uint32_t)mac[3 * i + 1] << 8 | mac[3 * i + 2];
        for (unsigned k = 0; k < 4; k++) {
            text.value.inlined.inlined[4 * i + k] = digits[bits >> (18 - 6 * k) & 63];
        }
    }
    memcpy(out + row * sizeof text, &text, sizeof text);
}

static void
hash_blob(uint8_t *out, const uint8_t mac[FH_MAC_BYTES], duckdb_vector output, idx_t row)
{
    (void)out;
    duckdb_vector_assign_string_element_len(output, row, (const char *)mac, FH_MAC_BYTES);
}

static void hash_64(uint8_t *out, const uint8_t mac[FH_MAC_BYTES], duckdb_vector output, idx_t row)
{
    (void)output;
    memcpy(out + row * 8, mac, 8);
}

static void hash_128(uint8_t *out, const uint8_t mac[FH_MAC_BYTES], duckdb_vector output, idx_t row)
{
    (void)output;
    memcpy(out + row * 16, mac, 16);
}

/* A random UUID (RFC 9562, version 4) as DuckDB keeps it, its highest bit flipped. */
static void
hash_uuid(uint8_t *out, const uint8_t mac[FH_MAC_BYTES], duckdb_vector output, idx_t row)
{
    (void)output;
    uint64_t high = (fh_get_u64be(mac) & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
    uint64_t low = (fh_get_u64be(mac + 8) & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    duckdb_hugeint value = {.lower = low, .upper = (int64_t)(high ^ UINT64_C(1) << 63)};
    memcpy(out + row * 16, &value, sizeof value);
}

static const struct hash_kind {
    duckdb_type type;
    uint32_t width; /* 0: text */
    void (*put)(uint8_t *out, const uint8_t mac[FH_MAC_BYTES], duckdb_vector output, idx_t row);
} hash_kinds[] = {
    {DUCKDB_TYPE_VARCHAR, 0, hash_text},
    {DUCKDB_TYPE_BLOB, 0, hash_blob},
    {DUCKDB_TYPE_BIGINT, 8, hash_64},
    {DUCKDB_TYPE_UBIGINT, 8, hash_64},
    {DUCKDB_TYPE_HUGEINT, 16, hash_128},
    {DUCKDB_TYPE_UUID, 16, hash_uuid},
};

static struct fh_bytes text_at(const struct call *call, idx_t row)
{
    const duckdb_string_t *text = (const duckdb_string_t *)call->values + row;
    uint32_t size = text->value.inlined.length;
    return fh_bytes(size <= sizeof text->value.inlined.inlined ? text->value.inlined.inlined
                                                               : text->value.pointer.ptr,
                    size);
}

static struct fh_bytes value_at(const struct call *call, const struct hash_kind *kind, idx_t row)
{
    return kind->width == 0
               ? text_at(call, row)
               : fh_bytes((const uint8_t *)call->values + row * kind->width, kind->width);
}

/* What stands behind a function of DuckDB: the masks, and which of them it is. */
struct binding {
    struct fh_masks *masks;
    const struct hash_kind *hash;
};

static void on_hash(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    const struct binding *binding = duckdb_scalar_function_get_extra_info(info);
    struct call call;
    struct fh_mask_key key = {.id = 0};
    read_call(&call, chunk, output);
    if (call.rows > 0 && !find(binding->masks, call.first, &key)) {
        duckdb_scalar_function_set_error(info, "a mask has no key");
        return;
    }
    uint8_t *out = duckdb_vector_get_data(output);
    for (idx_t row = 0; row < call.rows; row++) {
        if (fh_row_valid(call.validity, row)) {
            uint8_t mac[FH_MAC_BYTES];
            fh_mac(mac, key.b, value_at(&call, binding->hash, row));
            binding->hash->put(out, mac, output, row);
        }
    }
}

/* ---- a part of a text ---- */

/* Bytes of the first `count` characters. */
static size_t head_bytes(struct fh_bytes text, uint64_t count)
{
    size_t at = 0;
    while (at < text.size && count > 0) {
        at++;
        while (at < text.size && (text.data[at] & 0xc0) == 0x80) {
            at++;
        }
        count--;
    }
    return at;
}

static void put_partial(struct fh_buf *out, struct fh_bytes text, uint64_t first, uint64_t last)
{
    uint64_t characters = 0;
    for (size_t i = 0; i < text.size; i++) {
        characters += (text.data[i] & 0xc0) != 0x80;
    }
    bool covered = characters <= first + last;
    uint64_t hidden = covered ? characters : characters - first - last;
    size_t head = covered ? 0 : head_bytes(text, first);
    size_t tail = covered ? text.size : head_bytes(text, characters - last);
    fh_buf_reset(out);
    fh_buf_add(out, text.data, head);
    for (uint64_t i = 0; i < hidden; i++) {
        fh_buf_add_u8(out, '*');
    }
    fh_buf_add(out, text.data + tail, text.size - tail);
}

static void on_partial(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)
{
    struct call call;
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    read_call(&call, chunk, output);
    fh_buf_init(&text, UINT32_MAX);
    for (idx_t row = 0; row < call.rows; row++) {
        if (!fh_row_valid(call.validity, row)) {
            continue;
        }
        put_partial(&text, text_at(&call, row), call.first >> 32, call.first & UINT32_MAX);
        if (fh_buf_ok(&text) != FH_OK) {
            duckdb_scalar_function_set_error(info, "no memory for a mask");
            return;
        }
        duckdb_vector_assign_string_element_len(output, row, (const char *)text.data, text.size);
    }
}

/* ---- rounding down ---- */

/* Numbers below it, and their quotients, are exact as double: see over_of. */
static const int64_t exact_below = INT64_C(1) << 50;

struct step {
    int64_t value;  /* a whole number from 1 */
    double inverse; /* 0: too large for it */
};

static struct step step_of(const struct call *call)
{
    int64_t value = call->first == 0                    ? 1
                    : call->first > (uint64_t)INT64_MAX ? INT64_MAX
                                                        : (int64_t)call->first;
    return (struct step){value, value < exact_below ? 1 / (double)value : 0};
}

/* A function of DuckDB over values of one type: each `value` becomes `down`, which has `step`. */
#define ROUNDING(name, type, down)                                                                 \
    static void name(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector output)     \
    {                                                                                              \
        (void)info;                                                                                \
        struct call call;                                                                          \
        read_call(&call, chunk, output);                                                           \
        const type *in = call.values;                                                              \
        type *out = duckdb_vector_get_data(output);                                                \
        struct step step = step_of(&call);                                                         \
        for (idx_t row = 0; row < call.rows; row++) {                                              \
            type value = in[row];                                                                  \
            out[row] = (down);                                                                     \
        }                                                                                          \
    }

/* What `value` is above a multiple of step. A product tells the quotient to within one, and costs
 * a quarter of a division. */
static inline int64_t over_of(int64_t value, struct step step)
{
    if (step.inverse > 0 && value > -exact_below && value < exact_below) {
        double quotient = (double)value * step.inverse;
        int64_t over = value - ((int64_t)quotient - (quotient < 0 ? 1 : 0)) * step.value;
        over += over < 0 ? step.value : 0;
        return over - (over >= step.value ? step.value : 0);
    }
    int64_t over = value % step.value;
    return over + (over < 0 ? step.value : 0);
}

/* A multiple of step, or `least`: `least + over` does not overflow, as 0 <= over. */
static inline int64_t down_64(int64_t value, struct step step, int64_t least)
{
    int64_t over = over_of(value, step);
    return value < least + over ? least : value - over;
}

static uint64_t down_natural(uint64_t value, struct step step)
{
    return value / (uint64_t)step.value * (uint64_t)step.value;
}

/* Infinities and NaN stay; a finite number does not become infinite. */
static double down_real(double value, struct step step, double most)
{
    double down = floor(value / (double)step.value) * (double)step.value;
    return isfinite(value) && down < -most ? -most : down;
}

static bool is_infinite(int64_t timestamp)
{
    return timestamp == INT64_MAX || timestamp == -INT64_MAX;
}

__extension__ typedef __int128 wide;

static duckdb_hugeint down_wide(duckdb_hugeint huge, struct step step)
{
    const wide least = -(((wide)INT64_MAX << 64) | (wide)UINT64_MAX) - 1;
    wide value = (wide)huge.upper * ((wide)1 << 64) + (wide)huge.lower;
    wide over = value % step.value;
    over += over < 0 ? step.value : 0;
    value = value < least + over ? least : value - over;
    return (duckdb_hugeint){.lower = (uint64_t)value, .upper = (int64_t)(value >> 64)};
}

ROUNDING(floor_int8, int8_t, (int8_t)down_64(value, step, INT8_MIN))
ROUNDING(floor_int16, int16_t, (int16_t)down_64(value, step, INT16_MIN))
ROUNDING(floor_int32, int32_t, (int32_t)down_64(value, step, INT32_MIN))
ROUNDING(floor_int64, int64_t, down_64(value, step, INT64_MIN))
ROUNDING(floor_hugeint, duckdb_hugeint, down_wide(value, step))
ROUNDING(floor_uint8, uint8_t, (uint8_t)down_natural(value, step))
ROUNDING(floor_uint16, uint16_t, (uint16_t)down_natural(value, step))
ROUNDING(floor_uint32, uint32_t, (uint32_t)down_natural(value, step))
ROUNDING(floor_uint64, uint64_t, down_natural(value, step))
ROUNDING(floor_float, float, (float)down_real((double)value, step, (double)FLT_MAX))
ROUNDING(floor_double, double, down_real(value, step, DBL_MAX))
ROUNDING(floor_time, int64_t, down_64(value, step, 0))
ROUNDING(floor_timestamp, int64_t, is_infinite(value) ? value : down_64(value, step, timestamp_min))

/* ---- months ---- */

/* Days from 1970-01-01 to the first day of month `months` (0 is January of the year 0), in the
 * calendar of DuckDB, which is Gregorian at all times. */
static int64_t days_of_month(int64_t months)
{
    int64_t from_march = months - 2; /* a year that begins in March ends with its leap day */
    int64_t month = from_march % 12;
    month += month < 0 ? 12 : 0;
    int64_t year = (from_march - month) / 12;
    int64_t of_era = year % 400;
    of_era += of_era < 0 ? 400 : 0;
    int64_t era = (year - of_era) / 400;
    int64_t day = (153 * month + 2) / 5 + of_era * 365 + of_era / 4 - of_era / 100;
    return era * 146097 + day - 719468;
}

/* The month, from January of the year 0, that day `days` is in. */
static int64_t month_of_days(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t of_era = shifted % 146097;
    of_era += of_era < 0 ? 146097 : 0;
    int64_t era = (shifted - of_era) / 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t day = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day + 2) / 153;
    return (era * 400 + year) * 12 + month + 2;
}

static int64_t months_down(int64_t days, struct step step)
{
    return days_of_month(down_64(month_of_days(days), step, INT64_MIN));
}

static int32_t months_down_date(int32_t date, struct step step)
{
    if (date == INT32_MAX || date == -INT32_MAX) {
        return date; /* infinite */
    }
    int64_t days = months_down(date, step);
    return days < DATE_MIN ? DATE_MIN : (int32_t)days;
}

static int64_t months_down_timestamp(int64_t timestamp, struct step step)
{
    if (is_infinite(timestamp)) {
        return timestamp;
    }
    int64_t over = timestamp % micros_per_day;
    int64_t days = months_down(timestamp / micros_per_day - (over < 0 ? 1 : 0), step);
    return days < timestamp_min / micros_per_day ? timestamp_min : days * micros_per_day;
}

ROUNDING(months_date, int32_t, months_down_date(value, step))
ROUNDING(months_timestamp, int64_t, months_down_timestamp(value, step))

static const struct mask_kind {
    duckdb_type type;
    duckdb_scalar_function_t function;
} floor_kinds[] = {
    {DUCKDB_TYPE_TINYINT, floor_int8},
    {DUCKDB_TYPE_SMALLINT, floor_int16},
    {DUCKDB_TYPE_INTEGER, floor_int32},
    {DUCKDB_TYPE_BIGINT, floor_int64},
    {DUCKDB_TYPE_HUGEINT, floor_hugeint},
    {DUCKDB_TYPE_UTINYINT, floor_uint8},
    {DUCKDB_TYPE_USMALLINT, floor_uint16},
    {DUCKDB_TYPE_UINTEGER, floor_uint32},
    {DUCKDB_TYPE_UBIGINT, floor_uint64},
    {DUCKDB_TYPE_FLOAT, floor_float},
    {DUCKDB_TYPE_DOUBLE, floor_double},
    {DUCKDB_TYPE_TIME, floor_time},
    {DUCKDB_TYPE_TIMESTAMP, floor_timestamp},
};

static const struct mask_kind month_kinds[] = {
    {DUCKDB_TYPE_DATE, months_date},
    {DUCKDB_TYPE_TIMESTAMP, months_timestamp},
};

static const struct mask_kind partial_kinds[] = {
    {DUCKDB_TYPE_VARCHAR, on_partial},
};

/* ---- registering ---- */

/* (UBIGINT, type) -> type. NULLs are seen to here: a default handling would give the function what
 * stands under them all the same. */
static bool add_overload(duckdb_scalar_function_set set,
                         const char *name,
                         duckdb_type type,
                         duckdb_scalar_function_t fn,
                         struct binding *binding)
{
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
    duckdb_logical_type value = duckdb_create_logical_type(type);
    duckdb_scalar_function_set_name(function, name);
    duckdb_scalar_function_add_parameter(function, number);
    duckdb_scalar_function_add_parameter(function, value);
    duckdb_scalar_function_set_return_type(function, value);
    duckdb_scalar_function_set_special_handling(function);
    duckdb_scalar_function_set_extra_info(function, binding, NULL);
    duckdb_scalar_function_set_function(function, fn);
    duckdb_state state = duckdb_add_scalar_function_to_set(set, function);
    duckdb_destroy_logical_type(&number);
    duckdb_destroy_logical_type(&value);
    duckdb_destroy_scalar_function(&function);
    return state == DuckDBSuccess;
}

static bool register_set(duckdb_connection connection,
                         const char *name,
                         const struct mask_kind *kinds,
                         size_t count)
{
    duckdb_scalar_function_set set = duckdb_create_scalar_function_set(name);
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        good = add_overload(set, name, kinds[i].type, kinds[i].function, NULL);
    }
    good = good && duckdb_register_scalar_function_set(connection, set) == DuckDBSuccess;
    duckdb_destroy_scalar_function_set(&set);
    return good;
}

static bool register_hashes(struct fh_masks *masks, duckdb_connection connection, const char *name)
{
    duckdb_scalar_function_set set = duckdb_create_scalar_function_set(name);
    bool good = true;
    for (size_t i = 0; good && i < FH_COUNT(hash_kinds); i++) {
        struct binding *binding = fh_calloc(1, sizeof *binding); /* for the life of the process */
        good = binding != NULL;
        if (good) {
            *binding = (struct binding){.masks = masks, .hash = &hash_kinds[i]};
            good = add_overload(set, name, hash_kinds[i].type, on_hash, binding);
        }
    }
    good = good && duckdb_register_scalar_function_set(connection, set) == DuckDBSuccess;
    duckdb_destroy_scalar_function_set(&set);
    return good;
}

int fh_masks_register(struct fh_masks *masks, duckdb_connection connection, struct fh_err *err)
{
    bool good =
        register_hashes(masks, connection, "fh_mask_hash") &&
        register_set(connection, "fh_mask_partial", partial_kinds, FH_COUNT(partial_kinds)) &&
        register_set(connection, "fh_mask_floor", floor_kinds, FH_COUNT(floor_kinds)) &&
        register_set(connection, "fh_mask_months", month_kinds, FH_COUNT(month_kinds));
    return good ? FH_OK : fh_err_set(err, FH_EIO, "cannot register the masks");
}
