/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/admin.h"

#include "common/file.h"
#include "common/limits.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/client/admin_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct fh_admin {
    int fd;
    pid_t child; /* node that was started for us; 0: none */
    char log[FH_HOME_PATH_BYTES];
    int log_file;          /* of an errand: in memory, so that nothing is left behind; else -1 */
    struct fh_home errand; /* its folder; root "": none */
};

/* ---- connecting ---- */

static bool is_absent(int failure)
{
    return failure == -ENOENT || failure == -ECONNREFUSED;
}

/* ---- a node for the duration ---- */

int fh_admin_program(char out[FH_PROGRAM_PATH_BYTES], const char *name, struct fh_err *err)
{
    char own[FH_PROGRAM_PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0) {
        return fh_err_set(err, FH_EIO, "where is this program? %s", strerror(errno));
    }
    own[length] = 0;
    char *slash = strrchr(own, '/');
    if (slash != NULL) {
        *slash = 0;
    }
    int written = snprintf(out, FH_PROGRAM_PATH_BYTES, "%s/%s", own, name);
    if (written < 0 || written >= FH_PROGRAM_PATH_BYTES || access(out, X_OK) != 0) {
        return fh_err_set(
            err, FH_ENOTFOUND, "%s is not beside this program (%s); install both", name, own);
    }
    return FH_OK;
}

/* In the child: what the node says goes to the log. */
FH_NORETURN static void
run_node(const char *program, const struct fh_home *home, bool is_errand, const char *log)
{
    /* It must not outlive the command that needs it, however that ends. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && none >= 0 && dup2(none, STDIN_FILENO) >= 0 && dup2(fd, STDOUT_FILENO) >= 0 &&
        dup2(fd, STDERR_FILENO) >= 0) {
        execl(program,
              program,
              is_errand ? "--errand" : "--home",
              home->root,
              is_errand ? NULL : "--offline",
              (char *)NULL);
    }
    _exit(127);
}

/* The last line in the log, without control characters, for the error. */
static void last_line(const char *path, char *out, size_t size)
{
    char text[2048];
    out[0] = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return;
    }
    while (fgets(text, sizeof text, file) != NULL) {
        text[strcspn(text, "\n")] = 0;
        if (text[0] != 0) {
            snprintf(out, size, "%.400s", text);
        }
    }
    fclose(file);
}

static int node_failed(const struct fh_admin *admin, struct fh_err *err)
{
    char line[512];
    last_line(admin->log, line, sizeof line);
    return fh_err_rule(err,
                       FH_EUNREACH,
                       "admin.start",
                       "the node for this check did not start: %s",
                       line[0] == 0 ? "it said nothing" : line);
}

static int start_node(struct fh_admin *admin, const struct fh_home *home, struct fh_err *err)
{
    char program[FH_PROGRAM_PATH_BYTES];
    char path[FH_HOME_PATH_BYTES];
    bool is_errand = admin->errand.root[0] != 0;
    int code = fh_admin_program(program, "freehold-node", err);
    if (code != FH_OK) {
        return code;
    }
    fh_home_path(path, home, FH_HOME_SOCKET);
    fflush(NULL);
    admin->child = fork();
    if (admin->child < 0) {
        admin->child = 0;
        return fh_err_set(err, FH_EIO, "starting freehold-node: %s", strerror(errno));
    }
    if (admin->child == 0) {
        run_node(program, home, is_errand, admin->log);
    }
    int64_t deadline_ms = fh_clock_mono_ms() + FH_ADMIN_START_MS;
    while (fh_clock_mono_ms() < deadline_ms) {
        if (waitpid(admin->child, NULL, WNOHANG) == admin->child) {
            admin->child = 0;
            return node_failed(admin, err);
        }
        admin->fd = fh_admin_socket_connect(path);
        if (admin->fd >= 0) {
            return FH_OK;
        }
        poll(NULL, 0, 10);
    }
    return fh_err_rule(err,
                       FH_ETIMEOUT,
                       "admin.start",
                       "the node for this check did not come up within %d s",
                       FH_ADMIN_START_MS / 1000);
}

/* Asks it to end, waits, and if it must, ends it. */
static void stop_node(struct fh_admin *admin)
{
    kill(admin->child, SIGTERM);
    int64_t deadline_ms = fh_clock_mono_ms() + FH_DRAIN_MS;
    while (waitpid(admin->child, NULL, WNOHANG) == 0) {
        if (fh_clock_mono_ms() >= deadline_ms) {
            kill(admin->child, SIGKILL);
            waitpid(admin->child, NULL, 0);
            break;
        }
        poll(NULL, 0, 10);
    }
    admin->child = 0;
}

