/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of `query` from its flags: --param VALUE, --param NAME=VALUE, --param-json JSON.
 *
 * Does not: look at the SQL, or put a value into it. Thread: one. Ownership: names and values that
 * flags hold are borrowed from them; the rest is this object's.
 */
#ifndef FH_TOOLS_CLI_PARAMS_H
#define FH_TOOLS_CLI_PARAMS_H

#include "common/bytes.h"
#include "common/limits.h"
#include "tools/cli/args.h"
#include "tools/client/freehold.h"

struct fh_cli_params {
    size_t count;
    struct freehold_param list[FH_SQL_PARAMS_MAX];
    char *text[FH_SQL_PARAMS_MAX]; /* of what was copied; else NULL */
    char *name[FH_SQL_PARAMS_MAX];
};

/* FH_EUSAGE: --param beside --param-json, JSON that is no flat array or object. */
FH_MUST_CHECK int
fh_cli_params(struct fh_cli_params *out, const struct fh_args *args, struct fh_err *err);
void fh_cli_params_fini(struct fh_cli_params *params);

#endif
