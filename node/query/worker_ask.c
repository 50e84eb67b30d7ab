/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a worker: setup, tables, parse, describe, check. */
#include "common/mem.h"
#include "common/time.h"
#include "node/query/cgroup.h"
#include "node/query/worker_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    CPU_S = 3600,          /* of one worker's life; a query is bounded by its deadline */
    PARSE_WALL_FACTOR = 8, /* of FH_PARSE_CPU_MS: a busy machine gives less CPU than time */
};

int fh_worker_setup_ahead(struct fh_worker *worker,
                          enum fh_worker_role role,
                          uint32_t memory_mib,
                          uint32_t threads,
                          struct fh_err *err)
{
    struct fh_channel_setup setup = {.role = role,
                                     .memory_mib = memory_mib,
                                     .threads = threads,
                                     .cpu_s = CPU_S,
                                     .layers = worker->layers_wanted,
                                     .spill_mib = FH_WORKER_SPILL_FACTOR * memory_mib,
                                     .spill = worker->spill};
    if (worker->state != FH_WORKER_STARTED) {
        return fh_err_set(err, FH_ESTATE, "the worker is set up already");
    }
    struct fh_buf payload;
    fh_buf_init(&payload, 8 * 1024);
    if (worker->cgroup[0] != 0 && (worker->layers_wanted & FH_LAYER_CGROUP) != 0) {
        worker->in_cgroup =
            fh_cgroup_confine(worker->cgroup, worker->number, worker->pid, memory_mib);
    }
    /* DuckDB keeps its own files within spill_mib; a little more is not worth a worker. */
    atomic_store(&worker->spill_bytes_max, (uint64_t)setup.spill_mib * 17 / 16 * 1024 * 1024);
    fh_channel_put_setup(&payload, &setup);
    int code = fh_worker_send_buf(worker, FH_CHANNEL_SETUP, &payload, err);
    fh_buf_fini(&payload);
    if (code == FH_OK) {
        worker->state = FH_WORKER_SETTING_UP;
    }
    return code;
}

/* READY: which layers stand, and whether they are enough. It is sent before the worker has seen a
 * foreign byte, so it can be believed. */
static int take_ready(struct fh_worker *worker, struct fh_err *err)
{
    struct fh_channel_count ready;
    if (fh_channel_get_count(&ready, fh_worker_payload(worker), err) != FH_OK ||
        (ready.count & ~(uint64_t)FH_LAYERS_ALL) != 0) {
        return fh_worker_breach(worker, err);
    }
    worker->layers = (uint32_t)ready.count & ~(uint32_t)FH_LAYER_CGROUP;
    worker->layers |= worker->in_cgroup ? FH_LAYER_CGROUP : 0; // not the worker's to say
    if (!worker->require_sandbox || fh_layers_enough(worker->layers)) {
        return FH_OK;
    }
    struct fh_buf found;
    fh_buf_init(&found, 512);
    fh_layers_put(&found, worker->layers);
    int code = fh_err_rule(err,
                           FH_EDENIED,
                           "worker.sandbox",
                           "this machine does not confine workers well enough (%s; needed are "
                           "limits, seccomp, and landlock or a mount namespace); its operator "
                           "finds out why by `freehold doctor`",
                           fh_buf_cstr(&found));
    fh_buf_fini(&found);
    return code;
}

int fh_worker_setup_wait(struct fh_worker *worker, int64_t deadline_ms, struct fh_err *err)
{
    struct fh_channel_hello hello;
    if (worker->state != FH_WORKER_SETTING_UP) {
        return fh_err_set(err, FH_ESTATE, "the worker is not being set up");
    }
    int code = fh_worker_await(worker, 0, FH_CHANNEL_HELLO, deadline_ms, err);
    if (code == FH_OK && fh_channel_get_hello(&hello, fh_worker_payload(worker), err) != FH_OK) {
        return fh_worker_breach(worker, err);
    }
    if (code == FH_OK) {
        snprintf(worker->engine, sizeof worker->engine, "%s", hello.engine);
        code = fh_worker_await(worker, 0, FH_CHANNEL_READY, deadline_ms, err);
    }
    if (code == FH_OK) {
        code = take_ready(worker, err);
    }
    if (code == FH_OK) {
        worker->state = FH_WORKER_READY;
    } else {
        fh_worker_kill(worker); // half set up is of no use
    }
    return code;
}

