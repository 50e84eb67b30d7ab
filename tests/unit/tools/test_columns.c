/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the columnar writers: encodings byte by byte, limits, values that have no place. What
 * other programs make of whole answers is in tests/columns. */
#include "common/limits.h"
#include "common/mem.h"
#include "tests/columns/made.h"
#include "tools/columns/arrow.h"
#include "tools/columns/columns.h"
#include "tools/columns/flat.h"
#include "tools/columns/hybrid.h"
#include "tools/columns/parquet.h"
#include "tools/columns/pieces.h"
#include "tools/columns/text_set.h"
#include "tools/columns/thrift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_hex(const struct fh_buf *buf, const char *expected)
{
    char hex[2048];
    assert_int_equal(fh_buf_ok(buf), FH_OK);
    assert_true(2 * buf->size < sizeof hex);
    fh_hex(hex, buf->data, buf->size);
    assert_string_equal(hex, expected);
}

/* ---- encodings ---- */

static void writes_flat_tables(void **state)
{
    (void)state;
    struct fh_buf out;
    struct fh_flat flat;
    size_t text = 0;
    size_t list = 0;
    fh_buf_init(&out, 4096);
    fh_buf_add_u8(&out, 0xEE); /* whatever is there before does not count */
    size_t root = fh_flat_begin(&flat, &out);
    const struct fh_flat_field fields[] = {
        {.slot = 0, .size = 2, .value = 0x0102},
        {.slot = 2, .ref = &text},
        {.slot = 3, .size = 8, .value = (uint64_t)-2},
        {.slot = 4, .size = 1, .value = 7},
        {.slot = 5, .ref = &list},
    };
    fh_flat_table(&flat, root, fields, FH_COUNT(fields));
    fh_flat_text(&flat, text, fh_bytes_cstr("hi"));
    uint8_t *pair = fh_flat_pairs(&flat, list, 1);
    assert_non_null(pair);
    fh_flat_put(pair, 5, 8);
    fh_flat_put(pair + 8, 6, 8);
    assert_hex(&out,
               "ee"
               "14000000"                         /* the root is 20 bytes on */
               "1000170014000000"                 /* vtable: 16 bytes, the table 23, slots 0.. */
               "0c00040016001000"                 /* ..5, 1 has none */
               "10000000"                         /* the vtable is 16 bytes back */
               "feffffffffffffff"                 /* the largest first */
               "0c000000"                         /* the text is 12 bytes on */
               "10000000"                         /* the list is 16 bytes on */
               "0201"                             /* 0x0102 */
               "07"                               /* 7 */
               "00"                               /* up to 4 */
               "02000000686900"                   /* "hi" */
               "00"                               /* up to 4 before a multiple of 8 */
               "01000000"                         /* one pair */
               "05000000000000000600000000000000" /* it */
    );
    fh_buf_fini(&out);
}

static void writes_thrift(void **state)
{
    (void)state;
    struct fh_buf out;
    struct fh_thrift thrift;
    fh_buf_init(&out, 4096);
    fh_thrift_begin(&thrift, &out);
    fh_thrift_i32(&thrift, 1, -1);
    fh_thrift_i64(&thrift, 3, INT64_MIN);
    fh_thrift_bool(&thrift, 4, true);
    fh_thrift_bool(&thrift, 5, false);
    fh_thrift_i8(&thrift, 6, -3);
    fh_thrift_text(&thrift, 7, fh_bytes_cstr("ab"));
    fh_thrift_struct(&thrift, 10);
    fh_thrift_i32(&thrift, 2, 300);
    fh_thrift_end(&thrift);
    fh_thrift_list(&thrift, 11, FH_THRIFT_STRUCT, 1);
    fh_thrift_element(&thrift);
    fh_thrift_i32(&thrift, 1, 1);
    fh_thrift_end(&thrift);
    fh_thrift_list(&thrift, 12, FH_THRIFT_I32, 15);
    for (int32_t i = 0; i < 15; i++) {
        fh_thrift_list_i32(&thrift, i);
    }
    fh_thrift_end(&thrift);
    assert_hex(&out,
               "1501"
               "26ffffffffffffffffff01"
               "11"
               "12"
               "13fd"
               "18026162"
               "3c"
               "25d804"
               "00"
               "191c"
               "1502"
               "00"
               "19f50f"
               "00020406080a0c0e10121416181a1c"
               "00");
    fh_buf_fini(&out);
}

