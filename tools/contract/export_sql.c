/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CREATE TABLE statements. Patterns are left out: ECMA-262 is no dialect's own. A foreign key needs
 * a key on the other side, in a table of this contract; others become comments.
 */
#include "tools/contract/export.h"
#include "tools/contract/sql_words.h"

#include "common/compiler.h"
#include "common/limits.h"
#include "common/mem.h"
#include "proto/contract/sql_type.h"

#include <stdlib.h>
#include <string.h>

enum progress { NEW, OPEN, WRITTEN };

struct sql {
    struct fh_buf *out;
    const struct fh_contract *contract;
    enum fh_export_dialect dialect;
    enum progress *progress; /* by table, so that references point backwards */
};

static bool is_type(const struct fh_contract_column *column, const char *type)
{
    return column->logical_type != NULL && strcmp(column->logical_type, type) == 0;
}

/* --- checks of one column --- */

/* Each line of a table's body starts alike. */
static void start_line(struct sql *sql)
{
    fh_buf_add_cstr(sql->out, ",\n    ");
}

static void add_check(struct sql *sql,
                      const struct fh_contract_column *column,
                      const char *function,
                      const char *
                      operator)
{
    start_line(sql);
    fh_buf_printf(sql->out, "CHECK (%s%s", function, function[0] == '\0' ? "" : "(");
    fh_sql_name(sql->out, fh_sql_column_name(column));
    fh_buf_printf(sql->out, "%s %s ", function[0] == '\0' ? "" : ")", operator);
}

static bool is_date(const char *text)
{
    static const char shape[] = "0000-00-00";
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i]) {
            return false;
        }
    }
    return true;
}

/* A number for numbers; for dates and timestamps what starts as ISO 8601 does. */
static void add_bound(struct sql *sql,
                      const struct fh_contract_column *column,
                      const struct fh_doc_node *value,
                      const char *
                      operator)
{
    if (value == NULL) {
        return;
    }
    bool is_number = fh_doc_type(value) == FH_DOC_TYPE_NUMBER &&
                     (is_type(column, "integer") || is_type(column, "number"));
    bool is_day = fh_doc_type(value) == FH_DOC_TYPE_STRING && is_date(value->text) &&
                  value->text[10] == '\0' &&
                  (is_type(column, "date") || is_type(column, "timestamp"));
    if (is_number || is_day) {
        add_check(sql, column, "", operator);
        fh_buf_add_cstr(sql->out, is_day ? "DATE " : "");
        fh_sql_literal(sql->out, value);
        fh_buf_add_cstr(sql->out, ")");
    }
}

static bool is_flag(const struct fh_doc_node *node)
{
    bool flag = false;
    return node != NULL && fh_doc_bool(node, &flag) && flag;
}

static void add_size(struct sql *sql,
                     const struct fh_contract_column *column,
                     const char *function,
                     const struct fh_contract_int *value,
                     const char *
                     operator)
{
    if (value->is_set) {
        add_check(sql, column, function, operator);
        fh_buf_printf(sql->out, "%lld)", (long long)value->value);
    }
}

/* Not for bytes, of which a length is another thing. */
static bool is_text(const struct fh_contract_column *column)
{
    char type[FH_SQL_TYPE_BYTES];
    struct fh_err err;
    return is_type(column, "string") && fh_contract_sql_type(column, type, &err) == FH_OK &&
           strcmp(type, "VARCHAR") == 0;
}

static void add_option_checks(struct sql *sql, const struct fh_contract_column *column)
{
    const struct fh_contract_options *options = column->options;
    const char *entries = sql->dialect == FH_EXPORT_DUCKDB ? "len" : "cardinality";
    add_bound(sql, column, options->minimum, is_flag(options->exclusive_minimum) ? ">" : ">=");
    add_bound(sql, column, options->exclusive_minimum, ">");
    add_bound(sql, column, options->maximum, is_flag(options->exclusive_maximum) ? "<" : "<=");
    add_bound(sql, column, options->exclusive_maximum, "<");
    if (is_text(column)) {
        add_size(sql, column, "length", &options->min_length, ">=");
        add_size(sql, column, "length", &options->max_length, "<=");
    }
    if (column->items != NULL) {
        add_size(sql, column, entries, &options->min_items, ">=");
        add_size(sql, column, entries, &options->max_items, "<=");
    }
    if (is_type(column, "integer") && options->multiple_of != NULL &&
        strchr(options->multiple_of, '.') == NULL) {
        start_line(sql);
        fh_buf_add_cstr(sql->out, "CHECK (");
        fh_sql_name(sql->out, fh_sql_column_name(column));
        fh_buf_printf(sql->out, " %% %s = 0)", options->multiple_of);
    }
}

