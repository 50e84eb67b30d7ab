/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/snapshots.h"

#include "common/assert.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"
#include "node/io/loop.h"
#include "node/io/pool.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    WRITE_MS = 60000, /* longer than that, a table is too large to be written again and again */
    LOOK_MS = 250,    /* at the size of what is being written */
    SEEN_MAX = 64,    /* tables that were read and have no snapshot */
    READINGS_MIN = 2, /* the first may have been the last */
    AT_WORK_MAX = 2,  /* workers: the two of the query that just ended */
};

struct snapshot {
    struct fh_snapshot_key key;
    int fd; /* read-only */
    uint64_t bytes;
    int64_t used_ms;
};

struct seen {
    struct fh_snapshot_key key;
    unsigned readings;
};

struct fh_snapshots {
    struct fh_snapshots_options options;
    char *folder;
    struct snapshot kept[FH_SNAPSHOTS_MAX];
    unsigned count;
    uint64_t bytes;
    struct seen seen[SEEN_MAX];
    unsigned seen_next;
    bool quiet;

    struct fh_timer *timer;
    struct fh_worker *worker; /* NULL: nothing is being written */
    struct fh_snapshot_key writing;
    int fd; /* of what is being written */
    uint64_t feed;
    struct fh_buf sql;
    int job_code;
    struct fh_err job_err;
};

