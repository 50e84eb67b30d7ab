/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Place: the SOURCE of `contract import`: what kind it is, and where it lies for the contract.
 *
 * Files are named in a contract relative to its own folder, so a source outside that folder is
 * refused. The kind is that of --format, of the name's ending, or of the first bytes.
 *
 * Does not: read data. Thread: one. Ownership: a value; files of a folder in the arena.
 */
#ifndef FH_TOOLS_CLI_IMPORT_PLACE_H
#define FH_TOOLS_CLI_IMPORT_PLACE_H

#include "common/arena.h"
#include "common/err.h"
#include "proto/query/profile.h"

#include <limits.h>

enum fh_import_kind {
    FH_IMPORT_PARQUET,
    FH_IMPORT_CSV,
    FH_IMPORT_JSON,
    FH_IMPORT_SQLITE,
    FH_IMPORT_POSTGRES,
    FH_IMPORT_SQL,
    FH_IMPORT_DBT,
    FH_IMPORT_KIND_COUNT
};

/* "parquet"; "a Parquet file" or, of a folder, "Parquet files". */
const char *fh_import_kind_text(enum fh_import_kind kind);
const char *fh_import_kind_words(enum fh_import_kind kind, bool is_folder);

struct fh_import_place {
    enum fh_import_kind kind;
    bool is_folder;
    char path[PATH_MAX];   /* resolved: of the file, or of the folder */
    char server[PATH_MAX]; /* in the contract: relative, with {model} for a folder */
    char name[256];        /* what the product may be called after */
    size_t file_count;     /* of a folder */
    const char **files;    /* their names, sorted */
    /* PostgreSQL */
    char host[256];
    uint32_t port;
    char database[256];
    char user[256];
    char schema[256];
    char ssl_mode[32];
};

/* Finds out about `source` for a contract written to `output` (NULL: to standard output, as if in
 * this folder). `format` may be NULL. FH_EUSAGE ("import.format"), FH_ENOTFOUND, FH_EDENIED
 * ("import.outside"), FH_EINVAL ("publish.server.path", "import.folder"), FH_ENOMEM. */
FH_MUST_CHECK int fh_import_place_find(struct fh_import_place *out,
                                       const char *source,
                                       const char *format,
                                       const char *output,
                                       struct fh_arena *arena,
                                       struct fh_err *err);

/* postgres://[USER@]HOST[:PORT]/DATABASE[?schema=NAME&sslmode=MODE] (import_url.c). FH_EUSAGE
 * ("import.url", "import.url.password"); never tells what it read where a password may stand. */
FH_MUST_CHECK int
fh_import_url_parse(struct fh_import_place *out, const char *url, struct fh_err *err);
bool fh_import_url_is(const char *source);

#endif
