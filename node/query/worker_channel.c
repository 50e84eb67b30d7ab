/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to and from a worker, with every wait bounded. */
#include "common/mem.h"
#include "common/time.h"
#include "node/query/worker_private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    SLICE_MS = 50, /* how late a cancellation by another thread is seen */
};

int fh_worker_channel_init(struct fh_worker *worker, int fd)
{
    worker->fd = fd;
    worker->arena = fh_arena_new(FH_WORKER_EVENT_BYTES);
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

void fh_worker_end(struct fh_worker *worker)
{
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

uint32_t fh_worker_layers(const struct fh_worker *worker)
{
    return worker->layers;
}

const char *fh_worker_engine(const struct fh_worker *worker)
{
    return worker->engine;
}

/* The worker broke the protocol or a bound: it is not asked again. */
int fh_worker_breach(struct fh_worker *worker, struct fh_err *err)
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

int fh_worker_died(struct fh_worker *worker, struct fh_err *err)
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

bool fh_worker_listens(const struct fh_worker *worker)
{
    int unread = 0;
    return ioctl(worker->fd, SIOCOUTQ, &unread) == 0 && unread == 0;
}

/* ---- notes ---- */

static bool first_note(struct fh_worker *worker, struct fh_worker_note *out)
{
    pthread_mutex_lock(&worker->lock);
    bool any = worker->note_count > 0;
    *out = worker->notes[0];
    pthread_mutex_unlock(&worker->lock);
    return any;
}

static void drop_first_note(struct fh_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->note_count--;
    memmove(&worker->notes[0], &worker->notes[1], worker->note_count * sizeof worker->notes[0]);
    pthread_mutex_unlock(&worker->lock);
}

/* Under `sending`: sends what was posted, without waiting. Whether nothing is left. */
static bool send_notes(struct fh_worker *worker)
{
    struct fh_worker_note note;
    while (first_note(worker, &note)) {
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        uint8_t head[FH_CHANNEL_HEAD_BYTES];
        fh_buf_init(&payload, 64);
        fh_channel_put_count(&payload, &(struct fh_channel_count){.id = note.id});
        fh_channel_put_head(head, note.kind, payload.size);
        const struct outgoing out = {
            .pieces = {fh_bytes(head, sizeof head), fh_buf_view(&payload)}};
        if (fh_buf_ok(&payload) != FH_OK) {
            errno = EAGAIN; /* there may be memory for it later */
            return false;
        }
        ssize_t n = send_some(worker, &out, 0);
        if (n < 0) {
            return false;
        }
        if ((size_t)n < sizeof head + payload.size) {
            fh_worker_end(worker); /* a socket takes so little whole; half would garble the rest */
            return false;
        }
        drop_first_note(worker);
    }
    return true;
}

/* Sends what was posted, as far as that needs no waiting. Who is sending meanwhile looks again when
 * it is done, so that nothing is left behind that could go. */
static void flush(struct fh_worker *worker)
{
    struct fh_worker_note note;
    bool sent = true;
    while (sent && first_note(worker, &note) && pthread_mutex_trylock(&worker->sending) == 0) {
        sent = send_notes(worker);
        pthread_mutex_unlock(&worker->sending);
    }
}

void fh_worker_post(struct fh_worker *worker, unsigned kind, uint64_t id)
{
    pthread_mutex_lock(&worker->lock);
    bool room = worker->note_count < FH_WORKER_NOTES_MAX;
    if (room) {
        worker->notes[worker->note_count++] = (struct fh_worker_note){.kind = kind, .id = id};
    }
    pthread_mutex_unlock(&worker->lock);
    if (room) {
        flush(worker);
    } else {
        fh_worker_end(worker); /* it has read nothing for very long */
    }
}

/* ---- whole frames ---- */

/* How long one frame may take. A worker that reads a little now and then is always at it: only the
 * question's own end bounds that. */
struct patience {
    uint64_t id; /* of the query that ran when it began; 0 = none */
    int64_t until_ms;
    int64_t progress_ms;
};

/* Takes `sending`. */
static struct patience begin_sending(struct fh_worker *worker)
{
    struct patience patience;
    pthread_mutex_lock(&worker->lock); /* before it waits: afterwards the query may be another */
    patience.id = worker->running_id;
    patience.until_ms = worker->ends_ms + FH_WORKER_GRACE_MS;
    pthread_mutex_unlock(&worker->lock);
    pthread_mutex_lock(&worker->sending);
    patience.progress_ms = fh_clock_mono_ms();
    if (patience.id == 0) {
        patience.until_ms = patience.progress_ms + FH_REQUEST_MS; /* nobody asks for longer */
    }
    return patience;
}

static bool has_patience(struct fh_worker *worker, struct patience *patience)
{
    int64_t now_ms = fh_clock_mono_ms();
    pthread_mutex_lock(&worker->lock);
    bool over = patience->id != 0 && worker->running_id != patience->id;
    int64_t cancelled_ms = patience->id != 0 && !over ? worker->cancelled_ms : 0;
    pthread_mutex_unlock(&worker->lock);
    /* A query may end well while a batch for it, which it did not need, is still on its way. */
    int64_t most_ms = over                ? now_ms + FH_WORKER_START_MS
                      : cancelled_ms != 0 ? cancelled_ms + FH_WORKER_GRACE_MS
                                          : INT64_MAX;
    patience->until_ms = most_ms < patience->until_ms ? most_ms : patience->until_ms;
    return now_ms <= patience->until_ms && now_ms - patience->progress_ms <= FH_WORKER_START_MS;
}

static int is_deaf(struct fh_worker *worker, struct fh_err *err)
{
    fh_worker_end(worker);
    return fh_err_rule(err,
                       FH_EPROTO,
                       "worker.protocol",
                       "worker %d does not read what is sent to it",
                       worker->pid);
}

int fh_worker_send(struct fh_worker *worker,
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
    struct patience patience = begin_sending(worker);
    for (size_t done = 0; done < all && code == FH_OK;) {
        ssize_t n = -1;
        if (!fh_worker_dead(worker) && (done > 0 || send_notes(worker))) {
            n = send_some(worker, &out, done);
        }
        if (n > 0) {
            done += (size_t)n;
            patience.progress_ms = fh_clock_mono_ms();
        } else if (fh_worker_dead(worker) || (errno != EAGAIN && errno != EINTR)) {
            code = fh_worker_died(worker, err);
        } else if (!has_patience(worker, &patience)) {
            code = is_deaf(worker, err);
        } else {
            struct pollfd p = {.fd = worker->fd, .events = POLLOUT};
            (void)poll(&p, 1, SLICE_MS);
        }
    }
    pthread_mutex_unlock(&worker->sending);
    flush(worker);
    return code;
}

int fh_worker_send_buf(struct fh_worker *worker,
                       unsigned kind,
                       const struct fh_buf *payload,
                       struct fh_err *err)
{
    int code = fh_buf_ok(payload);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the %s question is too large", fh_channel_kind_text(kind));
    }
    return fh_worker_send(worker, kind, fh_buf_view(payload), FH_BYTES_NONE, NULL, 0, err);
}

void fh_worker_send_count(struct fh_worker *worker, unsigned kind, uint64_t id, uint64_t count)
{
    struct fh_buf payload;
    fh_buf_init(&payload, 64);
    fh_channel_put_count(&payload, &(struct fh_channel_count){.id = id, .count = count});
    (void)fh_worker_send_buf(worker, kind, &payload, NULL); // a dead worker shows in the next read
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

/* The head is complete. */
static int read_head(struct fh_worker *worker, struct fh_err *err)
{
    int code = fh_channel_head(worker->rx.head, &worker->rx.kind, &worker->rx.size, err);
    return code == FH_OK ? FH_OK : fh_worker_breach(worker, err);
}

/* Room for the payload. Asked for whenever some is about to be read: there may be none at first. */
static int make_room(struct fh_worker *worker, struct fh_err *err)
{
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

/* Reads what is there: into the frame at hand, and what follows ahead. As recv. */
static ssize_t receive(struct fh_worker *worker, uint8_t *to, size_t size)
{
    size_t there = worker->rx.to - worker->rx.from;
    if (there > 0) {
        size_t now = there < size ? there : size;
        memcpy(to, worker->rx.ahead + worker->rx.from, now);
        worker->rx.from += now;
        return (ssize_t)now;
    }
    struct iovec pieces[] = {{to, size}, {worker->rx.ahead, sizeof worker->rx.ahead}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = FH_COUNT(pieces)};
    ssize_t n = recvmsg(worker->fd, &message, MSG_DONTWAIT);
    worker->rx.from = 0;
    worker->rx.to = n > 0 && (size_t)n > size ? (size_t)n - size : 0;
    return n > 0 && (size_t)n > size ? (ssize_t)size : n;
}

/* Reads on, until there is one whole frame in worker->rx. FH_ETIMEOUT at `until_ms`, FH_ECANCELLED
 * once cancel was asked and `attentive`, FH_ETOOBIG when its payload has more than `payload_max`
 * bytes: what was read so far stays, and the next call goes on. */
static int read_on(struct fh_worker *worker,
                   int64_t until_ms,
                   bool attentive,
                   size_t payload_max,
                   struct fh_err *err)
{
    for (;;) {
        size_t got = worker->rx.got;
        bool in_head = got < FH_CHANNEL_HEAD_BYTES;
        size_t end = FH_CHANNEL_HEAD_BYTES + (in_head ? 0 : worker->rx.size);
        if (!in_head && got == end) {
            return FH_OK;
        }
        if (!in_head && worker->rx.size > payload_max) {
            return FH_ETOOBIG;
        }
        int code = in_head ? FH_OK : make_room(worker, err);
        if (code != FH_OK) {
            return code;
        }
        uint8_t *to =
            in_head ? worker->rx.head + got : worker->rx.payload + (got - FH_CHANNEL_HEAD_BYTES);
        ssize_t n = receive(worker, to, end - got);
        if (n > 0) {
            worker->rx.got += (size_t)n;
            if (worker->rx.got == FH_CHANNEL_HEAD_BYTES) {
                code = read_head(worker, err);
            }
            if (code != FH_OK) {
                return code;
            }
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            return fh_worker_died(worker, err);
        }
        flush(worker);
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

/* The frame at hand is done with, if it is whole. */
static void begin_frame(struct fh_worker *worker)
{
    if (worker->rx.got >= FH_CHANNEL_HEAD_BYTES &&
        worker->rx.got == FH_CHANNEL_HEAD_BYTES + worker->rx.size) {
        worker->rx.got = 0;
    }
}

/* Reads one frame into worker->rx; codes as read_on. */
static int
read_frame(struct fh_worker *worker, int64_t until_ms, bool attentive, struct fh_err *err)
{
    if (worker->rx.held) {
        worker->rx.held = false;
        return FH_OK;
    }
    begin_frame(worker);
    if (worker->rx.got == 0 && fh_clock_mono_ms() >= until_ms) {
        return FH_ETIMEOUT; // also when the next one is there already: frames may come for ever
    }
    return read_on(worker, until_ms, attentive, SIZE_MAX, err);
}

int fh_worker_peek(struct fh_worker *worker,
                   int64_t until_ms,
                   size_t payload_max,
                   unsigned *out_kind,
                   size_t *out_size,
                   struct fh_err *err)
{
    int code = FH_OK;
    *out_kind = 0;
    if (!worker->rx.held) {
        begin_frame(worker);
        code = read_on(worker, until_ms, true, payload_max, err);
        worker->rx.held = code == FH_OK;
    }
    if (code == FH_OK || code == FH_ETOOBIG) {
        *out_kind = worker->rx.kind;
        *out_size = worker->rx.size;
        return FH_OK;
    }
    bool waits = code == FH_ETIMEOUT || (code == FH_ECANCELLED && !fh_worker_dead(worker));
    return waits ? FH_OK : code;
}

struct fh_bytes fh_worker_payload(const struct fh_worker *worker)
{
    return fh_bytes(worker->rx.payload, worker->rx.size);
}

void fh_worker_forget_query(struct fh_worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    worker->scan_count = 0;
    worker->running_id = 0;
    worker->cancelled_ms = 0;
    pthread_mutex_unlock(&worker->lock);
}

/* Time is up or somebody cancelled: tells the worker, drops what it sends, and kills it when no
 * answer to question `id` has come within the grace. Does not wait until it can be told: another
 * thread may be sending what the worker does not read. */
static void end_question(struct fh_worker *worker, uint64_t id, unsigned answer)
{
    int64_t until_ms = fh_clock_mono_ms() + FH_WORKER_GRACE_MS;
    fh_worker_post(worker, FH_CHANNEL_CANCEL, id);
    for (;;) {
        if (read_frame(worker, until_ms, false, NULL) != FH_OK) {
            (void)fh_worker_breach(worker, NULL);
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
int fh_worker_take_error(struct fh_worker *worker,
                         uint64_t id,
                         uint32_t *out_position,
                         struct fh_err *err)
{
    struct fh_channel_error error;
    int code = fh_channel_get_error(&error, fh_worker_payload(worker), err);
    if (code != FH_OK || error.id != id) {
        return fh_worker_breach(worker, err);
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
int fh_worker_wait(
    struct fh_worker *worker, uint64_t id, unsigned answer, int64_t deadline_ms, struct fh_err *err)
{
    int code = read_frame(worker, deadline_ms, true, err);
    if ((code != FH_ETIMEOUT && code != FH_ECANCELLED) || fh_worker_dead(worker)) {
        return code;
    }
    end_question(worker, id, answer);
    fh_worker_forget_query(worker);
    return code == FH_ETIMEOUT
               ? fh_err_rule(err,
                             code,
                             "query.deadline",
                             "the query was not done by its deadline and was ended; ask for less")
               : fh_err_rule(err, code, "query.cancelled", "the query was cancelled");
}

/* Waits for the answer to a question that was sent. */
int fh_worker_await(
    struct fh_worker *worker, uint64_t id, unsigned answer, int64_t deadline_ms, struct fh_err *err)
{
    int code = fh_worker_wait(worker, id, answer, deadline_ms, err);
    if (code != FH_OK) {
        return code;
    }
    if (worker->rx.kind == FH_CHANNEL_ERROR) {
        return fh_worker_take_error(worker, id, NULL, err);
    }
    return worker->rx.kind == answer ? FH_OK : fh_worker_breach(worker, err);
}

int fh_worker_check_ready(struct fh_worker *worker, struct fh_err *err)
{
    if (fh_worker_dead(worker)) {
        return fh_worker_died(worker, err);
    }
    if (worker->state != FH_WORKER_READY) {
        return fh_err_set(err, FH_ESTATE, "the worker is not ready for a question");
    }
    return FH_OK;
}
