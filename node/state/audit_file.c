/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/audit_file.h"

#include "common/assert.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    FOLDER_MODE = 0700,
    FILE_MODE = 0600,
    RETRY_MS = 5000,
    /* A segment's last group may make it longer than it should be, and was written ahead. */
    FILE_BYTES_MAX = FH_AUDIT_SEGMENT_BYTES + 4 * FH_AUDIT_GROUP_BYTES_MAX,
    OWN_BYTES = 2048, /* records that the file adds by itself: opened, checkpoint, pruned */
};

struct fh_audit_file {
    struct fh_audit_file_options options;
    int fd;
    uint64_t first;  /* number of the first record of the open file; 0: it has none */
    uint64_t size;   /* of its records */
    uint64_t ahead;  /* zeros are written up to here */
    uint64_t closed; /* bytes of the files before it */
    struct fh_audit_position at;
    bool failed; /* for good: what is on disk is not known any more */
    /* Written with the first record after the start: a full disk keeps no node from starting. */
    bool owes_opened;
    uint64_t owes_recovered; /* bytes */
};

struct fh_audit_position fh_audit_file_position(const struct fh_audit_file *file)
{
    return file->at;
}

uint64_t fh_audit_file_first(const struct fh_audit_file *file)
{
    return file->first;
}

/* ---- bytes to disk ---- */

static int write_at(int fd, struct fh_bytes bytes, uint64_t at)
{
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t n = pwrite(fd, bytes.data + done, bytes.size - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? errno : ENOSPC;
        }
        done += (size_t)n;
    }
    return 0;
}

/* The same, and on disk when it returns: one call where the kernel can, as two cost a small
 * question a fifth more of its wait. */
static int write_through(int fd, struct fh_bytes bytes, uint64_t at)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes.data, .iov_len = bytes.size};
    ssize_t n = pwritev2(fd, &part, 1, (off_t)at, RWF_DSYNC);
    if (n == (ssize_t)bytes.size) {
        return 0;
    }
    if (n < 0 && errno != EINTR && errno != EOPNOTSUPP && errno != ENOSYS) {
        return errno;
    }
    int error = write_at(fd, bytes, at);
    return error == 0 && fdatasync(fd) != 0 ? errno : error;
}

static int sync_folder(const struct fh_home *home, enum fh_home_place place, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    int fd = open(fh_home_path(path, home, place), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) {
        close(fd);
    }
    return error == 0 ? FH_OK : fh_err_set(err, FH_EIO, "%s: %s", path, strerror(error));
}

static int fail(struct fh_audit_file *file, const char *what, int error, struct fh_err *err)
{
    file->failed = true;
    fh_log(FH_LOG_ERROR, "audit.failed", "what=%s text=\"%s\"", what, strerror(error));
    return fh_err_rule(err,
                       FH_EBUSY,
                       "audit.failed",
                       "this node cannot write its audit log any more, and serves nothing without; "
                       "its operator must look after its disk and start it again");
}

/* Zeros for `size` bytes more, and for some time. */
static int write_ahead(struct fh_audit_file *file, size_t size, struct fh_err *err)
{
    static const uint8_t zeros[64 * 1024];
    uint64_t until = file->size + size + FH_AUDIT_AHEAD_BYTES;
    if (file->size + size <= file->ahead) {
        return FH_OK;
    }
    int error = 0;
    uint64_t at = file->ahead;
    while (error == 0 && at < until) {
        size_t step = until - at < sizeof zeros ? (size_t)(until - at) : sizeof zeros;
        error = write_at(file->fd, fh_bytes(zeros, step), at);
        at += step;
    }
    if (error == 0 && fdatasync(file->fd) != 0) {
        return fail(file, "zeros", errno, err);
    }
    if (error != 0) {
        fh_log(FH_LOG_ERROR, "audit.full", "text=\"%s\"", strerror(error));
        fh_err_rule(err,
                    FH_EBUSY,
                    "audit.full",
                    "this node has no room for its audit log, and serves nothing without; its "
                    "operator must make room");
        fh_err_retry(err, RETRY_MS);
        return FH_EBUSY;
    }
    file->ahead = until;
    return FH_OK;
}

int fh_audit_file_commit(struct fh_audit_file *file,
                         struct fh_bytes frames,
                         const struct fh_audit_position *to,
                         struct fh_err *err)
{
    FH_ASSERT(file->size + frames.size <= file->ahead);
    int error = file->failed ? EIO : write_through(file->fd, frames, file->size);
    if (error != 0) {
        return fail(file, "records", error, err);
    }
    if (file->first == 0) {
        file->first = file->at.seq + 1;
    }
    file->size += frames.size;
    file->at = *to;
    return FH_OK;
}

