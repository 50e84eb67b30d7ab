/* SPDX-License-Identifier: Apache-2.0 */
/* The process side of workers: spawn, exit notice, spill folders. Loop thread. */
#include "node/query/workers.h"

#include "common/file.h"
#include "common/list.h"
#include "common/log.h"
#include "common/mem.h"
#include "node/query/cgroup.h"
#include "node/query/lanes.h"
#include "node/query/launch.h"
#include "node/query/priority.h"
#include "node/query/spill.h"
#include "node/query/worker_private.h"

#include <uv.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SPILL_PREFIX "worker-"

enum {
    CHANNEL_BYTES = 1024 * 1024,
    SPILL_LOOK_MS = 250, /* a disk that takes 1 GB/s gets a quarter of it beyond the quota */
};

struct fh_workers {
    struct uv_loop_s *loop;
    char *program;
    char *spill_root;
    char *cgroup;
    uint32_t max;
    bool keep_stderr;
    bool require_sandbox;
    uint32_t layers;
    struct fh_lanes lanes;
    bool quiesced;
    uint64_t spawned;
    uint32_t living;
    uint32_t released_living; /* killed already, not reaped yet: they keep nobody waiting */
    fh_workers_spare_fn *spare;
    void *spare_user;
    struct fh_list all;      /* every handle that is not freed */
    uv_timer_t *spill_timer; /* runs while a process lives; its own memory, as libuv closes late */
};

/*      spawn ──► exited (it was reaped) ──► closed (libuv let the handle go) ─┐
 *        └─────► released (the user is done) ──────────────────────────────────┴─► freed */
struct fh_worker_process {
    struct fh_list link;
    struct fh_workers *workers;
    struct fh_worker worker;
    uv_poll_t end; /* of its pidfd */
    bool exited;
    bool closed;
    bool released;
    fh_worker_exit_fn *on_exit;
    void *on_exit_user;
    uv_poll_t *poll; /* of its channel, once it was watched; its own memory, as libuv closes late */
    fh_worker_watch_fn *watch; /* NULL: nobody watches */
    void *watch_user;
};

/* ---- quotas of spill folders ---- */

/* RLIMIT_FSIZE bounds a file, DuckDB its own files; a worker that somebody took over makes many. */
static void look_at_spill(uv_timer_t *timer)
{
    struct fh_workers *workers = timer->data;
    FH_LIST_FOREACH (link, &workers->all) {
        struct fh_worker *worker = &FH_LIST_ENTRY(link, struct fh_worker_process, link)->worker;
        uint64_t most = atomic_load(&worker->spill_bytes_max);
        if (worker->spill[0] != 0 && most > 0 && !fh_worker_dead(worker) &&
            fh_spill_bytes(worker->spill) > most) {
            fh_log(FH_LOG_WARN,
                   "worker.spill",
                   "text=\"a worker filled its folder beyond its quota\" pid=%d",
                   worker->pid);
            fh_worker_end(worker);
        }
    }
    if (workers->living == 0) {
        uv_timer_stop(timer);
    }
}

static int watch_spill(struct fh_workers *workers, struct fh_err *err)
{
    if (workers->spill_root[0] == 0) {
        return FH_OK;
    }
    workers->spill_timer = fh_calloc(1, sizeof *workers->spill_timer);
    if (workers->spill_timer == NULL || uv_timer_init(workers->loop, workers->spill_timer) != 0) {
        fh_free(FH_TAKE(workers->spill_timer));
        return fh_err_set(err, FH_ENOMEM, "workers: out of memory");
    }
    workers->spill_timer->data = workers;
    uv_unref((uv_handle_t *)workers->spill_timer);
    return FH_OK;
}

static void free_timer(uv_handle_t *handle)
{
    union {
        uv_handle_t *handle;
        uv_timer_t *timer;
    } memory = {.handle = handle};
    fh_free(memory.timer);
}

/* ---- priority ---- */

