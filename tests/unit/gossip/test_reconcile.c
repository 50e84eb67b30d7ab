/* SPDX-License-Identifier: Apache-2.0 */
/* Range sets against a plain list, and reconciliation against a plain comparison. */
#include "proto/gossip/reconcile.h"

#include "common/prng.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

enum { SET_MAX = 200000 };

static void random_bytes(struct fh_prng *prng, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)fh_prng_below(prng, 256);
    }
}

static struct fh_rangeset *new_set(size_t limit)
{
    struct fh_rangeset *set;
    struct fh_err err;
    assert_int_equal(fh_rangeset_new(&set, limit, &err), FH_OK);
    return set;
}

static void put(struct fh_rangeset *set, const struct fh_range_element *element)
{
    struct fh_err err;
    assert_int_equal(fh_rangeset_put(set, &element->key, &element->id, &err), FH_OK);
}

/* Few leading bytes, so that keys are dense and many share long prefixes. */
static struct fh_range_element random_element(struct fh_prng *prng, unsigned spread)
{
    struct fh_range_element element = {.key = {{0}}};
    for (unsigned i = 0; i < 4; i++) {
        element.key.b[i] = (uint8_t)fh_prng_below(prng, spread);
    }
    element.key.b[31] = (uint8_t)fh_prng_below(prng, 4);
    random_bytes(prng, element.id.b, sizeof element.id.b);
    return element;
}

/* ---- the set ---- */

static void test_a_set_is_what_was_put_into_it(void **state)
{
    (void)state;
    enum { KEYS = 3000, STEPS = 30000 };
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *set = new_set(KEYS);
    static struct fh_range_element model[KEYS];
    static bool there[KEYS];
    struct fh_prng prng;
    fh_prng_init(&prng, 7);
    for (unsigned i = 0; i < KEYS; i++) {
        there[i] = false;
        model[i] = (struct fh_range_element){.key = {{(uint8_t)(i >> 8), (uint8_t)i}}};
    }
    size_t count = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)fh_prng_below(&prng, KEYS);
        /* It grows in the first half and shrinks in the second. */
        if (fh_prng_below(&prng, 10) < (step < STEPS / 2 ? 8 : 2)) {
            random_bytes(&prng, model[i].id.b, sizeof model[i].id.b);
            put(set, &model[i]);
            count += !there[i];
            there[i] = true;
        } else {
            assert_int_equal(fh_rangeset_remove(set, &model[i].key), there[i]);
            count -= there[i];
            there[i] = false;
        }
        assert_int_equal(fh_rangeset_count(set), count);
    }
    /* The same elements in another set, in one go: places, ids and fingerprints agree. */
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *other = new_set(KEYS);
    for (unsigned i = KEYS; i-- > 0;) {
        if (there[i]) {
            put(other, &model[i]);
        }
    }
    size_t place = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        assert_int_equal(fh_rangeset_place(set, &model[i].key), place);
        if (there[i]) {
            assert_memory_equal(fh_rangeset_at(set, place), &model[i], sizeof model[i]);
            place++;
        }
    }
    for (unsigned i = 0; i < 500; i++) {
        size_t from = (size_t)fh_prng_below(&prng, count + 1);
        size_t to = from + (size_t)fh_prng_below(&prng, count - from + 1);
        uint8_t a[FH_RANGE_FINGERPRINT_BYTES];
        uint8_t b[FH_RANGE_FINGERPRINT_BYTES];
        fh_rangeset_fingerprint(set, from, to, a);
        fh_rangeset_fingerprint(other, from, to, b);
        assert_memory_equal(a, b, sizeof a);
        if (to < count) {
            fh_rangeset_fingerprint(other, from, to + 1, b);
            assert_memory_not_equal(a, b, sizeof a);
        }
    }
}