/* One record of the file's own. */
static int
add_own(struct fh_audit_file *file, unsigned kind, const struct fh_buf *detail, struct fh_err *err)
{
    struct fh_buf frames FH_CLEANUP(fh_buf_fini);
    struct fh_audit_position at = file->at;
    fh_buf_init(&frames, OWN_BYTES);
    fh_audit_append(&frames, &at, fh_clock_wall_ms(), kind, fh_buf_view(detail));
    int rc = fh_buf_ok(detail) == FH_OK ? fh_buf_ok(&frames) : fh_buf_ok(detail);
    if (rc != FH_OK) {
        return fh_err_set(err, rc, "no memory for the audit log");
    }
    rc = write_ahead(file, frames.size, err);
    return rc == FH_OK ? fh_audit_file_commit(file, fh_buf_view(&frames), &at, err) : rc;
}

static int add_opened(struct fh_audit_file *file, struct fh_err *err)
{
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    const struct fh_audit_opened opened = {
        .mesh = file->options.mesh,
        .domain = file->options.domain,
        .key = fh_keystore_sign_public(file->options.keys),
    };
    fh_buf_init(&detail, OWN_BYTES);
    fh_audit_opened_pack(&detail, &opened);
    return add_own(file, FH_AUDIT_OPENED, &detail, err);
}

/* What the file owes since the start: see there. */
static int pay(struct fh_audit_file *file, struct fh_err *err)
{
    int rc = FH_OK;
    if (file->owes_recovered > 0) {
        struct fh_buf detail FH_CLEANUP(fh_buf_fini);
        const struct fh_audit_recovered recovered = {.dropped_bytes = file->owes_recovered};
        fh_buf_init(&detail, OWN_BYTES);
        fh_audit_recovered_pack(&detail, &recovered);
        rc = add_own(file, FH_AUDIT_RECOVERED, &detail, err);
        file->owes_recovered = rc == FH_OK ? 0 : file->owes_recovered;
    }
    if (rc == FH_OK && file->owes_opened) {
        rc = add_opened(file, err);
        file->owes_opened = rc != FH_OK;
    }
    return rc;
}

void fh_audit_file_checkpoint(const struct fh_audit_file *file,
                              struct fh_buf *frames,
                              struct fh_audit_position *at,
                              struct fh_buf *record)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    const struct fh_audit_checkpoint checkpoint = {
        .domain = file->options.domain,
        .key = fh_keystore_sign_public(file->options.keys),
        .seq = at->seq,
        .head = at->head,
        .time_ms = fh_clock_wall_ms(),
    };
    fh_buf_init(&payload, OWN_BYTES);
    fh_buf_init(&detail, OWN_BYTES);
    fh_buf_reset(record);
    fh_audit_checkpoint_payload(&payload, &checkpoint);
    fh_keystore_seal(file->options.keys,
                     record,
                     FH_RECORD_AUDIT_CHECKPOINT,
                     &file->options.mesh,
                     fh_buf_view(&payload));
    fh_audit_checkpoint_pack(&detail, fh_buf_view(record));
    fh_audit_append(frames, at, checkpoint.time_ms, FH_AUDIT_CHECKPOINT, fh_buf_view(&detail));
}

/* ---- files ---- */

static int open_current(struct fh_audit_file *file, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    fh_home_path(path, file->options.home, FH_HOME_AUDIT_LOG);
    file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (file->fd < 0) {
        return fh_err_set(err, FH_EIO, "%s: %s", path, strerror(errno));
    }
    return sync_folder(file->options.home, FH_HOME_ROOT, err);
}

struct oldest {
    char path[FH_HOME_PATH_BYTES];
    uint64_t first;
    uint64_t next; /* number of the first record of the file behind it */
    unsigned count;
};

static int find_oldest(void *user, const char *path, uint64_t first, struct fh_err *err)
{
    struct oldest *oldest = user;
    (void)err;
    if (oldest->count == 0) {
        snprintf(oldest->path, sizeof oldest->path, "%s", path);
        oldest->first = first;
    } else if (oldest->count == 1) {
        oldest->next = first;
    }
    oldest->count += first != 0; /* closed ones */
    return FH_OK;
}

/* Under the quota: the oldest goes, as long as one closed file is left, behind which the open one
 * goes on. */
