/* SPDX-License-Identifier: Apache-2.0 */
/* Access requests and their answers as payloads. */
#include "proto/governance/access_request.h"

#include "tests/lib/identities.h"
#include "tests/unit/identity/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#define REQUEST FH_RECORD_ACCESS_REQUEST
#define ANSWER  FH_RECORD_ACCESS_ANSWER
#define WHO     "[11 u1 b32 b32 b32 "

static const struct {
    const char *name;
    unsigned type;
    const char *payload;
    const char *rule;
} rows[] = {
    {"every column", REQUEST, WHO "sflights u0 [0 saudit u9 s u5", ""},
    {"columns and note", REQUEST, WHO "sflights u2 [2 sf.a sf.b saudit u9 splease u5", ""},
    {"for a year", REQUEST, WHO "sflights u2 [0 saudit u31622400005 s u5", ""},
    {"of a token", REQUEST, "[12 u1 b32 b32 b32 sflights u0 [0 saudit u9 s u5 b200", ""},
    {"newer", REQUEST, "[13 u1 b32 b32 b32 sflights u0 [0 saudit u9 s u5 b200 n", ""},
    {"an empty token",
     REQUEST,
     "[12 u1 b32 b32 b32 sflights u0 [0 saudit u9 s u5 b0",
     "pack.shape"},
    {"no bin for a token",
     REQUEST,
     "[12 u1 b32 b32 b32 sflights u0 [0 saudit u9 s u5 n",
     "pack.shape"},
    {"version", REQUEST, "[11 u2 b32 b32 b32 sflights u0 [0 saudit u9 s u5", "pack.version"},
    {"short key", REQUEST, "[11 u1 b32 b16 b32 sflights u0 [0 saudit u9 s u5", "pack.shape"},
    {"product of two names", REQUEST, WHO "sa/flights u0 [0 saudit u9 s u5", "name.form"},
    {"reserved product", REQUEST, WHO "spg_catalog u0 [0 saudit u9 s u5", "name.reserved"},
    {"no purpose", REQUEST, WHO "sflights u0 [0 s u9 s u5", "access.purpose"},
    {"purpose with an escape", REQUEST, WHO "sflights u0 [0 sa\x1b[2J u9 s u5", "access.purpose"},
    {"column without table", REQUEST, WHO "sflights u0 [1 sdelay saudit u9 s u5", "access.columns"},
    {"column twice", REQUEST, WHO "sflights u0 [2 sf.a sf.a saudit u9 s u5", "access.columns"},
    {"note with a bell", REQUEST, WHO "sflights u0 [0 saudit u9 sa\a u5", "access.note"},
    {"until its making", REQUEST, WHO "sflights u0 [0 saudit u5 s u5", "access.time"},
    {"backwards", REQUEST, WHO "sflights u0 [0 saudit u4 s u5", "access.time"},
    {"longer than a year", REQUEST, WHO "sflights u0 [0 saudit u31622400006 s u5", "access.time"},
    {"year 10000", REQUEST, WHO "sflights u0 [0 saudit " T_PAST " s u5", "pack.shape"},
    {"ten fields", REQUEST, "[10 u1 b32 b32 b32 sflights u0 [0 saudit u9 s", "pack.shape"},
    {"approved", ANSWER, "[7 u1 b32 b32 u0 b32 s u5", ""},
    {"approved, with a word", ANSWER, "[7 u1 b32 b32 u0 b32 swelcome u5", ""},
    {"denied", ANSWER, "[7 u1 b32 b32 u1 b0 spersonal_data u5", ""},
    {"answer of a token", ANSWER, "[8 u1 b32 b32 u1 b0 sno u5 b200", ""},
    {"answer, newer", ANSWER, "[9 u1 b32 b32 u1 b0 sno u5 b0 n", ""},
    {"answer, an empty token", ANSWER, "[8 u1 b32 b32 u1 b0 sno u5 b0", "pack.shape"},
    {"approved without grant", ANSWER, "[7 u1 b32 b32 u0 b0 s u5", "access.answer.grant"},
    {"denied with a grant", ANSWER, "[7 u1 b32 b32 u1 b32 sno u5", "access.answer.grant"},
    {"denied without reason", ANSWER, "[7 u1 b32 b32 u1 b0 s u5", "access.answer.reason"},
    {"reason with a bell", ANSWER, "[7 u1 b32 b32 u1 b0 sa\a u5", "access.answer.reason"},
    {"outcome 2", ANSWER, "[7 u1 b32 b32 u2 b0 sno u5", "pack.shape"},
    {"half a grant", ANSWER, "[7 u1 b32 b32 u0 b16 s u5", "pack.shape"},
    {"no request", ANSWER, "[7 u1 b32 b0 u0 b32 s u5", "pack.shape"},
    {"answer, version", ANSWER, "[7 u0 b32 b32 u0 b32 s u5", "pack.version"},
    {"six fields", ANSWER, "[6 u1 b32 b32 u0 b32 s", "pack.shape"},
};

