/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

#define NONE                                                                                       \
    {                                                                                              \
        FH_MASK_NONE, 0, 0, 0, 0                                                                   \
    }
#define PARTIAL(f, l)                                                                              \
    {                                                                                              \
        FH_MASK_PARTIAL, f, l, 0, 0                                                                \
    }
#define HASH                                                                                       \
    {                                                                                              \
        FH_MASK_HASH, 0, 0, 0, 0                                                                   \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        FH_MASK_NULL, 0, 0, 0, 0                                                                   \
    }
#define TO(unit)                                                                                   \
    {                                                                                              \
        FH_MASK_GENERALISE, 0, 0, FH_MASK_##unit, 0                                                \
    }
#define BY(step)                                                                                   \
    {                                                                                              \
        FH_MASK_GENERALISE, 0, 0, FH_MASK_STEP, step                                               \
    }

static void test_fits(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        struct fh_mask mask;
        const char *why; /* NULL: it fits; else a part of the refusal */
    } rows[] = {
        {"VARCHAR", NONE, NULL},
        {"VARCHAR", NOTHING, NULL},
        {"BOOLEAN", NOTHING, NULL},
        {"SOMETHING NEW", NOTHING, NULL},
        {"VARCHAR", HASH, NULL},
        {"BLOB", HASH, NULL},
        {"BIGINT", HASH, NULL},
        {"UBIGINT", HASH, NULL},
        {"HUGEINT", HASH, NULL},
        {"VARCHAR", PARTIAL(1, 4), NULL},
        {"VARCHAR", PARTIAL(FH_MASK_KEEP_MAX, 0), NULL},
        {"TINYINT", BY(127), NULL},
        {"UTINYINT", BY(255), NULL},
        {"INTEGER", BY(10), NULL},
        {"BIGINT", BY(FH_MASK_STEP_MAX), NULL},
        {"DOUBLE", BY(1), NULL},
        {"DECIMAL(18,3)", BY(999999999999999), NULL},
        {"DECIMAL(38,0)", BY(999999999999999999), NULL},
        {"DATE", TO(DAY), NULL},
        {"DATE", TO(DECADE), NULL},
        {"TIME", TO(HOUR), NULL},
        {"TIMESTAMP", TO(MINUTE), NULL},
        {"TIMESTAMP WITH TIME ZONE", TO(QUARTER), NULL},
        /* not */
        {"UHUGEINT", HASH, "there fit null"},
        {"INTEGER", HASH, "null or generalise by a step"},
        {"UINTEGER", HASH, "null or generalise by a step"},
        {"DOUBLE", HASH, "hash does not fit a column of type DOUBLE"},
        {"DECIMAL(18,3)", HASH, "null or generalise by a step"},
        {"BOOLEAN", HASH, "there fit null"},
        {"DATE", HASH, "null, or generalise to day, month"},
        {"TIME", HASH, "null, or generalise to minute or hour"},
        {"TIMESTAMP", HASH, "null, or generalise to minute, hour, day"},
        {"SOMETHING NEW", HASH, "there fit null"},
        {"BLOB", PARTIAL(1, 1), "null or hash"},
        {"BIGINT", PARTIAL(1, 1), "partial, first 1, last 1 does not fit"},
        {"VARCHAR", PARTIAL(FH_MASK_KEEP_MAX + 1, 0), "at most 64 characters"},
        {"VARCHAR", PARTIAL(0, UINT32_MAX), "at most 64 characters"},
        {"VARCHAR", BY(10), "null, hash or partial"},
        {"VARCHAR", TO(YEAR), "generalise to year does not fit"},
        {"BIGINT", TO(DAY), "null, hash or generalise by a step"},
        {"BIGINT", BY(0), "a whole number from 1"},
        {"BIGINT", BY(FH_MASK_STEP_MAX + 1), "a whole number from 1"},
        {"TINYINT", BY(128), "at most 127"},
        {"UINTEGER", BY(4294967296), "at most 4294967295"},
        {"DECIMAL(18,3)", BY(1000000000000000), "at most 999999999999999"},
        {"DECIMAL(3,3)", BY(1), "there fit null"},
        {"DATE", TO(HOUR), "generalise to hour does not fit"},
        {"DATE", BY(10), "generalise by 10 does not fit"},
        {"TIME", TO(DAY), "generalise to day does not fit"},
        {"", PARTIAL(1, 1), "there fit null"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_err err = {0};
        int rc = fh_mask_check(&rows[i].mask, rows[i].type, &err);
        if ((rc == FH_OK) != (rows[i].why == NULL) ||
            (rows[i].why != NULL && strstr(err.text, rows[i].why) == NULL)) {
            fail_msg("row %zu, %s: %s", i, rows[i].type, rc == FH_OK ? "fits" : err.text);
        }
    }
}

