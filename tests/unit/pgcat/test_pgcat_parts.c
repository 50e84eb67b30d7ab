/* SPDX-License-Identifier: Apache-2.0 */
/* What system tables stand on: regular expressions, arrays, names of types. */
#include "tools/door/pgcat/array.h"
#include "tools/door/pgcat/facts.h"
#include "tools/door/pgcat/regex.h"
#include "tools/door/pgcat/types.h"

#include "common/bytes.h"
#include "common/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *pattern;
    const char *text;
    bool fold;
    bool found;
} searches[] = {
    {"", "", false, true},
    {"", "abc", false, true},
    {"b", "abc", false, true},
    {"B", "abc", false, false},
    {"B", "abc", true, true},
    {"^(airports)$", "airports", false, true},
    {"^(airports)$", "airports2", false, false},
    {"^(air.*)$", "air", false, true},
    {"^(a|bc|d)$", "bc", false, true},
    {"^(a|bc|d)$", "b", false, false},
    {"^(a|)$", "", false, true},
    {"^a{2}$", "aa", false, true},
    {"^a{2}$", "aaa", false, false},
    {"^a{2,}$", "aaaa", false, true},
    {"^a{0,2}$", "aaa", false, false},
    {"^a{0,2}$", "", false, true},
    {"^a{0}b$", "b", false, true},
    {"^(ab){1,2}c$", "ababc", false, true},
    {"^(ab){1,2}c$", "abababc", false, false},
    {"^((a|b)+c?)*$", "abcbac", false, true},
    {"^a+?b*?c$", "aaac", false, true},
    {"^[a-c]+$", "abcabc", false, true},
    {"^[^a-c]+$", "abc", false, false},
    {"^[]a]$", "]", false, true},
    {"^[a-]$", "-", false, true},
    {"^[A-Z]$", "q", true, true},
    {"^[[:digit:]x]+$", "12x", false, true},
    {"^[\\w.]+$", "a_1.b", false, true},
    {"^\\d\\s\\S\\D\\W$", "1 ab-", false, true},
    {"^a\\.b$", "a.b", false, true},
    {"^a\\.b$", "axb", false, false},
    {"^.$", "\xc3\xa9", false, true},
    {"^[\xc3\xa0-\xc3\xbf]$", "\xc3\xa9", false, true},
    {"^(?:ab)+$", "abab", false, true},
    {"***:^a$", "a", false, true},
    {"a{", "a{", false, true},
    {"(x+x+)+y", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", false, false},
    {"$^", "", false, true},
    {"b$", "ab", false, true},
};

static void test_regex(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(searches); i++) {
        struct fh_err err;
        struct fh_regex *regex = NULL;
        uint64_t steps = 100000;
        assert_int_equal(
            fh_regex_new(&regex, fh_bytes_cstr(searches[i].pattern), searches[i].fold, &err),
            FH_OK);
        enum fh_regex_found found = fh_regex_search(regex, fh_bytes_cstr(searches[i].text), &steps);
        if (found != (searches[i].found ? FH_REGEX_YES : FH_REGEX_NO)) {
            fail_msg("%s in %s", searches[i].pattern, searches[i].text);
        }
        steps = 0;
        if (searches[i].text[0] != '\0' && searches[i].pattern[0] == '^') {
            assert_int_equal(fh_regex_search(regex, fh_bytes_cstr(searches[i].text), &steps),
                             FH_REGEX_SPENT);
        }
        fh_regex_free(regex);
    }
}

static void test_regex_refused(void **state)
{
    static const char *const patterns[] = {
        "(",
        ")",
        "a)",
        "(a",
        "[a",
        "[",
        "[[:alpha]",
        "[[:x:]]",
        "*a",
        "+",
        "a|*",
        "\\",
        "[\\",
        "a{256}",
        "a{2,1}",
        "a{1",
        "a{1,999}",
        "(?=a)",
        "(?<a>b)",
        "\\1",
        "\\b",
        "[z-a]",
        "[a-\\d]",
        "(a{200}){200}",
        "((((((((((((((((((((((a))))))))))))))))))))))",
        "((((){255}){255}){255}){255}",
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(patterns); i++) {
        struct fh_err err = {0};
        struct fh_regex *regex = NULL;
        if (fh_regex_new(&regex, fh_bytes_cstr(patterns[i]), false, &err) == FH_OK) {
            fail_msg("%s passed", patterns[i]);
        }
        assert_string_equal(err.rule, "pgcat.value");
        assert_null(regex);
    }
}