static void add_enum_check(struct sql *sql, const struct fh_contract_column *column)
{
    bool is_first = true;
    for (size_t i = 0; i < column->enum_values.count; i++) {
        const struct fh_doc_node *value = column->enum_values.items[i].value;
        if (fh_doc_type(value) == FH_DOC_TYPE_NULL) {
            continue; /* NULL passes every check */
        }
        if (is_first) {
            add_check(sql, column, "", "IN");
        }
        fh_buf_add_cstr(sql->out, is_first ? "(" : ", ");
        if (is_type(column, "string")) {
            fh_sql_text(sql->out, value->text); /* also 1 and true are texts then */
        } else {
            fh_sql_literal(sql->out, value);
        }
        is_first = false;
    }
    fh_buf_add_cstr(sql->out, is_first ? "" : "))");
}

/* --- keys --- */

/* Whether `column` stands before `other` in the primary key. */
static int key_order(const void *a, const void *b)
{
    const struct fh_contract_column *left = *(const struct fh_contract_column *const *)a;
    const struct fh_contract_column *right = *(const struct fh_contract_column *const *)b;
    int64_t first =
        left->primary_key_position.is_set ? left->primary_key_position.value : INT64_MAX;
    int64_t second =
        right->primary_key_position.is_set ? right->primary_key_position.value : INT64_MAX;
    if (first != second) {
        return first < second ? -1 : 1;
    }
    return left < right ? -1 : left > right; /* of one array */
}

static void add_primary_key(struct sql *sql, const struct fh_contract_table *table)
{
    const struct fh_contract_column *key[FH_CONTRACT_COLUMNS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < table->columns.count && count < FH_COUNT(key); i++) {
        if (table->columns.items[i].primary_key == FH_CONTRACT_TRUE) {
            key[count++] = &table->columns.items[i];
        }
    }
    if (count == 0) {
        return;
    }
    qsort(key, count, sizeof key[0], key_order);
    start_line(sql);
    fh_buf_add_cstr(sql->out, "PRIMARY KEY (");
    for (size_t i = 0; i < count; i++) {
        fh_buf_add_cstr(sql->out, i == 0 ? "" : ", ");
        fh_sql_name(sql->out, fh_sql_column_name(key[i]));
    }
    fh_buf_add_cstr(sql->out, ")");
}

static size_t key_size(const struct fh_contract_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < table->columns.count; i++) {
        count += table->columns.items[i].primary_key == FH_CONTRACT_TRUE;
    }
    return count;
}

/* --- foreign keys --- */

/* One side of a relationship: a table of this contract and its columns. */
struct side {
    const struct fh_contract_table *table;
    const struct fh_contract_column *columns[8];
    size_t count;
};

/* Looks up "table.column" references; false when one is of another form, table or contract. */
static bool
find_side(const struct fh_contract *contract, const struct fh_contract_refs *refs, struct side *out)
{
    *out = (struct side){0};
    for (size_t i = 0; i < refs->count && i < FH_COUNT(out->columns); i++) {
        char name[FH_NAME_BYTES_MAX + 1];
        const char *dot = strchr(refs->items[i], '.');
        if (dot == NULL || (size_t)(dot - refs->items[i]) > FH_NAME_BYTES_MAX) {
            return false;
        }
        memcpy(name, refs->items[i], (size_t)(dot - refs->items[i]));
        name[dot - refs->items[i]] = '\0';
        const struct fh_contract_table *table = fh_contract_table(contract, name);
        const struct fh_contract_column *column =
            table == NULL ? NULL : fh_contract_column(table, dot + 1);
        if (column == NULL || (out->table != NULL && out->table != table)) {
            return false;
        }
        out->table = table;
        out->columns[out->count++] = column;
    }
    return out->count > 0 && out->count == refs->count;
}

/* Whether the columns are the whole primary key, or one that is unique. */
static bool is_key(const struct side *side)
{
    if (side->count == 1 && side->columns[0]->unique == FH_CONTRACT_TRUE &&
        side->columns[0]->primary_key != FH_CONTRACT_TRUE) {
        return true;
    }
    for (size_t i = 0; i < side->count; i++) {
        if (side->columns[i]->primary_key != FH_CONTRACT_TRUE) {
            return false;
        }
    }
    return key_size(side->table) == side->count;
}

