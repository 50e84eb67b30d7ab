/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the client's key: made here, left at the entry peer, which never sees their secret. */
#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/identity/token_end.h"
#include "proto/session/messages_token.h"
#include "tools/client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PURPOSES_BYTES = FH_TOKEN_PURPOSES_MAX * (FH_PURPOSE_BYTES_MAX + 2),
    PRODUCTS_BYTES = FH_TOKEN_PRODUCTS_MAX * (FH_TOKEN_PRODUCT_BYTES_MAX + 2),
};

/* ---- making ---- */

/* Copies texts to rows of `width` bytes. */
static int copy_list(char *out,
                     size_t width,
                     const char *const *texts,
                     size_t count,
                     size_t most,
                     const char *rule,
                     struct fh_err *err)
{
    if (count > most) {
        return fh_err_rule(
            err, FH_EINVAL, rule, "token: %zu in one list; at most %zu", count, most);
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(texts[i]) >= width) {
            return fh_err_rule(
                err, FH_EINVAL, rule, "token: number %zu: at most %zu bytes", i + 1, width - 1);
        }
        snprintf(out + i * width, width, "%s", texts[i]);
    }
    return FH_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Puts them in order, each once; gives how many are left. */
static uint32_t order(char *rows, size_t width, size_t count)
{
    uint32_t kept = 0;
    qsort(rows, count, width, by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || strcmp(rows + (kept - 1) * width, rows + i * width) != 0) {
            memmove(rows + kept * width, rows + i * width, width);
            kept++;
        }
    }
    return kept;
}

_Static_assert((unsigned)FREEHOLD_TOKEN_ASK == (unsigned)FH_TOKEN_ASK &&
                   (unsigned)FREEHOLD_TOKEN_DECIDE == (unsigned)FH_TOKEN_DECIDE,
               "the library's powers are those of the record");

/* A power that the member's key has not itself is none: whoever judges the token asks for it too.
 */
static int
fill_powers(struct fh_token *token, const struct fh_actor *actor, unsigned may, struct fh_err *err)
{
    struct fh_ref ref = fh_key_id_ref(&actor->key_id);
    if ((may & ~(unsigned)(FH_TOKEN_ASK | FH_TOKEN_DECIDE)) != 0) {
        return fh_err_rule(
            err, FH_EINVAL, "token.power", "token: there is no such power; ask, decide");
    }
    if ((may & FH_TOKEN_DECIDE) != 0 && fh_directory_signer_of_stranger(actor->directory,
                                                                        &ref,
                                                                        &actor->domain,
                                                                        token->not_before_ms,
                                                                        FH_ROLES_PUBLISHING,
                                                                        NULL,
                                                                        NULL) != FH_OK) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "token.role",
                           "a token that decides is made by a publisher's key, and this one is no "
                           "publisher's: freehold --key FILE --access FILE token create --may "
                           "decide");
    }
    token->powers = may;
    return FH_OK;
}

static int fill(struct fh_token *token,
                const struct fh_actor *actor,
                const struct freehold_token_options *options,
                struct fh_err *err)
{
    const char *label = options->label == NULL ? "" : options->label;
    token->domain = actor->domain;
    token->member = actor->member;
    token->not_before_ms = fh_clock_wall_ms();
    token->not_after_ms =
        options->until_ms != 0 ? options->until_ms : token->not_before_ms + FH_TOKEN_DEFAULT_MS;
    if (actor->token.size > 0) {
        return fh_err_rule(err, FH_EDENIED, "token.scope", "a token makes no other token");
    }
    if (strlen(label) >= sizeof token->label) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "token.label",
                           "token: a label has at most %d bytes",
                           FH_NAME_BYTES_MAX);
    }
    snprintf(token->label, sizeof token->label, "%s", label);
    int code = fill_powers(token, actor, options->may, err);
    if (code == FH_OK) {
        code = copy_list(token->purposes[0],
                         sizeof token->purposes[0],
                         options->purposes,
                         options->purpose_count,
                         FH_TOKEN_PURPOSES_MAX,
                         "token.purposes",
                         err);
    }
    if (code == FH_OK) {
        code = copy_list(token->products[0],
                         sizeof token->products[0],
                         options->products,
                         options->product_count,
                         FH_TOKEN_PRODUCTS_MAX,
                         "token.products",
                         err);
    }
    if (code == FH_OK) {
        token->purpose_count =
            order(token->purposes[0], sizeof token->purposes[0], options->purpose_count);
        token->product_count =
            order(token->products[0], sizeof token->products[0], options->product_count);
        code = fh_token_check(token, err);
    }
    return code;
}

