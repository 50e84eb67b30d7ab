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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_asks),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
