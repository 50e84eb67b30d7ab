/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work: what a session wants done, on a job's thread: signing in, questions to the node or to the
 * catalogue, rows.
 *
 * One worker belongs to one connection. It borrows a client of libfreehold for as long as an answer
 * of the connection is open (several cursors share it) and gives it back as soon as none is.
 * Catalogues come from a shelf that all connections share.
 *
 * Does not: know sockets. Thread: do and end one at a time; interrupt any. Ownership: keeps
 * services and catalogues.
 */
#ifndef FH_TOOLS_DOOR_PG_WORK_H
#define FH_TOOLS_DOOR_PG_WORK_H

#include "tools/door/door.h"
#include "tools/door/pg/session.h"
#include "tools/door/pgcat/shelf.h"

struct fh_pg_worker;

/* NULL: no memory. Given: fh_pg_worker_free. */
FH_MUST_CHECK struct fh_pg_worker *fh_pg_worker_new(const struct fh_door_services *services,
                                                    struct fh_pgcat_shelf *shelf);
/* Of one that holds no client. NULL is fine. */
void fh_pg_worker_free(struct fh_pg_worker *worker);

/* Does the session's work; blocks. */
void fh_pg_worker_do(struct fh_pg_worker *worker, struct fh_pg_session *session);
/* Frees the session, ending what it has open, and gives the client back; blocks. */
void fh_pg_worker_end(struct fh_pg_worker *worker, struct fh_pg_session *session);
/* Work begins, though its job may wait: interruptions from here on are about it, and those that
 * came too late for the work before are forgotten. Thread: whoever interrupts. */
void fh_pg_worker_begin(struct fh_pg_worker *worker);
/* Makes the call that blocks with the client, or the next one, fail soon with FH_ECANCELLED. */
void fh_pg_worker_interrupt(struct fh_pg_worker *worker);

/* Whether a client is borrowed. */
bool fh_pg_worker_holds(const struct fh_pg_worker *worker);
/* Who signed in is the worker's identity from now on, on the thread of whoever asks for it. */
void fh_pg_worker_adopt(struct fh_pg_worker *worker);
/* Who signed in; NULL before. Lent with the worker. */
struct fh_identity *fh_pg_worker_identity(const struct fh_pg_worker *worker);

#endif
