/* SPDX-License-Identifier: Apache-2.0 */
/* What no text file can show: bytes, sizes, places, and running out of memory. */
#include "common/limits.h"
#include "common/mem.h"
#include "proto/contract/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

struct reading {
    struct fh_arena *arena;
    struct fh_findings findings;
    struct fh_doc_node *root;
    int rc;
};

static struct reading read_bytes(const void *data, size_t size)
{
    struct reading reading = {.arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX)};
    struct fh_err err;
    assert_non_null(reading.arena);
    fh_findings_init(&reading.findings, reading.arena);
    reading.rc = fh_yaml_read(&reading.root, fh_bytes(data, size), &reading.findings, &err);
    return reading;
}

static void test_bytes_are_judged_first(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *bytes;
        size_t size; /* 0: strlen */
        const char *rule;
        uint32_t line;
        uint32_t column;
    } rows[] = {
        {"empty", "", 0, "yaml.empty", 1, 1},
        {"a NUL", "a: \0b", 5, "yaml.encoding", 1, 1},
        {"cut UTF-8", "a: \xc3", 0, "yaml.encoding", 1, 1},
        {"overlong UTF-8", "a: \xc0\xaf", 0, "yaml.encoding", 1, 1},
        {"surrogate", "a: \xed\xa0\x80", 0, "yaml.encoding", 1, 1},
        {"Latin-1",
         "a: gr\xf6\xdf"
         "e\n",
         0,
         "yaml.encoding",
         1,
         1},
        {"UTF-16",
         "\xff\xfe"
         "a\0:\0 \0b\0",
         10,
         "yaml.encoding",
         1,
         1},
        {"UTF-16 without mark", "a\0:\0 \0b\0", 8, "yaml.encoding", 1, 1},
        {"byte order mark",
         "\xef\xbb\xbf"
         "a: b",
         0,
         "yaml.character",
         1,
         1},
        {"mark inside", "a: b\nc: \xef\xbb\xbf", 0, "yaml.character", 2, 4},
        {"bell", "a: b\n  c\a", 0, "yaml.character", 2, 4},
        {"escape", "\x1b[2J", 0, "yaml.character", 1, 1},
        {"delete", "a: \x7f", 0, "yaml.character", 1, 4},
        {"C1 control", "a: \xc2\x9b", 0, "yaml.character", 1, 4},
        {"lone CR", "a: b\rc: d\n", 0, "yaml.character", 1, 5},
        {"next line",
         "a: b\xc2\x85"
         "c: d",
         0,
         "yaml.character",
         1,
         5},
        {"line separator",
         "a: b\xe2\x80\xa8"
         "c: d",
         0,
         "yaml.character",
         1,
         5},
        {"right-to-left override",
         "a: \xc3\xa4\xe2\x80\xae"
         "b",
         0,
         "yaml.character",
         1,
         5},
        {"isolate",
         "a: \xe2\x81\xa6"
         "b",
         0,
         "yaml.character",
         1,
         4},
        {"no character", "a: \xef\xbf\xbf", 0, "yaml.character", 1, 4},
        {"an escaped NUL", "a: \"\\0\"", 0, "yaml.character", 1, 4},
        {"a stray closing bracket", "a: ]", 0, "yaml.syntax", 1, 4},
        {"PNG", "\x89PNG\r\n\x1a\n", 0, "yaml.encoding", 1, 1},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        size_t size = rows[i].size > 0 ? rows[i].size : strlen(rows[i].bytes);
        struct reading reading = read_bytes(rows[i].bytes, size);
        if (reading.rc != FH_ECHECK || reading.findings.count != 1 ||
            strcmp(reading.findings.items[0].rule, rows[i].rule) != 0 ||
            reading.findings.items[0].line != rows[i].line ||
            reading.findings.items[0].column != rows[i].column) {
            fail_msg("%s: %d, %s at %u:%u",
                     rows[i].name,
                     reading.rc,
                     reading.findings.count == 0 ? "nothing" : reading.findings.items[0].rule,
                     reading.findings.count == 0 ? 0 : reading.findings.items[0].line,
                     reading.findings.count == 0 ? 0 : reading.findings.items[0].column);
        }
        assert_null(reading.root);
        fh_arena_free(reading.arena);
    }
}

/* A text of `count` times `unit` between head and tail. */
static char *repeat(const char *head, const char *unit, size_t count, const char *tail)
{
    size_t size = strlen(unit);
    char *text = malloc(strlen(head) + count * size + strlen(tail) + 1);
    assert_non_null(text);
    strcpy(text, head);
    char *at = text + strlen(head);
    for (size_t i = 0; i < count; i++, at += size) {
        memcpy(at, unit, size);
    }
    strcpy(at, tail);
    return text;
}

static void expect_rule(char *text, const char *rule)
{
    struct reading reading = read_bytes(text, strlen(text));
    if (rule == NULL) {
        assert_int_equal(reading.rc, FH_OK);
        assert_int_equal(reading.findings.count, 0);
    } else {
        assert_int_equal(reading.rc, FH_ECHECK);
        assert_int_equal(reading.findings.count, 1);
        assert_string_equal(reading.findings.items[0].rule, rule);
    }
    fh_arena_free(reading.arena);
    free(text);
}

