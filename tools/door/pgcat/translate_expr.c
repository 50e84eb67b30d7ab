/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators, from those that bind least to those that bind most (manual, section 4.1.6):
 * OR, AND, NOT, IS, comparisons, BETWEEN IN LIKE, all others, + -, * / %, ^, signs.
 *
 * A chain of operators of one kind gets one pair of brackets: SQLite's order is another one, and
 * its parser does not go as deep as a pair for each would.
 */
#include "tools/door/pgcat/translate_inner.h"
#include "tools/door/pgcat/types.h"

#include <stdio.h>
#include <string.h>

/* Each level takes some 2 KiB of the stack. */
enum { NESTED_MAX = 4 * FH_PGCAT_DEPTH_MAX };

typedef int level_fn(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out);

static void became(struct fh_pgcat_expr *out, uint32_t type)
{
    *out = (struct fh_pgcat_expr){.begin = out->begin, .type = type};
}

/* ---- signs and arithmetic ---- */

static int signs(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    size_t begin = t->out.size;
    unsigned count = 0;
    for (;;) {
        if (fh_pgcat_take(t, "-")) {
            fh_pgcat_put(t, "- ");
        } else if (!fh_pgcat_take(t, "+")) {
            break;
        }
        if (++count > FH_PGCAT_DEPTH_MAX) {
            return fh_pgcat_unsupported(t, "so many signs");
        }
    }
    int code = fh_pgcat_term(t, out);
    if (code == FH_OK && count > 0) {
        out->begin = begin;
        fh_pgcat_wrap(t, begin);
        became(out, out->type);
    }
    return code;
}

static uint32_t arithmetic_type(uint32_t left, uint32_t right)
{
    static const uint32_t order[] = {FH_OID_FLOAT8,
                                     FH_OID_FLOAT4,
                                     FH_OID_NUMERIC,
                                     FH_OID_INT8,
                                     FH_OID_OID,
                                     FH_OID_INT4,
                                     FH_OID_INT2};
    for (size_t i = 0; i < FH_COUNT(order); i++) {
        if (left == order[i] || right == order[i]) {
            return order[i];
        }
    }
    return left != 0 ? left : right;
}

/* A chain a op b op c of the operators listed, each written as it is read. */
static int chain(struct fh_pgcat_translator *t,
                 struct fh_pgcat_expr *out,
                 const char *const *signs_of_level,
                 size_t sign_count,
                 level_fn *below)
{
    int code = below(t, out);
    bool any = false;
    while (code == FH_OK) {
        size_t found = sign_count;
        for (size_t i = 0; i < sign_count && found == sign_count; i++) {
            found = fh_pgcat_take(t, signs_of_level[i]) ? i : found;
        }
        if (found == sign_count) {
            break;
        }
        struct fh_pgcat_expr right;
        fh_pgcat_put(t, " ");
        fh_pgcat_put(t, signs_of_level[found]);
        fh_pgcat_put(t, " ");
        code = below(t, &right);
        if (code == FH_OK) {
            became(out, arithmetic_type(out->type, right.type));
        }
        any = true;
    }
    if (any && code == FH_OK) {
        fh_pgcat_wrap(t, out->begin);
    }
    return code;
}

static int products(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    static const char *const list[] = {"*", "/", "%"};
    return chain(t, out, list, FH_COUNT(list), signs);
}

static int sums(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    static const char *const list[] = {"+", "-"};
    return chain(t, out, list, FH_COUNT(list), products);
}

/* ---- all other operators: || ~ !~ & | @> ... ---- */

struct operator
{
    const char *sign;
    const char *sqlite; /* between the operands, or the name of a function of both */
    bool function;
    bool whole; /* gives a truth value */
};

static const struct operator* find_operator(const char *sign)
{
    static const struct operator operators[] = {
        {"||", "||", false, false},        {"~", "REGEXP", false, true},
        {"!~", "NOT REGEXP", false, true}, {"~*", "MATCH", false, true},
        {"!~*", "NOT MATCH", false, true}, {"~~", "LIKE", false, true},
        {"!~~", "NOT LIKE", false, true},  {"~~*", "GLOB", false, true},
        {"!~~*", "NOT GLOB", false, true}, {"&", "&", false, false},
        {"|", "|", false, false},          {"@>", "_contains", true, true},
        {"<@", "_contained", true, true},  {"&&", "_overlaps", true, true},
        {"=", "=", false, true},           {"<>", "<>", false, true},
        {"!=", "<>", false, true},         {"<", "<", false, true},
        {">", ">", false, true},           {"<=", "<=", false, true},
        {">=", ">=", false, true},         {"+", "+", false, false},
        {"-", "-", false, false},          {"*", "*", false, false},
        {"/", "/", false, false},
    };
    for (size_t i = 0; i < FH_COUNT(operators); i++) {
        if (strcmp(operators[i].sign, sign) == 0) {
            return &operators[i];
        }
    }
    return NULL;
}

