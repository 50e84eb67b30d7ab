/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wire: what a PostgreSQL client sends (protocol 3.0 and 3.2), as messages.
 *
 * A connection begins with packets that have a length only (start-up, TLS, cancel); every later
 * message has a letter and a length. `fh_pg_frame` says from the first bytes how long the message
 * is and refuses a length that the phase does not allow, so that a stranger makes nobody wait for,
 * or keep, more than he may. `fh_pg_read` takes a whole frame apart into views and checks every
 * count and length in it: what it accepts can be iterated without further checks.
 *
 * Does not: know what the messages mean, or whether they come in order (session.h does). Sans-IO.
 * Thread: any. Ownership: everything in a message is a view of the frame.
 * Sources: PostgreSQL 15 documentation, "Frontend/Backend Protocol"; 18 for 3.2.
 */
#ifndef FH_TOOLS_DOOR_PG_WIRE_H
#define FH_TOOLS_DOOR_PG_WIRE_H

#include "common/bytes.h"
#include "common/err.h"

enum fh_pg_kind {
    FH_PG_STARTUP,
    FH_PG_TLS,      /* SSLRequest */
    FH_PG_GSS,      /* GSSENCRequest */
    FH_PG_CANCEL,   /* CancelRequest */
    FH_PG_PASSWORD, /* password and SASL answers: the session knows which it waits for */
    FH_PG_QUERY,    /* simple query */
    FH_PG_PARSE,    /* extended query, down to SYNC */
    FH_PG_BIND,
    FH_PG_DESCRIBE,
    FH_PG_EXECUTE,
    FH_PG_CLOSE,
    FH_PG_FLUSH,
    FH_PG_SYNC,
    FH_PG_COPY_DATA, /* the three of COPY FROM STDIN, which is never begun */
    FH_PG_COPY_DONE,
    FH_PG_COPY_FAIL,
    FH_PG_FUNCTION_CALL,
    FH_PG_TERMINATE,
    FH_PG_KIND_COUNT
};

/* What the connection waits for: decides which messages there are and how long they may be. */
enum fh_pg_phase {
    FH_PG_PHASE_STARTUP, /* a packet without a letter */
    FH_PG_PHASE_SIGN_IN, /* PASSWORD only */
    FH_PG_PHASE_READY,   /* every message */
};

enum {
    FH_PG_PROTOCOL_MAJOR = 3,
    FH_PG_PROTOCOL_MINOR_MAX = 2, /* 3.1 was never used; 3.2 has longer cancel keys */
    FH_PG_CANCEL_KEY_BYTES_MAX = 256,
};

/* `count` values that lie one behind the other; read by the functions at the end. */
struct fh_pg_list {
    unsigned count;
    struct fh_bytes bytes;
};

struct fh_pg_message {
    enum fh_pg_kind kind;
    union {
        struct {
            unsigned major, minor;
            struct fh_bytes options; /* pairs of name and value: fh_pg_option_next */
        } startup;
        struct {
            uint32_t process;
            struct fh_bytes secret;
        } cancel;
        struct fh_bytes password; /* everything behind the length */
        struct fh_bytes query;    /* texts here and below are without their NUL */
        struct {
            struct fh_bytes statement; /* "" is the unnamed one */
            struct fh_bytes sql;
            struct fh_pg_list types; /* oids of parameters; 0: not stated */
        } parse;
        struct {
            struct fh_bytes portal;
            struct fh_bytes statement;
            struct fh_pg_list formats; /* of parameters: none, one for all, or one each */
            struct fh_pg_list values;
            struct fh_pg_list results; /* formats of columns, likewise */
        } bind;
        struct {
            bool portal; /* else a statement */
            struct fh_bytes name;
        } target; /* DESCRIBE and CLOSE */
        struct {
            struct fh_bytes portal;
            uint32_t rows_max; /* 0: all */
        } execute;
    };
};

/* How many bytes the message at the head of `in` has, with letter and length; 0 in `*out_size`
 * while that is not known yet. FH_EPROTO (rules "pg.length", "pg.letter"): nothing that follows can
 * be understood, the connection ends. */
FH_MUST_CHECK int
fh_pg_frame(struct fh_bytes in, enum fh_pg_phase phase, size_t *out_size, struct fh_err *err);

/* Takes a whole frame apart. FH_EPROTO (rules "pg.message", "pg.startup"). */
FH_MUST_CHECK int fh_pg_read(struct fh_pg_message *out,
                             struct fh_bytes frame,
                             enum fh_pg_phase phase,
                             struct fh_err *err);

/* The next pair of a start-up packet, taken off `options`; false at the end. */
FH_MUST_CHECK bool
fh_pg_option_next(struct fh_bytes *options, struct fh_bytes *out_name, struct fh_bytes *out_value);
/* The type of parameter `index`; 0 for those behind the end of the list. */
uint32_t fh_pg_type_at(const struct fh_pg_list *types, unsigned index);
/* The format code of value `index`: 0 text, 1 binary, others are nobody's. */
unsigned fh_pg_format_at(const struct fh_pg_list *formats, unsigned index);
/* The next value of a Bind, taken off the list; `*out_null` where it is NULL. */
FH_MUST_CHECK bool
fh_pg_value_next(struct fh_pg_list *values, struct fh_bytes *out_value, bool *out_null);

#endif
