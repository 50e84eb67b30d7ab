/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/products: found by words and filters, counted, page by page. */
#include "common/map.h"
#include "common/time.h"
#include "tools/client/product_name.h"
#include "tools/client/search_filter.h"
#include "tools/door/http/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_BYTES_MAX = 16 * 1024, LIMIT_DEFAULT = 50, MINUTE_MS = 60000 };

/* ---- what is asked ---- */

static int
gather_words(struct fh_buf *words, const struct fh_http_target *target, struct fh_err *err)
{
    const char *q = fh_http_argument(target, "q");
    fh_buf_add_cstr(words, q == NULL ? "" : q);
    for (size_t i = 0; i < target->argument_count; i++) {
        const struct fh_http_argument *argument = &target->arguments[i];
        if (fh_search_has_filter(argument->name) &&
            !fh_search_add_filter(words, argument->name, argument->value)) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "http.argument",
                               "%s: a value that is empty or has a quote cannot be asked for",
                               argument->name);
        }
    }
    return fh_buf_ok(words) == FH_OK
               ? FH_OK
               : fh_err_rule(err, FH_EINVAL, "http.argument", "these are too many words");
}

void fh_api_cursor_text(char out[FH_API_CURSOR_BYTES], uint64_t offset, const char *words)
{
    uint64_t hash = fh_map_hash(words, strlen(words));
    snprintf(
        out, FH_API_CURSOR_BYTES, "p%" PRIu64 ".%08" PRIx32, offset, (uint32_t)(hash ^ hash >> 32));
}

int fh_api_cursor_read(
    uint64_t *out, const char *text, const char *words, uint64_t most, struct fh_err *err)
{
    char *end = NULL;
    char again[FH_API_CURSOR_BYTES];
    if (text == NULL) {
        *out = 0;
        return FH_OK;
    }
    uint64_t offset = text[0] == 'p' ? strtoull(text + 1, &end, 10) : 0;
    fh_api_cursor_text(again, offset, words);
    if (end == NULL || strcmp(again, text) != 0 || offset > most) {
        return fh_err_rule(
            err, FH_EINVAL, "http.cursor", "the cursor is not `next` of a page of this search");
    }
    *out = offset;
    return FH_OK;
}

static int read_search(struct freehold_search_options *out,
                       struct fh_buf *words,
                       const struct fh_http_call *call,
                       struct fh_err *err)
{
    const char *facets = fh_http_argument(&call->target, "facets");
    const char *cursor = fh_http_argument(&call->target, "cursor");
    uint64_t limit = 0;
    *out = (struct freehold_search_options){.size = sizeof *out};
    int code = gather_words(words, &call->target, err);
    if (code == FH_OK) {
        out->words = fh_buf_cstr(words);
        code = fh_http_argument_number(
            &limit, &call->target, "limit", 1, FH_SEARCH_RESULTS_MAX, LIMIT_DEFAULT, err);
    }
    if (code == FH_OK) {
        code = fh_api_cursor_read(&out->offset, cursor, out->words, FH_SEARCH_OFFSET_MAX, err);
    }
    if (code == FH_OK && facets != NULL && strcmp(facets, "yes") != 0 &&
        strcmp(facets, "only") != 0) {
        code = fh_err_rule(err, FH_EINVAL, "http.argument", "facets: yes or only");
    }
    out->limit = (uint32_t)limit;
    out->facets = facets != NULL;
    out->facets_alone = facets != NULL && strcmp(facets, "only") == 0;
    return code;
}

/* ---- what is found ---- */

