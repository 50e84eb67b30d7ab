/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server: HTTP over libmicrohttpd, and nothing but HTTP.
 *
 *     connection ──► exchange: head checked, body gathered, call made ──► kept answer, at once
 *                                                                    └──► job ──► answer or flow
 *
 * libmicrohttpd's threads parse and send; whatever may block runs as a job while the connection is
 * suspended. What it does not bound is bounded here: a thread of its own looks at all connections
 * and ends those that do not send a whole request in time (server_watch.c), and tells jobs whose
 * client has hung up.
 *
 * Does not: know what is answered (call.h). Thread: as said. Ownership: an exchange is held by its
 * connection and by its job.
 */
#ifndef FH_TOOLS_DOOR_HTTP_SERVER_H
#define FH_TOOLS_DOOR_HTTP_SERVER_H

#include "common/list.h"
#include "tools/door/http/call.h"
#include "tools/door/http/flow.h"
#include "tools/door/http/state.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* One connection, while it is open. Fields are under http->lock. */
struct fh_http_line {
    struct fh_list link;
    int fd;
    int64_t since_ms; /* monotonic: it waits for a whole request, or is answered, since then */
    struct fh_http_exchange *exchange; /* that is being answered; NULL: none */
    bool cut;
};

enum fh_http_phase {
    FH_HTTP_READING, /* the rest of the request */
    FH_HTTP_WORKING, /* a job makes the answer */
    FH_HTTP_MADE,    /* it is in the call, or an error in `failure` */
    FH_HTTP_FLOWING, /* it comes by the flow */
    FH_HTTP_SENDING, /* it was handed over */
};

/* One request. */
struct fh_http_exchange {
    struct fh_http_call call;
    struct fh_http *http;
    struct MHD_Connection *connection;
    struct fh_http_line *line;
    atomic_uint references;
    _Atomic(enum fh_http_phase) phase;
    int64_t begun_us;                 /* monotonic: the request was whole */
    size_t metric;                    /* of the route */
    const struct fh_page_asset *page; /* of the catalogue page, in the place of a route */
    bool front; /* the page of "/": it brings the answer of its route with it when there is one */
    bool head_read;
    bool authorized;  /* there is an Authorization */
    bool close_after; /* nothing more is read from this connection */
    bool takes_gzip;
    bool told; /* its job, that nobody waits any more; under http->lock */
    struct fh_buf body;
    size_t body_counted; /* of http->state->metrics.body_bytes */
    struct fh_buf bearer;
    struct fh_buf if_none_match;
    char *key; /* of the shelf; in the arena */
    struct fh_http_kept *kept;
    struct MHD_Response *response; /* of a flow; lent while it is sent */
    struct fh_err failure;         /* code FH_OK: none */
    unsigned sent_status;
};

struct fh_http {
    struct fh_http_state *state;
    struct MHD_Daemon *daemon;
    struct fh_buf certificate; /* PEM with a NUL; kept by the daemon */
    struct fh_buf certificate_key;
    bool given_certificate; /* not our own, which nobody knows */
    pthread_mutex_t lock;
    struct fh_list lines;
    pthread_t watch;
    pthread_cond_t watch_stop;
    bool watching;
    atomic_bool stopping;
    atomic_uint jobs; /* that run or wait */
};

/* ---- server_exchange.c: requests ---- */

/* `user` is the fh_http. Takes a target before anything is parsed; makes the exchange. NULL: no
 * memory. */
void *fh_http_exchange_begin(void *user, const char *target, struct MHD_Connection *connection);
/* Called by libmicrohttpd for the head, for pieces of the body and for the whole. */
enum MHD_Result fh_http_exchange_step(void *user,
                                      struct MHD_Connection *connection,
                                      const char *url,
                                      const char *method,
                                      const char *version,
                                      const char *upload,
                                      size_t *upload_size,
                                      void **holder);
void fh_http_exchange_end(void *user,
                          struct MHD_Connection *connection,
                          void **holder,
                          enum MHD_RequestTerminationCode why);
void fh_http_exchange_drop(struct fh_http_exchange *exchange);

/* ---- server_head.c: what is refused at sight ---- */

/* Checks method, version, host, lengths and fields of the head, and takes what is needed of it.
 * Errors of rule "http.*". */
FH_MUST_CHECK int fh_http_head_read(struct fh_http_exchange *exchange,
                                    const char *method,
                                    const char *version,
                                    struct fh_err *err);

/* ---- server_job.c: the answer is made ---- */

/* Hands the exchange to a job; its connection is suspended already. FH_EBUSY. */
FH_MUST_CHECK int fh_http_job_submit(struct fh_http_exchange *exchange, struct fh_err *err);
/* The page of "/" is sent without a list when that could not be made. */
/* json_front.c: appends that answer, as JSON (borrowed), as the HTML that stands in the page;
 * nothing when it has no product. */
void fh_http_front_list(struct fh_buf *out, struct fh_bytes answer);
void fh_http_front_fails(struct fh_http_exchange *exchange);
/* Looks for news in a job of its own. */
void fh_http_job_look(struct fh_http *http);

/* ---- server_answer.c: the answer is sent ---- */

/* Queues what the exchange has: kept, made, an error, or a flow. */
enum MHD_Result fh_http_answer_queue(struct fh_http_exchange *exchange);

/* ---- server_watch.c: connections ---- */

void fh_http_line_notify(void *user,
                         struct MHD_Connection *connection,
                         void **holder,
                         enum MHD_ConnectionNotificationCode what);
/* From now on the line waits for a request (NULL) or for the answer of this exchange. */
void fh_http_line_serves(struct fh_http_line *line,
                         struct fh_http *http,
                         struct fh_http_exchange *exchange);
FH_MUST_CHECK int fh_http_watch_start(struct fh_http *http, struct fh_err *err);
void fh_http_watch_stop(struct fh_http *http);

#endif
