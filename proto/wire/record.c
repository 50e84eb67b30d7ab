/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/record.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

#include <string.h>

enum {
    ENVELOPE_VERSION = 1,
    ENVELOPE_FIELDS = 4,
    ENVELOPE_BYTES_MAX = FH_RECORD_BYTES_MAX,
    INPUT_PREFIX_BYTES_MAX = 64 + FH_ID_BYTES + 8, /* tag, mesh, length */
    INPUT_ON_STACK_BYTES_MAX = 2048,               /* everything but contracts and large requests */
};

struct type_row {
    unsigned type;
    const char *text;
    size_t payload_max;
};

static const struct type_row type_rows[] = {
#define X(name, code, text, max) {(code), (text), (max)},
    FH_RECORD_TYPES(X)
#undef X
};

static const struct type_row *row_of(unsigned type)
{
    for (size_t i = 0; i < FH_COUNT(type_rows); i++) {
        if (type_rows[i].type == type) {
            return &type_rows[i];
        }
    }
    return NULL;
}

const char *fh_record_type_text(unsigned type)
{
    const struct type_row *row = row_of(type);
    return row != NULL ? row->text : "unknown";
}

struct fh_mesh_id fh_record_mesh(unsigned type, const struct fh_mesh_id *mesh)
{
    static const struct fh_mesh_id zero;
    return type == FH_RECORD_KEY ? zero : *mesh;
}

/* Signature input without the payload: "freehold/v1/<type>\0" || mesh || u64be(size). */
static size_t
input_prefix(uint8_t *out, unsigned type, const struct fh_mesh_id *mesh, size_t payload_size)
{
    static const char tag[] = "freehold/v1/";
    const struct type_row *row = row_of(type);
    FH_ASSERT(row != NULL);
    struct fh_mesh_id signed_mesh = fh_record_mesh(type, mesh);
    size_t size = sizeof tag - 1;
    memcpy(out, tag, size);
    memcpy(out + size, row->text, strlen(row->text) + 1);
    size += strlen(row->text) + 1;
    memcpy(out + size, signed_mesh.b, sizeof signed_mesh.b);
    size += sizeof signed_mesh.b;
    fh_put_u64be(out + size, payload_size);
    return size + 8;
}

void fh_record_id_pack(struct fh_buf *out, const struct fh_record_id *id)
{
    fh_pack_optional(out, id->b, sizeof id->b);
}

void fh_record_id_read(struct fh_record_id *out, struct fh_pack_reader *reader)
{
    *out = (struct fh_record_id){{0}};
    (void)fh_pack_read_optional(reader, out->b, sizeof out->b);
}

struct fh_record_id
fh_record_id_of(unsigned type, const struct fh_mesh_id *mesh, struct fh_bytes payload)
{
    uint8_t prefix[INPUT_PREFIX_BYTES_MAX];
    const struct fh_bytes parts[] = {
        fh_bytes(prefix, input_prefix(prefix, type, mesh, payload.size)), payload};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    struct fh_record_id id;
    memcpy(id.b, hash.b, sizeof id.b);
    return id;
}

/* The signature input in one piece, as Ed25519 wants it: on the stack when small. */
struct input {
    uint8_t small[INPUT_ON_STACK_BYTES_MAX];
    struct fh_buf large;
    struct fh_bytes bytes;
};

static int
input_init(struct input *in, unsigned type, const struct fh_mesh_id *mesh, struct fh_bytes payload)
{
    uint8_t prefix[INPUT_PREFIX_BYTES_MAX];
    size_t prefix_size = input_prefix(prefix, type, mesh, payload.size);
    fh_buf_init(&in->large, sizeof prefix + ENVELOPE_BYTES_MAX);
    uint8_t *at = in->small;
    if (prefix_size + payload.size > sizeof in->small) {
        at = fh_buf_reserve(&in->large, prefix_size + payload.size);
        if (at == NULL) {
            return in->large.failed;
        }
    }
    memcpy(at, prefix, prefix_size);
    if (payload.size > 0) {
        memcpy(at + prefix_size, payload.data, payload.size);
    }
    in->bytes = fh_bytes(at, prefix_size + payload.size);
    return FH_OK;
}

static void input_fini(struct input *in)
{
    fh_buf_fini(&in->large);
}

bool fh_record_may_together(unsigned type)
{
    return type == FH_RECORD_REQUEST || type == FH_RECORD_RECEIPT;
}

