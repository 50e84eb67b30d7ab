/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/actor.h"

#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/identity/access.h"
#include "proto/wire/verified.h"
#include "tools/client/key_file.h"

#include <stdio.h>
#include <string.h>

int fh_actor_key(const struct fh_home *home,
                 const char *name,
                 enum fh_key_kind kind,
                 struct fh_sign_public *out_public,
                 struct fh_sign_secret *out_secret,
                 struct fh_err *err)
{
    struct fh_buf bytes;
    fh_buf_init(&bytes, FH_KEY_FILE_BYTES_MAX);
    uint8_t seed[FH_SEED_BYTES];
    int code = fh_home_key_read(home, name, &bytes, err);
    if (code == FH_OK) {
        code = fh_keyfile_decode(seed, kind, fh_buf_view(&bytes), FH_BYTES_NONE, err);
        if (code != FH_OK) {
            code = fh_err_wrap(err, "keys/%s.key", name);
        }
    }
    if (code == FH_OK) {
        fh_sign_keys(seed, out_public, out_secret);
    }
    fh_wipe(seed, sizeof seed);
    if (bytes.data != NULL) {
        fh_wipe(bytes.data, bytes.capacity);
    }
    fh_buf_fini(&bytes);
    return code;
}

static int read_settings(struct fh_actor *actor, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_SETTINGS_BYTES_MAX);
    fh_settings_init(&actor->settings);
    int code = fh_file_read(fh_home_path(path, &actor->home, FH_HOME_SETTINGS), &text, err);
    if (code == FH_OK) {
        code = fh_settings_parse(&actor->settings, fh_buf_view(&text), path, err);
    }
    if (code != FH_OK) {
        return code;
    }
    if (actor->settings.mesh[0] == 0) {
        return fh_err_rule(
            err, FH_EINVAL, "settings.mesh", "%s: `mesh` is missing: the id of the mesh", path);
    }
    return fh_mesh_id_parse(&actor->mesh, actor->settings.mesh, err);
}

/* ---- identity records ---- */

struct heap {
    size_t count;
    struct fh_bytes records[FH_HOME_RECORDS_MAX]; /* copies */
};

static void heap_fini(struct heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        void *copy = NULL;
        memcpy(&copy, &heap->records[i].data, sizeof copy);
        fh_free(copy);
    }
}

static int heap_add(void *user, const char *name, struct fh_bytes bytes, struct fh_err *err)
{
    struct heap *heap = user;
    (void)name;
    if (heap->count == FH_HOME_RECORDS_MAX || bytes.size > FH_HOME_RECORD_BYTES_MAX) {
        return fh_err_set(err, FH_ETOOBIG, "more identity records than a home may hold");
    }
    uint8_t *copy = fh_alloc(bytes.size);
    if (copy == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for identity records");
    }
    memcpy(copy, bytes.data, bytes.size);
    heap->records[heap->count++] = fh_bytes(copy, bytes.size);
    return FH_OK;
}

/* The home's domain is the inception that was left first. */
static int find_domain(struct fh_actor *actor, const struct heap *heap, struct fh_err *err)
{
    for (size_t i = 0; i < heap->count; i++) {
        struct fh_record record;
        struct fh_key_event event;
        if (fh_record_parse(&record, heap->records[i], &actor->mesh, NULL) == FH_OK &&
            record.type == FH_RECORD_KEY && fh_key_event_decode(&event, &record, NULL) == FH_OK &&
            event.kind == FH_KEY_INCEPTION) {
            memcpy(actor->domain.b, record.id.b, sizeof actor->domain.b);
            return FH_OK;
        }
    }
    return fh_err_rule(err,
                       FH_ENOTFOUND,
                       "home.identity",
                       "%s/identity holds no inception: the home was not made by `freehold init`",
                       actor->home.root);
}

