/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and constraints of a table. */
#include "tools/contract/sql_parse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TYPE_BYTES_MAX = 255, DEPTH_MAX = 8 };

/* ---- types ---- */

/* Words that end a type. */
static bool ends_type(struct fh_sql_parser *p)
{
    static const char *const words[] = {
        "NOT",      "NULL",       "DEFAULT",     "PRIMARY",    "UNIQUE",        "REFERENCES",
        "CHECK",    "COLLATE",    "GENERATED",   "AS",         "IDENTITY",      "AUTO_INCREMENT",
        "COMMENT",  "CONSTRAINT", "ON",          "CHARSET",    "AUTOINCREMENT", "STORED",
        "VIRTUAL",  "ENCODE",     "SPARSE",      "ROWGUIDCOL", "PERSISTED",     "INVISIBLE",
        "VISIBLE",  "STORAGE",    "COMPRESSION", "OPTIONS",    "DISTKEY",       "SORTKEY",
        "KEY",      "MASKED",     "ENCRYPTED",   "FOREIGN",    "CLUSTERED",     "DEFERRABLE",
        "INITIALLY"};
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (fh_sql_is(p, 0, words[i])) {
            return true;
        }
    }
    return fh_sql_is(p, 0, "CHARACTER") && fh_sql_is(p, 1, "SET");
}

static void add_type(struct fh_buf *type, const struct fh_sql_token *token)
{
    bool is_tight = type->size == 0 || strchr("(<.[,", type->data[type->size - 1]) != NULL ||
                    (token->kind == FH_SQL_SIGN && strchr("(),<>.[]", token->text[0]) != NULL);
    fh_buf_add_cstr(type, is_tight ? "" : " ");
    fh_buf_add_cstr(type, token->text);
}

/* What is in the brackets of a type, as it stands. */
static void add_brackets(struct fh_sql_parser *p, struct fh_buf *type, char open, char close)
{
    unsigned depth = 0;
    do {
        depth += fh_sql_is_sign(p, 0, open) ? 1 : 0;
        depth -= fh_sql_is_sign(p, 0, close) ? 1 : 0;
        if (fh_sql_peek(p, 0)->kind == FH_SQL_END) {
            fh_sql_expected(p, close == ')' ? ")" : ">");
            return;
        }
        add_type(type, fh_sql_peek(p, 0));
        fh_sql_take(p);
    } while (depth > 0 && p->code == FH_OK);
}

static void read_type(struct fh_sql_parser *p, struct fh_draft_column *column, unsigned depth);

/* STRUCT(a INTEGER, b VARCHAR): members of their own. */
static void read_members(struct fh_sql_parser *p, struct fh_draft_column *column, unsigned depth)
{
    fh_sql_take(p);
    fh_sql_take(p);
    column->shape = FH_PROFILE_OBJECT;
    column->type = "STRUCT";
    do {
        if (!fh_sql_is_name(p, 0)) {
            fh_sql_expected(p, "the name of a member");
            return;
        }
        struct fh_draft_column *member =
            fh_draft_add_member(p->draft, column, fh_sql_peek(p, 0)->text);
        fh_sql_take(p);
        if (member == NULL || depth == DEPTH_MAX) {
            fh_sql_out_of_memory(p);
            return;
        }
        read_type(p, member, depth + 1);
    } while (fh_sql_accept_sign(p, ','));
    if (!fh_sql_accept_sign(p, ')')) {
        fh_sql_expected(p, ", or )");
    }
}

/* Behind a struct: [] makes it the element of an array. */
static void wrap_in_array(struct fh_sql_parser *p, struct fh_draft_column *column)
{
    struct fh_draft_column element = *column;
    element.source = "";
    column->column_count = column->column_capacity = 0;
    column->columns = NULL;
    struct fh_draft_column *item = fh_draft_add_member(p->draft, column, "");
    if (item == NULL) {
        fh_sql_out_of_memory(p);
        return;
    }
    *item = element;
    column->shape = FH_PROFILE_ARRAY;
    column->type = "LIST";
}

static const struct fh_sql_enum *find_enum(const struct fh_sql_parser *p, const char *type)
{
    const char *dot = strrchr(type, '.');
    for (size_t i = 0; i < p->enum_count; i++) {
        const char *name = p->enums[i].name;
        if (strcasecmp(name, type) == 0 || (dot != NULL && strcasecmp(name, dot + 1) == 0)) {
            return &p->enums[i];
        }
    }
    return NULL;
}

