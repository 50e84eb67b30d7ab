/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of the mesh and waivers, in a mesh whose charter wants two signatures of two: what is
 * taken in which order, each thing that is refused by the rule that refuses it, forks, rollback,
 * and what is in force after a restart. */
#include "node/state/policies_judge.h"

#include "common/mem.h"
#include "proto/identity/charter.h"

#include "tests/unit/state/catalog_world.h"

enum { FLIPS = 3000 }; /* forged records that are tried */

#define HOUR TEST_HOUR_MS

static void add_charter_2(struct world *w)
{
    struct fh_buf one FH_CLEANUP(fh_buf_fini);
    struct fh_buf both FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    const struct test_domain *us = &w->domains[0];
    unsigned first = fh_domain_id_compare(&us->id, &w->domains[1].id) < 0 ? 0 : 1;
    struct fh_charter charter = {.seq = 2,
                                 .created_ms = TEST_START_MS + 2 * HOUR,
                                 .expires_ms = TEST_START_MS + 400 * 24 * HOUR,
                                 .threshold = 2,
                                 .member_count = 2,
                                 .policy_threshold = 2,
                                 .policy_signer_count = 2,
                                 .title = "skyline"};
    memcpy(charter.prev.b, w->mesh.b, sizeof charter.prev.b);
    for (unsigned i = 0; i < 2; i++) {
        const struct test_domain *domain = &w->domains[i == 0 ? first : 1 - first];
        charter.members[i].domain = domain->id;
        charter.policy_signers[i] = domain->id;
        memcpy(charter.members[i].name, domain->name, sizeof domain->name);
    }
    fh_buf_init(&one, FH_RECORD_BYTES_MAX);
    fh_buf_init(&both, FH_RECORD_BYTES_MAX);
    fh_charter_make(&one, &charter, &w->mesh, &us->key.secret);
    must(fh_record_parse(&record, fh_buf_view(&one), &w->mesh, &w->err), &w->err);
    fh_record_cosign(&both, &record, &w->mesh, &w->domains[1].key.secret);
    must(fh_directory_add(w->dir, fh_buf_view(&both), NOW_MS, NULL, &w->err), &w->err);
}

static int setup_agreed(void **state)
{
    int rc = setup(state);
    add_charter_2(*state);
    return rc;
}

/* ---- records ---- */

struct made {
    struct fh_buf bytes;
    struct fh_record_id id;
};

struct fields {
    const char *version;
    uint64_t seq;
    struct fh_record_id prev;
    int64_t created_ms; /* 0: now */
    const char *rules;  /* NULL: one that hides a column */
    const char *said;   /* another version in the record than in the text */
    bool elsewhere;     /* of another mesh */
};

/* Signed by those that are not NULL. */
static struct made seal(const struct world *w,
                        unsigned type,
                        struct fh_bytes payload,
                        const struct test_key *first,
                        const struct test_key *second)
{
    struct made made;
    struct fh_record record;
    struct fh_err err;
    fh_buf_init(&made.bytes, FH_RECORD_BYTES_MAX);
    fh_record_seal(&made.bytes, type, &w->mesh, payload, &first->secret);
    must(fh_record_parse(&record, fh_buf_view(&made.bytes), &w->mesh, &err), &err);
    made.id = record.id;
    if (second != NULL) {
        struct fh_buf both;
        fh_buf_init(&both, FH_RECORD_BYTES_MAX);
        fh_record_cosign(&both, &record, &w->mesh, &second->secret);
        fh_buf_fini(&made.bytes);
        made.bytes = both;
    }
    return made;
}

static struct made sign(const struct world *w,
                        struct fields fields,
                        const struct test_key *first,
                        const struct test_key *second)
{
    char text[512];
    snprintf(text,
             sizeof text,
             "name: agreed\nversion: %s\n%s\n",
             fields.version,
             fields.rules == NULL ? "hide: [{columns: [mail]}]" : fields.rules);
    struct fh_policy_record record = {
        .seq = fields.seq,
        .prev = fields.prev,
        .created_ms = fields.created_ms == 0 ? NOW_MS : fields.created_ms,
        .until_ms = INT64_MAX,
        .name = "agreed",
        .text = fh_bytes_cstr(text),
    };
    memcpy(record.domain.b, w->mesh.b, sizeof record.domain.b);
    record.domain.b[0] ^= fields.elsewhere ? 1 : 0;
    snprintf(record.version,
             sizeof record.version,
             "%s",
             fields.said == NULL ? fields.version : fields.said);
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_policy_record_encode(&payload, &record);
    return seal(w, FH_RECORD_MESH_POLICY, fh_buf_view(&payload), first, second);
}

