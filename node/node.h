/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node: the daemon as a whole, the one place that sees all its parts.
 *
 *   start (in order) -> run -> SIGTERM: leave -> quiesce (all) -> drained (all) -> end (in reverse)
 *
 * Does not: hold logic of its own beyond wiring parts together. Thread: the caller's becomes the
 * loop's. Ownership: everything below it.
 */
#ifndef FH_NODE_NODE_H
#define FH_NODE_NODE_H

#include "node/config.h"

/* Runs the node until a signal ends it, or joining is refused. FH_OK after an orderly end; errors
 * of starting up: home, lock, keys, store, port in use, worker program. `programs` is the folder of
 * freehold-worker. */
FH_MUST_CHECK int
fh_node_run(const struct fh_config *config, const char *programs, struct fh_err *err);

#endif
