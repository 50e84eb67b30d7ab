/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's config: default, file, environment, flag, each over the one before. */
#include "node/config.h"

#include "common/file.h"
#include "tests/lib/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 8 };

struct fixture {
    struct test_scratch scratch;
    char home[128];
    struct fh_config config;
    struct fh_err err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct fh_home home;
    char path[FH_HOME_PATH_BYTES];
    static const char yaml[] = "domain: aviation\nlisten: 127.0.0.1:1001\nlog_level: warn\n";
    f->scratch = test_scratch_make();
    test_scratch_path(f->home, sizeof f->home, &f->scratch, "home");
    assert_int_equal(fh_home_locate(&home, f->home, &f->err), FH_OK);
    assert_int_equal(fh_home_create(&home, &f->err), FH_OK);
    assert_int_equal(
        fh_file_create(
            fh_home_path(path, &home, FH_HOME_SETTINGS), fh_bytes_cstr(yaml), 0644, &f->err),
        FH_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    test_scratch_remove(&f->scratch);
    free(f);
    return 0;
}

/* `arguments` and `environment` end with NULL; --home is given first. */
static int load(struct fixture *f, const char *const *arguments, const char *const *environment)
{
    const char *argv[ARGUMENTS_MAX + 3] = {"freehold-node", "--home", f->home};
    int argc = 3;
    for (; *arguments != NULL; arguments++) {
        argv[argc++] = *arguments;
    }
    f->err = (struct fh_err){0};
    return fh_config_load(&f->config, argc, argv, environment, &f->err);
}

static const struct {
    const char *name;
    const char *arguments[ARGUMENTS_MAX];
    const char *environment[4];
    const char *listen;
    const char *log_level;
} loads[] = {
    {"file", {NULL}, {NULL}, "127.0.0.1:1001", "warn"},
    {"environment over file",
     {NULL},
     {"FREEHOLD_LISTEN=127.0.0.1:1002", "PATH=/bin", NULL},
     "127.0.0.1:1002",
     "warn"},
    {"flag over environment",
     {"--listen", "127.0.0.1:1003", NULL},
     {"FREEHOLD_LISTEN=127.0.0.1:1002", NULL},
     "127.0.0.1:1003",
     "warn"},
    {"flag with =",
     {"--listen=127.0.0.1:1004", "--log-level=debug", NULL},
     {NULL},
     "127.0.0.1:1004",
     "debug"},
    {"variables of others",
     {"--offline", NULL},
     {"FREEHOLD_HOME=/elsewhere", "FREEHOLD_PEER=x:1", NULL},
     "127.0.0.1:1001",
     "warn"},
};

static void test_who_goes_first(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < FH_COUNT(loads); i++) {
        int code = load(f, loads[i].arguments, loads[i].environment);
        if (code != FH_OK) {
            fail_msg("%s: %s %s", loads[i].name, f->err.rule, f->err.text);
        }
        assert_string_equal(f->config.settings.listen, loads[i].listen);
        assert_string_equal(f->config.settings.log_level, loads[i].log_level);
        assert_string_equal(f->config.settings.domain, "aviation");
        assert_string_equal(f->config.home.root, f->home);
    }
    assert_true(f->config.offline);
    assert_false(f->config.help);
}

static const struct {
    const char *name;
    const char *arguments[ARGUMENTS_MAX];
    const char *environment[3];
    int code;
    const char *rule;
    const char *text;
} wrong[] = {
    {"unknown flag", {"--lisen=a:1", NULL}, {NULL}, FH_EUSAGE, "config.flag", "--listen?"},
    {"far flag", {"--qqqqqqqqqqqq", NULL}, {NULL}, FH_EUSAGE, "config.flag", "see --help"},
    {"no flag", {"start", NULL}, {NULL}, FH_EUSAGE, "config.flag", "unexpected argument"},
    {"one dash", {"-l", NULL}, {NULL}, FH_EUSAGE, "config.flag", ""},
    {"dashes alone", {"--", NULL}, {NULL}, FH_EUSAGE, "config.flag", ""},
    {"no value", {"--listen", NULL}, {NULL}, FH_EUSAGE, "config.flag", "needs a value"},
    {"a value too much", {"--offline=yes", NULL}, {NULL}, FH_EUSAGE, "config.flag", "no value"},
    {"wrong value", {"--listen", "x", NULL}, {NULL}, FH_EINVAL, "settings.address", "--listen"},
    {"wrong limit",
     {"--limits-workers=0", NULL},
     {NULL},
     FH_EINVAL,
     "settings.value",
     "--limits-workers"},
    {"wildcard", {"--listen=0.0.0.0:1", NULL}, {NULL}, FH_EINVAL, "settings.advertise", ""},
    {"wrong variable",
     {NULL},
     {"FREEHOLD_LOG_LEVEL=loud", NULL},
     FH_EINVAL,
     "settings.value",
     "FREEHOLD_LOG_LEVEL"},
    {"another home", {"--home=/nonexistent/x", NULL}, {NULL}, FH_ENOTFOUND, "home.missing", ""},
};

