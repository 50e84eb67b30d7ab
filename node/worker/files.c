/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { COPIES_MAX = 1024 };

#define OPEN_FOR_ALL __attribute__((visibility("default")))
/* The name that the linker sees; the C library's headers know the same names as macros or inline
 * functions, which must not get in between. */
#define NAMED(name) __asm__(name) OPEN_FOR_ALL

/* Positions of copies, by descriptor above FH_SLOT_COPIES; `used` says which are copies. */
static struct {
    atomic_bool used;
    _Atomic off_t at;
} copies[COPIES_MAX];

/* Of questions and scans that run: struct fh_files_seen. */
static struct fh_list watches = {&watches, &watches};
static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;

/* The slot that a path names, or -1. */
static int slot_of(const char *path)
{
    static const char prefix[] = "/proc/self/fd/";
    if (path == NULL || strncmp(path, prefix, sizeof prefix - 1) != 0) {
        return -1;
    }
    const char *number = path + sizeof prefix - 1;
    char *end = NULL;
    long slot = strtol(number, &end, 10);
    bool good = *number >= '0' && *number <= '9' && *end == '\0';
    return good && slot >= FH_SLOT_FIRST && slot < FH_SLOT_COPIES ? (int)slot : -1;
}

/* The index of a descriptor that is a copy of a slot, or -1. */
static int copy_of(int fd)
{
    int index = fd - FH_SLOT_COPIES;
    return index >= 0 && index < COPIES_MAX && atomic_load(&copies[index].used) ? index : -1;
}

static void note(int slot)
{
    struct stat s;
    int i = slot - FH_SLOT_FIRST;
    pthread_mutex_lock(&watch_lock);
    bool known = fstat(slot, &s) == 0;
    FH_LIST_FOREACH (link, &watches) {
        struct fh_files_seen *seen = FH_LIST_ENTRY(link, struct fh_files_seen, link);
        if (known && !seen->slots[i].opened) {
            seen->slots[i].opened = true;
            seen->slots[i].size = s.st_size;
            seen->slots[i].written = s.st_mtim;
        }
    }
    pthread_mutex_unlock(&watch_lock);
}

void fh_files_watch(struct fh_files_seen *seen)
{
    memset(seen, 0, sizeof *seen);
    pthread_mutex_lock(&watch_lock);
    fh_list_push_back(&watches, &seen->link);
    pthread_mutex_unlock(&watch_lock);
}

void fh_files_unwatch(struct fh_files_seen *seen)
{
    pthread_mutex_lock(&watch_lock);
    fh_list_remove(&seen->link);
    pthread_mutex_unlock(&watch_lock);
}

bool fh_files_opened(const struct fh_files_seen *seen, int slot)
{
    pthread_mutex_lock(&watch_lock);
    bool opened =
        slot >= FH_SLOT_FIRST && slot < FH_SLOT_OUTPUT && seen->slots[slot - FH_SLOT_FIRST].opened;
    pthread_mutex_unlock(&watch_lock);
    return opened;
}

int fh_files_unchanged(struct fh_files_seen *seen, struct fh_err *err)
{
    bool same = true;
    pthread_mutex_lock(&watch_lock);
    for (int i = 0; i < FH_WORKER_FILES_MAX; i++) {
        struct stat s;
        if (seen->slots[i].opened) {
            same = same && fstat(FH_SLOT_FIRST + i, &s) == 0 && s.st_size == seen->slots[i].size &&
                   s.st_mtim.tv_sec == seen->slots[i].written.tv_sec &&
                   s.st_mtim.tv_nsec == seen->slots[i].written.tv_nsec;
        }
    }
    pthread_mutex_unlock(&watch_lock);
    return same ? FH_OK
                : fh_err_rule(err,
                              FH_EINCOMPLETE,
                              "source.changed",
                              "a source was written to while it was read; ask again (its owner "
                              "should write a new file and rename it over the old one)");
}

static int open_slot(int slot, int flags)
{
    if (slot == FH_SLOT_OUTPUT) {
        int fd = fcntl(slot, F_DUPFD_CLOEXEC, FH_SLOT_COPIES);
        errno = fd < 0 && errno == EBADF ? ENOENT : errno;
        return fd;
    }
    if ((flags & O_ACCMODE) != O_RDONLY) {
        errno = EACCES;
        return -1;
    }
    int fd = fcntl(slot, F_DUPFD_CLOEXEC, FH_SLOT_COPIES);
    if (fd < 0) {
        errno = errno == EBADF ? ENOENT : errno;
        return -1;
    }
    int index = fd - FH_SLOT_COPIES;
    if (index >= COPIES_MAX) {
        (void)syscall(SYS_close, fd);
        errno = EMFILE;
        return -1;
    }
    atomic_store(&copies[index].at, 0);
    atomic_store(&copies[index].used, true);
    note(slot);
    return fd;
}

/* ---- in the place of the C library's ---- */

