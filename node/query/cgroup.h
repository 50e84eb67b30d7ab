/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroup: one control group for each worker, where the node was given its own to divide.
 *
 * Version 2 of control groups, and only when whoever started the node delegated its group to it
 * (systemd: Delegate=yes): it can be written and has the memory and pids controllers. A group that
 * has children may hold no process, so the node moves itself into a child first:
 *
 *      GROUP/                 ours: subtree_control gets +memory +pids
 *        node/                this process
 *        worker-7/            memory.max, memory.swap.max, pids.max, and one worker
 *
 * Where any of it is refused there is no such layer; nothing else depends on it.
 *
 * Does not: mount anything, or touch a group that was not delegated. Thread: loop.
 */
#ifndef FH_NODE_QUERY_CGROUP_H
#define FH_NODE_QUERY_CGROUP_H

#include "common/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FH_CGROUP_PATH_BYTES = 1024 };

/* The group that this process is in, from the text of /proc/self/cgroup, below `root` (where
 * version 2 is mounted). False when there is none of version 2. */
FH_MUST_CHECK bool
fh_cgroup_find(char out[FH_CGROUP_PATH_BYTES], const char *proc_text, const char *root);

/* Where version 2 is mounted and which group is ours, on this machine. */
FH_MUST_CHECK bool fh_cgroup_own(char out[FH_CGROUP_PATH_BYTES]);

/* Whether `group` is delegated: it has both controllers and we may make groups in it. */
FH_MUST_CHECK bool fh_cgroup_delegated(const char *group);

/* Moves this process into GROUP/node and hands the controllers on to its children. False when
 * refused. */
FH_MUST_CHECK bool fh_cgroup_divide(const char *group);

/* Makes GROUP/worker-NUMBER with its bounds and puts a process there. False when refused. */
FH_MUST_CHECK bool
fh_cgroup_confine(const char *group, uint64_t number, int pid, uint32_t memory_mib);
/* Removes it, when its process is gone. */
void fh_cgroup_remove(const char *group, uint64_t number);

#endif
