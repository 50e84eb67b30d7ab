/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/tokens.h"

#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/client/admin_socket.h"
#include "tools/door/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_BYTES = 32,
    GUESS_RETRY_MS = 1000,
};

struct fh_tokens {
    struct fh_home home;
    struct fh_settings settings;
    struct fh_mesh_id mesh;
    uint8_t mark_key[KEY_BYTES];  /* of this process: what is remembered of texts */
    uint8_t decoy_key[KEY_BYTES]; /* of the home: verifiers of tokens that nobody has */
    pthread_mutex_t socket_lock;
    int socket;           /* -1: not connected */
    pthread_mutex_t lock; /* of what follows */
    size_t count;
    struct fh_identity *kept[FH_DOOR_TOKENS_KEPT_MAX];
    int64_t guesses_ms; /* monotonic: `guesses` were left then */
    double guesses;
};

const struct fh_settings *fh_tokens_settings(const struct fh_tokens *tokens)
{
    return &tokens->settings;
}

const struct fh_mesh_id *fh_tokens_mesh(const struct fh_tokens *tokens)
{
    return &tokens->mesh;
}

/* ---- opening ---- */

/* A secret of the home, made once: what it makes up must not change with a restart, or a stranger
 * could tell it from what is true. */
static int read_decoy_key(struct fh_tokens *tokens, struct fh_err *err)
{
    static const char name[] = "door";
    uint8_t fresh[KEY_BYTES];
    struct fh_buf bytes;
    fh_buf_init(&bytes, FH_KEY_FILE_BYTES_MAX);
    int code = fh_home_key_read(&tokens->home, name, &bytes, err);
    if (code == FH_ENOTFOUND) {
        fh_entropy(fresh, sizeof fresh);
        code = fh_home_key_write(&tokens->home, name, fh_bytes(fresh, sizeof fresh), err);
        if (code == FH_OK) {
            fh_buf_add_bytes(&bytes, fh_bytes(fresh, sizeof fresh));
            code = fh_buf_ok(&bytes);
        }
        fh_wipe(fresh, sizeof fresh);
    }
    if (code == FH_OK && bytes.size != KEY_BYTES) {
        code = fh_err_rule(err,
                           FH_EINVAL,
                           "key.form",
                           "keys/door.key has %zu bytes; expected %d: remove it, a new one is made",
                           bytes.size,
                           KEY_BYTES);
    }
    if (code == FH_OK) {
        memcpy(tokens->decoy_key, bytes.data, KEY_BYTES);
    }
    if (bytes.data != NULL) {
        fh_wipe(bytes.data, bytes.capacity);
    }
    fh_buf_fini(&bytes);
    return code;
}

int fh_tokens_new(struct fh_tokens **out,
                  const struct fh_home *home,
                  const struct fh_settings *settings,
                  struct fh_err *err)
{
    struct fh_tokens *tokens = fh_calloc(1, sizeof *tokens);
    if (tokens == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for tokens");
    }
    tokens->home = *home;
    tokens->settings = *settings;
    tokens->socket = -1;
    tokens->guesses = FH_DOOR_GUESSES_PER_S;
    tokens->guesses_ms = fh_clock_mono_ms();
    pthread_mutex_init(&tokens->socket_lock, NULL);
    pthread_mutex_init(&tokens->lock, NULL);
    fh_entropy(tokens->mark_key, sizeof tokens->mark_key);
    int code = fh_crypto_init() == FH_OK
                   ? fh_mesh_id_parse(&tokens->mesh, settings->mesh, err)
                   : fh_err_set(err, FH_EINTERNAL, "the cryptographic library does not start");
    if (code == FH_OK) {
        code = read_decoy_key(tokens, err);
    }
    if (code != FH_OK) {
        fh_tokens_free(tokens);
        return code;
    }
    *out = tokens;
    return FH_OK;
}

void fh_tokens_free(struct fh_tokens *tokens)
{
    if (tokens == NULL) {
        return;
    }
    for (size_t i = 0; i < tokens->count; i++) {
        fh_identity_drop(tokens->kept[i]);
    }
    if (tokens->socket >= 0) {
        close(tokens->socket);
    }
    pthread_mutex_destroy(&tokens->socket_lock);
    pthread_mutex_destroy(&tokens->lock);
    fh_wipe(tokens->mark_key, sizeof tokens->mark_key);
    fh_wipe(tokens->decoy_key, sizeof tokens->decoy_key);
    fh_free(tokens);
}

/* ---- the node ---- */

