/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session: one connection of a PostgreSQL client as a state machine.
 *
 * Bytes of the client go in, bytes for it come out, and what takes time is work that somebody else
 * does on another thread in between. Nothing happens at the same time: while there is work the
 * session stands still, so each message is answered before the next is looked at, as the protocol
 * wants it.
 *
 *          ┌────────── input ◄─── INPUT   a whole message is not there yet
 *          │         (sent) ◄─── DRAIN   the client reads slowly: no more rows are made
 *          ▼        worked ◄─── WORK    the work was done, or failed
 *        step ────────────────► TLS     answer what is out, then speak TLS; fh_pg_session_tls
 *                                CANCEL  somebody wants to cancel; then it ends
 *                                END     send what is out and close
 *
 *     start-up ─► sign-in ─► ready ⇄ (simple query | Parse, Bind, Describe, Execute ... Sync)
 *                    │
 *                    └─ FATAL, END                 an error skips to Sync
 *
 * Data is only read here. BEGIN, COMMIT, savepoints and cursors are there because programs use
 * them; what would write is refused with 25006.
 *
 * Invariants: at most one piece of work; rows are made only while less than FH_PG_OUT_BYTES_MAX
 * bytes wait; statements, portals, settings and input are bounded by FH_PG_*; nothing of a client
 * is looked at before it signed in but the start-up packet and SCRAM.
 *
 * Does not: read clocks, sockets or randomness. Sans-IO. Thread: one at a time. Ownership: owns all
 * that it holds; the work is lent.
 */
#ifndef FH_TOOLS_DOOR_PG_SESSION_H
#define FH_TOOLS_DOOR_PG_SESSION_H

#include "tools/door/pg/answer.h"
#include "tools/door/pg/options.h"
#include "tools/door/pg/scram.h"
#include "tools/door/pg/wire.h"

enum {
    FH_PG_KEY_BYTES = 32, /* of a cancel key of protocol 3.2; older clients get the first four */
    FH_PG_USER_BYTES = 128,
};

struct fh_pg_session;

/* What a session is given at birth; copied. */
struct fh_pg_birth {
    const char *database; /* what connections without one are told they are in: the mesh's name */
    uint32_t process;     /* number of this connection, for its cancel key */
    uint8_t key[FH_PG_KEY_BYTES];
    char nonce[FH_SCRAM_NONCE_BYTES * 2 + 1]; /* printable, without commas */
    bool tls_offered;
    bool tls_required;
};

enum fh_pg_want {
    FH_PG_WANT_INPUT,
    FH_PG_WANT_DRAIN,
    FH_PG_WANT_WORK,
    FH_PG_WANT_TLS,
    FH_PG_WANT_CANCEL,
    FH_PG_WANT_END,
};

enum fh_pg_task {
    FH_PG_TASK_VERIFIER, /* user -> verifier */
    FH_PG_TASK_SIGN_IN,  /* user, client_key -> err */
    FH_PG_TASK_ASK,      /* answer: ask, and make the first rows unless only columns are wanted */
    FH_PG_TASK_MAKE,     /* answer: make FH_PG_CHUNK_BYTES */
    FH_PG_TASK_END,      /* answer: end, then the session frees it */
};

struct fh_pg_work {
    enum fh_pg_task task;
    char user[FH_PG_USER_BYTES];
    struct fh_scram_verifier verifier;
    uint8_t client_key[FH_SCRAM_KEY_BYTES];
    struct fh_err err; /* of the first two: code FH_OK when it went well */
    struct fh_pg_answer *answer;
};

/* NULL: no memory. Given: fh_pg_session_free. */
FH_MUST_CHECK struct fh_pg_session *fh_pg_session_new(const struct fh_pg_birth *birth);
/* Ends answers that are open, which blocks. NULL is fine. */
void fh_pg_session_free(struct fh_pg_session *session);

/* Takes bytes of the client. FH_ETOOBIG: more than any message has wait already; FH_ENOMEM. */
FH_MUST_CHECK int
fh_pg_session_input(struct fh_pg_session *session, struct fh_bytes bytes, struct fh_err *err);
/* Bytes that were not looked at yet: beyond FH_PG_MESSAGE_BYTES_MAX nothing more should be read. */
size_t fh_pg_session_waiting(const struct fh_pg_session *session);
/* Goes on as far as it can. */
FH_MUST_CHECK enum fh_pg_want fh_pg_session_step(struct fh_pg_session *session);
/* Bytes for the client; the caller takes them out and resets the buffer. Lent with the session. */
struct fh_buf *fh_pg_session_out(struct fh_pg_session *session);

/* The work at hand; lent until fh_pg_session_worked, which says that it is done. */
struct fh_pg_work *fh_pg_session_work(struct fh_pg_session *session);
void fh_pg_session_worked(struct fh_pg_session *session);
/* TLS is spoken from now on; `binding` is the tls-server-end-point of this server. */
void fh_pg_session_tls(struct fh_pg_session *session, struct fh_bytes binding);
/* Whom CANCEL is about. */
void fh_pg_session_cancel(const struct fh_pg_session *session,
                          uint32_t *out_process,
                          struct fh_bytes *out_secret);
/* Whether the key is this session's. */
bool fh_pg_session_key_is(const struct fh_pg_session *session, struct fh_bytes secret);

/* Tells the client why the connection ends now: FATAL with this SQLSTATE. */
void fh_pg_session_fatal(struct fh_pg_session *session, const char *state, const char *text);

/* ---- what others want to know ---- */

bool fh_pg_session_is_ready(const struct fh_pg_session *session); /* has signed in */
/* Waits for a message outside of everything: nothing of it is kept elsewhere. */
bool fh_pg_session_is_idle(const struct fh_pg_session *session);
const char *fh_pg_session_user(const struct fh_pg_session *session);
const char *fh_pg_session_database(const struct fh_pg_session *session);
uint32_t fh_pg_session_process(const struct fh_pg_session *session);
/* Settings, for functions of the catalogue: while there is work, they are the worker's. */
struct fh_pg_options *fh_pg_session_options(struct fh_pg_session *session);

#endif
