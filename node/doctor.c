/* SPDX-License-Identifier: Apache-2.0 */
#include "node/doctor.h"

#include "common/address.h"
#include "common/bytes.h"
#include "common/time.h"
#include "node/config.h"
#include "node/io/loop.h"
#include "node/query/cgroup.h"
#include "node/query/workers.h"
#include "proto/query/layers.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

enum {
    FOUND_BYTES = 512,
    START_SLOW_MS = 500,       /* a worker that takes longer makes first answers late */
    FILES_FEW = 1024,          /* connections, workers and the store together */
    DISK_FAIL_MIB = 64,        /* the store cannot grow */
    SYS_LANDLOCK_CREATE = 444, /* landlock_create_ruleset */
    LANDLOCK_ASK_VERSION = 1,  /* its flag */
    LANDLOCK_VERSION_GOOD = 4, /* from there on ports are covered too */
};

static const int64_t sane_ms = INT64_C(1767225600000); /* 2026-01-01: no release is older */

struct doctor {
    fh_doctor_fn *fn;
    void *user;
    bool failed;
};

static void say(struct doctor *d,
                enum fh_doctor_verdict verdict,
                const char *check,
                const char *found,
                const char *remedy)
{
    d->failed = d->failed || verdict == FH_DOCTOR_FAIL;
    d->fn(verdict, check, found, verdict == FH_DOCTOR_OK ? "" : remedy, d->user);
}

/* ---- the worker and what stands around it ---- */

static const struct remedy {
    unsigned layer;
    const char *check;
    const char *text;
} remedies[] = {
    {FH_LAYER_LIMITS, "sandbox.limits", "let the node set resource limits downwards"},
    {FH_LAYER_SECCOMP,
     "sandbox.seccomp",
     "use a kernel with CONFIG_SECCOMP_FILTER; in a container, a profile that allows seccomp"},
    {FH_LAYER_LANDLOCK,
     "sandbox.landlock",
     "use Linux 5.13 or newer with landlock in the list lsm=; in a container or unit, allow the "
     "landlock_ system calls"},
    {FH_LAYER_USER,
     "sandbox.user_namespace",
     "allow unprivileged user namespaces (kernel.unprivileged_userns_clone, user.max_user_"
     "namespaces, RestrictNamespaces= of the unit)"},
    {FH_LAYER_NET, "sandbox.net_namespace", "as for the user namespace"},
    {FH_LAYER_IPC, "sandbox.ipc_namespace", "as for the user namespace"},
    {FH_LAYER_MOUNT,
     "sandbox.mount_namespace",
     "as for the user namespace, and allow mount and pivot_root in it; not needed where Landlock "
     "stands"},
    {FH_LAYER_CGROUP,
     "sandbox.cgroup",
     "delegate the control group of the node (systemd: Delegate=memory pids)"},
};

static void tell_layers(struct doctor *d, uint32_t layers, bool cgroup, bool required)
{
    for (size_t i = 0; i < FH_COUNT(remedies); i++) {
        const struct remedy *row = &remedies[i];
        bool stands = row->layer == FH_LAYER_CGROUP ? cgroup : (layers & row->layer) != 0;
        /* Needed is what `enough` lacks without it though everything else stood but the layer that
         * may stand in for it. */
        unsigned instead = row->layer == FH_LAYER_LANDLOCK ? FH_LAYER_MOUNT
                           : row->layer == FH_LAYER_MOUNT  ? FH_LAYER_LANDLOCK
                                                           : 0;
        bool needed =
            (layers & instead) == 0 && !fh_layers_enough(FH_LAYERS_ALL & ~row->layer & ~instead);
        enum fh_doctor_verdict verdict = stands               ? FH_DOCTOR_OK
                                         : needed && required ? FH_DOCTOR_FAIL
                                                              : FH_DOCTOR_WARN;
        char found[FOUND_BYTES];
        snprintf(
            found, sizeof found, "%s: %s", stands ? "on" : "absent", fh_layer_what(row->layer));
        say(d, verdict, row->check, found, row->text);
    }
}

static void check_landlock_version(struct doctor *d)
{
    char found[FOUND_BYTES];
    long version = syscall(SYS_LANDLOCK_CREATE, NULL, 0, LANDLOCK_ASK_VERSION);
    if (version >= 1) {
        snprintf(found, sizeof found, "version %ld of its interface", version);
    } else {
        snprintf(found, sizeof found, "absent (%s)", strerror(errno));
    }
    say(d,
        version >= LANDLOCK_VERSION_GOOD ? FH_DOCTOR_OK : FH_DOCTOR_WARN,
        "kernel.landlock",
        found,
        "a newer kernel keeps more away: TCP ports since 6.7, signals since 6.12");
}

struct started {
    uint32_t layers;
    int64_t ms;
    char engine[64];
    struct fh_err err;
};

