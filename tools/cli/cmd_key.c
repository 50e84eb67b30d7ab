/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a domain's keys: another domain key from the recovery file, another key for node,
 * publisher or member, what a key may no longer do, and for how long it may.
 */
#include "common/entropy.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/init.h"
#include "tools/cli/rekey.h"
#include "tools/cli/until.h"
#include "tools/client/charters.h"

#include <string.h>

/* The keys of a home below its domain key. */
static const struct own_key {
    const char *name;
    enum fh_key_kind kind;
    enum fh_role role;
} own_keys[] = {
    {"node", FH_KEY_NODE, FH_ROLE_NODE},
    {"publisher", FH_KEY_PUBLISHER, FH_ROLE_PUBLISHER},
    {"member", FH_KEY_MEMBER, FH_ROLE_MEMBER},
};

static const struct own_key *own_key_of(const char *name)
{
    for (size_t i = 0; i < FH_COUNT(own_keys); i++) {
        if (strcmp(own_keys[i].name, name) == 0) {
            return &own_keys[i];
        }
    }
    return NULL;
}

static void short_hex(char out[2 * 4 + 1], const struct fh_key_id *id)
{
    fh_hex(out, id->b, 4);
}

static void put_key_id(struct fh_output *output, const struct fh_key_id *id)
{
    char text[FH_ID_TEXT_BYTES];
    fh_key_id_text(text, id);
    fh_output_text(output, text);
}

/* ---- the domain key ---- */

static int
report_rekey(struct fh_cli *cli, const struct fh_rekey *rekey, bool dry_run, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"key_event", FH_OUTPUT_NUMBER},
        {"key_id", FH_OUTPUT_TEXT},
        {"kept", FH_OUTPUT_NUMBER},
        {"delegated", FH_OUTPUT_NUMBER},
        {"dropped", FH_OUTPUT_NUMBER},
        {"next_recovery", FH_OUTPUT_TEXT},
        {"rotated", FH_OUTPUT_BOOL},
    };
    struct fh_key_id id = fh_key_id_of(&rekey->key);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_uint(output, rekey->seq);
    put_key_id(output, &id);
    fh_output_uint(output, rekey->kept);
    fh_output_uint(output, rekey->renewed);
    fh_output_uint(output, rekey->dropped);
    fh_output_text(output, rekey->next_recovery);
    fh_output_bool(output, !dry_run);
    int code = fh_output_end(output, err);
    if (code == FH_OK && rekey->dropped > 0) {
        fh_cli_say(cli,
                   "warning: %zu delegations or revocations that the node knows were not made in "
                   "this home, and end with the earlier key (--keep-all keeps them)",
                   rekey->dropped);
    }
    if (code == FH_OK && !dry_run) {
        fh_cli_say(cli,
                   "Take %s offline: it is the only way to replace the key again. %s holds what is "
                   "the domain key now: delete it.",
                   rekey->next_recovery,
                   rekey->recovery);
    }
    return code;
}

/* What the node knows: the charters that this domain signed must be kept, or newcomers could not
 * follow them. */
static int learn(struct fh_cli *cli, struct freehold_client **out, struct fh_err *err)
{
    int code = fh_cli_client(cli, NULL, out, err);
    if (code == FH_OK) {
        code = fh_charters_learn(*out, err);
    }
    if (code == FH_OK) {
        code = fh_client_learn(*out, &(*out)->actor->domain, err);
    }
    return code == FH_OK ? FH_OK
                         : fh_err_wrap(err,
                                       "the home's node says which charters this domain signed: it "
                                       "has to run");
}

