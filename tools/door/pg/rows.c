/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for some rows is reserved at once, from how long their texts are, and written through a bare
 * pointer: a check for each value would cost as much as the value.
 */
#include "tools/door/pg/rows.h"

#include "common/assert.h"
#include "common/mem.h"
#include "tools/door/pg/reply.h"

#include <stdio.h>
#include <string.h>

enum {
    HEAD_BYTES = 7,  /* letter, length, and a count of columns */
    BLOCK_ROWS = 64, /* that room is reserved for at once */
    TEXT_FACTOR = 4, /* bytes of a byte of text in COPY: "\x41" has four characters */
};

void fh_pg_copy_default(struct fh_pg_copy *out, enum fh_pg_form form)
{
    *out = (struct fh_pg_copy){.form = form, .delimiter = '\t'};
    if (form == FH_PG_FORM_CSV) {
        out->delimiter = ',';
        out->quote = '"';
        out->escape = '"';
    } else {
        snprintf(out->null, sizeof out->null, "\\N");
    }
}

int fh_pg_rows_init(struct fh_pg_rows *rows,
                    const struct fh_pg_copy *copy,
                    const struct fh_pg_column *columns,
                    const uint8_t *formats,
                    size_t count,
                    struct fh_err *err)
{
    *rows = (struct fh_pg_rows){.copy = *copy, .count = count};
    rows->cells = fh_calloc(count + 1, sizeof *rows->cells);
    if (rows->cells == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for columns");
    }
    for (size_t i = 0; i < count; i++) {
        struct fh_pg_cells *cells = &rows->cells[i];
        cells->value = columns[i].value;
        cells->scale = columns[i].scale;
        cells->binary =
            copy->form == FH_PG_FORM_BINARY || (copy->form == FH_PG_FORM_ROWS && formats[i] == 1);
    }
    return FH_OK;
}

void fh_pg_rows_fini(struct fh_pg_rows *rows)
{
    fh_free(rows->cells);
    *rows = (struct fh_pg_rows){.count = 0};
}

void fh_pg_rows_begin(struct fh_pg_rows *rows, size_t count)
{
    rows->rows = count;
    rows->row = 0;
}

void fh_pg_rows_vector(struct fh_pg_rows *rows, size_t index, const struct freehold_vector *vector)
{
    FH_ASSERT(index < rows->count);
    struct fh_pg_cells *cells = &rows->cells[index];
    cells->validity = vector->validity;
    cells->data = vector->data;
    cells->offsets = vector->offsets;
    cells->indices = vector->entries > 0 ? vector->indices : NULL;
    cells->index_width = vector->index_width;
    cells->longest = 0;
    for (uint32_t i = 0; i < vector->entries; i++) {
        size_t size = (size_t)(vector->offsets[i + 1] - vector->offsets[i]);
        cells->longest = size > cells->longest ? size : cells->longest;
    }
}

/* ---- cells ---- */

static bool is_null(const struct fh_pg_cells *cells, size_t row)
{
    return cells->validity != NULL && (cells->validity[row / 8] >> (row % 8) & 1) == 0;
}

static size_t entry_of(const struct fh_pg_cells *cells, size_t row)
{
    if (cells->indices == NULL) {
        return row;
    }
    if (cells->index_width == 1) {
        return cells->indices[row];
    }
    uint16_t index;
    memcpy(&index, cells->indices + 2 * row, sizeof index);
    return index;
}

static struct fh_bytes bytes_of(const struct fh_pg_cells *cells, size_t row)
{
    size_t entry = entry_of(cells, row);
    int32_t from = cells->offsets[entry];
    size_t size = (size_t)(cells->offsets[entry + 1] - from);
    return fh_bytes(size == 0 ? NULL : cells->data + from, size);
}

static bool is_long(enum fh_pg_value value)
{
    return value == FH_PG_VALUE_TEXT || value == FH_PG_VALUE_BYTES;
}

static uint8_t *put_bytes(uint8_t *at, struct fh_bytes bytes)
{
    if (bytes.size > 0) {
        memcpy(at, bytes.data, bytes.size);
    }
    return at + bytes.size;
}

/* bytea as text: \x and digits. */
static uint8_t *put_hex(uint8_t *at, struct fh_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    *at++ = '\\';
    *at++ = 'x';
    for (size_t i = 0; i < bytes.size; i++) {
        *at++ = (uint8_t)digits[bytes.data[i] >> 4];
        *at++ = (uint8_t)digits[bytes.data[i] & 15];
    }
    return at;
}

