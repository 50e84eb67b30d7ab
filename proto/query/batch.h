/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batch: some rows of an answer, column after column, at most FH_BATCH_BYTES_MAX.
 *
 *     u32be size of header | header | zeros to a multiple of 64 | buffers
 *     header  = canonical [1, rows, [column, ...]]
 *     column  = [name, type, precision, scale, encoding, nulls, validity offset, validity bytes,
 *                offsets offset, offsets bytes, data offset, data bytes]
 *               and behind these fields
 *               encoding 1: base, unit, width
 *               encoding 2: entries, width, indices offset, indices bytes
 *
 * Buffers follow the Arrow columnar layout (Arrow specification 1.0, "Physical memory layout"),
 * little-endian: validity is a bitmap, least significant bit first, 1 = a value is there, absent
 * when nulls = 0; offsets are rows + 1 int32; data is fixed width, bits (BOOL) or bytes. Offsets
 * count from the first byte behind the padded header; each buffer starts at the next multiple of 64
 * after the one before it, in the order validity, offsets, data, indices of each column, and
 * nothing follows the last.
 *
 * Encodings, chosen column by column and batch by batch by who writes; a reader says which ones it
 * reads (FH_ENCODINGS_*), and gets no other:
 *   0  plain: as above
 *   1  narrowed, for integers, dates, times and decimals: data is an unsigned integer of `width`
 *      bytes (0: none, all rows are `base`) for each row; the value is base + unit * integer
 *   2  dictionary, for text and blobs: offsets and data hold `entries` values, indices an unsigned
 *      integer of `width` bytes for each row that says which one
 * What the buffers of all columns would take in plain form must not be more than FH_BATCH_BYTES_MAX
 * either: a small batch never becomes a large one at its reader.
 *
 * Values: HUGEINT and DECIMAL are 128-bit two's complement; DATE days, TIME microseconds,
 * TIMESTAMP* their unit since 1970 (TIMESTAMP_TZ microseconds, UTC); INTERVAL is int32 months,
 * int32 days, int64 microseconds; UUID its 16 bytes in text order. Values under a NULL are zero,
 * empty or the base when a worker wrote them, and never read.
 *
 * Does not: allocate except from the arena given; copy data. Thread: any, distinct objects.
 * Ownership: a parsed batch is views into the bytes it was parsed from (borrowed while it lives).
 */
#ifndef FH_PROTO_QUERY_BATCH_H
#define FH_PROTO_QUERY_BATCH_H

#include "common/arena.h"
#include "common/limits.h"
#include "proto/query/type.h"

enum {
    FH_BATCH_VERSION = 1,
    FH_BATCH_ALIGN = 64,
};

enum fh_batch_encoding {
    FH_BATCH_PLAIN = 0,
    FH_BATCH_NARROW = 1,
    FH_BATCH_DICTIONARY = 2,
    FH_BATCH_ENCODING_COUNT
};

/* Encodings beside plain that a reader understands, as a set of bits. */
enum {
    FH_ENCODINGS_NONE = 0,
    FH_ENCODINGS_ALL = 1 << FH_BATCH_NARROW | 1 << FH_BATCH_DICTIONARY,
};

/* ---- reading ------------------------------------------------------------------------------- */

struct fh_batch_column {
    struct fh_bytes name; /* UTF-8, may be empty or repeated */
    struct fh_type type;
    uint32_t nulls;          /* 0: no validity buffer */
    const uint8_t *validity; /* (rows + 7) / 8 bytes, or NULL */
    const uint8_t *offsets;  /* of rows, or of entries: + 1 int32, or NULL; may be unaligned */
    struct fh_bytes data;    /* may be unaligned in memory */
    enum fh_batch_encoding encoding;
    uint8_t width;          /* bytes of an integer (FH_BATCH_NARROW) or an index */
    int64_t base;           /* FH_BATCH_NARROW: value = base + unit * integer */
    uint64_t unit;          /* at least 1 */
    uint32_t entries;       /* FH_BATCH_DICTIONARY: at least 1 */
    const uint8_t *indices; /* rows * width bytes, each below `entries` */
    size_t plain_size;      /* bytes of `data` in plain form */
};

struct fh_batch {
    uint32_t rows;
    uint32_t column_count;
    struct fh_batch_column *columns; /* from the arena */
};

/* Parses and checks `bytes` (borrowed by `out`) completely: header, order, place and size of every
 * buffer, null counts, offsets that ascend within the data, indices within their dictionary, values
 * within their type. After it every accessor is safe for every row. Text is not checked for UTF-8
 * (fh_batch_check_text). FH_EINVAL (rule "batch.*" or "pack.*"), FH_ETOOBIG, FH_EVERSION,
 * FH_ENOMEM. O(bytes). */
FH_MUST_CHECK int fh_batch_parse(struct fh_batch *out,
                                 struct fh_bytes bytes,
                                 struct fh_arena *arena,
                                 struct fh_err *err);

/* Bytes that an integer of a narrowed column of this type may have: 0 when it has no such form. */
unsigned fh_batch_narrow_width_max(struct fh_type type);

/* Checks that every VARCHAR and JSON cell is UTF-8 (U+0000 is allowed). FH_EINVAL "batch.utf8". */
FH_MUST_CHECK int fh_batch_check_text(const struct fh_batch *batch, struct fh_err *err);

