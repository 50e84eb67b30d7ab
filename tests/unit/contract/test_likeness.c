/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/likeness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#define NONE FH_LIKENESS_COUNT

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum fh_likeness likeness;
    } rows[] = {
        {"ada@example.org", FH_LIKE_EMAIL},
        {"  ada.b+c@mail.example.co  ", FH_LIKE_EMAIL},
        {"ada@example", NONE},
        {"@example.org", NONE},
        {"ada@@example.org", NONE},
        {"ada@.org", NONE},
        {"see ada@example.org there", NONE},
        {"a@b.c1", NONE},
        {"GB82 WEST 1234 5698 7654 32", FH_LIKE_IBAN},
        {"DE89370400440532013000", FH_LIKE_IBAN},
        {"DE89370400440532013001", NONE}, /* check digits */
        {"DE8937040044", NONE},
        {"4111 1111 1111 1111", FH_LIKE_CARD},
        {"5500005555555559", FH_LIKE_CARD},
        {"4111111111111112", NONE}, /* Luhn */
        {"1699999999999", NONE},    /* milliseconds of an epoch */
        {"123-45-6789", FH_LIKE_NATIONAL_ID},
        {"12345678Z", FH_LIKE_NATIONAL_ID},
        {"X1234567L", FH_LIKE_NATIONAL_ID},
        {"12345678A", NONE},
        {"RSSMRA85T10A562S", FH_LIKE_NATIONAL_ID},
        {"192.168.10.1", FH_LIKE_IP},
        {"2001:db8::1", FH_LIKE_IP},
        {"2001:0db8:0000:0000:0000:0000:0000:0001", FH_LIKE_IP},
        {"10.0.0.1/32", FH_LIKE_IP},
        {"10.0.0.1/x", NONE},
        {"192.168.10.256", NONE},
        {"1.2.3", NONE},
        {"10:11:12", NONE},
        {"aa:bb:cc:dd:ee:ff", NONE},
        {"52.52, 13.405", FH_LIKE_PLACE},
        {"-33.8688,151.2093", FH_LIKE_PLACE},
        {"152.52,13.405", NONE},
        {"52,13", NONE},
        {"+49 30 123456", FH_LIKE_PHONE},
        {"(555) 010-2345", FH_LIKE_PHONE},
        {"555-010-2345", FH_LIKE_PHONE},
        {"01 23 45 67 89", FH_LIKE_PHONE},
        {"5550102345", NONE}, /* any number */
        {"2026-11-28", NONE},
        {"28.11.2026", NONE},
        {"1/12/2026", NONE},
        {"1.234.567", NONE},
        {"1234567.89", NONE},
        {"-12.345678", NONE},
        {"+12", NONE},
        {"123e4567-e89b-12d3-a456-426614174000", FH_LIKE_UUID},
        {"123e4567-e89b-12d3-a456-42661417400g", NONE},
        {"ghp_0123456789abcdefghij", FH_LIKE_SECRET},
        {"$2b$12$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234", FH_LIKE_SECRET},
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", FH_LIKE_SECRET},
        {"eyJhbGciOiJIUzI1NiJ9", NONE},
        {"tea", NONE},
        {"", NONE},
        {"12", NONE},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        enum fh_likeness found = fh_likeness_of_value(fh_bytes_cstr(rows[i].value));
        if (found != rows[i].likeness) {
            print_error("%s: %d, expected %d\n", rows[i].value, found, rows[i].likeness);
            fail();
        }
    }
    assert_int_equal(fh_likeness_of_value(fh_bytes("a\0b@c.de", 8)), NONE);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum fh_likeness likeness;
    } rows[] = {
        {"email", FH_LIKE_EMAIL},
        {"customerEMail", FH_LIKE_EMAIL},
        {"EmailAddress", FH_LIKE_EMAIL},
        {"E-Mail", FH_LIKE_EMAIL},
        {"home_phone_2", FH_LIKE_PHONE},
        {"ip_address", FH_LIKE_IP},
        {"clientIP", FH_LIKE_IP},
        {"mac_address", NONE},
        {"shipping address", FH_LIKE_ADDRESS},
        {"DateOfBirth", FH_LIKE_BIRTH},
        {"dateofbirth", FH_LIKE_BIRTH},
        {"SSN", FH_LIKE_NATIONAL_ID},
        {"creditCardNo", FH_LIKE_CARD},
        {"iban", FH_LIKE_IBAN},
        {"Longitude", FH_LIKE_PLACE},
        {"password_hash", FH_LIKE_SECRET},
        {"APIKey", FH_LIKE_SECRET},
        {"lastName", FH_LIKE_PERSON},
        {"name", NONE},
        {"Airport Name", NONE},
        {"ship", NONE}, /* ip inside a word */
        {"hotel", NONE},
        {"flat", NONE},
        {"id", NONE},
        {"", NONE},
        {"_", NONE},
        {"\"; DROP TABLE x", NONE},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        enum fh_likeness found = fh_likeness_of_name(rows[i].name);
        if (found != rows[i].likeness) {
            print_error("%s: %d, expected %d\n", rows[i].name, found, rows[i].likeness);
            fail();
        }
    }
}

static void test_kinds(void **state)
{
    (void)state;
    for (enum fh_likeness i = 0; i < FH_LIKENESS_COUNT; i++) {
        assert_true(fh_likeness_text(i)[0] != 0);
        assert_true((fh_likeness_classification(i) == NULL) == (i == FH_LIKE_UUID));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
