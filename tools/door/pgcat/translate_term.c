/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/functions.h"
#include "tools/door/pgcat/translate_inner.h"
#include "tools/door/pgcat/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- literals ---- */

static int text_literal(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    out->text = fh_pgcat_peek(t, 0)->text;
    out->type = FH_OID_TEXT;
    fh_pgcat_put_text(t, out->text);
    t->at++;
    return FH_OK;
}

static int number_literal(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    const char *text = fh_pgcat_peek(t, 0)->text;
    char *end = NULL;
    long long value = strtoll(text, &end, 10);
    bool whole = *end == '\0' && strlen(text) < 19;
    out->type = !whole                                    ? FH_OID_NUMERIC
                : value > INT32_MAX || value < -INT32_MAX ? FH_OID_INT8
                                                          : FH_OID_INT4;
    fh_pgcat_put(t, text);
    t->at++;
    return FH_OK;
}

static int parameter(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    const char *digits = fh_pgcat_peek(t, 0)->text;
    unsigned long number = strlen(digits) > 4 ? 0 : strtoul(digits, NULL, 10);
    if (number == 0 || number > FH_SQL_PARAMS_MAX) {
        return fh_err_rule(t->err,
                           FH_EINVAL,
                           "pgcat.params",
                           "parameter $%.10s is not one of $1 to $%d",
                           digits,
                           FH_SQL_PARAMS_MAX);
    }
    struct fh_pgcat_translation *result = t->result;
    result->param_count = result->param_count < number ? number : result->param_count;
    out->param = (unsigned)number;
    out->type = result->param_types[number - 1];
    fh_pgcat_put(t, "?");
    fh_pgcat_put(t, digits);
    t->at++;
    return FH_OK;
}

static const char *constant(const struct fh_pgcat_translator *t, uint32_t *out_type)
{
    static const char *const words[] = {"true", "false", "null"};
    static const char *const written[] = {"1", "0", "NULL"};
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (fh_pgcat_next_is(t, words[i])) {
            *out_type = i < 2 ? FH_OID_BOOL : 0;
            return written[i];
        }
    }
    return NULL;
}

/* ---- CASE, ARRAY, EXISTS, CAST ---- */

/* The type of a CASE is that of its first branch that has one of its own: a text alone has none. */
static void note_branch(struct fh_pgcat_expr *out, const struct fh_pgcat_expr *branch, bool *open)
{
    if (branch->type != 0 && (out->type == 0 || (*open && branch->text == NULL))) {
        out->type = branch->type;
        *open = branch->text != NULL;
    }
}

static int
case_branches(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out, uint32_t compared)
{
    bool open = true;
    int code = fh_pgcat_next_is(t, "when") ? FH_OK : fh_pgcat_syntax(t, "WHEN");
    while (code == FH_OK && fh_pgcat_take(t, "when")) {
        struct fh_pgcat_expr part;
        fh_pgcat_put(t, " WHEN ");
        code = fh_pgcat_expression(t, &part);
        if (code == FH_OK) {
            fh_pgcat_coerce(t, &part, compared);
            code = fh_pgcat_expect(t, "then");
        }
        fh_pgcat_put(t, " THEN ");
        code = code == FH_OK ? fh_pgcat_expression(t, &part) : code;
        if (code == FH_OK) {
            note_branch(out, &part, &open);
        }
    }
    if (code == FH_OK && fh_pgcat_take(t, "else")) {
        struct fh_pgcat_expr part;
        fh_pgcat_put(t, " ELSE ");
        code = fh_pgcat_expression(t, &part);
        if (code == FH_OK) {
            note_branch(out, &part, &open);
            out->name = part.weak ? NULL : part.name; /* so it is called, as in PostgreSQL */
        }
    }
    return code;
}

