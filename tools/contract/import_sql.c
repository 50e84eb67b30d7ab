/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a file of SQL definitions. */
#include "tools/contract/import.h"
#include "tools/contract/sql_parse.h"

#include <string.h>

/* Words that begin a statement where the one before has no semicolon (SQL Server). */
static bool begins_statement(struct fh_sql_parser *p)
{
    static const char *const words[] = {"CREATE",
                                        "ALTER",
                                        "COMMENT",
                                        "INSERT",
                                        "DROP",
                                        "GO",
                                        "GRANT",
                                        "COPY",
                                        "UPDATE",
                                        "DELETE",
                                        "USE",
                                        "EXEC"};
    if (!fh_sql_peek(p, 0)->first) {
        return false;
    }
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (fh_sql_is(p, 0, words[i])) {
            return true;
        }
    }
    return false;
}

/* To the end of the statement: its semicolon, or the beginning of the next one. */
static void skip_statement(struct fh_sql_parser *p)
{
    unsigned depth = 0;
    while (p->code == FH_OK && fh_sql_peek(p, 0)->kind != FH_SQL_END) {
        if (depth == 0 && begins_statement(p)) {
            return;
        }
        depth += fh_sql_is_sign(p, 0, '(') ? 1 : 0;
        depth -= fh_sql_is_sign(p, 0, ')') && depth > 0 ? 1 : 0;
        bool over = fh_sql_is_sign(p, 0, ';');
        fh_sql_take(p);
        if (over) {
            return;
        }
    }
}

/* COPY t FROM stdin; and its rows. Nothing may be read ahead of the semicolon. */
static void skip_copy(struct fh_sql_parser *p)
{
    bool from_here = false;
    while (p->code == FH_OK && fh_sql_peek(p, 0)->kind != FH_SQL_END) {
        from_here = from_here || fh_sql_is(p, 0, "STDIN");
        if (fh_sql_is_sign(p, 0, ';')) {
            if (from_here) {
                fh_sql_lex_skip_rows(&p->lexer);
            }
            fh_sql_take(p);
            return;
        }
        fh_sql_take(p);
    }
}

/* ---- CREATE ---- */

static void create_table(struct fh_sql_parser *p)
{
    if (fh_sql_accept(p, "IF")) {
        fh_sql_accept(p, "NOT");
        fh_sql_accept(p, "EXISTS");
    }
    struct fh_sql_name name = fh_sql_name_of(p, "the name of a table");
    if (fh_sql_is(p, 0, "PARTITION")) {
        return; /* a part of a table that is described */
    }
    if (fh_sql_is(p, 0, "AS") || fh_sql_is(p, 0, "SELECT")) {
        fh_sql_fail(p,
                    "sql.create_as",
                    "a table made by a query does not say its columns; write CREATE TABLE with "
                    "columns and types");
        return;
    }
    if (fh_sql_is(p, 0, "LIKE")) {
        fh_sql_fail(p, "sql.like", "a table made like another one; write its columns out");
        return;
    }
    if (!fh_sql_accept_sign(p, '(')) {
        fh_sql_expected(p, "( and columns");
        return;
    }
    struct fh_draft_table *table =
        p->code == FH_OK ? fh_draft_add_table(p->draft, name.schema, name.name) : NULL;
    if (table == NULL) {
        fh_sql_out_of_memory(p);
        return;
    }
    do {
        fh_sql_element(p, table);
    } while (p->code == FH_OK && fh_sql_accept_sign(p, ','));
    if (!fh_sql_accept_sign(p, ')')) {
        fh_sql_expected(p, ", or )");
        return;
    }
    /* MySQL: ... ) ENGINE=InnoDB COMMENT='text' */
    while (p->code == FH_OK && fh_sql_peek(p, 0)->kind != FH_SQL_END &&
           !fh_sql_is_sign(p, 0, ';') && !begins_statement(p)) {
        if (fh_sql_accept(p, "COMMENT")) {
            fh_sql_accept_sign(p, '=');
            if (fh_sql_peek(p, 0)->kind == FH_SQL_STRING && fh_sql_peek(p, 0)->text[0] != 0) {
                table->description = fh_sql_peek(p, 0)->text;
            }
        } else {
            fh_sql_take(p);
        }
    }
}

