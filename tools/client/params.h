/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a query, from the public options into the request.
 *
 * Does not: look at the SQL; the gate of the node knows which ones it has. Thread: one. Ownership:
 * text is copied into the result.
 */
#ifndef FH_TOOLS_CLIENT_PARAMS_H
#define FH_TOOLS_CLIENT_PARAMS_H

#include "tools/client/result.h"

/* Checks the parameters of the options and puts them into `result->request`. FH_EINVAL, FH_ETOOBIG,
 * rules "query.param.*". */
FH_MUST_CHECK int fh_params_take(struct freehold_result *result,
                                 const struct freehold_query_options *options,
                                 struct fh_err *err);

#endif
