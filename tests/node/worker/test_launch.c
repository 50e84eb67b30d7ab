/* SPDX-License-Identifier: Apache-2.0 */
/* What a launched process has of ours, and what becomes of one that cannot run. */
#include "node/query/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 20 * 1000 };

/* Runs a shell's command with its output on the channel; returns the status, as waitpid has it. */
static int run(const char *command, char *out, size_t size)
{
    int pair[2];
    char name[] = "sh";
    char flag[] = "-c";
    char text[512];
    char *arguments[] = {name, flag, text, NULL};
    char variable[] = "ONLY=this";
    char *environment[] = {variable, NULL};
    struct fh_err err;
    pid_t pid;
    int pidfd;
    int status = -1;
    snprintf(text, sizeof text, "exec >&3; %s", command);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const struct fh_launch launch = {.program = "/bin/sh",
                                     .arguments = arguments,
                                     .environment = environment,
                                     .channel = pair[1]};
    assert_int_equal(fh_launch(&launch, &pid, &pidfd, &err), FH_OK);
    close(pair[1]);
    size_t used = 0;
    ssize_t got;
    while (used + 1 < size && (got = read(pair[0], out + used, size - 1 - used)) > 0) {
        used += (size_t)got;
    }
    out[used] = '\0';
    close(pair[0]);
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    assert_int_equal(poll(&end, 1, WAIT_MS), 1);
    assert_true(fh_launch_ended(pidfd, &status));
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* it is reaped */
    assert_int_equal(errno, ECHILD);
    close(pidfd);
    return status;
}

static void it_has_the_channel_and_nothing_else(void **state)
{
    (void)state;
    char text[2048];
    enum { OURS = 77 };
    int ours = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, OURS); /* as all that the node opens */
    assert_true(ours >= OURS);
    int status = run("ls -l /proc/$$/fd; pwd; echo \"$ONLY $HOME\"; exit 3", text, sizeof text);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_non_null(strstr(text, " 0 -> /dev/null\n"));
    assert_non_null(strstr(text, " 2 -> /dev/null\n"));
    assert_non_null(strstr(text, " 3 -> socket:"));
    assert_non_null(strstr(text, "\n/\nthis \n"));
    char line[16];
    snprintf(line, sizeof line, " %d -> ", ours);
    assert_null(strstr(text, line));
    close(ours);
}

static void its_signals_are_as_usual(void **state)
{
    (void)state;
    char text[256];
    sigset_t blocked;
    sigset_t before;
    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    (void)run("grep -E '^Sig(Blk|Ign)' /proc/self/status", text, sizeof text);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    assert_non_null(strstr(text, "SigBlk:\t0000000000000000\n"));
    assert_non_null(strstr(text, "SigIgn:\t0000000000000000\n"));
}

static void it_may_be_killed(void **state)
{
    (void)state;
    char text[16];
    int status = run("kill -KILL $$", text, sizeof text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void one_that_cannot_run(void **state)
{
    (void)state;
    struct fh_err err = {0};
    pid_t pid = 0;
    int pidfd = -1;
    int status = -1;
    char name[] = "nothing";
    char *arguments[] = {name, NULL};
    char *environment[] = {NULL};
    struct fh_launch launch = {.program = "/nowhere/at/all",
                               .arguments = arguments,
                               .environment = environment,
                               .channel = STDERR_FILENO};
    assert_int_equal(fh_launch(&launch, &pid, &pidfd, &err), FH_ENOTFOUND);
    assert_string_equal(err.rule, "worker.spawn");
    assert_int_equal(pidfd, -1);
    char path[] = "/tmp/freehold-launch.XXXXXX"; /* no kernel knows how to run it */
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "no program", 10), 10);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    launch.program = path;
    assert_int_equal(fh_launch(&launch, &pid, &pidfd, &err), FH_OK);
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    assert_int_equal(poll(&end, 1, WAIT_MS), 1);
    assert_true(fh_launch_ended(pidfd, &status));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), FH_LAUNCH_FAILED);
    close(pidfd);
    unlink(path);
}

static void one_that_nobody_knows_of_yet(void **state)
{
    (void)state;
    struct fh_err err = {0};
    pid_t pid;
    int pidfd;
    int status;
    char name[] = "sleep";
    char seconds[] = "600";
    char *arguments[] = {name, seconds, NULL};
    char *environment[] = {NULL};
    const struct fh_launch launch = {.program = "/bin/sleep",
                                     .arguments = arguments,
                                     .environment = environment,
                                     .channel = STDERR_FILENO};
    assert_int_equal(fh_launch(&launch, &pid, &pidfd, &err), FH_OK);
    assert_false(fh_launch_ended(pidfd, &status));
    fh_launch_end(pidfd);
    close(pidfd);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_the_channel_and_nothing_else),
        cmocka_unit_test(its_signals_are_as_usual),
        cmocka_unit_test(it_may_be_killed),
        cmocka_unit_test(one_that_cannot_run),
        cmocka_unit_test(one_that_nobody_knows_of_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
