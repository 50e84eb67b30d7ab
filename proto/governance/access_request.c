/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/access_request.h"

#include "common/assert.h"
#include "proto/identity/delegation.h"

#include <string.h>

enum { PAYLOAD_VERSION = 1, REQUEST_FIELDS = 11, ANSWER_FIELDS = 7 };

static const char *const outcome_texts[FH_ACCESS_OUTCOME_COUNT] = {
    [FH_ACCESS_APPROVED] = "approved",
    [FH_ACCESS_DENIED] = "denied",
};

const char *fh_access_outcome_text(unsigned outcome)
{
    return outcome < FH_ACCESS_OUTCOME_COUNT ? outcome_texts[outcome] : "unknown";
}

static int refuse(struct fh_err *err, const char *rule, const char *text)
{
    return fh_err_rule(err, FH_EINVAL, rule, "access %s", text);
}

/* ---- requests ---- */

int fh_access_request_check(const struct fh_access_request *request, struct fh_err *err)
{
    int code = fh_name_check("product", request->product, err);
    if (code != FH_OK) {
        return fh_err_wrap(err, "access request");
    }
    code = fh_text_list_check_columns(
        &request->columns, "access.columns", "access request: columns", err);
    if (code != FH_OK) {
        return code;
    }
    if (request->purpose[0] == '\0' || !fh_text_printable(request->purpose)) {
        return refuse(
            err, "access.purpose", "request: expected a purpose without control characters");
    }
    if (!fh_text_printable(request->note)) {
        return refuse(err, "access.note", "request: expected a note without control characters");
    }
    if (request->created_ms < 0 || request->until_ms <= request->created_ms ||
        request->until_ms - request->created_ms > FH_GRANT_LIFE_MS) {
        return refuse(
            err, "access.time", "request: expected an end after its making, within 366 days");
    }
    return FH_OK;
}

void fh_access_request_make(struct fh_buf *out,
                            const struct fh_access_request *request,
                            const struct fh_mesh_id *mesh,
                            const struct fh_sign_secret *signer)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    fh_buf_init(&payload, FH_GRANT_BYTES_MAX);
    fh_pack_array(&payload, REQUEST_FIELDS + fh_token_carried_fields(request->token));
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(request->consumer.b, FH_ID_BYTES));
    fh_pack_bin(&payload, fh_bytes(request->key.b, FH_ID_BYTES));
    fh_pack_bin(&payload, fh_bytes(request->owner.b, FH_ID_BYTES));
    fh_pack_cstr(&payload, request->product);
    fh_pack_uint(&payload, request->major);
    fh_text_list_pack(&payload, &request->columns);
    fh_pack_cstr(&payload, request->purpose);
    fh_pack_uint(&payload, (uint64_t)request->until_ms);
    fh_pack_cstr(&payload, request->note);
    fh_pack_uint(&payload, (uint64_t)request->created_ms);
    fh_token_carry(&payload, request->token);
    struct fh_record draft = {.type = FH_RECORD_ACCESS_REQUEST, .payload = fh_buf_view(&payload)};
    struct fh_access_request again;
    int code = arena == NULL ? FH_ENOMEM : fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_access_request_decode(&again, &draft, arena, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, signer);
}

int fh_access_request_decode(struct fh_access_request *out,
                             const struct fh_record *record,
                             struct fh_arena *arena,
                             struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_ACCESS_REQUEST);
    struct fh_access_request request = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, REQUEST_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, request.consumer.b, FH_ID_BYTES);
    fh_pack_read_fixed(&reader, request.key.b, FH_ID_BYTES);
    fh_pack_read_fixed(&reader, request.owner.b, FH_ID_BYTES);
    fh_pack_read_cstr(&reader, request.product, sizeof request.product);
    request.major = (uint32_t)fh_pack_read_uint(&reader, UINT32_MAX);
    fh_text_list_read(
        &request.columns, &reader, FH_GRANT_COLUMNS_MAX, FH_GRANT_COLUMN_BYTES_MAX, arena);
    request.purpose = fh_text_read(&reader, FH_PURPOSE_BYTES_MAX, arena);
    request.until_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    request.note = fh_text_read(&reader, FH_GRANT_NOTE_BYTES_MAX, arena);
    request.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    uint32_t known = fh_token_read_carried(&request.token, &reader, count, REQUEST_FIELDS);
    fh_pack_read_record_end(&reader, count, known);
    int code = fh_pack_read_ok(&reader, "access request", err);
    if (code == FH_OK) {
        code = fh_access_request_check(&request, err);
    }
    if (code == FH_OK) {
        *out = request;
    }
    return code;
}

/* Whether the token that signed, if one did, is for what is asked. */
static int check_token(const struct fh_token_signer *by,
                       const struct fh_access_request *request,
                       const char *owner_name,
                       struct fh_err *err)
{
    if (!by->by_token) {
        return FH_OK;
    }
    int code = fh_token_check_purpose(&by->token, request->purpose, err);
    return code == FH_OK ? fh_token_check_product(
                               &by->token, owner_name, request->product, request->major, err)
                         : code;
}

int fh_access_request_verify(const struct fh_directory *dir,
                             const struct fh_record *record,
                             const struct fh_access_request *request,
                             const char *owner_name,
                             struct fh_err *err)
{
    struct fh_token_signer by;
    int code = fh_token_verify_signer(&by,
                                      dir,
                                      record,
                                      &request->consumer,
                                      request->token,
                                      FH_TOKEN_ASK,
                                      FH_ROLES_ALL,
                                      request->created_ms,
                                      err);
    if (code == FH_OK && !fh_key_id_equal(&by.key, &request->key)) {
        code = fh_err_rule(err,
                           FH_ESIG,
                           "access.key",
                           "the access request is signed by another key than it names");
    }
    return code == FH_OK ? check_token(&by, request, owner_name, err) : code;
}

