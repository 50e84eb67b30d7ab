/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies in words: what a rule does, for which purposes, and whom an exception spares, in a few
 * words for people.
 *
 * Does not: be a form that anything reads again. Thread: any; pure. Ownership: appends to the
 * caller's buffer; failures stick there.
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_TEXT_H
#define FH_PROTO_GOVERNANCE_POLICY_TEXT_H

#include "common/bytes.h"
#include "proto/governance/policy.h"

/* "partial, first 1, last 0"; "rows: id > 5"; "rows of 30 days by placed"; "written as json, csv".
 */
void fh_policy_rule_text(struct fh_buf *out, const struct fh_policy_rule *rule);
/* "for billing, audit"; "for any purpose". */
void fh_policy_purposes_text(struct fh_buf *out, const struct fh_policy *policy);
/* "except roles auditor; purposes audit". */
void fh_policy_except_text(struct fh_buf *out, const struct fh_policy_except *except);

#endif
