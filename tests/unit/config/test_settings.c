/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: the file as it is written and read, and what is refused, with its place. */
#include "proto/settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

/* ---- the table ---- */

static void test_the_table_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        const struct fh_setting *setting = &fh_settings_table[i];
        assert_ptr_equal(fh_settings_find(setting->key), setting);
        assert_int_equal(strncmp(setting->environment, "FREEHOLD_", 9), 0);
        assert_true(strlen(setting->help) > 8);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(setting->key, fh_settings_table[j].key);
            assert_string_not_equal(setting->environment, fh_settings_table[j].environment);
            assert_string_not_equal(setting->flag, fh_settings_table[j].flag);
            assert_int_not_equal(setting->offset, fh_settings_table[j].offset);
        }
    }
    assert_null(fh_settings_find("limits"));
    assert_null(fh_settings_find(""));
}

static void test_defaults(void **state)
{
    (void)state;
    struct fh_settings settings;
    fh_settings_init(&settings);
    assert_string_equal(settings.listen, "127.0.0.1:7400");
    assert_string_equal(settings.log_level, "info");
    assert_int_equal(settings.sessions_max, FH_SESSIONS_MAX);
    assert_int_equal(settings.query_deadline_ms, FH_QUERY_DEADLINE_MS);
    assert_int_equal(settings.peers.count, 0);
}

/* ---- the file ---- */

static const char whole[] = "# a comment\n"
                            "domain: aviation\n"
                            "mesh_name: skies\n"
                            "listen: 0.0.0.0:7401\n"
                            "advertise:\n"
                            "  - node.example:7401\n"
                            "  - \"[2001:db8::1]:7401\"\n"
                            "peers: [10.0.0.1:7400, b:1]\n"
                            "data_roots:\n"
                            "  - /srv/data\n"
                            "log_level: debug\n"
                            "require_sandbox: false\n"
                            "limits:\n"
                            "  workers: 1\n"
                            "  query_rows: 500\n";

static void test_a_whole_file(void **state)
{
    (void)state;
    struct fh_settings settings;
    struct fh_err err = {0};
    fh_settings_init(&settings);
    must(fh_settings_parse(&settings, fh_bytes_cstr(whole), "freehold.yaml", &err), &err);
    must(fh_settings_check(&settings, &err), &err);
    assert_string_equal(settings.domain, "aviation");
    assert_string_equal(settings.listen, "0.0.0.0:7401");
    assert_int_equal(settings.advertise.count, 2);
    assert_string_equal(settings.advertise.items[1], "[2001:db8::1]:7401");
    assert_int_equal(settings.peers.count, 2);
    assert_string_equal(settings.data_roots.items[0], "/srv/data");
    assert_int_equal(settings.workers_max, 1);
    assert_false(settings.require_sandbox);
    assert_int_equal(settings.query_rows_max, 500);
    assert_int_equal(settings.pipes_max, FH_PIPES_MAX);
}

static void assert_round_trip(const struct fh_settings *settings)
{
    struct fh_settings read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FH_SETTINGS_BYTES_MAX);
    fh_settings_render(&text, settings);
    assert_int_equal(fh_buf_ok(&text), FH_OK);
    fh_settings_init(&read);
    must(fh_settings_parse(&read, fh_buf_view(&text), "freehold.yaml", &err), &err);
    FH_CLEANUP(fh_buf_fini) struct fh_buf again;
    fh_buf_init(&again, FH_SETTINGS_BYTES_MAX);
    fh_settings_render(&again, &read);
    assert_true(fh_bytes_equal(fh_buf_view(&text), fh_buf_view(&again)));
    assert_string_equal(read.domain, settings->domain);
    assert_string_equal(read.listen, settings->listen);
    assert_int_equal(read.peers.count, settings->peers.count);
    assert_int_equal(read.data_roots.count, settings->data_roots.count);
    for (size_t i = 0; i < read.data_roots.count; i++) {
        assert_string_equal(read.data_roots.items[i], settings->data_roots.items[i]);
    }
    assert_int_equal(read.workers_max, settings->workers_max);
    assert_int_equal(read.require_sandbox, settings->require_sandbox);
}