static int
rekey_domain(struct fh_cli *cli, const struct fh_args *args, bool needs_key, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_sign_secret present FH_CLEANUP(fh_sign_secret_wipe);
    struct freehold_client *client = NULL;
    struct fh_decree *decree FH_CLEANUP(fh_decree_freep) = NULL;
    struct fh_rekey rekey FH_CLEANUP(fh_rekey_fini) = {.keep_all = fh_args_has(args, "keep-all")};
    const char *recovery = fh_args_value(args, "recovery");
    const char *next = fh_args_value(args, "next");
    bool dry_run = fh_args_has(args, "dry-run");
    memset(&present, 0, sizeof present);
    int code = needs_key ? fh_steward_open(cli, &actor, &present, err)
                         : fh_actor_open_public(&actor, cli->home, err);
    if (code == FH_OK) {
        code = learn(cli, &client, err);
    }
    if (code == FH_OK) {
        decree = fh_decree_new(actor);
        code = decree == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for records") : FH_OK;
    }
    if (code == FH_OK) {
        rekey.actor = actor;
        rekey.mesh = client->actor->directory;
        snprintf(rekey.recovery,
                 sizeof rekey.recovery,
                 "%s%s",
                 recovery != NULL ? recovery : actor->home.root,
                 recovery != NULL ? "" : ".recovery");
        snprintf(rekey.next_recovery, sizeof rekey.next_recovery, "%s", next == NULL ? "" : next);
        code = fh_rekey_draft(&rekey, decree, fh_clock_wall_ms(), err);
    }
    if (code == FH_OK && !dry_run) {
        code = fh_rekey_enact(&rekey, decree, cli, err);
    }
    if (code == FH_OK) {
        code = report_rekey(cli, &rekey, dry_run, err);
    }
    freehold_close(client);
    return code;
}

int fh_cmd_key_recover(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    return rekey_domain(cli, args, false, err);
}

/* ---- keys below it ---- */

/* A steward at work on one key of the home. */
struct tending {
    struct fh_actor *actor;
    struct fh_sign_secret domain_key;
    struct fh_decree *decree;
    int64_t now_ms;
};

static void tending_fini(struct tending *tending)
{
    fh_sign_secret_wipe(&tending->domain_key);
    fh_decree_free(tending->decree);
    fh_actor_free(tending->actor);
}

static int tend(struct tending *out, struct fh_cli *cli, struct fh_err *err)
{
    out->now_ms = fh_clock_wall_ms();
    int code = fh_steward_open(cli, &out->actor, &out->domain_key, err);
    if (code == FH_OK) {
        out->decree = fh_decree_new(out->actor);
        code = out->decree == NULL ? fh_err_set(err, FH_ENOMEM, "no memory for records") : FH_OK;
    }
    return code;
}

static int
revoke(struct tending *tending, const struct fh_key_id *id, int64_t since_ms, struct fh_err *err)
{
    struct fh_revocation revocation = {.domain = tending->actor->domain,
                                       .kind = FH_REVOKE_KEY,
                                       .since_ms = since_ms,
                                       .created_ms = tending->now_ms};
    char hex[2 * 4 + 1];
    short_hex(hex, id);
    memcpy(revocation.target, id->b, sizeof revocation.target);
    fh_revocation_make(fh_decree_next(tending->decree, FH_DECREE_REVOCATION, "key_%s", hex),
                       &revocation,
                       &tending->actor->mesh,
                       &tending->domain_key);
    return fh_decree_add(tending->decree, err);
}

static uint64_t key_seq(const struct tending *tending)
{
    const struct fh_directory_domain *own =
        fh_directory_domain(tending->actor->directory, &tending->actor->domain);
    return own == NULL ? 0 : own->key_seq;
}

static int delegate(struct tending *tending,
                    const struct own_key *key,
                    const struct fh_sign_public *subject,
                    int64_t from_ms,
                    int64_t until_ms,
                    struct fh_err *err)
{
    if (key->role == FH_ROLE_NODE) {
        return fh_rekey_node_months(
            tending->decree, subject, &tending->domain_key, key_seq(tending), from_ms, err);
    }
    struct fh_delegation delegation = {.domain = tending->actor->domain,
                                       .subject = *subject,
                                       .role = key->role,
                                       .not_before_ms = from_ms,
                                       .not_after_ms = until_ms};
    struct fh_key_id id = fh_key_id_of(subject);
    char hex[2 * 4 + 1];
    short_hex(hex, &id);
    snprintf(delegation.label, sizeof delegation.label, "%s", key->name);
    fh_delegation_make(fh_decree_next(tending->decree,
                                      FH_DECREE_DELEGATION,
                                      "%s_%s_%lld",
                                      key->name,
                                      hex,
                                      (long long)(from_ms / 1000)),
                       &delegation,
                       &tending->actor->mesh,
                       &tending->domain_key);
    return fh_decree_add(tending->decree, err);
}