static void create_index(struct fh_sql_parser *p)
{
    struct fh_draft_texts columns = {0};
    while (p->code == FH_OK && fh_sql_is_name(p, 0) && !fh_sql_is(p, 0, "ON")) {
        fh_sql_take(p);
    }
    if (!fh_sql_accept(p, "ON")) {
        return;
    }
    fh_sql_accept(p, "ONLY");
    struct fh_sql_name name = fh_sql_name_of(p, "the name of a table");
    struct fh_draft_table *table = fh_sql_table(p, &name);
    if (fh_sql_accept(p, "USING")) {
        fh_sql_take(p);
    }
    if (table == NULL || !fh_sql_is_sign(p, 0, '(')) {
        return;
    }
    bool plain = fh_sql_columns(p, &columns);
    while (p->code == FH_OK && fh_sql_peek(p, 0)->kind != FH_SQL_END &&
           !fh_sql_is_sign(p, 0, ';') && !begins_statement(p)) {
        plain = plain && !fh_sql_is(p, 0, "WHERE");
        fh_sql_take(p);
    }
    if (plain && columns.count > 0) {
        fh_sql_unique(p, table, &columns);
    }
}

static void create_type(struct fh_sql_parser *p)
{
    struct fh_sql_name name = fh_sql_name_of(p, "the name of a type");
    if (!fh_sql_accept(p, "AS") || !fh_sql_accept(p, "ENUM") || !fh_sql_accept_sign(p, '(')) {
        return;
    }
    if (p->enum_count == p->enum_capacity) {
        size_t wanted = p->enum_capacity * 2 + 8;
        struct fh_sql_enum *moved = fh_arena_array(p->draft->arena, wanted, sizeof *moved);
        if (moved == NULL) {
            fh_sql_out_of_memory(p);
            return;
        }
        if (p->enum_count > 0) {
            memcpy(moved, p->enums, p->enum_count * sizeof *moved);
        }
        p->enums = moved;
        p->enum_capacity = wanted;
    }
    struct fh_sql_enum *made = &p->enums[p->enum_count++];
    made->name = name.name;
    fh_sql_strings(p, &made->values);
}

static void create(struct fh_sql_parser *p)
{
    static const char *const kinds[] = {"OR",
                                        "REPLACE",
                                        "GLOBAL",
                                        "LOCAL",
                                        "TEMP",
                                        "TEMPORARY",
                                        "FOREIGN",
                                        "UNLOGGED",
                                        "EXTERNAL",
                                        "TRANSIENT",
                                        "COLUMN",
                                        "ROW"};
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < FH_COUNT(kinds); i++) {
            more = fh_sql_accept(p, kinds[i]) || more;
        }
    }
    if (fh_sql_accept(p, "TABLE")) {
        create_table(p);
    } else if (fh_sql_accept(p, "TYPE")) {
        create_type(p);
    } else if (fh_sql_accept(p, "UNIQUE")) {
        create_index(p);
    }
}

/* ---- ALTER, COMMENT ---- */

static void alter_action(struct fh_sql_parser *p, struct fh_draft_table *table)
{
    if (fh_sql_accept(p, "WITH")) { /* SQL Server: WITH CHECK ADD */
        fh_sql_take(p);
    }
    if (fh_sql_accept(p, "ADD")) {
        fh_sql_accept(p, "COLUMN");
        fh_sql_element(p, table);
    } else if (fh_sql_accept(p, "ALTER")) {
        fh_sql_accept(p, "COLUMN");
        struct fh_draft_column *column =
            fh_sql_is_name(p, 0) ? fh_draft_column(table, fh_sql_peek(p, 0)->text) : NULL;
        fh_sql_take(p);
        if (column != NULL && fh_sql_is(p, 0, "SET") && fh_sql_is(p, 1, "NOT") &&
            fh_sql_is(p, 2, "NULL")) {
            column->is_required = true;
        }
    }
    while (p->code == FH_OK && fh_sql_peek(p, 0)->kind != FH_SQL_END &&
           !fh_sql_is_sign(p, 0, ',') && !fh_sql_is_sign(p, 0, ';') && !begins_statement(p)) {
        if (fh_sql_is_sign(p, 0, '(')) {
            fh_sql_skip_brackets(p);
        } else {
            fh_sql_take(p);
        }
    }
}