static int case_term(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    struct fh_pgcat_expr compared = {0};
    int code = fh_pgcat_deeper(t);
    fh_pgcat_put(t, "CASE");
    if (code == FH_OK && !fh_pgcat_next_is(t, "when")) {
        fh_pgcat_put(t, " ");
        code = fh_pgcat_expression(t, &compared);
    }
    code = code == FH_OK ? case_branches(t, out, compared.type) : code;
    fh_pgcat_put(t, " END");
    t->depth--;
    out->weak = out->name == NULL;
    out->name = out->weak ? "case" : out->name;
    return code == FH_OK ? fh_pgcat_expect(t, "end") : code;
}

static int array_term(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    int code = fh_pgcat_deeper(t);
    out->name = "array";
    uint32_t element = 0;
    if (code == FH_OK && fh_pgcat_take(t, "[")) {
        bool more = false;
        fh_pgcat_put(t, "\"_array_of\"(");
        while (code == FH_OK && !fh_pgcat_next_is(t, "]")) {
            struct fh_pgcat_expr item;
            fh_pgcat_put(t, more ? ", " : "");
            code = fh_pgcat_expression(t, &item);
            element = code == FH_OK && element == 0 ? item.type : element;
            more = true;
            if (code == FH_OK && !fh_pgcat_take(t, ",")) {
                break;
            }
        }
        fh_pgcat_put(t, ")");
        code = code == FH_OK ? fh_pgcat_expect(t, "]") : code;
    } else if (code == FH_OK) {
        struct fh_pgcat_items items = {0};
        code = fh_pgcat_expect(t, "(");
        fh_pgcat_put(t, "(WITH \"_r\"(\"v\") AS (");
        code = code == FH_OK ? fh_pgcat_query(t, &items) : code;
        fh_pgcat_put(t, ") SELECT \"_array\"(\"v\") FROM \"_r\")");
        code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
        element = code == FH_OK && items.count > 0 ? items.list[0].type : 0;
    }
    t->depth--;
    out->type = fh_pgcat_type_array(element);
    out->type = out->type == 0 ? fh_pgcat_type_array(FH_OID_TEXT) : out->type;
    return code;
}

static int exists_term(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    out->type = FH_OID_BOOL;
    out->name = "exists";
    fh_pgcat_put(t, "EXISTS (");
    int code = fh_pgcat_expect(t, "(");
    code = code == FH_OK ? fh_pgcat_query(t, NULL) : code;
    fh_pgcat_put(t, ")");
    return code == FH_OK ? fh_pgcat_expect(t, ")") : code;
}

static int cast_term(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    uint32_t type = 0;
    int code = fh_pgcat_deeper(t);
    code = code == FH_OK ? fh_pgcat_expect(t, "(") : code;
    code = code == FH_OK ? fh_pgcat_expression(t, out) : code;
    code = code == FH_OK ? fh_pgcat_expect(t, "as") : code;
    code = code == FH_OK ? fh_pgcat_read_type(t, &type) : code;
    code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
    t->depth--;
    if (code == FH_OK) {
        fh_pgcat_cast(t, out, type);
        fh_pgcat_name_by_type(out, type);
    }
    return code;
}

/* ---- brackets ---- */

static int brackets(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    int code = fh_pgcat_deeper(t);
    size_t begin = t->out.size;
    if (code == FH_OK && fh_pgcat_query_follows(t)) {
        struct fh_pgcat_items items = {0};
        fh_pgcat_put(t, "(");
        code = fh_pgcat_query(t, &items);
        fh_pgcat_put(t, ")");
        if (items.count > 0 && !items.list[0].star) {
            out->type = items.list[0].type;
            out->name = items.list[0].name;
            out->column = items.list[0].column;
        }
    } else if (code == FH_OK) {
        code = fh_pgcat_expression(t, out);
        if (code == FH_OK && fh_pgcat_next_is(t, ",")) {
            fh_pgcat_put(t, ", ");
            (void)fh_pgcat_take(t, ",");
            code = fh_pgcat_expressions(t, NULL);
            *out = (struct fh_pgcat_expr){.begin = begin, .type = FH_OID_RECORD, .name = "row"};
            fh_pgcat_wrap(t, begin);
        } else if (out->set == 0) {
            fh_pgcat_wrap(t, begin);
        }
    }
    t->depth--;
    out->begin = begin;
    return code == FH_OK ? fh_pgcat_expect(t, ")") : code;
}