/* ---- rotate ---- */

static int report_key(struct fh_cli *cli,
                      const struct own_key *key,
                      const struct fh_key_id *old,
                      const struct fh_key_id *made,
                      int64_t since_ms,
                      bool dry_run,
                      struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"key", FH_OUTPUT_TEXT},
        {"key_id", FH_OUTPUT_TEXT},
        {"revoked", FH_OUTPUT_TEXT},
        {"since", FH_OUTPUT_TEXT},
        {"rotated", FH_OUTPUT_BOOL},
    };
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, key->name);
    put_key_id(output, made);
    put_key_id(output, old);
    fh_output_time(output, since_ms);
    fh_output_bool(output, !dry_run);
    int code = fh_output_end(output, err);
    if (code == FH_OK && !dry_run && key->role == FH_ROLE_NODE) {
        fh_cli_say(cli, "Stop the node and start it again: it still has the key that is revoked.");
    }
    return code;
}

static int rotate_own(struct fh_cli *cli,
                      const struct fh_args *args,
                      const struct own_key *key,
                      struct fh_err *err)
{
    struct tending tending FH_CLEANUP(tending_fini) = {.actor = NULL};
    struct fh_sign_public old, made;
    struct fh_sign_secret secret FH_CLEANUP(fh_sign_secret_wipe);
    uint8_t seed[FH_SEED_BYTES], file[FH_KEYFILE_BYTES];
    bool dry_run = fh_args_has(args, "dry-run");
    int64_t since_ms = 0;
    memset(&secret, 0, sizeof secret);
    int code = tend(&tending, cli, err);
    if (code == FH_OK) {
        code =
            fh_since_parse(&since_ms, "--since", fh_args_value(args, "since"), tending.now_ms, err);
    }
    if (code == FH_OK) {
        code = fh_actor_key(&tending.actor->home, key->name, key->kind, &old, &secret, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_key_id old_id = fh_key_id_of(&old);
    fh_entropy(seed, sizeof seed);
    fh_sign_keys(seed, &made, &secret);
    struct fh_key_id made_id = fh_key_id_of(&made);
    code = revoke(&tending, &old_id, since_ms, err);
    if (code == FH_OK) {
        code =
            delegate(&tending, key, &made, tending.now_ms, tending.now_ms + FH_INIT_MEMBER_MS, err);
    }
    if (code == FH_OK) {
        code = fh_decree_check_room(tending.decree, err);
    }
    if (code == FH_OK) {
        code = fh_keyfile_encode(file, key->kind, seed, NULL, err);
    }
    if (code == FH_OK && !dry_run) {
        code =
            fh_home_key_replace(&tending.actor->home, key->name, fh_bytes(file, sizeof file), err);
    }
    if (code == FH_OK && !dry_run) {
        code = fh_decree_enact(tending.decree, cli, err);
    }
    fh_wipe(seed, sizeof seed);
    fh_wipe(file, sizeof file);
    return code == FH_OK ? report_key(cli, key, &old_id, &made_id, since_ms, dry_run, err) : code;
}

static int unknown_key(const char *name, struct fh_err *err)
{
    return fh_err_set(
        err, FH_EUSAGE, "\"%.40s\" is no key of a home: domain, node, publisher or member", name);
}

int fh_cmd_key_rotate(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    const char *name = args->operand_count == 0 ? "domain" : args->operands[0];
    bool domain = strcmp(name, "domain") == 0;
    const struct own_key *key = own_key_of(name);
    if (!domain && key == NULL) {
        return unknown_key(name, err);
    }
    if (domain && fh_args_has(args, "since")) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "--since goes with node, publisher or member: what a domain key signed "
                          "counts when the rotation keeps it");
    }
    return domain ? rekey_domain(cli, args, true, err) : rotate_own(cli, args, key, err);
}

