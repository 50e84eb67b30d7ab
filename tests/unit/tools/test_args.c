/* SPDX-License-Identifier: Apache-2.0 */
/* The parser over the real table of commands, and rules that every row of that table keeps. */
#include "tools/cli/cli.h"
#include "tools/cli/completion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS_MAX = 12 };

struct accepted {
    const char *words[WORDS_MAX];
    const char *noun;
    const char *verb;
    unsigned operands;
    const char *flag; /* of the command, or NULL */
    const char *value;
    const char *home;
    const char *format;
};

static const struct accepted accepted[] = {
    {{"status"}, "status", NULL, 0, NULL, NULL, NULL, NULL},
    {{"--home", "h", "status"}, "status", NULL, 0, NULL, NULL, "h", NULL},
    {{"status", "--home=h", "-ojson"}, "status", NULL, 0, NULL, NULL, "h", "json"},
    {{"-o", "csv", "product", "publish", "f"}, "product", "publish", 1, NULL, NULL, NULL, "csv"},
    {{"product", "-o", "csv", "publish", "f"}, "product", "publish", 1, NULL, NULL, NULL, "csv"},
    {{"product", "publish", "f", "--dry-run"}, "product", "publish", 1, "dry-run", "", NULL, NULL},
    {{"invite", "-o", "file"}, "invite", NULL, 0, "output", "file", NULL, NULL},
    {{"-o", "json", "invite", "-o", "f"}, "invite", NULL, 0, "output", "f", NULL, "json"},
    {{"query", "--file=-"}, "query", NULL, 0, "file", "-", NULL, NULL},
    {{"query", "-f", "x"}, "query", NULL, 0, "file", "x", NULL, NULL},
    {{"query", "-fx"}, "query", NULL, 0, "file", "x", NULL, NULL},
    {{"query", "--param", "a", "--param=b=c", "x"}, "query", NULL, 1, "param", "b=c", NULL, NULL},
    {{"query", "-"}, "query", NULL, 1, NULL, NULL, NULL, NULL},
    {{"query", "--", "-- a comment"}, "query", NULL, 1, NULL, NULL, NULL, NULL},
    {{"query", "--purpose=", "x"}, "query", NULL, 1, "purpose", "", NULL, NULL},
    {{"search"}, "search", NULL, 0, NULL, NULL, NULL, NULL},
    {{"peers"}, "peers", NULL, 0, NULL, NULL, NULL, NULL},
    {{"peers", "-owide"}, "peers", NULL, 0, NULL, NULL, NULL, "wide"},
    {{"peers", "explain", "x"}, "peers", "explain", 1, NULL, NULL, NULL, NULL},
    {{"-o", "json", "peers", "explain", "explain"},
     "peers",
     "explain",
     1,
     NULL,
     NULL,
     NULL,
     "json"},
    {{"peers", "explain", "x", "--peer", "y"}, "peers", "explain", 1, "peer", "y", NULL, NULL},
    {{"search", "a", "b", "c"}, "search", NULL, 3, NULL, NULL, NULL, NULL},
};

static const struct refused {
    const char *words[WORDS_MAX];
    const char *text; /* in the message */
} refused[] = {
    {{NULL}, "a command is missing"},
    {{"statsu"}, "did you mean \"status\"?"},
    {{"prodct"}, "did you mean \"product\"?"},
    {{"quarry-everything"}, "`freehold --help` lists them"},
    {{"product"}, "needs one word more"},
    {{"product", "publsh"}, "did you mean \"product publish\"?"},
    {{"product", "destroy"}, "`freehold product --help` lists them"},
    {{"product", "publish"}, "product publish needs FILE"},
    {{"product", "describe", "a", "b"}, "\"b\" is one word too many"},
    {{"peers", "exlpain", "a"}, "\"exlpain\" is one word too many"},
    {{"peers", "--peer", "y", "explain"}, "\"explain\" is one word too many"},
    {{"peers", "explain"}, "peers explain needs NODE"},
    {{"peers", "explain", "a", "explain"}, "\"explain\" is one word too many"},
    {{"status", "now"}, "\"now\" is one word too many"},
    {{"status", "--per", "x"}, "did you mean \"--peer\"?"},
    {{"status", "--hmoe", "x"}, "did you mean \"--home\"?"},
    {{"status", "--nothing-like-it"}, "`freehold status --help` lists them"},
    {{"status", "-x"}, "unknown flag \"-x\""},
    {{"status", "--dry-run"}, "unknown flag \"--dry-run\""},
    {{"status", "--peer"}, "--peer needs a value: HOST:PORT"},
    {{"status", "--peer", "a", "--peer", "b"}, "--peer is given twice"},
    {{"product", "publish", "f", "--dry-run=yes"}, "--dry-run takes no value"},
    {{"--peer", "x", "status"}, "unknown flag \"--peer\""},
    {{"verify"}, "verify needs FILE"},
};

