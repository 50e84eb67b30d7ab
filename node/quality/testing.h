/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Testing: `freehold contract test`, asked of a node without a home.
 *
 * Reads the author's contract, checks its promises against the data beneath the contract's folder
 * (checks.h), and answers with a report (proto/quality/report.h). Nothing is kept.
 *
 * Does not: judge the contract itself; what could not be read is refused. Thread: the loop's.
 * Ownership: keeps loop and workers.
 */
#ifndef FH_NODE_QUALITY_TESTING_H
#define FH_NODE_QUALITY_TESTING_H

#include "node/admin.h"

struct fh_loop;
struct fh_testing;
struct fh_workers;

FH_MUST_CHECK int fh_testing_new(struct fh_testing **out,
                                 struct fh_loop *loop,
                                 struct fh_workers *workers,
                                 uint32_t memory_mib,
                                 struct fh_err *err);
bool fh_testing_drained(const struct fh_testing *testing);
/* NULL is fine; nothing may run. */
void fh_testing_free(struct fh_testing *testing);

/* ADMIN_TEST; the question is taken. */
void fh_testing_question(struct fh_testing *testing, struct fh_admin_question *question);

#endif