/* An operator of this level, also as OPERATOR(pg_catalog.~), where any may stand; NULL when none
 * follows. Comparisons and arithmetic without that word have levels of their own. */
static const struct operator* take_operator(struct fh_pgcat_translator *t, int *code)
{
    const struct fh_pgcat_token *token = fh_pgcat_peek(t, 0);
    if (fh_pgcat_is_word(token, "operator") && fh_pgcat_is_sign(fh_pgcat_peek(t, 1), "(")) {
        t->at += 2;
        if (fh_pgcat_is_sign(fh_pgcat_peek(t, 1), ".")) {
            t->at += 2;
        }
        const struct operator* found = find_operator(fh_pgcat_peek(t, 0)->text);
        if (found == NULL) {
            *code = fh_pgcat_unsupported(t, "this operator");
            return NULL;
        }
        t->at++;
        *code = fh_pgcat_expect(t, ")");
        return found;
    }
    static const char *const elsewhere[] = {
        "=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/"};
    const struct operator* found = token->kind == FH_PGCAT_SIGN ? find_operator(token->text) : NULL;
    for (size_t i = 0; found != NULL && i < FH_COUNT(elsewhere); i++) {
        found = strcmp(elsewhere[i], token->text) == 0 ? NULL : found;
    }
    t->at += found != NULL ? 1 : 0;
    return found;
}

static int others(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    const struct operator* last = NULL;
    int code = sums(t, out);
    while (code == FH_OK) {
        const struct operator* next = take_operator(t, &code);
        if (next == NULL || code != FH_OK) {
            break;
        }
        if (last != NULL && last != next) {
            fh_pgcat_wrap(t, out->begin);
        }
        last = next;
        struct fh_pgcat_expr right;
        uint32_t left_type = out->type;
        bool joined = strcmp(next->sign, "||") == 0;
        bool array = joined && fh_pgcat_type_element(left_type) != 0;
        if (next->function || array) {
            char open[32];
            snprintf(open, sizeof open, "\"%s\"(", array ? "_array_cat" : next->sqlite);
            fh_pgcat_insert(t, out->begin, open);
            fh_pgcat_put(t, ", ");
        } else {
            fh_pgcat_put(t, " ");
            fh_pgcat_put(t, next->sqlite);
            fh_pgcat_put(t, " ");
        }
        code = sums(t, &right);
        if (code != FH_OK) {
            break;
        }
        fh_pgcat_coerce(t, &right, left_type);
        if (next->function || array) {
            fh_pgcat_put(t, ")");
        }
        became(out,
               next->whole        ? (uint32_t)FH_OID_BOOL
               : joined && !array ? (uint32_t)FH_OID_TEXT
                                  : left_type);
    }
    if (last != NULL && code == FH_OK) {
        fh_pgcat_wrap(t, out->begin);
    }
    return code;
}

int fh_pgcat_operand(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    return others(t, out);
}

/* ---- BETWEEN, IN, LIKE ---- */

static int between(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    struct fh_pgcat_expr bound;
    uint32_t type = out->type;
    fh_pgcat_put(t, " BETWEEN ");
    int code = others(t, &bound);
    if (code == FH_OK) {
        fh_pgcat_coerce(t, &bound, type);
        code = fh_pgcat_expect(t, "and");
    }
    fh_pgcat_put(t, " AND ");
    code = code == FH_OK ? others(t, &bound) : code;
    if (code == FH_OK) {
        fh_pgcat_coerce(t, &bound, type);
    }
    return code;
}

