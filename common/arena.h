/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena: memory that dies together.
 *
 * A decoded message or a query owns one arena with a hard cap; everything it needs is taken from
 * there and freed in one go. Exceeding the cap gives NULL, never growth.
 *
 * Thread: distinct objects. Ownership: results are lent until fh_arena_reset or fh_arena_free.
 */
#ifndef FH_COMMON_ARENA_H
#define FH_COMMON_ARENA_H

#include "common/bytes.h"

struct fh_arena;

/* An arena of at most `limit` bytes, rounded up to 16; NULL when there is no memory. Given. */
FH_MUST_CHECK struct fh_arena *fh_arena_new(size_t limit);
/* Ends the arena and all memory taken from it; NULL is fine. */
void fh_arena_free(struct fh_arena *arena);
static inline void fh_arena_freep(struct fh_arena **arena)
{
    fh_arena_free(*arena);
}

/* Zeroed, aligned for any type; NULL at the cap or out of memory. */
FH_MUST_CHECK void *fh_arena_alloc(struct fh_arena *arena, size_t size);
/* Zeroed array; NULL also when count * size wraps. */
FH_MUST_CHECK void *fh_arena_array(struct fh_arena *arena, size_t count, size_t size);
/* NUL-terminated copy of the bytes. */
FH_MUST_CHECK char *fh_arena_string(struct fh_arena *arena, struct fh_bytes bytes);
FH_MUST_CHECK char *fh_arena_strdup(struct fh_arena *arena, const char *s);
/* Bytes of the memory that the arena took so far. */
size_t fh_arena_bytes(const struct fh_arena *arena);
FH_MUST_CHECK char *fh_arena_printf(struct fh_arena *arena, const char *format, ...)
    FH_PRINTF(2, 3);

#endif
