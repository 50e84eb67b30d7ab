/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/functions.h"
#include "tools/door/pgcat/translate_inner.h"
#include "tools/door/pgcat/types.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>

/* What is known of a call's arguments. */
struct arguments {
    size_t count;
    uint32_t first; /* type of the first one */
    bool star;      /* count(*) */
};

static int no_function(struct fh_pgcat_translator *t, const char *name)
{
    return fh_err_rule(
        t->err, FH_ESQL, "pgcat.function", "function %.63s does not exist here", name);
}

/* ---- functions with words between their arguments ---- */

/* Reads a term and writes what stands before it. */
static int part(struct fh_pgcat_translator *t, const char *before)
{
    struct fh_pgcat_expr value;
    fh_pgcat_put(t, before);
    return fh_pgcat_operand(t, &value);
}

/* substring(x FROM 1 FOR 2), substring(x, 1, 2) */
static int substring(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    out->type = FH_OID_TEXT;
    int code = part(t, "substr(");
    if (code == FH_OK && (fh_pgcat_take(t, "from") || fh_pgcat_take(t, ","))) {
        code = part(t, ", ");
    } else if (code == FH_OK && fh_pgcat_next_is(t, "for")) {
        fh_pgcat_put(t, ", 1");
    }
    if (code == FH_OK && (fh_pgcat_take(t, "for") || fh_pgcat_take(t, ","))) {
        code = part(t, ", ");
    }
    return code;
}

/* position(a IN b) */
static int position(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    size_t begin = t->out.size;
    out->type = FH_OID_INT4;
    int code = part(t, "");
    code = code == FH_OK ? fh_pgcat_expect(t, "in") : code;
    if (code != FH_OK) {
        return code;
    }
    char *wanted = fh_arena_string(t->arena, fh_bytes(t->out.data + begin, t->out.size - begin));
    if (wanted == NULL) {
        return fh_pgcat_no_memory(t);
    }
    fh_pgcat_cut(t, begin);
    code = part(t, "instr(");
    fh_pgcat_put(t, ", ");
    fh_pgcat_put(t, wanted);
    return code;
}

/* trim([BOTH | LEADING | TRAILING] [x] FROM y), trim(y [, x]) */
static int trim(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    static const char *const sides[] = {"both", "leading", "trailing"};
    static const char *const written[] = {"trim(", "ltrim(", "rtrim("};
    static const char *const names[] = {"btrim", "ltrim", "rtrim"};
    size_t side = 0;
    for (size_t i = 0; i < FH_COUNT(sides); i++) {
        side = fh_pgcat_take(t, sides[i]) ? i : side;
    }
    const char *open = written[side];
    out->type = FH_OID_TEXT;
    out->name = names[side];
    size_t begin = t->out.size;
    if (fh_pgcat_take(t, "from")) {
        return part(t, open);
    }
    int code = part(t, "");
    if (code != FH_OK) {
        return code;
    }
    if (fh_pgcat_take(t, "from")) {
        char *what = fh_arena_string(t->arena, fh_bytes(t->out.data + begin, t->out.size - begin));
        if (what == NULL) {
            return fh_pgcat_no_memory(t);
        }
        fh_pgcat_cut(t, begin);
        code = part(t, open);
        fh_pgcat_put(t, ", ");
        fh_pgcat_put(t, what);
        return code;
    }
    fh_pgcat_insert(t, begin, open);
    return fh_pgcat_take(t, ",") ? part(t, ", ") : FH_OK;
}

/* True when the call was one of these; the cursor behind its opening bracket then. */
static bool
worded(struct fh_pgcat_translator *t, const char *name, struct fh_pgcat_expr *out, int *code)
{
    static const struct {
        const char *name;
        int (*read)(struct fh_pgcat_translator *, struct fh_pgcat_expr *);
    } list[] = {
        {"substring", substring},
        {"substr", substring},
        {"position", position},
        {"trim", trim},
    };
    for (size_t i = 0; i < FH_COUNT(list); i++) {
        if (strcmp(list[i].name, name) == 0) {
            *code = list[i].read(t, out);
            fh_pgcat_put(t, ")");
            *code = *code == FH_OK ? fh_pgcat_expect(t, ")") : *code;
            return true;
        }
    }
    return false;
}

/* ---- ordinary calls ---- */

