/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit file: the audit log of a home on disk: `audit.log`, and the closed files before it.
 *
 * Groups of records are appended and on disk when the call returns. A file is written ahead with
 * zeros, so that a group costs one write of data and none of the file system's own, and a full disk
 * shows before a record is lost. A full file ends with a checkpoint that the node signs, goes to
 * audit/, and the oldest go when all together are too large.
 *
 * At the start the end of `audit.log` may be torn: what was not whole was never acknowledged. It is
 * cut off, kept in audit/, and a `recovered` record says so. More than one group is no torn end:
 * the node does not start on a log that somebody changed.
 *
 * Does not: wait for others, lock. Thread: one at a time. Ownership: keeps what its options name.
 */
#ifndef FH_NODE_STATE_AUDIT_FILE_H
#define FH_NODE_STATE_AUDIT_FILE_H

#include "common/home.h"
#include "node/state/keystore.h"
#include "proto/governance/audit_chain.h"

struct fh_audit_file;

/* A record of the open file, found at the start; its frame has so many bytes. */
typedef void
fh_audit_file_seen_fn(void *user, const struct fh_audit_record *record, uint64_t frame_bytes);

struct fh_audit_file_options {
    const struct fh_home *home;
    const struct fh_keystore *keys; /* sign checkpoints */
    struct fh_mesh_id mesh;
    struct fh_domain_id domain;
    uint64_t bytes_max;          /* of all files; 0: FH_AUDIT_MIB_DEFAULT */
    uint64_t segment_bytes;      /* 0: FH_AUDIT_SEGMENT_BYTES */
    fh_audit_file_seen_fn *seen; /* may be NULL */
    void *seen_user;
};

/* Opens or begins the log; its `opened` record is written with the first room that is made.
 * FH_EIO, FH_ENOMEM; FH_ECHECK ("audit.damaged") for a log that was changed: run `freehold audit
 * verify`. Given. */
FH_MUST_CHECK int fh_audit_file_open(struct fh_audit_file **out,
                                     const struct fh_audit_file_options *options,
                                     struct fh_err *err);
/* NULL is fine. */
void fh_audit_file_close(struct fh_audit_file *file);

/* The last record on disk. */
struct fh_audit_position fh_audit_file_position(const struct fh_audit_file *file);

/* The number of the first record of the open file: another one when it is another file. 0: it has
 * none yet. */
uint64_t fh_audit_file_first(const struct fh_audit_file *file);

/* Makes room for `size` bytes, and `reserve` on the disk beyond: a full file is closed, zeros are
 * written. FH_EBUSY ("audit.full", with a time to ask again; "audit.failed"). */
FH_MUST_CHECK int
fh_audit_file_room(struct fh_audit_file *file, size_t size, size_t reserve, struct fh_err *err);
/* Appends frames, which were chained behind the position, and moves it to `to`. They are durable
 * when it returns FH_OK; on failure nothing counts as written, and nothing can be from then on:
 * FH_EBUSY ("audit.failed"). There must be room. */
FH_MUST_CHECK int fh_audit_file_commit(struct fh_audit_file *file,
                                       struct fh_bytes frames,
                                       const struct fh_audit_position *to,
                                       struct fh_err *err);

/* Appends to `frames` a checkpoint record for `at`, which moves behind it; gives the signed record
 * too (`record` is reset). Failures stick in both. */
void fh_audit_file_checkpoint(const struct fh_audit_file *file,
                              struct fh_buf *frames,
                              struct fh_audit_position *at,
                              struct fh_buf *record);

#endif