static int parse(struct fh_args *out, const char *const words[WORDS_MAX], struct fh_err *err)
{
    char name[] = "freehold";
    char *argv[WORDS_MAX + 1] = {name};
    int argc = 1;
    for (; argc <= WORDS_MAX && words[argc - 1] != NULL; argc++) {
        memcpy(&argv[argc], &words[argc - 1], sizeof argv[argc]);
    }
    return fh_args_parse(out, fh_commands, fh_command_count, argc, argv, err);
}

static void assert_text(const char *got, const char *wanted)
{
    if (wanted == NULL) {
        assert_null(got);
    } else {
        assert_non_null(got);
        assert_string_equal(got, wanted);
    }
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(accepted); i++) {
        const struct accepted *row = &accepted[i];
        struct fh_err err = {0};
        struct fh_args args;
        if (parse(&args, row->words, &err) != FH_OK) {
            fail_msg("row %zu: %s", i, err.text);
        }
        assert_non_null(args.command);
        assert_string_equal(args.command->noun, row->noun);
        assert_text(args.command->verb, row->verb);
        assert_int_equal(args.operand_count, row->operands);
        assert_text(args.home, row->home);
        assert_text(args.format, row->format);
        if (row->flag != NULL) {
            assert_text(fh_args_value(&args, row->flag), row->value);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(refused); i++) {
        struct fh_err err = {0};
        struct fh_args args;
        if (parse(&args, refused[i].words, &err) != FH_EUSAGE) {
            fail_msg("row %zu was accepted; expected: %s", i, refused[i].text);
        }
        if (strstr(err.text, refused[i].text) == NULL) {
            fail_msg("row %zu: \"%s\" lacks \"%s\"", i, err.text, refused[i].text);
        }
        assert_int_equal(fh_code_exit(err.code), 2);
    }
}

static void test_too_many_operands(void **state)
{
    (void)state;
    char word[] = "word";
    char search[] = "search";
    char *argv[FH_ARGS_WORDS_MAX + 3] = {search, search};
    for (size_t i = 2; i < FH_COUNT(argv); i++) {
        argv[i] = word;
    }
    struct fh_err err = {0};
    struct fh_args args;
    int argc = (int)FH_COUNT(argv);
    assert_int_equal(fh_args_parse(&args, fh_commands, fh_command_count, argc, argv, &err),
                     FH_EUSAGE);
    assert_int_equal(fh_args_parse(&args, fh_commands, fh_command_count, argc - 1, argv, &err),
                     FH_OK);
    assert_int_equal(args.operand_count, FH_ARGS_WORDS_MAX);
}

static void test_help_needs_no_operands(void **state)
{
    (void)state;
    static const char *const lines[][WORDS_MAX] = {
        {"--help"},
        {"help"},
        {"product", "--help"},
        {"product", "publish", "-h"},
        {"help", "query"},
        {"--version"},
    };
    for (size_t i = 0; i < FH_COUNT(lines); i++) {
        struct fh_err err = {0};
        struct fh_args args;
        assert_int_equal(parse(&args, lines[i], &err), FH_OK);
        assert_true(args.help || args.version);
    }
}

static bool ends_in_dot(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && text[length - 1] == '.';
}

/* Every row can be helped with, run, and told apart. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < fh_command_count; i++) {
        const struct fh_command *command = &fh_commands[i];
        assert_non_null(command->noun);
        assert_non_null(command->operands);
        assert_non_null(command->details);
        assert_non_null(command->run);
        assert_true(strncmp(command->example, "freehold", 8) == 0 ||
                    strstr(command->example, "(freehold ") != NULL);
        assert_true(command->summary[0] >= 'a' && command->summary[0] <= 'z');
        assert_false(ends_in_dot(command->summary));
        assert_true(command->operands_max <= FH_ARGS_OPERANDS_MAX);
        assert_true(command->operands_min <= command->operands_max);
        assert_true((command->operands_max == 0) == (command->operands[0] == 0));
        for (size_t j = 0; j < i; j++) {
            bool same_noun = strcmp(fh_commands[j].noun, command->noun) == 0;
            /* A noun that is a command too stands before its verbs, and takes no operand. */
            assert_false(same_noun && command->verb == NULL);
            if (same_noun && fh_commands[j].verb == NULL) {
                assert_int_equal(fh_commands[j].operands_max, 0);
            } else {
                assert_false(same_noun && strcmp(fh_commands[j].verb, command->verb) == 0);
            }
        }
        for (size_t f = 0; f < FH_ARGS_FLAGS_MAX && command->flags[f].name != NULL; f++) {
            assert_non_null(command->flags[f].help);
            for (size_t g = 0; g < f; g++) {
                assert_string_not_equal(command->flags[f].name, command->flags[g].name);
            }
        }
    }
}

