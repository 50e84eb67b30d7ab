/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words: types, quality rules and service levels as sentences for people who read no YAML.
 *
 *     {metric: nullValues, mustBeLessThan: 5, unit: percent} -> "less than 5 % of the rows have no
 *     value"
 *
 * Does not: escape for any format. Thread: distinct buffers. Ownership: borrows; failures stick in
 * the buffer.
 */
#ifndef FH_TOOLS_CONTRACT_WORDS_H
#define FH_TOOLS_CONTRACT_WORDS_H

#include "common/bytes.h"
#include "proto/contract/contract.h"

/* "text, 1 to 20 characters", "list of whole numbers", "number from 0 to 1". */
void fh_words_type(struct fh_buf *out, const struct fh_contract_column *column);

/* What a quality rule promises: "no value occurs twice". Never empty. */
void fh_words_quality(struct fh_buf *out, const struct fh_contract_quality *quality);

/* What a service level promises: "data is at most 4 days old". Never empty. */
void fh_words_sla(struct fh_buf *out, const struct fh_contract_sla *sla);

/* A scalar as people write it: the word null for nothing, else its text; a list with commas. */
void fh_words_value(struct fh_buf *out, const struct fh_doc_node *value);

#endif
