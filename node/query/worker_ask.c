/* SPDX-License-Identifier: Apache-2.0 */
/* The channel side of a worker: questions, events and scans, with every wait bounded. */
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/query/worker_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    SLICE_MS = 50, /* how late a cancellation by another thread is seen */
    EVENT_ARENA_BYTES = 1024 * 1024,
    CPU_S = 3600,          /* of one worker's life; a query is bounded by its deadline */
    PARSE_WALL_FACTOR = 8, /* of FH_PARSE_CPU_MS: a busy machine gives less CPU than time */
};

int fh_worker_channel_init(struct fh_worker *worker, int fd)
{
    worker->fd = fd;
    worker->arena = fh_arena_new(EVENT_ARENA_BYTES);
    if (worker->arena == NULL || pthread_mutex_init(&worker->sending, NULL) != 0 ||
        pthread_mutex_init(&worker->lock, NULL) != 0) {
        return FH_ENOMEM;
    }
    return FH_OK;
}

void fh_worker_channel_fini(struct fh_worker *worker)
{
    if (worker->fd >= 0) {
        close(worker->fd);
    }
    fh_arena_free(worker->arena);
    fh_free(worker->rx.payload);
    for (unsigned i = 0; i < worker->known_count; i++) {
        fh_free(worker->known_names[i]);
    }
    pthread_mutex_destroy(&worker->sending);
    pthread_mutex_destroy(&worker->lock);
}

/* ---- the end of a worker ---- */

void fh_worker_kill(struct fh_worker *worker)
{
    atomic_store(&worker->killed, true);
    atomic_store(&worker->dead, true);
    (void)pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
}

bool fh_worker_dead(const struct fh_worker *worker)
{
    return atomic_load(&worker->dead);
}

int fh_worker_pid(const struct fh_worker *worker)
{
    return worker->pid;
}

/* The worker broke the protocol or a bound: it is not asked again. */
static int breach(struct fh_worker *worker, struct fh_err *err)
{
    bool had = err != NULL && err->code == FH_EPROTO && err->text[0] != 0;
    atomic_store(&worker->dead, true);
    (void)pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
    return had ? fh_err_wrap(err, "worker %d", worker->pid)
               : fh_err_rule(err,
                             FH_EPROTO,
                             "worker.protocol",
                             "worker %d sent a %s frame out of turn",
                             worker->pid,
                             fh_channel_kind_text(worker->rx.kind));
}

static int died(struct fh_worker *worker, struct fh_err *err)
{
    atomic_store(&worker->dead, true);
    (void)pidfd_send_signal(worker->pidfd, SIGKILL, NULL, 0);
    if (atomic_load(&worker->killed)) {
        return fh_err_rule(err, FH_ECANCELLED, "worker.killed", "the worker was ended");
    }
    return fh_err_rule(err, FH_EIO, "worker.died", "the worker process ended unexpectedly");
}

/* ---- frames out ---- */

struct outgoing {
    struct fh_bytes pieces[3];
    const int *files;
    uint32_t file_count;
};

