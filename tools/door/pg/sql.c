/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/sql.h"

#include "common/err.h"

#include <string.h>
#include <strings.h>

/* ---- characters ---- */

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool begins_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool goes_on(uint8_t c)
{
    return begins_name(c) || is_digit(c); /* a NUL, which stands for the end, does not */
}

static uint8_t at(const struct fh_pg_sql *sql, size_t place)
{
    return place < sql->sql.size ? sql->sql.data[place] : 0;
}

/* ---- skipping ---- */

static size_t behind_comment(const struct fh_pg_sql *sql, size_t place)
{
    unsigned depth = 0;
    while (place < sql->sql.size) {
        if (at(sql, place) == '/' && at(sql, place + 1) == '*') {
            depth++;
            place += 2;
        } else if (at(sql, place) == '*' && at(sql, place + 1) == '/') {
            place += 2;
            if (--depth == 0) {
                return place;
            }
        } else {
            place++;
        }
    }
    return sql->sql.size;
}

static size_t skip_blank(const struct fh_pg_sql *sql, size_t place)
{
    for (;;) {
        if (place < sql->sql.size && is_space(at(sql, place))) {
            place++;
        } else if (at(sql, place) == '-' && at(sql, place + 1) == '-') {
            while (place < sql->sql.size && at(sql, place) != '\n') {
                place++;
            }
        } else if (at(sql, place) == '/' && at(sql, place + 1) == '*') {
            place = behind_comment(sql, place);
        } else {
            return place;
        }
    }
}

/* Behind the mark that closes what opens at `place`; a doubled mark does not, nor one behind a
 * backslash where that escapes. */
static size_t behind_mark(const struct fh_pg_sql *sql, size_t place, bool escapes)
{
    uint8_t mark = at(sql, place++);
    while (place < sql->sql.size) {
        if (escapes && at(sql, place) == '\\') {
            place += 2;
        } else if (at(sql, place) != mark) {
            place++;
        } else if (at(sql, place + 1) == mark) {
            place += 2;
        } else {
            return place + 1;
        }
    }
    return sql->sql.size;
}

/* Length of the "$tag$" at `place`; 0 when there is none. */
static size_t dollar_tag(const struct fh_pg_sql *sql, size_t place)
{
    size_t end = place + 1;
    if (is_digit(at(sql, end))) {
        return 0;
    }
    while (goes_on(at(sql, end))) {
        end++;
    }
    return at(sql, end) == '$' ? end + 1 - place : 0;
}

static size_t behind_dollar(const struct fh_pg_sql *sql, size_t place, size_t tag)
{
    for (size_t end = place + tag; end + tag <= sql->sql.size; end++) {
        if (memcmp(sql->sql.data + end, sql->sql.data + place, tag) == 0) {
            return end + tag;
        }
    }
    return sql->sql.size;
}

static size_t behind_number(const struct fh_pg_sql *sql, size_t place)
{
    while (is_digit(at(sql, place)) || at(sql, place) == '.') {
        place++;
    }
    if ((at(sql, place) | 0x20) == 'e') {
        size_t digits = place + 1;
        digits += at(sql, digits) == '+' || at(sql, digits) == '-' ? 1 : 0;
        if (is_digit(at(sql, digits))) {
            for (place = digits; is_digit(at(sql, place)); place++) {
            }
        }
    }
    return place;
}

/* ---- tokens ---- */