static void test_a_full_set_refuses_and_stays(void **state)
{
    (void)state;
    struct fh_err err;
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *set = new_set(2);
    struct fh_range_element elements[3] = {
        {.key = {{1}}, .id = {{1}}}, {.key = {{2}}, .id = {{2}}}, {.key = {{3}}, .id = {{3}}}};
    put(set, &elements[0]);
    put(set, &elements[1]);
    assert_int_equal(fh_rangeset_put(set, &elements[2].key, &elements[2].id, &err), FH_ETOOBIG);
    put(set, &(struct fh_range_element){.key = {{2}}, .id = {{9}}}); /* a key that is there */
    assert_int_equal(fh_rangeset_count(set), 2);
    assert_true(fh_rangeset_remove(set, &elements[0].key));
    assert_false(fh_rangeset_remove(set, &elements[0].key));
    put(set, &elements[2]);
    fh_rangeset_clear(set);
    assert_int_equal(fh_rangeset_count(set), 0);
    assert_false(fh_rangeset_remove(set, &elements[2].key));
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *none = new_set(0);
    assert_int_equal(fh_rangeset_put(none, &elements[2].key, &elements[2].id, &err), FH_ETOOBIG);
    assert_int_equal(fh_rangeset_count(none), 0);
}

/* Ids whose sum runs over every lane. */
static void test_sums_carry_and_borrow(void **state)
{
    (void)state;
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *set = new_set(8);
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *other = new_set(8);
    struct fh_range_element most = {.key = {{1}}};
    memset(most.id.b, 0xff, sizeof most.id.b);
    struct fh_range_element one = {.key = {{2}}};
    one.id.b[31] = 1;
    struct fh_range_element zero = {.key = {{1}}};
    struct fh_range_element nothing = {.key = {{2}}};
    put(set, &most);
    put(set, &one); /* 2^256 - 1 + 1 = 0 */
    put(other, &zero);
    put(other, &nothing);
    uint8_t a[FH_RANGE_FINGERPRINT_BYTES];
    uint8_t b[FH_RANGE_FINGERPRINT_BYTES];
    fh_rangeset_fingerprint(set, 0, 2, a);
    fh_rangeset_fingerprint(other, 0, 2, b);
    assert_memory_equal(a, b, sizeof a);
    assert_true(fh_rangeset_remove(set, &one.key)); /* 0 - 1 borrows through all */
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *alone = new_set(8);
    put(alone, &most);
    fh_rangeset_fingerprint(set, 0, 1, a);
    fh_rangeset_fingerprint(alone, 0, 1, b);
    assert_memory_equal(a, b, sizeof a);
}

/* ---- reconciliation ---- */

struct outcome {
    const struct fh_rangeset *theirs;
    const struct fh_rangeset *ours;
    size_t lacks;
    size_t extra;
    size_t bytes;
    unsigned trips;
};

static void on_lacks(void *user, const struct fh_ref *ref)
{
    struct outcome *o = user;
    o->lacks++;
    (void)ref;
}

/* An element of ours that is called missing there must be missing there. */
static void on_extra(void *user, const struct fh_range_element *element)
{
    struct outcome *o = user;
    o->extra++;
    size_t place = fh_rangeset_place(o->theirs, &element->key);
    if (place < fh_rangeset_count(o->theirs)) {
        const struct fh_range_element *there = fh_rangeset_at(o->theirs, place);
        assert_false(memcmp(there, element, sizeof *element) == 0);
    }
}

static void reconcile(struct outcome *o, const struct fh_rangeset *a, const struct fh_rangeset *b)
{
    *o = (struct outcome){.ours = a, .theirs = b};
    struct fh_reconcile_found found = {on_lacks, on_extra, o};
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf message;
    fh_buf_init(&message, FH_RECONCILE_BYTES_MAX + 8);
    FH_CLEANUP(fh_buf_fini) struct fh_buf answer;
    fh_buf_init(&answer, FH_RECONCILE_BYTES_MAX + 8);
    fh_reconcile_begin(a, &message);
    while (message.size > 0) {
        o->trips++;
        assert_true(o->trips < 4000);
        assert_int_equal(fh_buf_ok(&message), FH_OK);
        assert_true(message.size <= FH_RECONCILE_BYTES_MAX);
        o->bytes += message.size;
        fh_buf_reset(&answer);
        assert_int_equal(fh_reconcile_answer(b, fh_buf_view(&message), &answer, &err), FH_OK);
        assert_int_equal(fh_buf_ok(&answer), FH_OK);
        assert_true(answer.size <= FH_RECONCILE_BYTES_MAX);
        o->bytes += answer.size;
        fh_buf_reset(&message);
        assert_int_equal(fh_reconcile_next(a, fh_buf_view(&answer), &found, &message, &err), FH_OK);
    }
}

