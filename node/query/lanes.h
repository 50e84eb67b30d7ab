/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: which processors are for what takes long, and which for what is over in a moment.
 *
 * A question of 0.3 ms wakes threads a dozen times. A thread that wakes up on a processor where a
 * worker of a long question runs waits for it, up to a tick of 4 ms: the kernel's turns do not let
 * it interrupt always, whatever niceness, turns or SCHED_IDLE say (node/README.md). So while both
 * are asked for the two do not meet: a quarter of the processors, one at least, is kept for the
 * node's loop and the workers of quick questions, the others are for workers that yield, take long
 * or start. Otherwise every thread may run anywhere.
 *
 * Does not: keep other threads of the node, or other programs, from any processor; help where there
 * is only one; need a right.
 *
 * Thread: the loop's.
 */
#ifndef FH_NODE_QUERY_LANES_H
#define FH_NODE_QUERY_LANES_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

struct fh_lanes {
    cpu_set_t all; /* that the node may use */
    cpu_set_t quick;
    cpu_set_t slow;
    bool able; /* there are two or more */
    bool split;
};

/* By the processors that the calling thread, the loop's, may use; not split. */
void fh_lanes_init(struct fh_lanes *lanes);
/* Splits them or not, for the loop's thread; false: it is so already, or cannot be. */
bool fh_lanes_split(struct fh_lanes *lanes, bool split);
/* All threads of a worker go to one lane, or anywhere while there are none; those that they make
 * later stay with them. */
void fh_lanes_place(const struct fh_lanes *lanes, pid_t process, bool slow);

#endif
