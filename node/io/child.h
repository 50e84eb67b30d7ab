/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child: a program that this process started and that runs beside it.
 *
 * It inherits the environment, with what is put over it, and our standard error; its input is empty
 * and its output goes nowhere.
 *
 * Does not: start it again (node/doors does), or confine it (node/query/workers does that for SQL).
 * Thread: the loop's. Ownership: freed by the caller, running or not.
 */
#ifndef FH_NODE_IO_CHILD_H
#define FH_NODE_IO_CHILD_H

#include "common/err.h"

struct fh_child;
struct fh_loop;

/* It ended: with this exit status, or by this signal (0: by none). It may be freed here. */
typedef void fh_child_fn(int status, int signal, void *user);

struct fh_child_options {
    const char *program;            /* borrowed, like all of these */
    const char *const *arguments;   /* with the program's name, NULL at the end */
    const char *const *environment; /* "NAME=value", before what is inherited; NULL at the end */
    fh_child_fn *ended;             /* kept */
    void *user;                     /* kept */
};
/* FH_ENOTFOUND (no such program), FH_EIO, FH_ENOMEM. Given: fh_child_free. */
FH_MUST_CHECK int fh_child_start(struct fh_child **out,
                                 struct fh_loop *loop,
                                 const struct fh_child_options *options,
                                 struct fh_err *err);
int fh_child_pid(const struct fh_child *child);
/* Sends a signal, when it still runs. */
void fh_child_signal(struct fh_child *child, int signum);
/* `ended` is not called any more; what still runs is left to itself. NULL is fine. */
void fh_child_free(struct fh_child *child);

#endif