int64_t fh_worker_cpu_ms(const struct fh_worker *worker)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(worker->pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

int64_t fh_worker_delayed_ms(const struct fh_worker *worker)
{
    return fh_priority_delayed_ms(worker->pid);
}

static void place(const struct fh_worker *worker)
{
    const struct fh_lanes *lanes = &worker->process->workers->lanes;
    if (lanes->split) {
        fh_lanes_place(lanes, worker->pid, fh_worker_takes_long(worker));
    }
}

void fh_worker_yield(struct fh_worker *worker)
{
    if (!worker->yields) { /* threads begin as those that made them */
        worker->yields = true;
        worker->patient = true;
        fh_priority_least(worker->pid);
        place(worker);
    }
}

bool fh_worker_yields(const struct fh_worker *worker)
{
    return worker->yields;
}

void fh_worker_patient(struct fh_worker *worker, bool patient)
{
    if (!worker->yields && worker->patient != patient) {
        worker->patient = patient;
        fh_priority_patient(worker->pid, patient);
        place(worker);
    }
}

bool fh_worker_takes_long(const struct fh_worker *worker)
{
    return worker->patient;
}

void fh_workers_split(struct fh_workers *workers, bool split)
{
    if (fh_lanes_split(&workers->lanes, split)) {
        FH_LIST_FOREACH (link, &workers->all) {
            const struct fh_worker_process *process =
                FH_LIST_ENTRY(link, struct fh_worker_process, link);
            if (!process->exited) {
                fh_lanes_place(
                    &workers->lanes, process->worker.pid, fh_worker_takes_long(&process->worker));
            }
        }
    }
}

/* ---- the spawner ---- */

int fh_workers_new(struct fh_workers **out,
                   struct uv_loop_s *loop,
                   const struct fh_workers_options *options,
                   struct fh_err *err)
{
    if (options->workers_max < 1 || options->workers_max > FH_WORKERS_MAX) {
        return fh_err_set(err, FH_EINVAL, "workers: expected 1 to %d", FH_WORKERS_MAX);
    }
    struct fh_workers *workers = fh_calloc(1, sizeof *workers);
    if (workers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "workers: out of memory");
    }
    workers->loop = loop;
    workers->program = fh_strdup(options->program);
    workers->spill_root = fh_strdup(options->spill_root);
    workers->cgroup = fh_strdup(options->cgroup == NULL ? "" : options->cgroup);
    workers->max = options->workers_max;
    workers->keep_stderr = options->keep_stderr;
    workers->require_sandbox = options->require_sandbox;
    workers->layers = FH_LAYERS_ALL & ~options->layers_off;
    fh_lanes_init(&workers->lanes);
    fh_list_init(&workers->all);
    int code = workers->program == NULL || workers->spill_root == NULL || workers->cgroup == NULL
                   ? fh_err_set(err, FH_ENOMEM, "workers: out of memory")
                   : FH_OK;
    if (code == FH_OK && workers->spill_root[0] != 0) {
        code = fh_dir_make(workers->spill_root, 0700, err);
        fh_spill_remove_left(workers->spill_root, SPILL_PREFIX);
    }
    if (code == FH_OK) {
        code = watch_spill(workers, err);
    }
    if (code != FH_OK) {
        fh_workers_free(workers);
        return code;
    }
    *out = workers;
    return FH_OK;
}

void fh_workers_quiesce(struct fh_workers *workers)
{
    workers->quiesced = true;
    FH_LIST_FOREACH (link, &workers->all) {
        fh_worker_kill(&FH_LIST_ENTRY(link, struct fh_worker_process, link)->worker);
    }
}

bool fh_workers_drained(const struct fh_workers *workers)
{
    return fh_list_empty(&workers->all);
}

void fh_workers_free(struct fh_workers *workers)
{
    if (workers != NULL) {
        if (workers->spill_timer != NULL) {
            uv_close((uv_handle_t *)workers->spill_timer, free_timer);
        }
        fh_free(workers->program);
        fh_free(workers->spill_root);
        fh_free(workers->cgroup);
        fh_free(workers);
    }
}

void fh_workers_on_full(struct fh_workers *workers, fh_workers_spare_fn *fn, void *user)
{
    workers->spare = fn;
    workers->spare_user = user;
}

bool fh_workers_room(const struct fh_workers *workers, uint32_t count)
{
    bool many_ending = workers->released_living >= workers->max;
    return !many_ending && workers->living - workers->released_living + count <= workers->max;
}

const char *fh_workers_folder(const struct fh_workers *workers)
{
    return workers->spill_root;
}

uint32_t fh_workers_count(const struct fh_workers *workers)
{
    return workers->living;
}

/* ---- watching a channel ---- */

static void free_poll(uv_handle_t *handle)
{
    union {
        uv_handle_t *handle;
        uv_poll_t *poll;
    } memory = {.handle = handle};
    fh_free(memory.poll);
}

