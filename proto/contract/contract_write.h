/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing ODCS: a contract as YAML that people edit and every YAML reader understands alike.
 *
 * Sections and keys stand in the order in which the standard presents them, two spaces a level,
 * block style, lists of short scalars in one line. A string is quoted wherever some YAML reader
 * (1.1 or 1.2) would take it for something else, or would fold or trim it; text of several lines
 * becomes a literal block. What is read back has the same canonical form.
 *
 * Does not: keep comments or the order of the text that the contract came from; judge. Thread:
 * distinct buffers. Ownership: borrows the contract.
 */
#ifndef FH_PROTO_CONTRACT_CONTRACT_WRITE_H
#define FH_PROTO_CONTRACT_CONTRACT_WRITE_H

#include "common/bytes.h"
#include "proto/contract/contract.h"

struct fh_contract_write_options {
    const char *heading; /* comment at the top, one "# " line for each of its lines; or NULL */
};

/* Appends the contract. `contract` may be built by hand: every `node` may be NULL; a `kind` of NULL
 * is DataContract, an `api_version` of NULL the lowest of v3.1.0 and v3.2.0 that has all its
 * fields. `options` (borrowed) may be NULL. Failures (no memory, limit) stick in `out`. */
void fh_contract_write(struct fh_buf *out,
                       const struct fh_contract *contract,
                       const struct fh_contract_write_options *options);

#endif