/* The decoder of a sceptic: values of the hybrid, one after the other. */
static size_t read_hybrid(const struct fh_buf *in, unsigned width, uint32_t *out, size_t room)
{
    size_t at = 0;
    size_t count = 0;
    while (at < in->size) {
        uint64_t head = 0;
        for (unsigned shift = 0;; shift += 7) {
            assert_true(at < in->size);
            head |= (uint64_t)(in->data[at] & 0x7F) << shift;
            if (in->data[at++] < 0x80) {
                break;
            }
        }
        size_t values = head % 2 == 1 ? head / 2 * 8 : head / 2;
        size_t size = head % 2 == 1 ? head / 2 * width : (width + 7) / 8;
        assert_true(values > 0 && values <= room - count && size <= in->size - at);
        for (size_t i = 0; i < values; i++) {
            uint32_t value = 0;
            size_t first = head % 2 == 1 ? i * width : 0;
            for (unsigned bit = 0; bit < width; bit++) {
                size_t place = first + bit;
                value |= (uint32_t)(in->data[at + place / 8] >> (place % 8) & 1) << bit;
            }
            out[count++] = value;
        }
        at += size;
    }
    return count;
}

enum { HYBRID_MAX = 3000 };

static void check_hybrid(const uint32_t *values, size_t count, unsigned width, const char *what)
{
    static uint32_t got[HYBRID_MAX + 8];
    struct fh_buf out;
    fh_buf_init(&out, 64 * 1024);
    fh_hybrid_values(&out, values, count, width);
    assert_int_equal(fh_buf_ok(&out), FH_OK);
    size_t read = read_hybrid(&out, width, got, FH_COUNT(got));
    if (read < count || read >= count + 8 || memcmp(got, values, count * sizeof *values) != 0) {
        fail_msg("%s: %zu values of %u bits come back as %zu or others", what, count, width, read);
    }
    for (size_t i = count; i < read; i++) {
        assert_int_equal(got[i], 0);
    }
    fh_buf_fini(&out);
}

static void packs_numbers(void **state)
{
    (void)state;
    static uint32_t values[HYBRID_MAX];
    struct fh_prng prng;
    fh_prng_init(&prng, 7);
    for (unsigned width = 1; width <= 32; width++) {
        uint32_t mask = width == 32 ? UINT32_MAX : ((uint32_t)1 << width) - 1;
        for (size_t count = 0; count < 40; count++) {
            for (size_t i = 0; i < count; i++) {
                values[i] = (uint32_t)fh_prng_u64(&prng) & mask;
            }
            check_hybrid(values, count, width, "by chance");
            for (size_t i = 0; i < count; i++) {
                values[i] = mask;
            }
            check_hybrid(values, count, width, "all the same");
        }
        for (size_t i = 0; i < HYBRID_MAX;) { /* runs of any length, beginning anywhere */
            uint32_t value = (uint32_t)fh_prng_u64(&prng) & mask;
            for (uint64_t n = 1 + fh_prng_below(&prng, 60); n > 0 && i < HYBRID_MAX; n--) {
                values[i++] = value;
            }
        }
        check_hybrid(values, HYBRID_MAX, width, "runs");
    }
}