/* Elements with bars between them, ~ for NULL; what is written from them is what was read. */
static const struct {
    const char *text;
    const char *elements; /* NULL: no array */
    bool same;
} arrays[] = {
    {"{}", "", true},
    {"{1,2,3}", "1|2|3|", true},
    {"{ 1 , 2}", "1 |2|", false},
    {"{\"a b\",\"c\\\"d\",NULL,\"NULL\",\"\"}", "a b|c\"d|~|NULL||", true},
    {"{a\\,b}", "a,b|", false},
    {"1 2 3", "1|2|3|", false},
    {"", "", false},
    {"{1,2", "1|", false},
    {"{\"a", "", false},
    {"{\"a\"x}", "", false},
    {"{{1},{2}}", "", false},
    {"abc", NULL, false},
};

static void test_arrays(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(arrays); i++) {
        struct fh_pgcat_array array;
        struct fh_bytes element;
        struct fh_buf told;
        struct fh_buf written;
        bool null = false;
        fh_buf_init(&told, 1024);
        fh_buf_init(&written, 1024);
        bool open = fh_pgcat_array_open(&array, fh_bytes_cstr(arrays[i].text));
        assert_int_equal(open, arrays[i].elements != NULL);
        fh_pgcat_array_begin(&written);
        while (open && fh_pgcat_array_next(&array, &element, &null)) {
            fh_buf_add_bytes(&told, null ? fh_bytes_cstr("~") : element);
            fh_buf_add_cstr(&told, "|");
            fh_pgcat_array_add(&written, element, null);
        }
        fh_pgcat_array_end(&written);
        if (open) {
            assert_string_equal(fh_buf_cstr(&told), arrays[i].elements);
        }
        if (arrays[i].same) {
            assert_string_equal(fh_buf_cstr(&written), arrays[i].text);
        }
        fh_pgcat_array_close(&array);
        fh_buf_fini(&told);
        fh_buf_fini(&written);
    }
}

static void test_types(void **state)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } names[] = {
        {"int4", 23},
        {"integer", 23},
        {"int", 23},
        {"_int4", 1007},
        {"character varying", 1043},
        {"char", 18},
        {"name", 19},
        {"timestamp", 1114},
        {"timestamptz", 1184},
        {"float", 701},
        {"regclass", 2205},
        {"no", 0},
        {"", 0},
        {"_", 0},
        {"__int4", 0},
        {"INT4", 0},
    };
    static const struct {
        const char *sql;
        uint32_t oid;
        int32_t typmod;
    } sqls[] = {
        {"BIGINT", 20, -1},
        {"VARCHAR", 25, -1},
        {"DECIMAL(18,3)", 1700, (18 << 16 | 3) + 4},
        {"UBIGINT", 1700, -1},
        {"TIMESTAMP WITH TIME ZONE", 1184, -1},
        {"TINYINT", 21, -1},
        {"BLOB", 17, -1},
        {"something new", 25, -1},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        assert_int_equal(fh_pgcat_type_named(names[i].name), names[i].oid);
    }
    for (size_t i = 0; i < FH_COUNT(sqls); i++) {
        int32_t typmod = 0;
        assert_int_equal(fh_pgcat_type_of_sql(sqls[i].sql, &typmod), sqls[i].oid);
        assert_int_equal(typmod, sqls[i].typmod);
    }
    for (size_t i = 0; i < fh_pgcat_type_count; i++) {
        const struct fh_pgcat_type *type = &fh_pgcat_types[i];
        assert_ptr_equal(fh_pgcat_type_find(type->oid), type);
        assert_int_equal(fh_pgcat_type_named(type->name), type->oid);
        if (type->array != 0) {
            assert_int_equal(fh_pgcat_type_element(type->array), type->oid);
        }
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *text;
        const char *schema; /* NULL: none */
        const char *name;   /* NULL: no name */
    } rows[] = {
        {"airports", NULL, "airports"},
        {"AirPorts", NULL, "airports"},
        {"\"AirPorts\"", NULL, "AirPorts"},
        {"a.b", "a", "b"},
        {" a . \"b c\" ", "a", "b c"},
        {"\"a\"\"b\".c", "a\"b", "c"},
        {"a.b.c", NULL, NULL},
        {"a b", NULL, NULL},
        {"", NULL, NULL},
        {"'a'", NULL, NULL},
        {"a.", NULL, NULL},
        {"\"a", NULL, NULL},
        {"1", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const char *schema = NULL;
        const char *name = NULL;
        struct fh_arena *arena = fh_arena_new(64 * 1024);
        bool read = fh_pgcat_read_name(arena, fh_bytes_cstr(rows[i].text), &schema, &name);
        assert_int_equal(read, rows[i].name != NULL);
        if (read) {
            assert_string_equal(name, rows[i].name);
            assert_int_equal(schema == NULL, rows[i].schema == NULL);
            if (schema != NULL) {
                assert_string_equal(schema, rows[i].schema);
            }
        }
        fh_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regex),
        cmocka_unit_test(test_regex_refused),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
