/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/run.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/worker/batch_out.h"
#include "node/worker/fault.h"
#include "node/worker/files.h"
#include "node/worker/types.h"

#include <string.h>

/* An answer that may have more rows than this is a long one, which the sink takes. */
enum { LONG_ROWS = 1000000 };

struct running {
    struct fh_desk *desk;
    const struct fh_channel_run *run;
    struct fh_channel_end end;
    struct fh_files_seen seen;
    bool last;  /* the next batch is the last one */
    bool ended; /* END is sent */
};

static void put_end(struct running *r, struct fh_buf *payload)
{
    fh_buf_init(payload, 64);
    fh_channel_put_end(payload, &r->end);
    fh_inbox_end(r->desk->inbox);
    r->ended = true;
}

static bool send_batch(struct fh_bytes batch, uint32_t rows, void *user)
{
    struct running *r = user;
    uint8_t id[FH_CHANNEL_BATCH_BYTES];
    if (!fh_inbox_use_credit(r->desk->inbox)) {
        return false;
    }
    fh_put_u64be(id, r->run->id);
    r->end.rows += rows;
    r->end.batches++;
    r->end.bytes += batch.size;
    if (r->last) {
        struct fh_buf end;
        put_end(r, &end);
        fh_port_send_last(r->desk->port, fh_bytes(id, sizeof id), batch, fh_buf_view(&end));
        fh_buf_fini(&end);
    } else {
        fh_port_send(r->desk->port, FH_CHANNEL_BATCH, fh_bytes(id, sizeof id), batch);
    }
    return true;
}

/* As a number in SQL is typed: a date plus an INTEGER is a date, plus a BIGINT it is an error. */
static duckdb_state bind_integer(duckdb_prepared_statement statement, idx_t index, int64_t value)
{
    return value >= INT32_MIN && value <= INT32_MAX
               ? duckdb_bind_int32(statement, index, (int32_t)value)
               : duckdb_bind_int64(statement, index, value);
}

static int bind_param(duckdb_prepared_statement statement, idx_t index, const struct fh_cell *param)
{
    duckdb_state state = DuckDBError;
    switch (param->kind) {
    case FH_CELL_NULL:
        state = duckdb_bind_null(statement, index);
        break;
    case FH_CELL_BOOL:
        state = duckdb_bind_boolean(statement, index, param->integer != 0);
        break;
    case FH_CELL_INT:
        state = bind_integer(statement, index, param->integer);
        break;
    case FH_CELL_UINT:
        state = param->natural <= INT64_MAX
                    ? bind_integer(statement, index, (int64_t)param->natural)
                    : duckdb_bind_uint64(statement, index, param->natural);
        break;
    case FH_CELL_BYTES:
        state = duckdb_bind_varchar_length(
            statement, index, (const char *)param->bytes.data, param->bytes.size);
        break;
    case FH_CELL_WIDE:
        state = duckdb_bind_decimal(
            statement,
            index,
            (duckdb_decimal){.width = param->type.precision,
                             .scale = param->type.scale,
                             .value = {.lower = param->wide.low, .upper = param->wide.high}});
        break;
    case FH_CELL_REAL:
    case FH_CELL_INTERVAL:
        break; /* not among what struct fh_param holds */
    }
    return state == DuckDBSuccess ? FH_OK : FH_ESQL;
}

/* Prepares `sql`; on failure `fault` has the reason. */
static bool prepare(struct fh_desk *desk,
                    struct fh_bytes sql,
                    duckdb_prepared_statement *out,
                    struct fh_fault *fault)
{
    char *text = fh_alloc(sql.size + 1);
    if (text == NULL) {
        (void)fh_err_set(&fault->err, FH_ENOMEM, "no memory for the SQL text");
        return false;
    }
    memcpy(text, sql.data, sql.size);
    text[sql.size] = 0;
    duckdb_state state = duckdb_prepare(fh_engine_connection(desk->engine), text, out);
    fh_free(text);
    if (state == DuckDBError) {
        fh_fault_read(fault, duckdb_prepare_error(*out), FH_FAULT_BIND);
    }
    return state == DuckDBSuccess;
}

/* All rows went to `out`, or `code` says why not: sends what is left. */
static bool finish(struct running *r, struct fh_batch_out *out, int code, struct fh_fault *fault)
{
    if (code == FH_OK) {
        code = fh_files_unchanged(&r->seen, &fault->err);
    }
    if (code == FH_OK) {
        code = fh_batch_out_settle(out, &fault->err);
    }
    if (code == FH_OK) {
        /* Scans are closed when the result is destroyed, and END comes behind that. */
        r->last = !fh_scans_any(r->desk->scans);
        code = fh_batch_out_flush(out, true, &fault->err);
    }
    fh_batch_out_free(out);
    return code == FH_OK;
}