static ssize_t send_some(struct fh_worker *worker, const struct outgoing *out, size_t done)
{
    struct iovec rest[FH_COUNT(out->pieces)];
    size_t count = 0;
    size_t skip = done;
    for (size_t i = 0; i < FH_COUNT(out->pieces); i++) {
        size_t size = out->pieces[i].size;
        size_t here = skip < size ? skip : size;
        skip -= here;
        if (size > here) {
            union { /* iovec has no const; sendmsg only reads */
                const uint8_t *from;
                uint8_t *to;
            } data = {.from = out->pieces[i].data};
            rest[count++] = (struct iovec){data.to + here, size - here};
        }
    }
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * FH_WORKER_FILES_MAX)];
    } control;
    struct msghdr message = {.msg_iov = rest, .msg_iovlen = count};
    if (done == 0 && out->file_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * out->file_count);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * out->file_count);
        memcpy(CMSG_DATA(c), out->files, sizeof(int) * out->file_count);
    }
    return sendmsg(worker->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Sends one frame. A worker that does not read for FH_WORKER_START_MS is killed. */
static int send_frame(struct fh_worker *worker,
                      unsigned kind,
                      struct fh_bytes head,
                      struct fh_bytes body,
                      const int *files,
                      uint32_t file_count,
                      struct fh_err *err)
{
    uint8_t frame_head[FH_CHANNEL_HEAD_BYTES];
    fh_channel_put_head(frame_head, kind, head.size + body.size);
    struct outgoing out = {.pieces = {fh_bytes(frame_head, sizeof frame_head), head, body},
                           .files = files,
                           .file_count = file_count};
    size_t all = sizeof frame_head + head.size + body.size;
    int code = FH_OK;
    pthread_mutex_lock(&worker->sending);
    int64_t progress_ms = fh_clock_mono_ms();
    for (size_t done = 0; done < all && code == FH_OK;) {
        ssize_t n = atomic_load(&worker->dead) ? -1 : send_some(worker, &out, done);
        if (n > 0) {
            done += (size_t)n;
            progress_ms = fh_clock_mono_ms();
        } else if (atomic_load(&worker->dead) || (errno != EAGAIN && errno != EINTR)) {
            code = died(worker, err);
        } else if (fh_clock_mono_ms() - progress_ms > FH_WORKER_START_MS) {
            code = breach(worker, err);
        } else {
            struct pollfd p = {.fd = worker->fd, .events = POLLOUT};
            (void)poll(&p, 1, SLICE_MS);
        }
    }
    pthread_mutex_unlock(&worker->sending);
    return code;
}

static int
send_buf(struct fh_worker *worker, unsigned kind, const struct fh_buf *payload, struct fh_err *err)
{
    int code = fh_buf_ok(payload);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the %s question is too large", fh_channel_kind_text(kind));
    }
    return send_frame(worker, kind, fh_buf_view(payload), FH_BYTES_NONE, NULL, 0, err);
}

static void send_count(struct fh_worker *worker, unsigned kind, uint64_t id, uint64_t count)
{
    struct fh_buf payload;
    fh_buf_init(&payload, 64);
    fh_channel_put_count(&payload, &(struct fh_channel_count){.id = id, .count = count});
    (void)send_buf(worker, kind, &payload, NULL); // a dead worker shows in the next read
    fh_buf_fini(&payload);
}

/* ---- frames in ---- */

static bool cancel_asked(struct fh_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool asked = worker->cancelled_ms != 0;
    pthread_mutex_unlock(&worker->lock);
    return asked;
}

/* Room for the payload whose head is complete. */
static int open_payload(struct fh_worker *worker, struct fh_err *err)
{
    int code = fh_channel_head(worker->rx.head, &worker->rx.kind, &worker->rx.size, err);
    if (code != FH_OK) {
        return breach(worker, err);
    }
    if (worker->rx.size > worker->rx.capacity) {
        uint8_t *more = fh_realloc(worker->rx.payload, worker->rx.size);
        if (more == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a frame of a worker");
        }
        worker->rx.payload = more;
        worker->rx.capacity = worker->rx.size;
    }
    return FH_OK;
}

/* Reads one frame into worker->rx. FH_ETIMEOUT at `until_ms`, and FH_ECANCELLED once cancel was
 * asked and `attentive`: what was read so far stays, and the next call goes on. */
