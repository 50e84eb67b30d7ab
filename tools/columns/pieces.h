/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces: bytes that are written one behind the other and lie in many places.
 *
 * A writer of a format adds views of what it has, column buffers among them, and hands out the
 * list, which writev takes as it is. Does not: copy or write. Thread: distinct objects. Ownership:
 * the bytes are borrowed for as long as the list is used.
 */
#ifndef FH_TOOLS_COLUMNS_PIECES_H
#define FH_TOOLS_COLUMNS_PIECES_H

#include "common/bytes.h"
#include "common/err.h"

#include <sys/uio.h>

/* What is handed out. */
struct fh_pieces {
    const struct iovec *list; /* lent; no piece is empty, none is written to */
    size_t count;
    size_t bytes; /* of all pieces */
};

/* Where it is made. A failure sticks, as in a buffer. */
struct fh_piece_list {
    struct iovec *list;
    size_t count;
    size_t capacity;
    size_t bytes;
    int failed; /* FH_OK or FH_ENOMEM */
};

void fh_piece_list_fini(struct fh_piece_list *list);
/* Empties it; keeps its memory. */
void fh_piece_list_reset(struct fh_piece_list *list);
/* Adds `size` bytes; none for 0. */
void fh_piece_list_add(struct fh_piece_list *list, const void *data, size_t size);
/* Takes the last `size` bytes off the list, which has them, and copies them to `out`. */
void fh_piece_list_cut(struct fh_piece_list *list, uint8_t *out, size_t size);
/* The list, lent until it changes. FH_ENOMEM when a call before failed. */
FH_MUST_CHECK int
fh_piece_list_view(const struct fh_piece_list *list, struct fh_pieces *out, struct fh_err *err);

#endif
