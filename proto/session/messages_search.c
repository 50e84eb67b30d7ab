/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_search.h"

#include "proto/session/messages_inner.h"

enum { FACET_FIELDS = 4 };

void fh_msg_search_request(struct fh_buf *out, const struct fh_msg_search *search)
{
    fh_msg_begin(out, FH_MSG_SEARCH, 4);
    fh_pack_cstr(out, search->words);
    fh_pack_uint(out, search->limit);
    fh_pack_uint(out, search->offset);
    fh_pack_bool(out, search->facets);
}

int fh_msg_search_request_read(struct fh_pack_reader *reader,
                               struct fh_msg_search *out,
                               struct fh_err *err)
{
    struct fh_msg_search search = {.offset = 0};
    fh_pack_read_cstr(reader, search.words, sizeof search.words);
    search.limit = (uint32_t)fh_pack_read_uint(reader, FH_SEARCH_RESULTS_MAX);
    if (!fh_pack_at_end(reader)) {
        search.offset = fh_pack_read_uint(reader, FH_SEARCH_OFFSET_MAX);
        search.facets = fh_pack_read_bool(reader);
    }
    int rc = fh_msg_done(reader, "search", err);
    if (rc == FH_OK) {
        *out = search;
    }
    return rc;
}

void fh_msg_products_answer_end(struct fh_buf *out,
                                const char *read_as,
                                uint64_t total,
                                uint32_t facet_count)
{
    fh_pack_cstr(out, read_as);
    fh_pack_uint(out, total);
    fh_pack_array(out, facet_count);
}

void fh_msg_facets_answer_add(struct fh_buf *out, const struct fh_msg_facet *facet)
{
    fh_pack_array(out, FACET_FIELDS);
    fh_pack_cstr(out, facet->facet);
    fh_pack_cstr(out, facet->value);
    fh_pack_uint(out, facet->products);
    fh_pack_uint(out, facet->values);
}

int fh_msg_products_end(struct fh_pack_reader *reader,
                        char read_as[FH_MSG_WORDS_BYTES],
                        uint64_t *out_total,
                        uint32_t *out_facet_count,
                        struct fh_err *err)
{
    read_as[0] = '\0';
    fh_pack_read_cstr(reader, read_as, FH_MSG_WORDS_BYTES);
    uint64_t total = fh_pack_read_uint(reader, UINT64_MAX);
    int rc = fh_msg_list_read(reader, "facets", out_facet_count, err);
    if (rc == FH_OK) {
        *out_total = total;
    }
    return rc;
}

int fh_msg_facets_next(struct fh_pack_reader *reader, struct fh_msg_facet *out, struct fh_err *err)
{
    struct fh_msg_facet facet;
    uint32_t count = fh_msg_entry_begin(reader, FACET_FIELDS);
    fh_pack_read_cstr(reader, facet.facet, sizeof facet.facet);
    fh_pack_read_cstr(reader, facet.value, sizeof facet.value);
    facet.products = fh_pack_read_uint(reader, UINT64_MAX);
    facet.values = fh_pack_read_uint(reader, UINT64_MAX);
    fh_msg_entry_end(reader, count, FACET_FIELDS);
    int rc = fh_msg_done(reader, "facet", err);
    if (rc == FH_OK) {
        *out = facet;
    }
    return rc;
}