static void packs_little(void **state)
{
    (void)state;
    static uint32_t values[1000];
    struct fh_buf out;
    fh_buf_init(&out, 4096);
    fh_hybrid_values(&out, values, FH_COUNT(values), 9); /* a run of 1,000 zeros */
    assert_hex(&out, "d00f0000");
    fh_buf_reset(&out);
    const uint8_t validity[] = {0xF7, 0xFF};
    fh_hybrid_levels(&out, validity, 11); /* bits of no row are zero */
    assert_hex(&out, "05f707");
    fh_buf_reset(&out);
    fh_hybrid_levels(&out, NULL, 11);
    assert_hex(&out, "1601");
    static const struct {
        uint32_t count;
        unsigned width;
    } rows[] = {{0, 1}, {1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {256, 8}, {257, 9}, {65536, 16}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(fh_hybrid_width(rows[i].count), rows[i].width);
    }
    fh_buf_fini(&out);
}

/* ---- texts ---- */

static bool number_of(struct fh_text_set *set, size_t i, uint32_t *out)
{
    char text[32];
    snprintf(text, sizeof text, "t%zu", i);
    return fh_text_set_number(set, fh_bytes_cstr(text), out);
}

static void numbers_texts(void **state)
{
    (void)state;
    struct fh_text_set set;
    uint32_t number = 0;
    fh_text_set_init(&set);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < FH_PARQUET_DICTIONARY_ENTRIES_MAX; i++) {
            assert_true(number_of(&set, i, &number));
            assert_int_equal(number, i);
            assert_true(number_of(&set, i / 2, &number));
            assert_int_equal(number, i / 2);
        }
        assert_int_equal(set.count, FH_PARQUET_DICTIONARY_ENTRIES_MAX);
        assert_false(number_of(&set, FH_PARQUET_DICTIONARY_ENTRIES_MAX, &number));
        assert_false(number_of(&set, 0, &number)); /* full stays full */
        assert_int_equal(set.count, FH_PARQUET_DICTIONARY_ENTRIES_MAX);
        fh_text_set_reset(&set);
    }
    assert_true(fh_text_set_number(&set, FH_BYTES_NONE, &number));
    assert_true(fh_text_set_number(&set, fh_bytes("\0", 1), &number));
    assert_int_equal(number, 1);
    assert_true(fh_text_set_number(&set, FH_BYTES_NONE, &number));
    assert_int_equal(number, 0);
    fh_text_set_fini(&set);
}

static void bounds_the_bytes_of_texts(void **state)
{
    (void)state;
    struct fh_text_set set;
    uint32_t number = 0;
    static char text[FH_PARQUET_DICTIONARY_BYTES_MAX];
    fh_text_set_init(&set);
    assert_false(fh_text_set_number(&set, fh_bytes(text, sizeof text), &number));
    fh_text_set_reset(&set);
    assert_true(fh_text_set_number(&set, fh_bytes(text, sizeof text - 4), &number));
    assert_false(fh_text_set_number(&set, fh_bytes_cstr("x"), &number));
    assert_true(set.plain.size <= FH_PARQUET_DICTIONARY_BYTES_MAX);
    fh_text_set_fini(&set);
}

/* ---- pieces ---- */

static void lists_pieces(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_piece_list list = {.count = 0};
    struct fh_pieces pieces;
    const char *text = "abc";
    for (size_t i = 0; i < 1000; i++) {
        fh_piece_list_add(&list, text, 3);
        fh_piece_list_add(&list, NULL, 0);
    }
    assert_int_equal(fh_piece_list_view(&list, &pieces, &err), FH_OK);
    assert_int_equal(pieces.count, 1000);
    assert_int_equal(pieces.bytes, 3000);
    assert_ptr_equal(pieces.list[0].iov_base, text); /* a view, not a copy */
    static const struct {
        size_t size;
        const char *cut;
        size_t count; /* pieces that are left */
    } rows[] = {{0, "", 1000}, {2, "bc", 1000}, {1, "a", 999}, {8, "bcabcabc", 997}, {1, "a", 996}};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t cut[16] = {0};
        size_t bytes = list.bytes;
        fh_piece_list_cut(&list, cut, rows[i].size);
        assert_string_equal((const char *)cut, rows[i].cut);
        assert_int_equal(list.count, rows[i].count);
        assert_int_equal(list.bytes, bytes - rows[i].size);
    }
    fh_piece_list_reset(&list);
    assert_int_equal(fh_piece_list_view(&list, &pieces, &err), FH_OK);
    assert_int_equal(pieces.bytes, 0);
    fh_piece_list_fini(&list);
}

