/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: results of promises from what checks found. Until checks give results themselves.
 */
#ifndef FH_NODE_QUALITY_FINDINGS_H
#define FH_NODE_QUALITY_FINDINGS_H

#include "node/quality/checks.h"
#include "proto/quality/promise.h"

FH_MUST_CHECK int fh_findings_results(const struct fh_promises *promises,
                                      const struct fh_checks_result *checks,
                                      struct fh_arena *arena,
                                      struct fh_promise_result **out,
                                      uint64_t *out_rows,
                                      struct fh_err *err);
#endif
