/* SPDX-License-Identifier: Apache-2.0 */
/* All places in the pattern that a name may have reached are kept as bits of one number and stepped
 * together, so nothing is ever tried twice. */
#include "proto/governance/name_pattern.h"

#include "common/assert.h"

#include <string.h>

struct step {
    uint64_t bytes[4]; /* the set of bytes that it takes */
    bool skippable;    /* `*` and `?` */
    bool repeats;      /* `*` and `+` */
};

struct program {
    size_t count;
    struct step steps[FH_NAME_PATTERN_STEPS_MAX];
};

static void take_byte(struct step *step, unsigned char byte)
{
    step->bytes[byte / 64] |= UINT64_C(1) << (byte % 64);
}

static bool takes(const struct step *step, unsigned char byte)
{
    return (step->bytes[byte / 64] >> (byte % 64) & 1) != 0;
}

static void invert(struct step *step)
{
    for (size_t i = 0; i < FH_COUNT(step->bytes); i++) {
        step->bytes[i] = ~step->bytes[i];
    }
}

/* One character of a set, escaped or not. NULL at the end of the text. */
static const char *read_member(const char *at, unsigned char *out)
{
    at += at[0] == '\\' ? 1 : 0;
    *out = (unsigned char)at[0];
    return at[0] == '\0' ? NULL : at + 1;
}

/* Behind the bracket that opens the set; NULL when the set is none. */
static const char *read_set(const char *at, struct step *step)
{
    bool inverted = at[0] == '^';
    bool empty = true;
    at += inverted ? 1 : 0;
    while (at != NULL && *at != ']') {
        unsigned char first;
        unsigned char last;
        at = read_member(at, &first);
        last = first;
        if (at != NULL && at[0] == '-' && at[1] != ']') {
            at = read_member(at + 1, &last);
        }
        if (at == NULL || last < first) {
            return NULL;
        }
        for (unsigned byte = first; byte <= last; byte++) {
            take_byte(step, (unsigned char)byte);
        }
        empty = false;
    }
    if (at == NULL || empty) {
        return NULL;
    }
    if (inverted) {
        invert(step);
    }
    return at + 1;
}

/* What one step takes. NULL, and why. */
static const char *read_step(const char *at, struct step *step, const char **why)
{
    unsigned char byte;
    switch (*at) {
    case '*':
    case '+':
    case '?':
        *why = "there is nothing before it to repeat";
        return NULL;
    case '(':
    case ')':
    case '|':
    case '{':
    case '}':
    case '^':
    case '$':
        *why = "patterns have no groups, choices, counts or ends; write \\ before the character "
               "itself";
        return NULL;
    case '[':
        *why = "a set is closed by ] and holds something: [a-z_]";
        return read_set(at + 1, step);
    case '.':
        invert(step);
        return at + 1;
    default:
        *why = "\\ stands before a character";
        at = read_member(at, &byte);
        take_byte(step, byte);
        return at;
    }
}

static int compile(struct program *program, const char *pattern, struct fh_err *err)
{
    const char *why = "it is empty";
    const char *at = pattern;
    *program = (struct program){.count = 0};
    while (at != NULL && *at != '\0') {
        if (program->count == FH_NAME_PATTERN_STEPS_MAX) {
            why = "it is too long";
            at = NULL;
            break;
        }
        struct step *step = &program->steps[program->count];
        at = read_step(at, step, &why);
        if (at != NULL && *at != '\0' && strchr("*+?", *at) != NULL) {
            step->skippable = *at != '+';
            step->repeats = *at != '?';
            at++;
        }
        program->count += at != NULL ? 1 : 0;
    }
    if (at == NULL || program->count == 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.naming.pattern",
                           "\"%.64s\" is no pattern of names, as [a-z][a-z0-9_]* is: %s",
                           pattern,
                           why);
    }
    return FH_OK;
}

int fh_name_pattern_check(const char *pattern, struct fh_err *err)
{
    struct program program;
    return compile(&program, pattern, err);
}

/* Bit i: step i is next; the bit behind the last: the pattern is at its end. */
static uint64_t skip(const struct program *program, uint64_t places)
{
    for (size_t i = 0; i < program->count; i++) {
        if ((places >> i & 1) != 0 && program->steps[i].skippable) {
            places |= UINT64_C(1) << (i + 1);
        }
    }
    return places;
}

bool fh_name_pattern_fits(const char *pattern, const char *name)
{
    struct program program;
    struct fh_err ignored;
    _Static_assert(FH_NAME_PATTERN_STEPS_MAX < 64, "the places fit the bits of one number");
    if (compile(&program, pattern, &ignored) != FH_OK) {
        return false;
    }
    uint64_t places = skip(&program, 1);
    for (; *name != '\0' && places != 0; name++) {
        uint64_t next = 0;
        for (size_t i = 0; i < program.count; i++) {
            if ((places >> i & 1) != 0 && takes(&program.steps[i], (unsigned char)*name)) {
                next |= UINT64_C(1) << (i + 1);
                next |= program.steps[i].repeats ? UINT64_C(1) << i : 0;
            }
        }
        places = skip(&program, next);
    }
    return *name == '\0' && (places >> program.count & 1) != 0;
}
