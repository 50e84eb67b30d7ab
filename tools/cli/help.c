/* SPDX-License-Identifier: Apache-2.0 */
/* Help and completion, made from the tables of commands and flags. */
#include "tools/cli/cli.h"

#include <string.h>

static const char *heading(const struct fh_cli *cli)
{
    return cli->out_colour ? "\x1b[1m" : "";
}

static const char *plain(const struct fh_cli *cli)
{
    return cli->out_colour ? "\x1b[0m" : "";
}

static void put_flag(struct fh_cli *cli, const struct fh_flag *flag)
{
    char left[64];
    char letter[8] = "    ";
    if (flag->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", flag->letter);
    }
    snprintf(left,
             sizeof left,
             "%s--%s%s%s",
             letter,
             flag->name,
             flag->value == NULL ? "" : " ",
             flag->value == NULL ? "" : flag->value);
    fprintf(cli->out, "  %-28s  %s\n", left, flag->help);
}

static void put_global_flags(struct fh_cli *cli)
{
    fprintf(cli->out, "\n%sFlags of every command%s\n", heading(cli), plain(cli));
    for (const struct fh_flag *flag = fh_global_flags; flag->name != NULL; flag++) {
        put_flag(cli, flag);
    }
}

static void put_example(struct fh_cli *cli, const char *example)
{
    bool continued = false;
    while (example[0] != 0) {
        size_t length = strcspn(example, "\n");
        fprintf(cli->out, "  %s%.*s\n", continued ? "" : "$ ", (int)length, example);
        continued = length > 0 && example[length - 1] == '\\';
        example += length + (example[length] == '\n' ? 1 : 0);
    }
}

static void command_help(struct fh_cli *cli, const struct fh_command *command)
{
    const char *verb = command->verb == NULL ? "" : command->verb;
    fprintf(cli->out,
            "%sfreehold %s%s%s%s%s%s%s\n\n",
            heading(cli),
            command->noun,
            verb[0] == 0 ? "" : " ",
            verb,
            command->flags[0].name == NULL ? "" : " [flags]",
            command->operands[0] == 0 ? "" : " ",
            command->operands,
            plain(cli));
    fprintf(cli->out, "%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->details[0] != 0) {
        fprintf(cli->out, "%s\n", command->details);
    }
    if (command->flags[0].name != NULL) {
        fprintf(cli->out, "\n%sFlags%s\n", heading(cli), plain(cli));
        for (size_t i = 0; i < FH_ARGS_FLAGS_MAX && command->flags[i].name != NULL; i++) {
            put_flag(cli, &command->flags[i]);
        }
    }
    put_global_flags(cli);
    fprintf(cli->out, "\n%sExamples%s\n", heading(cli), plain(cli));
    put_example(cli, command->example);
}

static void list_help(struct fh_cli *cli, const char *noun)
{
    fprintf(cli->out,
            "%sfreehold [flags] COMMAND%s\n\n"
            "Publish data products under signed contracts, find them, and query them at any peer.\n"
            "\n%sCommands%s\n",
            heading(cli),
            plain(cli),
            heading(cli),
            plain(cli));
    for (size_t i = 0; i < fh_command_count; i++) {
        const struct fh_command *command = &fh_commands[i];
        if (noun != NULL && strcmp(noun, command->noun) != 0) {
            continue;
        }
        char left[64];
        snprintf(left,
                 sizeof left,
                 "%s%s%s%s%s",
                 command->noun,
                 command->verb == NULL ? "" : " ",
                 command->verb == NULL ? "" : command->verb,
                 command->operands[0] == 0 ? "" : " ",
                 command->operands);
        fprintf(cli->out, "  %-28s  %s\n", left, command->summary);
    }
    put_global_flags(cli);
    fprintf(cli->out,
            "\n%sExit codes%s\n"
            "  0 ok   1 a check failed   2 wrong usage   3 unreachable   4 denied\n"
            "  5 a signature or an identity does not verify\n"
            "\n%sExamples%s\n"
            "  $ freehold COMMAND --help\n"
            "  $ export FREEHOLD_HOME=$HOME/analytics\n"
            "  $ freehold search flights\n"
            "  $ freehold query \"SELECT count(*) FROM aviation.flights\"\n",
            heading(cli),
            plain(cli),
            heading(cli),
            plain(cli));
}