int fh_worker_setup(struct fh_worker *worker,
                    enum fh_worker_role role,
                    uint32_t memory_mib,
                    uint32_t threads,
                    int64_t deadline_ms,
                    struct fh_err *err)
{
    int code = fh_worker_setup_ahead(worker, role, memory_mib, threads, err);
    return code == FH_OK ? fh_worker_setup_wait(worker, deadline_ms, err) : code;
}

/* Identity of a table as the worker has it: its frame, and which files at which state. */
static int table_identity(const struct fh_buf *payload,
                          const struct fh_table *table,
                          const int *files,
                          struct fh_hash *out,
                          struct fh_err *err)
{
    struct fh_hasher hasher;
    fh_hasher_init(&hasher);
    fh_hasher_add(&hasher, fh_buf_view(payload));
    for (unsigned i = 0; i < table->file_count; i++) {
        struct stat s;
        if (fstat(files[i], &s) != 0) {
            return fh_err_set(err, FH_EIO, "a source file cannot be looked at");
        }
        int64_t facts[] = {(int64_t)s.st_dev,
                           (int64_t)s.st_ino,
                           (int64_t)s.st_size,
                           (int64_t)s.st_mtim.tv_sec,
                           (int64_t)s.st_mtim.tv_nsec,
                           (int64_t)s.st_ctim.tv_sec, /* nobody can set this one back */
                           (int64_t)s.st_ctim.tv_nsec};
        fh_hasher_add(&hasher, fh_bytes(facts, sizeof facts));
    }
    *out = fh_hasher_read(&hasher);
    return FH_OK;
}

/* The place of a table's name in what the worker has; known_count when it is new. */
static unsigned find_known(const struct fh_worker *worker, const char *name)
{
    unsigned i = 0;
    while (i < worker->known_count && strcmp(worker->known_names[i], name) != 0) {
        i++;
    }
    return i;
}

static void
remember(struct fh_worker *worker, unsigned at, const char *name, struct fh_hash identity)
{
    if (at == worker->known_count && at < FH_WORKER_TABLES_MAX) {
        worker->known_names[at] = fh_strdup(name);
        worker->known_count += worker->known_names[at] != NULL ? 1 : 0;
    }
    if (at < worker->known_count) {
        worker->known[at] = identity;
    }
}

/* A table on its way to a worker. */
struct described {
    char name[4 * FH_NAME_BYTES_MAX];
    struct fh_buf payload;
    struct fh_hash identity;
    unsigned at; /* its place in what the worker has */
    bool known;  /* the worker has it, with these files as they are */
};

static int describe_table(const struct fh_worker *worker,
                          const struct fh_table *given,
                          const int *files,
                          struct described *out,
                          struct fh_err *err)
{
    struct fh_table table = *given;
    snprintf(out->name, sizeof out->name, "%s.%s.%s", table.domain, table.product, table.table);
    table.first_file = 0;
    if (table.file_count > 0) {
        table.number = 0; /* of scans; it says where in the query the table stands */
    }
    fh_buf_init(&out->payload, FH_CHANNEL_TABLES_BYTES_MAX);
    fh_channel_put_tables(&out->payload, &table, 1);
    int code = fh_buf_ok(&out->payload);
    if (code != FH_OK) {
        (void)fh_err_set(err, code, "table %s is too large to describe", out->name);
    } else {
        code = table_identity(&out->payload, &table, files, &out->identity, err);
    }
    out->at = find_known(worker, out->name);
    out->known = code == FH_OK && out->at < worker->known_count &&
                 memcmp(&worker->known[out->at], &out->identity, sizeof out->identity) == 0;
    return code;
}