/* Starts one worker as the node does, and ends it. */
static int start_worker(const char *programs, uint32_t memory_mib, struct started *out)
{
    char program[PATH_MAX];
    char spill[] = "/tmp/freehold-doctor-XXXXXX";
    struct fh_loop *loop = NULL;
    struct fh_workers *workers = NULL;
    struct fh_worker *worker = NULL;
    struct fh_err *err = &out->err;
    snprintf(program, sizeof program, "%s/freehold-worker", programs);
    bool folder = mkdtemp(spill) != NULL;
    struct fh_workers_options options = {
        .program = program, .spill_root = folder ? spill : "", .workers_max = 1};
    int64_t before = fh_clock_mono_ms();
    int rc = fh_loop_new(&loop, err);
    if (rc == FH_OK) {
        rc = fh_workers_new(&workers, fh_loop_uv(loop), &options, err);
    }
    if (rc == FH_OK) {
        rc = fh_workers_spawn(workers, &worker, err);
    }
    if (rc == FH_OK) {
        int64_t deadline_ms = before + FH_WORKER_START_MS;
        rc = fh_worker_setup(worker, FH_WORKER_QUERY, memory_mib, 1, deadline_ms, err);
    }
    if (rc == FH_OK) {
        out->ms = fh_clock_mono_ms() - before;
        out->layers = fh_worker_layers(worker);
        snprintf(out->engine, sizeof out->engine, "%s", fh_worker_engine(worker));
    }
    fh_worker_release(worker);
    int64_t end_ms = fh_clock_mono_ms() + FH_WORKER_START_MS;
    while (workers != NULL && !fh_workers_drained(workers) && fh_clock_mono_ms() < end_ms) {
        fh_loop_run_once(loop, 20);
    }
    fh_workers_free(workers);
    fh_loop_free(loop);
    if (folder) {
        (void)rmdir(spill);
    }
    return rc;
}

static void check_worker(struct doctor *d, const struct fh_config *config, const char *programs)
{
    char found[FOUND_BYTES];
    char group[FH_CGROUP_PATH_BYTES];
    struct started started = {.layers = 0};
    bool required = config == NULL || config->settings.require_sandbox;
    uint32_t memory =
        config == NULL ? FH_WORKER_MEMORY_MIB : (uint32_t)config->settings.worker_memory_mib;
    if (start_worker(programs, memory, &started) != FH_OK) {
        say(d,
            FH_DOCTOR_FAIL,
            "worker.start",
            started.err.text,
            "freehold-worker and libduckdb.so must be installed as they came; run freehold-worker "
            "by hand to see what it misses");
        return;
    }
    snprintf(found, sizeof found, "%lld ms", (long long)started.ms);
    say(d,
        started.ms <= START_SLOW_MS ? FH_DOCTOR_OK : FH_DOCTOR_WARN,
        "worker.start",
        found,
        "first answers will be late: the machine is busy, or its disk is slow");
    snprintf(found, sizeof found, "DuckDB %s", started.engine);
    say(d, FH_DOCTOR_OK, "worker.engine", found, "");
    tell_layers(d, started.layers, fh_cgroup_own(group) && fh_cgroup_delegated(group), required);
    if (!required) {
        say(d,
            FH_DOCTOR_WARN,
            "sandbox.required",
            "require_sandbox is false",
            "remove it from freehold.yaml once every required layer is on");
    }
}

/* ---- the machine ---- */

