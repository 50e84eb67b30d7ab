/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errand: a node without a home, for as long as one command needs it.
 *
 * People without a mesh draft and test contracts too. `freehold-node --errand DIR` has no identity,
 * no store and no network: a loop, workers, and the admin socket DIR/run/admin.sock for the
 * questions that need nothing else. Whoever started it made the folder (0700), ends it by SIGTERM,
 * and takes the folder away.
 *
 * Does not: answer anything about a mesh. Thread: the loop's.
 */
#ifndef FH_NODE_ERRAND_H
#define FH_NODE_ERRAND_H

#include "node/config.h"

/* Runs until SIGTERM or SIGINT. `programs` is the folder of freehold-worker. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int
fh_errand_run(const struct fh_config *config, const char *programs, struct fh_err *err);

#endif
