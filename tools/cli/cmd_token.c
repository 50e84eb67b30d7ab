/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of the member's key, for the doors of a node. */
#include "common/time.h"
#include "proto/identity/deposit.h"
#include "tools/cli/cli.h"
#include "tools/cli/until.h"

#include <string.h>

/* ---- token create ---- */

struct making {
    struct freehold_token_options options;
    const char *products[FH_TOKEN_PRODUCTS_MAX];
    char
        names[FH_TOKEN_PRODUCTS_MAX * (FH_TOKEN_PRODUCT_BYTES_MAX + 1)]; /* `products` point here */
};

static int read_products(struct making *making, const char *text, struct fh_err *err)
{
    if (text == NULL) {
        return FH_OK;
    }
    if (strlen(text) >= sizeof making->names) {
        return fh_err_set(
            err, FH_EUSAGE, "--product: at most %d products, by comma", FH_TOKEN_PRODUCTS_MAX);
    }
    snprintf(making->names, sizeof making->names, "%s", text);
    char *state = NULL;
    for (char *name = strtok_r(making->names, ",", &state); name != NULL;
         name = strtok_r(NULL, ",", &state)) {
        if (making->options.product_count == FH_TOKEN_PRODUCTS_MAX) {
            return fh_err_set(
                err, FH_EUSAGE, "--product: at most %d products, by comma", FH_TOKEN_PRODUCTS_MAX);
        }
        making->products[making->options.product_count++] = name;
    }
    making->options.products = making->products;
    return FH_OK;
}

/* "ask,decide" */
static int read_powers(unsigned *out, const char *text, struct fh_err *err)
{
    char word[FH_TOKEN_POWERS_TEXT_BYTES];
    *out = 0;
    while (text != NULL) {
        size_t size = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", (int)(size < sizeof word ? size : 0), text);
        unsigned power = fh_token_power_of(word);
        if (power == 0) {
            return fh_err_set(err, FH_EUSAGE, "--may: ask, decide, or both by a comma");
        }
        *out |= power;
        text = text[size] == ',' ? text + size + 1 : NULL;
    }
    return FH_OK;
}

static int read_making(struct making *out, const struct fh_args *args, struct fh_err *err)
{
    const char *until = fh_args_value(args, "until");
    int64_t now_ms = fh_clock_wall_ms();
    out->options = (struct freehold_token_options){
        .size = sizeof out->options,
        .until_ms = now_ms + FH_TOKEN_DEFAULT_MS,
        .label = fh_args_value(args, "label"),
        .purposes = args->repeated,
        .purpose_count = args->repeated_count,
        .dry_run = fh_args_has(args, "dry-run"),
    };
    int code = until == NULL
                   ? FH_OK
                   : fh_until_parse(&out->options.until_ms, "--until", until, now_ms, err);
    if (code == FH_OK && out->options.until_ms > now_ms + FH_TOKEN_LIFE_MS) {
        code = fh_err_set(err, FH_EUSAGE, "--until: a token lives for 90 days at most");
    }
    if (code == FH_OK) {
        code = read_powers(&out->options.may, fh_args_value(args, "may"), err);
    }
    return code == FH_OK ? read_products(out, fh_args_value(args, "product"), err) : code;
}

static int put_token(struct fh_cli *cli, const struct freehold_token *token, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"token", FH_OUTPUT_TEXT},
        {"id", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
    };
    char until[FH_TIME_TEXT_BYTES];
    fh_time_text(until, token->until_ms);
    if (token->text[0] == '\0') {
        fh_cli_say(cli, "not made: everything holds");
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, token->text);
    fh_output_text(output, token->id);
    fh_output_text(output, until);
    return fh_output_end(output, err);
}

