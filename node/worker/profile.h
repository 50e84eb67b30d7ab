/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profile: the worker's answers to PROFILE and CATALOGUE (proto/query/profile.h).
 *
 * Files are read by DuckDB, SQLite databases by SQLite, PostgreSQL by libpq; each of them fills the
 * same structs.
 *
 * Does not: change anything in a source. Thread: the working thread. Ownership: what is filled
 * lives in the arena.
 */
#ifndef FH_NODE_WORKER_PROFILE_H
#define FH_NODE_WORKER_PROFILE_H

#include "node/worker/run.h"
#include "proto/query/profile.h"

/* Answers PROFILE with PROFILED, CATALOGUE with CATALOGUED, or ERROR. The descriptor in `frame` is
 * taken. */
void fh_profile_answer(struct fh_desk *desk,
                       const struct fh_profile_question *question,
                       struct fh_frame *frame);

/* One file in `slot`, read by DuckDB. FH_EINVAL "source.*" without text of the file. */
FH_MUST_CHECK int fh_profile_file(struct fh_profile *out,
                                  const struct fh_profile_question *question,
                                  duckdb_connection connection,
                                  int slot,
                                  struct fh_arena *arena,
                                  struct fh_err *err);

/* ---- databases: each call opens and closes the source ---- */

/* What tells a database that nobody waits any more. Any thread may have cancelled. */
typedef bool fh_profile_cancelled_fn(void *user);

/* A SQLite database in `slot`. FH_EINVAL ("source.read"), FH_ENOTFOUND ("source.table"),
 * FH_ECANCELLED. */
FH_MUST_CHECK int fh_sqlite_catalogue(struct fh_profile_catalogue *out,
                                      int slot,
                                      fh_profile_cancelled_fn *cancelled,
                                      void *user,
                                      struct fh_arena *arena,
                                      struct fh_err *err);
FH_MUST_CHECK int fh_sqlite_profile(struct fh_profile *out,
                                    const struct fh_profile_question *question,
                                    int slot,
                                    fh_profile_cancelled_fn *cancelled,
                                    void *user,
                                    struct fh_arena *arena,
                                    struct fh_err *err);

/* A PostgreSQL database. FH_EUNREACH ("source.unreachable"), FH_EDENIED ("source.denied"), else as
 * above. */
FH_MUST_CHECK int fh_postgres_catalogue(struct fh_profile_catalogue *out,
                                        const struct fh_profile_question *question,
                                        struct fh_arena *arena,
                                        struct fh_err *err);
FH_MUST_CHECK int fh_postgres_profile(struct fh_profile *out,
                                      const struct fh_profile_question *question,
                                      struct fh_arena *arena,
                                      struct fh_err *err);

#endif
