/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/spoil.h"

#include "common/assert.h"
#include "common/limits.h"
#include "proto/wire/pack.h"

#include <string.h>

static const struct {
    const char *rule;
    const char *text;
} ways[TEST_SPOIL_COUNT] = {
#define X(name, rule, text) [TEST_SPOIL_##name] = {(rule), (text)},
    TEST_SPOIL_WAYS(X)
#undef X
};

/* What is put in place of a value, but for those ways that need the value itself. */
static const struct {
    enum fh_pack_kind kind; /* of what a way of SHAPE puts there */
    uint8_t size;
    uint8_t bytes[12];
} stands[TEST_SPOIL_COUNT] = {
    [TEST_SPOIL_NIL] = {FH_PACK_NIL, 1, {0xc0}},
    [TEST_SPOIL_BOOL] = {FH_PACK_BOOL, 1, {0xc3}},
    [TEST_SPOIL_NEGATIVE] = {FH_PACK_INT, 1, {0xf9}},
    [TEST_SPOIL_NUMBER] = {FH_PACK_UINT, 1, {0x01}},
    [TEST_SPOIL_STRING] = {FH_PACK_STR, 2, {0xa1, 'x'}},
    [TEST_SPOIL_BIN] = {FH_PACK_BIN, 3, {0xc4, 1, 0xff}},
    [TEST_SPOIL_ARRAY] = {FH_PACK_ARRAY, 1, {0x90}},
    [TEST_SPOIL_MAP] = {FH_PACK_MAP, 1, {0x80}},
    [TEST_SPOIL_FLOAT] = {0, 5, {0xca, 0x3f, 0x80, 0, 0}},
    [TEST_SPOIL_EXTENSION] = {0, 3, {0xd4, 1, 1}},
    [TEST_SPOIL_RESERVED] = {0, 1, {0xc1}},
    [TEST_SPOIL_LONG_NUMBER] = {0, 9, {0xcf, 0, 0, 0, 0, 0, 0, 0, 1}},
    [TEST_SPOIL_LONG_STRING] = {0, 3, {0xd9, 1, 'x'}},
    [TEST_SPOIL_HUGE_STRING] = {0, 5, {0xdb, 0xff, 0xff, 0xff, 0xff}},
    [TEST_SPOIL_HUGE_BIN] = {0, 5, {0xc6, 0xff, 0xff, 0xff, 0xff}},
    [TEST_SPOIL_HUGE_ARRAY] = {0, 5, {0xdd, 0xff, 0xff, 0xff, 0xff}},
    [TEST_SPOIL_HUGE_MAP] = {0, 5, {0xdf, 0xff, 0xff, 0xff, 0xff}},
    [TEST_SPOIL_BROKEN_TEXT] = {0, 3, {0xa2, 0xc3, 0x28}},
    [TEST_SPOIL_ZERO_TEXT] = {0, 3, {0xa2, 'x', 0}},
    [TEST_SPOIL_MAP_ORDER] = {0, 7, {0x82, 0xa1, 'a', 0xc0, 0xa1, 'a', 0xc0}},
    [TEST_SPOIL_MAP_KEY] = {0, 3, {0x81, 1, 1}},
};

const char *test_spoil_text(enum test_spoil_way way)
{
    return ways[way].text;
}

const char *test_spoil_rule(enum test_spoil_way way)
{
    return ways[way].rule;
}

/* Walks one value. When `*left` values came before the one that is wanted, sets `out` to it. */
static void walk(struct fh_pack_reader *reader, unsigned *left, struct fh_bytes *out)
{
    enum fh_pack_kind kind = fh_pack_peek(reader);
    if (*left == 0 && out->data == NULL) {
        *out = fh_pack_read_raw(reader);
        return;
    }
    *left -= *left > 0;
    if (kind != FH_PACK_ARRAY && kind != FH_PACK_MAP) {
        fh_pack_skip(reader);
        return;
    }
    uint32_t count = kind == FH_PACK_ARRAY ? fh_pack_read_array(reader, UINT32_MAX)
                                           : 2 * fh_pack_read_map(reader, UINT32_MAX);
    for (uint32_t i = 0; i < count; i++) {
        walk(reader, left, out);
    }
}

/* The value at a place; NULL data beyond the last. */
static struct fh_bytes find(struct fh_bytes good, unsigned place)
{
    struct fh_pack_reader reader;
    struct fh_bytes found = FH_BYTES_NONE;
    fh_pack_read_init(&reader, good);
    walk(&reader, &place, &found);
    FH_ASSERT(reader.failed == FH_OK);
    return found;
}

unsigned test_spoil_places(struct fh_bytes good)
{
    unsigned places = 0;
    while (find(good, places).data != NULL) {
        places++;
    }
    return places;
}

static bool puts_the_same(struct fh_bytes value, enum test_spoil_way way)
{
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, value);
    enum fh_pack_kind kind = fh_pack_peek(&reader);
    return ways[way].rule[0] == 0 && kind == stands[way].kind;
}

static void put_deep(struct fh_buf *out)
{
    for (int i = 0; i <= FH_PACK_DEPTH_MAX; i++) {
        fh_pack_array(out, 1);
    }
    fh_pack_nil(out);
}

bool test_spoil(struct fh_buf *out, struct fh_bytes good, unsigned place, enum test_spoil_way way)
{
    struct fh_bytes value = find(good, place);
    FH_ASSERT(value.data != NULL);
    if (puts_the_same(value, way)) {
        return false;
    }
    size_t before = (size_t)(value.data - good.data);
    fh_buf_add(out, good.data, before);
    if (way == TEST_SPOIL_CUT) {
        return true;
    }
    if (way == TEST_SPOIL_DEEP) {
        put_deep(out);
    } else if (way == TEST_SPOIL_TWICE) {
        fh_buf_add_bytes(out, value);
        fh_buf_add_bytes(out, value);
    } else {
        fh_buf_add(out, stands[way].bytes, stands[way].size);
    }
    fh_buf_add(out, good.data + before + value.size, good.size - before - value.size);
    return true;
}
