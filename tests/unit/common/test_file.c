/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Each test works in a folder of its own, which is the current one and gone afterwards. */
static int enter_folder(void **state)
{
    char *folder = strdup("/tmp/freehold-test-XXXXXX");
    if (folder == NULL || mkdtemp(folder) == NULL || chdir(folder) != 0) {
        free(folder);
        return -1;
    }
    *state = folder;
    return 0;
}

static void remove_content(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char inner[PATH_MAX];
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (remove(inner) != 0) {
            remove_content(inner);
            rmdir(inner);
        }
    }
    closedir(folder);
}

static int leave_folder(void **state)
{
    remove_content(*state);
    int status = chdir("/") == 0 && rmdir(*state) == 0 ? 0 : -1;
    free(*state);
    return status;
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *folder = opendir(".");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

static void put(const char *path, const char *text, mode_t mode)
{
    struct fh_err err = {0};
    assert_int_equal(fh_file_replace(path, fh_bytes_cstr(text), mode, &err), FH_OK);
}

static void expect_content(const char *path, const char *text)
{
    struct fh_err err = {0};
    struct fh_buf buf;
    fh_buf_init(&buf, 100);
    assert_int_equal(fh_file_read(path, &buf, &err), FH_OK);
    assert_string_equal(fh_buf_cstr(&buf), text);
    fh_buf_fini(&buf);
}

static void a_file_is_replaced_as_a_whole_with_its_mode(void **state)
{
    (void)state;
    struct stat st;
    put("f", "one", 0600);
    expect_content("f", "one");
    put("f", "", 0644);
    expect_content("f", "");
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(count_files(), 1);
}

static void create_never_replaces(void **state)
{
    (void)state;
    struct fh_err err = {0};
    assert_int_equal(fh_file_create("f", fh_bytes_cstr("one"), 0600, &err), FH_OK);
    assert_int_equal(fh_file_create("f", fh_bytes_cstr("two"), 0600, &err), FH_EEXIST);
    assert_non_null(strstr(err.text, "f: cannot write"));
    expect_content("f", "one");
    assert_int_equal(count_files(), 1);
}

static void a_write_that_fails_leaves_the_old_file_alone(void **state)
{
    (void)state;
    struct fh_err err = {0};
    put("f", "old", 0600);
    /* A file size limit stands in for a full disk: write() fails in the middle. */
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 1000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    static const uint8_t big[5000];
    int code = fh_file_replace("f", fh_bytes(big, sizeof big), 0600, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, FH_EIO);
    expect_content("f", "old");
    assert_int_equal(count_files(), 1);

    assert_int_equal(fh_file_replace("no/such/f", fh_bytes_cstr("x"), 0600, &err), FH_EIO);
    assert_int_equal(fh_dir_make("folder", 0700, &err), FH_OK);
    assert_int_equal(fh_file_replace("folder", fh_bytes_cstr("x"), 0600, &err), FH_EIO);
    assert_int_equal(count_files(), 2);
}

static void what_is_no_plain_file_is_not_read(void **state)
{
    (void)state;
    put("real", "content", 0600);
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(mkdir("folder", 0700), 0);
    static const struct {
        const char *path;
        int code;
        const char *text;
    } rows[] = {
        {"missing", FH_ENOTFOUND, "no such file"},
        {"real/below", FH_ENOTFOUND, "no such file"},
        {"link", FH_EDENIED, "symbolic link"},
        {"dangling", FH_EDENIED, "symbolic link"},
        {"fifo", FH_EINVAL, "not a regular file"},
        {"folder", FH_EINVAL, "not a regular file"},
        {"/dev/null", FH_EINVAL, "not a regular file"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_err err = {0};
        struct fh_buf buf;
        fh_buf_init(&buf, 100);
        assert_int_equal(fh_file_read(rows[i].path, &buf, &err), rows[i].code);
        assert_non_null(strstr(err.text, rows[i].text));
        assert_non_null(strstr(err.text, rows[i].path));
        assert_int_equal(buf.size, 0);
        fh_buf_fini(&buf);
    }
}

static void a_file_past_the_limit_is_refused(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct fh_buf buf;
    put("f", "12345", 0600);
    fh_buf_init(&buf, 5);
    assert_int_equal(fh_file_read("f", &buf, &err), FH_OK);
    fh_buf_fini(&buf);
    fh_buf_init(&buf, 4);
    assert_int_equal(fh_file_read("f", &buf, &err), FH_ETOOBIG);
    assert_non_null(strstr(err.text, "larger than 4 bytes"));
    fh_buf_fini(&buf);
}

static void a_secret_that_others_may_touch_is_refused(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        int code;
    } rows[] = {
        {0600, FH_OK},
        {0400, FH_OK},
        {0640, FH_EDENIED},
        {0604, FH_EDENIED},
        {0620, FH_EDENIED},
        {0601, FH_EDENIED},
        {0666, FH_EDENIED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fh_err err = {0};
        struct fh_buf buf;
        fh_buf_init(&buf, 100);
        put("key", "secret", rows[i].mode);
        assert_int_equal(fh_file_read_secret("key", &buf, &err), rows[i].code);
        if (rows[i].code != FH_OK) {
            assert_string_equal(err.rule, "key.permissions");
            assert_non_null(strstr(err.text, "chmod 600 key"));
            assert_int_equal(buf.size, 0);
        }
        fh_buf_fini(&buf);
    }
}

static void a_folder_is_made_once(void **state)
{
    (void)state;
    struct fh_err err = {0};
    struct stat st;
    mode_t mask = umask(0);
    assert_int_equal(fh_dir_make("d", 0700, &err), FH_OK);
    umask(mask);
    assert_int_equal(fh_dir_make("d", 0755, &err), FH_OK);
    assert_int_equal(stat("d", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    put("f", "", 0600);
    assert_int_equal(fh_dir_make("f", 0700, &err), FH_EIO);
    assert_int_equal(fh_dir_make("no/such", 0700, &err), FH_EIO);
}

static void only_what_is_beneath_the_root_is_opened(void **state)
{
    (void)state;
    struct fh_err err = {0};
    assert_int_equal(fh_dir_make("root", 0700, &err), FH_OK);
    assert_int_equal(fh_dir_make("root/in", 0700, &err), FH_OK);
    put("outside", "no", 0600);
    put("root/in/data", "yes", 0600);
    assert_int_equal(symlink("../outside", "root/out"), 0);
    assert_int_equal(symlink("in/data", "root/inner"), 0);
    assert_int_equal(symlink("in", "root/alias"), 0);
    static const struct {
        const char *path;
        int code;
    } rows[] = {
        {"in/data", FH_OK},
        {"in/../in/data", FH_OK},
        {"../outside", FH_EDENIED},
        {"in/../../outside", FH_EDENIED},
        {"/etc/passwd", FH_EDENIED},
        {"out", FH_EDENIED},
        {"inner", FH_EDENIED},
        {"alias/data", FH_EDENIED},
        {"missing", FH_ENOTFOUND},
        {"in", FH_EINVAL},
        {"", FH_ENOTFOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = -7;
        int code = fh_file_open_beneath("root", rows[i].path, &fd, &err);
        if (code != rows[i].code) {
            fail_msg("%s: %s (%s)", rows[i].path, fh_code_name(code), err.text);
        }
        if (code == FH_OK) {
            char text[8] = {0};
            assert_int_equal(read(fd, text, sizeof text), 3);
            assert_string_equal(text, "yes");
            close(fd);
        } else {
            assert_int_equal(fd, -7); /* untouched on failure */
        }
        if (code == FH_EDENIED) {
            assert_string_equal(err.rule, "source.path.escapes");
        }
    }
    int fd = -7;
    assert_int_equal(fh_file_open_beneath("no-root", "in", &fd, &err), FH_ENOTFOUND);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_is_replaced_as_a_whole_with_its_mode),
        IN_FOLDER(create_never_replaces),
        IN_FOLDER(a_write_that_fails_leaves_the_old_file_alone),
        IN_FOLDER(what_is_no_plain_file_is_not_read),
        IN_FOLDER(a_file_past_the_limit_is_refused),
        IN_FOLDER(a_secret_that_others_may_touch_is_refused),
        IN_FOLDER(a_folder_is_made_once),
        IN_FOLDER(only_what_is_beneath_the_root_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
