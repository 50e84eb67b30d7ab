/* SPDX-License-Identifier: Apache-2.0 */
#include "node/token_desk.h"

#include "common/log.h"
#include "common/time.h"
#include "node/own.h"
#include "node/query/serve.h"
#include "proto/identity/token_end.h"
#include "proto/session/messages_token.h"

#include <stdio.h>

static void conclude(struct fh_question *question, int rc, const struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 16);
    fh_msg_ok(&out, 0);
    fh_question_conclude(question, rc, &out, err);
}

/* Ids are no secrets; whose they are stands beside them. */
static void note(const char *event, const struct fh_token_id *id, const struct fh_speaker *speaker)
{
    char text[FH_TOKEN_ID_TEXT_BYTES];
    char key[FH_ID_SHORT_BYTES];
    fh_token_id_text(text, id);
    fh_key_id_short(key, &speaker->key);
    fh_log(FH_LOG_INFO, event, "id=%s domain=%s key=%s", text, speaker->domain_name, key);
}

static void take_deposit(struct fh_token_desk *desk, struct fh_question *question)
{
    const struct fh_speaker *speaker = fh_question_speaker(question);
    struct fh_deposit deposit;
    struct fh_err err;
    int rc = fh_msg_token_deposit_read(fh_question_fields(question), &deposit, &err);
    if (rc == FH_OK) {
        rc = fh_deposits_put(desk->deposits, &speaker->key, &deposit, fh_clock_wall_ms(), &err);
    }
    if (rc == FH_OK) {
        note("token.kept", &deposit.id, speaker);
    }
    conclude(question, rc, &err);
}

/* Whether the record ends the token of this deposit, by the word of who asks. */
static int check_end(struct fh_token_desk *desk,
                     const struct fh_speaker *speaker,
                     const struct fh_token_id *id,
                     struct fh_bytes bytes,
                     struct fh_err *err)
{
    struct fh_record record;
    struct fh_token_end end;
    struct fh_record_id token;
    int rc = fh_deposits_token(desk->deposits, &speaker->key, id, &token, err);
    if (rc == FH_OK) {
        rc = fh_record_parse(&record, bytes, &desk->mesh_id, err);
    }
    if (rc == FH_OK && record.type != FH_RECORD_TOKEN_END) {
        rc = fh_err_rule(err, FH_EINVAL, "record.type", "the record ends no token");
    }
    if (rc == FH_OK) {
        rc = fh_token_end_decode(&end, &record, err);
    }
    if (rc == FH_OK && (!fh_record_id_equal(&end.token, &token) ||
                        memcmp(end.member.b, speaker->public_key.b, sizeof end.member.b) != 0)) {
        rc = fh_err_rule(
            err, FH_EINVAL, "token.other", "the record ends another token, or another key's");
    }
    return rc;
}

/* Everybody is told, as a token counts everywhere; its deposit goes from here. */
static void revoke(struct fh_token_desk *desk, struct fh_question *question)
{
    const struct fh_speaker *speaker = fh_question_speaker(question);
    struct fh_bytes end = FH_BYTES_NONE;
    struct fh_token_id id;
    bool is_new = false;
    struct fh_err err;
    int rc = fh_msg_token_revoke_read(fh_question_fields(question), &id, &end, &err);
    if (rc == FH_OK) {
        rc = check_end(desk, speaker, &id, end, &err);
    }
    if (rc == FH_OK) {
        fh_own_keep_delegation(desk->dir, desk->mesh, speaker); /* by which others verify the end */
        rc = fh_mesh_identity(desk->mesh, end, &is_new, &err);
    }
    if (rc == FH_OK) {
        rc = fh_deposits_revoke(desk->deposits, &speaker->key, &id, &err);
    }
    if (rc == FH_OK) {
        note("token.revoked", &id, speaker);
        fh_serve_rejudge(desk->serve);
    }
    conclude(question, rc, &err);
}

struct listing {
    struct fh_buf entries;
    uint32_t count;
};

static int add_token(void *user, const struct fh_deposit *deposit, struct fh_err *err)
{
    struct listing *listing = user;
    const struct fh_msg_token token = {.id = deposit->id, .record = deposit->record};
    (void)err;
    fh_msg_token_add(&listing->entries, &token);
    listing->count++;
    return FH_OK;
}

