/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for tests of the link: one loop, a serving link, a calling link, a pool of threads
 * that answers, and requests whose end is noted.
 *
 * Steps fail the test by themselves. Thread: the test's, except the pool's own.
 */
#ifndef FH_TESTS_NODE_IO_WORLD_H
#define FH_TESTS_NODE_IO_WORLD_H

#include "node/io/inbox.h"
#include "node/io/link.h"
#include "node/io/loop.h"

#include <pthread.h>

enum { WAIT_MS = 20000, POOL_THREADS = 3, POOL_CALLS_MAX = FH_LINK_CONTEXTS };

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    bool stopping;
    unsigned count;
    struct fh_call *calls[POOL_CALLS_MAX];
    pthread_t threads[POOL_THREADS];
};

/* What the serving link's owner does with a call: the pool answers, it answers itself, keeps it in
 * `held`, drops it, or trusts the connection and answers. */
enum serve { SERVE_POOL, SERVE_HERE, SERVE_HOLD, SERVE_DROP, SERVE_TRUST };

struct world {
    struct fh_loop *loop;
    struct fh_inbox *inbox;
    struct fh_link *server;
    struct fh_link *client;
    char address[32];
    enum serve serve;
    struct pool pool;
    unsigned calls;
    uint32_t last_pipe;
    char last_address[64];
    unsigned held_count;
    struct fh_call *held[FH_LINK_CONTEXTS];
    int trust_code; /* of the last SERVE_TRUST */
};

/* How a request ended. */
struct end {
    unsigned count;
    int code;
    char text[FH_ERR_TEXT_BYTES];
    size_t reply_bytes;
};

void world_set_up(struct world *w, enum serve serve, const struct fh_link_options *options);
/* Quiesces, drains and frees both ends. */
void world_tear_down(struct world *w);
/* Runs the loop until `*count` has reached `wanted`. */
void world_run_until(struct world *w, const unsigned *count, unsigned wanted);
void world_run_for(struct world *w, int64_t ms);
struct fh_dialer *world_dial(struct world *w, const char *address);
/* Answers with the request's bytes turned round, so that an answer shows whose it is. */
void world_answer(struct fh_call *call);
/* Notes the end in a struct end. */
void world_on_end(struct fh_message *reply, const struct fh_err *err, void *user);
/* Sends a request of `size` bytes whose end will be in `end`. */
void world_request(struct fh_dialer *dialer, size_t size, int64_t timeout_ms, struct end *end);

#endif
