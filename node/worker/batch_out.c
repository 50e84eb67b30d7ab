/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/batch_out.h"

#include "common/assert.h"
#include "common/mem.h"
#include "node/worker/nested.h"
#include "node/worker/types.h"

#include <stdlib.h>
#include <string.h>

enum {
    HELD_MAX = 512,                 /* chunks: single rows may come one by one */
    FIRST_LIMIT_BYTES = 128 * 1024, /* of the first batch: rows soon; then four times more each */
    HEADER_BYTES_MAX = 1024 * 1024,
};

/* How a column of DuckDB becomes one of a batch. */
enum how { HOW_COPY, HOW_BOOL, HOW_DECIMAL, HOW_UUID, HOW_STRING, HOW_TEXT };

struct out_column {
    struct fh_type type;
    enum how how;
    size_t width; /* HOW_COPY: bytes; HOW_DECIMAL: bytes at DuckDB */
    duckdb_logical_type logical;
    char name[FH_COLUMN_NAME_BYTES_MAX + 1];
};

/* What one column of one chunk takes; HOW_TEXT holds the converted text. */
struct measure {
    uint32_t nulls;
    size_t variable;
    struct fh_buf text;
    uint32_t *ends; /* rows + 1, from 0 */
};

struct held {
    duckdb_data_chunk chunk;
    uint32_t rows;
    struct measure *measures;
};

struct part {
    const struct held *held;
    uint32_t from;
    uint32_t to;
};

struct fh_batch_out {
    struct out_column *columns;
    uint32_t count;
    size_t overhead;
    size_t limit; /* of the batch being gathered */
    struct held held[HELD_MAX];
    size_t held_count;
    struct fh_batch_slot *slots;
    struct fh_buf header;
    uint8_t *buffer; /* FH_BATCH_BYTES_MAX, aligned */
    bool any;        /* a batch was sent */
    fh_batch_out_fn *fn;
    void *user;
};

static int open_column(struct out_column *column, const char *name, struct fh_err *err)
{
    size_t size = strlen(name);
    if (size > FH_COLUMN_NAME_BYTES_MAX) {
        size = FH_COLUMN_NAME_BYTES_MAX;
        while (size > 0 && ((uint8_t)name[size] & 0xc0) == 0x80) {
            size--; // not in the middle of a character
        }
    }
    memcpy(column->name, name, size);
    column->name[size] = 0;
    if (!fh_types_carried(column->logical, &column->type)) {
        return fh_err_rule(err,
                           FH_ESQL,
                           "query.type",
                           "column %.60s has a type that answers do not carry; cast it to VARCHAR",
                           column->name);
    }
    duckdb_type id = duckdb_get_type_id(column->logical);
    int width = fh_type_width(column->type);
    column->width = width > 0 ? (size_t)width : 0;
    column->how = HOW_COPY;
    if (id == DUCKDB_TYPE_VARCHAR || id == DUCKDB_TYPE_BLOB) {
        column->how = HOW_STRING;
    } else if (width < 0) {
        column->how = HOW_TEXT;
    } else if (id == DUCKDB_TYPE_BOOLEAN) {
        column->how = HOW_BOOL;
    } else if (id == DUCKDB_TYPE_DECIMAL) {
        column->how = HOW_DECIMAL;
        column->width = fh_types_decimal_width(column->logical);
    } else if (id == DUCKDB_TYPE_UUID) {
        column->how = HOW_UUID;
    }
    return FH_OK;
}