static void test_what_is_written_is_read(void **state)
{
    (void)state;
    struct fh_settings settings;
    struct fh_err err = {0};
    fh_settings_init(&settings);
    assert_round_trip(&settings);
    must(fh_settings_parse(&settings, fh_bytes_cstr(whole), "freehold.yaml", &err), &err);
    assert_round_trip(&settings);
    must(fh_settings_set(&settings,
                         fh_settings_find("data_roots"),
                         "/a \"quoted\" \\ folder,/b: #c",
                         "test",
                         &err),
         &err);
    assert_round_trip(&settings);
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FH_SETTINGS_BYTES_MAX);
    fh_settings_render(&text, &settings);
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        assert_non_null(strstr(fh_buf_cstr(&text), fh_settings_table[i].help)); /* explains all */
    }
}

static const struct {
    const char *name;
    const char *yaml;
    const char *rule; /* prefix */
    const char *text; /* part */
} wrong_files[] = {
    {"unknown key", "domain: a\nlisen: x:1\n", "settings.key", "freehold.yaml:2:1: unknown key"},
    {"near key", "lisen: x:1\n", "settings.key", "did you mean \"listen\"?"},
    {"far key", "zebra: 1\n", "settings.key", "unknown key \"zebra\""},
    {"unknown limit", "limits:\n  worker: 1\n", "settings.key", "freehold.yaml:2:3"},
    {"near limit", "limits:\n  worker: 1\n", "settings.key", "\"limits.workers\"?"},
    {"a limit outside", "workers: 1\n", "settings.key", "unknown key"},
    {"limits as a list", "limits: [1]\n", "settings.key", "limits"},
    {"raised limit", "limits:\n  workers: 9999\n", "settings.value", "from 1 to"},
    {"limit of none", "limits:\n  workers: 0\n", "settings.value", "freehold.yaml:2:12"},
    {"limit below none", "limits:\n  workers: -1\n", "settings.value", "whole number"},
    {"limit with unit", "limits:\n  query_deadline: 5s\n", "settings.value", "of ms"},
    {"huge number", "limits:\n  workers: 99999999999999999999\n", "settings.value", "from"},
    {"name in capitals", "domain: Aviation\n", "name.", "freehold.yaml:1:9"},
    {"reserved name", "domain: pg_catalog\n", "name.", ""},
    {"list for a value", "listen: [a:1]\n", "settings.value", "expected one value"},
    {"value for a list", "peers: a:1\n", "settings.value", "expected a list"},
    {"nothing for a value", "listen:\n", "settings.value", "expected one value"},
    {"map for a value", "listen: {a: b}\n", "settings.value", "not a map"},
    {"no port", "listen: localhost\n", "settings.address", "HOST:PORT"},
    {"port 0", "listen: localhost:0\n", "settings.address", ""},
    {"port too large", "listen: localhost:65536\n", "settings.address", ""},
    {"no host", "listen: \":7400\"\n", "settings.address", ""},
    {"v6 without brackets", "listen: \"::1:7400\"\n", "settings.address", "[2001:db8::1]:7400"},
    {"v6 without end", "listen: \"[::1:7400\"\n", "settings.address", ""},
    {"blank in host", "listen: \"a b:1\"\n", "settings.address", ""},
    {"four addresses", "advertise: [a:1, b:1, c:1, d:1]\n", "settings.value", "fewer"},
    {"relative root", "data_roots: [data]\n", "settings.value", "absolute"},
    {"level", "log_level: verbose\n", "settings.value", "error, warn, info or debug"},
    {"neither", "require_sandbox: maybe\n", "settings.value", "true or false"},
    {"a YAML 1.1 word", "require_sandbox: off\n", "settings.value", "true or false"},
    {"mesh id", "mesh: fhm1abc\n", "", "mesh"},
    {"twice", "domain: a\ndomain: b\n", "yaml.", "freehold.yaml"},
    {"alias", "a: &x 1\nb: *x\n", "yaml.", "freehold.yaml"},
    {"second document", "domain: a\n---\ndomain: b\n", "yaml.", ""},
    {"no YAML", "domain: [a\n", "yaml.", "freehold.yaml"},
    {"a list", "- domain\n", "settings.value", "key: value"},
    {"a word", "domain\n", "settings.value", "key: value"},
    {"not utf-8", "domain: \xff\n", "yaml.", ""},
};

