/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock of the worker: everything that the running kernel's version can handle is handled, that
 * is refused, but for files beneath the current folder. The kernel is asked for its version at run
 * time; numbers that the headers of the build may lack are written here.
 */
#include "node/worker/sandbox_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SYS_CREATE_RULESET = 444, /* the same on every architecture */
    SYS_ADD_RULE = 445,
    SYS_RESTRICT_SELF = 446,
    CREATE_VERSION = 1,
    RULE_PATH_BENEATH = 1,
};

/* Rights to files, bits as in the kernel's documentation (userspace-api/landlock). */
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_OF_VERSION_1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,              /* version 2 */
    FS_TRUNCATE = 1 << 14,           /* version 3 */
    FS_IOCTL_DEV = 1 << 15,          /* version 5 */
    NET_ALL = (1 << 0) | (1 << 1),   /* bind and connect of TCP: version 4 */
    SCOPE_ALL = (1 << 0) | (1 << 1), /* abstract sockets, signals: version 6 */
    FS_SPILL = FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_DIR | FS_REMOVE_FILE |
               FS_MAKE_DIR | FS_MAKE_REG | FS_TRUNCATE,
    FS_READ = FS_READ_FILE | FS_READ_DIR,
};

struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

static const struct step {
    long version;
    struct ruleset adds;
} steps[] = {
    {1, {.fs = FS_OF_VERSION_1}},
    {2, {.fs = FS_REFER}},
    {3, {.fs = FS_TRUNCATE}},
    {4, {.net = NET_ALL}},
    {5, {.fs = FS_IOCTL_DEV}},
    {6, {.scoped = SCOPE_ALL}},
};

/* What libpq and the name service read: hosts, resolv.conf, nsswitch.conf, certificates. */
static const char *const network_folders[] = {"/etc", "/usr/share", "/usr/lib", "/lib", "/run"};

static bool allow(int ruleset, const char *folder, uint64_t rights)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct path_beneath rule = {.allowed = rights, .parent_fd = fd};
    bool good = fd >= 0 && syscall(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

int fh_sandbox_landlock(const struct fh_sandbox_role *role, struct fh_err *err)
{
    long version = syscall(SYS_CREATE_RULESET, NULL, 0, CREATE_VERSION);
    struct ruleset handled = {0};
    if (version < 1) {
        return FH_ENOTFOUND;
    }
    for (size_t i = 0; i < FH_COUNT(steps) && steps[i].version <= version; i++) {
        handled.fs |= steps[i].adds.fs;
        handled.net |= steps[i].adds.net;
        handled.scoped |= steps[i].adds.scoped;
    }
    handled.net = role->network ? 0 : handled.net;
    /* Older kernels know a shorter structure, and accept a longer one whose rest is zero. */
    int ruleset = (int)syscall(SYS_CREATE_RULESET, &handled, sizeof handled, 0);
    if (ruleset < 0) {
        return FH_ENOTFOUND;
    }
    bool good = !role->spills || allow(ruleset, ".", FS_SPILL & handled.fs);
    for (size_t i = 0; role->network && i < FH_COUNT(network_folders); i++) {
        (void)allow(ruleset, network_folders[i], FS_READ); // where there is one
    }
    good = good && syscall(SYS_RESTRICT_SELF, ruleset, 0) == 0;
    int error = errno;
    close(ruleset);
    return good ? FH_OK : fh_err_set(err, FH_EIO, "Landlock: %s", strerror(error));
}
