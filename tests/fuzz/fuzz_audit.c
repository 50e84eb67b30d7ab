/* SPDX-License-Identifier: Apache-2.0 */
/* Audit logs from foreign bytes. The first byte chooses: a file with its frames, one record, or a
 * checkpoint. What is read of a record is written again and must be read alike. */
#include "common/assert.h"
#include "proto/governance/audit_chain.h"
#include "proto/wire/pack.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void file(struct fh_bytes bytes)
{
    static const struct fh_audit_position nowhere;
    struct fh_audit_cursor cursor;
    bool end = false;
    fh_audit_cursor_init(&cursor, bytes, bytes.size % 2 == 0 ? &nowhere : NULL);
    while (!end) {
        struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
        struct fh_audit_record record;
        struct fh_err err = {.rule = ""};
        size_t before = cursor.at;
        int code = fh_audit_next(&cursor, arena, &record, &end, &err);
        FH_ASSERT(cursor.at <= bytes.size);
        if (code != FH_OK) {
            FH_ASSERT(err.rule[0] != '\0' && cursor.at == before);
            return;
        }
        FH_ASSERT(end == (cursor.at == before));
    }
}

/* The detail, from what was read. */
static void pack(struct fh_buf *out, const struct fh_audit_record *record)
{
    switch (record->kind) {
    case FH_AUDIT_OPENED:
        fh_audit_opened_pack(out, &record->detail.opened);
        break;
    case FH_AUDIT_READ:
        fh_audit_read_pack(out, &record->detail.read);
        break;
    case FH_AUDIT_ENDED:
        fh_audit_ended_pack(out, &record->detail.ended);
        break;
    case FH_AUDIT_GOVERNED:
        fh_audit_governed_pack(out, &record->detail.governed);
        break;
    case FH_AUDIT_CHECKPOINT:
        fh_audit_checkpoint_pack(out, record->detail.checkpoint);
        break;
    case FH_AUDIT_RECOVERED:
        fh_audit_recovered_pack(out, &record->detail.recovered);
        break;
    case FH_AUDIT_PRUNED:
        fh_audit_pruned_pack(out, &record->detail.pruned);
        break;
    case FH_AUDIT_COUNTED:
        fh_audit_counted_pack(out, &record->detail.counted);
        break;
    default:
        fh_pack_nil(out); /* a newer kind: its detail is not kept */
    }
}

static void record(struct fh_bytes bytes)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
    struct fh_arena *second FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_AUDIT_ARENA_BYTES_MAX);
    struct fh_audit_record read;
    struct fh_audit_record again;
    struct fh_err err = {.rule = ""};
    if (fh_audit_record_parse(&read, bytes, arena, &err) != FH_OK) {
        FH_ASSERT(err.rule[0] != '\0');
        return;
    }
    struct fh_buf detail FH_CLEANUP(fh_buf_fini);
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&detail, 2 * (size_t)FH_AUDIT_RECORD_BYTES_MAX);
    fh_buf_init(&out, 2 * (size_t)FH_AUDIT_RECORD_BYTES_MAX);
    pack(&detail, &read);
    fh_audit_record_pack(&out, &read, fh_buf_view(&detail));
    FH_ASSERT(fh_buf_ok(&out) == FH_OK);
    FH_ASSERT(out.size <= bytes.size); /* less when a newer version appended fields */
    FH_ASSERT(fh_audit_record_parse(&again, fh_buf_view(&out), second, &err) == FH_OK);
}

static void checkpoint(struct fh_bytes bytes)
{
    static const struct fh_mesh_id mesh;
    struct fh_audit_checkpoint read;
    struct fh_err err = {.rule = ""};
    FH_ASSERT(fh_audit_checkpoint_open(&read, bytes, &mesh, &fh_verifier_plain, &err) == FH_OK ||
              err.rule[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || fh_crypto_init() != FH_OK) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    if (data[0] % 3 == 0) {
        file(rest);
    } else if (data[0] % 3 == 1) {
        record(rest);
    } else {
        checkpoint(rest);
    }
    return 0;
}