void fh_cli_help(struct fh_cli *cli, const struct fh_args *args)
{
    if (args->command != NULL) {
        command_help(cli, args->command);
    } else {
        list_help(cli, args->noun);
    }
}

/* ---- completion ---- */

static void put_flag_words(struct fh_cli *cli, const struct fh_flag *flags, size_t most)
{
    for (size_t i = 0; i < most && flags[i].name != NULL; i++) {
        fprintf(cli->out, " --%s", flags[i].name);
    }
}

/* One case a noun: its verbs; one case a command: its flags. */
static void put_cases(struct fh_cli *cli)
{
    for (size_t i = 0; i < fh_command_count; i++) {
        const struct fh_command *command = &fh_commands[i];
        bool first = i == 0 || strcmp(fh_commands[i - 1].noun, command->noun) != 0;
        if (command->verb != NULL && first) {
            fprintf(cli->out, "    %s) words=\"", command->noun);
            for (size_t j = i; j < fh_command_count; j++) {
                if (strcmp(fh_commands[j].noun, command->noun) == 0) {
                    fprintf(cli->out, "%s%s", j == i ? "" : " ", fh_commands[j].verb);
                }
            }
            fputs("\" ;;\n", cli->out);
        }
        if (command->verb == NULL) {
            fprintf(cli->out, "    %s | \"%s \"*) words=\"", command->noun, command->noun);
        } else {
            fprintf(cli->out, "    \"%s %s\") words=\"", command->noun, command->verb);
        }
        put_flag_words(cli, command->flags, FH_ARGS_FLAGS_MAX);
        fputs("\" ;;\n", cli->out);
    }
}

void fh_cli_completion(struct fh_cli *cli)
{
    fputs("# Completion of freehold for bash: source <(freehold completion bash)\n"
          "_freehold()\n"
          "{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local words=\"\" at=1 noun=\"\" verb=\"\"\n"
          "    COMPREPLY=()\n"
          "    while ((at < COMP_CWORD)); do\n"
          "        case ${COMP_WORDS[at]} in\n"
          "        --home | -o | --output) ((at++)) ;;\n"
          "        -*) ;;\n"
          "        *) if [[ -z $noun ]]; then noun=${COMP_WORDS[at]}; else "
          "verb=${verb:-${COMP_WORDS[at]}}; fi ;;\n"
          "        esac\n"
          "        ((at++))\n"
          "    done\n"
          "    case $previous in\n"
          "    --home) mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n"
          "    -o) mapfile -t COMPREPLY < <(compgen -W 'table json csv' -- \"$word\"); return ;;\n"
          "    esac\n"
          "    case \"$noun${verb:+ $verb}\" in\n"
          "    \"\") words=\"",
          cli->out);
    for (size_t i = 0; i < fh_command_count; i++) {
        if (i == 0 || strcmp(fh_commands[i - 1].noun, fh_commands[i].noun) != 0) {
            fprintf(cli->out, "%s%s", i == 0 ? "" : " ", fh_commands[i].noun);
        }
    }
    fputs("\" ;;\n", cli->out);
    put_cases(cli);
    fputs("    esac\n"
          "    [[ $word != -* ]] || words+=\"",
          cli->out);
    put_flag_words(cli, fh_global_flags, SIZE_MAX);
    fputs("\"\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "    ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
          "}\n"
          "complete -o filenames -F _freehold freehold\n",
          cli->out);
}

int fh_cmd_completion(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    if (strcmp(args->operands[0], "bash") != 0) {
        return fh_err_set(
            err, FH_EUSAGE, "no completion for \"%.20s\"; bash is known", args->operands[0]);
    }
    fh_cli_completion(cli);
    return FH_OK;
}
