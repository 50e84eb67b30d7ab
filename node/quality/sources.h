/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of a check: for each table of a contract the file behind it, opened, or why it cannot be.
 *
 * Looser than what publishing asks (source_mapping.h): columns of any type, several servers of
 * which one is named, tables whose names no mesh would take. Paths are held to the same rules and
 * opened beneath the data root, without crossing a symbolic link.
 *
 * Does not: read data. Thread: the loop's. Ownership: descriptors belong to the list.
 */
#ifndef FH_NODE_QUALITY_SOURCES_H
#define FH_NODE_QUALITY_SOURCES_H

#include "proto/contract/source_mapping.h"
#include "proto/query/channel.h"

struct fh_check_source {
    struct fh_table table; /* one file; domain "" */
    int fd;                /* -1 when it cannot be read */
    struct fh_err failure; /* why; code FH_OK when it can. The text names the path as written */
};

struct fh_check_sources {
    uint32_t count;
    struct fh_check_source *items; /* one a table of the contract, same order */
};

/* Opens what can be opened. `mapping` may be NULL: the contract's own servers, of which `server` is
 * read (NULL: the only one of type local). FH_EUSAGE when no server has that name, FH_ENOMEM; a
 * file that is not there is no error of the call. All borrowed but the arena, which is kept. */
FH_MUST_CHECK int fh_check_sources_open(struct fh_check_sources *out,
                                        const struct fh_contract *contract,
                                        const struct fh_source_mapping *mapping,
                                        const char *server,
                                        const char *data_root,
                                        struct fh_arena *arena,
                                        struct fh_err *err);
void fh_check_sources_close(struct fh_check_sources *sources);

#endif
