/* SPDX-License-Identifier: Apache-2.0 */
/* Values of DuckDB's chunks into the buffers of a batch. */
#include "node/worker/batch_out_inside.h"

#include "common/assert.h"
#include "node/worker/validity.h"

#include <string.h>

static void write_bits(uint8_t *bits, uint32_t base, uint32_t count)
{
    for (uint32_t i = base; i < base + count; i++) {
        bits[i / 8] = (uint8_t)(bits[i / 8] | 1u << (i % 8));
    }
}

static void write_validity(struct fh_batch_slot *slot,
                           const uint64_t *validity,
                           const struct part *part,
                           uint32_t base)
{
    if (slot->validity == NULL) {
        return;
    }
    if (validity == NULL) {
        write_bits(slot->validity, base, part->to - part->from);
        return;
    }
    for (uint32_t row = part->from; row < part->to; row++) {
        if (fh_row_valid(validity, row)) {
            write_bits(slot->validity, base + row - part->from, 1);
        }
    }
}

static void write_copy(struct fh_batch_slot *slot,
                       const struct out_column *column,
                       const uint8_t *data,
                       const uint64_t *validity,
                       const struct part *part,
                       uint32_t base)
{
    size_t width = column->width;
    uint8_t *to = slot->data + (size_t)base * width;
    memcpy(to, data + (size_t)part->from * width, (size_t)(part->to - part->from) * width);
    for (uint32_t row = part->from; slot->nulls > 0 && row < part->to; row++) {
        if (!fh_row_valid(validity, row)) {
            memset(to + (size_t)(row - part->from) * width, 0, width);
        }
    }
}

static void write_bools(struct fh_batch_slot *slot,
                        const bool *data,
                        const uint64_t *validity,
                        const struct part *part,
                        uint32_t base)
{
    for (uint32_t row = part->from; row < part->to; row++) {
        if (fh_row_valid(validity, row) && data[row]) {
            write_bits(slot->data, base + row - part->from, 1);
        }
    }
}

static void write_decimals(struct fh_batch_slot *slot,
                           const struct out_column *column,
                           const uint8_t *data,
                           const uint64_t *validity,
                           const struct part *part,
                           uint32_t base)
{
    uint8_t *to = slot->data + (size_t)base * 16;
    unsigned shift = 64 - 8 * (unsigned)(column->width < 8 ? column->width : 8);
    for (uint32_t row = part->from; row < part->to; row++, to += 16) {
        int64_t halves[2] = {0, 0};
        if (fh_row_valid(validity, row)) {
            memcpy(halves, data + (size_t)row * column->width, column->width);
            if (column->width < 16) {
                halves[0] = (int64_t)((uint64_t)halves[0] << shift) >> shift;
                halves[1] = halves[0] < 0 ? -1 : 0;
            }
        }
        memcpy(to, halves, sizeof halves);
    }
}

static void write_uuids(struct fh_batch_slot *slot,
                        const duckdb_hugeint *data,
                        const uint64_t *validity,
                        const struct part *part,
                        uint32_t base)
{
    uint8_t *to = slot->data + (size_t)base * 16;
    for (uint32_t row = part->from; row < part->to; row++, to += 16) {
        if (fh_row_valid(validity, row)) { // see put_uuids of batch_in.c
            fh_put_u64be(to, (uint64_t)data[row].upper ^ (uint64_t)1 << 63);
            fh_put_u64be(to + 8, data[row].lower);
        } else {
            memset(to, 0, 16);
        }
    }
}

/* `*at` is the end of the data written so far. */
static void write_strings(struct fh_batch_slot *slot,
                          const duckdb_string_t *strings,
                          const uint64_t *validity,
                          const struct part *part,
                          uint32_t base,
                          size_t *at)
{
    int32_t *offsets = (void *)slot->offsets;
    size_t inline_size = sizeof strings[0].value.inlined.inlined;
    size_t end = *at;
    for (uint32_t row = part->from; row < part->to; row++) {
        if (slot->nulls == 0 || fh_row_valid(validity, row)) {
            const duckdb_string_t *s = &strings[row];
            size_t size = s->value.inlined.length;
            if (size > inline_size) {
                memcpy(slot->data + end, s->value.pointer.ptr, size);
            } else if (end + inline_size <= slot->data_size) {
                memcpy(slot->data + end, s->value.inlined.inlined, inline_size); // next overlaps
            } else if (size > 0) {
                memcpy(slot->data + end, s->value.inlined.inlined, size);
            }
            end += size;
        }
        offsets[base + row - part->from + 1] = (int32_t)end;
    }
    *at = end;
}

static void write_text(struct fh_batch_slot *slot,
                       const struct measure *m,
                       const struct part *part,
                       uint32_t base,
                       size_t *at)
{
    int32_t *offsets = (void *)slot->offsets;
    uint32_t first = m->ends[part->from];
    if (m->ends[part->to] > first) {
        memcpy(slot->data + *at, m->text.data + first, m->ends[part->to] - first);
    }
    for (uint32_t row = part->from; row < part->to; row++) {
        offsets[base + row - part->from + 1] = (int32_t)(*at + m->ends[row + 1] - first);
    }
    *at += m->ends[part->to] - first;
}

void fh_batch_out_write(struct fh_batch_out *out,
                        uint32_t index,
                        const struct part *parts,
                        size_t part_count)
{
    const struct out_column *column = &out->columns[index];
    struct fh_batch_slot *slot = &out->slots[index];
    uint32_t base = 0;
    size_t at = 0;
    bool encoded = slot->encoding != FH_BATCH_PLAIN;
    if (slot->offsets != NULL && !encoded) {
        memset(slot->offsets, 0, sizeof(int32_t));
    }
    for (size_t i = 0; i < part_count; i++) {
        const struct part *part = &parts[i];
        duckdb_vector vector = duckdb_data_chunk_get_vector(part->held->chunk, index);
        const uint64_t *validity = slot->nulls == 0 ? NULL : duckdb_vector_get_validity(vector);
        const void *data = duckdb_vector_get_data(vector);
        write_validity(slot, validity, part, base);
        if (encoded) {
            FH_ASSERT(part->from == 0 && part->to == part->held->rows);
            fh_encoder_write(column->encoder, slot, data, validity, part->to, base);
            base += part->to;
            continue;
        }
        switch (column->how) {
        case HOW_COPY:
            write_copy(slot, column, data, validity, part, base);
            break;
        case HOW_BOOL:
            write_bools(slot, data, validity, part, base);
            break;
        case HOW_DECIMAL:
            write_decimals(slot, column, data, validity, part, base);
            break;
        case HOW_UUID:
            write_uuids(slot, data, validity, part, base);
            break;
        case HOW_STRING:
            write_strings(slot, data, validity, part, base, &at);
            break;
        case HOW_TEXT:
            write_text(slot, &part->held->measures[index], part, base, &at);
            break;
        }
        base += part->to - part->from;
    }
    FH_ASSERT(encoded || slot->offsets == NULL || at == slot->data_size);
}
