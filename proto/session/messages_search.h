/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session messages of searches.
 *
 *   SEARCH [words, limit, offset, counts] -> a page of the products found, best first; the words as
 *          they were read when their spelling was mended, else ""; how many were found; what they
 *          have in common
 *
 * Products are those of messages.h: fh_msg_products_answer_begin and _add, fh_msg_products_read and
 * _next; what stands behind them is here.
 *
 * Does not: know what words mean. Thread: any; values.
 * Source of the table: proto/README.md, "Session messages".
 */
#ifndef FH_PROTO_SESSION_MESSAGES_SEARCH_H
#define FH_PROTO_SESSION_MESSAGES_SEARCH_H

#include "proto/session/messages.h"

enum { FH_MSG_WORDS_BYTES = 1024, FH_MSG_FACET_BYTES = 16 }; /* the NUL included */

struct fh_msg_search {
    char words[FH_MSG_WORDS_BYTES]; /* "" lists all */
    uint32_t limit;                 /* 0: no products, only what is said of all */
    uint64_t offset;                /* so many of the best are left out */
    bool facets;                    /* wanted */
};
/* How many of the products found have a value of a facet. */
struct fh_msg_facet {
    char facet[FH_MSG_FACET_BYTES];     /* "tag" */
    char value[FH_FACET_BYTES_MAX + 1]; /* "geo" */
    uint64_t products;
    uint64_t values; /* different ones of this facet; those of fewest products are left out */
};

void fh_msg_search_request(struct fh_buf *out, const struct fh_msg_search *search);
/* Who wants neither another page than the first nor facets may leave both out. */
FH_MUST_CHECK int fh_msg_search_request_read(struct fh_pack_reader *reader,
                                             struct fh_msg_search *out,
                                             struct fh_err *err);
/* Behind the products; then `facet_count` times fh_msg_facets_answer_add. */
void fh_msg_products_answer_end(struct fh_buf *out,
                                const char *read_as,
                                uint64_t total,
                                uint32_t facet_count);
void fh_msg_facets_answer_add(struct fh_buf *out, const struct fh_msg_facet *facet);
/* After the last product; then fh_msg_facets_next for each of `facet_count`. */
FH_MUST_CHECK int fh_msg_products_end(struct fh_pack_reader *reader,
                                      char read_as[FH_MSG_WORDS_BYTES],
                                      uint64_t *out_total,
                                      uint32_t *out_facet_count,
                                      struct fh_err *err);
FH_MUST_CHECK int
fh_msg_facets_next(struct fh_pack_reader *reader, struct fh_msg_facet *out, struct fh_err *err);

#endif
