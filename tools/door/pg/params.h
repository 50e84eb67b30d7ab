/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Params: values that a Bind brings, text or binary, as parameters of a question.
 *
 * A parameter's type decides what it is for Freehold: numbers are numbers, truth is truth, all else
 * is a text that reads as a quoted literal does ("beside a date it is a date"). Binary values
 * become what their text would.
 *
 * Does not: know the statement. Sans-IO. Thread: distinct objects. Ownership: owns its texts.
 */
#ifndef FH_TOOLS_DOOR_PG_PARAMS_H
#define FH_TOOLS_DOOR_PG_PARAMS_H

#include "common/limits.h"
#include "tools/client/freehold.h"
#include "tools/door/pg/wire.h"

struct fh_pg_params {
    unsigned count;
    uint32_t types[FH_SQL_PARAMS_MAX];               /* oids as declared; 0: not */
    struct freehold_param values[FH_SQL_PARAMS_MAX]; /* texts point into `text` */
    struct fh_buf text;
};

void fh_pg_params_init(struct fh_pg_params *params);
void fh_pg_params_fini(struct fh_pg_params *params);

/* Reads the values of a Bind (borrowed) whose parameters have these types. FH_EINVAL ("pg.param"),
 * FH_ETOOBIG ("query.param.count"), FH_ENOMEM. */
FH_MUST_CHECK int fh_pg_params_read(struct fh_pg_params *out,
                                    const struct fh_pg_list *formats,
                                    struct fh_pg_list values,
                                    const uint32_t *types,
                                    struct fh_err *err);
/* The same statement with NULL for each of `count` parameters, which describes its columns. */
void fh_pg_params_null(struct fh_pg_params *out, unsigned count);

/* The text of value `index`, as PostgreSQL prints it, into `out` (reset first); false for NULL. */
FH_MUST_CHECK bool
fh_pg_params_text(const struct fh_pg_params *params, unsigned index, struct fh_buf *out);

/* The oid of a type's name in a cast: "int8", "bigint", "date"; 0 for those not known. */
uint32_t fh_pg_oid_of_name(const char *name);

#endif
