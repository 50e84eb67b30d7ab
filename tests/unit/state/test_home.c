/* SPDX-License-Identifier: Apache-2.0 */
/* Homes: found, made, checked; key files and records as bytes; the lock. */
#include "common/home.h"

#include "common/entropy.h"
#include "common/file.h"
#include "tests/lib/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct test_scratch scratch;
    struct fh_home home;
};

static void must(int code, const struct fh_err *err)
{
    if (code != FH_OK) {
        fail_msg("%s: %s", err->rule, err->text);
    }
}

static const char *place(const struct fixture *f, enum fh_home_place where)
{
    static char path[FH_HOME_PATH_BYTES];
    return fh_home_path(path, &f->home, where);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct fh_err err = {0};
    char path[128];
    f->scratch = test_scratch_make();
    must(fh_home_locate(&f->home, test_scratch_path(path, sizeof path, &f->scratch, "home"), &err),
         &err);
    must(fh_home_create(&f->home, &err), &err);
    must(fh_file_create(place(f, FH_HOME_SETTINGS), fh_bytes("x", 1), 0644, &err), &err);
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

static void test_a_home_is_private_and_made_once(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    static const enum fh_home_place folders[] = {
        FH_HOME_ROOT, FH_HOME_KEYS, FH_HOME_IDENTITY, FH_HOME_RUN, FH_HOME_TMP};
    for (size_t i = 0; i < FH_COUNT(folders); i++) {
        struct stat st;
        assert_int_equal(stat(place(f, folders[i]), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
    }
    must(fh_home_check(&f->home, &err), &err);
    assert_int_equal(fh_home_create(&f->home, &err), FH_EEXIST);
    assert_string_equal(err.rule, "home.exists");
}

static void test_where_the_home_is(void **state)
{
    (void)state;
    struct fh_home home;
    struct fh_err err = {0};
    char far[FH_HOME_BYTES_MAX + 2];
    memset(far, 'x', sizeof far - 1);
    far[0] = '/';
    far[sizeof far - 1] = '\0';
    setenv("HOME", "/home/somebody", 1);
    setenv("FREEHOLD_HOME", "/srv/node//", 1);
    must(fh_home_locate(&home, "/flag/", &err), &err);
    assert_string_equal(home.root, "/flag");
    must(fh_home_locate(&home, NULL, &err), &err);
    assert_string_equal(home.root, "/srv/node");
    unsetenv("FREEHOLD_HOME");
    must(fh_home_locate(&home, NULL, &err), &err);
    assert_string_equal(home.root, "/home/somebody/.freehold");
    must(fh_home_locate(&home, "relative", &err), &err);
    assert_int_equal(home.root[0], '/');
    unsetenv("HOME");
    assert_int_equal(fh_home_locate(&home, NULL, &err), FH_EUSAGE);
    assert_int_equal(fh_home_locate(&home, "", &err), FH_EUSAGE);
    assert_int_equal(fh_home_locate(&home, far, &err), FH_EUSAGE);
    far[FH_HOME_BYTES_MAX] = '\0';
    must(fh_home_locate(&home, far, &err), &err);
}

/* ---- what is wrong with a home ---- */

static void open_keys(const struct fixture *f)
{
    chmod(place(f, FH_HOME_KEYS), 0750);
}
static void open_home(const struct fixture *f)
{
    chmod(place(f, FH_HOME_ROOT), 0777);
}
static void lose_settings(const struct fixture *f)
{
    unlink(place(f, FH_HOME_SETTINGS));
}
static void lose_keys(const struct fixture *f)
{
    rmdir(place(f, FH_HOME_KEYS));
}
static void keys_elsewhere(const struct fixture *f)
{
    rmdir(place(f, FH_HOME_KEYS));
    assert_int_equal(symlink("/tmp", place(f, FH_HOME_KEYS)), 0);
}

static const struct {
    const char *name;
    void (*spoil)(const struct fixture *f);
    int code;
    const char *rule;
} wrong_homes[] = {
    {"keys that others may read", open_keys, FH_EDENIED, "home.permissions"},
    {"a home that others may write", open_home, FH_EDENIED, "home.permissions"},
    {"no settings", lose_settings, FH_ENOTFOUND, "home.missing"},
    {"no keys", lose_keys, FH_ENOTFOUND, "home.missing"},
    {"keys behind a link", keys_elsewhere, FH_ENOTFOUND, "home.missing"},
};

static void test_wrong_homes(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(wrong_homes); i++) {
        void *own = NULL;
        struct fh_err err = {0};
        assert_int_equal(setup(&own), 0);
        struct fixture *f = own;
        wrong_homes[i].spoil(f);
        int code = fh_home_check(&f->home, &err);
        if (code != wrong_homes[i].code || strcmp(err.rule, wrong_homes[i].rule) != 0) {
            fail_msg("%s: %s %s", wrong_homes[i].name, fh_code_name(code), err.rule);
        }
        teardown(&own);
    }
}

/* ---- keys ---- */

static void test_keys_are_kept_and_guarded(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, FH_KEY_FILE_BYTES_MAX);
    uint8_t secret[84];
    fh_entropy(secret, sizeof secret);
    struct fh_bytes bytes = fh_bytes(secret, sizeof secret);
    assert_int_equal(fh_home_key_read(&f->home, "node", &out, &err), FH_ENOTFOUND);
    must(fh_home_key_write(&f->home, "node", bytes, &err), &err);
    assert_int_equal(fh_home_key_write(&f->home, "node", bytes, &err), FH_EEXIST);
    must(fh_home_key_read(&f->home, "node", &out, &err), &err);
    assert_true(fh_bytes_equal(fh_buf_view(&out), bytes));

    char path[FH_HOME_PATH_BYTES];
    must(fh_home_key_path(path, &f->home, "node", &err), &err);
    chmod(path, 0640);
    assert_int_equal(fh_home_key_read(&f->home, "node", &out, &err), FH_EDENIED);
    assert_string_equal(err.rule, "key.permissions");
    chmod(path, 0600);
    chmod(place(f, FH_HOME_KEYS), 0755);
    assert_int_equal(fh_home_key_read(&f->home, "node", &out, &err), FH_EDENIED);
    assert_string_equal(err.rule, "key.permissions");
    chmod(place(f, FH_HOME_KEYS), 0700);

    static const char *const bad[] = {"", "Node", "../node", "a/b", "9a", "a.b", "a key"};
    for (size_t i = 0; i < FH_COUNT(bad); i++) {
        assert_int_equal(fh_home_key_write(&f->home, bad[i], bytes, &err), FH_EINVAL);
        assert_int_equal(fh_home_key_read(&f->home, bad[i], &out, &err), FH_EINVAL);
    }
    static uint8_t large[FH_KEY_FILE_BYTES_MAX + 1];
    assert_int_equal(fh_home_key_write(&f->home, "large", fh_bytes(large, sizeof large), &err),
                     FH_ETOOBIG);
}

/* ---- identity records ---- */

static int join_names(void *user, const char *name, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_buf *out = user;
    if (bytes.size == 0) {
        return fh_err_set(err, FH_EINVAL, "empty");
    }
    fh_buf_printf(out, "%s=%.*s;", name, (int)bytes.size, (const char *)bytes.data);
    return FH_OK;
}

static void test_identity_records_in_order(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 1024);
    must(fh_home_identity_write(&f->home, 10, "node", fh_bytes("c", 1), &err), &err);
    must(fh_home_identity_write(&f->home, 0, "inception", fh_bytes("a", 1), &err), &err);
    must(fh_home_identity_write(&f->home, 2, "charter", fh_bytes("x", 1), &err), &err);
    must(fh_home_identity_write(&f->home, 2, "charter", fh_bytes("b", 1), &err), &err);
    must(fh_file_create(place(f, FH_HOME_INVITATION), fh_bytes("fhi1", 4), 0600, &err), &err);
    must(fh_home_identity_each(&f->home, join_names, &out, &err), &err);
    assert_string_equal(fh_buf_cstr(&out),
                        "000-inception.record=a;002-charter.record=b;010-node.record=c;");
    assert_int_equal(fh_home_identity_write(&f->home, 1000, "late", fh_bytes("a", 1), &err),
                     FH_EINVAL);
    assert_int_equal(fh_home_identity_write(&f->home, 1, "../up", fh_bytes("a", 1), &err),
                     FH_EINVAL);
    must(fh_home_identity_write(&f->home, 3, "empty", FH_BYTES_NONE, &err), &err);
    assert_int_equal(fh_home_identity_each(&f->home, join_names, &out, &err), FH_EINVAL);
    assert_non_null(strstr(err.text, "003-empty.record"));
}

