/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contract record: what is signed when a version of a product is published, and the chain of
 * versions.
 *
 * The payload is a canonical map with the canonical form of the contract, the published text, and
 * the place in the product's chain: seq counts from 1, prev is the record id before (bin of 0 at
 * seq 1). The rules of the chain are the same at the publisher and at every peer and never depend
 * on time.
 *
 * Does not: verify signatures (proto/identity), store. Thread: any. Ownership: a parsed record is a
 * set of views into the payload (borrowed).
 */
#ifndef FH_PROTO_CONTRACT_CONTRACT_RECORD_H
#define FH_PROTO_CONTRACT_CONTRACT_RECORD_H

#include "common/limits.h"
#include "proto/contract/compat.h"
#include "proto/contract/contract.h"
#include "proto/wire/id.h"

struct fh_contract_record {
    struct fh_domain_id domain;
    char product[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1]; /* a semantic version */
    uint64_t seq;                           /* >= 1 */
    struct fh_record_id prev;               /* zero exactly when seq is 1 */
    int64_t created_ms;                     /* Unix, UTC; what the publisher says */
    uint64_t compat_rules;                  /* rule set that it was judged by; >= 1 */
    struct fh_bytes form;                   /* canonical form of the contract */
    struct fh_bytes text;                   /* published YAML */
};

/* Appends the payload. `contract` is the model of the published text (fh_publish_text) and gives
 * product and version; product, version and form of `record` are not read. Failures stick in `out`.
 */
void fh_contract_record_encode(struct fh_buf *out,
                               const struct fh_contract_record *record,
                               const struct fh_contract *contract);

/* Reads and checks the shape of a scanned payload (fh_record_parse has scanned it). FH_EINVAL
 * ("contract.record.*", "name.*", "semver.*", "contract.chain.broken"). */
FH_MUST_CHECK int fh_contract_record_parse(struct fh_contract_record *out,
                                           struct fh_bytes payload,
                                           struct fh_err *err);

/* Decodes the contract inside into `arena` and checks that it is what the record says: product and
 * version are its name and version, it passes the rules for received contracts, and the published
 * text reads as this very contract. FH_EINVAL, FH_ECHECK ("contract.record.mismatch",
 * "contract.text.differs", "publish.*"), FH_ENOMEM. */
FH_MUST_CHECK int fh_contract_record_open(struct fh_contract **out,
                                          const struct fh_contract_record *record,
                                          struct fh_arena *arena,
                                          struct fh_err *err);

/* Whether `next` (with its record id) may follow `previous`; previous may be NULL for the first
 * sight of a product, which pins it. Both belong to one domain and product, else
 * contract.chain.broken. Which version it may carry says versions.h.
 *
 *   FH_OK          it is the next one
 *   FH_EEXIST      the same record
 *   FH_ESTALE      contract.version.replayed   its seq is below what is known
 *   FH_EFORK       contract.forked             another record with the same seq: keep both as proof
 *   FH_EINCOMPLETE contract.chain.gap          records between are missing: fetch next->prev first
 *   FH_ECHECK      contract.chain.broken       prev names another record than the one before */
FH_MUST_CHECK int fh_contract_supersedes(const struct fh_contract_record *previous,
                                         const struct fh_record_id *previous_id,
                                         const struct fh_contract_record *next,
                                         const struct fh_record_id *next_id,
                                         struct fh_err *err);

#endif
