/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy record: what is signed when a version of a policy is published, and the chain of versions.
 *
 * The payload is a canonical map with the author's text, byte for byte, and what everybody must
 * know of it who cannot read it: name, version, end. seq counts from 1, prev is the record id
 * before (bin of 0 at seq 1). The newest of the chain is in force; a policy that is to end gets a
 * version without rules.
 *
 * A policy of the mesh is the same payload in a record of type MESH_POLICY, signed by several; its
 * `domain` is the mesh id.
 *
 * Does not: verify signatures (proto/identity), store. Thread: any. Ownership: a parsed record is a
 * set of views into the payload (borrowed).
 */
#ifndef FH_PROTO_GOVERNANCE_POLICY_RECORD_H
#define FH_PROTO_GOVERNANCE_POLICY_RECORD_H

#include "proto/governance/policy.h"

struct fh_policy_record {
    struct fh_domain_id domain;
    char name[FH_NAME_BYTES_MAX + 1];
    char version[FH_VERSION_BYTES_MAX + 1]; /* a semantic version */
    uint64_t seq;                           /* >= 1 */
    struct fh_record_id prev;               /* zero exactly when seq is 1 */
    int64_t created_ms;                     /* Unix, UTC; what the publisher says */
    int64_t until_ms;                       /* INT64_MAX: for ever; on the wire nil */
    struct fh_bytes text;                   /* YAML, at most FH_POLICY_BYTES_MAX */
};

/* Appends the payload. Failures stick in `out`. */
void fh_policy_record_encode(struct fh_buf *out, const struct fh_policy_record *record);

/* Reads and checks the shape of a scanned payload. FH_EINVAL ("policy.record.shape", "name.*",
 * "semver.*", "policy.chain.broken"), FH_EVERSION ("policy.record.version"). */
FH_MUST_CHECK int
fh_policy_record_parse(struct fh_policy_record *out, struct fh_bytes payload, struct fh_err *err);

/* Reads the policy inside into `arena` and checks that it is what the record says. FH_ECHECK with
 * the first finding, FH_EINVAL ("policy.record.mismatch"), FH_ENOMEM. */
FH_MUST_CHECK int fh_policy_record_open(struct fh_policy **out,
                                        const struct fh_policy_record *record,
                                        struct fh_arena *arena,
                                        struct fh_err *err);

/* Whether `next` (with its record id) may follow `previous`; previous may be NULL for the first
 * sight of a policy, which pins it. Both belong to one domain and name, else policy.chain.broken.
 *
 *   FH_OK          it is the next one, and its version is greater
 *   FH_EEXIST      the same record
 *   FH_ESTALE      policy.version.replayed     its seq is below what is known
 *   FH_EFORK       policy.forked               another record with the same seq
 *   FH_EINCOMPLETE policy.chain.gap            records between are missing
 *   FH_ECHECK      policy.chain.broken         prev names another record than the one before
 *                  policy.version.not_greater */
FH_MUST_CHECK int fh_policy_supersedes(const struct fh_policy_record *previous,
                                       const struct fh_record_id *previous_id,
                                       const struct fh_policy_record *next,
                                       const struct fh_record_id *next_id,
                                       struct fh_err *err);

#endif
