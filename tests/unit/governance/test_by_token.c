/* SPDX-License-Identifier: Apache-2.0 */
/* What a token signs about access: whose word it is, and what a thief of one cannot make of it. */
#include "proto/governance/access_request.h"
#include "tests/lib/identities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after those above */
#include <cmocka.h>

#define MADE_MS  (TEST_START_MS + TEST_HOUR_MS) /* when tokens begin */
#define ASKED_MS (TEST_START_MS + 2 * TEST_HOUR_MS)

struct world {
    struct fh_directory *dir;
    struct fh_mesh_id mesh;
    struct test_domain domain;
    struct test_key token, stranger;
};

static void take(struct world *w, const struct test_record *record)
{
    struct fh_err err = {0};
    if (fh_directory_add(w->dir, test_bytes(record), ASKED_MS, NULL, &err) != FH_OK) {
        fail_msg("%s: %s", err.rule, err.text);
    }
}

static struct world make(void)
{
    static const struct fh_mesh_id none;
    struct world w = {.domain = test_domain_of(0),
                      .token = test_key_of("token", 0),
                      .stranger = test_key_of("stranger", 0)};
    struct test_record charter = test_charter_1(&w.domain, &w.mesh);
    w.dir = fh_directory_new(&none, &fh_verifier_plain);
    assert_non_null(w.dir);
    take(&w, &w.domain.inception);
    take(&w, &charter);
    struct test_record member =
        test_delegation(&w.domain, &w.domain.member, FH_ROLE_MEMBER, &w.mesh);
    struct test_record publisher =
        test_delegation(&w.domain, &w.domain.publisher, FH_ROLE_PUBLISHER, &w.mesh);
    take(&w, &member);
    take(&w, &publisher);
    return w;
}

/* For a day, by whoever vouches. */
static struct fh_token vouched(const struct world *w, const struct test_key *by, unsigned powers)
{
    return (struct fh_token){.domain = w->domain.id,
                             .member = by->public_key,
                             .key = w->token.public_key,
                             .not_before_ms = MADE_MS,
                             .not_after_ms = MADE_MS + TEST_DAY_MS,
                             .powers = powers};
}

static struct test_record
sealed(const struct world *w, const struct fh_token *token, const struct test_key *signer)
{
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    fh_token_make(&buf, token, &w->mesh, &signer->secret);
    return test_record_of(&buf);
}

/* ---- asking ---- */

struct asking {
    struct fh_token token;
    struct fh_access_request request;
    const struct test_key *vouches; /* signs the token */
    const struct test_key *signs;   /* the request */
    bool bare;                      /* it carries no token */
};

static int ask(const struct world *w, const struct asking *a, struct fh_err *err)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    struct test_record carried = sealed(w, &a->token, a->vouches);
    struct fh_access_request request = a->request;
    struct fh_access_request read;
    struct fh_record record;
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    assert_non_null(arena);
    request.token = a->bare ? FH_BYTES_NONE : test_bytes(&carried);
    fh_access_request_make(&buf, &request, &w->mesh, &a->signs->secret);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&buf), &w->mesh, NULL), FH_OK);
    assert_int_equal(fh_access_request_decode(&read, &record, arena, NULL), FH_OK);
    assert_true(fh_bytes_equal(read.token, request.token));
    return fh_access_request_verify(w->dir, &record, &read, "aviation", err);
}