/* ---- answers ---- */

static int check_answer(const struct fh_access_answer *answer, bool grant, struct fh_err *err)
{
    if (grant != (answer->outcome == FH_ACCESS_APPROVED) ||
        grant == fh_record_id_is_zero(&answer->grant)) {
        return refuse(
            err, "access.answer.grant", "answer: an approval, and nothing else, names a grant");
    }
    if (!grant && answer->reason[0] == '\0') {
        return refuse(err, "access.answer.reason", "answer: a denial says why");
    }
    if (!fh_text_printable(answer->reason)) {
        return refuse(
            err, "access.answer.reason", "answer: expected a reason without control characters");
    }
    return FH_OK;
}

void fh_access_answer_make(struct fh_buf *out,
                           const struct fh_access_answer *answer,
                           const struct fh_mesh_id *mesh,
                           const struct fh_sign_secret *signer)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FH_GRANT_BYTES_MAX);
    fh_pack_array(&payload, ANSWER_FIELDS + fh_token_carried_fields(answer->token));
    fh_pack_uint(&payload, PAYLOAD_VERSION);
    fh_pack_bin(&payload, fh_bytes(answer->owner.b, FH_ID_BYTES));
    fh_pack_bin(&payload, fh_bytes(answer->request.b, FH_ID_BYTES));
    fh_pack_uint(&payload, (uint64_t)answer->outcome);
    fh_record_id_pack(&payload, &answer->grant);
    fh_pack_cstr(&payload, answer->reason);
    fh_pack_uint(&payload, (uint64_t)answer->created_ms);
    fh_token_carry(&payload, answer->token);
    struct fh_record draft = {.type = FH_RECORD_ACCESS_ANSWER, .payload = fh_buf_view(&payload)};
    struct fh_access_answer again;
    int code = fh_buf_ok(&payload);
    if (code == FH_OK) {
        code = fh_access_answer_decode(&again, &draft, NULL);
    }
    fh_record_seal_checked(out, code, draft.type, mesh, draft.payload, signer);
}

int fh_access_answer_decode(struct fh_access_answer *out,
                            const struct fh_record *record,
                            struct fh_err *err)
{
    FH_ASSERT(record->type == FH_RECORD_ACCESS_ANSWER);
    struct fh_access_answer answer = {0};
    struct fh_pack_reader reader;
    fh_pack_read_init(&reader, record->payload);
    uint32_t count = fh_pack_read_record(&reader, ANSWER_FIELDS);
    fh_pack_read_version(&reader, PAYLOAD_VERSION);
    fh_pack_read_fixed(&reader, answer.owner.b, FH_ID_BYTES);
    fh_pack_read_fixed(&reader, answer.request.b, FH_ID_BYTES);
    answer.outcome =
        (enum fh_access_outcome)fh_pack_read_uint(&reader, FH_ACCESS_OUTCOME_COUNT - 1);
    bool grant = fh_pack_read_optional(&reader, answer.grant.b, FH_ID_BYTES);
    fh_pack_read_cstr(&reader, answer.reason, sizeof answer.reason);
    answer.created_ms = (int64_t)fh_pack_read_uint(&reader, FH_RECORD_TIME_MS_MAX);
    uint32_t known = fh_token_read_carried(&answer.token, &reader, count, ANSWER_FIELDS);
    fh_pack_read_record_end(&reader, count, known);
    int code = fh_pack_read_ok(&reader, "access answer", err);
    if (code == FH_OK) {
        code = check_answer(&answer, grant, err);
    }
    if (code == FH_OK) {
        *out = answer;
    }
    return code;
}

int fh_access_answer_verify(const struct fh_directory *dir,
                            const struct fh_record *record,
                            const struct fh_access_answer *answer,
                            const struct fh_access_request *request,
                            const char *owner_name,
                            int64_t when_ms,
                            struct fh_err *err)
{
    struct fh_token_signer by;
    int code = fh_token_verify_signer(&by,
                                      dir,
                                      record,
                                      &answer->owner,
                                      answer->token,
                                      FH_TOKEN_DECIDE,
                                      FH_ROLES_PUBLISHING,
                                      when_ms,
                                      err);
    return code == FH_OK ? check_token(&by, request, owner_name, err) : code;
}

/* Fewer columns than were asked for, or as many. */
static bool has_no_more(const struct fh_text_list *granted, const struct fh_text_list *asked)
{
    bool within = asked->count == 0 || granted->count > 0;
    for (uint32_t i = 0; within && asked->count > 0 && i < granted->count; i++) {
        within = fh_text_list_has(asked, granted->texts[i]);
    }
    return within;
}

int fh_access_check_grant(const struct fh_grant *grant,
                          const struct fh_access_request *request,
                          const struct fh_record_id *id,
                          struct fh_err *err)
{
    if (grant->token.size == 0) {
        return FH_OK;
    }
    bool within = fh_record_id_equal(&grant->request, id) &&
                  fh_domain_id_equal(&grant->owner, &request->owner) &&
                  memcmp(grant->grantee, request->key.b, FH_ID_BYTES) == 0 &&
                  strcmp(grant->product, request->product) == 0 &&
                  (request->major == 0 || grant->major == request->major) &&
                  strcmp(grant->purposes.texts[0], request->purpose) == 0 &&
                  grant->not_after_ms <= request->until_ms &&
                  has_no_more(&grant->columns, &request->columns);
    return within ? FH_OK
                  : fh_err_rule(err,
                                FH_EDENIED,
                                "grant.token.more",
                                "a token grants what was asked for, or less of it; use a "
                                "publisher's key for more");
}
