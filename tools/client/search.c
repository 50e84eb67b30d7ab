/* SPDX-License-Identifier: Apache-2.0 */
/* Search: what the entry peer finds, as public value structs. */
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/gossip/announce.h"
#include "proto/quality/measurement.h"
#include "proto/session/messages_search.h"
#include "tools/client/client.h"
#include "tools/client/lists.h"

#include <stdio.h>
#include <string.h>

#define COPY_TEXT(to, from) snprintf((to), sizeof(to), "%s", (from))

struct freehold_products {
    char read_as[FH_MSG_WORDS_BYTES];
    uint64_t total;
    size_t facet_count;
    struct freehold_facet *facets;
    size_t count;
    struct freehold_product items[];
};

/* What the peer made of the signatures: the worst that it knows. */
static const char *verification_of(const struct fh_msg_product *product)
{
    if (product->frozen) {
        return "frozen";
    }
    if (product->forked) {
        return "forked";
    }
    if (product->refused) {
        return "refused";
    }
    if (product->contested) {
        return "contested";
    }
    return product->contract_held ? "verified" : "awaited";
}

void fh_public_product(struct freehold_product *out, const struct fh_msg_product *product)
{
    *out = (struct freehold_product){
        .age_ms = product->age_ms,
        .reachable = product->reachable,
        .contract_held = product->contract_held,
        .open_to_mesh = product->open_to_mesh,
        .forked = product->forked,
        .sunset_ms = product->sunset_ms,
    };
    fh_announce_successor_text(out->successor, product->successor, product->domain_name);
    enum fh_quality_state quality = product->quality < FH_QUALITY_STATE_COUNT
                                        ? (enum fh_quality_state)product->quality
                                        : FH_QUALITY_UNKNOWN;
    quality = fh_quality_state_at(quality, (int64_t)product->stale_after_ms, fh_clock_wall_ms());
    COPY_TEXT(out->quality, fh_quality_state_text(quality));
    if (product->measured_ms != 0) {
        out->measured_ms = (int64_t)product->measured_ms;
        COPY_TEXT(out->gate, fh_quality_gate_text(product->gate));
    }
    fh_domain_id_text(out->domain, &product->domain);
    fh_record_id_text(out->contract, &product->contract);
    COPY_TEXT(out->domain_name, product->domain_name);
    COPY_TEXT(out->product, product->product);
    COPY_TEXT(out->version, product->version);
    COPY_TEXT(out->status, fh_announce_status_text(product->status));
    COPY_TEXT(out->title, product->title);
    COPY_TEXT(out->summary, product->summary);
    COPY_TEXT(out->verification, verification_of(product));
}

static int make_request(struct fh_msg_search *out,
                        const struct freehold_search_options *options,
                        struct fh_err *err)
{
    struct freehold_search_options given = {.size = sizeof given};
    size_t known = options->size < sizeof given ? options->size : sizeof given;
    memcpy(&given, options, known);
    const char *words = given.words == NULL ? "" : given.words;
    if (strlen(words) >= sizeof out->words) {
        return fh_err_set(
            err, FH_ETOOBIG, "a search has at most %d bytes of words", FH_MSG_WORDS_BYTES - 1);
    }
    if (given.offset > FH_SEARCH_OFFSET_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "no catalogue has %d products", FH_SEARCH_OFFSET_MAX);
    }
    bool is_all = given.limit == 0 || given.limit > FH_SEARCH_RESULTS_MAX;
    out->limit = given.facets_alone ? 0 : is_all ? FH_SEARCH_RESULTS_MAX : given.limit;
    out->offset = given.offset;
    out->facets = given.facets || given.facets_alone;
    COPY_TEXT(out->words, words);
    return FH_OK;
}

static int
read_items(struct freehold_products *products, struct fh_pack_reader *reader, struct fh_err *err)
{
    int code = FH_OK;
    uint32_t left = (uint32_t)products->count;
    for (products->count = 0; products->count < left && code == FH_OK; products->count++) {
        struct fh_msg_product product;
        code = fh_msg_products_next(reader, &product, err);
        if (code == FH_OK) {
            fh_public_product(&products->items[products->count], &product);
        }
    }
    return code;
}

static int
read_facets(struct freehold_products *products, struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_products_end(reader, products->read_as, &products->total, &count, err);
    if (code != FH_OK || count == 0) {
        return code;
    }
    products->facets = fh_calloc(count, sizeof products->facets[0]);
    if (products->facets == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a list of facets");
    }
    for (; products->facet_count < count && code == FH_OK; products->facet_count++) {
        struct freehold_facet *facet = &products->facets[products->facet_count];
        struct fh_msg_facet told;
        code = fh_msg_facets_next(reader, &told, err);
        if (code == FH_OK) {
            facet->products = told.products;
            facet->values = told.values;
            COPY_TEXT(facet->facet, told.facet);
            COPY_TEXT(facet->value, told.value);
        }
    }
    return code;
}

static int ask_search(struct freehold_products **out,
                      struct freehold_client *client,
                      const struct freehold_search_options *options,
                      struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_msg_search search;
    uint32_t count = 0;
    int code = make_request(&search, options, err);
    if (code == FH_OK) {
        code = fh_client_ready(client, err);
    }
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_search_request(&client->request, &search);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_products_read(&reader, &count, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct freehold_products *products =
        fh_calloc(1, sizeof *products + count * sizeof products->items[0]);
    if (products == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the list of products");
    }
    products->count = count;
    code = read_items(products, &reader, err);
    if (code == FH_OK) {
        code = read_facets(products, &reader, err);
    }
    if (code != FH_OK) {
        freehold_products_free(products);
        return code;
    }
    *out = products;
    return FH_OK;
}

int freehold_find(struct freehold_products **out,
                  struct freehold_client *client,
                  const struct freehold_search_options *options,
                  struct freehold_error *error)
{
    struct fh_err err = {0};
    *out = NULL;
    return ask_search(out, client, options, &err) == FH_OK ? FH_OK : fh_public_error(error, &err);
}

int freehold_search(struct freehold_products **out,
                    struct freehold_client *client,
                    const char *words,
                    uint32_t limit,
                    struct freehold_error *error)
{
    const struct freehold_search_options options = {
        .size = sizeof options, .words = words, .limit = limit};
    return freehold_find(out, client, &options, error);
}

const char *freehold_products_read_as(const struct freehold_products *products)
{
    return products->read_as;
}

uint64_t freehold_products_total(const struct freehold_products *products)
{
    return products->total;
}

size_t freehold_products_count(const struct freehold_products *products)
{
    return products->count;
}

void freehold_products_get(const struct freehold_products *products,
                           size_t index,
                           struct freehold_product *out)
{
    FH_ASSERT(index < products->count);
    fh_public_copy(out, &products->items[index], sizeof products->items[index]);
}

size_t freehold_products_facet_count(const struct freehold_products *products)
{
    return products->facet_count;
}

void freehold_products_facet(const struct freehold_products *products,
                             size_t index,
                             struct freehold_facet *out)
{
    FH_ASSERT(index < products->facet_count);
    fh_public_copy(out, &products->facets[index], sizeof products->facets[index]);
}

void freehold_products_free(struct freehold_products *products)
{
    if (products != NULL) {
        fh_free(products->facets);
        fh_free(products);
    }
}
