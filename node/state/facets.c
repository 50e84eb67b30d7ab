/* SPDX-License-Identifier: Apache-2.0 */
#include "node/state/facets.h"

#include "common/assert.h"
#include "common/entropy.h"
#include "common/map.h"
#include "common/mem.h"
#include "proto/contract/contract.h"
#include "proto/wire/crypto.h"

#include <stdlib.h>
#include <string.h>

const char *fh_facet_text(enum fh_facet facet)
{
    static const char *const texts[FH_FACET_COUNT] = {
        [FH_FACET_DOMAIN] = "domain",
        [FH_FACET_STATUS] = "status",
        [FH_FACET_TAG] = "tag",
        [FH_FACET_CLASSIFICATION] = "classification",
        [FH_FACET_QUALITY] = "quality",
        [FH_FACET_ACCESS] = "access",
        [FH_FACET_REACHABLE] = "reachable",
    };
    FH_ASSERT(facet < FH_FACET_COUNT);
    return texts[facet];
}

/* ---- forms: facet (1 byte), size (1), bytes ---- */

struct writing {
    struct fh_buf *out;
    unsigned count;
};

static void put(struct writing *writing, enum fh_facet facet, const char *text)
{
    struct fh_bytes value = text == NULL ? FH_BYTES_NONE : fh_bytes_cstr(text);
    if (value.size == 0 || value.size > FH_FACET_BYTES_MAX ||
        writing->count == FH_FACET_OF_PRODUCT_MAX ||
        fh_facets_has(fh_buf_view(writing->out), facet, value)) {
        return;
    }
    fh_buf_add_u8(writing->out, (uint8_t)facet);
    fh_buf_add_u8(writing->out, (uint8_t)value.size);
    fh_buf_add_bytes(writing->out, value);
    writing->count++;
}

static void put_tags(struct writing *writing, const struct fh_contract_strings *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        put(writing, FH_FACET_TAG, tags->items[i]);
    }
}

/* Contracts nest at most FH_YAML_DEPTH_MAX deep. */
static void put_column(struct writing *writing, const struct fh_contract_column *column)
{
    put(writing, FH_FACET_CLASSIFICATION, column->classification);
    put_tags(writing, &column->tags);
    for (size_t i = 0; i < column->columns.count; i++) {
        put_column(writing, &column->columns.items[i]);
    }
    if (column->items != NULL) {
        put_column(writing, column->items);
    }
}

void fh_facets_form(struct fh_buf *out, const struct fh_contract *contract)
{
    struct writing writing = {.out = out};
    put_tags(&writing, &contract->tags);
    for (size_t i = 0; i < contract->tables.count; i++) {
        const struct fh_contract_table *table = &contract->tables.items[i];
        put_tags(&writing, &table->tags);
        for (size_t j = 0; j < table->columns.count; j++) {
            put_column(&writing, &table->columns.items[j]);
        }
    }
}

bool fh_facets_next(struct fh_bytes form,
                    size_t *at,
                    enum fh_facet *out_facet,
                    struct fh_bytes *out_value)
{
    if (form.size < 2 || *at > form.size - 2) {
        return false;
    }
    unsigned facet = form.data[*at];
    size_t size = form.data[*at + 1];
    if (facet >= FH_FACET_COUNT || size > form.size - *at - 2) {
        return false;
    }
    *out_facet = (enum fh_facet)facet;
    *out_value = fh_bytes(form.data + *at + 2, size);
    *at += 2 + size;
    return true;
}

bool fh_facets_has(struct fh_bytes form, enum fh_facet facet, struct fh_bytes value)
{
    enum fh_facet held;
    struct fh_bytes text;
    for (size_t at = 0; fh_facets_next(form, &at, &held, &text);) {
        if (held == facet && fh_bytes_equal(text, value)) {
            return true;
        }
    }
    return false;
}

/* ---- counting ---- */

struct counted {
    struct fh_map_link link;
    enum fh_facet facet;
    uint64_t products;
    size_t size;
    uint8_t text[];
};

struct fh_facets {
    uint8_t key[FH_MAC_KEY_BYTES]; /* tags are chosen by strangers: they cannot choose the bucket */
    struct fh_map map;
    size_t values[FH_FACET_COUNT];
    bool more[FH_FACET_COUNT]; /* there are values that found no room */
};

