/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"

#include "common/assert.h"
#include "common/err.h"
#include "common/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct fh_bytes fh_bytes_cstr(const char *s)
{
    return fh_bytes(s, strlen(s));
}

bool fh_bytes_equal(struct fh_bytes a, struct fh_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool fh_bytes_equal_cstr(struct fh_bytes a, const char *s)
{
    return fh_bytes_equal(a, fh_bytes_cstr(s));
}

int fh_bytes_compare(struct fh_bytes a, struct fh_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) {
        return order;
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

void fh_buf_init(struct fh_buf *buf, size_t limit)
{
    FH_ASSERT(limit > 0);
    *buf = (struct fh_buf){.limit = limit};
}

void fh_buf_fini(struct fh_buf *buf)
{
    fh_free(buf->data);
    *buf = (struct fh_buf){.limit = buf->limit};
}

void fh_buf_reset(struct fh_buf *buf)
{
    buf->size = 0;
    buf->failed = FH_OK;
}

/* fh_buf_reserve, with room for a NUL behind the content where the caller wants one. */
static uint8_t *reserve(struct fh_buf *buf, size_t size, size_t nul)
{
    FH_ASSERT(buf->limit > 0 && buf->limit < SIZE_MAX);
    if (buf->failed != FH_OK) {
        return NULL;
    }
    if (size > buf->limit - buf->size) {
        buf->failed = FH_ETOOBIG;
        return NULL;
    }
    size_t needed = buf->size + size + nul;
    if (needed > buf->capacity || buf->data == NULL) {
        size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
        while (capacity < needed) {
            capacity = capacity > buf->limit / 2 ? buf->limit + 1 : capacity * 2;
        }
        uint8_t *data = fh_realloc(buf->data, capacity);
        if (data == NULL) {
            buf->failed = FH_ENOMEM;
            return NULL;
        }
        buf->data = data;
        buf->capacity = capacity;
    }
    uint8_t *at = buf->data + buf->size;
    buf->size += size;
    return at;
}

uint8_t *fh_buf_reserve(struct fh_buf *buf, size_t size)
{
    return reserve(buf, size, 0);
}

void fh_buf_add(struct fh_buf *buf, const void *data, size_t size)
{
    uint8_t *at = fh_buf_reserve(buf, size);
    if (at != NULL && size > 0) {
        memcpy(at, data, size);
    }
}

void fh_buf_add_bytes(struct fh_buf *buf, struct fh_bytes bytes)
{
    fh_buf_add(buf, bytes.data, bytes.size);
}

void fh_buf_add_u8(struct fh_buf *buf, uint8_t value)
{
    fh_buf_add(buf, &value, 1);
}

void fh_buf_add_cstr(struct fh_buf *buf, const char *s)
{
    fh_buf_add(buf, s, strlen(s));
}

void fh_buf_add_quoted(struct fh_buf *buf, const char *s, char mark)
{
    fh_buf_add_u8(buf, (uint8_t)mark);
    for (; *s != '\0'; s++) {
        if (*s == mark) {
            fh_buf_add_u8(buf, (uint8_t)mark);
        }
        fh_buf_add_u8(buf, (uint8_t)*s);
    }
    fh_buf_add_u8(buf, (uint8_t)mark);
}

void fh_buf_printf(struct fh_buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int wanted = vsnprintf(NULL, 0, format, args);
    va_end(args);
    FH_ASSERT(wanted >= 0);
    uint8_t *at = reserve(buf, (size_t)wanted, 1);
    if (at != NULL) {
        vsnprintf((char *)at, (size_t)wanted + 1, format, again);
    }
    va_end(again);
}

int fh_buf_ok(const struct fh_buf *buf)
{
    return buf->failed;
}

const char *fh_buf_cstr(struct fh_buf *buf)
{
    uint8_t *at = reserve(buf, 0, 1);
    if (at == NULL) {
        return "";
    }
    *at = 0;
    return (const char *)buf->data;
}

void fh_hex(char *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * size] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool fh_unhex(uint8_t *out, size_t size, const char *text)
{
    if (strlen(text) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool fh_utf8_valid(struct fh_bytes bytes)
{
    const uint8_t *p = bytes.data;
    size_t i = 0;
    while (i < bytes.size) {
        uint8_t lead = p[i];
        if (lead < 0x80) {
            if (lead == 0) {
                return false;
            }
            i++;
            continue;
        }
        size_t extra = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || extra >= bytes.size - i) {
            return false;
        }
        uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (p[i + 1] < low || p[i + 1] > high) {
            return false;
        }
        for (size_t k = 2; k <= extra; k++) {
            if ((p[i + k] & 0xc0) != 0x80) {
                return false;
            }
        }
        i += extra + 1;
    }
    return true;
}

bool fh_utf8_text(struct fh_bytes bytes)
{
    while (bytes.size > 0) {
        const uint8_t *nul = memchr(bytes.data, 0, bytes.size);
        size_t piece = nul == NULL ? bytes.size : (size_t)(nul - bytes.data);
        if (!fh_utf8_valid(fh_bytes(bytes.data, piece))) {
            return false;
        }
        size_t step = nul == NULL ? piece : piece + 1;
        bytes = fh_bytes(bytes.data + step, bytes.size - step);
    }
    return true;
}

bool fh_text_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

uint32_t fh_utf8_next(struct fh_bytes bytes, size_t *at)
{
    FH_ASSERT(*at < bytes.size);
    const uint8_t *p = bytes.data + *at;
    size_t size = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (size == 0 || p[0] > 0xf4 || size > bytes.size - *at) {
        *at += 1;
        return 0xfffd;
    }
    uint32_t c = size == 1 ? p[0] : p[0] & (0xffu >> (size + 1));
    for (size_t k = 1; k < size; k++) {
        if ((p[k] & 0xc0) != 0x80) {
            *at += 1;
            return 0xfffd;
        }
        c = c << 6 | (p[k] & 0x3fu);
    }
    *at += size;
    return c;
}
