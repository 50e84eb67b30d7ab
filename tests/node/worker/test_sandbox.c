/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escapes, tried from inside: each row forks, puts up the worker's own sandbox, and does what an
 * attacker who runs code in a worker would do next. What is expected stands in the row: the process
 * is ended for the call (SIGSYS), or the call fails with this errno, or it works.
 */
#include "node/worker/files.h"
#include "node/worker/sandbox.h"
#include "node/worker/sandbox_layers.h"
#include "tests/lib/scratch.h"
#include "tests/node/worker/escapes.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORKED = 200, FAILED_TO_CONFINE = 201 };

static struct test_scratch scratch;
static char spill[PATH_MAX];

/* Calls that nothing in a worker makes: number and a name for the report. */
#define RAW(name)                                                                                  \
    {                                                                                              \
#name, SYS_##name                                                                          \
    }
static const struct {
    const char *name;
    long number;
} never[] = {
    RAW(ptrace),
    RAW(process_vm_readv),
    RAW(process_vm_writev),
    RAW(pidfd_open),
    RAW(pidfd_getfd),
    RAW(pidfd_send_signal),
    RAW(mount),
    RAW(umount2),
    RAW(pivot_root),
    RAW(chroot),
    RAW(unshare),
    RAW(setns),
    RAW(execveat),
    RAW(memfd_create),
    RAW(userfaultfd),
    RAW(bpf),
    RAW(perf_event_open),
    RAW(io_uring_setup),
    RAW(io_uring_enter),
    RAW(io_uring_register),
    RAW(open_by_handle_at),
    RAW(name_to_handle_at),
    RAW(openat2),
    RAW(keyctl),
    RAW(add_key),
    RAW(request_key),
    RAW(init_module),
    RAW(finit_module),
    RAW(delete_module),
    RAW(kexec_load),
    RAW(reboot),
    RAW(swapon),
    RAW(quotactl),
    RAW(acct),
    RAW(settimeofday),
    RAW(clock_settime),
    RAW(adjtimex),
    RAW(sethostname),
    RAW(setuid),
    RAW(setgid),
    RAW(setresuid),
    RAW(setgroups),
    RAW(capset),
    RAW(personality),
    RAW(shmget),
    RAW(shmat),
    RAW(msgget),
    RAW(semget),
    RAW(mq_open),
    RAW(inotify_init1),
    RAW(fanotify_init),
    RAW(linkat),
    RAW(symlinkat),
    RAW(renameat2),
    RAW(fchmodat),
    RAW(fchownat),
    RAW(mknodat),
    RAW(utimensat),
    RAW(setxattr),
    RAW(bind),
    RAW(listen),
    RAW(accept4),
    RAW(socketpair),
    RAW(sendto),
    RAW(recvfrom),
    RAW(sendmmsg),
    RAW(recvmmsg),
    RAW(setsockopt),
    RAW(splice),
    RAW(tee),
    RAW(vmsplice),
    RAW(sendfile),
    RAW(copy_file_range),
    RAW(chdir),
    RAW(fchdir),
    RAW(umask),
    RAW(setpriority),
    RAW(setsid),
    RAW(setpgid),
    RAW(seccomp),
    RAW(landlock_create_ruleset),
    RAW(landlock_restrict_self),
    RAW(mbind),
    RAW(migrate_pages),
    RAW(move_pages),
    RAW(timer_create),
    RAW(rt_tgsigqueueinfo),
    RAW(rt_sigqueueinfo),
    RAW(syslog),
    RAW(lookup_dcookie),
    RAW(process_madvise),
    RAW(wait4),
    RAW(waitid),
    RAW(getppid),
    RAW(remap_file_pages),
    RAW(pkey_mprotect),
    RAW(ppoll), /* of one descriptor alone */
    RAW(epoll_create1),
    RAW(signalfd4),
    RAW(timerfd_create),
    RAW(eventfd2),
};

static long raw_number;

static long call_raw(void)
{
    return syscall((int)raw_number, 0, 0, 0, 0, 0, 0);
}

/* ---- the frame around an attempt ---- */

