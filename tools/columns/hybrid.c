/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/columns/hybrid.h"

#include "common/assert.h"
#include "common/err.h"
#include "tools/columns/thrift.h"

enum {
    GROUP = 8,
    RUN_MIN = 16, /* shorter ones stay packed */
};

unsigned fh_hybrid_width(uint32_t count)
{
    return count <= 2 ? 1 : 32U - (unsigned)__builtin_clz(count - 1);
}

static void put_run(struct fh_buf *out, uint32_t value, size_t length, unsigned width)
{
    fh_thrift_varint(out, (uint64_t)length << 1);
    for (unsigned i = 0; i < width; i += 8) {
        fh_buf_add_u8(out, (uint8_t)(value >> i));
    }
}

/* Zeros fill the last group. */
static void put_packed(struct fh_buf *out, const uint32_t *values, size_t count, unsigned width)
{
    if (count == 0) {
        return;
    }
    size_t groups = (count + GROUP - 1) / GROUP;
    fh_thrift_varint(out, (uint64_t)groups << 1 | 1);
    uint8_t *at = fh_buf_reserve(out, groups * width);
    uint64_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; at != NULL && i < groups * GROUP; i++) {
        bits |= (uint64_t)(i < count ? values[i] : 0) << held;
        for (held += width; held >= 8; held -= 8) {
            *at++ = (uint8_t)bits;
            bits >>= 8;
        }
    }
    FH_ASSERT(held == 0);
}

static size_t run_length(const uint32_t *values, size_t count)
{
    size_t length = 1;
    while (length < count && values[length] == values[0]) {
        length++;
    }
    return length;
}

/* Only the last packed part may end within a group: one before a run takes what it lacks from the
 * run. */
void fh_hybrid_values(struct fh_buf *out, const uint32_t *values, size_t count, unsigned width)
{
    FH_ASSERT(width >= 1 && width <= 32);
    size_t from = 0; /* not written yet */
    size_t at = 0;
    while (at < count) {
        size_t length = run_length(values + at, count - at);
        size_t lacks = (GROUP - (at - from) % GROUP) % GROUP;
        if (length >= lacks + RUN_MIN) {
            put_packed(out, values + from, at + lacks - from, width);
            put_run(out, values[at], length - lacks, width);
            from = at + length;
        }
        at += length;
    }
    put_packed(out, values + from, count - from, width);
}

void fh_hybrid_levels(struct fh_buf *out, const uint8_t *validity, size_t count)
{
    if (validity == NULL) {
        put_run(out, 1, count, 1);
        return;
    }
    size_t groups = (count + GROUP - 1) / GROUP;
    fh_thrift_varint(out, (uint64_t)groups << 1 | 1);
    fh_buf_add(out, validity, groups);
    if (count % GROUP != 0 && fh_buf_ok(out) == FH_OK) { /* what is behind the last row is 0 */
        out->data[out->size - 1] &= (uint8_t)((1U << (count % GROUP)) - 1);
    }
}
