/* SPDX-License-Identifier: Apache-2.0 */
/* Grants and their ends as payloads, and which question a grant covers. */
#include "proto/governance/grant.h"

#include "tests/lib/identities.h"
#include "tests/unit/identity/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>

/* a year of 366 days is 31622400000 ms */
#define TOKEN "[17 u1 b32 u1 b32 sflights u1 "
#define HEAD  "[16 u1 b32 u0 b32 sflights u1 "

static const struct {
    const char *name;
    unsigned type;
    const char *payload;
    const char *rule;
} rows[] = {
    {"every purpose and column", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 n u0 u9 s b0", ""},
    {"of a year", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 n u0 u31622400000 s b0", ""},
    {"for a key", FH_RECORD_GRANT, "[16 u1 b32 u1 b32 sflights u0 [0 [0 s u7 u8 n u0 u9 s b32", ""},
    {"purposes", FH_RECORD_GRANT, HEAD "[2 sads saudit [0 s u0 u0 n u0 u9 s b0", ""},
    {"columns", FH_RECORD_GRANT, HEAD "[0 [2 sf.a sf.b.c s u0 u0 n u0 u9 snote b0", ""},
    {"rows", FH_RECORD_GRANT, HEAD "[0 [0 sdelay<9 u0 u0 n u0 u9 s b0", ""},
    {"newer", FH_RECORD_GRANT, "[18 u1 b32 u0 b32 sflights u1 [0 [0 s u0 u0 n u0 u9 s b0 b0 n", ""},
    {"of a token", FH_RECORD_GRANT, TOKEN "[1 saudit [0 s u0 u0 n u0 u7776000000 s b32 b99", ""},
    {"of a token, too long",
     FH_RECORD_GRANT,
     TOKEN "[1 saudit [0 s u0 u0 n u0 u7776000001 s b32 b99",
     "grant.token.time"},
    {"of a token, unasked",
     FH_RECORD_GRANT,
     TOKEN "[1 saudit [0 s u0 u0 n u0 u9 s b0 b99",
     "grant.token"},
    {"of a token, any purpose",
     FH_RECORD_GRANT,
     TOKEN "[0 [0 s u0 u0 n u0 u9 s b32 b99",
     "grant.token"},
    {"of a token, to a domain",
     FH_RECORD_GRANT,
     "[17 u1 b32 u0 b32 sflights u1 [1 saudit [0 s u0 u0 n u0 u9 s b32 b99",
     "grant.token"},
    {"an empty token",
     FH_RECORD_GRANT,
     TOKEN "[1 saudit [0 s u0 u0 n u0 u9 s b32 b0",
     "pack.shape"},
    {"version",
     FH_RECORD_GRANT,
     "[16 u2 b32 u0 b32 sflights u1 [0 [0 s u0 u0 n u0 u9 s b0",
     "pack.version"},
    {"kind 2",
     FH_RECORD_GRANT,
     "[16 u1 b32 u2 b32 sflights u1 [0 [0 s u0 u0 n u0 u9 s b0",
     "pack.shape"},
    {"short grantee",
     FH_RECORD_GRANT,
     "[16 u1 b32 u0 b31 sflights u1 [0 [0 s u0 u0 n u0 u9 s b0",
     "pack.shape"},
    {"product in capitals",
     FH_RECORD_GRANT,
     "[16 u1 b32 u0 b32 sFlights u1 [0 [0 s u0 u0 n u0 u9 s b0",
     "name.form"},
    {"no product",
     FH_RECORD_GRANT,
     "[16 u1 b32 u0 b32 s u1 [0 [0 s u0 u0 n u0 u9 s b0",
     "name.form"},
    {"major beyond 32 bits",
     FH_RECORD_GRANT,
     "[16 u1 b32 u0 b32 sflights u4294967296 [0 [0 s u0 u0 n u0 u9 s b0",
     "pack.shape"},
    {"an empty purpose", FH_RECORD_GRANT, HEAD "[1 s [0 s u0 u0 n u0 u9 s b0", "grant.purposes"},
    {"purposes out of order",
     FH_RECORD_GRANT,
     HEAD "[2 saudit sads [0 s u0 u0 n u0 u9 s b0",
     "grant.purposes"},
    {"a purpose twice",
     FH_RECORD_GRANT,
     HEAD "[2 sads sads [0 s u0 u0 n u0 u9 s b0",
     "grant.purposes"},
    {"a purpose with an escape",
     FH_RECORD_GRANT,
     HEAD "[1 sa\x1b[2J [0 s u0 u0 n u0 u9 s b0",
     "grant.purposes"},
    {"17 purposes", FH_RECORD_GRANT, HEAD "[17", "pack.shape"},
    {"a column without table",
     FH_RECORD_GRANT,
     HEAD "[0 [1 sdelay s u0 u0 n u0 u9 s b0",
     "grant.columns"},
    {"a table without column",
     FH_RECORD_GRANT,
     HEAD "[0 [1 sf. s u0 u0 n u0 u9 s b0",
     "grant.columns"},
    {"a column of no table",
     FH_RECORD_GRANT,
     HEAD "[0 [1 s.a s u0 u0 n u0 u9 s b0",
     "grant.columns"},
    {"columns out of order",
     FH_RECORD_GRANT,
     HEAD "[0 [2 sf.b sf.a s u0 u0 n u0 u9 s b0",
     "grant.columns"},
    {"a table in capitals",
     FH_RECORD_GRANT,
     HEAD "[0 [1 sF.a s u0 u0 n u0 u9 s b0",
     "grant.columns"},
    {"rows with a bell", FH_RECORD_GRANT, HEAD "[0 [0 sa\a u0 u0 n u0 u9 s b0", "grant.rows"},
    {"a note with a bell", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 n u0 u9 sa\a b0", "grant.note"},
    {"relay is a number", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 u1 u0 u9 s b0", "pack.shape"},
    {"no time", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 n u9 u9 s b0", "grant.time"},
    {"backwards", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 n u9 u8 s b0", "grant.time"},
    {"longer than a year",
     FH_RECORD_GRANT,
     HEAD "[0 [0 s u0 u0 n u0 u31622400001 s b0",
     "grant.time"},
    {"year 10000", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 n u0 " T_PAST " s b0", "pack.shape"},
    {"half a request id", FH_RECORD_GRANT, HEAD "[0 [0 s u0 u0 n u0 u9 s b16", "pack.shape"},
    {"15 fields",
     FH_RECORD_GRANT,
     "[15 u1 b32 u0 b32 sflights u1 [0 [0 s u0 u0 n u0 u9 s",
     "pack.shape"},
    {"an end", FH_RECORD_GRANT_END, "[5 u1 b32 b32 u5 u6", ""},
    {"an end, newer", FH_RECORD_GRANT_END, "[6 u1 b32 b32 u5 u6 n", ""},
    {"an end of no grant", FH_RECORD_GRANT_END, "[5 u1 b32 b0 u5 u6", "pack.shape"},
    {"an end, version", FH_RECORD_GRANT_END, "[5 u0 b32 b32 u5 u6", "pack.version"},
    {"an end before 1970", FH_RECORD_GRANT_END, "[5 u1 b32 b32 -5 u6", "pack.shape"},
    {"an end of four fields", FH_RECORD_GRANT_END, "[4 u1 b32 b32 u5", "pack.shape"},
};

/* Patterns have no Booleans: the only nil before the last two fields becomes false. */
static void nil_to_false(struct fh_buf *payload)
{
    uint8_t *nil = memchr(payload->data, 0xc0, payload->size);
    if (nil != NULL) {
        *nil = 0xc2;
    }
}

static void test_payloads(void **state)
{
    (void)state;
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_GRANT_BYTES_MAX);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
        struct fh_grant grant;
        struct fh_grant_end end;
        struct fh_err err = {0};
        assert_non_null(arena);
        payload_of(&payload, rows[i].payload);
        if (rows[i].type == FH_RECORD_GRANT) {
            nil_to_false(&payload);
        }
        struct fh_record record = {.type = rows[i].type, .payload = fh_buf_view(&payload)};
        int code = record.type == FH_RECORD_GRANT ? fh_grant_decode(&grant, &record, arena, &err)
                                                  : fh_grant_end_decode(&end, &record, &err);
        if (strcmp(err.rule, rows[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", rows[i].name, err.rule, err.text);
        }
    }
}

static const char *const purposes[] = {"delay report", "safety"};
static const char *const columns[] = {"flights.delay", "flights.origin", "routes.origin"};

static struct fh_grant sample(void)
{
    struct fh_grant grant = {.owner = {{1}},
                             .grantee_kind = FH_GRANTEE_DOMAIN,
                             .grantee = {2},
                             .product = "flights",
                             .major = 2,
                             .purposes = {FH_COUNT(purposes), purposes},
                             .columns = {FH_COUNT(columns), columns},
                             .rows = "origin = 'TRS'",
                             .rows_per_day = 100000,
                             .queries_per_hour = 60,
                             .relay_allowed = true,
                             .not_before_ms = TEST_START_MS,
                             .not_after_ms = TEST_START_MS + TEST_DAY_MS,
                             .note = "for the yearly report",
                             .request = {{9}}};
    return grant;
}

static void test_both_ways(void **state)
{
    (void)state;
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct test_domain domain = test_domain_of(1);
    struct fh_mesh_id mesh = {{5}};
    struct fh_grant in = sample();
    struct fh_grant out;
    struct fh_record record;
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    assert_non_null(arena);
    fh_grant_make(&buf, &in, &mesh, &domain.publisher.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&buf), &mesh, NULL), FH_OK);
    assert_int_equal(fh_grant_decode(&out, &record, arena, NULL), FH_OK);
    assert_true(fh_domain_id_equal(&out.owner, &in.owner));
    assert_int_equal(out.grantee_kind, in.grantee_kind);
    assert_memory_equal(out.grantee, in.grantee, sizeof in.grantee);
    assert_string_equal(out.product, in.product);
    assert_int_equal(out.major, 2);
    assert_int_equal(out.purposes.count, 2);
    assert_string_equal(out.purposes.texts[1], "safety");
    assert_int_equal(out.columns.count, 3);
    assert_string_equal(out.columns.texts[2], "routes.origin");
    assert_string_equal(out.rows, in.rows);
    assert_true(out.rows_per_day == 100000 && out.queries_per_hour == 60 && out.relay_allowed);
    assert_true(out.not_before_ms == in.not_before_ms && out.not_after_ms == in.not_after_ms);
    assert_string_equal(out.note, in.note);
    assert_true(fh_record_id_equal(&out.request, &in.request));
    assert_true(
        fh_record_signed_by(&record, 0, &mesh, &domain.publisher.public_key, &fh_verifier_plain));

    struct fh_grant_end end = {.owner = in.owner,
                               .grant = record.id,
                               .since_ms = TEST_START_MS + 5,
                               .created_ms = TEST_START_MS + 6};
    struct fh_grant_end again;
    fh_buf_reset(&buf);
    fh_grant_end_make(&buf, &end, &mesh, &domain.key.secret);
    assert_int_equal(fh_record_parse(&record, fh_buf_view(&buf), &mesh, NULL), FH_OK);
    assert_int_equal(fh_grant_end_decode(&again, &record, NULL), FH_OK);
    assert_true(fh_record_id_equal(&again.grant, &end.grant));
    assert_true(again.since_ms == end.since_ms && again.created_ms == end.created_ms);
}

/* The largest list of the longest columns does not fit a record, and says so; half of it does. */
static void test_size(void **state)
{
    (void)state;
    enum { LONG = 260 };
    static char texts[FH_GRANT_COLUMNS_MAX][LONG + 1];
    static const char *list[FH_GRANT_COLUMNS_MAX];
    struct test_domain domain = test_domain_of(1);
    struct fh_mesh_id mesh = {{5}};
    struct fh_grant grant = sample();
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    for (unsigned i = 0; i < FH_GRANT_COLUMNS_MAX; i++) {
        int used = snprintf(texts[i], sizeof texts[i], "flights.c%05u", i);
        memset(texts[i] + used, 'x', (size_t)(LONG - used));
        texts[i][LONG] = '\0';
        list[i] = texts[i];
    }
    grant.columns = (struct fh_text_list){FH_GRANT_COLUMNS_MAX, list};
    fh_grant_make(&buf, &grant, &mesh, &domain.publisher.secret);
#ifndef FH_TINY_LIMITS
    assert_int_equal(fh_buf_ok(&buf), FH_ETOOBIG);
    fh_buf_reset(&buf);
    for (unsigned i = 0; i < FH_GRANT_COLUMNS_MAX; i++) {
        texts[i][50] = '\0';
    }
    fh_grant_make(&buf, &grant, &mesh, &domain.publisher.secret);
#endif
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
}

static void test_builders_refuse_what_readers_would(void **state)
{
    (void)state;
    struct test_domain domain = test_domain_of(1);
    struct fh_mesh_id mesh = {{5}};
    struct fh_grant grant = sample();
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, FH_RECORD_BYTES_MAX);
    grant.not_after_ms = grant.not_before_ms;
    fh_grant_make(&buf, &grant, &mesh, &domain.publisher.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
    assert_int_equal(buf.size, 0);
    struct fh_grant_end end = {.since_ms = -1};
    fh_buf_reset(&buf);
    fh_grant_end_make(&buf, &end, &mesh, &domain.key.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
}

/* ---- judging ---- */

struct change {
    const char *name;
    enum fh_grant_verdict verdict;
    void (*change)(struct fh_grant_held *held, struct fh_grant_ask *ask);
};

static void nothing(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    (void)ask;
}
static void any_purpose(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->grant.purposes.count = 0;
    ask->purpose = "";
}
static void every_version(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->grant.major = 0;
    ask->major = 7;
}
static void by_key(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->grant.grantee_kind = FH_GRANTEE_KEY;
    memcpy(held->grant.grantee, ask->key.b, FH_ID_BYTES);
    ask->consumer.b[0] = 77;
    ask->entry = ask->consumer;
}
static void last_moment(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    ask->now_ms = held->grant.not_after_ms;
}
static void first_moment(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    ask->now_ms = held->grant.not_before_ms;
}
static void before_its_end(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->ended_ms = ask->now_ms + 1;
}
static void at_the_owner(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->grant.relay_allowed = false;
    ask->entry = held->grant.owner;
}
static void at_a_third(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->entry.b[0] = 88;
}
static void at_a_third_forbidden(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->grant.relay_allowed = false;
    ask->entry.b[0] = 88;
}
static void other_domain(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->consumer.b[0] = 77;
}
static void other_key(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    by_key(held, ask);
    ask->key.b[0]++;
}
static void domain_id_as_key(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->grant.grantee_kind = FH_GRANTEE_KEY;
    (void)ask;
}
static void other_product(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->product = "flight";
}
static void other_major(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->major = 3;
}
static void version_zero(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->major = 0;
}
static void expired(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    ask->now_ms = held->grant.not_after_ms + 1;
}
static void ended(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    held->ended_ms = ask->now_ms;
}
static void too_early(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    ask->now_ms = held->grant.not_before_ms - 1;
}
static void other_purpose(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->purpose = "Safety";
}
static void no_purpose(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->purpose = "";
}
static void purpose_and_more(struct fh_grant_held *held, struct fh_grant_ask *ask)
{
    (void)held;
    ask->purpose = "safety ";
}

static void test_covers(void **state)
{
    static const struct change changes[] = {
        {"as granted", FH_GRANT_COVERS, nothing},
        {"any purpose", FH_GRANT_COVERS, any_purpose},
        {"every version", FH_GRANT_COVERS, every_version},
        {"a key, whichever domain", FH_GRANT_COVERS, by_key},
        {"its last moment", FH_GRANT_COVERS, last_moment},
        {"its first moment", FH_GRANT_COVERS, first_moment},
        {"before its end", FH_GRANT_COVERS, before_its_end},
        {"joined by the owner's node", FH_GRANT_COVERS, at_the_owner},
        {"joined by a third", FH_GRANT_COVERS, at_a_third},
        {"joined by a third, not allowed", FH_GRANT_NO_RELAY, at_a_third_forbidden},
        {"another domain", FH_GRANT_OF_OTHER, other_domain},
        {"another key", FH_GRANT_OF_OTHER, other_key},
        {"a domain where a key is meant", FH_GRANT_OF_OTHER, domain_id_as_key},
        {"another product", FH_GRANT_OTHER_PRODUCT, other_product},
        {"another major version", FH_GRANT_OTHER_VERSION, other_major},
        {"version 0", FH_GRANT_OTHER_VERSION, version_zero},
        {"expired", FH_GRANT_EXPIRED, expired},
        {"ended", FH_GRANT_ENDED, ended},
        {"before it begins", FH_GRANT_NOT_YET, too_early},
        {"another purpose", FH_GRANT_OTHER_PURPOSE, other_purpose},
        {"no purpose stated", FH_GRANT_OTHER_PURPOSE, no_purpose},
        {"a purpose with a space more", FH_GRANT_OTHER_PURPOSE, purpose_and_more},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(changes); i++) {
        struct fh_grant_held held = {.grant = sample(), .ended_ms = INT64_MAX};
        struct fh_grant_ask ask = {.consumer = {{2}},
                                   .key = {{3}},
                                   .entry = {{2}},
                                   .product = "flights",
                                   .major = 2,
                                   .purpose = "safety",
                                   .now_ms = TEST_START_MS + TEST_HOUR_MS};
        changes[i].change(&held, &ask);
        enum fh_grant_verdict verdict = fh_grant_covers(&held, &ask);
        if (verdict != changes[i].verdict) {
            fail_msg("%s: %s", changes[i].name, fh_grant_verdict_text(verdict));
        }
    }
    assert_string_equal(fh_grant_verdict_text(FH_GRANT_VERDICT_COUNT), "unknown");
    assert_string_equal(fh_grantee_kind_text(FH_GRANTEE_KEY), "key");
    assert_string_equal(fh_grantee_kind_text(FH_GRANTEE_KIND_COUNT), "unknown");
}

static void test_columns(void **state)
{
    (void)state;
    struct fh_grant grant = sample();
    assert_true(fh_grant_has_column(&grant, "flights", "delay"));
    assert_true(fh_grant_has_column(&grant, "flights", "origin"));
    assert_true(fh_grant_has_column(&grant, "routes", "origin"));
    assert_false(fh_grant_has_column(&grant, "routes", "delay"));
    assert_false(fh_grant_has_column(&grant, "flights", "dela"));
    assert_false(fh_grant_has_column(&grant, "flights", "delay2"));
    assert_false(fh_grant_has_column(&grant, "flights", ""));
    grant.columns.count = 0;
    assert_true(fh_grant_has_column(&grant, "routes", "delay"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_builders_refuse_what_readers_would),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_columns),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
