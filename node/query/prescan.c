/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/prescan.h"

#include "common/limits.h"

#include <string.h>
#include <strings.h>

/* What is known at one bracket level. A WITH list is open from the keyword until the SELECT or FROM
 * that ends it; `name AS [NOT] [MATERIALIZED] (` opens a CTE body there. Other uses of WITH (TIME
 * ZONE, ORDINALITY) can only make the count larger, never smaller. */
struct level {
    char close;
    bool with_open;
    uint32_t cte_depth;
};

struct scan {
    struct fh_bytes sql;
    size_t at;
    struct fh_prescan *out;
    struct fh_err *err;
    struct level levels[FH_SQL_DEPTH_MAX + 1];
    uint32_t depth;
    bool after_as; /* the last tokens were AS [NOT] [MATERIALIZED] */
    bool ended;    /* a `;` closed the statement */
};

static int refuse(struct scan *s, size_t at, int code, const char *rule, const char *why)
{
    size_t line = 1;
    for (size_t i = 0; i < at && i < s->sql.size; i++) {
        line += s->sql.data[i] == '\n';
    }
    s->out->position = at;
    return fh_err_rule(s->err, code, rule, "%s (byte %zu, line %zu)", why, at + 1, line);
}

static uint8_t byte_at(const struct scan *s, size_t at)
{
    return at < s->sql.size ? s->sql.data[at] : 0;
}

