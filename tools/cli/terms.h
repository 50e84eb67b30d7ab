/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terms of a grant: what the owner's flags say, and how a grant is shown.
 *
 * Does not: sign, ask. Thread: one. Ownership: texts lie in the caller's arena or argv.
 */
#ifndef FH_TOOLS_CLI_TERMS_H
#define FH_TOOLS_CLI_TERMS_H

#include "tools/cli/governing.h"

/* Changes what --until, --columns, --rows, --relay and --budget say; the rest stays. A command that
 * has no such flag must not call it. FH_EUSAGE. */
FH_MUST_CHECK int fh_grant_terms(struct fh_grant *grant,
                                 const struct fh_args *args,
                                 struct fh_arena *arena,
                                 struct fh_err *err);

/* "active", "ended", "expired", "not begun". */
const char *fh_governed_state(const struct fh_governed *governed, int64_t now_ms);
/* Prints grants, one line each, or a single one as a record. */
FH_MUST_CHECK int fh_grants_show(struct fh_cli *cli,
                                 const struct fh_governed *grants,
                                 size_t count,
                                 bool record,
                                 struct fh_err *err);

#endif