static int
read_frame(struct fh_worker *worker, int64_t until_ms, bool attentive, struct fh_err *err)
{
    if (worker->rx.got >= FH_CHANNEL_HEAD_BYTES &&
        worker->rx.got == FH_CHANNEL_HEAD_BYTES + worker->rx.size) {
        worker->rx.got = 0;
    }
    for (;;) {
        size_t got = worker->rx.got;
        bool in_head = got < FH_CHANNEL_HEAD_BYTES;
        size_t end = FH_CHANNEL_HEAD_BYTES + (in_head ? 0 : worker->rx.size);
        if (!in_head && got == end) {
            return FH_OK;
        }
        uint8_t *to =
            in_head ? worker->rx.head + got : worker->rx.payload + (got - FH_CHANNEL_HEAD_BYTES);
        ssize_t n = recv(worker->fd, to, end - got, MSG_DONTWAIT);
        if (n > 0) {
            worker->rx.got += (size_t)n;
            int code = FH_OK;
            if (worker->rx.got == FH_CHANNEL_HEAD_BYTES) {
                code = open_payload(worker, err);
            }
            if (code != FH_OK) {
                return code;
            }
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            return died(worker, err);
        }
        int64_t left = until_ms - fh_clock_mono_ms();
        if (left <= 0) {
            return FH_ETIMEOUT;
        }
        if (attentive && cancel_asked(worker)) {
            return FH_ECANCELLED;
        }
        struct pollfd p = {.fd = worker->fd, .events = POLLIN};
        (void)poll(&p, 1, left < SLICE_MS ? (int)left : SLICE_MS);
    }
}

static struct fh_bytes payload_of(const struct fh_worker *worker)
{
    return fh_bytes(worker->rx.payload, worker->rx.size);
}

static void forget_scans(struct fh_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->scan_count = 0;
    worker->running_id = 0;
    worker->cancelled_ms = 0;
    pthread_mutex_unlock(&worker->lock);
}

/* Time is up or somebody cancelled: tells the worker, drops what it sends, and kills it when no
 * answer to question `id` has come within the grace. */
static void end_question(struct fh_worker *worker, uint64_t id, unsigned answer)
{
    int64_t until_ms = fh_clock_mono_ms() + FH_WORKER_GRACE_MS;
    send_count(worker, FH_CHANNEL_CANCEL, id, 0);
    for (;;) {
        if (read_frame(worker, until_ms, false, NULL) != FH_OK) {
            (void)breach(worker, NULL);
            return;
        }
        if (worker->rx.kind == answer || worker->rx.kind == FH_CHANNEL_ERROR) {
            break;
        }
    }
    if (worker->state == FH_WORKER_RUNNING) {
        worker->state = FH_WORKER_READY;
    }
}

/* The worker's own ERROR as ours. */
static int
take_error(struct fh_worker *worker, uint64_t id, uint32_t *out_position, struct fh_err *err)
{
    struct fh_channel_error error;
    int code = fh_channel_get_error(&error, payload_of(worker), err);
    if (code != FH_OK || error.id != id) {
        return breach(worker, err);
    }
    /* A worker may not pretend that the node lacks memory or that a peer signed wrongly. */
    bool plausible = error.code == FH_EINVAL || error.code == FH_ESQL || error.code == FH_ETOOBIG ||
                     error.code == FH_ECANCELLED || error.code == FH_EIO ||
                     error.code == FH_EPROTO || error.code == FH_EUNREACH ||
                     error.code == FH_ETIMEOUT || error.code == FH_EDENIED ||
                     error.code == FH_EINCOMPLETE || error.code == FH_EBUSY;
    if (out_position != NULL) {
        *out_position = error.position;
    }
    return fh_err_rule(err, plausible ? error.code : FH_EINTERNAL, error.rule, "%s", error.text);
}

/* Waits for the next frame of question `id`, which `answer` would end. */
static int wait_frame(
    struct fh_worker *worker, uint64_t id, unsigned answer, int64_t deadline_ms, struct fh_err *err)
{
    int code = read_frame(worker, deadline_ms, true, err);
    if ((code != FH_ETIMEOUT && code != FH_ECANCELLED) || fh_worker_dead(worker)) {
        return code;
    }
    end_question(worker, id, answer);
    forget_scans(worker);
    return code == FH_ETIMEOUT
               ? fh_err_rule(err, code, "query.deadline", "the worker did not answer in time")
               : fh_err_rule(err, code, "query.cancelled", "the query was cancelled");
}

