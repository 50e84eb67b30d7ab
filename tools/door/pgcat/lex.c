/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/lex.h"

#include "common/limits.h"

#include <string.h>

struct lexer {
    struct fh_arena *arena;
    struct fh_bytes sql;
    size_t at;
    char *decoded; /* room for one text: no escape gets longer, \u0800 is three bytes */
    struct fh_pgcat_token *list;
    size_t count;
    size_t capacity;
    struct fh_err *err;
};

static int at(const struct lexer *l, size_t ahead)
{
    return l->at + ahead < l->sql.size ? l->sql.data[l->at + ahead] : -1;
}

static int no_end(struct lexer *l, size_t begin, const char *what)
{
    return fh_err_rule(
        l->err, FH_ESQL, "pgcat.syntax", "%s without its end at byte %zu", what, begin);
}

static bool starts_name(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int add(struct lexer *l, enum fh_pgcat_token_kind kind, const char *text, size_t begin)
{
    if (text == NULL) {
        return fh_err_set(l->err, FH_ENOMEM, "out of memory for a statement");
    }
    if (l->count + 1 >= l->capacity) {
        size_t capacity = l->capacity == 0 ? 64 : l->capacity * 2;
        if (l->capacity > FH_PGCAT_TOKENS_MAX) {
            return fh_err_rule(l->err,
                               FH_ETOOBIG,
                               "pgcat.statement",
                               "the statement has more than %d words",
                               FH_PGCAT_TOKENS_MAX);
        }
        struct fh_pgcat_token *list = fh_arena_array(l->arena, capacity, sizeof *list);
        if (list == NULL) {
            return fh_err_set(l->err, FH_ENOMEM, "out of memory for a statement");
        }
        if (l->count > 0) {
            memcpy(list, l->list, l->count * sizeof *list);
        }
        l->list = list;
        l->capacity = capacity;
    }
    l->list[l->count++] = (struct fh_pgcat_token){kind, false, text, begin};
    return FH_OK;
}

static int add_slice(struct lexer *l, enum fh_pgcat_token_kind kind, size_t begin, size_t size)
{
    const char *text = fh_arena_string(l->arena, fh_bytes(l->sql.data + begin, size));
    return add(l, kind, text, begin);
}

/* Comments nest, as in the standard. */
static int skip_comment(struct lexer *l)
{
    size_t begin = l->at;
    unsigned depth = 0;
    do {
        if (at(l, 0) == '/' && at(l, 1) == '*') {
            depth++;
            l->at += 2;
        } else if (at(l, 0) == '*' && at(l, 1) == '/') {
            depth--;
            l->at += 2;
        } else if (at(l, 0) < 0) {
            return no_end(l, begin, "a comment");
        } else {
            l->at++;
        }
    } while (depth > 0);
    return FH_OK;
}

static int digit_of(int c, int base)
{
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 16;
    return value < base ? value : -1;
}

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 0x3f));
    out[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

/* What stands behind a backslash; the cursor on it. Bytes by number are ASCII here: others could
 * break the text's UTF-8. False when there is no such escape. */
static bool read_escape(struct lexer *l, char *out, size_t *size)
{
    static const char letters[] = "bfnrt";
    static const char values[] = "\b\f\n\r\t";
    int c = at(l, 0);
    l->at++;
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (found != NULL) {
        out[(*size)++] = values[found - letters];
        return true;
    }
    int base = c == 'x' || c == 'u' ? 16 : 8;
    unsigned most = c == 'u' ? 4 : c == 'x' ? 2 : 3;
    if (base == 8 && digit_of(c, 8) < 0) {
        out[(*size)++] = (char)c;
        return true;
    }
    uint32_t value = base == 8 ? (uint32_t)digit_of(c, 8) : 0;
    unsigned digits = base == 8 ? 1 : 0;
    for (; digits < most && digit_of(at(l, 0), base) >= 0; digits++) {
        value = value * (uint32_t)base + (uint32_t)digit_of(at(l, 0), base);
        l->at++;
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value == 0 || surrogate || (c != 'u' && value >= 0x80) || (c == 'u' && digits != 4)) {
        return false;
    }
    *size += put_utf8(out + *size, value);
    return true;
}

/* A text or a name behind its opening, up to `mark`, which stands for itself when doubled. */
static int lex_quoted(struct lexer *l, enum fh_pgcat_token_kind kind, size_t opening, bool escapes)
{
    size_t begin = l->at;
    size_t size = 0;
    l->at += opening;
    int mark = l->sql.data[l->at - 1];
    for (;;) {
        int c = at(l, 0);
        if (c < 0 || (escapes && c == '\\' && at(l, 1) < 0)) {
            return no_end(l, begin, mark == '"' ? "a name in quotes" : "a text");
        }
        l->at++;
        if (escapes && c == '\\') {
            if (!read_escape(l, l->decoded, &size)) {
                return fh_err_rule(l->err,
                                   FH_ESQL,
                                   "pgcat.syntax",
                                   "a text at byte %zu has an escape that is no character",
                                   begin);
            }
            continue;
        }
        if (c == mark) {
            if (at(l, 0) != mark) {
                break;
            }
            l->at++;
        }
        l->decoded[size++] = (char)c;
    }
    if (kind == FH_PGCAT_NAME && size == 0) {
        return fh_err_rule(
            l->err, FH_ESQL, "pgcat.syntax", "a name in quotes at byte %zu is empty", begin);
    }
    int code = add(l, kind, fh_arena_string(l->arena, fh_bytes(l->decoded, size)), begin);
    if (code == FH_OK) {
        l->list[l->count - 1].quoted = kind == FH_PGCAT_NAME;
    }
    return code;
}

/* $tag$ ... $tag$; false when the dollar begins no such text. */
static bool lex_dollar(struct lexer *l, int *code)
{
    size_t begin = l->at;
    size_t tag = 1;
    while (starts_name(at(l, tag)) || (tag > 1 && is_digit(at(l, tag)))) {
        tag++;
    }
    if (at(l, tag) != '$') {
        return false;
    }
    tag++;
    const uint8_t *mark = l->sql.data + begin;
    for (size_t end = begin + tag; end + tag <= l->sql.size; end++) {
        if (memcmp(l->sql.data + end, mark, tag) == 0) {
            *code = add_slice(l, FH_PGCAT_TEXT, begin + tag, end - begin - tag);
            l->at = end + tag;
            return true;
        }
    }
    *code = no_end(l, begin, "a text");
    return true;
}

static int lex_name(struct lexer *l)
{
    size_t begin = l->at;
    while (starts_name(at(l, 0)) || is_digit(at(l, 0)) || at(l, 0) == '$') {
        l->at++;
    }
    int code = add_slice(l, FH_PGCAT_NAME, begin, l->at - begin);
    if (code == FH_OK) {
        /* The arena's copy is ours to fold. */
        for (char *c = (char *)(uintptr_t)l->list[l->count - 1].text; *c != '\0'; c++) {
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        }
    }
    return code;
}

static int lex_number(struct lexer *l)
{
    size_t begin = l->at;
    while (is_digit(at(l, 0))) {
        l->at++;
    }
    if (at(l, 0) == '.' && at(l, 1) != '.') {
        l->at++;
        while (is_digit(at(l, 0))) {
            l->at++;
        }
    }
    if (at(l, 0) == 'e' || at(l, 0) == 'E') {
        size_t sign = at(l, 1) == '-' || at(l, 1) == '+' ? 1 : 0;
        if (is_digit(at(l, 1 + sign))) {
            l->at += 1 + sign;
            while (is_digit(at(l, 0))) {
                l->at++;
            }
        }
    }
    if (starts_name(at(l, 0))) {
        return fh_err_rule(
            l->err, FH_ESQL, "pgcat.syntax", "a name begins with a digit at byte %zu", begin);
    }
    return add_slice(l, FH_PGCAT_NUMBER, begin, l->at - begin);
}

static int lex_sign(struct lexer *l)
{
    /* Longest first among those that begin alike. */
    static const char *const signs[] = {
        "!~~*", "!~~", "!~*", "!~", "!=", "~~*", "~~", "~*", "~", "<=", "<>",  "<@", "<", ">=",
        ">",    "=>",  "=",   "::", ":",  "||",  "|",  "&&", "&", "@>", "->>", "->", "-", "+",
        "*",    "/",   "%",   "^",  "#",  "(",   ")",  "[",  "]", ",",  ".",   ";",
    };
    for (size_t i = 0; i < FH_COUNT(signs); i++) {
        size_t size = strlen(signs[i]);
        if (l->sql.size - l->at >= size && memcmp(l->sql.data + l->at, signs[i], size) == 0) {
            size_t begin = l->at;
            l->at += size;
            return add(l, FH_PGCAT_SIGN, signs[i], begin);
        }
    }
    return fh_err_rule(
        l->err, FH_ESQL, "pgcat.syntax", "a character at byte %zu has no place in SQL", l->at);
}

static int lex_one(struct lexer *l)
{
    int c = at(l, 0);
    int code = FH_OK;
    if (is_space(c)) {
        l->at++;
        return FH_OK;
    }
    if (c == '-' && at(l, 1) == '-') {
        while (at(l, 0) >= 0 && at(l, 0) != '\n') {
            l->at++;
        }
        return FH_OK;
    }
    if (c == '/' && at(l, 1) == '*') {
        return skip_comment(l);
    }
    if (c == '\'') {
        return lex_quoted(l, FH_PGCAT_TEXT, 1, false);
    }
    if ((c == 'E' || c == 'e') && at(l, 1) == '\'') {
        return lex_quoted(l, FH_PGCAT_TEXT, 2, true);
    }
    if (c == '"') {
        return lex_quoted(l, FH_PGCAT_NAME, 1, false);
    }
    if (c == '$' && lex_dollar(l, &code)) {
        return code;
    }
    if (c == '$' && is_digit(at(l, 1))) {
        size_t begin = ++l->at;
        while (is_digit(at(l, 0))) {
            l->at++;
        }
        return add_slice(l, FH_PGCAT_PARAM, begin, l->at - begin);
    }
    if (is_digit(c) || (c == '.' && is_digit(at(l, 1)))) {
        return lex_number(l);
    }
    return starts_name(c) ? lex_name(l) : lex_sign(l);
}

int fh_pgcat_lex(struct fh_pgcat_tokens *out,
                 struct fh_arena *arena,
                 struct fh_bytes sql,
                 struct fh_err *err)
{
    struct lexer l = {.arena = arena, .sql = sql, .err = err};
    if (sql.size > FH_SQL_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "pgcat.statement",
                           "the statement has %zu bytes, more than %d",
                           sql.size,
                           FH_SQL_BYTES_MAX);
    }
    if (!fh_utf8_valid(sql)) {
        return fh_err_rule(err, FH_ESQL, "pgcat.syntax", "the statement is not well-formed UTF-8");
    }
    l.decoded = fh_arena_alloc(arena, sql.size + 1);
    if (l.decoded == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory for a statement");
    }
    while (l.at < sql.size) {
        int code = lex_one(&l);
        if (code != FH_OK) {
            return code;
        }
    }
    int code = add(&l, FH_PGCAT_END, "", sql.size);
    if (code != FH_OK) {
        return code;
    }
    *out = (struct fh_pgcat_tokens){l.count - 1, l.list};
    return FH_OK;
}

bool fh_pgcat_is_sign(const struct fh_pgcat_token *token, const char *sign)
{
    return token->kind == FH_PGCAT_SIGN && strcmp(token->text, sign) == 0;
}

bool fh_pgcat_is_word(const struct fh_pgcat_token *token, const char *word)
{
    return token->kind == FH_PGCAT_NAME && !token->quoted && strcmp(token->text, word) == 0;
}
