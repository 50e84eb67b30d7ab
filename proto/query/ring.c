/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/ring.h"

#include <string.h>

enum {
    HEAD_BYTES = 16, /* u64 rows, u32 bytes of text, u32 zero */
    ALIGN = 64,
    ROWS_MAX = 2048,                     /* DuckDB's vector: a frame becomes one */
    ROWS_MIN = 64,                       /* validity stays in whole words */
    COLUMNS_BYTES_MAX = 8 * 1024 * 1024, /* of a slot without its text: bounds wide tables */
};

_Static_assert((FH_RING_SLOTS_MIN & (FH_RING_SLOTS_MIN - 1)) == 0 &&
                   (FH_RING_SLOTS_MAX & (FH_RING_SLOTS_MAX - 1)) == 0,
               "frames go round in step where their number begins again");
_Static_assert(ROWS_MIN % 64 == 0 && ROWS_MAX % ROWS_MIN == 0, "frames are whole words of bits");
_Static_assert((size_t)FH_BATCH_COLUMNS_MAX *ROWS_MIN * 16 * 2 < COLUMNS_BYTES_MAX,
               "the widest table has room for the smallest frame");

static const int64_t micros_per_day = INT64_C(86400000000);

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* Bytes of a value in a vector of DuckDB. */
static uint32_t width_of(struct fh_type type)
{
    int width = fh_type_width(type);
    if (type.code == FH_TYPE_DECIMAL) {
        return type.precision <= 4 ? 2 : type.precision <= 9 ? 4 : type.precision <= 18 ? 8 : 16;
    }
    return width < 0 ? FH_RING_TEXT_WIDTH : width == 0 ? 1 : (uint32_t)width;
}

/* Places of all columns for frames of `rows`; the end of the last. */
static size_t
place(struct fh_ring_place *places, const struct fh_type *types, uint32_t count, uint32_t rows)
{
    size_t at = aligned(HEAD_BYTES + (size_t)count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t width = width_of(types[i]);
        places[i] = (struct fh_ring_place){.type = types[i], .width = width, .validity = at};
        places[i].values = at + aligned(rows / 8);
        at = places[i].values + aligned((size_t)rows * width);
    }
    return at;
}

int fh_ring_lay_out(struct fh_ring_layout *out,
                    const struct fh_type *types,
                    uint32_t count,
                    struct fh_arena *arena,
                    struct fh_err *err)
{
    if (count > FH_BATCH_COLUMNS_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "query.columns", "a scan of too many columns");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!fh_type_valid(types[i])) {
            return fh_err_rule(err, FH_EINVAL, "ring.type", "column %u has no type", i);
        }
    }
    struct fh_ring_place *places = fh_arena_array(arena, (size_t)count + 1, sizeof *places);
    if (places == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a ring");
    }
    uint32_t rows = ROWS_MAX;
    size_t end = place(places, types, count, rows);
    while (end > COLUMNS_BYTES_MAX) {
        rows /= 2;
        end = place(places, types, count, rows);
    }
    *out = (struct fh_ring_layout){
        .column_count = count, .places = places, .rows_max = rows, .text_at = end};
    out->slot_bytes = aligned(end + (count == 0 ? 0 : FH_RING_TEXT_BYTES));
    out->slots = FH_RING_SLOTS_MAX;
    while (out->slots > FH_RING_SLOTS_MIN && out->slots * end > FH_RING_COLUMNS_BYTES) {
        out->slots /= 2;
    }
    out->ring_bytes = FH_RING_CONTROL_BYTES + out->slots * out->slot_bytes;
    return FH_OK;
}

size_t fh_ring_slot(const struct fh_ring_layout *layout, uint32_t frame)
{
    return FH_RING_CONTROL_BYTES + frame % layout->slots * layout->slot_bytes;
}

void fh_ring_put_head(uint8_t *slot,
                      const struct fh_ring_layout *layout,
                      uint64_t rows,
                      uint32_t text_bytes,
                      const uint8_t *nulls)
{
    memset(slot, 0, HEAD_BYTES);
    memcpy(slot, &rows, sizeof rows);
    memcpy(slot + sizeof rows, &text_bytes, sizeof text_bytes);
    if (layout->column_count > 0) {
        memcpy(slot + HEAD_BYTES, nulls, layout->column_count);
    }
}

void fh_ring_put_long(uint8_t value[FH_RING_TEXT_WIDTH], uint32_t size, uint32_t at)
{
    memset(value, 0, FH_RING_TEXT_WIDTH);
    memcpy(value, &size, sizeof size);
    memcpy(value + 8, &at, sizeof at);
}

int fh_ring_get(struct fh_ring_frame *out,
                const uint8_t *slot,
                const struct fh_ring_layout *layout,
                struct fh_err *err)
{
    memcpy(&out->rows, slot, sizeof out->rows);
    memcpy(&out->text_bytes, slot + sizeof out->rows, sizeof out->text_bytes);
    uint64_t most = layout->column_count == 0 ? (uint64_t)INT64_MAX : layout->rows_max;
    uint32_t text_most = layout->column_count == 0 ? 0 : FH_RING_TEXT_BYTES;
    if (out->rows > most || out->text_bytes > text_most) {
        return fh_err_rule(err, FH_EPROTO, "ring.frame", "a scan brought a frame that is none");
    }
    if (layout->column_count > 0) {
        memcpy(out->nulls, slot + HEAD_BYTES, layout->column_count);
    }
    if (out->text_bytes > 0) {
        memcpy(out->text, slot + layout->text_at, out->text_bytes);
    }
    return FH_OK;
}

