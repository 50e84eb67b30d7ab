/* SPDX-License-Identifier: Apache-2.0 */
/* Names at a node: pinned at first use, stopped when another domain claims one, decided by people,
 * kept over restarts whatever order records are read in; aliases beside them. */
#include "node/state/names.h"

#include "tests/unit/state/catalog_world.h"

enum { SELF, OTHER, RIVAL };

#define LATER_MS (NOW_MS + TEST_HOUR_MS)

struct naming {
    struct world *w;
    struct fh_names *names;
    struct test_record rival; /* the admission of RIVAL as domain1 */
};

static void open_names(struct naming *n)
{
    const struct fh_names_options options = {.store = n->w->store,
                                             .dir = n->w->dir,
                                             .mesh_id = n->w->mesh,
                                             .self = n->w->domains[SELF].id};
    must(fh_names_open(&n->names, &options, NOW_MS, &n->w->err), &n->w->err);
}

static struct naming begin(struct world *w)
{
    struct naming n = {.w = w};
    struct test_domain rival = w->domains[RIVAL];
    struct test_record invitation = test_invitation(&w->domains[SELF], 7, "", &w->mesh);
    snprintf(rival.name, sizeof rival.name, "domain1");
    n.rival = test_admission(&w->domains[SELF], &rival, 7, &invitation, &w->mesh);
    open_names(&n);
    return n;
}

/* The mesh brings the admission of the rival, as intake does. */
static void contest(struct naming *n, int64_t now_ms)
{
    struct world *w = n->w;
    struct fh_record parsed;
    struct fh_directory_outcome outcome;
    must(fh_directory_add(w->dir, test_bytes(&n->rival), now_ms, &outcome, &w->err), &w->err);
    assert_true(outcome.name_taken);
    must(fh_record_parse(&parsed, test_bytes(&n->rival), &w->mesh, &w->err), &w->err);
    struct fh_store_record proof = {.id = parsed.id,
                                    .type = FH_RECORD_ADMISSION,
                                    .domain = w->domains[RIVAL].id,
                                    .bytes = test_bytes(&n->rival),
                                    .received_ms = now_ms};
    must(fh_store_proof_put(w->store, FH_NAMES_TAKEN, &proof, &w->err), &w->err);
    must(fh_names_review(n->names, &w->err), &w->err);
}

static void means(struct naming *n, const char *name, unsigned domain)
{
    struct fh_domain_id id;
    must(fh_names_resolve(n->names, name, &id, NULL, &n->w->err), &n->w->err);
    assert_true(fh_domain_id_equal(&id, &n->w->domains[domain].id));
}

static void is_refused(struct naming *n, const char *name, const char *rule)
{
    struct fh_domain_id id;
    assert_int_not_equal(fh_names_resolve(n->names, name, &id, NULL, &n->w->err), FH_OK);
    assert_string_equal(n->w->err.rule, rule);
}

static int accept(struct naming *n, const char *name, unsigned domain, bool dry_run)
{
    struct world *w = n->w;
    return fh_names_accept(n->names, name, &w->domains[domain].id, LATER_MS, dry_run, &w->err);
}

/* As after a restart: the directory is learned anew, in that order. */
static void relearn(struct naming *n, bool rival_first)
{
    struct world *w = n->w;
    fh_names_close(n->names);
    fh_catalog_close(w->catalog);
    fh_directory_free(w->dir);
    w->dir = fh_directory_new(&w->mesh, &fh_verifier_plain);
    assert_non_null(w->dir);
    must(fh_names_settle(w->store, w->dir, &w->err), &w->err);
    const struct test_domain *self = &w->domains[SELF];
    struct test_record charter = test_charter_1(self, &w->mesh);
    struct test_record invitation = test_invitation(self, 1, "", &w->mesh);
    struct test_record first = test_admission(self, &w->domains[OTHER], 1, &invitation, &w->mesh);
    add(w, self->inception);
    add(w, charter);
    add(w, test_delegation(self, &self->publisher, FH_ROLE_PUBLISHER, &w->mesh));
    add(w, test_delegation(self, &self->node, FH_ROLE_NODE, &w->mesh));
    add(w, w->domains[OTHER].inception);
    add(w, w->domains[RIVAL].inception);
    (void)!fh_directory_add(
        w->dir, test_bytes(rival_first ? &n->rival : &first), LATER_MS, NULL, &w->err);
    (void)!fh_directory_add(
        w->dir, test_bytes(rival_first ? &first : &n->rival), LATER_MS, NULL, &w->err);
    const struct fh_catalog_options options = {
        .store = w->store, .directory = w->dir, .self = self->id};
    must(fh_catalog_open(&w->catalog, &options, &w->err), &w->err);
    open_names(n);
}

