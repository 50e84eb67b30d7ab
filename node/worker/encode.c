/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/encode.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/wide.h"
#include "node/worker/dictionary.h"
#include "node/worker/validity.h"

#include <string.h>

enum {
    REST_MAX = 64, /* batches that a column without gain is left alone */
};

/* How DuckDB holds the values. */
enum source { SOURCE_I16, SOURCE_I32, SOURCE_I64, SOURCE_U16, SOURCE_U32, SOURCE_U64, SOURCE_I128 };

/* Values are all `first` plus or minus multiples of `unit` = 2^shift * odd. Dividing what is known
 * to be a multiple is a shift and one multiplication by the inverse of `odd` modulo 2^64; when it
 * was none, the result is above `quotient_max`. */
struct unit {
    uint64_t value;
    unsigned shift;
    uint64_t inverse;
    uint64_t quotient_max;
};

struct fh_encoder {
    struct fh_type type;
    bool active; /* in this batch */
    uint32_t rest;
    uint32_t rest_next;
    /* integers */
    enum source source;
    int64_t *room;
    const uint64_t *units; /* each divides the one before; the last is 1 */
    size_t unit_at;
    struct unit unit;
    bool any;
    int64_t first;
    int64_t least;
    int64_t most;
    /* strings */
    struct fh_dictionary *dictionary;
};

/* ---- lifecycle ---- */

static const uint64_t units_none[] = {1};
static const uint64_t units_s[] = {86400, 3600, 60, 1};
static const uint64_t units_ms[] = {86400000, 3600000, 60000, 1000, 1};
static const uint64_t units_us[] = {86400000000, 3600000000, 60000000, 1000000, 1000, 1};
static const uint64_t units_ns[] = {
    86400000000000, 3600000000000, 60000000000, 1000000000, 1000000, 1000, 1};

static const uint64_t *units_of(struct fh_type type)
{
    switch (type.code) {
    case FH_TYPE_TIMESTAMP_S:
        return units_s;
    case FH_TYPE_TIMESTAMP_MS:
        return units_ms;
    case FH_TYPE_TIME:
    case FH_TYPE_TIMESTAMP:
    case FH_TYPE_TIMESTAMP_TZ:
        return units_us;
    case FH_TYPE_TIMESTAMP_NS:
        return units_ns;
    default:
        return units_none;
    }
}

static struct unit unit_of(uint64_t value)
{
    unsigned shift = (unsigned)__builtin_ctzll(value);
    uint64_t odd = value >> shift;
    uint64_t inverse = odd; /* right in its low 3 bits; each step doubles them */
    for (int bits = 3; bits < 64; bits *= 2) {
        inverse *= 2 - odd * inverse;
    }
    return (struct unit){value, shift, inverse, UINT64_MAX / odd};
}

static enum source source_of(struct fh_type type, size_t width)
{
    bool natural =
        type.code == FH_TYPE_UINT16 || type.code == FH_TYPE_UINT32 || type.code == FH_TYPE_UINT64;
    return width == 2   ? (natural ? SOURCE_U16 : SOURCE_I16)
           : width == 4 ? (natural ? SOURCE_U32 : SOURCE_I32)
           : width == 8 ? (natural ? SOURCE_U64 : SOURCE_I64)
                        : SOURCE_I128;
}

int fh_encoder_new(struct fh_encoder **out,
                   duckdb_type id,
                   struct fh_type type,
                   size_t width,
                   uint32_t encodings,
                   int64_t *room)
{
    bool narrow = (encodings & 1U << FH_BATCH_NARROW) != 0 && fh_batch_narrow_width_max(type) > 0;
    bool dictionary = (encodings & 1U << FH_BATCH_DICTIONARY) != 0 &&
                      (id == DUCKDB_TYPE_VARCHAR || id == DUCKDB_TYPE_BLOB);
    *out = NULL;
    if (!narrow && !dictionary) {
        return FH_OK;
    }
    struct fh_encoder *encoder = fh_calloc(1, sizeof *encoder);
    if (encoder == NULL) {
        return FH_ENOMEM;
    }
    encoder->type = type;
    encoder->source = source_of(type, width);
    encoder->room = room;
    encoder->units = units_of(type);
    encoder->rest_next = 1;
    if (dictionary) {
        encoder->dictionary = fh_dictionary_new();
        if (encoder->dictionary == NULL) {
            fh_free(encoder);
            return FH_ENOMEM;
        }
    }
    fh_encoder_begin(encoder);
    *out = encoder;
    return FH_OK;
}

