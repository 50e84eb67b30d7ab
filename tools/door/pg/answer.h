/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answer: one question from its SQL to messages of rows, in pieces that block.
 *
 *     new ─ fill in ─► ask ─► make ... make ─► end
 *
 * A question goes to a node through a client of libfreehold, or it was answered from the catalogue
 * and its rows are at hand. Either way the answer has columns, then rows: `make` writes as many as
 * fit a piece of memory, in the form that was asked for, and stops in between for as long as the
 * reader is slow. Nothing is kept but the batch that is being written.
 *
 * What a consumer must know of the data (drafts, deprecations, broken promises, masks) is there as
 * notices once it was asked.
 *
 * Does not: decide when (session.h), or hold a client longer than the answer needs it. Thread: one
 * at a time; ask, make and end block and belong on a job's thread. Ownership: owns all but the
 * client.
 */
#ifndef FH_TOOLS_DOOR_PG_ANSWER_H
#define FH_TOOLS_DOOR_PG_ANSWER_H

#include "tools/door/pg/params.h"
#include "tools/door/pg/reply.h"
#include "tools/door/pg/rows.h"
#include "tools/door/pgcat/pgcat.h"

enum {
    FH_PG_NOTICES_MAX = 8, /* told of one answer; more are counted */
};

struct fh_pg_answer {
    /* the question, filled in by its owner before `ask` */
    struct fh_buf sql;
    struct fh_pg_params params;
    char purpose[FH_PURPOSE_BYTES_MAX + 1];
    uint32_t deadline_ms; /* 0: the node's own */
    bool stream;          /* much is expected: bounded by bytes, not by rows */
    bool stream_only;     /* and waits for its turn, where others take what comes at once */
    bool columns_only;    /* describe: no row is wanted */
    struct fh_pg_copy copy;
    struct fh_buf formats; /* a code of two bytes each: none, one for all, or one for each column */
    /* the answer */
    bool asked;
    bool ended;  /* no row is left in the source */
    bool failed; /* `report` says why; nothing follows what is made already */
    struct fh_pg_report report;
    bool busy; /* and may be asked again in so long: fh_pg_answer_again */
    uint32_t retry_ms;
    size_t column_count;
    struct fh_pg_column *columns;
    uint8_t *column_formats;
    struct fh_buf made; /* messages of rows */
    size_t taken;       /* of them, by the owner */
    unsigned notice_count;
    struct fh_pg_report notices[FH_PG_NOTICES_MAX];
    char receipt[64]; /* of the verified end; "" before, and without one */
    char owner[64];   /* name of the domain that answered; "" for the catalogue */
    bool joined;
    /* private */
    struct freehold_result *result;
    struct fh_pgcat_rows *given;
    size_t given_row;
    struct fh_pg_rows rows;
};

/* NULL: no memory. Given: fh_pg_answer_free. */
FH_MUST_CHECK struct fh_pg_answer *fh_pg_answer_new(void);
/* Ends it when it has not ended: blocks then. NULL is fine. */
void fh_pg_answer_free(struct fh_pg_answer *answer);

/* Asks through `client` (borrowed until the answer has ended) and learns the columns. A refusal is
 * in `report`. */
void fh_pg_answer_ask(struct fh_pg_answer *answer, struct freehold_client *client);
/* Takes rows that are at hand (taken) as the answer. */
void fh_pg_answer_given(struct fh_pg_answer *answer, struct fh_pgcat_rows *rows);
/* Writes rows behind what is made already, until there are about `bytes`. */
void fh_pg_answer_make(struct fh_pg_answer *answer, size_t bytes);
/* One that was busy may be asked once more. */
void fh_pg_answer_again(struct fh_pg_answer *answer);
/* Ends what still runs at the node. */
void fh_pg_answer_end(struct fh_pg_answer *answer);
/* Whether something of the client is still in use. */
bool fh_pg_answer_is_open(const struct fh_pg_answer *answer);
/* What it keeps in memory, beside a batch of rows that is being written. */
size_t fh_pg_answer_bytes(const struct fh_pg_answer *answer);
/* Gives up an answer that was asked: its rows go, and `report` is what is wrong. What runs at the
 * node still has to be ended. */
void fh_pg_answer_refuse(struct fh_pg_answer *answer, const char *state, const char *format, ...)
    FH_PRINTF(3, 4);
/* An error of its own, as when nobody could be asked; FH_EBUSY may be asked again. */
void fh_pg_answer_fail(struct fh_pg_answer *answer, const struct fh_err *err);

/* Takes at most `most` messages (rows) out of what is made and appends them to `out`; how many. */
size_t fh_pg_answer_take(struct fh_pg_answer *answer, struct fh_buf *out, uint64_t most);

#endif
