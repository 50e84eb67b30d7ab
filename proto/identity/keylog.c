/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/keylog.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/wire/pack.h"

enum {
    PAYLOAD_VERSION = 1,
    INCEPTION_FIELDS = 7,
    ROTATION_FIELDS = 8,
    PAYLOAD_BYTES_MAX = 1024,
};

static const struct fh_mesh_id no_mesh; /* key events come before every mesh */

struct fh_hash fh_next_key_hash(const struct fh_sign_public *key)
{
    static const char tag[] = "freehold/v1/next-key";
    const struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag), fh_bytes(key->b, sizeof key->b)};
    return fh_hash_parts(parts, FH_COUNT(parts));
}

struct fh_hash fh_records_root(const struct fh_record_id *sorted, size_t count)
{
    static const char tag[] = "freehold/v1/live-records";
    for (size_t i = 1; i < count; i++) {
        FH_ASSERT(fh_record_id_compare(&sorted[i - 1], &sorted[i]) < 0);
    }
    const struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag),
                                     fh_bytes(sorted, count * sizeof *sorted)};
    return fh_hash_parts(parts, FH_COUNT(parts));
}

/* Events as records. */

static void write_event(struct fh_buf *payload, const struct fh_key_event *event)
{
    bool rotation = event->kind == FH_KEY_ROTATION;
    fh_pack_array(payload, rotation ? ROTATION_FIELDS : INCEPTION_FIELDS);
    fh_pack_uint(payload, PAYLOAD_VERSION);
    fh_pack_uint(payload, (uint64_t)event->kind);
    fh_pack_uint(payload, event->seq);
    fh_pack_bin(payload, rotation ? fh_bytes(event->prev.b, sizeof event->prev.b) : FH_BYTES_NONE);
    fh_pack_bin(payload, fh_bytes(event->key.b, sizeof event->key.b));
    fh_pack_bin(payload, fh_bytes(event->next.b, sizeof event->next.b));
    fh_pack_uint(payload, (uint64_t)event->created_ms);
    if (rotation) {
        fh_pack_bin(payload, fh_bytes(event->records_root.b, sizeof event->records_root.b));
    }
}

void fh_key_event_make(struct fh_buf *out,
                       const struct fh_key_event *event,
                       const struct fh_sign_secret *signer)
{
    FH_ASSERT(memcmp(signer->b + FH_SEED_BYTES, event->key.b, sizeof event->key.b) == 0);
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, PAYLOAD_BYTES_MAX);
    write_event(&payload, event);
    struct fh_record draft = {.type = FH_RECORD_KEY, .payload = fh_buf_view(&payload)};
    struct fh_key_event again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_key_event_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, &no_mesh, draft.payload, signer);
}

static int check_event(const struct fh_key_event *event, struct fh_err *err)
{
    if (event->kind == FH_KEY_INCEPTION && event->seq != 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.keylog.seq",
                           "key event: an inception has sequence number 0, not %llu",
                           (unsigned long long)event->seq);
    }
    if (event->kind == FH_KEY_ROTATION && event->seq == 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.keylog.seq",
                           "key event: a rotation has a sequence number from 1");
    }
    struct fh_hash own = fh_next_key_hash(&event->key);
    if (memcmp(own.b, event->next.b, sizeof own.b) == 0) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.keylog.next",
                           "key event: the next key must be another key than the current one");
    }
    return FH_OK;
}

int fh_key_event_decode(struct fh_key_event *out,
                        const struct fh_record *record,
                        struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_KEY);
    struct fh_key_event event = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t fields = INCEPTION_FIELDS;
    uint32_t count = fh_pack_read_record(&reader, fields);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    event.kind = fh_pack_read_uint(&reader, FH_KEY_ROTATION) == FH_KEY_ROTATION ? FH_KEY_ROTATION
                                                                                : FH_KEY_INCEPTION;
    event.seq = fh_pack_read_uint(&reader, UINT32_MAX);
    if (event.kind == FH_KEY_ROTATION) {
        fh_pack_read_fixed(&reader, event.prev.b, sizeof event.prev.b);
    } else {
        fh_pack_read_bin(&reader, 0);
    }
    fh_pack_read_fixed(&reader, event.key.b, sizeof event.key.b);
    fh_pack_read_fixed(&reader, event.next.b, sizeof event.next.b);
    event.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    if (event.kind == FH_KEY_ROTATION) {
        if (count < ROTATION_FIELDS) {
            fh_pack_fail(&reader, "expected the root of the live records");
        }
        fields = ROTATION_FIELDS;
        fh_pack_read_fixed(&reader, event.records_root.b, sizeof event.records_root.b);
    }
    fh_pack_read_record_end(&reader, count, fields);
    int code = fh_pack_read_ok(&reader, "key event", err);
    if (code == FH_OK) {
        code = check_event(&event, err);
    }
    if (code == FH_OK) {
        *out = event;
    }
    return code;
}