static int prune(struct fh_audit_file *file, struct fh_err *err)
{
    uint64_t most = file->options.bytes_max;
    int rc = FH_OK;
    while (rc == FH_OK && file->closed + file->options.segment_bytes > most) {
        struct oldest oldest = {.count = 0};
        struct stat status;
        rc = fh_home_audit_each(file->options.home, find_oldest, &oldest, err);
        if (rc != FH_OK || oldest.count < 2 || stat(oldest.path, &status) != 0) {
            return rc;
        }
        struct fh_buf detail FH_CLEANUP(fh_buf_fini);
        const struct fh_audit_pruned pruned = {.first = oldest.first, .last = oldest.next - 1};
        fh_buf_init(&detail, OWN_BYTES);
        fh_audit_pruned_pack(&detail, &pruned);
        rc = add_own(file, FH_AUDIT_PRUNED, &detail, err);
        if (rc == FH_OK) {
            fh_log(FH_LOG_WARN,
                   "audit.pruned",
                   "first=%llu last=%llu",
                   (unsigned long long)pruned.first,
                   (unsigned long long)pruned.last);
            (void)unlink(oldest.path);
            file->closed -=
                (uint64_t)status.st_size < file->closed ? (uint64_t)status.st_size : file->closed;
        }
    }
    return rc;
}

