/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a door does with a token, and what a thief of one tries, at the node of a home.
 *
 *     fh-token HOME bearer TEXT SQL [PURPOSE [FILE]]
 *         signs in with the text and asks; the receipt goes to FILE
 *     fh-token HOME scram TEXT SQL [PURPOSE]
 *         the same by the ClientKey of a SCRAM exchange
 *     fh-token HOME member SQL
 *         asks as the home's own member
 *     fh-token HOME hold TEXT SQL
 *         asks for a stream, says "begun", reads to the end
 *     fh-token HOME verifier ID
 *         what a SCRAM server is given for this user name
 *     fh-token HOME stolen TEXT SQL ADDRESS FILE
 *         opens the token, says "open", waits until FILE is there, and asks a node elsewhere, which
 *         never had its deposit
 *     fh-token HOME order TEXT MESSAGE
 *         a message that is not for tokens: deposit, list, revoke, chain, publish, own, ask, push
 *     fh-token HOME forge TEXT KIND
 *         a session or request of a token that is none: chain, widened, stripped, other, bare,
 *         silent
 *
 * Prints rows with | between cells, or the refusal ("rule: text"), and ends with its exit code.
 */
#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/session/messages_access.h"
#include "proto/session/messages_token.h"
#include "tools/client/client.h"
#include "tools/door/askers.h"
#include "tools/door/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct door {
    struct fh_home home;
    struct fh_settings settings;
    struct fh_tokens *tokens;
    struct fh_askers *askers;
    struct fh_identity *who;
    struct freehold_client *client;
};

static int open_door(struct door *door, const char *root, struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&text, FH_SETTINGS_BYTES_MAX);
    fh_settings_init(&door->settings);
    int code = fh_home_locate(&door->home, root, err);
    if (code == FH_OK) {
        code = fh_file_read(fh_home_path(path, &door->home, FH_HOME_SETTINGS), &text, err);
    }
    if (code == FH_OK) {
        code = fh_settings_parse(&door->settings, fh_buf_view(&text), path, err);
    }
    if (code == FH_OK) {
        code = fh_tokens_new(&door->tokens, &door->home, &door->settings, err);
    }
    return code == FH_OK ? fh_askers_new(&door->askers, &door->home, &door->settings, err) : code;
}

static void close_door(struct door *door)
{
    if (door->client != NULL) {
        fh_askers_give(door->askers, door->client);
    }
    fh_askers_free(door->askers);
    fh_identity_drop(door->who);
    fh_tokens_free(door->tokens);
}

/* ---- signing in ---- */

/* What a server of SCRAM-SHA-256 comes to know when the proof holds. */
static int scram(struct door *door, const char *text, struct fh_err *err)
{
    struct fh_scram_verifier verifier;
    struct fh_scram_keys keys;
    int code = fh_tokens_verifier(door->tokens, fh_bytes_cstr(text), &verifier, err);
    if (code != FH_OK) {
        return code;
    }
    fh_scram_keys_of(&keys, fh_bytes_cstr(text), verifier.salt, verifier.iterations);
    if (memcmp(keys.stored_key, verifier.stored_key, sizeof keys.stored_key) != 0) {
        return fh_err_rule(err, FH_EDENIED, "scram.proof", "the proof does not hold");
    }
    return fh_tokens_scram(door->tokens, fh_bytes_cstr(text), keys.client_key, &door->who, err);
}

static int sign_in(struct door *door, const char *how, const char *text, struct fh_err *err)
{
    if (strcmp(how, "member") == 0) {
        return FH_OK;
    }
    return strcmp(how, "scram") == 0
               ? scram(door, text, err)
               : fh_tokens_bearer(door->tokens, fh_bytes_cstr(text), &door->who, err);
}

/* ---- asking ---- */

static int failed(struct fh_err *err, const struct freehold_error *error)
{
    return fh_err_rule(err, error->code, error->rule, "%s", error->text);
}

static int keep_receipt(struct freehold_result *result, const char *path, struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    const void *data = NULL;
    size_t size = 0;
    if (freehold_result_receipt(result, &data, &size, &error) != FREEHOLD_OK) {
        return failed(err, &error);
    }
    return fh_file_replace(path, fh_bytes(data, size), 0600, err);
}

/* Slowly, so that it lasts longer than what ends it. */
static void hold_on(struct freehold_result *result, struct freehold_error *error, int *code)
{
    size_t rows = 0;
    puts("begun");
    fflush(stdout);
    while (freehold_result_next_batch(result, &rows, error, code)) {
        usleep(20000);
    }
}

