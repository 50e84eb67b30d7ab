/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/identity.h"

#include "common/mem.h"
#include "common/time.h"
#include "tools/client/client.h"

int fh_token_unknown(struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.unknown",
                       "no such token here; make one with `freehold token create` at this node");
}

/* ---- making ---- */

static int keep_credentials(struct fh_identity *identity,
                            const struct fh_msg_bins *records,
                            struct fh_err *err)
{
    struct fh_msg_bins walk = *records;
    struct fh_bytes record;
    fh_buf_reset(&identity->credentials);
    identity->credential_count = 0;
    while (fh_msg_bins_next(&walk, &record)) {
        if (identity->credential_count == FH_SESSION_RECORDS_MAX) {
            return fh_err_set(err, FH_ETOOBIG, "more key events than a handshake carries");
        }
        identity->credential_sizes[identity->credential_count++] = record.size;
        fh_buf_add_bytes(&identity->credentials, record);
    }
    int code = fh_buf_ok(&identity->credentials);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "no memory for an identity");
}

static int read_token(struct fh_identity *identity, struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, fh_tokens_mesh(identity->tokens), err);
    if (code == FH_OK && record.type != FH_RECORD_TOKEN) {
        code = fh_err_rule(err, FH_EINVAL, "token.record", "the record is no token");
    }
    if (code == FH_OK) {
        code = fh_token_decode(&identity->token, &record, err);
    }
    if (code == FH_OK) {
        fh_buf_add_bytes(&identity->record, bytes);
        code = fh_buf_ok(&identity->record);
        code = code == FH_OK ? FH_OK : fh_err_set(err, code, "no memory for an identity");
    }
    return code;
}

int fh_identity_new(struct fh_identity **out,
                    struct fh_tokens *tokens,
                    const struct fh_msg_token_found *found,
                    const uint8_t client_key[32],
                    const uint8_t client_mark[32],
                    struct fh_err *err)
{
    FH_CLEANUP(fh_identity_dropp) struct fh_identity *identity = fh_calloc(1, sizeof *identity);
    if (identity == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an identity");
    }
    atomic_init(&identity->references, 1U);
    pthread_mutex_init(&identity->lock, NULL);
    fh_buf_init(&identity->record, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    fh_buf_init(&identity->credentials, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    identity->tokens = tokens;
    identity->id = found->deposit.id;
    fh_token_id_text(identity->id_text, &identity->id);
    memcpy(identity->domain_name, found->domain_name, sizeof identity->domain_name);
    memcpy(identity->member_label, found->member_label, sizeof identity->member_label);
    memcpy(identity->client_mark, client_mark, sizeof identity->client_mark);
    identity->looked_ms = fh_clock_mono_ms();
    int code = read_token(identity, found->deposit.record, err);
    if (code == FH_OK) {
        code = fh_token_check_time(&identity->token, fh_clock_wall_ms(), err);
    }
    if (code == FH_OK &&
        !fh_deposit_open(identity->seed, &found->deposit, client_key, &identity->token.key)) {
        code = fh_token_unknown(err);
    }
    if (code == FH_OK) {
        code = keep_credentials(identity, &found->credentials, err);
    }
    if (code == FH_OK) {
        *out = FH_TAKE(identity);
    }
    return code;
}

struct fh_identity *fh_identity_keep(struct fh_identity *identity)
{
    if (identity != NULL) {
        atomic_fetch_add_explicit(&identity->references, 1U, memory_order_relaxed);
    }
    return identity;
}

void fh_identity_drop(struct fh_identity *identity)
{
    if (identity == NULL ||
        atomic_fetch_sub_explicit(&identity->references, 1U, memory_order_acq_rel) > 1U) {
        return;
    }
    fh_wipe(identity->seed, sizeof identity->seed);
    fh_buf_fini(&identity->record);
    fh_buf_fini(&identity->credentials);
    pthread_mutex_destroy(&identity->lock);
    fh_free(identity);
}

/* ---- what it says ---- */

const char *fh_identity_domain(const struct fh_identity *identity)
{
    return identity->domain_name;
}

const char *fh_identity_member_label(const struct fh_identity *identity)
{
    return identity->member_label;
}

const char *fh_identity_token_id(const struct fh_identity *identity)
{
    return identity->id_text;
}

const struct fh_token *fh_identity_token(const struct fh_identity *identity)
{
    return &identity->token;
}

int64_t fh_identity_until_ms(const struct fh_identity *identity)
{
    return identity->token.not_after_ms;
}

/* ---- whether it is still good ---- */

static int revoked(struct fh_err *err)
{
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.revoked",
                       "the token was revoked; make a new one with `freehold token create`");
}

/* One thread asks the node; the others go by its last word meanwhile. */
static int look(struct fh_identity *identity, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf room;
    struct fh_msg_token_found found;
    struct fh_err why;
    fh_buf_init(&room, FH_FRAME_REPLY_BYTES_MAX);
    int code = fh_tokens_find(identity->tokens, &identity->id, &room, &found, &why);
    bool gone =
        code == FH_EDENIED ||
        (code == FH_OK && !fh_bytes_equal(found.deposit.record, fh_buf_view(&identity->record)));
    pthread_mutex_lock(&identity->lock);
    identity->looking = false;
    identity->revoked = identity->revoked || gone;
    if (code == FH_OK && !gone) {
        identity->looked_ms = fh_clock_mono_ms();
        code = keep_credentials(identity, &found.credentials, &why);
    }
    pthread_mutex_unlock(&identity->lock);
    if (gone) {
        return revoked(err);
    }
    if (code != FH_OK) {
        *err = why;
    }
    return code;
}

int fh_identity_check(struct fh_identity *identity, struct fh_err *err)
{
    int code = fh_token_check_time(&identity->token, fh_clock_wall_ms(), err);
    if (code != FH_OK) {
        return code;
    }
    int64_t now_ms = fh_clock_mono_ms();
    pthread_mutex_lock(&identity->lock);
    bool gone = identity->revoked;
    bool old = now_ms - identity->looked_ms >= FH_DOOR_TOKEN_LOOK_MS && !identity->looking;
    identity->looking = identity->looking || old;
    pthread_mutex_unlock(&identity->lock);
    if (gone) {
        return revoked(err);
    }
    return old ? look(identity, err) : FH_OK;
}

/* ---- asking ---- */

int fh_identity_open(struct fh_identity *identity, struct freehold_client **out, struct fh_err *err)
{
    const struct fh_settings *settings = fh_tokens_settings(identity->tokens);
    char address[FH_CLIENT_ADDRESS_BYTES];
    struct fh_bytes records[FH_SESSION_RECORDS_MAX];
    struct fh_actor *actor = NULL;
    int code = fh_client_own_address(address, settings, err);
    if (code != FH_OK) {
        return code;
    }
    pthread_mutex_lock(&identity->lock);
    size_t at = 0;
    for (unsigned i = 0; i < identity->credential_count; i++) {
        records[i] = fh_bytes(identity->credentials.data + at, identity->credential_sizes[i]);
        at += identity->credential_sizes[i];
    }
    const struct fh_actor_token from = {
        .settings = settings,
        .domain_name = identity->domain_name,
        .seed = identity->seed,
        .record = fh_buf_view(&identity->record),
        .credentials = records,
        .credential_count = identity->credential_count,
    };
    code = fh_actor_open_token(&actor, &from, err); /* copies */
    pthread_mutex_unlock(&identity->lock);
    return code == FH_OK ? fh_client_open_actor(out, actor, address, err) : code;
}