/* ---- revoke ---- */

/* A key of the home by its name, or any key that acts or acted for the domain by its id. */
struct sought {
    const struct fh_actor *actor;
    const char *text;
    unsigned found;
    struct fh_key_id id;
};

static bool
look_at(void *user, unsigned type, const struct fh_record_id *record_id, struct fh_bytes bytes)
{
    struct sought *sought = user;
    struct fh_record record;
    struct fh_delegation delegation;
    (void)record_id;
    if (type == FH_RECORD_DELEGATION &&
        fh_record_parse(&record, bytes, &sought->actor->mesh, NULL) == FH_OK &&
        fh_delegation_decode(&delegation, &record, NULL) == FH_OK) {
        struct fh_key_id id = fh_key_id_of(&delegation.subject);
        char text[FH_ID_TEXT_BYTES];
        fh_key_id_text(text, &id);
        bool same = sought->found > 0 && fh_key_id_equal(&id, &sought->id);
        if (strncmp(text, sought->text, strlen(sought->text)) == 0 && !same) {
            sought->id = id;
            sought->found++;
        }
    }
    return true;
}

static int find_key(const struct tending *tending,
                    const struct freehold_client *client,
                    const char *text,
                    struct fh_key_id *out,
                    struct fh_err *err)
{
    const struct own_key *key = own_key_of(text);
    if (key != NULL) {
        struct fh_sign_public public_key;
        struct fh_sign_secret secret FH_CLEANUP(fh_sign_secret_wipe);
        memset(&secret, 0, sizeof secret);
        int code =
            fh_actor_key(&tending->actor->home, key->name, key->kind, &public_key, &secret, err);
        *out = code == FH_OK ? fh_key_id_of(&public_key) : *out;
        return code;
    }
    enum { LETTERS_MIN = 12 };
    struct sought sought = {.actor = tending->actor, .text = text};
    if (strncmp(text, "fhk1", 4) == 0 && strlen(text) >= LETTERS_MIN) {
        const struct fh_directory *dir =
            client != NULL ? client->actor->directory : tending->actor->directory;
        fh_directory_each_of(dir, &tending->actor->domain, look_at, &sought);
    }
    if (sought.found != 1) {
        return fh_err_rule(err,
                           FH_ENOTFOUND,
                           "key.unknown",
                           "\"%.70s\" is %s: node, publisher, member, or an id (fhk1...) of which "
                           "%d letters are enough",
                           text,
                           sought.found == 0 ? "no key of this domain" : "the id of several keys",
                           LETTERS_MIN);
    }
    *out = sought.id;
    return FH_OK;
}