int fh_batch_out_new(struct fh_batch_out **out_given,
                     duckdb_result *result,
                     fh_batch_out_fn *fn,
                     void *user,
                     struct fh_err *err)
{
    idx_t count = duckdb_column_count(result);
    if (count > FH_BATCH_COLUMNS_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "query.columns", "the answer has too many columns");
    }
    struct fh_batch_out *out = fh_calloc(1, sizeof *out);
    if (out == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    out->count = (uint32_t)count;
    out->limit = FIRST_LIMIT_BYTES;
    out->fn = fn;
    out->user = user;
    out->columns = fh_calloc(out->count + 1, sizeof *out->columns);
    out->slots = fh_calloc(out->count + 1, sizeof *out->slots);
    out->buffer = aligned_alloc(FH_BATCH_ALIGN, FH_BATCH_BYTES_MAX);
    fh_buf_init(&out->header, HEADER_BYTES_MAX);
    int code = out->columns == NULL || out->slots == NULL || out->buffer == NULL
                   ? fh_err_set(err, FH_ENOMEM, "no memory for an answer")
                   : FH_OK;
    size_t names = 0;
    for (uint32_t i = 0; code == FH_OK && i < out->count; i++) {
        out->columns[i].logical = duckdb_column_logical_type(result, i);
        code = open_column(&out->columns[i], duckdb_column_name(result, i), err);
        names += strlen(out->columns[i].name);
    }
    out->overhead = fh_batch_overhead(out->count, names);
    if (code == FH_OK && out->overhead > FH_BATCH_BYTES_MAX / 2) {
        code = fh_err_rule(err, FH_ETOOBIG, "query.columns", "the answer has too many columns");
    }
    if (code != FH_OK) {
        fh_batch_out_free(out);
        return code;
    }
    *out_given = out;
    return FH_OK;
}

static void held_fini(struct held *held, uint32_t columns)
{
    for (uint32_t i = 0; held->measures != NULL && i < columns; i++) {
        fh_buf_fini(&held->measures[i].text);
        fh_free(held->measures[i].ends);
    }
    fh_free(held->measures);
    duckdb_destroy_data_chunk(&held->chunk);
    *held = (struct held){.chunk = NULL};
}

static void drop_held(struct fh_batch_out *out)
{
    for (size_t i = 0; i < out->held_count; i++) {
        held_fini(&out->held[i], out->count);
    }
    out->held_count = 0;
}

void fh_batch_out_free(struct fh_batch_out *out)
{
    if (out == NULL) {
        return;
    }
    drop_held(out);
    for (uint32_t i = 0; out->columns != NULL && i < out->count; i++) {
        duckdb_destroy_logical_type(&out->columns[i].logical);
    }
    fh_free(out->columns);
    fh_free(out->slots);
    fh_buf_fini(&out->header);
    free(out->buffer);
    fh_free(out);
}

/* ---- measuring ---- */

static bool is_valid(const uint64_t *validity, idx_t row)
{
    return validity == NULL || (validity[row / 64] >> (row % 64) & 1) != 0;
}

static uint32_t count_nulls(const uint64_t *validity, uint32_t from, uint32_t to)
{
    uint32_t nulls = 0;
    for (uint32_t row = from; validity != NULL && row < to; row++) {
        nulls += !is_valid(validity, row);
    }
    return nulls;
}

static duckdb_string_t *strings_of(duckdb_vector vector)
{
    return duckdb_vector_get_data(vector);
}

/* What rows from..to of a column take. */
static void measure_part(const struct fh_batch_out *out,
                         const struct part *part,
                         uint32_t column,
                         uint32_t *out_nulls,
                         size_t *out_variable)
{
    const struct measure *whole = &part->held->measures[column];
    if (part->from == 0 && part->to == part->held->rows) {
        *out_nulls = whole->nulls;
        *out_variable = whole->variable;
        return;
    }
    duckdb_vector vector = duckdb_data_chunk_get_vector(part->held->chunk, column);
    const uint64_t *validity = duckdb_vector_get_validity(vector);
    size_t variable = 0;
    if (out->columns[column].how == HOW_TEXT) {
        variable = whole->ends[part->to] - whole->ends[part->from];
    } else if (out->columns[column].how == HOW_STRING) {
        for (uint32_t row = part->from; row < part->to; row++) {
            variable +=
                is_valid(validity, row) ? duckdb_string_t_length(strings_of(vector)[row]) : 0;
        }
    }
    *out_nulls = count_nulls(validity, part->from, part->to);
    *out_variable = variable;
}

