/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/vector_records.h"

#include "common/assert.h"
#include "tests/vectors/writer.h"

static bool signed_by(const struct fh_record *record,
                      const struct fh_mesh_id *mesh,
                      const struct test_key *signer)
{
    for (unsigned i = 0; i < record->signature_count; i++) {
        if (fh_record_signed_by(record, i, mesh, &signer->public_key, &fh_verifier_plain)) {
            return true;
        }
    }
    return false;
}

static void write_record(struct fh_buf *out,
                         const char *name,
                         const struct fh_mesh_id *mesh,
                         const struct fh_record *record,
                         const struct test_key *signer)
{
    char id[FH_ID_TEXT_BYTES];
    fh_record_id_text(id, &record->id);
    vector_begin(out, name, "record");
    vector_hex(out, "mesh", fh_bytes(mesh->b, sizeof mesh->b));
    vector_hex(out, "bytes", record->bytes);
    vector_text(out, "type", fh_record_type_text(record->type));
    vector_text(out, "id", id);
    vector_hex(out, "signer", fh_bytes(signer->public_key.b, sizeof signer->public_key.b));
    vector_value(out, "value", record->payload);
}

void vector_record_bytes(struct fh_buf *out,
                         const char *name,
                         const struct fh_mesh_id *mesh,
                         struct fh_bytes bytes,
                         const struct test_key *signer)
{
    struct fh_record record;
    FH_ASSERT(fh_record_parse(&record, bytes, mesh, NULL) == FH_OK);
    FH_ASSERT(signed_by(&record, mesh, signer));
    write_record(out, name, mesh, &record, signer);
}

void vector_record(struct fh_buf *out,
                   const char *name,
                   const struct fh_mesh_id *mesh,
                   const struct test_record *record,
                   const struct test_key *signer)
{
    vector_record_bytes(out, name, mesh, test_bytes(record), signer);
}

void vector_bad_record(struct fh_buf *out,
                       const char *name,
                       const struct fh_mesh_id *mesh,
                       const struct test_record *record)
{
    struct fh_record parsed;
    struct fh_err err = {0};
    int code = fh_record_parse(&parsed, test_bytes(record), mesh, &err);
    vector_begin(out, name, "record");
    vector_hex(out, "mesh", fh_bytes(mesh->b, sizeof mesh->b));
    vector_hex(out, "bytes", test_bytes(record));
    vector_refused(out, code, &err);
}

void vector_forged_record(struct fh_buf *out,
                          const char *name,
                          const struct fh_mesh_id *mesh,
                          const struct test_record *record,
                          const struct test_key *signer)
{
    struct fh_record parsed;
    FH_ASSERT(fh_record_parse(&parsed, test_bytes(record), mesh, NULL) == FH_OK);
    FH_ASSERT(!signed_by(&parsed, mesh, signer));
    vector_begin(out, name, "record");
    vector_hex(out, "mesh", fh_bytes(mesh->b, sizeof mesh->b));
    vector_hex(out, "bytes", test_bytes(record));
    vector_hex(out, "signer", fh_bytes(signer->public_key.b, sizeof signer->public_key.b));
    vector_text(out, "refused", "record.signature");
}