/* Waits for the answer to a question that was sent. */
static int await(
    struct fh_worker *worker, uint64_t id, unsigned answer, int64_t deadline_ms, struct fh_err *err)
{
    int code = wait_frame(worker, id, answer, deadline_ms, err);
    if (code != FH_OK) {
        return code;
    }
    if (worker->rx.kind == FH_CHANNEL_ERROR) {
        return take_error(worker, id, NULL, err);
    }
    return worker->rx.kind == answer ? FH_OK : breach(worker, err);
}

static int check_ready(struct fh_worker *worker, struct fh_err *err)
{
    if (fh_worker_dead(worker)) {
        return died(worker, err);
    }
    if (worker->state != FH_WORKER_READY) {
        return fh_err_set(err, FH_ESTATE, "the worker is not ready for a question");
    }
    return FH_OK;
}

/* ---- questions ---- */

int fh_worker_setup(struct fh_worker *worker,
                    enum fh_worker_role role,
                    uint32_t memory_mib,
                    uint32_t threads,
                    int64_t deadline_ms,
                    struct fh_err *err)
{
    struct fh_channel_hello hello;
    struct fh_channel_setup setup = {.role = role,
                                     .memory_mib = memory_mib,
                                     .threads = threads,
                                     .cpu_s = CPU_S,
                                     .spill = worker->spill};
    if (worker->state != FH_WORKER_STARTED) {
        return fh_err_set(err, FH_ESTATE, "the worker is set up already");
    }
    int code = await(worker, 0, FH_CHANNEL_HELLO, deadline_ms, err);
    if (code == FH_OK && fh_channel_get_hello(&hello, payload_of(worker), err) != FH_OK) {
        return breach(worker, err);
    }
    struct fh_buf payload;
    fh_buf_init(&payload, 8 * 1024);
    fh_channel_put_setup(&payload, &setup);
    if (code == FH_OK) {
        code = send_buf(worker, FH_CHANNEL_SETUP, &payload, err);
    }
    fh_buf_fini(&payload);
    if (code == FH_OK) {
        code = await(worker, 0, FH_CHANNEL_READY, deadline_ms, err);
    }
    if (code == FH_OK) {
        worker->state = FH_WORKER_READY;
    } else {
        fh_worker_kill(worker); // half set up is of no use
    }
    return code;
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
                           (int64_t)s.st_mtim.tv_nsec};
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

static int send_table(struct fh_worker *worker,
                      const struct fh_table *given,
                      const int *files,
                      int64_t deadline_ms,
                      struct fh_err *err)
{
    char name[4 * FH_NAME_BYTES_MAX];
    struct fh_table table = *given;
    struct fh_buf payload;
    struct fh_hash identity = {{0}};
    snprintf(name, sizeof name, "%s.%s.%s", table.domain, table.product, table.table);
    table.first_file = 0;
    fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
    fh_channel_put_tables(&payload, &table, 1);
    int code = fh_buf_ok(&payload);
    if (code != FH_OK) {
        (void)fh_err_set(err, code, "table %s is too large to describe", name);
    } else {
        code = table_identity(&payload, &table, files, &identity, err);
    }
    unsigned at = find_known(worker, name);
    bool known = code == FH_OK && at < worker->known_count &&
                 memcmp(&worker->known[at], &identity, sizeof identity) == 0;
    if (code == FH_OK && !known) {
        code = send_frame(worker,
                          FH_CHANNEL_TABLES,
                          fh_buf_view(&payload),
                          FH_BYTES_NONE,
                          files,
                          table.file_count,
                          err);
        if (code == FH_OK) {
            code = await(worker, 0, FH_CHANNEL_TABLES_READY, deadline_ms, err);
        }
        if (code == FH_OK) {
            remember(worker, at, name, identity);
        } else if (at < worker->known_count) {
            memset(&worker->known[at], 0, sizeof worker->known[at]);
        }
    }
    fh_buf_fini(&payload);
    return code;
}