static struct fh_pg_token token_at(const struct fh_pg_sql *sql, size_t from)
{
    enum fh_pg_token_kind kind = FH_PG_TOKEN_SIGN;
    uint8_t c = at(sql, from);
    size_t end = from + 1;
    size_t tag = c == '$' ? dollar_tag(sql, from) : 0;
    bool prefix = (c | 0x20) == 'e' || (c | 0x20) == 'b' || (c | 0x20) == 'x' || (c | 0x20) == 'n';
    if (c == '\'') {
        kind = FH_PG_TOKEN_TEXT;
        end = behind_mark(sql, from, false);
    } else if (prefix && at(sql, from + 1) == '\'') {
        kind = FH_PG_TOKEN_TEXT;
        end = behind_mark(sql, from + 1, (c | 0x20) == 'e');
    } else if (c == '"') {
        kind = FH_PG_TOKEN_NAME;
        end = behind_mark(sql, from, false);
    } else if (tag > 0) {
        kind = FH_PG_TOKEN_TEXT;
        end = behind_dollar(sql, from, tag);
    } else if (c == '$' && is_digit(at(sql, from + 1))) {
        kind = FH_PG_TOKEN_PARAM;
        while (is_digit(at(sql, end))) {
            end++;
        }
    } else if (begins_name(c)) {
        kind = FH_PG_TOKEN_WORD;
        while (goes_on(at(sql, end)) || at(sql, end) == '$') {
            end++;
        }
    } else if (is_digit(c) || (c == '.' && is_digit(at(sql, from + 1)))) {
        kind = FH_PG_TOKEN_NUMBER;
        end = behind_number(sql, from);
    }
    end = end < sql->sql.size ? end : sql->sql.size;
    return (struct fh_pg_token){kind, fh_bytes(sql->sql.data + from, end - from)};
}

bool fh_pg_token_next(struct fh_pg_sql *sql, struct fh_pg_token *out)
{
    size_t from = skip_blank(sql, sql->at);
    if (from >= sql->sql.size) {
        sql->at = sql->sql.size;
        *out = (struct fh_pg_token){FH_PG_TOKEN_END, FH_BYTES_NONE};
        return false;
    }
    *out = token_at(sql, from);
    sql->at = from + out->text.size;
    return true;
}

struct fh_pg_token fh_pg_token_peek(const struct fh_pg_sql *sql)
{
    struct fh_pg_sql ahead = *sql;
    struct fh_pg_token token;
    (void)fh_pg_token_next(&ahead, &token);
    return token;
}

bool fh_pg_token_is(const struct fh_pg_token *token, const char *word)
{
    return token->kind == FH_PG_TOKEN_WORD && token->text.size == strlen(word) &&
           strncasecmp((const char *)token->text.data, word, token->text.size) == 0;
}

bool fh_pg_token_take(struct fh_pg_sql *sql, const char *word)
{
    struct fh_pg_token token = fh_pg_token_peek(sql);
    bool is = fh_pg_token_is(&token, word) ||
              (token.kind == FH_PG_TOKEN_SIGN && fh_bytes_equal_cstr(token.text, word));
    if (is) {
        (void)fh_pg_token_next(sql, &token);
    }
    return is;
}

/* ---- what tokens mean ---- */

static uint8_t escaped(uint8_t c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    default:
        return c;
    }
}

/* The inside of a text or name in marks: doubled marks are one. */
static void add_inside(struct fh_buf *out, struct fh_bytes text, bool escapes)
{
    uint8_t mark = text.data[0];
    bool closed = text.size >= 2 && text.data[text.size - 1] == mark;
    size_t end = closed ? text.size - 1 : text.size;
    for (size_t i = 1; i < end; i++) {
        if (escapes && text.data[i] == '\\' && i + 1 < end) {
            fh_buf_add_u8(out, escaped(text.data[++i]));
        } else {
            fh_buf_add_u8(out, text.data[i]);
            i += text.data[i] == mark ? 1 : 0;
        }
    }
}

static void add_text(struct fh_buf *out, struct fh_bytes text)
{
    if (text.data[0] == '$') {
        const uint8_t *second = memchr(text.data + 1, '$', text.size - 1);
        size_t tag = second == NULL ? text.size : (size_t)(second + 1 - text.data);
        if (text.size >= 2 * tag) {
            fh_buf_add(out, text.data + tag, text.size - 2 * tag);
        }
        return;
    }
    size_t prefix = text.data[0] == '\'' ? 0 : 1;
    add_inside(out,
               fh_bytes(text.data + prefix, text.size - prefix),
               prefix == 1 && (text.data[0] | 0x20) == 'e');
}

