/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/rows.h"

#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Three rows: (1, a<tab>b"c\), (NULL, NULL), (-3, ""). */
static const int64_t numbers[] = {1, 0, -3};
static const uint8_t valid[] = {5};
static const char texts[] = "a\tb\"c\\";
static const int32_t places[] = {0, 6, 6, 6};

static void columns(struct fh_pg_column out[2])
{
    const struct freehold_column number = {.name = "n", .type_name = "BIGINT"};
    const struct freehold_column text = {.name = "t,x", .type_name = "VARCHAR"};
    fh_pg_column_of(&out[0], &number);
    fh_pg_column_of(&out[1], &text);
}

static void begin(struct fh_pg_rows *rows)
{
    const struct freehold_vector number = {.rows = 3, .validity = valid, .data = numbers};
    const struct freehold_vector text = {
        .rows = 3, .validity = valid, .offsets = places, .data = texts};
    fh_pg_rows_begin(rows, 3);
    fh_pg_rows_vector(rows, 0, &number);
    fh_pg_rows_vector(rows, 1, &text);
}

/* All of it, `most` rows and `bytes` bytes at a time, with the heads of CopyData taken away. */
static void write_all(struct fh_buf *out, const struct fh_pg_copy *copy, size_t bytes, size_t most)
{
    struct fh_pg_column described[2];
    const uint8_t formats[] = {0, 1};
    struct fh_pg_rows rows;
    struct fh_err err;
    struct fh_buf part FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&part, 65536);
    columns(described);
    assert_int_equal(fh_pg_rows_init(&rows, copy, described, formats, 2, &err), FH_OK);
    begin(&rows);
    fh_pg_copy_begin(&part, copy, described, 2);
    size_t written = 0;
    for (;;) {
        size_t count = fh_pg_rows_write(&rows, &part, part.size + bytes, most);
        assert_true(count <= most);
        if (count == 0) {
            break;
        }
        written += count;
    }
    assert_int_equal(written, 3);
    fh_pg_copy_end(&part, copy);
    for (size_t at = 0; at < part.size;) {
        size_t size = 1 + fh_get_u32be(part.data + at + 1);
        assert_int_equal(part.data[at], copy->form == FH_PG_FORM_ROWS ? 'D' : 'd');
        assert_true(at + size <= part.size);
        fh_buf_add(out, part.data + at + 5, size - 5);
        at += size;
    }
    fh_pg_rows_fini(&rows);
}

static void check(const struct fh_pg_copy *copy, const char *expected, size_t size)
{
    static const size_t parts[][2] = {{1, 1}, {1, 3}, {65536, 2}, {65536, 1000}};
    for (size_t i = 0; i < FH_COUNT(parts); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&out, 65536);
        write_all(&out, copy, parts[i][0], parts[i][1]);
        assert_int_equal(out.size, size);
        assert_memory_equal(out.data, expected, size);
    }
}

static void test_rows(void **state)
{
    (void)state;
    struct fh_pg_copy copy;
    static const char expected[] = "\0\2\0\0\0\1"
                                   "1\0\0\0\6a\tb\"c\\"
                                   "\0\2\xff\xff\xff\xff\xff\xff\xff\xff"
                                   "\0\2\0\0\0\2-3\0\0\0\0";
    fh_pg_copy_default(&copy, FH_PG_FORM_ROWS);
    check(&copy, expected, sizeof expected - 1);
}

static void test_text(void **state)
{
    (void)state;
    struct fh_pg_copy copy;
    fh_pg_copy_default(&copy, FH_PG_FORM_TEXT);
    static const char plain[] = "1\ta\\tb\"c\\\\\n\\N\t\\N\n-3\t\n";
    check(&copy, plain, sizeof plain - 1);
    copy.header = true;
    copy.delimiter = '|';
    snprintf(copy.null, sizeof copy.null, "none");
    static const char other[] = "n|t,x\n1|a\\tb\"c\\\\\nnone|none\n-3|\n";
    check(&copy, other, sizeof other - 1);
}

