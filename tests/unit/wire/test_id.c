/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms of ids, base32, names. */
#include "proto/wire/id.h"

#include "common/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 4648, section 10, in lower case and without padding */
static const struct {
    const char *bytes;
    const char *text;
} base32_rows[] = {
    {"", ""},
    {"f", "my"},
    {"f"
     "o",
     "mzxq"},
    {"foo", "mzxw6"},
    {"foob", "mzxw6yq"},
    {"fooba", "mzxw6ytb"},
    {"foobar", "mzxw6ytboi"},
};

static void base32_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(base32_rows); i++) {
        char text[16];
        uint8_t bytes[8];
        size_t size = strlen(base32_rows[i].bytes);
        fh_base32(text, (const uint8_t *)base32_rows[i].bytes, size);
        assert_string_equal(text, base32_rows[i].text);
        assert_true(fh_unbase32(bytes, size, text, strlen(text)));
        assert_memory_equal(bytes, base32_rows[i].bytes, size);
    }
}

static void base32_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        {"my", 2},       /* too few letters */
        {"mzxw6", 2},    /* too many */
        {"mz", 1},       /* bits that carry nothing are not zero */
        {"mzxr", 2},     /* the same */
        {"MY", 1},       /* upper case */
        {"m1", 1},       /* no letter of base32 */
        {"m0", 1},       /* looks like o */
        {"m=", 1},       /* padding */
        {"my======", 1}, /* padding */
        {"m ", 1},
        {"m\xc3", 1},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t bytes[8];
        assert_false(fh_unbase32(bytes, rows[i].size, rows[i].text, strlen(rows[i].text)));
    }
}

static void ids_as_text(void **state)
{
    (void)state;
    struct fh_domain_id id;
    struct fh_domain_id again;
    char text[FH_ID_TEXT_BYTES];
    char shortened[FH_ID_SHORT_BYTES];
    for (uint8_t i = 0; i < FH_ID_BYTES; i++) {
        id.b[i] = (uint8_t)(i * 7 + 1);
    }
    fh_domain_id_text(text, &id);
    assert_int_equal(strlen(text), 56);
    assert_memory_equal(text, "fhd1", 4);
    assert_int_equal(fh_domain_id_parse(&again, text, NULL), FH_OK);
    assert_true(fh_domain_id_equal(&id, &again));
    fh_domain_id_short(shortened, &id);
    assert_int_equal(strlen(shortened), 20);
    assert_memory_equal(shortened, text, 20);
    struct fh_ref ref = fh_domain_id_ref(&id);
    assert_memory_equal(ref.b, id.b, sizeof ref.b);
    assert_false(fh_domain_id_is_zero(&id));
    memset(again.b, 0, sizeof again.b);
    assert_true(fh_domain_id_is_zero(&again));
    assert_true(fh_domain_id_compare(&again, &id) < 0);
}

static void other_texts_are_no_ids(void **state)
{
    (void)state;
    struct fh_node_id id;
    char text[FH_ID_TEXT_BYTES + 1];
    struct fh_node_id one = {{1}};
    fh_node_id_text(text, &one);
    assert_int_equal(fh_node_id_parse(&id, text, NULL), FH_OK);
    struct fh_err err = {0};
    const char *const fixed[] = {"", "fhn1", "fhn1aa", "node", "fhn1\xc3\xbc"};
    for (size_t i = 0; i < FH_COUNT(fixed); i++) {
        assert_int_equal(fh_node_id_parse(&id, fixed[i], &err), FH_EINVAL);
        assert_string_equal(err.rule, "id.text");
    }
    struct fh_domain_id domain;
    assert_int_equal(fh_domain_id_parse(&domain, text, NULL), FH_EINVAL); /* another kind */
    text[2] = 'N';
    assert_int_equal(fh_node_id_parse(&id, text, NULL), FH_EINVAL);
    text[2] = 'n';
    text[55] = 'b'; /* the last letter carries one bit; its others must be zero */
    assert_int_equal(fh_node_id_parse(&id, text, NULL), FH_EINVAL);
    fh_node_id_text(text, &one);
    text[56] = 'a';
    text[57] = '\0';
    assert_int_equal(fh_node_id_parse(&id, text, NULL), FH_EINVAL);
}

static void names(void **state)
{
    (void)state;
    char longest[FH_NAME_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[FH_NAME_BYTES_MAX] = '\0';
    const struct {
        const char *name;
        const char *rule;
    } rows[] = {
        {"a", ""},
        {"flights", ""},
        {"flights_2001", ""},
        {longest, ""},
        {"", "name.form"},
        {"1flights", "name.form"},
        {"_flights", "name.form"},
        {"Flights", "name.form"},
        {"flights-2001", "name.form"},
        {"flights.raw", "name.form"},
        {"fl ights", "name.form"},
        {"fl\xc3\xbcge", "name.form"},
        {"a\"; DROP TABLE x", "name.form"},
        {"main", "name.reserved"},
        {"temp", "name.reserved"},
        {"information_schema", "name.reserved"},
        {"pg_catalog", "name.reserved"},
        {"public", "name.reserved"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        int code = fh_name_check("domain", rows[i].name, &err);
        assert_string_equal(err.rule, rows[i].rule);
        assert_int_equal(code == FH_OK, rows[i].rule[0] == '\0');
    }
    longest[FH_NAME_BYTES_MAX] = 'a';
    longest[FH_NAME_BYTES_MAX + 1] = '\0';
    assert_int_equal(fh_name_check("domain", longest, NULL), FH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base32_both_ways),
        cmocka_unit_test(base32_refuses),
        cmocka_unit_test(ids_as_text),
        cmocka_unit_test(other_texts_are_no_ids),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
