/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/source_files.h"

#include "node/worker/fault.h"
#include "node/worker/sql.h"

#include <string.h>

enum { SQL_BYTES_MAX = 4 * 1024 * 1024 };

const char *fh_source_column(const struct fh_column *column)
{
    return column->source[0] != 0 ? column->source : column->name;
}

void fh_source_value(struct fh_buf *out, const struct fh_column *column, bool attempt)
{
    fh_buf_add_cstr(out, attempt ? "TRY_CAST(" : "CAST(");
    fh_sql_name(out, fh_source_column(column));
    fh_buf_add_cstr(out, " AS ");
    fh_sql_type(out, column->type);
    fh_buf_add_u8(out, ')');
}

static void put_files(struct fh_buf *out, const int *slots, unsigned count)
{
    fh_buf_add_u8(out, '[');
    for (unsigned i = 0; i < count; i++) {
        fh_buf_printf(out, "%s'/proc/self/fd/%d'", i == 0 ? "" : ", ", slots[i]);
    }
    fh_buf_add_u8(out, ']');
}

/* Runs a statement of ours whose result is text columns; the caller destroys the result. */
static int
ask(duckdb_connection connection, struct fh_buf *sql, duckdb_result *out, struct fh_err *err)
{
    int code = fh_buf_ok(sql);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the statement about a source is too long");
    }
    if (duckdb_query(connection, fh_buf_cstr(sql), out) == DuckDBError) {
        struct fh_fault fault;
        fh_fault_read(&fault, duckdb_result_error(out), FH_FAULT_SOURCE);
        duckdb_destroy_result(out);
        return fh_err_rule(err,
                           FH_EINVAL,
                           "source.read",
                           "the source cannot be read as its format says (%s)",
                           fault.err.text);
    }
    return FH_OK;
}

static struct fh_bytes text_at(duckdb_vector vector, idx_t row)
{
    union {
        void *any;
        duckdb_string_t *strings;
    } data = {.any = duckdb_vector_get_data(vector)};
    duckdb_string_t *value = &data.strings[row];
    return fh_bytes(duckdb_string_t_data(value), duckdb_string_t_length(*value));
}

/* Calls `fn` for each row of text of the first column. */
typedef void text_fn(struct fh_bytes text, void *user);

static void each_text(duckdb_result *result, text_fn *fn, void *user)
{
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(*result)) != NULL;) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
        for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
            fn(text_at(vector, row), user);
        }
        duckdb_destroy_data_chunk(&chunk);
    }
}

struct match {
    const struct fh_table *table;
    struct fh_source *source;
    struct fh_buf *csv_columns; /* {'name': 'VARCHAR', ...} in file order, or NULL */
    char *delimiter;            /* CSV: stands in front of each name */
    unsigned seen;
};

static void match_column(struct fh_bytes name, void *user)
{
    struct match *m = user;
    if (m->delimiter != NULL && name.size > 0) {
        m->delimiter[0] = (char)name.data[0];
        name = fh_bytes(name.data + 1, name.size - 1);
    }
    for (uint32_t i = 0; i < m->table->column_count; i++) {
        const char *wanted = fh_source_column(&m->table->columns[i]);
        if (fh_bytes_equal_cstr(name, wanted) && m->source->missing.data[i] != 0) {
            m->source->missing.data[i] = 0;
            m->source->missing_count--;
        }
    }
    if (m->csv_columns != NULL) {
        char copy[FH_COLUMN_NAME_BYTES_MAX + 1];
        size_t size = name.size < sizeof copy - 1 ? name.size : sizeof copy - 1;
        memcpy(copy, name.data, size);
        copy[size] = 0;
        fh_buf_add_cstr(m->csv_columns, m->seen == 0 ? "" : ", ");
        fh_sql_text(m->csv_columns, copy);
        fh_buf_add_cstr(m->csv_columns, ": 'VARCHAR'");
    }
    m->seen++;
}

/* Matches the names that `sql` returns with the table's columns. */
static int
match_names(struct match *m, duckdb_connection connection, struct fh_buf *sql, struct fh_err *err)
{
    duckdb_result result;
    int code = ask(connection, sql, &result, err);
    if (code == FH_OK) {
        each_text(&result, match_column, m);
        duckdb_destroy_result(&result);
    }
    return code;
}

static int open_parquet(struct fh_source *source,
                        duckdb_connection connection,
                        const struct fh_table *table,
                        const int *slots,
                        struct fh_buf *sql,
                        struct fh_err *err)
{
    fh_buf_add_cstr(&source->relation, "read_parquet(");
    put_files(&source->relation, slots, table->file_count);
    fh_buf_add_u8(&source->relation, ')');
    fh_buf_printf(sql, "DESCRIBE SELECT * FROM %s", fh_buf_cstr(&source->relation));
    struct match m = {.table = table, .source = source};
    return match_names(&m, connection, sql, err);
}

