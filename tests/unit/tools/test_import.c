/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs cases/import_sql.case and cases/import_dbt.case: what is read, and the draft's schema or the
 * error that it must give. Every draft must pass lint.
 *
 *     ==== name of the case
 *     text of the source
 *     ----
 *     the lines below `schema:`, or: error RULE ~ part of the message
 */
#include "common/file.h"
#include "proto/contract/lint.h"
#include "tools/contract/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { ARENA_BYTES = 64 * 1024 * 1024, FILE_BYTES = 1024 * 1024 };

static const char schema_start[] = "\nschema:\n";
static const char schema_end[] = "# REVIEW: only your own domain";

typedef int import_fn(struct fh_draft *draft, struct fh_bytes text, struct fh_err *err);

static int import_dbt(struct fh_draft *draft, struct fh_bytes text, struct fh_err *err)
{
    return fh_import_dbt(draft, text, NULL, 0, err);
}

static void init_draft(struct fh_draft *draft, struct fh_arena *arena)
{
    fh_draft_init(draft, arena);
    draft->kind = "a test";
    draft->id = "x";
    draft->product = "case";
    draft->types_are_physical = true;
}

/* No error; warnings tell what this version cannot serve. */
static void assert_lints(const struct fh_buf *yaml)
{
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_contract *contract = NULL;
    struct fh_findings findings;
    struct fh_err err = {0};
    struct fh_lint_options options = {.for_reading = true};
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    if (fh_contract_lint(&contract, fh_buf_view(yaml), &options, &findings, &err) != FH_OK) {
        print_error("%s\n%.*s\n", err.text, (int)yaml->size, (const char *)yaml->data);
        fail();
    }
    fh_arena_free(arena);
}

/* What the case gives, in the form in which it is expected. */
static void give(import_fn *import, struct fh_bytes text, struct fh_buf *out)
{
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct fh_draft draft;
    struct fh_err err = {0};
    struct fh_buf yaml;
    assert_non_null(arena);
    fh_buf_init(&yaml, FILE_BYTES);
    init_draft(&draft, arena);
    int code = import(&draft, text, &err);
    if (code == FH_OK) {
        code = fh_draft_finish(&draft, &err);
    }
    if (code != FH_OK) {
        assert_int_equal(code, err.code);
        fh_buf_printf(out, "error %s ~ %s\n", err.rule, err.text);
    } else {
        fh_draft_write(&yaml, &draft, false);
        assert_int_equal(fh_buf_ok(&yaml), FH_OK);
        assert_lints(&yaml);
        const char *start = strstr(fh_buf_cstr(&yaml), schema_start) + strlen(schema_start);
        fh_buf_add(out, start, (size_t)(strstr(start, schema_end) - start));
    }
    fh_buf_fini(&yaml);
    fh_arena_free(arena);
}

/* "error RULE ~ part" fits a longer text; all else must be the same. */
static bool fits(const char *given, const char *expected, size_t size)
{
    const char *part = memmem(expected, size, " ~ ", 3);
    if (strncmp(expected, "error ", 6) != 0 || part == NULL) {
        return strlen(given) == size && memcmp(given, expected, size) == 0;
    }
    size_t head = (size_t)(part - expected) + 3;
    return strncmp(given, expected, head) == 0 &&
           memmem(given, strlen(given), expected + head, size - head - 1) != NULL;
}

static unsigned run_case(import_fn *import, char *text)
{
    struct fh_buf given;
    char *input = strchr(text, '\n') + 1;
    char *line = strncmp(input, "----\n", 5) == 0 ? input - 1 : strstr(input, "\n----\n");
    assert_non_null(line);
    char *expected = line + 6;
    size_t size = strlen(expected);
    while (size > 1 && expected[size - 1] == '\n' && expected[size - 2] == '\n') {
        size--;
    }
    input[-1] = 0;
    fh_buf_init(&given, FILE_BYTES);
    give(import, fh_bytes(input, (size_t)(line + 1 - input)), &given);
    bool good = fits(fh_buf_cstr(&given), expected, size);
    if (!good) {
        print_error("case \"%s\" gave:\n%s", text, fh_buf_cstr(&given));
    }
    fh_buf_fini(&given);
    return good ? 0 : 1;
}

static void run_file(const char *name, import_fn *import, unsigned at_least)
{
    char path[512];
    struct fh_buf file;
    struct fh_err err;
    unsigned cases = 0;
    unsigned failed = 0;
    snprintf(path, sizeof path, "%s/unit/tools/cases/%s.case", FH_TEST_SOURCE_DIR, name);
    fh_buf_init(&file, FILE_BYTES);
    assert_int_equal(fh_file_read(path, &file, &err), FH_OK);
    fh_buf_add_u8(&file, 0);
    assert_int_equal(fh_buf_ok(&file), FH_OK);
    for (char *at = (char *)file.data + 5; at != NULL;) {
        char *next = strstr(at, "\n==== ");
        if (next != NULL) {
            next[1] = 0;
            next += 6;
        }
        failed += run_case(import, at);
        cases++;
        at = next;
    }
    assert_int_equal(failed, 0);
    assert_true(cases >= at_least);
    fh_buf_fini(&file);
}

static void test_sql(void **state)
{
    (void)state;
    run_file("import_sql", fh_import_sql, 25);
}

static void test_dbt(void **state)
{
    (void)state;
    run_file("import_dbt", import_dbt, 11);
}

/* ---- choosing tables ---- */

