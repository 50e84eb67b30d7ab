/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Held: the policies that govern the products of a domain, and the waivers, as the own node holds
 * them; each policy as its record says it.
 *
 * Does not: judge. Thread: one. Ownership: all lies in the arena given.
 */
#ifndef FH_TOOLS_COMPLIANCE_HELD_H
#define FH_TOOLS_COMPLIANCE_HELD_H

#include "common/arena.h"
#include "proto/governance/policy_record.h"
#include "proto/governance/waiver.h"
#include "tools/compliance/source.h"

/* A policy of the own domain, or of the mesh and about the domain. */
struct fh_compliance_policy {
    struct fh_record_id id;
    bool mesh;
    struct fh_policy_record record;
    struct fh_policy *policy; /* NULL: this program cannot read it */
    bool forked;
    const char *text; /* "personal 1.0.0", as the audit log has it */
};

struct fh_compliance_held {
    uint32_t policy_count;
    struct fh_compliance_policy policies[2 * FH_POLICIES_MAX]; /* of the mesh, and the own */
    uint32_t waiver_count;
    const struct fh_waiver_held *waivers[FH_WAIVERS_MAX];
};

/* `domain`, `name`: whose products. Errors of the calls, and of records that do not hold. */
FH_MUST_CHECK int fh_compliance_held_read(struct fh_compliance_held *out,
                                          const struct fh_compliance_source *source,
                                          const struct fh_domain_id *domain,
                                          const char *name,
                                          struct fh_arena *arena,
                                          struct fh_err *err);

#endif
