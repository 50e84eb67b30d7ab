/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements and portals of one connection, by name.
 *
 * A statement is a text that Parse has seen, with the types of its parameters. A portal is one
 * execution of it; a cursor (DECLARE) is a portal too. The unnamed ones are "".
 *
 * Does not: run anything. Sans-IO. Thread: distinct objects. Ownership: each table owns its
 * entries. An answer that is still open when its portal goes is handed to the table's `leaving`
 * list, as to end it takes time.
 */
#ifndef FH_TOOLS_DOOR_PG_PORTALS_H
#define FH_TOOLS_DOOR_PG_PORTALS_H

#include "tools/door/pg/answer.h"
#include "tools/door/pg/command.h"

struct fh_pg_statement {
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_buf sql;
    unsigned param_count;
    uint32_t params[FH_SQL_PARAMS_MAX]; /* oids; 0: not known */
    bool described;
    size_t column_count;
    struct fh_pg_column *columns; /* once described */
    struct fh_pg_statement *next;
};

struct fh_pg_portal {
    char name[FH_NAME_BYTES_MAX + 1];
    enum fh_pg_verb verb;
    char tag[32];
    bool cursor;                 /* made by DECLARE */
    bool hold;                   /* outlives its transaction */
    bool told;                   /* notices were sent */
    bool begun;                  /* COPY's head was sent */
    bool done;                   /* its last row was sent */
    bool first;                  /* no row was taken yet */
    struct fh_pg_answer *answer; /* of a question; NULL for other commands */
    struct fh_buf sql;           /* of other commands */
    struct fh_pg_params params;  /* of a DECLARE */
    struct fh_pg_portal *next;
};

/* An answer that waits to be ended. */
struct fh_pg_leaving {
    struct fh_pg_answer *answers[FH_PG_PORTALS_MAX + 2];
    size_t count;
};

struct fh_pg_portals {
    struct fh_pg_statement *statements;
    size_t statement_count;
    size_t statement_bytes;
    struct fh_pg_portal *portals;
    size_t portal_count;
    struct fh_pg_leaving leaving;
};

void fh_pg_portals_fini(struct fh_pg_portals *portals);
/* What all of it keeps in memory. */
size_t fh_pg_portals_bytes(const struct fh_pg_portals *portals);

struct fh_pg_statement *fh_pg_statement_find(struct fh_pg_portals *portals, const char *name);
/* A new one (the unnamed takes the place of the last). NULL with a report: 42P05 the name is taken,
 * 54000 too many, 53200. */
struct fh_pg_statement *fh_pg_statement_make(struct fh_pg_portals *portals,
                                             const char *name,
                                             struct fh_bytes sql,
                                             struct fh_pg_report *report);
void fh_pg_statement_drop(struct fh_pg_portals *portals, struct fh_pg_statement *statement);
void fh_pg_statement_drop_all(struct fh_pg_portals *portals);

struct fh_pg_portal *fh_pg_portal_find(struct fh_pg_portals *portals, const char *name);
/* The same for portals: 42P03 the name is taken. `question`: with an answer. */
struct fh_pg_portal *fh_pg_portal_make(struct fh_pg_portals *portals,
                                       const char *name,
                                       bool question,
                                       struct fh_pg_report *report);
void fh_pg_portal_drop(struct fh_pg_portals *portals, struct fh_pg_portal *portal);
/* Those that do not outlive their transaction, or all. */
void fh_pg_portal_drop_all(struct fh_pg_portals *portals, bool holds_too);
/* Begins it anew: the same question, with nothing taken. False: no memory. */
FH_MUST_CHECK bool fh_pg_portal_rewind(struct fh_pg_portals *portals, struct fh_pg_portal *portal);

#endif
