/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a worker handle, shared by workers.c (process, loop thread), worker_channel.c
 * (frames and waits), worker_ask.c (questions) and worker_query.c (a running query and its scans).
 * Nobody else includes it.
 */
#ifndef FH_NODE_QUERY_WORKER_PRIVATE_H
#define FH_NODE_QUERY_WORKER_PRIVATE_H

#include "node/query/workers.h"
#include "proto/wire/crypto.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    FH_WORKER_EVENT_BYTES = 1024 * 1024,           /* arena of one event: columns of a batch */
    FH_WORKER_AHEAD_BYTES = 4096,                  /* heads, and what is as small as an END */
    FH_WORKER_NOTES_MAX = 2 * FH_WORKER_SCANS_MAX, /* not taken yet: a STOP each, and CANCELs */
};

enum fh_worker_state {
    FH_WORKER_STARTED,    /* spawned, not set up */
    FH_WORKER_SETTING_UP, /* the set-up is sent, its answer not read */
    FH_WORKER_READY,
    FH_WORKER_RUNNING,
};

struct fh_worker_scan { /* a remote scan that the worker has open */
    uint64_t id;
    uint64_t wanted; /* batches that may still be sent */
};

struct fh_worker_note { /* a small frame to the worker that nobody waits for */
    unsigned kind;
    uint64_t id;
};

struct fh_worker_process; /* workers.c */

struct fh_worker {
    struct fh_worker_process *process;
    int fd;    /* our end of the channel, non-blocking calls only */
    int pidfd; /* signals reach this process and no later one of the same number */
    int pid;
    char spill[256];
    const char *cgroup; /* for a group of its own; "" = none */
    uint64_t number;    /* of the worker among those of this node */
    uint64_t last_feed; /* the loop thread's */
    bool yields;        /* the loop thread's */
    bool patient;
    bool in_cgroup;
    bool require_sandbox;
    uint32_t layers_wanted;
    _Atomic uint64_t spill_bytes_max; /* of the folder; 0 before it is set up */

    atomic_bool dead;        /* must not be asked again */
    atomic_bool killed;      /* by us, on request */
    pthread_mutex_t sending; /* one frame at a time */

    pthread_mutex_t lock; /* the next ones */
    uint64_t running_id;  /* 0 = none */
    int64_t ends_ms;      /* the deadline of that one */
    int64_t cancelled_ms; /* when cancel was asked; 0 = not */
    uint64_t credits;     /* given and not used */
    struct fh_worker_scan scans[FH_WORKER_SCANS_MAX];
    unsigned scan_count;
    struct fh_err scan_failure; /* the first one told by fh_worker_scan_error; FH_OK = none */
    struct fh_worker_note notes[FH_WORKER_NOTES_MAX]; /* only who has `sending` too takes one out */
    unsigned note_count;

    /* the asking thread only: */
    uint32_t layers; /* that stand */
    char engine[64];
    enum fh_worker_state state;
    uint64_t last_id;
    int64_t deadline_ms; /* of the running query */
    uint64_t batches;
    uint64_t rows;
    uint64_t rows_max;      /* of the running query; 0: no bound */
    struct fh_arena *arena; /* of the last event */
    struct {                /* the frame that is being read, or was last */
        uint8_t head[FH_CHANNEL_HEAD_BYTES];
        size_t got; /* of head and payload */
        unsigned kind;
        size_t size;
        uint8_t *payload;
        size_t capacity;
        bool held;       /* it is complete, and was looked at by fh_worker_peek only */
        size_t from, to; /* of `ahead`: read behind it */
        uint8_t ahead[FH_WORKER_AHEAD_BYTES];
    } rx;
    struct fh_hash known[FH_WORKER_TABLES_MAX]; /* tables the worker has, with their files */
    char *known_names[FH_WORKER_TABLES_MAX];
    unsigned known_count;
};

/* Sets up / ends what belongs to the channel. */
FH_MUST_CHECK int fh_worker_channel_init(struct fh_worker *worker, int fd);
void fh_worker_channel_fini(struct fh_worker *worker);

/* ---- worker_channel.c ---- */

/* It went beyond a bound: SIGKILL; its question ends by FH_EIO, "worker.died". Any thread. */
void fh_worker_end(struct fh_worker *worker);
/* The worker broke the protocol or a bound: kills it; FH_EPROTO with the reason in `err`, or a
 * general one. */
int fh_worker_breach(struct fh_worker *worker, struct fh_err *err);
/* The channel is closed: FH_ECANCELLED when we killed it, else FH_EIO "worker.died". */
int fh_worker_died(struct fh_worker *worker, struct fh_err *err);
/* Sends one frame, descriptors beside it. Any thread. A worker that does not read for
 * FH_WORKER_START_MS is killed, and one that has not read the frame FH_WORKER_GRACE_MS after the
 * running query's deadline or cancellation. */
FH_MUST_CHECK int fh_worker_send(struct fh_worker *worker,
                                 unsigned kind,
                                 struct fh_bytes head,
                                 struct fh_bytes body,
                                 const int *files,
                                 uint32_t file_count,
                                 struct fh_err *err);
/* Sends an encoded payload. */
int fh_worker_send_buf(struct fh_worker *worker,
                       unsigned kind,
                       const struct fh_buf *payload,
                       struct fh_err *err);
/* Sends a counting frame; a dead worker shows in the next read. */
void fh_worker_send_count(struct fh_worker *worker, unsigned kind, uint64_t id, uint64_t count);
/* The same without waiting, count 0: what the worker does not take now is sent by whoever sends or
 * reads next, in this order and before their own. One that leaves FH_WORKER_NOTES_MAX is killed.
 * Any thread. */
void fh_worker_post(struct fh_worker *worker, unsigned kind, uint64_t id);
/* Payload of the last frame; lent until the next wait. */
struct fh_bytes fh_worker_payload(const struct fh_worker *worker);
/* No query runs any more: its scans and its cancellation are forgotten. */
void fh_worker_forget_query(struct fh_worker *worker);
/* The worker's own ERROR to question `id`, as our code and `err`. */
FH_MUST_CHECK int fh_worker_take_error(struct fh_worker *worker,
                                       uint64_t id,
                                       uint32_t *out_position,
                                       struct fh_err *err);
/* Reads the next frame and leaves it to whoever waits next: its kind and size, or kind 0 when none
 * came until `until_ms` (monotonic; not later than the question's deadline). One that is there is
 * found also when that has passed. Of one with more than `payload_max` bytes only the head is read.
 */
FH_MUST_CHECK int fh_worker_peek(struct fh_worker *worker,
                                 int64_t until_ms,
                                 size_t payload_max,
                                 unsigned *out_kind,
                                 size_t *out_size,
                                 struct fh_err *err);
/* Waits for the next frame of question `id`, which `answer` would end. At the deadline, or when
 * cancel was asked, the question is ended, with the process if need be. */
FH_MUST_CHECK int fh_worker_wait(struct fh_worker *worker,
                                 uint64_t id,
                                 unsigned answer,
                                 int64_t deadline_ms,
                                 struct fh_err *err);
/* The same, where only `answer` or ERROR may come. */
FH_MUST_CHECK int fh_worker_await(struct fh_worker *worker,
                                  uint64_t id,
                                  unsigned answer,
                                  int64_t deadline_ms,
                                  struct fh_err *err);
/* FH_OK when a question may be asked. */
FH_MUST_CHECK int fh_worker_check_ready(struct fh_worker *worker, struct fh_err *err);

#endif
