/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: what a member's key may vouch for, what nobody's may, and requests that carry one. */
#include "proto/identity/token.h"

#include "proto/identity/token_end.h"
#include "proto/query/signer.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after those above */
#include <cmocka.h>

#define NOW_MS (TEST_START_MS + 2 * TEST_HOUR_MS)

struct world {
    struct fh_directory *dir;
    struct fh_mesh_id mesh;
    struct test_domain domain, other;
    struct test_key token, stranger;
};

static void take(struct world *w, const struct test_record *record)
{
    struct fh_err err = {0};
    if (fh_directory_add(w->dir, test_bytes(record), NOW_MS, NULL, &err) != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
}

static void delegate(struct world *w, const struct test_key *key, enum fh_role role)
{
    struct test_record record = test_delegation(&w->domain, key, role, &w->mesh);
    take(w, &record);
}

static struct world make(void)
{
    static const struct fh_mesh_id none;
    struct world w = {.domain = test_domain_of(0),
                      .other = test_domain_of(1),
                      .token = test_key_of("token", 0),
                      .stranger = test_key_of("stranger", 0)};
    struct test_record charter = test_charter_1(&w.domain, &w.mesh);
    w.dir = fh_directory_new(&none, &fh_verifier_plain);
    assert_non_null(w.dir);
    take(&w, &w.domain.inception);
    take(&w, &charter);
    take(&w, &w.other.inception); /* a stranger: nobody admitted it */
    delegate(&w, &w.domain.member, FH_ROLE_MEMBER);
    delegate(&w, &w.domain.publisher, FH_ROLE_PUBLISHER);
    delegate(&w, &w.domain.node, FH_ROLE_NODE);
    return w;
}

/* Of the member, for a day from one hour after the start. */
static struct fh_token honest(const struct world *w)
{
    return (struct fh_token){.domain = w->domain.id,
                             .member = w->domain.member.public_key,
                             .key = w->token.public_key,
                             .not_before_ms = TEST_START_MS + TEST_HOUR_MS,
                             .not_after_ms = TEST_START_MS + TEST_HOUR_MS + TEST_DAY_MS,
                             .label = "dashboard"};
}

static struct test_record
sealed(const struct world *w, const struct fh_token *token, const struct test_key *signer)
{
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    fh_token_make(&buf, token, &w->mesh, &signer->secret);
    return test_record_of(&buf);
}

static int
verify(const struct world *w, const struct test_record *record, int64_t when_ms, struct fh_err *err)
{
    struct fh_token read;
    return fh_token_verify(&read, NULL, w->dir, test_bytes(record), when_ms, err);
}

static void
refused(const struct world *w, const struct test_record *record, int64_t when_ms, const char *rule)
{
    struct fh_err err = {0};
    assert_int_not_equal(verify(w, record, when_ms, &err), FH_OK);
    assert_string_equal(err.rule, rule);
}

/* ---- values ---- */

static void test_a_round_trip(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token token = honest(&w);
    struct fh_token read;
    struct fh_record_id id = {{0}};
    struct fh_err err = {0};
    token.purpose_count = 2;
    snprintf(token.purposes[0], sizeof token.purposes[0], "audit");
    snprintf(token.purposes[1], sizeof token.purposes[1], "delay report");
    token.product_count = 2;
    snprintf(token.products[0], sizeof token.products[0], "aviation/flights");
    snprintf(token.products[1], sizeof token.products[1], "aviation/flights@2");
    struct test_record record = sealed(&w, &token, &w.domain.member);
    assert_true(fh_token_is_record(test_bytes(&record)));
    assert_false(fh_token_is_record(test_bytes(&w.domain.inception)));
    assert_int_equal(fh_token_verify(&read, &id, w.dir, test_bytes(&record), NOW_MS, &err), FH_OK);
    assert_memory_equal(&read, &token, sizeof read);
    assert_false(fh_record_id_is_zero(&id));
    fh_directory_free(w.dir);
}

static void long_life(struct fh_token *token)
{
    token->not_after_ms = token->not_before_ms + FH_TOKEN_LIFE_MS + 1;
}
static void no_life(struct fh_token *token)
{
    token->not_after_ms = token->not_before_ms;
}
static void own_key(struct fh_token *token)
{
    token->key = token->member;
}
static void bell(struct fh_token *token)
{
    token->label[0] = '\a';
}
static void empty_purpose(struct fh_token *token)
{
    token->purpose_count = 1;
}
static void purposes_out_of_order(struct fh_token *token)
{
    token->purpose_count = 2;
    token->purposes[0][0] = 'b';
    token->purposes[1][0] = 'a';
}
static void purpose_twice(struct fh_token *token)
{
    token->purpose_count = 2;
    token->purposes[0][0] = 'a';
    token->purposes[1][0] = 'a';
}
static void one_product(struct fh_token *token, const char *name)
{
    token->product_count = 1;
    snprintf(token->products[0], sizeof token->products[0], "%s", name);
}
static void dotted(struct fh_token *token)
{
    one_product(token, "aviation.flights");
}
static void no_domain(struct fh_token *token)
{
    one_product(token, "/flights");
}
static void full_version(struct fh_token *token)
{
    one_product(token, "aviation/flights@1.0");
}
static void version_zero(struct fh_token *token)
{
    one_product(token, "aviation/flights@0");
}
static void no_version(struct fh_token *token)
{
    one_product(token, "aviation/flights@");
}
static void star(struct fh_token *token)
{
    one_product(token, "aviation/*");
}

static void test_values_that_are_no_token(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(struct fh_token *token);
        const char *rule;
    } rows[] = {
        {long_life, "token.time"},
        {no_life, "token.time"},
        {own_key, "token.key"},
        {bell, "token.label"},
        {empty_purpose, "token.purposes"},
        {purposes_out_of_order, "token.purposes"},
        {purpose_twice, "token.purposes"},
        {dotted, "token.products"},
        {no_domain, "token.products"},
        {full_version, "token.products"},
        {version_zero, "token.products"},
        {no_version, "token.products"},
        {star, "token.products"},
    };
    struct world w = make();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_token token = honest(&w);
        struct fh_err err = {0};
        FH_CLEANUP(fh_buf_fini) struct fh_buf buf;
        fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
        rows[i].spoil(&token);
        assert_int_equal(fh_token_check(&token, &err), FH_EINVAL);
        assert_string_equal(err.rule, rows[i].rule);
        fh_token_make(&buf, &token, &w.mesh, &w.domain.member.secret);
        assert_int_not_equal(fh_buf_ok(&buf), FH_OK);
    }
    fh_directory_free(w.dir);
}

