/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/client.h"

#include "common/address.h"
#include "common/assert.h"
#include "common/mem.h"
#include "common/time.h"
#include "proto/session/messages.h"
#include "tools/client/given_up.h"
#include "tools/client/home_names.h"
#include "tools/client/outbox.h"

#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    FH_CLIENT_RECORDS_MAX = 8192, /* records of one IDENTITY answer */
};

/* ---- who answers ---- */

struct judgement {
    struct freehold_client *client;
    const struct fh_domain_id *domain; /* who must answer; NULL: anybody of the mesh */
    bool admitted;                     /* must be admitted now, not after the session is open */
};

/* The key of the session is a node key of the domain that it names: shown by the records that came
 * with the handshake, verified into our directory. Whether that domain is of our mesh shows here
 * or, for an entry peer, as soon as it can be asked for its admission. */
static int judge_node(void *user, const struct fh_session_peer *peer, struct fh_err *err)
{
    const struct judgement *judgement = user;
    struct fh_directory *directory = judgement->client->actor->directory;
    if (judgement->domain != NULL && !fh_domain_id_equal(judgement->domain, &peer->domain)) {
        return fh_err_rule(
            err, FH_ESIG, "session.peer.other", "the node that answers is of another domain");
    }
    int64_t now_ms = fh_clock_wall_ms();
    struct fh_err refused = {0};
    int added =
        fh_directory_add_all(directory, peer->records, peer->record_count, now_ms, NULL, &refused);
    struct fh_ref ref = fh_key_id_ref(&peer->key_id);
    int code =
        judgement->admitted
            ? fh_directory_signer(
                  directory, &ref, &peer->domain, now_ms, FH_ROLE_MASK(FH_ROLE_NODE), NULL, err)
            : fh_directory_signer_of_stranger(
                  directory, &ref, &peer->domain, now_ms, FH_ROLE_MASK(FH_ROLE_NODE), NULL, err);
    if (code != FH_OK && added != FH_OK) {
        *err = refused;
        code = refused.code;
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "the node that answers");
}

/* ---- opening and closing ---- */

bool fh_client_is_whole(const struct freehold_client *client)
{
    return client->entry != NULL && !fh_channel_is_worn(client->entry) && client->results == 0;
}

static void close_channels(struct freehold_client *client)
{
    fh_given_up_forget(client);
    for (size_t i = 0; i < FH_CLIENT_OWNERS_MAX; i++) {
        fh_channel_close(client->owners[i].channel);
        client->owners[i] = (struct fh_owner_channel){NULL, 0};
    }
    fh_channel_close(client->entry);
    client->entry = NULL;
    fh_link_close(client->link);
    client->link = NULL;
}

static void flush_outbox(void *user)
{
    fh_outbox_flush(user);
}

int fh_client_ready(struct freehold_client *client, struct fh_err *err)
{
    fh_given_up_look(client);
    bool worn = client->entry != NULL && fh_channel_is_worn(client->entry);
    if (client->entry != NULL && (!worn || client->results > 0)) {
        return FH_OK;
    }
    close_channels(client);
    struct judgement judgement = {client, NULL, false};
    int code = fh_link_open(&client->link, client->address, err);
    if (code == FH_OK) {
        fh_link_interrupts(client->link, client->interrupts);
        fh_link_before_wait(client->link, flush_outbox, client);
        code = fh_channel_open(
            &client->entry, client->actor, client->link, NULL, NULL, judge_node, &judgement, err);
        if (code != FH_OK) {
            code = fh_err_wrap(err, "%s", client->address);
        }
    }
    const struct fh_domain_id *ours = &client->actor->domain;
    if (code == FH_OK && !fh_domain_id_equal(fh_channel_domain(client->entry), ours)) {
        struct fh_domain_id theirs = *fh_channel_domain(client->entry);
        code = fh_client_know(client, &theirs, err);
    }
    if (code != FH_OK) {
        close_channels(client);
    }
    return code;
}

int fh_client_own_address(char out[FH_CLIENT_ADDRESS_BYTES],
                          const struct fh_settings *settings,
                          struct fh_err *err)
{
    struct fh_address address;
    int code = fh_address_parse(&address, settings->listen, err);
    if (code != FH_OK) {
        return code;
    }
    const char *host = strcmp(address.host, "0.0.0.0") == 0 ? "127.0.0.1"
                       : strcmp(address.host, "::") == 0    ? "::1"
                                                            : address.host;
    bool v6 = strchr(host, ':') != NULL;
    snprintf(out,
             FH_CLIENT_ADDRESS_BYTES,
             "%s%s%s:%u",
             v6 ? "[" : "",
             host,
             v6 ? "]" : "",
             address.port);
    return FH_OK;
}

