/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seen: what the audit log of the own domain says of a product: who read it, and where a policy was
 * enforced last.
 *
 * Does not: judge. Thread: one. Ownership: all lies in the arena given.
 */
#ifndef FH_TOOLS_COMPLIANCE_SEEN_H
#define FH_TOOLS_COMPLIANCE_SEEN_H

#include "common/arena.h"
#include "tools/client/actor.h"

enum { FH_COMPLIANCE_READERS_BYTES = 1024 };

/* Of a major version of a product. */
struct fh_compliance_seen {
    struct fh_compliance_seen *next;
    const char *product;
    uint64_t major;
    const char *policy; /* "personal 1.0.0"; NULL: of the product as a whole */
    uint64_t seq;       /* the last time */
    int64_t time_ms;
    char readers[FH_COMPLIANCE_READERS_BYTES]; /* names of domains, by ", " */
};

/* `*out` is the first of all. `*out_changed`: the log was changed; then it is what stands in front
 * of that. FH_EIO, FH_ENOMEM. */
FH_MUST_CHECK int fh_compliance_seen_read(struct fh_compliance_seen **out,
                                          bool *out_changed,
                                          const struct fh_actor *actor,
                                          struct fh_arena *arena,
                                          struct fh_err *err);

/* NULL: it was never read, or the policy never enforced for it. */
const struct fh_compliance_seen *fh_compliance_seen_find(const struct fh_compliance_seen *first,
                                                         const char *product,
                                                         uint64_t major,
                                                         const char *policy);

#endif
