/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: descriptions of data that have no contract yet, for `freehold contract import`.
 *
 * Each question gets a worker of its own, which reads the file that was opened here, or the
 * database, and is ended with its answer. What it answers is read and bounded here, then handed on
 * as it came.
 *
 * Does not: keep anything. Thread: the loop's; the work is done on a pool thread. Ownership: keeps
 * what its options name.
 */
#ifndef FH_NODE_QUALITY_PROFILES_H
#define FH_NODE_QUALITY_PROFILES_H

#include "node/admin.h"

struct fh_loop;
struct fh_profiles;
struct fh_workers;

FH_MUST_CHECK int fh_profiles_new(struct fh_profiles **out,
                                  struct fh_loop *loop,
                                  struct fh_workers *workers,
                                  uint32_t memory_mib,
                                  struct fh_err *err);
bool fh_profiles_drained(const struct fh_profiles *profiles);
/* NULL is fine; nothing may run. */
void fh_profiles_free(struct fh_profiles *profiles);

/* ADMIN_PROFILE, ADMIN_CATALOGUE; the question is taken. Refusals: FH_ENOTFOUND, FH_EDENIED,
 * FH_EIO ("source.unavailable"), and what the worker says ("source.*"). */
void fh_profiles_question(struct fh_profiles *profiles, struct fh_admin_question *question);

#endif
