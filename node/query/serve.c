/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes questions: checks signed requests, finds streams.
 */
#include "node/query/serve.h"

#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/query/prescan.h"
#include "node/query/stream.h"
#include "proto/session/messages_access.h"
#include "proto/session/messages_policy.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 16 * 1024 * 1024 }; /* plan, columns and parse tree of one question */

/* ---- making a stream from a question ---- */

static struct fh_stream *
new_stream(struct fh_serve *serve, struct fh_question *question, enum fh_stream_kind kind)
{
    struct fh_stream *stream = fh_calloc(1, sizeof *stream);
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    bool full = serve->count >= FH_STREAMS_MAX && !fh_stream_forget(serve);
    if (stream == NULL || arena == NULL || serve->quiet || full) {
        struct fh_err err;
        if (serve->quiet) {
            fh_err_set(&err, FH_ECANCELLED, "this node is going down");
        } else if (full) {
            fh_err_rule(&err,
                        FH_EBUSY,
                        "limit.streams",
                        "this node answers %d questions already",
                        FH_STREAMS_MAX);
            fh_err_retry(&err, 1000);
        } else {
            fh_err_set(&err, FH_ENOMEM, "no memory for a query");
        }
        fh_serve_refuse(serve, question, &err);
        fh_arena_free(arena);
        fh_free(stream);
        return NULL;
    }
    stream->serve = serve;
    stream->id = ++serve->last_id;
    stream->session = fh_question_session(question);
    stream->version = fh_question_version(question);
    stream->kind = kind;
    stream->hearer = fh_question_hearer(question);
    stream->opening = question;
    stream->arena = arena;
    stream->asker = fh_question_speaker(question)->key;
    stream->consumer = stream->asker;
    stream->session_token = fh_question_speaker(question)->token;
    stream->entry_domain = fh_question_speaker(question)->domain;
    stream->request.consumer = stream->entry_domain;
    stream->started_ms = fh_clock_wall_ms();
    stream->touched_ms = fh_clock_mono_ms();
    fh_buf_init(&stream->record, FH_RECORD_BYTES_MAX);
    fh_buf_init(&stream->tree, FH_AST_BYTES_MAX);
    fh_source_set_init(&stream->sources);
    fh_tally_init(&stream->tally, false);
    fh_list_init(&stream->remotes);
    fh_list_push_back(&serve->streams, &stream->link);
    serve->count++;
    fh_turns_enter(stream);
    return stream;
}

static int check_sql(struct fh_stream *stream, struct fh_bytes sql, struct fh_err *err)
{
    struct fh_prescan scan;
    int rc = fh_prescan(&scan, sql, err);
    if (rc == FH_OK) {
        stream->sql = fh_bytes(sql.data, scan.end);
    }
    return rc;
}

static int keep_sql(struct fh_stream *stream, struct fh_bytes sql, struct fh_err *err)
{
    char *copy = fh_arena_string(stream->arena, sql);
    if (copy == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a query");
    }
    return check_sql(stream, fh_bytes(copy, sql.size), err);
}

/* A plan knows which parameters will have values; they stand in its request, each as NULL. */
static int keep_param_names(struct fh_stream *stream,
                            const struct fh_msg_plan_question *asked,
                            struct fh_err *err)
{
    struct fh_query_request *request = &stream->request;
    request->param_count = asked->param_count;
    for (uint32_t i = 0; i < asked->param_count; i++) {
        struct fh_param *param = &request->params[i];
        FH_ASSERT(asked->params[i].size < sizeof param->name);
        memcpy(param->name, asked->params[i].data, asked->params[i].size);
        param->name[asked->params[i].size] = '\0';
        param->value = (struct fh_cell){.kind = FH_CELL_NULL};
    }
    return fh_params_check(request->params, request->param_count, err);
}

/* Whoever asks in a session of its own has shown by its key who it is; the signature is for those
 * who read the receipt. It is checked last, when the audit log has the decision and the disk is at
 * work: a tenth of what a small question takes and more. What others forward has nothing else. */
