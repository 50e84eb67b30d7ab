/* SPDX-License-Identifier: Apache-2.0 */
/* The words that are read, the SQL that is written, and the names that are given on the way. */
#include "tools/door/pgcat/relations.h"
#include "tools/door/pgcat/translate_inner.h"

#include <string.h>

/* ---- words ---- */

const struct fh_pgcat_token *fh_pgcat_peek(const struct fh_pgcat_translator *t, size_t ahead)
{
    const struct fh_pgcat_token *token = &t->tokens[t->at];
    for (; ahead > 0 && token->kind != FH_PGCAT_END; ahead--) {
        token++;
    }
    return token;
}

static bool is(const struct fh_pgcat_token *token, const char *word_or_sign)
{
    return fh_pgcat_is_word(token, word_or_sign) || fh_pgcat_is_sign(token, word_or_sign);
}

bool fh_pgcat_next_is(const struct fh_pgcat_translator *t, const char *word_or_sign)
{
    return is(fh_pgcat_peek(t, 0), word_or_sign);
}

bool fh_pgcat_take(struct fh_pgcat_translator *t, const char *word_or_sign)
{
    bool found = fh_pgcat_next_is(t, word_or_sign);
    t->at += found ? 1 : 0;
    return found;
}

int fh_pgcat_expect(struct fh_pgcat_translator *t, const char *word_or_sign)
{
    return fh_pgcat_take(t, word_or_sign) ? FH_OK : fh_pgcat_syntax(t, word_or_sign);
}

bool fh_pgcat_is_name(const struct fh_pgcat_token *token)
{
    static const char *const reserved[] = {
        "all",    "and",     "any",       "array",   "as",       "asc",     "both",    "case",
        "cast",   "collate", "cross",     "desc",    "distinct", "else",    "end",     "except",
        "false",  "fetch",   "for",       "from",    "full",     "group",   "having",  "ilike",
        "in",     "inner",   "intersect", "is",      "isnull",   "join",    "lateral", "leading",
        "left",   "like",    "limit",     "natural", "not",      "notnull", "null",    "offset",
        "on",     "only",    "or",        "order",   "right",    "select",  "similar", "some",
        "table",  "then",    "trailing",  "true",    "union",    "using",   "when",    "where",
        "window", "with",
    };
    if (token->kind != FH_PGCAT_NAME || token->quoted) {
        return token->kind == FH_PGCAT_NAME;
    }
    for (size_t i = 0; i < FH_COUNT(reserved); i++) {
        if (strcmp(reserved[i], token->text) == 0) {
            return false;
        }
    }
    return true;
}

int fh_pgcat_expect_name(struct fh_pgcat_translator *t, const char **out)
{
    const struct fh_pgcat_token *token = fh_pgcat_peek(t, 0);
    if (!fh_pgcat_is_name(token)) {
        return fh_pgcat_syntax(t, "a name");
    }
    t->at++;
    *out = token->text;
    return FH_OK;
}

int fh_pgcat_syntax(struct fh_pgcat_translator *t, const char *wanted)
{
    const struct fh_pgcat_token *token = fh_pgcat_peek(t, 0);
    if (token->kind == FH_PGCAT_END) {
        return fh_err_rule(
            t->err, FH_ESQL, "pgcat.syntax", "syntax error at end of input: %s is missing", wanted);
    }
    return fh_err_rule(t->err,
                       FH_ESQL,
                       "pgcat.syntax",
                       "syntax error at byte %zu, at or near \"%.40s\": %s is missing",
                       token->at,
                       token->kind == FH_PGCAT_TEXT ? "'" : token->text,
                       wanted);
}

int fh_pgcat_unsupported(struct fh_pgcat_translator *t, const char *what)
{
    return fh_err_rule(t->err,
                       FH_ESQL,
                       "pgcat.unsupported",
                       "%s is not supported over system tables (byte %zu)",
                       what,
                       fh_pgcat_peek(t, 0)->at);
}

