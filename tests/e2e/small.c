/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast small queries are answered, for tools/bench: several clients (a thread and a session
 * each), each with several queries in flight.
 *
 *     fh-small WHO PEER CLIENTS FLIGHTS SECONDS SQL [SQL...]
 *
 * WHO is a home, or a folder of keys with their accesses (1.key, 1.access, 2.key ...), which the
 * clients take in turn. PEER is HOST:PORT, or "-" for the home's own node. A "#" in SQL becomes
 * another number in each query, so that no text is asked twice. Every answer is read to its end,
 * which libfreehold reports only after it has verified the receipt. One line: median and 99th
 * percentile in microseconds from asking to the verified end, answers a second, and microseconds of
 * CPU of this process for each.
 *
 * With more than one SQL the clients are hostile: each asks one text after the other, takes a
 * refusal for an answer, and only the number of questions is printed.
 */
#include "common/time.h"
#include "tools/client/freehold.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 64,
    FLIGHTS_MAX = 16,
    TIMES_MAX = 1 << 20,
    SQL_BYTES = 4096,
    PATH_BYTES = 4096
};

struct asker {
    pthread_t thread;
    unsigned number;
    const char *who;
    const char *peer;
    char **sql;
    unsigned sql_count;
    unsigned sql_next;
    unsigned flights;
    uint32_t *times; /* microseconds */
    size_t count;
};

static atomic_bool over;
static atomic_bool counting;
static atomic_ulong texts;

static int64_t now_us(void)
{
    return fh_clock_mono_ns() / 1000;
}

static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static _Noreturn void give_up(const char *what, const struct freehold_error *error)
{
    fprintf(stderr, "fh-small: %s: %s\n", what, error->text);
    exit(1);
}

static void rest(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&pause, NULL);
}

/* The text to ask: the "#" is a number that was not used before. */
static void next_text(char out[SQL_BYTES], const char *sql)
{
    const char *hole = strchr(sql, '#');
    if (hole == NULL) {
        snprintf(out, SQL_BYTES, "%s", sql);
    } else {
        snprintf(out,
                 SQL_BYTES,
                 "%.*s%lu%s",
                 (int)(hole - sql),
                 sql,
                 1000000 + atomic_fetch_add(&texts, 1),
                 hole + 1);
    }
}

struct flight {
    struct freehold_result *result; /* NULL: refused */
    int64_t asked_us;
};

/* Whether this client takes a refusal as it is. */
static bool is_hostile(const struct asker *asker)
{
    return asker->sql_count > 1;
}

static void ask(struct flight *flight, struct freehold_client *client, struct asker *asker)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    char text[SQL_BYTES];
    next_text(text, asker->sql[asker->sql_next++ % asker->sql_count]);
    flight->asked_us = now_us();
    if (freehold_query_begin(&flight->result, client, text, NULL, &error) != FREEHOLD_OK &&
        !is_hostile(asker)) {
        give_up(text, &error);
    }
}

static void finish(struct flight *flight, struct asker *asker)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = FREEHOLD_OK;
    while (flight->result != NULL && !(is_hostile(asker) && atomic_load(&over)) &&
           freehold_result_next(flight->result, &error, &code)) {
    }
    if (code != FREEHOLD_OK && !is_hostile(asker)) {
        give_up("an answer", &error);
    }
    if (error.retry_after_ms > 0) {
        rest(error.retry_after_ms < 100 ? 0.001 * error.retry_after_ms : 0.1);
    }
    freehold_result_close(flight->result);
    flight->result = NULL;
    if (atomic_load(&counting) && asker->count < TIMES_MAX) {
        asker->times[asker->count++] = (uint32_t)(now_us() - flight->asked_us);
    }
}