static void test_csv(void **state)
{
    (void)state;
    struct fh_pg_copy copy;
    fh_pg_copy_default(&copy, FH_PG_FORM_CSV);
    copy.header = true;
    static const char plain[] = "n,\"t,x\"\n1,\"a\tb\"\"c\\\"\n,\n-3,\"\"\n";
    check(&copy, plain, sizeof plain - 1);
    copy.quote_all = true;
    copy.header = false;
    copy.quote = '\'';
    copy.escape = '\\';
    static const char other[] = "'1','a\tb\"c\\\\'\n,\n'-3',''\n";
    check(&copy, other, sizeof other - 1);
}

static void test_binary(void **state)
{
    (void)state;
    struct fh_pg_copy copy;
    fh_pg_copy_default(&copy, FH_PG_FORM_BINARY);
    static const char expected[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
                                   "\0\2\0\0\0\10\0\0\0\0\0\0\0\1\0\0\0\6a\tb\"c\\"
                                   "\0\2\xff\xff\xff\xff\xff\xff\xff\xff"
                                   "\0\2\0\0\0\10\xff\xff\xff\xff\xff\xff\xff\xfd\0\0\0\0"
                                   "\xff\xff";
    check(&copy, expected, sizeof expected - 1);
}

/* A column that comes as a dictionary, with numbers of one byte and of two. */
static void test_dictionary(void **state)
{
    (void)state;
    static const uint8_t small[] = {1, 0, 2};
    static const uint16_t large[] = {2, 2, 0};
    static const int32_t offsets[] = {0, 1, 1, 4};
    struct fh_pg_column described[2];
    const uint8_t formats[] = {0, 0};
    struct fh_pg_copy copy;
    struct fh_pg_rows rows;
    struct fh_err err;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    const struct freehold_column text = {.name = "t", .type_name = "VARCHAR"};
    struct freehold_vector vector = {.rows = 3,
                                     .offsets = offsets,
                                     .data = "xyyy",
                                     .entries = 3,
                                     .index_width = 1,
                                     .indices = small};
    fh_buf_init(&out, 4096);
    fh_pg_column_of(&described[0], &text);
    fh_pg_column_of(&described[1], &text);
    fh_pg_copy_default(&copy, FH_PG_FORM_CSV);
    assert_int_equal(fh_pg_rows_init(&rows, &copy, described, formats, 2, &err), FH_OK);
    fh_pg_rows_begin(&rows, 3);
    fh_pg_rows_vector(&rows, 0, &vector);
    vector.index_width = 2;
    vector.indices = large;
    fh_pg_rows_vector(&rows, 1, &vector);
    assert_int_equal(fh_pg_rows_write(&rows, &out, 4096, SIZE_MAX), 3);
    static const char expected[] = "d\0\0\0\13\"\",yyy\nd\0\0\0\12x,yyy\nd\0\0\0\12yyy,x\n";
    assert_int_equal(out.size, sizeof expected - 1);
    assert_memory_equal(out.data, expected, sizeof expected - 1);
    fh_pg_rows_fini(&rows);
}

/* A row that the buffer does not hold fails it, and nothing is half written. */
static void test_too_long(void **state)
{
    (void)state;
    struct fh_pg_column described[2];
    const uint8_t formats[] = {0, 0};
    struct fh_pg_copy copy;
    struct fh_pg_rows rows;
    struct fh_err err;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, 64);
    columns(described);
    fh_pg_copy_default(&copy, FH_PG_FORM_ROWS);
    assert_int_equal(fh_pg_rows_init(&rows, &copy, described, formats, 2, &err), FH_OK);
    begin(&rows);
    assert_int_equal(fh_pg_rows_write(&rows, &out, 1, SIZE_MAX), 0);
    assert_int_equal(fh_buf_ok(&out), FH_ETOOBIG);
    fh_pg_rows_fini(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_dictionary),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
