/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fh-pgcat-ask FILE: runs the statements of a file, separated by lines of ";;", against the system
 * tables of the small mesh of aviation.h, and prints for each its number, the columns as
 * "name|type" and, with --rows, the rows. A test compares that with a PostgreSQL.
 */
#include "tests/unit/pgcat/aviation.h"

#include "common/bytes.h"
#include "common/mem.h"
#include "tools/door/pgcat/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        text = size < 0 ? NULL : fh_calloc(1, (size_t)size + 1);
        rewind(file);
        if (text != NULL && fread(text, 1, (size_t)size, file) != (size_t)size) {
            fh_free(text);
            text = NULL;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static void print_columns(const struct fh_pgcat_rows *rows)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        struct fh_buf type;
        fh_buf_init(&type, 256);
        fh_pgcat_type_format(&type, rows->columns[i].type, -1);
        printf("%s|%s\n", rows->columns[i].name, fh_buf_cstr(&type));
        fh_buf_fini(&type);
    }
}

static void print_rows(const struct fh_pgcat_rows *rows)
{
    for (size_t r = 0; r < rows->row_count; r++) {
        for (size_t c = 0; c < rows->column_count; c++) {
            const struct fh_pgcat_value *cell = &rows->cells[r * rows->column_count + c];
            printf("%s%s", c > 0 ? "|" : "  ", cell->text == NULL ? "" : cell->text);
        }
        putchar('\n');
    }
    printf("  (%zu rows)\n", rows->row_count);
}

int main(int argc, char **argv)
{
    bool with_rows = argc == 3 && strcmp(argv[1], "--rows") == 0;
    if (argc != 2 && !with_rows) {
        fputs("usage: fh-pgcat-ask [--rows] FILE\n", stderr);
        return 2;
    }
    struct fh_err err = {0};
    struct fh_pgcat *catalogue = NULL;
    char *text = read_all(argv[argc - 1]);
    if (text == NULL || fh_pgcat_new(&catalogue, &aviation_mesh, &err) != FH_OK) {
        fprintf(stderr, "fh-pgcat-ask: %s\n", text == NULL ? "cannot read the file" : err.text);
        fh_free(text);
        return 2;
    }
    unsigned number = 0;
    unsigned failed = 0;
    for (char *at = text; at != NULL;) {
        char *end = strstr(at, "\n;;\n");
        struct fh_bytes sql = fh_bytes(at, end == NULL ? strlen(at) : (size_t)(end - at));
        struct fh_pgcat_rows *rows = NULL;
        printf("# %u\n", ++number);
        if (fh_pgcat_answer(catalogue, &aviation_self, sql, NULL, 0, &rows, &err) == FH_OK) {
            print_columns(rows);
            if (with_rows) {
                print_rows(rows);
            }
            fh_pgcat_rows_free(rows);
        } else {
            printf("error %s: %s\n", err.rule, err.text);
            failed++;
        }
        at = end == NULL ? NULL : end + 4;
    }
    fh_pgcat_drop(catalogue);
    fh_free(text);
    return failed == 0 ? 0 : 1;
}
