/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/gate_wishes.h"

#include "common/bytes.h"
#include "common/limits.h"
#include "node/query/gate_tree.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    CONSTANTS_MAX = 64,      /* of one IN */
    SUFFIX_BYTES_MAX = 4096, /* of one condition */
    DEPTH_MAX = 512,         /* of the tree: the gate walked it */
};

static const double exact_max = 9007199254740992.0; /* 2^53: the tree's numbers are doubles,
                                                  and that one may be another */

struct wisher {
    struct fh_gate *out;
    struct fh_arena *arena;
    struct fh_gate_wish *wishes;
    const json_t *tables[FH_QUERY_TABLES_MAX]; /* of FROM; the gate's table i is tables[i] */
    uint32_t table_count;
};

/* ---- tables ---- */

static unsigned count_tables(const json_t *value, unsigned depth)
{
    unsigned count = 0;
    const char *key;
    json_t *part;
    if (depth == 0) {
        return FH_QUERY_TABLES_MAX + 1;
    }
    if (json_is_object(value)) {
        count += strcmp(fh_gate_text(value, "type"), "BASE_TABLE") == 0;
        json_object_foreach((json_t *)(uintptr_t)value, key, part)
        {
            count += count_tables(part, depth - 1);
        }
    }
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
        count += count_tables(json_array_get(value, i), depth - 1);
    }
    return count;
}

static bool find_tables(struct wisher *w, const json_t *relation, unsigned depth)
{
    const char *type = fh_gate_text(relation, "type");
    if (depth == 0 || !fh_gate_is_empty(json_object_get(relation, "sample"))) {
        return false;
    }
    if (strcmp(type, "BASE_TABLE") == 0) {
        bool plain = fh_gate_is_empty(json_object_get(relation, "column_name_alias")) &&
                     fh_gate_is_empty(json_object_get(relation, "at_clause")) &&
                     w->table_count < FH_QUERY_TABLES_MAX;
        if (plain) {
            w->tables[w->table_count++] = relation;
        }
        return plain;
    }
    const char *reference = fh_gate_text(relation, "ref_type");
    bool inner = strcmp(type, "JOIN") == 0 &&
                 strcmp(fh_gate_text(relation, "join_type"), "INNER") == 0 &&
                 (strcmp(reference, "REGULAR") == 0 || strcmp(reference, "CROSS") == 0) &&
                 fh_gate_is_empty(json_object_get(relation, "using_columns"));
    return inner && find_tables(w, json_object_get(relation, "left"), depth - 1) &&
           find_tables(w, json_object_get(relation, "right"), depth - 1);
}

/* Whether table i of FROM is table i of the gate, and no name stands for two of them. */
static bool tables_are_clear(const struct wisher *w)
{
    bool clear = w->table_count == w->out->table_count;
    for (uint32_t i = 0; clear && i < w->table_count; i++) {
        const struct fh_gate_table *known = &w->out->tables[i];
        clear = strcmp(known->name, fh_gate_text(w->tables[i], "table_name")) == 0 &&
                strcmp(known->schema, fh_gate_text(w->tables[i], "schema_name")) == 0 &&
                strcmp(known->catalog, fh_gate_text(w->tables[i], "catalog_name")) == 0;
    }
    return clear;
}

static const char *name_of(const json_t *table)
{
    const char *alias = fh_gate_text(table, "alias");
    return alias[0] != '\0' ? alias : fh_gate_text(table, "table_name");
}

/* The column that a COLUMN_REF names, and whose. */
static const char *find_column(const struct wisher *w, const json_t *expr, uint32_t *out_table)
{
    const json_t *names = json_object_get(expr, "column_names");
    size_t count = json_array_size(names);
    if (strcmp(fh_gate_text(expr, "class"), "COLUMN_REF") != 0 || count < 1 || count > 2) {
        return NULL;
    }
    const char *column = json_string_value(json_array_get(names, count - 1));
    unsigned found = 0;
    for (uint32_t i = 0; i < w->table_count; i++) {
        const char *table = json_string_value(json_array_get(names, 0));
        if (count == 1 ? w->table_count == 1
                       : table != NULL && strcasecmp(table, name_of(w->tables[i])) == 0) {
            *out_table = i;
            found++;
        }
    }
    return found == 1 ? column : NULL;
}

