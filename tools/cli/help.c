/* SPDX-License-Identifier: Apache-2.0 */
/* Help, made from the tables of commands and flags. */
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