/* ---- batches ---- */

/* What becomes of one column of one row, in both formats. */
static void
write_one(const struct made_column *column, int *out_arrow, int *out_parquet, struct fh_err *err)
{
    struct fh_facts facts;
    struct fh_arrow *arrow = NULL;
    struct fh_parquet *parquet = NULL;
    struct fh_pieces pieces;
    struct freehold_vector vector = made_column_vector(column);
    fh_facts_init(&facts);
    assert_int_equal(fh_arrow_new(&arrow, &column->field, 1, err), FH_OK);
    assert_int_equal(fh_arrow_begin(arrow, &facts, &pieces, err), FH_OK);
    *out_arrow = fh_arrow_batch(arrow, &vector, vector.rows, &pieces, err);
    assert_int_equal(fh_parquet_new(&parquet, &column->field, 1, err), FH_OK);
    assert_int_equal(fh_parquet_begin(parquet, &facts, &pieces, err), FH_OK);
    *out_parquet = fh_parquet_batch(parquet, &vector, vector.rows, &pieces, err);
    fh_arrow_free(arrow);
    fh_parquet_free(parquet);
    fh_facts_fini(&facts);
}

static void refuses_values_without_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t type;
        uint64_t low;
        uint64_t high;
        bool null;
        bool arrow; /* whether it has a place there */
        bool parquet;
    } rows[] = {
        {"10^38 - 1", FH_TYPE_HUGEINT, 0x098A223FFFFFFFFF, 0x4B3B4CA85A86C47A, false, true, true},
        {"10^38", FH_TYPE_HUGEINT, 0x098A224000000000, 0x4B3B4CA85A86C47A, false, false, false},
        {"10^38 in a NULL",
         FH_TYPE_HUGEINT,
         0x098A224000000000,
         0x4B3B4CA85A86C47A,
         true,
         true,
         true},
        {"1 - 10^38", FH_TYPE_HUGEINT, 0xF675DDC000000001, 0xB4C4B357A5793B85, false, true, true},
        {"-10^38", FH_TYPE_HUGEINT, 0xF675DDC000000000, 0xB4C4B357A5793B85, false, false, false},
        {"2^127 - 1", FH_TYPE_HUGEINT, UINT64_MAX, INT64_MAX, false, false, false},
        {"-2^127", FH_TYPE_HUGEINT, 0, 0x8000000000000000, false, false, false},
        {"10^38 as another type",
         FH_TYPE_UUID,
         0x098A224000000000,
         0x4B3B4CA85A86C47A,
         false,
         true,
         true},
        {"seconds", FH_TYPE_TIMESTAMP_S, 9223372036854775, 0, false, true, true},
        {"too many seconds", FH_TYPE_TIMESTAMP_S, 9223372036854776, 0, false, true, false},
        {"too few seconds",
         FH_TYPE_TIMESTAMP_S,
         (uint64_t)-9223372036854776,
         0,
         false,
         true,
         false},
        {"too many seconds, NULL", FH_TYPE_TIMESTAMP_S, INT64_MAX, 0, true, true, true},
        {"as many milliseconds", FH_TYPE_TIMESTAMP_MS, INT64_MAX, 0, false, true, true},
        {"an interval", FH_TYPE_INTERVAL, 0, 9223372036854775, false, true, true},
        {"a long interval", FH_TYPE_INTERVAL, 0, 9223372036854776, false, false, true},
        {"a long way back", FH_TYPE_INTERVAL, 0, (uint64_t)-9223372036854776, false, false, true},
        {"a long interval, NULL", FH_TYPE_INTERVAL, 0, INT64_MAX, true, true, true},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        struct made_column column;
        struct made_cell cell;
        int arrow = FH_OK;
        int parquet = FH_OK;
        made_column_init(&column, "the column", (struct fh_type){.code = rows[i].type});
        made_cell_init(&cell);
        cell.null = rows[i].null;
        fh_flat_put(cell.fixed, rows[i].low, 8);
        fh_flat_put(cell.fixed + 8, rows[i].high, 8);
        made_column_add(&column, &cell);
        write_one(&column, &arrow, &parquet, &err);
        if (arrow != (rows[i].arrow ? FH_OK : FH_EINVAL) ||
            parquet != (rows[i].parquet ? FH_OK : FH_EINVAL)) {
            fail_msg("%s: %d as Arrow, %d as Parquet", rows[i].what, arrow, parquet);
        }
        if (!rows[i].arrow || !rows[i].parquet) {
            assert_string_equal(err.rule, "columns.value");
            assert_non_null(strstr(err.text, "the column"));
            assert_non_null(strstr(err.text, "CAST"));
        }
        made_cell_fini(&cell);
        made_column_fini(&column);
    }
}