/* How many elements of `a` are not, with this id, in `b`. */
static size_t missing(const struct fh_rangeset *a, const struct fh_rangeset *b)
{
    size_t count = 0;
    for (size_t i = 0; i < fh_rangeset_count(a); i++) {
        const struct fh_range_element *element = fh_rangeset_at(a, i);
        size_t place = fh_rangeset_place(b, &element->key);
        count += place == fh_rangeset_count(b) ||
                 memcmp(fh_rangeset_at(b, place), element, sizeof *element) != 0;
    }
    return count;
}

static void test_differences_are_found_exactly(void **state)
{
    (void)state;
    static const struct {
        unsigned both, only_a, only_b, changed, spread;
    } rows[] = {
        {0, 0, 0, 0, 256},
        {1, 0, 0, 0, 256},
        {0, 1, 0, 0, 256},
        {0, 0, 1, 0, 256},
        {0, 0, 500, 0, 256},
        {0, 500, 0, 0, 256},
        {0, 300, 300, 0, 4},
        {33, 0, 0, 1, 256},
        {100, 1, 1, 1, 256},
        {1000, 0, 0, 1, 256},
        {1000, 7, 3, 20, 5},
        {5000, 0, 0, 2, 256},
        {5000, 50, 0, 0, 8},
        {5000, 0, 700, 0, 9},
        {900, 900, 900, 900, 6},
        {20, 20, 20, 20, 3},
        {3000, 0, 0, 3000, 256},
    };
    for (size_t row = 0; row < FH_COUNT(rows); row++) {
        struct fh_prng prng;
        fh_prng_init(&prng, row + 1);
        FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *a = new_set(SET_MAX);
        FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *b = new_set(SET_MAX);
        for (unsigned i = 0; i < rows[row].both + rows[row].changed; i++) {
            struct fh_range_element element = random_element(&prng, rows[row].spread);
            put(a, &element);
            if (i >= rows[row].both) {
                random_bytes(&prng, element.id.b, sizeof element.id.b);
            }
            put(b, &element);
        }
        for (unsigned i = 0; i < rows[row].only_a; i++) {
            struct fh_range_element element = random_element(&prng, rows[row].spread);
            put(a, &element);
        }
        for (unsigned i = 0; i < rows[row].only_b; i++) {
            struct fh_range_element element = random_element(&prng, rows[row].spread);
            put(b, &element);
        }
        struct outcome outcome;
        reconcile(&outcome, a, b);
        if (outcome.extra != missing(a, b) || outcome.lacks != missing(b, a)) {
            fail_msg("row %zu: extra %zu of %zu, lacks %zu of %zu",
                     row,
                     outcome.extra,
                     missing(a, b),
                     outcome.lacks,
                     missing(b, a));
        }
    }
}

/* What DESIGN promises of a large catalogue: at most 2 kB and 4 round trips, the record included.
 */
static void test_one_change_of_a_hundred_thousand_is_cheap(void **state)
{
    (void)state;
    enum { RECORD_BYTES = 450 }; /* an announcement with a title and a summary */
    struct fh_prng prng;
    fh_prng_init(&prng, 99);
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *a = new_set(SET_MAX);
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *b = new_set(SET_MAX);
    struct fh_range_element element = {.key = {{0}}};
    for (unsigned domain = 0; domain < 200; domain++) {
        random_bytes(&prng, element.key.b, 4);
        for (unsigned product = 0; product < 500; product++) {
            random_bytes(&prng, element.key.b + 4, 28);
            random_bytes(&prng, element.id.b, sizeof element.id.b);
            put(a, &element);
            put(b, &element);
        }
    }
    size_t most = 0;
    unsigned trips = 0;
    for (unsigned i = 0; i < 50; i++) {
        size_t at = (size_t)fh_prng_below(&prng, fh_rangeset_count(a));
        struct fh_range_element kept = *fh_rangeset_at(b, at);
        struct fh_range_element changed = kept;
        random_bytes(&prng, changed.id.b, sizeof changed.id.b);
        put(b, &changed);
        struct outcome outcome;
        reconcile(&outcome, a, b);
        assert_int_equal(outcome.lacks, 1);
        assert_int_equal(outcome.extra, 1);
        most = outcome.bytes > most ? outcome.bytes : most;
        trips = outcome.trips > trips ? outcome.trips : trips;
        put(b, &kept);
    }
    print_message(
        "one change of 100,000: %zu bytes, %u round trips, and one for the record\n", most, trips);
    assert_true(most + RECORD_BYTES <= 2048);
    assert_true(trips + 1 <= 4);
    struct outcome same;
    reconcile(&same, a, b);
    assert_int_equal(same.lacks + same.extra, 0);
    assert_int_equal(same.trips, 1);
}

