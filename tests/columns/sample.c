/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that cover what the writers of tools/columns can meet, in both formats, with what a
 * reader should find in them.
 *
 *     fh-columns-sample FOLDER
 *
 * For each answer NAME it writes NAME.arrow, NAME.parquet, NAME.broken (the stream up to its last
 * batch: what is there when an answer breaks off), NAME.raw (a JSON list for each row: the
 * integers, bits and bytes of the values) and NAME.text (the same as DuckDB prints the values);
 * its first line is the list of the columns' names, and for NAME.raw the second that of their
 * types.
 */
#include "common/assert.h"
#include "common/mem.h"
#include "tests/columns/made.h"
#include "tools/columns/arrow.h"
#include "tools/columns/parquet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS_MAX = 2048,
    LINE_BYTES_MAX = 1024 * 1024,
};

/* Which rows of a column are NULL. */
enum holes { HOLES_SOME, HOLES_NONE, HOLES_ALL };

struct answer {
    const char *name;
    size_t count;
    struct made_column *columns;
    size_t batches;
    size_t rows[8]; /* of each batch, the last of all further ones */
    enum holes holes;
    bool by_number;  /* texts come in dictionaries of their batch */
    size_t distinct; /* texts that are different; 0: as made_cell_fill says */
};

static void give_up(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "fh-columns-sample: %s: %s\n", what, err->text);
    exit(1);
}

/* ---- files ---- */

struct files {
    FILE *arrow;
    FILE *broken;
    FILE *parquet;
    FILE *raw;
    FILE *text;
};

static FILE *open_file(const char *folder, const char *name, const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static void close_file(FILE *file)
{
    if (fclose(file) != 0) {
        perror("fh-columns-sample");
        exit(1);
    }
}

static void put_pieces(FILE *file, const struct fh_pieces *pieces)
{
    size_t bytes = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        FH_ASSERT(pieces->list[i].iov_len > 0);
        bytes += fwrite(pieces->list[i].iov_base, 1, pieces->list[i].iov_len, file);
    }
    FH_ASSERT(bytes == pieces->bytes);
}

static void put_line(FILE *file, struct fh_buf *line)
{
    FH_ASSERT(fh_buf_ok(line) == FH_OK);
    fprintf(file, "[%s]\n", fh_buf_cstr(line));
    fh_buf_reset(line);
}

static void put_heads(const struct answer *answer, const struct files *files, struct fh_buf *line)
{
    for (int kind = 0; kind < 3; kind++) { /* names for both, then types */
        for (size_t i = 0; i < answer->count; i++) {
            char type[FH_TYPE_TEXT_BYTES];
            const struct fh_field *field = &answer->columns[i].field;
            fh_type_text(type, field->type);
            fh_buf_add_cstr(line, i == 0 ? "" : ",");
            fh_json_string(fh_bytes_cstr(kind < 2 ? field->name : type), line);
        }
        put_line(kind == 1 ? files->text : files->raw, line);
    }
}

/* ---- rows ---- */

static void make_cell(const struct answer *answer,
                      size_t column,
                      size_t row,
                      struct made_cell *cell,
                      struct fh_prng *prng)
{
    made_cell_fill(cell, answer->columns[column].field.type, row, prng);
    if (answer->distinct > 0) {
        fh_buf_reset(&cell->text);
        fh_buf_printf(&cell->text, "text number %zu of many", row % answer->distinct);
    }
    cell->null = answer->holes == HOLES_ALL ||
                 (answer->holes == HOLES_SOME && (row + column) % (3 + column % 5) == 0);
}

static void add_cell(const struct answer *answer, size_t column, const struct made_cell *cell)
{
    struct made_column *made = &answer->columns[column];
    if (!answer->by_number) {
        made_column_add(made, cell);
        return;
    }
    if (made->rows == 0) { /* one entry that no row has */
        made_column_entry(made, fh_bytes_cstr("never"));
    }
    made_column_entry(made, fh_buf_view(&cell->text));
    made_column_number(made, (uint16_t)(made->entries - 1));
}

/* Entries come before the numbers that need them, so a dictionary is made row by row: each row has
 * an entry of its own, equal ones too. */
