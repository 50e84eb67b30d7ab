/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line: commands and flags as tables, and one parser for all of them.
 *
 * A command is one or two words ("init", "product publish"). Its row names its flags, its operands,
 * one line of help and an example; parser, help and completion walk the same rows. Global flags may
 * stand anywhere; a command's own flag wins over a global one of the same letter. `--flag value`,
 * `--flag=value`, `-f value` and `-fvalue` are the same; `--` ends flags.
 *
 * Does not: read the environment, print, know what a command does. Thread: any.
 * Ownership: tables and argv are borrowed for as long as the result is used.
 */
#ifndef FH_TOOLS_CLI_ARGS_H
#define FH_TOOLS_CLI_ARGS_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>

struct fh_cli; /* tools/cli/cli.h */
struct fh_args;

struct fh_flag {
    const char *name;  /* without dashes */
    const char *value; /* name of its value in the help ("HOST:PORT"), or NULL for a switch; one
                          that ends in "..." may be given several times, one such a command */
    const char *help;  /* one line */
    char letter;       /* 0: none */
};

enum {
    FH_ARGS_FLAGS_MAX = 16,      /* of one command */
    FH_ARGS_OPERANDS_MAX = 1024, /* files of one lint or publish: a whole repository */
    FH_ARGS_REPEATS_MAX = 256,   /* values of one flag */
    FH_ARGS_WORDS_MAX = 64,      /* words of a search */
    FH_ARGS_DISTANCE_MAX = 2,    /* edits between an unknown word and what is suggested */
};

struct fh_command {
    const char *noun;
    const char *verb;     /* NULL for one-word commands */
    const char *operands; /* "FILE", "NAME|FILE", "[WORDS...]" or "" */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs for its own help, or "" */
    const char *example;  /* lines, without prompt */
    unsigned operands_min;
    unsigned operands_max;
    struct fh_flag flags[FH_ARGS_FLAGS_MAX]; /* ends at the first without a name */
    bool columnar;                           /* also takes -o arrow and -o parquet */
    int (*run)(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err);
};

extern const struct fh_flag fh_global_flags[]; /* ends with an entry without a name */

struct fh_args {
    const struct fh_command *command; /* NULL: none was named (help or version) */
    const char *noun;                 /* for help on a noun alone: "product"; else NULL */
    unsigned operand_count;
    const char *operands[FH_ARGS_OPERANDS_MAX];
    const char *values[FH_ARGS_FLAGS_MAX]; /* of the command's flags, by index; "" for a switch; of
                                              one that repeats the last */
    unsigned repeated_count;
    const char *repeated[FH_ARGS_REPEATS_MAX]; /* all values of the flag that repeats, in order */
    const char *home;
    const char *key; /* key file outside a home, or NULL; so the next two */
    const char *access;
    const char *passphrase_file;
    const char *format;
    bool help;
    bool version;
};

/* Reads argv. FH_EUSAGE names the word and the nearest that exists. */
FH_MUST_CHECK int fh_args_parse(struct fh_args *out,
                                const struct fh_command *commands,
                                size_t command_count,
                                int argc,
                                char *const *argv,
                                struct fh_err *err);

/* Value of the command's flag, or NULL when it was not given; the flag must be in its row. */
const char *fh_args_value(const struct fh_args *args, const char *flag);
static inline bool fh_args_has(const struct fh_args *args, const char *flag)
{
    return fh_args_value(args, flag) != NULL;
}

/* Edits (insert, delete, replace, swap neighbours) between two words, at most `limit` + 1. */
unsigned fh_word_distance(const char *a, const char *b, unsigned limit);

#endif