static int open_csv(struct fh_source *source,
                    duckdb_connection connection,
                    const struct fh_table *table,
                    const int *slots,
                    struct fh_buf *sql,
                    struct fh_err *err)
{
    struct fh_buf columns;
    char delimiter[2] = ",";
    struct match m = {.table = table, .source = source, .csv_columns = &columns};
    m.delimiter = delimiter;
    fh_buf_init(&columns, SQL_BYTES_MAX);
    /* Without the candidates DuckDB guesses the types of all columns too, three times the work. */
    fh_buf_printf(sql,
                  "SELECT Delimiter || unnest(Columns).name FROM sniff_csv('/proc/self/fd/%d', "
                  "all_varchar=true, auto_type_candidates=['VARCHAR'], header=true, quote='\"', "
                  "escape='\"')",
                  slots[0]);
    int code = match_names(&m, connection, sql, err);
    if (code == FH_OK) {
        fh_buf_add_cstr(&source->relation, "read_csv(");
        put_files(&source->relation, slots, table->file_count);
        fh_buf_printf(&source->relation,
                      ", auto_detect=false, header=true, quote='\"', escape='\"', columns={%s}, "
                      "delim=",
                      fh_buf_cstr(&columns));
        fh_sql_text(&source->relation, delimiter);
        fh_buf_add_u8(&source->relation, ')');
    }
    fh_buf_fini(&columns);
    return code;
}

static int open_json(struct fh_source *source,
                     duckdb_connection connection,
                     const struct fh_table *table,
                     const int *slots,
                     bool deep,
                     struct fh_buf *sql,
                     struct fh_err *err)
{
    fh_buf_add_cstr(&source->relation, "read_json(");
    put_files(&source->relation, slots, table->file_count);
    fh_buf_add_cstr(&source->relation, ", columns={");
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct fh_column *column = &table->columns[i];
        fh_buf_add_cstr(&source->relation, i == 0 ? "" : ", ");
        fh_sql_text(&source->relation, fh_source_column(column));
        fh_buf_add_cstr(&source->relation,
                        column->type.code == FH_TYPE_JSON ? ": 'JSON'" : ": 'VARCHAR'");
    }
    fh_buf_add_cstr(&source->relation, "})");
    if (deep) {
        fh_buf_add_cstr(sql, "DESCRIBE SELECT * FROM read_json(");
        put_files(sql, slots, table->file_count);
        fh_buf_add_cstr(sql, ", sample_size=-1, map_inference_threshold=-1)");
        struct match m = {.table = table, .source = source};
        return match_names(&m, connection, sql, err);
    }
    memset(source->missing.data, 0, source->missing.size);
    source->missing_count = 0;
    return FH_OK;
}

int fh_source_open(struct fh_source *out,
                   duckdb_connection connection,
                   const struct fh_table *table,
                   const int *slots,
                   bool deep,
                   struct fh_err *err)
{
    struct fh_source source = {.format = table->format, .missing_count = table->column_count};
    struct fh_buf sql;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_init(&source.relation, SQL_BYTES_MAX);
    fh_buf_init(&source.missing, FH_BATCH_COLUMNS_MAX);
    for (uint32_t i = 0; i < table->column_count; i++) {
        fh_buf_add_u8(&source.missing, 1);
    }
    int code = FH_OK;
    switch (table->format) {
    case FH_SOURCE_PARQUET:
        code = open_parquet(&source, connection, table, slots, &sql, err);
        break;
    case FH_SOURCE_CSV:
        code = open_csv(&source, connection, table, slots, &sql, err);
        break;
    case FH_SOURCE_JSON:
        code = open_json(&source, connection, table, slots, deep, &sql, err);
        break;
    case FH_SOURCE_REMOTE:
    case FH_SOURCE_BARRIER:
    case FH_SOURCE_FORMAT_COUNT:
        code = fh_err_set(err, FH_EINVAL, "not a source of files");
        break;
    }
    if (code == FH_OK) {
        code = fh_buf_ok(&source.relation);
    }
    fh_buf_fini(&sql);
    if (code != FH_OK) {
        fh_source_fini(&source);
        return code;
    }
    *out = source;
    return FH_OK;
}

void fh_source_fini(struct fh_source *source)
{
    fh_buf_fini(&source->relation);
    fh_buf_fini(&source->missing);
}