static void test_what_is_refused(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < FH_COUNT(wrong); i++) {
        int code = load(f, wrong[i].arguments, wrong[i].environment);
        if (code != wrong[i].code || strcmp(f->err.rule, wrong[i].rule) != 0 ||
            strstr(f->err.text, wrong[i].text) == NULL) {
            fail_msg("%s: %s %s: %s", wrong[i].name, fh_code_name(code), f->err.rule, f->err.text);
        }
    }
}

/* Unknown variables are no error (Kubernetes makes some), but a mistyped one is told. */
static void test_unknown_variables(void **state)
{
    struct fixture *f = *state;
    static const char *const none[] = {NULL};
    static const struct {
        const char *environment[3];
        const char *warning; /* NULL: none */
    } rows[] = {
        {{"FREEHOLD_LISTENS=a:1", NULL}, "FREEHOLD_LISTEN?"},
        {{"FREEHOLD_LOG_LEVL=debug", NULL}, "FREEHOLD_LOG_LEVEL?"},
        {{"FREEHOLD_SERVICE_HOST=10.0.0.1", NULL}, NULL},
        {{"FREEHOLD_PEER=x:1", NULL}, NULL},
        {{"FREEHOL=x", NULL}, NULL},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        assert_int_equal(load(f, none, rows[i].environment), FH_OK);
        assert_string_equal(f->config.settings.log_level, "warn");
        if (rows[i].warning == NULL) {
            assert_string_equal(f->config.warning, "");
        } else {
            assert_non_null(strstr(f->config.warning, rows[i].warning));
        }
    }
}

static void test_a_wrong_file_names_its_place(void **state)
{
    struct fixture *f = *state;
    static const char *const none[] = {NULL};
    char path[160];
    snprintf(path, sizeof path, "%s/freehold.yaml", f->home);
    assert_int_equal(fh_file_replace(path, fh_bytes_cstr("domain: a\nlisten: x\n"), 0644, &f->err),
                     FH_OK);
    assert_int_equal(load(f, none, none), FH_EINVAL);
    assert_non_null(strstr(f->err.text, "freehold.yaml:2:9"));
    assert_int_equal(chmod(f->home, 0777), 0);
    assert_int_equal(load(f, none, none), FH_EDENIED);
    assert_string_equal(f->err.rule, "home.permissions");
}

static void test_unknown_variables_are_told_not_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const none[] = {NULL};
    static const char *const mistyped[] = {"FREEHOLD_LISTENS=a:1", NULL};
    assert_int_equal(load(f, none, mistyped), FH_OK);
    assert_non_null(strstr(f->config.warning, "FREEHOLD_LISTENS"));
    assert_non_null(strstr(f->config.warning, "did you mean FREEHOLD_LISTEN?"));
    static const char *const foreign[] = {"FREEHOLD_QQQQQQQQQQQQQQQQ=1", NULL};
    assert_int_equal(load(f, none, foreign), FH_OK);
    assert_string_equal(f->config.warning, "");
}

static void test_help_names_everything(void **state)
{
    struct fixture *f = *state;
    static const char *const help[] = {"--help", NULL};
    static const char *const none[] = {NULL};
    assert_int_equal(load(f, help, none), FH_OK);
    assert_true(f->config.help);
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, 64 * 1024);
    fh_config_help(&text);
    for (size_t i = 0; i < fh_settings_table_count; i++) {
        const struct fh_setting *setting = &fh_settings_table[i];
        assert_non_null(strstr(fh_buf_cstr(&text), setting->flag));
        assert_non_null(strstr(fh_buf_cstr(&text), setting->environment));
        assert_non_null(strstr(fh_buf_cstr(&text), setting->help));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_who_goes_first),
        TEST(test_what_is_refused),
        TEST(test_unknown_variables),
        TEST(test_a_wrong_file_names_its_place),
        TEST(test_unknown_variables_are_told_not_refused),
        TEST(test_help_names_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