/* The words of a type up to what cannot belong to it. */
static void read_words(struct fh_sql_parser *p, struct fh_draft_column *column, struct fh_buf *type)
{
    while (p->code == FH_OK && !ends_type(p)) {
        if (fh_sql_is_name(p, 0)) {
            bool is_enum = fh_sql_is(p, 0, "ENUM") && fh_sql_is_sign(p, 1, '(');
            add_type(type, fh_sql_peek(p, 0));
            fh_sql_take(p);
            if (is_enum) {
                fh_sql_take(p);
                fh_sql_strings(p, &column->values);
            }
        } else if (fh_sql_is_sign(p, 0, '(')) {
            add_brackets(p, type, '(', ')');
        } else if (fh_sql_is_sign(p, 0, '<')) {
            add_brackets(p, type, '<', '>');
        } else if (type->size > 0 && (fh_sql_is_sign(p, 0, '[') || fh_sql_is_sign(p, 0, ']') ||
                                      fh_sql_is_sign(p, 0, '.'))) {
            add_type(type, fh_sql_peek(p, 0));
            fh_sql_take(p);
        } else if (fh_sql_peek(p, 0)->kind == FH_SQL_NUMBER && type->size > 0 &&
                   type->data[type->size - 1] == '[') {
            fh_sql_take(p); /* text[3]: the size of an array says nothing more */
        } else {
            break;
        }
    }
}

static void read_type(struct fh_sql_parser *p, struct fh_draft_column *column, unsigned depth)
{
    if ((fh_sql_is(p, 0, "STRUCT") || fh_sql_is(p, 0, "ROW")) && fh_sql_is_sign(p, 1, '(')) {
        read_members(p, column, depth);
        while (fh_sql_is_sign(p, 0, '[') && p->code == FH_OK) {
            fh_sql_take(p);
            if (fh_sql_peek(p, 0)->kind == FH_SQL_NUMBER) {
                fh_sql_take(p);
            }
            if (!fh_sql_accept_sign(p, ']')) {
                fh_sql_expected(p, "]");
                return;
            }
            wrap_in_array(p, column);
        }
        return;
    }
    struct fh_buf FH_CLEANUP(fh_buf_fini) type;
    fh_buf_init(&type, TYPE_BYTES_MAX);
    read_words(p, column, &type);
    column->type = fh_arena_strdup(p->draft->arena, fh_buf_cstr(&type));
    if (column->type == NULL) {
        column->type = "";
        fh_sql_out_of_memory(p);
        return;
    }
    if (strcasestr(column->type, "serial") != NULL) {
        column->is_required = true;
    }
    const struct fh_sql_enum *known = find_enum(p, column->type);
    if (known != NULL) {
        column->values = known->values;
    }
}

/* ---- constraints of a column ---- */

static unsigned next_key(const struct fh_draft_table *table)
{
    unsigned last = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        last = table->columns[i].key > last ? table->columns[i].key : last;
    }
    return last + 1;
}

static void read_reference(struct fh_sql_parser *p,
                           struct fh_draft_table *table,
                           const struct fh_draft_texts *from)
{
    struct fh_sql_name to = fh_sql_name_of(p, "the name of a table");
    struct fh_draft_reference *reference = fh_draft_add_reference(p->draft, table);
    if (reference == NULL) {
        fh_sql_out_of_memory(p);
        return;
    }
    reference->from = *from;
    reference->table =
        to.schema[0] == 0 ? to.name : fh_arena_printf(p->draft->arena, "%s.%s", to.schema, to.name);
    if (reference->table == NULL) {
        reference->table = "";
        fh_sql_out_of_memory(p);
    }
    if (fh_sql_is_sign(p, 0, '(')) {
        (void)fh_sql_columns(p, &reference->to);
    }
}

/* DEFAULT: one value, call or bracket, with casts and signs around it. */
static void skip_default(struct fh_sql_parser *p)
{
    bool first = true;
    while (p->code == FH_OK && (first || !ends_type(p)) && !fh_sql_is_sign(p, 0, ',') &&
           !fh_sql_is_sign(p, 0, ')') && !fh_sql_is_sign(p, 0, ';')) {
        if (fh_sql_peek(p, 0)->kind == FH_SQL_END) {
            return;
        }
        if (fh_sql_is_sign(p, 0, '(')) {
            fh_sql_skip_brackets(p);
        } else {
            fh_sql_take(p);
        }
        first = false;
    }
}

