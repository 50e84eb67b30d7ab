/* SPDX-License-Identifier: Apache-2.0 */
/* The doors' certificate and settings: its own is made once, for its names, and kept; what an
 * operator gives must fit; what settings mean for the doors. */
#include "tools/door/certificate.h"

#include "common/file.h"
#include "common/time.h"
#include "tests/lib/scratch.h"
#include "tools/door/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
/* after those above */
#include <cmocka.h>

struct place {
    struct test_scratch scratch;
    struct fh_home home;
    struct fh_settings settings;
    struct fh_err err;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    char keys[128];
    p->scratch = test_scratch_make();
    snprintf(p->home.root, sizeof p->home.root, "%s", p->scratch.path);
    assert_int_equal(
        fh_dir_make(test_scratch_path(keys, sizeof keys, &p->scratch, "keys"), 0700, &p->err),
        FH_OK);
    fh_settings_init(&p->settings);
    snprintf(p->settings.domain, sizeof p->settings.domain, "aviation");
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    test_scratch_remove(&p->scratch);
    free(p);
    return 0;
}

static struct fh_certificate opened(struct place *p, const char *const *names, size_t count)
{
    struct fh_certificate certificate;
    if (fh_certificate_open(&certificate, &p->home, &p->settings, names, count, &p->err) != FH_OK) {
        fail_msg("%s: %s", p->err.rule, p->err.text);
    }
    return certificate;
}

static void refused(struct place *p, int code, const char *rule)
{
    struct fh_certificate certificate;
    assert_int_equal(fh_certificate_open(&certificate, &p->home, &p->settings, NULL, 0, &p->err),
                     code);
    assert_string_equal(p->err.rule, rule);
}

static void write_file(struct place *p, const char *name, const char *text, char *out, size_t size)
{
    test_scratch_path(out, size, &p->scratch, name);
    assert_int_equal(fh_file_replace(out, fh_bytes_cstr(text), 0600, &p->err), FH_OK);
}

static void test_its_own(void **state)
{
    struct place *p = *state;
    static const char *const names[] = {"node.example.net", "192.0.2.7"};
    static const char *const others[] = {"other.example.net"};
    struct stat key;
    struct fh_certificate first = opened(p, NULL, 0);
    assert_true(first.own);
    assert_int_equal(strlen(first.print), FH_CERTIFICATE_PRINT_BYTES - 1);
    assert_true(first.until_ms > fh_clock_wall_ms() + INT64_C(360) * 24 * 3600 * 1000);
    assert_int_equal(stat(first.key, &key), 0);
    assert_int_equal(key.st_mode & 0777, 0600);
    struct fh_certificate again = opened(p, NULL, 0);
    assert_string_equal(again.print, first.print); /* clients may pin it */
    struct fh_certificate named = opened(p, names, 2);
    assert_string_not_equal(named.print, first.print);
    again = opened(p, names, 2);
    assert_string_equal(again.print, named.print);
    again = opened(p, names, 1); /* fewer names need no new one */
    assert_string_equal(again.print, named.print);
    struct fh_certificate moved = opened(p, others, 1);
    assert_string_not_equal(moved.print, named.print);
}