/* A buffer of a batch goes out from where it lies. */
static void copies_no_column(void **state)
{
    (void)state;
    for (uint8_t code = 1; code < FH_TYPE_COUNT; code++) {
        struct fh_err err = {0};
        struct fh_prng prng;
        struct fh_facts facts;
        struct fh_arrow *arrow = NULL;
        struct fh_pieces pieces;
        struct made_column column;
        struct made_cell cell;
        struct fh_type type = {.code = code, .precision = code == FH_TYPE_DECIMAL ? 5 : 0};
        fh_prng_init(&prng, code);
        made_column_init(&column, "c", type);
        made_cell_init(&cell);
        for (size_t row = 0; row < 100; row++) {
            made_cell_fill(&cell, type, row + 1, &prng);
            made_column_add(&column, &cell);
        }
        struct freehold_vector vector = made_column_vector(&column);
        fh_facts_init(&facts);
        assert_int_equal(fh_arrow_new(&arrow, &column.field, 1, &err), FH_OK);
        assert_int_equal(fh_arrow_begin(arrow, &facts, &pieces, &err), FH_OK);
        assert_int_equal(fh_arrow_batch(arrow, &vector, 100, &pieces, &err), FH_OK);
        bool found = false;
        for (size_t i = 0; i < pieces.count; i++) {
            found = found || pieces.list[i].iov_base == vector.data;
        }
        assert_int_equal(found, code != FH_TYPE_INTERVAL);
        fh_arrow_free(arrow);
        fh_facts_fini(&facts);
        made_cell_fini(&cell);
        made_column_fini(&column);
    }
}

/* ---- no memory ---- */

static size_t allocations_left;

static bool allow(size_t size)
{
    (void)size;
    return allocations_left > 0 && allocations_left-- > 0;
}