void fh_encoder_free(struct fh_encoder *encoder)
{
    if (encoder != NULL) {
        fh_dictionary_free(encoder->dictionary);
        fh_free(encoder);
    }
}

void fh_encoder_begin(struct fh_encoder *encoder)
{
    encoder->active = encoder->rest == 0;
    encoder->rest -= encoder->active ? 0 : 1;
    encoder->any = false;
    encoder->unit_at = 0;
    encoder->unit = unit_of(encoder->units[0]);
    if (encoder->dictionary != NULL) {
        fh_dictionary_begin(encoder->dictionary);
    }
}

/* ---- integers ---- */

#define LOAD(name, from_type)                                                                      \
    FH_WIDE static void name(int64_t *out, const from_type *from, uint32_t count)                  \
    {                                                                                              \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            out[i] = (int64_t)from[i];                                                             \
        }                                                                                          \
    }

LOAD(load_i16, int16_t)
LOAD(load_i32, int32_t)
LOAD(load_u16, uint16_t)
LOAD(load_u32, uint32_t)

/* False when one of them does not fit (also one under NULL: that costs a little, and is rare). */
static bool load_natural(int64_t *out, const uint64_t *from, uint32_t count)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int64_t)from[i];
        all |= from[i];
    }
    return all <= INT64_MAX;
}

static bool load_huge(int64_t *out, const duckdb_hugeint *from, uint32_t count)
{
    uint64_t differ = 0;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int64_t)from[i].lower;
        differ |= (uint64_t)(out[i] >> 63) ^ (uint64_t)from[i].upper;
    }
    return differ == 0;
}

/* Rows `from` .. `from + count - 1` as 64 bits, in e->room unless they are that already; those
 * under NULL become `fill`. NULL when one of them does not fit. */
static const int64_t *load(const struct fh_encoder *e,
                           const void *data,
                           const uint64_t *validity,
                           uint32_t from,
                           uint32_t count,
                           int64_t fill)
{
    bool fits = true;
    int64_t *room = e->room;
    switch (e->source) {
    case SOURCE_I16:
        load_i16(room, (const int16_t *)data + from, count);
        break;
    case SOURCE_I32:
        load_i32(room, (const int32_t *)data + from, count);
        break;
    case SOURCE_I64:
        if (validity == NULL) {
            return (const int64_t *)data + from;
        }
        memcpy(room, (const int64_t *)data + from, count * sizeof room[0]);
        break;
    case SOURCE_U16:
        load_u16(room, (const uint16_t *)data + from, count);
        break;
    case SOURCE_U32:
        load_u32(room, (const uint32_t *)data + from, count);
        break;
    case SOURCE_U64:
        fits = load_natural(room, (const uint64_t *)data + from, count);
        break;
    case SOURCE_I128:
        fits = load_huge(room, (const duckdb_hugeint *)data + from, count);
        break;
    }
    for (uint32_t i = 0; validity != NULL && i < count; i++) {
        room[i] = fh_row_valid(validity, from + i) ? room[i] : fill;
    }
    return fits ? room : NULL;
}

