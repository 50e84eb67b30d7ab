/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/flat.h"

#include "common/assert.h"

#include <string.h>

enum {
    REF_BYTES = 4,
    ALIGN = 8,
    VTABLE_HEAD_BYTES = 4, /* its size and that of the table */
};

void fh_flat_put(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static size_t place(const struct fh_flat *flat)
{
    return flat->out->size - flat->base;
}

/* Zeros, until `before` more bytes end on a multiple of `align`. */
static void pad(struct fh_flat *flat, size_t before, size_t align)
{
    while ((place(flat) + before) % align != 0 && flat->out->failed == 0) {
        fh_buf_add_u8(flat->out, 0);
    }
}

/* `size` zeroed bytes at the end; NULL after a failure. */
static uint8_t *append(struct fh_flat *flat, size_t size)
{
    uint8_t *at = fh_buf_reserve(flat->out, size);
    if (at != NULL) {
        memset(at, 0, size);
    }
    return at;
}

static void set(struct fh_flat *flat, size_t at, uint64_t value, size_t size)
{
    if (flat->out->failed == 0) {
        FH_ASSERT(flat->base + at + size <= flat->out->size);
        fh_flat_put(flat->out->data + flat->base + at, value, size);
    }
}

/* The reference at `ref` points to what is written next. */
static void point(struct fh_flat *flat, size_t ref)
{
    set(flat, ref, place(flat) - ref, REF_BYTES);
}

size_t fh_flat_begin(struct fh_flat *flat, struct fh_buf *out)
{
    *flat = (struct fh_flat){.out = out, .base = out->size};
    append(flat, REF_BYTES);
    return 0;
}

/* The table begins 4 bytes before a multiple of 8, with the way back to its vtable; then the
 * values, largest first, so that each is aligned without a gap. */
void fh_flat_table(struct fh_flat *flat,
                   size_t ref,
                   const struct fh_flat_field *fields,
                   size_t count)
{
    static const size_t sizes[] = {8, 4, 2, 1};
    size_t offsets[FH_FLAT_SLOTS_MAX] = {0};
    size_t slots = 0;
    size_t table_size = REF_BYTES;
    for (size_t s = 0; s < FH_COUNT(sizes); s++) {
        for (size_t i = 0; i < count; i++) {
            FH_ASSERT(fields[i].slot < FH_FLAT_SLOTS_MAX);
            size_t size = fields[i].size == 0 ? REF_BYTES : fields[i].size;
            slots = fields[i].slot >= slots ? (size_t)fields[i].slot + 1 : slots;
            if (size == sizes[s]) {
                FH_ASSERT(offsets[fields[i].slot] == 0);
                offsets[fields[i].slot] = table_size;
                table_size += size;
            }
        }
    }
    pad(flat, 0, 2);
    size_t vtable = place(flat);
    size_t vtable_size = VTABLE_HEAD_BYTES + 2 * slots;
    append(flat, vtable_size);
    set(flat, vtable, vtable_size, 2);
    set(flat, vtable + 2, table_size, 2);
    for (size_t i = 0; i < slots; i++) {
        set(flat, vtable + VTABLE_HEAD_BYTES + 2 * i, offsets[i], 2);
    }
    pad(flat, REF_BYTES, ALIGN);
    size_t table = place(flat);
    point(flat, ref);
    append(flat, table_size);
    set(flat, table, table - vtable, REF_BYTES);
    for (size_t i = 0; i < count; i++) {
        size_t at = table + offsets[fields[i].slot];
        if (fields[i].size == 0) {
            *fields[i].ref = at;
        } else {
            set(flat, at, fields[i].value, fields[i].size);
        }
    }
}

void fh_flat_text(struct fh_flat *flat, size_t ref, struct fh_bytes text)
{
    pad(flat, 0, REF_BYTES);
    size_t at = place(flat);
    point(flat, ref);
    append(flat, REF_BYTES);
    set(flat, at, text.size, REF_BYTES);
    fh_buf_add_bytes(flat->out, text);
    fh_buf_add_u8(flat->out, 0);
}

size_t fh_flat_refs(struct fh_flat *flat, size_t ref, size_t count)
{
    pad(flat, 0, REF_BYTES);
    size_t at = place(flat);
    point(flat, ref);
    append(flat, REF_BYTES + count * REF_BYTES);
    set(flat, at, count, REF_BYTES);
    return at + REF_BYTES;
}

uint8_t *fh_flat_pairs(struct fh_flat *flat, size_t ref, size_t count)
{
    pad(flat, REF_BYTES, ALIGN);
    size_t at = place(flat);
    point(flat, ref);
    append(flat, REF_BYTES);
    set(flat, at, count, REF_BYTES);
    return append(flat, count * 2 * sizeof(uint64_t));
}