/* Fetches and sends until the end; false with the reason in `fault`. */
static bool stream(struct running *r, duckdb_result *result, struct fh_fault *fault)
{
    struct fh_batch_out *out = NULL;
    uint64_t rows = 0;
    int code = fh_batch_out_new(&out, result, r->run->encodings, send_batch, r, &fault->err);
    while (code == FH_OK) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(*result);
        if (chunk == NULL) {
            break;
        }
        rows += duckdb_data_chunk_get_size(chunk);
        if (r->run->rows_max > 0 && rows > r->run->rows_max) {
            duckdb_destroy_data_chunk(&chunk);
            code = fh_err_rule(&fault->err,
                               FH_ETOOBIG,
                               "query.rows",
                               "the answer has more than %llu rows; add LIMIT or aggregate",
                               (unsigned long long)r->run->rows_max);
        } else if (fh_inbox_cancelled(r->desk->inbox)) {
            duckdb_destroy_data_chunk(&chunk);
            code = fh_err_rule(
                &fault->err, FH_ECANCELLED, "query.cancelled", "the query was cancelled");
        } else {
            code = fh_batch_out_add(out, chunk, &fault->err);
        }
    }
    const char *why = code == FH_OK ? duckdb_result_error(result) : NULL;
    if (why != NULL && why[0] != 0) {
        fh_fault_read(fault, why, FH_FAULT_RUN);
        code = fault->err.code;
    }
    return finish(r, out, code, fault);
}

/* Runs a long answer through the sink: false when that cannot be, and nothing has happened. */
static bool
sink(struct running *r, duckdb_prepared_statement statement, bool *out_good, struct fh_fault *fault)
{
    struct fh_batch_out *out = NULL;
    bool is_long = r->run->rows_max == 0 || r->run->rows_max > LONG_ROWS;
    if (!is_long || r->run->param_count > 0 ||
        fh_batch_out_new_for(&out, statement, r->run->encodings, send_batch, r, NULL) != FH_OK) {
        return false; /* why not, whoever fetches says */
    }
    struct fh_sink_run run = {
        .sql = r->run->sql, .rows_max = r->run->rows_max, .out = out, .inbox = r->desk->inbox};
    struct fh_sink *to = fh_engine_sink(r->desk->engine);
    if (!fh_sink_open(to, fh_engine_connection(r->desk->engine), &run)) {
        fh_batch_out_free(out);
        return false;
    }
    bool good = fh_sink_execute(to, fault);
    fh_sink_close(to);
    *out_good = finish(r, out, good ? FH_OK : fault->err.code, fault);
    return true;
}

static bool execute(struct running *r, duckdb_prepared_statement statement, struct fh_fault *fault)
{
    duckdb_pending_result pending = NULL;
    duckdb_result result;
    bool good = false;
    if (sink(r, statement, &good, fault)) {
        return good;
    }
    if (duckdb_pending_prepared_streaming(statement, &pending) == DuckDBError) {
        fh_fault_read(fault,
                      duckdb_pending_error(pending),
                      r->run->param_count > 0 ? FH_FAULT_VALUES : FH_FAULT_RUN);
        duckdb_destroy_pending(&pending);
        return false;
    }
    duckdb_state state = duckdb_execute_pending(pending, &result);
    good = state == DuckDBSuccess;
    if (good) {
        good = stream(r, &result, fault);
    } else {
        fh_fault_read(fault, duckdb_result_error(&result), FH_FAULT_RUN);
    }
    duckdb_destroy_pending(&pending);
    duckdb_destroy_result(&result);
    return good;
}

/* A cancelled query and a failed scan have reasons of their own; DuckDB only knows that it was
 * stopped. */
static void choose_reason(struct fh_desk *desk, struct fh_fault *fault)
{
    struct fh_err scan = {0};
    if (fh_inbox_cancelled(desk->inbox)) {
        (void)fh_err_rule(&fault->err, FH_ECANCELLED, "query.cancelled", "the query was cancelled");
        fault->position = 0;
        fault->fatal = false;
    } else if (fh_scans_failure(desk->scans, &scan)) {
        fault->err = scan;
        fault->position = 0;
        fault->fatal = false;
    }
}

/* Binds the values to the statement's parameters; false with the reason in `err`. */
static bool
bind(duckdb_prepared_statement statement, const struct fh_channel_run *run, struct fh_err *err)
{
    idx_t wanted = duckdb_nparams(statement);
    if (wanted != run->param_count) {
        (void)fh_err_rule(err,
                          FH_ESQL,
                          "sql.parameters",
                          "the query has %u parameters and got %u values",
                          (unsigned)wanted,
                          run->param_count);
        return false;
    }
    for (uint32_t i = 0; i < run->param_count; i++) {
        if (bind_param(statement, i + 1, &run->params[i]) != FH_OK) {
            (void)fh_err_rule(err, FH_ESQL, "sql.parameters", "value %u cannot be bound", i + 1);
            return false;
        }
    }
    return true;
}

/* Keeps the statement for the next time when it was quick, or destroys it. */
static void put_away(struct fh_desk *desk,
                     const struct fh_channel_run *run,
                     duckdb_prepared_statement statement,
                     unsigned runs,
                     bool keep)
{
    if (keep && !fh_scans_any(desk->scans)) {
        fh_prepared_keep(desk->prepared, run->sql, statement, runs);
    } else {
        duckdb_destroy_prepare(&statement);
    }
}

