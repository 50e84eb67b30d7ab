/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sandbox: what the worker gives up before it sees foreign data.
 *
 * The order is part of the design: limits and no_new_privs at start; DuckDB opened with one thread;
 * then fh_sandbox_confine on the thread that works (Landlock binds only the calling thread and
 * those that it starts); then DuckDB's threads are raised and its configuration is locked.
 *
 * Does not: trust these bounds alone; the node kills the process at the deadline. Thread: as said.
 */
#ifndef FH_NODE_WORKER_SANDBOX_H
#define FH_NODE_WORKER_SANDBOX_H

#include "proto/query/channel.h"

enum {
    FH_SLOT_FIRST = 100, /* descriptors of sources stand at 100 .. 100 + FH_WORKER_FILES_MAX - 1 */
};

/* At the start of main, while there is one thread: closes every descriptor but 0, 1, 2 and
 * `channel_fd`, clears the environment, forbids core dumps and new privileges, and dies with its
 * parent. FH_EIO. */
FH_MUST_CHECK int fh_sandbox_enter(int channel_fd, struct fh_err *err);

/* Resource limits of the role: address space, CPU seconds, descriptors, size of spilled files. */
FH_MUST_CHECK int fh_sandbox_limit(const struct fh_channel_setup *setup, struct fh_err *err);

/* The last step before foreign SQL runs, on the working thread. Today no_new_privs is checked again
 * here; Landlock and seccomp are put in at this place. */
FH_MUST_CHECK int fh_sandbox_confine(struct fh_err *err);

/* Arms the clock that ends the process (SIGPROF) after `ms` of its CPU time; 0 disarms it. */
void fh_sandbox_cpu_alarm(unsigned ms);

#endif
