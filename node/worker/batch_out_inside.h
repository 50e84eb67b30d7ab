/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of batch out: what batch_out.c, which gathers, and batch_out_write.c share. For them
 * alone.
 */
#ifndef FH_NODE_WORKER_BATCH_OUT_INSIDE_H
#define FH_NODE_WORKER_BATCH_OUT_INSIDE_H

#include "node/worker/batch_out.h"
#include "node/worker/encode.h"

#include <pthread.h>

enum {
    HELD_MAX = 512, /* chunks: single rows may come one by one */
    SPARE_MAX = 32, /* chunks of copies: about those of one batch */
};

/* How a column of DuckDB becomes one of a batch. */
enum how { HOW_COPY, HOW_BOOL, HOW_DECIMAL, HOW_UUID, HOW_STRING, HOW_TEXT };

struct out_column {
    struct fh_type type;
    struct fh_encoder *encoder; /* NULL: plain only */
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
    bool gathered; /* the chunk is one of ours */
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
    duckdb_data_chunk gathering; /* copies of rows so far; NULL: none */
    uint32_t gathered_rows;
    size_t gathered_bytes;         /* of their long texts */
    fh_batch_out_full_fn *full_fn; /* NULL: full ones are added at once */
    void *full_user;
    pthread_mutex_t spares;             /* both below */
    duckdb_data_chunk spare[SPARE_MAX]; /* empty, for the next copies */
    size_t spare_count;
    int64_t *room; /* of encoders */
    uint32_t text_columns;
    struct fh_buf header;
    uint8_t *buffer;     /* aligned; NULL before the first batch */
    size_t buffer_bytes; /* its room */
    bool any;            /* a batch was sent */
    bool encoding;       /* the encoders have seen all that is held */
    fh_batch_out_fn *fn;
    void *user;
};

/* Bytes of the strings in rows from..to that are not NULL. */
size_t fh_batch_out_string_bytes(const duckdb_string_t *strings,
                                 const uint64_t *validity,
                                 uint32_t from,
                                 uint32_t to);

/* Adds a chunk (taken, or gathered). */
FH_MUST_CHECK int fh_batch_out_add_held(struct fh_batch_out *out,
                                        duckdb_data_chunk chunk,
                                        bool gathered,
                                        struct fh_err *err);

/* Writes the column of these parts into its slot, which is laid out. */
void fh_batch_out_write(struct fh_batch_out *out,
                        uint32_t index,
                        const struct part *parts,
                        size_t part_count);

#endif
