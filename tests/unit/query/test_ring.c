/* SPDX-License-Identifier: Apache-2.0 */
/* Rings: places that follow from types, and frames of a hostile writer. */
#include "proto/query/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fh_arena *arena;

static int up(void **state)
{
    (void)state;
    arena = fh_arena_new(8 * 1024 * 1024);
    return arena == NULL;
}

static int down(void **state)
{
    (void)state;
    fh_arena_free(arena);
    return 0;
}

static void places_do_not_overlap(void **state)
{
    (void)state;
    struct fh_type types[FH_TYPE_COUNT];
    struct fh_err err = {0};
    uint32_t count = 0;
    for (uint8_t code = FH_TYPE_BOOL; code < FH_TYPE_COUNT; code++) {
        uint8_t precision = code == FH_TYPE_DECIMAL ? 18 : 0;
        types[count++] = (struct fh_type){.code = code, .precision = precision};
    }
    struct fh_ring_layout layout;
    assert_int_equal(fh_ring_lay_out(&layout, types, count, arena, &err), FH_OK);
    assert_int_equal(layout.rows_max, 2048);
    size_t end = 16 + count;
    for (uint32_t i = 0; i < count; i++) {
        const struct fh_ring_place *place = &layout.places[i];
        assert_true(place->validity >= end && place->validity % 64 == 0);
        assert_true(place->values >= place->validity + layout.rows_max / 8);
        assert_true(place->values % 64 == 0 && place->width > 0);
        end = place->values + (size_t)layout.rows_max * place->width;
    }
    assert_true(layout.text_at >= end);
    assert_true(layout.slot_bytes >= layout.text_at + FH_RING_TEXT_BYTES);
    assert_true(fh_ring_slot(&layout, 0) >= FH_RING_CONTROL_BYTES);
}

static void slots_go_round(void **state)
{
    (void)state;
    static struct fh_type types[FH_BATCH_COLUMNS_MAX];
    struct fh_ring_layout layout;
    struct fh_err err = {0};
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        types[i] = (struct fh_type){.code = FH_TYPE_VARCHAR};
    }
    uint32_t before = FH_RING_SLOTS_MAX;
    for (uint32_t count = 0; count <= FH_BATCH_COLUMNS_MAX; count++) {
        struct fh_arena *one = fh_arena_new(1024 * 1024);
        assert_int_equal(fh_ring_lay_out(&layout, types, count, one, &err), FH_OK);
        fh_arena_free(one);
        uint32_t slots = layout.slots;
        assert_in_range(slots, FH_RING_SLOTS_MIN, before); /* a wider table has no more */
        assert_true(slots == FH_RING_SLOTS_MIN || slots * layout.text_at <= FH_RING_COLUMNS_BYTES);
        assert_int_equal(fh_ring_slot(&layout, slots), fh_ring_slot(&layout, 0));
        assert_true(fh_ring_slot(&layout, slots - 1) + layout.slot_bytes <= layout.ring_bytes);
        /* The counter of frames goes round without a jump. */
        assert_int_equal(UINT32_MAX % slots, slots - 1);
        before = slots;
    }
    assert_int_equal(before, FH_RING_SLOTS_MIN);
}

static void wide_tables_have_short_frames(void **state)
{
    (void)state;
    static struct fh_type types[FH_BATCH_COLUMNS_MAX + 1];
    struct fh_ring_layout layout;
    struct fh_err err = {0};
    for (size_t i = 0; i < FH_COUNT(types); i++) {
        types[i] = (struct fh_type){.code = FH_TYPE_VARCHAR};
    }
    assert_int_equal(fh_ring_lay_out(&layout, types, FH_BATCH_COLUMNS_MAX, arena, &err), FH_OK);
    assert_true(layout.rows_max >= 64 && layout.rows_max < 2048 && layout.rows_max % 64 == 0);
    assert_true(layout.ring_bytes < (size_t)256 * 1024 * 1024);
    assert_int_equal(fh_ring_lay_out(&layout, types, FH_BATCH_COLUMNS_MAX + 1, arena, &err),
                     FH_ETOOBIG);
    types[0].code = FH_TYPE_COUNT;
    assert_int_equal(fh_ring_lay_out(&layout, types, 1, arena, &err), FH_EINVAL);
    assert_int_equal(fh_ring_lay_out(&layout, types, 0, arena, &err), FH_OK);
}

