/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a PostgreSQL password file, one row a case. */
#include "tools/cli/password_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct fh_password_wanted wanted = {"db.example", 5432, "shop", "reader"};

static const struct {
    const char *text;
    const char *password;
} rows[] = {
    {"db.example:5432:shop:reader:s3cret", "s3cret"},
    {"db.example:5432:shop:reader:s3cret\n", "s3cret"},
    {"db.example:5432:shop:reader:s3cret\r\n", "s3cret"},
    {"*:*:*:reader:any", "any"},
    {"*:*:*:*:all\n", "all"},
    {"# db.example:5432:shop:reader:no\ndb.example:5432:shop:reader:yes", "yes"},
    {"\n\nother:5432:shop:reader:no\ndb.example:*:shop:reader:yes\n*:*:*:*:late", "yes"},
    {"db.example:5432:shop:reader:a\\:b\\\\c", "a:b\\c"},
    {"db\\.example:5432:shop:reader:dot", "dot"},
    {"db.example:5432:shop:reader:until:here", "until"},
    {"db.example:5432:shop:reader:", ""},
    {"", ""},
    {"\n", ""},
    {"db.example", ""},
    {"db.example:5432:shop", ""},
    {"db.example:5433:shop:reader:no", ""},
    {"db.example:05432:shop:reader:no", ""},
    {"DB.example:5432:shop:reader:no", ""},
    {"db.example:5432:shops:reader:no", ""},
    {"db.example:5432:shop:reade:no", ""},
    {"\\*:5432:shop:reader:no", ""},
    {"**:5432:shop:reader:no", ""},
    {" db.example:5432:shop:reader:no", ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[FH_PASSWORD_BYTES];
        fh_password_find(out, fh_bytes_cstr(rows[i].text), &wanted);
        if (strcmp(out, rows[i].password) != 0) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_too_long(void **state)
{
    (void)state;
    static char text[3 * FH_PASSWORD_BYTES];
    char out[FH_PASSWORD_BYTES];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "*:*:*:*:", 8);
    fh_password_find(out, fh_bytes_cstr(text), &wanted);
    assert_string_equal(out, "");
    memset(text, 'x', sizeof text - 1); /* a host without an end */
    fh_password_find(out, fh_bytes_cstr(text), &wanted);
    assert_string_equal(out, "");
}

static void test_file(void **state)
{
    (void)state;
    char path[] = "/tmp/freehold-password.XXXXXX";
    char out[FH_PASSWORD_BYTES];
    struct fh_err err = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, rows[0].text, strlen(rows[0].text)), (ssize_t)strlen(rows[0].text));
    close(fd);
    assert_int_equal(fh_password_file_find(out, path, &wanted, &err), FH_OK);
    assert_string_equal(out, "s3cret");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(fh_password_file_find(out, path, &wanted, &err), FH_EDENIED);
    assert_string_equal(out, "");
    assert_null(strstr(err.text, "s3cret"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fh_password_file_find(out, path, &wanted, &err), FH_OK);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