static int
judge_request(struct fh_stream *stream, const struct fh_record *record, struct fh_err *err)
{
    const struct fh_directory *dir = stream->serve->options.dir;
    bool own = stream->kind == FH_STREAM_QUERY;
    stream->unproven = own;
    return own ? fh_query_request_judge(&stream->signer, dir, record, &stream->request, err)
               : fh_query_request_verify(&stream->signer, dir, record, &stream->request, err);
}

int fh_stream_prove(struct fh_stream *stream, struct fh_err *err)
{
    const struct fh_serve_options *o = &stream->serve->options;
    struct fh_record record;
    if (!stream->unproven) {
        return FH_OK;
    }
    int rc = fh_record_parse(&record, fh_buf_view(&stream->record), &o->mesh_id, err);
    if (rc == FH_OK) {
        rc = fh_token_prove_signer(&stream->signer, o->dir, &record, err);
    }
    stream->unproven = rc != FH_OK;
    return rc;
}

/* The signed request of a QUERY or SCAN: form, right, time and place; of a SCAN also its signature,
 * of a QUERY before anything is read for it or shown to others (fh_stream_prove). */
static int take_request(struct fh_stream *stream, struct fh_bytes bytes, struct fh_err *err)
{
    const struct fh_serve_options *o = &stream->serve->options;
    fh_buf_add_bytes(&stream->record, bytes);
    struct fh_record record;
    int rc = fh_buf_ok(&stream->record);
    if (rc != FH_OK) {
        return fh_err_set(err, rc, "the request is too large");
    }
    rc = fh_record_parse(&record, fh_buf_view(&stream->record), &o->mesh_id, err);
    if (rc == FH_OK && record.type != FH_RECORD_REQUEST) {
        rc = fh_err_rule(err, FH_EINVAL, "query.request.form", "the record is no request");
    }
    if (rc == FH_OK) {
        rc = fh_query_request_parse(&stream->request, record.payload, err);
    }
    if (rc == FH_OK) {
        rc = judge_request(stream, &record, err);
    }
    if (rc == FH_OK) {
        struct fh_query_arrival arrival = {
            .place = stream->kind == FH_STREAM_SCAN ? FH_QUERY_AT_OWNER : FH_QUERY_AT_ENTRY,
            .session_key = stream->consumer,
            .session_token = stream->session_token,
            .request_token = stream->signer.token_id,
            .self = o->node,
            .now_ms = fh_clock_wall_ms(),
        };
        rc = fh_query_request_check(&stream->request, &arrival, err);
    }
    if (rc == FH_OK) {
        rc = fh_stream_judge_key(stream, fh_clock_wall_ms(), err);
    }
    stream->request_id = record.id;
    stream->consumer = stream->request.key;
    if (rc == FH_OK) {
        fh_tally_init(&stream->tally,
                      (stream->request.flags & FH_QUERY_TREE) != 0 &&
                          stream->kind == FH_STREAM_QUERY);
    }
    return rc;
}

static void serve_plan(struct fh_serve *serve, struct fh_question *question)
{
    struct fh_stream *stream = new_stream(serve, question, FH_STREAM_PLAN);
    if (stream == NULL) {
        return;
    }
    struct fh_msg_plan_question asked;
    struct fh_err err;
    int rc = fh_msg_plan_request_read(fh_question_fields(question), &asked, &err);
    if (rc == FH_OK) {
        rc = keep_sql(stream, asked.sql, &err);
    }
    if (rc == FH_OK) {
        rc = keep_param_names(stream, &asked, &err);
    }
    if (rc == FH_OK) {
        fh_turns_enqueue(stream);
    } else {
        fh_stream_fail(stream, &err);
    }
}