static struct made sign_both(const struct world *w, struct fields fields)
{
    return sign(w, fields, &w->domains[0].publisher, &w->domains[1].key);
}

static struct fh_policies *open_policies(struct world *w)
{
    struct fh_policies *policies = NULL;
    const struct fh_policies_options options = {
        .store = w->store, .dir = w->dir, .mesh_id = w->mesh, .domain = w->domains[0].id};
    must(fh_policies_open(&policies, &options, &w->err), &w->err);
    return policies;
}

/* Takes a record and expects this rule, or "" when it is new, or "known". */
static void take_at(struct world *w,
                    struct fh_policies *policies,
                    struct made made,
                    int64_t now_ms,
                    const char *rule)
{
    bool is_new = false;
    w->err = (struct fh_err){0};
    int rc = fh_policies_agree(policies, fh_buf_view(&made.bytes), now_ms, &is_new, &w->err);
    const char *said = rc != FH_OK ? w->err.rule : is_new ? "" : "known";
    if (strcmp(said, rule) != 0) {
        fail_msg("%s, not %s: %s", said, rule, w->err.text);
    }
    fh_buf_fini(&made.bytes);
}

static void take(struct world *w, struct fh_policies *policies, struct made made, const char *rule)
{
    take_at(w, policies, made, NOW_MS, rule);
}

/* What is in force: "1.1.0", and "forked". */
static void
expect(const struct fh_policies *policies, const char *version, bool forked, uint32_t of_all)
{
    uint32_t count;
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    assert_int_equal(count, of_all);
    assert_string_equal(held[0]->version, version);
    assert_true(held[0]->mesh);
    assert_int_equal(held[0]->forked, forked);
}

/* ---- tests ---- */

static void test_any_order(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = open_policies(w);
    struct fh_hash none = fh_agreed_hash(fh_policies_agreed(policies));
    struct made one = sign_both(w, (struct fields){.version = "1.0.0", .seq = 1});
    struct fh_record_id first = one.id;
    struct made two = sign_both(w, (struct fields){.version = "1.1.0", .seq = 2, .prev = first});
    struct fh_record_id second = two.id;
    struct made three = sign_both(
        w, (struct fields){.version = "2.0.0", .seq = 3, .prev = second, .created_ms = NOW_MS + 1});
    take(w, policies, two, ""); /* its predecessor is missing: a quorum signed it */
    expect(policies, "1.1.0", false, 1);
    take(w, policies, one, ""); /* history: a rollback changes nothing */
    expect(policies, "1.1.0", false, 1);
    one = sign_both(w, (struct fields){.version = "1.0.0", .seq = 1});
    take(w, policies, one, "known");
    uint64_t generation = fh_policies_generation(policies);
    take(w, policies, three, "");
    assert_true(fh_policies_generation(policies) > generation);
    struct fh_hash hash = fh_agreed_hash(fh_policies_agreed(policies));
    assert_memory_not_equal(hash.b, none.b, sizeof hash.b);
    for (unsigned round = 0; round < 2; round++) { /* before and after a restart */
        struct fh_hash now = fh_agreed_hash(fh_policies_agreed(policies));
        expect(policies, "2.0.0", false, 1);
        assert_memory_equal(now.b, hash.b, sizeof now.b);
        fh_policies_close(policies);
        restart(w);
        policies = open_policies(w);
    }
    fh_policies_close(policies);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    const struct test_domain *us = &w->domains[0];
    const struct test_domain *them = &w->domains[1];
    const struct test_domain *stranger = &w->domains[2];
    struct fh_policies *policies = open_policies(w);
    struct made one = sign_both(w, (struct fields){.version = "1.1.0", .seq = 1});
    struct fh_record_id first = one.id;
    take(w, policies, one, "");
    const struct fields next = {.version = "1.2.0", .seq = 2, .prev = first};
    const struct fh_record_id other = {{9}};
    const struct {
        const char *rule;
        struct fields fields;
        const struct test_key *by;
        const struct test_key *and_by;
    } rows[] = {
        {"identity.charter.policy_threshold", next, &us->key, NULL},
        {"domain.not_admitted", next, &us->key, &stranger->key},
        {"record.signer.twice", next, &us->key, &us->publisher},
        {"record.signer.unknown", next, &us->key, &us->next},
        {"record.signer.role", next, &us->key, &them->node},
        {"record.signer.role", next, &us->key, &them->member},
        {"policy.mesh",
         {.version = "1.2.0", .seq = 2, .prev = first, .elsewhere = true},
         &us->key,
         &them->key},
        {"policy.time.future",
         {.version = "1.2.0", .seq = 2, .prev = first, .created_ms = NOW_MS + FH_CLOCK_SKEW_MS + 1},
         &us->key,
         &them->key},
        /* before there was a charter that makes both sign */
        {"policy.time.back",
         {.version = "1.2.0",
          .seq = 2,
          .prev = first,
          .created_ms = TEST_START_MS + 2 * HOUR + HOUR / 2},
         &us->key,
         &them->key},
        {"policy.version.not_greater",
         {.version = "1.1.0", .seq = 2, .prev = first, .rules = "purposes: [a]"},
         &us->key,
         &them->key},
        {"policy.chain.gap", {.version = "1.2.0", .seq = 2, .prev = other}, &us->key, &them->key},
        {"policy.record.mismatch",
         {.version = "1.2.0", .seq = 2, .prev = first, .said = "1.3.0"},
         &us->key,
         &them->key},
    };
    unsigned failed = 0;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct made made = sign(w, rows[i].fields, rows[i].by, rows[i].and_by);
        bool is_new = false;
        w->err = (struct fh_err){0};
        int rc = fh_policies_agree(policies, fh_buf_view(&made.bytes), NOW_MS, &is_new, &w->err);
        if (rc == FH_OK || strcmp(w->err.rule, rows[i].rule) != 0) {
            print_error("row %zu: %s, not %s\n", i, rc == FH_OK ? "" : w->err.rule, rows[i].rule);
            failed++;
        }
        fh_buf_fini(&made.bytes);
    }
    assert_int_equal(failed, 0);
    expect(policies, "1.1.0", false, 1);
    fh_policies_close(policies);
}

