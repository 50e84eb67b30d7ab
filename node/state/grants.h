/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants: who may read the products of this domain, and who asked to.
 *
 * It takes the owner's records (GRANT, GRANT_END, ACCESS_ANSWER) and consumers' requests, verifies
 * each, and keeps them durably. What was acknowledged is on the disk. A grant that has ended does
 * not come back: its end is kept for longer than it could live.
 *
 * A grant counts for as long as its signer was allowed to sign when it came here, or when it
 * begins, whatever is later: a publisher's key that is revoked as of an earlier day takes its
 * grants with it.
 *
 * Does not: decide on access (proto/governance/access.h), spread anything. Thread: the loop's.
 * Ownership: keeps what it names; what it finds lies in the caller's arena.
 */
#ifndef FH_NODE_STATE_GRANTS_H
#define FH_NODE_STATE_GRANTS_H

#include "node/state/store_grants.h"
#include "proto/governance/access_request.h"
#include "proto/identity/directory.h"
#include "proto/session/messages.h"

struct fh_grants {
    struct fh_store *store;
    struct fh_directory *dir;
    struct fh_mesh_id mesh_id;
    struct fh_domain_id domain; /* whose node this is */
};

/* ---- the owner's records ---- */

/* Takes one, inside of the caller's transaction or in a durable one of its own; `out_new` is false
 * for what was here already. Refusals:
 *   "grant.owner"       of another domain
 *   "grant.expired"     over
 *   "grant.ended"       one that comes again after its end
 *   "grant.unknown"     an end, or an approval, of a grant that is not here
 *   "access.answered"   an answer to nothing that is open here
 *   "grant.token.more", "grant.token.answer"   a token's, for more than was asked, or without the
 *                       answer to its request
 *   "grant.limit"       FH_GRANTS_MAX (FH_ETOOBIG)
 *   "record.type", and those of decoding and fh_directory_verify. */
FH_MUST_CHECK int fh_grants_take(struct fh_grants *grants,
                                 struct fh_bytes record,
                                 int64_t now_ms,
                                 bool *out_new,
                                 struct fh_err *err);
/* Takes all or none, durably; with `dry_run` all is checked and nothing kept. */
FH_MUST_CHECK int fh_grants_take_all(struct fh_grants *grants,
                                     struct fh_msg_bins *records,
                                     bool dry_run,
                                     int64_t now_ms,
                                     struct fh_err *err);

/* ---- asking ---- */

/* The grants that may cover a consumer's question for an own product: at most FH_GRANTS_OF_ONE_MAX,
 * in the arena. Those whose signer does not count any more are left out. */
FH_MUST_CHECK int fh_grants_for(struct fh_grants *grants,
                                const struct fh_domain_id *consumer,
                                const struct fh_key_id *key,
                                const char *product,
                                int64_t now_ms,
                                struct fh_arena *arena,
                                const struct fh_grant_held *const **out,
                                uint32_t *out_count,
                                struct fh_err *err);

/* ---- requests ---- */

struct fh_grants_asked {
    struct fh_record record;          /* borrows the bytes that were read */
    struct fh_access_request request; /* in the arena given */
};

/* Reads a request, and verifies nothing yet. Refusals: "record.type", and those of decoding. */
FH_MUST_CHECK int fh_grants_read_asked(const struct fh_grants *grants,
                                       struct fh_bytes record,
                                       struct fh_arena *arena,
                                       struct fh_grants_asked *out,
                                       struct fh_err *err);

/* Takes a request that was read: for this domain, or for another when `deliver` (it then waits
 * here). `support` are identity records that prove its signer; they may be empty. Refusals:
 * "access.owner" (for another domain), "domain.unknown" (for one that is not of the mesh),
 * "access.key" (signed by another key than it names), "access.expired", "access.limit" (FH_EBUSY:
 * too many of this key, domain or in all that are not done), and those of fh_directory_verify. */
FH_MUST_CHECK int fh_grants_ask(struct fh_grants *grants,
                                const struct fh_grants_asked *asked,
                                struct fh_msg_bins *support,
                                bool deliver,
                                int64_t now_ms,
                                bool *out_new,
                                struct fh_err *err);

/* Forgets what is of no use any more: expired for more than 90 days, and what budgets counted in
 * periods that are over. */
FH_MUST_CHECK int fh_grants_tidy(struct fh_grants *grants, int64_t now_ms, struct fh_err *err);

#endif
