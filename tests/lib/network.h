/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of a test's own: Linux network namespaces, made by the process that lives in them, so
 * that neither ports nor traffic of the machine come into a test. By root, or by anybody where user
 * namespaces are allowed.
 *
 * Does not: connect anything to the machine's network. Thread: the calling one alone changes its
 * namespace.
 */
#ifndef FH_TESTS_LIB_NETWORK_H
#define FH_TESTS_LIB_NETWORK_H

#include <stdbool.h>

/* Moves this thread, and what it starts from now on, into a new network with a loopback interface.
 * Whoever is not root becomes so in a new user namespace; then the process must have one thread.
 * False with errno when this machine does not allow it. */
bool fh_network_enter(void);
/* Sets interface `name` of the present network up; `address` (dotted quad, or NULL for what it has)
 * in a net of 24 bits. False with errno. */
bool fh_network_up(const char *name, const char *address);

#endif
