/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies: those of this domain, verified, on the disk, and read for whoever decides, and with
 * them those of the mesh (agreed.h).
 *
 * A version is taken when a publisher or the domain key signed it and it follows the one that is
 * held. What was acknowledged is on the disk and in force at once. A version that this program
 * cannot read, left by a newer one, stays in force as something unreadable: it closes the products
 * that it names, and all when it cannot be told which. A second record of a number that is held is
 * refused, kept as proof, and closes what the policy governs until the next version.
 *
 * Does not: look at the SQL of filters (node/policing.h), decide (proto/governance/access.h).
 * Thread: the loop's. Ownership: keeps what its options name; what is held is lent until the next
 * call that takes a record.
 */
#ifndef FH_NODE_STATE_POLICIES_H
#define FH_NODE_STATE_POLICIES_H

#include "node/state/agreed.h"
#include "node/state/store_policies.h"
#include "proto/governance/policy_record.h"
#include "proto/identity/directory.h"

struct fh_policies;

struct fh_policies_options {
    struct fh_store *store;
    const struct fh_directory *dir;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain; /* whose node this is */
};

/* Reads what the store holds. FH_EIO ("store.corrupt" too when a record is no policy). Given. */
FH_MUST_CHECK int fh_policies_open(struct fh_policies **out,
                                   const struct fh_policies_options *options,
                                   struct fh_err *err);
void fh_policies_close(struct fh_policies *policies);

/* Those in force, the mesh's that are about products of this domain first, then its own, each by
 * name. Lent until any record is taken. */
const struct fh_policy_held *const *fh_policies_held(const struct fh_policies *policies,
                                                     uint32_t *out_count);

/* Rises whenever those in force change: what was made of them before is not true any more. Never 0.
 */
uint64_t fh_policies_generation(const struct fh_policies *policies);

/* A record that may be taken. */
struct fh_policies_checked {
    struct fh_record_id id;
    struct fh_policy_record record; /* borrows the bytes */
    struct fh_policy *policy;       /* in the arena */
};

/* Everything that holds before a record is taken: domain, signature, text and place in the chain.
 * `created` may be at most FH_CLOCK_SKEW_MS ahead. FH_EEXIST when it is the one in force. Refusals:
 * "policy.owner" (FH_EDENIED), "policy.time.future", "policy.limit" (FH_ETOOBIG), "record.type",
 * and those of fh_directory_verify, fh_policy_record_parse, fh_policy_record_open and
 * fh_policy_supersedes. Changes nothing, but that a fork is kept as proof and closes the policy. */
FH_MUST_CHECK int fh_policies_check(struct fh_policies *policies,
                                    struct fh_bytes record,
                                    int64_t now_ms,
                                    struct fh_arena *arena,
                                    struct fh_policies_checked *out,
                                    struct fh_err *err);

/* Checks it again, and takes it: when this returns it is on the disk and in force. */
FH_MUST_CHECK int fh_policies_take(struct fh_policies *policies,
                                   struct fh_bytes record,
                                   int64_t now_ms,
                                   struct fh_err *err);

/* ---- what the mesh agreed on ---- */

/* Whose node this is. */
struct fh_domain_id fh_policies_domain(const struct fh_policies *policies);
/* Lent. */
const struct fh_agreed *fh_policies_agreed(const struct fh_policies *policies);
/* Takes a MESH_POLICY or WAIVER record, whoever brought it: as fh_agreed_take. */
FH_MUST_CHECK int fh_policies_agree(struct fh_policies *policies,
                                    struct fh_bytes record,
                                    int64_t now_ms,
                                    bool *out_new,
                                    struct fh_err *err);

/* Looks again which of the mesh's are about products of this domain: its name may have come. */
void fh_policies_review(struct fh_policies *policies);

/* What the next version of a policy follows: number and record (appended) of the one in force; 0
 * and nothing when there is none. "name.*". */
FH_MUST_CHECK int fh_policies_chain(struct fh_policies *policies,
                                    const char *name,
                                    uint64_t *out_seq,
                                    struct fh_buf *out_record,
                                    struct fh_err *err);

#endif
