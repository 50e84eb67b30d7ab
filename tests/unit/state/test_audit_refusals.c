/* SPDX-License-Identifier: Apache-2.0 */
/* What refusals may take of a file of the audit log, and how those beyond are counted. */
#include "node/state/refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEGMENT = 1024 * 1024, RECORD = 1000 };

static struct fh_domain_id domain_of(unsigned i)
{
    struct fh_domain_id domain = {{0}};
    memcpy(domain.b, &i, sizeof i);
    return domain;
}

static struct fh_refusal refusal_of(unsigned domain, unsigned key, const char *rule)
{
    struct fh_refusal refusal = {
        .domain = domain_of(domain), .domain_name = "museum", .code = FH_EDENIED, .rule = rule};
    memcpy(refusal.key.b, &key, sizeof key);
    return refusal;
}

/* How many records of a domain find room. */
static unsigned fill(struct fh_refusals *refusals, unsigned domain)
{
    struct fh_domain_id id = domain_of(domain);
    unsigned count = 0;
    while (fh_refusals_have_room(refusals, &id)) {
        fh_refusals_take(refusals, &id, RECORD);
        count++;
    }
    return count;
}

static void test_share(void **state)
{
    (void)state;
    static struct fh_refusals refusals;
    unsigned each = SEGMENT / FH_AUDIT_REFUSED_SHARE / FH_AUDIT_REFUSED_DOMAIN_SHARE / RECORD + 1;
    unsigned most = SEGMENT / FH_AUDIT_REFUSED_SHARE / RECORD + 1;
    unsigned all = 0;
    fh_refusals_init(&refusals, SEGMENT);
    assert_int_equal(fill(&refusals, 7), each);
    assert_int_equal(fill(&refusals, 7), 0);
    assert_int_equal(fill(&refusals, 8), each); /* another's is its own */
    assert_int_equal(fill(&refusals, 0), each); /* strangers' too */
    for (unsigned i = 100; i < 200; i++) {
        all += fill(&refusals, i);
    }
    assert_in_range(all + 3 * each, 3 * each, most + 1); /* but all have no more than that */
    fh_refusals_anew(&refusals);
    assert_int_equal(fill(&refusals, 7), each);
}

/* Whoever brings many domains: those that find no place share the strangers'. */
static void test_many_domains(void **state)
{
    (void)state;
    static struct fh_refusals refusals;
    struct fh_domain_id id;
    fh_refusals_init(&refusals, (uint64_t)SEGMENT * 1024);
    for (unsigned i = 1; i <= FH_AUDIT_REFUSED_DOMAINS_MAX; i++) {
        id = domain_of(i);
        fh_refusals_take(&refusals, &id, 1);
    }
    unsigned strangers = fill(&refusals, FH_AUDIT_REFUSED_DOMAINS_MAX + 1);
    assert_true(strangers > 0);
    assert_int_equal(fill(&refusals, FH_AUDIT_REFUSED_DOMAINS_MAX + 2), 0);
    assert_int_equal(fill(&refusals, 0), 0);
    assert_true(fill(&refusals, 1) > 0);
}

static void count(struct fh_refusals *refusals, const struct fh_refusal *refusal, int64_t at_ms)
{
    fh_refusals_count(refusals, refusal, 1000000 + at_ms, at_ms);
}

