/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the slot of a ring: refused, or every value is one of its type. The first byte says
 * how many columns there are, the next ones their types; the rest is the slot, the last of it text.
 */
#include "proto/query/ring.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS_MAX = 8, VALUE_BYTES_MAX = 2048 * 16 };

static void read_column(const uint8_t *slot,
                        const struct fh_ring_place *place,
                        const struct fh_ring_frame *frame,
                        uint8_t *values)
{
    uint32_t rows = (uint32_t)frame->rows;
    memcpy(values, slot + place->values, (size_t)rows * place->width);
    if (!fh_type_is_variable(place->type)) {
        if (!fh_ring_values(values, place->type, NULL, rows) && place->type.code != FH_TYPE_TIME) {
            abort(); // nothing else is refused
        }
        return;
    }
    bool plain = fh_ring_plain_texts(values, rows);
    for (uint32_t row = 0; row < rows; row++) {
        struct fh_bytes text;
        uint8_t *value = values + (size_t)row * FH_RING_TEXT_WIDTH;
        uint8_t before[FH_RING_TEXT_WIDTH];
        memcpy(before, value, sizeof before);
        bool good = fh_ring_text(&text, value, frame, true);
        if (good && !fh_utf8_text(text)) {
            abort(); // every byte of it was readable, and it is what was asked for
        }
        if (plain && (!good || memcmp(before, value, sizeof before) != 0)) {
            abort(); // nothing was left to do for it
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_type types[COLUMNS_MAX];
    uint32_t count = size == 0 ? 0 : data[0] % (COLUMNS_MAX + 1);
    struct fh_err err = {0};
    struct fh_ring_layout layout;
    if (size < 1 + (size_t)count) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        types[i] = (struct fh_type){.code = data[1 + i]};
        if (types[i].code == FH_TYPE_DECIMAL) {
            types[i].precision = 38;
        }
    }
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    if (arena == NULL || fh_ring_lay_out(&layout, types, count, arena, &err) != FH_OK) {
        fh_arena_free(arena);
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1 + count, size - 1 - count);
    uint8_t *slot = calloc(1, layout.slot_bytes);
    uint8_t *values = malloc(VALUE_BYTES_MAX);
    struct fh_ring_frame *frame = calloc(1, sizeof *frame);
    uint8_t *text = malloc(FH_RING_TEXT_BYTES);
    if (slot != NULL && values != NULL && frame != NULL && text != NULL) {
        frame->text = text;
        size_t first = rest.size < layout.slot_bytes ? rest.size : layout.slot_bytes;
        memcpy(slot, rest.data, first);
        if (count > 0) { /* the end of the input is the text too: it would be far behind */
            size_t last = rest.size < FH_RING_TEXT_BYTES ? rest.size : FH_RING_TEXT_BYTES;
            memcpy(slot + layout.text_at, rest.data + rest.size - last, last);
        }
        if (fh_ring_get(frame, slot, &layout, &err) == FH_OK) {
            for (uint32_t i = 0; i < count; i++) {
                read_column(slot, &layout.places[i], frame, values);
            }
        }
    }
    free(text);
    free(frame);
    free(values);
    free(slot);
    fh_arena_free(arena);
    return 0;
}
