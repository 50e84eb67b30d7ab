/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include "common/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

static int open_error(const char *path, int error, struct fh_err *err)
{
    if (error == ENOENT || error == ENOTDIR) {
        return fh_err_set(err, FH_ENOTFOUND, "%s: no such file", path);
    }
    if (error == ELOOP) {
        return fh_err_rule(
            err, FH_EDENIED, "file.symlink", "%s: is a symbolic link; name the file itself", path);
    }
    return fh_err_set(err, FH_EIO, "%s: %s", path, strerror(error));
}

static int read_all(int fd, const char *path, struct fh_buf *out, struct fh_err *err)
{
    for (;;) {
        uint8_t chunk[16384];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0) {
            break;
        }
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fh_err_set(err, FH_EIO, "%s: %s", path, strerror(errno));
        }
        fh_buf_add(out, chunk, (size_t)n);
        if (fh_buf_ok(out) != FH_OK) {
            return fh_err_set(
                err, fh_buf_ok(out), "%s: larger than %zu bytes are not read", path, out->limit);
        }
    }
    return FH_OK;
}

static int read_file(const char *path, bool secret, struct fh_buf *out, struct fh_err *err)
{
    FH_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return open_error(path, errno, err);
    }
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return fh_err_set(err, FH_EIO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return fh_err_set(err, FH_EINVAL, "%s: is not a regular file", path);
    }
    if (secret && ((st.st_mode & 077) != 0 || st.st_uid != geteuid())) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "key.permissions",
                           "%s: mode %03o, owner %u: only its owner (you, uid %u) may touch a key; "
                           "run: chmod 600 %s",
                           path,
                           (unsigned)(st.st_mode & 0777),
                           (unsigned)st.st_uid,
                           (unsigned)geteuid(),
                           path);
    }
    return read_all(fd, path, out, err);
}

int fh_file_read(const char *path, struct fh_buf *out, struct fh_err *err)
{
    return read_file(path, false, out, err);
}

int fh_file_read_secret(const char *path, struct fh_buf *out, struct fh_err *err)
{
    return read_file(path, true, out, err);
}

static int write_all(int fd, struct fh_bytes bytes)
{
    size_t done = 0;
    while (done < bytes.size) {
        ssize_t n = write(fd, bytes.data + done, bytes.size - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno;
        }
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

static int sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        memcpy(folder, ".", 2);
    } else if (slash == folder) {
        folder[1] = '\0';
    } else {
        *slash = '\0';
    }
    FH_CLEANUP(close_fd) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* Writes the bytes to a fresh file beside `path`, whose name goes to `temporary`. */
static int write_temporary(
    const char *path, struct fh_bytes bytes, mode_t mode, char *temporary, size_t temporary_size)
{
    int length = snprintf(temporary, temporary_size, "%s.tmp.XXXXXX", path);
    if (length < 0 || (size_t)length >= temporary_size) {
        return ENAMETOOLONG;
    }
    FH_CLEANUP(close_fd) int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int error = fchmod(fd, mode) == 0 ? write_all(fd, bytes) : errno;
    if (error != 0) {
        unlink(temporary);
    }
    return error;
}

static int
put_file(const char *path, struct fh_bytes bytes, mode_t mode, bool replace, struct fh_err *err)
{
    char temporary[PATH_MAX];
    int error = write_temporary(path, bytes, mode, temporary, sizeof temporary);
    if (error == 0) {
        /* link() fails where the name is taken; rename() replaces. */
        if ((replace ? rename(temporary, path) : link(temporary, path)) != 0) {
            error = errno;
        }
        if (!replace || error != 0) {
            unlink(temporary);
        }
        if (error == 0) {
            error = sync_folder_of(path);
        }
    }
    if (error == 0) {
        return FH_OK;
    }
    int code = error == EEXIST ? FH_EEXIST : FH_EIO;
    return fh_err_set(err, code, "%s: cannot write: %s", path, strerror(error));
}

int fh_file_replace(const char *path, struct fh_bytes bytes, mode_t mode, struct fh_err *err)
{
    return put_file(path, bytes, mode, true, err);
}

int fh_file_create(const char *path, struct fh_bytes bytes, mode_t mode, struct fh_err *err)
{
    return put_file(path, bytes, mode, false, err);
}

int fh_dir_make(const char *path, mode_t mode, struct fh_err *err)
{
    if (mkdir(path, mode) == 0) {
        if (chmod(path, mode) == 0) {
            return FH_OK;
        }
    } else if (errno == EEXIST) {
        struct stat st;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            return FH_OK;
        }
        return fh_err_set(err, FH_EIO, "%s: exists and is not a folder", path);
    }
    return fh_err_set(err, FH_EIO, "%s: cannot make the folder: %s", path, strerror(errno));
}

int fh_file_open_beneath(const char *root, const char *relative, int *out_fd, struct fh_err *err)
{
    FH_CLEANUP(close_fd) int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0) {
        return open_error(root, errno, err);
    }
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, root_fd, relative, &how, sizeof how);
    if (fd < 0) {
        if (errno == EXDEV || errno == ELOOP) {
            return fh_err_rule(err,
                               FH_EDENIED,
                               "source.path.escapes",
                               "%s: leaves %s or crosses a symbolic link; keep sources beneath it",
                               relative,
                               root);
        }
        return open_error(relative, errno, err);
    }
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return fh_err_set(err, FH_EINVAL, "%s: is not a regular file", relative);
    }
    *out_fd = fd;
    return FH_OK;
}
