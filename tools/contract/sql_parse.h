/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of reading SQL definitions: import_sql.c knows statements, sql_table.c what stands in
 * the brackets of CREATE TABLE and behind ALTER TABLE ... ADD, sql_parse.c the tokens and names
 * that both read. Nobody else includes it.
 *
 * The first failure sticks: from then on every token is the end of the text, so that a parser reads
 * as a list of what it expects.
 *
 * Does not: outlive one text. Thread: one. Ownership: everything lives in the draft's arena.
 */
#ifndef FH_TOOLS_CONTRACT_SQL_PARSE_H
#define FH_TOOLS_CONTRACT_SQL_PARSE_H

#include "tools/contract/import.h"
#include "tools/contract/sql_lex.h"

enum { FH_SQL_AHEAD = 4 };

struct fh_sql_enum { /* CREATE TYPE name AS ENUM (values) */
    const char *name;
    struct fh_draft_texts values;
};

struct fh_sql_parser {
    struct fh_sql_lexer lexer;
    struct fh_sql_token ahead[FH_SQL_AHEAD];
    unsigned ahead_count;
    size_t last_end; /* in the text: behind the token that was taken last */
    struct fh_draft *draft;
    struct fh_sql_enum *enums;
    size_t enum_count;
    size_t enum_capacity;
    int code; /* FH_OK, or the first failure */
    struct fh_err *err;
};

/* ---- tokens ---- */

/* The token `n` places ahead; lent until one more is taken. */
const struct fh_sql_token *fh_sql_peek(struct fh_sql_parser *p, unsigned n);
void fh_sql_take(struct fh_sql_parser *p);
/* Whether that token is this keyword (any case, not quoted) or this sign. */
bool fh_sql_is(struct fh_sql_parser *p, unsigned n, const char *word);
bool fh_sql_is_sign(struct fh_sql_parser *p, unsigned n, char sign);
bool fh_sql_is_name(struct fh_sql_parser *p, unsigned n);
/* Takes it if it is there. */
bool fh_sql_accept(struct fh_sql_parser *p, const char *word);
bool fh_sql_accept_sign(struct fh_sql_parser *p, char sign);
/* Fails at the next token: "line 3, column 7: expected `what`, not ...". */
void fh_sql_expected(struct fh_sql_parser *p, const char *what);
void fh_sql_fail(struct fh_sql_parser *p, const char *rule, const char *why);
void fh_sql_out_of_memory(struct fh_sql_parser *p);

/* ---- names ---- */

struct fh_sql_name {
    const char *schema; /* "" where none is written */
    const char *name;
};

/* A name, of which the last two parts count. */
struct fh_sql_name fh_sql_name_of(struct fh_sql_parser *p, const char *what);
/* The draft's table of that name, or NULL. */
struct fh_draft_table *fh_sql_table(struct fh_sql_parser *p, const struct fh_sql_name *name);
/* Skips what is in brackets; the next token opens them. */
void fh_sql_skip_brackets(struct fh_sql_parser *p);
/* (a, b DESC, c(10)): false when something is there that is no column. */
bool fh_sql_columns(struct fh_sql_parser *p, struct fh_draft_texts *out);
/* 'a', 'b' up to the closing bracket, which is taken. */
void fh_sql_strings(struct fh_sql_parser *p, struct fh_draft_texts *out);

/* ---- sql_table.c ---- */

/* A column or constraint of `table`, up to the comma or bracket behind it. */
void fh_sql_element(struct fh_sql_parser *p, struct fh_draft_table *table);
/* Whether the next tokens begin a constraint of a table, and reading it. */
bool fh_sql_at_constraint(struct fh_sql_parser *p);
void fh_sql_constraint(struct fh_sql_parser *p, struct fh_draft_table *table);
/* The columns are together unique. */
void fh_sql_unique(struct fh_sql_parser *p,
                   struct fh_draft_table *table,
                   const struct fh_draft_texts *columns);

/* ---- sql_check.c ---- */

/* CHECK (...): the brackets; what they say of one column becomes its values or bounds, else a note
 * to the reviewer. */
void fh_sql_check(struct fh_sql_parser *p, struct fh_draft_table *table);

#endif
