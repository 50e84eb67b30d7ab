/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/audit_chain.h"

#include "common/assert.h"
#include "proto/identity/keylog.h"
#include "proto/wire/pack.h"

#include <string.h>

enum { CHECKPOINT_VERSION = 1, CHECKPOINT_FIELDS = 6 };

static const char chain_tag[] = "freehold/v1/audit";

static struct fh_hash hash_of(struct fh_bytes record)
{
    const struct fh_bytes parts[] = {fh_bytes(chain_tag, sizeof chain_tag), record};
    return fh_hash_parts(parts, FH_COUNT(parts));
}

void fh_audit_append(struct fh_buf *out,
                     struct fh_audit_position *at,
                     int64_t now_ms,
                     unsigned kind,
                     struct fh_bytes detail)
{
    static const uint8_t no_size[4];
    struct fh_audit_record record = {
        .seq = at->seq + 1,
        .time_ms = now_ms > at->time_ms ? now_ms : at->time_ms,
        .prev = at->head,
        .kind = kind,
    };
    size_t begin = out->size;
    fh_buf_add(out, no_size, sizeof no_size);
    fh_audit_record_pack(out, &record, detail);
    if (fh_buf_ok(out) != FH_OK) {
        return;
    }
    size_t size = out->size - begin - sizeof no_size;
    FH_ASSERT(size <= UINT32_MAX);
    fh_put_u32be(out->data + begin, (uint32_t)size);
    struct fh_hash hash = hash_of(fh_bytes(out->data + begin + sizeof no_size, size));
    fh_buf_add(out, hash.b, sizeof hash.b);
    if (fh_buf_ok(out) == FH_OK) {
        *at = (struct fh_audit_position){record.seq, hash, record.time_ms};
    }
}

void fh_audit_cursor_init(struct fh_audit_cursor *cursor,
                          struct fh_bytes bytes,
                          const struct fh_audit_position *last)
{
    *cursor = (struct fh_audit_cursor){.bytes = bytes, .anywhere = last == NULL};
    if (last != NULL) {
        cursor->last = *last;
    }
}

static int
refuse(struct fh_err *err, const struct fh_audit_cursor *cursor, const char *rule, const char *text)
{
    return fh_err_rule(err,
                       FH_ECHECK,
                       rule,
                       "byte %zu, behind record %llu: %s",
                       cursor->at,
                       (unsigned long long)cursor->last.seq,
                       text);
}

/* Where a size of zero stands nothing may follow. */
static int check_end(const struct fh_audit_cursor *cursor, struct fh_err *err)
{
    for (size_t i = cursor->at; i < cursor->bytes.size; i++) {
        if (cursor->bytes.data[i] != 0) {
            return refuse(err, cursor, "audit.torn", "expected nothing behind the last record");
        }
    }
    return FH_OK;
}

static int check_place(const struct fh_audit_cursor *cursor,
                       const struct fh_audit_record *record,
                       struct fh_err *err)
{
    const struct fh_audit_position *last = &cursor->last;
    if (cursor->anywhere) {
        return record->seq > 0 ? FH_OK
                               : refuse(err, cursor, "audit.seq", "records are counted from 1");
    }
    if (record->seq != last->seq + 1) {
        return fh_err_rule(err,
                           FH_ECHECK,
                           "audit.seq",
                           "byte %zu: expected record %llu, found %llu",
                           cursor->at,
                           (unsigned long long)last->seq + 1,
                           (unsigned long long)record->seq);
    }
    if (memcmp(record->prev.b, last->head.b, FH_HASH_BYTES) != 0) {
        return refuse(err, cursor, "audit.prev", "the next one does not follow that");
    }
    return record->time_ms >= last->time_ms
               ? FH_OK
               : refuse(err, cursor, "audit.time", "the next one is older than that");
}

