/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: what stands between a worker and its machine, as bits of one number.
 *
 * The node says in SETUP which layers a worker shall put up, the worker says in READY which stand.
 * Not every kernel has every layer; fh_layers_enough is the one rule for what foreign SQL needs.
 *
 * Does not: put anything up. Thread: any; values.
 */
#ifndef FH_PROTO_QUERY_LAYERS_H
#define FH_PROTO_QUERY_LAYERS_H

#include "common/bytes.h"

/* X(NAME, bit, text, what it is) */
#define FH_LAYERS(X)                                                                               \
    X(LIMITS, 0, "limits", "bounds on memory, files and CPU seconds of the process (rlimits)")     \
    X(SECCOMP, 1, "seccomp", "only the system calls of a table; any other ends the process")       \
    X(LANDLOCK, 2, "landlock", "no file but those in the worker's own spill folder")               \
    X(USER, 3, "user namespace", "no capability and no other user of the machine")                 \
    X(NET, 4, "network namespace", "no network interface at all")                                  \
    X(IPC, 5, "ipc namespace", "no shared memory or queue of another process")                     \
    X(MOUNT, 6, "mount namespace", "the spill folder is the root of all that it sees")             \
    X(CGROUP, 7, "cgroup", "memory and processes bounded by the kernel as a whole")

enum fh_layer {
#define X(name, bit, text, what) FH_LAYER_##name = 1 << (bit),
    FH_LAYERS(X)
#undef X
        FH_LAYERS_ALL = (1 << 8) - 1
};

/* "landlock" of FH_LAYER_LANDLOCK; "unknown". */
const char *fh_layer_text(unsigned layer);
/* One line for people: what the layer keeps out. */
const char *fh_layer_what(unsigned layer);
/* Appends the layers of the mask, divided by commas; "none". */
void fh_layers_put(struct fh_buf *out, uint32_t layers);

/* Whether SQL of others may run behind these: bounds, the system calls of the table, and no file of
 * the machine in reach, be it by Landlock or by a mount namespace with nothing in it. */
bool fh_layers_enough(uint32_t layers);

#endif
