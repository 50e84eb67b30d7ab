/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker sends, frame after frame, into the node's own reader: the first byte chooses the
 * question that the node has asked, the rest is the channel until its end. Whatever it is, the
 * question ends, with an error that says why or with an answer that is safe to read.
 */
#include "common/assert.h"
#include "common/time.h"
#include "node/query/worker_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANNEL_BYTES_MAX = 96 * 1024, WINDOW = 3, SOON_MS = 5000 };

enum question { SETUP, TABLES, PARSE, DESCRIBE, PROBE, SAMPLE, PROFILE, CATALOGUE, RUN, QUESTIONS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every cell of a batch that was taken can be read. */
static void read_batch(struct fh_bytes bytes)
{
    struct fh_batch batch;
    struct fh_arena *arena = fh_arena_new(1024 * 1024);
    struct fh_err err;
    FH_ASSERT(arena != NULL);
    FH_ASSERT(fh_batch_parse(&batch, bytes, arena, &err) == FH_OK);
    for (uint32_t row = 0; row < batch.rows && row < 64; row++) {
        for (uint32_t i = 0; i < batch.column_count && i < 16; i++) {
            (void)fh_batch_cell(&batch.columns[i], row);
        }
    }
    fh_arena_free(arena);
}

static int run(struct fh_worker *worker, int64_t until, struct fh_err *err)
{
    struct fh_worker_event event = {.kind = FH_WORKER_BATCH};
    struct fh_channel_run asked = {.sql = fh_bytes_cstr("SELECT 1"), .window = WINDOW};
    uint64_t batches = 0;
    int code = fh_worker_run(worker, &asked, until, err);
    while (code == FH_OK && event.kind != FH_WORKER_END) {
        code = fh_worker_next(worker, &event, err);
        if (code == FH_OK && event.kind == FH_WORKER_BATCH) {
            FH_ASSERT(++batches <= WINDOW); // no credit is ever given
            read_batch(event.batch);
        } else if (code == FH_OK && event.kind == FH_WORKER_SCAN_OPEN) {
            FH_ASSERT(event.scan.want >= 1 && event.scan.want <= FH_QUERY_WINDOW);
        } else if (code == FH_OK && event.kind == FH_WORKER_SCAN_WANT) {
            FH_ASSERT(event.count.count >= 1 && event.count.count <= FH_QUERY_WINDOW);
        }
    }
    return code;
}

static int ask_source(struct fh_worker *worker,
                      enum question question,
                      struct fh_arena *arena,
                      int64_t until,
                      struct fh_err *err)
{
    static const struct fh_column column = {
        .name = "id", .source = "", .type = {.code = FH_TYPE_INT64}};
    static const uint32_t index = 0;
    static const struct fh_probe probe = {.sql = "count(*)", .column_count = 1, .columns = &index};
    const struct fh_table table = {.domain = "shop",
                                   .product = "orders",
                                   .table = "orders",
                                   .format = FH_SOURCE_CSV,
                                   .file_count = 1,
                                   .columns = &column,
                                   .column_count = 1};
    int file = STDIN_FILENO;
    if (question == TABLES) {
        return fh_worker_tables(worker, &table, 1, &file, 1, until, err);
    }
    if (question == PROBE) {
        struct fh_channel_probed out;
        struct fh_channel_probe asked = {.table = table, .probe_count = 1, .probes = &probe};
        int code = fh_worker_probe(worker, &asked, &file, 1, arena, &out, until, err);
        FH_ASSERT(code != FH_OK || out.result_count == 1);
        return code;
    }
    struct fh_channel_sampled out;
    struct fh_channel_sample asked = {
        .table = table, .tail = "", .rows_max = 5, .column_count = 1, .columns = &index};
    int code = fh_worker_sample(worker, &asked, &file, 1, arena, &out, until, err);
    FH_ASSERT(code != FH_OK || (out.row_count <= 5 && out.column_count == 1));
    return code;
}

static int ask(struct fh_worker *worker,
               enum question question,
               struct fh_arena *arena,
               struct fh_buf *text,
               struct fh_err *err)
{
    int64_t until = fh_clock_mono_ms() + SOON_MS;
    struct fh_bytes sql = fh_bytes_cstr("SELECT 1");
    struct fh_channel_described described;
    struct fh_profile_question profile = {.source = FH_PROFILE_SQLITE,
                                          .path = "",
                                          .schema = "",
                                          .table = "",
                                          .sample = 1,
                                          .host = "",
                                          .database = "",
                                          .user = "",
                                          .password = "",
                                          .ssl_mode = ""};
    switch (question) {
    case SETUP:
        worker->state = FH_WORKER_SETTING_UP;
        return fh_worker_setup_wait(worker, until, err);
    case PARSE:
        return fh_worker_parse(worker, sql, text, err);
    case DESCRIBE:
        return fh_worker_describe(worker, sql, arena, &described, until, err);
    case PROFILE:
    case CATALOGUE:
        return fh_worker_profile(
            worker, &profile, question == CATALOGUE, -1, arena, text, until, err);
    case RUN:
        return run(worker, until, err);
    case TABLES:
    case PROBE:
    case SAMPLE:
    case QUESTIONS:
        break;
    }
    return ask_source(worker, question, arena, until, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    if (size == 0 || size > CHANNEL_BYTES_MAX) {
        return 0;
    }
    FH_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    if (send(pair[1], data + 1, size - 1, MSG_DONTWAIT) != (ssize_t)(size - 1) ||
        shutdown(pair[1], SHUT_WR) != 0) {
        close(pair[0]);
        close(pair[1]);
        return 0;
    }
    struct fh_worker *worker = calloc(1, sizeof *worker);
    struct fh_arena *arena = fh_arena_new(4 * 1024 * 1024);
    struct fh_buf text;
    struct fh_err err = {0};
    FH_ASSERT(worker != NULL && arena != NULL);
    FH_ASSERT(fh_worker_channel_init(worker, pair[0]) == FH_OK);
    fh_buf_init(&text, FH_AST_BYTES_MAX);
    worker->pidfd = -1; // there is no process to end
    worker->cgroup = "";
    worker->state = FH_WORKER_READY;
    int code = ask(worker, (enum question)(data[0] % QUESTIONS), arena, &text, &err);
    FH_ASSERT(code == FH_OK || err.code == code);
    fh_buf_fini(&text);
    fh_arena_free(arena);
    fh_worker_channel_fini(worker);
    free(worker);
    close(pair[1]);
    return 0;
}
