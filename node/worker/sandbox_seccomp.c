/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of a worker, as a table, and the filter that is made of it.
 *
 * The first row that fits a call decides; a call that fits none ends the process with SIGSYS. A row
 * may ask that bits of one argument have a value: only the low half of an argument is looked at,
 * which is all that the kernel itself uses of those named here. Most rows look at no argument, and
 * the kernel then answers from a bitmap without running the filter.
 */
#include "node/worker/sandbox_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the table of system calls is written for x86-64 and aarch64"
#endif

/* Who a row is for. */
enum need {
    NEED_NONE,    /* every worker */
    NEED_SPILL,   /* with a spill folder: files there */
    NEED_NETWORK, /* roles that connect to a database */
    NEED_SHADOW,  /* builds with a sanitizer */
};

enum { ALLOW = 0, OWN_PID = 0x7fffffff };

struct row {
    int number;
    int refusal;    /* ALLOW, or the errno that the caller gets */
    unsigned arg;   /* the argument that is looked at */
    uint32_t mask;  /* ... these bits; 0: none is */
    uint32_t value; /* ... must have this value; OWN_PID: our process id */
    enum need need;
};

#define CALL(name)                                                                                 \
    {                                                                                              \
        .number = SYS_##name                                                                       \
    }
#define REFUSED(name, error)                                                                       \
    {                                                                                              \
        .number = SYS_##name, .refusal = (error)                                                   \
    }
#define IF(name, index, bits, equal)                                                               \
    {                                                                                              \
        .number = SYS_##name, .arg = (index), .mask = (bits), .value = (equal)                     \
    }
#define WITH(name, who)                                                                            \
    {                                                                                              \
        .number = SYS_##name, .need = (who)                                                        \
    }

enum {
    NAMESPACES = CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC |
                 CLONE_NEWUTS | CLONE_NEWCGROUP,
};

// clang-format off
static const struct row table[] = {
    /* Reading sources, the channel to the node, waiting. */
    CALL(read), CALL(pread64), CALL(lseek), CALL(recvmsg), CALL(sendmsg),
    IF(ppoll, 1, ~0U, 1), /* of one descriptor, as the channel */
    /* A message to standard error when the worker gives up; also files of the spill folder. */
    CALL(write),
    CALL(futex),
    /* Descriptors: sources get a slot (dup3) and copies of it; DuckDB locks nothing here. */
    CALL(close), CALL(dup3), CALL(fstat), CALL(newfstatat),
    IF(fcntl, 1, ~0U, F_DUPFD_CLOEXEC), IF(fcntl, 1, ~0U, F_GETFD), IF(fcntl, 1, ~0U, F_SETFD),
    IF(fcntl, 1, ~0U, F_GETFL), IF(fcntl, 1, ~0U, F_SETLK), IF(fcntl, 1, ~0U, F_GETLK),
    REFUSED(fcntl, EINVAL),
    /* Memory, but never code: nothing is loaded and nothing compiled while queries run. */
    IF(mmap, 2, PROT_EXEC, 0), REFUSED(mmap, EPERM),
    IF(mprotect, 2, PROT_EXEC, 0), REFUSED(mprotect, EPERM),
    CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk), REFUSED(mlock, EPERM),
    REFUSED(munlock, EPERM),
    /* Threads of this process, no other process: clone3 hides its flags, so the C library is told
     * that there is none and uses clone. */
    IF(clone, 0, CLONE_THREAD | NAMESPACES, CLONE_THREAD), REFUSED(clone3, ENOSYS),
    CALL(set_robust_list), CALL(rseq), CALL(exit), CALL(exit_group), CALL(sched_yield),
    CALL(sched_getaffinity), REFUSED(sched_setaffinity, EPERM), CALL(gettid), CALL(getpid),
    CALL(getcpu),
    /* Signals: the CPU clock of the parser, and abort() of this process. */
    CALL(rt_sigprocmask), CALL(rt_sigaction), CALL(rt_sigreturn), CALL(setitimer),
    IF(tgkill, 0, ~0U, OWN_PID),
    /* Time and chance. */
    CALL(clock_gettime), CALL(clock_getres), CALL(gettimeofday), CALL(clock_nanosleep),
    CALL(nanosleep), CALL(getrandom), CALL(restart_syscall),
    /* Asked by libraries in passing; they live without an answer. */
    REFUSED(ioctl, ENOTTY), REFUSED(prctl, EPERM), REFUSED(readlinkat, ENOENT),
    REFUSED(sysinfo, ENOSYS), REFUSED(getcwd, ENOENT), REFUSED(uname, EPERM),
    REFUSED(fadvise64, ENOSYS), REFUSED(statx, ENOSYS),
    /* The spill folder; which files these calls reach, Landlock or the mount namespace says. */
    WITH(openat, NEED_SPILL), WITH(pwrite64, NEED_SPILL), WITH(ftruncate, NEED_SPILL),
    WITH(fallocate, NEED_SPILL), WITH(fsync, NEED_SPILL), WITH(fdatasync, NEED_SPILL),
    WITH(mkdirat, NEED_SPILL), WITH(unlinkat, NEED_SPILL), WITH(getdents64, NEED_SPILL),
    WITH(faccessat, NEED_SPILL), WITH(faccessat2, NEED_SPILL), WITH(statfs, NEED_SPILL),
    WITH(fstatfs, NEED_SPILL),
