/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bytes.h"

#include "common/err.h"
#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void compare_orders_by_byte_then_length(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        int sign;
    } rows[] = {
        {"", "", 0},
        {"", "a", -1},
        {"a", "", 1},
        {"a", "a", 0},
        {"a", "b", -1},
        {"ab", "b", -1},
        {"ab", "a", 1},
        {"\x7f", "\x80", -1}, /* bytes are unsigned */
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        int order = fh_bytes_compare(fh_bytes_cstr(rows[i].a), fh_bytes_cstr(rows[i].b));
        assert_int_equal((order > 0) - (order < 0), rows[i].sign);
        assert_int_equal(fh_bytes_equal(fh_bytes_cstr(rows[i].a), fh_bytes_cstr(rows[i].b)),
                         rows[i].sign == 0);
        assert_int_equal(fh_bytes_equal_cstr(fh_bytes_cstr(rows[i].a), rows[i].b),
                         rows[i].sign == 0);
    }
    assert_true(fh_bytes_equal(FH_BYTES_NONE, fh_bytes("x", 0)));
}

static void a_buffer_holds_up_to_its_limit_and_no_more(void **state)
{
    (void)state;
    enum { LIMIT = 1000 };
    struct fh_buf buf;
    fh_buf_init(&buf, LIMIT);
    for (size_t i = 0; i < LIMIT; i++) {
        fh_buf_add_u8(&buf, (uint8_t)i);
    }
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    assert_int_equal(buf.size, LIMIT);
    for (size_t i = 0; i < LIMIT; i++) {
        assert_int_equal(buf.data[i], (uint8_t)i);
    }
    /* The NUL of a full buffer is not content. */
    assert_int_equal(fh_buf_cstr(&buf)[1], 1);
    assert_int_equal(fh_buf_ok(&buf), FH_OK);

    fh_buf_add_u8(&buf, 0);
    assert_int_equal(fh_buf_ok(&buf), FH_ETOOBIG);
    assert_int_equal(buf.size, LIMIT);
    assert_string_equal(fh_buf_cstr(&buf), "");
    assert_null(fh_buf_reserve(&buf, 0));

    fh_buf_reset(&buf);
    fh_buf_add_cstr(&buf, "again");
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    assert_string_equal(fh_buf_cstr(&buf), "again");
    assert_int_equal(buf.size, 5);
    fh_buf_fini(&buf);
}

static void sizes_near_the_largest_do_not_wrap(void **state)
{
    (void)state;
    struct fh_buf buf;
    fh_buf_init(&buf, 100);
    fh_buf_add_cstr(&buf, "some");
    assert_null(fh_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(fh_buf_ok(&buf), FH_ETOOBIG);
    fh_buf_reset(&buf);
    fh_buf_add_cstr(&buf, "some");
    assert_null(fh_buf_reserve(&buf, SIZE_MAX - 3));
    assert_int_equal(fh_buf_ok(&buf), FH_ETOOBIG);
    fh_buf_fini(&buf);
}

static void printf_writes_all_or_nothing(void **state)
{
    (void)state;
    struct fh_buf buf;
    fh_buf_init(&buf, 8);
    fh_buf_printf(&buf, "%d-%s", 42, "abcde");
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    assert_int_equal(buf.size, 8);
    assert_memory_equal(buf.data, "42-abcde", 8);
    fh_buf_printf(&buf, "%s", "");
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    fh_buf_reset(&buf);
    fh_buf_printf(&buf, "%d-%s", 42, "abcdef");
    assert_int_equal(fh_buf_ok(&buf), FH_ETOOBIG);
    assert_int_equal(buf.size, 0);
    fh_buf_fini(&buf);
}

static void quotes_inside_are_doubled(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char mark;
        const char *expected;
    } rows[] = {
        {"", '"', "\"\""},
        {"a b", '"', "\"a b\""},
        {"\"", '"', "\"\"\"\""},
        {"a\"; DROP--", '"', "\"a\"\"; DROP--\""},
        {"it's", '\'', "'it''s'"},
        {"it's", '"', "\"it's\""},
        {"\xc3\xa9\\'", '\'', "'\xc3\xa9\\'''"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf buf;
        fh_buf_init(&buf, 64);
        fh_buf_add_quoted(&buf, rows[i].text, rows[i].mark);
        assert_string_equal(fh_buf_cstr(&buf), rows[i].expected);
        fh_buf_fini(&buf);
    }
}

static bool no_memory(size_t size)
{
    (void)size;
    return false;
}

static void no_memory_sticks_and_keeps_the_content(void **state)
{
    (void)state;
    struct fh_buf buf;
    fh_buf_init(&buf, 4096);
    fh_buf_add_cstr(&buf, "kept");
    fh_alloc_set_hook(no_memory);
    uint8_t more[512] = {0};
    fh_buf_add(&buf, more, sizeof more);
    fh_alloc_set_hook(NULL);
    assert_int_equal(fh_buf_ok(&buf), FH_ENOMEM);
    fh_buf_add_cstr(&buf, "late");
    assert_int_equal(fh_buf_ok(&buf), FH_ENOMEM);
    assert_true(fh_bytes_equal_cstr(fh_buf_view(&buf), "kept"));
    fh_buf_fini(&buf);
}

static void integers_are_big_endian(void **state)
{
    (void)state;
    uint8_t raw[8];
    fh_put_u64be(raw, 0x0102030405060708);
    assert_memory_equal(raw, "\1\2\3\4\5\6\7\10", 8);
    assert_true(fh_get_u64be(raw) == 0x0102030405060708);
    fh_put_u32be(raw, 0xfffefdfc);
    assert_memory_equal(raw, "\xff\xfe\xfd\xfc", 4);
    assert_int_equal(fh_get_u32be(raw), 0xfffefdfc);
}

static void hex_reads_what_it_writes_and_nothing_else(void **state)
{
    (void)state;
    static const uint8_t raw[] = {0x00, 0x9f, 0xa0, 0xff};
    char text[2 * sizeof raw + 1];
    uint8_t back[sizeof raw] = {0};
    fh_hex(text, raw, sizeof raw);
    assert_string_equal(text, "009fa0ff");
    assert_true(fh_unhex(back, sizeof back, text));
    assert_memory_equal(back, raw, sizeof raw);
    assert_true(fh_unhex(back, sizeof back, "009FA0FF"));
    assert_memory_equal(back, raw, sizeof raw);
    static const char *const wrong[] = {
        "",
        "009fa0f",
        "009fa0ff0",
        "009fa0fg",
        "g09fa0ff",
        "0x9fa0ff",
        " 09fa0ff",
        "009fa0f/",
        "009fa0f:",
        "009fa0f@",
        "009fa0f`",
    };
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        assert_false(fh_unhex(back, sizeof back, wrong[i]));
    }
}