int fh_cmd_key_revoke(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"key_id", FH_OUTPUT_TEXT},
        {"since", FH_OUTPUT_TEXT},
        {"revoked", FH_OUTPUT_BOOL},
    };
    struct tending tending FH_CLEANUP(tending_fini) = {.actor = NULL};
    struct freehold_client *client = NULL;
    struct fh_key_id id = {{0}};
    struct fh_err ignored;
    bool dry_run = fh_args_has(args, "dry-run");
    int64_t since_ms = 0;
    int code = tend(&tending, cli, err);
    if (code == FH_OK) {
        code =
            fh_since_parse(&since_ms, "--since", fh_args_value(args, "since"), tending.now_ms, err);
    }
    if (code == FH_OK && own_key_of(args->operands[0]) == NULL &&
        learn(cli, &client, &ignored) != FH_OK) {
        freehold_close(FH_TAKE(client)); /* the home's own records will do */
    }
    if (code == FH_OK) {
        code = find_key(&tending, client, args->operands[0], &id, err);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = revoke(&tending, &id, since_ms, err);
    }
    if (code == FH_OK && !dry_run) {
        code = fh_decree_enact(tending.decree, cli, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    put_key_id(output, &id);
    fh_output_time(output, since_ms);
    fh_output_bool(output, !dry_run);
    return fh_output_end(output, err);
}

/* ---- delegate ---- */

struct last {
    const struct fh_actor *actor;
    const struct fh_sign_public *subject;
    unsigned role;
    int64_t until_ms;
};

static bool
find_last(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct last *last = user;
    struct fh_record record;
    struct fh_delegation delegation;
    (void)id;
    if (type == FH_RECORD_DELEGATION &&
        fh_record_parse(&record, bytes, &last->actor->mesh, NULL) == FH_OK &&
        fh_delegation_decode(&delegation, &record, NULL) == FH_OK &&
        delegation.role == last->role &&
        memcmp(delegation.subject.b, last->subject->b, sizeof last->subject->b) == 0 &&
        delegation.not_after_ms > last->until_ms) {
        last->until_ms = delegation.not_after_ms;
    }
    return true;
}

/* A node's year goes on where the last one ends; others get another end. */
static int delegate_own(struct tending *tending,
                        const struct own_key *key,
                        const char *until,
                        int64_t *out_until_ms,
                        struct fh_err *err)
{
    struct fh_sign_public subject;
    struct fh_sign_secret secret FH_CLEANUP(fh_sign_secret_wipe);
    memset(&secret, 0, sizeof secret);
    *out_until_ms = tending->now_ms + FH_INIT_MEMBER_MS;
    int code = fh_actor_key(&tending->actor->home, key->name, key->kind, &subject, &secret, err);
    if (code == FH_OK && until != NULL) {
        code = fh_until_parse(out_until_ms, "--until", until, tending->now_ms, err);
    }
    if (code == FH_OK && until != NULL && key->role == FH_ROLE_NODE) {
        code = fh_err_set(err,
                          FH_EUSAGE,
                          "--until: a node is delegated to for %d months at a time",
                          FH_INIT_NODE_DELEGATIONS);
    }
    if (code != FH_OK) {
        return code;
    }
    int64_t from_ms = tending->now_ms;
    if (key->role == FH_ROLE_NODE) {
        struct last last = {tending->actor, &subject, key->role, from_ms};
        fh_directory_each_of(tending->actor->directory, &tending->actor->domain, find_last, &last);
        from_ms = last.until_ms;
        *out_until_ms = from_ms + FH_INIT_NODE_DELEGATIONS * FH_NODE_DELEGATION_MS;
    }
    code = delegate(tending, key, &subject, from_ms, *out_until_ms, err);
    struct fh_key_id id = fh_key_id_of(&subject);
    struct fh_ref ref = fh_key_id_ref(&id);
    /* A revoked key stays so, whatever is signed for it: say it here. */
    if (code == FH_OK && from_ms <= tending->now_ms) {
        code = fh_directory_signer_of_stranger(tending->actor->directory,
                                               &ref,
                                               &tending->actor->domain,
                                               tending->now_ms,
                                               FH_ROLES_ALL,
                                               NULL,
                                               err);
    }
    return code;
}

int fh_cmd_key_delegate(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"key", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"delegated", FH_OUTPUT_BOOL},
    };
    struct tending tending FH_CLEANUP(tending_fini) = {.actor = NULL};
    const struct own_key *key = own_key_of(args->operands[0]);
    bool dry_run = fh_args_has(args, "dry-run");
    int64_t until_ms = 0;
    if (key == NULL) {
        return fh_err_set(
            err,
            FH_EUSAGE,
            "\"%.40s\" is no key that a domain delegates to: node, publisher or member",
            args->operands[0]);
    }
    int code = tend(&tending, cli, err);
    if (code == FH_OK) {
        code = delegate_own(&tending, key, fh_args_value(args, "until"), &until_ms, err);
    }
    if (code == FH_OK && !dry_run) {
        code = fh_decree_enact(tending.decree, cli, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, key->name);
    fh_output_time(output, until_ms);
    fh_output_bool(output, !dry_run);
    return fh_output_end(output, err);
}
