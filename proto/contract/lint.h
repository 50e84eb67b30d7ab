/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint: all that can be said about a contract's text, in one call.
 *
 * Schema, structural rules and, when asked for, the publish rules, in the order of the text.
 *
 * Does not: look at data or at the mesh. Thread: distinct objects. Ownership: as contract_read.h.
 */
#ifndef FH_PROTO_CONTRACT_LINT_H
#define FH_PROTO_CONTRACT_LINT_H

#include "proto/contract/contract.h"
#include "proto/contract/finding.h"

struct fh_lint_options {
    bool for_publishing; /* also the rules of class publish.* */
    bool for_reading;    /* those, but what only keeps this version from serving it is a warning: a
                            contract is good where no node serves its kind of source */
    const char *domain;  /* the publisher's name, or NULL when it is not known */
    enum fh_odcs_version schema; /* judge by this one; FH_ODCS_OWN: by what the document says */
};

/* Reads and judges `text` (borrowed). FH_OK without an error (warnings may be there); FH_ECHECK
 * with errors, the first of them in `err`; FH_ENOMEM. `*out` is the contract, incomplete when there
 * are errors, and NULL when nothing could be read. */
FH_MUST_CHECK int fh_contract_lint(struct fh_contract **out,
                                   struct fh_bytes text,
                                   const struct fh_lint_options *options,
                                   struct fh_findings *findings,
                                   struct fh_err *err);

#endif
