/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/args.h"

#include "common/assert.h"

#include <string.h>

enum { FH_WORD_BYTES_MAX = 40 };

enum fh_global {
    FH_GLOBAL_HOME,
    FH_GLOBAL_KEY,
    FH_GLOBAL_ACCESS,
    FH_GLOBAL_PASSPHRASE,
    FH_GLOBAL_FORMAT,
    FH_GLOBAL_HELP,
    FH_GLOBAL_VERSION
};

const struct fh_flag fh_global_flags[] = {
    [FH_GLOBAL_HOME] = {"home",
                        "DIR",
                        "folder of the domain's keys, configuration and data (or FREEHOLD_HOME)",
                        0},
    [FH_GLOBAL_KEY] = {"key", "FILE", "without a home: the key that `key create` made", 0},
    [FH_GLOBAL_ACCESS] = {"access", "FILE", "beside --key: what `member add` wrote for it", 0},
    [FH_GLOBAL_PASSPHRASE] = {"passphrase-file",
                              "FILE",
                              "the passphrase of a sealed key, its first line",
                              0},
    [FH_GLOBAL_FORMAT] = {"output", "FORMAT", "table, wide, json or csv (default table)", 'o'},
    [FH_GLOBAL_HELP] = {"help", NULL, "show help, also for one command", 'h'},
    [FH_GLOBAL_VERSION] = {"version", NULL, "show the version", 0},
    {NULL, NULL, NULL, 0},
};

static unsigned smallest(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance (Damerau 1964), two rows back. */
unsigned fh_word_distance(const char *a, const char *b, unsigned limit)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > FH_WORD_BYTES_MAX || b_length > FH_WORD_BYTES_MAX) {
        return limit + 1;
    }
    unsigned rows[3][FH_WORD_BYTES_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            unsigned change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = smallest(change, smallest(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = smallest(row[j], two_above[j - 2] + 1);
            }
        }
    }
    unsigned distance = rows[a_length % 3][b_length];
    return distance > limit ? limit + 1 : distance;
}

struct nearest {
    const char *word;
    const char *best;
    unsigned distance;
};

static void consider(struct nearest *nearest, const char *candidate)
{
    unsigned distance = fh_word_distance(nearest->word, candidate, FH_ARGS_DISTANCE_MAX);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = candidate;
    }
}

static struct nearest nearest_to(const char *word)
{
    return (struct nearest){word, NULL, FH_ARGS_DISTANCE_MAX + 1};
}

/* What the parser is doing, on its way through argv. */
struct parse {
    struct fh_args *args;
    const struct fh_command *commands;
    size_t command_count;
    struct fh_err *err;
};

static int unknown_command(const struct parse *parse, const char *word)
{
    const char *noun = parse->args->noun;
    struct nearest nearest = nearest_to(word);
    for (size_t i = 0; i < parse->command_count; i++) {
        const struct fh_command *command = &parse->commands[i];
        if (noun == NULL) {
            consider(&nearest, command->noun);
        } else if (strcmp(command->noun, noun) == 0) {
            consider(&nearest, command->verb);
        }
    }
    const char *space = noun == NULL ? "" : " ";
    noun = noun == NULL ? "" : noun;
    if (nearest.best != NULL) {
        return fh_err_set(parse->err,
                          FH_EUSAGE,
                          "unknown command \"%s%s%.40s\"; did you mean \"%s%s%s\"?",
                          noun,
                          space,
                          word,
                          noun,
                          space,
                          nearest.best);
    }
    return fh_err_set(parse->err,
                      FH_EUSAGE,
                      "unknown command \"%s%s%.40s\"; `freehold %s%s--help` lists them",
                      noun,
                      space,
                      word,
                      noun,
                      space);
}

/* A noun may be a command of its own and have verbs too ("peers", "peers explain"): the verb that
 * `word` is, right behind the noun. Flags between them would belong to the noun. */
static const struct fh_command *verb_beside(const struct parse *parse, const char *word)
{
    const struct fh_args *args = parse->args;
    bool is_next = args->command->verb == NULL && args->command->operands_max == 0;
    for (size_t i = 0; i < FH_ARGS_FLAGS_MAX; i++) {
        is_next = is_next && args->values[i] == NULL;
    }
    for (size_t i = 0; is_next && i < parse->command_count; i++) {
        const struct fh_command *command = &parse->commands[i];
        if (command->verb != NULL && strcmp(command->noun, args->command->noun) == 0 &&
            strcmp(command->verb, word) == 0) {
            return command;
        }
    }
    return NULL;
}

