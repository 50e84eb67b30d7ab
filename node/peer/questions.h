/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions: what others ask this node, opened and authenticated, and the way back.
 *
 * Frames come from the link or, as an inner session, from a relay; both end here. Handshakes are
 * answered, the peer is judged (admit.h), and each request becomes a *question* that its handler
 * answers exactly once, from any thread: the answer is sealed for the session it came by and, for
 * an inner session, wrapped again for the relay.
 *
 * Sessions are bounded in all and per key; handshakes make room first, then strangers, then the
 * member that was quiet longest. A session stays on the way on which it was made (direct, or
 * through one relay) and takes nothing more within a second when its key loses its standing: what
 * it asked is ended, and told why, before it is closed. Strangers may ask REDEEM, STATUS and PROBE
 * alone; SYNC and PUSH are between nodes.
 *
 * Does not: know what a question means. Thread: the loop's, except fh_question_answer*,
 * fh_question_refuse: any one thread that holds the question. Ownership: a question is given to the
 * handler and taken by its answer.
 */
#ifndef FH_NODE_PEER_QUESTIONS_H
#define FH_NODE_PEER_QUESTIONS_H

#include "node/peer/admit.h"
#include "proto/session/messages.h"

struct fh_call;
struct fh_link;
struct fh_loop;
struct fh_question;
struct fh_questions;

/* A question came in; it is taken by the handler. Loop thread. */
typedef void fh_question_fn(struct fh_question *question, void *user);
/* Whoever spoke was refused where it came in: no handler saw the question, whose code this is; 0:
 * it was not let in at all. All borrowed. Loop thread. */
typedef void fh_questions_refused_fn(const struct fh_speaker *speaker,
                                     unsigned code,
                                     const struct fh_err *err,
                                     void *user);
/* A session ended: its streams and workers have nobody to serve. Loop thread. */
typedef void fh_session_gone_fn(uint64_t session, void *user);

struct fh_questions_options {
    struct fh_loop *loop;         /* kept */
    struct fh_identity *identity; /* kept */
    struct fh_directory *dir;     /* kept */
    fh_question_fn *ask;
    fh_session_gone_fn *gone;
    fh_questions_refused_fn *refused; /* may be NULL */
    void *user;
};

FH_MUST_CHECK int fh_questions_new(struct fh_questions **out,
                                   const struct fh_questions_options *options,
                                   struct fh_err *err);
/* The link on which handshakes make connections trusted; kept. Set before the first call. */
void fh_questions_set_link(struct fh_questions *questions, struct fh_link *link);
/* Ends all sessions. No question is held any more (fh_questions_open is 0). NULL is fine. */
void fh_questions_free(struct fh_questions *questions);
/* Questions that were asked and not yet answered. Any thread. */
unsigned fh_questions_open(const struct fh_questions *questions);

/* A frame from the link; the call is taken. */
void fh_questions_call(struct fh_questions *questions, struct fh_call *call);
/* A frame of an inner session that `relay`, a RELAY question, carried; the question is taken and
 * answered with the frame that comes back. `frame` lies in the question's plaintext. */
void fh_questions_relayed(struct fh_questions *questions,
                          struct fh_question *relay,
                          struct fh_bytes frame);

/* What a relay says of an inner session: its asker has hung up, and what it waits for has nobody to
 * answer (fh_question_is_heard, fh_hearer_stands) until it speaks again. Nothing happens when there
 * is no such session of this relay: numbers are not guessed. */
void fh_questions_hung_up(struct fh_questions *questions,
                          const struct fh_node_id *relay,
                          uint64_t session);

/* ---- a question ---- */

/* The message code, and a reader at its first field. Lent until answered. */
unsigned fh_question_code(const struct fh_question *question);
struct fh_pack_reader *fh_question_fields(struct fh_question *question);
const struct fh_speaker *fh_question_speaker(const struct fh_question *question);
/* The session it came by; numbers are not used twice. */
uint64_t fh_question_session(const struct fh_question *question);
/* Of the protocol, agreed when its session was opened. */
unsigned fh_question_version(const struct fh_question *question);
/* The relay's node id when it came through one, else NULL. */
const struct fh_node_id *fh_question_via(const struct fh_question *question);

/* Whether the connection that it came by, or its relay came by, still stands, and the relay has not
 * said that its asker hung up. Loop thread. */
bool fh_question_is_heard(const struct fh_question *question);

/* Where its asker listens: at a connection, or behind a relay, whose own connection serves others
 * too and says nothing of it. The questions outlive it. */
struct fh_hearer {
    struct fh_questions *questions; /* NULL: unknown */
    uint64_t relayed;               /* the inner session; 0: direct */
    uint32_t pipe;                  /* of a direct one */
};
struct fh_hearer fh_question_hearer(const struct fh_question *question);
/* False when it is known to be closed, here or by the word of the relay. Loop thread. */
bool fh_hearer_stands(const struct fh_hearer *hearer);

/* Has `fn` called once in the place of the answer (fh_question_answer_buf, _conclude), or of the
 * refusal (`answer` NULL), which are lent; the question is given back to it, and answered anew when
 * it pleases. NULL: nobody is called any more. Whoever answers does so on the loop's thread. */
typedef void fh_question_watch_fn(struct fh_question *question,
                                  const struct fh_buf *answer,
                                  const struct fh_err *err,
                                  void *user);
void fh_question_watch(struct fh_question *question, fh_question_watch_fn *fn, void *user);

/* Answers with the plaintext (borrowed); the question is taken. */
void fh_question_answer(struct fh_question *question, struct fh_bytes plaintext);
/* The same from a buffer whose failure becomes an internal error. */
void fh_question_answer_buf(struct fh_question *question, const struct fh_buf *plaintext);
/* The same from two parts, and gives the tag of the frame that carries it: what the tally of a
 * stream counts. Returns false when the session could not seal any more (the asker is gone). */
bool fh_question_answer_tagged(struct fh_question *question,
                               struct fh_bytes head,
                               struct fh_bytes body,
                               uint8_t out_tag[FH_AEAD_TAG_BYTES]);
/* Answers with an error whose text is fit for the asker. Codes that may hold local paths or causes
 * (FH_EIO but "source.unavailable", FH_ENOMEM, FH_EINTERNAL) go the way of the next function. */
void fh_question_refuse(struct fh_question *question, const struct fh_err *err);
/* The same, for errors that may hold local paths or causes: code and rule travel, the text becomes
 * the code's public text, and the full one is logged with `what`. */
void fh_question_refuse_privately(struct fh_question *question,
                                  const char *what,
                                  const struct fh_err *err);
/* Answers with `answer` when `code` is FH_OK, else refuses. */
void fh_question_conclude(struct fh_question *question,
                          int code,
                          const struct fh_buf *answer,
                          const struct fh_err *err);

#endif
