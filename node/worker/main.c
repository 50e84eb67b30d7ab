/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freehold-worker: the process that holds DuckDB for one consumer of a node.
 *
 * Started by the node with one argument, the number of its channel's descriptor. A second thread,
 * with a stack that DuckDB's parser cannot overflow within the limits of the pre-scan, answers
 * questions in turn. The first one never runs SQL; it reads the channel while a question takes long
 * (inbox.h), and lets more threads come to it (helpers.h).
 */
#include "node/worker/inbox.h"
#include "node/worker/profile.h"
#include "node/worker/rehearsal.h"
#include "node/worker/run.h"
#include "node/worker/sandbox.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STACK_BYTES = 16 * 1024 * 1024, /* 256 KiB overflow at depth 200; 8 MiB held in every probe */
    ARENA_BYTES_MAX = 8 * 1024 * 1024,
    ASKED_AT_ONCE_MS = 5, /* or it stands by */
};

struct worker {
    struct fh_desk desk;
    struct fh_channel_setup setup;
    uint32_t layers; /* FH_LAYER_* that stand */
};

static FH_NORETURN void give_up(const struct fh_err *err)
{
    fprintf(stderr, "freehold-worker: %s\n", err->text);
    _exit(1);
}

/* ---- reading ---- */

/* Handles one frame that is no question; a question is left to the caller. */
static int
receive(struct fh_desk *desk, struct fh_frame *frame, bool *out_question, struct fh_err *err)
{
    struct fh_bytes payload = fh_bytes(frame->payload, frame->size);
    struct fh_channel_count count;
    struct fh_channel_error error;
    int code = FH_OK;
    *out_question = false;
    switch (frame->kind) {
    case FH_CHANNEL_CREDIT:
        code = fh_channel_get_count(&count, payload, err);
        if (code == FH_OK) {
            fh_inbox_credit(desk->inbox, count.id, count.count);
        }
        break;
    case FH_CHANNEL_CANCEL:
        code = fh_channel_get_count(&count, payload, err);
        if (code == FH_OK) {
            fh_inbox_cancel(desk->inbox, count.id);
            fh_scans_cancel(desk->scans);
        }
        break;
    case FH_CHANNEL_SCAN_BATCH:
        code = fh_scans_batch(desk->scans, frame, err);
        break;
    case FH_CHANNEL_SCAN_END:
        code = fh_channel_get_count(&count, payload, err);
        if (code == FH_OK) {
            fh_scans_end(desk->scans, count.id);
        }
        break;
    case FH_CHANNEL_SCAN_ERROR:
        code = fh_channel_get_error(&error, payload, err);
        if (code == FH_OK) {
            fh_scans_fail(desk->scans, &error);
        }
        break;
    case FH_CHANNEL_SCAN_RING:
        code = fh_scans_ring(desk->scans, frame, err);
        break;
    case FH_CHANNEL_FEED:
        code = fh_feeds_start(desk->feeds, frame, err);
        break;
    case FH_CHANNEL_FEED_STOP:
        code = fh_channel_get_count(&count, payload, err);
        if (code == FH_OK) {
            fh_feeds_stop(desk->feeds, count.id);
        }
        break;
    default:
        *out_question = true;
        return FH_OK;
    }
    fh_frame_fini(frame);
    return code;
}

/* Reads up to the next question. Never returns when the node has closed the channel. */
static void read_question(struct fh_desk *desk, struct fh_frame *out)
{
    struct fh_err err = {0};
    for (bool question = false; !question;) {
        int code = fh_port_read(desk->port, out, &err);
        if (code == FH_EIO) {
            _exit(0); // the usual end
        }
        if (code != FH_OK || receive(desk, out, &question, &err) != FH_OK) {
            give_up(&err);
        }
    }
}

/* ---- the working thread ---- */

static void answer_parse(struct fh_desk *desk, const struct fh_channel_text *question)
{
    struct fh_err err = {0};
    struct fh_buf json;
    struct fh_buf payload;
    fh_buf_init(&json, FH_AST_BYTES_MAX);
    fh_buf_init(&payload, FH_AST_BYTES_MAX + 64);
    int code = fh_engine_parse(desk->engine, question->sql, &json, &err);
    if (code == FH_OK) {
        struct fh_channel_text answer = {.id = question->id, .sql = fh_buf_view(&json)};
        fh_channel_put_text(&payload, &answer);
        fh_port_send_buf(desk->port, FH_CHANNEL_PARSED, &payload);
    } else {
        fh_port_send_error(desk->port, question->id, &err, 0);
    }
    fh_buf_fini(&json);
    fh_buf_fini(&payload);
}

