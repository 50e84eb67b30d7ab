/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/launch.h"

#include "common/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int cannot(const struct fh_launch *launch, int why, struct fh_err *err)
{
    return fh_err_rule(err,
                       why == ENOENT ? FH_ENOTFOUND : FH_EIO,
                       "worker.spawn",
                       "cannot start %s: %s",
                       launch->program,
                       strerror(why));
}

/* ---- in the child: only what POSIX lists as async-signal-safe, other threads held locks ---- */

/* What we ignore stays ignored through exec, and what we handle must not be handled here. */
static void usual_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        (void)signal(number, SIG_DFL); /* of some there is nothing to set */
    }
    sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static bool place(int from, int to)
{
    return from == to ? fcntl(to, F_SETFD, 0) == 0 : dup2(from, to) == to;
}

static _Noreturn void become(const struct fh_launch *launch, int nowhere)
{
    /* `nowhere` may be the number that the channel gets: it is needed first. */
    bool placed = place(nowhere, STDIN_FILENO) && place(nowhere, STDOUT_FILENO) &&
                  (launch->keep_stderr || place(nowhere, STDERR_FILENO)) &&
                  place(launch->channel, FH_LAUNCH_CHANNEL);
    if (placed && chdir("/") == 0) {
        usual_signals();
        (void)execve(launch->program, launch->arguments, launch->environment);
    }
    _exit(FH_LAUNCH_FAILED);
}

/* ---- in this process ---- */

/* No handler of ours runs in the child before its signals are as usual. */
static pid_t fork_quietly(const struct fh_launch *launch, int nowhere)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) {
        become(launch, nowhere);
    }
    int why = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return pid;
}

int fh_launch(const struct fh_launch *launch, pid_t *out_pid, int *out_pidfd, struct fh_err *err)
{
    if (access(launch->program, X_OK) != 0) {
        return cannot(launch, errno, err);
    }
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) {
        return cannot(launch, errno, err);
    }
    pid_t pid = fork_quietly(launch, nowhere);
    int why = errno;
    close(nowhere);
    if (pid < 0) {
        return cannot(launch, why, err);
    }
    int pidfd = pidfd_open(pid, 0); /* it is ours to reap: the number is no other's */
    if (pidfd < 0) {
        why = errno;
        (void)kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) { /* it is dead: soon */
        }
        return cannot(launch, why, err);
    }
    *out_pid = pid;
    *out_pidfd = pidfd;
    return FH_OK;
}

void fh_launch_end(int pidfd)
{
    siginfo_t info;
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    (void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    /* The descriptor may be one that does not wait. */
    while (poll(&end, 1, -1) < 0 && errno == EINTR) {
    }
    (void)waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
}

bool fh_launch_ended(int pidfd, int *out_status)
{
    siginfo_t info = {.si_pid = 0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) != 0) {
        bool gone = errno != EINTR && errno != EAGAIN; /* somebody else has reaped it */
        *out_status = gone ? SIGKILL : 0;
        return gone;
    }
    if (info.si_pid == 0) {
        return false;
    }
    *out_status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    return true;
}
