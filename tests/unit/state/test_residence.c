/* SPDX-License-Identifier: Apache-2.0 */
/* A residence: what its store held is there after a restart, whatever the clock says by then. */
#include "node/residence.h"

#include "common/time.h"
#include "tests/lib/home.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct world {
    struct test_scratch scratch;
    struct fh_config config;
    struct fh_mesh_id mesh;
    struct test_domain domain;
    struct fh_residence home;
    struct fh_err err;
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

/* Of the node's key, in force now: the fixed ones of tests/lib have expired. */
static struct test_record delegation_now(const struct world *w)
{
    int64_t now = fh_clock_wall_ms();
    struct fh_delegation delegation = {.domain = w->domain.id,
                                       .subject = w->domain.node.public_key,
                                       .role = FH_ROLE_NODE,
                                       .not_before_ms = now - TEST_DAY_MS,
                                       .not_after_ms = now + TEST_DAY_MS};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    snprintf(delegation.label, sizeof delegation.label, "now");
    fh_delegation_make(&buf, &delegation, &w->mesh, &w->domain.key.secret);
    return test_record_of(&buf);
}

static void
leave_record(struct world *w, unsigned order, const char *name, const struct test_record *record)
{
    must(fh_home_identity_write(&w->config.home, order, name, test_bytes(record), &w->err),
         &w->err);
}

static int setup(void **state)
{
    static const uint8_t agree_seed[FH_SEED_BYTES] = {2};
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->scratch = test_scratch_make();
    w->domain = test_domain_of(1);
    test_home_make(&w->config.home, &w->scratch);
    test_home_key(&w->config.home, "node", FH_KEY_NODE, w->domain.node.seed, NULL);
    test_home_key(&w->config.home, "node_agree", FH_KEY_NODE_AGREE, agree_seed, NULL);
    fh_settings_init(&w->config.settings);
    w->config.settings.audit = false;
    struct test_record charter = test_charter_1(&w->domain, &w->mesh);
    struct test_record delegation = delegation_now(w);
    leave_record(w, 0, "key", &w->domain.inception);
    leave_record(w, 1, "charter", &charter);
    leave_record(w, 2, "delegation", &delegation);
    fh_mesh_id_text(w->config.settings.mesh, &w->mesh);
    must(fh_residence_open(&w->home, &w->config, &w->err), &w->err);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    fh_residence_close(&w->home);
    test_scratch_remove(&w->scratch);
    free(w);
    return 0;
}

/* Stores a revocation that is dated in an hour and came at this time; gives whether it counts after
 * a restart. */
static bool is_loaded(struct world *w, int64_t received_ms)
{
    int64_t dated_ms = fh_clock_wall_ms() + TEST_HOUR_MS;
    struct test_record revocation =
        test_revocation(&w->domain, FH_REVOKE_KEY, w->domain.publisher.id.b, dated_ms, &w->mesh);
    struct fh_record parsed;
    must(fh_record_parse(&parsed, test_bytes(&revocation), &w->mesh, &w->err), &w->err);
    const struct fh_store_record kept = {.id = parsed.id,
                                         .type = FH_RECORD_REVOCATION,
                                         .domain = w->domain.id,
                                         .bytes = test_bytes(&revocation),
                                         .received_ms = received_ms};
    must(fh_store_record_put(w->home.store, &kept, &w->err), &w->err);
    fh_residence_close(&w->home);
    must(fh_residence_open(&w->home, &w->config, &w->err), &w->err);
    return fh_directory_record(w->home.dir, &parsed.id).size > 0;
}

/* The clock was right when it came, and is behind now. */
static void test_what_came_later_than_now_is_remembered(void **state)
{
    assert_true(is_loaded(*state, fh_clock_wall_ms() + TEST_HOUR_MS));
}

static void test_what_was_ahead_when_it_came_is_not(void **state)
{
    assert_false(is_loaded(*state, fh_clock_wall_ms()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_what_came_later_than_now_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_ahead_when_it_came_is_not, setup, teardown),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
