/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the threads of a worker share the processor with those of others.
 *
 *  * Patient ones take the processor in longer turns and let everybody else go first: the kernel
 *    lets a thread that wakes up interrupt only those whose turns are longer than its own, and a
 *    niceness alone does not change that (Linux 6.12 on; before, nothing happens).
 *  * The least get what is left over, in the longest turns, and for good: lowering a niceness needs
 * a right.
 *
 * Threads that are made later are as the one that made them. A process that has just ended is no
 * error. Does not: need a right of its own over its own children.
 *
 * Thread: any.
 */
#ifndef FH_NODE_QUERY_PRIORITY_H
#define FH_NODE_QUERY_PRIORITY_H

#include <stdbool.h>
#include <sys/types.h>

/* Does something to each thread of a process. */
typedef void fh_priority_thread_fn(pid_t thread, void *user);
void fh_priority_each_thread(pid_t process, fh_priority_thread_fn *fn, void *user);

/* How long its threads have been ready to run and waited for a processor, all together, in ms; 0
 * where the kernel does not count that. */
int64_t fh_priority_delayed_ms(pid_t process);

/* All threads of the process are patient from now on, or as any other. */
void fh_priority_patient(pid_t process, bool patient);
/* All threads of the process are the least. */
void fh_priority_least(pid_t process);

#endif
