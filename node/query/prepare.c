/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a checked request to a running stream: a worker, the statement through the gate, the plan,
 * access, sources, begin.
 */
#include "node/query/stream.h"

#include "common/mem.h"
#include "common/time.h"
#include "node/query/gate_params.h"
#include "proto/settings/settings.h"

#include <stdio.h>

void fh_stream_fail(struct fh_stream *stream, const struct fh_err *err)
{
    if (stream->opening != NULL) {
        fh_stream_refuse(stream, FH_TAKE(stream->opening), err);
    }
    stream->broken = stream->worker != NULL && fh_worker_dead(stream->worker);
    fh_stream_end(stream, err);
}

/* ---- begin: own sources and remote tables to the worker ---- */

/* The scan of a table that is masked for its consumer. */
static int masked_scan_sql(struct fh_stream *stream, struct fh_buf *out, struct fh_err *err)
{
    const struct fh_masked_table *table = stream->masked;
    uint32_t *columns =
        fh_arena_array(stream->arena, (size_t)stream->scan_column_count + 1, sizeof *columns);
    if (columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a scan");
    }
    for (uint32_t i = 0; i < stream->scan_column_count; i++) {
        if (!fh_masked_find(table, stream->scan_columns[i], &columns[i])) {
            return fh_err_rule(
                err, FH_EINVAL, "scan.column", "%s has no such column", table->visible.table);
        }
    }
    if (stream->scan_column_count == 0) {
        fh_masked_select_rows(out, table);
    } else {
        fh_masked_select(out,
                         table,
                         &(struct fh_masked_scan){.columns = columns,
                                                  .column_count = stream->scan_column_count});
    }
    return FH_OK;
}

static int scan_sql(struct fh_stream *stream, struct fh_buf *out, struct fh_err *err)
{
    const struct fh_table *table = &stream->sources.tables[0];
    if (stream->masked != NULL) {
        int rc = masked_scan_sql(stream, out, err);
        return rc != FH_OK ? rc : fh_buf_ok(out);
    }
    fh_buf_add_cstr(out, "SELECT ");
    for (uint32_t i = 0; i < stream->scan_column_count; i++) {
        fh_buf_add_cstr(out, i > 0 ? ", " : "");
        fh_buf_add_quoted(out, stream->scan_columns[i], '"');
    }
    if (stream->scan_column_count == 0) {
        fh_buf_add_cstr(out, "true"); /* rows alone are wanted */
    }
    fh_buf_printf(out, " FROM \"%s\".\"%s\".\"%s\"", table->domain, table->product, table->table);
    return fh_buf_ok(out);
}

/* An interactive answer, unless the asker said that it wants more rows than those have. */
static uint64_t rows_max(const struct fh_stream *stream)
{
    const struct fh_settings *settings = stream->serve->options.settings;
    uint64_t wanted = stream->request.rows_max;
    if (stream->kind == FH_STREAM_SCAN) {
        return 0;
    }
    if ((stream->request.flags & FH_QUERY_STREAM) != 0) {
        return wanted > 0 && wanted < settings->stream_rows_max ? wanted
                                                                : settings->stream_rows_max;
    }
    if (wanted <= settings->query_rows_max) {
        return wanted > 0 ? wanted : settings->query_rows_max;
    }
    return wanted < settings->stream_rows_max ? wanted : settings->stream_rows_max;
}

static bool runs_filters(const struct fh_stream *stream)
{
    return stream->barrier != NULL || stream->masked != NULL;
}

/* Whatever runs a view's filters looks at them first. Pool thread. */
static int check_filters(struct fh_stream *stream)
{
    struct fh_worker *worker =
        stream->barrier != NULL ? fh_barrier_worker(stream->barrier) : stream->worker;
    if (!runs_filters(stream) || stream->filters_known) {
        return FH_OK;
    }
    return fh_filters_check(&stream->plan, worker, stream->deadline_ms, &stream->job_err);
}

int fh_stream_run(struct fh_stream *stream, struct fh_bytes sql, struct fh_err *err)
{
    const struct fh_channel_run run = {
        .sql = sql,
        .rows_max = rows_max(stream),
        .window = FH_QUERY_WINDOW,
        .params = stream->params,
        .param_count = stream->kind == FH_STREAM_SCAN ? 0 : stream->verdict->gate.param_count,
        .encodings = stream->encodings,
    };
    return fh_worker_run(stream->worker, &run, stream->deadline_ms, err);
}

