/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters: the values of a query beside its text, by position ($1, ?) or by name ($since).
 *
 * A value travels from the consumer's REQUEST to DuckDB's bind call and is never part of SQL. It is
 * NULL, a Boolean, an integer of 64 bits, an exact decimal number, or text. Text is to the engine
 * what a quoted literal is: compared with a date it becomes a date, beside a number a number.
 *
 * Does not: know which parameters a statement has (node/query/gate_params.h). Thread: any; values.
 * Ownership: text is a view of the caller's bytes, or of those that were read.
 */
#ifndef FH_PROTO_QUERY_PARAM_H
#define FH_PROTO_QUERY_PARAM_H

#include "common/limits.h"
#include "proto/query/batch.h"
#include "proto/wire/pack.h"

struct fh_param {
    char name[FH_SQL_PARAM_NAME_BYTES_MAX + 1]; /* without $; "": by position */
    /* NULL, BOOL, INT, UINT, WIDE of type DECIMAL (what no integer of 64 bits holds), BYTES (text)
     */
    struct fh_cell value;
};

/* Reads a number as JSON writes it ("-12.50", "1e3") into the least of INT, UINT and WIDE that
 * holds it exactly. FH_EINVAL "query.param.number": no number, or more than 38 digits. */
FH_MUST_CHECK int fh_param_number(struct fh_cell *out, const char *text, struct fh_err *err);

/* Whether the values can be asked with: at most FH_SQL_PARAMS_MAX of at most
 * FH_SQL_PARAMS_BYTES_MAX bytes of text, all with different names (in any case) or none with one.
 * FH_ETOOBIG, FH_EINVAL; rules "query.param.count", "query.param.bytes", "query.param.name",
 * "query.param.value". Never tells a value. */
FH_MUST_CHECK int fh_params_check(const struct fh_param *params, size_t count, struct fh_err *err);

/* One value: nil, bool, int, bin (a decimal in normal form, ASCII), or str. Failures stick. */
void fh_param_put_value(struct fh_buf *out, const struct fh_cell *value);
void fh_param_read_value(struct fh_pack_reader *reader, struct fh_cell *out);

/* The list: [[name, value], ...]. `out` has room for FH_SQL_PARAMS_MAX. */
void fh_params_put(struct fh_buf *out, const struct fh_param *params, size_t count);
void fh_params_read(struct fh_pack_reader *reader, struct fh_param *out, size_t *out_count);

#endif
