/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/access.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/wire/pack.h"

#include <string.h>

enum { PAYLOAD_VERSION = 1, ACCESS_FIELDS = 6 };

static const char access_prefix[] = "fha1";
static const char key_prefix[] = "fhp1";

/* ---- writing ---- */

static void encode(struct fh_buf *out, const struct fh_access *access)
{
    FH_ASSERT(access->address_count <= FH_ADDRESSES_MAX);
    FH_ASSERT(access->record_count <= FH_SESSION_RECORDS_MAX);
    fh_pack_array(out, ACCESS_FIELDS);
    fh_pack_uint(out, PAYLOAD_VERSION);
    fh_pack_bin(out, fh_bytes(access->mesh.b, sizeof access->mesh.b));
    fh_pack_bin(out, fh_bytes(access->domain.b, sizeof access->domain.b));
    fh_pack_cstr(out, access->domain_name);
    fh_pack_array(out, access->address_count);
    for (unsigned i = 0; i < access->address_count; i++) {
        fh_pack_cstr(out, access->addresses[i]);
    }
    fh_pack_array(out, access->record_count);
    for (unsigned i = 0; i < access->record_count; i++) {
        fh_pack_bin(out, access->records[i]);
    }
}

void fh_access_text(struct fh_buf *out, const struct fh_access *access)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_ACCESS_PAYLOAD_BYTES_MAX);
    encode(&payload, access);
    char *letters FH_CLEANUP(fh_freep) = NULL;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        letters = fh_alloc(FH_ARMOUR_TEXT_BYTES(payload.size));
        code = letters == NULL ? FH_ENOMEM : FH_OK;
    }
    if (code != FH_OK) {
        out->failed = out->failed == FH_OK ? code : out->failed;
        return;
    }
    fh_base32(letters, payload.data, payload.size);
    fh_buf_add_cstr(out, access_prefix);
    fh_buf_add_cstr(out, letters);
}

/* ---- reading ---- */

static int refuse(struct fh_err *err, const char *why)
{
    return fh_err_rule(err, FH_EINVAL, "identity.access.text", "access: %s", why);
}

/* What the records say they are; whether they were signed is the directory's question. */
static int check_record(const struct fh_access *access, unsigned index, struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, access->records[index], &access->mesh, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "access: record %u", index + 1);
    }
    if (record.type != FH_RECORD_KEY && record.type != FH_RECORD_DELEGATION) {
        return refuse(err, "it holds a record that is neither key event nor delegation");
    }
    bool inception = record.type == FH_RECORD_KEY &&
                     memcmp(record.id.b, access->domain.b, sizeof record.id.b) == 0;
    if (inception != (index == 0)) {
        return refuse(err, "its records do not begin with the inception of its domain");
    }
    return FH_OK;
}

static int decode(struct fh_access *out, struct fh_bytes payload, struct fh_err *err)
{
    struct fh_pack_limits limits = fh_pack_limits(FH_ACCESS_PAYLOAD_BYTES_MAX);
    int code = fh_pack_scan(payload, &limits, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "access");
    }
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, payload);
    uint32_t count = fh_pack_read_record(&reader, ACCESS_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, out->mesh.b, sizeof out->mesh.b);
    fh_pack_read_fixed(&reader, out->domain.b, sizeof out->domain.b);
    fh_pack_read_cstr(&reader, out->domain_name, sizeof out->domain_name);
    out->address_count = fh_pack_read_array(&reader, FH_ADDRESSES_MAX);
    for (unsigned i = 0; i < out->address_count && reader.failed == FH_OK; i++) {
        fh_pack_read_cstr(&reader, out->addresses[i], sizeof out->addresses[i]);
    }
    out->record_count = fh_pack_read_array(&reader, FH_SESSION_RECORDS_MAX);
    for (unsigned i = 0; i < out->record_count && reader.failed == FH_OK; i++) {
        out->records[i] = fh_pack_read_bin(&reader, payload.size);
    }
    fh_pack_read_record_end(&reader, count, ACCESS_FIELDS);
    code = fh_pack_read_ok(&reader, "access", err);
    if (code == FH_OK) {
        code = fh_name_check("access: domain", out->domain_name, err);
    }
    if (code == FH_OK && out->record_count == 0) {
        code = refuse(err, "it holds no records");
    }
    for (unsigned i = 0; i < out->record_count && code == FH_OK; i++) {
        code = check_record(out, i, err);
    }
    return code;
}

int fh_access_parse(struct fh_access *out, struct fh_bytes text, struct fh_err *err)
{
    memset(out, 0, sizeof *out);
    char *letters FH_CLEANUP(fh_freep) = fh_alloc(FH_ACCESS_TEXT_BYTES);
    if (letters == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an access");
    }
    int length = fh_armour_letters(letters, FH_ACCESS_TEXT_BYTES, text);
    if (length < 0) {
        return refuse(err, "too long");
    }
    size_t size = 0;
    if (!fh_armour_open(
            out->bytes, sizeof out->bytes, &size, access_prefix, letters, (size_t)length)) {
        return refuse(err,
                      "expected fha1 and then only letters a-z and digits 2-7; is it complete, and "
                      "the file that `freehold member add` wrote?");
    }
    return decode(out, fh_bytes(out->bytes, size), err);
}

/* ---- public keys ---- */

void fh_sign_public_text(char out[FH_SIGN_PUBLIC_TEXT_BYTES], const struct fh_sign_public *key)
{
    memcpy(out, key_prefix, FH_ARMOUR_PREFIX_BYTES);
    fh_base32(out + FH_ARMOUR_PREFIX_BYTES, key->b, sizeof key->b);
}

int fh_sign_public_parse(struct fh_sign_public *out, struct fh_bytes text, struct fh_err *err)
{
    char letters[FH_SIGN_PUBLIC_TEXT_BYTES];
    struct fh_sign_public key;
    size_t size = 0;
    int length = fh_armour_letters(letters, sizeof letters, text);
    if (length < 0 ||
        !fh_armour_open(key.b, sizeof key.b, &size, key_prefix, letters, (size_t)length) ||
        size != sizeof key.b) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "identity.key.text",
                           "no public key; expected fhp1 and 52 letters, as `freehold key create` "
                           "prints them");
    }
    *out = key;
    return FH_OK;
}