/* ---- the lock ---- */

static void test_one_node_in_a_home(void **state)
{
    struct fixture *f = *state;
    struct fh_err err = {0};
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = -1;
        char ready = fh_home_lock(&f->home, &fd, &err) == FH_OK ? 'y' : 'n';
        if (write(pipes[1], &ready, 1) != 1) {
            _exit(1);
        }
        pause();
    }
    char ready = 'n';
    assert_int_equal(read(pipes[0], &ready, 1), 1);
    assert_int_equal(ready, 'y');
    int fd = -1;
    char expected[64];
    snprintf(expected, sizeof expected, "another node (pid %ld) uses this home", (long)child);
    assert_int_equal(fh_home_lock(&f->home, &fd, &err), FH_EBUSY);
    assert_string_equal(err.rule, "home.locked");
    assert_non_null(strstr(err.text, expected));
    /* The lock dies with its holder, however it dies. */
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    must(fh_home_lock(&f->home, &fd, &err), &err);
    fh_home_unlock(fd);
    must(fh_home_lock(&f->home, &fd, &err), &err);
    fh_home_unlock(fd);
    close(pipes[0]);
    close(pipes[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_home_is_private_and_made_once),
        cmocka_unit_test(test_where_the_home_is),
        cmocka_unit_test(test_wrong_homes),
        TEST(test_keys_are_kept_and_guarded),
        TEST(test_identity_records_in_order),
        TEST(test_one_node_in_a_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