static void test_given_ones(void **state)
{
    struct place *p = *state;
    char path[128];
    struct fh_certificate own = opened(p, NULL, 0);
    snprintf(
        p->settings.tls_certificate, sizeof p->settings.tls_certificate, "%s", own.certificate);
    snprintf(p->settings.tls_key, sizeof p->settings.tls_key, "%s", own.key);
    struct fh_certificate given = opened(p, NULL, 0);
    assert_false(given.own);
    assert_string_equal(given.print, own.print);

    write_file(p, "no.pem", "no certificate", path, sizeof path);
    snprintf(p->settings.tls_key, sizeof p->settings.tls_key, "%s", path);
    refused(p, FH_EINVAL, "door.certificate");
    snprintf(p->settings.tls_certificate, sizeof p->settings.tls_certificate, "%s", path);
    snprintf(p->settings.tls_key, sizeof p->settings.tls_key, "%s", own.key);
    refused(p, FH_EINVAL, "door.certificate");

    /* of another certificate */
    snprintf(
        p->settings.tls_certificate, sizeof p->settings.tls_certificate, "%s", own.certificate);
    char kept[128];
    FH_CLEANUP(fh_buf_fini) struct fh_buf key;
    fh_buf_init(&key, 64 * 1024);
    assert_int_equal(fh_file_read(own.key, &key, &p->err), FH_OK);
    write_file(p, "old.pem", fh_buf_cstr(&key), kept, sizeof kept);
    assert_int_equal(unlink(own.key), 0);
    p->settings.tls_certificate[0] = '\0';
    p->settings.tls_key[0] = '\0';
    (void)opened(p, NULL, 0); /* its own, whose key was gone, is made anew */
    snprintf(
        p->settings.tls_certificate, sizeof p->settings.tls_certificate, "%s", own.certificate);
    snprintf(p->settings.tls_key, sizeof p->settings.tls_key, "%s", kept);
    refused(p, FH_EINVAL, "door.certificate");

    /* readable by others */
    snprintf(p->settings.tls_key, sizeof p->settings.tls_key, "%s", own.key);
    assert_int_equal(chmod(own.key, 0644), 0);
    refused(p, FH_EDENIED, "key.permissions");
    snprintf(p->settings.tls_key, sizeof p->settings.tls_key, "/nowhere/key.pem");
    refused(p, FH_ENOTFOUND, "");
}

static void test_what_settings_mean(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *listen, *tls, *catalogue;
        enum fh_door_tls means;
        bool open;
    } rows[] = {
        {"127.0.0.1:7480", "auto", "auto", FH_DOOR_TLS_OFF, true},
        {"[::1]:7480", "auto", "auto", FH_DOOR_TLS_OFF, true},
        {"localhost:7480", "auto", "members", FH_DOOR_TLS_OFF, false},
        {"127.0.0.1:7480", "own", "auto", FH_DOOR_TLS_REQUIRE, true},
        {"0.0.0.0:7480", "auto", "auto", FH_DOOR_TLS_REQUIRE, false},
        {"192.0.2.7:7480", "auto", "open", FH_DOOR_TLS_REQUIRE, true},
        {"192.0.2.7:7480", "off", "auto", FH_DOOR_TLS_OFF, false},
        {"127.example.net:7480", "auto", "auto", FH_DOOR_TLS_REQUIRE, false},
    };
    struct fh_door_settings *door = calloc(1, sizeof *door);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        snprintf(p->settings.http_listen, sizeof p->settings.http_listen, "%s", rows[i].listen);
        snprintf(p->settings.http_tls, sizeof p->settings.http_tls, "%s", rows[i].tls);
        snprintf(
            p->settings.http_catalogue, sizeof p->settings.http_catalogue, "%s", rows[i].catalogue);
        assert_int_equal(fh_door_settings_of(door, &p->home, &p->settings, &p->err), FH_OK);
        assert_int_equal(door->http_tls, rows[i].means);
        assert_int_equal(door->catalogue_open, rows[i].open);
        assert_int_equal(door->certificate[0] != '\0', rows[i].means == FH_DOOR_TLS_REQUIRE);
    }
    snprintf(p->settings.http_tls, sizeof p->settings.http_tls, "files");
    assert_int_equal(fh_door_settings_of(door, &p->home, &p->settings, &p->err), FH_EINVAL);
    assert_string_equal(p->err.rule, "settings.tls");
    snprintf(p->settings.tls_key, sizeof p->settings.tls_key, "/only/half");
    snprintf(p->settings.http_tls, sizeof p->settings.http_tls, "own");
    assert_int_equal(fh_door_settings_of(door, &p->home, &p->settings, &p->err), FH_EINVAL);
    assert_string_equal(p->err.rule, "settings.tls");
    free(door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_given_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_settings_mean, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