struct fh_int128 {
    uint64_t low;
    int64_t high;
};

/* A cell as a value; `kind` says which member holds it. */
enum fh_cell_kind {
    FH_CELL_NULL,
    FH_CELL_BOOL,     /* integer: 0 or 1 */
    FH_CELL_INT,      /* integer: INT8..INT64, DATE, TIME, TIMESTAMP* */
    FH_CELL_UINT,     /* natural: UINT8..UINT64 */
    FH_CELL_WIDE,     /* wide: HUGEINT, DECIMAL */
    FH_CELL_REAL,     /* real: FLOAT, DOUBLE */
    FH_CELL_BYTES,    /* bytes: VARCHAR, BLOB, JSON, UUID */
    FH_CELL_INTERVAL, /* interval */
};

struct fh_cell {
    enum fh_cell_kind kind;
    struct fh_type type;
    int64_t integer;
    uint64_t natural;
    struct fh_int128 wide;
    double real;
    struct fh_bytes bytes; /* lent by the batch */
    struct {
        int32_t months;
        int32_t days;
        int64_t micros;
    } interval;
};

/* Whether a cell is NULL. `row` < batch->rows. */
bool fh_batch_is_null(const struct fh_batch_column *column, uint32_t row);
/* The cell as a value. `row` < batch->rows. */
struct fh_cell fh_batch_cell(const struct fh_batch_column *column, uint32_t row);

/* Writes rows `from` .. `from + count - 1` of a column with a fixed width (not BOOL) in plain form
 * to `out`, fh_type_width bytes each. */
void fh_batch_values(const struct fh_batch_column *column,
                     uint32_t from,
                     uint32_t count,
                     void *out);
/* The bytes of a cell of VARCHAR, BLOB or JSON, also under NULL. Lent by the batch. */
struct fh_bytes fh_batch_bytes(const struct fh_batch_column *column, uint32_t row);
/* Writes all `rows` cells of VARCHAR, BLOB or JSON in plain form: rows + 1 int32 to `out_offsets`
 * and column->plain_size bytes to `out_data`. */
void fh_batch_texts(const struct fh_batch_column *column,
                    uint32_t rows,
                    int32_t *out_offsets,
                    uint8_t *out_data);

/* ---- cells as text ------------------------------------------------------------------------- */

/* Appends the cell as DuckDB prints it (CAST ... AS VARCHAR); NULL appends nothing. */
void fh_cell_text(const struct fh_cell *cell, struct fh_buf *out);
/* Appends the cell as a JSON value: numbers as numbers (infinities and NaN as strings, HUGEINT and
 * DECIMAL as exact numbers), JSON columns as they are, all else as strings, NULL as null. */
void fh_cell_json(const struct fh_cell *cell, struct fh_buf *out);
/* Whether a text is one JSON value (RFC 8259), so that it may stand in a larger one as it is. */
bool fh_json_valid(struct fh_bytes text);
/* Appends raw bytes as DuckDB prints them: printable ASCII but \ ' " as it is, all else as \xNN. */
void fh_blob_text(struct fh_bytes bytes, struct fh_buf *out);
/* Appends the bytes as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void fh_json_string(struct fh_bytes text, struct fh_buf *out);

/* ---- writing ------------------------------------------------------------------------------- */

struct fh_batch_slot {
    /* set by the caller before fh_batch_begin */
    struct fh_bytes name; /* borrowed during begin */
    struct fh_type type;
    uint32_t nulls;       /* NULLs among the rows */
    size_t variable_size; /* VARCHAR, BLOB, JSON: bytes of all values, one for each row */
    enum fh_batch_encoding encoding;
    uint8_t width;          /* NARROW: 0..fh_batch_narrow_width_max; DICTIONARY: 1 or 2 */
    int64_t base;           /* NARROW */
    uint64_t unit;          /* NARROW */
    uint32_t entries;       /* DICTIONARY */
    size_t dictionary_size; /* DICTIONARY: bytes of all entries */
    /* set by fh_batch_begin, for the caller to fill; lent by the output buffer */
    uint8_t *validity; /* zeroed; NULL when nulls = 0 */
    uint8_t *offsets;  /* rows (or entries) + 1 int32, 64-byte aligned if `out` is; else NULL */
    uint8_t *data;
    size_t data_size;
    uint8_t *indices; /* DICTIONARY; else NULL */
};

/* Upper bound of header and padding for columns whose names have `name_bytes` in all. */
size_t fh_batch_overhead(uint32_t columns, size_t name_bytes);

/* Bytes that one column of `rows` rows takes at most beside the overhead, in plain form. */
size_t
fh_batch_column_size(struct fh_type type, uint32_t rows, uint32_t nulls, size_t variable_size);

/* Lays a batch out in `out` (capacity bytes), writes header and padding, points each slot at its
 * buffers and sets `out_size`. FH_ETOOBIG when it does not fit the capacity or, as it is or in
 * plain form, FH_BATCH_BYTES_MAX; FH_EINVAL for an invalid type or encoding. `header` is scratch
 * memory of the caller, reset here. */
FH_MUST_CHECK int fh_batch_begin(uint8_t *out,
                                 size_t capacity,
                                 uint32_t rows,
                                 struct fh_batch_slot *slots,
                                 uint32_t slot_count,
                                 struct fh_buf *header,
                                 size_t *out_size,
                                 struct fh_err *err);

#endif
