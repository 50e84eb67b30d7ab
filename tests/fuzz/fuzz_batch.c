/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a batch: refused, or every cell can be read. */
#include "proto/query/batch.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CELLS_MAX = 4096 };

/* The whole column in plain form, into memory of exactly its size. */
static void read_plain(const struct fh_batch_column *column, uint32_t rows)
{
    uint8_t *data = malloc(column->plain_size + 1);
    int32_t *offsets = malloc(((size_t)rows + 1) * sizeof *offsets);
    if (data == NULL || offsets == NULL) {
        abort();
    }
    if (fh_type_is_variable(column->type)) {
        fh_batch_texts(column, rows, offsets, data);
    } else if (fh_type_width(column->type) > 0) {
        fh_batch_values(column, 0, rows, data);
    }
    free(data);
    free(offsets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_err err = {0};
    struct fh_batch batch;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    if (arena == NULL) {
        return 0;
    }
    if (fh_batch_parse(&batch, fh_bytes(data, size), arena, &err) == FH_OK) {
        struct fh_buf text;
        uint32_t cells = 0;
        fh_buf_init(&text, 16 * 1024 * 1024);
        if (fh_batch_check_text(&batch, &err) != FH_OK && err.text[0] == 0) {
            abort(); // a refusal without a reason
        }
        for (uint32_t i = 0; i < batch.column_count; i++) {
            read_plain(&batch.columns[i], batch.rows);
            for (uint32_t row = 0; row < batch.rows && cells < CELLS_MAX; row++, cells++) {
                struct fh_cell cell = fh_batch_cell(&batch.columns[i], row);
                fh_cell_text(&cell, &text);
                fh_cell_json(&cell, &text);
            }
        }
        fh_buf_fini(&text);
    } else if (err.text[0] == 0) {
        abort(); // a refusal without a reason
    }
    fh_arena_free(arena);
    return 0;
}
