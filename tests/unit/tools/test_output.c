/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/output.h"

#include "tools/client/csv.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct text_row {
    const char *in;
    size_t size; /* 0: strlen */
    const char *out;
};

static struct fh_bytes bytes_of(const struct text_row *row)
{
    return fh_bytes(row->in, row->size == 0 ? strlen(row->in) : row->size);
}

typedef void render_fn(struct fh_buf *out, struct fh_bytes text);

static void check_rows(const struct text_row *rows, size_t count, render_fn *render)
{
    for (size_t i = 0; i < count; i++) {
        struct fh_buf buf FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&buf, 4096);
        render(&buf, bytes_of(&rows[i]));
        if (strcmp(fh_buf_cstr(&buf), rows[i].out) != 0) {
            fail_msg("row %zu: got %s, expected %s", i, fh_buf_cstr(&buf), rows[i].out);
        }
    }
}

static void test_csv(void **state)
{
    (void)state;
    static const struct text_row rows[] = {
        {"plain", 0, "plain"},
        {"", 0, "\"\""},
        {"a b", 0, "a b"},
        {" a", 0, " a"},
        {"a,b", 0, "\"a,b\""},
        {"say \"x\"", 0, "\"say \"\"x\"\"\""},
        {"\"", 0, "\"\"\"\""},
        {"two\nlines", 0, "\"two\nlines\""},
        {"cr\rlf", 0, "\"cr\rlf\""},
        {"tab\tstays", 0, "tab\tstays"},
        {"=1+1", 0, "=1+1"},
        {"\xC3\xA9", 0, "\xC3\xA9"},
    };
    check_rows(rows, FH_COUNT(rows), fh_csv_field);
}

static void test_json(void **state)
{
    (void)state;
    static const struct text_row rows[] = {
        {"plain", 0, "\"plain\""},
        {"", 0, "\"\""},
        {"q\"b\\s/", 0, "\"q\\\"b\\\\s/\""},
        {"a\nb\rc\td", 0, "\"a\\nb\\rc\\td\""},
        {"\x01\x1f\x7f", 0, "\"\\u0001\\u001f\\u007f\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\xC2\x9B", 0, "\"\\u009b\""},
        {"\xE2\x80\xAE", 0, "\"\\u202e\""},
        {"caf\xC3\xA9 \xF0\x9F\x90\xA6", 0, "\"caf\xC3\xA9 \xF0\x9F\x90\xA6\""},
        {"bad \xFF\xFE", 0, "\"bad \xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"cut \xE2\x82", 0, "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"long form \xC0\x80", 0, "\"long form \xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"surrogate \xED\xA0\x80", 0, "\"surrogate \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"beyond \xF4\x90\x80\x80",
         0,
         "\"beyond \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    check_rows(rows, FH_COUNT(rows), fh_output_json_string);
}

static void test_visible(void **state)
{
    (void)state;
    static const struct text_row rows[] = {
        {"plain", 0, "plain"},
        {"", 0, ""},
        {"a\nb", 0, "a\\nb"},
        {"\x1b[31mred\x1b[0m", 0, "\\u{1b}[31mred\\u{1b}[0m"},
        {"\x07", 0, "\\u{7}"},
        {"\xC2\x9B"
         "31m",
         0,
         "\\u{9b}31m"},
        {"\xE2\x80\xAEgnp.exe", 0, "\\u{202e}gnp.exe"},
        {"\xFF", 0, "\\xff"},
        {"a\0b", 3, "a\\u{0}b"},
        {"\xC3\xA9\xE6\x97\xA5", 0, "\xC3\xA9\xE6\x97\xA5"},
    };
    check_rows(rows, FH_COUNT(rows), fh_output_visible);
}

static void test_width(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } rows[] = {
        {"", 0},
        {"abc", 3},
        {"caf\xC3\xA9", 4},
        {"e\xCC\x81", 1},                /* combining accent */
        {"\xE6\x97\xA5\xE6\x9C\xAC", 4}, /* wide */
        {"\xFF", 1},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(fh_output_width(fh_bytes_cstr(rows[i].text)), rows[i].width);
    }
}

static void test_json_number(void **state)
{
    (void)state;
    static const char *const numbers[] = {"0", "-0", "12", "-1.5", "1e5", "1.0E-7", "10", "0.001"};
    static const char *const others[] = {
        "",   "-",    "01",       "1.",       ".5",    "+1",          "1e",  "1e+",
        "0x", "inf",  "NaN",      "1 ",       " 1",    "1,5",         "--1", "1.5.2",
        "-.", "1e5.", "\xD9\xA1", "Infinity", "1_000", "12345678901x"};
    for (size_t i = 0; i < FH_COUNT(numbers); i++) {
        assert_true(fh_output_is_json_number(fh_bytes_cstr(numbers[i])));
    }
    for (size_t i = 0; i < FH_COUNT(others); i++) {
        if (fh_output_is_json_number(fh_bytes_cstr(others[i]))) {
            fail_msg("\"%s\" is no JSON number", others[i]);
        }
    }
}

/* ---- whole outputs ---- */

static const struct fh_output_column columns[] = {
    {"name", FH_OUTPUT_TEXT},
    {"rows", FH_OUTPUT_NUMBER},
    {"open", FH_OUTPUT_BOOL},
    {"extra", FH_OUTPUT_RAW},
};

static void put_sample(struct fh_output *output)
{
    fh_output_text(output, "caf\xC3\xA9");
    fh_output_uint(output, 7);
    fh_output_bool(output, true);
    fh_output_text(output, "{\"a\": [1]}");
    fh_output_text(output, "");
    fh_output_text(output, "inf");
    fh_output_bool(output, false);
    fh_output_null(output);
}

static const struct {
    enum fh_output_format format;
    bool record;
    unsigned rows;
    const char *text;
} outputs[] = {
    {FH_OUTPUT_TABLE,
     false,
     2,
     "name  rows  open  extra\n"
     "----  ----  ----  ----------\n"
     "caf\xC3\xA9     7  yes   {\"a\": [1]}\n"
     "       inf  no    NULL\n"},
    {FH_OUTPUT_TABLE, false, 0, "name  rows  open  extra\n----  ----  ----  -----\n"},
    {FH_OUTPUT_TABLE,
     true,
     2,
     "name   caf\xC3\xA9\nrows   7\nopen   yes\nextra  {\"a\": [1]}\n"
     "name   \nrows   inf\nopen   no\nextra  NULL\n"},
    {FH_OUTPUT_CSV,
     false,
     2,
     "name,rows,open,extra\ncaf\xC3\xA9,7,true,\"{\"\"a\"\": [1]}\"\n\"\",inf,false,\n"},
    {FH_OUTPUT_CSV, false, 0, "name,rows,open,extra\n"},
    {FH_OUTPUT_JSON,
     false,
     2,
     "[\n  {\"name\": \"caf\xC3\xA9\", \"rows\": 7, \"open\": true, \"extra\": {\"a\": [1]}},\n"
     "  {\"name\": \"\", \"rows\": \"inf\", \"open\": false, \"extra\": null}\n]\n"},
    {FH_OUTPUT_JSON, false, 0, "[]\n"},
};

static void test_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(outputs); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        assert_non_null(file);
        struct fh_output *output = fh_output_new(
            file, outputs[i].format, outputs[i].record, false, columns, FH_COUNT(columns));
        assert_non_null(output);
        if (outputs[i].rows > 0) {
            put_sample(output);
        }
        struct fh_err err = {0};
        assert_int_equal(fh_output_end(output, &err), FH_OK);
        fh_output_free(output);
        fclose(file);
        assert_string_equal(text, outputs[i].text);
        free(text);
    }
}