static int in_list(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    uint32_t type = out->type;
    int code = fh_pgcat_expect(t, "(");
    fh_pgcat_put(t, " IN (");
    if (code == FH_OK && fh_pgcat_query_follows(t)) {
        code = fh_pgcat_query(t, NULL);
    } else {
        bool more = false;
        do {
            struct fh_pgcat_expr item;
            fh_pgcat_put(t, more ? ", " : "");
            code = code == FH_OK ? fh_pgcat_expression(t, &item) : code;
            if (code == FH_OK) {
                fh_pgcat_coerce(t, &item, type);
            }
            more = true;
        } while (code == FH_OK && fh_pgcat_take(t, ","));
    }
    fh_pgcat_put(t, ")");
    return code == FH_OK ? fh_pgcat_expect(t, ")") : code;
}

static int like(struct fh_pgcat_translator *t, const char *sqlite)
{
    struct fh_pgcat_expr pattern;
    fh_pgcat_put(t, " ");
    fh_pgcat_put(t, sqlite);
    fh_pgcat_put(t, " ");
    int code = others(t, &pattern);
    if (code == FH_OK) {
        fh_pgcat_coerce(t, &pattern, FH_OID_TEXT);
    }
    if (code == FH_OK && fh_pgcat_take(t, "escape")) {
        if (strcmp(sqlite, "LIKE") != 0) {
            return fh_pgcat_unsupported(t, "ILIKE with ESCAPE");
        }
        fh_pgcat_put(t, " ESCAPE ");
        code = others(t, &pattern);
    }
    return code;
}

static int matching(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    int code = others(t, out);
    while (code == FH_OK) {
        size_t begin = t->at;
        size_t written = t->out.size;
        if (fh_pgcat_take(t, "not")) {
            fh_pgcat_put(t, " NOT");
        }
        if (fh_pgcat_take(t, "between")) {
            code = between(t, out);
        } else if (fh_pgcat_take(t, "in")) {
            code = in_list(t, out);
        } else if (fh_pgcat_take(t, "like")) {
            code = like(t, "LIKE");
        } else if (fh_pgcat_take(t, "ilike")) {
            code = like(t, "GLOB"); /* which is ours: GLOB of SQLite is not in use */
        } else if (fh_pgcat_next_is(t, "similar")) {
            code = fh_pgcat_unsupported(t, "SIMILAR TO");
        } else {
            t->at = begin;
            fh_pgcat_cut(t, written);
            break;
        }
        if (code == FH_OK) {
            fh_pgcat_wrap(t, out->begin);
            became(out, FH_OID_BOOL);
        }
    }
    return code;
}

/* ---- comparisons, = ANY ---- */

/* "= ANY (array or query)" and "<> ALL (...)": membership. */
static int quantified(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out, const char *sign)
{
    bool all = fh_pgcat_take(t, "all");
    if (!all && !fh_pgcat_take(t, "any")) {
        (void)fh_pgcat_take(t, "some");
    }
    bool equal = strcmp(sign, "=") == 0;
    if ((!equal && strcmp(sign, "<>") != 0) || equal == all) {
        return fh_pgcat_unsupported(t, "ANY or ALL with this operator");
    }
    fh_pgcat_put(t, equal ? " IN (" : " NOT IN (");
    int code = fh_pgcat_expect(t, "(");
    if (code == FH_OK && fh_pgcat_query_follows(t)) {
        code = fh_pgcat_query(t, NULL);
    } else if (code == FH_OK) {
        struct fh_pgcat_expr array;
        uint32_t wanted = fh_pgcat_type_array(out->type);
        fh_pgcat_put(t, "SELECT \"value\" FROM \"_unnest\"(");
        code = fh_pgcat_expression(t, &array);
        if (code == FH_OK && array.param != 0) {
            fh_pgcat_coerce(t, &array, wanted != 0 ? wanted : fh_pgcat_type_array(FH_OID_TEXT));
        }
        fh_pgcat_put(t, ")");
    }
    fh_pgcat_put(t, ")");
    code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
    if (code == FH_OK) {
        fh_pgcat_wrap(t, out->begin);
        became(out, FH_OID_BOOL);
    }
    return code;
}

