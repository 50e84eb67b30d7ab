/* SPDX-License-Identifier: Apache-2.0 */
/* Charters: their form, what may follow, and when enough members have signed. */
#include "proto/identity/charter.h"

#include "tests/lib/identities.h"
#include "tests/unit/identity/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ONE "[1 [2 b32 salpha"
/* expelled, expires, policy signers and their threshold; then the rest. */
#define FULL(expelled, expires, members, signers, policy_k, prev, seq, threshold, title, v)        \
    "{11 screated u5 sexpelled " expelled " sexpires " expires " smembers " members                \
    " spolicy_signers " signers " spolicy_threshold " policy_k " sprev " prev " sseq " seq         \
    " sthreshold " threshold " stitle " title " sv " v
#define CHARTER(members, prev, seq, threshold, title, v)                                           \
    FULL("[0", "u6", members, "[1 b32", "u1", prev, seq, threshold, title, v)
#define GOVERNED(expelled, expires, signers, policy_k)                                             \
    FULL(expelled, expires, ONE, signers, policy_k, "b0", "u1", "u1", "sskyline", "u1")

static const struct {
    const char *name;
    const char *payload;
    const char *rule;
} decodes[] = {
    {"1 of 1", CHARTER(ONE, "b0", "u1", "u1", "sskyline", "u1"), ""},
    {"a later one", CHARTER(ONE, "b32", "u2", "u1", "sskyline", "u1"), ""},
    {"a newer key",
     "{12 screated u5 sexpelled [0 sexpires u6 smembers " ONE " spolicy_signers [1 b32 "
     "spolicy_threshold u1 sprev b0 sseq u1 sthreshold u1 stitle sskyline sv u1 sx n",
     ""},
    {"the longest life", GOVERNED("[0", "u94867200005", "[1 b32", "u1"), ""},
    {"version 2", CHARTER(ONE, "b0", "u1", "u1", "sskyline", "u2"), "pack.version"},
    {"no members", CHARTER("[0", "b0", "u1", "u1", "sskyline", "u1"), "identity.charter.threshold"},
    {"0 of 1", CHARTER(ONE, "b0", "u1", "u0", "sskyline", "u1"), "identity.charter.threshold"},
    {"2 of 1", CHARTER(ONE, "b0", "u1", "u2", "sskyline", "u1"), "identity.charter.threshold"},
    {"seq 0", CHARTER(ONE, "b0", "u0", "u1", "sskyline", "u1"), "identity.charter.seq"},
    {"1 with prev", CHARTER(ONE, "b32", "u1", "u1", "sskyline", "u1"), "identity.charter.seq"},
    {"2 without prev", CHARTER(ONE, "b0", "u2", "u1", "sskyline", "u1"), "identity.charter.seq"},
    {"prev of 16", CHARTER(ONE, "b16", "u2", "u1", "sskyline", "u1"), "pack.shape"},
    {"title", CHARTER(ONE, "b0", "u1", "u1", "sSky", "u1"), "name.form"},
    {"reserved title", CHARTER(ONE, "b0", "u1", "u1", "smain", "u1"), "name.reserved"},
    {"member name", CHARTER("[1 [2 b32 sA", "b0", "u1", "u1", "sskyline", "u1"), "name.form"},
    {"member twice",
     CHARTER("[2 [2 b32 sa [2 b32 sb", "b0", "u1", "u2", "sskyline", "u1"),
     "identity.charter.members"},
    {"member without name", CHARTER("[1 [1 b32", "b0", "u1", "u1", "sskyline", "u1"), "pack.shape"},
    {"seven keys",
     "{7 screated u5 smembers " ONE " sprev b0 sseq u1 sthreshold u1 stitle sskyline sv u1",
     "pack.shape"},
    {"an array", "[11 u1 u2 u3 u4 u5 u6 u7 u8 u9 u10 u11", "pack.shape"},
    {"ends when made", GOVERNED("[0", "u5", "[1 b32", "u1"), "identity.charter.expires"},
    {"ends before", GOVERNED("[0", "u4", "[1 b32", "u1"), "identity.charter.expires"},
    {"ends never", GOVERNED("[0", "u0", "[1 b32", "u1"), "identity.charter.expires"},
    {"a long life", GOVERNED("[0", "u94867200006", "[1 b32", "u1"), "identity.charter.expires"},
    {"past the calendar", GOVERNED("[0", T_PAST, "[1 b32", "u1"), "pack.shape"},
    {"no policy signers", GOVERNED("[0", "u6", "[0", "u1"), "identity.charter.policy_threshold"},
    {"policy 0 of 1", GOVERNED("[0", "u6", "[1 b32", "u0"), "identity.charter.policy_threshold"},
    {"policy 2 of 1", GOVERNED("[0", "u6", "[1 b32", "u2"), "identity.charter.policy_threshold"},
    {"policy signer twice",
     GOVERNED("[0", "u6", "[2 b32 b32", "u2"),
     "identity.charter.policy_signers"},
    {"policy signer of 16", GOVERNED("[0", "u6", "[1 b16", "u1"), "pack.shape"},
    {"a member expelled", GOVERNED("[1 b32", "u6", "[1 b32", "u1"), "identity.charter.expelled"},
    {"expelled of 16", GOVERNED("[1 b16", "u6", "[1 b32", "u1"), "pack.shape"},
    {"expelled no list", GOVERNED("u1", "u6", "[1 b32", "u1"), "pack.shape"},
};

