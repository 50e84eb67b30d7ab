/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a statement in PostgreSQL's dialect.
 *
 * Knows quoted and folded names, '..' and E'..' and $tag$..$tag$ texts, nested comments, numbers,
 * $1, operators. Texts and names come decoded, so that nobody behind this file meets a quote.
 *
 * Does not: judge the order of the words. Thread: any. Ownership: tokens live in the arena.
 * Sources: PostgreSQL 15 manual, section 4.1.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_LEX_H
#define FH_TOOLS_DOOR_PGCAT_LEX_H

#include "common/arena.h"
#include "common/err.h"

#include <stdbool.h>

enum fh_pgcat_token_kind {
    FH_PGCAT_END,    /* always the last one */
    FH_PGCAT_NAME,   /* folded to lower case unless quoted */
    FH_PGCAT_TEXT,   /* a literal, decoded */
    FH_PGCAT_NUMBER, /* as written */
    FH_PGCAT_PARAM,  /* $1: its digits */
    FH_PGCAT_SIGN,   /* an operator or a mark: "(", "::", "!~~*" */
};

struct fh_pgcat_token {
    enum fh_pgcat_token_kind kind;
    bool quoted;      /* a NAME in quotes is no keyword */
    const char *text; /* with a NUL */
    size_t at;        /* byte in the statement, for errors */
};

struct fh_pgcat_tokens {
    size_t count; /* END not counted */
    const struct fh_pgcat_token *list;
};

/* FH_ESQL (pgcat.syntax: a text without its end ...), FH_ETOOBIG (pgcat.statement), FH_ENOMEM. */
FH_MUST_CHECK int fh_pgcat_lex(struct fh_pgcat_tokens *out,
                               struct fh_arena *arena,
                               struct fh_bytes sql,
                               struct fh_err *err);

/* Whether it is this sign, or this keyword (lower case, not quoted). */
bool fh_pgcat_is_sign(const struct fh_pgcat_token *token, const char *sign);
bool fh_pgcat_is_word(const struct fh_pgcat_token *token, const char *word);

#endif
