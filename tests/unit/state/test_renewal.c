/* SPDX-License-Identifier: Apache-2.0 */
/* Renewal: what was said of own products is said again in time, and also after its time, with the
 * state that it had. */
#include "node/renewal.h"

#include "common/time.h"
#include "tests/lib/home.h"
#include "tests/unit/state/catalog_world.h"

/* ---- the world ---- */

struct node {
    struct world *w;
    struct fh_keystore *keys;
    struct fh_policies *policies;
    int64_t wall_ms;
};

/* For as long as these tests look back: the fixed ones of tests/lib have expired. */
static void delegate(const struct node *node)
{
    const struct test_domain *self = &node->w->domains[0];
    struct fh_delegation delegation = {.domain = self->id,
                                       .subject = self->node.public_key,
                                       .role = FH_ROLE_NODE,
                                       .not_before_ms = node->wall_ms - 20 * TEST_DAY_MS,
                                       .not_after_ms = node->wall_ms + TEST_DAY_MS};
    snprintf(delegation.label, sizeof delegation.label, "now");
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_delegation_make(&buf, &delegation, &node->w->mesh, &self->key.secret);
    must(fh_directory_add(node->w->dir, fh_buf_view(&buf), node->wall_ms, NULL, &node->w->err),
         &node->w->err);
}

static struct node node_open(struct world *w)
{
    struct node node = {.w = w, .wall_ms = fh_clock_wall_ms()};
    struct fh_home home;
    test_home_make(&home, &w->scratch);
    test_home_key(&home, "node", FH_KEY_NODE, w->domains[0].node.seed, NULL);
    test_home_key(&home, "node_agree", FH_KEY_NODE_AGREE, w->domains[0].member.seed, NULL);
    must(fh_keystore_open(&node.keys, &home, &w->err), &w->err);
    const struct fh_policies_options policies = {
        .store = w->store, .dir = w->dir, .mesh_id = w->mesh, .domain = w->domains[0].id};
    must(fh_policies_open(&node.policies, &policies, &w->err), &w->err);
    delegate(&node);
    return node;
}

static void node_fini(struct node *node)
{
    fh_policies_close(node->policies);
    fh_keystore_close(node->keys);
}

static void renew(const struct node *node)
{
    const struct fh_publisher_options options = {.catalog = node->w->catalog,
                                                 .policies = node->policies,
                                                 .keys = node->keys,
                                                 .mesh_id = node->w->mesh,
                                                 .domain = node->w->domains[0].id};
    fh_renew(&options);
}

/* Announces a product of a state, so many days ago. */
static void say(const struct node *node, const char *name, unsigned status, int64_t days)
{
    struct world *w = node->w;
    const struct test_product product = {.name = name, .is_open = true};
    FH_CLEANUP(item_fini) struct item item = make_item(w, &product, &w->domains[0]);
    item.said.status = (enum fh_announce_status)status;
    item.said.issued_ms = node->wall_ms - days * TEST_DAY_MS;
    item.said.expires_ms = item.said.issued_ms + FH_ANNOUNCEMENT_TTL_MS;
    announce_again(&item, w, &w->domains[0].node);
    must(fh_catalog_announce(
             w->catalog, fh_buf_view(&item.announcement), item.said.issued_ms, &w->out, &w->err),
         &w->err);
}

static uint64_t sweep(const struct node *node)
{
    uint64_t dropped = 0;
    must(fh_catalog_sweep(node->w->catalog, node->wall_ms, &dropped, &node->w->err), &node->w->err);
    return dropped;
}

static void expect(const struct node *node, const char *name, unsigned status, uint64_t revision)
{
    struct world *w = node->w;
    struct fh_catalog_entry entry;
    must(fh_catalog_find(w->catalog, &w->domains[0].id, name, 1, &entry, &w->err), &w->err);
    assert_true(entry.live);
    assert_int_equal(entry.announcement.status, status);
    assert_int_equal(entry.announcement.revision, revision);
}

/* ---- the tests ---- */

static void test_what_is_due_is_renewed(void **state)
{
    FH_CLEANUP(node_fini) struct node node = node_open(*state);
    say(&node, "flights", FH_ANNOUNCE_ACTIVE, 3);
    say(&node, "crews", FH_ANNOUNCE_ACTIVE, 1);
    renew(&node);
    expect(&node, "flights", FH_ANNOUNCE_ACTIVE, 2);
    expect(&node, "crews", FH_ANNOUNCE_ACTIVE, 1);
}

/* The node was off for so long that everybody dropped what it had said, and so did it itself. */
static void test_what_expired_is_said_again(void **state)
{
    struct world *w = *state;
    FH_CLEANUP(node_fini) struct node node = node_open(w);
    struct fh_catalog_entry entry;
    say(&node, "flights", FH_ANNOUNCE_ACTIVE, 8);
    say(&node, "crews", FH_ANNOUNCE_RETIRED, 8);
    say(&node, "gates", FH_ANNOUNCE_WITHDRAWN, 8);
    assert_int_equal(sweep(&node), 3);
    assert_int_equal(fh_catalog_find(w->catalog, &w->domains[0].id, "flights", 1, &entry, &w->err),
                     FH_ENOTFOUND);
    renew(&node);
    expect(&node, "flights", FH_ANNOUNCE_ACTIVE, 2);
    expect(&node, "crews", FH_ANNOUNCE_RETIRED, 2);
    int code = fh_catalog_find(w->catalog, &w->domains[0].id, "gates", 1, &entry, &w->err);
    refused(w, code, FH_ENOTFOUND, "product.withdrawn");
    assert_int_equal(fh_catalog_own_head(w->catalog).count, 3);
    assert_fingerprints_fit(w);
    renew(&node);
    expect(&node, "flights", FH_ANNOUNCE_ACTIVE, 2);
    assert_int_equal(sweep(&node), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_due_is_renewed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_expired_is_said_again, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