/* What an owner calls JSON and is none does not end the cell, the row or the answer. */
static void test_no_json(void **state)
{
    (void)state;
    static const struct fh_output_column one[] = {{"j", FH_OUTPUT_RAW}};
    static const struct {
        const char *cell;
        const char *text;
    } rows[] = {
        {"{\"a\": [1]}", "[\n  {\"j\": {\"a\": [1]}}\n]\n"},
        {"1}, {\"j\": 2", "[\n  {\"j\": \"1}, {\\\"j\\\": 2\"}\n]\n"},
        {"1]", "[\n  {\"j\": \"1]\"}\n]\n"},
        {"", "[\n  {\"j\": \"\"}\n]\n"},
        {"nul", "[\n  {\"j\": \"nul\"}\n]\n"},
        {"[1,]", "[\n  {\"j\": \"[1,]\"}\n]\n"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        assert_non_null(file);
        struct fh_output *output = fh_output_new(file, FH_OUTPUT_JSON, false, false, one, 1);
        assert_non_null(output);
        fh_output_text(output, rows[i].cell);
        struct fh_err err = {0};
        assert_int_equal(fh_output_end(output, &err), FH_OK);
        fh_output_free(output);
        fclose(file);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

/* Rows past those that decide the widths stream on with the same widths. */
static void test_long_table(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    struct fh_output *output = fh_output_new(file, FH_OUTPUT_TABLE, false, false, columns, 2);
    assert_non_null(output);
    for (uint64_t i = 0; i < FH_OUTPUT_ALIGN_ROWS + 5; i++) {
        fh_output_text(output, "ab");
        fh_output_uint(output, i);
    }
    struct fh_err err = {0};
    assert_int_equal(fh_output_end(output, &err), FH_OK);
    fh_output_free(output);
    fclose(file);
    size_t lines = 0;
    for (const char *at = text; at[0] != 0; at = strchr(at, '\n') + 1) {
        assert_int_equal(strcspn(at, "\n"), 10);
        lines++;
    }
    assert_int_equal(lines, 2 + FH_OUTPUT_ALIGN_ROWS + 5);
    free(text);
}

static void test_full_disk(void **state)
{
    (void)state;
    FILE *file = fopen("/dev/full", "we");
    if (file == NULL) {
        skip();
    }
    struct fh_output *output = fh_output_new(file, FH_OUTPUT_CSV, false, false, columns, 2);
    assert_non_null(output);
    fh_output_text(output, "a");
    fh_output_text(output, "1");
    struct fh_err err = {0};
    assert_int_equal(fh_output_end(output, &err), FH_EIO);
    fh_output_free(output);
    fclose(file);
}

static void test_format_names(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "JSON", "yaml", "tables", "json "};
    enum fh_output_format format = FH_OUTPUT_TABLE;
    struct fh_err err = {0};
    assert_int_equal(fh_output_format_parse(&format, "json", &err), FH_OK);
    assert_int_equal(format, FH_OUTPUT_JSON);
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        assert_int_equal(fh_output_format_parse(&format, wrong[i], &err), FH_EUSAGE);
    }
    assert_int_equal(format, FH_OUTPUT_JSON);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_visible),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_json_number),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_long_table),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_format_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
