/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: a view, and a buffer that grows up to a stated limit.
 *
 * `struct fh_bytes` is a pointer and a length that somebody else owns. `struct fh_buf` owns its
 * memory; appending never fails at the call: a failure (no memory, limit reached) sticks, and the
 * one check at the end, `fh_buf_ok`, tells. So an encoder reads as a list of appends.
 *
 * Does not: keep a terminating NUL (see fh_buf_cstr). Thread: distinct objects.
 */
#ifndef FH_COMMON_BYTES_H
#define FH_COMMON_BYTES_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fh_bytes {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;
};

#define FH_BYTES_NONE ((struct fh_bytes){NULL, 0})

static inline struct fh_bytes fh_bytes(const void *data, size_t size)
{
    return (struct fh_bytes){data, size};
}

/* A view of a C string without its NUL; `s` is borrowed for as long as the view lives. */
struct fh_bytes fh_bytes_cstr(const char *s);
bool fh_bytes_equal(struct fh_bytes a, struct fh_bytes b);
bool fh_bytes_equal_cstr(struct fh_bytes a, const char *s);
/* memcmp order, shorter first when one is a prefix of the other: <0, 0, >0. */
int fh_bytes_compare(struct fh_bytes a, struct fh_bytes b);

struct fh_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit; /* most bytes it may ever hold; 0 after a failed append: see `failed` */
    int failed;   /* FH_OK, FH_ENOMEM or FH_ETOOBIG: sticks until reset */
};

/* An empty buffer that will hold at most `limit` bytes. */
void fh_buf_init(struct fh_buf *buf, size_t limit);
void fh_buf_fini(struct fh_buf *buf);
/* Empties the buffer, clears a failure, keeps memory and limit. */
void fh_buf_reset(struct fh_buf *buf);

void fh_buf_add(struct fh_buf *buf, const void *data, size_t size);
void fh_buf_add_bytes(struct fh_buf *buf, struct fh_bytes bytes);
void fh_buf_add_u8(struct fh_buf *buf, uint8_t value);
void fh_buf_add_cstr(struct fh_buf *buf, const char *s);
/* Appends the text between two marks, each mark inside doubled: names and texts of SQL. */
void fh_buf_add_quoted(struct fh_buf *buf, const char *s, char mark);
void fh_buf_printf(struct fh_buf *buf, const char *format, ...) FH_PRINTF(2, 3);

/* `size` writable bytes at the end, lent until the next call; NULL after a failure. */
uint8_t *fh_buf_reserve(struct fh_buf *buf, size_t size);

static inline struct fh_bytes fh_buf_view(const struct fh_buf *buf)
{
    return (struct fh_bytes){buf->data, buf->size};
}

/* FH_OK, or the first failure since init or reset. */
FH_MUST_CHECK int fh_buf_ok(const struct fh_buf *buf);

/* The content followed by a NUL that is not counted; lent until the next call. "" after a failure.
 */
const char *fh_buf_cstr(struct fh_buf *buf);

/* Big-endian integers, the byte order of every own format. */
static inline void fh_put_u32be(uint8_t *out, uint32_t v)
{
    out[0] = (uint8_t)(v >> 24);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
}

static inline uint32_t fh_get_u32be(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

static inline void fh_put_u64be(uint8_t *out, uint64_t v)
{
    fh_put_u32be(out, (uint32_t)(v >> 32));
    fh_put_u32be(out + 4, (uint32_t)v);
}

static inline uint64_t fh_get_u64be(const uint8_t *in)
{
    return (uint64_t)fh_get_u32be(in) << 32 | fh_get_u32be(in + 4);
}

/* Writes 2 * size lower-case hex digits and a NUL to `out`. */
void fh_hex(char *out, const uint8_t *data, size_t size);
/* Reads exactly 2 * size hex digits; false on any other character or length. */
FH_MUST_CHECK bool fh_unhex(uint8_t *out, size_t size, const char *text);

/* Whether the bytes are well-formed UTF-8 without U+0000 (Unicode 15, table 3-7). */
bool fh_utf8_valid(struct fh_bytes bytes);
/* The same where U+0000 may stand, as in the texts of a database. */
bool fh_utf8_text(struct fh_bytes bytes);
/* Whether a text, well-formed UTF-8, is without the control characters of ASCII: fit for a
 * terminal's line. */
bool fh_text_printable(const char *text);
/* The code point at `*at` (< size) of well-formed UTF-8, and moves `*at` behind it. Bytes that are
 * not well-formed give U+FFFD one by one. */
uint32_t fh_utf8_next(struct fh_bytes bytes, size_t *at);

#endif
