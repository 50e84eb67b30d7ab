/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/sql_lex.h"

#include <ctype.h>
#include <string.h>

void fh_sql_lex_init(struct fh_sql_lexer *lexer, struct fh_bytes text, struct fh_arena *arena)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; /* UTF-8's own, which editors put in front */
    *lexer = (struct fh_sql_lexer){.text = text, .line = 1, .arena = arena};
    /* Only MySQL quotes names like that, and only its strings have backslashes by themselves. */
    lexer->is_mysql = text.size > 0 && memchr(text.data, '`', text.size) != NULL;
    if (text.size >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0) {
        lexer->at = sizeof mark;
    }
}

static int peek(const struct fh_sql_lexer *lexer, size_t ahead)
{
    size_t at = lexer->at + ahead;
    return at < lexer->text.size ? lexer->text.data[at] : -1;
}

static void step(struct fh_sql_lexer *lexer)
{
    if (peek(lexer, 0) == '\n') {
        lexer->line++;
        lexer->line_start = lexer->at + 1;
        lexer->line_has_token = false;
    }
    lexer->at++;
}

static int refuse(const struct fh_sql_token *place, const char *what, struct fh_err *err)
{
    return fh_err_rule(
        err, FH_EINVAL, "sql.syntax", "line %u, column %u: %s", place->line, place->column, what);
}

static void skip_line(struct fh_sql_lexer *lexer)
{
    while (peek(lexer, 0) >= 0 && peek(lexer, 0) != '\n') {
        step(lexer);
    }
}

void fh_sql_lex_skip_rows(struct fh_sql_lexer *lexer)
{
    skip_line(lexer);
    while (peek(lexer, 0) >= 0) {
        step(lexer);
        bool over = peek(lexer, 0) == '\\' && peek(lexer, 1) == '.';
        skip_line(lexer);
        if (over) {
            return;
        }
    }
}

/* Stars, nested as PostgreSQL does. */
static int
skip_stars(struct fh_sql_lexer *lexer, const struct fh_sql_token *place, struct fh_err *err)
{
    unsigned depth = 0;
    do {
        if (peek(lexer, 0) < 0) {
            return refuse(place, "this comment has no end; expected */", err);
        }
        if (peek(lexer, 0) == '/' && peek(lexer, 1) == '*') {
            depth++;
            step(lexer);
        } else if (peek(lexer, 0) == '*' && peek(lexer, 1) == '/') {
            depth--;
            step(lexer);
        }
        step(lexer);
    } while (depth > 0);
    return FH_OK;
}

/* Blanks, comments, and lines that talk to psql. MySQL's comments that hold a version are dropped
 * with what they hold: it is never a column. */
static int skip_blanks(struct fh_sql_lexer *lexer, struct fh_sql_token *place, struct fh_err *err)
{
    int code = FH_OK;
    while (code == FH_OK) {
        int c = peek(lexer, 0);
        place->at = lexer->at;
        place->line = lexer->line;
        place->column = (uint32_t)(lexer->at - lexer->line_start) + 1;
        if (c >= 0 && isspace(c)) {
            step(lexer);
        } else if ((c == '-' && peek(lexer, 1) == '-') ||
                   ((c == '#' || c == '\\') && !lexer->line_has_token)) {
            skip_line(lexer);
        } else if (c == '/' && peek(lexer, 1) == '*') {
            code = skip_stars(lexer, place, err);
        } else {
            break;
        }
        place->spaced = true;
    }
    return code;
}

static int
give(struct fh_sql_token *out, enum fh_sql_token_kind kind, const char *text, struct fh_err *err)
{
    out->kind = kind;
    out->text = text;
    return text == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for SQL text") : FH_OK;
}

