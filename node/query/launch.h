/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launch: starts a worker's process, and does not wait until its program runs.
 *
 * libuv's uv_spawn returns when exec has succeeded or failed. Where all processors are taken the
 * child waits for one, and so would the loop: seconds, in which the node answers no probe. Here a
 * program that cannot be run is a worker that exits with FH_LAUNCH_FAILED.
 *
 * Does not: watch the process, or reap it (fh_launch_ended). Thread: any. Ownership: the caller
 * closes the descriptor.
 */
#ifndef FH_NODE_QUERY_LAUNCH_H
#define FH_NODE_QUERY_LAUNCH_H

#include "common/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { FH_LAUNCH_FAILED = 127 }; /* its exit status when exec failed, as a shell's */

struct fh_launch {
    const char *program;      /* an absolute path; borrowed, as all of these */
    char *const *arguments;   /* with the program's name, NULL at the end */
    char *const *environment; /* all of it; NULL at the end */
    int channel;              /* becomes descriptor FH_LAUNCH_CHANNEL */
    bool keep_stderr;         /* else it goes nowhere, as input and output do */
};
enum { FH_LAUNCH_CHANNEL = 3 };

/* Its folder is "/", its signals are as usual, and of our descriptors it has only the channel, for
 * all others are opened to be closed by exec. With success `out_pid` is set, and `out_pidfd` is
 * given. FH_ENOTFOUND (no such program), FH_EIO. */
FH_MUST_CHECK int
fh_launch(const struct fh_launch *launch, pid_t *out_pid, int *out_pidfd, struct fh_err *err);

/* Whether the process has ended; then it is reaped, and `out_status` is as waitpid has it. Does not
 * wait. */
bool fh_launch_ended(int pidfd, int *out_status);

/* Kills the process, and reaps it: for one that nobody knows of yet. */
void fh_launch_end(int pidfd);

#endif