/* ---- who may vouch ---- */

static void test_attacks_on_who_vouches(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token token = honest(&w);
    const struct test_key *member = &w.domain.member;
    struct test_record good = sealed(&w, &token, member);
    refused(&w, &good, token.not_before_ms - FH_CLOCK_SKEW_MS - 1, "token.expired");
    refused(&w, &good, token.not_after_ms + 1, "token.expired");

    /* by nobody, in the name of the member and in their own */
    struct test_record by_stranger = sealed(&w, &token, &w.stranger);
    refused(&w, &by_stranger, NOW_MS, "record.signer.unknown");
    struct fh_token own = token;
    own.member = w.stranger.public_key;
    struct test_record of_stranger = sealed(&w, &own, &w.stranger);
    refused(&w, &of_stranger, NOW_MS, "record.signer.unknown");

    /* a token that makes a token */
    struct fh_token chained = token;
    chained.member = w.token.public_key;
    chained.key = w.stranger.public_key;
    struct test_record of_token = sealed(&w, &chained, &w.token);
    refused(&w, &of_token, NOW_MS, "record.signer.unknown");

    /* keys that open no sessions for people */
    struct fh_token noble = token;
    noble.member = w.domain.node.public_key;
    struct test_record of_node = sealed(&w, &noble, &w.domain.node);
    refused(&w, &of_node, NOW_MS, "record.signer.role");
    noble.member = w.domain.key.public_key;
    struct test_record of_domain = sealed(&w, &noble, &w.domain.key);
    refused(&w, &of_domain, NOW_MS, "record.signer.role");

    /* another member in the name of this one */
    struct test_record by_publisher = sealed(&w, &token, &w.domain.publisher);
    refused(&w, &by_publisher, NOW_MS, "token.member");

    /* for another domain */
    struct fh_token foreign = token;
    foreign.domain = w.other.id;
    struct test_record of_other = sealed(&w, &foreign, member);
    refused(&w, &of_other, NOW_MS, "domain.not_admitted");
    foreign.domain.b[0] ^= 1;
    struct test_record of_none = sealed(&w, &foreign, member);
    refused(&w, &of_none, NOW_MS, "record.signer.domain");

    /* under another mesh, and no token at all */
    struct world elsewhere = w;
    elsewhere.mesh.b[0] ^= 1;
    struct test_record of_elsewhere = sealed(&elsewhere, &token, member);
    refused(&w, &of_elsewhere, NOW_MS, "record.signature");
    refused(&w, &w.domain.inception, NOW_MS, "token.record");
    fh_directory_free(w.dir);
}

