/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record: the signed envelope of every object of the mesh.
 *
 * On the wire a record is the canonical array [1, type, payload, [[key ref, signature], ...]]. What
 * is signed, and hashed for the record id, is
 *
 *     "freehold/v1/<type name>\0" || mesh id (32) || u64be(payload size) || payload
 *
 * so that no signature can be moved to another type or another mesh. The mesh id is zero for key
 * events and for charter 1, which come before the mesh. The bytes are verified as received, kept
 * and relayed as received; nothing is ever re-encoded to be verified. Signatures stand outside the
 * id, in ascending order of key ref, no key twice. A REQUEST or a RECEIPT may be signed together
 * with others (together.h); its one signature then stands with the way to what was signed:
 *
 *     [key ref, signature, sides, [hash, ...]]
 *
 * Does not: know who may sign what (proto/identity/directory.h). Thread: any; values.
 * Ownership: a parsed record is a set of views into the bytes it was parsed from (borrowed).
 */
#ifndef FH_PROTO_WIRE_RECORD_H
#define FH_PROTO_WIRE_RECORD_H

#include "common/limits.h"
#include "proto/wire/crypto.h"
#include "proto/wire/together.h"

struct fh_pack_reader;

/* X(NAME, code, type name in the signature input, largest payload in bytes) */
#define FH_RECORD_TYPES(X)                                                                         \
    X(KEY, 1, "key", 1024)                                                                         \
    X(DELEGATION, 2, "delegation", 1024)                                                           \
    X(REVOCATION, 3, "revocation", 1024)                                                           \
    X(CHARTER, 4, "charter", 32 * 1024)                                                            \
    X(INVITATION, 5, "invitation", 1024)                                                           \
    X(ADMISSION, 6, "admission", 4096)                                                             \
    X(ALIVE, 7, "alive", 900)                                                                      \
    X(LEAVE, 8, "leave", 256)                                                                      \
    X(SUSPECT, 9, "suspect", 256)                                                                  \
    X(ANNOUNCEMENT, 10, "announcement", 900)                                                       \
    X(CONTRACT, 11, "contract", FH_RECORD_BYTES_MAX - 2048)                                        \
    X(REQUEST, 12, "request", 256 * 1024)                                                          \
    X(RECEIPT, 13, "receipt", 16 * 1024)                                                           \
    X(MEASUREMENT, 14, "measurement", FH_MEASUREMENT_BYTES_MAX)                                    \
    X(GRANT, 15, "grant", FH_GRANT_BYTES_MAX)                                                      \
    X(GRANT_END, 16, "grant-end", 256)                                                             \
    X(ACCESS_REQUEST, 17, "access-request", FH_GRANT_BYTES_MAX)                                    \
    X(ACCESS_ANSWER, 18, "access-answer", FH_TOKEN_BYTES_MAX + 2048)                               \
    X(POLICY, 19, "policy", FH_POLICY_BYTES_MAX + 1024)                                            \
    X(TOKEN, 20, "token", FH_TOKEN_BYTES_MAX)                                                      \
    X(TOKEN_END, 21, "token-end", 256)                                                             \
    X(PROPOSAL, 25, "proposal", 33 * 1024)                                                         \
    X(VOTE, 26, "vote", 512)                                                                       \
    X(MANIFEST, 27, "manifest", FH_MANIFEST_IDS_MAX * 34 + 1024)                                   \
    X(MESH_POLICY, 29, "mesh-policy", FH_POLICY_BYTES_MAX + 1024)                                  \
    X(WAIVER, 30, "waiver", 2048)                                                                  \
    X(AUDIT_CHECKPOINT, 32, "audit-checkpoint", 256)

enum fh_record_type {
#define X(name, code, text, max) FH_RECORD_##name = (code),
    FH_RECORD_TYPES(X)
#undef X
};

/* "contract"; "unknown" for codes that this version does not know. */
const char *fh_record_type_text(unsigned type);

struct fh_record_signature {
    struct fh_ref key; /* first 16 bytes of the signer's key id */
    struct fh_signature signature;
};

struct fh_record {
    unsigned type;         /* may be unknown to this version */
    struct fh_bytes bytes; /* the whole envelope, borrowed */
    struct fh_bytes payload;
    unsigned signature_count; /* >= 1 */
    struct fh_record_signature signatures[FH_RECORD_SIGNATURES_MAX];
    struct fh_together together; /* of the one signature; depth 0: it is over this record alone */
    struct fh_record_id id; /* under the mesh given to fh_record_parse; zero for unknown types */
};