static void add_columns(struct fh_buf *out, const struct side *side)
{
    fh_buf_add_cstr(out, "(");
    for (size_t i = 0; i < side->count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        fh_sql_name(out, fh_sql_column_name(side->columns[i]));
    }
    fh_buf_add_cstr(out, ")");
}

/* A foreign key has one type on both sides. */
static bool have_one_type(const struct sql *sql, const struct side *from, const struct side *to)
{
    bool is_same = from->count == to->count;
    for (size_t i = 0; is_same && i < from->count; i++) {
        struct fh_buf left FH_CLEANUP(fh_buf_fini);
        struct fh_buf right FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&left, FH_CONTRACT_BYTES_MAX);
        fh_buf_init(&right, FH_CONTRACT_BYTES_MAX);
        fh_sql_type(&left, from->columns[i], sql->dialect);
        fh_sql_type(&right, to->columns[i], sql->dialect);
        is_same = fh_bytes_equal(fh_buf_view(&left), fh_buf_view(&right));
    }
    return is_same;
}

typedef void relation_fn(struct sql *sql, const struct side *from, const struct side *to);

/* Calls `visit` with every relationship of the table that can be a foreign key. */
static void
each_relation(struct sql *sql, const struct fh_contract_table *table, relation_fn *visit)
{
    struct side from;
    struct side to;
    for (size_t i = 0; i < table->relationships.count; i++) {
        const struct fh_contract_relationship *relation = &table->relationships.items[i];
        if (find_side(sql->contract, &relation->from, &from) && from.table == table &&
            find_side(sql->contract, &relation->to, &to) && is_key(&to) &&
            have_one_type(sql, &from, &to)) {
            visit(sql, &from, &to);
        }
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct fh_contract_column *column = &table->columns.items[i];
        for (size_t k = 0; k < column->relationships.count; k++) {
            from = (struct side){.table = table, .columns = {column}, .count = 1};
            if (find_side(sql->contract, &column->relationships.items[k].to, &to) && is_key(&to) &&
                have_one_type(sql, &from, &to)) {
                visit(sql, &from, &to);
            }
        }
    }
}

static bool is_ready(const struct sql *sql, const struct side *from, const struct side *to)
{
    return from->table == to->table ||
           sql->progress[to->table - sql->contract->tables.items] == WRITTEN;
}

/* DuckDB adds no foreign key later: it stands in the table, which comes behind what it refers to.
 */
static void add_foreign_key(struct sql *sql, const struct side *from, const struct side *to)
{
    if (sql->dialect != FH_EXPORT_DUCKDB || !is_ready(sql, from, to)) {
        return;
    }
    start_line(sql);
    fh_buf_add_cstr(sql->out, "FOREIGN KEY ");
    add_columns(sql->out, from);
    fh_buf_add_cstr(sql->out, " REFERENCES ");
    fh_sql_name(sql->out, fh_sql_table_name(to->table));
    fh_buf_add_cstr(sql->out, " ");
    add_columns(sql->out, to);
}

static void alter_foreign_key(struct sql *sql, const struct side *from, const struct side *to)
{
    fh_buf_add_cstr(sql->out, "ALTER TABLE ");
    fh_sql_name(sql->out, fh_sql_table_name(from->table));
    fh_buf_add_cstr(sql->out, " ADD FOREIGN KEY ");
    add_columns(sql->out, from);
    fh_buf_add_cstr(sql->out, " REFERENCES ");
    fh_sql_name(sql->out, fh_sql_table_name(to->table));
    fh_buf_add_cstr(sql->out, " ");
    add_columns(sql->out, to);
    fh_buf_add_cstr(sql->out, ";\n");
}

/* --- tables --- */

static void add_comment(struct sql *sql,
                        const struct fh_contract_table *table,
                        const struct fh_contract_column *column,
                        const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }
    fh_buf_printf(sql->out, "COMMENT ON %s ", column == NULL ? "TABLE" : "COLUMN");
    fh_sql_name(sql->out, fh_sql_table_name(table));
    if (column != NULL) {
        fh_buf_add_cstr(sql->out, ".");
        fh_sql_name(sql->out, fh_sql_column_name(column));
    }
    fh_buf_add_cstr(sql->out, " IS ");
    fh_sql_text(sql->out, text);
    fh_buf_add_cstr(sql->out, ";\n");
}

