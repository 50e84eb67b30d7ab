/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client with many questions in flight, whose requests and receipts are signed together.
 *
 *     fh-flights HOME FLIGHTS FOLDER
 *
 * Each question asks for another row and must get that row. It goes on until some answers had a
 * request and some a receipt that others were signed with; their files are FOLDER/1.receipt and
 * FOLDER/2.receipt, and one that was signed alone is FOLDER/3.receipt. Then what else may be done
 * with a question that waits for others: it is closed unasked, those before it are closed unread,
 * another call comes between. Prints what it saw; ends with 1 when something was not as it has to
 * be.
 */
#include "common/bytes.h"
#include "common/time.h"
#include "proto/query/receipt_file.h"
#include "tools/client/freehold.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FLIGHTS_MAX = 16, ROWS = 200, MOST_S = 60 };

struct flight {
    struct freehold_result *result;
    int row;
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "fh-flights: %s: %s\n", what, why);
    exit(1);
}

static void rest_ms(long ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000};
    nanosleep(&pause, NULL);
}

static struct flight begin(struct freehold_client *client)
{
    static int asked;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct flight flight = {.row = 1 + asked++ % ROWS};
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT id FROM shop.orders WHERE id = %d", flight.row);
    if (freehold_query_begin(&flight.result, client, sql, NULL, &error) != FREEHOLD_OK) {
        fail(sql, error.text);
    }
    return flight;
}

/* Reads to the verified end. */
static void take(const struct flight *flight)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = FREEHOLD_OK;
    int rows = 0;
    while (freehold_result_next(flight->result, &error, &code)) {
        rows += atoi(freehold_result_text(flight->result, 0, NULL)) == flight->row ? 1 : 1000;
    }
    if (code != FREEHOLD_OK || rows != 1) {
        fail("an answer", code != FREEHOLD_OK ? error.text : "it has the row of another question");
    }
}

static bool is_together(struct fh_bytes bytes, const struct fh_mesh_id *mesh)
{
    struct fh_record record;
    if (fh_record_parse(&record, bytes, mesh, NULL) != FH_OK) {
        fail("a receipt's file", "a record in it cannot be read");
    }
    return record.together.depth > 0;
}

static void save(const char *folder, int number, struct fh_bytes bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.receipt", folder, number);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.size, file) != bytes.size ||
        fclose(file) != 0) {
        fail(path, "cannot be written");
    }
}

/* Keeps the file of the receipt if it is one of a kind that is still wanted. */
static void look_at(const struct flight *flight, const char *folder, unsigned seen[3])
{
    static struct fh_receipt_file file;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    const void *data = NULL;
    size_t size = 0;
    if (freehold_result_receipt(flight->result, &data, &size, &error) != FREEHOLD_OK) {
        fail("a receipt", error.text);
    }
    struct fh_bytes bytes = fh_bytes(data, size);
    if (fh_receipt_file_parse(&file, bytes, NULL) != FH_OK) {
        fail("a receipt's file", "it cannot be read");
    }
    bool request = is_together(file.request, &file.mesh);
    bool receipt = is_together(file.receipts[0], &file.mesh);
    const bool kinds[] = {request, receipt, !request && !receipt};
    for (int i = 0; i < 3; i++) {
        if (kinds[i] && seen[i]++ == 0) {
            save(folder, i + 1, bytes);
        }
    }
}

/* Answers that came and lie unread, and one question that waits for them. */
static struct flight gather(struct freehold_client *client, struct flight *others, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        others[i] = begin(client);
    }
    rest_ms(300);
    take(&others[0]);
    freehold_result_close(others[0].result);
    return begin(client);
}

static void do_otherwise(struct freehold_client *client, unsigned count)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_status status = {.size = sizeof status};
    struct flight others[FLIGHTS_MAX];
    struct flight last = gather(client, others, count);
    freehold_result_close(last.result); /* unasked */
    for (unsigned i = 1; i < count; i++) {
        take(&others[i]);
        freehold_result_close(others[i].result);
    }
    last = gather(client, others, count);
    for (unsigned i = 1; i < count; i++) { /* unread: then it goes */
        freehold_result_close(others[i].result);
    }
    rest_ms(300);
    take(&last);
    freehold_result_close(last.result);
    last = gather(client, others, count);
    if (freehold_status(client, &status, &error) != FREEHOLD_OK) {
        fail("a call in between", error.text);
    }
    for (unsigned i = 1; i < count; i++) { /* in their order: a slow node lets two of a key run */
        take(&others[i]);
        freehold_result_close(others[i].result);
    }
    take(&last);
    freehold_result_close(last.result);
}

int main(int argc, char **argv)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    long count = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
    if (count < 2 || count > FLIGHTS_MAX) {
        fail("usage", "fh-flights HOME FLIGHTS FOLDER");
    }
    if (freehold_open(&client, argv[1], NULL, &error) != FREEHOLD_OK) {
        fail(argv[1], error.text);
    }
    struct flight flights[FLIGHTS_MAX];
    unsigned seen[3] = {0, 0, 0};
    struct flight alone = begin(client);
    take(&alone);
    look_at(&alone, argv[3], seen);
    freehold_result_close(alone.result);
    for (long i = 0; i < count; i++) {
        flights[i] = begin(client);
    }
    long answers = 0;
    int64_t until_ms = fh_clock_mono_ms() + MOST_S * 1000;
    for (; answers < 4 * count || seen[0] == 0 || seen[1] == 0; answers++) {
        struct flight *oldest = &flights[answers % count];
        if (fh_clock_mono_ms() > until_ms) {
            fail(seen[0] == 0 ? "requests" : "receipts", "none was signed together with others");
        }
        take(oldest);
        look_at(oldest, argv[3], seen);
        freehold_result_close(oldest->result);
        *oldest = begin(client);
    }
    for (long i = 0; i < count; i++) {
        take(&flights[(answers + i) % count]);
        freehold_result_close(flights[(answers + i) % count].result);
    }
    do_otherwise(client, (unsigned)count);
    freehold_close(client);
    printf("together: requests and receipts; alone: %s\n", seen[2] > 0 ? "one" : "none");
    return 0;
}