/* What the caller knows of the options; the rest is zero. */
static struct freehold_options known_options(const struct freehold_options *options)
{
    struct freehold_options known = {.size = sizeof known};
    FH_ASSERT(options->size >= sizeof options->size);
    memcpy(&known, options, options->size < sizeof known ? options->size : sizeof known);
    return known;
}

static int
open_actor(struct fh_actor **out, const struct freehold_options *options, struct fh_err *err)
{
    if (options->key_file == NULL && options->access_file == NULL) {
        return fh_actor_open(out, options->home, err);
    }
    if (options->key_file == NULL || options->access_file == NULL) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "a key file and an access belong together: name both, or neither and a "
                          "home");
    }
    return fh_actor_open_outside(
        out, options->key_file, options->passphrase_file, options->access_file, err);
}

static int open_at(struct freehold_client *client, const char *peer, struct fh_err *err)
{
    struct fh_address checked;
    int code = fh_address_parse(&checked, peer, err);
    snprintf(client->address, sizeof client->address, "%s", peer);
    return code == FH_OK ? fh_client_ready(client, err) : code;
}

/* The addresses of an access, until a node answers. */
static int open_at_any(struct freehold_client *client, struct fh_err *err)
{
    const struct fh_settings_addresses *known = &client->actor->settings.peers;
    int code = fh_err_set(
        err, FH_EUSAGE, "the access names no address; name a node with --peer HOST:PORT");
    for (size_t i = 0; i < known->count; i++) {
        code = open_at(client, known->items[i], err);
        if (code != FH_EUNREACH && code != FH_ETIMEOUT) {
            break;
        }
    }
    return code;
}

static int new_client(struct freehold_client **out, struct fh_err *err)
{
    struct freehold_client *client = fh_calloc(1, sizeof *client);
    if (client == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a client");
    }
    fh_buf_init(&client->request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&client->outgoing, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&client->answer, FH_FRAME_REPLY_BYTES_MAX);
    client->interrupts = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    client->plans = fh_plans_new();
    if (client->plans == NULL || client->interrupts < 0) {
        freehold_close(client);
        return fh_err_set(err, FH_ENOMEM, "no memory or descriptor for a client");
    }
    *out = client;
    return FH_OK;
}

int fh_client_open(struct freehold_client **out,
                   const struct freehold_options *options,
                   struct fh_err *err)
{
    struct freehold_client *client = NULL;
    int code = new_client(&client, err);
    if (code != FH_OK) {
        return code;
    }
    code = open_actor(&client->actor, options, err);
    if (code == FH_OK && options->peer != NULL) {
        code = open_at(client, options->peer, err);
    } else if (code == FH_OK && options->key_file != NULL) {
        code = open_at_any(client, err);
    } else if (code == FH_OK) {
        code = fh_client_own_address(client->address, &client->actor->settings, err);
        code = code == FH_OK ? fh_client_ready(client, err) : code;
    }
    if (code != FH_OK) {
        freehold_close(client);
        return code;
    }
    *out = client;
    return FH_OK;
}

int fh_client_open_actor(struct freehold_client **out,
                         struct fh_actor *actor,
                         const char *peer,
                         struct fh_err *err)
{
    struct freehold_client *client = NULL;
    int code = new_client(&client, err);
    if (code != FH_OK) {
        fh_actor_free(actor);
        return code;
    }
    client->actor = actor;
    code = open_at(client, peer, err);
    if (code != FH_OK) {
        freehold_close(client);
        return code;
    }
    *out = client;
    return FH_OK;
}

int freehold_open_with(struct freehold_client **out,
                       const struct freehold_options *options,
                       struct freehold_error *error)
{
    struct freehold_options known = known_options(options);
    struct fh_err err = {0};
    *out = NULL;
    int code = fh_client_open(out, &known, &err);
    return code == FH_OK ? FH_OK : fh_public_error(error, &err);
}

int freehold_open(struct freehold_client **out,
                  const char *home,
                  const char *peer,
                  struct freehold_error *error)
{
    struct freehold_options options = {.size = sizeof options, .home = home, .peer = peer};
    return freehold_open_with(out, &options, error);
}

void freehold_close(struct freehold_client *client)
{
    if (client == NULL) {
        return;
    }
    FH_ASSERT(client->results == 0);
    close_channels(client);
    if (client->interrupts >= 0) {
        close(client->interrupts);
    }
    fh_actor_free(client->actor);
    fh_plans_free(client->plans);
    fh_buf_fini(&client->outgoing);
    fh_buf_fini(&client->request);
    fh_buf_fini(&client->answer);
    fh_free(client);
}

void freehold_interrupt(struct freehold_client *client)
{
    if (eventfd_write(client->interrupts, 1) != 0) {
        return; /* so many that it is full: it is interrupted */
    }
}