#ifdef SYS_mkdir /* what the C library calls on x86-64 */
    WITH(mkdir, NEED_SPILL), WITH(unlink, NEED_SPILL), WITH(rmdir, NEED_SPILL),
    WITH(access, NEED_SPILL), REFUSED(readlink, ENOENT),
#endif
    /* Connections to a database; which it may reach is the operator's firewall to say. */
    {.number = SYS_socket, .mask = ~0U, .value = AF_INET, .need = NEED_NETWORK},
    {.number = SYS_socket, .mask = ~0U, .value = AF_INET6, .need = NEED_NETWORK},
    {.number = SYS_socket, .mask = ~0U, .value = AF_UNIX, .need = NEED_NETWORK},
    {.number = SYS_socket, .mask = ~0U, .value = AF_NETLINK, .need = NEED_NETWORK},
    WITH(openat, NEED_NETWORK), WITH(connect, NEED_NETWORK), WITH(bind, NEED_NETWORK),
    WITH(sendto, NEED_NETWORK), WITH(recvfrom, NEED_NETWORK), WITH(sendmmsg, NEED_NETWORK),
    WITH(getsockopt, NEED_NETWORK), WITH(setsockopt, NEED_NETWORK),
    WITH(getsockname, NEED_NETWORK), WITH(getpeername, NEED_NETWORK),
    WITH(shutdown, NEED_NETWORK), WITH(ppoll, NEED_NETWORK), WITH(geteuid, NEED_NETWORK),
    WITH(getuid, NEED_NETWORK), WITH(getegid, NEED_NETWORK), WITH(getgid, NEED_NETWORK),
    WITH(pipe2, NEED_NETWORK), WITH(eventfd2, NEED_NETWORK),
    {.number = SYS_fcntl, .arg = 1, .mask = ~0U, .value = F_SETFL, .need = NEED_NETWORK},
#ifdef SYS_poll
    WITH(poll, NEED_NETWORK),
#endif
    /* Without a spill folder nothing is opened; what was open stays. */
    REFUSED(openat, EACCES), REFUSED(faccessat, ENOENT), REFUSED(faccessat2, ENOENT),
#ifdef SYS_access
    REFUSED(access, ENOENT),
#endif
    /* Sanitizers: their own stacks and maps, and no symbolizer, which would be another program. */
    WITH(sigaltstack, NEED_SHADOW), WITH(sched_getparam, NEED_SHADOW),
    WITH(getrlimit, NEED_SHADOW), WITH(prlimit64, NEED_SHADOW), WITH(getuid, NEED_SHADOW),
    WITH(geteuid, NEED_SHADOW), WITH(writev, NEED_SHADOW), WITH(getrusage, NEED_SHADOW),
    WITH(set_tid_address, NEED_SHADOW), WITH(mincore, NEED_SHADOW), WITH(msync, NEED_SHADOW),
    {.number = SYS_pipe2, .refusal = EPERM, .need = NEED_SHADOW},
    {.number = SYS_clone, .refusal = EPERM, .need = NEED_SHADOW},
