/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stopwatch over libfreehold for tools/bench: what a program that uses a node waits for, without
 * the start of a command-line tool in it. Times are printed in microseconds.
 *
 *     fh-stopwatch start HOME PROGRAM...                 PROGRAM's start until HOME's node answers
 *     fh-stopwatch seen PRODUCT VERSION HOME... -- PROGRAM...
 *                                                       PROGRAM's end until every home's node shows
 *                                                       that version, its contract verified here
 *     fh-stopwatch fresh HOME PEER SQL TIMES            a session, then the whole answer, each time
 *                                                       after a rest of 0.3 s
 *     fh-stopwatch warm HOME PEER SQL TIMES             the whole answer, all in one session
 *     fh-stopwatch columns HOME PEER SQL TIMES          the same, whole columns batch by batch
 *     fh-stopwatch plain HOME PEER SQL TIMES            and none of them in a smaller form
 *     fh-stopwatch tree HOME PEER SQL TIMES             and with a hash tree for the receipt
 *     fh-stopwatch loopback BYTES TIMES                 BYTES over a TCP connection of this machine
 *
 * PEER is HOST:PORT, or "-" for the home's own node. They print the median, and on
 * stderr how many rows came and how many a second.
 */
#include "common/time.h"
#include "tools/client/freehold.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMES_MAX = 1000, HOMES_MAX = 16, PATIENCE_US = 20000000, PAUSE_US = 500, REST_US = 300000 };

static int64_t now_us(void)
{
    return fh_clock_mono_ns() / 1000;
}

static _Noreturn void give_up(const char *what, const struct freehold_error *error)
{
    fprintf(stderr, "fh-stopwatch: %s: %s\n", what, error->text);
    exit(1);
}

static pid_t run(char **command)
{
    pid_t pid;
    int code = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
    if (code != 0) {
        fprintf(stderr, "fh-stopwatch: %s: %s\n", command[0], strerror(code));
        exit(1);
    }
    return pid;
}

static void pause_us(long us)
{
    struct timespec pause = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

/* ---- start ---- */

static int measure_start(const char *home, char **command)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int64_t started = now_us();
    pid_t pid = run(command);
    int code;
    do {
        struct freehold_client *client = NULL;
        struct freehold_status status = {.size = sizeof status};
        code = freehold_open(&client, home, NULL, &error);
        if (code == FREEHOLD_OK) {
            code = freehold_status(client, &status, &error);
        }
        int64_t answered = now_us();
        freehold_close(client);
        if (code == FREEHOLD_OK) {
            printf("%lld %d\n", (long long)(answered - started), (int)pid);
            return 0;
        }
        pause_us(PAUSE_US);
    } while (now_us() - started < PATIENCE_US);
    kill(pid, SIGKILL);
    give_up("the node did not answer", &error);
}

/* ---- seen ---- */

static bool shows(struct freehold_client *client, const char *product, const char *version)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_description *description = NULL;
    struct freehold_product found = {.size = sizeof found};
    bool shown = false;
    if (freehold_describe(&description, client, product, &error) == FREEHOLD_OK) {
        freehold_description_product(description, &found);
        shown = strcmp(found.version, version) == 0;
    }
    freehold_description_free(description);
    return shown;
}

static int measure_seen(const char *product, const char *version, char **rest)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *clients[HOMES_MAX];
    size_t count = 0;
    for (; *rest != NULL && strcmp(*rest, "--") != 0; rest++) {
        if (count == HOMES_MAX ||
            freehold_open(&clients[count], *rest, NULL, &error) != FREEHOLD_OK) {
            give_up(*rest, &error);
        }
        count++;
    }
    if (*rest == NULL || rest[1] == NULL) {
        return 2;
    }
    int status = 0;
    pid_t pid = run(rest + 1);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        fprintf(stderr, "fh-stopwatch: %s ended with %d\n", rest[1], status);
        return 1;
    }
    int64_t started = now_us();
    for (size_t i = 0; i < count;) {
        if (shows(clients[i], product, version)) {
            i++;
        } else if (now_us() - started > PATIENCE_US) {
            fprintf(stderr, "fh-stopwatch: %s %s was not seen in time\n", product, version);
            return 1;
        } else {
            pause_us(PAUSE_US);
        }
    }
    printf("%lld\n", (long long)(now_us() - started));
    for (size_t i = 0; i < count; i++) {
        freehold_close(clients[i]);
    }
    return 0;
}

/* ---- queries ---- */

static uint64_t last_bytes; /* of the batches of the last answer that was read by columns */

/* Adds up what a program would read of a column: the whole of its values or of its indices. */
static uint64_t look(const struct freehold_vector *vector)
{
    uint64_t sum = 0;
    const uint8_t *at = vector->entries > 0 ? vector->indices : vector->data;
    size_t size = vector->entries > 0 ? vector->rows * vector->index_width : vector->data_size;
    for (; size >= sizeof sum; size -= sizeof sum, at += sizeof sum) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        sum += word;
    }
    return sum;
}

static uint64_t read_columns(struct freehold_client *client, const char *sql, bool tree, bool plain)
{
    static volatile uint64_t seen; /* so that no compiler leaves out the reading */
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    struct freehold_query_options options = {
        .size = sizeof options, .stream = true, .tree = tree, .plain = plain};
    uint64_t rows = 0;
    size_t batch = 0;
    int code = freehold_query(&result, client, sql, &options, &error);
    while (code == FREEHOLD_OK && freehold_result_next_batch(result, &batch, &error, &code)) {
        rows += batch;
        for (size_t i = 0; code == FREEHOLD_OK && i < freehold_result_column_count(result); i++) {
            struct freehold_vector vector = {.size = sizeof vector};
            code = freehold_result_vector(result, i, FREEHOLD_VECTOR_DICTIONARY, &vector, &error);
            seen = seen + (code == FREEHOLD_OK ? look(&vector) : 0);
        }
    }
    if (code != FREEHOLD_OK) {
        give_up(sql, &error);
    }
    struct freehold_summary summary = {.size = sizeof summary};
    freehold_result_summary(result, &summary);
    last_bytes = summary.bytes;
    freehold_result_close(result);
    return rows;
}

