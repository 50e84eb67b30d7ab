/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quota: how many members each domain has.
 *
 * Node keys are free for whoever speaks for a domain; a domain that makes up nodes must not fill
 * everybody's table. A hash table of counts, by the first 8 bytes of the domain id: two domains of
 * one person may share a count by design of theirs, and then have less.
 *
 * Does not: decide (FH_NODES_PER_DOMAIN_MAX). Thread: distinct objects. Ownership: owns its table.
 */
#ifndef FH_PROTO_GOSSIP_QUOTA_H
#define FH_PROTO_GOSSIP_QUOTA_H

#include "proto/wire/id.h"

struct fh_quota_entry {
    uint64_t tag;
    uint32_t count; /* 0: free, perhaps once used */
    bool used;
};

struct fh_quota {
    struct fh_quota_entry *entries;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t used;     /* places that are, or were, in use */
};

void fh_quota_fini(struct fh_quota *quota);
uint32_t fh_quota_count(const struct fh_quota *quota, const struct fh_domain_id *domain);
/* Counts one more. FH_ENOMEM. */
FH_MUST_CHECK int fh_quota_add(struct fh_quota *quota, const struct fh_domain_id *domain);
/* Counts one less; it was counted. */
void fh_quota_remove(struct fh_quota *quota, const struct fh_domain_id *domain);

#endif
