/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/sql_parse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- tokens ---- */

const struct fh_sql_token *fh_sql_peek(struct fh_sql_parser *p, unsigned n)
{
    static const struct fh_sql_token end = {.kind = FH_SQL_END, .text = ""};
    while (p->code == FH_OK && p->ahead_count <= n) {
        p->code = fh_sql_lex(&p->lexer, &p->ahead[p->ahead_count], p->err);
        p->ahead[p->ahead_count].end = p->lexer.at;
        p->ahead_count++;
    }
    return p->code == FH_OK ? &p->ahead[n] : &end;
}

void fh_sql_take(struct fh_sql_parser *p)
{
    (void)fh_sql_peek(p, 0);
    if (p->ahead_count > 0) {
        p->last_end = p->ahead[0].end;
        p->ahead_count--;
        memmove(p->ahead, p->ahead + 1, p->ahead_count * sizeof *p->ahead);
    }
}

bool fh_sql_is(struct fh_sql_parser *p, unsigned n, const char *word)
{
    const struct fh_sql_token *token = fh_sql_peek(p, n);
    return token->kind == FH_SQL_WORD && strcasecmp(token->text, word) == 0;
}

bool fh_sql_is_sign(struct fh_sql_parser *p, unsigned n, char sign)
{
    const struct fh_sql_token *token = fh_sql_peek(p, n);
    return token->kind == FH_SQL_SIGN && token->text[0] == sign;
}

bool fh_sql_is_name(struct fh_sql_parser *p, unsigned n)
{
    const struct fh_sql_token *token = fh_sql_peek(p, n);
    return token->kind == FH_SQL_WORD || (token->kind == FH_SQL_NAME && token->text[0] != 0);
}

bool fh_sql_accept(struct fh_sql_parser *p, const char *word)
{
    bool found = fh_sql_is(p, 0, word);
    if (found) {
        fh_sql_take(p);
    }
    return found;
}

bool fh_sql_accept_sign(struct fh_sql_parser *p, char sign)
{
    bool found = fh_sql_is_sign(p, 0, sign);
    if (found) {
        fh_sql_take(p);
    }
    return found;
}

void fh_sql_expected(struct fh_sql_parser *p, const char *what)
{
    char why[160];
    const struct fh_sql_token *token = fh_sql_peek(p, 0);
    if (token->kind == FH_SQL_END) {
        snprintf(why, sizeof why, "expected %s, but the text ends", what);
    } else if (token->kind == FH_SQL_STRING) { /* may be a value */
        snprintf(why, sizeof why, "expected %s, not a string", what);
    } else {
        snprintf(why, sizeof why, "expected %s, not \"%.40s\"", what, token->text);
    }
    fh_sql_fail(p, "sql.syntax", why);
}

void fh_sql_fail(struct fh_sql_parser *p, const char *rule, const char *why)
{
    struct fh_sql_token token = *fh_sql_peek(p, 0);
    if (p->code == FH_OK) {
        p->code = fh_err_rule(
            p->err, FH_EINVAL, rule, "line %u, column %u: %s", token.line, token.column, why);
    }
}

void fh_sql_out_of_memory(struct fh_sql_parser *p)
{
    if (p->code == FH_OK) {
        p->code = fh_err_rule(p->err,
                              FH_ETOOBIG,
                              "sql.size",
                              "more than %d tables or %d columns of one table, or no memory",
                              FH_CONTRACT_TABLES_MAX,
                              FH_CONTRACT_COLUMNS_MAX);
    }
}

/* ---- names ---- */

struct fh_sql_name fh_sql_name_of(struct fh_sql_parser *p, const char *what)
{
    struct fh_sql_name name = {.schema = "", .name = ""};
    do {
        if (!fh_sql_is_name(p, 0)) {
            fh_sql_expected(p, what);
            return name;
        }
        name.schema = name.name;
        name.name = fh_sql_peek(p, 0)->text;
        fh_sql_take(p);
    } while (fh_sql_accept_sign(p, '.'));
    return name;
}

struct fh_draft_table *fh_sql_table(struct fh_sql_parser *p, const struct fh_sql_name *name)
{
    char full[2 * FH_COLUMN_NAME_BYTES_MAX + 2];
    struct fh_draft_table *found = NULL;
    if (name->schema[0] != 0) {
        snprintf(full, sizeof full, "%s.%s", name->schema, name->name);
        found = fh_draft_table(p->draft, full);
    }
    return found == NULL ? fh_draft_table(p->draft, name->name) : found;
}

void fh_sql_skip_brackets(struct fh_sql_parser *p)
{
    unsigned depth = 0;
    do {
        depth += fh_sql_is_sign(p, 0, '(') ? 1 : 0;
        depth -= fh_sql_is_sign(p, 0, ')') ? 1 : 0;
        if (fh_sql_peek(p, 0)->kind == FH_SQL_END) {
            fh_sql_expected(p, ")");
            return;
        }
        fh_sql_take(p);
    } while (depth > 0);
}

bool fh_sql_columns(struct fh_sql_parser *p, struct fh_draft_texts *out)
{
    bool plain = true;
    if (!fh_sql_accept_sign(p, '(')) {
        fh_sql_expected(p, "( and columns");
        return false;
    }
    while (p->code == FH_OK && !fh_sql_accept_sign(p, ')')) {
        if (fh_sql_is_name(p, 0) && !fh_sql_is_sign(p, 1, '.') &&
            !(fh_sql_is_sign(p, 1, '(') && fh_sql_peek(p, 2)->kind != FH_SQL_NUMBER)) {
            if (!fh_draft_add_text(p->draft, out, fh_sql_peek(p, 0)->text)) {
                fh_sql_out_of_memory(p);
            }
            fh_sql_take(p);
            if (fh_sql_is_sign(p, 0, '(')) {
                fh_sql_skip_brackets(p); /* of an index: the first characters */
            }
        } else {
            plain = false;
        }
        while (p->code == FH_OK && !fh_sql_is_sign(p, 0, ',') && !fh_sql_is_sign(p, 0, ')')) {
            if (fh_sql_peek(p, 0)->kind == FH_SQL_END) {
                fh_sql_expected(p, ")");
            } else if (fh_sql_is_sign(p, 0, '(')) {
                fh_sql_skip_brackets(p);
            } else {
                fh_sql_take(p); /* ASC, DESC, NULLS LAST, COLLATE x */
            }
        }
        fh_sql_accept_sign(p, ',');
    }
    return plain && p->code == FH_OK;
}

void fh_sql_strings(struct fh_sql_parser *p, struct fh_draft_texts *out)
{
    while (p->code == FH_OK && !fh_sql_accept_sign(p, ')')) {
        const struct fh_sql_token *token = fh_sql_peek(p, 0);
        if (token->kind != FH_SQL_STRING) {
            fh_sql_expected(p, "a string");
        } else if (!fh_draft_add_text(p->draft, out, token->text)) {
            fh_sql_out_of_memory(p);
        }
        fh_sql_take(p);
        fh_sql_accept_sign(p, ',');
    }
}
