/* SPDX-License-Identifier: Apache-2.0 */
/* Key events and the chain of a domain's keys. */
#include "proto/identity/keylog.h"

#include "common/mem.h"
#include "tests/lib/identities.h"
#include "tests/unit/identity/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct fh_mesh_id none;

static const struct {
    const char *name;
    const char *payload;
    const char *rule;
} decodes[] = {
    {"inception", "[7 u1 u0 u0 b0 b32 b32 u5", ""},
    {"rotation", "[8 u1 u1 u1 b32 b32 b32 u5 b32", ""},
    {"of a newer version", "[9 u1 u0 u0 b0 b32 b32 u5 snew n", ""},
    {"last year", "[7 u1 u0 u0 b0 b32 b32 " T_MAX, ""},
    {"year 10000", "[7 u1 u0 u0 b0 b32 b32 " T_PAST, "pack.shape"},
    {"before 1970", "[7 u1 u0 u0 b0 b32 b32 -5", "pack.shape"},
    {"version 2", "[7 u2 u0 u0 b0 b32 b32 u5", "pack.version"},
    {"six fields", "[6 u1 u0 u0 b0 b32 b32", "pack.shape"},
    {"kind 2", "[7 u1 u2 u0 b0 b32 b32 u5", "pack.shape"},
    {"inception with a seq", "[7 u1 u0 u1 b0 b32 b32 u5", "identity.keylog.seq"},
    {"rotation without a seq", "[8 u1 u1 u0 b32 b32 b32 u5 b32", "identity.keylog.seq"},
    {"inception with a prev", "[7 u1 u0 u0 b32 b32 b32 u5", "pack.shape"},
    {"rotation without a prev", "[8 u1 u1 u1 b0 b32 b32 u5 b32", "pack.shape"},
    {"rotation without a root", "[7 u1 u1 u1 b32 b32 b32 u5", "pack.shape"},
    {"short key", "[7 u1 u0 u0 b0 b31 b32 u5", "pack.shape"},
    {"long next", "[7 u1 u0 u0 b0 b32 b33 u5", "pack.shape"},
    {"key as a string", "[7 u1 u0 u0 b0 skey b32 u5", "pack.shape"},
    {"a map", "{0", "pack.shape"},
    {"nothing", "n", "pack.shape"},
};

