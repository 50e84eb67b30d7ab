/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table cells wait in one buffer, [u32be size+1 or 0 for NULL | visible bytes], until the widths
 * are settled; JSON and CSV cells go to the file as they come.
 */
#include "tools/cli/output.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/query/batch.h"
#include "proto/wire/id.h"
#include "tools/client/csv.h"

#include <inttypes.h>
#include <string.h>

struct column {
    char *name;
    enum fh_output_kind kind;
    size_t width;
};

struct fh_output {
    FILE *file;
    enum fh_output_format format;
    bool record;
    bool colour;
    bool settled; /* table: heading printed, widths fixed */
    bool failed;  /* a write failed */
    size_t column_count;
    size_t at; /* next column */
    uint64_t rows;
    struct fh_buf line; /* the cell or line being made */
    struct fh_buf held; /* table rows before the widths are settled */
    struct column columns[];
};

static const char null_text[] = "NULL";

static const struct {
    const char *text;
    enum fh_output_format format;
} formats[] = {{"table", FH_OUTPUT_TABLE},
               {"wide", FH_OUTPUT_TABLE},
               {"json", FH_OUTPUT_JSON},
               {"csv", FH_OUTPUT_CSV}};

int fh_output_format_parse(enum fh_output_format *out, const char *text, struct fh_err *err)
{
    for (size_t i = 0; i < FH_COUNT(formats); i++) {
        if (strcmp(formats[i].text, text) == 0) {
            *out = formats[i].format;
            return FH_OK;
        }
    }
    return fh_err_set(err,
                      FH_EUSAGE,
                      "output format \"%.20s\" does not exist; use table, wide, json or csv, or "
                      "arrow or parquet for a query",
                      text);
}

static void put(struct fh_output *output, struct fh_bytes bytes)
{
    if (bytes.size > 0 && fwrite(bytes.data, 1, bytes.size, output->file) != bytes.size) {
        output->failed = true;
    }
}

static void put_text(struct fh_output *output, const char *text)
{
    put(output, fh_bytes_cstr(text));
}

static void put_line(struct fh_output *output)
{
    if (fh_buf_ok(&output->line) != FH_OK) {
        output->failed = true;
    }
    put(output, fh_buf_view(&output->line));
    fh_buf_reset(&output->line);
}

static void put_spaces(struct fh_output *output, size_t count)
{
    static const char spaces[] = "                                ";
    for (; count > 0; count -= count < sizeof spaces - 1 ? count : sizeof spaces - 1) {
        put(output, fh_bytes(spaces, count < sizeof spaces - 1 ? count : sizeof spaces - 1));
    }
}

struct fh_output *fh_output_new(FILE *file,
                                enum fh_output_format format,
                                bool record,
                                bool colour,
                                const struct fh_output_column *columns,
                                size_t column_count)
{
    FH_ASSERT(column_count <= FH_OUTPUT_COLUMNS_MAX);
    struct fh_output *output =
        fh_calloc(1, sizeof *output + column_count * sizeof output->columns[0]);
    if (output == NULL) {
        return NULL;
    }
    output->file = file;
    output->format = format;
    output->record = record;
    output->colour = colour;
    output->column_count = column_count;
    fh_buf_init(&output->line, SIZE_MAX / 4);
    fh_buf_init(&output->held, SIZE_MAX / 4);
    for (size_t i = 0; i < column_count; i++) {
        struct column *column = &output->columns[i];
        struct fh_bytes name = fh_bytes_cstr(columns[i].name);
        if (format == FH_OUTPUT_TABLE) {
            fh_output_visible(&output->line, name);
            name = fh_buf_view(&output->line);
        }
        column->kind = columns[i].kind;
        column->width = fh_output_width(name);
        column->name = fh_alloc(name.size + 1);
        if (column->name == NULL) {
            fh_output_free(output);
            return NULL;
        }
        if (name.size > 0) {
            memcpy(column->name, name.data, name.size);
        }
        column->name[name.size] = 0;
        fh_buf_reset(&output->line);
    }
    return output;
}

/* ---- CSV and JSON ---- */