static int read_arguments(struct fh_pgcat_translator *t,
                          const struct fh_pgcat_function *function,
                          struct arguments *out)
{
    bool aggregate = (function->flags & FH_PGCAT_AGGREGATE) != 0;
    int code = FH_OK;
    *out = (struct arguments){0};
    if (fh_pgcat_take(t, "*")) {
        fh_pgcat_put(t, "*");
        out->star = true;
        return fh_pgcat_expect(t, ")");
    }
    if (fh_pgcat_take(t, "distinct")) {
        fh_pgcat_put(t, "DISTINCT ");
    }
    while (!fh_pgcat_next_is(t, ")")) {
        struct fh_pgcat_expr argument;
        (void)fh_pgcat_take(t, "variadic");
        fh_pgcat_put(t, out->count > 0 ? ", " : "");
        code = fh_pgcat_expression(t, &argument);
        if (code != FH_OK) {
            return code;
        }
        if (argument.param != 0) {
            fh_pgcat_coerce(t, &argument, FH_OID_TEXT);
        }
        out->first = out->count == 0 ? argument.type : out->first;
        out->first = out->first == 0 && !aggregate ? argument.type : out->first;
        out->count++;
        if (!fh_pgcat_take(t, ",")) {
            break;
        }
    }
    if (aggregate && fh_pgcat_take(t, "order")) {
        /* The order within an aggregate: SQLite's has none, but rows come as they are read. */
        size_t written = t->out.size;
        code = fh_pgcat_expect(t, "by");
        code = code == FH_OK ? fh_pgcat_order_by(t) : code;
        fh_pgcat_cut(t, written);
    }
    return code == FH_OK ? fh_pgcat_expect(t, ")") : code;
}

static int check_count(struct fh_pgcat_translator *t,
                       const struct fh_pgcat_function *function,
                       const struct arguments *arguments)
{
    bool too_few = arguments->count < (size_t)function->args_min && !arguments->star;
    bool too_many = function->args_max >= 0 && arguments->count > (size_t)function->args_max;
    if (too_few || too_many || (arguments->star && strcmp(function->name, "count") != 0)) {
        return fh_err_rule(t->err,
                           FH_ESQL,
                           "pgcat.function",
                           "function %s does not exist with %zu arguments",
                           function->name,
                           arguments->count);
    }
    return FH_OK;
}

static uint32_t type_of_call(const struct fh_pgcat_function *function, uint32_t first)
{
    switch (function->type) {
    case FH_PGCAT_TYPE_OF_FIRST:
        /* max(name) is max(text) */
        return first == FH_OID_NAME && (function->flags & FH_PGCAT_AGGREGATE) != 0
                   ? (uint32_t)FH_OID_TEXT
                   : first;
    case FH_PGCAT_TYPE_ELEMENT:
        return fh_pgcat_type_element(first);
    case FH_PGCAT_TYPE_ARRAY: {
        uint32_t array = fh_pgcat_type_array(first);
        return array != 0 ? array : fh_pgcat_type_array(FH_OID_TEXT);
    }
    default:
        return function->type;
    }
}

static int over(struct fh_pgcat_translator *t)
{
    fh_pgcat_put(t, " OVER (");
    int code = fh_pgcat_expect(t, "(");
    if (code == FH_OK && fh_pgcat_take(t, "partition")) {
        fh_pgcat_put(t, "PARTITION BY ");
        code = fh_pgcat_expect(t, "by");
        code = code == FH_OK ? fh_pgcat_expressions(t, NULL) : code;
    }
    if (code == FH_OK && fh_pgcat_take(t, "order")) {
        code = fh_pgcat_expect(t, "by");
        code = code == FH_OK ? fh_pgcat_order_by(t) : code;
    }
    fh_pgcat_put(t, ")");
    return code == FH_OK ? fh_pgcat_expect(t, ")") : code;
}

static int after_call(struct fh_pgcat_translator *t, const struct fh_pgcat_function *function)
{
    int code = FH_OK;
    if (fh_pgcat_next_is(t, "filter") && fh_pgcat_is_sign(fh_pgcat_peek(t, 1), "(")) {
        struct fh_pgcat_expr condition;
        t->at += 2;
        fh_pgcat_put(t, " FILTER (WHERE ");
        code = fh_pgcat_expect(t, "where");
        code = code == FH_OK ? fh_pgcat_expression(t, &condition) : code;
        fh_pgcat_put(t, ")");
        code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
    }
    if (code == FH_OK && fh_pgcat_take(t, "over")) {
        return over(t);
    }
    if (code == FH_OK && (function->flags & FH_PGCAT_WINDOW) != 0) {
        return fh_pgcat_syntax(t, "OVER");
    }
    return code;
}

static void put_function(struct fh_pgcat_translator *t, const struct fh_pgcat_function *function)
{
    fh_pgcat_put_name(t, function->sqlite == NULL ? function->name : function->sqlite);
}