/* ---- constants ---- */

static bool put_number(struct fh_buf *out, const json_t *constant)
{
    double value = json_number_value(json_object_get(constant, "value"));
    bool whole = value > -exact_max && value < exact_max && value == (double)(int64_t)value;
    if (whole) {
        fh_buf_printf(out, "%lld", (long long)value);
    }
    return whole;
}

/* The value is that without a point, and the type says where it stands. */
static bool put_decimal(struct fh_buf *out, const json_t *constant)
{
    const json_t *info = json_object_get(json_object_get(constant, "type"), "type_info");
    double unscaled = json_number_value(json_object_get(constant, "value"));
    double scale = json_number_value(json_object_get(info, "scale"));
    if (!json_is_number(json_object_get(constant, "value")) || unscaled <= -exact_max ||
        unscaled >= exact_max || scale < 0 || scale > 15) {
        return false;
    }
    char digits[48];
    long long value = (long long)unscaled;
    int after = (int)scale;
    int size = snprintf(digits,
                        sizeof digits,
                        "%0*llu",
                        after + 1,
                        (unsigned long long)(value < 0 ? -value : value));
    fh_buf_printf(out,
                  "%s%.*s.%s",
                  value < 0 ? "-" : "",
                  size - after,
                  digits,
                  after == 0 ? "0" : digits + size - after);
    return true;
}

static void put_quoted(struct fh_buf *out, const char *text)
{
    fh_buf_add_u8(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fh_buf_add_u8(out, '\'');
        }
        fh_buf_add_u8(out, (uint8_t)*text);
    }
    fh_buf_add_u8(out, '\'');
}

static bool digits_of(const char *text, unsigned count, unsigned *out)
{
    *out = 0;
    for (unsigned i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        *out = *out * 10 + (unsigned)(text[i] - '0');
    }
    return true;
}

/* "2001-02-03", a day that every month has. */
static bool is_date(const char *text)
{
    unsigned year;
    unsigned month;
    unsigned day;
    return strlen(text) >= 10 && digits_of(text, 4, &year) && text[4] == '-' &&
           digits_of(text + 5, 2, &month) && text[7] == '-' && digits_of(text + 8, 2, &day) &&
           year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= 28;
}

/* " 04:05:06" */
static bool is_time(const char *text)
{
    unsigned hour;
    unsigned minute;
    unsigned second;
    return strlen(text) == 9 && text[0] == ' ' && digits_of(text + 1, 2, &hour) && text[3] == ':' &&
           digits_of(text + 4, 2, &minute) && text[6] == ':' && digits_of(text + 7, 2, &second) &&
           hour <= 23 && minute <= 59 && second <= 59;
}

/* DATE '...' and TIMESTAMP '...' are casts of a text. */
static bool put_moment(struct fh_buf *out, const json_t *cast, enum fh_gate_class *out_class)
{
    const json_t *child = json_object_get(cast, "child");
    const json_t *constant = json_object_get(child, "value");
    const char *type = fh_gate_text(json_object_get(cast, "cast_type"), "id");
    const char *text = fh_gate_text(constant, "value");
    bool date = strcmp(type, "DATE") == 0;
    bool good = strcmp(fh_gate_text(child, "class"), "CONSTANT") == 0 &&
                json_is_false(json_object_get(cast, "try_cast")) && is_date(text) &&
                (text[10] == '\0' || (!date && is_time(text + 10))) &&
                (date || strcmp(type, "TIMESTAMP") == 0);
    if (good) {
        fh_buf_printf(out, "%s '%s'", date ? "DATE" : "TIMESTAMP", text);
        *out_class = date ? FH_GATE_CLASS_DATE : FH_GATE_CLASS_TIMESTAMP;
    }
    return good;
}