void fh_pg_token_value(struct fh_buf *out, const struct fh_pg_token *token)
{
    switch (token->kind) {
    case FH_PG_TOKEN_WORD:
        for (size_t i = 0; i < token->text.size; i++) {
            uint8_t c = token->text.data[i];
            fh_buf_add_u8(out, c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
        break;
    case FH_PG_TOKEN_NAME:
        add_inside(out, token->text, false);
        break;
    case FH_PG_TOKEN_TEXT:
        add_text(out, token->text);
        break;
    case FH_PG_TOKEN_NUMBER:
    case FH_PG_TOKEN_PARAM:
    case FH_PG_TOKEN_SIGN:
        fh_buf_add_bytes(out, token->text);
        break;
    case FH_PG_TOKEN_END:
        break;
    }
}

bool fh_pg_token_copy(char *out, size_t size, const struct fh_pg_token *token)
{
    struct fh_buf value FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&value, token->text.size + 1);
    fh_pg_token_value(&value, token);
    if (fh_buf_ok(&value) != FH_OK || value.size >= size ||
        memchr(fh_buf_cstr(&value), 0, value.size) != NULL) {
        return false;
    }
    memcpy(out, fh_buf_cstr(&value), value.size + 1);
    return true;
}

/* ---- statements ---- */

bool fh_pg_statement_next(struct fh_pg_sql *sql, struct fh_bytes *out)
{
    struct fh_pg_token token;
    const uint8_t *from = NULL;
    const uint8_t *end = NULL;
    while (fh_pg_token_next(sql, &token)) {
        if (token.kind == FH_PG_TOKEN_SIGN && token.text.data[0] == ';') {
            if (from != NULL) {
                break;
            }
            continue;
        }
        from = from == NULL ? token.text.data : from;
        end = token.text.data + token.text.size;
    }
    if (from == NULL) {
        return false;
    }
    *out = fh_bytes(from, (size_t)(end - from));
    return true;
}

struct fh_bytes fh_pg_sql_rest(const struct fh_pg_sql *sql)
{
    size_t from = skip_blank(sql, sql->at);
    return from == sql->sql.size ? FH_BYTES_NONE
                                 : fh_bytes(sql->sql.data + from, sql->sql.size - from);
}

/* The number of "$12"; 0 when it is none that a statement can have. */
static unsigned number_of(const struct fh_pg_token *token)
{
    unsigned number = 0;
    for (size_t i = 1; i < token->text.size; i++) {
        number = number < 100000 ? 10 * number + (unsigned)(token->text.data[i] - '0') : number;
    }
    return number;
}

/* The type behind "::" or AS, where `sql` stands behind a parameter; false when there is none. */
static bool read_cast(struct fh_pg_sql sql, struct fh_pg_cast *out)
{
    bool colon = fh_pg_token_take(&sql, ":");
    if (!fh_pg_token_take(&sql, colon ? ":" : "AS")) {
        return false;
    }
    struct fh_pg_token type = fh_pg_token_peek(&sql);
    return (type.kind == FH_PG_TOKEN_WORD || type.kind == FH_PG_TOKEN_NAME) &&
           fh_pg_token_copy(out->type, sizeof out->type, &type);
}

unsigned fh_pg_sql_params(struct fh_bytes sql, struct fh_pg_cast *casts, unsigned cast_count)
{
    struct fh_pg_sql reader = {.sql = sql};
    struct fh_pg_token token;
    unsigned most = 0;
    for (unsigned i = 0; i < cast_count; i++) {
        casts[i].type[0] = 0;
    }
    while (fh_pg_token_next(&reader, &token)) {
        unsigned number = token.kind == FH_PG_TOKEN_PARAM ? number_of(&token) : 0;
        most = number > most ? number : most;
        if (number > 0 && number <= cast_count && casts[number - 1].type[0] == 0 &&
            !read_cast(reader, &casts[number - 1])) {
            casts[number - 1].type[0] = 0;
        }
    }
    return most;
}