/* A value with its length in front of it. */
static uint8_t *put_cell(uint8_t *at, const struct fh_pg_cells *cells, size_t row)
{
    uint8_t *length = at;
    at += 4;
    if (is_null(cells, row)) {
        fh_put_u32be(length, UINT32_MAX);
        return at;
    }
    if (cells->value == FH_PG_VALUE_TEXT || (cells->value == FH_PG_VALUE_BYTES && cells->binary)) {
        at = put_bytes(at, bytes_of(cells, row));
    } else if (cells->value == FH_PG_VALUE_BYTES) {
        at = put_hex(at, bytes_of(cells, row));
    } else if (cells->binary) {
        at += fh_pg_value_binary(at, cells->value, cells->scale, cells->data, row);
    } else {
        at += fh_pg_value_text(at, cells->value, cells->scale, cells->data, row);
    }
    fh_put_u32be(length, (uint32_t)(at - length - 4));
    return at;
}

static uint8_t *put_tuple(uint8_t *at, const struct fh_pg_rows *rows, size_t row)
{
    uint8_t *begun = at;
    *at = rows->copy.form == FH_PG_FORM_ROWS ? 'D' : 'd';
    at[5] = (uint8_t)(rows->count >> 8);
    at[6] = (uint8_t)rows->count;
    at += HEAD_BYTES;
    for (size_t i = 0; i < rows->count; i++) {
        at = put_cell(at, &rows->cells[i], row);
    }
    fh_put_u32be(begun + 1, (uint32_t)(at - begun - 1));
    return at;
}

/* ---- lines ---- */

/* COPY's text format: what would end a field or a line is written as an escape. */
static uint8_t *put_escaped(uint8_t *at, const struct fh_pg_copy *copy, struct fh_bytes text)
{
    static const char names[] = "btnvfr"; /* of the characters 8 to 13 */
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c >= 8 && c <= 13) {
            *at++ = '\\';
            *at++ = (uint8_t)names[c - 8];
        } else {
            if (c == '\\' || c == (uint8_t)copy->delimiter) {
                *at++ = '\\';
            }
            *at++ = c;
        }
    }
    return at;
}

static bool wants_quotes(const struct fh_pg_copy *copy, struct fh_bytes text)
{
    if (copy->quote_all || fh_bytes_equal_cstr(text, copy->null) ||
        (copy->alone && fh_bytes_equal_cstr(text, "\\."))) {
        return true;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];
        if (c == copy->delimiter || c == copy->quote || c == '\n' || c == '\r') {
            return true;
        }
    }
    return false;
}

static uint8_t *put_quoted(uint8_t *at, const struct fh_pg_copy *copy, struct fh_bytes text)
{
    if (!wants_quotes(copy, text)) {
        return put_bytes(at, text);
    }
    *at++ = (uint8_t)copy->quote;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];
        if (c == copy->quote || c == copy->escape) {
            *at++ = (uint8_t)copy->escape;
        }
        *at++ = text.data[i];
    }
    *at++ = (uint8_t)copy->quote;
    return at;
}

static uint8_t *
put_field(uint8_t *at, const struct fh_pg_copy *copy, struct fh_bytes text, bool null)
{
    if (null) {
        return put_bytes(at, fh_bytes_cstr(copy->null));
    }
    return copy->form == FH_PG_FORM_CSV ? put_quoted(at, copy, text) : put_escaped(at, copy, text);
}

static uint8_t *put_line_cell(uint8_t *at,
                              const struct fh_pg_copy *copy,
                              const struct fh_pg_cells *cells,
                              size_t row)
{
    uint8_t room[FH_PG_VALUE_BYTES_MAX];
    if (is_null(cells, row)) {
        return put_field(at, copy, FH_BYTES_NONE, true);
    }
    if (cells->value == FH_PG_VALUE_TEXT) {
        return put_field(at, copy, bytes_of(cells, row), false);
    }
    if (cells->value == FH_PG_VALUE_BYTES) {
        /* Digits behind a backslash, which the text format doubles: there are no other characters
         * that anybody would choose as a delimiter. */
        if (copy->form == FH_PG_FORM_TEXT) {
            *at++ = '\\';
        }
        return put_hex(at, bytes_of(cells, row));
    }
    size_t size = fh_pg_value_text(room, cells->value, cells->scale, cells->data, row);
    return put_field(at, copy, fh_bytes(room, size), false);
}