static void list(struct fh_token_desk *desk, struct fh_question *question)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    struct listing listing = {.count = 0};
    struct fh_err err;
    fh_buf_init(&listing.entries, FH_FRAME_REPLY_BYTES_MAX);
    int rc = fh_deposits_of(
        desk->deposits, &fh_question_speaker(question)->key, add_token, &listing, &err);
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_msg_ok(&out, 1);
    fh_pack_array(&out, listing.count);
    fh_buf_add_bytes(&out, fh_buf_view(&listing.entries));
    fh_buf_fini(&listing.entries);
    fh_question_conclude(question, rc, &out, &err);
}

bool fh_token_desk_question(struct fh_token_desk *desk, struct fh_question *question)
{
    switch (fh_question_code(question)) {
    case FH_MSG_TOKEN_DEPOSIT:
        take_deposit(desk, question);
        return true;
    case FH_MSG_TOKEN_LIST:
        list(desk, question);
        return true;
    case FH_MSG_TOKEN_REVOKE:
        revoke(desk, question);
        return true;
    default:
        return false;
    }
}

/* ---- for the door ---- */

struct credentials {
    struct fh_buf records;
    uint32_t count;
};

static bool
add_credential(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct credentials *credentials = user;
    (void)type;
    (void)id;
    fh_pack_bin(&credentials->records, bytes);
    credentials->count++;
    return true;
}

/* Who the member is now: a delegation may have been renewed since, or have ended. */
static int name_member(const struct fh_token_desk *desk,
                       const struct fh_deposit *deposit,
                       struct fh_msg_token_found *out,
                       struct fh_ref *out_member,
                       struct fh_token *token,
                       struct fh_err *err)
{
    struct fh_signer signer;
    int64_t now_ms = fh_clock_wall_ms();
    int rc = fh_token_verify(token, NULL, desk->dir, deposit->record, now_ms, err);
    if (rc != FH_OK) {
        return fh_err_rule(
            err, FH_ENOTFOUND, "token.unknown", "the token's member may not ask any more");
    }
    struct fh_key_id key = fh_key_id_of(&token->member);
    *out_member = fh_key_id_ref(&key);
    rc = fh_directory_signer(
        desk->dir, out_member, &token->domain, now_ms, FH_ROLES_ALL, &signer, err);
    if (rc == FH_OK) {
        const struct fh_directory_domain *domain = fh_directory_domain(desk->dir, &token->domain);
        memcpy(out->member_label, signer.label, sizeof out->member_label);
        snprintf(out->domain_name, sizeof out->domain_name, "%s", domain->name);
    }
    return rc;
}

static void find(struct fh_token_desk *desk, struct fh_admin_question *question)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf room;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    struct credentials credentials = {.count = 0};
    struct fh_msg_token_found found = {0};
    struct fh_token_id id;
    struct fh_token token;
    struct fh_ref member;
    struct fh_err err;
    fh_buf_init(&room, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_init(&credentials.records, FH_FRAME_REPLY_BYTES_MAX);
    int rc = fh_msg_token_named_read(fh_admin_fields(question), &id, &err);
    if (rc == FH_OK) {
        rc = fh_deposits_find(desk->deposits, &id, fh_clock_wall_ms(), &room, &found.deposit, &err);
    }
    if (rc == FH_OK) {
        rc = name_member(desk, &found.deposit, &found, &member, &token, &err);
    }
    if (rc == FH_OK) {
        fh_directory_credentials(
            desk->dir, &token.domain, &member, fh_clock_wall_ms(), add_credential, &credentials);
        fh_msg_token_found_begin(&out, &found);
        fh_pack_array(&out, credentials.count);
        fh_buf_add_bytes(&out, fh_buf_view(&credentials.records));
    }
    fh_buf_fini(&credentials.records);
    fh_admin_conclude(question, rc, &out, &err);
}

bool fh_token_desk_admin(struct fh_token_desk *desk, struct fh_admin_question *question)
{
    if (fh_admin_code(question) != FH_MSG_ADMIN_TOKEN) {
        return false;
    }
    find(desk, question);
    return true;
}
