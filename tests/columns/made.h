/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made columns: values of any type, as a batch of an answer has them and as independent readers
 * should find them.
 *
 * Does not: ask a node. Thread: one. Ownership: vectors are views into the columns.
 */
#ifndef FH_TESTS_COLUMNS_MADE_H
#define FH_TESTS_COLUMNS_MADE_H

#include "common/prng.h"
#include "proto/query/batch.h"
#include "tools/columns/field.h"

/* One value: its bytes as they lie in a batch, and the same for text. */
struct made_cell {
    bool null;
    uint8_t fixed[16];  /* of a fixed width, little-endian; BOOL 0 or 1 */
    struct fh_buf text; /* VARCHAR, JSON, BLOB */
};

struct made_column {
    struct fh_field field;
    size_t rows;
    uint64_t nulls;
    struct fh_buf validity;
    struct fh_buf offsets;
    struct fh_buf data;
    struct fh_buf indices; /* with a dictionary: uint16_t */
    uint32_t entries;
};

void made_cell_init(struct made_cell *cell);
void made_cell_fini(struct made_cell *cell);
/* A value of the type: the first of each eight are the edges, the others by chance. */
void made_cell_fill(struct made_cell *cell, struct fh_type type, size_t row, struct fh_prng *prng);
/* As raw integers, bits and bytes, and as DuckDB prints it; a JSON string, or null. */
void made_cell_raw(const struct made_cell *cell, struct fh_type type, struct fh_buf *out);
void made_cell_text(const struct made_cell *cell, struct fh_type type, struct fh_buf *out);

void made_column_init(struct made_column *column, const char *name, struct fh_type type);
void made_column_fini(struct made_column *column);
/* Begins a new batch. */
void made_column_reset(struct made_column *column);
void made_column_add(struct made_column *column, const struct made_cell *cell);
/* Adds an entry to the batch's dictionary; rows are then numbers. */
void made_column_entry(struct made_column *column, struct fh_bytes text);
void made_column_number(struct made_column *column, uint16_t number);
struct freehold_vector made_column_vector(const struct made_column *column);

#endif
