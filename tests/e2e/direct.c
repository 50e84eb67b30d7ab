/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What DuckDB alone says: runs the views and then one query straight over the files, and prints the
 * answer as CSV. The demo and the end-to-end tests compare the mesh's answers with it; nothing of
 * Freehold is linked here, so that it can contradict Freehold.
 *
 *     fh-direct VIEWS.sql DATA_FOLDER QUERY.sql [REPETITIONS]
 *
 * With REPETITIONS it prints the fastest time in microseconds on stderr.
 */
#include <duckdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_BYTES_MAX = 256 * 1024 };

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, TEXT_BYTES_MAX);
    if (file == NULL || text == NULL) {
        perror(path);
        exit(1);
    }
    if (fread(text, 1, TEXT_BYTES_MAX - 1, file) == TEXT_BYTES_MAX - 1) {
        fprintf(stderr, "%s: too long\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

static char *replace_all(const char *text, const char *what, const char *with)
{
    size_t count = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what)) {
        count++;
    }
    char *out = calloc(1, strlen(text) + count * strlen(with) + 1);
    if (out == NULL) {
        exit(1);
    }
    char *end = out;
    const char *p = text;
    for (const char *hit; (hit = strstr(p, what)) != NULL; p = hit + strlen(what)) {
        memcpy(end, p, (size_t)(hit - p));
        end += hit - p;
        memcpy(end, with, strlen(with));
        end += strlen(with);
    }
    memcpy(end, p, strlen(p));
    return out;
}

static void run(duckdb_connection connection, const char *sql)
{
    duckdb_result result;
    if (duckdb_query(connection, sql, &result) == DuckDBError) {
        fprintf(stderr, "fh-direct: %s\n", duckdb_result_error(&result));
        exit(1);
    }
    duckdb_destroy_result(&result);
}

static long long now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: fh-direct VIEWS.sql DATA_FOLDER QUERY.sql [REPETITIONS]\n");
        return 2;
    }
    duckdb_database database;
    duckdb_connection connection;
    if (duckdb_open(NULL, &database) == DuckDBError ||
        duckdb_connect(database, &connection) == DuckDBError) {
        fprintf(stderr, "fh-direct: DuckDB does not open\n");
        return 1;
    }
    char *template = read_text(argv[1]);
    char *views = replace_all(template, "${DATA}", argv[2]);
    run(connection, views);
    char *query = read_text(argv[3]);
    char *semicolon = strrchr(query, ';');
    if (semicolon != NULL) {
        *semicolon = '\n';
    }
    int repetitions = argc == 5 ? atoi(argv[4]) : 0;
    long long best = -1;
    for (int i = 0; i < repetitions; i++) {
        long long start = now_us();
        run(connection, query);
        long long took = now_us() - start;
        best = best < 0 || took < best ? took : best;
    }
    if (repetitions > 0) {
        fprintf(stderr, "%lld\n", best);
    }
    size_t size = strlen(query) + 64;
    char *copy = calloc(1, size);
    if (copy == NULL) {
        exit(1);
    }
    snprintf(copy, size, "COPY (\n%s\n) TO '/dev/stdout' (FORMAT csv, HEADER true)", query);
    run(connection, copy);
    free(copy);
    free(query);
    free(views);
    free(template);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    return 0;
}