/* Issue 7, bad input: a signer whose delegation has ended, counted with one that has not. Nothing
 * of the policy is in force, and what was stays. */
static void test_expired_signer(void **state)
{
    struct world *w = *state;
    const struct test_domain *us = &w->domains[0];
    const struct test_domain *them = &w->domains[1];
    const int64_t late = TEST_START_MS + 31 * 24 * (int64_t)HOUR;
    struct fh_policies *policies = open_policies(w);
    struct made one = sign_both(w, (struct fields){.version = "1.0.0", .seq = 1});
    const struct fields next = {
        .version = "2.0.0", .seq = 2, .prev = one.id, .created_ms = late, .rules = "purposes: [a]"};
    bool is_new = false;
    take(w, policies, one, "");
    struct made made = sign(w, next, &us->publisher, &them->key);
    assert_int_not_equal(
        fh_policies_agree(policies, fh_buf_view(&made.bytes), late, &is_new, &w->err), FH_OK);
    assert_string_equal(w->err.rule, "record.signer.expired");
    assert_false(is_new);
    fh_buf_fini(&made.bytes);
    expect(policies, "1.0.0", false, 1);
    made = sign(w, next, &us->key, &them->key); /* the same by keys that do not end */
    must(fh_policies_agree(policies, fh_buf_view(&made.bytes), late, &is_new, &w->err), &w->err);
    fh_buf_fini(&made.bytes);
    expect(policies, "2.0.0", false, 1);
    fh_policies_close(policies);
}

/* A bit anywhere, and it is another record or none. */
static void test_forged(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = open_policies(w);
    struct made made = sign_both(w, (struct fields){.version = "1.0.0", .seq = 1});
    unsigned turn = 7;
    for (unsigned i = 0; i < FLIPS; i++) {
        bool is_new = false;
        turn = turn * 1664525U + 1013904223U;
        size_t at = turn % made.bytes.size;
        uint8_t bit = (uint8_t)(1U << (turn >> 24 & 7));
        made.bytes.data[at] ^= bit;
        int rc = fh_policies_agree(policies, fh_buf_view(&made.bytes), NOW_MS, &is_new, &w->err);
        made.bytes.data[at] ^= bit;
        if (rc == FH_OK || is_new || w->err.rule[0] == '\0') {
            fail_msg("bit %02x of byte %zu", bit, at);
        }
    }
    take(w, policies, made, "");
    fh_policies_close(policies);
}

