/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members: keys of people and jobs outside the home, let in and shut out by whoever holds the
 * domain key.
 *
 *     key create (elsewhere) -> public key -> member add -> delegation: kept in the home, handed to
 *     the node, which spreads it -> access file -> back to where the key is
 */
#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/identity/access.h"
#include "tools/cli/cli.h"
#include "tools/cli/delegates.h"
#include "tools/cli/rekey.h"
#include "tools/cli/steward.h"
#include "tools/cli/until.h"

#include <string.h>

enum {
    DELEGATION_ORDER = 400, /* of its file in identity/; init's are before */
    REVOCATION_ORDER = 500,
    LABEL_BYTES_MAX = 48, /* with a part of the key id it is the name of a file */
};

/* "ci_01234567": what files of one key are called. */
static void file_name(char out[FH_NAME_BYTES_MAX + 1], const char *name, const struct fh_key_id *id)
{
    char hex[2 * 4 + 1];
    fh_hex(hex, id->b, 4);
    snprintf(out, FH_NAME_BYTES_MAX + 1, "%.*s_%s", LABEL_BYTES_MAX, name, hex);
}

/* ---- member add ---- */

struct addition {
    struct fh_delegation delegation;
    struct fh_key_id key_id;
    const char *save;
    bool dry_run;
};

/* KEY is the text of a public key, or a file with it. */
static int
read_public(struct fh_cli *cli, const char *key, struct fh_sign_public *out, struct fh_err *err)
{
    if (strncmp(key, "fhp1", 4) == 0) {
        return fh_sign_public_parse(out, fh_bytes_cstr(key), err);
    }
    struct fh_buf text FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&text, FH_ACCESS_FILE_BYTES_MAX);
    int code = fh_cli_read(cli, key, &text, err);
    if (code == FH_OK) {
        code = fh_sign_public_parse(out, fh_buf_view(&text), err);
        code = code == FH_OK ? FH_OK : fh_err_wrap(err, "%s", key);
    }
    return code;
}

/* publisher and member are roles of the mesh; any other name is that of a member in its domain. */
static int read_role(const char *text, struct fh_delegation *out, struct fh_err *err)
{
    out->role = FH_ROLE_MEMBER;
    if (text != NULL && strcmp(text, fh_role_text(FH_ROLE_PUBLISHER)) == 0) {
        out->role = FH_ROLE_PUBLISHER;
    } else if (text == NULL || strcmp(text, fh_role_text(FH_ROLE_NODE)) == 0 ||
               strcmp(text, fh_role_text(FH_ROLE_DOMAIN)) == 0 ||
               fh_name_check("role", text, NULL) != FH_OK) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "--role %.20s: publisher (publishes and asks), member (asks), or the "
                          "name of what a member is, such as analyst",
                          text == NULL ? "is missing" : text);
    } else if (strcmp(text, fh_role_text(FH_ROLE_MEMBER)) != 0) {
        snprintf(out->role_name, sizeof out->role_name, "%s", text);
    }
    return FH_OK;
}

static int read_addition(struct fh_cli *cli,
                         const struct fh_args *args,
                         struct addition *out,
                         struct fh_err *err)
{
    const char *name = fh_args_value(args, "name");
    const char *until = fh_args_value(args, "until");
    int64_t now_ms = fh_clock_wall_ms();
    if (name == NULL || until == NULL) {
        return fh_err_set(err, FH_EUSAGE, "--%s is missing", name == NULL ? "name" : "until");
    }
    int code = fh_name_check("member", name, err);
    if (code == FH_OK && strlen(name) > LABEL_BYTES_MAX) {
        code = fh_err_set(err, FH_EUSAGE, "--name: at most %d letters", LABEL_BYTES_MAX);
    }
    if (code == FH_OK) {
        code = read_role(fh_args_value(args, "role"), &out->delegation, err);
    }
    if (code == FH_OK) {
        code = fh_until_parse(&out->delegation.not_after_ms, "--until", until, now_ms, err);
    }
    if (code == FH_OK) {
        code = read_public(cli, args->operands[0], &out->delegation.subject, err);
    }
    if (code != FH_OK) {
        return code;
    }
    snprintf(out->delegation.label, sizeof out->delegation.label, "%s", name);
    /* Peers whose clock runs behind ours shall find it valid too. */
    out->delegation.not_before_ms = now_ms - FH_CLOCK_SKEW_MS / 2;
    out->key_id = fh_key_id_of(&out->delegation.subject);
    out->save = fh_args_value(args, "save");
    out->dry_run = fh_args_has(args, "dry-run");
    return FH_OK;
}

