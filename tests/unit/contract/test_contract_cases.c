/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs cases/<mode>.case: contracts as text, and every finding that they must give, in order.
 *
 *     ==== name of the case
 *     text of the contract; a line "%head" stands for the six keys that every contract needs
 *     ----
 *     LINE:COLUMN SEVERITY RULE PATH ~ part of the message
 *
 * PATH is "-" for the document itself. A case without lines after ---- must give no finding.
 */
#include "common/arena.h"
#include "common/file.h"
#include "common/limits.h"
#include "proto/contract/contract_read.h"
#include "proto/contract/lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "apiVersion: v3.1.0\n"
                           "kind: DataContract\n"
                           "id: a\n"
                           "name: flights\n"
                           "version: 1.0.0\n"
                           "status: active\n";

enum mode { MODE_SCHEMA, MODE_RULES, MODE_PUBLISH };

static int
run(enum mode mode, struct fh_bytes text, struct fh_findings *findings, struct fh_contract **out)
{
    struct fh_err err = {0};
    struct fh_lint_options options = {.for_publishing = mode == MODE_PUBLISH, .domain = "aviation"};
    int rc = mode == MODE_SCHEMA ? fh_contract_read(out, text, findings, &err)
                                 : fh_contract_lint(out, text, &options, findings, &err);
    assert_int_equal(rc, findings->errors > 0 ? FH_ECHECK : FH_OK);
    if (rc != FH_OK) {
        assert_int_equal(err.code, rc);
        assert_string_not_equal(err.rule, "");
    }
    return rc;
}

/* The input with %head replaced. */
static void expand(struct fh_buf *out, const char *input, size_t size)
{
    const char *end = input + size;
    while (input < end) {
        const char *feed = memchr(input, '\n', (size_t)(end - input));
        size_t line = feed == NULL ? (size_t)(end - input) : (size_t)(feed - input) + 1;
        if (line >= 5 && memcmp(input, "%head", 5) == 0) {
            fh_buf_add_cstr(out, head);
        } else {
            fh_buf_add(out, input, line);
        }
        input += line;
    }
}

/* Compares one finding with "LINE:COLUMN SEVERITY RULE PATH ~ part". */
static bool matches(const struct fh_finding *finding, const char *expected)
{
    char place[700];
    snprintf(place,
             sizeof place,
             "%u:%u %s %s %s",
             finding->line,
             finding->column,
             fh_severity_text(finding->severity),
             finding->rule,
             finding->path[0] == '\0' ? "-" : finding->path);
    const char *part = strstr(expected, " ~ ");
    size_t size = part == NULL ? strlen(expected) : (size_t)(part - expected);
    return strlen(place) == size && strncmp(place, expected, size) == 0 &&
           (part == NULL || strstr(finding->message, part + 3) != NULL);
}

static unsigned print_case(const char *name, const struct fh_findings *findings)
{
    print_error("case \"%s\" gave:\n", name);
    for (size_t i = 0; i < findings->count; i++) {
        const struct fh_finding *f = &findings->items[i];
        print_error("%u:%u %s %s %s ~ %s\n",
                    f->line,
                    f->column,
                    fh_severity_text(f->severity),
                    f->rule,
                    f->path[0] == '\0' ? "-" : f->path,
                    f->message);
    }
    return 1;
}

/* Runs one case; `expected` is a list of lines that is cut apart. Gives the number of failures. */
static unsigned
run_case(enum mode mode, const char *name, const char *input, size_t size, char *expected)
{
    struct fh_buf text;
    struct fh_arena *arena = fh_arena_new(FH_CONTRACT_ARENA_BYTES_MAX);
    struct fh_findings findings;
    struct fh_contract *contract = NULL;
    size_t at = 0;
    bool fits = true;
    fh_buf_init(&text, 1024 * 1024);
    expand(&text, input, size);
    assert_int_equal(fh_buf_ok(&text), FH_OK);
    assert_non_null(arena);
    fh_findings_init(&findings, arena);
    run(mode, fh_buf_view(&text), &findings, &contract);
    char *rest = NULL;
    for (char *line = strtok_r(expected, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        fits = fits && at < findings.count && matches(&findings.items[at], line);
        at++;
    }
    unsigned failed = fits && at == findings.count ? 0 : print_case(name, &findings);
    fh_arena_free(arena);
    fh_buf_fini(&text);
    return failed;
}

static void run_file(const char *mode_name, enum mode mode, unsigned at_least)
{
    char path[512];
    struct fh_buf file;
    struct fh_err err;
    unsigned cases = 0;
    unsigned failed = 0;
    snprintf(path, sizeof path, "%s/unit/contract/cases/%s.case", FH_TEST_SOURCE_DIR, mode_name);
    fh_buf_init(&file, 1024 * 1024);
    assert_int_equal(fh_file_read(path, &file, &err), FH_OK);
    char *text = strdup(fh_buf_cstr(&file));
    assert_non_null(text);
    char *next = strstr(text, "==== ");
    while (next != NULL) {
        char *name = next + 5;
        char *input = strchr(name, '\n');
        assert_non_null(input);
        *input++ = '\0';
        char *bar = strstr(input, "----\n");
        assert_non_null(bar);
        next = strstr(bar, "\n==== "); /* may be the line end of the bar itself */
        char *expected = next == bar + 4 ? bar + 4 : bar + 5;
        if (next != NULL) {
            *next++ = '\0';
        }
        failed += run_case(mode, name, input, (size_t)(bar - input), expected);
        cases++;
    }
    free(text);
    fh_buf_fini(&file);
    assert_int_equal(failed, 0);
    assert_true(cases >= at_least); /* a file that lost its cases would pass otherwise */
}

static void test_yaml(void **state)
{
    (void)state;
    run_file("yaml", MODE_SCHEMA, 15);
}

static void test_schema(void **state)
{
    (void)state;
    run_file("schema", MODE_SCHEMA, 40);
}

static void test_rules(void **state)
{
    (void)state;
    run_file("rules", MODE_RULES, 20);
}

static void test_publish(void **state)
{
    (void)state;
    run_file("publish", MODE_PUBLISH, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_publish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