static int query(struct door *door,
                 const char *sql,
                 const char *purpose,
                 const char *receipt,
                 bool hold,
                 struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_result *result = NULL;
    const struct freehold_query_options options = {
        .size = sizeof options, .purpose = purpose, .stream = hold};
    if (freehold_query(&result, door->client, sql, &options, &error) != FREEHOLD_OK) {
        return failed(err, &error);
    }
    int code = FREEHOLD_OK;
    if (hold) {
        hold_on(result, &error, &code);
    }
    while (!hold && freehold_result_next(result, &error, &code)) {
        for (size_t i = 0; i < freehold_result_column_count(result); i++) {
            printf("%s%s", i > 0 ? "|" : "", freehold_result_text(result, i, NULL));
        }
        putchar('\n');
    }
    int kept = code == FREEHOLD_OK && receipt != NULL ? keep_receipt(result, receipt, err) : FH_OK;
    freehold_result_close(result);
    return code == FREEHOLD_OK ? kept : failed(err, &error);
}

static int ask(struct door *door, int argc, char **argv, struct fh_err *err)
{
    bool member = strcmp(argv[2], "member") == 0;
    const char *sql = member ? argv[3] : argv[4];
    const char *purpose = !member && argc > 5 ? argv[5] : NULL;
    const char *receipt = !member && argc > 6 ? argv[6] : NULL;
    bool hold = strcmp(argv[2], "hold") == 0;
    int code = sign_in(door, argv[2], argv[3], err);
    if (code == FH_OK) {
        code = fh_askers_take(door->askers, door->who, &door->client, err);
    }
    return code == FH_OK ? query(door, sql, purpose, receipt, hold, err) : code;
}

/* ---- messages that are not for tokens ---- */

static void put_order(struct fh_buf *out, const char *what, const struct fh_identity *who)
{
    const struct fh_deposit none = {
        .id = who->id, .iterations = FH_TOKEN_ITERATIONS, .record = fh_buf_view(&who->record)};
    static const struct fh_msg_order order = {.seq = 1, .compat_rules = 1, .dry_run = true};
    if (strcmp(what, "deposit") == 0) {
        fh_msg_token_deposit(out, &none);
    } else if (strcmp(what, "list") == 0) {
        fh_msg_token_list(out);
    } else if (strcmp(what, "revoke") == 0) {
        fh_msg_token_revoke(out, &who->id, FH_BYTES_NONE);
    } else if (strcmp(what, "chain") == 0) {
        fh_msg_remote_chain_request(out, "orders");
    } else if (strcmp(what, "publish") == 0) {
        fh_msg_order_request(out, &order);
    } else if (strcmp(what, "ask") == 0) {
        fh_msg_ask_begin(out, fh_buf_view(&who->record));
        fh_pack_array(out, 0);
    } else if (strcmp(what, "push") == 0) {
        fh_msg_push_request_begin(out, 0);
    } else { /* own: who asks the domain for access */
        FH_CLEANUP(fh_buf_fini) struct fh_buf inner;
        fh_buf_init(&inner, 64);
        fh_pack_array(&inner, 2);
        fh_pack_uint(&inner, FH_MSG_ADMIN_ASKED);
        fh_pack_bin(&inner, FH_BYTES_NONE);
        fh_msg_own_request(out, fh_buf_view(&inner));
    }
}

static int order(struct door *door, char **argv, struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = sign_in(door, "bearer", argv[3], err);
    if (code == FH_OK) {
        code = fh_askers_take(door->askers, door->who, &door->client, err);
    }
    if (code == FH_OK) {
        fh_buf_reset(&door->client->request);
        put_order(&door->client->request, argv[4], door->who);
        code = fh_client_call(door->client, &reader, err);
    }
    if (code == FH_OK) {
        puts("taken");
    }
    return code;
}

/* ---- forgeries ---- */

/* The actor of a token that holds, made to show another record, or to sign with another key. */
static void forge(struct fh_actor *actor,
                  const struct fh_token *honest,
                  const char *kind,
                  struct fh_buf *record)
{
    static const uint8_t seed[FH_SEED_BYTES] = {7};
    struct fh_sign_public own;
    struct fh_sign_secret own_secret;
    struct fh_token token = *honest;
    fh_sign_keys(seed, &own, &own_secret);
    struct fh_bytes *shown = &actor->credential[actor->credential_count - 1];
    if (strcmp(kind, "chain") == 0) { /* vouched for by the token's key */
        token.member = actor->key;
        token.key = own;
        fh_token_make(record, &token, &actor->mesh, &actor->secret);
        actor->secret = own_secret;
    } else if (strcmp(kind, "widened") == 0) { /* signed by the token's key in the member's name */
        token.not_after_ms += 1;
        fh_token_make(record, &token, &actor->mesh, &actor->secret);
    } else if (strcmp(kind, "stripped") == 0) { /* another text under the member's signature */
        struct fh_record parsed;
        struct fh_record other;
        FH_CLEANUP(fh_buf_fini) struct fh_buf changed;
        fh_buf_init(&changed, FH_RECORD_BYTES_MAX);
        token.purpose_count = 0;
        token.product_count = 0;
        token.not_after_ms -= 1;
        fh_token_make(&changed, &token, &actor->mesh, &actor->secret);
        if (fh_record_parse(&parsed, *shown, &actor->mesh, NULL) == FH_OK &&
            fh_record_parse(&other, fh_buf_view(&changed), &actor->mesh, NULL) == FH_OK) {
            fh_record_join(record, FH_RECORD_TOKEN, other.payload, &parsed.signatures[0]);
        }
    } else if (strcmp(kind, "other") == 0) { /* a token that holds, for another's key */
        actor->secret = own_secret;
    } else if (strcmp(kind, "bare") == 0) { /* the token's key alone */
        actor->credential_count--;
    } else { /* silent: a session that holds, and requests that do not carry the token */
        actor->token = FH_BYTES_NONE;
    }
    if (record->size > 0) {
        *shown = fh_buf_view(record);
        actor->token = *shown;
    }
}

