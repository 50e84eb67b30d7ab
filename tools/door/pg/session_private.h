/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a session, shared by the files that make it up:
 *
 *     session.c   input, the order of things, errors
 *     signin.c    from the first packet to "ready"
 *     extended.c  Parse, Bind, Describe, Execute, Close
 *     run.c       an answer on its way to the client; simple queries
 *     utility.c   what is no question: settings, transactions, cursors
 *
 * Does not: belong to the interface. Thread, ownership: as session.h.
 */
#ifndef FH_TOOLS_DOOR_PG_SESSION_PRIVATE_H
#define FH_TOOLS_DOOR_PG_SESSION_PRIVATE_H

#include "tools/door/pg/command.h"
#include "tools/door/pg/portals.h"
#include "tools/door/pg/session.h"

enum {
    FH_PG_SAVEPOINTS_MAX = 64,
};

enum fh_pg_signing {
    FH_PG_SIGNING_MECHANISM, /* waits for SASLInitialResponse */
    FH_PG_SIGNING_PROOF,     /* for SASLResponse */
};

/* An answer that is on its way. */
struct fh_pg_running {
    bool active;
    struct fh_pg_portal *portal;
    uint64_t most; /* rows of this time */
    uint64_t sent;
    bool describe; /* RowDescription goes first */
    bool only;     /* nothing but that: Describe of a portal */
    bool discard;  /* MOVE: rows are not sent */
    bool fetch;    /* completes as FETCH or MOVE, and does not suspend */
    char tag[32];
};

struct fh_pg_session {
    struct fh_pg_birth birth;
    enum fh_pg_phase phase;
    struct fh_buf in;
    size_t in_at;
    struct fh_buf out;
    struct fh_pg_options *options;
    char user[FH_PG_USER_BYTES];
    char database[FH_PG_USER_BYTES];
    unsigned minor; /* of the protocol */
    bool tls;
    uint8_t binding[FH_SCRAM_BINDING_BYTES];
    size_t binding_size;
    enum fh_pg_signing signing;
    struct fh_scram *scram;                /* while signing in */
    char scram_first[FH_SCRAM_TEXT_BYTES]; /* the client's, while its verifier is looked up */
    char scram_final[64];                  /* ours, until the identity is there */
    struct fh_pg_message cancel;
    uint8_t cancel_secret[FH_PG_CANCEL_KEY_BYTES_MAX];
    bool ready;
    bool ended;
    enum fh_pg_want special; /* TLS or CANCEL, to be told; else INPUT */
    /* the conversation */
    char transaction; /* 'I', 'T' or 'E' */
    bool extended;    /* the last message was of the extended protocol */
    bool skipping;    /* to Sync */
    size_t savepoint_count;
    char savepoints[FH_PG_SAVEPOINTS_MAX][FH_NAME_BYTES_MAX + 1];
    struct fh_pg_portals portals;
    struct fh_pg_running run;
    struct {
        bool active;
        struct fh_buf text;
        struct fh_pg_sql reader;
        bool any; /* a statement was in it */
    } simple;
    struct {
        struct fh_pg_statement *statement; /* being described; NULL: none */
        struct fh_pg_answer *answer;
    } describing;
    struct fh_pg_work work;
    bool working;
};

/* ---- session.c ---- */

/* Sends the error; what runs is over, the transaction has failed, the extended protocol skips. */
void fh_pg_fail(struct fh_pg_session *session, const struct fh_pg_report *report);
/* The same in one go. */
void fh_pg_refuse(struct fh_pg_session *session, const char *state, const char *format, ...)
    FH_PRINTF(3, 4);
void fh_pg_fail_err(struct fh_pg_session *session, const struct fh_err *err);
/* Sends the error as FATAL and ends. */
void fh_pg_fatal(struct fh_pg_session *session, const struct fh_pg_report *report);
void fh_pg_notice(struct fh_pg_session *session, const struct fh_pg_report *report);
void fh_pg_begin_work(struct fh_pg_session *session,
                      enum fh_pg_task task,
                      struct fh_pg_answer *answer);
void fh_pg_ready(struct fh_pg_session *session);
/* A name of the protocol as a C string; false with an error sent when it is none. */
bool fh_pg_take_name(struct fh_pg_session *session,
                     struct fh_bytes from,
                     char out[FH_NAME_BYTES_MAX + 1]);

/* ---- signin.c ---- */

void fh_pg_startup(struct fh_pg_session *session, const struct fh_pg_message *message);
void fh_pg_password(struct fh_pg_session *session, struct fh_bytes message);
/* A task of the sign-in is done. */
void fh_pg_signed(struct fh_pg_session *session);

/* ---- extended.c ---- */

void fh_pg_parse(struct fh_pg_session *session, const struct fh_pg_message *message);
void fh_pg_bind(struct fh_pg_session *session, const struct fh_pg_message *message);
void fh_pg_describe(struct fh_pg_session *session, const struct fh_pg_message *message);
void fh_pg_execute(struct fh_pg_session *session, const struct fh_pg_message *message);
void fh_pg_close(struct fh_pg_session *session, const struct fh_pg_message *message);
/* Goes on with the description of a statement. */
void fh_pg_describe_on(struct fh_pg_session *session);

/* ---- run.c ---- */

/* Whether it has an answer with rows: a question, COPY or EXPLAIN. */
bool fh_pg_is_question(enum fh_pg_verb verb);
/* Fills in the question of a portal: SQL, purpose, deadline. False with an error sent. */
bool fh_pg_question(struct fh_pg_session *session,
                    struct fh_pg_answer *answer,
                    struct fh_bytes sql);
/* A portal whose rows go to the client: `most` of them. */
void fh_pg_run(struct fh_pg_session *session,
               struct fh_pg_portal *portal,
               uint64_t most,
               bool describe);
/* Goes on with it; FH_PG_WANT_INPUT when there is more to do at once. */
enum fh_pg_want fh_pg_run_on(struct fh_pg_session *session);
void fh_pg_query(struct fh_pg_session *session, struct fh_bytes text);
/* The next statement of a simple query. */
void fh_pg_query_on(struct fh_pg_session *session);

/* ---- utility.c ---- */

/* Runs a command that is no question. `describe`: what has rows describes them first. */
void fh_pg_utility(struct fh_pg_session *session,
                   const struct fh_pg_command *command,
                   const struct fh_pg_params *params,
                   bool describe);
/* Describes its columns of text: one ("TimeZone", "QUERY PLAN"), or those of SHOW ALL. False with
 * nothing said when it has none. */
bool fh_pg_utility_describe(struct fh_pg_session *session, const struct fh_pg_command *command);
/* Whether the transaction has failed, and this does not end it: then an error was sent. */
bool fh_pg_is_aborted(struct fh_pg_session *session, const struct fh_pg_command *command);
/* What EXPLAIN says of an answer. */
void fh_pg_explain(struct fh_pg_session *session, struct fh_pg_portal *portal);

#endif