static int send_table(struct fh_worker *worker,
                      const struct fh_table *table,
                      const int *files,
                      int64_t deadline_ms,
                      struct fh_err *err)
{
    struct described described;
    int code = describe_table(worker, table, files, &described, err);
    if (code == FH_OK && !described.known) {
        code = fh_worker_send(worker,
                              FH_CHANNEL_TABLES,
                              fh_buf_view(&described.payload),
                              FH_BYTES_NONE,
                              files,
                              table->file_count,
                              err);
        if (code == FH_OK) {
            code = fh_worker_await(worker, 0, FH_CHANNEL_TABLES_READY, deadline_ms, err);
        }
        if (code == FH_OK) {
            remember(worker, described.at, described.name, described.identity);
        } else if (described.at < worker->known_count) {
            memset(&worker->known[described.at], 0, sizeof worker->known[described.at]);
        }
    }
    fh_buf_fini(&described.payload);
    return code;
}

/* Whether its files are among those that are given, and not too many. */
static bool has_files(const struct fh_table *table, uint32_t file_count)
{
    return table->file_count <= FH_WORKER_FILES_MAX && table->first_file <= file_count &&
           table->file_count <= file_count - table->first_file;
}

static const int *files_of(const struct fh_table *table, const int *files)
{
    return table->file_count == 0 ? NULL : files + table->first_file;
}

bool fh_worker_has_tables(const struct fh_worker *worker,
                          const struct fh_table *tables,
                          uint32_t table_count,
                          const int *files,
                          uint32_t file_count)
{
    bool all = true;
    for (uint32_t i = 0; all && i < table_count; i++) {
        struct described described;
        all = has_files(&tables[i], file_count);
        if (all) {
            all = describe_table(
                      worker, &tables[i], files_of(&tables[i], files), &described, NULL) == FH_OK &&
                  described.known;
            fh_buf_fini(&described.payload);
        }
    }
    return all;
}

int fh_worker_tables(struct fh_worker *worker,
                     const struct fh_table *tables,
                     uint32_t table_count,
                     const int *files,
                     uint32_t file_count,
                     int64_t deadline_ms,
                     struct fh_err *err)
{
    int code = fh_worker_check_ready(worker, err);
    for (uint32_t i = 0; code == FH_OK && i < table_count; i++) {
        const struct fh_table *table = &tables[i];
        if (!has_files(table, file_count)) {
            return fh_err_set(err, FH_EINVAL, "table %s: its files are not there", table->table);
        }
        code = send_table(worker, table, files_of(table, files), deadline_ms, err);
    }
    return code;
}

static int
send_text(struct fh_worker *worker, unsigned kind, struct fh_bytes sql, struct fh_err *err)
{
    struct fh_buf payload;
    fh_buf_init(&payload, FH_SQL_BYTES_MAX + 64);
    struct fh_channel_text text = {.id = ++worker->last_id, .sql = sql};
    fh_channel_put_text(&payload, &text);
    int code = fh_worker_send_buf(worker, kind, &payload, err);
    fh_buf_fini(&payload);
    return code;
}

int fh_worker_parse_ask(struct fh_worker *worker, struct fh_bytes sql, struct fh_err *err)
{
    int code = fh_worker_check_ready(worker, err);
    if (code == FH_OK) {
        worker->deadline_ms = fh_clock_mono_ms() + (int64_t)PARSE_WALL_FACTOR * FH_PARSE_CPU_MS;
        code = send_text(worker, FH_CHANNEL_PARSE, sql, err);
    }
    return code;
}

int fh_worker_parse_take(struct fh_worker *worker, struct fh_buf *out_json, struct fh_err *err)
{
    struct fh_channel_text parsed;
    int code =
        fh_worker_await(worker, worker->last_id, FH_CHANNEL_PARSED, worker->deadline_ms, err);
    if (code == FH_EIO || code == FH_ETIMEOUT) {
        return fh_err_rule(err,
                           FH_ETIMEOUT,
                           "sql.parse_time",
                           "the SQL text takes too long to parse; make it simpler");
    }
    if (code != FH_OK) {
        return code;
    }
    code = fh_channel_get_text(&parsed, fh_worker_payload(worker), err);
    if (code != FH_OK || parsed.id != worker->last_id) {
        return fh_worker_breach(worker, err);
    }
    fh_buf_add_bytes(out_json, parsed.sql);
    code = fh_buf_ok(out_json);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "no room for the parsed query");
}

int fh_worker_parse(struct fh_worker *worker,
                    struct fh_bytes sql,
                    struct fh_buf *out_json,
                    struct fh_err *err)
{
    int code = fh_worker_parse_ask(worker, sql, err);
    return code == FH_OK ? fh_worker_parse_take(worker, out_json, err) : code;
}

