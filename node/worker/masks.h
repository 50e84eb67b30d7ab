/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masks: the functions that node-written SQL calls to hide values.
 *
 *     fh_mask_hash(key, value)    keyed hash of VARCHAR (32 hex characters), BLOB (16 bytes),
 *                                 BIGINT, UBIGINT, HUGEINT, UUID: the type stays
 *     fh_mask_floor(step, value)  the largest multiple of `step` that is not above the value, of
 *                                 every number but DECIMAL, of TIME and of TIMESTAMP
 *                                 (microseconds); never an error: where that multiple is no value
 *                                 of the type, the type's least
 *
 * `key` is the number of a key that came with a table (TABLES), so SQL text, plans and errors hold
 * none. Both give NULL for NULL. The gate lets no consumer name them, and a worker that runs
 * consumers' SQL gets no keys.
 *
 * Does not: choose masks (node/query/barrier_sql.h). Thread: keys are added by the working thread,
 * the functions run on DuckDB's. Ownership: given, for the life of the process.
 */
#ifndef FH_NODE_WORKER_MASKS_H
#define FH_NODE_WORKER_MASKS_H

#include "proto/query/channel.h"

#include <duckdb.h>

struct fh_masks;

/* NULL when there is no memory. */
FH_MUST_CHECK struct fh_masks *fh_masks_new(void);
FH_MUST_CHECK int
fh_masks_register(struct fh_masks *masks, duckdb_connection connection, struct fh_err *err);
/* Adds keys (copied); a number that is known keeps its key. FH_ETOOBIG. */
FH_MUST_CHECK int fh_masks_add(struct fh_masks *masks,
                               const struct fh_mask_key *keys,
                               uint32_t count,
                               struct fh_err *err);

#endif
