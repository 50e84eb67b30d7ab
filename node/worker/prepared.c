/* SPDX-License-Identifier: Apache-2.0 */
#include "node/worker/prepared.h"

#include "common/limits.h"
#include "common/mem.h"

#include <string.h>

struct entry {
    duckdb_prepared_statement statement; /* NULL: free */
    uint64_t used;                       /* when, counted in uses */
    unsigned runs;
    char *sql;
    size_t size;
};

struct fh_prepared {
    uint64_t uses;
    struct entry entries[FH_WORKER_PREPARED_MAX];
};

struct fh_prepared *fh_prepared_new(void)
{
    return fh_calloc(1, sizeof(struct fh_prepared));
}

static void drop(struct entry *entry)
{
    duckdb_destroy_prepare(&entry->statement);
    fh_free(entry->sql);
    *entry = (struct entry){.statement = NULL};
}

duckdb_prepared_statement
fh_prepared_take(struct fh_prepared *prepared, struct fh_bytes sql, unsigned *out_runs)
{
    *out_runs = 0;
    for (size_t i = 0; i < FH_WORKER_PREPARED_MAX; i++) {
        struct entry *entry = &prepared->entries[i];
        if (entry->statement != NULL && entry->size == sql.size &&
            memcmp(entry->sql, sql.data, sql.size) == 0) {
            duckdb_prepared_statement statement = FH_TAKE(entry->statement);
            *out_runs = entry->runs;
            fh_free(entry->sql);
            *entry = (struct entry){.statement = NULL};
            return statement;
        }
    }
    return NULL;
}

void fh_prepared_keep(struct fh_prepared *prepared,
                      struct fh_bytes sql,
                      duckdb_prepared_statement statement,
                      unsigned runs)
{
    if (runs >= FH_PREPARED_RUNS_MAX) {
        duckdb_destroy_prepare(&statement);
        return;
    }
    struct entry *oldest = &prepared->entries[0];
    for (size_t i = 0; i < FH_WORKER_PREPARED_MAX && oldest->statement != NULL; i++) {
        struct entry *entry = &prepared->entries[i];
        if (entry->statement == NULL || entry->used < oldest->used) {
            oldest = entry;
        }
    }
    drop(oldest);
    oldest->sql = fh_alloc(sql.size + 1);
    if (oldest->sql == NULL) {
        duckdb_destroy_prepare(&statement);
        return;
    }
    memcpy(oldest->sql, sql.data, sql.size);
    oldest->size = sql.size;
    oldest->statement = statement;
    oldest->runs = runs;
    oldest->used = ++prepared->uses;
}

void fh_prepared_forget(struct fh_prepared *prepared)
{
    for (size_t i = 0; i < FH_WORKER_PREPARED_MAX; i++) {
        drop(&prepared->entries[i]);
    }
}
