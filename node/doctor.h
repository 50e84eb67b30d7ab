/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doctor: whether this machine and this home are fit for a node, check by check.
 *
 * Each check is tried, not deduced: a worker is started as the node would start it and says which
 * layers stand around it; ports are bound; folders are looked at. Works with and without a home,
 * and beside a running node.
 *
 * Does not: change anything. Thread: one, before a node runs.
 */
#ifndef FH_NODE_DOCTOR_H
#define FH_NODE_DOCTOR_H

#include "common/err.h"

struct fh_config;

enum fh_doctor_verdict { FH_DOCTOR_OK, FH_DOCTOR_WARN, FH_DOCTOR_FAIL };

/* `check` is a stable name ("sandbox.landlock"), `found` what there is, `remedy` what to do ("" for
 * OK). All lent for the call. */
typedef void fh_doctor_fn(enum fh_doctor_verdict verdict,
                          const char *check,
                          const char *found,
                          const char *remedy,
                          void *user);

/* Runs all checks. `config` is what was read of a home, or NULL; `home_error` then says why not
 * (code FH_OK: there is none and none was asked for). `programs` is the folder of freehold-worker.
 * FH_ECHECK when a check failed. */
FH_MUST_CHECK int fh_doctor_run(const struct fh_config *config,
                                const struct fh_err *home_error,
                                const char *programs,
                                fh_doctor_fn *fn,
                                void *user);

#endif