static bool put_constant(struct fh_buf *out, const json_t *expr, enum fh_gate_class *out_class)
{
    if (strcmp(fh_gate_text(expr, "class"), "CAST") == 0) {
        return put_moment(out, expr, out_class);
    }
    const json_t *constant = json_object_get(expr, "value");
    const json_t *value = json_object_get(constant, "value");
    const char *type = fh_gate_text(json_object_get(constant, "type"), "id");
    if (strcmp(fh_gate_text(expr, "class"), "CONSTANT") != 0 ||
        !json_is_false(json_object_get(constant, "is_null"))) {
        return false;
    }
    if (json_is_number(value) && (strcmp(type, "INTEGER") == 0 || strcmp(type, "BIGINT") == 0)) {
        *out_class = FH_GATE_CLASS_WHOLE;
        return put_number(out, constant);
    }
    if (strcmp(type, "DECIMAL") == 0) {
        *out_class = FH_GATE_CLASS_DECIMAL;
        return put_decimal(out, constant);
    }
    if (json_is_string(value) && strcmp(type, "VARCHAR") == 0 &&
        strlen(json_string_value(value)) == json_string_length(value)) {
        *out_class = FH_GATE_CLASS_TEXT;
        put_quoted(out, json_string_value(value));
        return true;
    }
    return false;
}

/* ---- conditions ---- */

static void add_wish(struct wisher *w,
                     const char *column,
                     uint32_t table,
                     enum fh_gate_class class,
                     struct fh_buf *suffix)
{
    if (column == NULL || fh_buf_ok(suffix) != FH_OK || w->out->wish_count == FH_GATE_WISHES_MAX) {
        return;
    }
    struct fh_gate_wish wish = {
        .table = table,
        .column = fh_arena_strdup(w->arena, column),
        .class = class,
        .suffix = fh_arena_string(w->arena, fh_buf_view(suffix)),
    };
    if (wish.column != NULL && wish.suffix != NULL) {
        w->wishes[w->out->wish_count++] = wish;
    }
}

static const struct {
    const char *type;
    const char *op;
    const char *flipped; /* with the constant on the left */
} comparisons[] = {
    {"COMPARE_EQUAL", "=", "="},
    {"COMPARE_NOTEQUAL", "<>", "<>"},
    {"COMPARE_LESSTHAN", "<", ">"},
    {"COMPARE_LESSTHANOREQUALTO", "<=", ">="},
    {"COMPARE_GREATERTHAN", ">", "<"},
    {"COMPARE_GREATERTHANOREQUALTO", ">=", "<="},
};

static void wish_comparison(struct wisher *w, const json_t *expr)
{
    const json_t *left = json_object_get(expr, "left");
    const json_t *right = json_object_get(expr, "right");
    bool flipped = strcmp(fh_gate_text(left, "class"), "COLUMN_REF") != 0;
    uint32_t table = 0;
    const char *column = find_column(w, flipped ? right : left, &table);
    for (size_t i = 0; column != NULL && i < FH_COUNT(comparisons); i++) {
        if (strcmp(comparisons[i].type, fh_gate_text(expr, "type")) != 0) {
            continue;
        }
        enum fh_gate_class class = FH_GATE_CLASS_ANY;
        FH_CLEANUP(fh_buf_fini) struct fh_buf suffix;
        fh_buf_init(&suffix, SUFFIX_BYTES_MAX);
        fh_buf_printf(&suffix, " %s ", flipped ? comparisons[i].flipped : comparisons[i].op);
        if (put_constant(&suffix, flipped ? left : right, &class)) {
            add_wish(w, column, table, class, &suffix);
        }
    }
}