static void narrow_purpose(struct asking *a, struct world *w)
{
    (void)w;
    a->token.purpose_count = 1;
    snprintf(a->token.purposes[0], sizeof a->token.purposes[0], "sales");
}
static void one_product(struct asking *a, const char *product)
{
    a->token.product_count = 1;
    snprintf(a->token.products[0], sizeof a->token.products[0], "%s", product);
}
static void that_product(struct asking *a, struct world *w)
{
    (void)w;
    one_product(a, "aviation/flights");
}
static void that_version(struct asking *a, struct world *w)
{
    (void)w;
    one_product(a, "aviation/flights@2");
    a->request.major = 2;
}
static void other_version(struct asking *a, struct world *w)
{
    that_version(a, w);
    a->request.major = 3;
}
static void every_version(struct asking *a, struct world *w)
{
    that_version(a, w);
    a->request.major = 0;
}
static void other_product(struct asking *a, struct world *w)
{
    (void)w;
    one_product(a, "aviation/delays");
}
static void other_owner(struct asking *a, struct world *w)
{
    (void)w;
    one_product(a, "shop/flights");
}
static void powerless(struct asking *a, struct world *w)
{
    (void)w;
    a->token.powers = 0;
}
static void only_decides(struct asking *a, struct world *w)
{
    (void)w;
    a->token.powers = FH_TOKEN_DECIDE;
}
static void later_power(struct asking *a, struct world *w)
{
    (void)w;
    a->token.powers = 0x80000000U; /* of a version that is not known here */
}
static void too_late(struct asking *a, struct world *w)
{
    (void)w;
    a->request.created_ms = a->token.not_after_ms + 1;
}
static void too_early(struct asking *a, struct world *w)
{
    (void)w;
    a->request.created_ms = a->token.not_before_ms - FH_CLOCK_SKEW_MS - 1;
}
static void for_the_publisher(struct asking *a, struct world *w)
{
    a->request.key = w->domain.publisher.id;
}
static void for_its_own_key(struct asking *a, struct world *w)
{
    a->request.key = w->token.id;
}
static void for_another_domain(struct asking *a, struct world *w)
{
    (void)w;
    a->request.consumer.b[0] ^= 1;
}
static void by_a_stranger(struct asking *a, struct world *w)
{
    a->signs = &w->stranger;
}
static void by_the_member(struct asking *a, struct world *w)
{
    a->signs = &w->domain.member;
}
static void vouched_by_a_stranger(struct asking *a, struct world *w)
{
    a->vouches = &w->stranger;
}
static void vouched_by_itself(struct asking *a, struct world *w)
{
    a->vouches = &w->token;
}
static void no_token(struct asking *a, struct world *w)
{
    (void)w;
    a->bare = true;
}

static void test_who_asks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*change)(struct asking *a, struct world *w);
        const char *rule; /* "": taken */
    } rows[] = {
        {"as it should be", NULL, ""},
        {"for the product", that_product, ""},
        {"for the version", that_version, ""},
        {"for another purpose", narrow_purpose, "token.purpose"},
        {"for another version", other_version, "token.product"},
        {"for every version", every_version, "token.product"},
        {"for another product", other_product, "token.product"},
        {"for another owner's", other_owner, "token.product"},
        {"without powers", powerless, "token.power"},
        {"with another power", only_decides, "token.power"},
        {"with an unknown power", later_power, "token.power"},
        {"after its end", too_late, "token.expired"},
        {"before its beginning", too_early, "token.expired"},
        {"in the name of another key", for_the_publisher, "access.key"},
        {"in its own name", for_its_own_key, "access.key"},
        {"for another domain", for_another_domain, "token.other"},
        {"signed by a stranger", by_a_stranger, "record.signature"},
        {"signed by the member, with a token", by_the_member, "record.signature"},
        {"vouched for by a stranger", vouched_by_a_stranger, "record.signer.unknown"},
        {"vouched for by itself", vouched_by_itself, "record.signer.unknown"},
        {"without the token", no_token, "record.signer.unknown"},
    };
    struct world w = make();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct asking a = {.token = vouched(&w, &w.domain.member, FH_TOKEN_ASK),
                           .request = {.consumer = w.domain.id,
                                       .key = w.domain.member.id,
                                       .owner = w.domain.id,
                                       .product = "flights",
                                       .purpose = "audit",
                                       .until_ms = ASKED_MS + 30 * TEST_DAY_MS,
                                       .note = "",
                                       .created_ms = ASKED_MS},
                           .vouches = &w.domain.member,
                           .signs = &w.token};
        struct fh_err err = {0};
        if (rows[i].change != NULL) {
            rows[i].change(&a, &w);
        }
        int code = ask(&w, &a, &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (rows[i].rule[0] == '\0')) {
            fail_msg("%s: %s: %s", rows[i].name, err.rule, err.text);
        }
    }
    fh_directory_free(w.dir);
}

/* ---- deciding ---- */

static const char *const asked_columns[] = {"flights.delay", "flights.id"};
static const char *const one_column[] = {"flights.delay"};
static const char *const other_column[] = {"flights.origin"};
static const char *const audit[] = {"audit"};
static const char *const sales[] = {"sales"};
static const char *const both[] = {"audit", "sales"};

struct deciding {
    struct fh_token token;
    struct fh_grant grant;
    struct fh_access_request request;
    const struct test_key *vouches;
    const struct test_key *signs;
};

