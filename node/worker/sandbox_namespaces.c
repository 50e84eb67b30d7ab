/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces of the worker. All are made by one unshare, since only the user namespace needs no
 * privilege and it gives the right to make the others.
 *
 * The process id namespace is not among them: it holds only for children, so the worker would have
 * to be two processes, and what it would keep away (signals, ptrace, /proc of others) the system
 * call table refuses.
 */
#include "node/worker/sandbox_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

/* In the new namespace we are who we were, so that files of the spill folder stay ours. */
static bool map_ids(uid_t uid, gid_t gid)
{
    char text[64];
    bool good = write_text("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "%u %u 1", gid, gid);
    good = good && write_text("/proc/self/gid_map", text);
    snprintf(text, sizeof text, "%u %u 1", uid, uid);
    return good && write_text("/proc/self/uid_map", text);
}

/* Makes `folder` the root, and lets go of everything that was above it. */
static bool enter_root(const char *folder)
{
    return chdir(folder) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
           umount2(".", MNT_DETACH) == 0;
}

static int shut_out_files(const struct fh_sandbox_role *role, struct fh_err *err)
{
    char here[4096];
    static const char *const empty = "/proc"; // there on every system, of no use any more
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return FH_ENOTFOUND;
    }
    if (role->spills) {
        if (getcwd(here, sizeof here) == NULL ||
            mount(here, here, NULL, MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) {
            return FH_ENOTFOUND;
        }
    } else if (mount("none", empty, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "") !=
               0) {
        return FH_ENOTFOUND;
    }
    return enter_root(role->spills ? here : empty)
               ? FH_OK
               : fh_err_set(err, FH_EIO, "pivot_root: %s", strerror(errno));
}

int fh_sandbox_namespaces(const struct fh_sandbox_role *role,
                          uint32_t wanted,
                          uint32_t *out,
                          struct fh_err *err)
{
    static const struct {
        unsigned layer;
        int flags;
    } spaces[] = {
        {FH_LAYER_USER, CLONE_NEWUSER},
        {FH_LAYER_NET, CLONE_NEWNET},
        {FH_LAYER_IPC, CLONE_NEWIPC},
        {FH_LAYER_MOUNT, CLONE_NEWNS},
    };
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (role->network) { // it needs the machine's interfaces, name service and certificates
        wanted &= ~(uint32_t)(FH_LAYER_NET | FH_LAYER_MOUNT);
    }
    /* Some systems give the user namespace but not all others: fewer and fewer are tried. */
    for (size_t count = FH_COUNT(spaces); count > 0; count--) {
        int flags = 0;
        uint32_t layers = 0;
        for (size_t i = 0; i < count; i++) {
            flags |= (wanted & spaces[i].layer) != 0 ? spaces[i].flags : 0;
            layers |= wanted & spaces[i].layer;
        }
        if (unshare(flags) != 0) {
            continue;
        }
        if (!map_ids(uid, gid)) {
            return fh_err_set(err, FH_EIO, "the user namespace: %s", strerror(errno));
        }
        int code = FH_OK;
        if ((layers & FH_LAYER_MOUNT) != 0) {
            code = shut_out_files(role, err);
            layers &= code == FH_OK ? ~0U : ~(unsigned)FH_LAYER_MOUNT;
        }
        *out = layers;
        return code == FH_ENOTFOUND ? FH_OK : code;
    }
    return FH_ENOTFOUND;
}