/* Both formats of a small answer; the first failure, or FH_OK. */
static int write_small(const struct made_column *columns, size_t count, struct fh_err *err)
{
    struct fh_facts facts;
    struct fh_arrow *arrow = NULL;
    struct fh_parquet *parquet = NULL;
    struct fh_pieces pieces;
    struct fh_field fields[FH_TYPE_COUNT];
    struct freehold_vector vectors[FH_TYPE_COUNT];
    for (size_t i = 0; i < count; i++) {
        fields[i] = columns[i].field;
        vectors[i] = made_column_vector(&columns[i]);
    }
    fh_facts_init(&facts);
    fh_facts_add(&facts, "freehold.request", fh_bytes_cstr("fhr1request"));
    int code = fh_buf_ok(&facts.text) == FH_OK ? fh_arrow_new(&arrow, fields, count, err)
                                               : fh_err_set(err, FH_ENOMEM, "no memory for facts");
    code = code == FH_OK ? fh_arrow_begin(arrow, &facts, &pieces, err) : code;
    code = code == FH_OK ? fh_arrow_batch(arrow, vectors, vectors[0].rows, &pieces, err) : code;
    code = code == FH_OK ? fh_arrow_end(arrow, &facts, &pieces, err) : code;
    code = code == FH_OK ? fh_parquet_new(&parquet, fields, count, err) : code;
    code = code == FH_OK ? fh_parquet_begin(parquet, &facts, &pieces, err) : code;
    for (int i = 0; i < 3 && code == FH_OK; i++) {
        code = fh_parquet_batch(parquet, vectors, vectors[0].rows, &pieces, err);
    }
    code = code == FH_OK ? fh_parquet_end(parquet, &facts, &pieces, err) : code;
    fh_arrow_free(arrow);
    fh_parquet_free(parquet);
    fh_facts_fini(&facts);
    return code;
}

static void survives_without_memory(void **state)
{
    (void)state;
    struct made_column columns[FH_TYPE_COUNT];
    struct made_cell cell;
    struct fh_prng prng;
    size_t count = 0;
    fh_prng_init(&prng, 3);
    made_cell_init(&cell);
    for (uint8_t code = 1; code < FH_TYPE_COUNT; code++, count++) {
        struct fh_type type = {.code = code, .precision = code == FH_TYPE_DECIMAL ? 5 : 0};
        made_column_init(&columns[count], "c", type);
        for (size_t row = 0; row < 9; row++) {
            made_cell_fill(&cell, type, row, &prng);
            cell.null = row == 4;
            made_column_add(&columns[count], &cell);
        }
    }
    size_t refused = 0;
    int code = FH_ENOMEM;
    for (size_t n = 0; code != FH_OK; n++) {
        struct fh_err err = {0};
        allocations_left = n;
        fh_alloc_set_hook(allow);
        code = write_small(columns, count, &err);
        fh_alloc_set_hook(NULL);
        refused += code == FH_ENOMEM;
        assert_true(code == FH_OK || (code == FH_ENOMEM && err.code == FH_ENOMEM));
        assert_true(n < 100000);
    }
    assert_true(refused > 50);
    for (size_t i = 0; i < count; i++) {
        made_column_fini(&columns[i]);
    }
    made_cell_fini(&cell);
}

/* ---- formats ---- */

static void knows_the_formats(void **state)
{
    (void)state;
    enum fh_columns_format format = FH_COLUMNS_FORMAT_COUNT;
    assert_true(fh_columns_format_parse(&format, "arrow"));
    assert_int_equal(format, FH_COLUMNS_ARROW);
    assert_true(fh_columns_format_parse(&format, "parquet"));
    assert_int_equal(format, FH_COLUMNS_PARQUET);
    static const char *const others[] = {"", "Arrow", "arrow ", "json", "feather"};
    for (size_t i = 0; i < FH_COUNT(others); i++) {
        assert_false(fh_columns_format_parse(&format, others[i]));
    }
    assert_int_equal(format, FH_COLUMNS_PARQUET);
    struct freehold_query_options options = {.size = sizeof options};
    fh_columns_suit(FH_COLUMNS_ARROW, &options);
    assert_true(options.plain);
    fh_columns_suit(FH_COLUMNS_PARQUET, &options);
    assert_false(options.plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_flat_tables),
        cmocka_unit_test(writes_thrift),
        cmocka_unit_test(packs_numbers),
        cmocka_unit_test(packs_little),
        cmocka_unit_test(numbers_texts),
        cmocka_unit_test(bounds_the_bytes_of_texts),
        cmocka_unit_test(lists_pieces),
        cmocka_unit_test(refuses_values_without_a_place),
        cmocka_unit_test(copies_no_column),
        cmocka_unit_test(survives_without_memory),
        cmocka_unit_test(knows_the_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