static void test_counts(void **state)
{
    (void)state;
    static struct fh_refusals refusals;
    const struct fh_refusals_kind *kinds = NULL;
    struct fh_refusal denied = refusal_of(7, 1, "access.denied");
    struct fh_refusal limited = refusal_of(7, 1, "limit.streams");
    struct fh_refusal other_key = refusal_of(7, 2, "access.denied");
    fh_refusals_init(&refusals, SEGMENT);
    assert_int_equal(fh_refusals_due(&refusals, 1, true, &kinds), 0); /* nothing was counted */
    count(&refusals, &denied, 100);
    count(&refusals, &limited, 200);
    count(&refusals, &denied, 300);
    count(&refusals, &other_key, 400);
    assert_int_equal(fh_refusals_due(&refusals, 99 + FH_AUDIT_COUNTED_MS, false, &kinds), 0);
    assert_int_equal(fh_refusals_due(&refusals, 100 + FH_AUDIT_COUNTED_MS, false, &kinds), 3);
    assert_int_equal(kinds[0].counted.count, 2);
    assert_int_equal(kinds[0].counted.first_ms, 1000100);
    assert_int_equal(kinds[0].counted.last_ms, 1000300);
    assert_string_equal(kinds[0].counted.rule, "access.denied");
    assert_string_equal(kinds[0].counted.domain_name, "museum");
    assert_int_equal(kinds[1].counted.count, 1);
    assert_string_equal(kinds[1].counted.rule, "limit.streams");
    assert_int_equal(fh_refusals_due(&refusals, INT64_MAX, false, &kinds), 0); /* once */
}

/* Strangers' keys cost them nothing: they are one. */
static void test_strangers(void **state)
{
    (void)state;
    static struct fh_refusals refusals;
    static const struct fh_key_id nobody;
    const struct fh_refusals_kind *kinds = NULL;
    fh_refusals_init(&refusals, SEGMENT);
    for (unsigned i = 1; i <= 1000; i++) {
        struct fh_refusal refusal = refusal_of(0, i, "domain.not_admitted");
        count(&refusals, &refusal, i);
    }
    assert_int_equal(fh_refusals_due(&refusals, 0, true, &kinds), 1);
    assert_int_equal(kinds[0].counted.count, 1000);
    assert_memory_equal(&kinds[0].counted.key, &nobody, sizeof nobody);
    assert_string_equal(kinds[0].counted.domain_name, "");
}

/* More kinds than are told apart: the last stands for all others, and none is lost. */
static void test_many_kinds(void **state)
{
    (void)state;
    static struct fh_refusals refusals;
    const struct fh_refusals_kind *kinds = NULL;
    uint64_t sum = 0;
    fh_refusals_init(&refusals, SEGMENT);
    for (unsigned i = 0; i < 1000; i++) {
        struct fh_refusal refusal = refusal_of(7, i, "access.denied");
        count(&refusals, &refusal, i);
    }
    uint32_t told = fh_refusals_due(&refusals, 0, true, &kinds);
    assert_int_equal(told, FH_AUDIT_COUNTED_MAX + 1);
    for (uint32_t i = 0; i < told; i++) {
        sum += kinds[i].counted.count;
    }
    assert_int_equal(sum, 1000);
    assert_int_equal(kinds[told - 1].counted.count, 1000 - FH_AUDIT_COUNTED_MAX);
    assert_int_equal(kinds[told - 1].counted.code, FH_OK);
    assert_string_equal(kinds[told - 1].counted.rule, "");
}

/* A flood without end writes ever less often, and one that begins later soon again. */
static void test_interval(void **state)
{
    (void)state;
    static struct fh_refusals refusals;
    const struct fh_refusals_kind *kinds = NULL;
    struct fh_refusal denied = refusal_of(7, 1, "access.denied");
    int64_t now = 1;
    unsigned written = 0;
    const int64_t day_ms = 24 * 3600 * (int64_t)1000;
    fh_refusals_init(&refusals, SEGMENT);
    for (; now < day_ms; now += 500) {
        count(&refusals, &denied, now);
        written += fh_refusals_due(&refusals, now, false, &kinds) > 0;
    }
    assert_in_range(
        written, day_ms / FH_AUDIT_COUNTED_MS_MAX, day_ms / FH_AUDIT_COUNTED_MS_MAX + 8);
    (void)fh_refusals_due(&refusals, now, true, &kinds);
    now += 10 * (int64_t)FH_AUDIT_COUNTED_MS_MAX;
    count(&refusals, &denied, now);
    assert_int_equal(fh_refusals_due(&refusals, now + FH_AUDIT_COUNTED_MS, false, &kinds), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_many_domains),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_many_kinds),
        cmocka_unit_test(test_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
