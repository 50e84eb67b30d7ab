/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading ODCS: a document tree to a contract, by the table of the closed world (contract_table.h).
 *
 * The verdict is that of an official JSON Schema, with these differences on purpose: scalars are
 * typed by the schema instead of by YAML 1.1 (an unquoted 1.10 is a fine version), and `yes`, `no`,
 * `on` are refused where a Boolean is expected. Which schema follows from what the document says:
 *
 *     apiVersion          judged by
 *     v3.2.0              the draft of 3.2.0
 *     v3.1.0              3.1.0
 *     v3.0.0 to v3.0.2    3.1.0, which covers them (the official examples that say v3.0.2 use its
 *                         keys); a warning names each key that is newer than what the document
 *                         says. What 3.1.0 refuses and 3.0.2 accepts is accepted with the errors of
 *                         3.1.0 as warnings.
 *
 * Unknown keys are kept (`extra`) where the schema lets them pass: in most sections of 3.0.2, under
 * `description`, and in records that a newer peer made. All findings of one run are collected; an
 * unknown key names the nearest right one. Documents of another standard or an older one are
 * refused with a sentence that says what they are.
 *
 * Does not: apply rules beyond the schema (contract_rules.h). Thread: distinct objects.
 * Ownership: everything lives in the arena of `findings`.
 */
#ifndef FH_PROTO_CONTRACT_CONTRACT_READ_H
#define FH_PROTO_CONTRACT_CONTRACT_READ_H

#include "proto/contract/contract.h"
#include "proto/contract/finding.h"

/* Reads YAML text (borrowed). FH_OK without an error; FH_ECHECK with errors in `findings`, the
 * first of them in `err`; FH_ENOMEM, FH_ETOOBIG. `*out` is set in the first two cases: with errors
 * it holds what could be read, for further rules, or NULL when there is nothing. */
FH_MUST_CHECK int fh_contract_read(struct fh_contract **out,
                                   struct fh_bytes text,
                                   struct fh_findings *findings,
                                   struct fh_err *err);

/* The same, judged by the schema of `version` whatever the text says; FH_ODCS_OWN is
 * fh_contract_read. */
FH_MUST_CHECK int fh_contract_read_as(struct fh_contract **out,
                                      struct fh_bytes text,
                                      enum fh_odcs_version version,
                                      struct fh_findings *findings,
                                      struct fh_err *err);

/* The same from a tree. `is_foreign`: from a record; keys that this version does not know are kept
 * unless the document says v3.0. FH_OK also with findings; FH_ENOMEM. */
FH_MUST_CHECK int fh_contract_read_tree(struct fh_contract **out,
                                        const struct fh_doc_node *root,
                                        enum fh_odcs_version version,
                                        bool is_foreign,
                                        struct fh_findings *findings,
                                        struct fh_err *err);

#endif
