/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL: the words of a statement, as far as the door has to know them: where one statement ends and
 * the next begins, and which are the session's own business (SET, BEGIN, FETCH, COPY ...) instead
 * of a question for the node.
 *
 * Texts ('..', E'..', $tag$..$tag$), quoted names, comments (nested ones too) and numbers are told
 * apart as PostgreSQL does with standard_conforming_strings on. What is not closed reaches to the
 * end; whoever parses the statement says so.
 *
 * Does not: parse questions: the node's gate does. Sans-IO. Thread: any. Ownership: views of the
 * SQL.
 */
#ifndef FH_TOOLS_DOOR_PG_SQL_H
#define FH_TOOLS_DOOR_PG_SQL_H

#include "common/bytes.h"

enum fh_pg_token_kind {
    FH_PG_TOKEN_END,
    FH_PG_TOKEN_WORD,   /* a keyword or a name without quotes */
    FH_PG_TOKEN_NAME,   /* "a name" */
    FH_PG_TOKEN_TEXT,   /* 'a text' of any of its forms */
    FH_PG_TOKEN_NUMBER, /* digits, a point, an exponent; without a sign */
    FH_PG_TOKEN_PARAM,  /* $1 */
    FH_PG_TOKEN_SIGN,   /* any other character */
};

struct fh_pg_token {
    enum fh_pg_token_kind kind;
    struct fh_bytes text; /* as it stands in the SQL */
};

struct fh_pg_sql {
    struct fh_bytes sql;
    size_t at;
};

/* The next token; false at the end, with FH_PG_TOKEN_END. */
bool fh_pg_token_next(struct fh_pg_sql *sql, struct fh_pg_token *out);
/* The same without taking it. */
struct fh_pg_token fh_pg_token_peek(const struct fh_pg_sql *sql);
/* Whether it is this keyword, in any case. */
bool fh_pg_token_is(const struct fh_pg_token *token, const char *word);
/* Takes the next token when it is this keyword or sign. */
bool fh_pg_token_take(struct fh_pg_sql *sql, const char *word);
/* What it means: a name folded to lower case, or without its quotes, or a text without them;
 * appended to `out`. */
void fh_pg_token_value(struct fh_buf *out, const struct fh_pg_token *token);
/* The same into `size` bytes with a NUL; false when it does not fit. */
bool fh_pg_token_copy(char *out, size_t size, const struct fh_pg_token *token);

/* The next statement of a text with several, without its semicolon and without comments in front of
 * it; false when there is no more. Empty ones are left out. */
bool fh_pg_statement_next(struct fh_pg_sql *sql, struct fh_bytes *out);
/* What is left of the statement, from the next token on. */
struct fh_bytes fh_pg_sql_rest(const struct fh_pg_sql *sql);
/* The type that a parameter is cast to where it stands ("$1::int8", "CAST($1 AS date)"), in lower
 * case; "" where it is not. */
struct fh_pg_cast {
    char type[32];
};
/* The highest parameter that the statement has: 2 for $1 and $2. Fills in the casts of the first
 * `cast_count`, in the same reading. */
unsigned fh_pg_sql_params(struct fh_bytes sql, struct fh_pg_cast *casts, unsigned cast_count);

#endif
