/* SPDX-License-Identifier: Apache-2.0 */
#include "common/arena.h"

#include "common/assert.h"
#include "common/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 16 * 1024, ALIGN = 16 };

struct block {
    struct block *next;
    size_t size; /* usable bytes after the header */
    size_t used;
    size_t padding; /* keeps the bytes behind the header aligned to ALIGN */
};

_Static_assert(sizeof(struct block) % ALIGN == 0, "block data must stay aligned");

struct fh_arena {
    struct block *head;
    size_t limit;
    size_t taken; /* bytes of all blocks */
};

struct fh_arena *fh_arena_new(size_t limit)
{
    struct fh_arena *arena = fh_calloc(1, sizeof *arena);
    if (arena != NULL) {
        arena->limit = limit > SIZE_MAX - ALIGN ? limit : (limit + ALIGN - 1) / ALIGN * ALIGN;
    }
    return arena;
}

void fh_arena_free(struct fh_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    struct block *block = arena->head;
    while (block != NULL) {
        struct block *next = block->next;
        fh_free(block);
        block = next;
    }
    fh_free(arena);
}

static struct block *new_block(struct fh_arena *arena, size_t needed)
{
    size_t left = arena->limit - arena->taken;
    if (needed > left) {
        return NULL;
    }
    size_t size = needed > BLOCK_BYTES ? needed : left < BLOCK_BYTES ? left : BLOCK_BYTES;
    struct block *block = fh_calloc(1, sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    block->next = arena->head;
    arena->head = block;
    arena->taken += size;
    return block;
}

void *fh_arena_alloc(struct fh_arena *arena, size_t size)
{
    FH_ASSERT(arena != NULL);
    if (size > arena->limit || size > SIZE_MAX - ALIGN) {
        return NULL;
    }
    size_t rounded = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct block *block = arena->head;
    if (block == NULL || block->size - block->used < rounded) {
        block = new_block(arena, rounded);
        if (block == NULL) {
            return NULL;
        }
    }
    uint8_t *p = (uint8_t *)(block + 1) + block->used;
    block->used += rounded;
    return p;
}

void *fh_arena_array(struct fh_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    return fh_arena_alloc(arena, bytes);
}

char *fh_arena_string(struct fh_arena *arena, struct fh_bytes bytes)
{
    char *copy = fh_arena_alloc(arena, bytes.size + 1);
    if (copy != NULL && bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return copy;
}

char *fh_arena_strdup(struct fh_arena *arena, const char *s)
{
    return fh_arena_string(arena, fh_bytes_cstr(s));
}

size_t fh_arena_bytes(const struct fh_arena *arena)
{
    return arena->taken;
}

char *fh_arena_printf(struct fh_arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int wanted = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = wanted < 0 ? NULL : fh_arena_alloc(arena, (size_t)wanted + 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)wanted + 1, format, again);
    }
    va_end(again);
    return text;
}