int fh_files_open(const char *path, int flags, ...) NAMED("open");
int fh_files_open64(const char *path, int flags, ...) NAMED("open64");
ssize_t fh_files_read(int fd, void *out, size_t size) NAMED("read");
off_t fh_files_lseek(int fd, off_t offset, int whence) NAMED("lseek");
off_t fh_files_lseek64(int fd, off_t offset, int whence) NAMED("lseek64");
int fh_files_close(int fd) NAMED("close");
int fh_files_access(const char *path, int mode) NAMED("access");
int fh_files_stat(const char *path, struct stat *out) NAMED("stat");
int fh_files_stat64(const char *path, struct stat *out) NAMED("stat64");
int fh_files_lstat(const char *path, struct stat *out) NAMED("lstat");
int fh_files_lstat64(const char *path, struct stat *out) NAMED("lstat64");
int fh_files_xstat(int version, const char *path, struct stat *out) NAMED("__xstat");
int fh_files_xstat64(int version, const char *path, struct stat *out) NAMED("__xstat64");
int fh_files_lxstat(int version, const char *path, struct stat *out) NAMED("__lxstat");
int fh_files_lxstat64(int version, const char *path, struct stat *out) NAMED("__lxstat64");

static int open_path(const char *path, int flags, mode_t mode)
{
    int slot = slot_of(path);
    return slot >= 0 ? open_slot(slot, flags)
                     : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static mode_t mode_of(int flags, va_list rest)
{
    bool has_mode =
        (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; /* of several bits */
    return has_mode ? (mode_t)va_arg(rest, int) : 0;
}

int fh_files_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_path(path, flags, mode);
}

int fh_files_open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_path(path, flags, mode);
}

ssize_t fh_files_read(int fd, void *out, size_t size)
{
    int index = copy_of(fd);
    if (index < 0) {
        return syscall(SYS_read, fd, out, size);
    }
    ssize_t n = pread(fd, out, size, atomic_load(&copies[index].at));
    if (n > 0) {
        atomic_fetch_add(&copies[index].at, (off_t)n);
    }
    return n;
}

off_t fh_files_lseek(int fd, off_t offset, int whence)
{
    int index = copy_of(fd);
    if (index < 0) {
        return syscall(SYS_lseek, fd, offset, whence);
    }
    struct stat s;
    off_t from = 0;
    if (whence == SEEK_CUR) {
        from = atomic_load(&copies[index].at);
    } else if (whence == SEEK_END && fstat(fd, &s) == 0) {
        from = s.st_size;
    } else if (whence != SEEK_SET) {
        errno = EINVAL;
        return -1;
    }
    off_t to = 0;
    if (__builtin_add_overflow(from, offset, &to) || to < 0) {
        errno = EINVAL;
        return -1;
    }
    atomic_store(&copies[index].at, to);
    return to;
}

off_t fh_files_lseek64(int fd, off_t offset, int whence)
{
    return fh_files_lseek(fd, offset, whence);
}

int fh_files_close(int fd)
{
    int index = copy_of(fd);
    if (index >= 0) {
        atomic_store(&copies[index].used, false);
    }
    return (int)syscall(SYS_close, fd);
}

int fh_files_access(const char *path, int mode)
{
    int slot = slot_of(path);
    if (slot < 0) {
        return faccessat(AT_FDCWD, path, mode, 0);
    }
    if (fcntl(slot, F_GETFD) < 0) {
        errno = ENOENT;
        return -1;
    }
    if ((mode & X_OK) != 0 || ((mode & W_OK) != 0 && slot != FH_SLOT_OUTPUT)) {
        errno = EACCES;
        return -1;
    }
    return 0;
}

static int stat_path(const char *path, struct stat *out, int flags)
{
    int slot = slot_of(path);
    if (slot < 0) {
        return fstatat(AT_FDCWD, path, out, flags);
    }
    int code = fstat(slot, out);
    errno = code != 0 && errno == EBADF ? ENOENT : errno;
    return code;
}

int fh_files_stat(const char *path, struct stat *out)
{
    return stat_path(path, out, 0);
}

int fh_files_stat64(const char *path, struct stat *out)
{
    return stat_path(path, out, 0);
}

int fh_files_lstat(const char *path, struct stat *out)
{
    return stat_path(path, out, AT_SYMLINK_NOFOLLOW);
}

int fh_files_lstat64(const char *path, struct stat *out)
{
    return stat_path(path, out, AT_SYMLINK_NOFOLLOW);
}

/* Programs that were linked against a C library before 2.33 call these; the version is that of the
 * structure, of which there is one on 64-bit machines. */
int fh_files_xstat(int version, const char *path, struct stat *out)
{
    (void)version;
    return stat_path(path, out, 0);
}

int fh_files_xstat64(int version, const char *path, struct stat *out)
{
    (void)version;
    return stat_path(path, out, 0);
}

int fh_files_lxstat(int version, const char *path, struct stat *out)
{
    (void)version;
    return stat_path(path, out, AT_SYMLINK_NOFOLLOW);
}

int fh_files_lxstat64(int version, const char *path, struct stat *out)
{
    (void)version;
    return stat_path(path, out, AT_SYMLINK_NOFOLLOW);
}