static void test_a_changed_scope_does_not_verify(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token token = honest(&w);
    token.purpose_count = 1;
    snprintf(token.purposes[0], sizeof token.purposes[0], "audit");
    struct test_record good = sealed(&w, &token, &w.domain.member);
    struct fh_err err = {0};
    assert_int_equal(verify(&w, &good, NOW_MS, &err), FH_OK);
    uint8_t *at = memmem(good.bytes, good.size, "audit", 5);
    assert_non_null(at);
    memcpy(at, "spend", 5);
    refused(&w, &good, NOW_MS, "record.signature");
    fh_directory_free(w.dir);
}

static void test_a_token_ends_with_its_member(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token token = honest(&w);
    struct fh_err err = {0};
    struct test_record good = sealed(&w, &token, &w.domain.member);
    assert_int_equal(verify(&w, &good, NOW_MS, &err), FH_OK);
    struct test_record end = test_revocation(
        &w.domain, FH_REVOKE_KEY, w.domain.member.id.b, TEST_START_MS + 2 * TEST_HOUR_MS, &w.mesh);
    take(&w, &end);
    assert_int_equal(verify(&w, &good, NOW_MS - 1, &err), FH_OK);
    refused(&w, &good, NOW_MS, "record.signer.revoked");
    /* also one that is dated back, and one made afterwards */
    token.not_before_ms = TEST_START_MS + 1;
    struct test_record dated_back = sealed(&w, &token, &w.domain.member);
    refused(&w, &dated_back, NOW_MS, "record.signer.revoked");
    token.not_before_ms = NOW_MS + 1;
    struct test_record later = sealed(&w, &token, &w.domain.member);
    refused(&w, &later, NOW_MS + 1, "record.signer.revoked");
    /* and before the member was one */
    token.not_before_ms = TEST_START_MS - TEST_DAY_MS;
    token.not_after_ms = TEST_START_MS + TEST_DAY_MS;
    struct test_record early = sealed(&w, &token, &w.domain.member);
    refused(&w, &early, TEST_START_MS + 1, "record.signer.expired");
    fh_directory_free(w.dir);
}

/* ---- ended before its time ---- */

static struct fh_record_id id_of(const struct world *w, const struct test_record *record)
{
    struct fh_record parsed;
    assert_int_equal(fh_record_parse(&parsed, test_bytes(record), &w->mesh, NULL), FH_OK);
    return parsed.id;
}

static struct test_record
ended(const struct world *w, const struct fh_token_end *end, const struct test_key *signer)
{
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    fh_token_end_make(&buf, end, &w->mesh, &signer->secret);
    return test_record_of(&buf);
}

static void
not_taken(const struct world *w, const struct test_record *record, int code, const char *rule)
{
    struct fh_directory_outcome outcome;
    struct fh_err err = {0};
    assert_int_equal(fh_directory_add(w->dir, test_bytes(record), NOW_MS, &outcome, &err), code);
    assert_string_equal(err.rule, rule);
}

static void test_ended_by_its_member_alone(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token token = honest(&w);
    struct test_record good = sealed(&w, &token, &w.domain.member);
    struct fh_err err = {0};
    struct fh_token_end end = {.domain = w.domain.id,
                               .member = w.domain.member.public_key,
                               .token = id_of(&w, &good),
                               .since_ms = NOW_MS - 1000,
                               .created_ms = NOW_MS};
    /* by another member in its own name: it ends no token of this one */
    struct fh_token_end others = end;
    others.member = w.domain.publisher.public_key;
    struct test_record by_other = ended(&w, &others, &w.domain.publisher);
    take(&w, &by_other);
    assert_int_equal(verify(&w, &good, NOW_MS, &err), FH_OK);
    /* in the member's name, by others */
    struct test_record forged = ended(&w, &end, &w.domain.publisher);
    not_taken(&w, &forged, FH_ESIG, "record.signature");
    forged = ended(&w, &end, &w.token);
    not_taken(&w, &forged, FH_ESIG, "record.signature");
    forged = ended(&w, &end, &w.domain.key);
    not_taken(&w, &forged, FH_ESIG, "record.signature");
    /* by who is no member, is one elsewhere, or by a domain that nobody admitted */
    others.member = w.stranger.public_key;
    struct test_record unknown = ended(&w, &others, &w.stranger);
    not_taken(&w, &unknown, FH_ENOTFOUND, "identity.missing.delegation");
    others.member = w.domain.node.public_key;
    unknown = ended(&w, &others, &w.domain.node);
    not_taken(&w, &unknown, FH_ENOTFOUND, "identity.missing.delegation");
    others.member = w.domain.member.public_key;
    others.domain = w.other.id;
    unknown = ended(&w, &others, &w.domain.member);
    not_taken(&w, &unknown, FH_EDENIED, "domain.not_admitted");
    others.domain.b[0] ^= 1;
    unknown = ended(&w, &others, &w.domain.member);
    not_taken(&w, &unknown, FH_ENOTFOUND, "identity.missing.key_log");
    /* ahead of the clock */
    struct fh_token_end ahead = end;
    ahead.created_ms = NOW_MS + FH_CLOCK_SKEW_MS + 1;
    struct test_record early = ended(&w, &ahead, &w.domain.member);
    not_taken(&w, &early, FH_EINVAL, "identity.time.future");

    struct test_record honest_end = ended(&w, &end, &w.domain.member);
    take(&w, &honest_end);
    take(&w, &honest_end); /* known */
    assert_int_equal(verify(&w, &good, end.since_ms - 1, &err), FH_OK);
    refused(&w, &good, end.since_ms, "token.revoked");
    refused(&w, &good, NOW_MS + TEST_HOUR_MS, "token.revoked");
    /* the earlier of two words counts */
    end.since_ms = token.not_before_ms;
    struct test_record reaching_back = ended(&w, &end, &w.domain.member);
    take(&w, &reaching_back);
    refused(&w, &good, token.not_before_ms, "token.revoked");
    fh_directory_free(w.dir);
}