static void test_fork(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = open_policies(w);
    struct made one = sign_both(w, (struct fields){.version = "1.0.0", .seq = 1});
    struct fh_record_id first = one.id;
    take(w, policies, one, "");
    struct made rival =
        sign_both(w, (struct fields){.version = "1.0.1", .seq = 1, .rules = "purposes: [a]"});
    struct fh_record_id second = rival.id;
    take(w, policies, rival, "");
    take(w,
         policies,
         sign_both(w, (struct fields){.version = "1.0.2", .seq = 1, .rules = "purposes: [b]"}),
         ""); /* a third one takes nobody's place */
    for (unsigned round = 0; round < 2; round++) {
        expect(policies, "1.0.0", true, 1);
        fh_policies_close(policies);
        restart(w);
        policies = open_policies(w);
    }
    struct fh_hash forked = fh_agreed_hash(fh_policies_agreed(policies));
    /* A node to which they came the other way round runs the same. */
    struct made next = sign_both(w, (struct fields){.version = "1.1.0", .seq = 2, .prev = second});
    take(w, policies, next, ""); /* settles it, whichever it follows */
    expect(policies, "1.1.0", false, 1);
    struct fh_hash settled = fh_agreed_hash(fh_policies_agreed(policies));
    assert_memory_not_equal(settled.b, forked.b, sizeof settled.b);
    assert_memory_not_equal(first.b, second.b, sizeof first.b);
    fh_policies_close(policies);
}

/* Whichever of them came first, nodes that have the same ones enforce the same. */
static void test_forks_in_any_order(void **state)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char *const rules[] = {"purposes: [a]", "purposes: [b]", "purposes: [c]"};
    struct fh_hash first = {{0}};
    for (size_t i = 0; i < FH_COUNT(orders); i++) {
        struct world *w = *state;
        struct fh_policies *policies = open_policies(w);
        for (unsigned turn = 0; turn < 3; turn++) {
            struct fields fields = {.version = "1.0.0", .seq = 1, .rules = rules[orders[i][turn]]};
            take(w, policies, sign_both(w, fields), "");
        }
        struct fh_hash hash = fh_agreed_hash(fh_policies_agreed(policies));
        first = i == 0 ? hash : first;
        assert_memory_equal(hash.b, first.b, sizeof hash.b);
        fh_policies_close(policies);
        if (i + 1 < FH_COUNT(orders)) { /* another node */
            (void)teardown(state);
            (void)setup_agreed(state);
        }
    }
}

/* No more of one number are kept than anybody needs. */
static void test_many_rivals(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = open_policies(w);
    for (unsigned i = 0; i <= FH_POLICY_RIVALS_MAX + 1; i++) {
        char rules[64];
        snprintf(rules, sizeof rules, "purposes: [p%u]", i);
        struct fields fields = {.version = "1.0.0", .seq = 1, .rules = rules};
        take(w, policies, sign_both(w, fields), i <= FH_POLICY_RIVALS_MAX ? "" : "policy.rivals");
    }
    expect(policies, "1.0.0", true, 1);
    fh_policies_close(policies);
}

/* Until the own name is known every policy of the mesh may be about the own products. */
static void test_own_name_comes(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = NULL;
    const struct test_domain *self = &w->domains[2];
    const struct fh_policies_options options = {
        .store = w->store, .dir = w->dir, .mesh_id = w->mesh, .domain = self->id};
    must(fh_policies_open(&policies, &options, &w->err), &w->err);
    struct fields fields = {
        .version = "1.0.0", .seq = 1, .rules = "domains: [domain0]\nhide: [{columns: [mail]}]"};
    take(w, policies, sign_both(w, fields), "");
    expect(policies, "1.0.0", false, 1);
    uint64_t generation = fh_policies_generation(policies);
    fh_policies_review(policies);
    assert_int_equal(fh_policies_generation(policies), generation);
    struct test_record invitation = test_invitation(&w->domains[0], 7, "", &w->mesh);
    add(w, test_admission(&w->domains[0], self, 7, &invitation, &w->mesh));
    fh_policies_review(policies);
    assert_true(fh_policies_generation(policies) > generation);
    uint32_t count;
    (void)fh_policies_held(policies, &count);
    assert_int_equal(count, 0);
    fh_policies_close(policies);
}