static bool is_identity(unsigned type)
{
    return type == FH_RECORD_KEY || type == FH_RECORD_MANIFEST || type == FH_RECORD_CHARTER ||
           type == FH_RECORD_DELEGATION || type == FH_RECORD_REVOCATION ||
           type == FH_RECORD_ADMISSION || type == FH_RECORD_TOKEN_END;
}

static bool holds_charter(const struct fh_actor *actor, const struct heap *heap)
{
    struct fh_record record;
    for (size_t i = 0; i < heap->count; i++) {
        if (fh_record_parse(&record, heap->records[i], &actor->mesh, NULL) == FH_OK &&
            record.type == FH_RECORD_CHARTER) {
            return true;
        }
    }
    return false;
}

/* A delegation for another month. Until the domain is admitted a directory holds few records of it
 * (FH_STRANGER_GRANTS_MAX), so those of today must have the places. */
static bool is_for_later(const struct fh_actor *actor, struct fh_bytes bytes, int64_t now_ms)
{
    struct fh_record record;
    struct fh_delegation delegation;
    return fh_record_parse(&record, bytes, &actor->mesh, NULL) == FH_OK &&
           record.type == FH_RECORD_DELEGATION &&
           fh_delegation_decode(&delegation, &record, NULL) == FH_OK &&
           (delegation.not_before_ms > now_ms || delegation.not_after_ms < now_ms);
}

static int add_records(struct fh_actor *actor, const struct heap *heap, struct fh_err *err)
{
    int64_t now_ms = fh_clock_wall_ms();
    bool admitted = holds_charter(actor, heap);
    for (size_t i = 0; i < heap->count; i++) {
        struct fh_directory_outcome outcome;
        if (!admitted && is_for_later(actor, heap->records[i], now_ms)) {
            continue;
        }
        int code = fh_directory_add(actor->directory, heap->records[i], now_ms, &outcome, err);
        if (code != FH_OK && (outcome.type == 0 || is_identity(outcome.type))) {
            return fh_err_wrap(err, "%s/identity", actor->home.root);
        }
    }
    return FH_OK;
}

static int read_records(struct fh_actor *actor, struct fh_err *err)
{
    struct heap *heap = fh_calloc(1, sizeof *heap);
    if (heap == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for identity records");
    }
    int code = fh_home_identity_each(&actor->home, heap_add, heap, err);
    if (code == FH_OK) {
        code = find_domain(actor, heap, err);
    }
    if (code == FH_OK) {
        code = add_records(actor, heap, err);
    }
    heap_fini(heap);
    fh_free(heap);
    return code;
}

/* An actor that is nobody yet. */
static int new_actor(struct fh_actor **out, struct fh_err *err)
{
    if (fh_crypto_init() != FH_OK) {
        return fh_err_set(err, FH_EINTERNAL, "the cryptographic library does not start");
    }
    struct fh_actor *actor = fh_calloc(1, sizeof *actor);
    if (actor == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a home");
    }
    fh_buf_init(&actor->credentials,
                (size_t)FH_SESSION_RECORDS_MAX * (size_t)FH_FRAME_UNAUTHENTICATED_BYTES_MAX);
    *out = actor;
    return FH_OK;
}

static bool verify(void *user,
                   const struct fh_signature *signature,
                   struct fh_bytes message,
                   const struct fh_sign_public *key)
{
    const struct fh_actor *actor = user;
    return fh_verified_check(actor->verified, signature, message, key);
}

static int new_directory(struct fh_actor *actor, struct fh_err *err)
{
    const struct fh_verifier verifier = {.verify = verify, .user = actor};
    actor->verified = fh_verified_new(&fh_verifier_plain);
    actor->directory = fh_directory_new(&actor->mesh, &verifier);
    return actor->verified != NULL && actor->directory != NULL
               ? FH_OK
               : fh_err_set(err, FH_ENOMEM, "no memory for the directory");
}

