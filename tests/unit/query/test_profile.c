/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query/profile.h"
#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

enum { ARENA_BYTES = 8 * 1024 * 1024 };

static const struct fh_profile_question question = {
    .id = 7,
    .source = FH_PROFILE_POSTGRES,
    .path = "",
    .schema = "public",
    .table = "orders",
    .sample = 1000,
    .host = "db.example",
    .port = 5432,
    .database = "shop",
    .user = "reader",
    .password = "s3cret",
    .ssl_mode = "require",
};

static void test_question(void **state)
{
    (void)state;
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct fh_profile_question got;
    struct fh_err err = {0};
    struct fh_buf form;
    fh_buf_init(&form, 4096);
    fh_profile_put_question(&form, &question);
    assert_int_equal(fh_profile_get_question(&got, fh_buf_view(&form), arena, &err), FH_OK);
    assert_int_equal(got.id, 7);
    assert_int_equal(got.source, FH_PROFILE_POSTGRES);
    assert_string_equal(got.table, "orders");
    assert_int_equal(got.port, 5432);
    assert_string_equal(got.password, question.password);
    assert_string_equal(got.ssl_mode, "require");
    fh_buf_fini(&form);
    fh_arena_free(arena);
}

/* One column of each shape; `columns` are of an object inside an array at `depth` levels. */
static void test_profile(void **state)
{
    (void)state;
    struct fh_profile_column leaf = {
        .name = "at", .type = "DATE", .minimum = "", .maximum = "", .likeness = FH_LIKENESS_COUNT};
    struct fh_profile_column element = leaf;
    element.name = "";
    element.shape = FH_PROFILE_OBJECT;
    element.column_count = 1;
    element.columns = &leaf;
    struct fh_profile_column columns[] = {
        {.name = "id",
         .type = "BIGINT",
         .observed = true,
         .unique = true,
         .nulls = 1,
         .minimum = "1",
         .maximum = "9",
         .sampled = 9,
         .likeness = FH_LIKE_CARD,
         .alike = 3,
         .example_count = 2,
         .examples = {"1", "2"}},
        {.name = "steps",
         .type = "LIST",
         .shape = FH_PROFILE_ARRAY,
         .minimum = "",
         .maximum = "",
         .likeness = FH_LIKENESS_COUNT,
         .column_count = 1,
         .columns = &element},
    };
    struct fh_profile profile = {
        .id = 3, .rows = 10, .definition = "CREATE TABLE t", .column_count = 2, .columns = columns};
    struct fh_profile got;
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct fh_buf form;
    fh_buf_init(&form, 4096);
    fh_profile_put(&form, &profile);
    assert_int_equal(fh_profile_get(&got, fh_buf_view(&form), arena, &err), FH_OK);
    assert_int_equal(got.rows, 10);
    assert_int_equal(got.column_count, 2);
    assert_string_equal(got.columns[0].examples[1], "2");
    assert_int_equal(got.columns[0].likeness, FH_LIKE_CARD);
    assert_string_equal(got.columns[1].columns[0].columns[0].name, "at");

    /* What does not fit its shape, or its bounds, or nests too deeply. */
    struct fh_profile_column chain[FH_PROFILE_DEPTH_MAX + 1];
    for (size_t i = 0; i < FH_COUNT(chain); i++) {
        chain[i] = columns[1];
        chain[i].columns = i + 1 < FH_COUNT(chain) ? &chain[i + 1] : &leaf;
    }
    struct fh_profile_column two[] = {leaf, leaf};
    struct fh_profile_column bad[] = {columns[0], columns[0], columns[0], columns[0], chain[0]};
    bad[0].shape = FH_PROFILE_OBJECT; /* without a member */
    bad[1].column_count = 1;          /* a scalar with one */
    bad[1].columns = &leaf;
    bad[2].shape = FH_PROFILE_ARRAY; /* of two elements */
    bad[2].column_count = 2;
    bad[2].columns = two;
    bad[3].alike = 10; /* of 9 sampled */
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        profile.column_count = 1;
        profile.columns = &bad[i];
        fh_buf_reset(&form);
        fh_profile_put(&form, &profile);
        assert_int_equal(fh_profile_get(&got, fh_buf_view(&form), arena, &err), FH_EPROTO);
        assert_string_not_equal(err.text, "");
    }
    fh_buf_fini(&form);
    fh_arena_free(arena);
}

static void test_catalogue(void **state)
{
    (void)state;
    struct fh_profile_table tables[] = {{"public", "orders", false}, {"", "v", true}};
    struct fh_profile_catalogue catalogue = {.id = 5, .table_count = 2, .tables = tables};
    struct fh_profile_catalogue got;
    struct fh_err err = {0};
    struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
    struct fh_buf form;
    fh_buf_init(&form, 4096);
    fh_profile_put_catalogue(&form, &catalogue);
    assert_int_equal(fh_profile_get_catalogue(&got, fh_buf_view(&form), arena, &err), FH_OK);
    assert_int_equal(got.table_count, 2);
    assert_true(got.tables[1].is_view);
    fh_buf_fini(&form);
    fh_arena_free(arena);
}

/* Every cut and every changed byte is read or refused as a breach, never more. */
static void test_mutations(void **state)
{
    (void)state;
    struct fh_buf form;
    fh_buf_init(&form, 4096);
    fh_profile_put_question(&form, &question);
    for (size_t i = 0; i < form.size * 2; i++) {
        uint8_t bytes[512];
        struct fh_profile_question got;
        struct fh_err err = {0};
        struct fh_arena *arena = fh_arena_new(ARENA_BYTES);
        size_t size = i < form.size ? i : form.size;
        memcpy(bytes, form.data, form.size);
        bytes[i % form.size] ^= i < form.size ? 0 : 0xff;
        int code = fh_profile_get_question(&got, fh_bytes(bytes, size), arena, &err);
        assert_true(code == FH_OK || code == FH_EPROTO);
        assert_true(code == FH_OK || err.text[0] != 0);
        assert_true(i >= form.size || code == FH_EPROTO);
        fh_arena_free(arena);
    }
    fh_buf_fini(&form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
