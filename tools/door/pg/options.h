/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: the settings of one connection (SET, SHOW, RESET), as clients of PostgreSQL expect them.
 *
 * A table has the names that PostgreSQL has too, with what they are here and what may be set: some
 * are as they are (server_encoding), some take one value only (DateStyle is ISO), many are taken
 * and change nothing. Names with a point are anybody's; those that begin with `freehold.` are ours:
 *
 *     freehold.purpose   what for: signed with every question
 *     freehold.receipt   id of the receipt of the last answer; read only
 *
 * SET in a transaction that is rolled back did not happen, SET LOCAL ends with the transaction.
 *
 * Does not: send. Sans-IO. Thread: distinct objects. Ownership: values are lent until the next
 * change.
 */
#ifndef FH_TOOLS_DOOR_PG_OPTIONS_H
#define FH_TOOLS_DOOR_PG_OPTIONS_H

#include "common/limits.h"
#include "tools/door/pg/reply.h"

#define FH_PG_SERVER_VERSION "15.0"

struct fh_pg_options;

/* Given: fh_pg_options_free. NULL: no memory. */
FH_MUST_CHECK struct fh_pg_options *fh_pg_options_new(void);
void fh_pg_options_free(struct fh_pg_options *options);

/* The value; NULL when nothing has this name, in any case. */
const char *fh_pg_options_get(const struct fh_pg_options *options, const char *name);
/* The name as it is printed: "DateStyle"; NULL as above. */
const char *fh_pg_options_name(const struct fh_pg_options *options, const char *name);
/* Sets, or with NULL resets. `startup`: as the value that RESET goes back to. False with a report:
 * 42704 no such name, 22023 not this value, 55P02 not by a client, 54000 too many. */
FH_MUST_CHECK bool fh_pg_options_set(struct fh_pg_options *options,
                                     const char *name,
                                     const char *value,
                                     bool local,
                                     bool startup,
                                     struct fh_pg_report *report);
void fh_pg_options_reset_all(struct fh_pg_options *options);
/* A value that only the door sets. */
void fh_pg_options_force(struct fh_pg_options *options, const char *name, const char *value);

/* A transaction begins and ends: what was set in it stays, or not. */
void fh_pg_options_begin(struct fh_pg_options *options);
void fh_pg_options_end(struct fh_pg_options *options, bool commit);

/* Appends ParameterStatus for those that clients follow: all, or which have changed since. */
void fh_pg_options_report(struct fh_pg_options *options, struct fh_buf *out, bool all);

/* Row `index` of SHOW ALL; false behind the last. */
FH_MUST_CHECK bool fh_pg_options_at(const struct fh_pg_options *options,
                                    size_t index,
                                    const char **out_name,
                                    const char **out_value);

/* Milliseconds of "5s", "1min", "250" (ms); 0 for none and for what cannot be read. */
uint32_t fh_pg_duration_ms(const char *text);

#endif