static void test_stricter_mask(void **state)
{
    (void)state;
    static const struct {
        struct fh_mask a;
        struct fh_mask b;
        struct fh_mask both;
    } rows[] = {
        {NONE, NONE, NONE},
        {NONE, BY(5), BY(5)},
        {BY(5), PARTIAL(1, 1), PARTIAL(1, 1)},
        {PARTIAL(1, 1), HASH, HASH},
        {TO(DECADE), HASH, HASH},
        {HASH, NOTHING, NOTHING},
        {NONE, NOTHING, NOTHING},
        {HASH, HASH, HASH},
        {PARTIAL(4, 0), PARTIAL(0, 4), PARTIAL(0, 0)},
        {PARTIAL(2, 3), PARTIAL(3, 2), PARTIAL(2, 2)},
        {TO(MONTH), TO(YEAR), TO(YEAR)},
        {TO(MINUTE), TO(DAY), TO(DAY)},
        {BY(10), BY(100), BY(100)},
        {BY(4), BY(6), BY(12)},
        {BY(7), BY(5), BY(35)},
        {BY(FH_MASK_STEP_MAX), BY(7), NOTHING}, /* no common step in bounds */
        {BY(FH_MASK_STEP_MAX), BY(10), BY(FH_MASK_STEP_MAX)},
        {BY(0), BY(10), NOTHING},   /* no step at all */
        {BY(10), TO(DAY), NOTHING}, /* of different types */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_mask there = fh_mask_stricter(&rows[i].a, &rows[i].b);
        struct fh_mask back = fh_mask_stricter(&rows[i].b, &rows[i].a);
        char text[FH_MASK_TEXT_BYTES];
        fh_mask_text(text, &there);
        if (!fh_mask_equal(&there, &rows[i].both) || !fh_mask_equal(&back, &there)) {
            fail_msg("row %zu: %s", i, text);
        }
    }
}

/* A value behind both masks never tells more than behind either: what a rounds to the same, the
 * stricter of a and b rounds to the same. */
static void test_stricter_step_tells_no_more(void **state)
{
    (void)state;
    for (uint64_t a = 1; a <= 12; a++) {
        for (uint64_t b = 1; b <= 12; b++) {
            struct fh_mask x = BY(a);
            struct fh_mask y = BY(b);
            uint64_t step = fh_mask_stricter(&x, &y).step;
            for (uint64_t value = 0; value < 200; value++) {
                uint64_t rounded = value / step * step;
                assert_int_equal(rounded, value / a * a / step * step);
                assert_int_equal(rounded, value / b * b / step * step);
            }
        }
    }
}

struct make {
    struct fh_view_column columns[2];
    const char *filters[3];
};

static struct fh_view sealed(struct make *make)
{
    struct fh_view view = {.column_count = 2, .columns = make->columns};
    while (view.filter_count < 3 && make->filters[view.filter_count] != NULL) {
        view.filter_count++;
    }
    fh_view_seal(&view, make->filters);
    return view;
}

static void test_seal(void **state)
{
    (void)state;
    struct make all = {0};
    struct make filtered = {.filters = {"b", "a", "b"}};
    struct make other_order = {.filters = {"a", "b"}};
    struct make hidden = {.columns = {{.hidden = true}}};
    struct make hidden_and_masked = {.columns = {{.hidden = true, .mask = HASH}}};
    struct make second = {.columns = {[1] = {.hidden = true}}};
    struct make masked = {.columns = {{.mask = PARTIAL(1, 2)}}};
    struct make mirrored = {.columns = {{.mask = PARTIAL(2, 1)}}};
    struct fh_view views[] = {sealed(&all),
                              sealed(&filtered),
                              sealed(&hidden),
                              sealed(&second),
                              sealed(&masked),
                              sealed(&mirrored)};
    assert_true(views[0].open);
    assert_int_equal(views[0].column_count, 0);
    assert_int_equal(fh_view_visible(&views[0], 2), 2);
    assert_int_equal(views[1].filter_count, 2);
    assert_string_equal(views[1].filters[0], "a");
    assert_int_equal(fh_view_visible(&views[2], 2), 1);
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        assert_int_equal(views[i].open, i == 0);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(views[i].id.b, views[j].id.b, FH_HASH_BYTES);
        }
    }
    assert_memory_equal(sealed(&other_order).id.b, views[1].id.b, FH_HASH_BYTES);
    assert_memory_equal(sealed(&hidden_and_masked).id.b, views[2].id.b, FH_HASH_BYTES);
}

