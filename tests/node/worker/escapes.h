/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escapes: what an attacker who runs code in a worker would do next, one function a deed.
 *
 * Does not: put up a sandbox, or judge. Thread: the only one. Each gives 0 or more when it worked,
 * else less with errno set; the sandbox may end the process instead.
 */
#ifndef FH_TESTS_NODE_WORKER_ESCAPES_H
#define FH_TESTS_NODE_WORKER_ESCAPES_H

#include <limits.h>
#include <sys/types.h>

enum { ESCAPE_MEMORY_MIB = 128 }; /* what the process may have */

/* What the deeds are about; set before. */
extern struct escape {
    char outside[PATH_MAX]; /* a file beside the spill folder */
    int source;             /* a descriptor that was passed, as the node does */
    pid_t node;             /* asked before, as the sandbox ends whoever asks */
} escape;

typedef long attempt_fn(void);

attempt_fn open_passwd, open_above, open_parent_environment, open_own_memory, open_neighbour,
    write_neighbour, create_outside, truncate_outside, reopen_source, write_source, read_source,
    use_spill, too_large_a_file, open_socket, open_unix_socket, open_packet_socket, call_connect,
    call_execve, call_fork, clone_into_namespace, call_clone3, kill_parent, kill_scoped,
    tgkill_parent, map_code, map_writable_code, make_code, become_dumpable, trusted_terminal_input,
    more_memory, start_thread, use_memory, too_much_memory, call_abort;
#if defined(__x86_64__)
attempt_fn call_x32, call_i386;
#endif

#endif