/* A word that is no flag: noun, verb or operand. */
static int take_word(const struct parse *parse, const char *word)
{
    struct fh_args *args = parse->args;
    if (args->command != NULL) {
        const struct fh_command *verb = verb_beside(parse, word);
        if (verb != NULL) {
            args->command = verb;
            return FH_OK;
        }
        if (args->operand_count == args->command->operands_max) {
            return fh_err_set(
                parse->err,
                FH_EUSAGE,
                "\"%.60s\" is one word too many%s",
                word,
                args->command->operands_max == 1 ? "; quote a value that contains spaces" : "");
        }
        args->operands[args->operand_count++] = word;
        return FH_OK;
    }
    if (args->noun == NULL && strcmp(word, "help") == 0) {
        args->help = true;
        return FH_OK;
    }
    for (size_t i = 0; i < parse->command_count; i++) {
        const struct fh_command *command = &parse->commands[i];
        if (args->noun == NULL && strcmp(command->noun, word) == 0) {
            if (command->verb == NULL) {
                args->command = command;
            } else {
                args->noun = command->noun;
            }
            return FH_OK;
        }
        if (args->noun != NULL && strcmp(command->noun, args->noun) == 0 &&
            strcmp(command->verb, word) == 0) {
            args->command = command;
            return FH_OK;
        }
    }
    return unknown_command(parse, word);
}

static bool flag_matches(const struct fh_flag *flag, const char *name, size_t length, bool is_long)
{
    if (is_long) {
        return strlen(flag->name) == length && memcmp(flag->name, name, length) == 0;
    }
    return flag->letter != 0 && flag->letter == name[0];
}

/* The flag's row, and where its value goes (`*out_value`: the command's slot, or NULL for globals).
 */
static const struct fh_flag *find_flag(
    struct fh_args *args, const char *name, size_t length, bool is_long, const char ***out_value)
{
    *out_value = NULL;
    const struct fh_command *command = args->command;
    for (size_t i = 0; command != NULL && i < FH_ARGS_FLAGS_MAX; i++) {
        if (command->flags[i].name == NULL) {
            break;
        }
        if (flag_matches(&command->flags[i], name, length, is_long)) {
            *out_value = &args->values[i];
            return &command->flags[i];
        }
    }
    for (const struct fh_flag *flag = fh_global_flags; flag->name != NULL; flag++) {
        if (flag_matches(flag, name, length, is_long)) {
            return flag;
        }
    }
    return NULL;
}

static int unknown_flag(const struct parse *parse, const char *word, size_t length)
{
    const struct fh_command *command = parse->args->command;
    char name[FH_WORD_BYTES_MAX + 1] = "";
    size_t kept = length < FH_WORD_BYTES_MAX ? length : FH_WORD_BYTES_MAX;
    memcpy(name, word, kept);
    struct nearest nearest = nearest_to(name);
    bool is_long = strncmp(name, "--", 2) == 0;
    nearest.word = is_long ? name + 2 : name + 1;
    for (size_t i = 0; command != NULL && i < FH_ARGS_FLAGS_MAX; i++) {
        if (command->flags[i].name == NULL) {
            break;
        }
        consider(&nearest, command->flags[i].name);
    }
    for (const struct fh_flag *flag = fh_global_flags; flag->name != NULL; flag++) {
        consider(&nearest, flag->name);
    }
    const char *noun = command == NULL ? "" : command->noun;
    const char *verb = command == NULL || command->verb == NULL ? "" : command->verb;
    if (is_long && nearest.best != NULL) {
        return fh_err_set(parse->err,
                          FH_EUSAGE,
                          "unknown flag \"%s\"; did you mean \"--%s\"?",
                          name,
                          nearest.best);
    }
    return fh_err_set(parse->err,
                      FH_EUSAGE,
                      "unknown flag \"%s\"; `freehold %s%s%s%s--help` lists them",
                      name,
                      noun,
                      noun[0] == 0 ? "" : " ",
                      verb,
                      verb[0] == 0 ? "" : " ");
}

static void take_global(struct fh_args *args, const struct fh_flag *flag, const char *value)
{
    switch ((enum fh_global)(flag - fh_global_flags)) {
    case FH_GLOBAL_HOME:
        args->home = value;
        break;
    case FH_GLOBAL_KEY:
        args->key = value;
        break;
    case FH_GLOBAL_ACCESS:
        args->access = value;
        break;
    case FH_GLOBAL_PASSPHRASE:
        args->passphrase_file = value;
        break;
    case FH_GLOBAL_FORMAT:
        args->format = value;
        break;
    case FH_GLOBAL_HELP:
        args->help = true;
        break;
    case FH_GLOBAL_VERSION:
        args->version = true;
        break;
    }
}

