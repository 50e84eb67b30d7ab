/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/product_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *text;
    const char *domain;
    const char *product;
    uint64_t major;
    const char *version;
} good[] = {
    {"aviation/flights", "aviation", "flights", 0, ""},
    {"aviation.flights", "aviation", "flights", 0, ""},
    {"aviation/flights@1", "aviation", "flights", 1, ""},
    {"aviation.flights@12", "aviation", "flights", 12, ""},
    {"aviation/flights@1.2.0", "aviation", "flights", 1, "1.2.0"},
    {"a/b@0.1.0", "a", "b", 0, "0.1.0"},
    {"a_1/b_2", "a_1", "b_2", 0, ""},
};

static const char *const bad[] = {
    "",
    "/",
    ".",
    "aviation",
    "aviation/",
    "/flights",
    "aviation/flights/extra",
    "aviation.flights.table",
    "aviation/flights@",
    "aviation/flights@0",
    "aviation/flights@01",
    "aviation/flights@1.2",
    "aviation/flights@1.2.3.4",
    "aviation/flights@1.2.",
    "aviation/flights@v1",
    "aviation/flights@1x",
    "aviation/flights@9999999999",
    "aviation/flights@1@2",
    "Aviation/flights",
    "aviation/Flights",
    "9aviation/flights",
    "aviation/fli ghts",
    "aviation/fl\xC3\xA4ge",
    "main/flights",
    "aviation/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "@1",
    "a/@1",
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(good); i++) {
        struct fh_err err = {0};
        struct fh_product_name name;
        if (fh_product_name_parse(&name, good[i].text, &err) != FH_OK) {
            fail_msg("%s: %s", good[i].text, err.text);
        }
        assert_string_equal(name.name.domain, good[i].domain);
        assert_string_equal(name.name.product, good[i].product);
        assert_int_equal(name.name.major, good[i].major);
        assert_string_equal(name.version, good[i].version);
    }
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        struct fh_err err = {0};
        struct fh_product_name name = {.version = "untouched"};
        if (fh_product_name_parse(&name, bad[i], &err) == FH_OK) {
            fail_msg("\"%s\" was accepted", bad[i]);
        }
        assert_int_equal(err.code, FH_EINVAL);
        assert_true(err.rule[0] != 0);
        assert_string_equal(name.version, "untouched");
    }
}

static void test_text(void **state)
{
    (void)state;
    char text[FH_PRODUCT_NAME_BYTES];
    fh_product_name_text(text, "aviation", "flights", "1.0.0");
    assert_string_equal(text, "aviation/flights@1.0.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
