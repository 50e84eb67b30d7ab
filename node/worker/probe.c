/* SPDX-License-Identifier: Apache-2.0 */
/* PROBE: many aggregates over one source, in one scan. SAMPLE: some of its rows. */
#include "common/time.h"
#include "node/worker/fault.h"
#include "node/worker/run.h"
#include "node/worker/source_files.h"
#include "node/worker/sql.h"

#include <string.h>

enum { SQL_BYTES_MAX = 8 * 1024 * 1024 };

/* A question about a source that is open. */
struct look {
    const struct fh_table *table;
    struct fh_source source;
    struct fh_buf with; /* "WITH source AS ... (SELECT ... FROM ...) ": r0, v0, r1, ... */
    duckdb_connection connection;
};

static bool missing(const struct look *look, uint32_t column)
{
    return look->source.missing.data[column] != 0;
}

/* By name, so that a probe may read it once more; never kept, which would read every column. */
static void build_with(struct look *look)
{
    fh_buf_init(&look->with, SQL_BYTES_MAX);
    fh_buf_add_cstr(&look->with, "WITH source AS NOT MATERIALIZED (SELECT 0 AS none");
    for (uint32_t i = 0; i < look->table->column_count; i++) {
        if (!missing(look, i)) {
            fh_buf_add_cstr(&look->with, ", ");
            fh_sql_name(&look->with, fh_source_column(&look->table->columns[i]));
            fh_buf_printf(&look->with, " AS r%u, ", i);
            fh_source_value(&look->with, &look->table->columns[i], true);
            fh_buf_printf(&look->with, " AS v%u", i);
            if (look->table->columns[i].type.code == FH_TYPE_VARCHAR) {
                fh_buf_add_cstr(&look->with, ", length(");
                fh_source_value(&look->with, &look->table->columns[i], true);
                fh_buf_printf(&look->with, ") AS l%u", i);
            }
        }
    }
    fh_buf_add_cstr(&look->with, " FROM ");
    fh_buf_add_bytes(&look->with, fh_buf_view(&look->source.relation));
    fh_buf_add_cstr(&look->with, ") ");
}

static int look_open(struct look *look,
                     struct fh_desk *desk,
                     const struct fh_table *table,
                     const int *slots,
                     struct fh_err *err)
{
    *look = (struct look){.table = table, .connection = fh_engine_connection(desk->engine)};
    int code = fh_source_open(&look->source, look->connection, table, slots, true, err);
    if (code == FH_OK) {
        build_with(look);
        code = fh_buf_ok(&look->with);
        if (code != FH_OK) {
            fh_err_set(err, code, "the table has too many columns to look at");
            fh_buf_fini(&look->with);
            fh_source_fini(&look->source);
        }
    }
    return code;
}

static void look_close(struct look *look)
{
    fh_buf_fini(&look->with);
    fh_source_fini(&look->source);
}

/* Runs SQL of ours; the caller destroys the result when it is FH_OK. */
static int ask(struct look *look, struct fh_buf *sql, duckdb_result *out, struct fh_err *err)
{
    int code = fh_buf_ok(sql);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the question about a source is too long");
    }
    if (duckdb_query(look->connection, fh_buf_cstr(sql), out) == DuckDBSuccess) {
        return FH_OK;
    }
    struct fh_fault fault;
    fh_fault_read(&fault, duckdb_result_error(out), FH_FAULT_SOURCE);
    duckdb_destroy_result(out);
    bool ended = fault.err.code == FH_ECANCELLED || fault.err.code == FH_ETOOBIG;
    return fh_err_rule(err,
                       ended ? fault.err.code : FH_EINVAL,
                       ended ? fault.err.rule : "source.read",
                       "%s",
                       fault.err.text);
}

/* ---- probes ---- */

struct probing {
    struct look look;
    const struct fh_channel_probe *question;
    struct fh_channel_probed answer;
    struct fh_probe_result *results;
    struct fh_arena *arena;
};

static bool is_open(const struct probing *p, uint32_t i)
{
    return p->results[i].state == FH_PROBE_VALUE;
}

static void refuse(struct probing *p, uint32_t i, const char *reason)
{
    const char *kept = fh_arena_strdup(p->arena, reason);
    p->results[i].state = FH_PROBE_REFUSED;
    p->results[i].reason = kept == NULL ? "" : kept;
}

static void find_missing(struct probing *p)
{
    uint32_t *list = fh_arena_array(p->arena, p->look.table->column_count, sizeof *list);
    for (uint32_t i = 0; list != NULL && i < p->look.table->column_count; i++) {
        if (missing(&p->look, i)) {
            list[p->answer.missing_count++] = i;
        }
    }
    p->answer.missing = list;
    for (uint32_t i = 0; i < p->question->probe_count; i++) {
        const struct fh_probe *probe = &p->question->probes[i];
        p->results[i].reason = "";
        for (uint32_t k = 0; k < probe->column_count; k++) {
            if (missing(&p->look, probe->columns[k])) {
                p->results[i].state = FH_PROBE_MISSING;
            }
        }
    }
}

