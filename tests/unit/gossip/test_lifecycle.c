/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/lifecycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define NOW ((int64_t)1772323200000)
#define DAY ((int64_t)24 * 3600 * 1000)

static struct fh_announcement of(enum fh_announce_status status)
{
    struct fh_announcement a = {
        .domain = {{1, 2, 3}},
        .product = "orders",
        .version = "1.0.0",
        .major = 1,
        .revision = 7,
        .status = status,
        .contract = {{9}},
        .contract_bytes = 13384,
        .contract_seq = 3,
        .issued_ms = NOW - DAY,
        .expires_ms = NOW + DAY,
    };
    return a;
}

static void expect(const char *what, int code, const struct fh_err *err, const char *rule)
{
    const char *got = code == FH_OK ? "" : err->rule;
    if (strcmp(got, rule) != 0) {
        fail_msg("%s: expected \"%s\", got \"%s\" (%s)", what, rule, got, err->text);
    }
}

/* Every pair: forward or equal is allowed, backward never. */
static void test_every_pair(void **state)
{
    (void)state;
    static const char allowed[FH_ANNOUNCE_STATUS_COUNT][FH_ANNOUNCE_STATUS_COUNT + 1] = {
        [FH_ANNOUNCE_DRAFT] = "yyyyy",
        [FH_ANNOUNCE_ACTIVE] = "-yyyy",
        [FH_ANNOUNCE_DEPRECATED] = "--yyy",
        [FH_ANNOUNCE_RETIRED] = "---yy",
        [FH_ANNOUNCE_WITHDRAWN] = "----y",
    };
    for (unsigned from = 0; from < FH_ANNOUNCE_STATUS_COUNT; from++) {
        for (unsigned to = 0; to < FH_ANNOUNCE_STATUS_COUNT; to++) {
            struct fh_announcement held = of((enum fh_announce_status)from);
            struct fh_announcement next = of((enum fh_announce_status)to);
            struct fh_err err = {0};
            char what[64];
            snprintf(what,
                     sizeof what,
                     "%s to %s",
                     fh_announce_status_text(from),
                     fh_announce_status_text(to));
            int code = fh_lifecycle_follows(&held, &next, &err);
            expect(
                what, code, &err, allowed[from][to] == 'y' ? "" : "announcement.status.backward");
        }
    }
}

static void test_sunsets(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum fh_announce_status held, next;
        int64_t before, after;
        const char *rule;
    } rows[] = {
        {"the same", 2, 2, NOW + DAY, NOW + DAY, ""},
        {"later", 2, 2, NOW + DAY, NOW + 2 * DAY, ""},
        {"a first one", 2, 2, 0, NOW + DAY, ""},
        {"earlier", 2, 2, NOW + 2 * DAY, NOW + DAY, "announcement.sunset.earlier"},
        {"by a millisecond", 2, 2, NOW + DAY, NOW + DAY - 1, "announcement.sunset.earlier"},
        {"taken back", 2, 2, NOW + DAY, 0, "announcement.sunset.earlier"},
        {"already passed, still", 2, 2, NOW - DAY, NOW - 2 * DAY, "announcement.sunset.earlier"},
        {"gone with retirement", 2, 3, NOW + DAY, 0, ""},
        {"of a retired one", 3, 3, NOW + DAY, NOW, ""},
        {"with the move", 1, 2, 0, NOW + DAY, ""},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_announcement held = of(rows[i].held);
        struct fh_announcement next = of(rows[i].next);
        struct fh_err err = {0};
        held.sunset_ms = rows[i].before;
        next.sunset_ms = rows[i].after;
        expect(rows[i].name, fh_lifecycle_follows(&held, &next, &err), &err, rows[i].rule);
    }
}

static void test_moves(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum fh_announce_status held;
        int64_t promised;
        struct fh_lifecycle_move move;
        const char *rule;
    } rows[] = {
        {"deprecate", 1, 0, {2, NOW + DAY, "orders@2", false}, ""},
        {"deprecate without a date", 1, 0, {2, 0, NULL, false}, ""},
        {"deprecate a draft", 0, 0, {2, 0, NULL, false}, ""},
        {"another successor", 2, NOW + DAY, {2, 0, "shop/orders@2", false}, ""},
        {"put off", 2, NOW + DAY, {2, NOW + 2 * DAY, NULL, false}, ""},
        {"retire at the sunset", 2, NOW, {3, 0, NULL, false}, ""},
        {"retire without a sunset", 2, 0, {3, 0, NULL, false}, ""},
        {"retire a draft", 0, 0, {3, 0, NULL, false}, ""},
        {"name a retired one's successor", 3, 0, {3, 0, "orders@3", false}, ""},
        {"retire early by force", 2, NOW + 1, {3, 0, NULL, true}, ""},
        {"retire an active one by force", 1, 0, {3, 0, NULL, true}, ""},
        {"retire early", 2, NOW + 1, {3, 0, NULL, false}, "lifecycle.retired.early"},
        {"retire an active one", 1, 0, {3, 0, NULL, false}, "lifecycle.retired.early"},
        {"deprecate again", 2, 0, {2, 0, NULL, false}, "lifecycle.unchanged"},
        {"the same date again", 2, NOW + DAY, {2, NOW + DAY, "", false}, "announce.successor"},
        {"retire again", 3, 0, {3, 0, NULL, true}, "lifecycle.unchanged"},
        {"sunset today", 1, 0, {2, NOW, NULL, false}, "lifecycle.sunset.past"},
        {"sunset long ago", 1, 0, {2, 1, NULL, true}, "lifecycle.sunset.past"},
        {"bring forward",
         2,
         NOW + 2 * DAY,
         {2, NOW + DAY, NULL, true},
         "announcement.sunset.earlier"},
        {"deprecate a retired one",
         3,
         0,
         {2, NOW + DAY, NULL, true},
         "announcement.status.backward"},
        {"deprecate a withdrawn one", 4, 0, {2, 0, NULL, true}, "announcement.status.backward"},
        {"retire a withdrawn one", 4, 0, {3, 0, NULL, true}, "announcement.status.backward"},
        {"activate a deprecated one", 2, 0, {1, 0, NULL, true}, "announcement.status.backward"},
        {"no successor at all", 1, 0, {2, 0, "orders", false}, "announce.successor"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_announcement held = of(rows[i].held);
        struct fh_announcement next = {.revision = 99};
        struct fh_err err = {0};
        held.sunset_ms = rows[i].promised;
        int code = fh_lifecycle_move(&next, &held, &rows[i].move, NOW, &err);
        expect(rows[i].name, code, &err, rows[i].rule);
        if (code != FH_OK) {
            assert_true(next.revision == 99); /* untouched */
            continue;
        }
        assert_true(next.revision == 8 && next.issued_ms == NOW);
        assert_true(next.expires_ms == NOW + FH_ANNOUNCEMENT_TTL_MS);
        assert_int_equal(next.status, rows[i].move.status);
        assert_true(next.sunset_ms ==
                    (rows[i].move.sunset_ms != 0 ? rows[i].move.sunset_ms : rows[i].promised));
        assert_string_equal(next.successor,
                            rows[i].move.successor == NULL ? "" : rows[i].move.successor);
        assert_string_equal(next.version, held.version);
        assert_true(fh_record_id_equal(&next.contract, &held.contract));
    }
}

