/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/grant.h"

#include "common/assert.h"
#include "proto/identity/delegation.h"

#include <stdio.h>
#include <string.h>

enum { PAYLOAD_VERSION = 1, GRANT_FIELDS = 16, END_FIELDS = 5 };

static const char *const kind_texts[FH_GRANTEE_KIND_COUNT] = {
    [FH_GRANTEE_DOMAIN] = "domain",
    [FH_GRANTEE_KEY] = "key",
};

const char *fh_grantee_kind_text(unsigned kind)
{
    return kind < FH_GRANTEE_KIND_COUNT ? kind_texts[kind] : "unknown";
}

/* ---- checks ---- */

static int refuse(struct fh_err *err, const char *rule, const char *text)
{
    return fh_err_rule(err, FH_EINVAL, rule, "grant: %s", text);
}

static int check_time(const struct fh_grant *grant, struct fh_err *err)
{
    if (grant->not_before_ms < 0 || grant->not_after_ms <= grant->not_before_ms ||
        grant->not_after_ms - grant->not_before_ms > FH_GRANT_LIFE_MS) {
        return refuse(err, "grant.time", "expected its end after its beginning, within 366 days");
    }
    return FH_OK;
}

/* What a stolen token could give away is what somebody asked for, to whom asked, for a while. */
static int check_of_token(const struct fh_grant *grant, struct fh_err *err)
{
    if (grant->token.size == 0) {
        return FH_OK;
    }
    if (fh_record_id_is_zero(&grant->request) || grant->grantee_kind != FH_GRANTEE_KEY ||
        grant->purposes.count != 1 || grant->relay_allowed) {
        return refuse(err,
                      "grant.token",
                      "a token answers a request: it grants to the key that asked, for the purpose "
                      "that was stated, and lets no third domain join; use a publisher's key");
    }
    if (grant->not_after_ms - grant->not_before_ms > FH_TOKEN_GRANT_LIFE_MS) {
        return refuse(err,
                      "grant.token.time",
                      "a token grants for 90 days at most; use a publisher's key for longer");
    }
    return FH_OK;
}

int fh_grant_check(const struct fh_grant *grant, struct fh_err *err)
{
    int code = fh_name_check("product", grant->product, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "grant");
    }
    code = fh_text_list_check(&grant->purposes, "grant.purposes", "grant: purposes", err);
    if (code == FH_OK) {
        code = fh_text_list_check_columns(&grant->columns, "grant.columns", "grant: columns", err);
    }
    if (code == FH_OK && !fh_text_printable(grant->rows)) {
        code = refuse(err, "grant.rows", "expected a row scope without control characters");
    }
    if (code == FH_OK && !fh_text_printable(grant->note)) {
        code = refuse(err, "grant.note", "expected a note without control characters");
    }
    if (code == FH_OK) {
        code = check_time(grant, err);
    }
    return code == FH_OK ? check_of_token(grant, err) : code;
}

/* ---- records ---- */

static void pack_grant(struct fh_buf *out, const struct fh_grant *grant)
{
    fh_pack_array(out, GRANT_FIELDS + fh_token_carried_fields(grant->token));
    fh_pack_uint(out, PAYLOAD_VERSION);
    fh_pack_bin(out, fh_bytes(grant->owner.b, FH_ID_BYTES));
    fh_pack_uint(out, (uint64_t)grant->grantee_kind);
    fh_pack_bin(out, fh_bytes(grant->grantee, FH_ID_BYTES));
    fh_pack_cstr(out, grant->product);
    fh_pack_uint(out, grant->major);
    fh_text_list_pack(out, &grant->purposes);
    fh_text_list_pack(out, &grant->columns);
    fh_pack_cstr(out, grant->rows);
    fh_pack_uint(out, grant->rows_per_day);
    fh_pack_uint(out, grant->queries_per_hour);
    fh_pack_bool(out, grant->relay_allowed);
    fh_pack_uint(out, (uint64_t)grant->not_before_ms);
    fh_pack_uint(out, (uint64_t)grant->not_after_ms);
    fh_pack_cstr(out, grant->note);
    fh_record_id_pack(out, &grant->request);
    fh_token_carry(out, grant->token);
}

/* Reads again what was packed, in memory of its own: nothing is sealed that is not read. */
static int read_back(const struct fh_record *draft)
{
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct fh_grant again;
    return arena == NULL ? FH_ENOMEM : fh_grant_decode(&again, draft, arena, NULL);
}

void fh_grant_make(struct fh_buf *out,
                   const struct fh_grant *grant,
                   const struct fh_mesh_id *mesh,
                   const struct fh_sign_secret *signer)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_GRANT_BYTES_MAX);
    pack_grant(&payload, grant);
    struct fh_record draft = {.type = FH_RECORD_GRANT, .payload = fh_buf_view(&payload)};
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = read_back(&draft);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, signer);
}

