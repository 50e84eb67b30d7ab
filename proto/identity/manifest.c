/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/manifest.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/wire/pack.h"

enum {
    PAYLOAD_VERSION = 1,
    MANIFEST_FIELDS = 4,
    PAYLOAD_BYTES_MAX = FH_MANIFEST_IDS_MAX * 34 + 1024,
};

void fh_manifest_make(struct fh_buf *out,
                      const struct fh_manifest *manifest,
                      const struct fh_mesh_id *mesh,
                      const struct fh_sign_secret *domain_key)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_manifest again = {.count = 0};
    fh_buf_init(&payload, PAYLOAD_BYTES_MAX);
    fh_pack_array(&payload, MANIFEST_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(manifest->domain.b, sizeof manifest->domain.b));
    fh_pack_uint(&payload, manifest->seq);
    fh_pack_array(&payload, (uint32_t)manifest->count);
    for (size_t i = 0; i < manifest->count; i++) {
        fh_pack_bin(&payload, fh_bytes(manifest->ids[i].b, sizeof manifest->ids[i].b));
    }
    struct fh_record draft = {.type = FH_RECORD_MANIFEST, .payload = fh_buf_view(&payload)};
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_manifest_decode(&again, &draft, NULL);
    }
    fh_free(again.ids);
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, domain_key);
}

static int check_order(const struct fh_manifest *manifest, struct fh_err *err)
{
    for (size_t i = 1; i < manifest->count; i++) {
        if (fh_record_id_compare(&manifest->ids[i - 1], &manifest->ids[i]) >= 0) {
            return fh_err_rule(err,
                               FH_EINVAL,
                               "identity.manifest.order",
                               "manifest: expected record ids in ascending order, each once");
        }
    }
    if (manifest->seq == 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.manifest.seq",
                           "manifest: expected the number of a rotation, from 1");
    }
    return FH_OK;
}

int fh_manifest_decode(struct fh_manifest *out, const struct fh_record *record, struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_MANIFEST);
    struct fh_manifest manifest = {.count = 0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t fields = fh_pack_read_record(&reader, MANIFEST_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, manifest.domain.b, sizeof manifest.domain.b);
    manifest.seq = fh_pack_read_uint(&reader, UINT32_MAX);
    uint32_t count = fh_pack_read_array(&reader, FH_MANIFEST_IDS_MAX);
    if (reader.failed == FH_OK) {
        manifest.ids = fh_calloc((size_t)count + 1, sizeof *manifest.ids);
        if (manifest.ids == NULL) {
            return fh_err_set(err, FH_ENOMEM, "no memory for a manifest");
        }
    }
    while (reader.failed == FH_OK && manifest.count < count) {
        fh_pack_read_fixed(
            &reader, manifest.ids[manifest.count].b, sizeof manifest.ids[manifest.count].b);
        manifest.count++;
    }
    fh_pack_read_record_end(&reader, fields, MANIFEST_FIELDS);
    int code = fh_pack_read_ok(&reader, "manifest", err);
    if (code == FH_OK) {
        code = check_order(&manifest, err);
    }
    if (code != FH_OK) {
        fh_free(manifest.ids);
        return code;
    }
    *out = manifest;
    return FH_OK;
}

bool fh_manifest_has(const struct fh_manifest *manifest, const struct fh_record_id *id)
{
    size_t low = 0;
    size_t high = manifest->count;
    while (low < high) {
        size_t at = low + (high - low) / 2;
        int order = fh_record_id_compare(&manifest->ids[at], id);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? at + 1 : low;
        high = order < 0 ? high : at;
    }
    return false;
}
