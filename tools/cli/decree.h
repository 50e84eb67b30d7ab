/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decree: identity records that a steward signs together, and what makes them true.
 *
 * Each verifies against the home's directory when it is added; nothing is written until all do.
 * Then they are left in the home and handed to its node, all at once.
 *
 * Does not: know keys of its own. Thread: one. Ownership: keeps copies of the records.
 */
#ifndef FH_TOOLS_CLI_DECREE_H
#define FH_TOOLS_CLI_DECREE_H

#include "tools/cli/steward.h"

enum {
    FH_DECREE_RECORDS_MAX = 512,
    /* Files of the home are read in this order: keys before what they sign, revocations before the
     * delegations of a node that they make room for. */
    FH_DECREE_ROTATION = 1,
    FH_DECREE_MANIFEST = 2,
    FH_DECREE_REVOCATION = 500,
    FH_DECREE_DELEGATION = 600,
};

struct fh_decree_record {
    unsigned order;
    char name[FH_NAME_BYTES_MAX + 1];
    struct fh_buf bytes;
};

struct fh_decree {
    struct fh_actor *actor; /* kept; its directory grows */
    uint32_t count;
    struct fh_decree_record records[FH_DECREE_RECORDS_MAX];
};

/* Given: fh_decree_free. NULL without memory. */
FH_MUST_CHECK struct fh_decree *fh_decree_new(struct fh_actor *actor);
void fh_decree_free(struct fh_decree *decree);
static inline void fh_decree_freep(struct fh_decree **decree)
{
    fh_decree_free(*decree);
}

/* The buffer of the next record, empty, and its file; then fh_decree_add verifies what was written
 * there. Codes of fh_directory_add, FH_ETOOBIG. */
struct fh_buf *fh_decree_next(struct fh_decree *decree, unsigned order, const char *format, ...)
    FH_PRINTF(3, 4);
FH_MUST_CHECK int fh_decree_add(struct fh_decree *decree, struct fh_err *err);

/* fh_steward_check_room for all of it: before a key is replaced whose records these are. */
FH_MUST_CHECK int fh_decree_check_room(const struct fh_decree *decree, struct fh_err *err);

/* Leaves all in the home, then hands them to the node, if one runs. */
FH_MUST_CHECK int fh_decree_enact(struct fh_decree *decree, struct fh_cli *cli, struct fh_err *err);

#endif
