/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Askers: clients of libfreehold, lent for one piece of work at a time.
 *
 * A session takes three messages and some signatures, so one that was given back is lent again to
 * whoever asks as the same identity, for FH_DOOR_ASKER_IDLE_MS. How many there are is bounded, for
 * one identity and in all.
 *
 * Does not: decide who may ask. Thread: any; a lent client is its borrower's alone. Ownership:
 * clients stay the pool's.
 */
#ifndef FH_TOOLS_DOOR_ASKERS_H
#define FH_TOOLS_DOOR_ASKERS_H

#include "common/home.h"
#include "tools/client/freehold.h"
#include "tools/door/tokens.h"

struct fh_askers;

/* Clients open sessions with the node of `home`, which runs with `settings` (both copied). Given:
 * fh_askers_free. FH_ENOMEM. */
FH_MUST_CHECK int fh_askers_new(struct fh_askers **out,
                                const struct fh_home *home,
                                const struct fh_settings *settings,
                                struct fh_err *err);
/* Ends all clients; every one must have been given back. */
void fh_askers_free(struct fh_askers *askers);
/* Ends those that were idle for too long: called now and then. */
void fh_askers_tidy(struct fh_askers *askers);

/* Lends a client that asks as `who` (borrowed; its reference is kept while the pool has such a
 * client); NULL is the home's own member, for the open catalogue only. Blocks while a session is
 * opened. Ends with fh_askers_give. FH_EBUSY ("door.askers", with a time to try again), FH_EDENIED
 * ("token.*"), and the codes of freehold_open. */
FH_MUST_CHECK int fh_askers_take(struct fh_askers *askers,
                                 struct fh_identity *who,
                                 struct freehold_client **out,
                                 struct fh_err *err);
/* Takes a client back, without open results; one whose connection broke is ended. Interruptions
 * that came too late are forgotten. */
void fh_askers_give(struct fh_askers *askers, struct freehold_client *client);

#endif