/* The open file ends with a signed checkpoint and goes to the others. */
static int rotate(struct fh_audit_file *file, struct fh_err *err)
{
    char from[FH_HOME_PATH_BYTES];
    char to[FH_HOME_PATH_BYTES];
    struct fh_buf frames FH_CLEANUP(fh_buf_fini);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_audit_position at = file->at;
    fh_buf_init(&frames, OWN_BYTES);
    fh_buf_init(&record, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    fh_audit_file_checkpoint(file, &frames, &at, &record);
    int rc = write_ahead(file, frames.size, err);
    if (rc == FH_OK) {
        rc = fh_audit_file_commit(file, fh_buf_view(&frames), &at, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    fh_home_path(from, file->options.home, FH_HOME_AUDIT_LOG);
    fh_home_audit_path(to, file->options.home, file->first);
    if (ftruncate(file->fd, (off_t)file->size) != 0 || fsync(file->fd) != 0 ||
        rename(from, to) != 0) {
        return fail(file, "rotate", errno, err);
    }
    close(file->fd);
    file->fd = -1;
    file->closed += file->size;
    file->first = 0;
    file->size = 0;
    file->ahead = 0;
    struct fh_err why = {0};
    if (sync_folder(file->options.home, FH_HOME_AUDIT, &why) != FH_OK ||
        open_current(file, &why) != FH_OK) {
        return fail(file, "rotate", EIO, err);
    }
    file->owes_opened = true;
    rc = pay(file, err);
    return rc == FH_OK ? prune(file, err) : rc;
}

int fh_audit_file_room(struct fh_audit_file *file, size_t size, size_t reserve, struct fh_err *err)
{
    int rc = file->failed ? fail(file, "records", EIO, err) : pay(file, err);
    if (rc == FH_OK && file->size > 0 &&
        file->size + size + OWN_BYTES > file->options.segment_bytes) {
        rc = rotate(file, err);
    }
    return rc == FH_OK ? write_ahead(file, size + reserve + OWN_BYTES, err) : rc;
}

/* ---- at the start ---- */

/* Walks one file; `out` stands where its good part ends. `seen` may be NULL. */
static int walk(const struct fh_audit_file_options *seen,
                const struct fh_buf *bytes,
                const struct fh_audit_position *from,
                struct fh_audit_cursor *out,
                uint64_t *out_first,
                struct fh_err *err)
{
    bool end = false;
    int rc = FH_OK;
    fh_audit_cursor_init(out, fh_buf_view(bytes), from);
    while (rc == FH_OK && !end) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
        struct fh_audit_record record;
        size_t before = out->at;
        rc = arena == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for the audit log")
                           : fh_audit_next(out, arena, &record, &end, err);
        if (rc == FH_OK && !end && *out_first == 0) {
            *out_first = record.seq;
        }
        if (rc == FH_OK && !end && seen != NULL && seen->seen != NULL) {
            seen->seen(seen->seen_user, &record, out->at - before);
        }
    }
    return rc;
}

struct last_closed {
    char path[FH_HOME_PATH_BYTES];
    uint64_t first; /* 0: there is none */
    uint64_t bytes; /* of all */
};

static int visit_closed(void *user, const char *path, uint64_t first, struct fh_err *err)
{
    struct last_closed *last = user;
    struct stat status;
    if (first == 0) {
        return FH_OK;
    }
    if (stat(path, &status) != 0) {
        return fh_err_set(err, FH_EIO, "%s: %s", path, strerror(errno));
    }
    last->bytes += (uint64_t)status.st_size;
    last->first = first;
    snprintf(last->path, sizeof last->path, "%s", path);
    return FH_OK;
}

static int damaged(struct fh_err *err)
{
    char why[FH_ERR_TEXT_BYTES];
    snprintf(why, sizeof why, "%s", err->text);
    return fh_err_rule(err,
                       FH_ECHECK,
                       "audit.damaged",
                       "the audit log was changed (%s); see `freehold audit verify`, keep it, and "
                       "move it out of the home to begin a new one",
                       why);
}

/* Where the closed files end. */
static int find_position(struct fh_audit_file *file, struct fh_err *err)
{
    struct last_closed last = {.first = 0};
    int rc = fh_home_audit_each(file->options.home, visit_closed, &last, err);
    file->closed = last.bytes;
    if (rc != FH_OK || last.first == 0) {
        return rc;
    }
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_audit_cursor cursor;
    uint64_t first = 0;
    fh_buf_init(&bytes, FILE_BYTES_MAX);
    rc = fh_file_read(last.path, &bytes, err);
    if (rc == FH_OK && walk(NULL, &bytes, NULL, &cursor, &first, err) != FH_OK) {
        rc = damaged(err);
    }
    if (rc == FH_OK) {
        file->at = cursor.last;
    }
    return rc;
}

/* What is torn is kept beside the others: nothing of a log is thrown away. */
static int cut_end(struct fh_audit_file *file,
                   const struct fh_buf *bytes,
                   const struct fh_audit_cursor *good,
                   struct fh_err *err)
{
    size_t end = bytes->size;
    while (end > good->at && bytes->data[end - 1] == 0) {
        end--;
    }
    if (end - good->at > FH_AUDIT_GROUP_BYTES_MAX) {
        return damaged(err);
    }
    char log[FH_HOME_PATH_BYTES];
    char path[FH_HOME_PATH_BYTES + sizeof ".torn"];
    snprintf(path,
             sizeof path,
             "%s.torn",
             fh_home_audit_path(log, file->options.home, good->last.seq + 1));
    fh_log(FH_LOG_WARN,
           "audit.recovered",
           "bytes=%zu behind=%llu text=\"%s\"",
           end - good->at,
           (unsigned long long)good->last.seq,
           err->text);
    int rc =
        fh_file_replace(path, fh_bytes(bytes->data + good->at, end - good->at), FILE_MODE, err);
    if (rc == FH_OK && (ftruncate(file->fd, (off_t)good->at) != 0 || fsync(file->fd) != 0)) {
        rc = fh_err_set(err, FH_EIO, "audit.log: %s", strerror(errno));
    }
    if (rc != FH_OK) {
        return rc;
    }
    file->ahead = good->at;
    file->owes_recovered = end - good->at;
    return FH_OK;
}

static int read_current(struct fh_audit_file *file, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_audit_cursor cursor;
    fh_buf_init(&bytes, FILE_BYTES_MAX);
    int rc = fh_file_read(fh_home_path(path, file->options.home, FH_HOME_AUDIT_LOG), &bytes, err);
    if (rc != FH_OK) {
        return rc;
    }
    int walked = walk(&file->options, &bytes, &file->at, &cursor, &file->first, err);
    if (walked == FH_ENOMEM) {
        return walked;
    }
    file->at = cursor.last;
    file->size = cursor.at;
    file->ahead = bytes.size;
    return walked == FH_OK ? FH_OK : cut_end(file, &bytes, &cursor, err);
}

int fh_audit_file_open(struct fh_audit_file **out,
                       const struct fh_audit_file_options *options,
                       struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_audit_file *file = fh_calloc(1, sizeof *file);
    if (file == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the audit log");
    }
    file->options = *options;
    file->fd = -1;
    if (file->options.bytes_max == 0) {
        file->options.bytes_max = (uint64_t)FH_AUDIT_MIB_DEFAULT * 1024 * 1024;
    }
    if (file->options.segment_bytes == 0) {
        file->options.segment_bytes = FH_AUDIT_SEGMENT_BYTES;
    }
    int rc = fh_dir_make(fh_home_path(path, options->home, FH_HOME_AUDIT), FOLDER_MODE, err);
    if (rc == FH_OK) {
        rc = find_position(file, err);
    }
    if (rc == FH_OK) {
        rc = open_current(file, err);
    }
    if (rc == FH_OK) {
        rc = read_current(file, err);
    }
    if (rc != FH_OK) {
        fh_audit_file_close(file);
        return rc;
    }
    file->owes_opened = true;
    *out = file;
    return FH_OK;
}

void fh_audit_file_close(struct fh_audit_file *file)
{
    if (file != NULL && file->fd >= 0) {
        close(file->fd);
    }
    fh_free(file);
}