/* Whichever comes first, the end of the token or that of its member: the same is held. */
static void test_ended_and_the_member_too(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token token = honest(&w);
    struct test_record good = sealed(&w, &token, &w.domain.member);
    struct test_record revoked =
        test_revocation(&w.domain, FH_REVOKE_KEY, w.domain.member.id.b, TEST_START_MS, &w.mesh);
    const struct fh_token_end end = {.domain = w.domain.id,
                                     .member = w.domain.member.public_key,
                                     .token = id_of(&w, &good),
                                     .since_ms = NOW_MS,
                                     .created_ms = NOW_MS};
    struct test_record record = ended(&w, &end, &w.domain.member);
    take(&w, &revoked);
    take(&w, &record);
    refused(&w, &good, NOW_MS, "record.signer.revoked");
    fh_directory_free(w.dir);
}

static void test_ends_are_bounded(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token_end end = {.domain = w.domain.id,
                               .member = w.domain.member.public_key,
                               .since_ms = NOW_MS,
                               .created_ms = NOW_MS};
    for (unsigned i = 0; i < FH_TOKEN_ENDS_PER_KEY_MAX; i++) {
        end.token.b[0] = (uint8_t)i;
        end.token.b[1] = (uint8_t)(i >> 8);
        end.token.b[2] = 1;
        struct test_record record = ended(&w, &end, &w.domain.member);
        take(&w, &record);
    }
    end.token.b[3] = 1;
    struct test_record one_more = ended(&w, &end, &w.domain.member);
    not_taken(&w, &one_more, FH_ETOOBIG, "identity.token_ends");
    end.member = w.domain.publisher.public_key; /* another key has room */
    struct test_record of_other = ended(&w, &end, &w.domain.publisher);
    take(&w, &of_other);
    fh_directory_free(w.dir);
}

/* ---- what it is for ---- */

static void test_scopes(void **state)
{
    (void)state;
    struct fh_token token = {.purpose_count = 0};
    struct fh_err err = {0};
    assert_int_equal(fh_token_check_purpose(&token, "", &err), FH_OK);
    assert_int_equal(fh_token_check_product(&token, "a", "b", 1, &err), FH_OK);
    token.purpose_count = 1;
    token.product_count = 2;
    snprintf(token.purposes[0], sizeof token.purposes[0], "audit");
    snprintf(token.products[0], sizeof token.products[0], "aviation/flights");
    snprintf(token.products[1], sizeof token.products[1], "shop/orders@2");
    assert_int_equal(fh_token_check_purpose(&token, "audit", &err), FH_OK);
    assert_int_equal(fh_token_check_purpose(&token, "Audit", &err), FH_EDENIED);
    assert_string_equal(err.rule, "token.purpose");
    assert_int_equal(fh_token_check_purpose(&token, "", &err), FH_EDENIED);
    assert_int_equal(fh_token_check_product(&token, "aviation", "flights", 7, &err), FH_OK);
    assert_int_equal(fh_token_check_product(&token, "shop", "orders", 2, &err), FH_OK);
    assert_int_equal(fh_token_check_product(&token, "shop", "orders", 1, &err), FH_EDENIED);
    assert_string_equal(err.rule, "token.product");
    assert_int_equal(fh_token_check_product(&token, "aviation", "flight", 7, &err), FH_EDENIED);
    assert_int_equal(fh_token_check_product(&token, "shop", "flights", 7, &err), FH_EDENIED);
}