static void add_column(struct sql *sql, const struct fh_contract_column *column, bool is_first)
{
    fh_buf_add_cstr(sql->out, is_first ? "\n    " : ",\n    ");
    fh_sql_name(sql->out, fh_sql_column_name(column));
    fh_buf_add_u8(sql->out, ' ');
    fh_sql_type(sql->out, column, sql->dialect);
    if (column->required == FH_CONTRACT_TRUE || column->primary_key == FH_CONTRACT_TRUE) {
        fh_buf_add_cstr(sql->out, " NOT NULL");
    }
    if (column->unique == FH_CONTRACT_TRUE && column->primary_key != FH_CONTRACT_TRUE) {
        fh_buf_add_cstr(sql->out, " UNIQUE");
    }
}

static void add_body(struct sql *sql, const struct fh_contract_table *table)
{
    bool is_first = true;
    for (size_t i = 0; i < table->columns.count; i++) {
        if (!fh_export_is_computed(&table->columns.items[i])) {
            add_column(sql, &table->columns.items[i], is_first);
            is_first = false;
        }
    }
    add_primary_key(sql, table);
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct fh_contract_column *column = &table->columns.items[i];
        if (fh_export_is_computed(column)) {
            continue;
        }
        if (column->options != NULL) {
            add_option_checks(sql, column);
        }
        add_enum_check(sql, column);
    }
    each_relation(sql, table, add_foreign_key);
}

static void add_table(struct sql *sql, const struct fh_contract_table *table)
{
    size_t stored = 0;
    for (size_t i = 0; i < table->columns.count; i++) {
        stored += !fh_export_is_computed(&table->columns.items[i]);
    }
    if (stored == 0) {
        fh_buf_add_cstr(sql->out, "-- A table without columns is left out.\n\n");
        return;
    }
    fh_buf_add_cstr(sql->out, "CREATE TABLE ");
    fh_sql_name(sql->out, fh_sql_table_name(table));
    fh_buf_add_cstr(sql->out, " (");
    add_body(sql, table);
    fh_buf_add_cstr(sql->out, "\n);\n");
    add_comment(sql, table, NULL, table->description);
    for (size_t i = 0; i < table->columns.count; i++) {
        if (!fh_export_is_computed(&table->columns.items[i])) {
            add_comment(sql, table, &table->columns.items[i], table->columns.items[i].description);
        }
    }
    fh_buf_add_cstr(sql->out, "\n");
}

static void add_behind_others(struct sql *sql, const struct fh_contract_table *table);

static void add_target(struct sql *sql, const struct side *from, const struct side *to)
{
    (void)from;
    add_behind_others(sql, to->table);
}

/* Depth first: what the table refers to comes before it. In a circle the reference back is lost. */
static void add_behind_others(struct sql *sql, const struct fh_contract_table *table)
{
    enum progress *progress = &sql->progress[table - sql->contract->tables.items];
    if (*progress == NEW) {
        *progress = OPEN;
        each_relation(sql, table, add_target);
        add_table(sql, table);
        *progress = WRITTEN;
    }
}

int fh_export_sql(struct fh_buf *out,
                  const struct fh_contract *contract,
                  const struct fh_export_options *options,
                  struct fh_err *err)
{
    if (contract->tables.count == 0) {
        return fh_err_rule(
            err, FH_ECHECK, "export.tables", "the contract has no table under schema");
    }
    struct sql sql = {.out = out, .contract = contract, .dialect = options->dialect};
    sql.progress = fh_calloc(contract->tables.count, sizeof *sql.progress);
    if (sql.progress == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for %zu tables", contract->tables.count);
    }
    if (options->table != NULL) {
        add_table(&sql, fh_contract_table(contract, options->table));
    }
    for (size_t i = 0; options->table == NULL && i < contract->tables.count; i++) {
        add_behind_others(&sql, &contract->tables.items[i]);
    }
    for (size_t i = 0; options->table == NULL && options->dialect == FH_EXPORT_POSTGRES &&
                       i < contract->tables.count;
         i++) {
        each_relation(&sql, &contract->tables.items[i], alter_foreign_key);
    }
    fh_free(sql.progress);
    return FH_OK;
}
