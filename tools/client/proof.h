/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof of a contract: announcement, contract and the identity records behind them, verified from
 * the mesh id up, and the file in which they can be kept.
 *
 *     file = canonical [1, "freehold contract", mesh id, saved (ms), announcement record, contract
 *                       record, [identity record, ...]]
 *
 * The same checks serve an answer of a peer, which is never trusted, and a file of years ago.
 *
 * Does not: fetch or open files. Thread: one. Ownership: a proof owns an arena with what was
 * decoded and copies of the records.
 */
#ifndef FH_TOOLS_CLIENT_PROOF_H
#define FH_TOOLS_CLIENT_PROOF_H

#include "proto/contract/contract_record.h"
#include "proto/gossip/announce.h"
#include "proto/identity/directory.h"

enum {
    FH_PROOF_IDENTITIES_MAX = 1024,
    FH_PROOF_FILE_BYTES_MAX = 4 * 1024 * 1024,
};

struct fh_proof {
    struct fh_arena *arena;
    struct fh_bytes announcement; /* the record */
    struct fh_bytes contract;     /* the record */
    struct fh_announcement announced;
    struct fh_contract_record stated;
    struct fh_record_id contract_id;
    struct fh_contract *model;
    const char *text;        /* published YAML with a NUL */
    struct fh_signer signer; /* of the contract */
    char domain_name[FH_NAME_BYTES_MAX + 1];
};

/* Verifies both records (borrowed, copied) for a domain that `directory` knows. FH_ESIG
 * ("record.signature", "record.signer.*", "contract.hash", "contract.domain"), FH_EINVAL, FH_ECHECK
 * (the record's own rules). Given: fh_proof_free. */
FH_MUST_CHECK int fh_proof_check(struct fh_proof **out,
                                 const struct fh_directory *directory,
                                 struct fh_bytes announcement,
                                 struct fh_bytes contract,
                                 struct fh_err *err);
void fh_proof_free(struct fh_proof *proof);
static inline void fh_proof_freep(struct fh_proof **proof)
{
    fh_proof_free(*proof);
}

/* Appends the file. Identity records are those of the directory that the owner's chain needs. */
FH_MUST_CHECK int fh_proof_save(struct fh_buf *out,
                                const struct fh_proof *proof,
                                const struct fh_directory *directory,
                                int64_t now_ms,
                                struct fh_err *err);

/* Whether the bytes look like such a file (not like a receipt or a contract in YAML). */
bool fh_proof_is_file(struct fh_bytes file);

/* Verifies a file against the mesh that the verifying person trusts. FH_ESIG ("contract.mesh",
 * "domain.not_admitted", and the above). Given: fh_proof_free. */
FH_MUST_CHECK int fh_proof_verify_file(struct fh_proof **out,
                                       struct fh_bytes file,
                                       const struct fh_mesh_id *mesh,
                                       int64_t now_ms,
                                       struct fh_err *err);

#endif