static int
leave(struct freehold_client *client, const struct fh_deposit *deposit, struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_token_deposit(&client->request, deposit);
        code = fh_client_call(client, &reader, err);
    }
    return code;
}

/* What a token is made of; wiped as a whole. */
struct secrets {
    uint8_t seed[FH_SEED_BYTES];
    uint8_t secret[FH_TOKEN_SECRET_BYTES];
    struct fh_sign_secret key;
};

static void wipe_secrets(struct secrets *secrets)
{
    fh_wipe(secrets, sizeof *secrets);
}

static int create(struct freehold_client *client,
                  const struct freehold_token_options *options,
                  struct freehold_token *out,
                  struct fh_err *err)
{
    const struct fh_actor *actor = client->actor;
    FH_CLEANUP(wipe_secrets) struct secrets secrets;
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    FH_CLEANUP(fh_freep) struct fh_token *token = fh_calloc(1, sizeof *token);
    struct fh_deposit deposit;
    struct fh_token_id id;
    uint8_t salt[FH_TOKEN_SALT_BYTES];
    fh_entropy(&secrets, sizeof secrets);
    fh_entropy(&id, sizeof id);
    fh_entropy(salt, sizeof salt);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    if (token == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a token");
    }
    fh_sign_keys(secrets.seed, &token->key, &secrets.key);
    int code = fill(token, actor, options, err);
    if (code != FH_OK) {
        return code;
    }
    fh_token_make(&record, token, &actor->mesh, &actor->secret);
    if (fh_buf_ok(&record) != FH_OK) {
        return fh_err_set(err, fh_buf_ok(&record), "the token does not fit a record");
    }
    fh_deposit_make(&deposit, &id, secrets.secret, salt, secrets.seed, &token->key);
    deposit.record = fh_buf_view(&record);
    out->until_ms = token->not_after_ms;
    if (options->dry_run) {
        return fh_client_ready(client, err);
    }
    code = leave(client, &deposit, err);
    if (code == FH_OK) {
        fh_token_id_text(out->id, &id);
        fh_token_text(out->text, &id, secrets.secret);
    }
    return code;
}

int freehold_token_create(struct freehold_client *client,
                          const struct freehold_token_options *options,
                          struct freehold_token *out,
                          struct freehold_error *error)
{
    struct freehold_token_options known = {.size = sizeof known};
    struct freehold_token made = {.size = sizeof made};
    struct fh_err err = {0};
    if (options != NULL) {
        memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    }
    int code = create(client, &known, &made, &err);
    if (code == FH_OK) {
        fh_public_copy(out, &made, sizeof made);
    }
    fh_wipe(&made, sizeof made);
    return code == FH_OK ? FH_OK : fh_public_error(error, &err);
}

/* ---- listing ---- */

struct item {
    struct freehold_token_entry entry;
    struct fh_record_id record;
    char purposes[PURPOSES_BYTES];
    char products[PRODUCTS_BYTES];
    char may[FH_TOKEN_POWERS_TEXT_BYTES];
};

struct freehold_tokens {
    size_t count;
    struct item items[FH_TOKENS_PER_KEY_MAX];
};

static void join(char *out, size_t size, const char *rows, size_t width, uint32_t count)
{
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        at += (size_t)snprintf(
            out + at, size - at, "%s%s", i > 0 ? "," : "", rows + i * width); /* all of them fit */
    }
}

/* Our own word, whoever kept it. */
static int read_item(struct item *out,
                     const struct fh_actor *actor,
                     const struct fh_msg_token *listed,
                     struct fh_err *err)
{
    struct fh_record record;
    FH_CLEANUP(fh_freep) struct fh_token *token = fh_calloc(1, sizeof *token);
    if (token == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a token");
    }
    int code = fh_record_parse(&record, listed->record, &actor->mesh, err);
    if (code == FH_OK &&
        (record.type != FH_RECORD_TOKEN || record.signature_count != 1 ||
         !fh_record_signed_by(&record, 0, &actor->mesh, &actor->member, &fh_verifier_plain))) {
        code = fh_err_rule(
            err, FH_ESIG, "token.member", "the peer lists a token that this key did not make");
    }
    if (code == FH_OK) {
        code = fh_token_decode(token, &record, err);
    }
    if (code == FH_OK) {
        fh_token_id_text(out->entry.id, &listed->id);
        out->record = record.id;
        memcpy(out->entry.label, token->label, sizeof out->entry.label);
        out->entry.created_ms = token->not_before_ms;
        out->entry.until_ms = token->not_after_ms;
        join(out->purposes,
             sizeof out->purposes,
             token->purposes[0],
             sizeof token->purposes[0],
             token->purpose_count);
        join(out->products,
             sizeof out->products,
             token->products[0],
             sizeof token->products[0],
             token->product_count);
        out->entry.purposes = out->purposes;
        out->entry.products = out->products;
        fh_token_powers_text(out->may, token->powers);
        out->entry.may = out->may;
    }
    return code;
}