/* Nobody watches, and something is there: it is for a thread that asks. Only now the polling ends,
 * so that one who watches again and again does not begin it each time. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status; /* the next read tells */
    (void)events;
    struct fh_worker_process *process = poll->data;
    if (process->watch == NULL) {
        (void)uv_poll_stop(poll);
    } else {
        process->watch(process->watch_user);
    }
}

static int open_poll(struct fh_worker_process *process, struct fh_err *err)
{
    uv_poll_t *poll = fh_calloc(1, sizeof *poll);
    if (poll == NULL || uv_poll_init(process->workers->loop, poll, process->worker.fd) != 0) {
        fh_free(poll);
        return fh_err_set(err, FH_ENOMEM, "no memory to watch a worker");
    }
    poll->data = process;
    uv_unref((uv_handle_t *)poll);
    process->poll = poll;
    return FH_OK;
}

int fh_worker_watch(struct fh_worker *worker,
                    fh_worker_watch_fn *fn,
                    void *user,
                    struct fh_err *err)
{
    struct fh_worker_process *process = worker->process;
    int code = process->poll == NULL ? open_poll(process, err) : FH_OK;
    if (code == FH_OK && !uv_is_active((uv_handle_t *)process->poll) &&
        uv_poll_start(process->poll, UV_READABLE, on_readable) != 0) {
        code = fh_err_set(err, FH_EIO, "a worker cannot be watched");
    }
    if (code == FH_OK) {
        process->watch = fn;
        process->watch_user = user;
    }
    return code;
}

void fh_worker_unwatch(struct fh_worker *worker)
{
    worker->process->watch = NULL;
}

/* ---- one process ---- */

static void free_if_over(struct fh_worker_process *process)
{
    if (!process->closed || !process->released) {
        return;
    }
    fh_list_remove(&process->link);
    if (process->poll != NULL) {
        uv_close((uv_handle_t *)process->poll, free_poll); /* before its descriptor */
    }
    if (process->worker.pidfd >= 0) {
        close(process->worker.pidfd);
    }
    fh_worker_channel_fini(&process->worker);
    fh_free(process);
}

static void on_closed(uv_handle_t *handle)
{
    struct fh_worker_process *process = handle->data;
    process->closed = true;
    free_if_over(process);
}

static void on_end(uv_poll_t *end, int poll_status, int events)
{
    (void)poll_status; /* the process tells */
    (void)events;
    struct fh_worker_process *process = end->data;
    int status;
    if (!fh_launch_ended(process->worker.pidfd, &status)) {
        return;
    }
    process->exited = true;
    process->workers->living--;
    process->workers->released_living -= process->released;
    atomic_store(&process->worker.dead, true);
    fh_spill_remove(process->worker.spill);
    if (process->worker.in_cgroup) {
        fh_cgroup_remove(process->worker.cgroup, process->worker.number);
    }
    if (process->on_exit != NULL && !process->released) {
        process->on_exit(&process->worker, status, process->on_exit_user);
    }
    uv_close((uv_handle_t *)end, on_closed);
}

static int watch_exit(struct fh_worker_process *process, struct fh_err *err)
{
    int status = uv_poll_init(process->workers->loop, &process->end, process->worker.pidfd);
    if (status == 0) {
        status = uv_poll_start(&process->end, UV_READABLE, on_end);
        if (status != 0) {
            uv_close((uv_handle_t *)&process->end, on_closed);
        }
    } else {
        process->closed = true; /* libuv does not know it */
    }
    return status == 0
               ? FH_OK
               : fh_err_set(
                     err, FH_EIO, "cannot hold on to a worker process: %s", uv_strerror(status));
}