FH_WIDE static void widen_bounds(struct fh_encoder *e, const int64_t *values, uint32_t count)
{
    int64_t least = e->least;
    int64_t most = e->most;
    for (uint32_t i = 0; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    e->least = least;
    e->most = most;
}

/* Whether `unit` divides every distance from the first value; they are less than 2^62 apart. */
static bool divides(const struct unit *unit, int64_t first, const int64_t *values, uint32_t count)
{
    uint64_t above = ((uint64_t)1 << 62) / unit->value * unit->value; /* so that none is negative */
    uint64_t offset = above - (uint64_t)first;
    uint64_t low = ((uint64_t)1 << unit->shift) - 1;
    uint64_t rest = 0;
    uint64_t far = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t distance = (uint64_t)values[i] + offset;
        rest |= distance & low;
        far |= (distance >> unit->shift) * unit->inverse > unit->quotient_max;
    }
    return rest == 0 && far == 0;
}

static bool first_valid(const uint64_t *validity, uint32_t rows, uint32_t *out_row)
{
    for (uint32_t row = 0; row < rows; row++) {
        if (fh_row_valid(validity, row)) {
            *out_row = row;
            return true;
        }
    }
    return false;
}

static void
add_integers(struct fh_encoder *e, const void *data, const uint64_t *validity, uint32_t rows)
{
    if (!e->any) {
        uint32_t row = 0;
        if (!first_valid(validity, rows, &row)) {
            return;
        }
        e->any = true;
        const int64_t *first = load(e, data, NULL, row, 1, 0);
        e->active = first != NULL;
        e->first = e->least = e->most = e->active ? first[0] : 0;
    }
    for (uint32_t from = 0; from < rows && e->active; from += FH_ENCODER_PIECE_ROWS) {
        uint32_t count = rows - from < FH_ENCODER_PIECE_ROWS ? rows - from : FH_ENCODER_PIECE_ROWS;
        const int64_t *values = load(e, data, validity, from, count, e->first);
        if (values != NULL) {
            widen_bounds(e, values, count);
        }
        e->active = values != NULL && (uint64_t)e->most - (uint64_t)e->least < (uint64_t)1 << 62;
        while (e->active && e->unit.value > 1 && !divides(&e->unit, e->first, values, count)) {
            e->unit = unit_of(e->units[++e->unit_at]);
        }
    }
}

#define STORE(name, to_type)                                                                       \
    FH_WIDE static void name(                                                                      \
        void *to, const int64_t *from, uint32_t count, int64_t base, struct unit u)                \
    {                                                                                              \
        to_type *out = to;                                                                         \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            out[i] = (to_type)((((uint64_t)from[i] - (uint64_t)base) >> u.shift) * u.inverse);     \
        }                                                                                          \
    }

STORE(store_8, uint8_t)
STORE(store_16, uint16_t)
STORE(store_32, uint32_t)
STORE(store_64, uint64_t)

static void write_integers(const struct fh_encoder *e,
                           struct fh_batch_slot *slot,
                           const void *data,
                           const uint64_t *validity,
                           uint32_t rows,
                           uint32_t at)
{
    if (slot->width == 0) {
        return; /* every row is the base */
    }
    const uint64_t *nulls = slot->nulls == 0 ? NULL : validity;
    for (uint32_t from = 0; from < rows; from += FH_ENCODER_PIECE_ROWS) {
        uint32_t count = rows - from < FH_ENCODER_PIECE_ROWS ? rows - from : FH_ENCODER_PIECE_ROWS;
        uint8_t *to = slot->data + ((size_t)at + from) * slot->width;
        const int64_t *values = load(e, data, nulls, from, count, slot->base);
        FH_ASSERT(values != NULL); /* they fitted when they were added */
        switch (slot->width) {
        case 1:
            store_8(to, values, count, slot->base, e->unit);
            break;
        case 2:
            store_16(to, values, count, slot->base, e->unit);
            break;
        case 4:
            store_32(to, values, count, slot->base, e->unit);
            break;
        default:
            store_64(to, values, count, slot->base, e->unit);
            break;
        }
    }
}

/* ---- strings ---- */

static void add_strings(struct fh_encoder *e,
                        const duckdb_string_t *strings,
                        const uint64_t *validity,
                        uint32_t rows)
{
    struct fh_dictionary *d = e->dictionary;
    e->active = fh_dictionary_add(d, strings, validity, rows);
    /* Texts that hardly repeat are none for a dictionary. */
    e->active = e->active && d->count <= FH_ENCODER_PIECE_ROWS / 4 + d->index_count / 2;
}