static void test_first_use(void **state)
{
    struct naming n = begin(*state);
    means(&n, "domain0", SELF);
    means(&n, "domain1", OTHER);
    is_refused(&n, "domain2", "domain.unknown");
    assert_int_equal(fh_names_source(n.names, &n.w->domains[SELF].id), FH_NAME_CHARTERED);
    assert_int_equal(fh_names_source(n.names, &n.w->domains[OTHER].id), FH_NAME_ADMITTED);
    assert_int_equal(fh_names_source(n.names, &n.w->domains[RIVAL].id), FH_NAME_UNVERIFIED);
    assert_false(fh_names_contested(n.names, "domain1"));
    fh_names_close(n.names);
}

static void test_a_claim_stops_the_name(void **state)
{
    struct naming n = begin(*state);
    contest(&n, NOW_MS);
    is_refused(&n, "domain1", "name.pinned");
    char id[FH_ID_TEXT_BYTES], command[FH_ERR_TEXT_BYTES];
    fh_domain_id_text(id, &n.w->domains[RIVAL].id);
    snprintf(command, sizeof command, "freehold pin accept domain1 %s", id);
    assert_non_null(strstr(n.w->err.text, command));
    means(&n, "domain0", SELF);
    assert_true(fh_names_contested(n.names, "domain1"));
    assert_int_equal(fh_names_source(n.names, &n.w->domains[OTHER].id), FH_NAME_STOPPED);
    relearn(&n, false);
    is_refused(&n, "domain1", "name.pinned");
    relearn(&n, true); /* the pin knows better than the order */
    is_refused(&n, "domain1", "name.pinned");
    fh_names_close(n.names);
}

/* Who was admitted before this node saw the name is no change. */
static void test_old_claims_stop_nothing(void **state)
{
    struct naming n = begin(*state);
    contest(&n, NOW_MS - 1);
    means(&n, "domain1", OTHER);
    assert_true(fh_names_contested(n.names, "domain1"));
    fh_names_close(n.names);
}

static void test_the_first_is_accepted(void **state)
{
    struct naming n = begin(*state);
    contest(&n, NOW_MS);
    must(accept(&n, "domain1", OTHER, true), &n.w->err);
    is_refused(&n, "domain1", "name.pinned");
    must(accept(&n, "domain1", OTHER, false), &n.w->err);
    for (unsigned i = 0; i < 3; i++) {
        means(&n, "domain1", OTHER);
        assert_int_equal(fh_names_source(n.names, &n.w->domains[OTHER].id), FH_NAME_DECIDED);
        relearn(&n, i == 1);
    }
    fh_names_close(n.names);
}

static void test_the_rival_is_accepted(void **state)
{
    struct naming n = begin(*state);
    contest(&n, NOW_MS);
    must(accept(&n, "domain1", RIVAL, false), &n.w->err);
    for (unsigned i = 0; i < 3; i++) {
        means(&n, "domain1", RIVAL);
        assert_int_equal(fh_names_source(n.names, &n.w->domains[OTHER].id), FH_NAME_UNVERIFIED);
        relearn(&n, i == 1);
    }
    /* and back: who lost the name is admitted all the same */
    relearn(&n, false);
    const struct fh_directory_domain *other =
        fh_directory_domain(n.w->dir, &n.w->domains[OTHER].id);
    assert_true(other->admitted);
    assert_string_equal(other->name, "");
    assert_string_equal(other->given_name, "domain1");
    must(accept(&n, "domain1", OTHER, false), &n.w->err);
    means(&n, "domain1", OTHER);
    fh_names_close(n.names);
}