static int convert_text(struct measure *m,
                        const struct out_column *column,
                        duckdb_vector vector,
                        uint32_t rows,
                        struct fh_err *err)
{
    fh_buf_init(&m->text, 2 * (size_t)FH_CELL_BYTES_MAX);
    m->ends = fh_calloc((size_t)rows + 1, sizeof *m->ends);
    if (m->ends == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for text");
    }
    const uint64_t *validity = duckdb_vector_get_validity(vector);
    bool enumeration = duckdb_get_type_id(column->logical) == DUCKDB_TYPE_ENUM;
    for (uint32_t row = 0; row < rows; row++) {
        struct fh_cell cell;
        if (!is_valid(validity, row)) {
            m->nulls++;
        } else if (!enumeration) {
            fh_nested_json(vector, column->logical, row, &m->text);
        } else if (fh_nested_cell(vector, column->logical, row, &cell)) {
            fh_buf_add_bytes(&m->text, cell.bytes);
        }
        m->ends[row + 1] = (uint32_t)m->text.size;
    }
    m->variable = m->text.size;
    if (fh_buf_ok(&m->text) != FH_OK) {
        return fh_err_rule(err, FH_ETOOBIG, "query.row", "a nested value is too large");
    }
    return FH_OK;
}

static int measure_chunk(struct fh_batch_out *out, struct held *held, struct fh_err *err)
{
    held->measures = fh_calloc((size_t)out->count + 1, sizeof *held->measures);
    if (held->measures == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a chunk");
    }
    for (uint32_t i = 0; i < out->count; i++) {
        struct measure *m = &held->measures[i];
        const struct out_column *column = &out->columns[i];
        duckdb_vector vector = duckdb_data_chunk_get_vector(held->chunk, i);
        if (column->how == HOW_TEXT) {
            int code = convert_text(m, column, vector, held->rows, err);
            if (code != FH_OK) {
                return code;
            }
            continue;
        }
        const uint64_t *validity = duckdb_vector_get_validity(vector);
        m->nulls = count_nulls(validity, 0, held->rows);
        if (column->how == HOW_STRING) {
            const duckdb_string_t *strings = strings_of(vector);
            for (uint32_t row = 0; row < held->rows; row++) {
                m->variable += m->nulls == 0 || is_valid(validity, row)
                                   ? strings[row].value.inlined.length
                                   : 0;
            }
        }
    }
    return FH_OK;
}

