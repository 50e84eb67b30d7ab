/* SPDX-License-Identifier: Apache-2.0 */
#include "node/peer/admit.h"

#include "common/assert.h"
#include "common/mem.h"
#include "proto/identity/token.h"
#include "proto/session/messages.h"

#include <stdio.h>

struct fh_identity {
    struct fh_directory *dir;
    struct fh_mesh_id mesh;
    struct fh_sign_public key;
    struct fh_session_self self;
    struct fh_buf bytes; /* the credentials, one behind the other */
    struct fh_bytes records[FH_SESSION_RECORDS_MAX];
    size_t sizes[FH_SESSION_RECORDS_MAX];
};

struct fh_identity *fh_identity_new(struct fh_directory *dir,
                                    const struct fh_mesh_id *mesh,
                                    const struct fh_domain_id *domain,
                                    const struct fh_sign_public *key,
                                    const struct fh_sign_secret *sign,
                                    const struct fh_agree_secret *agree)
{
    struct fh_identity *identity = fh_calloc(1, sizeof *identity);
    if (identity == NULL) {
        return NULL;
    }
    identity->dir = dir;
    identity->mesh = *mesh;
    identity->key = *key;
    fh_buf_init(&identity->bytes, FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    identity->self = (struct fh_session_self){
        .mesh = &identity->mesh,
        .static_secret = agree,
        .domain = *domain,
        .sign_secret = sign,
        .records = identity->records,
    };
    return identity;
}

void fh_identity_free(struct fh_identity *identity)
{
    if (identity != NULL) {
        fh_buf_fini(&identity->bytes);
        fh_free(identity);
    }
}

static bool
add_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    (void)type;
    (void)id;
    struct fh_identity *identity = user;
    unsigned n = identity->self.record_count;
    /* A payload of a handshake stays well below its frame: the rest is noise and signature. */
    if (n == FH_SESSION_RECORDS_MAX ||
        identity->bytes.size + bytes.size > FH_FRAME_UNAUTHENTICATED_BYTES_MAX - 2048) {
        return false;
    }
    fh_buf_add_bytes(&identity->bytes, bytes);
    identity->sizes[n] = bytes.size;
    identity->self.record_count = n + 1;
    return true;
}

const struct fh_session_self *fh_identity_self(struct fh_identity *identity, int64_t wall_ms)
{
    struct fh_key_id key = fh_key_id_of(&identity->key);
    struct fh_ref ref = fh_key_id_ref(&key);
    fh_buf_reset(&identity->bytes);
    identity->self.record_count = 0;
    fh_directory_credentials(
        identity->dir, &identity->self.domain, &ref, wall_ms, add_record, identity);
    size_t at = 0;
    for (unsigned i = 0; i < identity->self.record_count; i++) {
        identity->records[i] = fh_bytes(identity->bytes.data + at, identity->sizes[i]);
        at += identity->sizes[i];
    }
    return &identity->self;
}

const struct fh_domain_id *fh_identity_domain(const struct fh_identity *identity)
{
    return &identity->self.domain;
}

struct fh_node_id fh_identity_node(const struct fh_identity *identity)
{
    return fh_node_id_of(&identity->key);
}

static int judge_stranger(struct fh_signer *out,
                          const struct fh_mesh_id *mesh,
                          const struct fh_session_peer *peer,
                          int64_t wall_ms,
                          struct fh_err *err)
{
    FH_CLEANUP(fh_directory_freep)
    struct fh_directory *own = fh_directory_new(mesh, &fh_verifier_plain);
    if (own == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to judge a stranger");
    }
    if (fh_directory_add_all(own, peer->records, peer->record_count, wall_ms, NULL, err) != FH_OK) {
        return fh_err_wrap(err, "credentials of a stranger");
    }
    struct fh_ref ref = fh_key_id_ref(&peer->key_id);
    return fh_directory_signer_of_stranger(
        own, &ref, &peer->domain, wall_ms, FH_ROLES_ALL, out, err);
}

/* ---- tokens ---- */

/* The TOKEN that the peer shows for its own key. */
static int find_token(struct fh_token *out,
                      struct fh_record_id *out_id,
                      const struct fh_directory *dir,
                      const struct fh_session_peer *peer,
                      struct fh_bytes bytes,
                      int64_t wall_ms,
                      struct fh_err *err)
{
    int rc = fh_token_verify(out, out_id, dir, bytes, wall_ms, err);
    if (rc == FH_OK && (memcmp(out->key.b, peer->key.b, sizeof out->key.b) != 0 ||
                        !fh_domain_id_equal(&out->domain, &peer->domain))) {
        rc = fh_err_rule(err,
                         FH_ESIG,
                         "token.other",
                         "the token that is shown is of another key or domain than the session's");
    }
    return rc;
}

/* NULL: the peer shows none. */
static const struct fh_bytes *shown_token(const struct fh_session_peer *peer)
{
    for (unsigned i = 0; i < peer->record_count; i++) {
        if (fh_token_is_record(peer->records[i])) {
            return &peer->records[i];
        }
    }
    return NULL;
}