int fh_audit_next(struct fh_audit_cursor *cursor,
                  struct fh_arena *arena,
                  struct fh_audit_record *out,
                  bool *out_end,
                  struct fh_err *err)
{
    size_t left = cursor->bytes.size - cursor->at;
    const uint8_t *frame = left < 4 ? NULL : cursor->bytes.data + cursor->at;
    uint32_t size = left < 4 ? 0 : fh_get_u32be(frame);
    *out_end = size == 0;
    if (size == 0) {
        return check_end(cursor, err);
    }
    if (size > FH_AUDIT_RECORD_BYTES_MAX || left < FH_AUDIT_FRAME_BYTES ||
        left - FH_AUDIT_FRAME_BYTES < size) {
        return refuse(err, cursor, "audit.torn", "the next one is longer than what is there");
    }
    struct fh_bytes bytes = fh_bytes(frame + 4, size);
    struct fh_hash hash = hash_of(bytes);
    if (memcmp(hash.b, frame + 4 + size, FH_HASH_BYTES) != 0) {
        return refuse(err, cursor, "audit.hash", "the next one is not what was hashed");
    }
    struct fh_audit_record record;
    int code = fh_audit_record_parse(&record, bytes, arena, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "byte %zu", cursor->at);
    }
    code = check_place(cursor, &record, err);
    if (code == FH_OK) {
        cursor->at += FH_AUDIT_FRAME_BYTES + size;
        cursor->last = (struct fh_audit_position){record.seq, hash, record.time_ms};
        cursor->anywhere = false;
        *out = record;
    }
    return code;
}

/* ---- checkpoints ---- */

void fh_audit_checkpoint_payload(struct fh_buf *out, const struct fh_audit_checkpoint *checkpoint)
{
    fh_pack_array(out, CHECKPOINT_FIELDS);
    fh_pack_uint(out, CHECKPOINT_VERSION);
    fh_pack_bin(out, fh_bytes(checkpoint->domain.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(checkpoint->key.b, sizeof checkpoint->key.b));
    fh_pack_uint(out, checkpoint->seq);
    fh_pack_bin(out, fh_bytes(checkpoint->head.b, FH_HASH_BYTES));
    fh_pack_uint(out, (uint64_t)checkpoint->time_ms);
}

static int
read_payload(struct fh_audit_checkpoint *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_audit_checkpoint read = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, payload);
    uint32_t count = fh_pack_read_record(&reader, CHECKPOINT_FIELDS);
    fh_pack_read_version(&reader, CHECKPOINT_VERSION);
    fh_pack_read_fixed(&reader, read.domain.b, FH_ID_BYTES);
    fh_pack_read_fixed(&reader, read.key.b, sizeof read.key.b);
    read.seq = fh_pack_read_uint(&reader, UINT64_MAX);
    fh_pack_read_fixed(&reader, read.head.b, FH_HASH_BYTES);
    read.time_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_record_end(&reader, count, CHECKPOINT_FIELDS);
    int code = fh_pack_read_ok(&reader, "audit checkpoint", err);
    if (code == FH_OK && read.seq == 0) {
        code = fh_err_rule(
            err, FH_EINVAL, "audit.form", "audit checkpoint: expected one of a record, from 1");
    }
    if (code == FH_OK) {
        *out = read;
    }
    return code;
}

int fh_audit_checkpoint_open(struct fh_audit_checkpoint *out,
                             struct fh_bytes bytes,
                             const struct fh_mesh_id *mesh,
                             const struct fh_verifier *verifier,
                             struct fh_err *err)
{
    struct fh_audit_checkpoint read;
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, mesh, err);
    if (code == FH_OK && record.type != FH_RECORD_AUDIT_CHECKPOINT) {
        code = fh_err_rule(err, FH_EINVAL, "audit.form", "the record is no audit checkpoint");
    }
    if (code == FH_OK) {
        code = read_payload(&read, record.payload, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (record.signature_count != 1 ||
        !fh_record_signed_by(&record, 0, mesh, &read.key, verifier)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signature",
                           "the audit checkpoint is not signed by the node that it names");
    }
    *out = read;
    return FH_OK;
}
