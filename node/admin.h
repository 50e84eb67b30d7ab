/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin: the local socket by which the domain's own CLI asks the daemon for what needs its store:
 * the chain of a product, publishing, leaving.
 *
 * A Unix socket in the home's run/ (0600 in 0700), closed to every user but ours. A frame is
 * u32be length and a canonical message of proto/session/messages.h; one question at a time on a
 * connection. At most FH_ADMIN_CLIENTS_MAX connections.
 *
 * A question may also come over a session, from the domain's people elsewhere, and is answered
 * there.
 *
 * Does not: know what a question means. Thread: the loop's. Ownership: an asked question is given
 * and taken by its answer; the connection may be gone by then.
 */
#ifndef FH_NODE_ADMIN_H
#define FH_NODE_ADMIN_H

#include "proto/session/messages.h"

struct fh_question; /* node/peer/questions.h */
struct fh_speaker;  /* node/peer/admit.h */

struct fh_admin;
struct fh_admin_question;
struct fh_loop;

typedef void fh_admin_fn(struct fh_admin_question *question, void *user);

/* Listens on `path`, replacing a socket that a dead daemon left (the caller holds the home's lock).
 * `fn`, `user` are kept. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_admin_open(struct fh_admin **out,
                                struct fh_loop *loop,
                                const char *path,
                                fh_admin_fn *fn,
                                void *user,
                                struct fh_err *err);
/* Takes no more connections and removes the socket; answers still go out. */
void fh_admin_quiesce(struct fh_admin *admin);
/* Closes what is left; no question is held any more. NULL is fine. */
void fh_admin_close(struct fh_admin *admin);

/* A question that a session carried (node/own.h): the message lies in what was asked and is
 * answered there. The question is taken, also by a failure: FH_ENOMEM, and those of fh_msg_open,
 * are its answer. NULL then. */
struct fh_admin_question *fh_admin_question_of(struct fh_question *remote, struct fh_bytes message);

/* Message code, and a reader at its first field; lent until answered. */
unsigned fh_admin_code(const struct fh_admin_question *question);
struct fh_pack_reader *fh_admin_fields(struct fh_admin_question *question);
/* Who asks over a session; NULL: the owner's own people, on the socket. Lent. */
const struct fh_speaker *fh_admin_speaker(const struct fh_admin_question *question);
/* Has `fn` called once in the place of the answer, or of the refusal (`answer` NULL), which are
 * lent; the question is given back to it, and answered anew when it pleases. */
typedef void fh_admin_watch_fn(struct fh_admin_question *question,
                               const struct fh_buf *answer,
                               const struct fh_err *err,
                               void *user);
void fh_admin_watch(struct fh_admin_question *question, fh_admin_watch_fn *fn, void *user);
/* Answers; the question is taken, the buffer borrowed. */
void fh_admin_answer(struct fh_admin_question *question, const struct fh_buf *answer);
void fh_admin_refuse(struct fh_admin_question *question, const struct fh_err *err);
/* Answers when `code` is FH_OK, else refuses with `err`; the question is taken. */
void fh_admin_conclude(struct fh_admin_question *question,
                       int code,
                       const struct fh_buf *answer,
                       const struct fh_err *err);

#endif
