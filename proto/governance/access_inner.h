/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What access.c, access_policies.c and access_view.c share: a decision while it is made. For them
 * alone.
 *
 * Does not: outlive a call. Thread: one. Ownership: borrows everything.
 */
#ifndef FH_PROTO_GOVERNANCE_ACCESS_INNER_H
#define FH_PROTO_GOVERNANCE_ACCESS_INNER_H

#include "proto/governance/access.h"
#include "proto/governance/access_trace.h"
#include "proto/governance/grant.h"
#include "proto/governance/policy.h"
#include "proto/governance/waiver.h"

/* Whoever is judged: the consumer, or the domain of the peer that joins. */
struct fh_party {
    struct fh_domain_id domain;
    struct fh_key_id key; /* zero for a peer */
    struct fh_domain_id entry;
    bool own;
    bool joins;           /* the domain of the peer that joins, of a third domain */
    enum fh_access_by by; /* of the consumer alone */
    const struct fh_grant_held *grant;
    char id[FH_ID_TEXT_BYTES];
    struct fh_policy_party as;
};

struct fh_judging {
    const struct fh_access_ask *ask;
    struct fh_arena *arena;
    struct fh_access_decision made;
    const struct fh_policy_held **policies; /* of `made` */
    const struct fh_waiver_held **waivers;  /* of `made` */
};

/* Whether a rule ("mask[0]"; "" for all of the policy) that would bind the party is waived; then
 * the decision says so. */
bool fh_access_is_waived(struct fh_judging *judging,
                         const struct fh_party *party,
                         const struct fh_policy_held *held,
                         const char *rule);
/* The waiver by which it is, or NULL. */
const struct fh_waiver_held *fh_access_waiver(const struct fh_judging *judging,
                                              const struct fh_party *party,
                                              const struct fh_policy_held *held,
                                              const char *rule);

/* Whether a policy of those that are asked with is about the product and the party. What cannot be
 * read may be about anybody. */
bool fh_access_applies(const struct fh_access_ask *ask,
                       const struct fh_party *party,
                       uint32_t policy);

/* Refuses what a policy that is about the party closes to it, and notes those that are (access.h
 * names the rules). */
FH_MUST_CHECK int fh_access_check_policies(struct fh_judging *judging,
                                           const struct fh_party *party,
                                           struct fh_err *err);

/* "billing, audit" */
void fh_access_list_texts(char *out, size_t size, const char *const *texts, size_t count);

/* Makes the views of `judging->made`: of the consumer, or the stricter of both when `entry` is not
 * NULL. FH_ENOMEM. */
FH_MUST_CHECK int fh_access_make_views(struct fh_judging *judging,
                                       const struct fh_party *consumer,
                                       const struct fh_party *entry,
                                       struct fh_err *err);

#endif