static void read_promise(struct fh_sql_parser *p, struct fh_draft_table *table, size_t index)
{
    struct fh_draft_column *column = &table->columns[index];
    if (fh_sql_accept(p, "NOT")) {
        column->is_required = true;
        if (!fh_sql_accept(p, "NULL") && !fh_sql_is(p, 0, "ENFORCED") &&
            !fh_sql_is(p, 0, "DEFERRABLE") && !fh_sql_is(p, 0, "VALID") &&
            !fh_sql_is(p, 0, "FOR")) {
            fh_sql_expected(p, "NULL behind NOT");
        }
    } else if (fh_sql_accept(p, "PRIMARY")) {
        column->key = column->key > 0 ? column->key : next_key(table);
        if (!fh_sql_accept(p, "KEY")) {
            fh_sql_expected(p, "KEY behind PRIMARY");
        }
    } else if (fh_sql_accept(p, "UNIQUE")) {
        column->is_unique = true;
        fh_sql_accept(p, "KEY");
    } else if (fh_sql_accept(p, "REFERENCES")) {
        struct fh_draft_texts from = {0};
        if (!fh_draft_add_text(p->draft, &from, column->source)) {
            fh_sql_out_of_memory(p);
        }
        read_reference(p, table, &from);
    } else if (fh_sql_accept(p, "CHECK")) {
        fh_sql_check(p, table);
    } else if (fh_sql_accept(p, "DEFAULT")) {
        skip_default(p);
    } else if (fh_sql_is(p, 0, "COMMENT") && fh_sql_peek(p, 1)->kind == FH_SQL_STRING) {
        column->description = fh_sql_peek(p, 1)->text[0] != 0 ? fh_sql_peek(p, 1)->text : NULL;
        fh_sql_take(p);
        fh_sql_take(p);
    } else if (fh_sql_is(p, 0, "IDENTITY")) {
        column->is_required = true;
        fh_sql_take(p);
    } else if (fh_sql_is_sign(p, 0, '(')) {
        fh_sql_skip_brackets(p);
    } else {
        fh_sql_take(p);
    }
}

static void read_column(struct fh_sql_parser *p, struct fh_draft_table *table)
{
    const char *name = fh_sql_peek(p, 0)->text;
    size_t index = table->column_count;
    if (strlen(name) > FH_COLUMN_NAME_BYTES_MAX) {
        fh_sql_fail(p, "sql.syntax", "this name is longer than 255 bytes");
        return;
    }
    const struct fh_draft_column *same = fh_draft_column(table, name);
    if (same != NULL && strcmp(same->source, name) == 0) {
        fh_sql_fail(p, "sql.syntax", "the table has a column of this name already");
        return;
    }
    struct fh_draft_column *column = fh_draft_add_column(p->draft, table, name);
    fh_sql_take(p);
    if (column == NULL) {
        fh_sql_out_of_memory(p);
        return;
    }
    read_type(p, column, 0);
    while (p->code == FH_OK && !fh_sql_is_sign(p, 0, ',') && !fh_sql_is_sign(p, 0, ')') &&
           !fh_sql_is_sign(p, 0, ';') && fh_sql_peek(p, 0)->kind != FH_SQL_END) {
        read_promise(p, table, index);
    }
}

/* ---- constraints of a table ---- */

bool fh_sql_at_constraint(struct fh_sql_parser *p)
{
    static const char *const indexes[] = {"KEY", "INDEX", "FULLTEXT", "SPATIAL"};
    if (fh_sql_is(p, 0, "CONSTRAINT") || (fh_sql_is(p, 0, "PRIMARY") && fh_sql_is(p, 1, "KEY")) ||
        (fh_sql_is(p, 0, "FOREIGN") && fh_sql_is(p, 1, "KEY")) ||
        (fh_sql_is(p, 0, "CHECK") && fh_sql_is_sign(p, 1, '(')) ||
        (fh_sql_is(p, 0, "PERIOD") && fh_sql_is(p, 1, "FOR")) || fh_sql_is(p, 0, "EXCLUDE") ||
        (fh_sql_is(p, 0, "UNIQUE") &&
         (fh_sql_is_sign(p, 1, '(') || fh_sql_is(p, 1, "KEY") || fh_sql_is(p, 1, "INDEX") ||
          fh_sql_is(p, 1, "CLUSTERED") || fh_sql_is(p, 1, "NONCLUSTERED") ||
          (fh_sql_is_name(p, 1) && fh_sql_is_sign(p, 2, '('))))) {
        return true;
    }
    /* An index is followed by columns, a column of that name by a type, maybe with a number. */
    for (size_t i = 0; i < FH_COUNT(indexes); i++) {
        if (fh_sql_is(p, 0, indexes[i])) {
            return fh_sql_is_sign(p, 1, '(') ||
                   (fh_sql_is_name(p, 1) &&
                    (fh_sql_is(p, 1, "KEY") || fh_sql_is(p, 1, "INDEX") ||
                     (fh_sql_is_sign(p, 2, '(') && fh_sql_peek(p, 3)->kind != FH_SQL_NUMBER)));
        }
    }
    return false;
}

