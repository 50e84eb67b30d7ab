/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agreed: policies of the mesh and waivers, verified, on the disk, and read for whoever decides.
 *
 * A policy of the mesh is a chain of versions as a domain's is, each signed by enough of the
 * charter's policy signers, and held by every node. It travels in any order: an older version that
 * comes later is kept and changes nothing, a newer one whose predecessors are missing counts, since
 * a quorum signed it. Two of one number, both signed by a quorum, are a fork: both are kept and
 * handed on, and what either governs is closed until the next version. What this program cannot
 * read is held as something that closes.
 *
 * A waiver of such a policy is signed by the same quorum and travels alike; one of a policy of the
 * own domain is signed by a publisher and stays here.
 *
 * Does not: look at the SQL of filters (node/policing.h), decide (proto/governance/access.h).
 * Thread: the loop's. Ownership: keeps what its options name; what is held is lent until the next
 * call that takes a record.
 */
#ifndef FH_NODE_STATE_AGREED_H
#define FH_NODE_STATE_AGREED_H

#include "node/state/store_agreed.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "proto/identity/directory.h"

struct fh_agreed;

struct fh_agreed_options {
    struct fh_store *store;
    const struct fh_directory *dir;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain; /* whose node this is */
};

/* Reads what the store holds. FH_EIO, FH_ENOMEM. Given. */
FH_MUST_CHECK int
fh_agreed_open(struct fh_agreed **out, const struct fh_agreed_options *options, struct fh_err *err);
void fh_agreed_close(struct fh_agreed *agreed);

/* A policy of the mesh in force. */
struct fh_agreed_policy {
    struct fh_policy_held held;
    uint64_t seq;
    int64_t created_ms;
    uint32_t rival_count;                             /* of its number; then it is forked */
    struct fh_record_id rivals[FH_POLICY_RIVALS_MAX]; /* ascending */
};
/* By name. Lent. */
const struct fh_agreed_policy *const *fh_agreed_policies(const struct fh_agreed *agreed,
                                                         uint32_t *out_count);
/* Whether a policy of the mesh is about products of this domain; NULL: one that cannot be read. */
bool fh_agreed_governs(const struct fh_agreed *agreed,
                       const struct fh_policy *policy,
                       const struct fh_domain_id *domain);
/* One of each scope, over or not, whosever products they are for. Lent. */
const struct fh_waiver_held *const *fh_agreed_waivers(const struct fh_agreed *agreed,
                                                      uint32_t *out_count);
/* Of the ids of the policies in force and their rivals: equal at nodes that enforce the same. */
struct fh_hash fh_agreed_hash(const struct fh_agreed *agreed);

/* A record that may be taken. */
struct fh_agreed_checked {
    struct fh_record record;
    struct fh_policy_record policy; /* of a MESH_POLICY: borrows the bytes */
    struct fh_waiver waiver;        /* of a WAIVER */
    bool known;                     /* it is held already; the rest is set all the same */
};

/* Everything that holds before a record is taken: type, signatures, quorum, text and place.
 *
 *     record.type, policy.mesh (of another mesh), policy.time.future, policy.limit, waiver.owner
 *     policy.time.back         dated before the version that is in force
 *     policy.chain.gap         its predecessor contradicts what is held, and is not known
 *     policy.rivals            one more of its number says nothing new
 *     policy.version.not_greater
 *
 * and those of fh_directory_cosigners, fh_directory_policy_quorum, fh_directory_verify,
 * fh_policy_record_parse and fh_waiver_decode; of fh_policy_record_open only
 * "policy.record.mismatch" : a text that cannot be read here may be readable elsewhere, and closes.
 */
FH_MUST_CHECK int fh_agreed_check(const struct fh_agreed *agreed,
                                  struct fh_bytes record,
                                  int64_t now_ms,
                                  struct fh_agreed_checked *out,
                                  struct fh_err *err);
/* Checks it, and takes it: when this returns it is stored, as durably as the transaction around it,
 * and in force. */
FH_MUST_CHECK int fh_agreed_take(struct fh_agreed *agreed,
                                 struct fh_bytes record,
                                 int64_t now_ms,
                                 bool *out_new,
                                 struct fh_err *err);

/* What the next version follows: number and record (appended) of the one in force; 0 and nothing
 * when there is none. */
FH_MUST_CHECK int fh_agreed_chain(const struct fh_agreed *agreed,
                                  const char *name,
                                  uint64_t *out_seq,
                                  struct fh_buf *out_record,
                                  struct fh_err *err);

#endif
