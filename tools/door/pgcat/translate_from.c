/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/relations.h"
#include "tools/door/pgcat/translate_inner.h"
#include "tools/door/pgcat/types.h"

#include <string.h>

/* A name for a table and, in brackets, for its columns. */
struct alias {
    const char *name; /* NULL: none */
    size_t column_count;
    const char *columns[FH_PGCAT_SETS_MAX];
};

static int read_alias(struct fh_pgcat_translator *t, struct alias *out)
{
    *out = (struct alias){0};
    bool as = fh_pgcat_take(t, "as");
    if (!as && !fh_pgcat_is_name(fh_pgcat_peek(t, 0))) {
        return FH_OK;
    }
    int code = fh_pgcat_expect_name(t, &out->name);
    if (code != FH_OK || !fh_pgcat_take(t, "(")) {
        return code;
    }
    do {
        if (out->column_count == FH_COUNT(out->columns)) {
            return fh_pgcat_unsupported(t, "so long a list of columns");
        }
        code = fh_pgcat_expect_name(t, &out->columns[out->column_count]);
        if (code != FH_OK) {
            return code;
        }
        out->column_count++;
    } while (fh_pgcat_take(t, ","));
    return fh_pgcat_expect(t, ")");
}

static void put_alias(struct fh_pgcat_translator *t, const char *name)
{
    if (name != NULL) {
        fh_pgcat_put(t, " AS ");
        fh_pgcat_put_name(t, name);
    }
}

/* Columns of a query get names by WITH: SQLite has no list behind an alias. */
static int from_query(struct fh_pgcat_translator *t)
{
    struct fh_pgcat_items items = {0};
    struct alias alias;
    fh_pgcat_put(t, "(");
    size_t begin = t->out.size;
    int code = fh_pgcat_query(t, &items);
    code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
    code = code == FH_OK ? read_alias(t, &alias) : code;
    if (code != FH_OK) {
        return code;
    }
    if (alias.column_count > 0) {
        struct fh_buf list;
        fh_buf_init(&list, FH_PGCAT_VALUE_BYTES_MAX);
        fh_buf_add_cstr(&list, "WITH \"_c\"(");
        for (size_t i = 0; i < alias.column_count; i++) {
            fh_buf_add_cstr(&list, i > 0 ? ", " : "");
            fh_buf_add_quoted(&list, alias.columns[i], '"');
            if (i < items.count) {
                fh_pgcat_note_name(t, alias.columns[i], items.list[i].type);
            }
        }
        fh_buf_add_cstr(&list, ") AS (");
        fh_pgcat_insert(t, begin, fh_buf_cstr(&list));
        fh_buf_fini(&list);
        fh_pgcat_put(t, ") SELECT * FROM \"_c\"");
    }
    fh_pgcat_put(t, ")");
    put_alias(t, alias.name);
    return FH_OK;
}

/* unnest(a) [WITH ORDINALITY] [AS] x [(y, z)] */
static int from_set(struct fh_pgcat_translator *t)
{
    size_t number = 0;
    uint32_t element = 0;
    struct alias alias;
    const char *function = fh_pgcat_peek(t, 0)->text;
    int code = fh_pgcat_set_call(t, &number, &element);
    if (code != FH_OK) {
        return code;
    }
    struct fh_pgcat_set *set = &t->result->sets[number];
    if (fh_pgcat_take(t, "with")) {
        code = fh_pgcat_expect(t, "ordinality");
        if (code != FH_OK) {
            return code;
        }
        set->ordinality = true;
        set->columns[set->column_count] = "ordinality";
        set->types[set->column_count++] = FH_OID_INT8;
    }
    code = read_alias(t, &alias);
    if (code != FH_OK) {
        return code;
    }
    if (alias.column_count == 0 && alias.name != NULL && set->function->column_count == 1) {
        set->columns[0] = alias.name; /* its one column is called as it is */
    }
    if (alias.column_count > set->column_count) {
        return fh_pgcat_syntax(t, "a column for each name");
    }
    for (size_t i = 0; i < alias.column_count; i++) {
        set->columns[i] = alias.columns[i];
    }
    for (size_t i = 0; i < set->column_count; i++) {
        fh_pgcat_note_name(t, set->columns[i], set->types[i]);
    }
    put_alias(t, alias.name == NULL ? function : alias.name);
    return FH_OK;
}