/* One name, one key, for as long as the key may act. */
static int check_free(const struct fh_actor *actor, const struct addition *add, struct fh_err *err)
{
    struct fh_delegates members FH_CLEANUP(fh_delegates_fini);
    int code = fh_delegates_read(&members, actor, fh_clock_wall_ms(), err);
    for (size_t i = 0; i < members.count && code == FH_OK; i++) {
        const struct fh_delegate *member = &members.items[i];
        bool same_name = strcmp(member->name, add->delegation.label) == 0;
        bool same_key = fh_key_id_equal(&member->key_id, &add->key_id);
        if (same_key && member->state == FH_DELEGATE_REVOKED) {
            code = fh_err_rule(err,
                               FH_EEXIST,
                               "member.revoked",
                               "this key was revoked as %s and stays so; make another one",
                               member->name);
        } else if (same_name && !same_key && member->state == FH_DELEGATE_ACTIVE) {
            code = fh_err_rule(err,
                               FH_EEXIST,
                               "member.name",
                               "another key acts as %s; revoke it first, or take another name",
                               member->name);
        }
    }
    return code;
}

static void fill_addresses(struct fh_access *access, const struct fh_settings *settings)
{
    const struct fh_settings_addresses *advertised = &settings->advertise;
    access->address_count = 1;
    memcpy(access->addresses[0], settings->listen, sizeof access->addresses[0]);
    if (advertised->count > 0) {
        access->address_count = (unsigned)advertised->count;
        for (size_t i = 0; i < advertised->count && i < FH_ADDRESSES_MAX; i++) {
            memcpy(access->addresses[i], advertised->items[i], sizeof access->addresses[i]);
        }
    }
}

static bool
add_record(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct fh_access *access = user;
    (void)id;
    if (type != FH_RECORD_KEY) {
        return true;
    }
    if (access->record_count == FH_SESSION_RECORDS_MAX - 1) {
        return false;
    }
    access->records[access->record_count++] = bytes;
    return true;
}

/* The text of the access: what proves the delegation, and where to go with it. */
static int make_access(struct fh_buf *out,
                       const struct fh_actor *actor,
                       struct fh_bytes delegation,
                       struct fh_err *err)
{
    struct fh_access *access FH_CLEANUP(fh_freep) = fh_calloc(1, sizeof *access);
    if (access == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for an access");
    }
    access->mesh = actor->mesh;
    access->domain = actor->domain;
    snprintf(access->domain_name, sizeof access->domain_name, "%s", actor->settings.domain);
    fill_addresses(access, &actor->settings);
    if (!fh_directory_each_of(actor->directory, &actor->domain, add_record, access)) {
        return fh_err_set(err, FH_ETOOBIG, "more key events than an access holds");
    }
    access->records[access->record_count++] = delegation;
    fh_access_text(out, access);
    int code = fh_buf_ok(out);
    return code == FH_OK ? FH_OK : fh_err_set(err, code, "the access does not fit its text form");
}

static int save_access(const struct fh_actor *actor,
                       const struct addition *add,
                       const char *text,
                       struct fh_err *err)
{
    enum { LINE = 96 };
    char until[FH_TIME_TEXT_BYTES];
    struct fh_buf file FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&file, FH_ACCESS_FILE_BYTES_MAX);
    fh_time_text(until, add->delegation.not_after_ms);
    fh_buf_printf(&file,
                  "# Access of %s (%s) for the domain %s, until %s.\n"
                  "# Holds no secret; works only together with its key:\n"
                  "# freehold --key KEYFILE --access THIS_FILE status\n",
                  add->delegation.label,
                  fh_delegation_role_text(&add->delegation),
                  actor->settings.domain,
                  until);
    for (size_t at = 0; text[at] != 0; at += strnlen(text + at, LINE)) {
        fh_buf_printf(&file, "%.*s\n", LINE, text + at);
    }
    int code = fh_buf_ok(&file);
    code = code == FH_OK ? fh_file_create(add->save, fh_buf_view(&file), 0644, err)
                         : fh_err_set(err, code, "the access does not fit a file");
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--save %s", add->save);
}

