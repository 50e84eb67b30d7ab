/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void set_fills_and_returns_the_code(void **state)
{
    (void)state;
    struct fh_err err = {0};
    assert_int_equal(fh_err_set(&err, FH_EINVAL, "line %d", 7), FH_EINVAL);
    assert_int_equal(err.code, FH_EINVAL);
    assert_string_equal(err.text, "line 7");
    assert_string_equal(err.rule, "");
    assert_int_equal(fh_err_rule(&err, FH_ESIG, "record.signature", "%s", "bad"), FH_ESIG);
    assert_string_equal(err.rule, "record.signature");
    assert_string_equal(err.text, "bad");
    assert_int_equal(fh_err_set(NULL, FH_EIO, "nobody listens"), FH_EIO);
    assert_int_equal(fh_err_rule(NULL, FH_EIO, "r", "nobody listens"), FH_EIO);
}

static void wrap_prefixes_and_keeps_code_and_rule(void **state)
{
    (void)state;
    struct fh_err err = {0};
    fh_err_rule(&err, FH_EDENIED, "access.role", "not granted");
    assert_int_equal(fh_err_wrap(&err, "column %s", "ssn"), FH_EDENIED);
    assert_int_equal(fh_err_wrap(&err, "contract %s", "orders"), FH_EDENIED);
    assert_string_equal(err.text, "contract orders: column ssn: not granted");
    assert_string_equal(err.rule, "access.role");
    assert_int_equal(fh_err_wrap(NULL, "context"), FH_EINTERNAL);
}

static void an_error_may_be_built_from_its_own_text(void **state)
{
    (void)state;
    struct fh_err err = {0};
    fh_err_set(&err, FH_EINVAL, "inner");
    fh_err_set(&err, FH_ECHECK, "outer of %s", err.text);
    assert_string_equal(err.text, "outer of inner");
}

static void long_texts_end_with_an_ellipsis(void **state)
{
    (void)state;
    static const size_t lengths[] = {FH_ERR_TEXT_BYTES - 2,
                                     FH_ERR_TEXT_BYTES - 1,
                                     FH_ERR_TEXT_BYTES,
                                     FH_ERR_TEXT_BYTES + 1,
                                     3 * FH_ERR_TEXT_BYTES};
    for (size_t i = 0; i < FH_COUNT(lengths); i++) {
        struct fh_err err = {0};
        fh_err_set(&err, FH_EINVAL, "%0*d", (int)lengths[i], 0);
        bool cut = lengths[i] >= FH_ERR_TEXT_BYTES;
        assert_int_equal(strlen(err.text), cut ? FH_ERR_TEXT_BYTES - 1 : lengths[i]);
        assert_int_equal(strcmp(err.text + strlen(err.text) - 3, "...") == 0, cut);
        fh_err_wrap(&err, "%0*d", (int)lengths[i], 0);
        assert_int_equal(strlen(err.text), FH_ERR_TEXT_BYTES - 1);
        assert_string_equal(err.text + FH_ERR_TEXT_BYTES - 4, "...");
    }
}

static void every_code_has_name_text_and_exit_code(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *name;
        int exit_code;
    } rows[] = {
        {FH_OK, "FH_OK", 0},
        {FH_EINVAL, "FH_EINVAL", 1},
        {FH_ECHECK, "FH_ECHECK", 1},
        {FH_EUSAGE, "FH_EUSAGE", 2},
        {FH_EUNREACH, "FH_EUNREACH", 3},
        {FH_ETIMEOUT, "FH_ETIMEOUT", 3},
        {FH_EDENIED, "FH_EDENIED", 4},
        {FH_ESIG, "FH_ESIG", 5},
        {FH_ESTALE, "FH_ESTALE", 5},
        {-1, "FH_EINTERNAL", 1},
        {9999, "FH_EINTERNAL", 1},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_string_equal(fh_code_name(rows[i].code), rows[i].name);
        assert_int_equal(fh_code_exit(rows[i].code), rows[i].exit_code);
        assert_true(strlen(fh_code_text(rows[i].code)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_and_returns_the_code),
        cmocka_unit_test(wrap_prefixes_and_keeps_code_and_rule),
        cmocka_unit_test(an_error_may_be_built_from_its_own_text),
        cmocka_unit_test(long_texts_end_with_an_ellipsis),
        cmocka_unit_test(every_code_has_name_text_and_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
