/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sandbox: what the worker gives up before it sees a foreign byte.
 *
 * Three steps, in this order, all on the first thread while it is the only one, because namespaces,
 * Landlock and seccomp bind the calling thread and those that it starts later:
 *
 *      enter      at the start of main: descriptors, environment, core files, privileges
 *      limit      when the role is known: rlimits, and the spill folder becomes the current one
 *      confine    when DuckDB is open: namespaces, capabilities, Landlock, seccomp
 *
 * Nothing of it can be undone. After `confine` the process can compute, read and write the
 * descriptors that the node passes (files.h), use files in its spill folder, and nothing else; a
 * system call that is not in the table ends it at once (SIGSYS).
 *
 * A layer that this kernel does not give is left out and reported: the node decides whether the
 * rest is enough (proto/query/layers.h).
 *
 * Does not: trust these bounds alone; the node kills the process at the deadline. Thread: as said.
 */
#ifndef FH_NODE_WORKER_SANDBOX_H
#define FH_NODE_WORKER_SANDBOX_H

#include "proto/query/channel.h"

/* At the start of main, while there is one thread: closes every descriptor but 0, 1, 2 and
 * `channel_fd`, clears the environment, forbids core dumps and new privileges, and dies with its
 * parent. FH_EIO. */
FH_MUST_CHECK int fh_sandbox_enter(int channel_fd, struct fh_err *err);

/* Resource limits: memory, CPU seconds, descriptors, size of spilled files (FH_LAYER_LIMITS of
 * setup->layers). The spill folder becomes the current folder. FH_EIO. */
FH_MUST_CHECK int fh_sandbox_limit(const struct fh_channel_setup *setup, struct fh_err *err);

/* Puts up the other layers of setup->layers that this kernel gives; `out_layers` has those that
 * stand, FH_LAYER_LIMITS included. FH_EIO when a layer failed half-way: the process must end. */
FH_MUST_CHECK int
fh_sandbox_confine(const struct fh_channel_setup *setup, uint32_t *out_layers, struct fh_err *err);

/* Arms the clock that ends the process (SIGPROF) after `ms` of its CPU time; 0 disarms it. */
void fh_sandbox_cpu_alarm(unsigned ms);

#endif