static int open_home(struct fh_actor **out, const char *root, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    int code = new_actor(&actor, err);
    if (code == FH_OK) {
        code = fh_home_locate(&actor->home, root, err);
    }
    if (code == FH_OK) {
        code = fh_home_check(&actor->home, err);
    }
    if (code == FH_OK) {
        code = read_settings(actor, err);
    }
    if (code != FH_OK) {
        return code;
    }
    code = new_directory(actor, err);
    if (code != FH_OK) {
        return code;
    }
    code = read_records(actor, err);
    if (code == FH_OK) {
        *out = FH_TAKE(actor);
    }
    return code;
}

int fh_actor_open_public(struct fh_actor **out, const char *root, struct fh_err *err)
{
    return open_home(out, root, err);
}

/* ---- credentials ---- */

static bool
add_credential(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct fh_actor *actor = user;
    (void)type;
    (void)id;
    if (actor->credential_count == FH_SESSION_RECORDS_MAX) {
        return false;
    }
    /* Sizes only: the buffer may still move. */
    actor->credential[actor->credential_count++] = fh_bytes(NULL, bytes.size);
    fh_buf_add_bytes(&actor->credentials, bytes);
    return true;
}

/* `token` is shown behind them, or NULL. */
static int
collect_credentials(struct fh_actor *actor, const struct fh_bytes *token, struct fh_err *err)
{
    struct fh_ref ref = fh_key_id_ref(&actor->key_id);
    int64_t now_ms = fh_clock_wall_ms();
    int code = fh_directory_signer_of_stranger(
        actor->directory, &ref, &actor->domain, now_ms, FH_ROLES_ALL, NULL, err);
    if (code != FH_OK) {
        return actor->home.root[0] == 0
                   ? fh_err_wrap(err, "the key and this access")
                   : fh_err_wrap(err, "the member key of %s", actor->home.root);
    }
    if (!fh_directory_credentials(
            actor->directory, &actor->domain, &ref, now_ms, add_credential, actor) ||
        (token != NULL && !add_credential(actor, FH_RECORD_TOKEN, NULL, *token))) {
        return fh_err_set(err, FH_ETOOBIG, "more key events than a handshake carries");
    }
    if (fh_buf_ok(&actor->credentials) != FH_OK) {
        return fh_err_set(err, fh_buf_ok(&actor->credentials), "no memory for credentials");
    }
    size_t at = 0;
    for (unsigned i = 0; i < actor->credential_count; i++) {
        actor->credential[i].data = actor->credentials.data + at;
        at += actor->credential[i].size;
    }
    return FH_OK;
}

int fh_actor_open(struct fh_actor **out, const char *root, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    int code = open_home(&actor, root, err);
    if (code == FH_OK) {
        code =
            fh_actor_key(&actor->home, "member", FH_KEY_MEMBER, &actor->key, &actor->secret, err);
    }
    if (code != FH_OK) {
        return code;
    }
    actor->member = actor->key;
    actor->key_id = fh_key_id_of(&actor->member);
    code = collect_credentials(actor, NULL, err);
    if (code == FH_OK) {
        *out = FH_TAKE(actor);
    }
    return code;
}

/* ---- outside a home ---- */

/* The access becomes settings and the first identities of the directory. */
static int take_access(struct fh_actor *actor, const struct fh_access *access, struct fh_err *err)
{
    struct fh_settings *settings = &actor->settings;
    fh_settings_init(settings);
    snprintf(settings->domain, sizeof settings->domain, "%s", access->domain_name);
    fh_mesh_id_text(settings->mesh, &access->mesh);
    settings->listen[0] = 0;
    settings->peers.count = access->address_count;
    for (unsigned i = 0; i < access->address_count; i++) {
        memcpy(settings->peers.items[i], access->addresses[i], sizeof settings->peers.items[i]);
    }
    actor->mesh = access->mesh;
    actor->domain = access->domain;
    int code = new_directory(actor, err);
    return code == FH_OK ? fh_directory_add_all(actor->directory,
                                                access->records,
                                                access->record_count,
                                                fh_clock_wall_ms(),
                                                NULL,
                                                err)
                         : code;
}

