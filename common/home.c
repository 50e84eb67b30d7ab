/* SPDX-License-Identifier: Apache-2.0 */
#include "common/home.h"

#include "common/assert.h"
#include "common/file.h"
#include "common/limits.h"
#include "common/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FOLDER_MODE = 0700,
    SECRET_MODE = 0600,
    NAME_BYTES_MAX = 63,
};

static const char *const places[] = {
#define X(name, path) [FH_HOME_##name] = (path),
    FH_HOME_PLACES(X)
#undef X
};

/* ---- finding and making ---- */

static int set_root(struct fh_home *out, const char *path, const char *rest, struct fh_err *err)
{
    char cwd[PATH_MAX] = "";
    if (path[0] != '/' && getcwd(cwd, sizeof cwd) == NULL) {
        return fh_err_set(err, FH_EIO, "the current folder has no path: %s", strerror(errno));
    }
    char whole[2 * PATH_MAX];
    int length =
        snprintf(whole, sizeof whole, "%s%s%s%s", cwd, cwd[0] == '\0' ? "" : "/", path, rest);
    if (length < 0 || (size_t)length >= sizeof whole) {
        return fh_err_rule(err, FH_EUSAGE, "home.path", "the path of the home is too long");
    }
    while (length > 1 && whole[length - 1] == '/') {
        whole[--length] = '\0';
    }
    if (length > FH_HOME_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_EUSAGE,
                           "home.path",
                           "%s: %d bytes; a home has at most %d, so that its socket has a name; "
                           "choose a shorter path",
                           whole,
                           length,
                           FH_HOME_BYTES_MAX);
    }
    memcpy(out->root, whole, (size_t)length + 1);
    return FH_OK;
}

int fh_home_locate(struct fh_home *out, const char *flag, struct fh_err *err)
{
    const char *variable = getenv("FREEHOLD_HOME");
    const char *user = getenv("HOME");
    if (flag != NULL) {
        if (flag[0] == '\0') {
            return fh_err_rule(err, FH_EUSAGE, "home.path", "--home is empty; name a folder");
        }
        return set_root(out, flag, "", err);
    }
    if (variable != NULL && variable[0] != '\0') {
        return set_root(out, variable, "", err);
    }
    if (user != NULL && user[0] != '\0') {
        return set_root(out, user, "/.freehold", err);
    }
    return fh_err_rule(
        err, FH_EUSAGE, "home.path", "no home: give --home DIR or set FREEHOLD_HOME");
}

int fh_home_create(const struct fh_home *home, struct fh_err *err)
{
    static const enum fh_home_place folders[] = {
        FH_HOME_ROOT, FH_HOME_KEYS, FH_HOME_IDENTITY, FH_HOME_RUN, FH_HOME_TMP};
    char path[FH_HOME_PATH_BYTES];
    struct stat st;
    if (lstat(fh_home_path(path, home, FH_HOME_SETTINGS), &st) == 0) {
        return fh_err_rule(err,
                           FH_EEXIST,
                           "home.exists",
                           "%s is a home already; choose another folder with --home",
                           home->root);
    }
    for (size_t i = 0; i < FH_COUNT(folders); i++) {
        int code = fh_dir_make(fh_home_path(path, home, folders[i]), FOLDER_MODE, err);
        if (code != FH_OK) {
            return code;
        }
    }
    return FH_OK;
}

static int check_folder(const char *path, mode_t forbidden, struct fh_err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return fh_err_rule(
            err, FH_ENOTFOUND, "home.missing", "%s: no such folder; run: freehold init", path);
    }
    if ((st.st_mode & forbidden) != 0 || st.st_uid != geteuid()) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "home.permissions",
                           "%s: mode %03o, owner %u: others may get at it (you are uid %u); run: "
                           "chmod 700 %s",
                           path,
                           (unsigned)(st.st_mode & 0777),
                           (unsigned)st.st_uid,
                           (unsigned)geteuid(),
                           path);
    }
    return FH_OK;
}

int fh_home_check(const struct fh_home *home, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    int code = check_folder(home->root, 022, err);
    if (code == FH_OK) {
        code = check_folder(fh_home_path(path, home, FH_HOME_KEYS), 077, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct stat st;
    if (stat(fh_home_path(path, home, FH_HOME_SETTINGS), &st) != 0) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "home.missing",
                           "%s: no such file, so this is no home; run: freehold --home %s init",
                           path,
                           home->root);
    }
    return FH_OK;
}

/* ---- places ---- */

