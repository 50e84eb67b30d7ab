/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposal and vote: how the members of a charter come to the next one.
 *
 * A proposal carries the payload of a charter that nobody has to have signed yet; its id is known
 * all the same, for signatures stand outside of it. A vote is one domain's signature under that
 * charter, on its own way through the mesh. Whoever holds enough of them puts the charter together;
 * all arrive at the same one, in whatever order proposal and votes came.
 *
 *     PROPOSAL (charter 4, by alpha) + VOTE (alpha) + VOTE (beta) -> CHARTER 4, signed by both
 *
 * Does not: count votes (proto/identity/directory.h does). Thread: any. Ownership: values; the
 * payload of a decoded proposal is a view into the record.
 */
#ifndef FH_PROTO_IDENTITY_PROPOSAL_H
#define FH_PROTO_IDENTITY_PROPOSAL_H

#include "proto/identity/charter.h"

struct fh_proposal {
    struct fh_domain_id proposer;
    int64_t proposed_ms;
    char note[FH_PROPOSAL_NOTE_BYTES_MAX + 1]; /* for people, may be "" */
    struct fh_charter charter;                 /* from 2 on */
    struct fh_record_id charter_id;            /* that it will have */
    struct fh_bytes payload;                   /* of the charter; borrowed */
};

struct fh_vote {
    struct fh_domain_id domain;
    struct fh_record_id charter_id;
    uint64_t seq;                  /* of that charter */
    struct fh_signature signature; /* by the domain key, as it will stand under the charter */
};

/* Append the signed record, by the domain key of who proposes or votes. Failures stick in `out`:
 * FH_EINVAL when a reader would refuse the values, FH_ENOMEM, FH_ETOOBIG. Of the proposal the
 * charter is written anew; `payload` and `charter_id` are not looked at. Of the vote `signature` is
 * made; `charter` must be the one that it is for. */
void fh_proposal_make(struct fh_buf *out,
                      const struct fh_proposal *proposal,
                      const struct fh_mesh_id *mesh,
                      const struct fh_sign_secret *domain_key);
void fh_vote_make(struct fh_buf *out,
                  const struct fh_domain_id *domain,
                  const struct fh_charter *charter,
                  const struct fh_mesh_id *mesh,
                  const struct fh_sign_secret *domain_key);

/* Read the payload of a record parsed under `mesh`. FH_EINVAL ("pack.shape", "identity.charter.*",
 * "identity.proposal.*", "identity.vote.*"), FH_EVERSION. Verify nothing. */
FH_MUST_CHECK int fh_proposal_decode(struct fh_proposal *out,
                                     const struct fh_record *record,
                                     const struct fh_mesh_id *mesh,
                                     struct fh_err *err);
FH_MUST_CHECK int
fh_vote_decode(struct fh_vote *out, const struct fh_record *record, struct fh_err *err);

#endif