static int report_addition(struct fh_cli *cli,
                           const struct addition *add,
                           const char *access,
                           struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"member", FH_OUTPUT_TEXT},
        {"role", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"key_id", FH_OUTPUT_TEXT},
        {"access", FH_OUTPUT_TEXT},
        {"added", FH_OUTPUT_BOOL},
    };
    char id[FH_ID_TEXT_BYTES], until[FH_TIME_TEXT_BYTES];
    fh_key_id_text(id, &add->key_id);
    fh_time_text(until, add->delegation.not_after_ms);
    fh_cli_say(cli,
               "%s%s acts as %s until %s",
               add->dry_run ? "not done: " : "",
               add->delegation.label,
               fh_delegation_role_text(&add->delegation),
               until);
    if (cli->format == FH_OUTPUT_TABLE) {
        fprintf(cli->out, "%s\n", add->save == NULL || add->dry_run ? access : add->save);
        return FH_OK;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, add->delegation.label);
    fh_output_text(output, fh_delegation_role_text(&add->delegation));
    fh_output_text(output, until);
    fh_output_text(output, id);
    fh_output_text(output, access);
    fh_output_bool(output, !add->dry_run);
    return fh_output_end(output, err);
}

int fh_cmd_member_add(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_sign_secret domain_key FH_CLEANUP(fh_sign_secret_wipe);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    struct fh_buf access FH_CLEANUP(fh_buf_fini);
    struct addition add = {.save = NULL};
    memset(&domain_key, 0, sizeof domain_key);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    fh_buf_init(&access, FH_ACCESS_TEXT_BYTES);
    int code = read_addition(cli, args, &add, err);
    if (code == FH_OK) {
        code = fh_steward_open(cli, &actor, &domain_key, err);
    }
    if (code == FH_OK) {
        code = check_free(actor, &add, err);
    }
    if (code != FH_OK) {
        return code;
    }
    int64_t key_since_ms = fh_rekey_since(actor);
    if (add.delegation.not_before_ms < key_since_ms) {
        add.delegation.not_before_ms = key_since_ms;
    }
    add.delegation.domain = actor->domain;
    fh_delegation_make(&record, &add.delegation, &actor->mesh, &domain_key);
    code = fh_buf_ok(&record);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the delegation does not fit a record");
    }
    char name[FH_NAME_BYTES_MAX + 1];
    file_name(name, add.delegation.label, &add.key_id);
    code = make_access(&access, actor, fh_buf_view(&record), err);
    if (code == FH_OK && !add.dry_run) {
        code = fh_steward_enact(cli, actor, DELEGATION_ORDER, name, fh_buf_view(&record), err);
    }
    if (code == FH_OK && !add.dry_run && add.save != NULL) {
        code = save_access(actor, &add, fh_buf_cstr(&access), err);
    }
    return code == FH_OK ? report_addition(cli, &add, fh_buf_cstr(&access), err) : code;
}

/* ---- member list ---- */

static void put_member(struct fh_output *output, const struct fh_delegate *member)
{
    char id[FH_ID_TEXT_BYTES], until[FH_TIME_TEXT_BYTES];
    fh_key_id_text(id, &member->key_id);
    fh_time_text(until, member->not_after_ms);
    fh_output_text(output, member->name);
    fh_output_text(output, member->role_name);
    fh_output_text(output, fh_delegate_state_text(member->state));
    fh_output_text(output, until);
    fh_output_text(output, id);
}

int fh_cmd_member_list(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"member", FH_OUTPUT_TEXT},
        {"role", FH_OUTPUT_TEXT},
        {"state", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
        {"key_id", FH_OUTPUT_TEXT},
    };
    (void)args;
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_delegates members FH_CLEANUP(fh_delegates_fini) = {0};
    int code = fh_actor_open_public(&actor, cli->home, err);
    if (code == FH_OK) {
        code = fh_delegates_read(&members, actor, fh_clock_wall_ms(), err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, FH_COUNT(columns));
    for (size_t i = 0; i < members.count; i++) {
        put_member(output, &members.items[i]);
    }
    return fh_output_end(output, err);
}

