/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: where the rows of an own table lie, opened for a worker.
 *
 * Each file is opened beneath its data root, without crossing a symbolic link, when it is needed:
 * what the worker gets is the open file, never a path.
 *
 * Does not: read data. Thread: the loop's. Ownership: descriptors belong to the set; tables and
 * columns live in the arena.
 */
#ifndef FH_NODE_QUERY_SOURCE_H
#define FH_NODE_QUERY_SOURCE_H

#include "node/query/plan.h"
#include "node/state/store.h"
#include "proto/query/channel.h"

/* The tables of one question, as the worker is to show them, and their open files. */
struct fh_source_set {
    uint32_t table_count;
    struct fh_table tables[FH_QUERY_TABLES_MAX];
    uint32_t file_count;
    int files[FH_QUERY_TABLES_MAX];
};

void fh_source_set_init(struct fh_source_set *set);
/* Closes the files. */
void fh_source_set_fini(struct fh_source_set *set);
/* Whether some rows are served by other nodes: their scans need the loop. */
bool fh_source_set_is_remote(const struct fh_source_set *set);

/* Where an own table's rows lie, as the store has it. */
struct fh_source_place {
    bool found; /* false: not looked for, or not here */
    const char *data_root;
    const char *path;
    enum fh_source_format format;
    uint32_t column_count;
    const struct fh_column *columns;
};

/* Looks an own table up. FH_ENOTFOUND ("source.unknown") when this node holds no source for it. */
FH_MUST_CHECK int fh_source_find(struct fh_source_place *out,
                                 const struct fh_plan_table *table,
                                 struct fh_store *store,
                                 struct fh_arena *arena,
                                 struct fh_err *err);
/* Adds an own table that was looked up (kept with the set): opens its file. FH_EIO
 * ("source.unavailable") as below. */
FH_MUST_CHECK int fh_source_add_found(struct fh_source_set *set,
                                      const struct fh_plan_table *table,
                                      const struct fh_source_place *place,
                                      struct fh_err *err);
/* Both: adds an own table. FH_EIO ("source.unavailable") with a text that holds no path; the path
 * and the cause go to the log. FH_ENOTFOUND ("source.unknown") when this node holds no source for
 * it. */
FH_MUST_CHECK int fh_source_add_own(struct fh_source_set *set,
                                    const struct fh_plan_table *table,
                                    struct fh_store *store,
                                    struct fh_arena *arena,
                                    struct fh_err *err);
/* Adds a table whose rows another node serves. */
FH_MUST_CHECK int fh_source_add_remote(struct fh_source_set *set,
                                       const struct fh_plan_table *table,
                                       struct fh_arena *arena,
                                       struct fh_err *err);

#endif