/* With the home, or the key that is this client's turn. */
static struct freehold_client *open_client(const struct asker *asker)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    struct freehold_options options = {
        .size = sizeof options, .home = asker->who, .peer = asker->peer};
    char key[PATH_BYTES], access_file[PATH_BYTES];
    unsigned keys = 0;
    do {
        snprintf(key, sizeof key, "%s/%u.key", asker->who, keys + 1);
    } while (access(key, R_OK) == 0 && ++keys < CLIENTS_MAX);
    if (keys > 0) {
        snprintf(key, sizeof key, "%s/%u.key", asker->who, asker->number % keys + 1);
        snprintf(
            access_file, sizeof access_file, "%s/%u.access", asker->who, asker->number % keys + 1);
        options.home = NULL;
        options.key_file = key;
        options.access_file = access_file;
    }
    if (strcmp(asker->peer, "-") == 0) {
        options.peer = NULL;
    }
    if (freehold_open_with(&client, &options, &error) != FREEHOLD_OK) {
        give_up(asker->who, &error);
    }
    return client;
}

static void *run(void *user)
{
    struct asker *asker = user;
    struct freehold_client *client;
    struct flight flights[FLIGHTS_MAX] = {{NULL, 0}};
    client = open_client(asker);
    for (unsigned i = 0; i < asker->flights; i++) {
        ask(&flights[i], client, asker);
    }
    unsigned first = 0; /* asked longest ago */
    for (; !atomic_load(&over); first = (first + 1) % asker->flights) {
        finish(&flights[first], asker);
        ask(&flights[first], client, asker);
    }
    for (unsigned i = 0; i < asker->flights; i++) {
        freehold_result_close(flights[(first + i) % asker->flights].result);
    }
    freehold_close(client);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(const struct asker *askers, size_t count, double seconds, double cpu)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all += askers[i].count;
    }
    uint32_t *times = malloc((all + 1) * sizeof *times);
    size_t at = 0;
    for (size_t i = 0; times != NULL && i < count; i++) {
        memcpy(times + at, askers[i].times, askers[i].count * sizeof *times);
        at += askers[i].count;
    }
    if (times == NULL || all == 0) {
        fprintf(stderr, "fh-small: nothing was answered\n");
        exit(1);
    }
    qsort(times, all, sizeof *times, by_size);
    printf("%u %u %.0f %.0f\n",
           times[all / 2],
           times[all - 1 - all / 100],
           (double)all / seconds,
           cpu * 1e6 / (double)all);
    free(times);
}

int main(int argc, char **argv)
{
    static struct asker askers[CLIENTS_MAX];
    unsigned long clients = argc >= 7 ? strtoul(argv[3], NULL, 10) : 0;
    unsigned long flights = argc >= 7 ? strtoul(argv[4], NULL, 10) : 0;
    double seconds = argc >= 7 ? strtod(argv[5], NULL) : 0;
    if (clients < 1 || clients > CLIENTS_MAX || flights < 1 || flights > FLIGHTS_MAX ||
        seconds <= 0) {
        fprintf(stderr, "fh-small: see the head of tests/e2e/small.c\n");
        return 2;
    }
    for (unsigned long i = 0; i < clients; i++) {
        askers[i] = (struct asker){.number = (unsigned)i,
                                   .who = argv[1],
                                   .peer = argv[2],
                                   .sql = argv + 6,
                                   .sql_count = (unsigned)(argc - 6),
                                   .flights = (unsigned)flights,
                                   .times = malloc(TIMES_MAX * sizeof(uint32_t))};
        if (askers[i].times == NULL ||
            pthread_create(&askers[i].thread, NULL, run, &askers[i]) != 0) {
            fprintf(stderr, "fh-small: no memory\n");
            return 1;
        }
    }
    rest(1); /* sessions, workers, caches */
    double cpu = cpu_s();
    int64_t began_us = now_us();
    atomic_store(&counting, true);
    rest(seconds);
    atomic_store(&counting, false);
    double took = (double)(now_us() - began_us) / 1e6;
    cpu = cpu_s() - cpu;
    atomic_store(&over, true);
    for (unsigned long i = 0; i < clients; i++) {
        pthread_join(askers[i].thread, NULL);
    }
    if (is_hostile(&askers[0])) {
        size_t all = 0;
        for (unsigned long i = 0; i < clients; i++) {
            all += askers[i].count;
        }
        printf("%zu\n", all);
    } else {
        report(askers, clients, took, cpu);
    }
    for (unsigned long i = 0; i < clients; i++) {
        free(askers[i].times);
    }
    return 0;
}