int fh_worker_tables(struct fh_worker *worker,
                     const struct fh_table *tables,
                     uint32_t table_count,
                     const int *files,
                     uint32_t file_count,
                     int64_t deadline_ms,
                     struct fh_err *err)
{
    int code = check_ready(worker, err);
    for (uint32_t i = 0; code == FH_OK && i < table_count; i++) {
        const struct fh_table *table = &tables[i];
        if (table->file_count > FH_WORKER_FILES_MAX || table->first_file > file_count ||
            table->file_count > file_count - table->first_file) {
            return fh_err_set(err, FH_EINVAL, "table %s: its files are not there", table->table);
        }
        const int *own = table->file_count == 0 ? NULL : files + table->first_file;
        code = send_table(worker, table, own, deadline_ms, err);
    }
    return code;
}

static int ask_text(struct fh_worker *worker,
                    unsigned kind,
                    struct fh_bytes sql,
                    unsigned answer,
                    int64_t deadline_ms,
                    struct fh_err *err)
{
    struct fh_buf payload;
    fh_buf_init(&payload, FH_SQL_BYTES_MAX + 64);
    struct fh_channel_text text = {.id = ++worker->last_id, .sql = sql};
    fh_channel_put_text(&payload, &text);
    int code = send_buf(worker, kind, &payload, err);
    fh_buf_fini(&payload);
    return code == FH_OK ? await(worker, text.id, answer, deadline_ms, err) : code;
}

int fh_worker_parse(struct fh_worker *worker,
                    struct fh_bytes sql,
                    struct fh_buf *out_json,
                    struct fh_err *err)
{
    int code = check_ready(worker, err);
    if (code != FH_OK) {
        return code;
    }
    int64_t deadline_ms = fh_clock_mono_ms() + (int64_t)PARSE_WALL_FACTOR * FH_PARSE_CPU_MS;
    code = ask_text(worker, FH_CHANNEL_PARSE, sql, FH_CHANNEL_PARSED, deadline_ms, err);
    if (code == FH_EIO || code == FH_ETIMEOUT) {
        return fh_err_rule(err,
                           FH_ETIMEOUT,
                           "sql.parse_time",
                           "the SQL text takes too long to parse; make it simpler");
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_channel_text parsed;
    code = fh_channel_get_text(&parsed, payload_of(worker), err);
    if (code != FH_OK || parsed.id != worker->last_id) {
        return breach(worker, err);
    }
    fh_buf_add_bytes(out_json, parsed.sql);
    code = fh_buf_ok(out_json);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "no room for the parsed query");
}

int fh_worker_describe(struct fh_worker *worker,
                       struct fh_bytes sql,
                       struct fh_arena *arena,
                       struct fh_channel_described *out,
                       int64_t deadline_ms,
                       struct fh_err *err)
{
    int code = check_ready(worker, err);
    if (code == FH_OK) {
        code = ask_text(worker, FH_CHANNEL_DESCRIBE, sql, FH_CHANNEL_DESCRIBED, deadline_ms, err);
    }
    if (code == FH_OK) {
        code = fh_channel_get_described(out, payload_of(worker), arena, err);
        if (code != FH_OK || out->id != worker->last_id) {
            return breach(worker, err);
        }
    }
    return code;
}

/* The findings must be about this table. */
static bool findings_fit(const struct fh_channel_checked *checked, const struct fh_table *table)
{
    bool fit = true;
    for (uint32_t i = 0; i < checked->finding_count; i++) {
        fit = fit && checked->findings[i].column < table->column_count;
    }
    return fit;
}

