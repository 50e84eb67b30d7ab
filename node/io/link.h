/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link: requests and replies as whole messages over TCP (or a local socket).
 *
 * The listening side turns each request into a *call*, handed to the owner on its loop; the owner,
 * or a pool thread for it, answers it once (fh_call_reply) or lets it go (fh_call_drop). At most
 * FH_LINK_CONTEXTS calls exist, FH_CALLS_PER_PIPE_MAX of one connection; further requests wait
 * unread. The calling side has one *dialer* for
 * each peer, which connects when there is something to send and disconnects when idle; many
 * requests may be in flight. A request is sent at most once: when the connection is lost it fails,
 * and when nobody listens it fails at once.
 *
 *   new -> listen, dialers -> quiesce -> drained? -> free
 *
 * On the wire this is nanomsg's request/reply over TCP ("SP"), so that NNG's REQ and REP sockets
 * are the other end as well as this. It is written on libuv because NNG 1.5.2 (Debian 12) waits for
 * ever when a connection is closed while bytes arrive on it: one stranger could stop the thread
 * that ends connections. The sockets have a loop of their own, which runs inside the
 * owner's.
 *
 * Connections are bounded: FH_PIPES_MAX in all; FH_PIPES_UNAUTHENTICATED_PER_ADDRESS_MAX from one
 * address (IPv6: one /64) until the owner trusts the connection (fh_link_trust) because a session
 * frame on it verified, which must happen within FH_HANDSHAKE_MS; FH_PIPES_PER_KEY_MAX of one key
 * after that. A connection on which no whole message arrived for FH_PIPE_IDLE_MS is closed, and so
 * is one that takes no bytes of a reply for FH_STREAM_STALL_MS.
 *
 * Does not: know what a message means, encrypt, resend, or call the owner from another thread:
 * everything comes through its inbox.
 * Thread: the owner's loop, except fh_message_*, fh_call_reply, fh_call_drop, fh_call_frame and the
 * other fh_call_ queries, which are for any one thread that holds the call at that time.
 * Ownership: messages and calls have one holder; see each function.
 */
#ifndef FH_NODE_IO_LINK_H
#define FH_NODE_IO_LINK_H

#include "common/bytes.h"
#include "common/err.h"
#include "common/limits.h"

struct fh_call;   /* one request being served */
struct fh_dialer; /* the way to one peer */
struct fh_inbox;
struct fh_link;
struct fh_loop;
struct fh_message; /* bytes in the link's memory, so that sending copies nothing */

enum { FH_LINK_KEY_BYTES = 32 };

/* ---- messages: any thread ---- */

/* A message of `size` bytes to be filled; NULL without memory. Given. */
FH_MUST_CHECK struct fh_message *fh_message_new(size_t size);
/* A message with a copy of the bytes; NULL without memory. Given. */
FH_MUST_CHECK struct fh_message *fh_message_copy(struct fh_bytes bytes);
/* Its bytes, writable. Lent. */
uint8_t *fh_message_data(struct fh_message *message);
size_t fh_message_size(const struct fh_message *message);
struct fh_bytes fh_message_bytes(struct fh_message *message);
/* Cuts it to its first `size` bytes. */
void fh_message_truncate(struct fh_message *message, size_t size);
void fh_message_free(struct fh_message *message);

/* ---- lifecycle ---- */

/* A request came in. Loop thread; the call is taken by the receiver. */
typedef void fh_call_fn(struct fh_call *call, void *user);

/* Zero in a field means the limit of common/limits.h; larger values than that are cut to it. */
struct fh_link_options {
    unsigned contexts;                        /* FH_LINK_CONTEXTS */
    unsigned pipes_max;                       /* FH_PIPES_MAX */
    unsigned unauthenticated_per_address_max; /* FH_PIPES_UNAUTHENTICATED_PER_ADDRESS_MAX */
    int64_t handshake_ms;                     /* FH_HANDSHAKE_MS */
    int64_t idle_ms;                          /* FH_PIPE_IDLE_MS */
    int64_t connect_ms;                       /* FH_CONNECT_MS */
};

/* Gives a link whose events come through `inbox` on `loop` (both kept, as `fn` and `user`);
 * `options` may be NULL. FH_ENOMEM, FH_EIO. */
FH_MUST_CHECK int fh_link_new(struct fh_link **out,
                              struct fh_loop *loop,
                              struct fh_inbox *inbox,
                              const struct fh_link_options *options,
                              fh_call_fn *fn,
                              void *user,
                              struct fh_err *err);
/* Listens on "HOST:PORT" (port 0: any free one) or "ipc:///path". May be called for several.
 * FH_EINVAL (address), FH_EEXIST (port in use; says what to do), FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_link_listen(struct fh_link *link, const char *address, struct fh_err *err);
/* The TCP port of the first listener; 0 without one. */
uint16_t fh_link_port(const struct fh_link *link);
/* Begins the end, without blocking, idempotent: requests that come in are dropped, requests in
 * flight end with FH_ECANCELLED, new ones are refused. Calls held by the owner can be answered. */
