/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion: what may stand at a place of the command line, read from the tables.
 *
 * The name of a value in the help says what it is: FILE and DIR are completed from the disk, NAME
 * as an operand from the catalogue, MEMBER from the home's keys, REQUEST and GRANT from the lists
 * of those; words in lower case with bars between them are all that may stand there.
 *
 * Does not: print (completion.c and completion_fish.c do). Thread: any. Ownership: static strings.
 */
#ifndef FH_TOOLS_CLI_COMPLETION_H
#define FH_TOOLS_CLI_COMPLETION_H

#include "tools/cli/cli.h"

enum fh_completion_kind {
    FH_COMPLETION_NOTHING, /* a number, a text, an address */
    FH_COMPLETION_FILE,
    FH_COMPLETION_DIR,
    FH_COMPLETION_PRODUCT,
    FH_COMPLETION_MEMBER,
    FH_COMPLETION_REQUEST, /* for access: ids */
    FH_COMPLETION_GRANT,
    FH_COMPLETION_WORDS,
    FH_COMPLETION_KIND_COUNT
};

struct fh_completion {
    enum fh_completion_kind kind;
    const char *words; /* FH_COMPLETION_WORDS: with spaces or bars between them */
};

/* Of a command's operands; of the value of a flag. */
struct fh_completion fh_completion_of_operands(const struct fh_command *command);
struct fh_completion fh_completion_of_flag(const struct fh_flag *flag);

/* Whether the row is the first of its noun. */
bool fh_completion_is_first(size_t index);

/* Calls `put` with each word. */
void fh_completion_words(const char *words,
                         void (*put)(const char *word, int length, void *user),
                         void *user);

void fh_completion_fish(struct fh_cli *cli);

#endif
