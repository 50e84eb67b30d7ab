/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admit: who this node is in a handshake, and what it makes of who the other end says it is.
 *
 * A session proves a key; the directory knows what the key may do. A domain that the mesh has
 * admitted speaks with the role that its delegation gives; a stranger is let in only far enough to
 * redeem an invitation, and is judged in a directory of its own, so that it leaves nothing behind.
 * Whoever shows a TOKEN for the key of the session is the member that it names, to read and to do
 * what its powers say; what such a session may ask is fh_speaker_may's.
 *
 * Does not: decide on data (proto/governance). Thread: the loop's. Ownership: values; the identity
 * lends what it was built from.
 */
#ifndef FH_NODE_PEER_ADMIT_H
#define FH_NODE_PEER_ADMIT_H

#include "proto/identity/directory.h"
#include "proto/session/session.h"

/* Who asks, once the handshake is done. */
struct fh_speaker {
    struct fh_domain_id domain;
    char domain_name[FH_NAME_BYTES_MAX + 1]; /* "" for a stranger */
    struct fh_key_id key; /* whose rights count; the node id when role is FH_ROLE_NODE */
    struct fh_sign_public public_key;
    enum fh_role role;
    bool admitted; /* false: a stranger with a well-formed identity of its own */
    /* The session is a token's: `key` and `public_key` are the member's that vouches for it, and
     * `role` is FH_ROLE_MEMBER whatever that key is. */
    bool by_token;
    struct fh_record_id token;
    char token_label[FH_NAME_BYTES_MAX + 1];
    int64_t token_not_before_ms; /* when it was signed */
    int64_t token_not_after_ms;
    uint32_t token_powers; /* bits of enum fh_token_power */
};

/* What this node shows in handshakes. */
struct fh_identity;

/* Gives the identity of a node: `dir`, `sign` and `agree` are kept (locked memory of the keystore).
 * NULL without memory. */
FH_MUST_CHECK struct fh_identity *fh_identity_new(struct fh_directory *dir,
                                                  const struct fh_mesh_id *mesh,
                                                  const struct fh_domain_id *domain,
                                                  const struct fh_sign_public *key,
                                                  const struct fh_sign_secret *sign,
                                                  const struct fh_agree_secret *agree);
void fh_identity_free(struct fh_identity *identity);
/* The session's view of it, with the credentials valid at `wall_ms`: lent until the next call. */
const struct fh_session_self *fh_identity_self(struct fh_identity *identity, int64_t wall_ms);
const struct fh_domain_id *fh_identity_domain(const struct fh_identity *identity);
struct fh_node_id fh_identity_node(const struct fh_identity *identity);

/* Judges the peer of a CLAIMED session. Records of an admitted domain are added to the directory.
 * Refusals as fh_directory_signer_of_stranger gives them. */
FH_MUST_CHECK int fh_admit(struct fh_speaker *out,
                           struct fh_directory *dir,
                           const struct fh_session_peer *peer,
                           int64_t wall_ms,
                           struct fh_err *err);

/* Whether a session of this speaker may ask this message (enum fh_msg_code) at all: a token reads,
 * and does what its powers say. FH_EDENIED ("token.power": one that it has not; "token.scope"). */
FH_MUST_CHECK int
fh_speaker_may(const struct fh_speaker *speaker, unsigned code, struct fh_err *err);

/* Judges a speaker anew by what the directory knows now: a stranger may have been admitted since
 * the handshake, a delegation revoked or expired. Refusals as fh_directory_signer gives them. */
FH_MUST_CHECK int fh_admit_again(struct fh_speaker *speaker,
                                 const struct fh_directory *dir,
                                 int64_t wall_ms,
                                 struct fh_err *err);

#endif
