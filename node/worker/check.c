/* SPDX-License-Identifier: Apache-2.0 */
/* CHECK: a source against the columns promised for it, by at most one scan of rows and, for JSON,
 * one of keys. */
#include "node/worker/fault.h"
#include "node/worker/run.h"
#include "node/worker/source_files.h"
#include "node/worker/sql.h"

#include <string.h>

enum { SQL_BYTES_MAX = 4 * 1024 * 1024 };

/* One counted number of the query, and the finding that it would be. */
struct probe {
    uint32_t column;
    enum fh_finding_rule rule;
};

enum { PROBES_MAX = FH_BATCH_COLUMNS_MAX * 3 + 2, FINDINGS_MAX = FH_BATCH_COLUMNS_MAX * 4 + 1 };

struct plan {
    const struct fh_table *table;
    const struct fh_source *source;
    struct fh_buf sql;
    struct probe *probes;
    uint32_t probe_count;
};

static void add_probe(struct plan *plan, uint32_t column, enum fh_finding_rule rule)
{
    plan->probes[plan->probe_count++] = (struct probe){.column = column, .rule = rule};
    fh_buf_add_cstr(&plan->sql, ", ");
}

static bool missing(const struct plan *plan, uint32_t column)
{
    return plan->source->missing.data[column] != 0;
}

static void probe_column(struct plan *plan, uint32_t i)
{
    const struct fh_column *column = &plan->table->columns[i];
    const char *source = fh_source_column(column);
    add_probe(plan, i, FH_FINDING_TYPE);
    fh_buf_add_cstr(&plan->sql, "count(*) FILTER (WHERE ");
    fh_sql_name(&plan->sql, source);
    fh_buf_add_cstr(&plan->sql, " IS NOT NULL AND ");
    fh_source_value(&plan->sql, column, true);
    fh_buf_add_cstr(&plan->sql, " IS NULL)");
    if ((column->flags & (FH_COLUMN_REQUIRED | FH_COLUMN_KEY)) != 0) {
        add_probe(plan, i, FH_FINDING_REQUIRED);
        fh_buf_add_cstr(&plan->sql, "count(*) FILTER (WHERE ");
        fh_sql_name(&plan->sql, source);
        fh_buf_add_cstr(&plan->sql, " IS NULL)");
    }
    if ((column->flags & FH_COLUMN_UNIQUE) != 0) {
        add_probe(plan, i, FH_FINDING_UNIQUE);
        fh_buf_add_cstr(&plan->sql, "count(");
        fh_sql_name(&plan->sql, source);
        fh_buf_add_cstr(&plan->sql, ") - count(DISTINCT ");
        fh_sql_name(&plan->sql, source);
        fh_buf_add_cstr(&plan->sql, ")");
    }
}

/* Rows whose whole key came before; a key with a column that is missing is not looked at. */
static void probe_key(struct plan *plan)
{
    uint32_t first = 0;
    uint32_t parts = 0;
    for (uint32_t i = 0; i < plan->table->column_count; i++) {
        if ((plan->table->columns[i].flags & FH_COLUMN_KEY) != 0) {
            first = parts == 0 ? i : first;
            parts++;
            if (missing(plan, i)) {
                return;
            }
        }
    }
    if (parts == 0) {
        return;
    }
    add_probe(plan, first, FH_FINDING_KEY);
    fh_buf_add_cstr(&plan->sql, "count(*) - count(DISTINCT row(");
    const char *comma = "";
    for (uint32_t i = 0; i < plan->table->column_count; i++) {
        if ((plan->table->columns[i].flags & FH_COLUMN_KEY) != 0) {
            fh_buf_add_cstr(&plan->sql, comma);
            fh_sql_name(&plan->sql, fh_source_column(&plan->table->columns[i]));
            comma = ", ";
        }
    }
    fh_buf_add_cstr(&plan->sql, "))");
}

static void build(struct plan *plan)
{
    fh_buf_add_cstr(&plan->sql, "SELECT count(*)");
    for (uint32_t i = 0; i < plan->table->column_count; i++) {
        if (!missing(plan, i)) {
            probe_column(plan, i);
        }
    }
    probe_key(plan);
    fh_buf_add_cstr(&plan->sql, " FROM ");
    fh_buf_add_bytes(&plan->sql, fh_buf_view(&plan->source->relation));
}

