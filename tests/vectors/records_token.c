/* SPDX-License-Identifier: Apache-2.0 */
/* Records of tokens: the token, what it signs, and its end. */
#include "common/assert.h"
#include "proto/governance/access_request.h"
#include "proto/governance/grant.h"
#include "proto/identity/deposit.h"
#include "proto/identity/token_end.h"
#include "proto/query/query.h"
#include "tests/vectors/scene.h"
#include "tests/vectors/vector_records.h"
#include "tests/vectors/writer.h"

/* The same key asks for access. */
static void write_asked_by_token(struct scene *scene, struct fh_bytes token)
{
    static const char *const columns[] = {"departures.delay"};
    const struct test_domain *us = &scene->founder;
    struct test_key key = test_key_of("token", 0);
    const struct fh_access_request request = {.consumer = us->id,
                                              .key = us->member.id,
                                              .owner = us->id,
                                              .product = "flights",
                                              .major = 1,
                                              .columns = {1, columns},
                                              .purpose = "safety",
                                              .until_ms = TEST_START_MS + 30 * TEST_DAY_MS,
                                              .note = "",
                                              .created_ms = TEST_START_MS + TEST_HOUR_MS,
                                              .token = token};
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_access_request_make(&record, &request, &scene->mesh, &key.secret);
    vector_sealed(scene, "access_request.token", &record, &key);
}

/* A publisher's token grants what was asked for, and says so. */
static void write_decided_by_token(struct scene *scene)
{
    static const char *const purposes[] = {"safety"};
    const struct test_domain *us = &scene->founder;
    struct test_key key = test_key_of("token", 1);
    const struct fh_token token = {.domain = us->id,
                                   .member = us->publisher.public_key,
                                   .key = key.public_key,
                                   .not_before_ms = TEST_START_MS,
                                   .not_after_ms = TEST_START_MS + TEST_DAY_MS,
                                   .powers = FH_TOKEN_ASK | FH_TOKEN_DECIDE};
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_buf shown FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_buf_init(&shown, FH_RECORD_BYTES_MAX);
    fh_token_make(&shown, &token, &scene->mesh, &us->publisher.secret);
    struct fh_grant grant = {.owner = us->id,
                             .grantee_kind = FH_GRANTEE_KEY,
                             .product = "flights",
                             .major = 1,
                             .purposes = {1, purposes},
                             .rows = "",
                             .not_before_ms = TEST_START_MS + TEST_HOUR_MS,
                             .not_after_ms = TEST_START_MS + 30 * TEST_DAY_MS,
                             .note = "",
                             .request = {{7}},
                             .token = fh_buf_view(&shown)};
    memcpy(grant.grantee, us->member.id.b, FH_ID_BYTES);
    fh_grant_make(&record, &grant, &scene->mesh, &key.secret);
    struct fh_record_id granted = vector_sealed(scene, "grant.token", &record, &key);
    const struct fh_access_answer answer = {.owner = us->id,
                                            .request = grant.request,
                                            .outcome = FH_ACCESS_APPROVED,
                                            .grant = granted,
                                            .created_ms = TEST_START_MS + TEST_HOUR_MS,
                                            .token = fh_buf_view(&shown)};
    fh_access_answer_make(&record, &answer, &scene->mesh, &key.secret);
    vector_sealed(scene, "access_approved.token", &record, &key);
}

/* What ends the token. */
static void write_token_end(struct scene *scene, struct fh_bytes token)
{
    const struct test_domain *us = &scene->founder;
    struct fh_record record;
    struct fh_buf bytes FH_CLEANUP(fh_buf_fini);
    FH_ASSERT(fh_record_parse(&record, token, &scene->mesh, NULL) == FH_OK);
    const struct fh_token_end end = {.domain = us->id,
                                     .member = us->member.public_key,
                                     .token = record.id,
                                     .since_ms = TEST_START_MS + TEST_HOUR_MS,
                                     .created_ms = TEST_START_MS + 2 * TEST_HOUR_MS};
    fh_buf_init(&bytes, FH_RECORD_BYTES_MAX);
    fh_token_end_make(&bytes, &end, &scene->mesh, &us->member.secret);
    vector_sealed(scene, "token_end", &bytes, &us->member);
}

/* A token of the member, a deposit of it, and what it signs. */
void vector_tokens(struct scene *scene)
{
    static const uint8_t secret[FH_TOKEN_SECRET_BYTES] = {0x5e, 0xc4, 0xe7};
    static const uint8_t salt[FH_TOKEN_SALT_BYTES] = {0x5a, 0x17};
    static const struct fh_token_id id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
    static struct fh_query_request request;
    const struct test_domain *us = &scene->founder;
    struct test_key key = test_key_of("token", 0);
    struct fh_token token = {.domain = us->id,
                             .member = us->member.public_key,
                             .key = key.public_key,
                             .not_before_ms = TEST_START_MS,
                             .not_after_ms = TEST_START_MS + TEST_DAY_MS,
                             .label = "dashboard",
                             .purpose_count = 2,
                             .purposes = {"delay report", "safety"},
                             .product_count = 2,
                             .products = {"domain0/flights", "domain1/strikes@2"},
                             .powers = FH_TOKEN_ASK};
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_buf shown FH_CLEANUP(fh_buf_fini);
    struct fh_buf packed FH_CLEANUP(fh_buf_fini);
    struct fh_deposit deposit;
    char text[FH_TOKEN_TEXT_BYTES];
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_buf_init(&shown, FH_RECORD_BYTES_MAX);
    fh_buf_init(&packed, FH_RECORD_BYTES_MAX);
    fh_token_make(&record, &token, &scene->mesh, &us->member.secret);
    fh_buf_add_bytes(&shown, fh_buf_view(&record));
    vector_sealed(scene, "token", &record, &us->member);
    fh_deposit_make(&deposit, &id, secret, salt, key.seed, &key.public_key);
    deposit.record = fh_buf_view(&shown);
    fh_token_text(text, &id, secret);
    fh_pack_array(&packed, FH_DEPOSIT_FIELDS);
    fh_deposit_pack(&packed, &deposit);
    vector_text(scene->out, "text", text);
    vector_hex(scene->out, "seed", fh_bytes(key.seed, sizeof key.seed));
    vector_hex(scene->out, "deposit", fh_buf_view(&packed));
    request = (struct fh_query_request){.consumer = us->id,
                                        .key = us->member.id,
                                        .entry = fh_node_id_of(&us->node.public_key),
                                        .sql = fh_bytes_cstr("SELECT 1"),
                                        .purpose = "safety",
                                        .issued_ms = TEST_START_MS,
                                        .expires_ms = TEST_START_MS + 60000,
                                        .token = fh_buf_view(&shown)};
    memset(request.id.b, 0x22, sizeof request.id.b);
    fh_buf_reset(&scene->payload);
    FH_ASSERT(fh_query_request_build(&scene->payload, &request, NULL) == FH_OK);
    (void)vector_seal(scene, "request.token", FH_RECORD_REQUEST, &key);
    write_asked_by_token(scene, fh_buf_view(&shown));
    write_token_end(scene, fh_buf_view(&shown));
    write_decided_by_token(scene);
}
