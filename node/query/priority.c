/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/priority.h"

#include <linux/sched/types.h>

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    LEAST_NICE = 19,
    POLICY_OTHER = 0,
    AS_IT_IS = 1000,              /* no niceness */
    PATIENT_NS = 5 * 1000 * 1000, /* Linux gives 0.7 to 2.8 ms, by the number of cores */
    LEAST_NS = 100 * 1000 * 1000, /* the longest that it takes: the patient interrupt them too */
};

struct share {
    int nice;
    uint64_t turn_ns; /* 0: as long as the kernel likes */
};

static void set_thread(pid_t thread, void *user)
{
    const struct share *share = user;
    errno = 0;
    int nice = share->nice == AS_IT_IS ? getpriority(PRIO_PROCESS, (id_t)thread) : share->nice;
    if (errno != 0) {
        return; /* it has just ended */
    }
    struct sched_attr attributes = {
        .size = SCHED_ATTR_SIZE_VER0,
        .sched_policy = POLICY_OTHER,
        .sched_nice = nice,
        .sched_runtime = share->turn_ns,
    };
    (void)syscall(SYS_sched_setattr, thread, &attributes, 0U);
}

void fh_priority_each_thread(pid_t process, fh_priority_thread_fn *fn, void *user)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *tasks = opendir(path);
    if (tasks == NULL) {
        return; /* it has just ended */
    }
    for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        unsigned long id = strtoul(task->d_name, NULL, 10);
        if (id > 0) {
            fn((pid_t)id, user);
        }
    }
    closedir(tasks);
}

struct delays {
    pid_t process;
    int64_t sum_ns;
};

/* The file says "time on a processor, time ready without one, turns", in ns. */
static void add_delay(pid_t thread, void *user)
{
    struct delays *delays = user;
    char path[64];
    char line[128];
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)delays->process, (int)thread);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return; /* it has just ended, or the kernel has no such file */
    }
    if (fgets(line, sizeof line, file) != NULL) {
        char *second;
        char *end;
        (void)strtoll(line, &second, 10);
        long long delay_ns = strtoll(second, &end, 10);
        delays->sum_ns += end != second && delay_ns > 0 ? delay_ns : 0;
    }
    (void)fclose(file);
}

int64_t fh_priority_delayed_ms(pid_t process)
{
    struct delays delays = {.process = process};
    fh_priority_each_thread(process, add_delay, &delays);
    return delays.sum_ns / 1000000;
}

void fh_priority_patient(pid_t process, bool patient)
{
    struct share share = {.nice = AS_IT_IS, .turn_ns = patient ? PATIENT_NS : 0};
    fh_priority_each_thread(process, set_thread, &share);
}

void fh_priority_least(pid_t process)
{
    struct share share = {.nice = LEAST_NICE, .turn_ns = LEAST_NS};
    fh_priority_each_thread(process, set_thread, &share);
}
