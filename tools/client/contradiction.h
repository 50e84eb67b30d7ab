/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contradictions: pairs of signed records that cannot both be right, as a node keeps them, and the
 * check that they are what they are said to be.
 *
 * A pair proves itself: both records claim one place (proto/proofs/claim.h), both are signed by who
 * may, and they are not the same. The peer's word is not taken for any of it.
 *
 * Does not: belong to the public interface. Thread: one. Ownership: given; fh_contradictions_free.
 */
#ifndef FH_TOOLS_CLIENT_CONTRADICTION_H
#define FH_TOOLS_CLIENT_CONTRADICTION_H

#include "proto/proofs/claim.h"
#include "proto/session/messages_why.h"
#include "tools/client/client.h"

struct fh_contradictions {
    size_t count;
    struct fh_msg_proof *items;
};
/* All that the entry peer knows. */
FH_MUST_CHECK int fh_contradictions_ask(struct fh_contradictions **out,
                                        struct freehold_client *client,
                                        struct fh_err *err);
void fh_contradictions_free(struct fh_contradictions *list);
static inline void fh_contradictions_freep(struct fh_contradictions **list)
{
    fh_contradictions_free(*list);
}

/* One record of a pair. */
struct fh_contradicting {
    struct fh_record_id id;
    struct fh_buf bytes;    /* empty: the peer does not hold it */
    struct fh_claim claim;  /* of type 0 until it was read */
    struct fh_key_id key;   /* that signed; zero until it verified */
    struct fh_err verified; /* FH_OK, or why it does not verify */
    size_t signer_count;    /* of charters and policies of the mesh: the members that signed it */
    struct fh_domain_id signers[FH_RECORD_SIGNATURES_MAX];
};
struct fh_contradiction {
    struct fh_contradicting records[2];
    size_t both_count; /* of what members sign together: those that signed both */
    struct fh_domain_id both[FH_RECORD_SIGNATURES_MAX];
    struct fh_err proven; /* FH_OK: they contradict each other; else why that is not shown */
};
void fh_contradiction_fini(struct fh_contradiction *pair);
/* Fetches both records from the entry peer and judges them. The result of the judgement is in
 * `out`, not in the return value, which tells of the question alone. */
FH_MUST_CHECK int fh_contradiction_check(struct fh_contradiction *out,
                                         struct freehold_client *client,
                                         const struct fh_msg_proof *proof,
                                         struct fh_err *err);

#endif