int fh_worker_check(struct fh_worker *worker,
                    const struct fh_table *table,
                    const int *files,
                    uint32_t file_count,
                    struct fh_arena *arena,
                    struct fh_channel_checked *out,
                    int64_t deadline_ms,
                    struct fh_err *err)
{
    int code = check_ready(worker, err);
    if (code != FH_OK) {
        return code;
    }
    if (file_count > FH_WORKER_FILES_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "more than %d source files", FH_WORKER_FILES_MAX);
    }
    struct fh_buf payload;
    fh_buf_init(&payload, FH_CHANNEL_TABLES_BYTES_MAX);
    struct fh_channel_check check = {.id = ++worker->last_id, .table = *table};
    fh_channel_put_check(&payload, &check);
    code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = send_frame(
            worker, FH_CHANNEL_CHECK, fh_buf_view(&payload), FH_BYTES_NONE, files, file_count, err);
    } else {
        (void)fh_err_set(err, code, "the table is too large to describe");
    }
    fh_buf_fini(&payload);
    if (code == FH_OK) {
        code = await(worker, check.id, FH_CHANNEL_CHECKED, deadline_ms, err);
    }
    if (code == FH_OK) {
        code = fh_channel_get_checked(out, payload_of(worker), arena, err);
        if (code != FH_OK || out->id != check.id || !findings_fit(out, table)) {
            return breach(worker, err);
        }
    }
    return code;
}

/* ---- a running query ---- */