static uint8_t *put_line(uint8_t *at, const struct fh_pg_rows *rows, size_t row)
{
    uint8_t *begun = at;
    *at = 'd';
    at += 5;
    for (size_t i = 0; i < rows->count; i++) {
        if (i > 0) {
            *at++ = (uint8_t)rows->copy.delimiter;
        }
        at = put_line_cell(at, &rows->copy, &rows->cells[i], row);
    }
    *at++ = '\n';
    fh_put_u32be(begun + 1, (uint32_t)(at - begun - 1));
    return at;
}

/* ---- blocks ---- */

static size_t text_bytes(const struct fh_pg_cells *cells, size_t row, size_t count)
{
    if (cells->indices != NULL) {
        return cells->longest * count;
    }
    return (size_t)(cells->offsets[row + count] - cells->offsets[row]);
}

/* Room that `count` rows from the next on take at most. */
static size_t bound(const struct fh_pg_rows *rows, size_t count)
{
    bool lines = rows->copy.form == FH_PG_FORM_TEXT || rows->copy.form == FH_PG_FORM_CSV;
    size_t fixed = HEAD_BYTES + 1;
    size_t texts = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct fh_pg_cells *cells = &rows->cells[i];
        fixed += 4 + FH_PG_NULL_BYTES;
        if (is_long(cells->value)) {
            texts += text_bytes(cells, rows->row, count);
        } else {
            fixed += lines ? 2 * FH_PG_VALUE_BYTES_MAX : FH_PG_VALUE_BYTES_MAX;
        }
    }
    return count * fixed + TEXT_FACTOR * texts;
}

static void write_block(struct fh_pg_rows *rows, struct fh_buf *out, size_t count)
{
    bool tuples = rows->copy.form == FH_PG_FORM_ROWS || rows->copy.form == FH_PG_FORM_BINARY;
    size_t room = bound(rows, count);
    size_t before = out->size;
    uint8_t *from = fh_buf_reserve(out, room);
    if (from == NULL) {
        return;
    }
    uint8_t *at = from;
    for (size_t i = 0; i < count; i++) {
        at = tuples ? put_tuple(at, rows, rows->row + i) : put_line(at, rows, rows->row + i);
    }
    FH_ASSERT((size_t)(at - from) <= room);
    out->size = before + (size_t)(at - from);
}

size_t fh_pg_rows_write(struct fh_pg_rows *rows, struct fh_buf *out, size_t bytes, size_t most)
{
    size_t written = 0;
    while (out->size < bytes && written < most && rows->row < rows->rows) {
        size_t left = rows->rows - rows->row;
        size_t count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        count = count < most - written ? count : most - written;
        while (count > 1 && bound(rows, count) > bytes) {
            count /= 2;
        }
        write_block(rows, out, count);
        if (fh_buf_ok(out) != FH_OK) {
            return written;
        }
        rows->row += count;
        written += count;
    }
    return written;
}

/* ---- COPY ---- */

void fh_pg_copy_field(struct fh_buf *out,
                      const struct fh_pg_copy *copy,
                      struct fh_bytes text,
                      bool null)
{
    size_t before = out->size;
    size_t room = TEXT_FACTOR * text.size + FH_PG_NULL_BYTES;
    uint8_t *from = fh_buf_reserve(out, room);
    if (from != NULL) {
        out->size = before + (size_t)(put_field(from, copy, text, null) - from);
    }
}

void fh_pg_copy_begin(struct fh_buf *out,
                      const struct fh_pg_copy *copy,
                      const struct fh_pg_column *columns,
                      size_t count)
{
    /* 11 bytes of signature, 4 of flags, 4 for the length of no extension. */
    static const uint8_t head[19] = "PGCOPY\n\377\r\n";
    if (copy->form == FH_PG_FORM_BINARY) {
        size_t begun = fh_pg_reply_begin(out, 'd');
        fh_buf_add(out, head, sizeof head);
        fh_pg_reply_end(out, begun);
    } else if (copy->header) {
        size_t begun = fh_pg_reply_begin(out, 'd');
        for (size_t i = 0; i < count; i++) {
            if (i > 0) {
                fh_buf_add_u8(out, (uint8_t)copy->delimiter);
            }
            fh_pg_copy_field(out, copy, fh_bytes_cstr(columns[i].name), false);
        }
        fh_buf_add_u8(out, '\n');
        fh_pg_reply_end(out, begun);
    }
}

void fh_pg_copy_end(struct fh_buf *out, const struct fh_pg_copy *copy)
{
    if (copy->form == FH_PG_FORM_BINARY) {
        size_t begun = fh_pg_reply_begin(out, 'd');
        fh_pg_reply_u16(out, UINT16_MAX);
        fh_pg_reply_end(out, begun);
    }
}