static void test_choose(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        const char *text; /* of the error, or NULL */
    } rows[] = {
        {"orders", NULL},
        {"ORDERS", NULL},
        {"shop.orders", NULL},
        {"order", "did you mean \"orders\"?"},
        {"other.orders", "the source has no table"},
        {"zzzzzzzzzz", "it has \"orders\", \"items\""},
        {"", "the source has no table \"\""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
        struct fh_draft draft;
        struct fh_err err = {0};
        init_draft(&draft, arena);
        assert_int_equal(fh_import_sql(&draft,
                                       fh_bytes_cstr("CREATE TABLE shop.orders (a int);"
                                                     "CREATE TABLE items (a int);"),
                                       &err),
                         FH_OK);
        int code = fh_import_choose(&draft, &rows[i].wanted, 1, &err);
        if (rows[i].text == NULL) {
            assert_int_equal(code, FH_OK);
            assert_int_equal(draft.table_count, 1);
            assert_string_equal(draft.tables[0].source, "orders");
        } else {
            assert_int_equal(code, FH_ENOTFOUND);
            assert_string_equal(err.rule, "import.table");
            assert_non_null(strstr(err.text, rows[i].text));
        }
        fh_arena_free(arena);
    }
}

/* ---- profiles ---- */

/* Names and values as a hostile source has them: the draft lints, and tells no secret. */
static void test_hostile_profile(void **state)
{
    (void)state;
    static const char *const names[] = {"a\"b",
                                        "a\nb",
                                        "a: b # c",
                                        "- x",
                                        "__",
                                        "SELECT",
                                        "\342\200\256gnp.exe",
                                        "password=hunter2",
                                        "/home/joe/data",
                                        "{model}",
                                        "'",
                                        "\\",
                                        "y",
                                        "1e5",
                                        "\xf0\x9f\xa6\x86",
                                        "~",
                                        "A",
                                        "a"};
    static const char *const values[] = {"x\" y: [", "postgres://h/secret", "# no"};
    struct fh_profile_column columns[FH_COUNT(names)];
    struct fh_profile profile = {
        .rows = 3, .definition = "", .column_count = FH_COUNT(names), .columns = columns};
    for (size_t i = 0; i < FH_COUNT(names); i++) {
        columns[i] = (struct fh_profile_column){.name = names[i],
                                                .type = "VARCHAR",
                                                .observed = true,
                                                .minimum = "",
                                                .maximum = "",
                                                .sampled = 3,
                                                .likeness = FH_LIKENESS_COUNT,
                                                .example_count = FH_COUNT(values),
                                                .examples = {values[0], values[1], values[2]}};
    }
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct fh_draft draft;
    struct fh_err err = {0};
    struct fh_buf yaml;
    fh_buf_init(&yaml, FILE_BYTES);
    init_draft(&draft, arena);
    draft.product = "1 Wild__Name.v2";
    assert_int_equal(fh_import_profile(&draft, "", "tab le", false, &profile, &err), FH_OK);
    assert_int_equal(fh_draft_finish(&draft, &err), FH_OK);
    assert_string_equal(draft.product, "t_1_wild_name_v2");
    fh_draft_write(&yaml, &draft, false);
    assert_lints(&yaml);
    assert_null(strstr(fh_buf_cstr(&yaml), "hunter2"));
    assert_null(strstr(fh_buf_cstr(&yaml), "postgres://"));
    assert_null(strstr(fh_buf_cstr(&yaml), "/home/joe"));
    assert_non_null(strstr(fh_buf_cstr(&yaml), "column 8 of the source is left out"));
    assert_non_null(strstr(fh_buf_cstr(&yaml), "name: a_2"));
    fh_buf_fini(&yaml);
    fh_arena_free(arena);
}

/* A column that looks personal shows neither examples nor bounds, whatever it was given. */
static void test_guesses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum fh_likeness likeness;
        uint32_t alike; /* of 100 */
        const char *text;
    } rows[] = {
        {"a", FH_LIKE_EMAIL, 98, "98 % of 100 sampled values look like e-mail addresses"},
        {"b", FH_LIKE_IBAN, 6, "classification: restricted"},
        {"c", FH_LIKE_EMAIL, 5, NULL}, /* an accident */
        {"d", FH_LIKE_UUID, 100, NULL},
        {"e", FH_LIKENESS_COUNT, 0, NULL},
        {"phone", FH_LIKENESS_COUNT, 0, "by its name: telephone numbers"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_profile_column column = {.name = rows[i].name,
                                           .type = "VARCHAR",
                                           .observed = true,
                                           .minimum = "",
                                           .maximum = "",
                                           .sampled = 100,
                                           .likeness = rows[i].likeness,
                                           .alike = rows[i].alike,
                                           .example_count = 1,
                                           .examples = {"shown"}};
        struct fh_profile profile = {
            .rows = 100, .definition = "", .column_count = 1, .columns = &column};
        struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
        struct fh_draft draft;
        struct fh_err err = {0};
        struct fh_buf yaml;
        fh_buf_init(&yaml, FILE_BYTES);
        init_draft(&draft, arena);
        assert_int_equal(fh_import_profile(&draft, "", "t", false, &profile, &err), FH_OK);
        assert_int_equal(fh_draft_finish(&draft, &err), FH_OK);
        fh_draft_write(&yaml, &draft, false);
        assert_lints(&yaml);
        const char *text = fh_buf_cstr(&yaml);
        assert_true((strstr(text, "shown") == NULL) == (rows[i].text != NULL));
        assert_true((strstr(text, "review:classification") != NULL) == (rows[i].text != NULL));
        assert_true(rows[i].text == NULL || strstr(text, rows[i].text) != NULL);
        fh_buf_fini(&yaml);
        fh_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_dbt),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_hostile_profile),
        cmocka_unit_test(test_guesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