/* "SELECT count(*), ..." of the open probes from `first` to before `end`. */
static void select_probes(const struct probing *p, uint32_t first, uint32_t end, struct fh_buf *sql)
{
    fh_buf_reset(sql);
    fh_buf_add_bytes(sql, fh_buf_view(&p->look.with));
    fh_buf_add_cstr(sql, "SELECT count(*)");
    for (uint32_t i = first; i < end; i++) {
        if (is_open(p, i)) {
            fh_buf_printf(sql, ", CAST(%s AS BIGINT)", p->question->probes[i].sql);
        }
    }
    fh_buf_add_cstr(sql, " FROM source");
}

static bool number_at(duckdb_data_chunk chunk, idx_t column, int64_t *out)
{
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
    uint64_t *validity = duckdb_vector_get_validity(vector);
    memcpy(out, duckdb_vector_get_data(vector), sizeof *out);
    return validity == NULL || duckdb_validity_row_is_valid(validity, 0);
}

static int
run_probes(struct probing *p, uint32_t first, uint32_t end, struct fh_buf *sql, struct fh_err *err)
{
    duckdb_result result;
    select_probes(p, first, end, sql);
    int code = ask(&p->look, sql, &result, err);
    if (code != FH_OK) {
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    idx_t column = 0;
    int64_t value = 0;
    if (chunk != NULL && number_at(chunk, column++, &value)) {
        p->answer.rows = (uint64_t)value;
    }
    for (uint32_t i = first; chunk != NULL && i < end; i++) {
        if (is_open(p, i) && !number_at(chunk, column++, &p->results[i].value)) {
            p->results[i] = (struct fh_probe_result){.state = FH_PROBE_NULL, .reason = ""};
        }
    }
    if (chunk == NULL) {
        code = fh_err_rule(err, FH_EIO, "source.read", "the source gave no answer");
    } else {
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return code;
}

/* Marks the probes that do not even bind, such as a pattern that the engine cannot compile. */
static void drop_unbound(struct probing *p, struct fh_buf *sql)
{
    for (uint32_t i = 0; i < p->question->probe_count; i++) {
        duckdb_prepared_statement statement = NULL;
        if (!is_open(p, i)) {
            continue;
        }
        select_probes(p, i, i + 1, sql);
        if (fh_buf_ok(sql) == FH_OK &&
            duckdb_prepare(p->look.connection, fh_buf_cstr(sql), &statement) == DuckDBError) {
            struct fh_fault fault;
            fh_fault_read(&fault, duckdb_prepare_error(statement), FH_FAULT_BIND);
            refuse(p, i, fault.err.text);
        }
        duckdb_destroy_prepare(&statement);
    }
}

/* All in one scan; when that fails, without those that do not bind; when that fails too, each
 * alone, so that one bad probe costs no other. */
static int run_all(struct probing *p, struct fh_err *err)
{
    struct fh_buf sql;
    uint32_t count = p->question->probe_count;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    int code = run_probes(p, 0, count, &sql, err);
    if (code == FH_EINVAL) {
        drop_unbound(p, &sql);
        code = run_probes(p, 0, count, &sql, err);
    }
    if (code == FH_EINVAL || code == FH_ETOOBIG) {
        code = run_probes(p, 0, 0, &sql, err); // can it be read at all?
        for (uint32_t i = 0; code == FH_OK && i < count; i++) {
            int alone = is_open(p, i) ? run_probes(p, i, i + 1, &sql, err) : FH_OK;
            if (alone == FH_EINVAL || alone == FH_ETOOBIG) {
                refuse(p, i, err->text);
            } else {
                code = alone;
            }
        }
    }
    fh_buf_fini(&sql);
    return code;
}

static int answer_probe(struct fh_desk *desk,
                        const void *given,
                        const int *slots,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    const struct fh_channel_probe *question = given;
    struct probing p = {.question = question, .arena = arena};
    p.results = fh_arena_array(arena, (size_t)question->probe_count + 1, sizeof *p.results);
    if (p.results == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for probes");
    }
    int code = look_open(&p.look, desk, &question->table, slots, err);
    if (code != FH_OK) {
        return code;
    }
    find_missing(&p);
    int64_t begun_ns = fh_clock_mono_ns();
    code = run_all(&p, err);
    if (code == FH_OK) {
        struct fh_buf payload;
        p.answer.id = question->id;
        p.answer.elapsed_us = (uint64_t)(fh_clock_mono_ns() - begun_ns) / 1000;
        p.answer.result_count = question->probe_count;
        p.answer.results = p.results;
        fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
        fh_channel_put_probed(&payload, &p.answer);
        fh_port_send_buf(desk->port, FH_CHANNEL_PROBED, &payload);
        fh_buf_fini(&payload);
    }
    look_close(&p.look);
    return code;
}

/* Answers a question about a source whose files are in slots. */
typedef int answer_fn(struct fh_desk *desk,
                      const void *question,
                      const int *slots,
                      struct fh_arena *arena,
                      struct fh_err *err);

static void answer(struct fh_desk *desk,
                   uint64_t id,
                   const struct fh_table *table,
                   const void *question,
                   struct fh_frame *frame,
                   struct fh_arena *arena,
                   answer_fn *fn)
{
    struct fh_err err = {0};
    int slots[FH_WORKER_FILES_MAX];
    fh_inbox_begin(desk->inbox, id, 0, fh_engine_connection(desk->engine));
    int code = fh_engine_seal(desk->engine, &err);
    if (code == FH_OK) {
        code = fh_engine_take_files(desk->engine, table, frame, slots, &err);
    }
    if (code == FH_OK) {
        code = fn(desk, question, slots, arena, &err);
        fh_engine_drop_files(desk->engine, slots, table->file_count);
        if (code == FH_EINVAL && strncmp(err.text, "the source", strlen("the source")) != 0) {
            fh_err_wrap(&err, "the source cannot be read as its format says");
        }
    }
    fh_inbox_end(desk->inbox);
    if (code != FH_OK) {
        fh_port_send_error(desk->port, id, &err, 0);
    }
}

void fh_probe(struct fh_desk *desk,
              const struct fh_channel_probe *question,
              struct fh_frame *frame,
              struct fh_arena *arena)
{
    answer(desk, question->id, &question->table, question, frame, arena, answer_probe);
}

/* ---- samples ---- */

static const char *cell_at(duckdb_vector vector, idx_t row, struct fh_arena *arena)
{
    uint64_t *validity = duckdb_vector_get_validity(vector);
    if (validity != NULL && !duckdb_validity_row_is_valid(validity, row)) {
        return NULL;
    }
    union {
        void *any;
        duckdb_string_t *strings;
    } data = {.any = duckdb_vector_get_data(vector)};
    duckdb_string_t *text = &data.strings[row];
    const char *copy =
        fh_arena_string(arena, fh_bytes(duckdb_string_t_data(text), duckdb_string_t_length(*text)));
    return copy == NULL ? "" : copy;
}

static void collect(duckdb_result *result, struct fh_channel_sampled *out, struct fh_arena *arena)
{
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(*result)) != NULL;) {
        for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
            for (uint32_t i = 0; i < out->column_count && out->row_count < FH_SAMPLE_ROWS_MAX;
                 i++) {
                out->cells[out->row_count * out->column_count + i] =
                    cell_at(duckdb_data_chunk_get_vector(chunk, i), row, arena);
            }
            out->row_count += out->row_count < FH_SAMPLE_ROWS_MAX ? 1 : 0;
        }
        duckdb_destroy_data_chunk(&chunk);
    }
}