static void test_stricter_view(void **state)
{
    (void)state;
    struct make all = {0};
    struct make left = {.columns = {{.hidden = true}, {.mask = PARTIAL(4, 4)}},
                        .filters = {"y", "x"}};
    struct make right = {.columns = {{.mask = NOTHING}, {.mask = PARTIAL(2, 6)}},
                         .filters = {"x", "z"}};
    struct fh_view open = sealed(&all);
    struct fh_view a = sealed(&left);
    struct fh_view b = sealed(&right);
    struct fh_view both;
    struct fh_view back;
    struct fh_err err;
    struct fh_arena *arena = fh_arena_new(4096);
    assert_non_null(arena);
    assert_int_equal(fh_view_stricter(&both, &open, &open, arena, &err), FH_OK);
    assert_true(both.open);
    assert_int_equal(fh_view_stricter(&both, &open, &a, arena, &err), FH_OK);
    assert_memory_equal(both.id.b, a.id.b, FH_HASH_BYTES);
    assert_int_equal(fh_view_stricter(&both, &a, &a, arena, &err), FH_OK);
    assert_memory_equal(both.id.b, a.id.b, FH_HASH_BYTES);

    assert_int_equal(fh_view_stricter(&both, &a, &b, arena, &err), FH_OK);
    assert_int_equal(fh_view_stricter(&back, &b, &a, arena, &err), FH_OK);
    assert_memory_equal(both.id.b, back.id.b, FH_HASH_BYTES);
    assert_true(both.columns[0].hidden);
    assert_int_equal(both.columns[1].mask.keep_first, 2);
    assert_int_equal(both.columns[1].mask.keep_last, 4);
    assert_int_equal(both.filter_count, 3);
    fh_arena_free(arena);

    struct fh_arena *small = fh_arena_new(16);
    assert_non_null(small);
    assert_int_equal(fh_view_stricter(&both, &a, &b, small, &err), FH_ENOMEM);
    fh_arena_free(small);
}

static struct fh_view grouped(struct make *make, const struct fh_view_group *group)
{
    struct fh_view view = {.column_count = 2, .columns = make->columns, .group = group};
    fh_view_seal(&view, make->filters);
    return view;
}

static void test_groups(void **state)
{
    (void)state;
    static const uint32_t first[] = {0, 1};
    static const struct fh_group_column parts[][2] = {
        {{.part = FH_GROUP_OUTSIDE}, {.part = FH_GROUP_DIMENSION}},
        {{.part = FH_GROUP_OUTSIDE}, {.part = FH_GROUP_MEASURE}},
        {{.part = FH_GROUP_OUTSIDE},
         {.part = FH_GROUP_DIMENSION, .unit = {.kind = FH_MASK_GENERALISE, .step = 5}}},
    };
    const struct fh_view_group groups[] = {
        {.size = 5, .subject_count = 1, .subjects = first, .columns = parts[0]},
        {.size = 6, .subject_count = 1, .subjects = first, .columns = parts[0]},
        {.size = 5, .subject_count = 2, .subjects = first, .columns = parts[0]},
        {.size = 5, .subject_count = 1, .subjects = first, .columns = parts[1]},
        {.size = 5, .subject_count = 1, .subjects = first, .columns = parts[2]},
    };
    struct make all = {0};
    struct make hidden = {.columns = {{.hidden = true}}};
    struct fh_arena *arena = fh_arena_new(4096);
    struct fh_view views[FH_COUNT(groups)];
    struct fh_view both;
    struct fh_err err;
    assert_non_null(arena);
    for (size_t i = 0; i < FH_COUNT(groups); i++) {
        views[i] = grouped(&all, &groups[i]);
        assert_false(views[i].open);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(views[i].id.b, views[j].id.b, FH_HASH_BYTES);
        }
        const struct fh_view_group *copy = fh_view_group_copy(&groups[i], 2, arena);
        assert_non_null(copy);
        assert_memory_equal(grouped(&all, copy).id.b, views[i].id.b, FH_HASH_BYTES);
    }
    assert_true(fh_view_is_mean(&views[3], 1));
    assert_false(fh_view_is_mean(&views[3], 0));
    assert_false(fh_view_is_mean(&views[0], 1));
    /* With anything else groups stay. */
    struct fh_view others[] = {sealed(&all), sealed(&hidden)};
    for (size_t i = 0; i < FH_COUNT(others); i++) {
        assert_int_equal(fh_view_stricter(&both, &views[4], &others[i], arena, &err), FH_OK);
        assert_ptr_equal(both.group, &groups[4]);
        assert_int_equal(fh_view_stricter(&both, &others[i], &views[4], arena, &err), FH_OK);
        assert_ptr_equal(both.group, &groups[4]);
        assert_int_equal(both.columns[0].hidden, i == 1);
    }
    fh_arena_free(arena);
}

static void test_finer(void **state)
{
    (void)state;
    static const struct {
        struct fh_mask a, b, finer;
    } rows[] = {
        {NONE, NONE, NONE},
        {TO(MONTH), NONE, NONE},
        {NONE, BY(5), NONE},
        {TO(MONTH), TO(DAY), TO(DAY)},
        {TO(YEAR), TO(DECADE), TO(YEAR)},
        {BY(10), BY(15), BY(5)},
        {BY(10), BY(10), BY(10)},
        {BY(2), BY(3), NONE},
        {BY(5), TO(DAY), NONE},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_mask one = fh_group_finer(&rows[i].a, &rows[i].b);
        struct fh_mask other = fh_group_finer(&rows[i].b, &rows[i].a);
        assert_true(fh_mask_equal(&one, &rows[i].finer));
        assert_true(fh_mask_equal(&other, &rows[i].finer));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_stricter_mask),
        cmocka_unit_test(test_stricter_step_tells_no_more),
        cmocka_unit_test(test_seal),
        cmocka_unit_test(test_stricter_view),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_finer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
