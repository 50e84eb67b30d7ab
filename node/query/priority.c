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

static void set_thread(pid_t thread, int nice, uint64_t turn_ns)
{
    errno = 0;
    nice = nice == AS_IT_IS ? getpriority(PRIO_PROCESS, (id_t)thread) : nice;
    if (errno != 0) {
        return; /* it has just ended */
    }
    struct sched_attr attributes = {
        .size = SCHED_ATTR_SIZE_VER0,
        .sched_policy = POLICY_OTHER,
        .sched_nice = nice,
        .sched_runtime = turn_ns, /* 0: as long as the kernel likes */
    };
    (void)syscall(SYS_sched_setattr, thread, &attributes, 0U);
}

static void set_threads(pid_t process, int nice, uint64_t turn_ns)
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
            set_thread((pid_t)id, nice, turn_ns);
        }
    }
    closedir(tasks);
}

void fh_priority_patient(pid_t process, bool patient)
{
    set_threads(process, AS_IT_IS, patient ? PATIENT_NS : 0);
}

void fh_priority_least(pid_t process)
{
    set_threads(process, LEAST_NICE, LEAST_NS);
}