static void payloads(void **state)
{
    (void)state;
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, 1024);
    for (size_t i = 0; i < FH_COUNT(decodes); i++) {
        struct fh_charter charter;
        struct fh_err err = {0};
        payload_of(&payload, decodes[i].payload);
        struct fh_record record = {.type = FH_RECORD_CHARTER, .payload = fh_buf_view(&payload)};
        int code = fh_charter_decode(&charter, &record, &err);
        if (strcmp(err.rule, decodes[i].rule) != 0 || (code == FH_OK) != (err.rule[0] == '\0')) {
            fail_msg("%s: %s: %s", decodes[i].name, err.rule, err.text);
        }
    }
}

/* `count` members; the id of each is its number. */
static struct fh_charter charter_of(unsigned count, unsigned threshold)
{
    struct fh_charter charter = {.seq = 1,
                                 .created_ms = TEST_START_MS,
                                 .expires_ms = TEST_START_MS + TEST_DAY_MS,
                                 .threshold = threshold,
                                 .member_count = count,
                                 .policy_threshold = count / 2 + 1,
                                 .policy_signer_count = count,
                                 .title = "skyline"};
    for (unsigned i = 0; i < count; i++) {
        charter.members[i].domain.b[0] = (uint8_t)(i + 1);
        charter.policy_signers[i] = charter.members[i].domain;
        snprintf(charter.members[i].name, sizeof charter.members[i].name, "member%u", i + 1);
    }
    return charter;
}

static void thresholds_are_majorities(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct fh_mesh_id mesh = {{0}};
    for (unsigned n = 1; n <= FH_CHARTER_MEMBERS_MAX; n++) {
        for (unsigned k = 0; k <= n + 1 && k <= FH_CHARTER_MEMBERS_MAX; k++) {
            struct fh_charter charter = charter_of(n, k);
            struct fh_buf buf FH_CLEANUP(fh_buf_fini);
            fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
            fh_charter_make(&buf, &charter, &mesh, &key.secret);
            assert_int_equal(fh_buf_ok(&buf) == FH_OK,
                             k <= n && k <= FH_RECORD_SIGNATURES_MAX && 2 * k > n);
        }
    }
}

static const struct fh_charter_barred nobody_barred;