/* In the child: the sandbox as a worker puts it up, a source in the first slot, and the attempt. */
static FH_NORETURN void run(uint32_t layers, bool spills, attempt_fn *attempt)
{
    int pair[2];
    struct fh_err err = {0};
    uint32_t stand = 0;
    int kept = dup(escape.source);
    escape.node = getppid();
    struct fh_channel_setup setup = {.role = FH_WORKER_QUERY,
                                     .memory_mib = ESCAPE_MEMORY_MIB,
                                     .threads = 1,
                                     .layers = layers,
                                     .spill_mib = 64,
                                     .spill = spills ? spill : ""};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || kept < 0) {
        _exit(FAILED_TO_CONFINE);
    }
    /* enter closes all but one: the source stands there, as nothing is read from the channel */
    if (fh_sandbox_enter(kept, &err) != FH_OK || fh_sandbox_limit(&setup, &err) != FH_OK ||
        dup2(kept, FH_SLOT_FIRST) != FH_SLOT_FIRST ||
        fh_sandbox_confine(&setup, &stand, &err) != FH_OK || stand != layers) {
        fprintf(stderr, "layers %x of %x: %s\n", stand, layers, err.text);
        _exit(FAILED_TO_CONFINE);
    }
    escape.source = kept;
    errno = 0;
    long result = attempt();
    _exit(result >= 0 ? WORKED : errno);
}

/* What became of it: a signal as -number, else the errno or WORKED. */
static int outcome(uint32_t layers, bool spills, attempt_fn *attempt)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        run(layers, spills, attempt);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Layers that this kernel gives at all: a test of the others has nothing to hold on to. */
static uint32_t given(void)
{
    static uint32_t layers;
    static bool known;
    static const unsigned tried[] = {FH_LAYER_SECCOMP,
                                     FH_LAYER_LANDLOCK,
                                     FH_LAYER_USER,
                                     FH_LAYER_USER | FH_LAYER_NET,
                                     FH_LAYER_USER | FH_LAYER_IPC,
                                     FH_LAYER_USER | FH_LAYER_MOUNT};
    for (size_t i = 0; !known && i < FH_COUNT(tried); i++) {
        if (outcome(tried[i], true, start_thread) == WORKED) {
            layers |= tried[i];
        }
    }
    known = true;
    return layers | FH_LAYER_LIMITS;
}

#define ALL               (FH_LAYERS_ALL & ~FH_LAYER_CGROUP)
#define PATHS_BY_LANDLOCK (FH_LAYER_LIMITS | FH_LAYER_SECCOMP | FH_LAYER_LANDLOCK)
#define PATHS_BY_MOUNT    (FH_LAYER_LIMITS | FH_LAYER_SECCOMP | FH_LAYER_USER | FH_LAYER_MOUNT)
#define SPACES            (FH_LAYER_USER | FH_LAYER_NET | FH_LAYER_IPC | FH_LAYER_MOUNT)
#define KILLED            (-SIGSYS)