static bool same(const struct fh_hash *a, const struct fh_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

static bool same_key(const struct fh_snapshot_key *a, const struct fh_snapshot_key *b)
{
    return same(&a->table, &b->table) && same(&a->source, &b->source);
}

static void drop(struct fh_snapshots *snapshots, unsigned at)
{
    close(snapshots->kept[at].fd);
    snapshots->bytes -= snapshots->kept[at].bytes;
    snapshots->kept[at] = snapshots->kept[--snapshots->count];
}

/* ---- life ---- */

static void look(void *user);

int fh_snapshots_new(struct fh_snapshots **out,
                     const struct fh_snapshots_options *options,
                     struct fh_err *err)
{
    struct fh_snapshots *snapshots = fh_calloc(1, sizeof *snapshots);
    if (snapshots == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for snapshots");
    }
    snapshots->options = *options;
    snapshots->fd = -1;
    fh_buf_init(&snapshots->sql, FH_CHANNEL_FEED_BYTES_MAX);
    snapshots->folder = fh_strdup(options->folder);
    int rc = snapshots->folder == NULL
                 ? fh_err_set(err, FH_ENOMEM, "no memory for snapshots")
                 : fh_timer_new(&snapshots->timer, options->loop, look, snapshots, err);
    if (rc != FH_OK) {
        fh_free(snapshots->folder);
        fh_free(snapshots);
        return rc;
    }
    *out = snapshots;
    return FH_OK;
}

void fh_snapshots_quiesce(struct fh_snapshots *snapshots)
{
    snapshots->quiet = true;
    fh_snapshots_yield(snapshots);
}

bool fh_snapshots_drained(const struct fh_snapshots *snapshots)
{
    return snapshots->worker == NULL;
}

void fh_snapshots_free(struct fh_snapshots *snapshots)
{
    if (snapshots == NULL) {
        return;
    }
    FH_ASSERT(snapshots->worker == NULL);
    while (snapshots->count > 0) {
        drop(snapshots, 0);
    }
    fh_timer_free(snapshots->timer);
    fh_buf_fini(&snapshots->sql);
    fh_free(snapshots->folder);
    fh_free(snapshots);
}

/* ---- finding ---- */

int fh_snapshots_find(struct fh_snapshots *snapshots, const struct fh_snapshot_key *key)
{
    for (unsigned i = 0; i < snapshots->count; i++) {
        struct snapshot *kept = &snapshots->kept[i];
        if (!same(&kept->key.table, &key->table)) {
            continue;
        }
        if (same(&kept->key.source, &key->source)) {
            kept->used_ms = fh_clock_mono_ms();
            return fcntl(kept->fd, F_DUPFD_CLOEXEC, 0);
        }
        drop(snapshots, i); /* the source is another by now */
        return -1;
    }
    return -1;
}

bool fh_snapshots_wants(struct fh_snapshots *snapshots, const struct fh_snapshot_key *key)
{
    struct seen *seen = NULL;
    for (unsigned i = 0; i < SEEN_MAX; i++) {
        if (snapshots->seen[i].readings > 0 && same_key(&snapshots->seen[i].key, key)) {
            seen = &snapshots->seen[i];
        }
    }
    if (seen == NULL) {
        seen = &snapshots->seen[snapshots->seen_next++ % SEEN_MAX];
        *seen = (struct seen){.key = *key};
    }
    seen->readings++;
    return seen->readings >= READINGS_MIN && snapshots->worker == NULL && !snapshots->quiet &&
           snapshots->folder[0] != '\0' && fh_crew_at_work(snapshots->options.crew) <= AT_WORK_MAX;
}

/* ---- writing ---- */

/* A file without a name, which nobody can give one. */
static int make_file(const struct fh_snapshots *snapshots)
{
    return open(snapshots->folder, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}

/* The same file, for reading alone: whoever gets it runs SQL of others. */
static int read_only(int fd)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static uint64_t size_of(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 && s.st_size > 0 ? (uint64_t)s.st_size : 0;
}

/* It may have become too large. */
static void look(void *user)
{
    struct fh_snapshots *snapshots = user;
    if (snapshots->worker == NULL) {
        return;
    }
    if (size_of(snapshots->fd) > FH_SNAPSHOT_BYTES_MAX) {
        fh_worker_kill(snapshots->worker);
    } else {
        fh_timer_set(snapshots->timer, fh_clock_mono_ms() + LOOK_MS);
    }
}

/* Pool thread. */
static void write_work(void *user)
{
    struct fh_snapshots *snapshots = user;
    struct fh_worker_feed_end end = {.rows = 0};
    struct fh_channel_feed feed = {
        .id = snapshots->feed, .to_file = true, .sql = fh_buf_view(&snapshots->sql)};
    int rc = fh_worker_feed(snapshots->worker, &feed, snapshots->fd, &snapshots->job_err);
    if (rc == FH_OK) {
        rc = fh_worker_feed_next(
            snapshots->worker, fh_clock_mono_ms() + WRITE_MS, &end, &snapshots->job_err);
    }
    if (rc == FH_OK && end.failure.code != FH_OK) {
        snapshots->job_err = end.failure;
        rc = end.failure.code;
    }
    snapshots->job_code = rc;
}

/* Makes room; those used last stay. */
static void make_room(struct fh_snapshots *snapshots, uint64_t bytes)
{
    while (snapshots->count > 0 && (snapshots->count == FH_SNAPSHOTS_MAX ||
                                    snapshots->bytes + bytes > FH_SNAPSHOTS_BYTES_MAX)) {
        unsigned oldest = 0;
        for (unsigned i = 1; i < snapshots->count; i++) {
            oldest = snapshots->kept[i].used_ms < snapshots->kept[oldest].used_ms ? i : oldest;
        }
        drop(snapshots, oldest);
    }
}

static void keep(struct fh_snapshots *snapshots)
{
    uint64_t bytes = size_of(snapshots->fd);
    int fd = bytes > 0 && bytes <= FH_SNAPSHOT_BYTES_MAX ? read_only(snapshots->fd) : -1;
    if (fd < 0) {
        return;
    }
    make_room(snapshots, bytes);
    snapshots->kept[snapshots->count++] = (struct snapshot){
        .key = snapshots->writing, .fd = fd, .bytes = bytes, .used_ms = fh_clock_mono_ms()};
    snapshots->bytes += bytes;
    fh_log(FH_LOG_INFO, "snapshot.kept", "bytes=%llu", (unsigned long long)bytes);
}

static void written(void *user)
{
    struct fh_snapshots *snapshots = user;
    struct fh_worker *worker = FH_TAKE(snapshots->worker);
    fh_timer_clear(snapshots->timer);
    if (snapshots->job_code == FH_OK && !snapshots->quiet) {
        keep(snapshots);
    } else if (snapshots->job_code != FH_OK) {
        fh_log(FH_LOG_INFO,
               "snapshot.given_up",
               "rule=%s text=\"%s\"",
               snapshots->job_err.rule,
               snapshots->job_err.text);
    }
    close(snapshots->fd);
    snapshots->fd = -1;
    fh_crew_give(snapshots->options.crew, worker, snapshots->job_code != FH_OK);
    if (snapshots->options.freed != NULL) {
        snapshots->options.freed(snapshots->options.user);
    }
}

void fh_snapshots_write(struct fh_snapshots *snapshots,
                        const struct fh_snapshot_key *key,
                        struct fh_worker *worker,
                        struct fh_bytes sql)
{
    FH_ASSERT(snapshots->worker == NULL);
    struct fh_err err = {0};
    snapshots->writing = *key;
    snapshots->feed = fh_worker_feed_id(worker);
    fh_buf_reset(&snapshots->sql);
    fh_buf_add_bytes(&snapshots->sql, sql);
    snapshots->fd = make_file(snapshots);
    int rc = fh_buf_ok(&snapshots->sql);
    if (snapshots->fd >= 0 && rc == FH_OK) {
        snapshots->worker = worker;
        fh_worker_patient(worker, true);
        rc = fh_pool_submit(snapshots->options.loop, write_work, written, snapshots, &err);
    }
    if (snapshots->fd >= 0 && rc == FH_OK) {
        fh_timer_set(snapshots->timer, fh_clock_mono_ms() + LOOK_MS);
        return;
    }
    if (snapshots->fd >= 0) {
        close(snapshots->fd);
    }
    snapshots->fd = -1;
    snapshots->worker = NULL;
    fh_crew_give(snapshots->options.crew, worker, false);
}

void fh_snapshots_yield(struct fh_snapshots *snapshots)
{
    if (snapshots->worker != NULL) {
        fh_worker_kill(snapshots->worker); /* the job ends with it */
    }
}