static void check_files(struct doctor *d)
{
    char found[FOUND_BYTES];
    struct rlimit limit = {0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    snprintf(found, sizeof found, "%llu open files", (unsigned long long)limit.rlim_cur);
    say(d,
        limit.rlim_cur >= FILES_FEW ? FH_DOCTOR_OK : FH_DOCTOR_WARN,
        "limits.files",
        found,
        "raise it (ulimit -n 1024, LimitNOFILE= of the unit): connections need one each");
}

static void check_clock(struct doctor *d)
{
    char text[FH_TIME_TEXT_BYTES];
    int64_t now_ms = fh_clock_wall_ms();
    struct timex kernel = {.modes = 0};
    fh_time_text(text, now_ms);
    if (now_ms < sane_ms) {
        say(d, FH_DOCTOR_FAIL, "clock", text, "set the clock: records of now look as if of later");
        return;
    }
    bool synchronised = adjtimex(&kernel) >= 0 && (kernel.status & STA_UNSYNC) == 0;
    char found[FOUND_BYTES];
    snprintf(found, sizeof found, "%s%s", text, synchronised ? "" : ", not known to be right");
    say(d,
        synchronised ? FH_DOCTOR_OK : FH_DOCTOR_WARN,
        "clock",
        found,
        "run a time service (chrony, systemd-timesyncd): peers refuse records that are more than "
        "10 minutes off");
}

static void check_disk(struct doctor *d, const char *folder, const struct fh_config *config)
{
    char found[FOUND_BYTES];
    struct statvfs s;
    if (statvfs(folder, &s) != 0) {
        snprintf(found, sizeof found, "%s: %s", folder, strerror(errno));
        say(d, FH_DOCTOR_FAIL, "disk", found, "make the folder readable");
        return;
    }
    uint64_t mib = (uint64_t)s.f_bavail * s.f_frsize >> 20;
    uint64_t spill =
        FH_WORKER_SPILL_FACTOR * config->settings.worker_memory_mib * config->settings.workers_max;
    snprintf(found,
             sizeof found,
             "%llu MiB free at %s; queries may spill up to %llu",
             (unsigned long long)mib,
             folder,
             (unsigned long long)spill);
    say(d,
        mib < DISK_FAIL_MIB ? FH_DOCTOR_FAIL
        : mib < spill       ? FH_DOCTOR_WARN
                            : FH_DOCTOR_OK,
        "disk",
        found,
        "free some, or lower limits.workers or limits.worker_memory");
}

/* ---- the home ---- */

static void check_home(struct doctor *d, const struct fh_config *config, const struct fh_err *error)
{
    if (config != NULL) {
        say(d, FH_DOCTOR_OK, "home", config->home.root, "");
    } else if (error->code == FH_OK) {
        say(d, FH_DOCTOR_OK, "home", "none here: the machine alone was looked at", "");
    } else {
        say(d, FH_DOCTOR_FAIL, "home", error->text, "what it says; then run this again");
    }
}

/* Whether the address can be listened at: 0 or an errno. */
static int try_address(const struct addrinfo *address)
{
    const int on = 1;
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int error = bind(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static void check_port(struct doctor *d, const char *listen, int type, const char *check)
{
    char host[FH_ADDRESS_BYTES_MAX + 1];
    char port_text[8];
    char found[FOUND_BYTES];
    uint16_t port = 0;
    struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_PASSIVE};
    struct addrinfo *addresses = NULL;
    struct fh_err err;
    if (fh_address_split(listen, host, &port, &err) != FH_OK) {
        return; /* the settings would not have been read */
    }
    snprintf(port_text, sizeof port_text, "%u", port);
    int failure = getaddrinfo(host, port_text, &hints, &addresses);
    if (failure != 0) {
        snprintf(found, sizeof found, "%s: %s", listen, gai_strerror(failure));
        say(d, FH_DOCTOR_FAIL, check, found, "let listen name an address of this machine");
        return;
    }
    int error = try_address(addresses);
    freeaddrinfo(addresses);
    snprintf(found, sizeof found, "%s: %s", listen, error == 0 ? "free" : strerror(error));
    say(d,
        error == 0            ? FH_DOCTOR_OK
        : error == EADDRINUSE ? FH_DOCTOR_WARN
                              : FH_DOCTOR_FAIL,
        check,
        found,
        error == EADDRINUSE ? "fine if the node of this home runs; else another program is there"
                            : "let listen name an address of this machine");
}

/* ---- the doors ---- */

/* What strangers can read on the way. */
static void check_door_tls(struct doctor *d, const char *check, const char *listen, bool is_off)
{
    char host[FH_ADDRESS_BYTES_MAX + 1];
    uint16_t port = 0;
    struct fh_err err;
    if (is_off && fh_address_split(listen, host, &port, &err) == FH_OK &&
        !fh_host_is_loopback(host)) {
        say(d,
            FH_DOCTOR_WARN,
            check,
            "tokens and rows travel open, beyond this machine",
            "remove the off: a certificate is made by itself, or set tls_certificate and tls_key");
    }
}

static void check_doors(struct doctor *d, const struct fh_config *config, const char *programs)
{
    const struct fh_settings *settings = &config->settings;
    char program[PATH_MAX];
    bool http = settings->http_listen[0] != '\0';
    bool postgres = settings->postgres_listen[0] != '\0';
    if (http) {
        check_port(d, settings->http_listen, SOCK_STREAM, "door.http");
        check_door_tls(
            d, "door.http.tls", settings->http_listen, strcmp(settings->http_tls, "off") == 0);
    }
    if (postgres) {
        check_port(d, settings->postgres_listen, SOCK_STREAM, "door.postgres");
        check_door_tls(d,
                       "door.postgres.tls",
                       settings->postgres_listen,
                       strcmp(settings->postgres_tls, "off") == 0);
    }
    snprintf(program, sizeof program, "%s/freehold-door", programs);
    if ((http || postgres) && access(program, X_OK) != 0) {
        say(d,
            FH_DOCTOR_FAIL,
            "door.program",
            strerror(errno),
            "freehold-door must be installed beside freehold-node, as it came");
    }
}

int fh_doctor_run(const struct fh_config *config,
                  const struct fh_err *home_error,
                  const char *programs,
                  fh_doctor_fn *fn,
                  void *user)
{
    struct doctor d = {.fn = fn, .user = user};
    check_home(&d, config, home_error);
    check_worker(&d, config, programs);
    check_landlock_version(&d);
    check_files(&d);
    check_clock(&d);
    if (config != NULL) {
        check_disk(&d, config->home.root, config);
        check_port(&d, config->settings.listen, SOCK_STREAM, "port.tcp");
        check_port(&d, config->settings.listen, SOCK_DGRAM, "port.udp");
        check_doors(&d, config, programs);
    }
    return d.failed ? FH_ECHECK : FH_OK;
}