static void test_payloads(void **state)
{
    (void)state;
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_GRANT_BYTES_MAX);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
        struct fh_access_request request;
        struct fh_access_answer answer;
        struct fh_err err = {0};
        assert_non_null(arena);
        payload_of(&payload, rows[i].payload);
        struct fh_record record = {.type = rows[i].type, .payload = fh_buf_view(&payload)};
        int code = record.type == REQUEST ? fh_access_request_decode(&request, &record, arena, &err)
                                          : fh_access_answer_decode(&answer, &record, &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", rows[i].name, err.rule, err.text);
        }
    }
}

static const char *const columns[] = {"flights.delay", "flights.origin"};

static struct fh_access_request sample(void)
{
    struct fh_access_request request = {.consumer = {{1}},
                                        .key = {{2}},
                                        .owner = {{3}},
                                        .product = "flights",
                                        .major = 4,
                                        .columns = {FH_COUNT(columns), columns},
                                        .purpose = "delay report",
                                        .until_ms = TEST_START_MS + TEST_DAY_MS,
                                        .note = "for the yearly report",
                                        .created_ms = TEST_START_MS};
    return request;
}

static void test_both_ways(void **state)
{
    (void)state;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct test_domain domain = test_domain_of(1);
    struct fh_mesh_id mesh = {{5}};
    struct fh_access_request in = sample();
    struct fh_access_request out;
    struct fh_record record;
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    assert_non_null(arena);
    fh_access_request_make(&buf, &in, &mesh, &domain.member.secret);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&buf), &mesh, NULL), FH_OK);
    assert_int_equal(fh_access_request_decode(&out, &record, arena, NULL), FH_OK);
    assert_true(fh_domain_id_equal(&out.consumer, &in.consumer));
    assert_true(fh_domain_id_equal(&out.owner, &in.owner));
    assert_true(fh_key_id_equal(&out.key, &in.key));
    assert_string_equal(out.product, "flights");
    assert_int_equal(out.major, 4);
    assert_int_equal(out.columns.count, 2);
    assert_string_equal(out.columns.texts[0], columns[0]);
    assert_string_equal(out.purpose, in.purpose);
    assert_string_equal(out.note, in.note);
    assert_true(out.until_ms == in.until_ms && out.created_ms == in.created_ms);

    struct fh_access_answer answer = {.owner = in.owner,
                                      .request = record.id,
                                      .outcome = FH_ACCESS_DENIED,
                                      .reason = "nobody reads this yet",
                                      .created_ms = TEST_START_MS + 1};
    struct fh_access_answer again;
    fh_buf_reset(&buf);
    fh_access_answer_make(&buf, &answer, &mesh, &domain.publisher.secret);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&buf), &mesh, NULL), FH_OK);
    assert_int_equal(fh_access_answer_decode(&again, &record, NULL), FH_OK);
    assert_true(fh_record_id_equal(&again.request, &answer.request));
    assert_int_equal(again.outcome, FH_ACCESS_DENIED);
    assert_true(fh_record_id_is_zero(&again.grant));
    assert_string_equal(again.reason, answer.reason);
    assert_string_equal(fh_access_outcome_text(again.outcome), "denied");
    assert_string_equal(fh_access_outcome_text(FH_ACCESS_OUTCOME_COUNT), "unknown");
}

static void test_builders_refuse_what_readers_would(void **state)
{
    (void)state;
    struct test_domain domain = test_domain_of(1);
    struct fh_mesh_id mesh = {{5}};
    struct fh_access_request request = sample();
    struct fh_access_answer answer = {.outcome = FH_ACCESS_APPROVED};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    request.purpose = "";
    fh_access_request_make(&buf, &request, &mesh, &domain.member.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
    fh_buf_reset(&buf);
    fh_access_answer_make(&buf, &answer, &mesh, &domain.publisher.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_builders_refuse_what_readers_would),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