const char *
fh_home_path(char out[FH_HOME_PATH_BYTES], const struct fh_home *home, enum fh_home_place place)
{
    FH_ASSERT(place < FH_HOME_PLACE_COUNT);
    const char *inside = places[place];
    snprintf(out, FH_HOME_PATH_BYTES, "%s%s%s", home->root, inside[0] == '\0' ? "" : "/", inside);
    return out;
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > NAME_BYTES_MAX || name[0] < 'a' || name[0] > 'z') {
        return false;
    }
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

int fh_home_key_path(char out[FH_HOME_PATH_BYTES],
                     const struct fh_home *home,
                     const char *name,
                     struct fh_err *err)
{
    if (!is_name(name)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "key.name",
                           "a key is named like a domain: a-z, then a-z, 0-9 or _, at most %d",
                           NAME_BYTES_MAX);
    }
    snprintf(out, FH_HOME_PATH_BYTES, "%s/%s/%s.key", home->root, places[FH_HOME_KEYS], name);
    return FH_OK;
}

/* ---- key files ---- */

int fh_home_key_read(const struct fh_home *home,
                     const char *name,
                     struct fh_buf *out,
                     struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    int code = check_folder(fh_home_path(path, home, FH_HOME_KEYS), 077, err);
    if (code == FH_EDENIED) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "key.permissions",
                           "%s: others may get at the keys; run: chmod 700 %s",
                           path,
                           path);
    }
    if (code == FH_OK) {
        code = fh_home_key_path(path, home, name, err);
    }
    return code == FH_OK ? fh_file_read_secret(path, out, err) : code;
}

static int key_place(char out[FH_HOME_PATH_BYTES],
                     const struct fh_home *home,
                     const char *name,
                     struct fh_bytes bytes,
                     struct fh_err *err)
{
    if (bytes.size > FH_KEY_FILE_BYTES_MAX) {
        return fh_err_set(
            err, FH_ETOOBIG, "a key file has at most %d bytes", FH_KEY_FILE_BYTES_MAX);
    }
    return fh_home_key_path(out, home, name, err);
}

int fh_home_key_write(const struct fh_home *home,
                      const char *name,
                      struct fh_bytes bytes,
                      struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    int code = key_place(path, home, name, bytes, err);
    return code == FH_OK ? fh_file_create(path, bytes, SECRET_MODE, err) : code;
}

int fh_home_key_replace(const struct fh_home *home,
                        const char *name,
                        struct fh_bytes bytes,
                        struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    int code = key_place(path, home, name, bytes, err);
    return code == FH_OK ? fh_file_replace(path, bytes, SECRET_MODE, err) : code;
}

/* ---- identity records ---- */

int fh_home_identity_write(const struct fh_home *home,
                           unsigned order,
                           const char *name,
                           struct fh_bytes record,
                           struct fh_err *err)
{
    if (order > 999 || !is_name(name)) {
        return fh_err_set(err, FH_EINVAL, "identity record: order over 999 or not a name");
    }
    if (record.size > FH_HOME_RECORD_BYTES_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "identity record %s: too large", name);
    }
    char path[FH_HOME_PATH_BYTES];
    snprintf(path,
             sizeof path,
             "%s/%s/%03u-%s.record",
             home->root,
             places[FH_HOME_IDENTITY],
             order,
             name);
    return fh_file_replace(path, record, SECRET_MODE, err);
}

int fh_home_identity_remove(const struct fh_home *home, const char *file_name, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES + NAME_MAX];
    snprintf(path, sizeof path, "%s/%s/%s", home->root, places[FH_HOME_IDENTITY], file_name);
    return unlink(path) == 0 ? FH_OK : fh_err_set(err, FH_EIO, "%s: %s", path, strerror(errno));
}

static int is_record_file(const struct dirent *entry)
{
    static const char ending[] = ".record";
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > sizeof ending - 1 &&
           strcmp(entry->d_name + length - (sizeof ending - 1), ending) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* alphasort would follow the locale */
}

static int visit_file(const struct fh_home *home,
                      const char *name,
                      fh_home_visit_fn *visit,
                      void *user,
                      struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES + NAME_MAX];
    snprintf(path, sizeof path, "%s/%s/%s", home->root, places[FH_HOME_IDENTITY], name);
    FH_CLEANUP(fh_buf_fini) struct fh_buf bytes;
    fh_buf_init(&bytes, FH_HOME_RECORD_BYTES_MAX);
    int code = fh_file_read(path, &bytes, err);
    if (code == FH_OK) {
        code = visit(user, name, fh_buf_view(&bytes), err);
        if (code != FH_OK) {
            fh_err_wrap(err, "%s", path);
        }
    }
    return code;
}