static void wish_between(struct wisher *w, const json_t *expr)
{
    uint32_t table = 0;
    const char *column = find_column(w, json_object_get(expr, "input"), &table);
    enum fh_gate_class lower = FH_GATE_CLASS_ANY;
    enum fh_gate_class upper = FH_GATE_CLASS_ANY;
    FH_CLEANUP(fh_buf_fini) struct fh_buf suffix;
    fh_buf_init(&suffix, SUFFIX_BYTES_MAX);
    fh_buf_add_cstr(&suffix, " BETWEEN ");
    bool good = strcmp(fh_gate_text(expr, "type"), "COMPARE_BETWEEN") == 0 &&
                put_constant(&suffix, json_object_get(expr, "lower"), &lower);
    fh_buf_add_cstr(&suffix, " AND ");
    good = good && put_constant(&suffix, json_object_get(expr, "upper"), &upper);
    if (good && lower == upper) {
        add_wish(w, column, table, lower, &suffix);
    }
}

/* IN, IS NULL, IS NOT NULL. */
static void wish_operator(struct wisher *w, const json_t *expr)
{
    const json_t *children = json_object_get(expr, "children");
    const char *type = fh_gate_text(expr, "type");
    size_t count = json_array_size(children);
    uint32_t table = 0;
    const char *column = find_column(w, json_array_get(children, 0), &table);
    enum fh_gate_class all = FH_GATE_CLASS_ANY;
    FH_CLEANUP(fh_buf_fini) struct fh_buf suffix;
    fh_buf_init(&suffix, SUFFIX_BYTES_MAX);
    if (count == 1 && strcmp(type, "OPERATOR_IS_NULL") == 0) {
        fh_buf_add_cstr(&suffix, " IS NULL");
    } else if (count == 1 && strcmp(type, "OPERATOR_IS_NOT_NULL") == 0) {
        fh_buf_add_cstr(&suffix, " IS NOT NULL");
    } else if (count > 1 && count <= CONSTANTS_MAX && strcmp(type, "COMPARE_IN") == 0) {
        fh_buf_add_cstr(&suffix, " IN (");
        for (size_t i = 1; i < count; i++) {
            enum fh_gate_class class = FH_GATE_CLASS_ANY;
            fh_buf_add_cstr(&suffix, i == 1 ? "" : ", ");
            if (!put_constant(&suffix, json_array_get(children, i), &class) ||
                (i > 1 && class != all)) {
                return;
            }
            all = class;
        }
        fh_buf_add_u8(&suffix, ')');
    } else {
        return;
    }
    add_wish(w, column, table, all, &suffix);
}

static void wish(struct wisher *w, const json_t *expr, unsigned depth)
{
    const char *class = fh_gate_text(expr, "class");
    if (depth > 0 && strcmp(class, "CONJUNCTION") == 0 &&
        strcmp(fh_gate_text(expr, "type"), "CONJUNCTION_AND") == 0) {
        const json_t *children = json_object_get(expr, "children");
        for (size_t i = 0; i < json_array_size(children); i++) {
            wish(w, json_array_get(children, i), depth - 1);
        }
    } else if (strcmp(class, "COMPARISON") == 0) {
        wish_comparison(w, expr);
    } else if (strcmp(class, "BETWEEN") == 0) {
        wish_between(w, expr);
    } else if (strcmp(class, "OPERATOR") == 0) {
        wish_operator(w, expr);
    }
}

void fh_gate_wishes(struct fh_gate *out, const json_t *root, struct fh_arena *arena)
{
    const json_t *statement = json_array_get(json_object_get(root, "statements"), 0);
    const json_t *node = json_object_get(statement, "node");
    struct wisher w = {.out = out, .arena = arena};
    bool plain = strcmp(fh_gate_text(node, "type"), "SELECT_NODE") == 0 &&
                 fh_gate_is_empty(json_object_get(json_object_get(node, "cte_map"), "map")) &&
                 fh_gate_is_empty(json_object_get(node, "sample")) &&
                 find_tables(&w, json_object_get(node, "from_table"), DEPTH_MAX) &&
                 tables_are_clear(&w) && count_tables(statement, DEPTH_MAX) == w.table_count;
    w.wishes = plain ? fh_arena_array(arena, FH_GATE_WISHES_MAX, sizeof *w.wishes) : NULL;
    out->wish_count = 0;
    out->wishes = w.wishes;
    if (w.wishes != NULL) {
        wish(&w, json_object_get(node, "where_clause"), DEPTH_MAX);
    }
}