static void test_publishing(void **state)
{
    (void)state;
    enum { NOTHING = FH_ANNOUNCE_STATUS_COUNT };
    static const struct {
        const char *name;
        unsigned held;
        enum fh_announce_status stated, becomes;
        int64_t promised;
        const char *rule;
    } rows[] = {
        {"a first active one", NOTHING, 1, 1, 0, ""},
        {"a first draft", NOTHING, 0, 0, 0, ""},
        {"a first deprecated one", NOTHING, 2, 2, 0, ""},
        {"draft after draft", 0, 0, 0, 0, ""},
        {"active after draft", 0, 1, 1, 0, ""},
        {"active after active", 1, 1, 1, 0, ""},
        {"deprecated after active", 1, 2, 2, 0, ""},
        {"active after deprecated stays", 2, 1, 2, NOW + DAY, ""},
        {"deprecated after deprecated", 2, 2, 2, NOW + DAY, ""},
        {"retired after its sunset", 2, 3, 3, NOW - DAY, ""},
        {"draft after active", 1, 0, 0, 0, "announcement.status.backward"},
        {"draft after deprecated", 2, 0, 0, NOW + DAY, "announcement.status.backward"},
        {"retired after active", 1, 3, 3, 0, "lifecycle.retired.early"},
        {"retired before its sunset", 2, 3, 3, NOW + DAY, "lifecycle.retired.early"},
        {"active after retired", 3, 1, 1, 0, "product.retired"},
        {"retired after retired", 3, 3, 3, 0, "product.retired"},
        {"active after withdrawn", 4, 1, 1, 0, "product.retired"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_announcement held = of((enum fh_announce_status)(rows[i].held % NOTHING));
        struct fh_announcement next = of(rows[i].stated);
        struct fh_err err = {0};
        bool kept = false;
        held.sunset_ms = rows[i].promised;
        snprintf(held.successor, sizeof held.successor, "%s", rows[i].held >= 2 ? "orders@2" : "");
        int code =
            fh_lifecycle_publish(&next, rows[i].held == NOTHING ? NULL : &held, NOW, &kept, &err);
        expect(rows[i].name, code, &err, rows[i].rule);
        if (code == FH_OK) {
            assert_int_equal(next.status, rows[i].becomes);
            assert_int_equal(kept, rows[i].becomes != rows[i].stated);
            bool ends = rows[i].held != NOTHING && rows[i].becomes >= FH_ANNOUNCE_DEPRECATED;
            assert_true(next.sunset_ms == (ends ? rows[i].promised : 0));
            assert_string_equal(next.successor, ends && rows[i].held >= 2 ? "orders@2" : "");
        }
    }
}

static void test_renewal_changes_dates_only(void **state)
{
    (void)state;
    struct fh_announcement held = of(FH_ANNOUNCE_DEPRECATED);
    struct fh_announcement next;
    held.sunset_ms = NOW + DAY;
    snprintf(held.successor, sizeof held.successor, "orders@2");
    fh_lifecycle_renew(&next, &held, NOW);
    assert_true(next.revision == 8 && next.issued_ms == NOW);
    assert_true(next.expires_ms == NOW + FH_ANNOUNCEMENT_TTL_MS);
    next.revision = held.revision;
    next.issued_ms = held.issued_ms;
    next.expires_ms = held.expires_ms;
    assert_memory_equal(&next, &held, sizeof held);
}

static void test_sunset_texts(void **state)
{
    (void)state;
    static const struct {
        int64_t sunset_ms;
        const char *text;
    } rows[] = {
        {0, ""},
        {INT64_C(1806537599999), "2027-03-31"},
        {INT64_C(1806537600000), "2027-04-01T00:00:00Z"},
        {INT64_C(1806494400000), "2027-03-31T12:00:00Z"},
        {INT64_MAX, "out-of-range"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        char text[FH_TIME_TEXT_BYTES];
        fh_sunset_text(text, rows[i].sunset_ms);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_sunsets),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_publishing),
        cmocka_unit_test(test_renewal_changes_dates_only),
        cmocka_unit_test(test_sunset_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