/* ---- requests ---- */

static struct fh_query_request question(const struct world *w, const struct test_record *token)
{
    return (struct fh_query_request){.id = {.b = {1}},
                                     .consumer = w->domain.id,
                                     .key = w->domain.member.id,
                                     .sql = fh_bytes_cstr("SELECT 1"),
                                     .purpose = "audit",
                                     .issued_ms = NOW_MS,
                                     .expires_ms = NOW_MS + 60000,
                                     .token = test_bytes(token)};
}

/* Signs the request with `signer` and verifies what comes out of the record. */
static int ask(const struct world *w,
               const struct fh_query_request *request,
               const struct test_key *signer,
               struct fh_token_signer *out,
               struct fh_err *err)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    struct fh_record record;
    struct fh_query_request read;
    fh_buf_init(&payload, FH_RECORD_BYTES_MAX);
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    assert_int_equal(fh_query_request_build(&payload, request, err), FH_OK);
    fh_record_seal(&bytes, FH_RECORD_REQUEST, &w->mesh, fh_buf_view(&payload), &signer->secret);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&bytes), &w->mesh, err), FH_OK);
    assert_int_equal(fh_query_request_parse(&read, record.payload, err), FH_OK);
    assert_true(fh_bytes_equal(read.token, request->token));
    return fh_query_request_verify(out, w->dir, &record, &read, err);
}

static void test_who_signed_a_request(void **state)
{
    (void)state;
    struct world w = make();
    struct fh_token token = honest(&w);
    static struct fh_token_signer signer;
    struct fh_err err = {0};
    struct test_record shown = sealed(&w, &token, &w.domain.member);
    struct fh_query_request request = question(&w, &shown);
    assert_int_equal(ask(&w, &request, &w.token, &signer, &err), FH_OK);
    assert_true(signer.by_token);
    assert_memory_equal(&signer.token, &token, sizeof token);

    assert_int_not_equal(ask(&w, &request, &w.domain.member, &signer, &err), FH_OK);
    assert_string_equal(err.rule, "record.signature"); /* the member's key, beside a token */
    assert_int_not_equal(ask(&w, &request, &w.stranger, &signer, &err), FH_OK);
    assert_string_equal(err.rule, "record.signature");

    request.key = w.domain.publisher.id; /* somebody else's rights */
    assert_int_not_equal(ask(&w, &request, &w.token, &signer, &err), FH_OK);
    assert_string_equal(err.rule, "query.request.token");
    request.key = w.domain.member.id;
    request.consumer = w.other.id;
    assert_int_not_equal(ask(&w, &request, &w.token, &signer, &err), FH_OK);
    assert_string_equal(err.rule, "token.other");
    request.consumer = w.domain.id;

    request.issued_ms = token.not_after_ms + 1;
    request.expires_ms = request.issued_ms + 1;
    assert_int_not_equal(ask(&w, &request, &w.token, &signer, &err), FH_OK);
    assert_string_equal(err.rule, "token.expired");

    token.purpose_count = 1;
    snprintf(token.purposes[0], sizeof token.purposes[0], "sales");
    struct test_record for_sales = sealed(&w, &token, &w.domain.member);
    request = question(&w, &for_sales);
    assert_int_not_equal(ask(&w, &request, &w.token, &signer, &err), FH_OK);
    assert_string_equal(err.rule, "token.purpose");

    request.token = FH_BYTES_NONE; /* signed by a token that it does not carry */
    assert_int_not_equal(ask(&w, &request, &w.token, &signer, &err), FH_OK);
    assert_string_equal(err.rule, "record.signer.unknown");
    assert_int_equal(ask(&w, &request, &w.domain.member, &signer, &err), FH_OK);
    assert_false(signer.by_token);
    assert_true(fh_record_id_is_zero(&signer.token_id));
    fh_directory_free(w.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_round_trip),
        cmocka_unit_test(test_values_that_are_no_token),
        cmocka_unit_test(test_attacks_on_who_vouches),
        cmocka_unit_test(test_a_changed_scope_does_not_verify),
        cmocka_unit_test(test_a_token_ends_with_its_member),
        cmocka_unit_test(test_ended_by_its_member_alone),
        cmocka_unit_test(test_ended_and_the_member_too),
        cmocka_unit_test(test_ends_are_bounded),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_who_signed_a_request),
    };
    if (fh_crypto_init() != FH_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