static bool repeats(const struct fh_flag *flag)
{
    size_t size = flag->value == NULL ? 0 : strlen(flag->value);
    return size > 3 && strcmp(flag->value + size - 3, "...") == 0;
}

static int take_value(const struct parse *parse,
                      const struct fh_flag *flag,
                      const char *value,
                      const char **slot)
{
    struct fh_args *args = parse->args;
    if (repeats(flag)) {
        if (args->repeated_count == FH_ARGS_REPEATS_MAX) {
            return fh_err_set(parse->err,
                              FH_EUSAGE,
                              "flag --%s is given more than %d times",
                              flag->name,
                              FH_ARGS_REPEATS_MAX);
        }
        args->repeated[args->repeated_count++] = value;
    } else if (*slot != NULL) {
        return fh_err_set(parse->err, FH_EUSAGE, "flag --%s is given twice", flag->name);
    }
    *slot = value;
    return FH_OK;
}

/* A flag at argv[at]; `*used` becomes the number of words that it takes. */
static int take_flag(const struct parse *parse, int argc, char *const *argv, int at, int *used)
{
    const char *word = argv[at];
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    const char *equals = is_long ? strchr(name, '=') : NULL;
    size_t length = !is_long ? 1 : equals == NULL ? strlen(name) : (size_t)(equals - name);
    const char **slot = NULL;
    const struct fh_flag *flag = find_flag(parse->args, name, length, is_long, &slot);
    if (flag == NULL) {
        return unknown_flag(parse, word, (size_t)(name - word) + length);
    }
    const char *attached =
        is_long ? (equals == NULL ? NULL : equals + 1) : (name[1] == 0 ? NULL : name + 1);
    *used = 1;
    const char *value = "";
    if (flag->value == NULL) {
        if (attached != NULL) {
            return fh_err_set(parse->err, FH_EUSAGE, "flag --%s takes no value", flag->name);
        }
    } else if (attached != NULL) {
        value = attached;
    } else if (at + 1 < argc) {
        value = argv[at + 1];
        *used = 2;
    } else {
        return fh_err_set(
            parse->err, FH_EUSAGE, "flag --%s needs a value: %s", flag->name, flag->value);
    }
    if (slot != NULL) {
        return take_value(parse, flag, value, slot);
    }
    take_global(parse->args, flag, value);
    return FH_OK;
}

static int check_operands(const struct parse *parse)
{
    const struct fh_args *args = parse->args;
    const struct fh_command *command = args->command;
    if (args->help || args->version) {
        return FH_OK;
    }
    if (command == NULL) {
        return args->noun == NULL
                   ? fh_err_set(parse->err,
                                FH_EUSAGE,
                                "a command is missing; `freehold --help` lists them")
                   : fh_err_set(parse->err,
                                FH_EUSAGE,
                                "\"%s\" needs one word more; `freehold %s --help` lists them",
                                args->noun,
                                args->noun);
    }
    if (args->operand_count < command->operands_min) {
        return fh_err_set(parse->err,
                          FH_EUSAGE,
                          "%s%s%s needs %s",
                          command->noun,
                          command->verb == NULL ? "" : " ",
                          command->verb == NULL ? "" : command->verb,
                          command->operands);
    }
    return FH_OK;
}

int fh_args_parse(struct fh_args *out,
                  const struct fh_command *commands,
                  size_t command_count,
                  int argc,
                  char *const *argv,
                  struct fh_err *err)
{
    *out = (struct fh_args){0};
    struct parse parse = {out, commands, command_count, err};
    bool flags_ended = false;
    int used = 1;
    for (int at = 1; at < argc; at += used) {
        const char *word = argv[at];
        used = 1;
        int code = FH_OK;
        if (!flags_ended && strcmp(word, "--") == 0) {
            flags_ended = true;
        } else if (!flags_ended && word[0] == '-' && word[1] != 0) {
            code = take_flag(&parse, argc, argv, at, &used);
        } else {
            code = take_word(&parse, word);
        }
        if (code != FH_OK) {
            return code;
        }
    }
    return check_operands(&parse);
}

const char *fh_args_value(const struct fh_args *args, const char *flag)
{
    FH_ASSERT(args->command != NULL);
    for (size_t i = 0; i < FH_ARGS_FLAGS_MAX; i++) {
        FH_ASSERT(args->command->flags[i].name != NULL);
        if (strcmp(args->command->flags[i].name, flag) == 0) {
            return args->values[i];
        }
    }
    FH_ASSERT(!"the flag is in the command's row");
    return NULL;
}