#ifdef SYS_pipe
    {.number = SYS_pipe, .refusal = EPERM, .need = NEED_SHADOW},
    {.number = SYS_fork, .refusal = EPERM, .need = NEED_SHADOW},
    WITH(open, NEED_SHADOW), WITH(stat, NEED_SHADOW),
#endif
};
// clang-format on

enum {
    ROW_STEPS = 6, /* instructions of a row at most */
    HEAD_STEPS = 5,
    STEPS_MAX = HEAD_STEPS + ROW_STEPS * FH_COUNT(table) + 1,
};

_Static_assert(STEPS_MAX < BPF_MAXINSNS, "the kernel takes no longer filter");

struct filter {
    struct sock_filter steps[STEPS_MAX];
    unsigned short count;
};

static void add(struct filter *f, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
    f->steps[f->count++] =
        (struct sock_filter){.code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k};
}

static void load(struct filter *f, size_t offset)
{
    add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct filter *f, uint32_t verdict)
{
    add(f, BPF_RET | BPF_K, verdict, 0, 0);
}

static size_t low_half(unsigned arg)
{
    return offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) +
           (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
}

/* The number of the call is loaded when a row begins, and again when it ends without a verdict. */
static void add_row(struct filter *f, const struct row *row)
{
    uint32_t verdict = row->refusal == ALLOW ? (uint32_t)SECCOMP_RET_ALLOW
                                             : SECCOMP_RET_ERRNO | (uint32_t)row->refusal;
    if (row->mask == 0) {
        add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 1);
        answer(f, verdict);
        return;
    }
    bool own = row->value == OWN_PID;
    add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 5);
    load(f, low_half(row->arg));
    add(f, BPF_ALU | BPF_AND | BPF_K, row->mask, 0, 0);
    add(f, BPF_JMP | BPF_JEQ | BPF_K, own ? (uint32_t)getpid() : row->value, 0, 1);
    answer(f, verdict);
    load(f, offsetof(struct seccomp_data, nr));
}

static bool applies(const struct row *row, const struct fh_sandbox_role *role)
{
    switch (row->need) {
    case NEED_NONE:
        return true;
    case NEED_SPILL:
        return role->spills;
    case NEED_NETWORK:
        return role->network;
    case NEED_SHADOW:
        return FH_SHADOW_MEMORY;
    }
    return false;
}

static void build(struct filter *f, const struct fh_sandbox_role *role)
{
    load(f, offsetof(struct seccomp_data, arch));
    add(f, BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0);
    answer(f, SECCOMP_RET_KILL_PROCESS);
    load(f, offsetof(struct seccomp_data, nr)); /* x32 has numbers of its own: in no row */
    for (unsigned turn = 0; turn < 2; turn++) {
        /* Rows that allow more to some go before the refusals to all. */
        for (size_t i = 0; i < FH_COUNT(table); i++) {
            bool special = table[i].need != NEED_NONE && table[i].refusal == ALLOW;
            if (applies(&table[i], role) && special == (turn == 0)) {
                add_row(f, &table[i]);
            }
        }
    }
    answer(f, SECCOMP_RET_KILL_PROCESS);
}

int fh_sandbox_seccomp(const struct fh_sandbox_role *role, struct fh_err *err)
{
    static struct filter filter; /* too large for a stack that a caller chose */
    filter.count = 0;
    build(&filter, role);
    struct sock_fprog program = {.len = filter.count, .filter = filter.steps};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0) {
        return FH_OK;
    }
    return errno == EINVAL || errno == ENOSYS || errno == EPERM
               ? FH_ENOTFOUND
               : fh_err_set(err, FH_EIO, "seccomp: %s", strerror(errno));
}
