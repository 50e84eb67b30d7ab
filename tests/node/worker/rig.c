/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/rig.h"

#include "common/time.h"
#include "node/query/prescan.h"
#include "proto/wire/crypto.h"

#include <duckdb.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FH_NORETURN void stop(const char *what, const struct fh_err *err)
{
    fprintf(stderr, "rig: %s: %s [%s]\n", what, err->text, err->rule);
    abort();
}

void rig_up(struct rig *rig)
{
    char spill[128];
    struct fh_err err = {0};
    *rig = (struct rig){.scratch = test_scratch_make()};
    test_scratch_path(spill, sizeof spill, &rig->scratch, "spill");
    struct fh_workers_options options = {.program = FH_WORKER_PROGRAM,
                                         .spill_root = spill,
                                         .workers_max = FH_WORKERS_MAX,
                                         .keep_stderr = true};
    rig->arena = fh_arena_new(4 * 1024 * 1024);
    if (rig->arena == NULL || fh_crypto_init() != FH_OK || fh_loop_new(&rig->loop, &err) != FH_OK ||
        fh_workers_new(&rig->workers, fh_loop_uv(rig->loop), &options, &err) != FH_OK) {
        stop("up", &err);
    }
}

void rig_down(struct rig *rig)
{
    fh_workers_quiesce(rig->workers);
    for (int i = 0; i < 200 && !fh_workers_drained(rig->workers); i++) {
        fh_loop_run_once(rig->loop, 50);
    }
    if (!fh_workers_drained(rig->workers)) {
        stop("down", &(struct fh_err){.text = "a worker is left"});
    }
    fh_workers_free(rig->workers);
    fh_loop_free(rig->loop);
    fh_arena_free(rig->arena);
    test_scratch_remove(&rig->scratch);
}

void rig_write(struct rig *rig, const char *sql)
{
    char text[8192];
    char *to = text;
    for (const char *p = sql; *p != 0 && to < text + sizeof text - 256; p++) {
        if (p[0] == '%' && p[1] == 's') {
            to += snprintf(to, 128, "%s", rig->scratch.path);
            p++;
        } else {
            *to++ = *p;
        }
    }
    *to = 0;
    duckdb_database database;
    duckdb_connection connection;
    duckdb_result result;
    if (duckdb_open(NULL, &database) == DuckDBError ||
        duckdb_connect(database, &connection) == DuckDBError ||
        duckdb_query(connection, text, &result) == DuckDBError) {
        fprintf(stderr, "rig: %s\n", duckdb_result_error(&result));
        abort();
    }
    duckdb_destroy_result(&result);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
}

int rig_open(struct rig *rig, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s", name);
    if (name[0] != '/') {
        test_scratch_path(path, sizeof path, &rig->scratch, name);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        perror(path);
        abort();
    }
    return fd;
}

int64_t rig_soon(int ms)
{
    return fh_clock_mono_ms() + ms;
}

struct fh_worker *rig_worker(struct rig *rig, enum fh_worker_role role, uint32_t threads)
{
    struct fh_err err = {0};
    struct fh_worker *worker = NULL;
    if (fh_workers_spawn(rig->workers, &worker, &err) != FH_OK ||
        fh_worker_setup(worker, role, 512, threads, rig_soon(20000), &err) != FH_OK) {
        stop("worker", &err);
    }
    return worker;
}

void rig_release(struct rig *rig, struct fh_worker *worker)
{
    fh_worker_release(worker);
    fh_loop_run_once(rig->loop, 10);
}

/* One "name=source TYPE!#@"; returns what follows its comma, or NULL. */
static const char *read_column(struct rig *rig, const char *text, struct fh_column *out)
{
    int depth = 0;
    const char *end = text;
    while (*end != 0 && (*end != ',' || depth > 0)) {
        depth += *end == '(' ? 1 : *end == ')' ? -1 : 0;
        end++;
    }
    const char *space = strchr(text, ' ');
    const char *equals = memchr(text, '=', (size_t)(space - text));
    const char *name_end = equals == NULL ? space : equals;
    out->name = fh_arena_string(rig->arena, fh_bytes(text, (size_t)(name_end - text)));
    char *source = fh_arena_string(rig->arena,
                                   fh_bytes(equals == NULL ? space : equals + 1,
                                            equals == NULL ? 0 : (size_t)(space - equals - 1)));
    for (char *p = source; *p != 0; p++) {
        *p = *p == '_' && equals != NULL ? ' ' : *p; // so that sources may have spaces
    }
    out->source = source;
    struct fh_err err = {0};
    if (fh_type_parse(&out->type, fh_bytes(space + 1, (size_t)(end - space - 1)), &err) != FH_OK) {
        stop("column", &err);
    }
    while (*end == ',' || *end == ' ') {
        end++;
    }
    return *end == 0 ? NULL : end;
}

struct fh_table
rig_table(struct rig *rig, const char *name, enum fh_source_format format, const char *columns)
{
    static unsigned number;
    char *copy = fh_arena_strdup(rig->arena, name);
    char *product = strchr(copy, '.') + 1;
    char *table = strchr(product, '.') + 1;
    product[-1] = 0;
    table[-1] = 0;
    struct fh_column *list = fh_arena_array(rig->arena, 64, sizeof *list);
    struct fh_table out = {.domain = copy,
                           .product = product,
                           .table = table,
                           .sole = true,
                           .number = ++number,
                           .format = format,
                           .file_count = format == FH_SOURCE_REMOTE ? 0 : 1,
                           .columns = list};
    for (const char *at = columns; at != NULL;) {
        at = read_column(rig, at, &list[out.column_count++]);
    }
    return out;
}

