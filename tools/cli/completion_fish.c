/* SPDX-License-Identifier: Apache-2.0 */
/* The completion of fish: one line for each command, verb and flag. */
#include "tools/cli/completion.h"

#include <string.h>

/* A text inside single quotes. */
static void put_quoted(struct fh_cli *cli, const char *text)
{
    fputc('\'', cli->out);
    for (; *text != 0; text++) {
        if (*text == '\'' || *text == '\\') {
            fputc('\\', cli->out);
        }
        fputc(*text, cli->out);
    }
    fputc('\'', cli->out);
}

static void put_word(const char *word, int length, void *user)
{
    fprintf(user, "%.*s ", length, word);
}

static void put_completion(struct fh_cli *cli, struct fh_completion completion)
{
    switch (completion.kind) {
    case FH_COMPLETION_FILE:
        fputs(" -F", cli->out);
        break;
    case FH_COMPLETION_DIR:
        fputs(" -x -a '(__fish_complete_directories)'", cli->out);
        break;
    case FH_COMPLETION_PRODUCT:
        fputs(" -a '(__freehold_names product)'", cli->out);
        break;
    case FH_COMPLETION_MEMBER:
        fputs(" -a '(__freehold_names member)'", cli->out);
        break;
    case FH_COMPLETION_REQUEST:
        fputs(" -a '(__freehold_names access)'", cli->out);
        break;
    case FH_COMPLETION_GRANT:
        fputs(" -a '(__freehold_names grant)'", cli->out);
        break;
    case FH_COMPLETION_WORDS:
        fputs(" -x -a '", cli->out);
        fh_completion_words(completion.words, put_word, cli->out);
        fputs("'", cli->out);
        break;
    case FH_COMPLETION_NOTHING:
    case FH_COMPLETION_KIND_COUNT:
        break;
    }
}

static void
put_flags(struct fh_cli *cli, const char *condition, const struct fh_flag *flags, size_t most)
{
    for (size_t i = 0; i < most && flags[i].name != NULL; i++) {
        fprintf(cli->out, "complete -c freehold%s -l %s", condition, flags[i].name);
        if (flags[i].letter != 0) {
            fprintf(cli->out, " -s %c", flags[i].letter);
        }
        if (flags[i].value != NULL) {
            fputs(" -r", cli->out);
            put_completion(cli, fh_completion_of_flag(&flags[i]));
        }
        fputs(" -d ", cli->out);
        put_quoted(cli, flags[i].help);
        fputc('\n', cli->out);
    }
}

static void put_command(struct fh_cli *cli, size_t index)
{
    const struct fh_command *command = &fh_commands[index];
    char condition[160];
    if (fh_completion_is_first(index)) {
        fprintf(cli->out, "complete -c freehold -n __freehold_first -a %s -d ", command->noun);
        put_quoted(cli, command->verb == NULL ? command->summary : "see --help");
        fputc('\n', cli->out);
    }
    if (command->verb != NULL) {
        fprintf(cli->out,
                "complete -c freehold -n '__freehold_is %s' -a %s -d ",
                command->noun,
                command->verb);
        put_quoted(cli, command->summary);
        fputc('\n', cli->out);
    }
    snprintf(condition,
             sizeof condition,
             " -n '__freehold_is %s%s%s'",
             command->noun,
             command->verb == NULL ? "" : " ",
             command->verb == NULL ? "" : command->verb);
    put_flags(cli, condition, command->flags, FH_ARGS_FLAGS_MAX);
    struct fh_completion operands = fh_completion_of_operands(command);
    if (operands.kind != FH_COMPLETION_NOTHING) {
        fprintf(cli->out, "complete -c freehold%s", condition);
        put_completion(cli, operands);
        fputc('\n', cli->out);
    }
}

void fh_completion_fish(struct fh_cli *cli)
{
    fputs("# Completion of freehold for fish:\n"
          "# freehold completion fish > ~/.config/fish/completions/freehold.fish\n"
          "function __freehold_words\n"
          "    commandline -opc | tail -n +2 | string match -v -- '-*'\n"
          "end\n"
          "function __freehold_first\n"
          "    test (count (__freehold_words)) -eq 0\n"
          "end\n"
          "function __freehold_is\n"
          "    set -l given (__freehold_words)\n"
          "    test (count $given) -ge (count $argv); or return 1\n"
          "    test \"$given[1..\"(count $argv)\"]\" = \"$argv\"\n"
          "end\n"
          "function __freehold_names\n"
          "    timeout 2 freehold -o csv $argv[1] list 2>/dev/null | tail -n +2 | "
          "string replace -r '[,@].*' ''\n"
          "end\n"
          "complete -c freehold -f\n",
          cli->out);
    put_flags(cli, "", fh_global_flags, SIZE_MAX);
    for (size_t i = 0; i < fh_command_count; i++) {
        put_command(cli, i);
    }
}
