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
 * It also says which of its members sign policies of the mesh and how many of them must, who is
 * expelled, and when it ends. After that day it still says who is in the mesh, but nothing may
 * be decided on it except its own renewal: a charter that changes nothing but its dates.
 *
 * Two valid charters behind one are a contest, and prove who signed both. It ends by a settlement:
 * a charter behind the same one, with a number above theirs, that names two of them and shows both
 * signatures of whoever signed both. Their voices do not count in it, neither among the members
 * before nor among its own: of the others as many have to sign as ever, or all of them where they
 * are fewer. A settlement puts all it competes with out of force. Two settlements are a contest of
 * their own, one level higher, and bar whoever signed both of those too.
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

/* Who signed two charters that contradict each other, and how. */
struct fh_charter_double {
    struct fh_domain_id domain;
    struct fh_signature signatures[2]; /* under each of the pair */
};

/* What a settlement settles. */
struct fh_charter_settles {
    struct fh_record_id pair[2]; /* two charters behind `prev`, ascending */
    unsigned count;              /* of `both`: 0 in a charter that settles nothing */
    struct fh_charter_double both[FH_RECORD_SIGNATURES_MAX]; /* members of `prev`; ascending */
};

struct fh_charter {
    uint64_t seq;             /* from 1 */
    struct fh_record_id prev; /* zero in charter 1 */
    int64_t created_ms;
    unsigned threshold; /* k: more than half of the members, at most all */
    unsigned member_count;
    struct fh_charter_member members[FH_CHARTER_MEMBERS_MAX]; /* ascending by domain id */
    char title[FH_NAME_BYTES_MAX + 1];                        /* name of the mesh */
    int64_t expires_ms;        /* last moment; after created_ms, at most FH_CHARTER_LIFE_MS later */
    unsigned policy_threshold; /* of the policy signers: more than half of them, at most all */
    unsigned policy_signer_count;                               /* at least one */
    struct fh_domain_id policy_signers[FH_CHARTER_MEMBERS_MAX]; /* members, ascending */
    unsigned expelled_count;
    struct fh_domain_id expelled[FH_CHARTER_EXPELLED_MAX]; /* no members; ascending */
    struct fh_charter_settles settles;
};

/* Domains whose voice does not count in a settlement; ascending. */
struct fh_charter_barred {
    unsigned count;
    struct fh_domain_id ids[FH_CHARTER_MEMBERS_MAX];
};

/* The charter with which a mesh begins: one member, who signs charters and policies alone, for
 * FH_CHARTER_DEFAULT_MS. The names are cut where they are too long (and then refused). */
void fh_charter_first(struct fh_charter *out,
                      const char *title,
                      const struct fh_domain_id *member,
                      const char *name,
                      int64_t created_ms);

/* Appends the record with one signature (further ones: fh_record_cosign); failures stick in `out`.
 * `mesh` is zero for charter 1, whatever is passed. */
void fh_charter_make(struct fh_buf *out,
                     const struct fh_charter *charter,
                     const struct fh_mesh_id *mesh,
                     const struct fh_sign_secret *signer);
/* The payload alone, as it will be signed; failures stick in `out`. */
void fh_charter_payload(struct fh_buf *out, const struct fh_charter *charter);
/* Reads the payload of a parsed CHARTER record. FH_EINVAL ("pack.shape", "identity.charter.*",
 * "name.*"), FH_EVERSION. Verifies nothing. */
FH_MUST_CHECK int
fh_charter_decode(struct fh_charter *out, const struct fh_record *record, struct fh_err *err);

/* The mesh under which this charter is signed and hashed: zero for charter 1, else `mesh`. */
struct fh_mesh_id fh_charter_mesh(const struct fh_charter *charter, const struct fh_mesh_id *mesh);

/* Index of a member or -1. */
int fh_charter_find(const struct fh_charter *charter, const struct fh_domain_id *domain);

bool fh_charter_expels(const struct fh_charter *charter, const struct fh_domain_id *domain);

/* Whether `next` may follow `current` (NULL for charter 1), the signatures apart: sequence,
 * predecessor, time, no name changed or given to another domain, whoever is no member any more
 * expelled, and nothing but a renewal after the end of `current`. `current_id` is the record id of
 * `current`. That a settlement settles anything is the directory's to say. FH_ESIG
 * ("identity.charter.*", "identity.name.changed"), FH_ENOTFOUND
 * ("identity.missing.charter"). */
FH_MUST_CHECK int fh_charter_follows(const struct fh_charter *next,
                                     const struct fh_charter *current,
                                     const struct fh_record_id *current_id,
                                     struct fh_err *err);

/* Whether the signers suffice: `signers` are distinct domains with a valid signature each, and
 * fh_charter_need of them have to be members that are not barred (nobody is, but in a settlement).
 * FH_ESIG ("identity.charter.threshold", "identity.charter.nobody": all members are barred). */
FH_MUST_CHECK int fh_charter_quorum(const struct fh_charter *charter,
                                    const struct fh_charter_barred *barred,
                                    const struct fh_domain_id *signers,
                                    size_t signer_count,
                                    struct fh_err *err);
/* The threshold, or the number of members that are not barred where those are fewer. */
unsigned fh_charter_need(const struct fh_charter *charter, const struct fh_charter_barred *barred);
bool fh_charter_bars(const struct fh_charter_barred *barred, const struct fh_domain_id *domain);
/* The same for a policy of the mesh: enough of the policy signers.
 * FH_ESIG ("identity.charter.policy_threshold"). */
FH_MUST_CHECK int fh_charter_policy_quorum(const struct fh_charter *charter,
                                           const struct fh_domain_id *signers,
                                           size_t signer_count,
                                           struct fh_err *err);

#endif