static int answer_tables(struct fh_desk *desk,
                         struct fh_frame *frame,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    struct fh_table *tables = NULL;
    uint32_t count = 0;
    int code =
        fh_channel_get_tables(&tables, &count, fh_bytes(frame->payload, frame->size), arena, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_err reason = {0};
    int added = FH_OK;
    fh_prepared_forget(desk->prepared); // they are bound to the tables as they were
    for (uint32_t i = 0; added == FH_OK && i < count; i++) {
        added = fh_engine_add_table(desk->engine, &tables[i], frame, &reason);
    }
    if (added != FH_OK) {
        fh_port_send_error(desk->port, 0, &reason, 0);
        return FH_OK;
    }
    fh_port_send_count(desk->port, FH_CHANNEL_TABLES_READY, 0, count);
    return FH_OK;
}

/* Answers one question; a code means that the node broke the protocol. */
static int
answer(struct fh_desk *desk, struct fh_frame *frame, struct fh_arena *arena, struct fh_err *err)
{
    struct fh_bytes payload = fh_bytes(frame->payload, frame->size);
    struct fh_channel_text text;
    struct fh_channel_run run;
    struct fh_channel_probe probe;
    struct fh_channel_sample sample;
    struct fh_profile_question profile;
    int code = FH_OK;
    switch (frame->kind) {
    case FH_CHANNEL_TABLES:
        return answer_tables(desk, frame, arena, err);
    case FH_CHANNEL_PARSE:
        code = fh_channel_get_text(&text, payload, err);
        if (code == FH_OK) {
            answer_parse(desk, &text);
        }
        return code;
    case FH_CHANNEL_DESCRIBE:
        code = fh_channel_get_text(&text, payload, err);
        if (code == FH_OK) {
            fh_run_describe(desk, &text);
        }
        return code;
    case FH_CHANNEL_PROBE:
        code = fh_channel_get_probe(&probe, payload, arena, err);
        if (code == FH_OK) {
            fh_probe(desk, &probe, frame, arena);
        }
        return code;
    case FH_CHANNEL_SAMPLE:
        code = fh_channel_get_sample(&sample, payload, arena, err);
        if (code == FH_OK) {
            fh_sample(desk, &sample, frame, arena);
        }
        return code;
    case FH_CHANNEL_PROFILE:
    case FH_CHANNEL_CATALOGUE:
        code = fh_profile_get_question(&profile, payload, arena, err);
        if (code == FH_OK) {
            fh_profile_answer(desk, &profile, frame);
        }
        return code;
    case FH_CHANNEL_RUN:
        code = fh_channel_get_run(&run, payload, arena, err);
        if (code == FH_OK && !fh_run(desk, &run)) {
            _exit(2); // DuckDB failed inside; the node starts another worker
        }
        return code;
    default:
        return fh_err_set(
            err, FH_EPROTO, "frame %s is not a question", fh_channel_kind_text(frame->kind));
    }
}

static void *work(void *data)
{
    struct worker *worker = data;
    struct fh_desk *desk = &worker->desk;
    struct fh_err err = {0};
    int sealed = fh_engine_seal(desk->engine, &err);
    if (sealed == FH_OK) {
        sealed = fh_helpers_new(
            &desk->helpers, fh_engine_database(desk->engine), worker->setup.threads - 1, &err);
    }
    if (sealed != FH_OK) {
        fh_port_send_error(desk->port, 0, &err, 0);
        give_up(&err);
    }
    fh_feeds_help(desk->feeds, desk->helpers);
    fh_port_send_count(desk->port, FH_CHANNEL_READY, 0, worker->layers);
    fh_rehearsal_end(desk->engine, !fh_port_waits(desk->port, ASKED_AT_ONCE_MS));
    for (;;) {
        struct fh_frame frame;
        if (!fh_inbox_take(desk->inbox, &frame)) {
            read_question(desk, &frame);
            fh_inbox_begin_work(desk->inbox);
        }
        struct fh_arena *arena = fh_arena_new(ARENA_BYTES_MAX);
        int code = arena == NULL ? FH_ENOMEM : answer(desk, &frame, arena, &err);
        fh_arena_free(arena);
        fh_frame_fini(&frame);
        if (code != FH_OK) {
            give_up(&err);
        }
        if (fh_inbox_end_work(desk->inbox)) {
            fh_helpers_go(desk->helpers);
        }
    }
    return NULL;
}

/* ---- starting ---- */

static int read_setup(struct worker *worker, struct fh_arena *arena, struct fh_err *err)
{
    struct fh_frame frame;
    int code = fh_port_read(worker->desk.port, &frame, err);
    if (code != FH_OK) {
        return code;
    }
    code =
        frame.kind == FH_CHANNEL_SETUP
            ? fh_channel_get_setup(&worker->setup, fh_bytes(frame.payload, frame.size), arena, err)
            : fh_err_set(err, FH_EPROTO, "the first frame must be SETUP");
    fh_frame_fini(&frame);
    return code;
}

/* Everything that needs the machine, and then no machine any more: DuckDB is opened, the process
 * confined, and only then a second thread started. */
static int shut_in(struct worker *worker, struct fh_err *err)
{
    struct fh_desk *desk = &worker->desk;
    int code = fh_sandbox_limit(&worker->setup, err);
    if (code == FH_OK) {
        code = fh_engine_open(&desk->engine, &worker->setup, desk->scans, desk->feeds, err);
    }
    if (code == FH_OK) {
        fh_rehearsal_prepare();
        code = fh_sandbox_confine(&worker->setup, &worker->layers, err);
    }
    if (code != FH_OK) {
        fh_port_send_error(desk->port, 0, err, 0);
    }
    return code;
}

static int start(struct worker *worker, struct fh_err *err)
{
    struct fh_channel_hello hello = {.version = FH_CHANNEL_VERSION};
    snprintf(hello.engine, sizeof hello.engine, "%s", duckdb_library_version());
    struct fh_buf payload;
    fh_buf_init(&payload, 256);
    fh_channel_put_hello(&payload, &hello);
    fh_port_send_buf(worker->desk.port, FH_CHANNEL_HELLO, &payload);
    fh_buf_fini(&payload);

    struct fh_arena *arena = fh_arena_new(64 * 1024); // holds the spill path: for ever
    worker->desk.inbox = fh_inbox_new();
    worker->desk.scans =
        worker->desk.inbox == NULL ? NULL : fh_scans_new(worker->desk.port, worker->desk.inbox);
    worker->desk.prepared = fh_prepared_new();
    worker->desk.feeds = fh_feeds_new(worker->desk.port);
    if (arena == NULL || worker->desk.inbox == NULL || worker->desk.scans == NULL ||
        worker->desk.prepared == NULL || worker->desk.feeds == NULL) {
        return fh_err_set(err, FH_ENOMEM, "out of memory");
    }
    int code = read_setup(worker, arena, err);
    if (code == FH_OK) {
        code = shut_in(worker, err);
    }
    pthread_attr_t attributes;
    pthread_t thread;
    if (code == FH_OK && (pthread_attr_init(&attributes) != 0 ||
                          pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0 ||
                          pthread_setattr_default_np(&attributes) != 0 ||
                          pthread_create(&thread, &attributes, work, worker) != 0)) {
        code = fh_err_set(err, FH_EIO, "cannot start the working thread");
    }
    return code;
}

int main(int argc, char **argv)
{
    struct fh_err err = {0};
    char *end = NULL;
    long fd = argc == 2 ? strtol(argv[1], &end, 10) : -1;
    if (fd < 3 || fd > 1000000 || *end != 0) {
        fprintf(stderr, "freehold-worker is started by freehold-node\n");
        return 2;
    }
    if (fh_sandbox_enter((int)fd, &err) != FH_OK) {
        give_up(&err);
    }
    struct worker worker = {.setup = {.memory_mib = 0}};
    worker.desk.port = fh_port_new((int)fd);
    if (worker.desk.port == NULL || start(&worker, &err) != FH_OK) {
        give_up(&err);
    }
    for (;;) {
        struct fh_frame frame;
        if (fh_inbox_stand_by(worker.desk.inbox)) {
            fh_helpers_come(worker.desk.helpers);
        }
        read_question(&worker.desk, &frame);
        if (fh_inbox_put(worker.desk.inbox, &frame, &err) != FH_OK) {
            give_up(&err);
        }
    }
}
