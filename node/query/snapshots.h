/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots: masked tables that were read before, kept as files that may be opened as they are.
 *
 * A snapshot holds what a view shows of a table, no more: whoever has the same view reads it like
 * an open table, without a scan worker. It is written in the background by the scan worker of a
 * query that read the table, when it is read the second time and nothing else is to be done, and
 * gives way when something is. It is found by the view and the state of the source (file, size and
 * times), so a change of either makes it useless, and the next question drops it.
 *
 *      find: a descriptor, read-only ─── or none: the barrier ──► wants ──► write (pool) ──► found
 *
 * Files have no name (O_TMPFILE) in the folder of the workers' own files, so nothing is left of
 * them when the node ends, however it ends. There are at most FH_SNAPSHOTS_MAX, of
 * FH_SNAPSHOTS_BYTES_MAX together; the one that was not used for the longest time goes first.
 *
 * Does not: know views or sources, or check what a worker wrote: a query worker reads it, as it
 * reads a file of the owner's. Thread: the loop's. Ownership: given by new.
 */
#ifndef FH_NODE_QUERY_SNAPSHOTS_H
#define FH_NODE_QUERY_SNAPSHOTS_H

#include "node/query/crew.h"
#include "proto/wire/crypto.h"

struct fh_snapshots;

struct fh_snapshot_key {
    struct fh_hash table;  /* contract, table and view */
    struct fh_hash source; /* which file, and in which state */
};

struct fh_snapshots_options {
    struct fh_loop *loop;
    struct fh_crew *crew;
    const char *folder; /* absolute; "" = none is ever written */
};

/* The options' loop and crew are kept. */
FH_MUST_CHECK int fh_snapshots_new(struct fh_snapshots **out,
                                   const struct fh_snapshots_options *options,
                                   struct fh_err *err);
/* Ends what is being written; nothing is written any more. Idempotent. */
void fh_snapshots_quiesce(struct fh_snapshots *snapshots);
bool fh_snapshots_drained(const struct fh_snapshots *snapshots);
/* Drained. NULL is fine. */
void fh_snapshots_free(struct fh_snapshots *snapshots);

/* A descriptor of the snapshot, read-only; the caller closes it. -1: none. */
FH_MUST_CHECK int fh_snapshots_find(struct fh_snapshots *snapshots,
                                    const struct fh_snapshot_key *key);

/* Counts one more reading of a table that has no snapshot; whether it is time to write one. */
FH_MUST_CHECK bool fh_snapshots_wants(struct fh_snapshots *snapshots,
                                      const struct fh_snapshot_key *key);

/* Writes a snapshot by `worker` (taken: goes back to the crew), which has the table that `sql`
 * (copied) reads. After fh_snapshots_wants. */
void fh_snapshots_write(struct fh_snapshots *snapshots,
                        const struct fh_snapshot_key *key,
                        struct fh_worker *worker,
                        struct fh_bytes sql);

/* Somebody waits for a worker: the one that writes is ended. */
void fh_snapshots_yield(struct fh_snapshots *snapshots);

#endif