int fh_pgcat_deeper(struct fh_pgcat_translator *t)
{
    if (++t->depth > FH_PGCAT_DEPTH_MAX) {
        return fh_err_rule(t->err,
                           FH_ETOOBIG,
                           "pgcat.depth",
                           "the statement has more than %d brackets within brackets",
                           FH_PGCAT_DEPTH_MAX);
    }
    return FH_OK;
}

int fh_pgcat_no_memory(struct fh_pgcat_translator *t)
{
    return fh_err_set(t->err, FH_ENOMEM, "out of memory for a statement");
}

/* ---- what is written ---- */

void fh_pgcat_put(struct fh_pgcat_translator *t, const char *sql)
{
    fh_buf_add_cstr(&t->out, sql);
}

void fh_pgcat_put_name(struct fh_pgcat_translator *t, const char *name)
{
    fh_buf_add_quoted(&t->out, name, '"');
}

void fh_pgcat_put_text(struct fh_pgcat_translator *t, const char *text)
{
    fh_buf_add_quoted(&t->out, text, '\'');
}

void fh_pgcat_insert(struct fh_pgcat_translator *t, size_t at, const char *sql)
{
    size_t size = strlen(sql);
    size_t moved = t->out.size - at;
    if (size == 0 || fh_buf_reserve(&t->out, size) == NULL) {
        return;
    }
    memmove(t->out.data + at + size, t->out.data + at, moved);
    memcpy(t->out.data + at, sql, size);
}

void fh_pgcat_cut(struct fh_pgcat_translator *t, size_t size)
{
    if (size < t->out.size) {
        t->out.size = size;
    }
}

void fh_pgcat_wrap(struct fh_pgcat_translator *t, size_t begin)
{
    fh_pgcat_insert(t, begin, "(");
    fh_pgcat_put(t, ")");
}

/* ---- names ---- */

void fh_pgcat_note_name(struct fh_pgcat_translator *t, const char *name, uint32_t type)
{
    struct fh_pgcat_translation *result = t->result;
    if (type != 0 && result->name_count < FH_COUNT(result->names)) {
        result->names[result->name_count++] = (struct fh_pgcat_named){name, type};
    }
}

uint32_t fh_pgcat_translation_type(const struct fh_pgcat_translation *translation, const char *name)
{
    for (size_t i = translation->name_count; i > 0; i--) {
        if (strcmp(translation->names[i - 1].name, name) == 0) {
            return translation->names[i - 1].type;
        }
    }
    uint32_t type = 0;
    for (size_t i = 0; type == 0 && i < translation->table_count; i++) {
        type = fh_pgcat_relation_type(translation->tables[i], name);
    }
    return type != 0 ? type : fh_pgcat_relation_column_type(name);
}

uint32_t fh_pgcat_type_of_name(const struct fh_pgcat_translator *t, const char *name)
{
    return fh_pgcat_translation_type(t->result, name);
}

int fh_pgcat_add_item(struct fh_pgcat_translator *t,
                      struct fh_pgcat_items *items,
                      const char *name,
                      const struct fh_pgcat_expr *expr)
{
    if (items == NULL) {
        return FH_OK;
    }
    if (items->count == items->capacity) {
        size_t capacity = items->capacity == 0 ? 16 : items->capacity * 2;
        struct fh_pgcat_item *list = fh_arena_array(t->arena, capacity, sizeof *list);
        if (items->count >= FH_PGCAT_ITEMS_MAX) {
            return fh_err_rule(t->err,
                               FH_ETOOBIG,
                               "pgcat.statement",
                               "the statement asks for more than %d columns",
                               FH_PGCAT_ITEMS_MAX);
        }
        if (list == NULL) {
            return fh_pgcat_no_memory(t);
        }
        if (items->count > 0) {
            memcpy(list, items->list, items->count * sizeof *list);
        }
        items->list = list;
        items->capacity = capacity;
    }
    items->list[items->count++] = (struct fh_pgcat_item){
        name, expr == NULL ? 0 : expr->type, expr != NULL && expr->column, expr == NULL};
    return FH_OK;
}
