/* SPDX-License-Identifier: Apache-2.0 */
/* Values of parameters as people give them: what is read is what was written, and never SQL. */
#include "tools/cli/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/cli/cli.h"

enum { WORDS_MAX = 5, SHOWN_BYTES = 512 };

/* "name:type:value" of each, types as one letter. */
static void show(char out[SHOWN_BYTES], const struct fh_cli_params *params)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < params->count; i++) {
        const struct freehold_param *param = &params->list[i];
        const char *name = param->name == NULL ? "" : param->name;
        char integer[8];
        snprintf(integer, sizeof integer, "%d", (int)param->integer);
        at += (size_t)snprintf(out + at,
                               SHOWN_BYTES - at,
                               "%s%s:%c:%s",
                               i == 0 ? "" : " ",
                               name,
                               "TNBID"[param->type],
                               param -> type == FREEHOLD_PARAM_NULL          ? ""
                                        : param->type == FREEHOLD_PARAM_BOOL ? integer
                                                                             : param->text);
        assert_true(at < SHOWN_BYTES);
    }
}

static int read(struct fh_cli_params *out, const char *const words[WORDS_MAX], struct fh_err *err)
{
    static struct fh_args args;
    char program[] = "freehold";
    char query[] = "query";
    char *argv[WORDS_MAX + 2] = {program, query};
    int argc = 2;
    for (; argc < WORDS_MAX + 2 && words[argc - 2] != NULL; argc++) {
        memcpy(&argv[argc], &words[argc - 2], sizeof argv[argc]);
    }
    assert_int_equal(fh_args_parse(&args, fh_commands, fh_command_count, argc, argv, err), FH_OK);
    return fh_cli_params(out, &args, err);
}

static const struct {
    const char *words[WORDS_MAX];
    const char *found;
} good[] = {
    {{NULL}, ""},
    {{"--param", "5"}, ":T:5"},
    {{"--param", ""}, ":T:"},
    {{"--param=a", "--param", "b"}, ":T:a :T:b"},
    {{"--param", "since=2024-01-01"}, "since:T:2024-01-01"},
    {{"--param=since=2024-01-01"}, "since:T:2024-01-01"},
    {{"--param", "x=a=b"}, "x:T:a=b"},
    {{"--param", "x="}, "x:T:"},
    {{"--param", "=a=b"}, ":T:a=b"},
    {{"--param", "="}, ":T:"},
    {{"--param", "1=1"}, ":T:1=1"},
    {{"--param", "a b=c"}, ":T:a b=c"},
    {{"--param", "'; DROP TABLE t; --"}, ":T:'; DROP TABLE t; --"},
    {{"--param", "NULL"}, ":T:NULL"},
    {{"--param-json", "[]"}, ""},
    {{"--param-json", "{}"}, ""},
    {{"--param-json", "[5, null, true, false, \"a\", 12.50]"}, ":D:5 :N: :B:1 :B:0 :T:a :D:12.50"},
    {{"--param-json", "[\"7\", 7, \"\\\"8\\\\\", -8e1]"}, ":T:7 :D:7 :T:\"8\\ :D:-8e1"},
    {{"--param-json", "{\"a1\": 1, \"b\": \"2\", \"c\": 3.0}"}, "a1:D:1 b:T:2 c:D:3.0"},
    {{"--param-json", "[0.1234567890123456789012345678901234567]"},
     ":D:0.1234567890123456789012345678901234567"},
    {{"--param-json", "[123456789012345678901]"}, ":D:123456789012345678901"},
    {{"--param-json", "[\"\\ud83d\\ude00\"]"}, ":T:\xf0\x9f\x98\x80"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(good); i++) {
        struct fh_cli_params params = {.count = 0};
        struct fh_err err = {0};
        char found[SHOWN_BYTES];
        if (read(&params, good[i].words, &err) != FH_OK) {
            fail_msg("row %zu: %s", i, err.text);
        }
        show(found, &params);
        assert_string_equal(found, good[i].found);
        fh_cli_params_fini(&params);
    }
}

static const struct {
    const char *words[WORDS_MAX];
    const char *text; /* in the message */
} bad[] = {
    {{"--param", "a", "--param-json", "[1]"}, "not both"},
    {{"--param-json", ""}, "is not JSON"},
    {{"--param-json", "5"}, "is not JSON"},
    {{"--param-json", "[1"}, "is not JSON"},
    {{"--param-json", "[1] [2]"}, "is not JSON"},
    {{"--param-json", "[01]"}, "is not JSON"},
    {{"--param-json", "[1e999]"}, "is not JSON"},
    {{"--param-json", "['a']"}, "is not JSON"},
    {{"--param-json", "[\"a\\u0000b\"]"}, "is not JSON"},
    {{"--param-json", "{\"a\": 1, \"a\": 2}"}, "is not JSON"},
    {{"--param-json", "[[1]]"}, "value 1 is a list or an object"},
    {{"--param-json", "[1, {\"a\": 2}]"}, "value 2 is a list or an object"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        struct fh_cli_params params = {.count = 0};
        struct fh_err err = {0};
        if (read(&params, bad[i].words, &err) != FH_EUSAGE) {
            fail_msg("row %zu was accepted; expected: %s", i, bad[i].text);
        }
        if (strstr(err.text, bad[i].text) == NULL) {
            fail_msg("row %zu: \"%s\" lacks \"%s\"", i, err.text, bad[i].text);
        }
        fh_cli_params_fini(&params);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    static struct fh_args args = {.repeated_count = FH_SQL_PARAMS_MAX};
    char json[4 * FH_SQL_PARAMS_MAX] = "[0";
    for (int i = 0; i < FH_SQL_PARAMS_MAX; i++) {
        args.repeated[i] = "x";
        strcat(json, ",0");
    }
    strcat(json, "]");
    args.repeated[FH_SQL_PARAMS_MAX] = "x";
    for (size_t i = 0; i < fh_command_count; i++) {
        args.command = strcmp(fh_commands[i].noun, "query") == 0 ? &fh_commands[i] : args.command;
    }
    struct fh_err err = {0};
    struct fh_cli_params params = {.count = 0};
    assert_int_equal(fh_cli_params(&params, &args, &err), FH_OK);
    assert_int_equal(params.count, FH_SQL_PARAMS_MAX);
    fh_cli_params_fini(&params);
    params = (struct fh_cli_params){.count = 0};
    args.repeated_count++;
    assert_int_equal(fh_cli_params(&params, &args, &err), FH_ETOOBIG);
    fh_cli_params_fini(&params);
    params = (struct fh_cli_params){.count = 0};
    const char *const words[WORDS_MAX] = {"--param-json", json};
    assert_int_equal(read(&params, words, &err), FH_ETOOBIG);
    fh_cli_params_fini(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
