/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK constraints: those that speak of one column and constants. */
#include "tools/contract/sql_parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { TOKENS_MAX = 1024, NOTE_BYTES = 64 };

struct check {
    struct fh_sql_token tokens[TOKENS_MAX]; /* without brackets and casts */
    size_t count;
    bool whole; /* all of it was understood as far as tokens go */
};

/* ::text, ::character varying(10)[]: says nothing of the values. */
static void skip_cast(struct fh_sql_parser *p)
{
    fh_sql_take(p);
    fh_sql_take(p);
    while (fh_sql_is_name(p, 0) && !fh_sql_is(p, 0, "AND") && !fh_sql_is(p, 0, "OR") &&
           !fh_sql_is(p, 0, "IN") && !fh_sql_is(p, 0, "IS") && !fh_sql_is(p, 0, "BETWEEN")) {
        fh_sql_take(p);
        fh_sql_accept_sign(p, '.');
    }
    if (fh_sql_is_sign(p, 0, '(')) {
        fh_sql_skip_brackets(p);
    }
    while (fh_sql_is_sign(p, 0, '[') && fh_sql_is_sign(p, 1, ']')) {
        fh_sql_take(p);
        fh_sql_take(p);
    }
}

static void collect(struct fh_sql_parser *p, struct check *check)
{
    unsigned depth = 0;
    do {
        const struct fh_sql_token token = *fh_sql_peek(p, 0);
        if (token.kind == FH_SQL_END) {
            fh_sql_expected(p, ")");
            return;
        }
        if (fh_sql_is_sign(p, 0, ':') && fh_sql_is_sign(p, 1, ':')) {
            skip_cast(p);
            continue;
        }
        depth += fh_sql_is_sign(p, 0, '(') ? 1 : 0;
        depth -= fh_sql_is_sign(p, 0, ')') ? 1 : 0;
        if (token.kind == FH_SQL_SIGN && strchr("()", token.text[0]) != NULL) {
            /* brackets only group here; a call keeps its name and so is not understood */
        } else if (check->count < TOKENS_MAX) {
            check->tokens[check->count++] = token;
        } else {
            check->whole = false;
        }
        fh_sql_take(p);
    } while (depth > 0 && p->code == FH_OK);
}

static bool is_word(const struct fh_sql_token *token, const char *word)
{
    return token->kind == FH_SQL_WORD && strcasecmp(token->text, word) == 0;
}

static bool is_sign(const struct fh_sql_token *token, char sign)
{
    return token->kind == FH_SQL_SIGN && token->text[0] == sign;
}

/* column IN (values), column = ANY (ARRAY[values]): the index of the first value, or 0. */
static size_t values_start(const struct check *check)
{
    const struct fh_sql_token *t = check->tokens;
    if (check->count > 2 && is_word(&t[1], "IN")) {
        return 2;
    }
    if (check->count > 5 && is_sign(&t[1], '=') && is_word(&t[2], "ANY") &&
        is_word(&t[3], "ARRAY") && is_sign(&t[4], '[')) {
        return 5;
    }
    return 0;
}

static bool
take_values(struct fh_sql_parser *p, const struct check *check, struct fh_draft_column *column)
{
    size_t start = values_start(check);
    size_t end = check->count;
    struct fh_draft_texts values = {0};
    if (start == 0) {
        return false;
    }
    end -= start == 5 && is_sign(&check->tokens[end - 1], ']') ? 1 : 0;
    for (size_t i = start; i < end; i++) {
        const struct fh_sql_token *token = &check->tokens[i];
        bool is_comma = (i - start) % 2 == 1;
        if (is_comma ? !is_sign(token, ',')
                     : token->kind != FH_SQL_STRING && token->kind != FH_SQL_NUMBER) {
            return false;
        }
        if (!is_comma && !fh_draft_add_text(p->draft, &values, token->text)) {
            fh_sql_out_of_memory(p);
        }
    }
    column->values = values;
    return values.count > 0;
}

/* Comparisons of the column with numbers, joined by AND; BETWEEN. */
static bool take_bounds(const struct check *check, struct fh_draft_column *column)
{
    struct fh_draft_column made = *column;
    const struct fh_sql_token *t = check->tokens;
    size_t at = 0;
    while (at < check->count) {
        size_t left = check->count - at;
        if (left < 3 || strcasecmp(t[at].text, t[0].text) != 0) {
            return false;
        }
        if (left >= 5 && is_word(&t[at + 1], "BETWEEN") && t[at + 2].kind == FH_SQL_NUMBER &&
            is_word(&t[at + 3], "AND") && t[at + 4].kind == FH_SQL_NUMBER) {
            made.minimum = t[at + 2].text;
            made.maximum = t[at + 4].text;
            at += 5;
        } else {
            bool is_low = is_sign(&t[at + 1], '>');
            bool is_closed = is_sign(&t[at + 2], '=');
            size_t number = at + (is_closed ? 3 : 2);
            if ((!is_low && !is_sign(&t[at + 1], '<')) || number >= check->count ||
                t[number].kind != FH_SQL_NUMBER) {
                return false;
            }
            *(is_low ? &made.minimum : &made.maximum) = t[number].text;
            *(is_low ? &made.minimum_is_open : &made.maximum_is_open) = !is_closed;
            at = number + 1;
        }
        if (at < check->count && !is_word(&t[at++], "AND")) {
            return false;
        }
    }
    *column = made;
    return true;
}

/* The condition as it is written, for the reviewer. */
static void add_note(struct fh_sql_parser *p, struct fh_draft_table *table, size_t from, size_t to)
{
    struct fh_buf FH_CLEANUP(fh_buf_fini) line;
    fh_buf_init(&line, p->lexer.text.size + NOTE_BYTES);
    fh_buf_add_cstr(&line, "REVIEW: not drafted: CHECK ");
    for (size_t i = from; i < to; i++) {
        bool blank = isspace(p->lexer.text.data[i]) != 0;
        if (!blank || line.data[line.size - 1] != ' ') {
            fh_buf_add_u8(&line, blank ? ' ' : p->lexer.text.data[i]);
        }
    }
    if (!fh_draft_add_text(p->draft, &table->notes, fh_buf_cstr(&line))) {
        fh_sql_out_of_memory(p);
    }
}

void fh_sql_check(struct fh_sql_parser *p, struct fh_draft_table *table)
{
    struct check *check = fh_arena_alloc(p->draft->arena, sizeof *check);
    if (check == NULL || !fh_sql_is_sign(p, 0, '(')) {
        fh_sql_expected(p, "( and a condition");
        return;
    }
    check->whole = true;
    size_t start = fh_sql_peek(p, 0)->at;
    collect(p, check);
    struct fh_draft_column *column =
        check->count > 0 && check->whole && check->tokens[0].kind <= FH_SQL_NAME
            ? fh_draft_column(table, check->tokens[0].text)
            : NULL;
    if (p->code != FH_OK ||
        (column != NULL && (take_values(p, check, column) || take_bounds(check, column)))) {
        return;
    }
    add_note(p, table, start, p->last_end);
}
