/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/translate_inner.h"
#include "tools/door/pgcat/types.h"

#include <stdio.h>
#include <string.h>

/* Words that follow a first one: "double precision", "timestamp (3) without time zone". */
static int read_words(struct fh_pgcat_translator *t, const char *first, const char **out)
{
    *out = first;
    if (strcmp(first, "double") == 0) {
        *out = "float8";
        return fh_pgcat_expect(t, "precision");
    }
    if ((strcmp(first, "character") == 0 || strcmp(first, "char") == 0) &&
        fh_pgcat_take(t, "varying")) {
        *out = "varchar";
    }
    if (strcmp(first, "bit") == 0 && fh_pgcat_take(t, "varying")) {
        *out = "varbit";
    }
    return FH_OK;
}

static int read_modifiers(struct fh_pgcat_translator *t)
{
    if (!fh_pgcat_take(t, "(")) {
        return FH_OK;
    }
    do {
        if (fh_pgcat_peek(t, 0)->kind != FH_PGCAT_NUMBER) {
            return fh_pgcat_syntax(t, "a number");
        }
        t->at++;
    } while (fh_pgcat_take(t, ","));
    return fh_pgcat_expect(t, ")");
}

static int read_zone(struct fh_pgcat_translator *t, const char **name)
{
    bool with = fh_pgcat_next_is(t, "with");
    if ((!with && !fh_pgcat_next_is(t, "without")) ||
        !fh_pgcat_is_word(fh_pgcat_peek(t, 1), "time")) {
        return FH_OK;
    }
    t->at += 2;
    if (with) {
        *name = strcmp(*name, "time") == 0 ? "timetz" : "timestamptz";
    }
    return fh_pgcat_expect(t, "zone");
}

int fh_pgcat_read_type(struct fh_pgcat_translator *t, uint32_t *out)
{
    const struct fh_pgcat_token *first = fh_pgcat_peek(t, 0);
    if (first->kind == FH_PGCAT_NAME && fh_pgcat_is_sign(fh_pgcat_peek(t, 1), ".")) {
        t->at += 2; /* pg_catalog.text */
        first = fh_pgcat_peek(t, 0);
    }
    if (first->kind != FH_PGCAT_NAME) {
        return fh_pgcat_syntax(t, "a type");
    }
    t->at++;
    const char *name = first->text;
    int code = FH_OK;
    if (!first->quoted) {
        /* Unquoted, char is character(1). */
        bool is_char = strcmp(name, "char") == 0;
        code = read_words(t, name, &name);
        name = is_char && strcmp(name, "char") == 0 ? "bpchar" : name;
    }
    code = code == FH_OK ? read_modifiers(t) : code;
    code = code == FH_OK ? read_zone(t, &name) : code;
    if (code != FH_OK) {
        return code;
    }
    uint32_t type = fh_pgcat_type_named(name);
    while (fh_pgcat_take(t, "[")) {
        if (fh_pgcat_peek(t, 0)->kind == FH_PGCAT_NUMBER) {
            t->at++;
        }
        code = fh_pgcat_expect(t, "]");
        if (code != FH_OK) {
            return code;
        }
        uint32_t array = fh_pgcat_type_array(type);
        type = array != 0 ? array : type;
    }
    if (type == 0) {
        return fh_err_rule(
            t->err, FH_ESQL, "pgcat.type", "type \"%.63s\" does not exist", first->text);
    }
    *out = type;
    return FH_OK;
}

static void
call_around(struct fh_pgcat_translator *t, size_t begin, const char *function, uint32_t type)
{
    char open[64];
    if (type != 0) {
        snprintf(open, sizeof open, "\"%s\"(%u, ", function, type);
    } else {
        snprintf(open, sizeof open, "\"%s\"(", function);
    }
    fh_pgcat_insert(t, begin, open);
    fh_pgcat_put(t, ")");
}

static void cast_as(struct fh_pgcat_translator *t, size_t begin, const char *affinity)
{
    fh_pgcat_insert(t, begin, "CAST(");
    fh_pgcat_put(t, " AS ");
    fh_pgcat_put(t, affinity);
    fh_pgcat_put(t, ")");
}

void fh_pgcat_cast(struct fh_pgcat_translator *t, struct fh_pgcat_expr *operand, uint32_t type)
{
    size_t begin = operand->begin;
    uint32_t from = operand->type;
    if (operand->param != 0) {
        uint32_t *declared = &t->result->param_types[operand->param - 1];
        *declared = *declared == 0 ? type : *declared;
    }
    if (fh_pgcat_type_is_text(type)) {
        if (fh_pgcat_type_is_reg(from)) {
            call_around(t, begin, "_reg_text", from);
        } else if (from == FH_OID_BOOL) {
            call_around(t, begin, "_bool_text", 0);
        } else if (operand->text == NULL) {
            cast_as(t, begin, "TEXT");
        }
    } else if (fh_pgcat_type_is_reg(type)) {
        call_around(t, begin, "_to_reg", type);
    } else if (type == FH_OID_BOOL && from != FH_OID_BOOL) {
        call_around(t, begin, "_to_bool", 0);
    } else if (fh_pgcat_type_is_whole(type) && !fh_pgcat_type_is_reg(from)) {
        call_around(t, begin, "_to_int", 0);
    } else if (type == FH_OID_FLOAT4 || type == FH_OID_FLOAT8) {
        cast_as(t, begin, "REAL");
    } else if (type == FH_OID_NUMERIC) {
        cast_as(t, begin, "NUMERIC");
    }
    *operand = (struct fh_pgcat_expr){
        .begin = begin, .type = type, .name = operand->name, .weak = operand->weak};
}

void fh_pgcat_name_by_type(struct fh_pgcat_expr *operand, uint32_t type)
{
    uint32_t element = fh_pgcat_type_find(type) == NULL ? fh_pgcat_type_element(type) : type;
    const struct fh_pgcat_type *named = fh_pgcat_type_find(element);
    if ((operand->name == NULL || operand->weak) && named != NULL) {
        operand->name = named->name;
        operand->weak = true;
    }
}

void fh_pgcat_coerce(struct fh_pgcat_translator *t, struct fh_pgcat_expr *operand, uint32_t type)
{
    if (type == 0) {
        return;
    }
    if (operand->param != 0) {
        uint32_t *declared = &t->result->param_types[operand->param - 1];
        *declared = *declared == 0 ? type : *declared;
        return;
    }
    if (operand->text != NULL && (type == FH_OID_BOOL || fh_pgcat_type_is_reg(type))) {
        fh_pgcat_cast(t, operand, type);
    }
}