/* What the two words of a short text may hold, by its size: length and four bytes, eight bytes. */
static const uint64_t text_masks[FH_RING_TEXT_SHORT + 1][2] = {
    {UINT64_C(0x00000000ffffffff), 0},
    {UINT64_C(0x000000ffffffffff), 0},
    {UINT64_C(0x0000ffffffffffff), 0},
    {UINT64_C(0x00ffffffffffffff), 0},
    {UINT64_MAX, 0},
    {UINT64_MAX, UINT64_C(0x00000000000000ff)},
    {UINT64_MAX, UINT64_C(0x000000000000ffff)},
    {UINT64_MAX, UINT64_C(0x0000000000ffffff)},
    {UINT64_MAX, UINT64_C(0x00000000ffffffff)},
    {UINT64_MAX, UINT64_C(0x000000ffffffffff)},
    {UINT64_MAX, UINT64_C(0x0000ffffffffffff)},
    {UINT64_MAX, UINT64_C(0x00ffffffffffffff)},
    {UINT64_MAX, UINT64_MAX},
};

static const uint64_t beyond_ascii = UINT64_C(0x8080808080808080);

bool fh_ring_text(struct fh_bytes *out,
                  uint8_t value[FH_RING_TEXT_WIDTH],
                  const struct fh_ring_frame *frame,
                  bool utf8)
{
    uint64_t words[2];
    memcpy(words, value, sizeof words);
    uint32_t size = (uint32_t)words[0];
    if (size > FH_RING_TEXT_SHORT) {
        uint32_t at = (uint32_t)words[1];
        if (at > frame->text_bytes || size > frame->text_bytes - at) {
            return false;
        }
        *out = fh_bytes(frame->text + at, size);
        return !utf8 || fh_utf8_text(*out);
    }
    /* What stands behind the text, DuckDB would compare. */
    words[0] &= text_masks[size][0];
    words[1] &= text_masks[size][1];
    memcpy(value, words, sizeof words);
    *out = fh_bytes(value + 4, size);
    bool plain = (((words[0] >> 32) | words[1]) & beyond_ascii) == 0;
    return plain || !utf8 || fh_utf8_text(*out);
}

/* Whether all are of one size, ASCII, and clear behind it, as codes of three letters are: a loop
 * without a branch or a table. */
static bool are_alike(const uint8_t *values, uint32_t rows)
{
    uint64_t first[2];
    memcpy(first, values, sizeof first);
    uint32_t size = (uint32_t)first[0];
    if (size > FH_RING_TEXT_SHORT) {
        return false;
    }
    uint64_t wrong[2] = {0, 0};
    uint64_t not_in_0 = ~text_masks[size][0] | (beyond_ascii & UINT64_C(0xffffffff00000000));
    uint64_t not_in_1 = ~text_masks[size][1] | beyond_ascii;
    for (uint32_t row = 0; row < rows; row++) {
        uint64_t words[2];
        memcpy(words, values + (size_t)row * FH_RING_TEXT_WIDTH, sizeof words);
        wrong[0] |= (words[0] & not_in_0) | ((words[0] ^ size) & UINT64_C(0xffffffff));
        wrong[1] |= words[1] & not_in_1;
    }
    return (wrong[0] | wrong[1]) == 0;
}

bool fh_ring_plain_texts(uint8_t *values, uint32_t rows)
{
    if (rows > 0 && are_alike(values, rows)) {
        return true;
    }
    uint64_t beyond = 0;
    for (uint32_t row = 0; row < rows; row++, values += FH_RING_TEXT_WIDTH) {
        uint64_t words[2];
        memcpy(words, values, sizeof words);
        uint32_t size = (uint32_t)words[0];
        if (size > FH_RING_TEXT_SHORT) {
            return false;
        }
        words[0] &= text_masks[size][0];
        words[1] &= text_masks[size][1];
        beyond |= (words[0] >> 32) | words[1];
        memcpy(values, words, sizeof words);
    }
    return (beyond & beyond_ascii) == 0;
}

bool fh_ring_values(void *values, struct fh_type type, const uint64_t *validity, uint32_t rows)
{
    if (type.code == FH_TYPE_BOOL) {
        uint8_t *bytes = values;
        for (uint32_t i = 0; i < rows; i++) {
            bytes[i] = bytes[i] != 0;
        }
    } else if (type.code == FH_TYPE_TIME) {
        /* DuckDB prints a time of day by table: one outside a day would be read beyond it. */
        const int64_t *times = values;
        for (uint32_t i = 0; i < rows; i++) {
            bool there = validity == NULL || (validity[i / 64] >> (i % 64) & 1) != 0;
            if (there && (times[i] < 0 || times[i] > micros_per_day)) {
                return false;
            }
        }
    }
    return true;
}