static int read_access(struct fh_actor *actor, const char *path, struct fh_err *err)
{
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    struct fh_access *access FH_CLEANUP(fh_freep) = fh_alloc(sizeof *access);
    fh_buf_init(&text, FH_ACCESS_FILE_BYTES_MAX);
    if (access == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an access");
    }
    int code = fh_file_read(path, &text, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_access_parse(access, fh_buf_view(&text), err);
    if (code == FH_OK) {
        code = take_access(actor, access, err);
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", path);
}

int fh_actor_open_outside(struct fh_actor **out,
                          const char *key_path,
                          const char *passphrase_path,
                          const char *access_path,
                          struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    int code = new_actor(&actor, err);
    if (code == FH_OK) {
        code = read_access(actor, access_path, err);
    }
    if (code == FH_OK) {
        code = fh_key_file_read(key_path, passphrase_path, &actor->key, &actor->secret, err);
    }
    if (code != FH_OK) {
        return code;
    }
    actor->member = actor->key;
    actor->key_id = fh_key_id_of(&actor->member);
    code = collect_credentials(actor, NULL, err);
    if (code == FH_OK) {
        *out = FH_TAKE(actor);
    }
    return code;
}

/* ---- a token ---- */

static int read_token(struct fh_token *out, const struct fh_actor_token *from, struct fh_err *err)
{
    struct fh_mesh_id mesh;
    struct fh_record record;
    int code = fh_mesh_id_parse(&mesh, from->settings->mesh, err);
    if (code == FH_OK) {
        code = fh_record_parse(&record, from->record, &mesh, err);
    }
    if (code == FH_OK && record.type != FH_RECORD_TOKEN) {
        code = fh_err_rule(err, FH_EINVAL, "token.record", "the record is no token");
    }
    return code == FH_OK ? fh_token_decode(out, &record, err) : code;
}

static int fill_of_token(struct fh_actor *actor,
                         const struct fh_actor_token *from,
                         const struct fh_token *token,
                         struct fh_err *err)
{
    struct fh_settings *settings = &actor->settings;
    fh_settings_init(settings);
    snprintf(settings->domain, sizeof settings->domain, "%s", from->domain_name);
    memcpy(settings->mesh, from->settings->mesh, sizeof settings->mesh);
    memcpy(settings->listen, from->settings->listen, sizeof settings->listen);
    int code = fh_mesh_id_parse(&actor->mesh, settings->mesh, err);
    if (code != FH_OK) {
        return code;
    }
    actor->domain = token->domain;
    actor->member = token->member;
    actor->key_id = fh_key_id_of(&actor->member);
    fh_sign_keys(from->seed, &actor->key, &actor->secret);
    if (memcmp(actor->key.b, token->key.b, sizeof actor->key.b) != 0) {
        return fh_err_rule(err, FH_EDENIED, "token.key", "the seed is not that of the token");
    }
    code = new_directory(actor, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_directory_add_all(
        actor->directory, from->credentials, from->credential_count, fh_clock_wall_ms(), NULL, err);
    if (code == FH_OK) {
        code = collect_credentials(actor, &from->record, err);
    }
    if (code == FH_OK) {
        actor->token = actor->credential[actor->credential_count - 1];
    }
    return code;
}

int fh_actor_open_token(struct fh_actor **out,
                        const struct fh_actor_token *from,
                        struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_token token;
    int code = read_token(&token, from, err);
    if (code == FH_OK) {
        code = new_actor(&actor, err);
    }
    if (code != FH_OK) {
        return code;
    }
    code = fill_of_token(actor, from, &token, err);
    if (code == FH_OK) {
        *out = FH_TAKE(actor);
    }
    return code;
}

void fh_actor_free(struct fh_actor *actor)
{
    if (actor == NULL) {
        return;
    }
    fh_directory_free(actor->directory);
    fh_verified_free(actor->verified);
    fh_buf_fini(&actor->credentials);
    fh_sign_secret_wipe(&actor->secret);
    fh_free(actor);
}
