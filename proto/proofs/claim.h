/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims: the one place that a signed record takes, and that no other record may take.
 *
 * A contract takes a number in its product's chain, a policy or a charter one in its own, an
 * announcement a revision, a node's record a moment of its life, a key event a number in its
 * domain's log, an admission a name. Two records of
 * one claim with different ids contradict each other: that is a proof, which anybody can check who
 * has both.
 *
 * Does not: verify signatures. Thread: any. Ownership: plain values.
 */
#ifndef FH_PROTO_PROOFS_CLAIM_H
#define FH_PROTO_PROOFS_CLAIM_H

#include "common/err.h"
#include "proto/wire/record.h"

enum { FH_CLAIM_TEXT_BYTES = 160 };

struct fh_claim {
    unsigned type;                   /* enum fh_record_type; LEAVE counts as ALIVE */
    struct fh_domain_id domain;      /* who answers for it; zero: not said in it (rotations,
                                        names, a LEAVE), or several
                                        (charters, policies of the mesh) */
    char place[FH_CLAIM_TEXT_BYTES]; /* "orders, number 3" */
    struct fh_domain_id names;       /* of an admission: whose name it says it is */
    int64_t when_ms;                 /* Unix: when it says that it was signed */
    unsigned roles;                  /* FH_ROLE_MASK bits: who may sign it; 0: see its type */
};

/* Reads the claim of a record parsed under `mesh`. FH_EINVAL, rule "proof.type": records of this
 * type claim no place; else as the type's own reader. */
FH_MUST_CHECK int fh_claim_read(struct fh_claim *out,
                                const struct fh_record *record,
                                const struct fh_mesh_id *mesh,
                                struct fh_err *err);

/* Whether both claim the same place. */
bool fh_claim_same(const struct fh_claim *a, const struct fh_claim *b);

#endif
