/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of the catalogue's tests: a mesh of two domains, a store, a catalogue, and products to
 * give it.
 *
 * Does not: check anything but that its own steps work. Thread: one. Ownership: the world owns what
 * it holds; items are ended with item_fini.
 */
#ifndef FH_TESTS_UNIT_STATE_CATALOG_WORLD_H
#define FH_TESTS_UNIT_STATE_CATALOG_WORLD_H

#include "node/state/catalog.h"

#include "tests/lib/products.h"
#include "tests/lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW_MS (TEST_START_MS + 3 * TEST_HOUR_MS)

/* Two domains: 0 is ours, 1 is a neighbour. 2 is a stranger that nobody admitted. */
struct world {
    struct test_scratch scratch;
    char path[128];
    struct fh_mesh_id mesh;
    struct test_domain domains[3];
    struct fh_directory *dir;
    struct fh_store *store;
    struct fh_catalog *catalog;
    uint64_t products_max; /* of a domain; 0: few */
    struct fh_catalog_outcome out;
    struct fh_err err;
};

static inline void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

static inline void add(struct world *w, struct test_record record)
{
    must(fh_directory_add(w->dir, test_bytes(&record), NOW_MS, NULL, &w->err), &w->err);
}

static inline void make_mesh(struct world *w)
{
    for (unsigned i = 0; i < FH_COUNT(w->domains); i++) {
        w->domains[i] = test_domain_of(i);
    }
    const struct test_domain *self = &w->domains[0];
    const struct test_domain *other = &w->domains[1];
    struct test_record charter = test_charter_1(self, &w->mesh);
    w->dir = fh_directory_new(&w->mesh, &fh_verifier_plain);
    assert_non_null(w->dir);
    add(w, self->inception);
    add(w, charter);
    add(w, test_delegation(self, &self->publisher, FH_ROLE_PUBLISHER, &w->mesh));
    add(w, test_delegation(self, &self->node, FH_ROLE_NODE, &w->mesh));
    struct test_record invitation = test_invitation(self, 1, "", &w->mesh);
    add(w, other->inception);
    add(w, test_admission(self, other, 1, &invitation, &w->mesh));
    add(w, test_delegation(other, &other->publisher, FH_ROLE_PUBLISHER, &w->mesh));
    add(w, test_delegation(other, &other->node, FH_ROLE_NODE, &w->mesh));
    add(w, test_delegation(other, &other->member, FH_ROLE_MEMBER, &w->mesh));
    add(w, w->domains[2].inception);
    add(w, test_delegation(&w->domains[2], &w->domains[2].publisher, FH_ROLE_PUBLISHER, &w->mesh));
}

static inline void open_all(struct world *w)
{
    const struct fh_catalog_options options = {.directory = w->dir,
                                               .self = w->domains[0].id,
                                               .products_per_domain_max =
                                                   w->products_max != 0 ? w->products_max : 5};
    must(fh_store_open(&w->store, w->path, &w->err), &w->err);
    struct fh_catalog_options with_store = options;
    with_store.store = w->store;
    must(fh_catalog_open(&w->catalog, &with_store, &w->err), &w->err);
}

static inline void restart(struct world *w)
{
    fh_catalog_close(w->catalog);
    fh_store_close(w->store);
    open_all(w);
}

static inline int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->scratch = test_scratch_make();
    test_scratch_path(w->path, sizeof w->path, &w->scratch, "node.db");
    make_mesh(w);
    open_all(w);
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    fh_catalog_close(w->catalog);
    fh_store_close(w->store);
    fh_directory_free(w->dir);
    test_scratch_remove(&w->scratch);
    free(w);
    return 0;
}

/* ---- making records ---- */

struct item {
    struct fh_buf contract;
    struct fh_record_id contract_id;
    struct fh_announcement said;
    struct fh_buf announcement;
    struct fh_record_id id;
};

static inline void item_fini(struct item *item)
{
    fh_buf_fini(&item->contract);
    fh_buf_fini(&item->announcement);
}

static inline void
announce_again(struct item *item, const struct world *w, const struct test_key *key)
{
    fh_buf_fini(&item->announcement);
    fh_buf_init(&item->announcement, FH_RECORD_BYTES_MAX);
    item->id = test_announcement_record(&item->announcement, &item->said, key, &w->mesh);
}

static inline struct item make_item(const struct world *w,
                                    const struct test_product *product,
                                    const struct test_domain *domain)
{
    struct item item;
    fh_buf_init(&item.contract, FH_RECORD_BYTES_MAX);
    fh_buf_init(&item.announcement, 1);
    item.contract_id =
        test_contract_record(&item.contract, product, &domain->id, &domain->publisher, &w->mesh);
    item.said = test_announcement_of(product, &domain->id, &item.contract_id, item.contract.size);
    announce_again(&item, w, &domain->node);
    return item;
}

static inline int announce(struct world *w, const struct item *item)
{
    w->err = (struct fh_err){0};
    return fh_catalog_announce(
        w->catalog, fh_buf_view(&item->announcement), NOW_MS, &w->out, &w->err);
}

static inline int give(struct world *w, const struct item *item)
{
    w->err = (struct fh_err){0};
    return fh_catalog_contract(
        w->catalog, fh_buf_view(&item->contract), &item->contract_id, NOW_MS, &w->out, &w->err);
}

static inline int publish(struct world *w, const struct item *item)
{
    w->err = (struct fh_err){0};
    return fh_catalog_publish(w->catalog,
                              fh_buf_view(&item->contract),
                              fh_buf_view(&item->announcement),
                              NULL,
                              NOW_MS,
                              &w->out,
                              &w->err);
}

static inline void refused(const struct world *w, int code, int expected, const char *rule)
{
    if (code != expected || strcmp(w->err.rule, rule) != 0) {
        fail_msg("expected %s %s, got %s %s (%s)",
                 fh_code_name(expected),
                 rule,
                 fh_code_name(code),
                 w->err.rule,
                 w->err.text);
    }
}

static inline size_t missing(struct world *w, struct fh_record_id *first)
{
    struct fh_catalog_wanted wanted[8];
    size_t count = 0;
    must(fh_catalog_missing(w->catalog, NULL, wanted, FH_COUNT(wanted), &count, &w->err), &w->err);
    if (first != NULL && count > 0) {
        *first = wanted[0].contract;
    }
    return count;
}

static inline void assert_fingerprints_fit(struct world *w)
{
    struct fh_catalog_head all = fh_catalog_head(w->catalog);
    struct fh_catalog_head own = fh_catalog_own_head(w->catalog);
    struct fh_catalog_head walked;
    must(fh_catalog_head_of(w->catalog, &w->domains[0].id, &walked, &w->err), &w->err);
    assert_memory_equal(&walked, &own, sizeof own);
    must(fh_catalog_reload(w->catalog, &w->err), &w->err);
    struct fh_catalog_head again = fh_catalog_head(w->catalog);
    assert_memory_equal(&again, &all, sizeof all);
}

static const struct test_product flights = {.name = "flights", .is_open = true};

#endif