int fh_worker_describe(struct fh_worker *worker,
                       struct fh_bytes sql,
                       struct fh_arena *arena,
                       struct fh_channel_described *out,
                       int64_t deadline_ms,
                       struct fh_err *err)
{
    int code = fh_worker_check_ready(worker, err);
    if (code == FH_OK) {
        code = send_text(worker, FH_CHANNEL_DESCRIBE, sql, err);
    }
    if (code == FH_OK) {
        code = fh_worker_await(worker, worker->last_id, FH_CHANNEL_DESCRIBED, deadline_ms, err);
    }
    if (code == FH_OK) {
        code = fh_channel_get_described(out, fh_worker_payload(worker), arena, err);
        if (code != FH_OK || out->id != worker->last_id) {
            return fh_worker_breach(worker, err);
        }
    }
    return code;
}

/* ---- probes and samples ---- */

/* Sends a question about one source, takes ownership of nothing, and waits for its answer. */
static int ask_source(struct fh_worker *worker,
                      unsigned kind,
                      unsigned answer,
                      const struct fh_buf *payload,
                      const int *files,
                      uint32_t file_count,
                      int64_t deadline_ms,
                      struct fh_err *err)
{
    int code = fh_buf_ok(payload);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the question about a source is too large");
    }
    if (file_count > FH_WORKER_FILES_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "more than %d source files", FH_WORKER_FILES_MAX);
    }
    code =
        fh_worker_send(worker, kind, fh_buf_view(payload), FH_BYTES_NONE, files, file_count, err);
    return code == FH_OK ? fh_worker_await(worker, worker->last_id, answer, deadline_ms, err)
                         : code;
}

/* The answer must be about these probes and this table. */
static bool probed_fits(const struct fh_channel_probed *probed,
                        const struct fh_channel_probe *asked)
{
    bool fit = probed->id == asked->id && probed->result_count == asked->probe_count;
    for (uint32_t i = 0; i < probed->missing_count; i++) {
        fit = fit && probed->missing[i] < asked->table.column_count;
    }
    return fit;
}

int fh_worker_probe(struct fh_worker *worker,
                    const struct fh_channel_probe *given,
                    const int *files,
                    uint32_t file_count,
                    struct fh_arena *arena,
                    struct fh_channel_probed *out,
                    int64_t deadline_ms,
                    struct fh_err *err)
{
    int code = fh_worker_check_ready(worker, err);
    if (code != FH_OK) {
        return code;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    struct fh_channel_probe probe = *given;
    fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
    probe.id = ++worker->last_id;
    fh_channel_put_probe(&payload, &probe);
    code = ask_source(
        worker, FH_CHANNEL_PROBE, FH_CHANNEL_PROBED, &payload, files, file_count, deadline_ms, err);
    if (code == FH_OK) {
        code = fh_channel_get_probed(out, fh_worker_payload(worker), arena, err);
        if (code != FH_OK || !probed_fits(out, &probe)) {
            return fh_worker_breach(worker, err);
        }
    }
    return code;
}

int fh_worker_sample(struct fh_worker *worker,
                     const struct fh_channel_sample *given,
                     const int *files,
                     uint32_t file_count,
                     struct fh_arena *arena,
                     struct fh_channel_sampled *out,
                     int64_t deadline_ms,
                     struct fh_err *err)
{
    int code = fh_worker_check_ready(worker, err);
    if (code != FH_OK) {
        return code;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    struct fh_channel_sample sample = *given;
    fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
    sample.id = ++worker->last_id;
    fh_channel_put_sample(&payload, &sample);
    code = ask_source(worker,
                      FH_CHANNEL_SAMPLE,
                      FH_CHANNEL_SAMPLED,
                      &payload,
                      files,
                      file_count,
                      deadline_ms,
                      err);
    if (code == FH_OK) {
        code = fh_channel_get_sampled(out, fh_worker_payload(worker), arena, err);
        if (code != FH_OK || out->id != sample.id || out->column_count != sample.column_count ||
            out->row_count > sample.rows_max) {
            return fh_worker_breach(worker, err);
        }
    }
    return code;
}
