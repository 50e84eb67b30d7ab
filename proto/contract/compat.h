/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compat: what a change of a contract means, in two verdicts, and the version that it needs.
 *
 * READER asks whether somebody who reads by the last version still can: nulls that appear break,
 * nulls that end do not. Semantic versions follow it. STORED asks whether data that was stored
 * under the last version still fits the next one, which is the opposite way round. Schema
 * registries call the two forward and backward.
 *
 * Every change falls under one rule, and a rule is a row of one table: two verdicts and the bump.
 * The table has a number, which a signed contract names (FH_CONTRACT_COMPAT_RULES); a change of
 * the table is another number. A verdict is a function of the two contracts alone, never of time,
 * so every peer finds the same.
 *
 * Does not: look at data, know versions (versions.h). Thread: any. Ownership: everything lives in
 * the arena and borrows the contracts.
 */
#ifndef FH_PROTO_CONTRACT_COMPAT_H
#define FH_PROTO_CONTRACT_COMPAT_H

#include "proto/contract/diff.h"

enum {
    FH_CONTRACT_COMPAT_RULES = 1, /* the number of this table; records carry it */
};

enum fh_compat_verdict {
    FH_COMPAT_INFO,
    FH_COMPAT_WARNING, /* it can be read, or fits, but somebody should look */
    FH_COMPAT_BREAKING,
    FH_COMPAT_VERDICT_COUNT
};

/* The part of a version that must rise. */
enum fh_bump { FH_BUMP_NONE, FH_BUMP_PATCH, FH_BUMP_MINOR, FH_BUMP_MAJOR, FH_BUMP_COUNT };

struct fh_compat_rule {
    const char *id; /* "compat.nulls.allowed" */
    enum fh_compat_verdict reader;
    enum fh_compat_verdict stored;
    enum fh_bump bump;    /* MAJOR exactly when `reader` is breaking */
    const char *sentence; /* what happened and what it does */
};

extern const struct fh_compat_rule fh_compat_rules[];
extern const size_t fh_compat_rule_count;

struct fh_compat_finding {
    const struct fh_change *change;
    const struct fh_compat_rule *rule;
};

struct fh_compat {
    size_t count;
    struct fh_compat_finding *items; /* in the order of the diff */
    size_t reader_breaking;
    size_t stored_breaking;
    enum fh_bump needed; /* the greatest */
};

struct fh_compat_options {
    /* Servers are left out: the published text has the mesh's address in their place. */
    bool without_servers;
};

/* Finds and judges every change. Both contracts must have been read without an error and are
 * borrowed for as long as the result is used. FH_ENOMEM. */
FH_MUST_CHECK int fh_compat_judge(struct fh_compat *out,
                                  const struct fh_contract *before,
                                  const struct fh_contract *after,
                                  const struct fh_compat_options *options,
                                  struct fh_arena *arena,
                                  struct fh_err *err);

/* "info", "warning", "breaking". */
const char *fh_compat_verdict_text(enum fh_compat_verdict verdict);
/* "none", "patch", "minor", "major". */
const char *fh_bump_text(enum fh_bump bump);

#endif