void fh_sql_unique(struct fh_sql_parser *p,
                   struct fh_draft_table *table,
                   const struct fh_draft_texts *columns)
{
    if (columns->count == 1) {
        struct fh_draft_column *column = fh_draft_column(table, columns->items[0]);
        if (column != NULL) {
            column->is_unique = true;
        }
        return;
    }
    struct fh_buf FH_CLEANUP(fh_buf_fini) line;
    fh_buf_init(&line, 4096);
    fh_buf_add_cstr(&line, "REVIEW: unique together, which no promise of a column says:");
    for (size_t i = 0; i < columns->count; i++) {
        fh_buf_printf(&line, "%s %s", i == 0 ? "" : ",", columns->items[i]);
    }
    if (!fh_draft_add_text(p->draft, &table->notes, fh_buf_cstr(&line))) {
        fh_sql_out_of_memory(p);
    }
}

/* Words between the kind of a constraint and its columns: CLUSTERED, KEY, its name. */
static void skip_to_columns(struct fh_sql_parser *p)
{
    while (p->code == FH_OK && fh_sql_is_name(p, 0)) {
        fh_sql_take(p);
    }
}

static void read_primary_key(struct fh_sql_parser *p, struct fh_draft_table *table)
{
    struct fh_draft_texts columns = {0};
    skip_to_columns(p);
    if (!fh_sql_columns(p, &columns)) {
        return;
    }
    for (size_t i = 0; i < columns.count; i++) {
        struct fh_draft_column *column = fh_draft_column(table, columns.items[i]);
        if (column == NULL) {
            fh_sql_fail(p, "sql.syntax", "the primary key names a column that the table has not");
            return;
        }
        column->key = (unsigned)i + 1;
    }
}

void fh_sql_constraint(struct fh_sql_parser *p, struct fh_draft_table *table)
{
    struct fh_draft_texts columns = {0};
    if (fh_sql_accept(p, "CONSTRAINT") && fh_sql_is_name(p, 0) && !fh_sql_is(p, 0, "CHECK")) {
        fh_sql_take(p);
    }
    if (fh_sql_accept(p, "PRIMARY")) {
        read_primary_key(p, table);
    } else if (fh_sql_accept(p, "UNIQUE")) {
        skip_to_columns(p);
        if (fh_sql_columns(p, &columns)) {
            fh_sql_unique(p, table, &columns);
        }
    } else if (fh_sql_accept(p, "FOREIGN")) {
        skip_to_columns(p);
        (void)fh_sql_columns(p, &columns);
        if (!fh_sql_accept(p, "REFERENCES")) {
            fh_sql_expected(p, "REFERENCES");
            return;
        }
        read_reference(p, table, &columns);
    } else if (fh_sql_accept(p, "CHECK")) {
        fh_sql_check(p, table);
    }
    /* Indexes, ON DELETE, WITH (...), DEFERRABLE and what else follows. */
    while (p->code == FH_OK && !fh_sql_is_sign(p, 0, ',') && !fh_sql_is_sign(p, 0, ')') &&
           !fh_sql_is_sign(p, 0, ';') && fh_sql_peek(p, 0)->kind != FH_SQL_END &&
           !(fh_sql_peek(p, 0)->first && fh_sql_is(p, 0, "GO"))) {
        if (fh_sql_is_sign(p, 0, '(')) {
            fh_sql_skip_brackets(p);
        } else {
            fh_sql_take(p);
        }
    }
}

void fh_sql_element(struct fh_sql_parser *p, struct fh_draft_table *table)
{
    if (fh_sql_at_constraint(p)) {
        fh_sql_constraint(p, table);
    } else if (fh_sql_is(p, 0, "LIKE") && fh_sql_is_name(p, 1)) {
        fh_sql_fail(p, "sql.like", "a table made like another one; write its columns out");
    } else if (fh_sql_is_name(p, 0)) {
        read_column(p, table);
    } else {
        fh_sql_expected(p, "a column");
    }
}
