/* SPDX-License-Identifier: Apache-2.0 */
/*
 * News: whether what the node tells of products and peers is what it was.
 *
 * The node counts (freehold_status, `news`); here is the last number with its age. Who serves kept
 * answers asks for a number at most FH_HTTP_NEWS_MS old; while somebody looks anew, others may go
 * on with one of twice that age.
 *
 * Does not: wait, except in fh_http_news_look. Thread: any. Ownership: a value.
 */
#ifndef FH_TOOLS_DOOR_HTTP_NEWS_H
#define FH_TOOLS_DOOR_HTTP_NEWS_H

#include "common/compiler.h"
#include "common/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fh_askers;

struct fh_http_news {
    /* private */
    pthread_mutex_t lock;
    uint64_t number;
    int64_t looked_ms; /* monotonic; 0: never */
    bool looking;
};

void fh_http_news_init(struct fh_http_news *news);
void fh_http_news_fini(struct fh_http_news *news);

/* The number, when it is young enough. `*out_stale`: it is for now, and the caller is the one who
 * must look anew soon (nobody else was told so). */
FH_MUST_CHECK bool fh_http_news_known(struct fh_http_news *news,
                                      int64_t now_ms,
                                      uint64_t *out_number,
                                      bool *out_stale);
/* Asks the node, unless the number is young. Blocks. Codes of freehold_status. */
FH_MUST_CHECK int fh_http_news_look(struct fh_http_news *news,
                                    struct fh_askers *askers,
                                    uint64_t *out_number,
                                    struct fh_err *err);
/* The look that was promised will not come. */
void fh_http_news_forgo(struct fh_http_news *news);

#endif
