/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/batch_out_inside.h"

#include "common/assert.h"
#include "common/mem.h"
#include "node/worker/nested.h"
#include "node/worker/types.h"
#include "node/worker/validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_LIMIT_BYTES = 128 * 1024, /* of the first batch: rows soon; then four times more each */
    HEADER_BYTES_MAX = 1024 * 1024,
    SMALL_BYTES = 64 * 1024, /* of a batch of few rows */
};

static int open_column(struct fh_batch_out *out,
                       struct out_column *column,
                       const char *name,
                       uint32_t encodings,
                       struct fh_err *err)
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
    if (column->how == HOW_STRING && ++out->text_columns > FH_ENCODER_DICTIONARIES) {
        encodings = FH_ENCODINGS_NONE;
    }
    if (fh_encoder_new(&column->encoder, id, column->type, column->width, encodings, out->room) !=
        FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    return FH_OK;
}

static struct fh_batch_out *new_out(uint32_t count, fh_batch_out_fn *fn, void *user)
{
    struct fh_batch_out *out = fh_calloc(1, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    out->count = count;
    out->limit = FIRST_LIMIT_BYTES;
    out->fn = fn;
    out->user = user;
    out->columns = fh_calloc(out->count + 1, sizeof *out->columns);
    out->slots = fh_calloc(out->count + 1, sizeof *out->slots);
    out->room = fh_alloc(FH_ENCODER_PIECE_ROWS * sizeof *out->room);
    fh_buf_init(&out->header, HEADER_BYTES_MAX);
    pthread_mutex_init(&out->spares, NULL);
    if (out->columns == NULL || out->slots == NULL || out->room == NULL) {
        fh_batch_out_free(out);
        return NULL;
    }
    return out;
}

/* What a result or a statement says of a column. Both are given. */
struct named {
    const char *name;
    duckdb_logical_type type;
};

typedef void named_fn(struct named *out, void *from, idx_t column);

static int open_columns(struct fh_batch_out **out_given,
                        idx_t count,
                        named_fn *named,
                        void *from,
                        uint32_t encodings,
                        fh_batch_out_fn *fn,
                        void *user,
                        struct fh_err *err)
{
    if (count > FH_BATCH_COLUMNS_MAX) {
        return fh_err_rule(err, FH_ETOOBIG, "query.columns", "the answer has too many columns");
    }
    struct fh_batch_out *out = new_out((uint32_t)count, fn, user);
    if (out == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    int code = FH_OK;
    size_t names = 0;
    for (uint32_t i = 0; code == FH_OK && i < out->count; i++) {
        struct named column;
        named(&column, from, i);
        out->columns[i].logical = column.type;
        code = open_column(out, &out->columns[i], column.name, encodings, err);
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

static void of_result(struct named *out, void *from, idx_t column)
{
    *out =
        (struct named){duckdb_column_name(from, column), duckdb_column_logical_type(from, column)};
}

int fh_batch_out_new(struct fh_batch_out **out_given,
                     duckdb_result *result,
                     uint32_t encodings,
                     fh_batch_out_fn *fn,
                     void *user,
                     struct fh_err *err)
{
    return open_columns(
        out_given, duckdb_column_count(result), of_result, result, encodings, fn, user, err);
}

struct described {
    duckdb_prepared_statement statement;
    char name[FH_COLUMN_NAME_BYTES_MAX + 8]; /* a longer one is cut the same */
};

static void of_statement(struct named *out, void *from, idx_t column)
{
    struct described *d = from;
    union {
        const char *from;
        char *to;
    } name = {.from = duckdb_prepared_statement_column_name(d->statement, column)};
    snprintf(d->name, sizeof d->name, "%s", name.from == NULL ? "" : name.from);
    duckdb_free(name.to);
    *out = (struct named){d->name,
                          duckdb_prepared_statement_column_logical_type(d->statement, column)};
}

int fh_batch_out_new_for(struct fh_batch_out **out_given,
                         duckdb_prepared_statement statement,
                         uint32_t encodings,
                         fh_batch_out_fn *fn,
                         void *user,
                         struct fh_err *err)
{
    struct described described = {.statement = statement};
    idx_t count = duckdb_prepared_statement_column_count(statement);
    return open_columns(out_given, count, of_statement, &described, encodings, fn, user, err);
}

static void held_fini(struct fh_batch_out *out, struct held *held)
{
    for (uint32_t i = 0; held->measures != NULL && i < out->count; i++) {
        fh_buf_fini(&held->measures[i].text);
        fh_free(held->measures[i].ends);
    }
    fh_free(held->measures);
    if (held->gathered) {
        fh_batch_out_reuse(out, held->chunk);
    } else {
        duckdb_destroy_data_chunk(&held->chunk);
    }
    *held = (struct held){.chunk = NULL};
}

static void drop_held(struct fh_batch_out *out)
{
    for (size_t i = 0; i < out->held_count; i++) {
        held_fini(out, &out->held[i]);
    }
    out->held_count = 0;
    for (uint32_t i = 0; out->columns != NULL && i < out->count; i++) {
        if (out->columns[i].encoder != NULL) {
            fh_encoder_begin(out->columns[i].encoder);
        }
    }
}

void fh_batch_out_free(struct fh_batch_out *out)
{
    if (out == NULL) {
        return;
    }
    drop_held(out);
    duckdb_destroy_data_chunk(&out->gathering);
    pthread_mutex_destroy(&out->spares);
    while (out->spare_count > 0) {
        duckdb_destroy_data_chunk(&out->spare[--out->spare_count]);
    }
    for (uint32_t i = 0; out->columns != NULL && i < out->count; i++) {
        duckdb_destroy_logical_type(&out->columns[i].logical);
        fh_encoder_free(out->columns[i].encoder);
    }
    fh_free(out->columns);
    fh_free(out->slots);
    fh_free(out->room);
    fh_buf_fini(&out->header);
    free(out->buffer);
    fh_free(out);
}

/* ---- measuring ---- */

static uint32_t count_nulls(const uint64_t *validity, uint32_t from, uint32_t to)
{
    uint32_t valid = 0;
    if (validity == NULL) {
        return 0;
    }
    for (uint32_t row = from; row < to;) {
        uint32_t shift = row % 64;
        uint32_t count = to - row < 64 - shift ? to - row : 64 - shift;
        uint64_t bits = validity[row / 64] >> shift << (64 - count);
        valid += (uint32_t)__builtin_popcountll(bits);
        row += count;
    }
    return to - from - valid;
}

static duckdb_string_t *strings_of(duckdb_vector vector)
{
    return duckdb_vector_get_data(vector);
}

size_t fh_batch_out_string_bytes(const duckdb_string_t *strings,
                                 const uint64_t *validity,
                                 uint32_t from,
                                 uint32_t to)
{
    size_t bytes = 0;
    for (uint32_t row = from; validity == NULL && row < to; row++) {
        bytes += strings[row].value.inlined.length;
    }
    for (uint32_t row = from; validity != NULL && row < to; row++) {
        bytes += fh_row_valid(validity, row) ? strings[row].value.inlined.length : 0;
    }
    return bytes;
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
        variable = fh_batch_out_string_bytes(
            strings_of(vector), whole->nulls == 0 ? NULL : validity, part->from, part->to);
    }
    *out_nulls = whole->nulls == 0 ? 0 : count_nulls(validity, part->from, part->to);
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
        if (!fh_row_valid(validity, row)) {
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
            m->variable = fh_batch_out_string_bytes(
                strings_of(vector), m->nulls == 0 ? NULL : validity, 0, held->rows);
        }
    }
    return FH_OK;
}

/* ---- batches ---- */

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

/* Room for a batch of `size` bytes, in whatever form its columns go. A small answer takes a little:
 * a megabyte is given back to the kernel with each, and costs more than the answer. */
static int make_buffer(struct fh_batch_out *out, size_t size, struct fh_err *err)
{
    size_t wanted = size <= SMALL_BYTES / 2 ? SMALL_BYTES : FH_BATCH_BYTES_MAX;
    if (out->buffer_bytes >= wanted) {
        return FH_OK;
    }
    free(out->buffer);
    out->buffer_bytes = wanted;
    out->buffer = aligned_alloc(FH_BATCH_ALIGN, wanted);
    if (out->buffer == NULL) {
        out->buffer_bytes = 0;
        return fh_err_set(err, FH_ENOMEM, "no memory for an answer");
    }
    return FH_OK;
}

static int
emit(struct fh_batch_out *out, const struct part *parts, size_t count, struct fh_err *err)
{
    uint32_t rows = count_rows(parts, count);
    int code = make_buffer(out, size_parts(out, parts, count), err);
    if (code != FH_OK) {
        return code;
    }
    for (uint32_t c = 0; out->encoding && c < out->count; c++) {
        if (out->columns[c].encoder != NULL) {
            fh_encoder_choose(out->columns[c].encoder, &out->slots[c], rows);
        }
    }
    size_t size = 0;
    code = fh_batch_begin(
        out->buffer, out->buffer_bytes, rows, out->slots, out->count, &out->header, &size, err);
    if (code != FH_OK) {
        return code;
    }
    for (uint32_t c = 0; c < out->count; c++) {
        fh_batch_out_write(out, c, parts, count);
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

/* The held chunk that came last stays: encoders may look at it. */
static void encode(struct fh_batch_out *out)
{
    const struct held *held = &out->held[out->held_count - 1];
    for (uint32_t i = 0; i < out->count; i++) {
        if (out->columns[i].encoder != NULL) {
            duckdb_vector vector = duckdb_data_chunk_get_vector(held->chunk, i);
            /* A bitmap is often there without a NULL in it. */
            fh_encoder_add(out->columns[i].encoder,
                           duckdb_vector_get_data(vector),
                           held->measures[i].nulls == 0 ? NULL : duckdb_vector_get_validity(vector),
                           held->rows);
        }
    }
}

static size_t held_parts(struct fh_batch_out *out, struct part parts[HELD_MAX])
{
    for (size_t i = 0; i < out->held_count; i++) {
        parts[i] = (struct part){.held = &out->held[i], .to = out->held[i].rows};
    }
    return out->held_count;
}

static int flush_held(struct fh_batch_out *out, bool always, struct fh_err *err)
{
    struct part parts[HELD_MAX];
    if (out->held_count == 0 && (out->any || !always)) {
        return FH_OK;
    }
    out->encoding = true;
    int code = emit(out, parts, held_parts(out, parts), err);
    out->encoding = false;
    drop_held(out);
    return code;
}

int fh_batch_out_flush(struct fh_batch_out *out, bool always, struct fh_err *err)
{
    FH_ASSERT(out->gathered_rows == 0);
    return flush_held(out, always, err);
}

int fh_batch_out_add_held(struct fh_batch_out *out,
                          duckdb_data_chunk chunk,
                          bool gathered,
                          struct fh_err *err)
{
    struct part parts[HELD_MAX];
    struct held held = {
        .chunk = chunk, .rows = (uint32_t)duckdb_data_chunk_get_size(chunk), .gathered = gathered};
    int code = held.rows == 0 ? FH_OK : measure_chunk(out, &held, err);
    if (held.rows == 0 || code != FH_OK) {
        held_fini(out, &held);
        return code;
    }
    out->held[out->held_count++] = held; // room: flushed below when full
    if (size_parts(out, parts, held_parts(out, parts)) > out->limit && out->held_count > 1) {
        out->held_count--;
        code = flush_held(out, false, err);
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
        return code;
    }
    encode(out);
    if (size > out->limit || out->held_count == HELD_MAX) {
        code = flush_held(out, false, err);
    }
    return code;
}

int fh_batch_out_add(struct fh_batch_out *out, duckdb_data_chunk chunk, struct fh_err *err)
{
    return fh_batch_out_add_held(out, chunk, false, err);
}