void fh_api_put_product(struct fh_json *json, const struct freehold_product *product)
{
    char name[FH_PRODUCT_NAME_BYTES];
    int64_t now_ms = fh_clock_wall_ms();
    fh_product_name_text(name, product->domain_name, product->product, product->version);
    fh_json_pair(json, "product", name);
    fh_json_pair(json, "domain", product->domain_name);
    fh_json_pair(json, "name", product->product);
    fh_json_pair(json, "version", product->version);
    fh_json_pair(json, "status", product->status);
    fh_http_json_time(json, "sunset", product->sunset_ms);
    fh_json_pair_or_null(json, "successor", product->successor);
    fh_json_pair(json, "title", product->title);
    fh_json_pair(json, "summary", product->summary);
    fh_json_pair_bool(json, "reachable", product->reachable);
    fh_json_pair(json, "access", product->open_to_mesh ? "mesh" : "granted");
    fh_json_pair(json, "quality", product->quality);
    fh_json_pair_or_null(json, "gate", product->gate);
    fh_http_json_time(json, "measured", product->measured_ms);
    /* To the minute, so that answers stay the same for a while and need not be sent again. */
    int64_t heard_ms = product->age_ms < (uint64_t)now_ms ? now_ms - (int64_t)product->age_ms : 1;
    fh_http_json_time(json, "heard", heard_ms - heard_ms % MINUTE_MS);
    fh_json_pair(json, "verification", product->verification);
    fh_json_pair_bool(json, "contract_held", product->contract_held);
    fh_json_pair_or_null(json, "contract", product->contract);
}

static void put_facets(struct fh_json *json, const struct freehold_products *products)
{
    char last[sizeof((struct freehold_facet *)0)->facet] = "";
    size_t count = freehold_products_facet_count(products);
    fh_json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        struct freehold_facet facet = {.size = sizeof facet};
        freehold_products_facet(products, i, &facet);
        if (strcmp(last, facet.facet) != 0) {
            if (last[0] != '\0') {
                fh_json_close(json, ']');
                fh_json_close(json, '}');
            }
            memcpy(last, facet.facet, sizeof last);
            fh_json_open(json, '{');
            fh_json_pair(json, "facet", facet.facet);
            fh_json_pair_uint(json, "values", facet.values);
            fh_json_key(json, "top");
            fh_json_open(json, '[');
        }
        fh_json_open(json, '{');
        fh_json_pair(json, "value", facet.value);
        fh_json_pair_uint(json, "products", facet.products);
        fh_json_close(json, '}');
    }
    if (last[0] != '\0') {
        fh_json_close(json, ']');
        fh_json_close(json, '}');
    }
    fh_json_close(json, ']');
}

static void put_page(struct fh_http_call *call,
                     const struct freehold_products *products,
                     const struct freehold_search_options *options)
{
    struct fh_json json = fh_http_json(call);
    size_t count = freehold_products_count(products);
    uint64_t total = freehold_products_total(products);
    uint64_t end = options->offset + count;
    char next[FH_API_CURSOR_BYTES] = "";
    if (count > 0 && end < total && end <= FH_SEARCH_OFFSET_MAX) {
        fh_api_cursor_text(next, end, options->words);
    }
    fh_json_open(&json, '{');
    fh_json_key(&json, "products");
    fh_json_open(&json, '[');
    for (size_t i = 0; i < count; i++) {
        struct freehold_product product = {.size = sizeof product};
        freehold_products_get(products, i, &product);
        fh_json_open(&json, '{');
        fh_api_put_product(&json, &product);
        fh_json_close(&json, '}');
    }
    fh_json_close(&json, ']');
    fh_json_pair_uint(&json, "total", total);
    fh_json_pair_or_null(&json, "read_as", freehold_products_read_as(products));
    fh_json_pair_or_null(&json, "next", next);
    if (options->facets) {
        fh_json_key(&json, "facets");
        put_facets(&json, products);
    } else {
        fh_json_pair_or_null(&json, "facets", NULL);
    }
    fh_json_close(&json, '}');
}

int fh_api_products(struct fh_http_call *call, struct fh_err *err)
{
    struct fh_buf words FH_CLEANUP(fh_buf_fini);
    struct freehold_search_options options;
    struct freehold_client *client = NULL;
    struct freehold_products *products = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    fh_buf_init(&words, WORDS_BYTES_MAX);
    int code = read_search(&options, &words, call, err);
    if (code == FH_OK) {
        code = fh_http_asker(call, &client, err);
    }
    if (code == FH_OK && freehold_find(&products, client, &options, &error) != FREEHOLD_OK) {
        code = fh_http_error(err, &error);
    }
    fh_http_asker_end(call, client);
    if (code == FH_OK) {
        put_page(call, products, &options);
    }
    freehold_products_free(products);
    return code;
}