static void test_decisions_that_are_none(void **state)
{
    static const struct {
        const char *name;
        unsigned domain;
        const char *rule;
    } rows[] = {
        {"domain1", SELF, "pin.claim"},  /* was admitted as domain0 */
        {"domain0", RIVAL, "pin.claim"}, /* was admitted as domain1 */
        {"mall", RIVAL, "pin.claim"},    /* nobody is called so */
        {"Mall", RIVAL, "name.character"},
        {"", OTHER, "name.length"},
    };
    struct naming n = begin(*state);
    contest(&n, NOW_MS);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_not_equal(accept(&n, rows[i].name, rows[i].domain, false), FH_OK);
        if (strncmp(rows[i].rule, "name.", 5) != 0) {
            assert_string_equal(n.w->err.rule, rows[i].rule);
        }
    }
    is_refused(&n, "domain1", "name.pinned");
    assert_int_equal(fh_names_remove(n.names, "mall", LATER_MS, false, &n.w->err), FH_ENOTFOUND);
    assert_string_equal(n.w->err.rule, "pin.unknown");
    must(fh_names_remove(n.names, "domain1", LATER_MS, true, &n.w->err), &n.w->err);
    is_refused(&n, "domain1", "name.pinned");
    must(fh_names_remove(n.names, "domain1", LATER_MS, false, &n.w->err), &n.w->err);
    means(&n, "domain1", OTHER); /* pinned anew */
    fh_names_close(n.names);
}

static int set_alias(struct naming *n, const char *name, const struct fh_domain_id *domain)
{
    return fh_names_alias(n->names, name, domain, NOW_MS, false, &n->w->err);
}

static void test_aliases(void **state)
{
    struct naming n = begin(*state);
    const struct fh_domain_id nobody = {{9}};
    struct fh_domain_id id;
    bool alias = false;
    must(set_alias(&n, "corner", &n.w->domains[OTHER].id), &n.w->err);
    must(fh_names_resolve(n.names, "corner", &id, &alias, &n.w->err), &n.w->err);
    assert_true(alias);
    means(&n, "corner", OTHER);
    assert_string_equal(fh_names_alias_of(n.names, &n.w->domains[OTHER].id), "corner");
    assert_string_equal(fh_names_alias_of(n.names, &n.w->domains[SELF].id), "");
    contest(&n, NOW_MS);
    means(&n, "corner", OTHER); /* says an id */
    must(set_alias(&n, "domain1", &n.w->domains[RIVAL].id), &n.w->err);
    means(&n, "domain1", RIVAL); /* wins, also over a stop */
    assert_int_equal(set_alias(&n, "domain0", &n.w->domains[OTHER].id), FH_EDENIED);
    assert_string_equal(n.w->err.rule, "pin.own");
    assert_int_equal(set_alias(&n, "mall", &nobody), FH_ENOTFOUND);
    assert_string_equal(n.w->err.rule, "domain.unknown");
    assert_int_not_equal(set_alias(&n, "Mall", &n.w->domains[OTHER].id), FH_OK);
    relearn(&n, false);
    means(&n, "corner", OTHER);
    must(fh_names_remove(n.names, "domain1", LATER_MS, false, &n.w->err), &n.w->err);
    is_refused(&n, "domain1", "name.pinned");
    fh_names_close(n.names);
}

static void test_aliases_have_a_limit(void **state)
{
    struct naming n = begin(*state);
    char name[FH_NAME_BYTES_MAX + 1];
    for (unsigned i = 0; i < FH_NAMES_SETTLED_MAX; i++) {
        snprintf(name, sizeof name, "alias%u", i);
        struct fh_store_pin alias = {.domain = n.w->domains[OTHER].id, .pinned_ms = NOW_MS};
        memcpy(alias.name, name, sizeof alias.name);
        must(fh_store_alias_put(n.w->store, &alias, &n.w->err), &n.w->err);
    }
    must(fh_names_review(n.names, &n.w->err), &n.w->err);
    assert_int_equal(set_alias(&n, "more", &n.w->domains[OTHER].id), FH_ETOOBIG);
    must(set_alias(&n, "alias0", &n.w->domains[SELF].id), &n.w->err); /* it is there already */
    means(&n, "alias0", SELF);
    fh_names_close(n.names);
}

struct listed {
    unsigned aliases, pins, stopped, unknown;
};

static int count(void *user, const struct fh_named *named, struct fh_err *err)
{
    struct listed *listed = user;
    (void)err;
    listed->aliases += named->alias;
    listed->pins += !named->alias;
    listed->stopped += named->stopped;
    listed->unknown += !named->known;
    return FH_OK;
}