static void serve_query(struct fh_serve *serve, struct fh_question *question)
{
    struct fh_err err;
    struct fh_stream *stream = new_stream(serve, question, FH_STREAM_QUERY);
    if (stream == NULL) {
        return;
    }
    struct fh_pack_reader *fields = fh_question_fields(question);
    struct fh_bytes record = fh_pack_read_bin(fields, FH_RECORD_BYTES_MAX);
    stream->encodings = fh_msg_encodings_read(fields);
    int rc = fh_pack_read_ok(fields, "query", &err);
    if (rc == FH_OK) {
        rc = take_request(stream, record, &err);
    }
    if (rc == FH_OK) {
        rc = check_sql(stream, stream->request.sql, &err);
    }
    if (rc == FH_OK) {
        fh_turns_enqueue(stream);
    } else {
        fh_stream_fail(stream, &err);
    }
}

/* ---- SCAN ---- */

static int read_scan(struct fh_stream *stream, struct fh_pack_reader *fields, struct fh_err *err)
{
    struct fh_bytes record = fh_pack_read_bin(fields, FH_RECORD_BYTES_MAX);
    stream->scan_table = (uint32_t)fh_pack_read_uint(fields, FH_QUERY_TABLES_MAX - 1);
    uint32_t count = fh_pack_read_array(fields, FH_BATCH_COLUMNS_MAX);
    stream->scan_columns = fh_arena_array(stream->arena, count + 1, sizeof(char *));
    if (stream->scan_columns == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a scan");
    }
    for (uint32_t i = 0; i < count && fields->failed == FH_OK; i++) {
        struct fh_bytes name = fh_pack_read_str(fields, 4096);
        stream->scan_columns[i] = fh_arena_string(stream->arena, name);
        if (stream->scan_columns[i] == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a scan");
        }
    }
    stream->scan_column_count = count;
    stream->encodings = fh_msg_encodings_read(fields);
    int rc = fh_pack_read_ok(fields, "scan", err);
    return rc == FH_OK ? take_request(stream, record, err) : rc;
}

static bool has_column(const struct fh_catalog_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The one table of a scan, planned without a parser: the request names it. */
static int plan_scan(struct fh_stream *stream, struct fh_err *err)
{
    const struct fh_serve_options *o = &stream->serve->options;
    if (stream->scan_table >= stream->request.table_count) {
        return fh_err_rule(err, FH_EINVAL, "scan.table", "the request has no such table");
    }
    const struct fh_query_table *asked = &stream->request.tables[stream->scan_table];
    if (!fh_domain_id_equal(&asked->domain, &o->domain)) {
        return fh_err_rule(
            err, FH_EDENIED, "scan.owner", "this node does not own %s", asked->product);
    }
    const struct fh_directory_domain *self = fh_directory_domain(o->dir, &o->domain);
    FH_ASSERT(self != NULL);
    struct fh_plan_table *table = fh_arena_alloc(stream->arena, sizeof *table);
    char *end;
    unsigned long major = strtoul(asked->version, &end, 10);
    if (table == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a scan");
    }
    int rc = fh_catalog_table(o->catalog,
                              self->name,
                              asked->product,
                              (uint32_t)major,
                              asked->table,
                              stream->arena,
                              &table->table,
                              err);
    if (rc != FH_OK) {
        return rc;
    }
    for (uint32_t i = 0; i < stream->scan_column_count; i++) {
        if (!has_column(&table->table, stream->scan_columns[i])) {
            return fh_err_rule(
                err, FH_EINVAL, "scan.column", "%s has no such column", asked->table);
        }
    }
    table->written = asked->product;
    table->sole = false;
    stream->plan = (struct fh_plan){.table_count = 1, .tables = table};
    return FH_OK;
}

static void serve_scan(struct fh_serve *serve, struct fh_question *question)
{
    struct fh_err err;
    if (fh_question_speaker(question)->role != FH_ROLE_NODE) {
        fh_err_rule(&err, FH_EDENIED, "scan.role", "only a node that joins may scan");
        fh_serve_refuse(serve, question, &err);
        return;
    }
    struct fh_stream *stream = new_stream(serve, question, FH_STREAM_SCAN);
    if (stream == NULL) {
        return;
    }
    int rc = read_scan(stream, fh_question_fields(question), &err);
    if (rc == FH_OK) {
        rc = plan_scan(stream, &err);
    }
    if (rc == FH_OK) {
        fh_turns_enqueue(stream);
    } else {
        fh_stream_fail(stream, &err);
    }
}

/* A node that joins asks whether the consumer may still read a table that it scanned (STILL), or
 * what of a table there is to be seen before it scans (VIEW). */
static void serve_right(struct fh_serve *serve, struct fh_question *question)
{
    struct fh_err err;
    struct fh_bytes record;
    struct fh_right right;
    struct fh_stream *stream = new_stream(serve, question, FH_STREAM_SCAN);
    if (stream == NULL) {
        return;
    }
    struct fh_pack_reader *fields = fh_question_fields(question);
    bool sees = fh_question_code(question) == FH_MSG_VIEW;
    int rc = sees ? fh_msg_view_read(fields, &record, &stream->scan_table, &err)
                  : fh_msg_still_read(fields, &record, &stream->scan_table, &err);
    if (rc == FH_OK) {
        rc = take_request(stream, record, &err);
    }
    if (rc == FH_OK) {
        rc = plan_scan(stream, &err);
    }
    if (rc == FH_OK) {
        rc = fh_stream_decide(stream, &stream->plan.tables[0], stream->arena, &right, &err);
    }
    if (rc == FH_OK && sees && fh_stream_requested(stream, &stream->plan.tables[0], &err) == NULL) {
        rc = err.code; /* the asker would not know these columns */
    }
    if (rc == FH_OK) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf out;
        fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
        if (sees) {
            fh_view_answer(&out, &stream->plan.tables[0], &right);
        } else {
            const struct fh_msg_still still = {.open = right.view.open, .view = right.view.id};
            fh_msg_still_answer(&out, &still);
        }
        fh_question_answer_buf(FH_TAKE(stream->opening), &out);
        fh_stream_end(stream, NULL);
    } else {
        fh_stream_fail(stream, &err);
    }
}