/* `speaker` has its domain. */
static int admit_token(struct fh_speaker *speaker,
                       const struct fh_directory *dir,
                       const struct fh_session_peer *peer,
                       struct fh_bytes bytes,
                       int64_t wall_ms,
                       struct fh_err *err)
{
    struct fh_token token;
    struct fh_record_id id;
    int rc = find_token(&token, &id, dir, peer, bytes, wall_ms, err);
    if (rc == FH_OK) {
        speaker->key = fh_key_id_of(&token.member);
        speaker->public_key = token.member;
        speaker->role = FH_ROLE_MEMBER;
        speaker->by_token = true;
        speaker->token = id;
        memcpy(speaker->token_label, token.label, sizeof speaker->token_label);
        speaker->token_not_before_ms = token.not_before_ms;
        speaker->token_not_after_ms = token.not_after_ms;
        speaker->token_powers = token.powers;
    }
    return rc;
}

/* What reads, and what a consumer does to get it read elsewhere. */
static const unsigned reading[] = {
    FH_MSG_STATUS,   FH_MSG_PEERS,       FH_MSG_SEARCH,   FH_MSG_DESCRIBE, FH_MSG_IDENTITY,
    FH_MSG_RELAY,    FH_MSG_PLAN,        FH_MSG_QUERY,    FH_MSG_NEXT,     FH_MSG_CANCEL,
    FH_MSG_PROBE,    FH_MSG_MEASUREMENT, FH_MSG_HISTORY,  FH_MSG_ASKED,    FH_MSG_CAN,
    FH_MSG_GOVERNED, FH_MSG_WHY,         FH_MSG_COUNTERS, FH_MSG_PROOFS,   FH_MSG_CHARTER,
    FH_MSG_CHARTERS, FH_MSG_QUALITY};

static bool reads(unsigned code)
{
    for (size_t i = 0; i < FH_COUNT(reading); i++) {
        if (reading[i] == code) {
            return true;
        }
    }
    return false;
}

int fh_speaker_may(const struct fh_speaker *speaker, unsigned code, struct fh_err *err)
{
    if (!speaker->by_token || reads(code)) {
        return FH_OK;
    }
    if (code == FH_MSG_ASK || code == FH_MSG_OWN) {
        const struct fh_token powers = {.powers = speaker->token_powers};
        return fh_token_check_power(
            &powers, code == FH_MSG_ASK ? FH_TOKEN_ASK : FH_TOKEN_DECIDE, err);
    }
    return fh_err_rule(err,
                       FH_EDENIED,
                       "token.scope",
                       "a token reads, and does what its powers say; use the member's own key");
}

/* ---- speakers ---- */

int fh_admit(struct fh_speaker *out,
             struct fh_directory *dir,
             const struct fh_session_peer *peer,
             int64_t wall_ms,
             struct fh_err *err)
{
    const struct fh_directory_domain *domain = fh_directory_domain(dir, &peer->domain);
    bool admitted = domain != NULL && domain->admitted;
    const struct fh_bytes *token = shown_token(peer);
    struct fh_speaker speaker = {
        .domain = peer->domain,
        .key = peer->key_id,
        .public_key = peer->key,
        .admitted = admitted,
    };
    struct fh_signer signer;
    int rc;
    if (admitted) {
        /* New delegations of a known domain are welcome; whatever is refused is simply not there
         * when the key's right is looked up. */
        struct fh_err ignored;
        int added =
            fh_directory_add_all(dir, peer->records, peer->record_count, wall_ms, NULL, &ignored);
        (void)added;
        struct fh_ref ref = fh_key_id_ref(&peer->key_id);
        rc = token != NULL ? admit_token(&speaker, dir, peer, *token, wall_ms, err)
                           : fh_directory_signer(
                                 dir, &ref, &peer->domain, wall_ms, FH_ROLES_ALL, &signer, err);
    } else {
        rc = judge_stranger(&signer, fh_directory_mesh(dir), peer, wall_ms, err);
    }
    if (rc != FH_OK) {
        return rc;
    }
    if (!speaker.by_token) {
        speaker.role = signer.role;
    }
    if (admitted) {
        domain = fh_directory_domain(dir, &peer->domain);
        FH_ASSERT(domain != NULL);
        snprintf(speaker.domain_name, sizeof speaker.domain_name, "%s", domain->name);
    }
    *out = speaker;
    return FH_OK;
}

int fh_admit_again(struct fh_speaker *speaker,
                   const struct fh_directory *dir,
                   int64_t wall_ms,
                   struct fh_err *err)
{
    const struct fh_directory_domain *domain = fh_directory_domain(dir, &speaker->domain);
    if (!speaker->admitted && (domain == NULL || !domain->admitted)) {
        return FH_OK; /* still a stranger */
    }
    struct fh_ref ref = fh_key_id_ref(&speaker->key);
    struct fh_signer signer;
    int rc = fh_directory_signer(dir, &ref, &speaker->domain, wall_ms, FH_ROLES_ALL, &signer, err);
    if (rc == FH_OK && speaker->by_token) {
        const struct fh_token times = {.not_before_ms = speaker->token_not_before_ms,
                                       .not_after_ms = speaker->token_not_after_ms};
        rc = fh_token_check_time(&times, wall_ms, err);
        if (rc == FH_OK) {
            rc = fh_token_check_end(dir, &speaker->public_key, &speaker->token, wall_ms, err);
        }
        signer.role = FH_ROLE_MEMBER;
    }
    if (rc == FH_OK) {
        speaker->role = signer.role;
        speaker->admitted = true;
        snprintf(speaker->domain_name, sizeof speaker->domain_name, "%s", domain->name);
    }
    return rc;
}