static void make_batch(const struct answer *answer,
                       size_t first,
                       size_t rows,
                       const struct files *files,
                       struct fh_prng *prng)
{
    struct made_cell cell;
    struct fh_buf raw FH_CLEANUP(fh_buf_fini);
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    made_cell_init(&cell);
    fh_buf_init(&raw, LINE_BYTES_MAX);
    fh_buf_init(&text, LINE_BYTES_MAX);
    for (size_t i = 0; i < answer->count; i++) {
        made_column_reset(&answer->columns[i]);
    }
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < answer->count; i++) {
            struct fh_type type = answer->columns[i].field.type;
            make_cell(answer, i, first + row, &cell, prng);
            add_cell(answer, i, &cell);
            fh_buf_add_cstr(&raw, i == 0 ? "" : ",");
            fh_buf_add_cstr(&text, i == 0 ? "" : ",");
            made_cell_raw(&cell, type, &raw);
            made_cell_text(&cell, type, &text);
        }
        put_line(files->raw, &raw);
        put_line(files->text, &text);
    }
    made_cell_fini(&cell);
}

/* ---- an answer ---- */

static void write_rows(const struct answer *answer,
                       const struct files *files,
                       struct fh_arrow *arrow,
                       struct fh_parquet *parquet)
{
    struct fh_err err = {0};
    struct fh_pieces pieces;
    struct fh_prng prng;
    struct freehold_vector *vectors FH_CLEANUP(fh_freep) =
        fh_calloc(answer->count, sizeof *vectors);
    FH_ASSERT(vectors != NULL);
    fh_prng_init(&prng, 1);
    size_t first = 0;
    for (size_t batch = 0; batch < answer->batches; batch++) {
        size_t rows =
            answer->rows[batch < FH_COUNT(answer->rows) ? batch : FH_COUNT(answer->rows) - 1];
        make_batch(answer, first, rows, files, &prng);
        for (size_t i = 0; i < answer->count; i++) {
            vectors[i] = made_column_vector(&answer->columns[i]);
        }
        if (!answer->by_number) {
            if (fh_arrow_batch(arrow, vectors, rows, &pieces, &err) != FH_OK) {
                give_up(answer->name, &err);
            }
            put_pieces(files->arrow, &pieces);
            put_pieces(files->broken, &pieces);
        }
        if (fh_parquet_batch(parquet, vectors, rows, &pieces, &err) != FH_OK) {
            give_up(answer->name, &err);
        }
        put_pieces(files->parquet, &pieces);
        first += rows;
    }
}

static void write_both(const struct answer *answer, const struct files *files)
{
    struct fh_err err = {0};
    struct fh_facts facts;
    struct fh_arrow *arrow = NULL;
    struct fh_parquet *parquet = NULL;
    struct fh_pieces pieces = {.count = 0};
    struct fh_field *fields FH_CLEANUP(fh_freep) = fh_calloc(answer->count, sizeof *fields);
    FH_ASSERT(fields != NULL);
    for (size_t i = 0; i < answer->count; i++) {
        fields[i] = answer->columns[i].field;
    }
    fh_facts_init(&facts);
    fh_facts_add(&facts, "freehold.request", fh_bytes_cstr("fhr1request"));
    fh_facts_add(&facts, "freehold.limited", fh_bytes_cstr("[\"\xC3\xA9\"]"));
    int code = fh_arrow_new(&arrow, fields, answer->count, &err);
    if (code == FH_OK) {
        code = fh_arrow_begin(arrow, &facts, &pieces, &err);
        put_pieces(files->arrow, &pieces);
        put_pieces(files->broken, &pieces);
    }
    if (code == FH_OK) {
        code = fh_parquet_new(&parquet, fields, answer->count, &err);
    }
    if (code == FH_OK) {
        code = fh_parquet_begin(parquet, &facts, &pieces, &err);
        put_pieces(files->parquet, &pieces);
    }
    if (code != FH_OK) {
        give_up(answer->name, &err);
    }
    write_rows(answer, files, arrow, parquet);
    fh_facts_fini(&facts);
    fh_facts_init(&facts);
    fh_facts_add(&facts, "freehold.receipt", fh_bytes_cstr("fhr1receipt"));
    code = fh_arrow_end(arrow, &facts, &pieces, &err);
    if (code == FH_OK) {
        put_pieces(files->arrow, &pieces);
        code = fh_parquet_end(parquet, &facts, &pieces, &err);
    }
    if (code != FH_OK) {
        give_up(answer->name, &err);
    }
    put_pieces(files->parquet, &pieces);
    fh_facts_fini(&facts);
    fh_arrow_free(arrow);
    fh_parquet_free(parquet);
}

static void write_answer(const struct answer *answer, const char *folder)
{
    struct fh_buf line FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&line, LINE_BYTES_MAX);
    struct files files = {
        .arrow = open_file(folder, answer->name, "arrow"),
        .broken = open_file(folder, answer->name, "broken"),
        .parquet = open_file(folder, answer->name, "parquet"),
        .raw = open_file(folder, answer->name, "raw"),
        .text = open_file(folder, answer->name, "text"),
    };
    put_heads(answer, &files, &line);
    write_both(answer, &files);
    close_file(files.arrow);
    close_file(files.broken);
    close_file(files.parquet);
    close_file(files.raw);
    close_file(files.text);
}

