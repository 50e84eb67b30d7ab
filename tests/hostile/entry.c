/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks an entry peer for a join with an owner that lies (freehold-node-liar), lie by lie, and looks
 * at what the consumer is told: the query fails by the rule of the list, alone, and the honest
 * client of another domain beside it does not notice.
 *
 *     fh-entry HOME HONEST-HOME HOST:PORT PID TOLD-FILE SQL HONEST-SQL ROWS [lenient]
 *
 * SQL is a format with one %u for the number of the lie; HONEST-SQL counts ROWS. TOLD-FILE is where
 * the liar writes the lies that it told. Node and last argument as of fh-hostile.
 */
#include "tests/hostile/owner_lies.h"
#include "tests/hostile/suite.h"

#include "tools/client/freehold.h"

#include "common/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 500, LEAST_LENIENT = 300, GROWTH_KIB = 32 * 1024, NOTICED_MS = 15000, WARM = 50 };

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

/* Whether lie `number` was told since the last look. */
static bool was_told(FILE *file, unsigned number)
{
    char line[64];
    bool told = false;
    clearerr(file);
    while (fgets(line, sizeof line, file) != NULL) {
        told = told || (unsigned)strtoul(line, NULL, 10) == number;
    }
    return told;
}

static void meet_all(struct suite *suite, char **argv, int pid, long *out_before)
{
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
    struct freehold_client *client = open_client(argv[1], argv[3]);
    FILE *told = fopen(argv[5], "r");
    if (told == NULL) {
        perror(argv[5]);
        exit(1);
    }
    for (unsigned i = 0; i < owner_lie_count(); i++) {
        struct owner_lie lie;
        char sql[1024];
        char got[128];
        owner_lie(&lie, i);
        if (suite->group != groups[lie.target]) {
            suite_group(suite, groups[lie.target]);
        }
        char *at = strstr(argv[6], "%u");
        snprintf(sql, sizeof sql, "%.*s%u%s", (int)(at - argv[6]), argv[6], i, at + 2);
        ask(client, sql, got);
        if (was_told(told, i)) {
            suite_meet(suite, got, lie.expected, "%s", lie.name);
        } else if (strcmp(got, "answered") != 0) {
            suite_meet(suite, got, "answered", "no lie (%s)", lie.name);
        }
        if (i == WARM) {
            *out_before = resident_kib(pid);
        }
    }
    fclose(told);
    freehold_close(client);
}

int main(int argc, char **argv)
{
    struct suite suite = {.group = NULL};
    if (argc < 9 || strstr(argv[6], "%u") == NULL) {
        fputs("usage: fh-entry HOME HONEST-HOME HOST:PORT PID TOLD-FILE SQL HONEST-SQL ROWS "
              "[lenient]\n",
              stderr);
        return 2;
    }
    int pid = atoi(argv[4]);
    long before = 0;
    honest_begin(argv[2], argv[3], argv[7], atol(argv[8]));
    meet_all(&suite, argv, pid, &before);
    long after = resident_kib(pid);
    struct honest_result honest = honest_end();
    bool good = suite_end(&suite, argc > 9 ? LEAST_LENIENT : LEAST);
    printf("beside: %u honest answers, %u failed, the slowest after %ld ms\n",
           honest.answers,
           honest.failed,
           honest.slowest_ms);
    printf("memory of the entry peer: %ld KiB before, %ld KiB after\n", before, after);
    good = good && honest.answers > 0 && honest.failed == 0 && honest.slowest_ms < NOTICED_MS;
    return good && (argc > 9 || after - before < GROWTH_KIB) ? 0 : 1;
}
