/* SPDX-License-Identifier: Apache-2.0 */
#include "common/entropy.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/time.h"
#include "tools/cli/cli.h"
#include "tools/cli/until.h"
#include "tools/client/charters.h"

#include <string.h>

static bool is_member(const struct fh_actor *actor)
{
    const struct fh_charter *charter = fh_directory_charter(actor->directory, NULL);
    return charter != NULL && fh_charter_find(charter, &actor->domain) >= 0;
}

/* Only a member of the charter invites, and its publisher key (or, without one, nobody here). */
static int
fill_ticket(const struct fh_actor *actor, struct fh_invitation_ticket *ticket, struct fh_err *err)
{
    (void)fh_directory_charter(actor->directory, &ticket->charter);
    if (!is_member(actor)) {
        return fh_err_rule(err,
                           FH_EDENIED,
                           "identity.invitation.issuer",
                           "%s is no member of the charter of this mesh, and only those invite",
                           actor->settings.domain);
    }
    ticket->mesh = actor->mesh;
    ticket->issuer = actor->domain;
    const struct fh_settings_addresses *advertised = &actor->settings.advertise;
    ticket->address_count = 1;
    memcpy(ticket->addresses[0], actor->settings.listen, sizeof ticket->addresses[0]);
    if (advertised->count > 0) {
        ticket->address_count = (unsigned)advertised->count;
        for (size_t i = 0; i < advertised->count && i < FH_ADDRESSES_MAX; i++) {
            memcpy(ticket->addresses[i], advertised->items[i], sizeof ticket->addresses[i]);
        }
    }
    return FH_OK;
}

static int make_invitation(const struct fh_actor *actor,
                           struct fh_invitation *invitation,
                           struct fh_invitation_ticket *ticket,
                           struct fh_err *err)
{
    struct fh_sign_public public_key;
    struct fh_sign_secret publisher FH_CLEANUP(fh_sign_secret_wipe);
    int code = fill_ticket(actor, ticket, err);
    if (code == FH_OK) {
        code =
            fh_actor_key(&actor->home, "publisher", FH_KEY_PUBLISHER, &public_key, &publisher, err);
    }
    if (code != FH_OK) {
        return code;
    }
    struct fh_sign_secret one_time FH_CLEANUP(fh_sign_secret_wipe);
    fh_entropy(ticket->seed, sizeof ticket->seed);
    fh_sign_keys(ticket->seed, &invitation->one_time, &one_time);
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, sizeof ticket->record);
    fh_invitation_make(&record, invitation, &actor->mesh, &publisher);
    code = fh_buf_ok(&record);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the invitation record does not fit");
    }
    memcpy(ticket->record, record.data, record.size);
    ticket->record_size = record.size;
    return FH_OK;
}

static int write_file(const struct fh_actor *actor,
                      const struct fh_invitation *invitation,
                      const char *text,
                      const char *path,
                      struct fh_err *err)
{
    char until[FH_TIME_TEXT_BYTES];
    fh_time_text(until, invitation->not_after_ms);
    struct fh_buf file;
    fh_buf_init(&file, FH_INVITATION_FILE_BYTES_MAX);
    fh_buf_printf(&file,
                  "# Invitation to the mesh %s, made by %s for %s.\n"
                  "# Works once, until %s. Keep it secret until then.\n"
                  "# freehold --home DIR init --domain NAME --join THIS_FILE\n%s\n",
                  actor->settings.mesh_name[0] == 0 ? actor->settings.mesh
                                                    : actor->settings.mesh_name,
                  actor->settings.domain,
                  invitation->name[0] == 0 ? "any domain" : invitation->name,
                  until,
                  text);
    int code = fh_buf_ok(&file);
    code = code == FH_OK ? fh_file_create(path, fh_buf_view(&file), 0600, err)
                         : fh_err_set(err, code, "the invitation does not fit a file");
    if (file.data != NULL) {
        fh_wipe(file.data, file.capacity);
    }
    fh_buf_fini(&file);
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "--output %s", path);
}

static int put_text(struct fh_cli *cli,
                    const struct fh_invitation *invitation,
                    const char *text,
                    struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"invitation", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"until", FH_OUTPUT_TEXT},
    };
    if (cli->format == FH_OUTPUT_TABLE) {
        fprintf(cli->out, "%s\n", text);
        return FH_OK;
    }
    char until[FH_TIME_TEXT_BYTES];
    fh_time_text(until, invitation->not_after_ms);
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, text);
    fh_output_text(output, invitation->name);
    fh_output_text(output, until);
    return fh_output_end(output, err);
}

static int hand_out(struct fh_cli *cli,
                    const struct fh_args *args,
                    const struct fh_actor *actor,
                    const struct fh_invitation *invitation,
                    const struct fh_invitation_ticket *ticket,
                    struct fh_err *err)
{
    const char *path = fh_args_value(args, "output");
    char until[FH_TIME_TEXT_BYTES];
    fh_time_text(until, invitation->not_after_ms);
    struct fh_buf text;
    fh_buf_init(&text, FH_INVITATION_TEXT_BYTES);
    fh_invitation_text(&text, ticket);
    const char *line = fh_buf_cstr(&text);
    int code = fh_buf_ok(&text);
    if (code != FH_OK) {
        code = fh_err_set(err, code, "the invitation does not fit its text form");
    } else if (path != NULL) {
        code = write_file(actor, invitation, line, path, err);
    } else {
        code = put_text(cli, invitation, line, err);
    }
    if (text.data != NULL) {
        fh_wipe(text.data, text.capacity);
    }
    fh_buf_fini(&text);
    if (code == FH_OK && path != NULL) {
        fh_cli_say(cli, "%s: works once, until %s", path, until);
    }
    return code;
}

/* A home that joined has the charter that it joined by; whether a later one made the domain a
 * member, its node knows. NULL: it does not answer. */
static struct freehold_client *ask_node(struct fh_cli *cli)
{
    struct freehold_client *client = NULL;
    struct fh_err unanswered;
    if (fh_cli_client(cli, NULL, &client, &unanswered) != FH_OK ||
        fh_charters_learn(client, &unanswered) != FH_OK) {
        freehold_close(client);
        client = NULL;
    }
    return client;
}

int fh_cmd_invite(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct fh_actor *actor FH_CLEANUP(fh_actor_freep) = NULL;
    struct fh_invitation invitation = {0};
    struct fh_invitation_ticket ticket = {0};
    const char *name = fh_args_value(args, "domain");
    int code = name == NULL ? FH_OK : fh_name_check("domain", name, err);
    if (code == FH_OK) {
        code = fh_actor_open_public(&actor, cli->home, err);
    }
    if (code != FH_OK) {
        return code;
    }
    snprintf(invitation.name, sizeof invitation.name, "%s", name == NULL ? "" : name);
    invitation.issuer = actor->domain;
    invitation.created_ms = fh_clock_wall_ms();
    invitation.not_after_ms = invitation.created_ms + FH_INVITATION_DEFAULT_MS;
    const char *until = fh_args_value(args, "until");
    if (until != NULL) {
        code =
            fh_until_parse(&invitation.not_after_ms, "--until", until, invitation.created_ms, err);
    }
    struct freehold_client *client = code == FH_OK && !is_member(actor) ? ask_node(cli) : NULL;
    if (code == FH_OK) {
        code = make_invitation(client != NULL ? client->actor : actor, &invitation, &ticket, err);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = hand_out(cli, args, actor, &invitation, &ticket, err);
    }
    fh_invitation_ticket_wipe(&ticket);
    return code;
}