/* Scans and splits `bytes` (borrowed by `out`), checks the type's size limit, computes the id. Key
 * events are hashed under the zero mesh whatever `mesh` says; for charter 1 the caller passes the
 * zero mesh. Verifies no signature. The payload is scanned too: fh_pack_read_init may follow.
 * FH_EINVAL ("record.*", "pack.*"), FH_ETOOBIG, FH_EVERSION. */
FH_MUST_CHECK int fh_record_parse(struct fh_record *out,
                                  struct fh_bytes bytes,
                                  const struct fh_mesh_id *mesh,
                                  struct fh_err *err);

/* Whether signature `index` is by `key` over this record; also that its key ref is the key's. */
FH_MUST_CHECK bool fh_record_signed_by(const struct fh_record *record,
                                       unsigned index,
                                       const struct fh_mesh_id *mesh,
                                       const struct fh_sign_public *key,
                                       const struct fh_verifier *verifier);

/* The id that a payload of this (known) type has in this mesh. */
struct fh_record_id
fh_record_id_of(unsigned type, const struct fh_mesh_id *mesh, struct fh_bytes payload);

/* An id as a field of a payload or a message, whose writer may have none: a bin, empty for zero.
 * Reading leaves zero where it was empty; the reader keeps what went wrong. */
void fh_record_id_pack(struct fh_buf *out, const struct fh_record_id *id);
void fh_record_id_read(struct fh_record_id *out, struct fh_pack_reader *reader);

/* Appends a new record around `payload` (canonical, borrowed) with one signature. Failures stick in
 * `out`: FH_ENOMEM, FH_ETOOBIG. */
void fh_record_seal(struct fh_buf *out,
                    unsigned type,
                    const struct fh_mesh_id *mesh,
                    struct fh_bytes payload,
                    const struct fh_sign_secret *signer);

/* The most bytes that a payload of this type may have; FH_RECORD_BYTES_MAX of one that is not
 * known. */
size_t fh_record_payload_max(unsigned type);

/* Whether records of this type may be signed together: those that none but two ends of a session
 * and those who keep them read. */
bool fh_record_may_together(unsigned type);

/* The same for 1..FH_TOGETHER_MAX payloads of one type with one signature for all, each to its
 * buffer. One payload is signed as ever. Failures stick in each buffer: FH_ENOMEM, FH_ETOOBIG. */
void fh_record_seal_together(struct fh_buf *const *outs,
                             unsigned type,
                             const struct fh_mesh_id *mesh,
                             const struct fh_bytes *payloads,
                             unsigned count,
                             const struct fh_sign_secret *signer);

/* Appends the record that `signature` (by the key of its ref) was made for, from its parts;
 * verifies nothing. Failures stick in `out`: FH_ENOMEM, FH_ETOOBIG. */
void fh_record_join(struct fh_buf *out,
                    unsigned type,
                    struct fh_bytes payload,
                    const struct fh_record_signature *signature);

/* The same of `count` signatures (at least one) in ascending order of key ref. */
void fh_record_join_all(struct fh_buf *out,
                        unsigned type,
                        struct fh_bytes payload,
                        const struct fh_record_signature *signatures,
                        unsigned count);

/* As fh_record_seal for builders that check their payload first: a `code` other than FH_OK sticks
 * in `out` and nothing is written. */
void fh_record_seal_checked(struct fh_buf *out,
                            int code,
                            unsigned type,
                            const struct fh_mesh_id *mesh,
                            struct fh_bytes payload,
                            const struct fh_sign_secret *signer);

/* Appends a copy of `record` with one signature more (or the same one again, when the signer has
 * signed before); the id stays. Failures stick in `out`: FH_ENOMEM, FH_ETOOBIG (also when all
 * FH_RECORD_SIGNATURES_MAX places are taken). */
void fh_record_cosign(struct fh_buf *out,
                      const struct fh_record *record,
                      const struct fh_mesh_id *mesh,
                      const struct fh_sign_secret *signer);

/* The mesh id under which a type is signed: zero for key events, `mesh` otherwise (charter 1: zero,
 * passed by the caller). */
struct fh_mesh_id fh_record_mesh(unsigned type, const struct fh_mesh_id *mesh);

#endif
