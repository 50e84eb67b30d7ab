/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipt file: a receipt with everything that is needed to verify it years later, offline, with
 * nothing but the mesh id.
 *
 * Canonical array:
 *     [1, "freehold receipt", mesh id, saved (ms), request record, [receipt record, ...],
 *      [supporting record, ...], leaf hashes]
 * The first receipt ends the answer; the others are the parts of a join, in any order. Supporting
 * records (charter, key events, delegations, revocations, admissions) stand in an order in which a
 * directory accepts them. Leaf hashes are one bin of 32-byte leaves, empty without a tree.
 *
 * Does not: open files. Thread: any. Ownership: a parsed file is views into the bytes it was parsed
 * from.
 */
#ifndef FH_PROTO_QUERY_RECEIPT_FILE_H
#define FH_PROTO_QUERY_RECEIPT_FILE_H

#include "proto/query/receipt.h"
#include "proto/wire/record.h"

struct fh_directory;

enum {
    FH_RECEIPT_FILE_RECEIPTS_MAX = 1 + FH_QUERY_TABLES_MAX,
};

struct fh_receipt_file {
    struct fh_mesh_id mesh;
    int64_t saved_ms;
    struct fh_bytes request; /* REQUEST record */
    size_t receipt_count;    /* >= 1 */
    struct fh_bytes receipts[FH_RECEIPT_FILE_RECEIPTS_MAX];
    size_t support_count;
    struct fh_bytes support[FH_RECEIPT_FILE_SUPPORT_MAX];
    struct fh_bytes leaves; /* 32 bytes each */
};

/* Appends the file's bytes. FH_EINVAL (rule "receipt.file"), FH_ETOOBIG. */
FH_MUST_CHECK int
fh_receipt_file_make(struct fh_buf *out, const struct fh_receipt_file *file, struct fh_err *err);

/* Fills mesh and support of `file` (request and receipts are set): from `dir` (borrowed: what is
 * filled in is lent by it) the charters, and the records of the consumer, of the domains that sign
 * receipts and of those that admitted them. FH_ENOTFOUND when the directory lacks one of them,
 * FH_ETOOBIG when FH_RECEIPT_FILE_SUPPORT_MAX does not hold them. */
FH_MUST_CHECK int fh_receipt_file_support(struct fh_receipt_file *file,
                                          const struct fh_directory *dir,
                                          struct fh_err *err);

/* Reads a file; scans it first. `out` borrows `bytes` and is unchanged on failure. FH_EINVAL
 * ("receipt.file", "pack.*"), FH_ETOOBIG, FH_EVERSION. */
FH_MUST_CHECK int
fh_receipt_file_parse(struct fh_receipt_file *out, struct fh_bytes bytes, struct fh_err *err);

/* What a verified file says. */
struct fh_receipt_verdict {
    struct fh_query_request request; /* sql borrowed from the file's bytes */
    struct fh_receipt receipt;       /* the one that ends the answer */
    size_t part_count;
    struct fh_receipt parts[FH_QUERY_TABLES_MAX];
};

/* Verifies everything against `mesh` (the id that the verifying person trusts): the supporting
 * records build a directory, the request is signed by a key that its consumer domain delegated,
 * each receipt by a node of its owner, receipts fit the request and each other, the leaves give the
 * signed tree. `out` is big: allocate it. Unchanged on failure.
 * Beyond the rules of fh_receipt_check and of the directory: FH_ESIG "receipt.mesh" (another mesh),
 * "receipt.signature", "query.request.signature". */
FH_MUST_CHECK int fh_receipt_file_verify(struct fh_receipt_verdict *out,
                                         const struct fh_receipt_file *file,
                                         const struct fh_mesh_id *mesh,
                                         const struct fh_verifier *verifier,
                                         struct fh_err *err);

#endif