static int comparisons(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    static const char *const signs_read[] = {"=", "<>", "!=", "<=", ">=", "<", ">"};
    static const char *const signs_written[] = {"=", "<>", "<>", "<=", ">=", "<", ">"};
    int code = matching(t, out);
    while (code == FH_OK) {
        size_t found = FH_COUNT(signs_read);
        for (size_t i = 0; i < FH_COUNT(signs_read) && found == FH_COUNT(signs_read); i++) {
            found = fh_pgcat_take(t, signs_read[i]) ? i : found;
        }
        if (found == FH_COUNT(signs_read)) {
            break;
        }
        if (fh_pgcat_next_is(t, "any") || fh_pgcat_next_is(t, "some") ||
            fh_pgcat_next_is(t, "all")) {
            code = quantified(t, out, signs_written[found]);
            continue;
        }
        struct fh_pgcat_expr left = *out;
        struct fh_pgcat_expr right;
        fh_pgcat_put(t, " ");
        fh_pgcat_put(t, signs_written[found]);
        fh_pgcat_put(t, " ");
        code = matching(t, &right);
        if (code == FH_OK) {
            fh_pgcat_coerce(t, &right, left.type);
            if (left.param != 0) {
                fh_pgcat_coerce(t, &left, right.type);
            }
            fh_pgcat_wrap(t, out->begin);
            became(out, FH_OID_BOOL);
        }
    }
    return code;
}

/* ---- IS, NOT, AND, OR ---- */

static int is_distinct(struct fh_pgcat_translator *t, bool not_distinct)
{
    struct fh_pgcat_expr right;
    int code = fh_pgcat_expect(t, "from");
    fh_pgcat_put(t, not_distinct ? " IS " : " IS NOT ");
    return code == FH_OK ? comparisons(t, &right) : code;
}

static int is_what(struct fh_pgcat_translator *t)
{
    static const char *const words[] = {"null", "unknown", "true", "false"};
    static const char *const written[] = {"NULL", "NULL", "TRUE", "FALSE"};
    bool negated = fh_pgcat_take(t, "not");
    if (fh_pgcat_take(t, "distinct")) {
        return is_distinct(t, negated);
    }
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (fh_pgcat_take(t, words[i])) {
            fh_pgcat_put(t, negated ? " IS NOT " : " IS ");
            fh_pgcat_put(t, written[i]);
            return FH_OK;
        }
    }
    return fh_pgcat_syntax(t, "NULL, TRUE, FALSE or DISTINCT FROM");
}

static int tests(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    int code = comparisons(t, out);
    while (code == FH_OK) {
        if (fh_pgcat_take(t, "is")) {
            code = is_what(t);
        } else if (fh_pgcat_take(t, "isnull")) {
            fh_pgcat_put(t, " IS NULL");
        } else if (fh_pgcat_take(t, "notnull")) {
            fh_pgcat_put(t, " IS NOT NULL");
        } else {
            break;
        }
        if (code == FH_OK) {
            fh_pgcat_wrap(t, out->begin);
            became(out, FH_OID_BOOL);
        }
    }
    return code;
}

static int negations(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    size_t begin = t->out.size;
    bool negated = false;
    bool any = false;
    while (fh_pgcat_take(t, "not")) {
        negated = !negated;
        any = true;
    }
    fh_pgcat_put(t, negated ? "NOT " : "");
    int code = tests(t, out);
    if (code == FH_OK && any) {
        out->begin = begin;
        fh_pgcat_wrap(t, begin);
        became(out, FH_OID_BOOL);
    }
    return code;
}

static int logic(struct fh_pgcat_translator *t,
                 struct fh_pgcat_expr *out,
                 const char *word,
                 const char *written,
                 level_fn *below)
{
    int code = below(t, out);
    bool any = false;
    while (code == FH_OK && fh_pgcat_take(t, word)) {
        struct fh_pgcat_expr right;
        fh_pgcat_put(t, written);
        code = below(t, &right);
        any = true;
    }
    if (any && code == FH_OK) {
        fh_pgcat_wrap(t, out->begin);
        became(out, FH_OID_BOOL);
    }
    return code;
}

static int conjunctions(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    return logic(t, out, "and", " AND ", negations);
}

int fh_pgcat_expression(struct fh_pgcat_translator *t, struct fh_pgcat_expr *out)
{
    if (++t->nested > NESTED_MAX) {
        return fh_err_rule(t->err,
                           FH_ETOOBIG,
                           "pgcat.depth",
                           "at most %d expressions stand in each other",
                           (int)NESTED_MAX);
    }
    int code = logic(t, out, "or", " OR ", conjunctions);
    t->nested--;
    return code;
}