/* ---- names: columns, calls, typed literals ---- */

static int column(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    const char *parts[4];
    size_t count = 0;
    do {
        if (count == FH_COUNT(parts)) {
            return fh_pgcat_syntax(t, "a column's name of at most four parts");
        }
        const struct fh_pgcat_token *token = fh_pgcat_peek(t, 0);
        if (token->kind != FH_PGCAT_NAME || (count == 0 && !fh_pgcat_is_name(token))) {
            return fh_pgcat_syntax(t, "an expression");
        }
        parts[count++] = token->text;
        t->at++;
    } while (fh_pgcat_take(t, "."));
    /* The table alone: each has an alias, which is its name when there is no other. */
    if (count > 1) {
        fh_pgcat_put_name(t, parts[count - 2]);
        fh_pgcat_put(t, ".");
    }
    out->name = parts[count - 1];
    out->column = true;
    out->type = fh_pgcat_type_of_name(t, out->name);
    fh_pgcat_put_name(t, out->name);
    return FH_OK;
}

/* regclass 'pg_class'; double precision '1' and its like are written with CAST. */
static bool typed_literal(const struct fh_pgcat_translator *t)
{
    return fh_pgcat_peek(t, 0)->kind == FH_PGCAT_NAME && fh_pgcat_peek(t, 1)->kind == FH_PGCAT_TEXT;
}

static int named(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    uint32_t type = 0;
    const char *constant_sql = constant(t, &type);
    if (constant_sql != NULL) {
        out->type = type;
        fh_pgcat_put(t, constant_sql);
        t->at++;
        return FH_OK;
    }
    if (typed_literal(t)) {
        int code = fh_pgcat_read_type(t, &type);
        code = code == FH_OK ? text_literal(t, out) : code;
        if (code == FH_OK) {
            fh_pgcat_cast(t, out, type);
            fh_pgcat_name_by_type(out, type);
        }
        return code;
    }
    const struct fh_pgcat_function *function = fh_pgcat_function_find(fh_pgcat_peek(t, 0)->text);
    bool alone = function != NULL && (function->flags & FH_PGCAT_NO_PARENS) != 0 &&
                 !fh_pgcat_peek(t, 0)->quoted && !fh_pgcat_is_sign(fh_pgcat_peek(t, 1), ".");
    if (alone || fh_pgcat_is_sign(fh_pgcat_peek(t, 1), "(")) {
        return fh_pgcat_call(t, out);
    }
    bool qualified =
        fh_pgcat_is_sign(fh_pgcat_peek(t, 1), ".") && fh_pgcat_is_sign(fh_pgcat_peek(t, 3), "(");
    if (qualified) {
        t->at += 2;
        return fh_pgcat_call(t, out);
    }
    return column(t, out);
}

static int primary(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    *out = (struct fh_pgcat_expr){.begin = t->out.size};
    const struct fh_pgcat_token *token = fh_pgcat_peek(t, 0);
    switch (token->kind) {
    case FH_PGCAT_TEXT:
        return text_literal(t, out);
    case FH_PGCAT_NUMBER:
        return number_literal(t, out);
    case FH_PGCAT_PARAM:
        return parameter(t, out);
    case FH_PGCAT_SIGN:
        return fh_pgcat_take(t, "(") ? brackets(t, out) : fh_pgcat_syntax(t, "an expression");
    case FH_PGCAT_NAME:
        break;
    case FH_PGCAT_END:
    default:
        return fh_pgcat_syntax(t, "an expression");
    }
    if (fh_pgcat_take(t, "case")) {
        return case_term(t, out);
    }
    if (fh_pgcat_take(t, "array")) {
        return array_term(t, out);
    }
    if (fh_pgcat_is_word(token, "exists") && fh_pgcat_is_sign(fh_pgcat_peek(t, 1), "(")) {
        t->at++;
        return exists_term(t, out);
    }
    if (fh_pgcat_take(t, "cast")) {
        return cast_term(t, out);
    }
    if (fh_pgcat_is_word(token, "row") && fh_pgcat_is_sign(fh_pgcat_peek(t, 1), "(")) {
        t->at += 2;
        return brackets(t, out);
    }
    return named(t, out);
}