static int decide(const struct world *w, const struct deciding *d, struct fh_err *err)
{
    static const struct fh_record_id asked = {{9}};
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    struct test_record carried = sealed(w, &d->token, d->vouches);
    struct fh_grant grant = d->grant;
    struct fh_grant read;
    struct fh_record record;
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    assert_non_null(arena);
    grant.token = test_bytes(&carried);
    int code = fh_grant_check(&grant, err);
    fh_grant_make(&buf, &grant, &w->mesh, &d->signs->secret);
    assert_int_equal(fh_buf_ok(&buf) == FH_OK, code == FH_OK);
    if (code != FH_OK) {
        return code;
    }
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&buf), &w->mesh, NULL), FH_OK);
    assert_int_equal(fh_grant_decode(&read, &record, arena, NULL), FH_OK);
    code = fh_grant_verify(w->dir, &record, &read, "aviation", read.not_before_ms, NULL, err);
    return code == FH_OK ? fh_access_check_grant(&read, &d->request, &asked, err) : code;
}

static void by_a_member(struct deciding *d, struct world *w)
{
    d->token.member = w->domain.member.public_key;
    d->vouches = &w->domain.member;
}
static void by_the_domain(struct deciding *d, struct world *w)
{
    d->token.member = w->domain.key.public_key;
    d->vouches = &w->domain.key;
}
static void may_only_ask(struct deciding *d, struct world *w)
{
    (void)w;
    d->token.powers = FH_TOKEN_ASK;
}
static void signed_by_the_publisher(struct deciding *d, struct world *w)
{
    d->signs = &w->domain.publisher;
}
static void for_no_request(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.request = (struct fh_record_id){{0}};
}
static void for_a_domain(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.grantee_kind = FH_GRANTEE_DOMAIN;
}
static void for_any_purpose(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.purposes.count = 0;
}
static void for_two_purposes(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.purposes = (struct fh_text_list){2, both};
}
static void for_a_join(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.relay_allowed = true;
}
static void for_long(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.not_after_ms = d->grant.not_before_ms + FH_TOKEN_GRANT_LIFE_MS + 1;
}
static void for_longer_than_asked(struct deciding *d, struct world *w)
{
    (void)w;
    d->request.until_ms = d->grant.not_after_ms - 1;
}
static void to_another_key(struct deciding *d, struct world *w)
{
    memcpy(d->grant.grantee, w->stranger.id.b, FH_ID_BYTES);
}
static void of_another_product(struct deciding *d, struct world *w)
{
    (void)w;
    snprintf(d->grant.product, sizeof d->grant.product, "%s", "delays");
}
static void of_another_version(struct deciding *d, struct world *w)
{
    (void)w;
    d->request.major = 2;
}
static void of_every_version(struct deciding *d, struct world *w)
{
    (void)w;
    d->request.major = 1;
    d->grant.major = 0;
}
static void of_another_request(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.request.b[0]++;
}
static void for_another_purpose(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.purposes = (struct fh_text_list){1, sales};
}
static void of_all_columns(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.columns.count = 0;
}
static void of_another_column(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.columns = (struct fh_text_list){1, other_column};
}
static void of_fewer_columns(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.columns = (struct fh_text_list){1, one_column};
}
static void of_some_of_all(struct deciding *d, struct world *w)
{
    (void)w;
    d->request.columns.count = 0;
}
static void token_for_sales(struct deciding *d, struct world *w)
{
    (void)w;
    d->token.purpose_count = 1;
    snprintf(d->token.purposes[0], sizeof d->token.purposes[0], "sales");
}
static void token_for_delays(struct deciding *d, struct world *w)
{
    (void)w;
    d->token.product_count = 1;
    snprintf(d->token.products[0], sizeof d->token.products[0], "aviation/delays");
}
static void after_the_token(struct deciding *d, struct world *w)
{
    (void)w;
    d->grant.not_before_ms = d->token.not_after_ms + 1;
    d->grant.not_after_ms = d->grant.not_before_ms + 1;
}

