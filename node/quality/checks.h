/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks: a contract's promises against the data, before it is signed off.
 *
 * A worker of its own opens each source and looks for every promised column: is it there, do its
 * values convert to the promised type, is what is required present, what is unique without a
 * repetition, the primary key a key. Findings name tables, columns, rules and counts, never a
 * value.
 *
 * Does not: decide what follows from a finding. Thread: the loop's; the work is done on a pool
 * thread. Ownership: see fh_checks_begin.
 */
#ifndef FH_NODE_QUALITY_CHECKS_H
#define FH_NODE_QUALITY_CHECKS_H

#include "proto/contract/source_mapping.h"
#include "proto/session/messages.h"

struct fh_loop;
struct fh_workers;

struct fh_checks_result {
    uint32_t finding_count;
    struct fh_msg_finding *findings; /* lent for the call */
    bool failed;                     /* some finding is an error */
};

/* The end, once, on the loop: `result`, or NULL and `err` (FH_EIO "source.*", FH_ETIMEOUT, ...). */
typedef void
fh_checks_fn(const struct fh_checks_result *result, const struct fh_err *err, void *user);

struct fh_checks_options {
    struct fh_loop *loop;
    struct fh_workers *workers;
    const struct fh_contract *contract;      /* kept until the end */
    const struct fh_source_mapping *mapping; /* kept until the end */
    const char *data_root;                   /* copied */
    uint32_t memory_mib;
    int64_t timeout_ms;
};

/* Begins; files are opened at once. FH_ENOTFOUND, FH_EDENIED ("source.path.escapes"), FH_EIO for a
 * source that cannot be opened (the text names the path as the author wrote it), FH_EBUSY,
 * FH_ENOMEM: then `fn` is not called. */
FH_MUST_CHECK int fh_checks_begin(const struct fh_checks_options *options,
                                  fh_checks_fn *fn,
                                  void *user,
                                  struct fh_err *err);

#endif