static uint64_t columns(struct freehold_client *client, const char *sql)
{
    return read_columns(client, sql, false, false);
}

static uint64_t plain_columns(struct freehold_client *client, const char *sql)
{
    return read_columns(client, sql, false, true);
}

static uint64_t columns_and_tree(struct freehold_client *client, const char *sql)
{
    return read_columns(client, sql, true, false);
}

static uint64_t answer(struct freehold_client *client, const char *sql)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    uint64_t rows = 0;
    int code = freehold_query(&result, client, sql, NULL, &error);
    while (code == FREEHOLD_OK && freehold_result_next(result, &error, &code)) {
        rows++;
    }
    if (code != FREEHOLD_OK) {
        give_up(sql, &error);
    }
    freehold_result_close(result);
    return rows;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static struct freehold_client *open_session(const char *home, const char *peer)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    if (freehold_open(&client, home, strcmp(peer, "-") == 0 ? NULL : peer, &error) != FREEHOLD_OK) {
        give_up(peer, &error);
    }
    return client;
}

static const struct {
    const char *name;
    bool fresh; /* a session each time */
    uint64_t (*ask)(struct freehold_client *client, const char *sql);
} ways[] = {
    {"fresh", true, answer},
    {"warm", false, answer},
    {"columns", false, columns},
    {"plain", false, plain_columns},
    {"tree", false, columns_and_tree},
};

static int
measure_query(size_t way, const char *home, const char *peer, const char *sql, const char *text)
{
    bool warm = !ways[way].fresh;
    static int64_t times[TIMES_MAX];
    long count = strtol(text, NULL, 10);
    if (count < 1 || count > TIMES_MAX) {
        return 2;
    }
    uint64_t rows = 0;
    struct freehold_client *client = NULL;
    if (warm) {
        client = open_session(home, peer);
        (void)ways[way].ask(client, sql);
    }
    for (long i = 0; i < count; i++) {
        if (!warm) {
            pause_us(REST_US);
        }
        int64_t started = now_us();
        if (!warm) {
            client = open_session(home, peer);
        }
        rows = ways[way].ask(client, sql);
        times[i] = now_us() - started;
        if (!warm) {
            freehold_close(client);
        }
    }
    if (warm) {
        freehold_close(client);
    }
    qsort(times, (size_t)count, sizeof times[0], compare);
    int64_t median = times[(count - 1) / 2];
    printf("%lld\n", (long long)median);
    fprintf(stderr,
            "%llu rows, %llu bytes, %.0f rows/s, best %lld us, worst %lld us\n",
            (unsigned long long)rows,
            (unsigned long long)last_bytes,
            (double)rows * 1e6 / (double)median,
            (long long)times[0],
            (long long)times[count - 1]);
    return 0;
}

/* ---- loopback ---- */

enum { PIECE_BYTES = 1024 * 1024 };

static void *send_all(void *user)
{
    static char piece[PIECE_BYTES];
    int fd = ((int *)user)[0];
    for (long left = ((int *)user)[1]; left > 0;) {
        ssize_t n = send(fd, piece, left < PIECE_BYTES ? (size_t)left : PIECE_BYTES, MSG_NOSIGNAL);
        if (n <= 0) {
            break;
        }
        left -= n;
    }
    close(fd);
    return NULL;
}

static int64_t loopback_once(int bytes)
{
    static char piece[PIECE_BYTES];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    pthread_t sender;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int out[2] = {socket(AF_INET, SOCK_STREAM, 0), bytes};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(out[0], (struct sockaddr *)&address, sizeof address) != 0) {
        perror("fh-stopwatch: loopback");
        exit(1);
    }
    int in = accept(listener, NULL, NULL);
    int64_t started = now_us();
    if (pthread_create(&sender, NULL, send_all, out) != 0) {
        exit(1);
    }
    while (recv(in, piece, sizeof piece, 0) > 0) {
    }
    int64_t took = now_us() - started;
    pthread_join(sender, NULL);
    close(in);
    close(listener);
    return took;
}

static int measure_loopback(const char *bytes, const char *text)
{
    static int64_t times[TIMES_MAX];
    long size = strtol(bytes, NULL, 10);
    long count = strtol(text, NULL, 10);
    if (count < 1 || count > TIMES_MAX || size < 1 || size > INT32_MAX) {
        return 2;
    }
    for (long i = 0; i < count; i++) {
        times[i] = loopback_once((int)size);
    }
    qsort(times, (size_t)count, sizeof times[0], compare);
    printf("%lld\n", (long long)times[(count - 1) / 2]);
    return 0;
}

int main(int argc, char **argv)
{
    int code = 2;
    if (argc >= 4 && strcmp(argv[1], "start") == 0) {
        code = measure_start(argv[2], argv + 3);
    } else if (argc >= 7 && strcmp(argv[1], "seen") == 0) {
        code = measure_seen(argv[2], argv[3], argv + 4);
    }
    if (argc == 4 && strcmp(argv[1], "loopback") == 0) {
        code = measure_loopback(argv[2], argv[3]);
    }
    for (size_t i = 0; argc == 6 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            code = measure_query(i, argv[2], argv[3], argv[4], argv[5]);
        }
    }
    if (code == 2) {
        fprintf(stderr, "fh-stopwatch: see the head of tests/e2e/stopwatch.c\n");
    }
    return code;
}