void fh_link_quiesce(struct fh_link *link);
/* After quiesce: no call is held, no reply is on its way, no request in flight. */
bool fh_link_drained(const struct fh_link *link);
/* Ends every connection and frees, dialers included. The owner holds no call any more; requests
 * still in flight end with FH_ECANCELLED in here. Takes no time that depends on a peer. NULL is
 * fine. */
void fh_link_free(struct fh_link *link);

/* ---- calls: any one thread ---- */

/* The request's bytes; lent until the call is answered or dropped. Writable: sessions open in
 * place. */
struct fh_bytes fh_call_frame(const struct fh_call *call);
uint8_t *fh_call_data(struct fh_call *call);
/* The connection it came by, for fh_link_trust; numbers are not used twice soon. */
uint32_t fh_call_pipe(const struct fh_call *call);
/* The peer's address without port ("192.0.2.1"), "local" for ipc. Lent while the call is held. */
const char *fh_call_address(const struct fh_call *call);
/* Answers: call and message (<= FH_FRAME_REPLY_BYTES_MAX) are taken. */
void fh_call_reply(struct fh_call *call, struct fh_message *reply);
/* Ends the call (taken) without an answer; the asker's timeout tells it. */
void fh_call_drop(struct fh_call *call);

/* ---- connections ---- */

/* The connection has shown a verified session of this key. FH_ENOTFOUND (gone), FH_EBUSY
 * (FH_PIPES_PER_KEY_MAX others have it). Cheap when told again. */
FH_MUST_CHECK int fh_link_trust(struct fh_link *link,
                                uint32_t pipe,
                                const uint8_t key[FH_LINK_KEY_BYTES],
                                struct fh_err *err);
/* Whether a connection still stands. */
bool fh_link_stands(struct fh_link *link, uint32_t pipe);
/* Closes a connection soon; unknown numbers do nothing. */
void fh_link_disconnect(struct fh_link *link, uint32_t pipe);

struct fh_link_counters {
    uint64_t calls;         /* received */
    uint64_t replies;       /* handed to a connection */
    uint64_t replies_lost;  /* connection gone or stalled */
    uint64_t pipes;         /* open now */
    uint64_t pipes_refused; /* caps */
    uint64_t pipes_expired; /* handshake deadline or idle */
    uint64_t requests;      /* sent by dialers */
    uint64_t requests_failed;
};
struct fh_link_counters fh_link_counters(struct fh_link *link);

/* ---- dialers ---- */

/* The way to "HOST:PORT" or "ipc:///path"; connects nothing yet. Given; ended by fh_dialer_close.
 * FH_EINVAL (address), FH_EBUSY (FH_DIALERS_MAX), FH_ESTATE (quiesced), FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_dialer_open(struct fh_dialer **out,
                                 struct fh_link *link,
                                 const char *address,
                                 struct fh_err *err);
/* Ends it; requests in flight end with FH_ECANCELLED, later and on the loop. NULL is fine. */
void fh_dialer_close(struct fh_dialer *dialer);
/* Its address as given. Lent. */
const char *fh_dialer_address(const struct fh_dialer *dialer);
/* Requests in flight. */
unsigned fh_dialer_in_flight(const struct fh_dialer *dialer);

/* The end of a request, on the loop, exactly once: `reply` is taken and `err` NULL, or the other
 * way round and `err` tells:
 * FH_EUNREACH (no connection within FH_CONNECT_MS, or lost), FH_ETIMEOUT, FH_ECANCELLED. */
typedef void fh_reply_fn(struct fh_message *reply, const struct fh_err *err, void *user);

/* Sends `frame` (<= FH_FRAME_REQUEST_BYTES_MAX; taken, also on failure) and calls `fn` with the
 * reply, at the latest about connect_ms + `timeout_ms` later. `out_request` (may be NULL) names it
 * for fh_dialer_cancel. FH_EBUSY (FH_DIALER_REQUESTS_MAX or FH_LINK_REQUESTS_MAX in flight),
 * FH_ESTATE, FH_ETOOBIG, FH_EIO, FH_ENOMEM: `fn` is not called. */
FH_MUST_CHECK int fh_dialer_request(struct fh_dialer *dialer,
                                    struct fh_message *frame,
                                    int64_t timeout_ms,
                                    fh_reply_fn *fn,
                                    void *user,
                                    uint64_t *out_request,
                                    struct fh_err *err);
/* Ends a request early with FH_ECANCELLED (or with its reply, if that was first); unknown ones do
 * nothing. */
void fh_dialer_cancel(struct fh_dialer *dialer, uint64_t number);

#endif