static bool is_identifier_start(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* ---- characters ---- */

static uint32_t decode(const uint8_t *p, size_t *length)
{
    if (p[0] < 0x80) {
        *length = 1;
        return p[0];
    }
    if (p[0] < 0xe0) {
        *length = 2;
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (p[0] < 0xf0) {
        *length = 3;
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    }
    *length = 4;
    return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 |
           (uint32_t)(p[2] & 0x3f) << 6 | (p[3] & 0x3f);
}

/* Invisible characters that make a reader see another query than the parser does: bidirectional
 * controls (UAX 9), zero width, byte order mark, tags, and C0/C1 controls but white space. */
static bool is_deceptive(uint32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v') ||
           (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c || c == 0x180e ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

/* DuckDB replaces these by a space before it parses. Bytes of one such character, or 0. */
static size_t unicode_space(const struct scan *s, size_t at)
{
    if (byte_at(s, at) < 0xc2) {
        return 0;
    }
    size_t length = 0;
    uint32_t c = decode(s->sql.data + at, &length);
    bool space = c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
                 c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
    return space ? length : 0;
}

static int check_characters(struct scan *s)
{
    if (s->sql.size > FH_SQL_BYTES_MAX) {
        return refuse(s, FH_SQL_BYTES_MAX, FH_ETOOBIG, "sql.length", "the SQL text is too long");
    }
    for (size_t i = 0; i < s->sql.size; i++) {
        if (s->sql.data[i] == 0) {
            return refuse(s, i, FH_ESQL, "sql.character", "U+0000 is not allowed in SQL");
        }
    }
    if (!fh_utf8_valid(s->sql)) {
        size_t good = 0; // the longest valid prefix, for the message only
        for (size_t i = 1; i <= s->sql.size; i++) {
            if (fh_utf8_valid(fh_bytes(s->sql.data + good, i - good))) {
                good = i;
            } else if (i - good >= 4) {
                break;
            }
        }
        return refuse(s, good, FH_ESQL, "sql.utf8", "the SQL text is not valid UTF-8");
    }
    for (size_t i = 0, length = 1; i < s->sql.size; i += length) {
        if (is_deceptive(decode(s->sql.data + i, &length))) {
            return refuse(
                s,
                i,
                FH_ESQL,
                "sql.character",
                "control, zero-width and bidirectional characters are not allowed in SQL");
        }
    }
    return FH_OK;
}

/* ---- skipping what is one token, however long ---- */

static int skip_comment(struct scan *s)
{
    size_t start = s->at;
    if (s->sql.data[s->at] == '-') {
        while (s->at < s->sql.size && byte_at(s, s->at) != '\n' && byte_at(s, s->at) != '\r') {
            s->at++;
        }
        return FH_OK;
    }
    /* Whether comments nest differs between SQL engines: refuse rather than guess. */
    for (s->at += 2; s->at + 1 < s->sql.size; s->at++) {
        if (byte_at(s, s->at) == '*' && byte_at(s, s->at + 1) == '/') {
            s->at += 2;
            return FH_OK;
        }
        if (byte_at(s, s->at) == '/' && byte_at(s, s->at + 1) == '*') {
            return refuse(s, s->at, FH_ESQL, "sql.comment", "a comment inside a comment");
        }
    }
    return refuse(s, start, FH_ESQL, "sql.unterminated", "this comment does not end");
}

/* A quoted string or identifier, `s->at` on its quote. */
static int skip_quoted(struct scan *s, bool backslash)
{
    size_t start = s->at;
    uint8_t quote = s->sql.data[s->at];
    for (s->at++; s->at < s->sql.size; s->at++) {
        uint8_t c = s->sql.data[s->at];
        if (backslash && c == '\\') {
            s->at++;
        } else if (c == quote) {
            if (byte_at(s, s->at + 1) != quote) {
                s->at++;
                return FH_OK;
            }
            s->at++;
        }
    }
    return refuse(s, start, FH_ESQL, "sql.unterminated", "this quoted text does not end");
}

/* $$...$$ or $tag$...$tag$; a `$` that begins neither is one character. */
static int skip_dollar(struct scan *s)
{
    size_t start = s->at;
    size_t tag_end = start + 1;
    if (is_identifier_start(byte_at(s, tag_end))) {
        while (is_identifier_start(byte_at(s, tag_end)) || is_digit(byte_at(s, tag_end))) {
            tag_end++;
        }
    }
    if (byte_at(s, tag_end) != '$') {
        s->at++;
        while (is_digit(byte_at(s, s->at))) { // $1
            s->at++;
        }
        return FH_OK;
    }
    size_t tag_size = tag_end + 1 - start;
    const void *tag = s->sql.data + start;
    const uint8_t *found =
        memmem(s->sql.data + tag_end + 1, s->sql.size - tag_end - 1, tag, tag_size);
    if (found == NULL) {
        return refuse(
            s, start, FH_ESQL, "sql.unterminated", "this dollar-quoted text does not end");
    }
    s->at = (size_t)(found - s->sql.data) + tag_size;
    return FH_OK;
}

static void skip_number(struct scan *s)
{
    for (;;) {
        uint8_t c = byte_at(s, s->at);
        uint8_t next = byte_at(s, s->at + 1);
        if (is_digit(c) || c == '.') {
            s->at++;
        } else if (c == '_' && is_digit(next)) {
            s->at += 2;
        } else if ((c == 'e' || c == 'E') &&
                   (is_digit(next) ||
                    ((next == '+' || next == '-') && is_digit(byte_at(s, s->at + 2))))) {
            s->at += 2;
        } else {
            return;
        }
    }
}

static bool word_is(const struct scan *s, size_t start, size_t end, const char *word)
{
    return end - start == strlen(word) &&
           strncasecmp((const char *)s->sql.data + start, word, end - start) == 0;
}

static int scan_word(struct scan *s)
{
    size_t start = s->at;
    while (is_identifier_start(byte_at(s, s->at)) || is_digit(byte_at(s, s->at)) ||
           byte_at(s, s->at) == '$') {
        if (unicode_space(s, s->at) != 0) {
            break;
        }
        s->at++;
    }
    size_t end = s->at;
    struct level *level = &s->levels[s->depth];
    if (word_is(s, start, end, "with")) {
        level->with_open = true;
    } else if (word_is(s, start, end, "select") || word_is(s, start, end, "from")) {
        level->with_open = false;
    }
    bool qualifies = word_is(s, start, end, "not") || word_is(s, start, end, "materialized");
    s->after_as = word_is(s, start, end, "as") || (s->after_as && qualifies);
    if (byte_at(s, end) == '\'' && (word_is(s, start, end, "e"))) {
        return skip_quoted(s, true);
    }
    return FH_OK;
}

/* ---- brackets ---- */

static int open_bracket(struct scan *s, uint8_t c)
{
    const struct level *outer = &s->levels[s->depth];
    bool cte = c == '(' && outer->with_open && s->after_as;
    uint32_t cte_depth = outer->cte_depth + (cte ? 1 : 0);
    if (s->depth == FH_SQL_DEPTH_MAX) {
        return refuse(s, s->at, FH_ETOOBIG, "sql.depth", "brackets are nested too deeply");
    }
    if (cte) {
        s->out->ctes++;
        if (s->out->ctes > FH_SQL_CTES_MAX) {
            return refuse(s, s->at, FH_ETOOBIG, "sql.ctes", "too many WITH queries");
        }
        if (cte_depth > FH_SQL_CTE_DEPTH_MAX) {
            return refuse(s, s->at, FH_ETOOBIG, "sql.cte_depth", "WITH is nested too deeply");
        }
    }
    s->depth++;
    s->levels[s->depth] = (struct level){
        .close = c == '('   ? ')'
                 : c == '[' ? ']'
                            : '}',
        .cte_depth = cte_depth,
    };
    s->out->depth = s->depth > s->out->depth ? s->depth : s->out->depth;
    s->out->cte_depth = cte_depth > s->out->cte_depth ? cte_depth : s->out->cte_depth;
    return FH_OK;
}

static int scan_symbol(struct scan *s)
{
    uint8_t c = s->sql.data[s->at];
    int code = FH_OK;
    if (c == '(' || c == '[' || c == '{') {
        code = open_bracket(s, c);
    } else if (c == ')' || c == ']' || c == '}') {
        if (s->depth == 0 || s->levels[s->depth].close != (char)c) {
            return refuse(s, s->at, FH_ESQL, "sql.brackets", "this bracket closes nothing");
        }
        s->depth--;
    }
    s->after_as = false;
    s->at++;
    return code;
}

static int scan_token(struct scan *s)
{
    uint8_t c = s->sql.data[s->at];
    if (s->ended) {
        return refuse(s, s->at, FH_ESQL, "sql.statements", "only one statement is allowed");
    }
    if (++s->out->tokens > FH_SQL_TOKENS_MAX) {
        return refuse(s, s->at, FH_ETOOBIG, "sql.tokens", "the SQL text has too many tokens");
    }
    if (c == '\'' || c == '"') {
        s->after_as = false;
        return skip_quoted(s, false);
    }
    if (c == '$') {
        s->after_as = false;
        return skip_dollar(s);
    }
    if (is_digit(c)) {
        s->after_as = false;
        skip_number(s);
        return FH_OK;
    }
    if (is_identifier_start(c)) {
        return scan_word(s);
    }
    return scan_symbol(s);
}

static int scan_all(struct scan *s)
{
    while (s->at < s->sql.size) {
        uint8_t c = s->sql.data[s->at];
        uint8_t next = byte_at(s, s->at + 1);
        size_t wide = unicode_space(s, s->at);
        int code = FH_OK;
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            s->at++;
        } else if (wide != 0) {
            s->at += wide;
        } else if ((c == '-' && next == '-') || (c == '/' && next == '*')) {
            code = skip_comment(s);
        } else if (c == ';' && s->depth == 0) {
            if (s->out->tokens > 0 && !s->ended) {
                s->out->end = s->at;
                s->ended = true;
            }
            s->at++;
        } else {
            code = scan_token(s);
        }
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

int fh_prescan(struct fh_prescan *out, struct fh_bytes sql, struct fh_err *err)
{
    *out = (struct fh_prescan){0};
    struct scan s = {.sql = sql, .out = out, .err = err};
    int code = check_characters(&s);
    if (code == FH_OK) {
        code = scan_all(&s);
    }
    if (code != FH_OK) {
        return code;
    }
    if (s.depth != 0) {
        return refuse(&s, sql.size, FH_ESQL, "sql.brackets", "a bracket is not closed");
    }
    if (out->tokens == 0) {
        return refuse(&s, 0, FH_ESQL, "sql.empty", "there is no statement");
    }
    if (!s.ended) {
        out->end = sql.size;
    }
    return FH_OK;
}
