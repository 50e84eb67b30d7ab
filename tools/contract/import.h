/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import: what a source says of itself, as tables of a draft.
 *
 * SQL definitions and dbt's manifest are read here; data files and databases are described by a
 * worker (proto/query/profile.h), whose answer becomes a table here.
 *
 * Does not: open anything. Thread: one. Ownership: texts are borrowed for the call; what is added
 * lives in the draft's arena.
 */
#ifndef FH_TOOLS_CONTRACT_IMPORT_H
#define FH_TOOLS_CONTRACT_IMPORT_H

#include "tools/contract/draft.h"

enum {
    FH_IMPORT_SQL_BYTES_MAX = 16 * 1024 * 1024, /* a dump of definitions without its rows */
    FH_IMPORT_DBT_BYTES_MAX = 64 * 1024 * 1024, /* manifests carry all SQL of a project */
    FH_IMPORT_ARENA_BYTES_MAX = 256 * 1024 * 1024,
};

/* Adds the tables that `text` creates: CREATE TABLE with its constraints, and what ALTER TABLE,
 * CREATE UNIQUE INDEX, CREATE TYPE ... AS ENUM and COMMENT ON add; other statements are passed
 * over. FH_EINVAL ("sql.syntax", "sql.create_as", "sql.like", "sql.tables") with line and column;
 * FH_ETOOBIG ("sql.size"), FH_ENOMEM. */
FH_MUST_CHECK int fh_import_sql(struct fh_draft *draft, struct fh_bytes text, struct fh_err *err);

/* Adds the models (without any: the sources) of a dbt manifest, versions 4 to 12, with their tests
 * and constraints as promises. `wanted`, `wanted_count`: only these names, sources too; none: all.
 * FH_EINVAL ("dbt.syntax", "dbt.version", "dbt.nodes"), FH_ENOTFOUND ("import.table"), FH_ENOMEM.
 */
FH_MUST_CHECK int fh_import_dbt(struct fh_draft *draft,
                                struct fh_bytes text,
                                const char *const *wanted,
                                size_t wanted_count,
                                struct fh_err *err);

/* Adds a table as a worker described it: its definition, if it came with one, and what was seen.
 * The profile is kept. FH_ETOOBIG, FH_ENOMEM. */
FH_MUST_CHECK int fh_import_profile(struct fh_draft *draft,
                                    const char *schema,
                                    const char *name,
                                    bool is_view,
                                    const struct fh_profile *profile,
                                    struct fh_err *err);

/* Keeps the tables that `wanted` names (as fh_draft_table finds them), in that order. FH_ENOTFOUND
 * ("import.table") names the nearest one that there is. */
FH_MUST_CHECK int fh_import_choose(struct fh_draft *draft,
                                   const char *const *wanted,
                                   size_t wanted_count,
                                   struct fh_err *err);

/* The error for a table that is not there: with the nearest of `names`, or the first of them. */
int fh_import_no_table(const char *wanted,
                       const char *const *names,
                       size_t count,
                       struct fh_err *err);

#endif