static void csv_heading(struct fh_output *output)
{
    for (size_t i = 0; i < output->column_count; i++) {
        if (i > 0) {
            fh_buf_add_u8(&output->line, ',');
        }
        fh_csv_field(&output->line, fh_bytes_cstr(output->columns[i].name));
    }
    fh_buf_add_u8(&output->line, '\n');
    put_line(output);
    output->settled = true;
}

static void csv_cell(struct fh_output *output, const struct fh_bytes *value)
{
    if (!output->settled) {
        csv_heading(output);
    }
    if (output->at > 0) {
        fh_buf_add_u8(&output->line, ',');
    }
    if (value != NULL) {
        fh_csv_field(&output->line, *value);
    }
    if (output->at + 1 == output->column_count) {
        fh_buf_add_u8(&output->line, '\n');
        put_line(output);
    }
}

static void json_cell(struct fh_output *output, const struct fh_bytes *value)
{
    const struct column *column = &output->columns[output->at];
    struct fh_buf *line = &output->line;
    if (output->at == 0) {
        fh_buf_add_cstr(line, output->rows == 0 ? "[\n  {" : ",\n  {");
    } else {
        fh_buf_add_cstr(line, ", ");
    }
    fh_output_json_string(line, fh_bytes_cstr(column->name));
    fh_buf_add_cstr(line, ": ");
    bool bare =
        value != NULL && (column->kind == FH_OUTPUT_BOOL ||
                          (column->kind == FH_OUTPUT_RAW && fh_json_valid(*value)) ||
                          (column->kind == FH_OUTPUT_NUMBER && fh_output_is_json_number(*value)));
    if (value == NULL) {
        fh_buf_add_cstr(line, "null");
    } else if (bare) {
        fh_buf_add_bytes(line, *value);
    } else {
        fh_output_json_string(line, *value);
    }
    if (output->at + 1 == output->column_count) {
        fh_buf_add_u8(line, '}');
        put_line(output);
    }
}

/* ---- tables ---- */

static void table_field(struct fh_output *output, size_t index, struct fh_bytes visible)
{
    const struct column *column = &output->columns[index];
    size_t width = fh_output_width(visible);
    size_t padding = column->width > width ? column->width - width : 0;
    if (column->kind == FH_OUTPUT_NUMBER) {
        put_spaces(output, padding);
    }
    put(output, visible);
    if (index + 1 == output->column_count) {
        put_text(output, "\n");
    } else {
        put_spaces(output, 2 + (column->kind == FH_OUTPUT_NUMBER ? 0 : padding));
    }
}

static void table_heading(struct fh_output *output)
{
    const char *on = output->colour ? "\x1b[1m" : "";
    const char *off = output->colour ? "\x1b[0m" : "";
    put_text(output, on);
    for (size_t i = 0; i < output->column_count; i++) {
        table_field(output, i, fh_bytes_cstr(output->columns[i].name));
    }
    put_text(output, off);
    for (size_t i = 0; i < output->column_count; i++) {
        for (size_t dash = 0; dash < output->columns[i].width; dash++) {
            put_text(output, "-");
        }
        put_text(output, i + 1 == output->column_count ? "\n" : "  ");
    }
    output->settled = true;
}

/* A record: one line a column, names to the left. */
static void table_record_line(struct fh_output *output, size_t index, struct fh_bytes visible)
{
    size_t widest = 0;
    for (size_t i = 0; i < output->column_count; i++) {
        size_t width = fh_output_width(fh_bytes_cstr(output->columns[i].name));
        widest = width > widest ? width : widest;
    }
    const char *name = output->columns[index].name;
    put_text(output, output->colour ? "\x1b[1m" : "");
    put_text(output, name);
    put_text(output, output->colour ? "\x1b[0m" : "");
    put_spaces(output, widest - fh_output_width(fh_bytes_cstr(name)) + 2);
    put(output, visible);
    put_text(output, "\n");
}

static void table_settle(struct fh_output *output)
{
    table_heading(output);
    struct fh_bytes held = fh_buf_view(&output->held);
    size_t index = 0;
    for (size_t at = 0; at < held.size;) {
        uint32_t size = fh_get_u32be(held.data + at);
        table_field(output, index, fh_bytes(held.data + at + 4, size));
        at += 4 + (size_t)size;
        index = (index + 1) % output->column_count;
    }
    fh_buf_fini(&output->held);
}