/* ---- which there are ---- */

static size_t every_type(struct made_column *columns)
{
    static const struct fh_type decimals[] = {
        {FH_TYPE_DECIMAL, 1, 0},
        {FH_TYPE_DECIMAL, 4, 1},
        {FH_TYPE_DECIMAL, 9, 8},
        {FH_TYPE_DECIMAL, 18, 2},
        {FH_TYPE_DECIMAL, 19, 5},
        {FH_TYPE_DECIMAL, 38, 10},
    };
    static char names[FH_TYPE_COUNT][FH_TYPE_TEXT_BYTES];
    size_t count = 0;
    for (uint8_t code = 1; code < FH_TYPE_COUNT; code++) {
        struct fh_type type = {.code = code};
        for (size_t i = 0; code == FH_TYPE_DECIMAL && i < FH_COUNT(decimals); i++) {
            made_column_init(&columns[count++], i == 0 ? "decimal" : "", decimals[i]);
        }
        if (code != FH_TYPE_DECIMAL) {
            fh_type_text(names[code], type);
            made_column_init(&columns[count++], names[code], type);
        }
    }
    return count;
}

static void end_columns(struct made_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        made_column_fini(&columns[i]);
    }
}

static void write_every_type(struct made_column *columns, const char *folder)
{
    static const struct answer answers[] = {
        {.name = "types", .batches = 3, .rows = {17, 1, 40}, .holes = HOLES_SOME},
        {.name = "full", .batches = 2, .rows = {9, 16}, .holes = HOLES_NONE},
        {.name = "nulls", .batches = 2, .rows = {8, 5}, .holes = HOLES_ALL},
        {.name = "empty"},
    };
    size_t count = every_type(columns);
    for (size_t i = 0; i < FH_COUNT(answers); i++) {
        struct answer answer = answers[i];
        answer.columns = columns;
        answer.count = count;
        write_answer(&answer, folder);
    }
    end_columns(columns, count);
}

/* Texts as dictionaries and plain, more different ones than a dictionary takes, row groups. */
static void write_texts(struct made_column *columns, const char *folder)
{
    enum { ROWS = 16000 };
    static const struct answer answers[] = {
        {.name = "plain", .batches = 10, .distinct = 1000},
        {.name = "numbers", .batches = 2, .distinct = 1000, .by_number = true, .holes = HOLES_NONE},
        {.name = "many", .batches = 10, .distinct = 100000},
    };
    made_column_init(&columns[0], "text", (struct fh_type){.code = FH_TYPE_VARCHAR});
    made_column_init(&columns[1], "blob", (struct fh_type){.code = FH_TYPE_BLOB});
    for (size_t i = 0; i < FH_COUNT(answers); i++) {
        struct answer answer = answers[i];
        answer.columns = columns;
        answer.count = 2;
        for (size_t j = 0; j < FH_COUNT(answer.rows); j++) {
            answer.rows[j] = ROWS;
        }
        write_answer(&answer, folder);
    }
    end_columns(columns, 2);
}

/* As many columns as there may be, with names that nobody hoped for. */
static void write_wide(struct made_column *columns, const char *folder)
{
    static const char *const names[] = {
        "a.b", "\"", "'", "\xE6\x97\xA5\xE6\x9C\xAC", "two\nlines", " ", "select"};
    static char numbers[COLUMNS_MAX][16];
    for (size_t i = 0; i < COLUMNS_MAX; i++) {
        snprintf(numbers[i], sizeof numbers[i], "column %zu", i);
        made_column_init(&columns[i],
                         i < FH_COUNT(names) ? names[i] : numbers[i],
                         (struct fh_type){.code = i % 3 == 0 ? FH_TYPE_VARCHAR : FH_TYPE_INT8});
    }
    struct answer answer = {
        .name = "wide", .columns = columns, .count = COLUMNS_MAX, .batches = 2, .rows = {3, 9}};
    write_answer(&answer, folder);
    end_columns(columns, COLUMNS_MAX);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: fh-columns-sample FOLDER\n");
        return 2;
    }
    struct made_column *columns FH_CLEANUP(fh_freep) = fh_calloc(COLUMNS_MAX, sizeof *columns);
    FH_ASSERT(columns != NULL);
    write_every_type(columns, argv[1]);
    write_texts(columns, argv[1]);
    write_wide(columns, argv[1]);
    return 0;
}
