/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault: what may be told of an error of DuckDB.
 *
 * Errors of parsing and binding depend on the consumer's SQL and on public column names, so their
 * text is told. Errors while rows are read may print values, raw lines and files: only their kind
 * and the position in the SQL are told.
 *
 * Does not: log the rest; nobody else may read it either. Thread: any; values.
 */
#ifndef FH_NODE_WORKER_FAULT_H
#define FH_NODE_WORKER_FAULT_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

enum fh_fault_phase {
    FH_FAULT_BIND,   /* parse, bind, plan */
    FH_FAULT_VALUES, /* bind again, with the values of parameters: only what speaks of types is told */
    FH_FAULT_RUN,    /* rows were read */
    FH_FAULT_SOURCE, /* opening a source */
};

struct fh_fault {
    struct fh_err err;
    uint32_t position; /* 1-based byte in the SQL, 0 = none */
    bool fatal;        /* DuckDB must not be used any more */
};

/* Fills `out` from DuckDB's text (setting errors_as_json; plain text is understood too; NULL is an
 * unknown error). */
void fh_fault_read(struct fh_fault *out, const char *text, enum fh_fault_phase phase);

#endif