int fh_admin_open(struct fh_admin **out,
                  const struct fh_home *home,
                  bool may_start,
                  struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_admin *admin FH_CLEANUP(fh_admin_closep) = fh_calloc(1, sizeof *admin);
    if (admin == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a connection");
    }
    char tmp[FH_HOME_PATH_BYTES];
    fh_home_path(tmp, home, FH_HOME_TMP);
    snprintf(admin->log, sizeof admin->log, "%.*s/offline.log", (int)sizeof admin->log - 16, tmp);
    admin->log_file = -1;
    fh_home_path(path, home, FH_HOME_SOCKET);
    admin->fd = fh_admin_socket_connect(path);
    int code = FH_OK;
    if (is_absent(admin->fd) && may_start) {
        code = start_node(admin, home, err);
    } else if (is_absent(admin->fd)) {
        code = fh_err_rule(err, FH_EUNREACH, "admin.none", "no node is running in %s", home->root);
    } else if (admin->fd < 0) {
        code = fh_err_set(err,
                          admin->fd == -EACCES ? FH_EDENIED : FH_EUNREACH,
                          "%s: %s",
                          path,
                          strerror(-admin->fd));
    }
    if (code == FH_OK) {
        *out = FH_TAKE(admin);
    }
    return code;
}

/* ---- an errand ---- */

/* A folder that nobody else may enter, short enough for the path of a socket. */
static int make_folder(struct fh_home *out, struct fh_err *err)
{
    static const char name[] = "freehold-XXXXXX";
    char path[FH_HOME_PATH_BYTES];
    const char *tmp = getenv("TMPDIR");
    bool fits = tmp != NULL && tmp[0] == '/' && strlen(tmp) + sizeof name < sizeof out->root;
    snprintf(out->root, sizeof out->root, "%s/%s", fits ? tmp : "/tmp", name);
    if (mkdtemp(out->root) == NULL) {
        int code = fh_err_set(err, FH_EIO, "%s: %s", out->root, strerror(errno));
        out->root[0] = 0;
        return code;
    }
    int code = fh_dir_make(fh_home_path(path, out, FH_HOME_RUN), 0700, err);
    return code == FH_OK ? fh_dir_make(fh_home_path(path, out, FH_HOME_TMP), 0700, err) : code;
}

/* The node takes the folder away too, where it ends in order: whoever comes last finds nothing. */
static void remove_folder(const struct fh_home *errand)
{
    static const enum fh_home_place folders[] = {FH_HOME_RUN, FH_HOME_TMP, FH_HOME_ROOT};
    char path[FH_HOME_PATH_BYTES];
    (void)unlink(fh_home_path(path, errand, FH_HOME_SOCKET));
    for (size_t i = 0; i < FH_COUNT(folders); i++) {
        (void)rmdir(fh_home_path(path, errand, folders[i]));
    }
}

int fh_admin_open_errand(struct fh_admin **out, struct fh_err *err)
{
    struct fh_admin *admin FH_CLEANUP(fh_admin_closep) = fh_calloc(1, sizeof *admin);
    if (admin == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a connection");
    }
    admin->fd = -1;
    admin->log_file = memfd_create("freehold-node", MFD_CLOEXEC);
    if (admin->log_file < 0) {
        return fh_err_set(err, FH_EIO, "no file in memory: %s", strerror(errno));
    }
    snprintf(admin->log, sizeof admin->log, "/proc/self/fd/%d", admin->log_file);
    int code = make_folder(&admin->errand, err);
    if (code == FH_OK) {
        code = start_node(admin, &admin->errand, err);
    }
    if (code == FH_OK) {
        *out = FH_TAKE(admin);
    }
    return code;
}

void fh_admin_close(struct fh_admin *admin)
{
    if (admin == NULL) {
        return;
    }
    if (admin->fd >= 0) {
        close(admin->fd);
    }
    if (admin->child > 0) {
        stop_node(admin);
    }
    if (admin->log_file >= 0) {
        close(admin->log_file);
    }
    if (admin->errand.root[0] != 0) {
        remove_folder(&admin->errand);
    }
    fh_free(admin);
}

int fh_admin_call(struct fh_admin *admin,
                  struct fh_bytes request,
                  int64_t timeout_ms,
                  struct fh_buf *answer,
                  struct fh_pack_reader *reader,
                  struct fh_err *err)
{
    return fh_admin_socket_call(admin->fd, request, timeout_ms, answer, reader, err);
}