/* ---- foreign bytes ---- */

static int both_readers(const struct fh_rangeset *set, struct fh_bytes bytes, struct fh_err *err)
{
    struct outcome outcome = {.theirs = set};
    struct fh_reconcile_found found = {on_lacks, on_extra, &outcome};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_RECONCILE_BYTES_MAX + 8);
    struct fh_err other;
    int code = fh_reconcile_answer(set, bytes, &out, err);
    int next = fh_reconcile_next(set, bytes, &found, &out, &other);
    if (code != FH_OK && next != FH_OK) {
        assert_int_equal(out.size, 0);
    }
    return code;
}

static void test_wrong_messages_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *bytes;
        size_t size;
    } rows[] = {
#define ROW(name, text) {name, text, sizeof(text) - 1}
        ROW("nothing", ""),
        ROW("no array", "\xc0"),
        ROW("no ranges", "\x90"),
        ROW("a range that is none", "\x91\xc0"),
        ROW("two fields", "\x91\x92\xc4\x00\x00"),
        ROW("a bound that is text", "\x91\x93\xa0\x00\xc0"),
        ROW("unknown mode", "\x91\x93\xc4\x00\x03\xc0"),
        ROW("skip with a value", "\x91\x93\xc4\x00\x00\xc4\x00"),
        ROW("short fingerprint",
            "\x91\x93\xc4\x00\x01\xc4\x0f"
            "123456789012345"),
        ROW("no fingerprint", "\x91\x93\xc4\x00\x01\xc0"),
        ROW("half an id",
            "\x91\x93\xc4\x00\x02\xc4\x08"
            "12345678"),
        ROW("no end", "\x91\x93\xc4\x01\x05\x00\xc0"),
        ROW("an end before the last", "\x92\x93\xc4\x00\x00\xc0\x93\xc4\x00\x00\xc0"),
        ROW("descending",
            "\x93\x93\xc4\x01\x05\x00\xc0\x93\xc4\x01\x04\x00\xc0\x93\xc4\x00\x00\xc0"),
        ROW("twice", "\x93\x93\xc4\x01\x05\x00\xc0\x93\xc4\x01\x05\x00\xc0\x93\xc4\x00\x00\xc0"),
        ROW("the same with zeros",
            "\x93\x93\xc4\x01\x05\x00\xc0\x93\xc4\x02\x05\x00\x00\xc0\x93\xc4\x00\x00\xc0"),
        ROW("behind the end", "\x91\x93\xc4\x00\x00\xc0\xc0"),
        ROW("four billion ranges", "\xdd\xff\xff\xff\xff"),
#undef ROW
    };
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *set = new_set(8);
    put(set, &(struct fh_range_element){.key = {{5}}, .id = {{1}}});
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err;
        int code = both_readers(set, fh_bytes(rows[i].bytes, rows[i].size), &err);
        if (code != FH_EINVAL && code != FH_ETOOBIG) {
            fail_msg("%s: %d", rows[i].name, code);
        }
        assert_true(strncmp(err.rule, "reconcile.", 10) == 0 || strncmp(err.rule, "pack.", 5) == 0);
    }
}

static void test_who_asks_lists_nothing(void **state)
{
    (void)state;
    static const char list[] = "\x91\x93\xc4\x00\x02\xc4\x00";
    FH_CLEANUP(fh_rangeset_freep) struct fh_rangeset *set = new_set(8);
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 1024);
    assert_int_equal(fh_reconcile_answer(set, fh_bytes(list, sizeof list - 1), &out, &err),
                     FH_EINVAL);
    assert_string_equal(err.rule, "reconcile.form");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_is_what_was_put_into_it),
        cmocka_unit_test(test_a_full_set_refuses_and_stays),
        cmocka_unit_test(test_sums_carry_and_borrow),
        cmocka_unit_test(test_differences_are_found_exactly),
        cmocka_unit_test(test_one_change_of_a_hundred_thousand_is_cheap),
        cmocka_unit_test(test_wrong_messages_are_refused),
        cmocka_unit_test(test_who_asks_lists_nothing),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