static void heads_that_cannot_be(void **state)
{
    (void)state;
    const struct fh_type type = {.code = FH_TYPE_VARCHAR};
    struct fh_ring_layout some;
    struct fh_ring_layout none;
    struct fh_err err = {0};
    assert_int_equal(fh_ring_lay_out(&some, &type, 1, arena, &err), FH_OK);
    assert_int_equal(fh_ring_lay_out(&none, &type, 0, arena, &err), FH_OK);
    const struct {
        const struct fh_ring_layout *layout;
        uint64_t rows;
        uint32_t text;
        int code;
    } rows[] = {
        {&some, 0, 0, FH_OK},
        {&some, 2048, FH_RING_TEXT_BYTES, FH_OK},
        {&some, 2049, 0, FH_EPROTO},
        {&some, UINT64_MAX, 0, FH_EPROTO},
        {&some, 1, FH_RING_TEXT_BYTES + 1, FH_EPROTO},
        {&some, 1, UINT32_MAX, FH_EPROTO},
        {&none, INT64_MAX, 0, FH_OK},
        {&none, (uint64_t)INT64_MAX + 1, 0, FH_EPROTO},
        {&none, 1, 1, FH_EPROTO},
    };
    uint8_t *slot = calloc(1, some.slot_bytes);
    struct fh_ring_frame *frame = calloc(1, sizeof *frame);
    assert_true(slot != NULL && frame != NULL);
    frame->text = malloc(FH_RING_TEXT_BYTES);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t nulls = 1;
        fh_ring_put_head(slot, rows[i].layout, rows[i].rows, rows[i].text, &nulls);
        if (fh_ring_get(frame, slot, rows[i].layout, &err) != rows[i].code) {
            fail_msg("row %zu", i);
        }
    }
    free(frame->text);
    free(frame);
    free(slot);
}

static void text(uint8_t value[FH_RING_TEXT_WIDTH], uint32_t size, const char *bytes)
{
    memset(value, 0xee, FH_RING_TEXT_WIDTH); /* what a hostile writer leaves behind the text */
    memcpy(value, &size, sizeof size);
    memcpy(value + 4, bytes, size);
}