static void distinct_members_count(void **state)
{
    (void)state;
    struct fh_charter charter = charter_of(5, 3);
    static const struct {
        const char *name;
        uint8_t signers[6];
        size_t count;
        bool enough;
    } rows[] = {
        {"three", {1, 2, 3}, 3, true},
        {"all", {1, 2, 3, 4, 5}, 5, true},
        {"three and a stranger", {1, 9, 4, 5}, 4, true},
        {"none", {0}, 0, false},
        {"two", {1, 2}, 2, false},
        {"two, one of them thrice", {1, 1, 1, 2}, 4, false},
        {"two and strangers", {1, 2, 7, 8, 9}, 5, false},
        {"strangers", {7, 8, 9}, 3, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_domain_id signers[6] = {{{0}}};
        for (size_t j = 0; j < rows[i].count; j++) {
            signers[j].b[0] = rows[i].signers[j];
        }
        struct fh_err err = {0};
        int code = fh_charter_quorum(&charter, &nobody_barred, signers, rows[i].count, &err);
        assert_int_equal(code, rows[i].enough ? FH_OK : FH_ESIG);
        if (!rows[i].enough) {
            assert_string_equal(err.rule, "identity.charter.threshold");
        }
    }
}

static void distinct_policy_signers_count(void **state)
{
    (void)state;
    struct fh_charter charter = charter_of(5, 3);
    charter.policy_threshold = 2;
    charter.policy_signer_count = 3; /* members 1, 2 and 3 */
    static const struct {
        const char *name;
        uint8_t signers[4];
        size_t count;
        bool enough;
    } rows[] = {
        {"two", {3, 1}, 2, true},
        {"three and a stranger", {1, 9, 2, 3}, 4, true},
        {"one", {2}, 1, false},
        {"one, thrice", {2, 2, 2}, 3, false},
        {"one and members that sign no policies", {1, 4, 5}, 3, false},
        {"members that sign no policies", {4, 5}, 2, false},
        {"none", {0}, 0, false},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_domain_id signers[4] = {{{0}}};
        for (size_t j = 0; j < rows[i].count; j++) {
            signers[j].b[0] = rows[i].signers[j];
        }
        struct fh_err err = {0};
        int code = fh_charter_policy_quorum(&charter, signers, rows[i].count, &err);
        assert_int_equal(code, rows[i].enough ? FH_OK : FH_ESIG);
        if (!rows[i].enough) {
            assert_string_equal(err.rule, "identity.charter.policy_threshold");
        }
    }
}

static void policy_thresholds_are_majorities(void **state)
{
    (void)state;
    struct test_key key = test_key_of("key", 1);
    struct fh_mesh_id mesh = {{0}};
    struct fh_charter charter = charter_of(FH_CHARTER_MEMBERS_MAX, FH_CHARTER_MEMBERS_MAX / 2 + 1);
    for (unsigned n = 0; n <= FH_CHARTER_MEMBERS_MAX; n++) {
        for (unsigned k = 0; k <= n + 1 && k <= FH_CHARTER_MEMBERS_MAX; k++) {
            struct fh_buf buf FH_CLEANUP(fh_buf_fini);
            charter.policy_signer_count = n;
            charter.policy_threshold = k;
            fh_buf_init(&buf, TEST_RECORD_BYTES_MAX);
            fh_charter_make(&buf, &charter, &mesh, &key.secret);
            assert_int_equal(fh_buf_ok(&buf) == FH_OK,
                             n > 0 && k <= n && k <= FH_RECORD_SIGNATURES_MAX && 2 * k > n);
        }
    }
}

static void the_first_is_alone(void **state)
{
    (void)state;
    struct test_domain founder = test_domain_of(0);
    struct fh_charter charter;
    fh_charter_first(&charter, "skyline", &founder.id, "orders", TEST_START_MS);
    assert_int_equal(charter.seq, 1);
    assert_int_equal(charter.expires_ms - charter.created_ms, FH_CHARTER_DEFAULT_MS);
    assert_int_equal(fh_charter_quorum(&charter, &nobody_barred, &founder.id, 1, NULL), FH_OK);
    assert_int_equal(fh_charter_policy_quorum(&charter, &founder.id, 1, NULL), FH_OK);
    assert_int_equal(fh_charter_quorum(&charter, &nobody_barred, NULL, 0, NULL), FH_ESIG);
}

enum change {
    NOTHING,
    PREV,
    SEQ_SAME,
    SEQ_SKIPS,
    EARLIER,
    RENAME,
    SWAP,
    DROP,
    EXPEL,
    ADD,
    RENEW,
    LATE_ADD,
    LATE_THRESHOLD,
    LATE_SIGNERS,
    LATE_POLICY_THRESHOLD,
    LATE_EXPEL,
    LATE_TITLE
};

static const struct {
    enum change change;
    const char *rule;
} follows[] = {
    {NOTHING, ""},
    {EXPEL, ""},
    {ADD, ""},
    {RENEW, ""},
    {DROP, "identity.charter.expelled"},
    {LATE_ADD, "identity.charter.expired"},
    {LATE_THRESHOLD, "identity.charter.expired"},
    {LATE_SIGNERS, "identity.charter.expired"},
    {LATE_POLICY_THRESHOLD, "identity.charter.expired"},
    {LATE_EXPEL, "identity.charter.expired"},
    {LATE_TITLE, "identity.charter.expired"},
    {PREV, "identity.charter.prev"},
    {SEQ_SAME, "identity.charter.prev"},
    {SEQ_SKIPS, "identity.missing.charter"},
    {EARLIER, "identity.charter.time"},
    {RENAME, "identity.name.changed"},
    {SWAP, "identity.name.changed"},
};

static void change_it(struct fh_charter *charter, enum change change)
{
    if (change >= RENEW) {
        charter->created_ms = charter->expires_ms + 1;
        charter->expires_ms += TEST_DAY_MS;
    }
    switch (change) {
    case NOTHING:
        break;
    case PREV:
        charter->prev.b[0] ^= 1;
        break;
    case SEQ_SAME:
        charter->seq = 1;
        break;
    case SEQ_SKIPS:
        charter->seq = 3;
        break;
    case EARLIER:
        charter->created_ms--;
        break;
    case RENAME:
        memcpy(charter->members[1].name, "other", 6);
        break;
    case SWAP:
        memcpy(charter->members[0].name, "member2", 8);
        memcpy(charter->members[1].name, "member1", 8);
        break;
    case EXPEL:
        charter->expelled[0] = charter->members[2].domain;
        charter->expelled_count = 1;
        charter->member_count--;
        charter->policy_signer_count--;
        break;
    case DROP:
        charter->member_count--;
        charter->policy_signer_count--;
        break;
    case RENEW:
        break;
    case LATE_THRESHOLD:
        charter->threshold = 3;
        break;
    case LATE_SIGNERS:
        charter->policy_signer_count--;
        break;
    case LATE_POLICY_THRESHOLD:
        charter->policy_threshold = 3;
        break;
    case LATE_EXPEL:
        charter->expelled[0].b[0] = 98;
        charter->expelled_count = 1;
        break;
    case LATE_TITLE:
        memcpy(charter->title, "sunrise", 8);
        break;
    case LATE_ADD:
    case ADD:
        charter->members[3] = charter->members[2];
        charter->members[3].domain.b[0] = 99;
        memcpy(charter->members[3].name, "newcomer", 9);
        charter->member_count++;
        break;
    }
}

static void one_follows_another(void **state)
{
    (void)state;
    const struct fh_record_id id = {{42}};
    struct fh_charter current = charter_of(3, 2);
    for (size_t i = 0; i < FH_COUNT(follows); i++) {
        struct fh_charter next = current;
        struct fh_err err = {0};
        next.seq = 2;
        next.prev = id;
        change_it(&next, follows[i].change);
        int code = fh_charter_follows(&next, &current, &id, &err);
        assert_string_equal(err.rule, follows[i].rule);
        assert_int_equal(code == FH_OK, follows[i].rule[0] == '\0');
    }
    assert_int_equal(fh_charter_follows(&current, NULL, NULL, NULL), FH_OK);
    current.seq = 2;
    assert_int_equal(fh_charter_follows(&current, NULL, NULL, NULL), FH_ENOTFOUND);
}

static void members_are_found(void **state)
{
    (void)state;
    struct fh_charter charter = charter_of(3, 2);
    const struct fh_domain_id stranger = {{77}};
    assert_int_equal(fh_charter_find(&charter, &charter.members[2].domain), 2);
    assert_int_equal(fh_charter_find(&charter, &stranger), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads),
        cmocka_unit_test(thresholds_are_majorities),
        cmocka_unit_test(distinct_members_count),
        cmocka_unit_test(distinct_policy_signers_count),
        cmocka_unit_test(policy_thresholds_are_majorities),
        cmocka_unit_test(the_first_is_alone),
        cmocka_unit_test(one_follows_another),
        cmocka_unit_test(members_are_found),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
