/* SPDX-License-Identifier: Apache-2.0 */
/* Ids and keys of a home, and a key without one: no node needed. */
#include "common/time.h"
#include "proto/identity/access.h"
#include "tools/cli/cli.h"
#include "tools/client/actor.h"
#include "tools/client/key_file.h"

#include <string.h>

int fh_cmd_domain_show(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"domain", FH_OUTPUT_TEXT},
        {"domain_id", FH_OUTPUT_TEXT},
        {"mesh", FH_OUTPUT_TEXT},
        {"mesh_id", FH_OUTPUT_TEXT},
        {"listen", FH_OUTPUT_TEXT},
        {"home", FH_OUTPUT_TEXT},
    };
    (void)args;
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    int code = fh_actor_open_public(&actor, cli->home, err);
    if (code != FH_OK) {
        return code;
    }
    char domain[FH_ID_TEXT_BYTES], mesh[FH_ID_TEXT_BYTES];
    fh_domain_id_text(domain, &actor->domain);
    fh_mesh_id_text(mesh, &actor->mesh);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, actor->settings.domain);
    fh_output_text(output, domain);
    fh_output_text(output, actor->settings.mesh_name);
    fh_output_text(output, mesh);
    fh_output_text(output, actor->settings.listen);
    fh_output_text(output, actor->home.root);
    return fh_output_end(output, err);
}

/* ---- key list ---- */

static const struct {
    const char *name;
    enum fh_key_kind kind;
} keys[] = {
    {"domain", FH_KEY_DOMAIN},
    {"publisher", FH_KEY_PUBLISHER},
    {"node", FH_KEY_NODE},
    {"member", FH_KEY_MEMBER},
};

enum { DELEGATIONS_MAX = 1200 }; /* of one key in a row: a hundred years of a node's months */

/* Until when a key may act without a pause: a node's delegations are for a month each, a year of
 * them is signed at once. */
static int64_t last_day(const struct fh_actor *actor, const struct fh_ref *key, int64_t until_ms)
{
    struct fh_signer next;
    struct fh_err none;
    for (int i = 0;
         i < DELEGATIONS_MAX &&
         fh_directory_signer_of_stranger(
             actor->directory, key, &actor->domain, until_ms, FH_ROLES_ALL, &next, &none) ==
             FH_OK &&
         next.not_after_ms > until_ms;
         i++) {
        until_ms = next.not_after_ms;
    }
    return until_ms;
}

static int put_key(struct fh_output *output,
                   const struct fh_actor *actor,
                   const char *name,
                   enum fh_key_kind kind,
                   struct fh_err *err)
{
    struct fh_sign_public public_key;
    struct fh_sign_secret secret FH_CLEANUP(fh_sign_secret_wipe);
    int code = fh_actor_key(&actor->home, name, kind, &public_key, &secret, err);
    if (code == FH_ENOTFOUND) {
        /* Taken offline. */
        return FH_OK;
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_key_id id = fh_key_id_of(&public_key);
    struct fh_ref ref = fh_key_id_ref(&id);
    struct fh_signer signer;
    char text[FH_ID_TEXT_BYTES];
    char until[FH_TIME_TEXT_BYTES];
    fh_key_id_text(text, &id);
    fh_output_text(output, name);
    struct fh_err refused = {0};
    code = fh_directory_signer_of_stranger(actor->directory,
                                           &ref,
                                           &actor->domain,
                                           fh_clock_wall_ms(),
                                           FH_ROLES_ALL,
                                           &signer,
                                           &refused);
    fh_output_text(output, code == FH_OK ? fh_role_text(signer.role) : refused.rule);
    if (code == FH_OK && signer.not_after_ms != INT64_MAX) {
        fh_time_text(until, last_day(actor, &ref, signer.not_after_ms));
        fh_output_text(output, until);
    } else {
        fh_output_null(output);
    }
    fh_output_text(output, text);
    return FH_OK;
}

int fh_cmd_key_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"key", FH_OUTPUT_TEXT},
        {"role", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"key_id", FH_OUTPUT_TEXT},
    };
    (void)args;
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    int code = fh_actor_open_public(&actor, cli->home, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < FH_COUNT(keys) && code == FH_OK; i++) {
        code = put_key(output, actor, keys[i].name, keys[i].kind, err);
    }
    return code == FH_OK ? fh_output_end(output, err) : code;
}

int fh_cmd_key_create(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"public_key", FH_OUTPUT_TEXT},
        {"key_id", FH_OUTPUT_TEXT},
        {"file", FH_OUTPUT_TEXT},
    };
    struct fh_sign_public key;
    if (fh_crypto_init() != FH_OK) {
        return fh_err_set(err, FH_EINTERNAL, "the cryptographic library does not start");
    }
    int code = fh_key_file_create(args->operands[0], cli->passphrase_file, &key, err);
    if (code != FH_OK) {
        return code;
    }
    char text[FH_SIGN_PUBLIC_TEXT_BYTES], id_text[FH_ID_TEXT_BYTES];
    struct fh_key_id id = fh_key_id_of(&key);
    fh_sign_public_text(text, &key);
    fh_key_id_text(id_text, &id);
    fh_cli_say(cli, "%s: keep it secret; hand the public key to your domain", args->operands[0]);
    if (cli->format == FH_OUTPUT_TABLE) {
        fprintf(cli->out, "%s\n", text);
        return FH_OK;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, text);
    fh_output_text(output, id_text);
    fh_output_text(output, args->operands[0]);
    return fh_output_end(output, err);
}