static int answer_sample(struct fh_desk *desk,
                         const void *given,
                         const int *slots,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    const struct fh_channel_sample *question = given;
    struct look look;
    struct fh_channel_sampled sampled = {.id = question->id,
                                         .column_count = question->column_count};
    sampled.cells = fh_arena_array(
        arena, (size_t)FH_SAMPLE_ROWS_MAX * question->column_count, sizeof *sampled.cells);
    if (sampled.cells == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a sample");
    }
    int code = look_open(&look, desk, &question->table, slots, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_buf sql;
    duckdb_result result;
    fh_buf_init(&sql, SQL_BYTES_MAX);
    fh_buf_add_bytes(&sql, fh_buf_view(&look.with));
    for (uint32_t i = 0; i < question->column_count; i++) {
        uint32_t column = question->columns[i];
        fh_buf_add_cstr(&sql, i == 0 ? "SELECT " : ", ");
        if (missing(&look, column)) {
            fh_buf_add_cstr(&sql, "CAST(NULL AS VARCHAR)");
        } else {
            fh_buf_printf(&sql, "left(CAST(r%u AS VARCHAR), %d)", column, FH_SAMPLE_CELL_BYTES / 4);
        }
    }
    fh_buf_printf(&sql, " FROM source %s LIMIT %u", question->tail, question->rows_max);
    code = ask(&look, &sql, &result, err);
    if (code == FH_OK) {
        struct fh_buf payload;
        collect(&result, &sampled, arena);
        duckdb_destroy_result(&result);
        fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
        fh_channel_put_sampled(&payload, &sampled);
        fh_port_send_buf(desk->port, FH_CHANNEL_SAMPLED, &payload);
        fh_buf_fini(&payload);
    }
    fh_buf_fini(&sql);
    look_close(&look);
    return code;
}

void fh_sample(struct fh_desk *desk,
               const struct fh_channel_sample *question,
               struct fh_frame *frame,
               struct fh_arena *arena)
{
    answer(desk, question->id, &question->table, question, frame, arena, answer_sample);
}