/* ---- member revoke ---- */

/* Whether the member is the one that is meant: by name, id or public key. */
static bool is_meant(const struct fh_delegate *member, const char *text)
{
    char id[FH_ID_TEXT_BYTES];
    struct fh_sign_public key;
    struct fh_err ignored;
    fh_key_id_text(id, &member->key_id);
    if (strncmp(text, "fhp1", 4) == 0) {
        return fh_sign_public_parse(&key, fh_bytes_cstr(text), &ignored) == FH_OK &&
               memcmp(key.b, member->key.b, sizeof key.b) == 0;
    }
    return strcmp(text, member->name) == 0 || strcmp(text, id) == 0;
}

static const struct fh_delegate *
find_meant(const struct fh_delegates *members, const char *text, struct fh_err *err)
{
    const struct fh_delegate *found = NULL;
    for (size_t i = 0; i < members->count; i++) {
        const struct fh_delegate *member = &members->items[i];
        if (!is_meant(member, text)) {
            continue;
        }
        if (found == NULL || member->state == FH_DELEGATE_ACTIVE) {
            found = member; /* a name may have had keys before */
        }
    }
    if (found == NULL) {
        fh_err_rule(err,
                    FH_ENOTFOUND,
                    "member.unknown",
                    "\"%.70s\" is no member of this domain; `freehold member list` shows them",
                    text);
    } else if (found->state == FH_DELEGATE_REVOKED) {
        fh_err_rule(err, FH_ESTATE, "member.revoked", "%s is revoked already", found->name);
        found = NULL;
    }
    return found;
}

static int report_revocation(struct fh_cli *cli,
                             const struct fh_delegate *member,
                             int64_t since_ms,
                             bool dry_run,
                             struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"member", FH_OUTPUT_TEXT},
        {"key_id", FH_OUTPUT_TEXT},
        {"since", FH_OUTPUT_TEXT},
        {"revoked", FH_OUTPUT_BOOL},
    };
    char id[FH_ID_TEXT_BYTES], since[FH_TIME_TEXT_BYTES];
    fh_key_id_text(id, &member->key_id);
    fh_time_text(since, since_ms);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, member->name);
    fh_output_text(output, id);
    fh_output_text(output, since);
    fh_output_bool(output, !dry_run);
    return fh_output_end(output, err);
}

int fh_cmd_member_revoke(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_delegates members FH_CLEANUP(fh_delegates_fini) = {0};
    struct fh_sign_secret domain_key FH_CLEANUP(fh_sign_secret_wipe);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    memset(&domain_key, 0, sizeof domain_key);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    int64_t now_ms = fh_clock_wall_ms();
    bool dry_run = fh_args_has(args, "dry-run");
    struct fh_revocation revocation = {.kind = FH_REVOKE_KEY, .created_ms = now_ms};
    int code =
        fh_since_parse(&revocation.since_ms, "--since", fh_args_value(args, "since"), now_ms, err);
    if (code == FH_OK) {
        code = fh_steward_open(cli, &actor, &domain_key, err);
    }
    if (code == FH_OK) {
        code = fh_delegates_read(&members, actor, now_ms, err);
    }
    if (code != FH_OK) {
        return code;
    }
    const struct fh_delegate *member = find_meant(&members, args->operands[0], err);
    if (member == NULL) {
        return err->code;
    }
    revocation.domain = actor->domain;
    memcpy(revocation.target, member->key_id.b, sizeof revocation.target);
    fh_revocation_make(&record, &revocation, &actor->mesh, &domain_key);
    code = fh_buf_ok(&record);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the revocation does not fit a record");
    }
    char name[FH_NAME_BYTES_MAX + 1];
    file_name(name, member->name, &member->key_id);
    if (!dry_run) {
        code = fh_steward_enact(cli, actor, REVOCATION_ORDER, name, fh_buf_view(&record), err);
    }
    return code == FH_OK ? report_revocation(cli, member, revocation.since_ms, dry_run, err) : code;
}
