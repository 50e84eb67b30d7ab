/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission: how a domain comes into the mesh.
 *
 *     issuer (charter member)                        joiner
 *     INVITATION record + one-time seed  -- text -->  checks mesh and issuer
 *                                        <-- joins -- redemption: signature by the one-time key
 *     ADMISSION record, countersigned    -- gossip -> everybody
 *
 * The invitation travels as a short text outside the mesh; it holds the one-time seed and is a
 * secret until used. The admission proves the whole path by itself: it carries the invitation, the
 * redemption and the issuer's signature. The first admission pins the name.
 *
 * Does not: count uses (the issuer's node and the directory do). Thread: any. Ownership: values;
 * decoded views are borrowed from the record's bytes.
 */
#ifndef FH_PROTO_IDENTITY_ADMISSION_H
#define FH_PROTO_IDENTITY_ADMISSION_H

#include "proto/identity/keylog.h"

enum {
    /* Prefix, and base32 of at most FH_INVITATION_TEXT_PAYLOAD bytes. */
    FH_INVITATION_PAYLOAD_BYTES_MAX = 2048,
    FH_INVITATION_TEXT_BYTES = 4 + (FH_INVITATION_PAYLOAD_BYTES_MAX * 8 + 4) / 5 + 1,
    FH_INVITATION_FILE_BYTES_MAX = 16 * 1024, /* the text with comments and line breaks */
};

struct fh_invitation {
    struct fh_domain_id issuer;
    struct fh_sign_public one_time; /* whoever can sign with it may join once */
    int64_t created_ms;
    int64_t not_after_ms;
    char name[FH_NAME_BYTES_MAX + 1]; /* the only name it admits, or "" for any */
};

/* What the text carries. The seed is a secret: fh_invitation_ticket_wipe. */
struct fh_invitation_ticket {
    struct fh_mesh_id mesh;
    struct fh_record_id charter; /* newest that the issuer knew */
    struct fh_domain_id issuer;
    unsigned address_count;
    char addresses[FH_ADDRESSES_MAX][FH_ADDRESS_BYTES_MAX]; /* HOST:PORT of the issuer */
    uint8_t seed[FH_SEED_BYTES];
    size_t record_size;
    uint8_t record[FH_INVITATION_PAYLOAD_BYTES_MAX]; /* the INVITATION record */
};

struct fh_admission {
    struct fh_domain_id issuer;
    struct fh_bytes invitation; /* record bytes; borrowed */
    struct fh_domain_id domain; /* who joins */
    char name[FH_NAME_BYTES_MAX + 1];
    int64_t admitted_ms;
    struct fh_signature redemption;
};

/* Invitation record: appends; failures stick in `out`. Signed by a publisher key or domain key. */
void fh_invitation_make(struct fh_buf *out,
                        const struct fh_invitation *invitation,
                        const struct fh_mesh_id *mesh,
                        const struct fh_sign_secret *signer);
FH_MUST_CHECK int
fh_invitation_decode(struct fh_invitation *out, const struct fh_record *record, struct fh_err *err);

/* Text form: "fhi1" and lower-case base32; at most FH_INVITATION_TEXT_BYTES with NUL, appended to
 * `out` without a line break. */
void fh_invitation_text(struct fh_buf *out, const struct fh_invitation_ticket *ticket);
/* Reads the text, or a file that holds it: white space and lines that begin with '#' are skipped.
 * Checks that the seed fits the record's one-time key and that issuer and record agree; the
 * record's signature is checked later, by the directory. `out_invitation` may be NULL. FH_EINVAL
 * ("identity.invitation.text"), FH_EVERSION, FH_ETOOBIG. */
FH_MUST_CHECK int fh_invitation_parse(struct fh_invitation_ticket *out,
                                      struct fh_invitation *out_invitation,
                                      struct fh_bytes text,
                                      struct fh_err *err);
void fh_invitation_ticket_wipe(struct fh_invitation_ticket *ticket);

/* The joiner's proof: signature of the one-time key over
 * "freehold/v1/redeem\0" || mesh || domain || name. */
void fh_redemption_sign(struct fh_signature *out,
                        const uint8_t one_time_seed[FH_SEED_BYTES],
                        const struct fh_mesh_id *mesh,
                        const struct fh_domain_id *domain,
                        const char *name);
FH_MUST_CHECK bool fh_redemption_verify(const struct fh_signature *redemption,
                                        const struct fh_sign_public *one_time,
                                        const struct fh_mesh_id *mesh,
                                        const struct fh_domain_id *domain,
                                        const char *name,
                                        const struct fh_verifier *verifier);

/* Admission record: appends; failures stick in `out`. Signed by a node, publisher or domain key of
 * the issuer. */
void fh_admission_make(struct fh_buf *out,
                       const struct fh_admission *admission,
                       const struct fh_mesh_id *mesh,
                       const struct fh_sign_secret *signer);
/* Reads the payload of a parsed ADMISSION record; `out->invitation` borrows from it. */
FH_MUST_CHECK int
fh_admission_decode(struct fh_admission *out, const struct fh_record *record, struct fh_err *err);

#endif
