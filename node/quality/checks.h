/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks: a contract's promises (proto/quality/promise.h) against the data.
 *
 *     promises ──► probes: one scan a table in a worker of role check ──► judged
 *              ──► queries over views in a worker of role query: SQL rules (through the gate of
 *                  consumers' SQL), relationships, gaps of timestamps ──► judged
 *              ──► on request: failing rows, hidden columns never read
 *
 * Each promise ends as passed, failed, warning or not run with a reason. A file that is not there
 * fails `schema.<table>.source` and leaves the rest of its table not run; it is no error of the
 * call. Results hold counts, numbers and times, never a value of a row; samples do, and exist only
 * when asked for.
 *
 * Does not: decide what follows from a result, keep results. Thread: the loop's; the work is done
 * on a pool thread. Ownership: see fh_checks_begin.
 */
#ifndef FH_NODE_QUALITY_CHECKS_H
#define FH_NODE_QUALITY_CHECKS_H

#include "proto/contract/source_mapping.h"
#include "proto/quality/promise.h"

struct fh_loop;
struct fh_workers;

/* Failing rows of one promise: `rows` times `columns` cells. */
struct fh_checks_sample {
    uint32_t promise; /* index in the promises */
    uint32_t column_count;
    const char **columns; /* names */
    uint32_t row_count;
    const char *
        *cells; /* row by row; NULL for NULL, "***" where the classification is not public */
};

struct fh_checks_result {
    struct fh_promises promises;             /* those of the asked categories, in contract order */
    const struct fh_promise_result *results; /* one a promise, same order */
    uint32_t table_count;
    const uint64_t *rows;                 /* one a table of the contract; 0 where it was not read */
    const uint64_t *scan_us;              /* one a table: time of its scans, all together */
    const struct fh_err *source_failures; /* one a table; code FH_OK when it could be read */
    uint32_t sample_count;
    const struct fh_checks_sample *samples;
    uint32_t passed, failed, warned, not_run;
};

/* The end, once, on the loop: `result` (lent for the call), or NULL and `err` (FH_ENOMEM,
 * FH_ETIMEOUT, FH_EIO when no worker starts, ...). */
typedef void
fh_checks_fn(const struct fh_checks_result *result, const struct fh_err *err, void *user);

struct fh_checks_options {
    struct fh_loop *loop;
    struct fh_workers *workers;
    const struct fh_contract *contract; /* kept until the end */
    /* Where the tables lie. NULL: the contract's own server of type local. Kept until the end. */
    const struct fh_source_mapping *mapping;
    const char *server; /* name of the server to read, or NULL: the only readable one. Borrowed */
    const char *data_root; /* absolute; files are opened beneath it. Borrowed */
    unsigned categories;   /* bits 1 << enum fh_promise_category; 0: all */
    uint32_t samples;      /* failing rows for each promise; 0: none */
    int64_t now_ms;        /* what "fresh" is measured against, since 1970 */
    uint32_t memory_mib;
    uint32_t threads; /* of DuckDB, for the scans */
    int64_t timeout_ms;
};

/* Begins; files are opened at once. FH_EBUSY without a free worker, FH_EUSAGE for an unknown
 * `server`, FH_ETOOBIG, FH_ENOMEM: then `fn` is not called. */
FH_MUST_CHECK int fh_checks_begin(const struct fh_checks_options *options,
                                  fh_checks_fn *fn,
                                  void *user,
                                  struct fh_err *err);

#endif