static int ask_node(struct fh_tokens *tokens,
                    const struct fh_token_id *id,
                    struct fh_buf *room,
                    struct fh_pack_reader *reader,
                    struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 64);
    fh_msg_token_named(&request, id);
    if (tokens->socket < 0) {
        tokens->socket = fh_admin_socket_connect(fh_home_path(path, &tokens->home, FH_HOME_SOCKET));
    }
    if (tokens->socket < 0) {
        int failure = -tokens->socket;
        tokens->socket = -1;
        return fh_err_rule(err,
                           FH_EUNREACH,
                           "door.node",
                           "the node of this home is not there: %s",
                           strerror(failure));
    }
    return fh_admin_socket_call(
        tokens->socket, fh_buf_view(&request), FH_REQUEST_MS, room, reader, err);
}

static bool is_lost(int code)
{
    return code == FH_EUNREACH || code == FH_ETIMEOUT || code == FH_EPROTO;
}

int fh_tokens_find(struct fh_tokens *tokens,
                   const struct fh_token_id *id,
                   struct fh_buf *room,
                   struct fh_msg_token_found *out,
                   struct fh_err *err)
{
    struct fh_pack_reader reader;
    pthread_mutex_lock(&tokens->socket_lock);
    int code = FH_EUNREACH;
    /* A connection that a node which has ended left behind is found out by its first use. */
    for (unsigned attempt = 0; attempt < 2 && code == FH_EUNREACH; attempt++) {
        code = ask_node(tokens, id, room, &reader, err);
        if (is_lost(code) && tokens->socket >= 0) {
            close(tokens->socket);
            tokens->socket = -1;
        }
    }
    pthread_mutex_unlock(&tokens->socket_lock);
    if (code == FH_OK) {
        code = fh_msg_token_found_read(&reader, out, err);
    }
    return code == FH_ENOTFOUND ? fh_token_unknown(err) : code;
}

/* ---- what is remembered ---- */

static void mark(uint8_t out[32], const struct fh_tokens *tokens, struct fh_bytes secret)
{
    fh_hash_keyed(out, 32, fh_bytes(tokens->mark_key, sizeof tokens->mark_key), secret);
}

/* Under the lock. */
static void forget_at(struct fh_tokens *tokens, size_t index)
{
    fh_identity_drop(tokens->kept[index]);
    tokens->kept[index] = tokens->kept[--tokens->count];
}

/* The remembered identity of this id that this mark, of its text or of its ClientKey, opens. */
static struct fh_identity *recall(struct fh_tokens *tokens,
                                  const struct fh_token_id *id,
                                  const uint8_t of_text[32],
                                  const uint8_t of_key[32])
{
    struct fh_identity *found = NULL;
    int64_t now_ms = fh_clock_mono_ms();
    pthread_mutex_lock(&tokens->lock);
    for (size_t i = 0; i < tokens->count && found == NULL; i++) {
        struct fh_identity *kept = tokens->kept[i];
        if (fh_token_id_equal(&kept->id, id) &&
            (of_text != NULL ? fh_crypto_equal(kept->text_mark, of_text, 32)
                             : fh_crypto_equal(kept->client_mark, of_key, 32))) {
            kept->used_ms = now_ms;
            found = fh_identity_keep(kept);
        }
    }
    pthread_mutex_unlock(&tokens->lock);
    return found;
}

/* Remembers `fresh` (borrowed), or finds that another thread did so meanwhile; gives the one that
 * counts. `of_text` may be NULL. */
static struct fh_identity *
remember(struct fh_tokens *tokens, struct fh_identity *fresh, const uint8_t of_text[32])
{
    struct fh_identity *counts = NULL;
    int64_t now_ms = fh_clock_mono_ms();
    pthread_mutex_lock(&tokens->lock);
    size_t oldest = 0;
    for (size_t i = 0; i < tokens->count;) {
        struct fh_identity *kept = tokens->kept[i];
        if (now_ms - kept->used_ms >= FH_DOOR_TOKEN_KEPT_MS) {
            forget_at(tokens, i);
            continue;
        }
        if (fh_token_id_equal(&kept->id, &fresh->id) &&
            fh_crypto_equal(kept->client_mark, fresh->client_mark, 32)) {
            counts = kept;
        }
        oldest = kept->used_ms < tokens->kept[oldest]->used_ms ? i : oldest;
        i++;
    }
    if (counts == NULL) {
        if (tokens->count == FH_DOOR_TOKENS_KEPT_MAX) {
            forget_at(tokens, oldest);
        }
        counts = fresh;
        tokens->kept[tokens->count++] = fh_identity_keep(fresh);
    }
    counts->used_ms = now_ms;
    if (of_text != NULL) {
        memcpy(counts->text_mark, of_text, sizeof counts->text_mark);
    }
    fh_identity_keep(counts);
    pthread_mutex_unlock(&tokens->lock);
    return counts;
}