/* Between two questions: tables that are asked often become warm, or cold where memory is short. */
static void
look_at_tables(struct fh_desk *desk, const struct fh_files_seen *seen, const struct fh_err *failure)
{
    struct fh_warm *warm = fh_engine_warm(desk->engine);
    duckdb_connection connection = fh_engine_connection(desk->engine);
    bool changed = failure == NULL ? fh_warm_up(warm, connection, seen)
                                   : strcmp(failure->rule, "query.memory") == 0 &&
                                         fh_warm_yield(warm, connection);
    if (changed) {
        fh_prepared_forget(desk->prepared);
    }
}

bool fh_run(struct fh_desk *desk, const struct fh_channel_run *run)
{
    struct running r = {.desk = desk, .run = run, .end = {.id = run->id}};
    struct fh_fault fault = {.position = 0};
    int64_t begin_ms = fh_clock_mono_ms();
    fh_inbox_begin(desk->inbox, run->id, run->window, fh_engine_connection(desk->engine));
    fh_scans_begin(desk->scans);
    fh_files_watch(&r.seen);
    unsigned runs;
    duckdb_prepared_statement statement = fh_prepared_take(desk->prepared, run->sql, &runs);
    bool good = fh_engine_seal(desk->engine, &fault.err) == FH_OK &&
                (statement != NULL || prepare(desk, run->sql, &statement, &fault)) &&
                bind(statement, run, &fault.err) && execute(&r, statement, &fault);
    if (!r.ended && fh_files_unchanged(&r.seen, &fault.err) != FH_OK) {
        good = false; // also where DuckDB stumbled over it: this is why
        fault.position = 0;
    }
    fh_files_unwatch(&r.seen);
    put_away(desk,
             run,
             statement,
             runs + 1,
             good && fh_clock_mono_ms() - begin_ms <= FH_PREPARED_RUN_MS);
    if (good) {
        if (!r.ended) {
            struct fh_buf payload;
            put_end(&r, &payload);
            fh_port_send_buf(desk->port, FH_CHANNEL_END, &payload);
            fh_buf_fini(&payload);
        }
        look_at_tables(desk, &r.seen, NULL);
        return true;
    }
    choose_reason(desk, &fault);
    fh_inbox_end(desk->inbox);
    fh_port_send_error(desk->port, run->id, &fault.err, fault.position);
    if (!fault.fatal) {
        look_at_tables(desk, &r.seen, &fault.err);
    }
    return !fault.fatal;
}

/* ---- describe ---- */

static int
describe(struct fh_desk *desk, duckdb_prepared_statement statement, uint64_t id, struct fh_err *err)
{
    idx_t count = duckdb_prepared_statement_column_count(statement);
    struct fh_column *columns =
        count > FH_BATCH_COLUMNS_MAX ? NULL : fh_calloc(count + 1, sizeof *columns);
    if (columns == NULL) {
        return fh_err_rule(err, FH_ETOOBIG, "query.columns", "the answer has too many columns");
    }
    int code = FH_OK;
    uint32_t named = 0;
    for (; code == FH_OK && named < count; named++) {
        const char *name = duckdb_prepared_statement_column_name(statement, named);
        duckdb_logical_type type = duckdb_prepared_statement_column_logical_type(statement, named);
        columns[named].source = "";
        columns[named].name = name;
        if (!fh_types_carried(type, &columns[named].type)) {
            code = fh_err_rule(err,
                               FH_ESQL,
                               "query.type",
                               "column %.60s has a type that answers do not carry; cast it to "
                               "VARCHAR",
                               name);
        }
        duckdb_destroy_logical_type(&type);
    }
    if (code == FH_OK) {
        struct fh_buf payload;
        fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
        fh_channel_put_described(&payload,
                                 &(struct fh_channel_described){.id = id,
                                                                .column_count = (uint32_t)count,
                                                                .columns = columns});
        code = fh_buf_ok(&payload);
        if (code == FH_OK) {
            fh_port_send_buf(desk->port, FH_CHANNEL_DESCRIBED, &payload);
        } else {
            (void)fh_err_rule(err, code, "query.columns", "the answer's column names are too long");
        }
        fh_buf_fini(&payload);
    }
    for (uint32_t i = 0; i < named; i++) {
        union {
            const char *from;
            char *to;
        } name = {.from = columns[i].name};
        duckdb_free(name.to);
    }
    fh_free(columns);
    return code;
}

void fh_run_describe(struct fh_desk *desk, const struct fh_channel_text *text)
{
    struct fh_fault fault = {.position = 0};
    duckdb_prepared_statement statement = NULL;
    bool good = fh_engine_seal(desk->engine, &fault.err) == FH_OK &&
                prepare(desk, text->sql, &statement, &fault);
    if (good) {
        good = describe(desk, statement, text->id, &fault.err) == FH_OK;
    }
    duckdb_destroy_prepare(&statement);
    if (!good) {
        fh_port_send_error(desk->port, text->id, &fault.err, fault.position);
    }
}
