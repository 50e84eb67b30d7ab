/* SPDX-License-Identifier: Apache-2.0 */
/* LIKE, ILIKE and regular expressions, which SQLite calls for its operators. */
#include "tools/door/pgcat/functions_inner.h"

#include "tools/door/pgcat/regex.h"

/* ---- LIKE ---- */

struct like {
    struct fh_bytes text;
    struct fh_bytes pattern;
    uint32_t escape; /* 0: none */
    bool fold;
    uint64_t steps; /* that are left; 0 ends the match */
};

static uint32_t folded(const struct like *like, uint32_t c)
{
    return like->fold && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Greedy with one way back, to the last %: at most text x pattern steps. */
static bool matches(struct like *like)
{
    size_t text = 0;
    size_t pattern = 0;
    size_t back_pattern = SIZE_MAX;
    size_t back_text = 0;
    while (text < like->text.size && like->steps > 0) {
        like->steps--;
        if (pattern < like->pattern.size) {
            size_t next = pattern;
            size_t text_next = text;
            uint32_t wanted = fh_utf8_next(like->pattern, &next);
            uint32_t have = fh_utf8_next(like->text, &text_next);
            if (wanted == '%' && wanted != like->escape) {
                back_pattern = next;
                back_text = text;
                pattern = next;
                continue;
            }
            bool literal = wanted == like->escape && like->escape != 0;
            if (literal && next < like->pattern.size) {
                wanted = fh_utf8_next(like->pattern, &next);
            }
            if ((wanted == '_' && !literal) || folded(like, wanted) == folded(like, have)) {
                pattern = next;
                text = text_next;
                continue;
            }
        }
        if (back_pattern == SIZE_MAX) {
            return false;
        }
        (void)fh_utf8_next(like->text, &back_text);
        text = back_text;
        pattern = back_pattern;
    }
    while (pattern < like->pattern.size && like->pattern.data[pattern] == '%') {
        pattern++;
    }
    return pattern == like->pattern.size;
}

/* SQLite calls the operator's function with the pattern first. */
static void call_like(sqlite3_context *context, int argc, sqlite3_value **argv, bool fold)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    struct like like = {.escape = '\\', .fold = fold, .steps = run->looked};
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    like.pattern = fh_pgcat_arg_bytes(argv[0]);
    like.text = fh_pgcat_arg_bytes(argv[1]);
    if (argc > 2) {
        struct fh_bytes escape = fh_pgcat_arg_bytes(argv[2]);
        size_t at = 0;
        like.escape = escape.size == 0 ? 0 : fh_utf8_next(escape, &at);
    }
    bool matched = matches(&like);
    run->looked = like.steps;
    if (like.steps == 0) {
        fh_pgcat_result_spent(context);
        return;
    }
    sqlite3_result_int(context, matched);
}

void fh_pgcat_call_like(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    call_like(context, argc, argv, false);
}

void fh_pgcat_call_ilike(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    call_like(context, argc, argv, true);
}

/* ---- regular expressions ---- */

static void end_regex(void *regex)
{
    fh_regex_free(regex);
}

/* The compiled pattern; it stays with the statement as long as the pattern is a constant. */
static const struct fh_regex *
regex_of(sqlite3_context *context, sqlite3_value *pattern, bool fold, struct fh_regex **out_own)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    struct fh_regex *regex = sqlite3_get_auxdata(context, 0);
    if (regex != NULL) {
        return regex;
    }
    if (fh_regex_new(&regex, fh_pgcat_arg_bytes(pattern), fold, &run->err) != FH_OK) {
        fh_pgcat_result_err(context);
        return NULL;
    }
    sqlite3_set_auxdata(context, 0, regex, end_regex);
    if (sqlite3_get_auxdata(context, 0) == NULL) { /* SQLite may end it at once */
        if (fh_regex_new(out_own, fh_pgcat_arg_bytes(pattern), fold, &run->err) != FH_OK) {
            fh_pgcat_result_err(context);
            return NULL;
        }
        return *out_own;
    }
    return regex;
}

static void call_regexp(sqlite3_context *context, sqlite3_value **argv, bool fold)
{
    struct fh_pgcat_run *run = fh_pgcat_run_of(context);
    struct fh_regex *own = NULL;
    if (fh_pgcat_arg_is_null(argv[0]) || fh_pgcat_arg_is_null(argv[1])) {
        sqlite3_result_null(context);
        return;
    }
    const struct fh_regex *regex = regex_of(context, argv[0], fold, &own);
    if (regex == NULL) {
        return;
    }
    enum fh_regex_found found = fh_regex_search(regex, fh_pgcat_arg_bytes(argv[1]), &run->looked);
    fh_regex_free(own);
    if (found == FH_REGEX_SPENT) {
        fh_pgcat_result_spent(context);
        return;
    }
    sqlite3_result_int(context, found == FH_REGEX_YES);
}

void fh_pgcat_call_regexp(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    call_regexp(context, argv, false);
}

void fh_pgcat_call_iregexp(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    call_regexp(context, argv, true);
}