/* The chain. */

void fh_keylog_init(struct fh_keylog *log)
{
    *log = (struct fh_keylog){0};
}

void fh_keylog_fini(struct fh_keylog *log)
{
    fh_free(log->entries);
    fh_keylog_init(log);
}

/* Place, predecessor and commitment: all that needs no signature. */
static int
check_link(const struct fh_keylog *log, const struct fh_key_event *event, struct fh_err *err)
{
    if (event->kind == FH_KEY_INCEPTION) {
        if (log->count > 0) {
            return fh_err_rule(err,
                               FH_ESIG,
                               "identity.keylog.prev",
                               "key event: another inception is another domain");
        }
        return FH_OK;
    }
    if (event->seq > log->count) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "identity.keylog.gap",
                           "key event %llu: events from %zu on are not known yet",
                           (unsigned long long)event->seq,
                           log->count);
    }
    const struct fh_keylog_entry *before = &log->entries[event->seq - 1];
    if (!fh_record_id_equal(&event->prev, &before->id)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.keylog.prev",
                           "key event %llu does not follow event %llu of this domain",
                           (unsigned long long)event->seq,
                           (unsigned long long)event->seq - 1);
    }
    struct fh_hash hash = fh_next_key_hash(&event->key);
    if (memcmp(hash.b, before->event.next.b, sizeof hash.b) != 0) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.keylog.commitment",
                           "key event %llu reveals a key that event %llu did not commit to",
                           (unsigned long long)event->seq,
                           (unsigned long long)event->seq - 1);
    }
    if (event->created_ms < before->event.created_ms) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "identity.keylog.time",
                           "key event %llu is dated before its predecessor",
                           (unsigned long long)event->seq);
    }
    return FH_OK;
}

int fh_keylog_check(const struct fh_keylog *log,
                    const struct fh_record *record,
                    const struct fh_verifier *verifier,
                    struct fh_key_event *out_event,
                    enum fh_keylog_result *out_result,
                    struct fh_err *err)
{
    struct fh_key_event event;
    int code = fh_key_event_decode(&event, record, err);
    if (code != FH_OK) {
        return code;
    }
    if (event.seq < log->count && fh_record_id_equal(&record->id, &log->entries[event.seq].id)) {
        *out_event = event;
        *out_result = FH_KEYLOG_KNOWN;
        return FH_OK;
    }
    code = check_link(log, &event, err);
    if (code != FH_OK) {
        return code;
    }
    if (log->frozen) {
        return fh_err_rule(err,
                           FH_EFORK,
                           "domain.frozen",
                           "the domain is frozen: two of its key events contradict each other");
    }
    if (event.seq >= FH_KEYLOG_EVENTS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "identity.keylog.length",
                           "a key log has at most %d events",
                           FH_KEYLOG_EVENTS_MAX);
    }
    if (record->signature_count != 1 ||
        !fh_record_signed_by(record, 0, &no_mesh, &event.key, verifier)) {
        return fh_err_rule(err,
                           FH_ESIG,
                           "record.signature",
                           "key event %llu: expected one signature, by the key that it states",
                           (unsigned long long)event.seq);
    }
    *out_event = event;
    *out_result = event.seq < log->count ? FH_KEYLOG_FORKED : FH_KEYLOG_ADDED;
    return FH_OK;
}

int fh_keylog_reserve(struct fh_keylog *log)
{
    if (log->count < log->capacity) {
        return FH_OK;
    }
    size_t capacity = log->capacity == 0 ? 1 : log->capacity * 2;
    struct fh_keylog_entry *entries = fh_realloc(log->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return FH_ENOMEM;
    }
    log->entries = entries;
    log->capacity = capacity;
    return FH_OK;
}

void fh_keylog_apply(struct fh_keylog *log,
                     const struct fh_record_id *id,
                     const struct fh_key_event *event,
                     enum fh_keylog_result result)
{
    switch (result) {
    case FH_KEYLOG_KNOWN:
        break;
    case FH_KEYLOG_ADDED:
        FH_ASSERT(log->count < log->capacity);
        FH_ASSERT(event->seq == log->count);
        log->entries[log->count++] = (struct fh_keylog_entry){*id, *event};
        break;
    case FH_KEYLOG_FORKED: {
        FH_ASSERT(event->seq < log->count);
        int64_t first = log->entries[event->seq].event.created_ms;
        log->frozen = true;
        log->frozen_since_ms = event->created_ms < first ? event->created_ms : first;
        break;
    }
    }
}

int fh_keylog_at(const struct fh_keylog *log, int64_t when_ms)
{
    for (size_t i = log->count; i-- > 0;) {
        int64_t from = log->entries[i].event.created_ms;
        if (when_ms >= from || (i == 0 && when_ms >= from - FH_CLOCK_SKEW_MS)) {
            return (int)i;
        }
    }
    return -1;
}