void fh_tokens_tidy(struct fh_tokens *tokens)
{
    int64_t now_ms = fh_clock_mono_ms();
    int64_t wall_ms = fh_clock_wall_ms();
    pthread_mutex_lock(&tokens->lock);
    for (size_t i = 0; i < tokens->count;) {
        const struct fh_identity *kept = tokens->kept[i];
        if (now_ms - kept->used_ms >= FH_DOOR_TOKEN_KEPT_MS ||
            fh_token_check_time(&kept->token, wall_ms, NULL) != FH_OK) {
            forget_at(tokens, i);
        } else {
            i++;
        }
    }
    pthread_mutex_unlock(&tokens->lock);
}

/* A token that ended or was revoked needs no place. */
static void forget(struct fh_tokens *tokens, const struct fh_identity *identity)
{
    pthread_mutex_lock(&tokens->lock);
    for (size_t i = 0; i < tokens->count; i++) {
        if (tokens->kept[i] == identity) {
            forget_at(tokens, i);
            break;
        }
    }
    pthread_mutex_unlock(&tokens->lock);
}

/* ---- guesses ---- */

/* Before what is not remembered is looked at: whoever tries many texts that fit nothing makes the
 * next ones wait, not those who are signed in. */
static int check_guesses(struct fh_tokens *tokens, struct fh_err *err)
{
    int64_t now_ms = fh_clock_mono_ms();
    pthread_mutex_lock(&tokens->lock);
    tokens->guesses += (double)(now_ms - tokens->guesses_ms) * FH_DOOR_GUESSES_PER_S / 1000.0;
    tokens->guesses_ms = now_ms;
    if (tokens->guesses > FH_DOOR_GUESSES_PER_S) {
        tokens->guesses = FH_DOOR_GUESSES_PER_S;
    }
    bool fits = tokens->guesses >= 1.0;
    pthread_mutex_unlock(&tokens->lock);
    if (fits) {
        return FH_OK;
    }
    fh_err_rule(err, FH_EBUSY, "token.guesses", "too many tokens that do not fit; try again later");
    fh_err_retry(err, GUESS_RETRY_MS);
    return FH_EBUSY;
}

static void count_guess(struct fh_tokens *tokens, int code)
{
    if (code == FH_EDENIED || code == FH_EINVAL) {
        pthread_mutex_lock(&tokens->lock);
        tokens->guesses -= 1.0;
        pthread_mutex_unlock(&tokens->lock);
    }
}

/* ---- signing in ---- */

/* Opens what the node has with the ClientKey; NULL: that of the text. */
static int open_found(struct fh_tokens *tokens,
                      const struct fh_msg_token_found *found,
                      struct fh_bytes text,
                      const uint8_t *client_key,
                      struct fh_identity **out,
                      struct fh_err *err)
{
    const struct fh_deposit *deposit = &found->deposit;
    struct fh_scram_keys keys = {.client_key = {0}};
    uint8_t of_text[32];
    uint8_t of_key[32];
    struct fh_identity *fresh = NULL;
    if (client_key == NULL) {
        mark(of_text, tokens, text);
        fh_scram_keys_of(&keys, text, deposit->salt, deposit->iterations);
    } else {
        const struct fh_bytes key = fh_bytes(client_key, sizeof keys.client_key);
        memcpy(keys.client_key, client_key, sizeof keys.client_key);
        fh_sha256_parts(keys.stored_key, &key, 1);
    }
    int code = fh_crypto_equal(keys.stored_key, deposit->stored_key, sizeof keys.stored_key)
                   ? FH_OK
                   : fh_token_unknown(err);
    if (code == FH_OK) {
        mark(of_key, tokens, fh_bytes(keys.client_key, sizeof keys.client_key));
        code = fh_identity_new(&fresh, tokens, found, keys.client_key, of_key, err);
    }
    fh_wipe(&keys, sizeof keys);
    if (code == FH_OK) {
        *out = remember(tokens, fresh, client_key == NULL ? of_text : NULL);
        fh_identity_drop(fresh);
    }
    return code;
}