int rig_add(struct fh_worker *worker, const struct fh_table *table, int file, struct fh_err *err)
{
    int code = fh_worker_tables(worker, table, 1, &file, table->file_count, rig_soon(20000), err);
    if (table->file_count > 0) {
        close(file);
    }
    return code;
}

struct fh_profile_question rig_profile(enum fh_profile_source source, const char *table)
{
    return (struct fh_profile_question){.source = source,
                                        .path = "",
                                        .schema = "",
                                        .table = table,
                                        .sample = 10,
                                        .host = "",
                                        .database = "",
                                        .user = "",
                                        .password = "",
                                        .ssl_mode = ""};
}

void rig_rows(struct fh_bytes bytes, struct fh_buf *out)
{
    struct fh_batch batch;
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    if (fh_batch_parse(&batch, bytes, arena, &err) != FH_OK ||
        fh_batch_check_text(&batch, &err) != FH_OK) {
        stop("batch", &err);
    }
    for (uint32_t row = 0; row < batch.rows; row++) {
        for (uint32_t i = 0; i < batch.column_count; i++) {
            struct fh_cell cell = fh_batch_cell(&batch.columns[i], row);
            fh_buf_add_cstr(out, i == 0 ? "" : "|");
            if (cell.kind == FH_CELL_NULL) {
                fh_buf_add_cstr(out, "NULL");
            } else {
                fh_cell_text(&cell, out);
            }
        }
        fh_buf_add_u8(out, '\n');
    }
    fh_arena_free(arena);
}

static int run_to_end(struct fh_worker *worker,
                      const struct fh_channel_run *run,
                      struct fh_buf *out,
                      size_t *out_size,
                      struct fh_err *err)
{
    *out_size = 0;
    int code = fh_worker_run(worker, run, rig_soon(20000), err);
    while (code == FH_OK) {
        struct fh_worker_event event;
        code = fh_worker_next(worker, &event, err);
        if (code != FH_OK || event.kind == FH_WORKER_END) {
            break;
        }
        if (event.kind == FH_WORKER_BATCH) {
            rig_rows(event.batch, out);
            *out_size += event.batch.size;
            fh_worker_credit(worker, 1);
        }
    }
    return code;
}

int rig_run(struct fh_worker *worker,
            const struct fh_channel_run *run,
            struct fh_buf *out,
            struct fh_err *err)
{
    size_t ignored;
    return run_to_end(worker, run, out, &ignored, err);
}

int rig_encoded(struct fh_worker *worker,
                const char *sql,
                uint32_t encodings,
                struct fh_buf *out,
                size_t *out_size,
                struct fh_err *err)
{
    struct fh_channel_run run = {
        .sql = fh_bytes_cstr(sql), .window = FH_QUERY_WINDOW, .encodings = encodings};
    return run_to_end(worker, &run, out, out_size, err);
}

int rig_query(struct fh_worker *worker, const char *sql, struct fh_buf *out, struct fh_err *err)
{
    size_t ignored;
    return rig_encoded(worker, sql, FH_ENCODINGS_ALL, out, &ignored, err);
}

void rig_meet_answer(const char *sql,
                     int code,
                     struct fh_buf *answer,
                     const struct fh_err *err,
                     const char *expected)
{
    if (code != FH_OK || strcmp(fh_buf_cstr(answer), expected) != 0) {
        fprintf(stderr,
                "query: %s\nfound: %s %s\n%s\nexpected:\n%s\n",
                sql,
                fh_code_name(code),
                code == FH_OK ? "" : err->text,
                fh_buf_cstr(answer),
                expected);
        abort();
    }
}

void rig_meet_refusal(
    const char *sql, int found, const struct fh_err *err, int code, const char *rule)
{
    if (found != code || strcmp(err->rule, rule) != 0) {
        fprintf(stderr,
                "query: %s\nfound: %s %s: %s\nexpected: %s %s\n",
                sql,
                fh_code_name(found),
                err->rule,
                err->text,
                fh_code_name(code),
                rule);
        abort();
    }
}

void rig_expect(struct fh_worker *worker, const char *sql, const char *expected)
{
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, RIG_ANSWER_BYTES_MAX);
    int code = rig_query(worker, sql, &out, &err);
    rig_meet_answer(sql, code, &out, &err, expected);
}

void rig_refuse(struct fh_worker *worker, const char *sql, int code, const char *rule)
{
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, RIG_ANSWER_BYTES_MAX);
    int found = rig_query(worker, sql, &out, &err);
    rig_meet_refusal(sql, found, &err, code, rule);
}

int rig_gate(struct fh_worker *worker,
             const char *sql,
             struct fh_arena *arena,
             struct fh_gate *out,
             struct fh_err *err)
{
    return rig_gate_with(worker, sql, NULL, 0, NULL, arena, out, err);
}

int rig_gate_with(struct fh_worker *worker,
                  const char *sql,
                  const struct fh_param *params,
                  size_t param_count,
                  struct fh_cell *cells,
                  struct fh_arena *arena,
                  struct fh_gate *out,
                  struct fh_err *err)
{
    struct fh_prescan scan;
    int code = fh_prescan(&scan, fh_bytes_cstr(sql), err);
    struct fh_buf json;
    fh_buf_init(&json, FH_AST_BYTES_MAX);
    if (code == FH_OK) {
        code = fh_worker_parse(worker, fh_bytes(sql, scan.end), &json, err);
    }
    if (code == FH_OK) {
        code = fh_gate_check(out, fh_buf_view(&json), arena, err);
    }
    if (code == FH_OK) {
        code = fh_gate_params_bind(out, params, param_count, cells, err);
    }
    fh_buf_fini(&json);
    return code;
}