int fh_grant_decode(struct fh_grant *out,
                    const struct fh_record *record,
                    struct fh_arena *arena,
                    struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_GRANT);
    struct fh_grant grant = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, GRANT_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, grant.owner.b, FH_ID_BYTES);
    grant.grantee_kind =
        (enum fh_grantee_kind)fh_pack_read_uint(&reader, FH_GRANTEE_KIND_COUNT - 1);
    fh_pack_read_fixed(&reader, grant.grantee, FH_ID_BYTES);
    fh_pack_read_cstr(&reader, grant.product, sizeof grant.product);
    grant.major = (uint32_t)fh_pack_read_uint(&reader, UINT32_MAX);
    fh_text_list_read(&grant.purposes, &reader, FH_GRANT_PURPOSES_MAX, FH_PURPOSE_BYTES_MAX, arena);
    fh_text_list_read(
        &grant.columns, &reader, FH_GRANT_COLUMNS_MAX, FH_GRANT_COLUMN_BYTES_MAX, arena);
    grant.rows = fh_text_read(&reader, FH_GRANT_ROWS_BYTES_MAX, arena);
    grant.rows_per_day = fh_pack_read_uint(&reader, UINT64_MAX);
    grant.queries_per_hour = fh_pack_read_uint(&reader, UINT64_MAX);
    grant.relay_allowed = fh_pack_read_bool(&reader);
    grant.not_before_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    grant.not_after_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    grant.note = fh_text_read(&reader, FH_GRANT_NOTE_BYTES_MAX, arena);
    fh_record_id_read(&grant.request, &reader);
    uint32_t known = fh_token_read_carried(&grant.token, &reader, count, GRANT_FIELDS);
    fh_pack_read_record_end(&reader, count, known);
    int code = fh_pack_read_ok(&reader, "grant", err);
    if (code == FH_OK) {
        code = fh_grant_check(&grant, err);
    }
    if (code == FH_OK) {
        *out = grant;
    }
    return code;
}

void fh_grant_end_make(struct fh_buf *out,
                       const struct fh_grant_end *end,
                       const struct fh_mesh_id *mesh,
                       const struct fh_sign_secret *signer)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_GRANT_BYTES_MAX);
    fh_pack_array(&payload, END_FIELDS);
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(end->owner.b, FH_ID_BYTES));
    fh_pack_bin(&payload, fh_bytes(end->grant.b, FH_ID_BYTES));
    fh_pack_uint(&payload, (uint64_t)end->since_ms);
    fh_pack_uint(&payload, (uint64_t)end->created_ms);
    struct fh_record draft = {.type = FH_RECORD_GRANT_END, .payload = fh_buf_view(&payload)};
    struct fh_grant_end again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_grant_end_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, signer);
}

int fh_grant_end_decode(struct fh_grant_end *out,
                        const struct fh_record *record,
                        struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_GRANT_END);
    struct fh_grant_end end = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, END_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, end.owner.b, FH_ID_BYTES);
    fh_pack_read_fixed(&reader, end.grant.b, FH_ID_BYTES);
    end.since_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    end.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    fh_pack_read_record_end(&reader, count, END_FIELDS);
    int code = fh_pack_read_ok(&reader, "grant end", err);
    if (code == FH_OK) {
        *out = end;
    }
    return code;
}

int fh_grant_verify(const struct fh_directory *dir,
                    const struct fh_record *record,
                    const struct fh_grant *grant,
                    const char *owner_name,
                    int64_t when_ms,
                    struct fh_token_signer *out,
                    struct fh_err *err)
{
    struct fh_token_signer by;
    int code = fh_token_verify_signer(&by,
                                      dir,
                                      record,
                                      &grant->owner,
                                      grant->token,
                                      FH_TOKEN_DECIDE,
                                      FH_ROLES_PUBLISHING,
                                      when_ms,
                                      err);
    if (code == FH_OK && by.by_token) {
        code = fh_token_check_purpose(&by.token, grant->purposes.texts[0], err);
    }
    if (code == FH_OK && by.by_token) {
        code = fh_token_check_product(&by.token, owner_name, grant->product, grant->major, err);
    }
    if (code == FH_OK && out != NULL) {
        *out = by;
    }
    return code;
}

/* ---- judging ---- */

static const char *const verdict_texts[FH_GRANT_VERDICT_COUNT] = {
#define X(name, text) [FH_GRANT_##name] = (text),
    FH_GRANT_VERDICTS(X)
#undef X
};

const char *fh_grant_verdict_text(unsigned verdict)
{
    return verdict < FH_GRANT_VERDICT_COUNT ? verdict_texts[verdict] : "unknown";
}

static bool is_for(const struct fh_grant *grant, const struct fh_grant_ask *ask)
{
    const uint8_t *who = grant->grantee_kind == FH_GRANTEE_DOMAIN ? ask->consumer.b : ask->key.b;
    return memcmp(grant->grantee, who, FH_ID_BYTES) == 0;
}

enum fh_grant_verdict fh_grant_covers(const struct fh_grant_held *held,
                                      const struct fh_grant_ask *ask)
{
    const struct fh_grant *grant = &held->grant;
    bool third = !fh_domain_id_equal(&ask->entry, &ask->consumer) &&
                 !fh_domain_id_equal(&ask->entry, &grant->owner);
    if (!is_for(grant, ask)) {
        return FH_GRANT_OF_OTHER;
    }
    if (strcmp(grant->product, ask->product) != 0) {
        return FH_GRANT_OTHER_PRODUCT;
    }
    if (grant->major != 0 && grant->major != ask->major) {
        return FH_GRANT_OTHER_VERSION;
    }
    if (ask->now_ms > grant->not_after_ms) {
        return FH_GRANT_EXPIRED;
    }
    if (ask->now_ms >= held->ended_ms) {
        return FH_GRANT_ENDED;
    }
    if (ask->now_ms < grant->not_before_ms) {
        return FH_GRANT_NOT_YET;
    }
    if (grant->purposes.count > 0 && !fh_text_list_has(&grant->purposes, ask->purpose)) {
        return FH_GRANT_OTHER_PURPOSE;
    }
    return third && !grant->relay_allowed ? FH_GRANT_NO_RELAY : FH_GRANT_COVERS;
}

bool fh_grant_has_column(const struct fh_grant *grant, const char *table, const char *column)
{
    char text[FH_GRANT_COLUMN_BYTES_MAX + 1];
    if (grant->columns.count == 0) {
        return true;
    }
    int length = snprintf(text, sizeof text, "%s.%s", table, column);
    return length > 0 && (size_t)length < sizeof text && fh_text_list_has(&grant->columns, text);
}
