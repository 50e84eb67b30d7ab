/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation of a query in PostgreSQL's dialect to SQLite's.
 *
 * One pass over the words: what is read is written at once, and where an operand turns out to be
 * one of something that SQLite writes around it (x::int, x = ANY (y), f(x).n), the text before it
 * is put in front of the operand. So brackets come out as PostgreSQL would have set them. On the
 * way the types and names of the columns are found, as far as they do not come from tables.
 *
 *     a::regclass                   "_to_reg"(2205, "a")
 *     a = ANY ('{1,2}')             "a" IN (SELECT "value" FROM "_unnest"('{1,2}'))
 *     ARRAY(SELECT a FROM b)        (WITH "_r"("v") AS (SELECT ...) SELECT "_array"("v") FROM "_r")
 *     a !~ 'x'                      "a" NOT REGEXP 'x'
 *     SELECT unnest(a) FROM b       SELECT "_s0"."unnest" FROM "b", "_set0"("a") AS "_s0"
 *
 * Only what is on the lists of functions, types and system tables gets through, and nothing but
 * queries; names come out in quotes, texts as literals.
 *
 * Does not: run anything, know which products there are. Thread: any. Ownership: the translation
 * lives in the arena.
 * Sources: PostgreSQL 15 manual, chapter 4 and SELECT; SQLite 3.40, lang_select and lang_expr.
 */
#ifndef FH_TOOLS_DOOR_PGCAT_TRANSLATE_H
#define FH_TOOLS_DOOR_PGCAT_TRANSLATE_H

#include "tools/door/pgcat/sets.h"

#include "common/arena.h"
#include "common/limits.h"

struct fh_pgcat_relation;

struct fh_pgcat_item {
    const char *name; /* of the column; "" for a star */
    uint32_t type;    /* 0: not known here */
    bool column;      /* a column of a table or a query */
    bool star;        /* stands for columns that SQLite knows */
};

struct fh_pgcat_named {
    const char *name;
    uint32_t type;
};

struct fh_pgcat_items {
    size_t count;
    size_t capacity;
    struct fh_pgcat_item *list;
};

struct fh_pgcat_translation {
    const char *sql;
    size_t size;
    struct fh_pgcat_items items;
    size_t param_count;                      /* highest number */
    uint32_t param_types[FH_SQL_PARAMS_MAX]; /* 0: not known */
    size_t name_count; /* names given to expressions within, with types; the last one counts */
    struct fh_pgcat_named names[FH_PGCAT_NAMES_MAX];
    size_t table_count; /* system tables that are read */
    const struct fh_pgcat_relation *tables[FH_PGCAT_SETS_MAX];
    size_t set_count;
    struct fh_pgcat_set sets[FH_PGCAT_SETS_MAX];
};

/* `param_types` are those that the client declared, 0 where it did not. FH_ESQL, FH_ETOOBIG,
 * FH_EINVAL, FH_ENOMEM with the rules of pgcat.h. */
FH_MUST_CHECK int fh_pgcat_translate(struct fh_pgcat_translation *out,
                                     struct fh_arena *arena,
                                     struct fh_bytes sql,
                                     const uint32_t *param_types,
                                     size_t param_type_count,
                                     struct fh_err *err);

/* Type of a column by its name: one that the statement made, one of the tables that it reads, or of
 * any; 0 when it is not known. */
uint32_t fh_pgcat_translation_type(const struct fh_pgcat_translation *translation,
                                   const char *name);

#endif