/* Runs the counting query and turns counts above zero into findings. */
static int count_rows(struct plan *plan,
                      duckdb_connection connection,
                      struct fh_channel_checked *checked,
                      struct fh_finding *findings,
                      struct fh_err *err)
{
    duckdb_result result;
    int code = fh_buf_ok(&plan->sql);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the contract has too many columns to check at once");
    }
    if (duckdb_query(connection, fh_buf_cstr(&plan->sql), &result) == DuckDBError) {
        struct fh_fault fault;
        fh_fault_read(&fault, duckdb_result_error(&result), FH_FAULT_SOURCE);
        duckdb_destroy_result(&result);
        return fh_err_rule(err,
                           fault.err.code == FH_ECANCELLED ? FH_ECANCELLED : FH_EINVAL,
                           "source.read",
                           "the source cannot be read as its format says (%s)",
                           fault.err.text);
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    for (uint32_t i = 0; chunk != NULL && i <= plan->probe_count; i++) {
        int64_t count;
        memcpy(
            &count, duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, i)), sizeof count);
        if (i == 0) {
            checked->rows = (uint64_t)count;
        } else if (count > 0) {
            findings[checked->finding_count++] =
                (struct fh_finding){.column = plan->probes[i - 1].column,
                                    .rule = plan->probes[i - 1].rule,
                                    .count = (uint64_t)count};
        }
    }
    if (chunk != NULL) {
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return FH_OK;
}

static int check(struct fh_desk *desk,
                 const struct fh_channel_check *question,
                 const int *slots,
                 struct fh_err *err)
{
    struct fh_source source;
    duckdb_connection connection = fh_engine_connection(desk->engine);
    int code = fh_source_open(&source, connection, &question->table, slots, true, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    struct fh_finding *findings =
        arena == NULL ? NULL : fh_arena_array(arena, FINDINGS_MAX, sizeof *findings);
    struct plan plan = {.table = &question->table, .source = &source};
    plan.probes = arena == NULL ? NULL : fh_arena_array(arena, PROBES_MAX, sizeof *plan.probes);
    fh_buf_init(&plan.sql, SQL_BYTES_MAX);
    struct fh_channel_checked checked = {.id = question->id, .findings = findings};
    if (findings == NULL || plan.probes == NULL) {
        code = fh_err_set(err, FH_ENOMEM, "no memory for a check");
    }
    for (uint32_t i = 0; code == FH_OK && i < question->table.column_count; i++) {
        if (missing(&plan, i)) {
            findings[checked.finding_count++] =
                (struct fh_finding){.column = i, .rule = FH_FINDING_MISSING};
        }
    }
    if (code == FH_OK) {
        build(&plan);
        code = count_rows(&plan, connection, &checked, findings, err);
    }
    if (code == FH_OK) {
        struct fh_buf payload;
        fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
        fh_channel_put_checked(&payload, &checked);
        fh_port_send_buf(desk->port, FH_CHANNEL_CHECKED, &payload);
        fh_buf_fini(&payload);
    }
    fh_buf_fini(&plan.sql);
    fh_arena_free(arena);
    fh_source_fini(&source);
    return code;
}

void fh_check(struct fh_desk *desk, const struct fh_channel_check *question, struct fh_frame *frame)
{
    struct fh_err err = {0};
    int slots[FH_WORKER_FILES_MAX];
    fh_inbox_begin(desk->inbox, question->id, 0, fh_engine_connection(desk->engine));
    int code = fh_engine_seal(desk->engine, &err);
    if (code == FH_OK) {
        code = fh_engine_take_files(desk->engine, &question->table, frame, slots, &err);
    }
    if (code == FH_OK) {
        code = check(desk, question, slots, &err);
        fh_engine_drop_files(desk->engine, slots, question->table.file_count);
    }
    fh_inbox_end(desk->inbox);
    if (code != FH_OK) {
        fh_port_send_error(desk->port, question->id, &err, 0);
    }
}