int fh_home_identity_each(const struct fh_home *home,
                          fh_home_visit_fn *visit,
                          void *user,
                          struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct dirent **entries = NULL;
    int count =
        scandir(fh_home_path(path, home, FH_HOME_IDENTITY), &entries, is_record_file, by_bytes);
    if (count < 0) {
        return fh_err_set(err,
                          errno == ENOENT ? FH_ENOTFOUND : FH_EIO,
                          "%s: %s; run: freehold init",
                          path,
                          strerror(errno));
    }
    int code = FH_OK;
    if (count > FH_HOME_RECORDS_MAX) {
        code = fh_err_set(err, FH_ETOOBIG, "%s: more than %d records", path, FH_HOME_RECORDS_MAX);
    }
    for (int i = 0; i < count && code == FH_OK; i++) {
        code = visit_file(home, entries[i]->d_name, visit, user, err);
    }
    for (int i = 0; i < count; i++) {
        free(entries[i]); /* scandir's malloc */
    }
    free(entries);
    return code;
}

/* ---- the audit log's files ---- */

enum { AUDIT_DIGITS = 12 };

/* "000000004711.log" */
static int is_audit_file(const struct dirent *entry)
{
    return strspn(entry->d_name, "0123456789") == AUDIT_DIGITS &&
           strcmp(entry->d_name + AUDIT_DIGITS, ".log") == 0;
}

const char *
fh_home_audit_path(char out[FH_HOME_PATH_BYTES], const struct fh_home *home, uint64_t first)
{
    char *end = out + strlen(fh_home_path(out, home, FH_HOME_AUDIT));
    snprintf(end,
             FH_HOME_PATH_BYTES - (size_t)(end - out),
             "/%0*llu.log",
             AUDIT_DIGITS,
             (unsigned long long)first);
    return out;
}

int fh_home_audit_each(const struct fh_home *home,
                       fh_home_audit_fn *visit,
                       void *user,
                       struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct dirent **entries = NULL;
    int count = scandir(fh_home_path(path, home, FH_HOME_AUDIT), &entries, is_audit_file, by_bytes);
    if (count < 0 && errno != ENOENT) {
        return fh_err_set(err, FH_EIO, "%s: %s", path, strerror(errno));
    }
    int code = FH_OK;
    for (int i = 0; i < count; i++) {
        uint64_t first = strtoull(entries[i]->d_name, NULL, 10);
        if (code == FH_OK) {
            code = visit(user, fh_home_audit_path(path, home, first), first, err);
        }
        free(entries[i]); /* scandir's malloc */
    }
    free(entries);
    fh_home_path(path, home, FH_HOME_AUDIT_LOG);
    return code == FH_OK && access(path, F_OK) == 0 ? visit(user, path, 0, err) : code;
}

/* ---- the lock ---- */

static int locked_by_another(int fd, struct fh_err *err)
{
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    size_t digits = n > 0 ? strspn(pid, "0123456789") : 0;
    return fh_err_rule(err,
                       FH_EBUSY,
                       "home.locked",
                       "another node (pid %.*s) uses this home; stop it or give --home another",
                       digits > 0 ? (int)digits : 1,
                       digits > 0 ? pid : "?");
}

int fh_home_lock(const struct fh_home *home, int *out_fd, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    int code = fh_dir_make(fh_home_path(path, home, FH_HOME_RUN), FOLDER_MODE, err);
    if (code != FH_OK) {
        return code;
    }
    int fd = open(fh_home_path(path, home, FH_HOME_LOCK),
                  O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                  SECRET_MODE);
    if (fd < 0) {
        return fh_err_set(err, FH_EIO, "%s: %s", path, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        code = errno == EWOULDBLOCK
                   ? locked_by_another(fd, err)
                   : fh_err_set(err, FH_EIO, "%s: cannot lock: %s", path, strerror(errno));
        close(fd);
        return code;
    }
    char pid[16];
    int length = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    /* The pid is for the other's error text only: a full disk must not stop a node from starting.
     */
    bool written = ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)length, 0) == length;
    (void)written;
    *out_fd = fd;
    return FH_OK;
}

void fh_home_unlock(int fd)
{
    if (fd >= 0) {
        close(fd); /* the lock belongs to the open file */
    }
}
