/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring: rows from a scan worker to a query worker, through memory that both have mapped.
 *
 *     page of counters | slot 0 | slot 1 | ... | slot slots - 1
 *
 * A slot holds one frame: at most `rows_max` rows of the columns that were asked for, each in a
 * place of its own that follows from the types alone, so that no offset is ever read from the
 * memory. Values stand as DuckDB keeps them in a vector, because both ends are the same DuckDB on
 * the same machine and each value is copied once by each:
 *
 *     head (rows, bytes of text) | a byte for each column: has NULLs | column 0 | column 1 | ... |
 *     text
 *     column = validity, one bit a row | values of one width, 64-byte aligned
 *
 * A text (VARCHAR, BLOB, JSON) of at most 12 bytes stands in its 16-byte value; of a longer one the
 * value has the length, and the place of its bytes in the frame's text. Frames without columns only
 * count rows.
 *
 * Either end is hostile to the other and may change the memory at any time. So the reader copies
 * what it decides on before it looks at it: head and flags into `struct fh_ring_frame`, text into a
 * buffer of its own, values into its vectors; only then does it check them, there. The writer reads
 * nothing back but the counters, and compares those with its own.
 *
 * Does not: map memory, count or wait (node/worker/ring_end.h). Thread: any, distinct objects.
 * Ownership: a layout lives in the arena that it was made in.
 */
#ifndef FH_PROTO_QUERY_RING_H
#define FH_PROTO_QUERY_RING_H

#include "common/arena.h"
#include "common/limits.h"
#include "proto/query/type.h"

enum {
    FH_RING_CONTROL_BYTES = 4096, /* page of counters */
    FH_RING_TEXT_SHORT = 12,      /* bytes of a text that stands in its value */
    FH_RING_TEXT_WIDTH = 16,      /* bytes of the value of a text */
};

struct fh_ring_place {
    struct fh_type type;
    uint32_t width;  /* bytes of a value */
    size_t validity; /* offsets in a slot */
    size_t values;
};

struct fh_ring_layout {
    uint32_t column_count;
    const struct fh_ring_place *places;
    uint32_t rows_max; /* of a frame; a multiple of 64 */
    size_t text_at;    /* offset in a slot; FH_RING_TEXT_BYTES are there */
    size_t slot_bytes;
    uint32_t slots;    /* a power of two: a source stops now and then, to unpack its next rows */
    size_t ring_bytes; /* all of it */
};

/* Lays out a ring for columns of these types, 0 to FH_BATCH_COLUMNS_MAX. FH_EINVAL for a type that
 * is none, FH_ETOOBIG, FH_ENOMEM. */
FH_MUST_CHECK int fh_ring_lay_out(struct fh_ring_layout *out,
                                  const struct fh_type *types,
                                  uint32_t count,
                                  struct fh_arena *arena,
                                  struct fh_err *err);

/* Offset of the slot of frame number `frame`: frames go round. */
size_t fh_ring_slot(const struct fh_ring_layout *layout, uint32_t frame);

/* ---- writing ---- */

/* Writes head and flags of a frame. `nulls`: a byte for each column, 1 = its validity counts. */
void fh_ring_put_head(uint8_t *slot,
                      const struct fh_ring_layout *layout,
                      uint64_t rows,
                      uint32_t text_bytes,
                      const uint8_t *nulls);
/* Writes the value of a text of more than FH_RING_TEXT_SHORT bytes that stands at `at`. */
void fh_ring_put_long(uint8_t value[FH_RING_TEXT_WIDTH], uint32_t size, uint32_t at);

/* ---- reading ---- */

struct fh_ring_frame {
    uint64_t rows; /* at most rows_max; without columns at most INT64_MAX */
    uint32_t text_bytes;
    uint8_t nulls[FH_BATCH_COLUMNS_MAX];
    uint8_t *text; /* FH_RING_TEXT_BYTES of the reader's own memory, set by the caller */
};

/* Copies head, flags and text of the frame in `slot`, and checks them. FH_EPROTO, rule
 * "ring.frame". */
FH_MUST_CHECK int fh_ring_get(struct fh_ring_frame *out,
                              const uint8_t *slot,
                              const struct fh_ring_layout *layout,
                              struct fh_err *err);

/* Checks the value of a text that was copied to `value` and points `out` at its bytes, in `value`
 * or in the frame's text; of a short one the bytes behind it are cleared. `utf8`: it must be.
 * False: it is none. */
FH_MUST_CHECK bool fh_ring_text(struct fh_bytes *out,
                                uint8_t value[FH_RING_TEXT_WIDTH],
                                const struct fh_ring_frame *frame,
                                bool utf8);

/* The same for `rows` values at once, where all are short and ASCII, as most are; false: look at
 * each (fh_ring_text). */
FH_MUST_CHECK bool fh_ring_plain_texts(uint8_t *values, uint32_t rows);

/* A reader's values of this type, copied, are made what DuckDB expects: booleans are 0 or 1. False
 * when one cannot be (a time outside of a day). `validity`: one bit a row, or NULL. */
FH_MUST_CHECK bool
fh_ring_values(void *values, struct fh_type type, const uint64_t *validity, uint32_t rows);

#endif
