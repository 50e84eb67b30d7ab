/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session messages that explain a node: what it thinks of a member and why, what it counts, and
 * which records it holds that contradict each other.
 *
 *   WHY       [node id] -> peer entry, next, flags, others, others needed, ALIVE bin, LEAVE bin,
 *             [timer...], [accuser...], [session...]
 *   COUNTERS  [] -> [counter...]
 *   PROOFS    [after uint] -> [proof...], next after (0: no more)
 *
 * Encoders append to a buffer; lists are begun with fh_pack_array. Decoders fill structs whose bins
 * are views into the given bytes (borrowed).
 *
 * Does not: verify records. Thread: any; values.
 * Source of the tables: proto/README.md, "Session messages".
 */
#ifndef FH_PROTO_SESSION_MESSAGES_WHY_H
#define FH_PROTO_SESSION_MESSAGES_WHY_H

#include "proto/session/messages.h"

enum {
    FH_MSG_NAME_BYTES = 32,  /* of a timer, counter, state or rule; the NUL included */
    FH_MSG_WHAT_BYTES = 160, /* a sentence */
};

/* ---- WHY ---- */

struct fh_msg_why {
    struct fh_msg_peer peer;
    char next[FH_MSG_WHAT_BYTES]; /* what the asked node will do about it */
    bool forked;                  /* it signed two records of one life */
    bool probing;                 /* a probe of it runs */
    bool own_failed;              /* a probe of the asked node failed */
    bool trial;                   /* its time is over, and a probe decides */
    bool keys_held;               /* datagrams to it can be sealed at once */
    uint64_t others;              /* accusers beside the asked node */
    uint64_t others_needed;       /* so many stand for an own failed probe */
    struct fh_bytes alive;        /* its records, as it signed them */
    struct fh_bytes leave;        /* empty unless it left */
};
struct fh_msg_timer {
    char name[FH_MSG_NAME_BYTES];
    uint64_t in_ms;
    char what[FH_MSG_WHAT_BYTES];
};
struct fh_msg_accuser {
    struct fh_node_id node; /* zero: not known any more */
    struct fh_domain_id domain;
    char domain_name[FH_NAME_BYTES_MAX + 1];
    bool own;               /* the asked node */
    uint64_t issued_ms;     /* Unix; 0 without a record */
    struct fh_bytes record; /* SUSPECT, or empty */
};
struct fh_msg_why_session {
    char state[FH_MSG_NAME_BYTES]; /* "open", "greeting", "idle" */
    uint64_t used_ms_ago;
    uint64_t waiting; /* questions that wait for the session */
    uint64_t running; /* questions on their way */
};

void fh_msg_why_request(struct fh_buf *out, const struct fh_node_id *node);
FH_MUST_CHECK int
fh_msg_why_request_read(struct fh_pack_reader *reader, struct fh_node_id *out, struct fh_err *err);
/* Then three lists: timers, accusers, sessions, each behind its fh_pack_array. */
void fh_msg_why_answer_begin(struct fh_buf *out, const struct fh_msg_why *why);
void fh_msg_timer_add(struct fh_buf *out, const struct fh_msg_timer *timer);
void fh_msg_accuser_add(struct fh_buf *out, const struct fh_msg_accuser *accuser);
void fh_msg_why_session_add(struct fh_buf *out, const struct fh_msg_why_session *session);
FH_MUST_CHECK int
fh_msg_why_read(struct fh_pack_reader *reader, struct fh_msg_why *out, struct fh_err *err);
/* The head of the next list; then its `next` function so often. */
FH_MUST_CHECK int
fh_msg_why_list(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_timer_next(struct fh_pack_reader *reader, struct fh_msg_timer *out, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_accuser_next(struct fh_pack_reader *reader, struct fh_msg_accuser *out, struct fh_err *err);
FH_MUST_CHECK int fh_msg_why_session_next(struct fh_pack_reader *reader,
                                          struct fh_msg_why_session *out,
                                          struct fh_err *err);

/* ---- COUNTERS ---- */

struct fh_msg_counter {
    char name[FH_MSG_NAME_BYTES];
    uint64_t value;
    char what[FH_MSG_WHAT_BYTES];
};
void fh_msg_counters_request(struct fh_buf *out);
void fh_msg_counters_answer_begin(struct fh_buf *out, uint32_t count);
void fh_msg_counter_add(struct fh_buf *out, const char *name, uint64_t value, const char *what);
FH_MUST_CHECK int
fh_msg_counters_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_counters_next(struct fh_pack_reader *reader, struct fh_msg_counter *out, struct fh_err *err);

/* ---- PROOFS ---- */

/* Two records that contradict each other, or one that was refused and what it contradicts. */
struct fh_msg_proof {
    char rule[FH_MSG_NAME_BYTES]; /* "contract.forked", "name.contested" */
    struct fh_domain_id domain;   /* whose records they are; of a name that of its holder */
    char domain_name[FH_NAME_BYTES_MAX + 1];
    char subject[FH_MSG_WHAT_BYTES]; /* "orders, number 3" */
    struct fh_record_id one;         /* that counts here; zero: none is held */
    struct fh_record_id other;
    uint64_t received_ms; /* Unix; 0: not known */
};
void fh_msg_proofs_request(struct fh_buf *out, uint64_t after);
FH_MUST_CHECK int
fh_msg_proofs_request_read(struct fh_pack_reader *reader, uint64_t *out_after, struct fh_err *err);
/* Behind it the list's head and entries, then the next `after`. */
void fh_msg_proofs_answer_begin(struct fh_buf *out);
void fh_msg_proof_add(struct fh_buf *out, const struct fh_msg_proof *proof);
FH_MUST_CHECK int
fh_msg_proofs_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_proofs_next(struct fh_pack_reader *reader, struct fh_msg_proof *out, struct fh_err *err);
FH_MUST_CHECK int
fh_msg_proofs_end(struct fh_pack_reader *reader, uint64_t *out_after, struct fh_err *err);

#endif