struct fh_facets *fh_facets_new(void)
{
    struct fh_facets *facets = fh_calloc(1, sizeof *facets);
    if (facets != NULL) {
        fh_entropy(facets->key, sizeof facets->key);
        fh_map_init(&facets->map);
    }
    return facets;
}

void fh_facets_clear(struct fh_facets *facets)
{
    for (size_t i = 0; i < facets->map.bucket_count; i++) {
        struct fh_map_link *next;
        for (struct fh_map_link *link = facets->map.buckets[i]; link != NULL; link = next) {
            next = link->next;
            fh_free(FH_MAP_ENTRY(link, struct counted, link));
        }
    }
    fh_map_fini(&facets->map);
    fh_map_init(&facets->map);
    memset(facets->values, 0, sizeof facets->values);
    memset(facets->more, 0, sizeof facets->more);
}

void fh_facets_free(struct fh_facets *facets)
{
    if (facets != NULL) {
        fh_facets_clear(facets);
        fh_free(facets);
    }
}

static uint64_t hash_of(const struct fh_facets *facets, enum fh_facet facet, struct fh_bytes value)
{
    uint8_t mac[FH_MAC_BYTES];
    fh_mac(mac, facets->key, value);
    return fh_get_u64be(mac) + facet;
}

int fh_facets_add(struct fh_facets *facets,
                  enum fh_facet facet,
                  struct fh_bytes value,
                  struct fh_err *err)
{
    FH_ASSERT(facet < FH_FACET_COUNT);
    uint64_t hash = hash_of(facets, facet, value);
    for (struct fh_map_link *link = fh_map_first(&facets->map, hash); link != NULL;
         link = fh_map_next(link)) {
        struct counted *held = FH_MAP_ENTRY(link, struct counted, link);
        if (held->facet == facet && fh_bytes_equal(fh_bytes(held->text, held->size), value)) {
            held->products++;
            return FH_OK;
        }
    }
    if (facets->values[facet] == FH_FACET_DISTINCT_MAX) {
        facets->more[facet] = true;
        return FH_OK;
    }
    struct counted *counted = fh_calloc(1, sizeof *counted + value.size);
    if (counted == NULL || fh_map_reserve(&facets->map, 1) != FH_OK) {
        fh_free(counted);
        return fh_err_set(err, FH_ENOMEM, "no memory to count products");
    }
    *counted = (struct counted){.facet = facet, .products = 1, .size = value.size};
    if (value.size > 0) {
        memcpy(counted->text, value.data, value.size);
    }
    fh_map_insert(&facets->map, &counted->link, hash);
    facets->values[facet]++;
    return FH_OK;
}

static int by_products(const void *a, const void *b)
{
    const struct counted *left = *(const struct counted *const *)a;
    const struct counted *right = *(const struct counted *const *)b;
    if (left->facet != right->facet) {
        return left->facet < right->facet ? -1 : 1;
    }
    if (left->products != right->products) {
        return left->products > right->products ? -1 : 1;
    }
    size_t common = left->size < right->size ? left->size : right->size;
    int order = memcmp(left->text, right->text, common);
    return order != 0 ? order : left->size < right->size ? -1 : left->size > right->size;
}

void fh_facets_each(struct fh_facets *facets, size_t most, fh_facet_visit_fn *visit, void *user)
{
    const struct counted **all = fh_calloc(facets->map.count + 1, sizeof(void *));
    size_t count = 0;
    if (all == NULL) {
        return; /* as if there were none: a list without counts */
    }
    for (size_t i = 0; i < facets->map.bucket_count; i++) {
        for (struct fh_map_link *link = facets->map.buckets[i]; link != NULL; link = link->next) {
            all[count++] = FH_MAP_ENTRY(link, struct counted, link);
        }
    }
    qsort(all, count, sizeof *all, by_products);
    size_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        const struct counted *value = all[i];
        shown = i > 0 && all[i - 1]->facet == value->facet ? shown + 1 : 0;
        if (shown < most) {
            visit(user,
                  &(struct fh_facet_value){
                      .facet = value->facet,
                      .text = fh_bytes(value->text, value->size),
                      .products = value->products,
                      .values = facets->values[value->facet] + (facets->more[value->facet] ? 1 : 0),
                  });
        }
    }
    fh_free(all);
}