static void alter_table(struct fh_sql_parser *p)
{
    if (fh_sql_accept(p, "IF")) {
        fh_sql_accept(p, "EXISTS");
    }
    fh_sql_accept(p, "ONLY");
    struct fh_sql_name name = fh_sql_name_of(p, "the name of a table");
    struct fh_draft_table *table = fh_sql_table(p, &name);
    if (table != NULL) {
        do {
            alter_action(p, table);
        } while (p->code == FH_OK && fh_sql_accept_sign(p, ','));
    }
}

/* COMMENT ON COLUMN [schema.]table.column IS 'text' */
static void comment_on_column(struct fh_sql_parser *p)
{
    const char *parts[3] = {"", "", ""};
    do {
        if (!fh_sql_is_name(p, 0)) {
            fh_sql_expected(p, "the name of a column");
            return;
        }
        parts[0] = parts[1];
        parts[1] = parts[2];
        parts[2] = fh_sql_peek(p, 0)->text;
        fh_sql_take(p);
    } while (fh_sql_accept_sign(p, '.'));
    struct fh_sql_name name = {.schema = parts[0], .name = parts[1]};
    struct fh_draft_table *table = fh_sql_table(p, &name);
    struct fh_draft_column *column = table == NULL ? NULL : fh_draft_column(table, parts[2]);
    if (column != NULL && fh_sql_accept(p, "IS") && fh_sql_peek(p, 0)->kind == FH_SQL_STRING &&
        fh_sql_peek(p, 0)->text[0] != 0) {
        column->description = fh_sql_peek(p, 0)->text;
    }
}

static void comment_on(struct fh_sql_parser *p)
{
    if (!fh_sql_accept(p, "ON")) {
        return;
    }
    if (fh_sql_accept(p, "COLUMN")) {
        comment_on_column(p);
    } else if (fh_sql_accept(p, "TABLE") || fh_sql_accept(p, "VIEW")) {
        struct fh_sql_name name = fh_sql_name_of(p, "the name of a table");
        struct fh_draft_table *table = fh_sql_table(p, &name);
        if (table != NULL && fh_sql_accept(p, "IS") && fh_sql_peek(p, 0)->kind == FH_SQL_STRING &&
            fh_sql_peek(p, 0)->text[0] != 0) {
            table->description = fh_sql_peek(p, 0)->text;
        }
    }
}

/* ---- all of it ---- */

static void statement(struct fh_sql_parser *p)
{
    if (fh_sql_accept(p, "CREATE")) {
        create(p);
    } else if (fh_sql_is(p, 0, "ALTER") && fh_sql_is(p, 1, "TABLE")) {
        fh_sql_take(p);
        fh_sql_take(p);
        alter_table(p);
    } else if (fh_sql_accept(p, "COMMENT")) {
        comment_on(p);
    } else if (fh_sql_accept(p, "COPY")) {
        skip_copy(p);
        return;
    } else {
        fh_sql_take(p);
    }
    skip_statement(p);
}

int fh_import_sql(struct fh_draft *draft, struct fh_bytes text, struct fh_err *err)
{
    struct fh_sql_parser p = {.draft = draft, .err = err};
    size_t before = draft->table_count;
    if (!fh_utf8_valid(text)) {
        return fh_err_rule(err, FH_EINVAL, "sql.syntax", "this is no SQL text: it is not UTF-8");
    }
    fh_sql_lex_init(&p.lexer, text, draft->arena);
    while (p.code == FH_OK && fh_sql_peek(&p, 0)->kind != FH_SQL_END) {
        statement(&p);
    }
    if (p.code == FH_OK && draft->table_count == before) {
        return fh_err_rule(
            err, FH_EINVAL, "sql.tables", "there is no CREATE TABLE in it; nothing to draft from");
    }
    return p.code;
}