static int list(struct freehold_tokens *out, struct freehold_client *client, struct fh_err *err)
{
    struct fh_pack_reader reader;
    uint32_t count = 0;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_token_list(&client->request);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_tokens_read(&reader, &count, err);
    }
    if (code == FH_OK && count > FH_TOKENS_PER_KEY_MAX) {
        code = fh_err_rule(err, FH_EPROTO, "token.many", "the peer lists more tokens than may be");
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_token token;
        code = fh_msg_tokens_next(&reader, &token, err);
        if (code == FH_OK) {
            code = read_item(&out->items[out->count++], client->actor, &token, err);
        }
    }
    return code;
}

int freehold_token_list(struct freehold_tokens **out,
                        struct freehold_client *client,
                        struct freehold_error *error)
{
    struct fh_err err = {0};
    struct freehold_tokens *tokens = fh_calloc(1, sizeof *tokens);
    int code = tokens == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory for a list of tokens")
                              : list(tokens, client, &err);
    if (code != FH_OK) {
        freehold_tokens_free(tokens);
        return fh_public_error(error, &err);
    }
    *out = tokens;
    return FH_OK;
}

size_t freehold_tokens_count(const struct freehold_tokens *tokens)
{
    return tokens->count;
}

void freehold_tokens_get(const struct freehold_tokens *tokens,
                         size_t index,
                         struct freehold_token_entry *out)
{
    fh_public_copy(out, &tokens->items[index].entry, sizeof tokens->items[index].entry);
}

void freehold_tokens_free(struct freehold_tokens *tokens)
{
    fh_free(tokens);
}

/* ---- ending ---- */

/* Our own word that the token does not count any more. */
static int sign_end(struct fh_buf *out,
                    const struct fh_actor *actor,
                    const struct fh_record_id *token,
                    int64_t since_ms,
                    struct fh_err *err)
{
    struct fh_token_end end = {.domain = actor->domain, .member = actor->member, .token = *token};
    end.created_ms = fh_clock_wall_ms();
    end.since_ms = since_ms == 0 ? end.created_ms : since_ms;
    if (actor->token.size > 0) {
        return fh_err_rule(err, FH_EDENIED, "token.scope", "a token ends no token");
    }
    fh_token_end_make(out, &end, &actor->mesh, &actor->secret);
    return fh_buf_ok(out) == FH_OK
               ? FH_OK
               : fh_err_rule(err,
                             FH_EINVAL,
                             "token.end.time",
                             "a token is ended now or as of a time that has passed");
}

static int revoke(struct freehold_client *client,
                  const struct freehold_tokens *tokens,
                  const struct fh_token_id *id,
                  int64_t since_ms,
                  struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf end;
    struct fh_pack_reader reader;
    char text[FH_TOKEN_ID_TEXT_BYTES];
    size_t at = 0;
    fh_buf_init(&end, FH_RECORD_BYTES_MAX);
    fh_token_id_text(text, id);
    while (at < tokens->count && strcmp(tokens->items[at].entry.id, text) != 0) {
        at++;
    }
    if (at == tokens->count) {
        return fh_err_rule(
            err, FH_ENOTFOUND, "token.unknown", "your key has no token %s there", text);
    }
    int code = sign_end(&end, client->actor, &tokens->items[at].record, since_ms, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_token_revoke(&client->request, id, fh_buf_view(&end));
        code = fh_client_call(client, &reader, err);
    }
    return code;
}

int freehold_token_revoke(struct freehold_client *client,
                          const char *id,
                          int64_t since_ms,
                          struct freehold_error *error)
{
    FH_CLEANUP(fh_freep) struct freehold_tokens *tokens = fh_calloc(1, sizeof *tokens);
    struct fh_token_id named;
    struct fh_err err = {0};
    int code = tokens == NULL ? fh_err_set(&err, FH_ENOMEM, "no memory for a list of tokens")
                              : fh_token_id_parse(&named, fh_bytes_cstr(id), &err);
    if (code == FH_OK) {
        code = list(tokens, client, &err);
    }
    if (code == FH_OK) {
        code = revoke(client, tokens, &named, since_ms, &err);
    }
    return code == FH_OK ? FH_OK : fh_public_error(error, &err);
}
