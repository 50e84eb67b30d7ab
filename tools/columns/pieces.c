/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/pieces.h"

#include "common/assert.h"
#include "common/mem.h"

#include <string.h>

enum { PIECES_FIRST = 64 };

void fh_piece_list_fini(struct fh_piece_list *list)
{
    fh_free(list->list);
    *list = (struct fh_piece_list){.list = NULL};
}

void fh_piece_list_reset(struct fh_piece_list *list)
{
    list->count = 0;
    list->bytes = 0;
    list->failed = FH_OK;
}

static bool make_room(struct fh_piece_list *list)
{
    if (list->count < list->capacity) {
        return true;
    }
    size_t capacity = list->capacity == 0 ? PIECES_FIRST : 2 * list->capacity;
    struct iovec *grown = fh_realloc(list->list, capacity * sizeof *grown);
    if (grown == NULL) {
        list->failed = FH_ENOMEM;
        return false;
    }
    list->list = grown;
    list->capacity = capacity;
    return true;
}

void fh_piece_list_add(struct fh_piece_list *list, const void *data, size_t size)
{
    if (size == 0 || list->failed != FH_OK || !make_room(list)) {
        return;
    }
    /* writev reads only, but its type does not say so. */
    union {
        const void *in;
        void *out;
    } base = {.in = data};
    list->list[list->count++] = (struct iovec){.iov_base = base.out, .iov_len = size};
    list->bytes += size;
}

void fh_piece_list_cut(struct fh_piece_list *list, uint8_t *out, size_t size)
{
    while (size > 0 && list->failed == FH_OK) {
        FH_ASSERT(list->count > 0);
        struct iovec *last = &list->list[list->count - 1];
        size_t piece = last->iov_len < size ? last->iov_len : size;
        last->iov_len -= piece;
        size -= piece;
        list->bytes -= piece;
        memcpy(out + size, (const uint8_t *)last->iov_base + last->iov_len, piece);
        list->count -= last->iov_len == 0;
    }
}

int fh_piece_list_view(const struct fh_piece_list *list, struct fh_pieces *out, struct fh_err *err)
{
    if (list->failed != FH_OK) {
        return fh_err_set(err, list->failed, "no memory for the pieces of an answer");
    }
    *out = (struct fh_pieces){.list = list->list, .count = list->count, .bytes = list->bytes};
    return FH_OK;
}
