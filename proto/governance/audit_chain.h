/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit chain: records of an audit log as bytes of a file, each bound to the one before.
 *
 *     frame   u32be size | record | hash bin32        hash = BLAKE2b-256(tag | record)
 *     record  holds the hash of the one before (audit_record.h)
 *
 * Nothing can be changed, left out or put elsewhere without changing every hash behind it. What
 * the chain alone cannot show is that its end is missing, or that all of it was written anew: for
 * that the node signs checkpoints, some of which stand in the log, and others keep them too.
 *
 * A file is written ahead with zeros: a size of zero is its end.
 *
 * Does not: open files, know which key should sign. Thread: any; values. Ownership: a cursor
 * borrows its bytes; what it gives lies in them and in the arena.
 */
#ifndef FH_PROTO_GOVERNANCE_AUDIT_CHAIN_H
#define FH_PROTO_GOVERNANCE_AUDIT_CHAIN_H

#include "proto/governance/audit_record.h"

enum { FH_AUDIT_FRAME_BYTES = 4 + FH_HASH_BYTES }; /* around a record */

/* The last record of a chain; all zero: there is none yet. */
struct fh_audit_position {
    uint64_t seq;
    struct fh_hash head; /* its hash */
    int64_t time_ms;
};

/* Appends the frame of the record that follows, and moves `at` there. A clock that went back is
 * taken to stand still. A failure sticks in `out`; `at` is not moved then. */
void fh_audit_append(struct fh_buf *out,
                     struct fh_audit_position *at,
                     int64_t now_ms,
                     unsigned kind,
                     struct fh_bytes detail);

struct fh_audit_cursor {
    struct fh_bytes bytes;
    size_t at;                     /* where the next frame begins */
    struct fh_audit_position last; /* the record before it */
    bool anywhere;                 /* private: the first record says itself what came before it */
};

/* Begins behind `last`; NULL: with whatever record comes first, for the oldest file that is left.
 */
void fh_audit_cursor_init(struct fh_audit_cursor *cursor,
                          struct fh_bytes bytes,
                          const struct fh_audit_position *last);

/* Gives the next record and moves on. `*out_end` is true, and nothing is given, where the bytes or
 * the records end. Refusals, FH_ECHECK but where noted:
 *   "audit.torn"      the frame is longer than the bytes, or the bytes behind the end are not zero
 *   "audit.hash"      a record is not what was hashed
 *   "audit.form"      it is no record (FH_EINVAL, FH_EVERSION: as audit_record.h)
 *   "audit.seq"       a record is missing, stands twice, or elsewhere
 *   "audit.prev"      it follows another record than the one before it
 *   "audit.time"      it is older than the one before it
 * The cursor stays where it is then. */
FH_MUST_CHECK int fh_audit_next(struct fh_audit_cursor *cursor,
                                struct fh_arena *arena,
                                struct fh_audit_record *out,
                                bool *out_end,
                                struct fh_err *err);

/* ---- checkpoints ---- */

/* What a node signs: [1, domain, node key, seq, head, time]. */
struct fh_audit_checkpoint {
    struct fh_domain_id domain;
    struct fh_sign_public key; /* of the node, which signs */
    uint64_t seq;              /* of the last record that it stands for; 1 and more */
    struct fh_hash head;       /* its hash */
    int64_t time_ms;           /* when it was signed */
};

/* Appends the payload of an AUDIT_CHECKPOINT record. */
void fh_audit_checkpoint_payload(struct fh_buf *out, const struct fh_audit_checkpoint *checkpoint);
/* Reads a whole record and verifies that the key that it names signed it. Whose key that is, the
 * caller judges. FH_EINVAL ("record.*", "pack.*", "audit.form"), FH_ESIG ("record.signature"). */
FH_MUST_CHECK int fh_audit_checkpoint_open(struct fh_audit_checkpoint *out,
                                           struct fh_bytes record,
                                           const struct fh_mesh_id *mesh,
                                           const struct fh_verifier *verifier,
                                           struct fh_err *err);

#endif
