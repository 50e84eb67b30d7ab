/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of describing a file: profile_files.c opens it and finds names and types,
 * profile_scan.c counts and samples. Nobody else includes it.
 *
 * Does not: live longer than one question. Thread: the working thread. Ownership: as profile.h.
 */
#ifndef FH_NODE_WORKER_PROFILE_SCAN_H
#define FH_NODE_WORKER_PROFILE_SCAN_H

#include "node/worker/profile.h"

#include <duckdb.h>

struct fh_scan_files {
    const struct fh_profile_question *question;
    duckdb_connection connection;
    struct fh_arena *arena;
    struct fh_buf relation; /* behind FROM */
    struct fh_buf sql;
    struct fh_profile profile;
    bool as_text;      /* CSV, JSON */
    const char *file;  /* quoted */
    int *guess;        /* of each column, an index; -1: text */
    uint64_t *present; /* values of each column */
    uint64_t *apart;   /* different ones, about */
};

/* Runs `scan->sql` and empties it; the caller destroys the result. FH_EINVAL ("source.read"),
 * FH_ECANCELLED, FH_ETOOBIG. */
FH_MUST_CHECK int fh_files_ask(struct fh_scan_files *scan, duckdb_result *out, struct fh_err *err);

/* The text of a cell (lent by the chunk); false when it is NULL. Columns must be VARCHAR. */
bool fh_files_text(duckdb_data_chunk chunk, idx_t column, idx_t row, struct fh_bytes *out);

/* The number in the first row of a column; 0 where there is none. */
uint64_t fh_files_number(duckdb_data_chunk chunk, idx_t column);

/* Finds the types of text, counts all rows, looks for repetitions, samples. */
FH_MUST_CHECK int fh_files_scan(struct fh_scan_files *scan, struct fh_err *err);

#endif