static void test_wrong_files(void **state)
{
    (void)state;
    struct fh_settings before;
    fh_settings_init(&before);
    for (size_t i = 0; i < FH_COUNT(wrong_files); i++) {
        struct fh_settings settings = before;
        struct fh_err err = {0};
        int code =
            fh_settings_parse(&settings, fh_bytes_cstr(wrong_files[i].yaml), "freehold.yaml", &err);
        const char *rule = wrong_files[i].rule;
        if (code != FH_EINVAL || err.code != code || strncmp(err.rule, rule, strlen(rule)) != 0 ||
            strstr(err.text, wrong_files[i].text) == NULL) {
            fail_msg("%s: %s %s: %s", wrong_files[i].name, fh_code_name(code), err.rule, err.text);
        }
        assert_memory_equal(&settings, &before, sizeof before);
    }
}

static void test_nothing_in_the_file(void **state)
{
    (void)state;
    static const char *const empty[] = {
        "", "\n", "# only a comment\n", "limits: {}\n", "peers: []\n"};
    for (size_t i = 0; i < FH_COUNT(empty); i++) {
        struct fh_settings settings;
        struct fh_err err = {0};
        fh_settings_init(&settings);
        must(fh_settings_parse(&settings, fh_bytes_cstr(empty[i]), "freehold.yaml", &err), &err);
        assert_true(settings.require_sandbox); /* never off by omission */
    }
    static char large[FH_SETTINGS_BYTES_MAX + 1];
    memset(large, '\n', sizeof large);
    struct fh_settings settings;
    struct fh_err err = {0};
    fh_settings_init(&settings);
    assert_int_equal(
        fh_settings_parse(&settings, fh_bytes(large, sizeof large), "freehold.yaml", &err),
        FH_ETOOBIG);
}

/* ---- rules across settings ---- */

static const struct {
    const char *yaml;
    const char *rule; /* NULL: fine */
} combinations[] = {
    {"domain: a\n", NULL},
    {"domain: a\nlisten: 0.0.0.0:1\nadvertise: [b:1]\n", NULL},
    {"domain: a\nlisten: \"[::1]:1\"\n", NULL},
    {"listen: a:1\n", "settings.domain"},
    {"domain: a\nlisten: 0.0.0.0:1\n", "settings.advertise"},
    {"domain: a\nlisten: \"[::]:1\"\n", "settings.advertise"},
    {"domain: a\nadvertise: [0.0.0.0:1]\n", "settings.advertise"},
    {"domain: a\nadvertise: [b:1, \"[::]:1\"]\n", "settings.advertise"},
};

static void test_combinations(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(combinations); i++) {
        struct fh_settings settings;
        struct fh_err err = {0};
        fh_settings_init(&settings);
        must(fh_settings_parse(&settings, fh_bytes_cstr(combinations[i].yaml), "f", &err), &err);
        int code = fh_settings_check(&settings, &err);
        assert_int_equal(code, combinations[i].rule == NULL ? FH_OK : FH_EINVAL);
        assert_string_equal(err.rule, combinations[i].rule == NULL ? "" : combinations[i].rule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_is_sound),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_a_whole_file),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_nothing_in_the_file),
        cmocka_unit_test(test_combinations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