void freehold_interrupt_forget(struct freehold_client *client)
{
    eventfd_t ignored;
    if (eventfd_read(client->interrupts, &ignored) != 0) {
        return; /* there were none */
    }
}

/* ---- calls ---- */

int fh_client_call_at(struct freehold_client *client,
                      struct fh_channel *channel,
                      struct fh_pack_reader *reader,
                      struct fh_err *err)
{
    int code = fh_buf_ok(&client->request);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the request does not fit a message");
    }
    return fh_channel_call(channel, fh_buf_view(&client->request), &client->answer, reader, err);
}

int fh_client_call(struct freehold_client *client,
                   struct fh_pack_reader *reader,
                   struct fh_err *err)
{
    return fh_client_call_at(client, client->entry, reader, err);
}

int fh_client_pull(struct fh_bytes *out,
                   struct freehold_client *client,
                   const struct fh_record_id *id,
                   struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_msg_bins bins;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_pull_request_begin(&client->request, 1);
        fh_pack_bin(&client->request, fh_bytes(id->b, sizeof id->b));
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_bins_read(&reader, &bins, err);
    }
    if (code == FH_OK && !fh_msg_bins_next(&bins, out)) {
        *out = FH_BYTES_NONE;
    }
    return code;
}

int fh_client_page_end(fh_page_end_fn *end,
                       struct fh_pack_reader *reader,
                       uint64_t *next,
                       struct fh_err *err)
{
    uint64_t began = *next;
    int code = end(reader, next, err);
    if (code == FH_OK && *next <= began) {
        *next = 0;
    }
    return code;
}

/* ---- identities ---- */

/* Whether two domains have one name: the second is there without it. */
static bool shares_a_name(const struct fh_directory *directory)
{
    for (size_t i = 0; i < fh_directory_domain_count(directory); i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(directory, i);
        if (domain->name[0] == '\0' && domain->given_name[0] != '\0') {
            return true;
        }
    }
    return false;
}

int fh_client_learn(struct freehold_client *client,
                    const struct fh_domain_id *domain,
                    struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_msg_bins bins;
    fh_buf_reset(&client->request);
    fh_msg_identity_request(&client->request, domain);
    int code = fh_client_call(client, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_bins_read(&reader, &bins, err);
    }
    if (code != FH_OK) {
        return code;
    }
    size_t count = bins.left < FH_CLIENT_RECORDS_MAX ? bins.left : FH_CLIENT_RECORDS_MAX;
    struct fh_bytes *records = fh_calloc(count, sizeof *records);
    if (records == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for identity records");
    }
    size_t taken = 0;
    while (taken < count && fh_msg_bins_next(&bins, &records[taken])) {
        taken++;
    }
    /* One bad record among many is no reason to refuse the others; what is needed is asked for
     * by name afterwards. */
    struct fh_directory *directory = client->actor->directory;
    int64_t now_ms = fh_clock_wall_ms();
    code = fh_directory_add_all(directory, records, taken, now_ms, NULL, err);
    /* Two domains of one name, or what came behind another refusal: whose a name is was decided at
     * the home, or is not known to us. */
    if ((code != FH_OK || shares_a_name(directory)) && code != FH_ENOMEM &&
        fh_home_names_settle(&client->actor->home, directory)) {
        code = fh_directory_add_all(directory, records, taken, now_ms, NULL, err);
    }
    fh_free(records);
    return code == FH_ENOMEM ? code : FH_OK;
}

static bool is_known(const struct freehold_client *client, const struct fh_domain_id *domain)
{
    const struct fh_directory_domain *known = fh_directory_domain(client->actor->directory, domain);
    return known != NULL && (known->admitted || known->expelled); /* its past can be judged */
}

int fh_client_know(struct freehold_client *client,
                   const struct fh_domain_id *domain,
                   struct fh_err *err)
{
    struct fh_err why = {0};
    int code = is_known(client, domain) ? FH_OK : fh_client_learn(client, domain, &why);
    if (code == FH_OK && !is_known(client, domain)) {
        code = fh_client_learn(client, NULL, &why);
    }
    if (code != FH_OK) {
        *err = why;
        return code;
    }
    if (is_known(client, domain)) {
        return FH_OK;
    }
    char text[FH_ID_SHORT_BYTES];
    fh_domain_id_short(text, domain);
    return fh_err_rule(err,
                       FH_ESIG,
                       "domain.not_admitted",
                       "domain %s shows no valid admission to this mesh%s%s",
                       text,
                       why.code == FH_OK ? "" : ": ",
                       why.code == FH_OK ? "" : why.text);
}

