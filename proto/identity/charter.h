/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charter: who speaks for the mesh.
 *
 * A charter lists its members (domains and their names) and how many of them must sign (k of n,
 * k more than half, so that two rival charters share a signer). The first charter is the mesh: its
 * record id is the mesh id. A later one names its predecessor and is valid with k signatures of
 * the members before *and* k of its own (the rule of TUF's root role). What counts is distinct
 * member domains, never signatures.
 *
 * Does not: hold the history (proto/identity/directory.h does). Thread: any. Ownership: values.
 */
#ifndef FH_PROTO_IDENTITY_CHARTER_H
#define FH_PROTO_IDENTITY_CHARTER_H

#include "proto/identity/keylog.h"

struct fh_charter_member {
    struct fh_domain_id domain;
    char name[FH_NAME_BYTES_MAX + 1];
};

struct fh_charter {
    uint64_t seq;             /* from 1 */
    struct fh_record_id prev; /* zero in charter 1 */
    int64_t created_ms;
    unsigned threshold; /* k: more than half of the members, at most all */
    unsigned member_count;
    struct fh_charter_member members[FH_CHARTER_MEMBERS_MAX]; /* ascending by domain id */
    char title[FH_NAME_BYTES_MAX + 1];                        /* name of the mesh */
};

/* Appends the record with one signature (further ones: fh_record_cosign); failures stick in `out`.
 * `mesh` is zero for charter 1, whatever is passed. */
void fh_charter_make(struct fh_buf *out,
                     const struct fh_charter *charter,
                     const struct fh_mesh_id *mesh,
                     const struct fh_sign_secret *signer);
/* Reads the payload of a parsed CHARTER record. FH_EINVAL ("pack.shape", "identity.charter.*",
 * "name.*"), FH_EVERSION. Verifies nothing. */
FH_MUST_CHECK int
fh_charter_decode(struct fh_charter *out, const struct fh_record *record, struct fh_err *err);

/* The mesh under which this charter is signed and hashed: zero for charter 1, else `mesh`. */
struct fh_mesh_id fh_charter_mesh(const struct fh_charter *charter, const struct fh_mesh_id *mesh);

/* Index of a member or -1. */
int fh_charter_find(const struct fh_charter *charter, const struct fh_domain_id *domain);

/* Whether `next` may follow `current` (NULL for charter 1), the signatures apart: sequence,
 * predecessor, time, and no name changed or given to another domain. `current_id` is the record id
 * of `current`. FH_ESIG ("identity.charter.*"), FH_ENOTFOUND ("identity.missing.charter"). */
FH_MUST_CHECK int fh_charter_follows(const struct fh_charter *next,
                                     const struct fh_charter *current,
                                     const struct fh_record_id *current_id,
                                     struct fh_err *err);

/* Whether the signers suffice: `signers` are distinct domains with a valid signature each.
 * FH_ESIG ("identity.charter.threshold"). */
FH_MUST_CHECK int fh_charter_quorum(const struct fh_charter *charter,
                                    const struct fh_domain_id *signers,
                                    size_t signer_count,
                                    struct fh_err *err);

#endif