static const struct row {
    const char *name;
    attempt_fn *attempt;
    unsigned layers;
    bool spills;
    int expected;
    bool sanitizers_differ;
} rows[] = {
    /* everything on */
    {"read a file of the machine", open_passwd, ALL, true, ENOENT, false},
    {"read it by a path upwards", open_above, ALL, true, ENOENT, false},
    {"read the node's environment", open_parent_environment, ALL, true, ENOENT, false},
    {"write its own memory", open_own_memory, ALL, true, ENOENT, false},
    {"read a file beside the spill folder", open_neighbour, ALL, true, ENOENT, false},
    {"write a file beside the spill folder", write_neighbour, ALL, true, ENOENT, false},
    {"make a file elsewhere", create_outside, ALL, true, ENOENT, false},
    {"truncate a file elsewhere", truncate_outside, ALL, true, KILLED, false},
    {"open a source for writing by the kernel's link", reopen_source, ALL, true, ENOENT, false},
    {"open a source for writing", write_source, ALL, true, EACCES, false},
    {"read a source, twice at once", read_source, ALL, true, WORKED, false},
    {"use the spill folder", use_spill, ALL, true, WORKED, false},
    {"grow a file beyond its bound", too_large_a_file, ALL, true, EFBIG, false},
    {"open a socket", open_socket, ALL, true, KILLED, false},
    {"open a local socket", open_unix_socket, ALL, true, KILLED, false},
    {"run a program", call_execve, ALL, true, KILLED, false},
    {"fork", call_fork, ALL, true, KILLED, true},
    {"a thread in a new namespace", clone_into_namespace, ALL, true, KILLED, true},
    {"clone3", call_clone3, ALL, true, ENOSYS, false},
    {"signal the node", kill_parent, ALL, true, KILLED, false},
    {"signal a thread of the node", tgkill_parent, ALL, true, KILLED, false},
    {"map code", map_code, ALL, true, EPERM, false},
    {"map code that can be written", map_writable_code, ALL, true, EPERM, false},
    {"make memory code", make_code, ALL, true, EPERM, false},
    {"change what the process may", become_dumpable, ALL, true, EPERM, false},
    {"type into a terminal", trusted_terminal_input, ALL, true, ENOTTY, false},
    {"raise a limit", more_memory, ALL, true, KILLED, true},
#if defined(__x86_64__)
    {"a call by the x32 numbers", call_x32, ALL, true, KILLED, false},
    {"a call by the 32-bit gate", call_i386, ALL, true, KILLED, false},
#endif
    {"start a thread", start_thread, ALL, true, WORKED, false},
    {"use memory", use_memory, ALL, true, WORKED, false},
    {"use more memory than there is", too_much_memory, ALL, true, ENOMEM, true},
    {"abort", call_abort, ALL, true, -SIGABRT, false},
    /* a role without spill has no file at all */
    {"no spill: read a file", open_passwd, ALL, false, EACCES, false},
    {"no spill: make a file", create_outside, ALL, false, EACCES, false},
    {"no spill: read a source", read_source, ALL, false, WORKED, false},
    /* no mount namespace: Landlock alone keeps paths away */
    {"landlock: read a file", open_passwd, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: upwards", open_above, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: environment", open_parent_environment, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: own memory", open_own_memory, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: a neighbour", open_neighbour, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: write a neighbour", write_neighbour, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: a file elsewhere", create_outside, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: the source's link", reopen_source, PATHS_BY_LANDLOCK, true, EACCES, false},
    {"landlock: the spill folder", use_spill, PATHS_BY_LANDLOCK, true, WORKED, false},
    /* no Landlock: the mount namespace alone does */
    {"mount: read a file", open_passwd, PATHS_BY_MOUNT, true, ENOENT, false},
    {"mount: upwards", open_above, PATHS_BY_MOUNT, true, ENOENT, false},
    {"mount: environment", open_parent_environment, PATHS_BY_MOUNT, true, ENOENT, false},
    {"mount: a neighbour", open_neighbour, PATHS_BY_MOUNT, true, ENOENT, false},
    {"mount: a file elsewhere", create_outside, PATHS_BY_MOUNT, true, ENOENT, false},
    {"mount: the spill folder", use_spill, PATHS_BY_MOUNT, true, WORKED, false},
    /* no seccomp: each of the others still holds by itself */
    {"landlock alone: run a program", call_execve, FH_LAYER_LANDLOCK, true, EACCES, false},
    {"landlock alone: signal the node", kill_scoped, FH_LAYER_LANDLOCK, true, EPERM, false},
    {"landlock alone: connect", call_connect, FH_LAYER_LANDLOCK, true, EACCES, false},
    {"spaces alone: connect", call_connect, SPACES, true, ENETUNREACH, false},
    {"spaces alone: run a program", call_execve, SPACES, true, ENOENT, false},
};

static void escapes_fail_by_name(void **state)
{
    (void)state;
    unsigned skipped = 0;
    unsigned wrong = 0;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        if ((row->layers & ~given()) != 0 || (row->sanitizers_differ && FH_SHADOW_MEMORY)) {
            print_message("skipped: %s\n", row->name);
            skipped++;
            continue;
        }
        int found = outcome(row->layers, row->spills, row->attempt);
        if (found != row->expected) {
            print_message("%s: found %d, expected %d\n", row->name, found, row->expected);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    assert_true(skipped < FH_COUNT(rows));
    assert_int_not_equal(access("/tmp/freehold-escaped", F_OK), 0);
}

static void calls_outside_the_table_end_the_process(void **state)
{
    (void)state;
    unsigned wrong = 0;
    if ((given() & FH_LAYER_SECCOMP) == 0) {
        skip();
    }
    for (size_t i = 0; i < FH_COUNT(never); i++) {
        raw_number = never[i].number;
        int found = outcome(FH_LAYER_LIMITS | FH_LAYER_SECCOMP, true, call_raw);
        if (found != KILLED) {
            print_message("%s: found %d\n", never[i].name, found);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* A role that connects has sockets for it, and nothing else more. */
static void a_role_that_connects_may_only_connect(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        attempt_fn *attempt;
        int expected;
    } tries[] = {
        {"a TCP socket", open_socket, WORKED},
        {"a raw socket", open_packet_socket, KILLED},
        {"connect", call_connect, ECONNREFUSED},
        {"a program", call_execve, KILLED},
        {"a process", call_fork, FH_SHADOW_MEMORY ? EPERM : KILLED},
        {"code", map_code, EPERM},
    };
    for (size_t i = 0; i < FH_COUNT(tries); i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            struct fh_err err = {0};
            const struct fh_sandbox_role role = {.network = true};
            if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                fh_sandbox_seccomp(&role, &err) != FH_OK) {
                _exit(FAILED_TO_CONFINE);
            }
            errno = 0;
            long result = tries[i].attempt();
            _exit(result >= 0 ? WORKED : errno);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        int found = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
        if (found != tries[i].expected) {
            fail_msg("%s: found %d, expected %d", tries[i].name, found, tries[i].expected);
        }
    }
}

static void layers_are_named_and_judged(void **state)
{
    (void)state;
    struct fh_buf text;
    fh_buf_init(&text, 512);
    fh_layers_put(&text, FH_LAYER_SECCOMP | FH_LAYER_MOUNT);
    assert_string_equal(fh_buf_cstr(&text), "seccomp, mount namespace");
    fh_buf_reset(&text);
    fh_layers_put(&text, 0);
    assert_string_equal(fh_buf_cstr(&text), "none");
    fh_buf_fini(&text);
    assert_string_equal(fh_layer_text(FH_LAYER_LANDLOCK), "landlock");
    assert_string_equal(fh_layer_text(3), "unknown");
    assert_true(strlen(fh_layer_what(FH_LAYER_NET)) > 10);
    assert_false(fh_layers_enough(0));
    assert_false(fh_layers_enough(FH_LAYER_LIMITS | FH_LAYER_SECCOMP));
    assert_false(fh_layers_enough(FH_LAYER_LIMITS | FH_LAYER_LANDLOCK | FH_LAYER_MOUNT));
    assert_false(fh_layers_enough(FH_LAYER_SECCOMP | FH_LAYER_LANDLOCK));
    assert_true(fh_layers_enough(PATHS_BY_LANDLOCK));
    assert_true(fh_layers_enough(PATHS_BY_MOUNT));
    assert_true(fh_layers_enough(FH_LAYERS_ALL));
}

static int up(void **state)
{
    (void)state;
    char path[PATH_MAX];
    scratch = test_scratch_make();
    test_scratch_path(spill, sizeof spill, &scratch, "worker-1");
    test_scratch_path(escape.outside, sizeof escape.outside, &scratch, "neighbour");
    test_scratch_path(path, sizeof path, &scratch, "source");
    FILE *file = fopen(escape.outside, "w");
    FILE *other = fopen(path, "w");
    if (mkdir(spill, 0700) != 0 || file == NULL || other == NULL || fputs("canary", file) == EOF ||
        fputs("seconds", other) == EOF || fclose(file) != 0 || fclose(other) != 0) {
        return -1;
    }
    escape.source = open(path, O_RDONLY | O_CLOEXEC);
    return escape.source < 0 ? -1 : 0;
}

static int down(void **state)
{
    (void)state;
    close(escape.source);
    test_scratch_remove(&scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_named_and_judged),
        cmocka_unit_test(escapes_fail_by_name),
        cmocka_unit_test(calls_outside_the_table_end_the_process),
        cmocka_unit_test(a_role_that_connects_may_only_connect),
    };
    return cmocka_run_group_tests(tests, up, down);
}