/* The rest of a signature for several records. */
static void read_together(struct fh_record *record, struct fh_pack_reader *reader)
{
    struct fh_together *way = &record->together;
    way->sides = (unsigned)fh_pack_read_uint(reader, (1U << FH_TOGETHER_DEPTH_MAX) - 1);
    way->depth = fh_pack_read_array(reader, FH_TOGETHER_DEPTH_MAX);
    for (unsigned i = 0; i < way->depth && reader->failed == FH_OK; i++) {
        fh_pack_read_fixed(reader, way->path[i].b, sizeof way->path[i].b);
    }
    if (!fh_record_may_together(record->type) || record->signature_count != 1) {
        fh_pack_fail(reader, "expected a signature over this record alone");
    } else if (way->depth == 0 || way->sides >> way->depth != 0) {
        fh_pack_fail(reader, "expected a way of 1 to 4 hashes, and a side for each");
    }
}

static int read_signatures(struct fh_record *record, struct fh_pack_reader *reader)
{
    record->signature_count = fh_pack_read_array(reader, FH_RECORD_SIGNATURES_MAX);
    for (unsigned i = 0; i < record->signature_count && reader->failed == FH_OK; i++) {
        struct fh_record_signature *signature = &record->signatures[i];
        uint32_t fields = fh_pack_read_array(reader, 4);
        if (fields != 2 && fields != 4) {
            fh_pack_fail(reader, "expected a pair of key ref and signature");
        }
        fh_pack_read_fixed(reader, signature->key.b, sizeof signature->key.b);
        fh_pack_read_fixed(reader, signature->signature.b, sizeof signature->signature.b);
        if (fields == 4) {
            read_together(record, reader);
        }
        if (i > 0 && memcmp(signature[-1].key.b, signature->key.b, FH_REF_BYTES) >= 0) {
            fh_pack_fail(reader, "expected signatures in ascending order of key ref, no key twice");
        }
    }
    return reader->failed;
}

size_t fh_record_payload_max(unsigned type)
{
    const struct type_row *row = row_of(type);
    return row != NULL ? row->payload_max : (size_t)FH_RECORD_BYTES_MAX;
}

static int check_payload(const struct fh_record *record, struct fh_err *err)
{
    size_t max = fh_record_payload_max(record->type);
    if (record->payload.size > max) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "record.size",
                           "%s record: payload of %zu bytes: expected at most %zu",
                           fh_record_type_text(record->type),
                           record->payload.size,
                           max);
    }
    struct fh_pack_limits limits = fh_pack_limits(max);
    int code = fh_pack_scan(record->payload, &limits, err);
    if (code != FH_OK) {
        fh_err_wrap(err, "%s record: payload", fh_record_type_text(record->type));
    }
    return code;
}

int fh_record_parse(struct fh_record *out,
                    struct fh_bytes bytes,
                    const struct fh_mesh_id *mesh,
                    struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(ENVELOPE_BYTES_MAX);
    int code = fh_pack_scan(bytes, &limits, err);
    if (code != FH_OK) {
        fh_err_wrap(err, "record");
        return code;
    }
    struct fh_record record = {.bytes = bytes};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, bytes);
    uint32_t fields = fh_pack_read_record(&reader, ENVELOPE_FIELDS);
    uint64_t version = fh_pack_read_uint(&reader, UINT64_MAX);
    if (reader.failed == FH_OK && version != ENVELOPE_VERSION) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "record.version",
                           "record of envelope version %llu: expected %d",
                           (unsigned long long)version,
                           ENVELOPE_VERSION);
    }
    if (reader.failed == FH_OK && fields != ENVELOPE_FIELDS) {
        /* Unsigned room in the envelope would let anybody make new bytes of an old record. */
        fh_pack_fail(&reader, "expected exactly 4 fields in the envelope");
    }
    record.type = (unsigned)fh_pack_read_uint(&reader, UINT16_MAX);
    record.payload = fh_pack_read_bin(&reader, ENVELOPE_BYTES_MAX);
    read_signatures(&record, &reader);
    if (reader.failed == FH_OK && record.signature_count == 0) {
        fh_pack_fail(&reader, "expected at least one signature");
    }
    code = fh_pack_read_ok(&reader, "record", err);
    if (code != FH_OK) {
        return fh_err_rule(
            err, code, "record.envelope", "record: byte %zu: %s", reader.fail_at, reader.why);
    }
    code = check_payload(&record, err);
    if (code != FH_OK) {
        return code;
    }
    if (row_of(record.type) != NULL) {
        record.id = fh_record_id_of(record.type, mesh, record.payload);
    }
    *out = record;
    return FH_OK;
}

