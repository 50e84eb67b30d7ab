/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks an entry peer for a join with an owner that lies (freehold-node-liar), lie by lie, and looks
 * at what the consumer is told: the query fails by the rule of the list, alone, and the honest
 * client of another domain beside it does not notice.
 *
 *     fh-entry HOME HONEST-HOME HOST:PORT PID TOLD-FILE SQL HONEST-SQL ROWS [lenient]
 *     fh-entry late    the number of the last one, an end that comes late
 *
 * SQL is a format with one %u for the number of the lie; HONEST-SQL counts ROWS. TOLD-FILE is where
 * the liar writes the lies that it told. Node and last argument as of fh-hostile.
 */
#include "tests/hostile/owner_lies.h"
#include "tests/hostile/suite.h"

#include "tools/client/freehold.h"

#include "common/err.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST = 500,
    CLIENTS = 2, /* a key has two questions that run */
    GROWTH_KIB = 32 * 1024,
    NOTICED_MS = 15000,
    WARM = 50, /* lies, before memory is looked at */
};

static struct freehold_client *open_client(const char *home, const char *address)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    if (freehold_open(&client, home, address, &error) != FREEHOLD_OK) {
        fprintf(stderr, "entry: %s [%s]\n", error.text, error.rule);
        exit(1);
    }
    return client;
}

/* What the consumer is told: "answered", or the refusal. */
static void ask(struct freehold_client *client, const char *sql, char out[128])
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    int code = freehold_query(&result, client, sql, NULL, &error);
    while (code == FREEHOLD_OK && freehold_result_next(result, &error, &code)) {
    }
    freehold_result_close(result);
    if (code == FREEHOLD_OK) {
        snprintf(out, 128, "answered");
    } else {
        snprintf(out, 128, "refused %s [%s]", fh_code_name(code), error.rule);
    }
}

/* ---- lies ---- */

static const char *const groups[LIE_TARGET_COUNT] = {
    [LIE_SCAN_ANSWER] = "answers to SCAN",
    [LIE_BATCH_ANSWER] = "answers with a batch",
    [LIE_BATCH_HEADER] = "headers of batches",
    [LIE_END_ANSWER] = "answers with the end",
    [LIE_RECORD] = "records of receipts",
    [LIE_RECEIPT] = "receipts",
    [LIE_FLIP] = "frames with a bit flipped",
    [LIE_CUT] = "frames cut short",
    [LIE_REJECT] = "REJECT frames",
    [LIE_REFUSAL] = "refusals",
    [LIE_BY_HAND] = "lies that are well-formed",
};

/* Lies of one group, which several clients ask for. */
static struct {
    char **argv;
    int pid;
    FILE *told_file;
    bool *told; /* by number */
    struct suite suite;
    long before_kib;
    pthread_mutex_t lock; /* of all below, and of the suite and what was told */
    unsigned next;
    unsigned end;
} meeting = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whether lie `number` was told: the liar writes it down before it tells it. */
static bool was_told(unsigned number)
{
    char line[64];
    clearerr(meeting.told_file);
    while (fgets(line, sizeof line, meeting.told_file) != NULL) {
        unsigned long one = strtoul(line, NULL, 10);
        if (one < owner_lie_count()) {
            meeting.told[one] = true;
        }
    }
    return meeting.told[number];
}

static void meet(unsigned number, const struct owner_lie *lie, const char *got)
{
    if (was_told(number)) {
        suite_meet(&meeting.suite, got, lie->expected, "%s", lie->name);
    } else if (strcmp(got, "answered") != 0) {
        suite_meet(&meeting.suite, got, "answered", "no lie (%s)", lie->name);
    }
    if (number >= WARM && meeting.before_kib == 0) {
        meeting.before_kib = resident_kib(meeting.pid);
    }
}

/* Asks for one lie after the other, until the group is through. */
static void *ask_on(void *user)
{
    struct freehold_client *client = user;
    const char *format = meeting.argv[6];
    const char *hole = strstr(format, "%u");
    pthread_mutex_lock(&meeting.lock);
    while (meeting.next < meeting.end) {
        unsigned number = meeting.next++;
        struct owner_lie lie;
        char sql[1024];
        char got[128];
        pthread_mutex_unlock(&meeting.lock);
        owner_lie(&lie, number);
        snprintf(sql, sizeof sql, "%.*s%u%s", (int)(hole - format), format, number, hole + 2);
        ask(client, sql, got);
        pthread_mutex_lock(&meeting.lock);
        meet(number, &lie, got);
    }
    pthread_mutex_unlock(&meeting.lock);
    return NULL;
}

/* What changes frames touches the session that all of the entry peer's questions to this owner
 * share. */
static bool stands_alone(enum lie_target target)
{
    return target == LIE_FLIP || target == LIE_CUT || target == LIE_REJECT;
}

static void meet_group(struct freehold_client *const clients[CLIENTS], enum lie_target target)
{
    pthread_t threads[CLIENTS];
    unsigned count = stands_alone(target) ? 1 : CLIENTS;
    struct owner_lie lie;
    suite_group(&meeting.suite, groups[target]);
    for (meeting.end = meeting.next; meeting.end < owner_lie_count(); meeting.end++) {
        owner_lie(&lie, meeting.end);
        if (lie.target != target) {
            break;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, ask_on, clients[i]) != 0) {
            fputs("entry: no thread\n", stderr);
            exit(1);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void meet_all(char **argv, int pid)
{
    struct freehold_client *clients[CLIENTS];
    meeting.argv = argv;
    meeting.pid = pid;
    meeting.told_file = fopen(argv[5], "r");
    meeting.told = calloc(owner_lie_count(), sizeof *meeting.told);
    if (meeting.told_file == NULL || meeting.told == NULL) {
        perror(argv[5]);
        exit(1);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = open_client(argv[1], argv[3]);
    }
    for (enum lie_target target = 0; target < LIE_TARGET_COUNT; target++) {
        meet_group(clients, target);
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        freehold_close(clients[i]);
    }
    fclose(meeting.told_file);
    free(meeting.told);
}

_Static_assert(HAND_LATE_END == HAND_LIE_COUNT - 1, "the last of those by hand, which come last");

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "late") == 0) {
        printf("%u\n", owner_lie_count() - 1);
        return 0;
    }
    if (argc < 9 || strstr(argv[6], "%u") == NULL) {
        fputs("usage: fh-entry HOME HONEST-HOME HOST:PORT PID TOLD-FILE SQL HONEST-SQL ROWS "
              "[lenient]\n",
              stderr);
        return 2;
    }
    int pid = atoi(argv[4]);
    honest_begin(argv[2], argv[3], argv[7], atol(argv[8]));
    meet_all(argv, pid);
    long after = resident_kib(pid);
    struct honest_result honest = honest_end();
    bool good = suite_end(&meeting.suite, LEAST);
    long before = meeting.before_kib;
    printf("beside: %u honest answers, %u failed, the slowest after %ld ms\n",
           honest.answers,
           honest.failed,
           honest.slowest_ms);
    printf("memory of the entry peer: %ld KiB before, %ld KiB after\n", before, after);
    good = good && honest.answers > 0 && honest.failed == 0 && honest.slowest_ms < NOTICED_MS;
    return good && (argc > 9 || after - before < GROWTH_KIB) ? 0 : 1;
}
