/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output into a file that is there as a whole or not at all: a temporary one beside it takes its
 * name when all was written.
 *
 * Does not: hold the content in memory (common/file.h does). Thread: one. Ownership: the stream is
 * lent until commit or drop.
 */
#ifndef FH_TOOLS_CLI_OUT_FILE_H
#define FH_TOOLS_CLI_OUT_FILE_H

#include "common/err.h"

#include <limits.h>
#include <stdio.h>

struct fh_out_file {
    FILE *stream; /* NULL when none is open */
    const char *path;
    char temporary[PATH_MAX];
};

/* `path` is kept. FH_EIO. */
FH_MUST_CHECK int fh_out_file_open(struct fh_out_file *file, const char *path, struct fh_err *err);
/* Makes it durable under its name. FH_EIO, also for what could not be written before: then the old
 * file is as it was. */
FH_MUST_CHECK int fh_out_file_commit(struct fh_out_file *file, struct fh_err *err);
/* Removes what is not committed; nothing after a commit, or when none is open. */
void fh_out_file_drop(struct fh_out_file *file);

#endif