/* Text up to `end`, which doubled stands for itself; `escapes`: backslashes do too. */
static int lex_quoted(struct fh_sql_lexer *lexer,
                      int end,
                      bool escapes,
                      enum fh_sql_token_kind kind,
                      struct fh_sql_token *out,
                      struct fh_err *err)
{
    struct fh_buf FH_CLEANUP(fh_buf_fini) text;
    fh_buf_init(&text, lexer->text.size + 1);
    step(lexer);
    for (;;) {
        int c = peek(lexer, 0);
        if (c < 0) {
            return refuse(out,
                          kind == FH_SQL_STRING ? "this string has no end"
                                                : "this quoted name has no end",
                          err);
        }
        step(lexer);
        if (c == end && peek(lexer, 0) == end) {
            step(lexer);
        } else if (c == end) {
            break;
        } else if (c == '\\' && escapes && peek(lexer, 0) >= 0) {
            c = peek(lexer, 0);
            step(lexer);
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
        }
        fh_buf_add_u8(&text, (uint8_t)c);
    }
    return give(out, kind, fh_arena_string(lexer->arena, fh_buf_view(&text)), err);
}

/* $$text$$ or $tag$text$tag$; false when it is none. */
static bool lex_dollars(struct fh_sql_lexer *lexer, struct fh_sql_token *out, struct fh_err *err)
{
    const uint8_t *start = lexer->text.data + lexer->at;
    size_t left = lexer->text.size - lexer->at;
    size_t tag = 1;
    while (tag < left && (isalnum(start[tag]) || start[tag] == '_')) {
        tag++;
    }
    if (tag >= left || start[tag] != '$' || (tag > 1 && isdigit(start[1]))) {
        return false;
    }
    tag++;
    const uint8_t *end = memmem(start + tag, left - tag, start, tag);
    if (end == NULL) {
        return false;
    }
    struct fh_bytes inside = fh_bytes(start + tag, (size_t)(end - start) - tag);
    size_t stop = lexer->at + (size_t)(end - start) + tag;
    while (lexer->at < stop) {
        step(lexer);
    }
    return give(out, FH_SQL_STRING, fh_arena_string(lexer->arena, inside), err) == FH_OK;
}

static bool is_word(int c)
{
    return c >= 0x80 || c == '_' || c == '$' || c == '@' || (c >= 0 && isalnum(c));
}

static int lex_word(struct fh_sql_lexer *lexer, struct fh_sql_token *out, struct fh_err *err)
{
    size_t start = lexer->at;
    bool is_number = isdigit(peek(lexer, 0)) != 0;
    while (is_word(peek(lexer, 0)) || (is_number && peek(lexer, 0) == '.')) {
        step(lexer);
    }
    struct fh_bytes text = fh_bytes(lexer->text.data + start, lexer->at - start);
    return give(
        out, is_number ? FH_SQL_NUMBER : FH_SQL_WORD, fh_arena_string(lexer->arena, text), err);
}

int fh_sql_lex(struct fh_sql_lexer *lexer, struct fh_sql_token *out, struct fh_err *err)
{
    *out = (struct fh_sql_token){.kind = FH_SQL_END, .text = ""};
    int code = skip_blanks(lexer, out, err);
    if (code != FH_OK) {
        return code;
    }
    int c = peek(lexer, 0);
    int next = peek(lexer, 1);
    out->first = !lexer->line_has_token;
    lexer->line_has_token = true;
    if (c < 0) {
        return FH_OK;
    }
    if (c == 0) {
        return refuse(out, "a NUL character; this is no SQL text", err);
    }
    if (c == '\'') {
        return lex_quoted(lexer, '\'', lexer->is_mysql, FH_SQL_STRING, out, err);
    }
    if ((c == 'e' || c == 'E') && next == '\'') {
        step(lexer);
        return lex_quoted(lexer, '\'', true, FH_SQL_STRING, out, err);
    }
    if ((c == 'n' || c == 'N') && next == '\'') {
        step(lexer);
        return lex_quoted(lexer, '\'', false, FH_SQL_STRING, out, err);
    }
    if (c == '"' || c == '`') {
        return lex_quoted(lexer, c, false, FH_SQL_NAME, out, err);
    }
    if (c == '[' && (isalpha(next) || next == '_')) { /* SQL Server; an array has a number or ] */
        return lex_quoted(lexer, ']', false, FH_SQL_NAME, out, err);
    }
    if (c == '$' && lex_dollars(lexer, out, err)) {
        return FH_OK;
    }
    if (is_word(c)) {
        return lex_word(lexer, out, err);
    }
    char sign[2] = {(char)c, 0};
    step(lexer);
    return give(out, FH_SQL_SIGN, fh_arena_strdup(lexer->arena, sign), err);
}
