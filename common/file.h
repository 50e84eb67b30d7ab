/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, opened with care.
 *
 * Reading refuses symlinks at the last component, anything that is not a regular file, and more
 * bytes than the caller allows. Writing replaces a file as a whole or not at all: a temporary file
 * beside it, fsync, rename, fsync of the folder.
 *
 * Does not: create folders, expand `~` or variables. Thread: any. Ownership: buffers are the
 * caller's.
 */
#ifndef FH_COMMON_FILE_H
#define FH_COMMON_FILE_H

#include "common/bytes.h"
#include "common/err.h"

#include <sys/types.h>

/* Appends the whole file to `out`, whose limit bounds the size. FH_ENOTFOUND, FH_EIO, FH_ETOOBIG.
 */
FH_MUST_CHECK int fh_file_read(const char *path, struct fh_buf *out, struct fh_err *err);

/* As fh_file_read, and refuses (FH_EDENIED, rule "key.permissions") a file that group or others may
 * touch or that belongs to another user. */
FH_MUST_CHECK int fh_file_read_secret(const char *path, struct fh_buf *out, struct fh_err *err);

/* Replaces `path` by the bytes, durably, with the permission bits `mode`. A failure (FH_EIO, also a
 * full disk) leaves the old file as it was and no temporary one. */
FH_MUST_CHECK int
fh_file_replace(const char *path, struct fh_bytes bytes, mode_t mode, struct fh_err *err);

/* As fh_file_replace, but FH_EEXIST when there is a file already. */
FH_MUST_CHECK int
fh_file_create(const char *path, struct fh_bytes bytes, mode_t mode, struct fh_err *err);

/* Makes a folder with exactly `mode`; one that exists is fine. FH_EIO. */
FH_MUST_CHECK int fh_dir_make(const char *path, mode_t mode, struct fh_err *err);

/* Opens `relative` for reading beneath `root`: no symlink anywhere in `relative`, no `..` that
 * leaves `root`, regular files only (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
 * Gives a descriptor; FH_ENOTFOUND, FH_EDENIED (rule "source.path.escapes"), FH_EIO. */
FH_MUST_CHECK int
fh_file_open_beneath(const char *root, const char *relative, int *out_fd, struct fh_err *err);

#endif