static bool is_query_name(const struct fh_pgcat_translator *t, const char *name)
{
    for (size_t i = 0; i < t->query_count; i++) {
        if (strcmp(t->queries[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int no_table(struct fh_pgcat_translator *t, const char *schema, const char *name)
{
    return fh_err_rule(t->err,
                       FH_ESQL,
                       "pgcat.table",
                       "relation \"%s%s%s\" does not exist among the system tables",
                       schema == NULL ? "" : schema,
                       schema == NULL ? "" : ".",
                       name);
}

/* Writes the table as SQLite has it. */
static int put_table(struct fh_pgcat_translator *t, const char *schema, const char *name)
{
    if (schema == NULL && is_query_name(t, name)) {
        fh_pgcat_put_name(t, name);
        return FH_OK;
    }
    bool standard = schema != NULL && strcmp(schema, "information_schema") == 0;
    const struct fh_pgcat_relation *relation =
        fh_pgcat_relation_find(schema == NULL ? "pg_catalog" : schema, name);
    if (relation == NULL) {
        return no_table(t, schema, name);
    }
    if (t->result->table_count < FH_COUNT(t->result->tables)) {
        t->result->tables[t->result->table_count++] = relation;
    }
    fh_pgcat_put(t, standard ? "pg_catalog.\"information_schema." : "pg_catalog.\"");
    fh_pgcat_put(t, name); /* of our list: nothing in it needs quotes */
    fh_pgcat_put(t, "\"");
    return FH_OK;
}

static int from_table(struct fh_pgcat_translator *t)
{
    const char *parts[3] = {0};
    size_t count = 0;
    struct alias alias;
    do {
        if (count == FH_COUNT(parts)) {
            return fh_pgcat_syntax(t, "a table's name of at most three parts");
        }
        int code = fh_pgcat_expect_name(t, &parts[count++]);
        if (code != FH_OK) {
            return code;
        }
    } while (fh_pgcat_take(t, "."));
    const char *name = parts[count - 1];
    int code = put_table(t, count > 1 ? parts[count - 2] : NULL, name);
    if (code != FH_OK) {
        return code;
    }
    if (fh_pgcat_take(t, "(")) { /* a function that is read like a table */
        code = fh_pgcat_expect(t, ")");
    }
    (void)fh_pgcat_take(t, "*");
    code = code == FH_OK ? read_alias(t, &alias) : code;
    if (code == FH_OK && alias.column_count > 0) {
        code = fh_pgcat_unsupported(t, "a list of columns behind a table");
    }
    if (code == FH_OK) {
        put_alias(t, alias.name == NULL ? name : alias.name);
    }
    return code;
}

static int from_join(struct fh_pgcat_translator *t);

static int from_item(struct fh_pgcat_translator *t)
{
    (void)fh_pgcat_take(t, "lateral");
    (void)fh_pgcat_take(t, "only");
    if (fh_pgcat_query_in_brackets(t) && fh_pgcat_take(t, "(")) {
        return from_query(t);
    }
    if (fh_pgcat_take(t, "(")) {
        struct alias alias;
        int code = fh_pgcat_deeper(t);
        fh_pgcat_put(t, "(");
        code = code == FH_OK ? from_join(t) : code;
        fh_pgcat_put(t, ")");
        t->depth--;
        code = code == FH_OK ? fh_pgcat_expect(t, ")") : code;
        code = code == FH_OK ? read_alias(t, &alias) : code;
        if (code == FH_OK) {
            put_alias(t, alias.name);
        }
        return code;
    }
    if (fh_pgcat_is_sign(fh_pgcat_peek(t, 1), ".") && fh_pgcat_is_sign(fh_pgcat_peek(t, 3), "(") &&
        fh_pgcat_set_find(fh_pgcat_peek(t, 2)->text) != NULL) {
        t->at += 2; /* pg_catalog.unnest */
    }
    if (fh_pgcat_is_sign(fh_pgcat_peek(t, 1), "(") &&
        fh_pgcat_set_find(fh_pgcat_peek(t, 0)->text) != NULL) {
        return from_set(t);
    }
    return from_table(t);
}

/* Takes LEFT [OUTER] JOIN and its like; false when no join follows. */
static bool take_join(struct fh_pgcat_translator *t, bool *out_free, int *code)
{
    static const char *const sides[] = {"left", "right", "full"};
    static const char *const written[] = {" LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "};
    size_t begin = t->at;
    const char *join = " JOIN ";
    bool natural = fh_pgcat_take(t, "natural");
    *out_free = natural || fh_pgcat_take(t, "cross");
    for (size_t i = 0; i < FH_COUNT(sides); i++) {
        if (fh_pgcat_take(t, sides[i])) {
            join = written[i];
            (void)fh_pgcat_take(t, "outer");
        }
    }
    (void)fh_pgcat_take(t, "inner");
    if (t->at == begin && !fh_pgcat_next_is(t, "join")) {
        return false;
    }
    *code = fh_pgcat_expect(t, "join");
    fh_pgcat_put(t, natural ? " NATURAL" : *out_free ? " CROSS" : "");
    fh_pgcat_put(t, join);
    return true;
}

static int join_condition(struct fh_pgcat_translator *t)
{
    struct fh_pgcat_expr condition;
    if (fh_pgcat_take(t, "on")) {
        fh_pgcat_put(t, " ON ");
        return fh_pgcat_expression(t, &condition);
    }
    int code = fh_pgcat_take(t, "using") ? fh_pgcat_expect(t, "(") : fh_pgcat_syntax(t, "ON");
    fh_pgcat_put(t, " USING (");
    do {
        const char *name = NULL;
        code = code == FH_OK ? fh_pgcat_expect_name(t, &name) : code;
        if (code != FH_OK) {
            return code;
        }
        fh_pgcat_put_name(t, name);
        fh_pgcat_put(t, fh_pgcat_next_is(t, ",") ? ", " : ")");
    } while (fh_pgcat_take(t, ","));
    return fh_pgcat_expect(t, ")");
}

static int from_join(struct fh_pgcat_translator *t)
{
    int code = from_item(t);
    bool free_of_condition = false;
    while (code == FH_OK && take_join(t, &free_of_condition, &code)) {
        code = code == FH_OK ? from_item(t) : code;
        if (code == FH_OK && !free_of_condition) {
            code = join_condition(t);
        }
    }
    return code;
}

int fh_pgcat_from(struct fh_pgcat_translator *t)
{
    fh_pgcat_put(t, " FROM ");
    int code = from_join(t);
    while (code == FH_OK && fh_pgcat_take(t, ",")) {
        fh_pgcat_put(t, ", ");
        code = from_join(t);
    }
    return code;
}
