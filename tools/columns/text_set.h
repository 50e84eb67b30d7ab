/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Set of texts, numbered in the order in which they came: the dictionary of a Parquet column.
 *
 * It is bounded (FH_PARQUET_DICTIONARY_*), and so is the work of a look-up, whatever the texts are:
 * a set that would need more is full, which sticks until it is reset.
 *
 * Does not: forget one text. Thread: distinct objects. Ownership: texts are copied.
 */
#ifndef FH_TOOLS_COLUMNS_TEXT_SET_H
#define FH_TOOLS_COLUMNS_TEXT_SET_H

#include "common/bytes.h"

struct fh_text_set {
    struct fh_buf plain; /* of each text its u32le size and its bytes, as Parquet's PLAIN */
    size_t count;
    uint32_t *places; /* of each text in `plain` */
    uint32_t *slots;  /* open addressing: number + 1, 0 is free */
    size_t slot_count;
    bool full;
};

void fh_text_set_init(struct fh_text_set *set);
void fh_text_set_fini(struct fh_text_set *set);
/* Empties it, keeps its memory. */
void fh_text_set_reset(struct fh_text_set *set);
/* The number of a text, which is added when it is new. False when the set is full. */
FH_MUST_CHECK bool fh_text_set_number(struct fh_text_set *set, struct fh_bytes text, uint32_t *out);
/* Bytes that it takes, and those that it holds for later. */
size_t fh_text_set_size(const struct fh_text_set *set);
size_t fh_text_set_memory(const struct fh_text_set *set);

#endif