/* ---- what follows an operand ---- */

static int subscript(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    struct fh_pgcat_expr index;
    uint32_t element = fh_pgcat_type_element(out->type);
    fh_pgcat_insert(t, out->begin, "\"_element\"(");
    fh_pgcat_put(t, ", ");
    int code = fh_pgcat_expression(t, &index);
    if (code == FH_OK && fh_pgcat_next_is(t, ":")) {
        return fh_pgcat_unsupported(t, "a slice of an array");
    }
    fh_pgcat_put(t, ")");
    *out = (struct fh_pgcat_expr){.begin = out->begin, .type = element, .name = out->name};
    return code == FH_OK ? fh_pgcat_expect(t, "]") : code;
}

/* (a).n: of a set it is its column of that name; of a column that came from one, itself. */
static int field(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    const char *name = fh_pgcat_peek(t, 0)->text;
    t->at++;
    if (out->set == 0) {
        out->name = name;
        return FH_OK;
    }
    const struct fh_pgcat_set *set = &t->result->sets[out->set - 1];
    for (size_t i = 0; i < set->column_count; i++) {
        if (strcmp(set->columns[i], name) == 0) {
            char alias[32];
            snprintf(alias, sizeof alias, "\"_s%zu\".", out->set - 1);
            fh_pgcat_cut(t, out->begin);
            fh_pgcat_put(t, alias);
            fh_pgcat_put_name(t, name);
            *out = (struct fh_pgcat_expr){
                .begin = out->begin, .type = set->types[i], .name = name, .column = true};
            return FH_OK;
        }
    }
    return fh_err_rule(t->err, FH_ESQL, "pgcat.column", "column \"%.63s\" does not exist", name);
}

/* Texts compare by their bytes here, whatever the collation. */
static int skip_collation(struct fh_pgcat_translator *t)
{
    do {
        if (fh_pgcat_peek(t, 0)->kind != FH_PGCAT_NAME) {
            return fh_pgcat_syntax(t, "a collation");
        }
        t->at++;
    } while (fh_pgcat_take(t, "."));
    return FH_OK;
}

int fh_pgcat_term(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    bool in_brackets = fh_pgcat_next_is(t, "(");
    int code = primary(t, out);
    unsigned count = 0;
    while (code == FH_OK && ++count <= FH_PGCAT_DEPTH_MAX) {
        if (fh_pgcat_take(t, "::")) {
            uint32_t type = 0;
            code = fh_pgcat_read_type(t, &type);
            if (code == FH_OK) {
                fh_pgcat_cast(t, out, type);
                fh_pgcat_name_by_type(out, type);
            }
        } else if (fh_pgcat_take(t, "[")) {
            code = subscript(t, out);
        } else if (in_brackets && fh_pgcat_is_sign(fh_pgcat_peek(t, 0), ".") &&
                   fh_pgcat_peek(t, 1)->kind == FH_PGCAT_NAME) {
            t->at++;
            code = field(t, out);
        } else if (fh_pgcat_take(t, "collate")) {
            code = skip_collation(t);
        } else {
            return FH_OK;
        }
    }
    return code == FH_OK ? fh_pgcat_unsupported(t, "so long a chain of casts") : code;
}
