/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shelf: answers of the catalogue that were made already, as long as they still hold.
 *
 * An answer lies under its target and form, with the number of the node's news (news.h) at which it
 * was made, and holds while that number is the same and it is younger than FH_HTTP_KEPT_MS. How
 * many there are and their bytes are bounded; the one that was not asked for longest goes first.
 *
 * Does not: know who may see what: only what all who may see the catalogue see alike is put here.
 * Thread: any. Ownership: answers are counted.
 */
#ifndef FH_TOOLS_DOOR_HTTP_SHELF_H
#define FH_TOOLS_DOOR_HTTP_SHELF_H

#include "tools/door/http/call.h"

/* An answer that does not change any more. */
struct fh_http_kept {
    unsigned status;
    const char *content_type; /* static */
    size_t header_count;
    struct fh_http_header headers[FH_HTTP_HEADERS_MAX];
    char etag[40];
    struct fh_bytes body;
    void *rendered; /* the server's form of it; ended by `rendered_end` */
    void (*rendered_end)(void *rendered);
};

/* Copies a call's answer. One reference. NULL when there is no memory. Given: fh_http_kept_drop. */
FH_MUST_CHECK struct fh_http_kept *fh_http_kept_new(const struct fh_http_call *call);
struct fh_http_kept *fh_http_kept_keep(struct fh_http_kept *kept);
void fh_http_kept_drop(struct fh_http_kept *kept);

struct fh_http_shelf;
FH_MUST_CHECK struct fh_http_shelf *fh_http_shelf_new(void);
void fh_http_shelf_free(struct fh_http_shelf *shelf);

/* The answer under `key` that holds, or NULL. Given: fh_http_kept_drop. */
FH_MUST_CHECK struct fh_http_kept *
fh_http_shelf_get(struct fh_http_shelf *shelf, const char *key, uint64_t news, int64_t now_ms);
/* Puts the answer (a reference of the shelf's own) in the place of what lay under the key. Without
 * memory, or when it is too large, nothing is kept. */
void fh_http_shelf_put(struct fh_http_shelf *shelf,
                       const char *key,
                       uint64_t news,
                       int64_t now_ms,
                       struct fh_http_kept *kept);

#endif
