/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/escapes.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct escape escape;

/* ---- attempts: 0 or more when they worked, else errno ---- */

long open_passwd(void)
{
    return open("/etc/passwd", O_RDONLY);
}

long open_above(void)
{
    return open("../../../../../../etc/passwd", O_RDONLY);
}

long open_parent_environment(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", escape.node);
    return open(path, O_RDONLY);
}

long open_own_memory(void)
{
    return open("/proc/self/mem", O_RDWR);
}

long open_neighbour(void)
{
    return open(escape.outside, O_RDONLY);
}

long write_neighbour(void)
{
    return open(escape.outside, O_WRONLY);
}

long create_outside(void)
{
    return open("/tmp/freehold-escaped", O_WRONLY | O_CREAT, 0600);
}

long truncate_outside(void)
{
    return syscall(SYS_truncate, escape.outside, 0);
}

long reopen_source(void)
{
    char path[64]; /* not a slot: the kernel's own magic link */
    snprintf(path, sizeof path, "/proc/self/fd/%d", escape.source);
    return open(path, O_RDWR);
}

long write_source(void)
{
    return open("/proc/self/fd/100", O_RDWR);
}

long read_source(void)
{
    char text[8];
    int fd = open("/proc/self/fd/100", O_RDONLY);
    int again = open("/proc/self/fd/100", O_RDONLY);
    bool good = fd >= 0 && read(fd, text, 4) == 4 && memcmp(text, "seco", 4) == 0 &&
                lseek(again, 0, SEEK_CUR) == 0 && lseek(again, 2, SEEK_SET) == 2 &&
                read(again, text, 2) == 2 && memcmp(text, "co", 2) == 0 && read(fd, text, 2) == 2 &&
                memcmp(text, "nd", 2) == 0;
    return good ? 0 : -1;
}

long use_spill(void)
{
    int fd = mkdir("spill", 0700) == 0 ? open("spill/a", O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
    bool good = fd >= 0 && pwrite(fd, "x", 1, 0) == 1 && ftruncate(fd, 0) == 0 && close(fd) == 0 &&
                unlink("spill/a") == 0 && rmdir("spill") == 0;
    return good ? 0 : -1;
}

long too_large_a_file(void)
{
    int fd = open("large", O_RDWR | O_CREAT, 0600);
    return fd < 0 ? 0 : ftruncate(fd, (off_t)1 << 40);
}

long open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

long open_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

long open_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

long call_connect(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    union {
        struct sockaddr_in *in;
        struct sockaddr *any;
    } address = {.in = &to};
    return fd < 0 ? fd : connect(fd, address.any, sizeof to);
}

long call_execve(void)
{
    char *const none[] = {NULL};
    return syscall(SYS_execve, "/bin/true", none, none);
}

long call_fork(void)
{
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        _exit(0);
    }
    return pid;
}

long clone_into_namespace(void)
{
    return syscall(SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWUSER, 0, 0, 0, 0);
}

long call_clone3(void)
{
    return syscall(SYS_clone3, NULL, 0);
}

long kill_parent(void)
{
    return syscall(SYS_kill, escape.node, 0);
}

long kill_scoped(void)
{
    return kill(escape.node, 0);
}

long tgkill_parent(void)
{
    return syscall(SYS_tgkill, escape.node, escape.node, 0);
}

long map_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : 0;
}

long map_writable_code(void)
{
    void *p =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : 0;
}

long make_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

long become_dumpable(void)
{
    return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

long trusted_terminal_input(void)
{
    return syscall(SYS_ioctl, 0, TIOCSTI, "x");
}

long more_memory(void)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    return syscall(SYS_prlimit64, 0, RLIMIT_DATA, &all, NULL);
}

#if defined(__x86_64__)
long call_x32(void)
{
    return syscall(0x40000000 + SYS_getpid);
}

long call_i386(void)
{
    long result = 20; /* getpid there, writev here */
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result;
}
#endif

static void *touch(void *data)
{
    return data;
}

long start_thread(void)
{
    pthread_t thread;
    void *result = NULL;
    int code = pthread_create(&thread, NULL, touch, &escape);
    return code == 0 && pthread_join(thread, &result) == 0 && result == &escape ? 0 : -1;
}

long use_memory(void)
{
    char *p = malloc((size_t)32 << 20);
    if (p == NULL) {
        return -1;
    }
    memset(p, 1, (size_t)32 << 20);
    char *q = realloc(p, (size_t)48 << 20);
    free(q);
    return q == NULL ? -1 : 0;
}

long too_much_memory(void)
{
    char *p = malloc((size_t)(ESCAPE_MEMORY_MIB + 128) << 20);
    long code = p == NULL ? -1 : 0;
    free(p);
    return code;
}

long call_abort(void)
{
    abort();
}
