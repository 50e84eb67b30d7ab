/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command: what one statement asks of the session.
 *
 * Most statements are questions, which go to the mesh as they are. The rest are the words that
 * clients of PostgreSQL use around questions: settings, transactions, cursors, COPY. What would
 * change data is known by its first word, so that it can be refused as PostgreSQL refuses it in a
 * read-only transaction.
 *
 * Does not: do it (session.h does). Sans-IO. Thread: any. Ownership: `body` is a view of the SQL,
 * or of `made`.
 */
#ifndef FH_TOOLS_DOOR_PG_COMMAND_H
#define FH_TOOLS_DOOR_PG_COMMAND_H

#include "common/limits.h"
#include "tools/door/pg/reply.h"
#include "tools/door/pg/rows.h"
#include "tools/door/pg/sql.h"

enum fh_pg_verb {
    FH_PG_VERB_QUESTION,   /* body */
    FH_PG_VERB_EXPLAIN,    /* body */
    FH_PG_VERB_COPY,       /* body, copy */
    FH_PG_VERB_DECLARE,    /* name, body, hold, binary */
    FH_PG_VERB_FETCH,      /* name, count, backward */
    FH_PG_VERB_MOVE,       /* the same */
    FH_PG_VERB_CLOSE,      /* name; "" is ALL */
    FH_PG_VERB_DEALLOCATE, /* name; "" is ALL */
    FH_PG_VERB_BEGIN,
    FH_PG_VERB_COMMIT,
    FH_PG_VERB_ROLLBACK,
    FH_PG_VERB_SAVEPOINT,
    FH_PG_VERB_RELEASE,
    FH_PG_VERB_ROLLBACK_TO,
    FH_PG_VERB_SET,   /* name, value, local, by_default */
    FH_PG_VERB_RESET, /* name; "" is ALL */
    FH_PG_VERB_SHOW,  /* name; "" is ALL */
    FH_PG_VERB_DISCARD,
    FH_PG_VERB_NOTHING, /* accepted, without effect: LOCK, UNLISTEN, CHECKPOINT ... */
    FH_PG_VERB_WRITE,   /* refused: this side only reads */
    FH_PG_VERB_FOREIGN, /* refused: not of here */
};

struct fh_pg_command {
    enum fh_pg_verb verb;
    char tag[32];                     /* what a CommandComplete says: "SELECT", "SET" */
    char name[FH_NAME_BYTES_MAX + 1]; /* of a cursor, a statement, a setting */
    char value[FH_PG_OPTION_BYTES_MAX + 1];
    bool by_default; /* SET name TO DEFAULT */
    bool local;      /* SET LOCAL */
    bool hold;       /* DECLARE ... WITH HOLD */
    bool binary;     /* DECLARE name BINARY CURSOR */
    bool backward;
    bool again;     /* FETCH or MOVE to a place in front of the first row */
    uint64_t count; /* of rows; UINT64_MAX: all */
    struct fh_pg_copy copy;
    struct fh_bytes body;
    struct fh_buf made; /* the question that COPY table stands for */
};

void fh_pg_command_fini(struct fh_pg_command *command);

/* Reads one statement (borrowed for as long as the command). False with a report when a word of the
 * session's own is not followed by what belongs there. */
FH_MUST_CHECK bool
fh_pg_command_read(struct fh_pg_command *out, struct fh_bytes sql, struct fh_pg_report *report);

#endif
