/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/answer_given.h"

#include "common/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- binary forms of texts ---- */

/* Bytes of an integer type of the system tables; 0 for others. */
static unsigned integer_bytes(uint32_t type)
{
    switch (type) {
    case FH_PG_OID_INT2:
        return 2;
    case FH_PG_OID_INT4:
    case FH_PG_OID_OID:
        return 4;
    case FH_PG_OID_INT8:
        return 8;
    default:
        return 0;
    }
}

/* Types whose binary form is their text. */
static bool is_text(uint32_t type)
{
    switch (type) {
    case FH_PG_OID_TEXT:
    case FH_PG_OID_NAME:
    case FH_PG_OID_VARCHAR:
    case FH_PG_OID_BPCHAR:
    case FH_PG_OID_CHAR:
    case FH_PG_OID_UNKNOWN:
    case FH_PG_OID_JSON:
        return true;
    default:
        return false;
    }
}

static bool has_binary(uint32_t type)
{
    return is_text(type) || integer_bytes(type) > 0 || type == FH_PG_OID_BOOL ||
           type == FH_PG_OID_FLOAT4 || type == FH_PG_OID_FLOAT8;
}

static void put_bits(struct fh_buf *out, uint64_t bits, unsigned bytes)
{
    for (unsigned i = bytes; i > 0; i--) {
        fh_buf_add_u8(out, (uint8_t)(bits >> (8 * (i - 1))));
    }
}

static void put_binary(struct fh_buf *out, uint32_t type, const struct fh_pgcat_value *value)
{
    char text[64];
    unsigned bytes = integer_bytes(type);
    snprintf(text, sizeof text, "%.*s", (int)(value->size < 63 ? value->size : 63), value->text);
    if (bytes > 0) {
        put_bits(out, (uint64_t)strtoll(text, NULL, 10), bytes);
    } else if (type == FH_PG_OID_BOOL) {
        fh_buf_add_u8(out, text[0] == 't' || text[0] == '1' ? 1 : 0);
    } else if (type == FH_PG_OID_FLOAT8) {
        double real = strtod(text, NULL);
        uint64_t bits;
        memcpy(&bits, &real, sizeof bits);
        put_bits(out, bits, 8);
    } else if (type == FH_PG_OID_FLOAT4) {
        float real = strtof(text, NULL);
        uint32_t bits;
        memcpy(&bits, &real, sizeof bits);
        put_bits(out, bits, 4);
    } else {
        fh_buf_add(out, value->text, value->size);
    }
}

/* ---- rows ---- */

bool fh_pg_given_begin(struct fh_pg_answer *answer)
{
    const struct fh_pgcat_rows *given = answer->given;
    if (!fh_pg_answer_columns(answer, given->column_count)) {
        return false;
    }
    for (size_t i = 0; i < given->column_count; i++) {
        struct fh_pg_column *column = &answer->columns[i];
        *column = (struct fh_pg_column){.oid = given->columns[i].type,
                                        .size = given->columns[i].size,
                                        .modifier = -1,
                                        .value = FH_PG_VALUE_TEXT};
        snprintf(column->name, sizeof column->name, "%s", given->columns[i].name);
    }
    if (!fh_pg_answer_settle(answer)) {
        return false;
    }
    for (size_t i = 0; i < given->column_count; i++) {
        if (answer->column_formats[i] == 1 && !has_binary(answer->columns[i].oid)) {
            fh_pg_report_set(&answer->report,
                             "0A000",
                             "column \"%s\" has no binary form here; ask for it as text",
                             answer->columns[i].name);
            return false;
        }
    }
    return true;
}

static void put_tuple(struct fh_pg_answer *answer, const struct fh_pgcat_value *cells)
{
    struct fh_buf *out = &answer->made;
    fh_pg_reply_u16(out, (unsigned)answer->column_count);
    for (size_t i = 0; i < answer->column_count; i++) {
        size_t length = out->size;
        fh_pg_reply_u32(out, UINT32_MAX);
        if (cells[i].text == NULL) {
            continue;
        }
        if (answer->column_formats[i] == 1) {
            put_binary(out, answer->columns[i].oid, &cells[i]);
        } else {
            fh_buf_add(out, cells[i].text, cells[i].size);
        }
        if (fh_buf_ok(out) == FH_OK) {
            fh_put_u32be(out->data + length, (uint32_t)(out->size - length - 4));
        }
    }
}

static void put_line(struct fh_pg_answer *answer, const struct fh_pgcat_value *cells)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        if (i > 0) {
            fh_buf_add_u8(&answer->made, (uint8_t)answer->copy.delimiter);
        }
        fh_pg_copy_field(&answer->made,
                         &answer->copy,
                         fh_bytes(cells[i].text, cells[i].size),
                         cells[i].text == NULL);
    }
    fh_buf_add_u8(&answer->made, '\n');
}

void fh_pg_given_row(struct fh_pg_answer *answer)
{
    const struct fh_pgcat_rows *given = answer->given;
    FH_ASSERT(answer->given_row < given->row_count);
    const struct fh_pgcat_value *cells = given->cells + answer->given_row * given->column_count;
    enum fh_pg_form form = answer->copy.form;
    size_t begun = fh_pg_reply_begin(&answer->made, form == FH_PG_FORM_ROWS ? 'D' : 'd');
    if (form == FH_PG_FORM_ROWS || form == FH_PG_FORM_BINARY) {
        put_tuple(answer, cells);
    } else {
        put_line(answer, cells);
    }
    fh_pg_reply_end(&answer->made, begun);
    answer->given_row++;
    answer->ended = answer->given_row == given->row_count;
}
