/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one translation, private to translate*.c: the words, where we are, what is written.
 *
 * translate.c reads queries and their lists, translate_words.c the words themselves,
 * translate_from.c what stands behind FROM,
 * translate_expr.c operators by their precedence, translate_term.c what they stand between,
 * translate_call.c functions, translate_type.c types and casts.
 *
 * Does not: outlive a translation. Thread: one. Ownership: borrows everything.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_TRANSLATE_INNER_H
#define FH_TOOLS_DOOR_PGCAT_TRANSLATE_INNER_H

#include "tools/door/pgcat/lex.h"
#include "tools/door/pgcat/translate.h"

/* A SELECT that is being read: what its list leaves for its FROM. */
struct fh_pgcat_frame {
    size_t pending_count;
    struct {
        size_t set;       /* its number */
        const char *call; /* "_set0"("i"."indkey") */
    } pending[FH_PGCAT_SETS_MAX];
};

struct fh_pgcat_translator {
    const struct fh_pgcat_token *tokens;
    size_t at;
    struct fh_buf out;
    struct fh_arena *arena;
    struct fh_pgcat_translation *result;
    unsigned depth;
    unsigned nested; /* expressions within expressions, by whatever stands between */
    struct fh_pgcat_frame *frame;
    size_t query_count; /* names of WITH */
    const char *queries[FH_PGCAT_SETS_MAX];
    struct fh_err *err;
};

/* What was read and written: an operand. */
struct fh_pgcat_expr {
    size_t begin;     /* in `out` */
    uint32_t type;    /* 0: not known */
    const char *name; /* of a column that is nothing else; NULL: none */
    const char *text; /* value, when it is nothing but a literal text */
    unsigned param;   /* number, when it is nothing but a parameter */
    size_t set;       /* number + 1 of a set of which it is the first column; 0: it is not */
    bool weak;        /* `name` is only that of a type, or "case" */
    bool column;      /* nothing but a column's name */
};

/* ---- words ---- */

const struct fh_pgcat_token *fh_pgcat_peek(const struct fh_pgcat_translator *t, size_t ahead);
bool fh_pgcat_next_is(const struct fh_pgcat_translator *t, const char *word_or_sign);
/* Takes it when it is next. */
bool fh_pgcat_take(struct fh_pgcat_translator *t, const char *word_or_sign);
/* Takes it or fails. */
FH_MUST_CHECK int fh_pgcat_expect(struct fh_pgcat_translator *t, const char *word_or_sign);
/* A name of somebody's own: no reserved word. */
bool fh_pgcat_is_name(const struct fh_pgcat_token *token);
FH_MUST_CHECK int fh_pgcat_expect_name(struct fh_pgcat_translator *t, const char **out);

/* Errors with the place of the next word. */
FH_MUST_CHECK int fh_pgcat_syntax(struct fh_pgcat_translator *t, const char *wanted);
FH_MUST_CHECK int fh_pgcat_unsupported(struct fh_pgcat_translator *t, const char *what);
FH_MUST_CHECK int fh_pgcat_no_memory(struct fh_pgcat_translator *t);
/* Goes into brackets of a query, an operand, a call or a join, or fails; `depth` goes back by one
 * behind them. */
FH_MUST_CHECK int fh_pgcat_deeper(struct fh_pgcat_translator *t);

/* ---- what is written ---- */

void fh_pgcat_put(struct fh_pgcat_translator *t, const char *sql);
void fh_pgcat_put_name(struct fh_pgcat_translator *t, const char *name);
void fh_pgcat_put_text(struct fh_pgcat_translator *t, const char *text);
/* Puts text in front of an operand that was written. */
void fh_pgcat_insert(struct fh_pgcat_translator *t, size_t at, const char *sql);
/* Takes back what was written since. */
void fh_pgcat_cut(struct fh_pgcat_translator *t, size_t size);
/* Brackets around an operand. */
void fh_pgcat_wrap(struct fh_pgcat_translator *t, size_t begin);

/* ---- names ---- */

void fh_pgcat_note_name(struct fh_pgcat_translator *t, const char *name, uint32_t type);
/* Type of a column by its name: one that the statement made, or one of the system tables. */
uint32_t fh_pgcat_type_of_name(const struct fh_pgcat_translator *t, const char *name);
/* A column of a list; `expr` NULL is a star. */
FH_MUST_CHECK int fh_pgcat_add_item(struct fh_pgcat_translator *t,
                                    struct fh_pgcat_items *items,
                                    const char *name,
                                    const struct fh_pgcat_expr *expr);
/* Gives an operand that has no better name that of the type that it was made. */
void fh_pgcat_name_by_type(struct fh_pgcat_expr *operand, uint32_t type);

/* ---- parts ---- */

/* A whole query, WITH to LIMIT. `items` gets its columns; NULL when nobody asks. */
FH_MUST_CHECK int fh_pgcat_query(struct fh_pgcat_translator *t, struct fh_pgcat_items *items);
/* Whether a query begins here (SELECT, WITH, VALUES, TABLE), or behind opening brackets. */
bool fh_pgcat_query_follows(const struct fh_pgcat_translator *t);
bool fh_pgcat_query_in_brackets(const struct fh_pgcat_translator *t);
FH_MUST_CHECK int fh_pgcat_from(struct fh_pgcat_translator *t);
FH_MUST_CHECK int fh_pgcat_expression(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out);
/* Without AND, OR, NOT: an operand of BETWEEN. */
FH_MUST_CHECK int fh_pgcat_operand(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out);
/* A literal, a name, a call, brackets ... with what follows: casts, subscripts, fields. */
FH_MUST_CHECK int fh_pgcat_term(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out);
/* Expressions with commas between them; `*out_count` may be NULL. */
FH_MUST_CHECK int fh_pgcat_expressions(struct fh_pgcat_translator *t, size_t *out_count);
FH_MUST_CHECK int fh_pgcat_order_by(struct fh_pgcat_translator *t);
/* A call; the cursor on the function's name behind its schema. */
FH_MUST_CHECK int fh_pgcat_call(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out);
/* Reads the arguments of a set in brackets and writes the call; `*out_number` is the set's. */
FH_MUST_CHECK int
fh_pgcat_set_call(struct fh_pgcat_translator *t, size_t *out_number, uint32_t *out_element);

/* Reads a type's name, with modifiers and brackets. */
FH_MUST_CHECK int fh_pgcat_read_type(struct fh_pgcat_translator *t, uint32_t *out);
/* Makes the operand, the last thing written, one of this type. */
void fh_pgcat_cast(struct fh_pgcat_translator *t, struct fh_pgcat_expr *operand, uint32_t type);
/* Makes a bare text or parameter what it is compared with. */
void fh_pgcat_coerce(struct fh_pgcat_translator *t, struct fh_pgcat_expr *operand, uint32_t type);

#endif
