/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Catalogues of the identities that asked lately, so that all connections of one share one.
 *
 * A catalogue is read anew when it is older than FH_PGCAT_AGE_MS, or has been asked for by nobody
 * for long and made room for another (FH_PGCAT_SHELF_MAX).
 *
 * Does not: know who an identity is; `key` is any text that is the same for the same rights.
 * Thread: any; two that ask for the same key at the same time read it once each at worst.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_SHELF_H
#define FH_TOOLS_DOOR_PGCAT_SHELF_H

#include "tools/door/pgcat/pgcat.h"

struct freehold_client;
struct fh_pgcat_shelf;

FH_MUST_CHECK int fh_pgcat_shelf_new(struct fh_pgcat_shelf **out, struct fh_err *err);
void fh_pgcat_shelf_free(struct fh_pgcat_shelf *shelf);

/* The catalogue of `key` (token id), read through `client` (borrowed; a session of that identity)
 * when there is no fresh one. `now_ms` from a clock that never goes back. Blocking: on a job
 * thread. Given: fh_pgcat_drop. */
FH_MUST_CHECK int fh_pgcat_shelf_take(struct fh_pgcat_shelf *shelf,
                                      const char *key,
                                      struct freehold_client *client,
                                      int64_t now_ms,
                                      struct fh_pgcat **out,
                                      struct fh_err *err);
/* The same when a fresh one is there, without asking anybody; NULL when there is none. */
struct fh_pgcat *
fh_pgcat_shelf_fresh(struct fh_pgcat_shelf *shelf, const char *key, int64_t now_ms);

#endif