static void write_strings(const struct fh_encoder *e, struct fh_batch_slot *slot)
{
    const struct fh_dictionary *d = e->dictionary;
    memcpy(slot->offsets, d->ends, ((size_t)d->count + 1) * sizeof d->ends[0]);
    if (slot->data_size > 0) {
        memcpy(slot->data, d->data, slot->data_size);
    }
    if (slot->width == sizeof d->indices[0]) {
        memcpy(slot->indices, d->indices, d->index_count * sizeof d->indices[0]);
        return;
    }
    for (uint32_t row = 0; row < d->index_count; row++) {
        slot->indices[row] = (uint8_t)d->indices[row];
    }
}

/* ---- both ---- */

void fh_encoder_add(struct fh_encoder *encoder,
                    const void *data,
                    const uint64_t *validity,
                    uint32_t rows)
{
    if (encoder->active && encoder->dictionary != NULL) {
        add_strings(encoder, data, validity, rows);
    } else if (encoder->active) {
        add_integers(encoder, data, validity, rows);
    }
}

static bool choose_narrow(const struct fh_encoder *e, struct fh_batch_slot *slot)
{
    uint64_t range = e->any ? ((uint64_t)e->most - (uint64_t)e->least) / e->unit.value : 0;
    unsigned width = range == 0            ? 0
                     : range <= UINT8_MAX  ? 1
                     : range <= UINT16_MAX ? 2
                     : range <= UINT32_MAX ? 4
                                           : 8;
    if (width > fh_batch_narrow_width_max(e->type)) {
        return false;
    }
    slot->encoding = FH_BATCH_NARROW;
    slot->width = (uint8_t)width;
    slot->base = e->any ? e->least : 0;
    slot->unit = e->unit.value;
    return true;
}

static bool choose_dictionary(const struct fh_encoder *e, struct fh_batch_slot *slot, uint32_t rows)
{
    const struct fh_dictionary *d = e->dictionary;
    if (d->count == 0) {
        return false; /* NULLs only */
    }
    size_t width = d->count <= UINT8_MAX + 1 ? 1 : 2;
    size_t entries_size = (size_t)d->ends[d->count];
    size_t plain = rows * sizeof(int32_t) + slot->variable_size;
    size_t encoded = rows * width + d->count * sizeof(int32_t) + entries_size + FH_BATCH_ALIGN;
    if (encoded >= plain) {
        return false;
    }
    slot->encoding = FH_BATCH_DICTIONARY;
    slot->width = (uint8_t)width;
    slot->entries = d->count;
    slot->dictionary_size = entries_size;
    return true;
}

void fh_encoder_choose(struct fh_encoder *encoder, struct fh_batch_slot *slot, uint32_t rows)
{
    bool tried = encoder->active || encoder->any ||
                 (encoder->dictionary != NULL && encoder->dictionary->index_count > 0);
    bool gained =
        encoder->active && (encoder->dictionary != NULL ? choose_dictionary(encoder, slot, rows)
                                                        : choose_narrow(encoder, slot));
    if (gained) {
        encoder->rest_next = 1;
    } else if (tried) {
        encoder->rest = encoder->rest_next;
        encoder->rest_next *= encoder->rest_next < REST_MAX ? 2 : 1;
    }
}

void fh_encoder_write(const struct fh_encoder *encoder,
                      struct fh_batch_slot *slot,
                      const void *data,
                      const uint64_t *validity,
                      uint32_t rows,
                      uint32_t at)
{
    FH_ASSERT(slot->encoding != FH_BATCH_PLAIN);
    if (encoder->dictionary == NULL) {
        write_integers(encoder, slot, data, validity, rows, at);
    } else if (at == 0) {
        write_strings(encoder, slot); /* of all rows: their indices are here */
    }
}
