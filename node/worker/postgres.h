/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of describing a PostgreSQL database: source_postgres.c connects, asks and lists,
 * profile_postgres.c describes one table. Nobody else includes it.
 *
 * Does not: live longer than one question. Thread: the working thread. Ownership: as profile.h.
 */
#ifndef FH_NODE_WORKER_POSTGRES_H
#define FH_NODE_WORKER_POSTGRES_H

#include "node/worker/profile.h"

struct pg_conn;   /* libpq */
struct pg_result; /* libpq */

struct fh_postgres {
    struct pg_conn *connection;
    const struct fh_profile_question *question;
    struct fh_arena *arena;
    struct fh_buf sql;
};

/* Connects and begins a transaction that only reads. FH_EUNREACH, FH_EDENIED, FH_ENOTFOUND
 * ("source.database"). End with fh_postgres_leave in any case. */
FH_MUST_CHECK int fh_postgres_enter(struct fh_postgres *server, struct fh_err *err);
void fh_postgres_leave(struct fh_postgres *server);

/* Runs `server->sql` and empties it. `out` may be NULL, else the caller clears it. FH_EINVAL
 * ("source.read") with the SQLSTATE, FH_EDENIED, FH_EUNREACH. */
FH_MUST_CHECK int
fh_postgres_ask(struct fh_postgres *server, struct pg_result **out, struct fh_err *err);

struct fh_bytes fh_postgres_cell(const struct pg_result *result, int row, int column);
uint64_t fh_postgres_number(const struct pg_result *result, int row, int column);

#endif
