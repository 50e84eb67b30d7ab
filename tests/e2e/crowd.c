/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client that asks, lets others of the same key come and ask, and asks again: the others have
 * taken the places that a node gives to one key, so its sessions are forgotten at the entry peer
 * and at the owner by then.
 *
 *     fh-crowd HOME OTHERS SQL
 *
 * Prints the first column of each answer, and what a call to the entry peer alone gives
 * afterwards; ends with the exit code.
 */
#include "tools/client/freehold.h"

#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 3 };

/* As many questions as that, all begun before the first is read. */
static int ask(struct freehold_client *client, const char *sql, int count, bool print)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *results[AT_ONCE] = {NULL};
    int code = FREEHOLD_OK;
    for (int i = 0; i < count && code == FREEHOLD_OK; i++) {
        code = freehold_query_begin(&results[i], client, sql, NULL, &error);
    }
    for (int i = 0; i < count && code == FREEHOLD_OK; i++) {
        while (freehold_result_next(results[i], &error, &code)) {
            if (print) {
                printf("%s\n", freehold_result_text(results[i], 0, NULL));
            }
        }
    }
    for (int i = 0; i < count; i++) {
        freehold_result_close(results[i]);
    }
    if (code != FREEHOLD_OK) {
        fprintf(stderr, "fh-crowd: %s\n", error.text);
    }
    return code;
}

static int ask_as_other(const char *home, const char *sql)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    int code = freehold_open(&client, home, NULL, &error);
    if (code == FREEHOLD_OK) {
        code = ask(client, sql, 1, false);
    } else {
        fprintf(stderr, "fh-crowd: %s\n", error.text);
    }
    freehold_close(client);
    return code;
}

static int crowd(const char *home, int others, const char *sql)
{
    int code = FREEHOLD_OK;
    for (int i = 0; i < others && code == FREEHOLD_OK; i++) {
        code = ask_as_other(home, sql);
    }
    return code;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: fh-crowd HOME OTHERS SQL\n", stderr);
        return 2;
    }
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_client *client = NULL;
    struct freehold_status status = {.size = sizeof status};
    int others = atoi(argv[2]);
    int code = freehold_open(&client, argv[1], NULL, &error);
    if (code == FREEHOLD_OK) {
        code = ask(client, argv[3], 1, true);
    }
    if (code == FREEHOLD_OK) {
        code = crowd(argv[1], others, argv[3]);
    }
    if (code == FREEHOLD_OK) {
        code = ask(client, argv[3], AT_ONCE, true);
    }
    if (code == FREEHOLD_OK) {
        code = crowd(argv[1], others, argv[3]);
    }
    if (code == FREEHOLD_OK) {
        code = freehold_status(client, &status, &error);
        puts(code == FREEHOLD_OK ? "status" : error.text);
    }
    freehold_close(client);
    return freehold_exit_code(code);
}