static void test_the_list(void **state)
{
    struct naming n = begin(*state);
    struct listed listed = {0};
    must(set_alias(&n, "corner", &n.w->domains[OTHER].id), &n.w->err);
    contest(&n, NOW_MS);
    must(fh_names_each(n.names, count, &listed, &n.w->err), &n.w->err);
    assert_true(listed.aliases == 1 && listed.pins == 2 && listed.stopped == 1);
    assert_int_equal(listed.unknown, 0);
    relearn(&n, true); /* now the rival has the name there, and the pinned one has not */
    listed = (struct listed){0};
    must(fh_names_each(n.names, count, &listed, &n.w->err), &n.w->err);
    assert_true(listed.pins == 2 && listed.stopped == 1 && listed.unknown == 1);
    fh_names_close(n.names);
}

/* A charter's names are no matter of admissions. */
static void test_a_charter_stands(void **state)
{
    struct world *w = *state;
    struct naming n = {.w = w};
    const struct fh_names_options options = {
        .store = w->store, .dir = w->dir, .mesh_id = w->mesh, .self = w->domains[OTHER].id};
    struct test_domain rival = w->domains[RIVAL];
    struct test_record invitation = test_invitation(&w->domains[SELF], 7, "", &w->mesh);
    snprintf(rival.name, sizeof rival.name, "domain0");
    n.rival = test_admission(&w->domains[SELF], &rival, 7, &invitation, &w->mesh);
    must(fh_names_open(&n.names, &options, NOW_MS, &w->err), &w->err);
    contest(&n, NOW_MS);
    means(&n, "domain0", SELF);
    assert_true(fh_names_contested(n.names, "domain0"));
    assert_int_equal(accept(&n, "domain0", RIVAL, false), FH_EDENIED);
    assert_string_equal(w->err.rule, "pin.charter");
    means(&n, "domain0", SELF);
    fh_names_close(n.names);
}

/* Charter 2, by which the mesh expels a domain. */
static struct test_record expulsion(const struct world *w, unsigned domain)
{
    struct fh_record_id id;
    struct fh_charter next = *fh_directory_charter(w->dir, &id);
    struct fh_buf buf;
    next.seq = 2;
    next.prev = id;
    next.created_ms = TEST_START_MS + TEST_HOUR_MS;
    next.expelled_count = 1;
    next.expelled[0] = w->domains[domain].id;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_charter_make(&buf, &next, &w->mesh, &w->domains[SELF].key.secret);
    struct test_record made = test_record_of(&buf);
    fh_buf_fini(&buf);
    return made;
}

static void reopen_catalog(struct world *w, const struct fh_names *names)
{
    const struct fh_catalog_options options = {
        .store = w->store, .directory = w->dir, .self = w->domains[SELF].id, .names = names};
    fh_catalog_close(w->catalog);
    must(fh_catalog_open(&w->catalog, &options, &w->err), &w->err);
}

/* Nobody finds what is an expelled domain's, by its name or by another. */
static void test_the_expelled_are_not_found(void **state)
{
    static const char *const called[] = {"domain1", "corner"};
    struct naming n = begin(*state);
    struct world *w = n.w;
    struct fh_domain_id id;
    must(set_alias(&n, "corner", &w->domains[OTHER].id), &w->err);
    reopen_catalog(w, n.names);
    for (size_t i = 0; i < FH_COUNT(called); i++) {
        must(fh_catalog_domain(w->catalog, called[i], &id, NULL, &w->err), &w->err);
        assert_true(fh_domain_id_equal(&id, &w->domains[OTHER].id));
    }
    add(w, expulsion(w, OTHER));
    for (size_t i = 0; i < FH_COUNT(called); i++) {
        assert_int_equal(fh_catalog_domain(w->catalog, called[i], &id, NULL, &w->err), FH_EDENIED);
        assert_string_equal(w->err.rule, "domain.expelled");
    }
    must(fh_catalog_domain(w->catalog, "domain0", &id, NULL, &w->err), &w->err);
    reopen_catalog(w, NULL);
    assert_int_equal(fh_catalog_domain(w->catalog, "domain1", &id, NULL, &w->err), FH_EDENIED);
    fh_names_close(n.names);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(test_first_use),
        ROW(test_a_claim_stops_the_name),
        ROW(test_old_claims_stop_nothing),
        ROW(test_the_first_is_accepted),
        ROW(test_the_rival_is_accepted),
        ROW(test_decisions_that_are_none),
        ROW(test_aliases),
        ROW(test_aliases_have_a_limit),
        ROW(test_the_list),
        ROW(test_a_charter_stands),
        ROW(test_the_expelled_are_not_found),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