static struct fh_ref ref_of(const struct fh_sign_public *key)
{
    struct fh_key_id id = fh_key_id_of(key);
    return fh_key_id_ref(&id);
}

bool fh_record_signed_by(const struct fh_record *record,
                         unsigned index,
                         const struct fh_mesh_id *mesh,
                         const struct fh_sign_public *key,
                         const struct fh_verifier *verifier)
{
    FH_ASSERT(index < record->signature_count);
    const struct fh_record_signature *signature = &record->signatures[index];
    struct fh_ref ref = ref_of(key);
    if (row_of(record->type) == NULL || !fh_ref_equal(&signature->key, &ref)) {
        return false;
    }
    if (record->together.depth > 0) {
        uint8_t signed_bytes[FH_TOGETHER_INPUT_BYTES];
        struct fh_record_id id = fh_record_id_of(record->type, mesh, record->payload);
        struct fh_hash root = fh_together_root(&record->together, &id);
        fh_together_input(signed_bytes, mesh, &root);
        return verifier->verify(verifier->user,
                                &signature->signature,
                                fh_bytes(signed_bytes, sizeof signed_bytes),
                                key);
    }
    struct input in;
    bool right = input_init(&in, record->type, mesh, record->payload) == FH_OK &&
                 verifier->verify(verifier->user, &signature->signature, in.bytes, key);
    input_fini(&in);
    return right;
}

static struct fh_sign_public public_of(const struct fh_sign_secret *secret)
{
    struct fh_sign_public key;
    memcpy(key.b, secret->b + FH_SEED_BYTES, sizeof key.b);
    return key;
}

static int sign_payload(struct fh_record_signature *out,
                        unsigned type,
                        const struct fh_mesh_id *mesh,
                        struct fh_bytes payload,
                        const struct fh_sign_secret *signer)
{
    struct fh_sign_public key = public_of(signer);
    struct input in;
    int code = input_init(&in, type, mesh, payload);
    if (code == FH_OK) {
        out->key = ref_of(&key);
        fh_sign(&out->signature, in.bytes, signer);
    }
    input_fini(&in);
    return code;
}

/* Up to the signatures, of which there are `count`. */
static void begin_record(struct fh_buf *out, unsigned type, struct fh_bytes payload, unsigned count)
{
    fh_pack_array(out, ENVELOPE_FIELDS);
    fh_pack_uint(out, ENVELOPE_VERSION);
    fh_pack_uint(out, type);
    fh_pack_bin(out, payload);
    fh_pack_array(out, count);
}

/* Key ref and signature, in an array of `fields`. */
static void
put_signature(struct fh_buf *out, const struct fh_record_signature *signature, uint32_t fields)
{
    fh_pack_array(out, fields);
    fh_pack_bin(out, fh_bytes(signature->key.b, sizeof signature->key.b));
    fh_pack_bin(out, fh_bytes(signature->signature.b, sizeof signature->signature.b));
}

static void write_record(struct fh_buf *out,
                         unsigned type,
                         struct fh_bytes payload,
                         const struct fh_record_signature *signatures,
                         unsigned count)
{
    begin_record(out, type, payload, count);
    for (unsigned i = 0; i < count; i++) {
        put_signature(out, &signatures[i], 2);
    }
}

static void write_together(struct fh_buf *out,
                           unsigned type,
                           struct fh_bytes payload,
                           const struct fh_record_signature *signature,
                           const struct fh_together *way)
{
    begin_record(out, type, payload, 1);
    put_signature(out, signature, 4);
    fh_pack_uint(out, way->sides);
    fh_pack_array(out, way->depth);
    for (unsigned i = 0; i < way->depth; i++) {
        fh_pack_bin(out, fh_bytes(way->path[i].b, sizeof way->path[i].b));
    }
}

static void fail(struct fh_buf *out, int code)
{
    if (out->failed == FH_OK) {
        out->failed = code;
    }
}

void fh_record_seal(struct fh_buf *out,
                    unsigned type,
                    const struct fh_mesh_id *mesh,
                    struct fh_bytes payload,
                    const struct fh_sign_secret *signer)
{
    const struct type_row *row = row_of(type);
    FH_ASSERT(row != NULL);
    struct fh_record_signature signature;
    int code = payload.size > row->payload_max
                   ? FH_ETOOBIG
                   : sign_payload(&signature, type, mesh, payload, signer);
    if (code != FH_OK) {
        fail(out, code);
        return;
    }
    write_record(out, type, payload, &signature, 1);
}

