/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/sandbox.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FH_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FH_SHADOW_MEMORY 1
#endif
#endif
#ifndef FH_SHADOW_MEMORY
#define FH_SHADOW_MEMORY 0
#endif

enum {
    CLOSE_ALL = 0x7fffffff,
    ADDRESS_SPACE_BASE_MIB = 1536, /* libraries, stacks, allocator arenas: reserved, not used */
    SPILL_FACTOR = 8,              /* files beside the memory limit */
};

static int failed(struct fh_err *err, const char *what)
{
    return fh_err_set(err, FH_EIO, "%s: %s", what, strerror(errno));
}

static int bound(int resource, rlim_t value, const char *what, struct fh_err *err)
{
    struct rlimit limit = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &limit) == 0 ? FH_OK : failed(err, what);
}

int fh_sandbox_enter(int channel_fd, struct fh_err *err)
{
    if (channel_fd > 3 && close_range(3, (unsigned)channel_fd - 1, 0) != 0) {
        return failed(err, "close_range");
    }
    if (close_range((unsigned)channel_fd + 1, CLOSE_ALL, 0) != 0) {
        return failed(err, "close_range");
    }
    clearenv();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return failed(err, "prctl");
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a full spill file is an error of the query, not the end
    mallopt(M_ARENA_MAX, 2);  // every arena reserves 64 MiB of the bounded address space
    return bound(RLIMIT_CORE, 0, "RLIMIT_CORE", err);
}

int fh_sandbox_limit(const struct fh_channel_setup *setup, struct fh_err *err)
{
    rlim_t mib = 1024 * 1024;
    int code =
        bound(RLIMIT_NOFILE, FH_SLOT_FIRST + FH_WORKER_FILES_MAX + 128, "RLIMIT_NOFILE", err);
    if (code == FH_OK && !FH_SHADOW_MEMORY) {
        rlim_t space = (ADDRESS_SPACE_BASE_MIB + 2 * (rlim_t)setup->memory_mib) * mib;
        code = bound(RLIMIT_AS, space, "RLIMIT_AS", err);
    }
    if (code == FH_OK) {
        rlim_t spill = SPILL_FACTOR * (rlim_t)setup->memory_mib * mib;
        code = bound(RLIMIT_FSIZE, setup->spill[0] == 0 ? 0 : spill, "RLIMIT_FSIZE", err);
    }
    if (code == FH_OK && setup->cpu_s > 0) {
        code = bound(RLIMIT_CPU, setup->cpu_s, "RLIMIT_CPU", err);
    }
    return code;
}

int fh_sandbox_confine(struct fh_err *err)
{
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
        return fh_err_set(err, FH_ESTATE, "the process may still gain privileges");
    }
    return FH_OK;
}

void fh_sandbox_cpu_alarm(unsigned ms)
{
    struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000L}};
    setitimer(ITIMER_PROF, &timer, NULL);
}
