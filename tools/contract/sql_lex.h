/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL tokens, as PostgreSQL, MySQL, SQLite, DuckDB and SQL Server spell them alike or each for
 * itself: quoted names in "", `` or [], strings with doubled or escaped quotes and in dollars,
 * comments with two dashes, a number sign or stars, lines of psql.
 *
 * Tolerant: whatever it does not know is a token of one character. Does not: know statements.
 * Thread: one. Ownership: the text is kept while lexing; decoded texts live in the arena.
 */
#ifndef FH_TOOLS_CONTRACT_SQL_LEX_H
#define FH_TOOLS_CONTRACT_SQL_LEX_H

#include "common/arena.h"
#include "common/err.h"

enum fh_sql_token_kind {
    FH_SQL_END,    /* of the text */
    FH_SQL_WORD,   /* unquoted name or keyword */
    FH_SQL_NAME,   /* quoted name, decoded */
    FH_SQL_STRING, /* decoded */
    FH_SQL_NUMBER,
    FH_SQL_SIGN, /* one character in `text` */
};

struct fh_sql_token {
    enum fh_sql_token_kind kind;
    const char *text;
    size_t at;       /* of its first byte in the text */
    size_t end;      /* behind its last byte */
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in bytes */
    bool first;      /* nothing but blanks before it on its line */
    bool spaced;     /* a blank or comment before it */
};

struct fh_sql_lexer {
    struct fh_bytes text;
    size_t at;
    uint32_t line;
    size_t line_start;
    bool line_has_token;
    bool is_mysql; /* a backtick stands somewhere in the text */
    struct fh_arena *arena;
};

void fh_sql_lex_init(struct fh_sql_lexer *lexer, struct fh_bytes text, struct fh_arena *arena);

/* The next token. FH_EINVAL ("sql.syntax": a quote or comment that does not end, a NUL, no UTF-8),
 * FH_ENOMEM. */
FH_MUST_CHECK int
fh_sql_lex(struct fh_sql_lexer *lexer, struct fh_sql_token *out, struct fh_err *err);

/* Skips the rows of a COPY ... FROM stdin, up to the line that holds \. alone. */
void fh_sql_lex_skip_rows(struct fh_sql_lexer *lexer);

#endif