static int sign_in(struct fh_tokens *tokens,
                   const struct fh_token_id *id,
                   struct fh_bytes text,
                   const uint8_t *client_key,
                   struct fh_identity **out,
                   struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf room;
    struct fh_msg_token_found found;
    fh_buf_init(&room, FH_FRAME_REPLY_BYTES_MAX);
    int code = check_guesses(tokens, err);
    if (code == FH_OK) {
        code = fh_tokens_find(tokens, id, &room, &found, err);
        if (code == FH_OK) {
            code = open_found(tokens, &found, text, client_key, out, err);
            count_guess(tokens, code); /* what costs PBKDF2; ids that nobody has cost a look */
        }
    }
    return code;
}

/* What is remembered is asked about again from time to time. */
static int check_recalled(struct fh_tokens *tokens,
                          struct fh_identity *recalled,
                          struct fh_identity **out,
                          struct fh_err *err)
{
    int code = fh_identity_check(recalled, err);
    if (code == FH_OK) {
        *out = recalled;
        return FH_OK;
    }
    if (code == FH_EDENIED) {
        forget(tokens, recalled);
    }
    fh_identity_drop(recalled);
    return code;
}

int fh_tokens_bearer(struct fh_tokens *tokens,
                     struct fh_bytes text,
                     struct fh_identity **out,
                     struct fh_err *err)
{
    struct fh_token_id id;
    uint8_t of_text[32];
    if (fh_token_text_parse(&id, text, NULL) != FH_OK) {
        return fh_token_unknown(err);
    }
    mark(of_text, tokens, text);
    struct fh_identity *recalled = recall(tokens, &id, of_text, NULL);
    return recalled != NULL ? check_recalled(tokens, recalled, out, err)
                            : sign_in(tokens, &id, text, NULL, out, err);
}

int fh_tokens_scram(struct fh_tokens *tokens,
                    struct fh_bytes id_text,
                    const uint8_t client_key[32],
                    struct fh_identity **out,
                    struct fh_err *err)
{
    struct fh_token_id id;
    uint8_t of_key[32];
    if (fh_token_id_parse(&id, id_text, NULL) != FH_OK) {
        return fh_token_unknown(err);
    }
    mark(of_key, tokens, fh_bytes(client_key, 32));
    struct fh_identity *recalled = recall(tokens, &id, NULL, of_key);
    return recalled != NULL ? check_recalled(tokens, recalled, out, err)
                            : sign_in(tokens, &id, FH_BYTES_NONE, client_key, out, err);
}

/* ---- verifiers ---- */

static void decoy_part(
    const struct fh_tokens *tokens, uint8_t *out, size_t size, const char *part, struct fh_bytes id)
{
    const struct fh_bytes parts[] = {fh_bytes_cstr(part), id};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    fh_hash_keyed(out,
                  size,
                  fh_bytes(tokens->decoy_key, sizeof tokens->decoy_key),
                  fh_bytes(hash.b, sizeof hash.b));
}

static void
make_up(const struct fh_tokens *tokens, struct fh_bytes id, struct fh_scram_verifier *out)
{
    out->iterations = FH_TOKEN_ITERATIONS;
    decoy_part(tokens, out->salt, sizeof out->salt, "salt:", id);
    decoy_part(tokens, out->stored_key, sizeof out->stored_key, "stored:", id);
    decoy_part(tokens, out->server_key, sizeof out->server_key, "server:", id);
}

int fh_tokens_verifier(struct fh_tokens *tokens,
                       struct fh_bytes id_text,
                       struct fh_scram_verifier *out,
                       struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf room;
    struct fh_msg_token_found found;
    struct fh_token_id id;
    char text[FH_TOKEN_ID_TEXT_BYTES];
    fh_buf_init(&room, FH_FRAME_REPLY_BYTES_MAX);
    if (fh_token_id_parse(&id, id_text, NULL) != FH_OK) {
        make_up(tokens, id_text, out);
        return FH_OK;
    }
    fh_token_id_text(text, &id);
    int code = fh_tokens_find(tokens, &id, &room, &found, err);
    if (code == FH_EDENIED) {
        make_up(tokens, fh_bytes_cstr(text), out);
        return FH_OK;
    }
    if (code == FH_OK) {
        const struct fh_deposit *deposit = &found.deposit;
        out->iterations = deposit->iterations;
        memcpy(out->salt, deposit->salt, sizeof out->salt);
        memcpy(out->stored_key, deposit->stored_key, sizeof out->stored_key);
        memcpy(out->server_key, deposit->server_key, sizeof out->server_key);
    }
    return code;
}