static void test_limits(void **state)
{
    (void)state;
    expect_rule(repeat("a: ", "x", FH_CONTRACT_BYTES_MAX - 3, ""), NULL);
    expect_rule(repeat("a: ", "x", FH_CONTRACT_BYTES_MAX - 2, ""), "yaml.size");
    expect_rule(repeat("", "[", FH_YAML_DEPTH_MAX, ""), "yaml.syntax"); /* only not closed */
    expect_rule(repeat("", "[", FH_YAML_DEPTH_MAX + 1, ""), "yaml.depth");
    expect_rule(repeat("", "[", 200000, ""), "yaml.depth");
    expect_rule(repeat("", "{a: ", 40000, ""), "yaml.depth");
    expect_rule(repeat("", "- ", 100000, ""), "yaml.depth");
    expect_rule(repeat("[", "a,", FH_YAML_EVENTS_MAX - 100, "a]"), NULL);
    expect_rule(repeat("[", "a,", FH_YAML_EVENTS_MAX, "a]"), "yaml.events");
}

static void test_keys_of_one_map(void **state)
{
    (void)state;
    for (unsigned extra = 0; extra < 2; extra++) {
        struct fh_buf text;
        fh_buf_init(&text, FH_CONTRACT_BYTES_MAX);
        for (unsigned i = 0; i < FH_YAML_KEYS_MAX + extra; i++) {
            fh_buf_printf(&text, "k%u: v\n", i);
        }
        struct reading reading = read_bytes(text.data, text.size);
        assert_int_equal(reading.rc, extra == 0 ? FH_OK : FH_ECHECK);
        if (extra == 1) {
            assert_string_equal(reading.findings.items[0].rule, "yaml.keys");
        }
        fh_arena_free(reading.arena);
        fh_buf_fini(&text);
    }
}

static void test_places(void **state)
{
    (void)state;
    static const char text[] = "first: one\n"
                               "block:\n"
                               "  - a: 1\n"
                               "    b: |\n"
                               "      x\n"
                               "      y\n"
                               "# comment\n"
                               "flow: [1,\n"
                               "  2\n"
                               "  ]\n"
                               "\xc3\xa4: {k: \"v\"}\n"
                               "empty:\n"
                               "last: z\n";
    static const struct {
        const char *key;
        uint32_t key_line;
        uint32_t line;
        uint32_t column;
        uint32_t last_line;
    } rows[] = {
        {"first", 1, 1, 8, 1},
        {"block", 2, 3, 3, 6},
        {"flow", 8, 8, 7, 10},
        {"\xc3\xa4", 11, 11, 4, 11},
        {"empty", 12, 12, 7, 12},
        {"last", 13, 13, 7, 13},
    };
    struct reading reading = read_bytes(text, sizeof text - 1);
    assert_int_equal(reading.rc, FH_OK);
    assert_int_equal(reading.root->count, FH_COUNT(rows));
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct fh_doc_node *node = fh_doc_get(reading.root, rows[i].key);
        assert_non_null(node);
        assert_int_equal(node->key_line, rows[i].key_line);
        assert_int_equal(node->key_column, 1);
        assert_int_equal(node->line, rows[i].line);
        assert_int_equal(node->column, rows[i].column);
        assert_int_equal(node->last_line, rows[i].last_line);
    }
    assert_null(fh_doc_get(reading.root, "missing"));
    assert_null(fh_doc_get(fh_doc_get(reading.root, "first"), "k"));
    assert_null(fh_doc_get(NULL, "k"));
    fh_arena_free(reading.arena);
}

static unsigned allocations_left;

static bool allow_some(size_t size)
{
    (void)size;
    if (allocations_left == 0) {
        return false;
    }
    allocations_left--;
    return true;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    char *text = repeat("a:\n", "  - {key: [\"value\", &anchor x]}\n", 300, "");
    bool succeeded = false;
    unsigned failures = 0;
    for (unsigned n = 0; !succeeded; n++) {
        struct fh_arena *arena;
        allocations_left = n;
        fh_alloc_set_hook(allow_some);
        arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
        if (arena != NULL) {
            struct fh_findings findings;
            struct fh_doc_node *root = NULL;
            struct fh_err err = {0};
            fh_findings_init(&findings, arena);
            int rc = fh_yaml_read(&root, fh_bytes_cstr(text), &findings, &err);
            succeeded = rc == FH_OK;
            if (!succeeded) {
                assert_int_equal(rc, FH_ENOMEM);
                assert_int_equal(err.code, FH_ENOMEM);
                assert_null(root);
            }
        }
        failures += !succeeded;
        fh_alloc_set_hook(NULL);
        fh_arena_free(arena);
    }
    assert_true(failures >= 2);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_judged_first),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_keys_of_one_map),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
