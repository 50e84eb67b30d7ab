/* SPDX-License-Identifier: Apache-2.0 */
/* The next charter from what people want of it. */
#include "tools/cli/charter_draft.h"

#include "tests/unit/identity/directory_world.h"

#include <string.h>

/* Domain 0 is the charter's only member, 1 is admitted, 2 a stranger. */
static struct fh_charter
draft_of(struct world *world, const struct fh_charter_wishes *wishes, const char *said)
{
    struct fh_charter charter = {.seq = 0};
    struct fh_err err = {0};
    int code = fh_charter_draft(&charter, world->dir, wishes, NOW_MS, &err);
    if ((code == FH_OK) != (said == NULL) || (said != NULL && strstr(err.text, said) == NULL)) {
        fail_msg("expected \"%s\", got: %s", said == NULL ? "" : said, err.text);
    }
    return charter;
}

static void names_become_members(void **state)
{
    struct world *world = *state;
    struct fh_record_id id;
    const struct fh_charter *current = fh_directory_charter(world->dir, &id);
    struct fh_charter next = draft_of(world, &(struct fh_charter_wishes){.add = "domain1"}, NULL);
    assert_int_equal(next.seq, 2);
    assert_true(fh_record_id_equal(&next.prev, &id));
    assert_int_equal(next.created_ms, NOW_MS);
    assert_int_equal(next.expires_ms, NOW_MS + FH_CHARTER_DEFAULT_MS);
    assert_int_equal(next.member_count, 2);
    assert_int_equal(next.threshold, 2); /* 1 is no majority of 2 */
    assert_int_equal(next.policy_signer_count, 2);
    assert_int_equal(next.policy_threshold, 2);
    assert_int_equal(fh_charter_follows(&next, current, &id, NULL), FH_OK);

    next = draft_of(world, &(struct fh_charter_wishes){.expires_ms = NOW_MS + 5}, NULL);
    assert_int_equal(next.expires_ms, NOW_MS + 5);
    assert_int_equal(next.member_count, 1);
    next = draft_of(world,
                    &(struct fh_charter_wishes){
                        .add = "domain1", .policy_signers = "domain1", .policy_threshold = 1},
                    NULL);
    assert_int_equal(next.policy_signer_count, 1);
    assert_true(fh_domain_id_equal(&next.policy_signers[0], &world->domains[1].id));
    next = draft_of(world, &(struct fh_charter_wishes){.expel = " domain1 "}, NULL);
    assert_true(fh_charter_expels(&next, &world->domains[1].id));
}

static void what_does_not_fit_is_said(void **state)
{
    struct world *world = *state;
    static const struct {
        struct fh_charter_wishes wishes;
        const char *said;
    } rows[] = {
        {{.add = "domain2"}, "--add domain2: no domain of this name"},
        {{.add = "domain0"}, "--add domain0: is a member of the charter already"},
        {{.add = "domain1,domain1"}, "--add domain1: is a member of the charter already"},
        {{.add = ""}, "--add"},
        {{.add = "domain1,,domain0"}, "expected names of domains by comma"},
        {{.expel = "nobody"}, "--expel nobody"},
        {{.expel = "domain1,domain1"}, "--expel domain1: is expelled already"},
        {{.readmit = "domain1"}, "--readmit domain1: is not expelled"},
        {{.policy_signers = "domain1"}, "--policy-signers domain1: only members"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        (void)draft_of(world, &rows[i].wishes, rows[i].said);
    }
}

static void changes_are_told(void **state)
{
    struct world *world = *state;
    const struct fh_charter *current = fh_directory_charter(world->dir, NULL);
    static const struct {
        struct fh_charter_wishes wishes;
        const char *told;
    } rows[] = {
        {{0}, "renewal"},
        {{.add = "domain1"}, "+domain1, 2 of 2, policies by 2 of "},
        {{.expel = "domain1"}, "-domain1"},
        {{.add = "domain1", .policy_signers = "domain0"}, "+domain1, 2 of 2"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf text FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&text, 1024);
        struct fh_charter next = draft_of(world, &rows[i].wishes, NULL);
        fh_charter_changes(&text, world->dir, current, &next);
        assert_non_null(strstr(fh_buf_cstr(&text), rows[i].told));
    }
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, 1024);
    fh_charter_changes(&text, world->dir, NULL, current);
    assert_string_equal(fh_buf_cstr(&text), "+domain0, 1 of 1, policies by 1 of domain0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(names_become_members, setup),
        WITH(what_does_not_fit_is_said, setup),
        WITH(changes_are_told, setup),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