/* ---- writing ---- */

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
        if (is_valid(validity, row)) {
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
        if (!is_valid(validity, row)) {
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
        if (is_valid(validity, row) && data[row]) {
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
        if (is_valid(validity, row)) {
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
        if (is_valid(validity, row)) { // see put_uuids of batch_in.c
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
        if (slot->nulls == 0 || is_valid(validity, row)) {
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

static void
write_column(struct fh_batch_out *out, uint32_t index, const struct part *parts, size_t part_count)
{
    const struct out_column *column = &out->columns[index];
    struct fh_batch_slot *slot = &out->slots[index];
    uint32_t base = 0;
    size_t at = 0;
    if (slot->offsets != NULL) {
        memset(slot->offsets, 0, sizeof(int32_t));
    }
    for (size_t i = 0; i < part_count; i++) {
        const struct part *part = &parts[i];
        duckdb_vector vector = duckdb_data_chunk_get_vector(part->held->chunk, index);
        const uint64_t *validity = duckdb_vector_get_validity(vector);
        const void *data = duckdb_vector_get_data(vector);
        write_validity(slot, validity, part, base);
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
    FH_ASSERT(slot->offsets == NULL || at == slot->data_size);
}

static uint32_t count_rows(const struct part *parts, size_t count)
{
    uint32_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        rows += parts[i].to - parts[i].from;
    }
    return rows;
}

/* Sets the slots for these parts and returns the bytes of their batch, at most. */
static size_t size_parts(struct fh_batch_out *out, const struct part *parts, size_t count)
{
    uint32_t rows = count_rows(parts, count);
    size_t size = out->overhead;
    for (uint32_t c = 0; c < out->count; c++) {
        struct fh_batch_slot *slot = &out->slots[c];
        *slot = (struct fh_batch_slot){.name = fh_bytes_cstr(out->columns[c].name),
                                       .type = out->columns[c].type};
        for (size_t i = 0; i < count; i++) {
            uint32_t nulls = 0;
            size_t variable = 0;
            measure_part(out, &parts[i], c, &nulls, &variable);
            slot->nulls += nulls;
            slot->variable_size += variable;
        }
        size += fh_batch_column_size(slot->type, rows, slot->nulls, slot->variable_size);
    }
    return size;
}

static int
emit(struct fh_batch_out *out, const struct part *parts, size_t count, struct fh_err *err)
{
    uint32_t rows = count_rows(parts, count);
    (void)size_parts(out, parts, count);
    size_t size = 0;
    int code = fh_batch_begin(
        out->buffer, FH_BATCH_BYTES_MAX, rows, out->slots, out->count, &out->header, &size, err);
    if (code != FH_OK) {
        return code;
    }
    for (uint32_t c = 0; c < out->count; c++) {
        write_column(out, c, parts, count);
    }
    out->any = true;
    out->limit = out->limit * 4 > FH_BATCH_BYTES_MAX ? FH_BATCH_BYTES_MAX : out->limit * 4;
    if (!out->fn(fh_bytes(out->buffer, size), rows, out->user)) {
        return fh_err_rule(err, FH_ECANCELLED, "query.cancelled", "the query was cancelled");
    }
    return FH_OK;
}

/* A chunk larger than a batch, halved until its pieces fit. */
static int emit_cut(struct fh_batch_out *out,
                    const struct held *held,
                    uint32_t from,
                    uint32_t to,
                    struct fh_err *err)
{
    struct part part = {.held = held, .from = from, .to = to};
    if (size_parts(out, &part, 1) <= FH_BATCH_BYTES_MAX) {
        return emit(out, &part, 1, err);
    }
    if (to - from == 1) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "query.row",
                           "a row is larger than one batch of %d bytes",
                           FH_BATCH_BYTES_MAX);
    }
    uint32_t middle = from + (to - from) / 2;
    int code = emit_cut(out, held, from, middle, err);
    return code == FH_OK ? emit_cut(out, held, middle, to, err) : code;
}

static size_t held_parts(struct fh_batch_out *out, struct part parts[HELD_MAX])
{
    for (size_t i = 0; i < out->held_count; i++) {
        parts[i] = (struct part){.held = &out->held[i], .to = out->held[i].rows};
    }
    return out->held_count;
}

int fh_batch_out_flush(struct fh_batch_out *out, bool always, struct fh_err *err)
{
    struct part parts[HELD_MAX];
    if (out->held_count == 0 && (out->any || !always)) {
        return FH_OK;
    }
    int code = emit(out, parts, held_parts(out, parts), err);
    drop_held(out);
    return code;
}

int fh_batch_out_add(struct fh_batch_out *out, duckdb_data_chunk chunk, struct fh_err *err)
{
    struct part parts[HELD_MAX];
    struct held held = {.chunk = chunk, .rows = (uint32_t)duckdb_data_chunk_get_size(chunk)};
    int code = held.rows == 0 ? FH_OK : measure_chunk(out, &held, err);
    if (held.rows == 0 || code != FH_OK) {
        held_fini(&held, out->count);
        return code;
    }
    out->held[out->held_count++] = held; // room: flushed below when full
    if (size_parts(out, parts, held_parts(out, parts)) > out->limit && out->held_count > 1) {
        out->held_count--;
        code = fh_batch_out_flush(out, false, err);
        out->held[out->held_count++] = held;
    }
    if (code != FH_OK) {
        return code;
    }
    struct part alone = {.held = &out->held[0], .to = held.rows};
    size_t size = out->held_count == 1 ? size_parts(out, &alone, 1) : 0;
    if (size > FH_BATCH_BYTES_MAX) {
        code = emit_cut(out, &out->held[0], 0, held.rows, err);
        drop_held(out);
    } else if (size > out->limit || out->held_count == HELD_MAX) {
        code = fh_batch_out_flush(out, false, err);
    }
    return code;
}