static int start(struct fh_worker_process *process, int child_fd, struct fh_err *err)
{
    struct fh_workers *workers = process->workers;
    char name[] = "freehold-worker";
    char fd_text[] = "3";
    char *arguments[] = {name, fd_text, NULL};
    /* DuckDB's allocator keeps what it has unmapped, and RLIMIT_DATA counts that: after a thousand
     * queries over a CSV file 248 MiB were counted where 47 were in use, and sooner or later a
     * small query was refused for its memory. Without it: 150 to 215, its buffers of 32 MiB. */
    char allocator[] = "DUCKDB_JE_MALLOC_CONF=retain:false";
    char *environment[] = {allocator, NULL};
    const struct fh_launch launch = {
        .program = workers->program,
        .arguments = arguments,
        .environment = environment,
        .channel = child_fd,
        .keep_stderr = workers->keep_stderr,
    };
    int code = fh_launch(&launch, &process->worker.pid, &process->worker.pidfd, err);
    if (code != FH_OK) {
        process->closed = true;
        return code;
    }
    code = watch_exit(process, err);
    if (code != FH_OK) {
        fh_launch_end(process->worker.pidfd);
        return code;
    }
    workers->living++;
    if (workers->spill_timer != NULL && !uv_is_active((uv_handle_t *)workers->spill_timer)) {
        (void)uv_timer_start(workers->spill_timer, look_at_spill, SPILL_LOOK_MS, SPILL_LOOK_MS);
    }
    fh_worker_patient(&process->worker, true); /* its start takes a core for some 20 ms */
    return FH_OK;
}

static int make_spill(struct fh_worker_process *process, struct fh_err *err)
{
    struct fh_workers *workers = process->workers;
    struct fh_worker *worker = &process->worker;
    if (workers->spill_root[0] == 0) {
        return FH_OK;
    }
    int size = snprintf(worker->spill,
                        sizeof worker->spill,
                        "%s/" SPILL_PREFIX "%llu",
                        workers->spill_root,
                        (unsigned long long)workers->spawned);
    if (size < 0 || (size_t)size >= sizeof worker->spill) {
        worker->spill[0] = 0;
        return fh_err_set(err, FH_EINVAL, "the path of the spill folder is too long");
    }
    return fh_dir_make(worker->spill, 0700, err);
}

/* Whether there is a place, by the end of one that is spare if need be. */
static bool make_room(struct fh_workers *workers)
{
    return fh_workers_room(workers, 1) ||
           (workers->spare != NULL && workers->spare(workers->spare_user) &&
            fh_workers_room(workers, 1));
}

int fh_workers_spawn(struct fh_workers *workers, struct fh_worker **out, struct fh_err *err)
{
    int pair[2];
    if (workers->quiesced) {
        return fh_err_set(err, FH_ESTATE, "the node is stopping");
    }
    if (!make_room(workers)) {
        return fh_err_rule(err,
                           FH_EBUSY,
                           "limit.workers",
                           "all %u workers are busy; try again in a moment",
                           workers->max);
    }
    struct fh_worker_process *process = fh_calloc(1, sizeof *process);
    if (process == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a worker");
    }
    fh_list_init(&process->link);
    process->workers = workers;
    process->end.data = process;
    process->worker.process = process;
    process->worker.require_sandbox = workers->require_sandbox;
    process->worker.layers_wanted = workers->layers;
    process->worker.fd = -1;
    process->worker.pidfd = -1;
    process->worker.cgroup = workers->cgroup;
    process->worker.number = ++workers->spawned;
    int code = make_spill(process, err);
    if (code == FH_OK && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        code = fh_err_set(err, FH_EIO, "socketpair: %s", strerror(errno));
    }
    /* Room for a batch: the worker goes on with the next one while this one waits to be read. */
    int room = CHANNEL_BYTES;
    if (code == FH_OK && setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) != 0) {
        /* it goes in smaller steps then */
    }
    if (code == FH_OK && fh_worker_channel_init(&process->worker, pair[0]) != FH_OK) {
        close(pair[0]);
        close(pair[1]);
        process->worker.fd = -1;
        code = fh_err_set(err, FH_ENOMEM, "no memory for a worker");
    }
    if (code != FH_OK) {
        fh_spill_remove(process->worker.spill);
        fh_free(process);
        return code;
    }
    fh_list_push_back(&workers->all, &process->link);
    code = start(process, pair[1], err);
    close(pair[1]);
    if (code != FH_OK) {
        fh_spill_remove(process->worker.spill);
        process->released = true;
        free_if_over(process);
        return code;
    }
    *out = &process->worker;
    return FH_OK;
}

void fh_worker_on_exit(struct fh_worker *worker, fh_worker_exit_fn *fn, void *user)
{
    worker->process->on_exit = fn;
    worker->process->on_exit_user = user;
}

void fh_worker_release(struct fh_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    struct fh_worker_process *process = worker->process;
    fh_worker_unwatch(worker);
    process->released = true;
    if (!process->exited) {
        process->workers->released_living++;
        fh_worker_kill(worker);
    }
    free_if_over(process);
}
