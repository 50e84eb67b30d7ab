/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charter draft: the next charter from the one in force and what people want of it, in names.
 *
 * Thresholds that nobody gave stay where they still are a majority, else become the smallest one.
 * When all members sign policies, those that are added do too.
 *
 * Does not: sign, know the mesh. Thread: one. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLI_CHARTER_DRAFT_H
#define FH_TOOLS_CLI_CHARTER_DRAFT_H

#include "proto/identity/directory.h"

struct fh_charter_wishes {
    const char *add; /* names by comma, or NULL; so the next three */
    const char *expel;
    const char *readmit; /* of those expelled: they are ordinary domains again */
    const char *policy_signers;
    unsigned threshold; /* 0: as said above */
    unsigned policy_threshold;
    int64_t expires_ms; /* 0: FH_CHARTER_DEFAULT_MS from now */
    bool settle;        /* a settlement of those that contradict each other */
};

/* Writes the charter that would follow the newest of `dir`, or the settlement that would follow the
 * last undisputed one. FH_EUSAGE names the flag and the name that it does not fit; FH_ENOTFOUND
 * ("charter.unknown"), FH_EFORK ("identity.charter.rival", "identity.charter.nobody": no member is
 * left who could settle it). */
FH_MUST_CHECK int fh_charter_draft(struct fh_charter *out,
                                   const struct fh_directory *dir,
                                   const struct fh_charter_wishes *wishes,
                                   int64_t now_ms,
                                   struct fh_err *err);

/* Appends what the second changes of the first (NULL: all of it is new), as "+beta, -gamma, 2 of
 * 3"; names come from `dir`. */
void fh_charter_changes(struct fh_buf *out,
                        const struct fh_directory *dir,
                        const struct fh_charter *before,
                        const struct fh_charter *after);
/* Appends names of domains by comma; of those without a name the beginning of the id. */
void fh_charter_names(struct fh_buf *out,
                      const struct fh_directory *dir,
                      const struct fh_domain_id *ids,
                      size_t count);

#endif