bool fh_client_calls(const struct freehold_client *client,
                     const char *name,
                     const struct fh_domain_id *domain)
{
    const struct fh_directory_domain *known =
        fh_directory_domain_by_name(client->actor->directory, name);
    return (known != NULL && fh_domain_id_equal(&known->id, domain)) ||
           fh_home_names_alias(&client->actor->home, name, domain);
}

int fh_client_verify(struct freehold_client *client,
                     const struct fh_record *record,
                     const struct fh_domain_id *domain,
                     unsigned roles,
                     int64_t when_ms,
                     struct fh_signer *out,
                     struct fh_err *err)
{
    const struct fh_directory *directory = client->actor->directory;
    int code = fh_client_know(client, domain, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_directory_verify(directory, record, domain, roles, when_ms, out, err);
    if (code == FH_OK || strcmp(err->rule, "record.signer.unknown") != 0) {
        return code;
    }
    /* A delegation that we have not seen yet. */
    struct fh_err ignored = {0};
    code = fh_client_learn(client, domain, &ignored);
    return code != FH_OK ? err->code
                         : fh_directory_verify(directory, record, domain, roles, when_ms, out, err);
}

/* ---- channels to owners ---- */

static struct fh_owner_channel *find_owner(struct freehold_client *client,
                                           const struct fh_node_id *node)
{
    for (size_t i = 0; i < FH_CLIENT_OWNERS_MAX; i++) {
        struct fh_owner_channel *owner = &client->owners[i];
        if (owner->channel != NULL && fh_node_id_equal(fh_channel_node(owner->channel), node) &&
            !fh_channel_is_worn(owner->channel)) {
            return owner;
        }
    }
    return NULL;
}

static struct fh_owner_channel *free_owner(struct freehold_client *client)
{
    struct fh_owner_channel *idle = NULL;
    for (size_t i = 0; i < FH_CLIENT_OWNERS_MAX; i++) {
        struct fh_owner_channel *owner = &client->owners[i];
        if (owner->channel == NULL) {
            return owner;
        }
        if (owner->in_use == 0 && (idle == NULL || fh_channel_is_worn(owner->channel))) {
            idle = owner;
        }
    }
    if (idle != NULL) {
        fh_channel_close(idle->channel);
        idle->channel = NULL;
    }
    return idle;
}

static int open_owner(struct freehold_client *client,
                      const struct fh_domain_id *domain,
                      const struct fh_node_id *node,
                      struct fh_owner_channel **out,
                      struct fh_err *err)
{
    struct fh_owner_channel *owner = free_owner(client);
    if (owner == NULL) {
        return fh_err_set(err, FH_EBUSY, "too many results of this client are open");
    }
    int code = fh_client_know(client, domain, err);
    if (code != FH_OK) {
        return code;
    }
    struct judgement judgement = {client, domain, true};
    code = fh_channel_open(&owner->channel,
                           client->actor,
                           client->link,
                           client->entry,
                           node,
                           judge_node,
                           &judgement,
                           err);
    if (code == FH_OK) {
        *out = owner;
        return FH_OK;
    }
    const struct fh_directory_domain *known = fh_directory_domain(client->actor->directory, domain);
    return fh_err_wrap(err, "node of %s", known == NULL ? "the owner" : known->name);
}

int fh_client_channel(struct freehold_client *client,
                      const struct fh_domain_id *domain,
                      const struct fh_node_id *node,
                      struct fh_channel **out,
                      struct fh_err *err)
{
    if (fh_node_id_equal(node, fh_channel_node(client->entry))) {
        if (!fh_domain_id_equal(domain, fh_channel_domain(client->entry))) {
            return fh_err_rule(
                err, FH_ESIG, "session.peer.other", "the entry peer claims another's product");
        }
        client->results++;
        *out = client->entry;
        return FH_OK;
    }
    struct fh_owner_channel *owner = find_owner(client, node);
    int code = owner != NULL ? FH_OK : open_owner(client, domain, node, &owner, err);
    if (code == FH_OK) {
        FH_ASSERT(owner != NULL);
        owner->in_use++;
        client->results++;
        *out = owner->channel;
    }
    return code;
}

void fh_client_keep(struct freehold_client *client, const struct fh_channel *channel, bool on)
{
    for (size_t i = 0; i < FH_CLIENT_OWNERS_MAX; i++) {
        struct fh_owner_channel *owner = &client->owners[i];
        if (owner->channel == channel) {
            FH_ASSERT(on || owner->in_use > 0);
            owner->in_use = on ? owner->in_use + 1 : owner->in_use - 1;
        }
    }
}

void fh_client_release(struct freehold_client *client, struct fh_channel *channel)
{
    if (channel != NULL) {
        FH_ASSERT(client->results > 0);
        client->results--;
        fh_client_keep(client, channel, false);
    }
}