/* What a later version of this program wrote: held, and closes. */
static void test_unreadable(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = open_policies(w);
    struct made made = sign_both(
        w, (struct fields){.version = "1.0.0", .seq = 1, .rules = "products: [a]\nnoise: [1]"});
    take(w, policies, made, "");
    uint32_t count;
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    assert_int_equal(count, 1);
    assert_null(held[0]->policy);
    assert_true(fh_policy_held_governs(held[0], "a", 1));
    assert_false(fh_policy_held_governs(held[0], "b", 1));
    fh_policies_close(policies);
}

/* Whose products it is about. */
static void test_domains(void **state)
{
    struct world *w = *state;
    struct fh_policies *policies = open_policies(w);
    char rules[128];
    uint32_t count;
    snprintf(rules, sizeof rules, "domains: [%s]\nhide: [{tags: [x]}]", w->domains[1].name);
    struct made made = sign_both(w, (struct fields){.version = "1.0.0", .seq = 1, .rules = rules});
    take(w, policies, made, "");
    (void)fh_policies_held(policies, &count);
    assert_int_equal(count, 0); /* none of ours */
    const struct fh_agreed *agreed = fh_policies_agreed(policies);
    const struct fh_agreed_policy *const *all = fh_agreed_policies(agreed, &count);
    assert_int_equal(count, 1);
    assert_true(fh_agreed_governs(agreed, all[0]->held.policy, &w->domains[1].id));
    assert_false(fh_agreed_governs(agreed, all[0]->held.policy, &w->domains[0].id));
    fh_policies_close(policies);
}

/* ---- waivers ---- */

static struct fh_waiver waiver_of(const struct world *w, const struct fh_record_id *policy)
{
    struct fh_waiver waiver = {.mesh = true,
                               .owner = w->domains[0].id,
                               .product = "people",
                               .policy = *policy,
                               .rule = "hide[0]",
                               .since_ms = NOW_MS,
                               .until_ms = NOW_MS + HOUR,
                               .created_ms = NOW_MS,
                               .reason = "an audit"};
    return waiver;
}

static struct made waive(const struct world *w,
                         const struct fh_waiver *waiver,
                         const struct test_key *by,
                         const struct test_key *and_by)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_waiver_encode(&payload, waiver);
    return seal(w, FH_RECORD_WAIVER, fh_buf_view(&payload), by, and_by);
}

static const struct fh_waiver_held *
find(const struct world *w, const struct fh_policies *policies, const char *rule, int64_t now_ms)
{
    uint32_t count;
    const struct fh_waiver_held *const *waivers =
        fh_agreed_waivers(fh_policies_agreed(policies), &count);
    const struct fh_policy_held *const *held = fh_policies_held(policies, &count);
    struct fh_waiver_ask ask = {.policy = &held[0]->id,
                                .rule = rule,
                                .owner = &w->domains[0].id,
                                .product = "people",
                                .major = 1,
                                .consumer = &w->domains[1].id,
                                .key = &w->domains[1].member.id,
                                .now_ms = now_ms};
    (void)fh_agreed_waivers(fh_policies_agreed(policies), &count);
    assert_null(fh_waiver_find(waivers, count, &ask)); /* it is not of a domain's own policy */
    ask.mesh = true;
    return fh_waiver_find(waivers, count, &ask);
}

