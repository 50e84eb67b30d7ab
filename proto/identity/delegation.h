/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegation and revocation: what a domain lets other keys do, for how long, and how it takes that
 * back.
 *
 * The domain key stays offline; keys below it have one role each. A delegation is valid when the
 * domain key that was current at `not_before` signed it. A revocation names a delegation or a key
 * and the moment since which nothing signed by it counts.
 *
 * Does not: verify signatures (proto/identity/directory.h does). Thread: any. Ownership: values.
 */
#ifndef FH_PROTO_IDENTITY_DELEGATION_H
#define FH_PROTO_IDENTITY_DELEGATION_H

#include "proto/identity/keylog.h"

enum fh_role {                        /* the wire code; as a mask 1 << role */
               FH_ROLE_DOMAIN = 0,    /* the domain key itself; never in a delegation */
               FH_ROLE_NODE = 1,      /* daemon: ALIVE, receipts, admissions */
               FH_ROLE_PUBLISHER = 2, /* contracts, announcements, invitations */
               FH_ROLE_MEMBER = 3,    /* sessions and requests of a person or an application */
               FH_ROLE_COUNT
};

#define FH_ROLE_MASK(role)  (1u << (role))
#define FH_ROLES_PUBLISHING (FH_ROLE_MASK(FH_ROLE_DOMAIN) | FH_ROLE_MASK(FH_ROLE_PUBLISHER))
#define FH_ROLES_ANNOUNCING (FH_ROLES_PUBLISHING | FH_ROLE_MASK(FH_ROLE_NODE))
#define FH_ROLES_ALL        (FH_ROLES_ANNOUNCING | FH_ROLE_MASK(FH_ROLE_MEMBER))

/* "domain", "node", "publisher", "member"; "unknown". */
const char *fh_role_text(unsigned role);

struct fh_delegation {
    struct fh_domain_id domain;
    struct fh_sign_public subject;
    unsigned role;                     /* enum fh_role, not FH_ROLE_DOMAIN */
    int64_t not_before_ms;             /* Unix ms, inclusive */
    int64_t not_after_ms;              /* Unix ms, inclusive */
    char label[FH_NAME_BYTES_MAX + 1]; /* free text for people, may be empty */
    /* What a member is in its domain ("analyst"): policies may ask for it. "" when it has no such
     * name; only FH_ROLE_MEMBER has one. */
    char role_name[FH_NAME_BYTES_MAX + 1];
};

/* What people call its role: its name ("analyst"), or the role itself. Lent. */
const char *fh_delegation_role_text(const struct fh_delegation *delegation);

enum fh_revocation_kind { FH_REVOKE_DELEGATION = 0, FH_REVOKE_KEY = 1 };

struct fh_revocation {
    struct fh_domain_id domain;
    unsigned kind;      /* enum fh_revocation_kind */
    uint8_t target[32]; /* record id of a delegation, or key id */
    int64_t since_ms;   /* nothing signed at or after this time counts */
    int64_t created_ms;
};

/* Append the signed record; failures stick in `out`: FH_EINVAL when a reader would refuse the
 * values, FH_ENOMEM, FH_ETOOBIG. */
void fh_delegation_make(struct fh_buf *out,
                        const struct fh_delegation *delegation,
                        const struct fh_mesh_id *mesh,
                        const struct fh_sign_secret *domain_key);
void fh_revocation_make(struct fh_buf *out,
                        const struct fh_revocation *revocation,
                        const struct fh_mesh_id *mesh,
                        const struct fh_sign_secret *domain_key);

/* Read the payload of a parsed record. FH_EINVAL ("pack.shape", "identity.delegation.*",
 * "identity.revocation.*"), FH_EVERSION. Verify nothing. */
FH_MUST_CHECK int
fh_delegation_decode(struct fh_delegation *out, const struct fh_record *record, struct fh_err *err);
FH_MUST_CHECK int
fh_revocation_decode(struct fh_revocation *out, const struct fh_record *record, struct fh_err *err);

#endif