static void texts_are_checked(void **state)
{
    (void)state;
    static uint8_t long_text[] = "abc\xc3\xa4 and more than twelve";
    struct fh_ring_frame frame = {.text = long_text, .text_bytes = sizeof long_text - 1};
    static const char *const good[] = {"", "a", "abcd", "abcde", "\xc3\xa4", "abcdefghijkl"};
    uint8_t value[FH_RING_TEXT_WIDTH];
    struct fh_bytes found;
    for (size_t i = 0; i < FH_COUNT(good); i++) {
        uint32_t size = (uint32_t)strlen(good[i]);
        text(value, size, good[i]);
        assert_true(fh_ring_text(&found, value, &frame, true));
        assert_true(fh_bytes_equal_cstr(found, good[i]));
        for (size_t at = 4 + size; at < sizeof value; at++) {
            assert_int_equal(value[at], 0); /* DuckDB compares all of them */
        }
    }
    uint8_t many[3 * FH_RING_TEXT_WIDTH];
    text(many, 3, "abc");
    text(many + FH_RING_TEXT_WIDTH, 0, "");
    text(many + 2 * FH_RING_TEXT_WIDTH, 12, "abcdefghijkl");
    assert_true(fh_ring_plain_texts(many, 3));
    assert_memory_equal(many, "\3\0\0\0abc\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    text(many + FH_RING_TEXT_WIDTH, 2, "\xc3\xa4");
    assert_false(fh_ring_plain_texts(many, 3)); /* to be looked at */
    fh_ring_put_long(many + FH_RING_TEXT_WIDTH, 13, 0);
    assert_false(fh_ring_plain_texts(many, 3));
    for (uint32_t size = 0; size <= FH_RING_TEXT_SHORT; size++) { /* as codes are: of one size */
        static const char letters[] = "abcdefghijkl";
        for (int bad = 0; bad < 4; bad++) {
            for (uint32_t row = 0; row < 3; row++) {
                memset(many + row * FH_RING_TEXT_WIDTH, 0, FH_RING_TEXT_WIDTH);
                memcpy(many + row * FH_RING_TEXT_WIDTH, &size, sizeof size);
                memcpy(many + row * FH_RING_TEXT_WIDTH + 4, letters, size);
            }
            uint8_t clean[sizeof many];
            memcpy(clean, many, sizeof many);
            uint8_t *last = many + 2 * FH_RING_TEXT_WIDTH;
            if (bad == 1 && size < FH_RING_TEXT_SHORT) {
                last[FH_RING_TEXT_WIDTH - 1] = 1; /* behind the text: cleared */
            } else if (bad == 2 && size > 0) {
                last[3 + size] = 0x80; /* to be looked at */
                assert_false(fh_ring_plain_texts(many, 3));
                continue;
            } else if (bad == 3) {
                last[3] = 0x80; /* no size of a short text */
                assert_false(fh_ring_plain_texts(many, 3));
                continue;
            }
            assert_true(fh_ring_plain_texts(many, 3));
            assert_memory_equal(many, clean, sizeof many);
        }
    }
    static uint8_t with_nul[] = "more than\0twelve, with \xc3\xa4";
    struct fh_ring_frame nul = {.text = with_nul, .text_bytes = sizeof with_nul - 1};
    fh_ring_put_long(value, sizeof with_nul - 1, 0);
    assert_true(fh_ring_text(&found, value, &nul, true)); /* U+0000 is a character */
    text(value, 1, "\xc3");
    assert_false(fh_ring_text(&found, value, &frame, true));
    text(value, 1, "\xc3");
    assert_true(fh_ring_text(&found, value, &frame, false)); /* a BLOB */
    static const struct {
        uint32_t size;
        uint32_t at;
        bool good;
    } rows[] = {
        {13, 0, true},
        {26, 0, true},
        {27, 0, false},
        {13, 13, true},
        {13, 14, false},
        {13, 4, false}, /* begins within a character */
        {13, UINT32_MAX, false},
        {UINT32_MAX, 13, false},
        {UINT32_MAX, UINT32_MAX, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        fh_ring_put_long(value, rows[i].size, rows[i].at);
        if (fh_ring_text(&found, value, &frame, true) != rows[i].good) {
            fail_msg("row %zu", i);
        }
        assert_true(!rows[i].good || found.size == rows[i].size);
    }
}

static void values_are_made_what_they_must_be(void **state)
{
    (void)state;
    uint8_t flags[] = {0, 1, 2, 255};
    assert_true(fh_ring_values(flags, (struct fh_type){.code = FH_TYPE_BOOL}, NULL, 4));
    assert_memory_equal(flags, "\0\1\1\1", 4);
    const struct fh_type time = {.code = FH_TYPE_TIME};
    int64_t times[] = {0, INT64_C(86400000000), -1};
    uint64_t first_two = 3;
    assert_true(fh_ring_values(times, time, NULL, 2));
    assert_false(fh_ring_values(times, time, NULL, 3));
    assert_true(fh_ring_values(times, time, &first_two, 3)); /* under a NULL stands anything */
    times[0] = INT64_C(86400000001);
    assert_false(fh_ring_values(times, time, NULL, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_do_not_overlap),
        cmocka_unit_test(slots_go_round),
        cmocka_unit_test(wide_tables_have_short_frames),
        cmocka_unit_test(heads_that_cannot_be),
        cmocka_unit_test(texts_are_checked),
        cmocka_unit_test(values_are_made_what_they_must_be),
    };
    return cmocka_run_group_tests(tests, up, down);
}
