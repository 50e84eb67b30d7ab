/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vectors of records: good ones, ones that do not parse, ones whose signature does not verify.
 *
 * Does not: touch files. Thread: one at a time. Ownership: borrows all.
 */
#ifndef FH_TESTS_VECTORS_VECTOR_RECORDS_H
#define FH_TESTS_VECTORS_VECTOR_RECORDS_H

#include "tests/lib/identities.h"

/* A record that verifies under `signer` in this mesh (zero for key events and charter 1). */
void vector_record(struct fh_buf *out,
                   const char *name,
                   const struct fh_mesh_id *mesh,
                   const struct test_record *record,
                   const struct test_key *signer);
/* The same for bytes of any size. */
void vector_record_bytes(struct fh_buf *out,
                         const char *name,
                         const struct fh_mesh_id *mesh,
                         struct fh_bytes bytes,
                         const struct test_key *signer);
/* Bytes that are no record. */
void vector_bad_record(struct fh_buf *out,
                       const char *name,
                       const struct fh_mesh_id *mesh,
                       const struct test_record *record);
/* A record that `signer` did not sign in this mesh: "refused: record.signature". */
void vector_forged_record(struct fh_buf *out,
                          const char *name,
                          const struct fh_mesh_id *mesh,
                          const struct test_record *record,
                          const struct test_key *signer);

/* charters.c: a contest behind charter 2, and its settlement, of the file that identity.c writes.
 */
void vectors_charters(struct fh_buf *out,
                      const struct test_domain *founder,
                      const struct test_domain *joiner,
                      const struct fh_mesh_id *mesh,
                      const struct test_record *charter_2);

#endif
