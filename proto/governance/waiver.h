/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiver: for a while, a rule of a policy does not bind a product, or one domain or member there.
 *
 * It is signed as its policy is: by the owning domain for its own, by enough of the policy signers
 * for the mesh's. It names the version of the policy by its record, so that a new version, whose
 * rules may stand elsewhere, ends it: a waiver never comes to mean another rule. One that is urgent
 * breaks the glass: it is for somebody by name, and for a day at most. Every answer that a waiver
 * touches says so.
 *
 * Of several with one scope the one that was made last counts, so one that is over ends another.
 *
 * Does not: verify signatures (node/state/agreed.h), or spare anybody what is not a policy's: a
 * grant is still needed. Thread: any; pure. Ownership: values.
 */
#ifndef FH_PROTO_GOVERNANCE_WAIVER_H
#define FH_PROTO_GOVERNANCE_WAIVER_H

#include "proto/governance/policy.h"
#include "proto/wire/record.h"

enum {
    FH_WAIVER_REASON_BYTES_MAX = 400, /* a sentence or two, as notes of grants */
};

/* An exception is renewed each year; one that breaks the glass lasts a day. */
#define FH_WAIVER_LIFE_MS   ((int64_t)366 * 24 * 3600 * 1000)
#define FH_WAIVER_URGENT_MS ((int64_t)24 * 3600 * 1000)

struct fh_waiver {
    bool mesh;                 /* of a policy of the mesh; else the owner's */
    bool urgent;               /* break-glass */
    struct fh_domain_id owner; /* of the product */
    char product[FH_NAME_BYTES_MAX + 1];
    uint32_t major;                          /* 0: every version */
    struct fh_record_id policy;              /* its POLICY or MESH_POLICY record */
    char rule[FH_WAIVER_RULE_BYTES_MAX + 1]; /* "mask[0]", "purposes"; "": all of the policy */
    struct fh_domain_id consumer;            /* zero: every domain */
    struct fh_key_id key;                    /* zero: every member */
    int64_t since_ms;                        /* Unix ms, inclusive */
    int64_t until_ms;                        /* inclusive */
    int64_t created_ms;
    char reason[FH_WAIVER_REASON_BYTES_MAX + 1]; /* for people, never empty */
};

struct fh_waiver_held {
    struct fh_record_id id;
    struct fh_waiver waiver;
};

/* What a reader would refuse: FH_EINVAL "waiver.*" or "name.*". */
FH_MUST_CHECK int fh_waiver_check(const struct fh_waiver *waiver, struct fh_err *err);

/* Appends the payload; the caller has checked it. Failures stick in `out`. */
void fh_waiver_encode(struct fh_buf *out, const struct fh_waiver *waiver);

/* Reads and checks the payload of a parsed WAIVER record. FH_EINVAL ("pack.shape", "waiver.*",
 * "name.*"), FH_EVERSION; `out` is unchanged on failure. */
FH_MUST_CHECK int
fh_waiver_decode(struct fh_waiver *out, const struct fh_record *record, struct fh_err *err);

/* Whether both are about the same: the later then stands for both. */
bool fh_waiver_same_scope(const struct fh_waiver *a, const struct fh_waiver *b);

/* Whether it is about this version of a product, and holds then; for whom and of what is not asked.
 */
bool fh_waiver_holds(const struct fh_waiver *waiver,
                     const struct fh_domain_id *owner,
                     const char *product,
                     uint32_t major,
                     int64_t now_ms);

/* The one of these that it is of, in this very version; NULL: none. */
const struct fh_policy_held *fh_waiver_policy(const struct fh_waiver *waiver,
                                              const struct fh_policy_held *const *policies,
                                              uint32_t count);

/* Whom a rule would bind. */
struct fh_waiver_ask {
    bool mesh; /* whose policy it is: a waiver of the other kind does not spare anybody from it */
    const struct fh_record_id *policy;
    const char *rule; /* its path */
    const struct fh_domain_id *owner;
    const char *product;
    uint32_t major;
    const struct fh_domain_id *consumer; /* NULL: nobody asks, the product itself is judged */
    const struct fh_key_id *key;
    int64_t now_ms;
};

/* The waiver by which the rule does not bind, or NULL. */
const struct fh_waiver_held *fh_waiver_find(const struct fh_waiver_held *const *waivers,
                                            uint32_t count,
                                            const struct fh_waiver_ask *ask);

#endif
