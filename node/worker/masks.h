/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Masks: the functions that node-written SQL calls to hide values.
 *
 *     fh_mask_hash(key, value)      the keyed hash, of the same type
 *     fh_mask_partial(keep, value)  the first keep / 2^32 and the last keep % 2^32 characters
 *     fh_mask_floor(step, value)    the largest multiple of `step` that is not above the value
 *     fh_mask_months(n, value)      the first instant of the month, quarter (3), year (12) or
 *                                   decade (120)
 *
 * A hash is of VARCHAR (12 characters of base64url: 72 bits), BLOB (16 bytes), BIGINT, UBIGINT,
 * HUGEINT or UUID. A part is of VARCHAR: each other character becomes '*', and a value that is not
 * longer than both parts together is nothing but '*'. Multiples are of every number but DECIMAL, of
 * TIME and of TIMESTAMP (microseconds), months of DATE and TIMESTAMP.
 *
 * None of them fails, or the error would tell of a value: where a multiple is no value of its type,
 * the type's least stands for it. Infinities stay. A text of 12 bytes stands in DuckDB's value
 * itself, and a group by such hashes takes a third of the time that 32 characters take.
 *
 * `key` is the number of a key that came with a table (TABLES), so SQL text, plans and errors hold
 * none. NULL stays NULL. The gate lets no consumer name them, and a worker that runs
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