static void test_who_decides(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*change)(struct deciding *d, struct world *w);
        const char *rule; /* "": counts */
    } rows[] = {
        {"as it was asked", NULL, ""},
        {"fewer columns", of_fewer_columns, ""},
        {"some of all columns", of_some_of_all, ""},
        {"by a member's token", by_a_member, "record.signer.role"},
        {"by a token of the domain key", by_the_domain, "record.signer.role"},
        {"by a token that asks", may_only_ask, "token.power"},
        {"signed by the publisher, with a token", signed_by_the_publisher, "record.signature"},
        {"for another purpose than the token's", token_for_sales, "token.purpose"},
        {"for another product than the token's", token_for_delays, "token.product"},
        {"after the token's end", after_the_token, "token.expired"},
        {"without a request", for_no_request, "grant.token"},
        {"to a domain", for_a_domain, "grant.token"},
        {"for any purpose", for_any_purpose, "grant.token"},
        {"for two purposes", for_two_purposes, "grant.token"},
        {"for joins elsewhere", for_a_join, "grant.token"},
        {"for more than 90 days", for_long, "grant.token.time"},
        {"for longer than was asked", for_longer_than_asked, "grant.token.more"},
        {"to another key", to_another_key, "grant.token.more"},
        {"another product", of_another_product, "grant.token.more"},
        {"another version", of_another_version, "grant.token.more"},
        {"every version for one", of_every_version, "grant.token.more"},
        {"another request", of_another_request, "grant.token.more"},
        {"another purpose", for_another_purpose, "grant.token.more"},
        {"all columns for some", of_all_columns, "grant.token.more"},
        {"another column", of_another_column, "grant.token.more"},
    };
    struct world w = make();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct deciding d = {.token = vouched(&w, &w.domain.publisher, FH_TOKEN_DECIDE),
                             .grant = {.owner = w.domain.id,
                                       .grantee_kind = FH_GRANTEE_KEY,
                                       .product = "flights",
                                       .major = 1,
                                       .purposes = {1, audit},
                                       .columns = {2, asked_columns},
                                       .rows = "",
                                       .not_before_ms = ASKED_MS,
                                       .not_after_ms = ASKED_MS + FH_TOKEN_GRANT_LIFE_MS,
                                       .note = "",
                                       .request = {{9}}},
                             .request = {.owner = w.domain.id,
                                         .key = w.domain.member.id,
                                         .product = "flights",
                                         .columns = {2, asked_columns},
                                         .purpose = "audit",
                                         .until_ms = ASKED_MS + FH_TOKEN_GRANT_LIFE_MS},
                             .vouches = &w.domain.publisher,
                             .signs = &w.token};
        struct fh_err err = {0};
        memcpy(d.grant.grantee, w.domain.member.id.b, FH_ID_BYTES);
        if (rows[i].change != NULL) {
            rows[i].change(&d, &w);
        }
        int code = decide(&w, &d, &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (rows[i].rule[0] == '\0')) {
            fail_msg("%s: %s: %s", rows[i].name, err.rule, err.text);
        }
    }
    fh_directory_free(w.dir);
}

/* Answers: whose they are, and for which requests. */
static void test_who_answers(void **state)
{
    (void)state;
    static const struct {
        const char *purpose; /* of the request */
        uint32_t powers;
        bool by_member;
        const char *rule;
    } rows[] = {
        {"audit", FH_TOKEN_DECIDE, false, ""},
        {"audit", FH_TOKEN_DECIDE | FH_TOKEN_ASK, false, ""},
        {"sales", FH_TOKEN_DECIDE, false, "token.purpose"},
        {"audit", FH_TOKEN_ASK, false, "token.power"},
        {"audit", FH_TOKEN_DECIDE, true, "record.signer.role"},
    };
    struct world w = make();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct test_key *by = rows[i].by_member ? &w.domain.member : &w.domain.publisher;
        struct fh_token token = vouched(&w, by, rows[i].powers);
        struct fh_buf buf FH_CLEANUP(fh_buf_fini);
        struct fh_record record;
        struct fh_access_answer read;
        struct fh_err err = {0};
        token.purpose_count = 1;
        snprintf(token.purposes[0], sizeof token.purposes[0], "audit");
        struct test_record carried = sealed(&w, &token, by);
        const struct fh_access_request request = {.product = "flights", .purpose = rows[i].purpose};
        const struct fh_access_answer answer = {.owner = w.domain.id,
                                                .request = {{9}},
                                                .outcome = FH_ACCESS_DENIED,
                                                .reason = "no",
                                                .created_ms = ASKED_MS,
                                                .token = test_bytes(&carried)};
        fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
        fh_access_answer_make(&buf, &answer, &w.mesh, &w.token.secret);
        assert_int_equal(fh_record_parse(&record, fh_buf_view(&buf), &w.mesh, NULL), FH_OK);
        assert_int_equal(fh_access_answer_decode(&read, &record, NULL), FH_OK);
        int code =
            fh_access_answer_verify(w.dir, &record, &read, &request, "aviation", ASKED_MS, &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (rows[i].rule[0] == '\0')) {
            fail_msg("row %zu: %s: %s", i, err.rule, err.text);
        }
    }
    fh_directory_free(w.dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_asks),
        cmocka_unit_test(test_who_decides),
        cmocka_unit_test(test_who_answers),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