/* Sends RUN unless the stream was ended while its tables were added. Pool thread. */
static int run_if_open(struct fh_stream *stream, struct fh_bytes sql)
{
    struct fh_err ignored;
    int rc = fh_stream_check_open(stream, &stream->job_err);
    if (rc == FH_OK) {
        rc = fh_stream_run(stream, sql, &stream->job_err);
    }
    /* Who ended it just now found no query to cancel. */
    if (rc == FH_OK && fh_stream_check_open(stream, &ignored) != FH_OK) {
        fh_worker_cancel(stream->worker);
    }
    return rc;
}

/* Pool thread. */
static void begin_work(void *user)
{
    struct fh_stream *stream = user;
    struct fh_source_set *sources = &stream->sources;
    int rc = stream->barrier == NULL
                 ? FH_OK
                 : fh_barrier_prepare(stream->barrier, stream->deadline_ms, &stream->job_err);
    if (rc == FH_OK) {
        rc = check_filters(stream);
    }
    if (rc == FH_OK && sources->table_count > 0) {
        rc = fh_worker_tables(stream->worker,
                              sources->tables,
                              sources->table_count,
                              sources->files,
                              sources->file_count,
                              stream->deadline_ms,
                              &stream->job_err);
    }
    if (stream->masked != NULL) {
        fh_masked_wipe(stream->masked);
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf scan;
    fh_buf_init(&scan, FH_SQL_BYTES_MAX * 4);
    struct fh_bytes sql = stream->sql;
    if (rc == FH_OK && stream->kind == FH_STREAM_SCAN) {
        fh_err_set(&stream->job_err, FH_ETOOBIG, "the columns do not fit a statement");
        rc = scan_sql(stream, &scan, &stream->job_err);
        sql = fh_buf_view(&scan);
    }
    if (rc == FH_OK) {
        rc = run_if_open(stream, sql);
    }
    stream->job_code = rc;
    if (rc == FH_OK && stream->kind == FH_STREAM_QUERY && stream->barrier == NULL &&
        !fh_source_set_is_remote(sources)) {
        (void)fh_stream_inline(stream, fh_clock_mono_ms() + FH_QUERY_INLINE_MS);
    }
}

void fh_stream_begun(void *user)
{
    struct fh_stream *stream = user;
    stream->job_running = false;
    fh_source_set_fini(&stream->sources); /* the worker has its own descriptors */
    if (stream->state == FH_STREAM_OVER) {
        fh_stream_settle(stream);
        return;
    }
    if (stream->job_code != FH_OK) {
        fh_stream_fail(stream, &stream->job_err);
        return;
    }
    if (runs_filters(stream)) {
        fh_filters_learn(&stream->serve->filters, &stream->plan);
    }
    if (stream->inlined == FH_STREAM_WHOLE) {
        fh_stream_end(stream, NULL);
        return;
    }
    fh_worker_patient(stream->worker, true); /* it was not over in a moment */
    if (stream->barrier != NULL && fh_barrier_worker(stream->barrier) != NULL) {
        fh_worker_patient(fh_barrier_worker(stream->barrier), true);
    }
    stream->state = FH_STREAM_RUNNING;
    stream->touched_ms = fh_clock_mono_ms();
    stream->told = true;
    if (stream->inlined == FH_STREAM_BEGUN) {
        stream->next_index = 1;
        fh_stream_pump(stream); /* the asker may have been quicker than this */
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    if (stream->kind == FH_STREAM_QUERY) {
        fh_msg_query_answer(&out, stream->id, NULL, NULL);
        fh_view_tell(&out, stream);
    } else {
        fh_msg_stream_answer(&out, stream->id);
    }
    fh_question_answer_buf(FH_TAKE(stream->opening), &out);
}

/* ---- plan and access ---- */

bool fh_stream_owns(const struct fh_stream *stream, const struct fh_plan_table *table)
{
    return fh_domain_id_equal(&table->table.entry.announcement.domain,
                              &stream->serve->options.domain);
}

/* A token may be for some products only. */
static int
check_token(const struct fh_stream *stream, const struct fh_plan_table *table, struct fh_err *err)
{
    const struct fh_announcement *product = &table->table.entry.announcement;
    return !stream->signer.by_token ? FH_OK
                                    : fh_token_check_product(&stream->signer.token,
                                                             table->table.entry.domain_name,
                                                             product->product,
                                                             product->major,
                                                             err);
}

int fh_stream_decide(struct fh_stream *stream,
                     const struct fh_plan_table *table,
                     struct fh_arena *arena,
                     struct fh_right *out,
                     struct fh_err *err)
{
    const struct fh_rights_question question = {
        .consumer = stream->request.consumer,
        .key = stream->request.key,
        .entry = stream->entry_domain,
        .purpose = stream->request.purpose,
        .formats = fh_query_request_formats(&stream->request),
        .now_ms = fh_clock_wall_ms(),
    };
    int rc = check_token(stream, table, err);
    return rc == FH_OK
               ? fh_rights_decide(stream->serve->options.rights, &question, table, arena, out, err)
               : rc;
}

static int
check_table(struct fh_stream *stream, const struct fh_plan_table *table, struct fh_err *err)
{
    int rc = check_token(stream, table, err);
    if (rc == FH_OK) {
        rc = fh_plan_check_served(table, &stream->request.consumer, err);
    }
    if (rc == FH_OK) {
        rc = fh_plan_check_served(table, &stream->entry_domain, err); /* it sees the rows too */
    }
    if (rc == FH_OK) {
        rc = fh_plan_check_quality(
            stream->serve->options.catalog, table, &stream->request.consumer, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    return fh_stream_requested(stream, table, err) == NULL ? err->code : FH_OK;
}

/* What the asker may see of an own table, for as long as the stream lives. */
static int entitle(struct fh_stream *stream, struct fh_plan_table *table, struct fh_err *err)
{
    struct fh_right *right = fh_arena_alloc(stream->arena, sizeof *right);
    int rc = right == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for a right")
                           : fh_stream_decide(stream, table, stream->arena, right, err);
    if (rc == FH_OK) {
        table->right = right;
        table->view = &right->view;
        rc = fh_view_note(table, stream->arena, err);
    }
    return rc;
}

static bool is_masked(const struct fh_plan_table *table)
{
    return table->view != NULL && !table->view->open;
}

/* A scan for another node is masked by the worker that runs it. */
static int
add_masked_scan(struct fh_stream *stream, const struct fh_plan_table *table, struct fh_err *err)
{
    struct fh_source_set *sources = &stream->sources;
    stream->masked = fh_arena_alloc(stream->arena, sizeof *stream->masked);
    if (stream->masked == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a scan");
    }
    int rc = fh_source_add_own(sources, table, stream->serve->options.store, stream->arena, err);
    if (rc == FH_OK) {
        rc = fh_barrier_mask(stream, table, &sources->tables[0], stream->masked, err);
    }
    if (rc == FH_OK) {
        sources->tables[0] = stream->masked->real;
    }
    return rc;
}

/* Where the table lies, when that was looked up with the plan. */
static const struct fh_source_place *place_of(const struct fh_stream *stream,
                                              const struct fh_plan_table *table)
{
    size_t index = (size_t)(table - stream->plan.tables);
    bool known = stream->verdict != NULL && stream->verdict->places != NULL &&
                 stream->verdict->places[index].found;
    return known ? &stream->verdict->places[index] : NULL;
}

static int
add_table(struct fh_stream *stream, const struct fh_plan_table *table, struct fh_err *err)
{
    const struct fh_source_place *place = place_of(stream, table);
    if (!fh_stream_owns(stream, table)) {
        return fh_source_add_remote(&stream->sources, table, stream->arena, err);
    }
    if (!is_masked(table)) {
        return place != NULL
                   ? fh_source_add_found(&stream->sources, table, place, err)
                   : fh_source_add_own(
                         &stream->sources, table, stream->serve->options.store, stream->arena, err);
    }
    return stream->kind == FH_STREAM_SCAN ? add_masked_scan(stream, table, err)
                                          : fh_barrier_add(stream, table, err);
}

static int open_tables(struct fh_stream *stream, struct fh_err *err)
{
    int rc = FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < stream->plan.table_count; i++) {
        struct fh_plan_table *table = &stream->plan.tables[i];
        rc = check_table(stream, table, err);
        if (rc == FH_OK && fh_stream_owns(stream, table)) {
            rc = entitle(stream, table, err);
        }
        if (rc == FH_OK) {
            rc = add_table(stream, table, err);
        }
    }
    return rc;
}

/* What the owner would refuse anyway is refused where the question is asked. */
static int check_served(const struct fh_stream *stream, struct fh_err *err)
{
    int rc = FH_OK;
    for (uint32_t i = 0; rc == FH_OK && i < stream->plan.table_count; i++) {
        rc = fh_plan_check_served(&stream->plan.tables[i], &stream->request.consumer, err);
        if (rc == FH_OK) {
            rc = fh_plan_check_quality(stream->serve->options.catalog,
                                       &stream->plan.tables[i],
                                       &stream->request.consumer,
                                       err);
        }
    }
    return rc;
}

static void answer_plan(struct fh_stream *stream)
{
    const struct fh_serve_options *o = &stream->serve->options;
    struct fh_msg_plan *plan = fh_calloc(1, sizeof *plan);
    struct fh_err err;
    int rc = plan == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory for a plan")
                          : check_served(stream, &err);
    if (rc != FH_OK) {
        fh_free(plan);
        fh_stream_fail(stream, &err);
        return;
    }
    plan->entry = o->node;
    plan->joined = stream->plan.joined;
    plan->table_count = stream->plan.table_count;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        const struct fh_plan_table *from = &stream->plan.tables[i];
        const struct fh_announcement *product = &from->table.entry.announcement;
        struct fh_msg_plan_table *to = &plan->tables[i];
        to->domain = product->domain;
        to->contract = product->contract;
        snprintf(to->domain_name, sizeof to->domain_name, "%s", from->table.entry.domain_name);
        snprintf(to->product, sizeof to->product, "%s", product->product);
        snprintf(to->version, sizeof to->version, "%s", product->version);
        snprintf(to->table, sizeof to->table, "%s", from->table.name);
        to->status = product->status;
        to->sunset_ms = product->sunset_ms;
        snprintf(to->successor, sizeof to->successor, "%s", product->successor);
        const char *address;
        if (fh_stream_owns(stream, from)) {
            to->node = o->node;
            to->reachable = true;
        } else {
            to->reachable =
                o->mesh != NULL && fh_mesh_node_of(o->mesh, &product->domain, &to->node, &address);
        }
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_plan_answer(&out, plan);
    fh_free(plan);
    fh_question_answer_buf(FH_TAKE(stream->opening), &out);
    fh_stream_end(stream, NULL);
}

void fh_stream_begin(struct fh_stream *stream)
{
    struct fh_err err;
    int rc = stream->barrier == NULL ? FH_OK : fh_barrier_take_worker(stream->barrier, &err);
    if (rc == FH_EBUSY && stream->serve->options.settings->workers_max < 2) {
        rc = fh_err_rule(&err,
                         FH_EBUSY,
                         "limit.workers",
                         "this node may run one worker, and a masked table needs two; its operator "
                         "can raise limits.workers");
    } else if (rc == FH_EBUSY) {
        fh_snapshots_yield(stream->serve->snapshots);
        stream->state = FH_STREAM_SHORT; /* the next worker that is given back is its own */
        return;
    }
    if (rc == FH_OK) {
        stream->state = FH_STREAM_BEGINNING;
        stream->ran = true;
        stream->filters_known = fh_filters_known(&stream->serve->filters, &stream->plan);
        if (!fh_stream_direct(stream, &rc, &err)) {
            rc = fh_stream_submit(stream, begin_work, fh_stream_begun, &err);
        }
    }
    if (rc != FH_OK) {
        fh_stream_fail(stream, &err);
    }
}

void fh_stream_seen(struct fh_stream *stream)
{
    struct fh_err err;
    if (fh_stream_judge_key(stream, fh_clock_wall_ms(), &err) == FH_OK &&
        open_tables(stream, &err) == FH_OK && fh_stream_spend(stream, &err) == FH_OK &&
        fh_stream_decided(stream, &err) == FH_OK && fh_stream_prove(stream, &err) == FH_OK) {
        fh_stream_begin(stream);
    } else {
        fh_stream_fail(stream, &err);
    }
}

/* ---- prepare: a worker, and the statement through the gate ---- */

int fh_stream_parsed(struct fh_stream *stream)
{
    int rc = fh_worker_parse_take(stream->worker, &stream->tree, &stream->job_err);
    return rc != FH_OK ? rc
                       : fh_gate_check(&stream->verdict->gate,
                                       fh_buf_view(&stream->tree),
                                       stream->verdict->arena,
                                       &stream->job_err);
}

/* Pool thread. */
static void prepare_work(void *user)
{
    struct fh_stream *stream = user;
    int rc = FH_OK;
    if (stream->fresh) {
        rc = fh_worker_setup_wait(
            stream->worker, fh_clock_mono_ms() + FH_QUERY_START_MS, &stream->job_err);
    }
    if (rc == FH_OK && !stream->judged && !stream->parse_asked) {
        rc = fh_worker_parse_ask(stream->worker, stream->sql, &stream->job_err);
    }
    if (rc == FH_OK && !stream->judged) {
        rc = fh_stream_parsed(stream);
    }
    stream->job_code = rc;
}

/* The gate has let it through. */
static void go_on(struct fh_stream *stream)
{
    struct fh_err err;
    int rc = FH_OK;
    fh_worker_patient(stream->worker, false); /* it may have been started for this */
    if (stream->verdict != NULL) {
        rc = fh_stream_plan(stream, &err);
        if (rc == FH_OK) {
            rc = fh_gate_params_bind(&stream->verdict->gate,
                                     stream->request.params,
                                     stream->request.param_count,
                                     stream->params,
                                     &err);
        }
    }
    if (rc != FH_OK) {
        fh_stream_fail(stream, &err);
    } else if (stream->kind == FH_STREAM_PLAN) {
        answer_plan(stream);
    } else {
        fh_views_ask(stream);
    }
}

void fh_stream_prepared(void *user)
{
    struct fh_stream *stream = user;
    stream->job_running = false;
    if (stream->state == FH_STREAM_OVER) {
        fh_stream_settle(stream);
    } else if (stream->job_code != FH_OK) {
        fh_stream_fail(stream, &stream->job_err);
    } else {
        go_on(stream);
    }
}

int fh_stream_prepare_job(struct fh_stream *stream, struct fh_err *err)
{
    return fh_stream_submit(stream, prepare_work, fh_stream_prepared, err);
}

bool fh_stream_prepare(struct fh_stream *stream)
{
    const struct fh_serve_options *o = &stream->serve->options;
    struct fh_err err;
    int rc = fh_crew_take(o->crew,
                          stream->session,
                          stream->kind == FH_STREAM_SCAN ? FH_WORKER_SCAN : FH_WORKER_QUERY,
                          stream->kind != FH_STREAM_SCAN && fh_turns_defers(stream),
                          &stream->worker,
                          &stream->fresh,
                          &err);
    if (rc == FH_EBUSY) {
        fh_snapshots_yield(stream->serve->snapshots);
        return false; /* its turn comes when a worker is given back */
    }
    if (rc == FH_OK) {
        stream->state = FH_STREAM_PREPARING;
        fh_turns_begin(stream);
        bool stream_class = (stream->request.flags & FH_QUERY_STREAM) != 0;
        stream->begun_ms = fh_clock_mono_ms();
        stream->deadline_ms =
            stream->begun_ms + (int64_t)(stream_class ? o->settings->stream_deadline_ms
                                                      : o->settings->query_deadline_ms);
        rc = fh_stream_judge(stream, &err);
    }
    if (rc == FH_OK && stream->judged && !stream->fresh) {
        go_on(stream);
        return true;
    }
    if (rc == FH_OK && !fh_stream_direct_parse(stream, &rc, &err)) {
        rc = fh_stream_prepare_job(stream, &err);
    }
    if (rc != FH_OK) {
        fh_stream_fail(stream, &err);
    }
    return true;
}
