/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text list: the purposes and columns of grants and requests, in ascending order, each once.
 *
 * One set has one encoding, and membership is a binary search. Texts are for people too: they have
 * no control characters.
 *
 * Does not: sort. Thread: any. Ownership: texts of a list that was read lie in the caller's arena.
 */
#ifndef FH_PROTO_GOVERNANCE_TEXT_LIST_H
#define FH_PROTO_GOVERNANCE_TEXT_LIST_H

#include "common/arena.h"
#include "proto/wire/pack.h"

struct fh_text_list {
    uint32_t count;
    const char *const *texts; /* strictly ascending by bytes */
};

/* Appends the list as an array of strings. */
void fh_text_list_pack(struct fh_buf *out, const struct fh_text_list *list);

/* Reads at most `most` texts of at most `bytes_max` bytes; the reader keeps what went wrong, a
 * full arena too. Order and content are fh_text_list_check's. */
void fh_text_list_read(struct fh_text_list *out,
                       struct fh_pack_reader *reader,
                       uint32_t most,
                       size_t bytes_max,
                       struct fh_arena *arena);

/* FH_EINVAL with `rule`: a text that is empty or not printable, or no ascending order. `what` names
 * the list in the error ("grant: purposes"). */
FH_MUST_CHECK int fh_text_list_check(const struct fh_text_list *list,
                                     const char *rule,
                                     const char *what,
                                     struct fh_err *err);
/* The same, and each is `table.column`: a name, a dot, 1 to FH_COLUMN_NAME_BYTES_MAX bytes. */
FH_MUST_CHECK int fh_text_list_check_columns(const struct fh_text_list *list,
                                             const char *rule,
                                             const char *what,
                                             struct fh_err *err);

/* Reads one text of at most `bytes_max` bytes into the arena; "" when the reader has failed. */
const char *fh_text_read(struct fh_pack_reader *reader, size_t bytes_max, struct fh_arena *arena);

bool fh_text_list_has(const struct fh_text_list *list, const char *text);

#endif