/* The actor of the token that is signed in. */
static int token_actor(struct door *door, struct fh_actor **out, struct fh_err *err)
{
    struct fh_identity *who = door->who;
    struct fh_bytes credentials[FH_SESSION_RECORDS_MAX];
    size_t at = 0;
    for (unsigned i = 0; i < who->credential_count; i++) {
        credentials[i] = fh_bytes(who->credentials.data + at, who->credential_sizes[i]);
        at += who->credential_sizes[i];
    }
    const struct fh_actor_token from = {.settings = &door->settings,
                                        .domain_name = who->domain_name,
                                        .seed = who->seed,
                                        .record = fh_buf_view(&who->record),
                                        .credentials = credentials,
                                        .credential_count = who->credential_count};
    return fh_actor_open_token(out, &from, err);
}

static int
open_forged(struct door *door, const char *kind, struct fh_buf *record, struct fh_err *err)
{
    struct fh_actor *actor = NULL;
    int code = token_actor(door, &actor, err);
    if (code != FH_OK) {
        return code;
    }
    forge(actor, &door->who->token, kind, record);
    return fh_client_open_actor(&door->client, actor, door->settings.listen, err);
}

static int try_forged(struct door *door, char **argv, struct fh_err *err)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    int code = sign_in(door, "bearer", argv[3], err);
    if (code == FH_OK) {
        code = open_forged(door, argv[4], &record, err);
    }
    if (code == FH_OK) {
        code = query(door, "SELECT 1", NULL, NULL, false, err);
    }
    freehold_close(FH_TAKE(door->client));
    return code;
}

/* Who has opened a token needs its deposit no more. */
static int use_stolen(struct door *door, char **argv, struct fh_err *err)
{
    struct fh_actor *actor = NULL;
    int code = sign_in(door, "bearer", argv[3], err);
    if (code == FH_OK) {
        code = token_actor(door, &actor, err);
    }
    if (code != FH_OK) {
        return code;
    }
    puts("open");
    fflush(stdout);
    while (access(argv[6], F_OK) != 0) {
        usleep(20000);
    }
    code = fh_client_open_actor(&door->client, actor, argv[5], err);
    if (code == FH_OK) {
        code = query(door, argv[4], "audit", NULL, false, err);
    }
    freehold_close(FH_TAKE(door->client));
    return code;
}

static int show_verifier(struct door *door, const char *id, struct fh_err *err)
{
    struct fh_scram_verifier verifier;
    int code = fh_tokens_verifier(door->tokens, fh_bytes_cstr(id), &verifier, err);
    for (size_t i = 0; code == FH_OK && i < sizeof verifier.salt; i++) {
        printf("%02x", verifier.salt[i]);
    }
    for (size_t i = 0; code == FH_OK && i < sizeof verifier.stored_key; i++) {
        printf("%02x", verifier.stored_key[i]);
    }
    if (code == FH_OK) {
        printf(" %u\n", verifier.iterations);
    }
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: fh-token HOME WHAT ARGUMENT...\n", stderr);
        return 2;
    }
    struct door *door = calloc(1, sizeof *door);
    struct fh_err err = {0};
    if (door == NULL) {
        return 1;
    }
    int code = open_door(door, argv[1], &err);
    if (code == FH_OK && strcmp(argv[2], "verifier") == 0) {
        code = show_verifier(door, argv[3], &err);
    } else if (code == FH_OK && strcmp(argv[2], "order") == 0 && argc > 4) {
        code = order(door, argv, &err);
    } else if (code == FH_OK && strcmp(argv[2], "forge") == 0 && argc > 4) {
        code = try_forged(door, argv, &err);
    } else if (code == FH_OK && strcmp(argv[2], "stolen") == 0 && argc > 6) {
        code = use_stolen(door, argv, &err);
    } else if (code == FH_OK) {
        code = ask(door, argc, argv, &err);
    }
    if (code != FH_OK) {
        printf("%s: %s\n", err.rule, err.text);
    }
    close_door(door);
    free(door);
    return fh_code_exit(code);
}