static void events_decode(void **state)
{
    (void)state;
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, 1024);
    for (size_t i = 0; i < FH_COUNT(decodes); i++) {
        struct fh_key_event event;
        struct fh_err err = {0};
        payload_of(&payload, decodes[i].payload);
        struct fh_record record = {.type = FH_RECORD_KEY, .payload = fh_buf_view(&payload)};
        int code = fh_key_event_decode(&event, &record, &err);
        if (strcmp(err.rule, decodes[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", decodes[i].name, err.rule, err.text);
        }
    }
}

/* A chain with its first event in. */
struct chain {
    struct test_domain domain;
    struct fh_keylog log;
};

static int add(struct fh_keylog *log, const struct test_record *bytes, struct fh_err *err)
{
    struct fh_record record;
    struct fh_key_event event;
    enum fh_keylog_result result;
    assert_int_equal(fh_record_parse(&record, test_bytes(bytes), &none, NULL), FH_OK);
    int code = fh_keylog_check(log, &record, &fh_verifier_plain, &event, &result, err);
    if (code == FH_OK) {
        assert_int_equal(fh_keylog_reserve(log), FH_OK);
        fh_keylog_apply(log, &record.id, &event, result);
    }
    return code;
}

static struct chain chain_of(void)
{
    struct chain chain = {.domain = test_domain_of(3)};
    fh_keylog_init(&chain.log);
    assert_int_equal(add(&chain.log, &chain.domain.inception, NULL), FH_OK);
    return chain;
}

/* A rotation that the row changes before it is signed. */
struct rotation_case {
    const char *name;
    const char *rule;
    int64_t created_ms;
    uint64_t seq;
    bool wrong_prev;
    bool uncommitted_key;
};

static const struct rotation_case rotations[] = {
    {"as it should be", "", TEST_START_MS + 1, 1, false, false},
    {"in the same moment", "", TEST_START_MS, 1, false, false},
    {"a key that was not committed", "identity.keylog.commitment", TEST_START_MS, 1, false, true},
    {"another predecessor", "identity.keylog.prev", TEST_START_MS, 1, true, false},
    {"before its predecessor", "identity.keylog.time", TEST_START_MS - 1, 1, false, false},
    {"one left out", "identity.keylog.gap", TEST_START_MS, 2, false, false},
};

static struct test_record rotation_of(const struct chain *chain, const struct rotation_case *row)
{
    const struct test_key *key = row->uncommitted_key ? &chain->domain.later : &chain->domain.next;
    struct fh_key_event event = {.kind = FH_KEY_ROTATION,
                                 .seq = row->seq,
                                 .prev = chain->log.entries[0].id,
                                 .key = key->public_key,
                                 .next = fh_next_key_hash(&chain->domain.key.public_key),
                                 .created_ms = row->created_ms};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    event.prev.b[0] ^= row->wrong_prev ? 1 : 0;
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_key_event_make(&buf, &event, &key->secret);
    return test_record_of(&buf);
}

static void rotations_follow(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rotations); i++) {
        struct chain chain = chain_of();
        struct fh_err err = {0};
        struct test_record record = rotation_of(&chain, &rotations[i]);
        int code = add(&chain.log, &record, &err);
        if (strcmp(err.rule, rotations[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", rotations[i].name, err.rule, err.text);
        }
        assert_int_equal(chain.log.count, code == FH_OK ? 2 : 1);
        fh_keylog_fini(&chain.log);
    }
}

static void signatures_are_checked(void **state)
{
    (void)state;
    struct chain chain = chain_of();
    struct fh_err err = {0};
    struct test_record record = test_rotation(&chain.domain, TEST_START_MS + 1);
    record.bytes[record.size - 1] ^= 1;
    assert_int_equal(add(&chain.log, &record, &err), FH_ESIG);
    assert_string_equal(err.rule, "record.signature");
    struct test_domain other = test_domain_of(4);
    assert_int_equal(add(&chain.log, &other.inception, &err), FH_ESIG);
    assert_string_equal(err.rule, "identity.keylog.prev");
    struct test_record inception = chain.domain.inception;
    inception.bytes[inception.size - 1] ^= 1;
    struct fh_keylog empty;
    fh_keylog_init(&empty);
    assert_int_equal(add(&empty, &inception, &err), FH_ESIG);
    fh_keylog_fini(&empty);
    fh_keylog_fini(&chain.log);
}

static void two_of_one_number_freeze(void **state)
{
    (void)state;
    struct chain chain = chain_of();
    struct fh_err err = {0};
    struct test_record one = test_rotation(&chain.domain, TEST_START_MS + 5);
    struct test_record two = test_rotation(&chain.domain, TEST_START_MS + 3);
    struct test_record three = test_rotation(&chain.domain, TEST_START_MS + 4);
    assert_int_equal(add(&chain.log, &one, NULL), FH_OK);
    assert_int_equal(add(&chain.log, &one, NULL), FH_OK); /* known */
    assert_int_equal(chain.log.count, 2);
    assert_false(chain.log.frozen);
    assert_int_equal(add(&chain.log, &two, NULL), FH_OK);
    assert_true(chain.log.frozen);
    assert_int_equal(chain.log.count, 2);
    assert_int_equal(chain.log.frozen_since_ms, TEST_START_MS + 3);
    assert_int_equal(add(&chain.log, &three, &err), FH_EFORK);
    assert_string_equal(err.rule, "domain.frozen");
    fh_keylog_fini(&chain.log);
}

static void a_key_is_current_for_its_time(void **state)
{
    (void)state;
    struct chain chain = chain_of();
    struct test_record rotation = test_rotation(&chain.domain, TEST_START_MS + TEST_DAY_MS);
    assert_int_equal(add(&chain.log, &rotation, NULL), FH_OK);
    static const struct {
        int64_t when_ms;
        int index;
    } rows[] = {
        {TEST_START_MS - FH_CLOCK_SKEW_MS - 1, -1},
        {TEST_START_MS - FH_CLOCK_SKEW_MS, 0},
        {TEST_START_MS, 0},
        {TEST_START_MS + TEST_DAY_MS - 1, 0},
        {TEST_START_MS + TEST_DAY_MS, 1},
        {TEST_START_MS + 1000 * TEST_DAY_MS, 1},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(fh_keylog_at(&chain.log, rows[i].when_ms), rows[i].index);
    }
    fh_keylog_fini(&chain.log);
}

/* A chain as long as it may be, then one more. */
static void a_log_has_a_limit(void **state)
{
    (void)state;
    struct fh_keylog log;
    struct fh_err err = {0};
    struct fh_key_event event = {.kind = FH_KEY_INCEPTION, .created_ms = TEST_START_MS};
    fh_keylog_init(&log);
    for (unsigned seq = 0; seq <= FH_KEYLOG_EVENTS_MAX; seq++) {
        struct test_key key = test_key_of("chain", seq);
        struct fh_buf buf FH_CLEANUP(fh_buf_fini);
        event.kind = seq == 0 ? FH_KEY_INCEPTION : FH_KEY_ROTATION;
        event.seq = seq;
        event.key = key.public_key;
        struct fh_sign_public next = test_key_of("chain", seq + 1).public_key;
        event.next = fh_next_key_hash(&next);
        if (seq > 0) {
            event.prev = log.entries[seq - 1].id;
        }
        fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
        fh_key_event_make(&buf, &event, &key.secret);
        struct test_record record = test_record_of(&buf);
        int code = add(&log, &record, &err);
        assert_int_equal(code, seq < FH_KEYLOG_EVENTS_MAX ? FH_OK : FH_ETOOBIG);
    }
    assert_string_equal(err.rule, "identity.keylog.length");
    fh_keylog_fini(&log);
}

static void builders_refuse_what_readers_would(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct fh_key_event event = {
        .kind = FH_KEY_INCEPTION, .key = key.public_key, .next = fh_next_key_hash(&key.public_key)};
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
    fh_key_event_make(&buf, &event, &key.secret); /* the next key is the current one */
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
    fh_buf_reset(&buf);
    event.next.b[0] ^= 1;
    event.created_ms = -1;
    fh_key_event_make(&buf, &event, &key.secret);
    assert_int_equal(fh_buf_ok(&buf), FH_EINVAL);
}

static bool deny(size_t size)
{
    (void)size;
    return false;
}

static void memory_and_roots(void **state)
{
    (void)state;
    struct fh_keylog log;
    fh_keylog_init(&log);
    fh_alloc_set_hook(deny);
    int code = fh_keylog_reserve(&log);
    fh_alloc_set_hook(NULL);
    assert_int_equal(code, FH_ENOMEM);
    const struct fh_record_id ids[] = {{{1}}, {{2}}};
    struct fh_hash none_of = fh_records_root(ids, 0);
    struct fh_hash one = fh_records_root(ids, 1);
    struct fh_hash two = fh_records_root(ids, 2);
    assert_memory_not_equal(&none_of, &one, sizeof one);
    assert_memory_not_equal(&one, &two, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_decode),
        cmocka_unit_test(rotations_follow),
        cmocka_unit_test(signatures_are_checked),
        cmocka_unit_test(two_of_one_number_freeze),
        cmocka_unit_test(a_key_is_current_for_its_time),
        cmocka_unit_test(a_log_has_a_limit),
        cmocka_unit_test(builders_refuse_what_readers_would),
        cmocka_unit_test(memory_and_roots),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
