/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long this machine's disk takes to have a few hundred bytes for good, for tools/bench: what
 * an answer that waits for its record waits for at least.
 *
 *     fh-disk-wait FOLDER SECONDS
 *
 * Writes as the audit log does (node/state/audit_file.c): behind each other, where zeros are on
 * disk already, each with one call that returns when it is durable; a pause between two, as
 * questions leave one. One line: median and 99th percentile in microseconds, and microseconds of
 * CPU of each.
 */
#include "common/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    RECORD_BYTES = 500, /* of a READ of one table */
    FILE_BYTES = 16 * 1024 * 1024,
    PAUSE_NS = 200 * 1000,
    TIMES_MAX = FILE_BYTES / RECORD_BYTES,
    PATH_BYTES = 4096
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "fh-disk-wait: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    return fh_clock_mono_ns() / 1000;
}

static int64_t cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int open_file(const char *folder)
{
    static char zeros[64 * 1024];
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/disk_wait", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || unlink(path) != 0) {
        give_up(path);
    }
    for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof zeros) {
        if (pwrite(fd, zeros, sizeof zeros, at) != (ssize_t)sizeof zeros) {
            give_up(path);
        }
    }
    if (fdatasync(fd) != 0) {
        give_up(path);
    }
    return fd;
}

int main(int argc, char **argv)
{
    static int64_t times[TIMES_MAX];
    char record[RECORD_BYTES];
    size_t count = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: fh-disk-wait FOLDER SECONDS\n");
        return 2;
    }
    int fd = open_file(argv[1]);
    int64_t until = now_us() + strtoll(argv[2], NULL, 10) * 1000000;
    int64_t cpu = cpu_us();
    memset(record, 1, sizeof record);
    while (count < TIMES_MAX && (count == 0 || now_us() < until)) {
        struct iovec part = {record, sizeof record};
        const struct timespec pause = {.tv_nsec = PAUSE_NS};
        int64_t begun = now_us();
        if (pwritev2(fd, &part, 1, (off_t)(count * RECORD_BYTES), RWF_DSYNC) != RECORD_BYTES) {
            give_up("write");
        }
        times[count++] = now_us() - begun;
        nanosleep(&pause, NULL);
    }
    cpu = cpu_us() - cpu;
    qsort(times, count, sizeof times[0], by_size);
    printf("%lld %lld %lld\n",
           (long long)times[count / 2],
           (long long)times[count * 99 / 100],
           (long long)(cpu / (int64_t)count));
    return 0;
}
