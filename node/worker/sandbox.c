/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/sandbox.h"

#include "node/worker/files.h"
#include "node/worker/sandbox_layers.h"

#include <errno.h>
#include <linux/capability.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    CLOSE_ALL = 0x7fffffff,
    ADDRESS_SPACE_BASE_MIB = 1536, /* libraries, stacks, allocator arenas: reserved, not used */
    DATA_MIB_MIN = 96,             /* three stacks, and what DuckDB has before the first query */
    FILES_MAX = FH_SLOT_FIRST + 2 * FH_WORKER_FILES_MAX + 128, /* slots, reads of them, spill */
};

/* One row a role: what it may do beyond computing on descriptors that it was passed. */
static const struct fh_sandbox_role roles[FH_WORKER_ROLE_COUNT] = {
    [FH_WORKER_QUERY] = {.network = false},
    [FH_WORKER_SCAN] = {.network = false},
    [FH_WORKER_CHECK] = {.network = false},
    [FH_WORKER_DATABASE] = {.network = true},
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
    bool spills = setup->spill[0] != 0;
    if (spills && chdir(setup->spill) != 0) {
        return failed(err, "the spill folder");
    }
    if ((setup->layers & FH_LAYER_LIMITS) == 0) {
        return FH_OK;
    }
    int code = bound(RLIMIT_NOFILE, FILES_MAX, "RLIMIT_NOFILE", err);
    if (code == FH_OK && !FH_SHADOW_MEMORY) {
        /* Data is what can be written and is nobody else's: the heap and stacks, not libraries and
         * not what an allocator only reserves. So this is the bound that memory meets. */
        rlim_t data = setup->memory_mib < DATA_MIB_MIN ? DATA_MIB_MIN : (rlim_t)setup->memory_mib;
        code = bound(RLIMIT_DATA, data * mib, "RLIMIT_DATA", err);
        if (code == FH_OK) {
            rlim_t space = ADDRESS_SPACE_BASE_MIB + 2 * (rlim_t)setup->memory_mib;
            code = bound(RLIMIT_AS, space * mib, "RLIMIT_AS", err);
        }
    }
    if (code == FH_OK) {
        rlim_t spill = (rlim_t)setup->spill_mib * mib;
        code = bound(RLIMIT_FSIZE, spills ? spill : 0, "RLIMIT_FSIZE", err);
    }
    if (code == FH_OK && setup->cpu_s > 0) {
        code = bound(RLIMIT_CPU, setup->cpu_s, "RLIMIT_CPU", err);
    }
    return code;
}

/* Capabilities of a node that runs as root, and those over a namespace that was just made. Who runs
 * us may forbid the call itself; then what is left is over that namespace, or was left to us. */
static int drop_capabilities(struct fh_err *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &head, none) == 0 || errno == EPERM ? FH_OK : failed(err, "capset");
}

/* Adds `layer` to the mask if the call said that it stands. */
static int stands(int code, unsigned layer, uint32_t *layers)
{
    *layers |= code == FH_OK ? layer : 0;
    return code == FH_ENOTFOUND ? FH_OK : code;
}

int fh_sandbox_confine(const struct fh_channel_setup *setup,
                       uint32_t *out_layers,
                       struct fh_err *err)
{
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
        return fh_err_set(err, FH_ESTATE, "the process may still gain privileges");
    }
    struct fh_sandbox_role role = roles[setup->role];
    role.spills = setup->spill[0] != 0;
    uint32_t wanted = setup->layers;
    uint32_t layers = wanted & FH_LAYER_LIMITS;
    int code = FH_OK;
    if ((wanted & FH_LAYER_USER) != 0) {
        uint32_t spaces = 0;
        code = stands(fh_sandbox_namespaces(&role, wanted, &spaces, err), spaces, &layers);
        layers |= code == FH_OK ? spaces : 0;
    }
    if (code == FH_OK) {
        code = drop_capabilities(err);
    }
    if (code == FH_OK && (wanted & FH_LAYER_LANDLOCK) != 0) {
        code = stands(fh_sandbox_landlock(&role, err), FH_LAYER_LANDLOCK, &layers);
    }
    /* New credentials may have cleared it. */
    if (code == FH_OK && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        code = failed(err, "prctl");
    }
    if (code == FH_OK && (wanted & FH_LAYER_SECCOMP) != 0) {
        code = stands(fh_sandbox_seccomp(&role, err), FH_LAYER_SECCOMP, &layers);
    }
    *out_layers = layers;
    return code;
}

void fh_sandbox_cpu_alarm(unsigned ms)
{
    struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000L}};
    setitimer(ITIMER_PROF, &timer, NULL);
}