static void utf8_is_checked_as_unicode_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\xc2\x80", true},
        {"\xdf\xbf", true},
        {"\xe0\xa0\x80", true},
        {"\xed\x9f\xbf", true},
        {"\xee\x80\x80", true},
        {"\xef\xbf\xbf", true},
        {"\xf0\x90\x80\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"a\x80", false},            /* lone continuation */
        {"\xc0\xaf", false},         /* overlong */
        {"\xc1\xbf", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xf4\x90\x80\x80", false}, /* past U+10FFFF */
        {"\xf5\x80\x80\x80", false}, /* no such lead */
        {"\xff", false},             /* no such lead */
        {"\xc2", false},             /* cut short */
        {"\xe1\x80", false},         /* cut short */
        {"\xf1\x80\x80", false},     /* cut short */
        {"\xc2\x41", false},         /* no continuation */
        {"\xe1\x80\x41", false},     /* no continuation */
        {"\xf1\x80\x80\x41", false}, /* no continuation */
        {"\xe1\x80\xc0", false},     /* no continuation */
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        /* A tight copy: a read past the end is seen by the sanitizer. */
        size_t size = strlen(rows[i].text);
        uint8_t *tight = malloc(size == 0 ? 1 : size);
        assert_non_null(tight);
        memcpy(tight, rows[i].text, size);
        bool valid = fh_utf8_valid(fh_bytes(tight, size));
        free(tight);
        if (valid != rows[i].valid) {
            fail_msg("row %zu: %s", i, valid ? "taken" : "refused");
        }
    }
    assert_false(fh_utf8_valid(fh_bytes("a\0b", 3)));
    assert_true(fh_utf8_text(fh_bytes("a\0b", 3)));
    assert_true(fh_utf8_text(fh_bytes("", 0)));
    assert_false(fh_utf8_text(fh_bytes("\0\xc3\0\xa4", 4)));
}

static void printable_is_without_control_characters(void **state)
{
    (void)state;
    assert_true(fh_text_printable(""));
    assert_true(fh_text_printable(" caf\xc3\xa9 ~"));
    assert_false(fh_text_printable("two\nlines"));
    assert_false(fh_text_printable("\x1b[2J"));
    assert_false(fh_text_printable("end\x1f"));
    assert_false(fh_text_printable("\x7f"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_orders_by_byte_then_length),
        cmocka_unit_test(a_buffer_holds_up_to_its_limit_and_no_more),
        cmocka_unit_test(sizes_near_the_largest_do_not_wrap),
        cmocka_unit_test(printf_writes_all_or_nothing),
        cmocka_unit_test(quotes_inside_are_doubled),
        cmocka_unit_test(no_memory_sticks_and_keeps_the_content),
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(hex_reads_what_it_writes_and_nothing_else),
        cmocka_unit_test(utf8_is_checked_as_unicode_says),
        cmocka_unit_test(printable_is_without_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