void fh_record_seal_together(struct fh_buf *const *outs,
                             unsigned type,
                             const struct fh_mesh_id *mesh,
                             const struct fh_bytes *payloads,
                             unsigned count,
                             const struct fh_sign_secret *signer)
{
    const struct type_row *row = row_of(type);
    FH_ASSERT(row != NULL && fh_record_may_together(type));
    FH_ASSERT(count >= 1 && count <= FH_TOGETHER_MAX);
    if (count == 1) {
        fh_record_seal(outs[0], type, mesh, payloads[0], signer);
        return;
    }
    struct fh_record_id ids[FH_TOGETHER_MAX];
    struct fh_together ways[FH_TOGETHER_MAX];
    struct fh_record_signature signature;
    struct fh_hash root;
    uint8_t input[FH_TOGETHER_INPUT_BYTES];
    struct fh_sign_public key = public_of(signer);
    for (unsigned i = 0; i < count; i++) {
        ids[i] = fh_record_id_of(type, mesh, payloads[i]);
    }
    fh_together_make(&root, ways, ids, count);
    fh_together_input(input, mesh, &root);
    signature.key = ref_of(&key);
    fh_sign(&signature.signature, fh_bytes(input, sizeof input), signer);
    for (unsigned i = 0; i < count; i++) {
        if (payloads[i].size > row->payload_max) {
            fail(outs[i], FH_ETOOBIG);
        } else {
            write_together(outs[i], type, payloads[i], &signature, &ways[i]);
        }
    }
}

void fh_record_join(struct fh_buf *out,
                    unsigned type,
                    struct fh_bytes payload,
                    const struct fh_record_signature *signature)
{
    fh_record_join_all(out, type, payload, signature, 1);
}

void fh_record_join_all(struct fh_buf *out,
                        unsigned type,
                        struct fh_bytes payload,
                        const struct fh_record_signature *signatures,
                        unsigned count)
{
    const struct type_row *row = row_of(type);
    FH_ASSERT(row != NULL);
    FH_ASSERT(count >= 1 && count <= FH_RECORD_SIGNATURES_MAX);
    for (unsigned i = 1; i < count; i++) {
        FH_ASSERT(memcmp(signatures[i - 1].key.b, signatures[i].key.b, FH_REF_BYTES) < 0);
    }
    if (payload.size > row->payload_max) {
        fail(out, FH_ETOOBIG);
        return;
    }
    write_record(out, type, payload, signatures, count);
}

void fh_record_seal_checked(struct fh_buf *out,
                            int code,
                            unsigned type,
                            const struct fh_mesh_id *mesh,
                            struct fh_bytes payload,
                            const struct fh_sign_secret *signer)
{
    if (code != FH_OK) {
        fail(out, code);
        return;
    }
    fh_record_seal(out, type, mesh, payload, signer);
}

void fh_record_cosign(struct fh_buf *out,
                      const struct fh_record *record,
                      const struct fh_mesh_id *mesh,
                      const struct fh_sign_secret *signer)
{
    struct fh_record_signature all[FH_RECORD_SIGNATURES_MAX];
    struct fh_record_signature added;
    int code = sign_payload(&added, record->type, mesh, record->payload, signer);
    if (code != FH_OK) {
        fail(out, code);
        return;
    }
    unsigned count = 0;
    bool placed = false;
    for (unsigned i = 0; i <= record->signature_count; i++) {
        bool at_end = i == record->signature_count;
        int order = at_end ? 1 : memcmp(record->signatures[i].key.b, added.key.b, FH_REF_BYTES);
        if (!placed && order >= 0) {
            if (count == FH_RECORD_SIGNATURES_MAX) {
                fail(out, FH_ETOOBIG);
                return;
            }
            all[count++] = added;
            placed = true;
            if (order == 0 && !at_end) {
                continue; /* the signer's earlier signature gives way to the same one */
            }
        }
        if (!at_end) {
            if (count == FH_RECORD_SIGNATURES_MAX) {
                fail(out, FH_ETOOBIG);
                return;
            }
            all[count++] = record->signatures[i];
        }
    }
    write_record(out, record->type, record->payload, all, count);
}
