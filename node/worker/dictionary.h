/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dictionary: the different strings of a column's batch, and which of them each row has.
 *
 * A hash table over DuckDB's own 16 bytes of a string: of a short one they are all of it. It begins
 * small, so that it stays in the first cache, and becomes sparse as it fills.
 *
 * Does not: hold on to DuckDB's memory; decide whether it is worth it. Thread: the working thread.
 */
#ifndef FH_NODE_WORKER_DICTIONARY_H
#define FH_NODE_WORKER_DICTIONARY_H

#include "common/err.h"

#include <duckdb.h>

enum {
    FH_DICTIONARY_ENTRIES_MAX = 4096, /* more are no dictionary */
    FH_DICTIONARY_BYTES_MAX = 64 * 1024,
    FH_DICTIONARY_SLOT_BITS_MAX = 14,
};

struct fh_dictionary {
    uint32_t count;
    int32_t ends[FH_DICTIONARY_ENTRIES_MAX + 1]; /* of the entries in `data`, from 0 */
    uint8_t data[FH_DICTIONARY_BYTES_MAX];
    uint16_t *indices; /* of the rows so far; 0 for NULL */
    uint32_t index_count;
    /* private */
    uint32_t index_room;
    unsigned slot_bits;
    uint64_t keys[FH_DICTIONARY_ENTRIES_MAX][2];
    uint16_t slots[1 << FH_DICTIONARY_SLOT_BITS_MAX];
};

/* Given: fh_dictionary_free. NULL without memory. */
struct fh_dictionary *fh_dictionary_new(void);
void fh_dictionary_free(struct fh_dictionary *dictionary);
/* No rows and no entries. */
void fh_dictionary_begin(struct fh_dictionary *dictionary);
/* Adds rows; `validity` may be NULL. False when there are too many different ones: what is in it is
 * of no use then. */
FH_MUST_CHECK bool fh_dictionary_add(struct fh_dictionary *dictionary,
                                     const duckdb_string_t *strings,
                                     const uint64_t *validity,
                                     uint32_t rows);

#endif