static void test_distance(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        unsigned distance;
    } rows[] = {
        {"", "", 0},
        {"peer", "peer", 0},
        {"peer", "per", 1},
        {"per", "peer", 1},
        {"peer", "pear", 1},
        {"peer", "pere", 1},
        {"status", "statsu", 1},
        {"status", "stutas", 2},
        {"status", "peers", 3},
        {"a", "abcdefgh", 3},
        {"0123456789012345678901234567890123456789x",
         "0123456789012345678901234567890123456789x",
         3},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(fh_word_distance(rows[i].a, rows[i].b, 2), rows[i].distance);
    }
}

/* What a command prints, to be freed. */
static char *printed(void (*print)(struct fh_cli *cli, const void *user), const void *user)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    struct fh_cli cli = {.out = file, .messages = file};
    print(&cli, user);
    fclose(file);
    return text;
}

static void print_help(struct fh_cli *cli, const void *user)
{
    fh_cli_help(cli, user);
}

static void print_completion(struct fh_cli *cli, const void *user)
{
    const enum fh_shell *shell = user;
    fh_cli_completion(cli, *shell);
}

static void test_help(void **state)
{
    (void)state;
    for (size_t i = 0; i < fh_command_count; i++) {
        const struct fh_command *command = &fh_commands[i];
        struct fh_args args = {.command = command};
        char *text = printed(print_help, &args);
        assert_non_null(strstr(text, command->summary + 1));
        assert_non_null(strstr(text, "Examples"));
        for (size_t f = 0; f < FH_ARGS_FLAGS_MAX && command->flags[f].name != NULL; f++) {
            assert_non_null(strstr(text, command->flags[f].help));
        }
        free(text);
    }
}

/* The completion of every shell names every command and every flag. */
static void test_completion(void **state)
{
    (void)state;
    for (unsigned shell = 0; shell < FH_SHELL_COUNT; shell++) {
        enum fh_shell asked = (enum fh_shell)shell;
        char *text = printed(print_completion, &asked);
        assert_non_null(strstr(text, fh_shell_text(asked)));
        for (size_t i = 0; i < fh_command_count; i++) {
            const struct fh_command *command = &fh_commands[i];
            assert_non_null(strstr(text, command->noun));
            if (command->verb != NULL) {
                assert_non_null(strstr(text, command->verb));
            }
            for (size_t f = 0; f < FH_ARGS_FLAGS_MAX && command->flags[f].name != NULL; f++) {
                char flag[64];
                bool is_fish = asked == FH_SHELL_FISH;
                snprintf(flag, sizeof flag, "%s%s", is_fish ? "-l " : "--", command->flags[f].name);
                assert_non_null(strstr(text, flag));
            }
        }
        free(text);
    }
}

static void test_what_completes(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum fh_completion_kind kind;
        const char *words;
    } rows[] = {
        {"FILE", FH_COMPLETION_FILE, NULL},
        {"FILE|TEXT", FH_COMPLETION_FILE, NULL},
        {"DIR", FH_COMPLETION_DIR, NULL},
        {"ROLE", FH_COMPLETION_WORDS, "publisher member"},
        {"odcs|sql", FH_COMPLETION_WORDS, "odcs|sql"},
        {"FORMAT", FH_COMPLETION_NOTHING, NULL}, /* not that of --output */
        {"NAME", FH_COMPLETION_NOTHING, NULL},   /* a name that is given */
        {"HOST:PORT", FH_COMPLETION_NOTHING, NULL},
        {"N", FH_COMPLETION_NOTHING, NULL},
        {NULL, FH_COMPLETION_NOTHING, NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct fh_flag flag = {"flag", rows[i].value, "", 0};
        struct fh_completion found = fh_completion_of_flag(&flag);
        assert_int_equal(found.kind, rows[i].kind);
        if (rows[i].words != NULL) {
            assert_string_equal(found.words, rows[i].words);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_many_operands),
        cmocka_unit_test(test_help_needs_no_operands),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_what_completes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