/* A set in an expression becomes a column of a table beside those of FROM. */
static int set_term(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    size_t number = 0;
    uint32_t element = 0;
    char alias[32];
    if (t->frame == NULL) {
        return fh_pgcat_unsupported(t, "a function that returns rows here");
    }
    int code = fh_pgcat_set_call(t, &number, &element);
    if (code != FH_OK) {
        return code;
    }
    struct fh_pgcat_set *set = &t->result->sets[number];
    char *call =
        fh_arena_string(t->arena, fh_bytes(t->out.data + out->begin, t->out.size - out->begin));
    if (call == NULL) {
        return fh_pgcat_no_memory(t);
    }
    struct fh_pgcat_frame *frame = t->frame;
    size_t found = number;
    const char *arguments = strchr(call, '(');
    for (size_t i = 0; i < frame->pending_count; i++) {
        /* The same call twice walks in step. */
        size_t other = frame->pending[i].set;
        if (t->result->sets[other].function == set->function &&
            strcmp(strchr(frame->pending[i].call, '('), arguments) == 0) {
            found = other;
        }
    }
    if (found == number) {
        frame->pending[frame->pending_count].set = number;
        frame->pending[frame->pending_count++].call = call;
    } else {
        t->result->set_count -= number + 1 == t->result->set_count ? 1 : 0; /* the one just made */
    }
    snprintf(alias, sizeof alias, "\"_s%zu\".", found);
    fh_pgcat_cut(t, out->begin);
    fh_pgcat_put(t, alias);
    fh_pgcat_put_name(t, set->columns[0]);
    *out = (struct fh_pgcat_expr){
        .begin = out->begin, .type = set->types[0], .name = set->function->name, .set = found + 1};
    return FH_OK;
}

int fh_pgcat_set_call(struct fh_pgcat_translator *t, size_t *out_number, uint32_t *out_element)
{
    const struct fh_pgcat_set_function *function = fh_pgcat_set_find(fh_pgcat_peek(t, 0)->text);
    size_t number = t->result->set_count;
    size_t count = 0;
    char open[32];
    FH_ASSERT(function != NULL);
    if (number == FH_PGCAT_SETS_MAX) {
        return fh_pgcat_unsupported(t, "so many functions that return rows");
    }
    t->at++;
    int code = fh_pgcat_expect(t, "(");
    t->result->set_count++;
    snprintf(open, sizeof open, "\"_set%zu\"(", number);
    fh_pgcat_put(t, open);
    while (code == FH_OK && !fh_pgcat_next_is(t, ")")) {
        struct fh_pgcat_expr argument;
        fh_pgcat_put(t, count > 0 ? ", " : "");
        code = fh_pgcat_expression(t, &argument);
        if (code == FH_OK && count == 0) {
            *out_element = fh_pgcat_type_element(argument.type);
        }
        count++;
        if (code != FH_OK || !fh_pgcat_take(t, ",")) {
            break;
        }
    }
    fh_pgcat_put(t, ")");
    code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
    if (code != FH_OK) {
        return code;
    }
    if (count < function->args_min || count > function->args_max) {
        return no_function(t, function->name);
    }
    struct fh_pgcat_set *set = &t->result->sets[number];
    *set = (struct fh_pgcat_set){
        .function = function, .args = (unsigned)count, .column_count = function->column_count};
    for (unsigned i = 0; i < function->column_count; i++) {
        set->columns[i] = function->columns[i] == NULL ? function->name : function->columns[i];
        set->types[i] = function->types[i] == 0 ? *out_element : function->types[i];
    }
    *out_number = number;
    return FH_OK;
}

int fh_pgcat_call(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    const char *name = fh_pgcat_peek(t, 0)->text;
    const struct fh_pgcat_function *function = fh_pgcat_function_find(name);
    struct arguments arguments = {0};
    int code = fh_pgcat_deeper(t);
    if (code != FH_OK) {
        return code;
    }
    if (fh_pgcat_set_find(name) != NULL) {
        code = set_term(t, out);
        t->depth--;
        return code;
    }
    t->at++;
    out->name = name;
    if (!fh_pgcat_take(t, "(")) { /* current_user */
        FH_ASSERT(function != NULL);
        put_function(t, function);
        fh_pgcat_put(t, "()");
        out->type = function->type;
        t->depth--;
        return FH_OK;
    }
    if (worded(t, name, out, &code)) {
        t->depth--;
        return code;
    }
    if (function == NULL || (function->flags & FH_PGCAT_INTERNAL) != 0) {
        return no_function(t, name);
    }
    put_function(t, function);
    fh_pgcat_put(t, "(");
    code = read_arguments(t, function, &arguments);
    fh_pgcat_put(t, ")");
    code = code == FH_OK ? check_count(t, function, &arguments) : code;
    code = code == FH_OK ? after_call(t, function) : code;
    out->type = type_of_call(function, arguments.first);
    t->depth--;
    return code;
}
