/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A catalogue's database and the statement that runs in it, private to this room.
 *
 * Does not: lock (pgcat.c does). Thread: one at a time. Ownership: borrows who asks for the
 * statement, owns the database.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_RUN_H
#define FH_TOOLS_DOOR_PGCAT_RUN_H

#include "tools/door/pgcat/facts.h"
#include "tools/door/pgcat/pgcat.h"
#include "tools/door/pgcat/translate.h"

struct sqlite3;

struct fh_pgcat_run {
    struct sqlite3 *db;
    struct fh_pgcat_facts *facts;
    bool open_to_statements; /* from when it is filled: nothing but queries passes */
    bool declaring;          /* but while a set's table is made */
    struct fh_pgcat_set any; /* what = ANY looks into */
    /* of the statement */
    const struct fh_pgcat_self *self;
    uint64_t steps;    /* of SQLite's machine that are left */
    int64_t until_ms;  /* monotonic: a step may call what takes long */
    uint64_t looked;   /* of regular expressions that are left */
    struct fh_err err; /* why a function of ours failed; code FH_OK when none did */
};

/* Opens the database and fills it. */
FH_MUST_CHECK int fh_pgcat_run_open(struct fh_pgcat_run *run, struct fh_err *err);
void fh_pgcat_run_close(struct fh_pgcat_run *run);

/* Runs a translation; `answer` false: only its shape. Given: fh_pgcat_rows_free. */
FH_MUST_CHECK int fh_pgcat_run_statement(struct fh_pgcat_run *run,
                                         struct fh_pgcat_translation *translation,
                                         const struct fh_pgcat_param *params,
                                         size_t param_count,
                                         bool answer,
                                         struct fh_pgcat_rows **out,
                                         struct fh_err *err);

/* Appends what an oid of such a type (regclass ...) is called. */
void fh_pgcat_reg_text(struct fh_buf *out,
                       const struct fh_pgcat_run *run,
                       uint32_t type,
                       uint32_t oid);

#endif
