/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0644 };

static int refuse(const struct fh_out_file *file, int error, struct fh_err *err)
{
    return fh_err_set(err, FH_EIO, "%s: cannot write: %s", file->path, strerror(error));
}

int fh_out_file_open(struct fh_out_file *file, const char *path, struct fh_err *err)
{
    *file = (struct fh_out_file){.path = path};
    int length = snprintf(file->temporary, sizeof file->temporary, "%s.tmp.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof file->temporary) {
        return refuse(file, ENAMETOOLONG, err);
    }
    int fd = mkostemp(file->temporary, O_CLOEXEC);
    if (fd < 0) {
        return refuse(file, errno, err);
    }
    file->stream = fchmod(fd, MODE) == 0 ? fdopen(fd, "w") : NULL;
    if (file->stream == NULL) {
        int error = errno;
        close(fd);
        unlink(file->temporary);
        return refuse(file, error, err);
    }
    return FH_OK;
}

int fh_out_file_commit(struct fh_out_file *file, struct fh_err *err)
{
    bool written =
        ferror(file->stream) == 0 && fflush(file->stream) == 0 && fsync(fileno(file->stream)) == 0;
    int error = written || errno == 0 ? EIO : errno;
    if (fclose(file->stream) != 0 && written) {
        error = errno;
        written = false;
    }
    file->stream = NULL;
    if (written && rename(file->temporary, file->path) != 0) {
        error = errno;
        written = false;
    }
    if (written) {
        return FH_OK;
    }
    unlink(file->temporary);
    return refuse(file, error, err);
}

void fh_out_file_drop(struct fh_out_file *file)
{
    if (file->stream == NULL) {
        return;
    }
    fclose(file->stream);
    file->stream = NULL;
    unlink(file->temporary);
}