/* ---- NEXT and CANCEL ---- */

struct fh_stream *fh_serve_stream(struct fh_serve *serve, uint64_t id)
{
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        if (stream->id == id) {
            return stream;
        }
    }
    return NULL;
}

static struct fh_stream *find(struct fh_serve *serve, uint64_t id, uint64_t session)
{
    struct fh_stream *stream = fh_serve_stream(serve, id);
    return stream != NULL && stream->session == session ? stream : NULL;
}

static void refuse_unknown(struct fh_question *question)
{
    struct fh_err err;
    fh_err_rule(&err, FH_ENOTFOUND, "stream.unknown", "this session has no such answer running");
    fh_question_refuse(question, &err);
}

static void serve_next(struct fh_serve *serve, struct fh_question *question)
{
    uint64_t id;
    uint64_t index;
    struct fh_err err;
    if (fh_msg_next_request_read(fh_question_fields(question), &id, &index, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    struct fh_stream *stream = find(serve, id, fh_question_session(question));
    if (stream == NULL) {
        refuse_unknown(question);
    } else {
        fh_stream_next(stream, question, index);
    }
}

static void serve_cancel(struct fh_serve *serve, struct fh_question *question)
{
    struct fh_pack_reader *fields = fh_question_fields(question);
    uint64_t id = fh_pack_read_uint(fields, UINT64_MAX);
    struct fh_err err;
    if (fh_pack_read_ok(fields, "cancel", &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    struct fh_stream *stream = find(serve, id, fh_question_session(question));
    if (stream == NULL || stream->state == FH_STREAM_OVER || stream->closing != NULL) {
        refuse_unknown(question);
        return;
    }
    stream->closing = question;
    fh_err_rule(&err, FH_ECANCELLED, "stream.cancelled", "cancelled by the one who asked");
    fh_stream_end(stream, &err);
}

void fh_serve_question(struct fh_serve *serve, struct fh_question *question)
{
    switch (fh_question_code(question)) {
    case FH_MSG_PLAN:
        serve_plan(serve, question);
        break;
    case FH_MSG_QUERY:
        serve_query(serve, question);
        break;
    case FH_MSG_SCAN:
        serve_scan(serve, question);
        break;
    case FH_MSG_NEXT:
        serve_next(serve, question);
        break;
    case FH_MSG_CANCEL:
        serve_cancel(serve, question);
        break;
    case FH_MSG_STILL:
    case FH_MSG_VIEW:
        serve_right(serve, question);
        break;
    default:
        FH_ASSERT(false); /* node.c sends only these here */
    }
}

/* ---- life ---- */

/* Somebody may wait for it. */
static void worker_freed(void *user)
{
    fh_serve_look(user, 0);
}

int fh_serve_new(struct fh_serve **out, const struct fh_serve_options *options, struct fh_err *err)
{
    struct fh_serve *serve = fh_calloc(1, sizeof *serve);
    if (serve == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to serve");
    }
    serve->options = *options;
    serve->audit_base = (uint64_t)fh_clock_wall_ms() << 20;
    fh_list_init(&serve->streams);
    fh_list_init(&serve->unsigned_answers);
    struct fh_snapshots_options snapshots = {
        .loop = options->loop,
        .crew = options->crew,
        .folder = fh_crew_folder(options->crew),
        .freed = worker_freed,
        .user = serve,
    };
    int rc = fh_snapshots_new(&serve->snapshots, &snapshots, err);
    if (rc == FH_OK) {
        rc = fh_verdicts_new(&serve->verdicts, err);
    }
    if (rc == FH_OK) {
        rc = fh_budget_new(&serve->budget, options->store, err);
    }
    if (rc == FH_OK) {
        rc = fh_timer_new(&serve->watch, options->loop, fh_serve_watch, serve, err);
    }
    if (rc != FH_OK) {
        fh_budget_free(serve->budget);
        fh_verdicts_free(serve->verdicts);
        fh_snapshots_free(serve->snapshots);
        fh_free(serve);
        return rc;
    }
    serve->watch_ms = INT64_MAX;
    fh_serve_look(serve, 0);
    *out = serve;
    return FH_OK;
}

/* Ends all streams, or those of a session (not zero). */
static void end_all(struct fh_serve *serve, uint64_t session, const char *why)
{
    struct fh_err err;
    fh_err_rule(&err, FH_ECANCELLED, "session.over", "%s", why);
    FH_LIST_FOREACH (link, &serve->streams) {
        struct fh_stream *stream = FH_LIST_ENTRY(link, struct fh_stream, link);
        if (session == 0 || stream->session == session) {
            fh_stream_end(stream, &err);
        }
    }
}

void fh_serve_quiesce(struct fh_serve *serve)
{
    serve->quiet = true;
    fh_serve_sign(serve, INT64_MAX);
    end_all(serve, 0, "this node is going down");
    fh_snapshots_quiesce(serve->snapshots);
    fh_crew_quiesce(serve->options.crew);
}

bool fh_serve_drained(const struct fh_serve *serve)
{
    return serve->count == 0 && fh_snapshots_drained(serve->snapshots);
}

void fh_serve_free(struct fh_serve *serve)
{
    if (serve == NULL) {
        return;
    }
    FH_ASSERT(serve->count == 0 && serve->unsigned_count == 0);
    fh_timer_free(serve->watch);
    fh_budget_free(serve->budget);
    fh_verdicts_free(serve->verdicts);
    fh_snapshots_free(serve->snapshots);
    fh_free(serve);
}

void fh_serve_session_gone(struct fh_serve *serve, uint64_t session)
{
    end_all(serve, session, "the session is over");
    fh_crew_forget(serve->options.crew, session);
    fh_verdicts_forget(serve->verdicts, session);
}

unsigned fh_serve_streams(const struct fh_serve *serve)
{
    return serve->count;
}
