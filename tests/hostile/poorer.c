/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program on a kernel that has less than this one: the system calls of what is named end as
 * they do where the kernel does not know them (seccomp, inherited by all that the program starts).
 *
 *     fh-poorer landlock|namespaces[,...] PROGRAM ARGUMENT...
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LANDLOCK_FIRST = 444, LANDLOCK_LAST = 446 }; /* the same on every architecture */

/* Landlock's calls do not exist, and no namespace can be made; all else is as it is. */
static int put_up(int landlock, int namespaces)
{
    const unsigned refused_landlock = SECCOMP_RET_ERRNO | (landlock ? ENOSYS : 0);
    const unsigned refused_unshare = SECCOMP_RET_ERRNO | (namespaces ? EPERM : 0);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, LANDLOCK_FIRST, 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LANDLOCK_LAST, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, landlock ? refused_landlock : SECCOMP_RET_ALLOW),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, namespaces ? refused_unshare : SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: fh-poorer landlock|namespaces[,...] PROGRAM ARGUMENT...\n", stderr);
        return 2;
    }
    if (put_up(strstr(argv[1], "landlock") != NULL, strstr(argv[1], "namespaces") != NULL) != 0) {
        perror("fh-poorer: seccomp");
        return 77;
    }
    execv(argv[2], argv + 2);
    perror(argv[2]);
    return 1;
}
