/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifest: what a rotation keeps of the records that earlier keys of the domain signed.
 *
 * A rotation states only the root of the list (fh_records_root); this record is the list. Records
 * under an earlier key that are not in it do not count, whatever date they state: neither those
 * that a thief of that key makes afterwards and dates back, nor those that it made before anybody
 * noticed.
 *
 * Does not: choose what is kept. Thread: any. Ownership: the ids of a decoded one lie in an array
 * that the caller frees.
 */
#ifndef FH_PROTO_IDENTITY_MANIFEST_H
#define FH_PROTO_IDENTITY_MANIFEST_H

#include "proto/identity/keylog.h"

struct fh_manifest {
    struct fh_domain_id domain;
    uint64_t seq; /* of the rotation */
    size_t count;
    struct fh_record_id *ids; /* ascending, each once */
};

/* Appends the record, signed by the key that the rotation reveals. Failures stick in `out`:
 * FH_EINVAL when a reader would refuse the values, FH_ENOMEM, FH_ETOOBIG. */
void fh_manifest_make(struct fh_buf *out,
                      const struct fh_manifest *manifest,
                      const struct fh_mesh_id *mesh,
                      const struct fh_sign_secret *domain_key);
/* Reads the payload of a parsed MANIFEST record. `out->ids` is given: fh_free. FH_EINVAL
 * ("pack.shape", "identity.manifest.*"), FH_EVERSION, FH_ENOMEM. Verifies nothing. */
FH_MUST_CHECK int
fh_manifest_decode(struct fh_manifest *out, const struct fh_record *record, struct fh_err *err);
/* Whether the record is kept. */
bool fh_manifest_has(const struct fh_manifest *manifest, const struct fh_record_id *id);

#endif