int fh_worker_run(struct fh_worker *worker,
                  const struct fh_channel_run *given,
                  int64_t deadline_ms,
                  struct fh_err *err)
{
    int code = check_ready(worker, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_buf payload;
    struct fh_channel_run run = *given;
    run.id = ++worker->last_id;
    fh_buf_init(&payload, FH_CHANNEL_RUN_BYTES_MAX);
    fh_channel_put_run(&payload, &run);
    pthread_mutex_lock(&worker->lock);
    worker->running_id = run.id;
    worker->cancelled_ms = 0;
    worker->scan_count = 0;
    worker->scan_failure = (struct fh_err){.code = FH_OK};
    worker->credits = run.window;
    pthread_mutex_unlock(&worker->lock);
    worker->batches = 0;
    worker->rows = 0;
    worker->deadline_ms = deadline_ms;
    code = send_buf(worker, FH_CHANNEL_RUN, &payload, err);
    fh_buf_fini(&payload);
    if (code == FH_OK) {
        worker->state = FH_WORKER_RUNNING;
    } else {
        forget_scans(worker);
    }
    return code;
}

static int fresh_arena(struct fh_worker *worker, struct fh_err *err)
{
    fh_arena_free(worker->arena);
    worker->arena = fh_arena_new(EVENT_ARENA_BYTES);
    return worker->arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for an event") : FH_OK;
}

static int take_batch(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    struct fh_bytes payload = payload_of(worker);
    struct fh_batch batch;
    pthread_mutex_lock(&worker->lock);
    bool in_turn = payload.size >= FH_CHANNEL_BATCH_BYTES &&
                   fh_get_u64be(payload.data) == worker->running_id && worker->credits > 0;
    worker->credits -= in_turn ? 1 : 0;
    pthread_mutex_unlock(&worker->lock);
    if (!in_turn) {
        return breach(worker, err);
    }
    out->kind = FH_WORKER_BATCH;
    out->batch =
        fh_bytes(payload.data + FH_CHANNEL_BATCH_BYTES, payload.size - FH_CHANNEL_BATCH_BYTES);
    int code = fh_batch_parse(&batch, out->batch, worker->arena, err);
    if (code != FH_OK) {
        if (err != NULL) {
            err->code = FH_EPROTO;
        }
        return breach(worker, err);
    }
    out->rows = batch.rows;
    worker->batches++;
    worker->rows += batch.rows;
    return FH_OK;
}

static int take_end(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    int code = fh_channel_get_end(&out->end, payload_of(worker), err);
    if (code != FH_OK || out->end.id != worker->last_id || out->end.rows != worker->rows ||
        out->end.batches != worker->batches) {
        return breach(worker, err);
    }
    out->kind = FH_WORKER_END;
    worker->state = FH_WORKER_READY;
    forget_scans(worker);
    return FH_OK;
}

static int take_scan_open(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    int code = fh_channel_get_scan(&out->scan, payload_of(worker), worker->arena, err);
    bool good = code == FH_OK && out->scan.want >= 1 && out->scan.want <= FH_QUERY_WINDOW;
    pthread_mutex_lock(&worker->lock);
    good = good && worker->scan_count < FH_WORKER_SCANS_MAX;
    for (unsigned i = 0; i < worker->scan_count; i++) {
        good = good && worker->scans[i].id != out->scan.scan;
    }
    if (good) {
        worker->scans[worker->scan_count++] =
            (struct fh_worker_scan){.id = out->scan.scan, .wanted = out->scan.want};
    }
    pthread_mutex_unlock(&worker->lock);
    out->kind = FH_WORKER_SCAN_OPEN;
    return good ? FH_OK : breach(worker, err);
}

/* Under the lock. */
static struct fh_worker_scan *find_scan(struct fh_worker *worker, uint64_t id)
{
    for (unsigned i = 0; i < worker->scan_count; i++) {
        if (worker->scans[i].id == id) {
            return &worker->scans[i];
        }
    }
    return NULL;
}

static int
take_scan_count(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    bool want = worker->rx.kind == FH_CHANNEL_SCAN_WANT;
    int code = fh_channel_get_count(&out->count, payload_of(worker), err);
    if (code != FH_OK) {
        return breach(worker, err);
    }
    pthread_mutex_lock(&worker->lock);
    struct fh_worker_scan *scan = find_scan(worker, out->count.id);
    bool good = scan != NULL && (!want || (out->count.count <= FH_QUERY_WINDOW &&
                                           scan->wanted + out->count.count <= FH_QUERY_WINDOW));
    if (good && want) {
        scan->wanted += out->count.count;
    } else if (good) {
        *scan = worker->scans[--worker->scan_count];
    }
    pthread_mutex_unlock(&worker->lock);
    out->kind = want ? FH_WORKER_SCAN_WANT : FH_WORKER_SCAN_CLOSE;
    return good ? FH_OK : breach(worker, err);
}

/* A query that failed because a scan did: the reason is the one that the node gave, not the
 * worker's word for it. */
static int prefer_scan_failure(struct fh_worker *worker, int code, struct fh_err *err)
{
    pthread_mutex_lock(&worker->lock);
    struct fh_err reason = worker->scan_failure;
    pthread_mutex_unlock(&worker->lock);
    if (reason.code == FH_OK || code == FH_ECANCELLED) {
        return code;
    }
    if (err != NULL) {
        *err = reason;
    }
    return reason.code;
}

static int take_event(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    switch (worker->rx.kind) {
    case FH_CHANNEL_BATCH:
        return take_batch(worker, out, err);
    case FH_CHANNEL_END:
        return take_end(worker, out, err);
    case FH_CHANNEL_SCAN_OPEN:
        return take_scan_open(worker, out, err);
    case FH_CHANNEL_SCAN_WANT:
    case FH_CHANNEL_SCAN_CLOSE:
        return take_scan_count(worker, out, err);
    case FH_CHANNEL_ERROR: {
        int code = take_error(worker, worker->last_id, &out->position, err);
        if (code != FH_EPROTO || !fh_worker_dead(worker)) {
            code = prefer_scan_failure(worker, code, err);
        }
        if (!fh_worker_dead(worker)) {
            worker->state = FH_WORKER_READY;
            forget_scans(worker);
        }
        return code;
    }
    default:
        return breach(worker, err);
    }
}

int fh_worker_next(struct fh_worker *worker, struct fh_worker_event *out, struct fh_err *err)
{
    *out = (struct fh_worker_event){.kind = FH_WORKER_END};
    if (worker->state != FH_WORKER_RUNNING) {
        return fh_err_set(err, FH_ESTATE, "no query is running in this worker");
    }
    int code = fresh_arena(worker, err);
    if (code == FH_OK) {
        code = wait_frame(worker, worker->last_id, FH_CHANNEL_END, worker->deadline_ms, err);
    }
    return code == FH_OK ? take_event(worker, out, err) : code;
}

void fh_worker_credit(struct fh_worker *worker, uint32_t batches)
{
    pthread_mutex_lock(&worker->lock);
    uint64_t id = worker->running_id;
    worker->credits += id == 0 ? 0 : batches;
    pthread_mutex_unlock(&worker->lock);
    if (id != 0 && batches > 0) {
        send_count(worker, FH_CHANNEL_CREDIT, id, batches);
    }
}

void fh_worker_cancel(struct fh_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    bool first = worker->running_id != 0 && worker->cancelled_ms == 0;
    worker->cancelled_ms = first ? fh_clock_mono_ms() : worker->cancelled_ms;
    uint64_t id = worker->running_id;
    pthread_mutex_unlock(&worker->lock);
    if (first) {
        send_count(worker, FH_CHANNEL_CANCEL, id, 0);
    }
}

/* ---- remote scans ---- */

int fh_worker_scan_batch(struct fh_worker *worker,
                         uint64_t scan_id,
                         struct fh_bytes batch,
                         struct fh_err *err)
{
    uint8_t id[FH_CHANNEL_BATCH_BYTES];
    fh_put_u64be(id, scan_id);
    if (batch.size > FH_BATCH_BYTES_MAX) {
        return fh_err_rule(err, FH_EPROTO, "batch.size", "a batch of more than 1 MiB");
    }
    pthread_mutex_lock(&worker->lock);
    struct fh_worker_scan *scan = find_scan(worker, scan_id);
    bool wanted = scan != NULL && scan->wanted > 0;
    if (wanted) {
        scan->wanted--;
    }
    pthread_mutex_unlock(&worker->lock);
    if (scan == NULL) {
        return fh_err_rule(err, FH_ENOTFOUND, "scan.over", "the scan is over");
    }
    if (!wanted) {
        return fh_err_rule(err, FH_EPROTO, "scan.window", "more batches than the scan wanted");
    }
    return send_frame(worker, FH_CHANNEL_SCAN_BATCH, fh_bytes(id, sizeof id), batch, NULL, 0, err);
}

static bool is_open(struct fh_worker *worker, uint64_t scan)
{
    pthread_mutex_lock(&worker->lock);
    bool open = find_scan(worker, scan) != NULL;
    pthread_mutex_unlock(&worker->lock);
    return open;
}

void fh_worker_scan_end(struct fh_worker *worker, uint64_t scan, uint64_t rows)
{
    if (is_open(worker, scan)) {
        send_count(worker, FH_CHANNEL_SCAN_END, scan, rows);
    }
}

void fh_worker_scan_error(struct fh_worker *worker, uint64_t scan, const struct fh_err *error)
{
    struct fh_channel_error frame = {.id = scan,
                                     .code = error->code == FH_OK ? FH_EINTERNAL : error->code};
    memcpy(frame.rule, error->rule, sizeof frame.rule);
    memcpy(frame.text, error->text, sizeof frame.text);
    pthread_mutex_lock(&worker->lock);
    bool open = find_scan(worker, scan) != NULL;
    if (open && worker->scan_failure.code == FH_OK) {
        worker->scan_failure = *error;
        worker->scan_failure.code = frame.code;
    }
    pthread_mutex_unlock(&worker->lock);
    if (!open) {
        return;
    }
    struct fh_buf payload;
    fh_buf_init(&payload, 2048);
    fh_channel_put_error(&payload, &frame);
    (void)send_buf(worker, FH_CHANNEL_SCAN_ERROR, &payload, NULL);
    fh_buf_fini(&payload);
}