static void table_cell(struct fh_output *output, const struct fh_bytes *value)
{
    if (value == NULL) {
        fh_buf_add_cstr(&output->line, null_text);
    } else {
        fh_output_visible(&output->line, *value);
    }
    if (fh_buf_ok(&output->line) != FH_OK) {
        output->failed = true;
    }
    struct fh_bytes visible = fh_buf_view(&output->line);
    if (output->record) {
        table_record_line(output, output->at, visible);
    } else if (output->settled) {
        table_field(output, output->at, visible);
    } else {
        struct column *column = &output->columns[output->at];
        size_t width = fh_output_width(visible);
        column->width = width > column->width ? width : column->width;
        uint8_t head[4];
        fh_put_u32be(head, (uint32_t)visible.size);
        fh_buf_add(&output->held, head, sizeof head);
        fh_buf_add_bytes(&output->held, visible);
        if (fh_buf_ok(&output->held) != FH_OK) {
            output->failed = true;
        }
        bool row_ends = output->at + 1 == output->column_count;
        if (row_ends && (output->rows + 1 == FH_OUTPUT_ALIGN_ROWS ||
                         output->held.size > FH_OUTPUT_ALIGN_BYTES)) {
            table_settle(output);
        }
    }
    fh_buf_reset(&output->line);
}

/* ---- cells ---- */

static void cell(struct fh_output *output, const struct fh_bytes *value)
{
    FH_ASSERT(output->at < output->column_count);
    switch (output->format) {
    case FH_OUTPUT_TABLE:
        table_cell(output, value);
        break;
    case FH_OUTPUT_JSON:
        json_cell(output, value);
        break;
    case FH_OUTPUT_CSV:
    case FH_OUTPUT_FORMAT_COUNT:
        csv_cell(output, value);
        break;
    }
    if (++output->at == output->column_count) {
        output->at = 0;
        output->rows++;
    }
}

void fh_output_cell(struct fh_output *output, struct fh_bytes value)
{
    cell(output, &value);
}

void fh_output_null(struct fh_output *output)
{
    cell(output, NULL);
}

void fh_output_text(struct fh_output *output, const char *text)
{
    fh_output_cell(output, fh_bytes_cstr(text));
}

void fh_output_uint(struct fh_output *output, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    fh_output_text(output, text);
}

void fh_output_bool(struct fh_output *output, bool value)
{
    const char *text = value ? "true" : "false";
    if (output->format == FH_OUTPUT_TABLE) {
        text = value ? "yes" : "no";
    }
    fh_output_text(output, text);
}

void fh_output_time(struct fh_output *output, int64_t wall_ms)
{
    char text[FH_TIME_TEXT_BYTES];
    fh_time_text(text, wall_ms);
    fh_output_text(output, text);
}

void fh_output_record_id(struct fh_output *output, const struct fh_record_id *id)
{
    char text[FH_ID_TEXT_BYTES] = "";
    if (!fh_record_id_is_zero(id)) {
        fh_record_id_text(text, id);
    }
    fh_output_text(output, text);
}

int fh_output_end(struct fh_output *output, struct fh_err *err)
{
    FH_ASSERT(output->at == 0);
    if (output->format == FH_OUTPUT_TABLE && !output->record && !output->settled &&
        output->column_count > 0) {
        table_settle(output);
    }
    if (output->format == FH_OUTPUT_CSV && !output->settled) {
        csv_heading(output);
    }
    if (output->format == FH_OUTPUT_JSON) {
        put_text(output, output->rows == 0 ? "[]\n" : "\n]\n");
    }
    if (fflush(output->file) != 0 || ferror(output->file) != 0 || output->failed) {
        return fh_err_set(err, FH_EIO, "the output could not be written completely");
    }
    return FH_OK;
}

void fh_output_free(struct fh_output *output)
{
    if (output == NULL) {
        return;
    }
    for (size_t i = 0; i < output->column_count; i++) {
        fh_free(output->columns[i].name);
    }
    fh_buf_fini(&output->line);
    fh_buf_fini(&output->held);
    fh_free(output);
}