static void test_waivers(void **state)
{
    struct world *w = *state;
    const struct test_domain *us = &w->domains[0];
    const struct test_domain *them = &w->domains[1];
    struct fh_policies *policies = open_policies(w);
    struct made policy = sign_both(w, (struct fields){.version = "1.0.0", .seq = 1});
    struct fh_record_id id = policy.id;
    take(w, policies, policy, "");
    struct fh_waiver waiver = waiver_of(w, &id);
    assert_null(find(w, policies, "hide[0]", NOW_MS));
    take(w, policies, waive(w, &waiver, &us->publisher, NULL), "identity.charter.policy_threshold");
    take(w, policies, waive(w, &waiver, &us->publisher, &us->key), "record.signer.twice");
    waiver.mesh = false;
    take(w, policies, waive(w, &waiver, &them->publisher, NULL), "record.signer.domain");
    waiver.owner = them->id;
    take(w, policies, waive(w, &waiver, &them->publisher, NULL), "waiver.owner");
    waiver = waiver_of(w, &id);
    take(w, policies, waive(w, &waiver, &us->publisher, &them->publisher), "");
    for (unsigned round = 0; round < 2; round++) {
        assert_non_null(find(w, policies, "hide[0]", NOW_MS));
        assert_non_null(find(w, policies, "hide[0]", NOW_MS + HOUR));
        /* The clock jumps: it is over, or not begun. */
        assert_null(find(w, policies, "hide[0]", NOW_MS + HOUR + 1));
        assert_null(find(w, policies, "hide[0]", NOW_MS - 1));
        assert_null(find(w, policies, "hide[1]", NOW_MS));
        assert_null(find(w, policies, "", NOW_MS));
        fh_policies_close(policies);
        restart(w);
        policies = open_policies(w);
    }
    /* One that is over ends it; the older one cannot come back. */
    struct fh_waiver over = waiver;
    over.until_ms = NOW_MS;
    over.since_ms = NOW_MS;
    over.created_ms = NOW_MS + 1;
    take(w, policies, waive(w, &over, &us->publisher, &them->publisher), "");
    assert_null(find(w, policies, "hide[0]", NOW_MS + 1));
    /* Nor where both come long after. */
    const int64_t later = NOW_MS + 200 * 24 * HOUR;
    struct fh_waiver year = waiver;
    year.rule[0] = '\0';
    year.until_ms = NOW_MS + 365 * 24 * HOUR;
    over.rule[0] = '\0';
    const struct made both[] = {waive(w, &over, &us->publisher, &them->publisher),
                                waive(w, &year, &us->publisher, &them->publisher)};
    for (size_t i = 0; i < FH_COUNT(both); i++) {
        take_at(w, policies, both[i], later, "");
    }
    assert_null(find(w, policies, "hide[0]", later));
    /* The next version of the policy is another policy. */
    struct made next = sign_both(w, (struct fields){.version = "1.1.0", .seq = 2, .prev = id});
    take(w, policies, next, "");
    assert_null(find(w, policies, "hide[0]", NOW_MS));
    fh_policies_close(policies);
}

/* A contract of another domain is judged by what was agreed on before it was made, and by no more.
 */
static void test_foreign_contracts(void **state)
{
    struct world *w = *state;
    const struct test_domain *us = &w->domains[0];
    const struct test_domain *them = &w->domains[1];
    struct fh_policies *policies = open_policies(w);
    struct made made = sign_both(
        w, (struct fields){.version = "1.0.0", .seq = 1, .rules = "require: [{fields: [owner]}]"});
    struct fh_record_id id = made.id;
    take(w, policies, made, "");
    const struct fh_contract contract = {.name = "people", .version = "1.0.0"};
    struct fh_contract_record record = {.domain = them->id, .created_ms = NOW_MS};
    assert_int_equal(fh_policies_judge_foreign(policies, &record, &contract, &w->err), FH_ECHECK);
    assert_string_equal(w->err.rule, "policy.require.owner");
    record.created_ms = NOW_MS - 1;
    assert_int_equal(fh_policies_judge_foreign(policies, &record, &contract, &w->err), FH_OK);
    record.created_ms = NOW_MS + 1;
    struct fh_waiver waiver = waiver_of(w, &id);
    waiver.owner = them->id;
    waiver.rule[0] = '\0';
    take(w, policies, waive(w, &waiver, &us->publisher, &them->publisher), "");
    assert_int_equal(fh_policies_judge_foreign(policies, &record, &contract, &w->err), FH_OK);
    record.created_ms = NOW_MS + 2 * HOUR;
    assert_int_equal(fh_policies_judge_foreign(policies, &record, &contract, &w->err), FH_ECHECK);
    fh_policies_close(policies);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup_agreed, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_any_order),
        WITH(test_refusals),
        WITH(test_expired_signer),
        WITH(test_forged),
        WITH(test_fork),
        WITH(test_forks_in_any_order),
        WITH(test_many_rivals),
        WITH(test_own_name_comes),
        WITH(test_unreadable),
        WITH(test_domains),
        WITH(test_waivers),
        WITH(test_foreign_contracts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