int fh_cmd_token_create(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct making making = {.names = ""};
    struct freehold_client *client = NULL;
    struct freehold_token token = {.size = sizeof token};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = read_making(&making, args, err);
    if (code == FH_OK) {
        code = fh_cli_client(cli, fh_args_value(args, "node"), &client, err);
    }
    if (code == FH_OK &&
        freehold_token_create(client, &making.options, &token, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = put_token(cli, &token, err);
    }
    fh_wipe(&token, sizeof token);
    return code;
}

/* ---- token list ---- */

static int put_tokens(struct fh_cli *cli, const struct freehold_tokens *tokens, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"id", FH_OUTPUT_TEXT},
        {"label", FH_OUTPUT_TEXT},
        {"created", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"purposes", FH_OUTPUT_TEXT},
        {"products", FH_OUTPUT_TEXT},
        {"may", FH_OUTPUT_TEXT},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < freehold_tokens_count(tokens); i++) {
        struct freehold_token_entry entry = {.size = sizeof entry};
        char created[FH_TIME_TEXT_BYTES];
        char until[FH_TIME_TEXT_BYTES];
        freehold_tokens_get(tokens, i, &entry);
        fh_time_text(created, entry.created_ms);
        fh_time_text(until, entry.until_ms);
        fh_output_text(output, entry.id);
        fh_output_text(output, entry.label);
        fh_output_text(output, created);
        fh_output_text(output, until);
        fh_output_text(output, entry.purposes);
        fh_output_text(output, entry.products);
        fh_output_text(output, entry.may);
    }
    return fh_output_end(output, err);
}

static int ask_list(struct fh_cli *cli,
                    const struct fh_args *args,
                    struct freehold_client **out_client,
                    struct freehold_tokens **out,
                    struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_cli_client(cli, fh_args_value(args, "node"), out_client, err);
    if (code == FH_OK && freehold_token_list(out, *out_client, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    return code;
}

int fh_cmd_token_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_tokens *tokens = NULL;
    int code = ask_list(cli, args, &client, &tokens, err);
    freehold_close(client);
    if (code == FH_OK) {
        code = put_tokens(cli, tokens, err);
    }
    freehold_tokens_free(tokens);
    return code;
}

/* ---- token revoke ---- */

/* What freehold_token_revoke would say of its absence. */
static int check_there(const struct freehold_tokens *tokens, const char *id, struct fh_err *err)
{
    struct freehold_token_entry entry = {.size = sizeof entry};
    for (size_t i = 0; i < freehold_tokens_count(tokens); i++) {
        freehold_tokens_get(tokens, i, &entry);
        if (strcmp(entry.id, id) == 0) {
            return FH_OK;
        }
    }
    return fh_err_rule(err, FH_ENOTFOUND, "token.unknown", "your key has no token %s there", id);
}

static int put_revoked(struct fh_cli *cli, const char *id, bool revoked, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"id", FH_OUTPUT_TEXT},
        {"revoked", FH_OUTPUT_BOOL},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, id);
    fh_output_bool(output, revoked);
    return fh_output_end(output, err);
}

int fh_cmd_token_revoke(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    bool dry_run = fh_args_has(args, "dry-run");
    char id[FH_TOKEN_ID_TEXT_BYTES];
    struct fh_token_id named;
    struct freehold_client *client = NULL;
    struct freehold_tokens *tokens = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int64_t since_ms = 0;
    int code = fh_token_id_parse(&named, fh_bytes_cstr(args->operands[0]), err);
    if (code == FH_OK && fh_args_has(args, "since")) {
        code = fh_since_parse(
            &since_ms, "--since", fh_args_value(args, "since"), fh_clock_wall_ms(), err);
    }
    if (code != FH_OK) {
        return code;
    }
    fh_token_id_text(id, &named);
    if (dry_run) {
        code = ask_list(cli, args, &client, &tokens, err);
        code = code == FH_OK ? check_there(tokens, id, err) : code;
    } else {
        code = fh_cli_client(cli, fh_args_value(args, "node"), &client, err);
        if (code == FH_OK && freehold_token_revoke(client, id, since_ms, &error) != FREEHOLD_OK) {
            code = fh_cli_error(err, &error);
        }
    }
    freehold_tokens_free(tokens);
    freehold_close(client);
    return code == FH_OK ? put_revoked(cli, id, !dry_run, err) : code;
}
