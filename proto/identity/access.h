/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access: what a person or a job outside the home carries beside its key, and the text of a public
 * key.
 *
 * Whoever makes a key elsewhere hands its public key ("fhp1...") to the domain. The domain answers
 * with an access ("fha1..."): mesh, domain, where a node listens, the domain's key events and the
 * delegation of that key. Key file and access together open a session with any node of the mesh.
 * An access holds no secret and proves nothing but what its records prove.
 *
 *     [1, mesh id bin32, domain id bin32, domain name, [address, ...], [record bin, ...]]
 *
 * Does not: verify signatures (proto/identity/directory.h does). Thread: any. Ownership: a parsed
 * access owns its bytes and its records are views into them, so it is not copied.
 */
#ifndef FH_PROTO_IDENTITY_ACCESS_H
#define FH_PROTO_IDENTITY_ACCESS_H

#include "proto/identity/armour.h"
#include "proto/wire/record.h"

enum {
    /* The records are those that a handshake shows. */
    FH_ACCESS_PAYLOAD_BYTES_MAX = FH_FRAME_UNAUTHENTICATED_BYTES_MAX,
    FH_ACCESS_TEXT_BYTES = FH_ARMOUR_TEXT_BYTES(FH_ACCESS_PAYLOAD_BYTES_MAX),
    FH_ACCESS_FILE_BYTES_MAX = 2 * FH_ACCESS_TEXT_BYTES, /* with comments and line breaks */
    FH_SIGN_PUBLIC_TEXT_BYTES = FH_ARMOUR_TEXT_BYTES(FH_ID_BYTES),
};

struct fh_access {
    struct fh_mesh_id mesh;
    struct fh_domain_id domain;
    char domain_name[FH_NAME_BYTES_MAX + 1]; /* as the domain calls itself; for people and lint */
    unsigned address_count;
    char addresses[FH_ADDRESSES_MAX][FH_ADDRESS_BYTES_MAX + 1]; /* HOST:PORT of the domain's node */
    unsigned record_count;
    struct fh_bytes records[FH_SESSION_RECORDS_MAX]; /* KEY and DELEGATION records, in order */
    uint8_t bytes[FH_ACCESS_PAYLOAD_BYTES_MAX];      /* private: what `records` point into */
};

/* Appends the text form; the records may lie anywhere. Failures stick in `out`: FH_ETOOBIG,
 * FH_ENOMEM. */
void fh_access_text(struct fh_buf *out, const struct fh_access *access);

/* Reads the text, or a file that holds it (see armour.h). Checks that the records are key events
 * and delegations of this mesh and begin with the inception that is the domain. FH_EINVAL
 * ("identity.access.text"), FH_EVERSION, FH_ETOOBIG. Undefined `out` on failure. */
FH_MUST_CHECK int fh_access_parse(struct fh_access *out, struct fh_bytes text, struct fh_err *err);

/* "fhp1..." and back; a file with the text reads as well. FH_EINVAL ("identity.key.text"). */
void fh_sign_public_text(char out[FH_SIGN_PUBLIC_TEXT_BYTES], const struct fh_sign_public *key);
FH_MUST_CHECK int
fh_sign_public_parse(struct fh_sign_public *out, struct fh_bytes text, struct fh_err *err);

#endif
