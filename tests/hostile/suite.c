/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/hostile/suite.h"

#include "common/time.h"
#include "tests/lib/status.h"
#include "tools/client/freehold.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAUSE_MS = 30 };

void suite_group(struct suite *suite, const char *group)
{
    if (suite->group != NULL) {
        printf("%6u frames in %5lld ms: %s\n",
               suite->of_group,
               (long long)(fh_clock_mono_ms() - suite->began_ms),
               suite->group);
        fflush(stdout);
    }
    suite->group = group;
    suite->began_ms = fh_clock_mono_ms();
    suite->of_group = 0;
}

void suite_meet(
    struct suite *suite, const char *got, const char *expected, const char *name_format, ...)
{
    suite->frames++;
    suite->of_group++;
    if (strcmp(got, expected) == 0) {
        return;
    }
    char name[256];
    va_list arguments;
    va_start(arguments, name_format);
    vsnprintf(name, sizeof name, name_format, arguments);
    va_end(arguments);
    suite->failed++;
    printf("WRONG: %s: %s: %s instead of %s\n", suite->group, name, got, expected);
    fflush(stdout);
}

bool suite_end(struct suite *suite, unsigned least)
{
    suite_group(suite, NULL);
    printf(
        "%6u hostile frames in all, %u not met as they should be\n", suite->frames, suite->failed);
    if (suite->frames < least) {
        printf("WRONG: there should be at least %u\n", least);
    }
    return suite->failed == 0 && suite->frames >= least;
}

/* ---- beside ---- */

static struct {
    const char *home;
    const char *address;
    const char *sql;
    long expected;
    atomic_bool stop;
    pthread_t thread;
    struct honest_result result;
} honest;

static bool ask_honestly(struct freehold_client *client)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    int code = freehold_query(&result, client, honest.sql, NULL, &error);
    bool right = code == FREEHOLD_OK && freehold_result_next(result, &error, &code) &&
                 freehold_result_int(result, 0) == honest.expected &&
                 !freehold_result_next(result, &error, &code) && code == FREEHOLD_OK;
    if (!right) {
        printf("WRONG: the honest query beside: %s [%s]\n", error.text, error.rule);
    }
    freehold_result_close(result);
    return right;
}

static void *be_honest(void *unused)
{
    (void)unused;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    if (freehold_open(&client, honest.home, honest.address, &error) != FREEHOLD_OK) {
        printf("WRONG: the honest client: %s [%s]\n", error.text, error.rule);
        honest.result.failed++;
        return NULL;
    }
    while (!atomic_load(&honest.stop)) {
        int64_t before = fh_clock_mono_ms();
        honest.result.failed += !ask_honestly(client);
        honest.result.answers++;
        long took = (long)(fh_clock_mono_ms() - before);
        honest.result.slowest_ms =
            took > honest.result.slowest_ms ? took : honest.result.slowest_ms;
        const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
        nanosleep(&pause, NULL); /* the machine is the hostile one's too */
    }
    freehold_close(client);
    return NULL;
}

void honest_begin(const char *home, const char *address, const char *sql, long expected)
{
    honest.home = home;
    honest.address = address;
    honest.sql = sql;
    honest.expected = expected;
    honest.result = (struct honest_result){0};
    atomic_store(&honest.stop, false);
    if (pthread_create(&honest.thread, NULL, be_honest, NULL) != 0) {
        fputs("hostile: no thread for the honest client\n", stderr);
        exit(1);
    }
}

struct honest_result honest_end(void)
{
    atomic_store(&honest.stop, true);
    pthread_join(honest.thread, NULL);
    return honest.result;
}

long resident_kib(int pid)
{
    uint64_t kib = test_status_kib(pid, "VmRSS:");
    if (kib == 0) {
        fprintf(stderr, "hostile: process %d is gone\n", pid);
        exit(1);
    }
    return (long)kib;
}
