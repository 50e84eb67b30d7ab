/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/access.h"

#include "common/time.h"
#include "proto/gossip/members.h"
#include "proto/session/messages_search.h"

#include <string.h>

enum {
    OWNERS_MAX = 64, /* whom one list asks */
    SEARCH_MAX = FH_SEARCH_RESULTS_MAX,
};

/* ---- what is true of an entry ---- */

typedef int verify_fn(const struct fh_directory *dir,
                      const struct fh_record *record,
                      const struct fh_access_entry *entry,
                      const char *owner_name,
                      struct fh_err *err);

static int verify_answer(const struct fh_directory *dir,
                         const struct fh_record *record,
                         const struct fh_access_entry *entry,
                         const char *owner_name,
                         struct fh_err *err)
{
    const struct fh_access_answer *answer = &entry->answer;
    return fh_access_answer_verify(
        dir, record, answer, &entry->request, owner_name, answer->created_ms, err);
}

static int verify_grant(const struct fh_directory *dir,
                        const struct fh_record *record,
                        const struct fh_access_entry *entry,
                        const char *owner_name,
                        struct fh_err *err)
{
    const struct fh_grant *grant = &entry->grant;
    int code = fh_grant_verify(dir, record, grant, owner_name, grant->not_before_ms, NULL, err);
    return code == FH_OK ? fh_access_check_grant(grant, &entry->request, &entry->id, err) : code;
}

/* What the owner signed, whose records are asked for when a key of it is new. */
static int verify_one(struct freehold_client *client,
                      struct fh_bytes bytes,
                      const struct fh_access_entry *entry,
                      verify_fn *verify,
                      struct fh_record_id *out_id,
                      struct fh_err *err)
{
    const struct fh_domain_id *owner = &entry->request.owner;
    const struct fh_directory *dir = client->actor->directory;
    struct fh_record record;
    int code = fh_record_parse(&record, bytes, &client->actor->mesh, err);
    if (code == FH_OK) {
        *out_id = record.id;
        code = fh_client_know(client, owner, err);
    }
    if (code != FH_OK) {
        return code;
    }
    code = verify(dir, &record, entry, fh_directory_domain(dir, owner)->name, err);
    if (code == FH_OK || strcmp(err->rule, "record.signer.unknown") != 0) {
        return code;
    }
    struct fh_err ignored = {0};
    return fh_client_learn(client, owner, &ignored) == FH_OK
               ? verify(dir, &record, entry, fh_directory_domain(dir, owner)->name, err)
               : code;
}

/* Whether our key signed the record, or a token that it vouches for; whether that was in force then
 * is the owner's to judge. */
static bool
is_ours(const struct fh_actor *actor, const struct fh_record *record, struct fh_bytes token)
{
    struct fh_record vouched;
    struct fh_token read;
    if (token.size == 0) {
        return fh_record_signed_by(record, 0, &actor->mesh, &actor->member, &fh_verifier_plain);
    }
    return fh_record_parse(&vouched, token, &actor->mesh, NULL) == FH_OK &&
           vouched.type == FH_RECORD_TOKEN && vouched.signature_count == 1 &&
           fh_record_signed_by(&vouched, 0, &actor->mesh, &actor->member, &fh_verifier_plain) &&
           fh_token_decode(&read, &vouched, NULL) == FH_OK &&
           fh_record_signed_by(record, 0, &actor->mesh, &read.key, &fh_verifier_plain);
}

/* A request of ours, an answer of its owner to it, and the grant that the answer names. */
static int verify_entry(struct freehold_client *client,
                        const struct fh_msg_asked *asked,
                        const struct fh_access_entry *entry,
                        struct fh_err *err)
{
    const struct fh_domain_id *owner = &entry->request.owner;
    const struct fh_actor *actor = client->actor;
    struct fh_record record;
    struct fh_record_id id;
    int code = fh_record_parse(&record, asked->request, &actor->mesh, err);
    if (code == FH_OK && (!fh_key_id_equal(&entry->request.key, &actor->key_id) ||
                          !is_ours(actor, &record, entry->request.token))) {
        code = fh_err_rule(
            err, FH_ESIG, "access.key", "the peer hands out a request that this key did not make");
    }
    if (code == FH_OK && entry->has_answer) {
        code = fh_domain_id_equal(&entry->answer.owner, owner)
                   ? verify_one(client, asked->answer, entry, verify_answer, &id, err)
                   : fh_err_rule(err, FH_ESIG, "access.other", "the answer is another domain's");
    }
    if (code == FH_OK && entry->has_grant) {
        code = verify_one(client, asked->grant, entry, verify_grant, &id, err);
        if (code == FH_OK && (!fh_domain_id_equal(&entry->grant.owner, owner) ||
                              !fh_record_id_equal(&id, &entry->answer.grant))) {
            code = fh_err_rule(
                err, FH_ESIG, "access.other", "the grant is not the one that the answer names");
        }
    }
    return code == FH_OK ? FH_OK : fh_err_wrap(err, "access request");
}

static int take_entry(struct fh_access_list *list,
                      struct freehold_client *client,
                      const struct fh_msg_asked *asked,
                      struct fh_err *err)
{
    struct fh_access_entry entry;
    int code = fh_access_entry_read(list, asked, &client->actor->mesh, &entry, err);
    if (code == FH_OK) {
        code = verify_entry(client, asked, &entry, err);
    }
    return code == FH_OK ? fh_access_list_add(list, asked, &client->actor->mesh, err) : code;
}

/* Reads the answer to ASKED, which lies in client->answer: verifying it may ask the entry peer,
 * whose answers come there too, so it is copied. */
static int take_answer(struct fh_access_list *list,
                       struct freehold_client *client,
                       struct fh_pack_reader *reader,
                       struct fh_err *err)
{
    struct fh_buf kept FH_CLEANUP(fh_buf_fini);
    struct fh_bytes view = fh_buf_view(&client->answer);
    uint32_t count = 0;
    fh_buf_init(&kept, FH_FRAME_REPLY_BYTES_MAX);
    fh_buf_add_bytes(&kept, view);
    if (fh_buf_ok(&kept) != FH_OK) {
        return fh_err_set(err, FH_ENOMEM, "no memory for access requests");
    }
    reader->bytes = fh_buf_view(&kept); /* the same bytes elsewhere */
    int code = fh_msg_asked_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_asked asked;
        code = fh_msg_asked_next(reader, &asked, err);
        code = code == FH_OK ? take_entry(list, client, &asked, err) : code;
    }
    return code;
}

/* ---- owners ---- */

struct owners {
    size_t count;
    struct fh_domain_id ids[OWNERS_MAX];
};

static void add_owner(struct owners *owners, const struct fh_domain_id *id)
{
    for (size_t i = 0; i < owners->count; i++) {
        if (fh_domain_id_equal(&owners->ids[i], id)) {
            return;
        }
    }
    if (owners->count < OWNERS_MAX) {
        owners->ids[owners->count++] = *id;
    }
}

/* Who may have been asked: whoever has a product that is not open to all. */
static int find_owners(struct owners *owners, struct freehold_client *client, struct fh_err *err)
{
    struct fh_pack_reader reader;
    uint32_t count = 0;
    const struct fh_msg_search search = {.words = "", .limit = SEARCH_MAX};
    fh_buf_reset(&client->request);
    fh_msg_search_request(&client->request, &search);
    int code = fh_client_call(client, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_products_read(&reader, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_product product;
        code = fh_msg_products_next(&reader, &product, err);
        if (code == FH_OK && !product.open_to_mesh && product.reachable &&
            !fh_domain_id_equal(&product.domain, &client->actor->domain)) {
            add_owner(owners, &product.domain);
        }
    }
    return code;
}

/* Looks through one page of the members; `next` is where the following one begins, `told` how many
 * there were so far. */
static int find_in_page(struct freehold_client *client,
                        const struct fh_domain_id *domain,
                        uint64_t *next,
                        uint32_t *told,
                        struct fh_node_id *out,
                        bool *found,
                        struct fh_err *err)
{
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_buf_reset(&client->request);
    fh_msg_peers_request(&client->request, *next);
    int code = fh_client_call(client, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_peers_read(&reader, &count, err);
    }
    *told = count > FH_MEMBERS_MAX - *told ? FH_MEMBERS_MAX + 1 : *told + count;
    if (code == FH_OK && *told > FH_MEMBERS_MAX) {
        code = fh_err_rule(err, FH_EPROTO, "peers.many", "the peer tells of more members than fit");
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_peer peer;
        code = fh_msg_peers_next(&reader, &peer, err);
        if (code == FH_OK && fh_domain_id_equal(&peer.domain, domain) &&
            (!*found || peer.state == FH_MEMBER_ALIVE) && peer.state != FH_MEMBER_DEAD &&
            peer.state != FH_MEMBER_LEFT) {
            *out = peer.node;
            *found = true;
        }
    }
    if (code == FH_OK) {
        code = fh_client_page_end(fh_msg_peers_end, &reader, next, err);
    }
    *next = count == 0 ? 0 : *next; /* so that a list ends */
    return code;
}

/* A node of the domain that the entry peer believes to answer. */
static int find_node(struct freehold_client *client,
                     const struct fh_domain_id *domain,
                     struct fh_node_id *out,
                     struct fh_err *err)
{
    bool found = false;
    uint64_t next = 0;
    int code = FH_OK;
    uint32_t told = 0;
    do {
        code = find_in_page(client, domain, &next, &told, out, &found, err);
    } while (code == FH_OK && next != 0);
    if (code == FH_OK && !found) {
        code = fh_err_rule(
            err, FH_EUNREACH, "product.unreachable", "no node of the owner is known to answer");
    }
    return code;
}

int fh_access_open_owner(struct freehold_client *client,
                         const struct fh_domain_id *owner,
                         struct fh_channel **out,
                         struct fh_err *err)
{
    struct fh_node_id node;
    int code = fh_client_ready(client, err);
    if (code == FH_OK && fh_domain_id_equal(owner, fh_channel_domain(client->entry))) {
        node = *fh_channel_node(client->entry);
    } else if (code == FH_OK) {
        code = find_node(client, owner, &node, err);
    }
    return code == FH_OK ? fh_client_channel(client, owner, &node, out, err) : code;
}

static int ask_owner(struct fh_access_list *list,
                     struct freehold_client *client,
                     const struct fh_domain_id *owner,
                     struct fh_err *err)
{
    struct fh_channel *channel = NULL;
    struct fh_pack_reader reader;
    int code = fh_access_open_owner(client, owner, &channel, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_asked_request(&client->request);
        code =
            fh_channel_call(channel, fh_buf_view(&client->request), &client->answer, &reader, err);
    }
    if (code == FH_OK) {
        code = take_answer(list, client, &reader, err);
    }
    fh_client_release(client, channel);
    return code;
}

static int
ask_entry(struct fh_access_list *list, struct freehold_client *client, struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_asked_request(&client->request);
        code = fh_client_call(client, &reader, err);
    }
    return code == FH_OK ? take_answer(list, client, &reader, err) : code;
}

/* An owner that is away is counted; one that tells what is not true is an error. */
static int ask_other(struct fh_access_list *list,
                     struct freehold_client *client,
                     const struct fh_domain_id *owner,
                     struct fh_err *err)
{
    struct fh_err why;
    if (fh_domain_id_equal(owner, fh_channel_domain(client->entry))) {
        return FH_OK; /* it has been asked */
    }
    int asked = ask_owner(list, client, owner, &why);
    if (asked == FH_ESIG || asked == FH_EPROTO) {
        *err = why;
        return asked;
    }
    list->away += asked != FH_OK;
    return FH_OK;
}

int fh_access_mine(struct fh_access_list *list, struct freehold_client *client, struct fh_err *err)
{
    struct owners owners = {.count = 0};
    int code = ask_entry(list, client, err);
    for (size_t i = 0; i < list->count && code == FH_OK; i++) {
        add_owner(&owners, &list->items[i].request.owner);
    }
    if (code == FH_OK) {
        code = find_owners(&owners, client, err);
    }
    for (size_t i = 0; i < owners.count && code == FH_OK; i++) {
        code = ask_other(list, client, &owners.ids[i], err);
    }
    return code;
}

static bool same_columns(const struct fh_text_list *a, const struct fh_text_list *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++) {
        same = strcmp(a->texts[i], b->texts[i]) == 0;
    }
    return same;
}

int fh_access_find_open(struct fh_access_list *list,
                        struct freehold_client *client,
                        const struct fh_access_request *like,
                        const struct fh_access_entry **out,
                        struct fh_err *err)
{
    int64_t now_ms = fh_clock_wall_ms();
    *out = NULL;
    int code = ask_entry(list, client, err);
    if (code == FH_OK) {
        code = ask_other(list, client, &like->owner, err);
    }
    for (size_t i = 0; code == FH_OK && i < list->count && *out == NULL; i++) {
        const struct fh_access_entry *entry = &list->items[i];
        const struct fh_access_request *asked = &entry->request;
        if (fh_access_is_open(fh_access_state(entry, now_ms)) && asked->until_ms > now_ms &&
            fh_domain_id_equal(&asked->owner, &like->owner) && asked->major == like->major &&
            strcmp(asked->product, like->product) == 0 &&
            strcmp(asked->purpose, like->purpose) == 0 &&
            same_columns(&asked->columns, &like->columns)) {
            *out = entry;
        }
    }
    return code;
}

/* ---- asking ---- */

int fh_access_ask(struct freehold_client *client,
                  struct fh_access_request *request,
                  struct fh_record_id *out_id,
                  bool *out_delivered,
                  struct fh_err *err)
{
    const struct fh_actor *actor = client->actor;
    struct fh_buf record FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    struct fh_record parsed;
    struct fh_pack_reader reader;
    request->consumer = actor->domain;
    request->key = actor->key_id;
    request->token = actor->token;
    request->created_ms = fh_clock_wall_ms();
    int code = fh_access_request_check(request, err);
    if (code != FH_OK) {
        return code;
    }
    fh_access_request_make(&record, request, &actor->mesh, &actor->secret);
    code = fh_buf_ok(&record) == FH_OK
               ? fh_record_parse(&parsed, fh_buf_view(&record), &actor->mesh, err)
               : fh_err_set(err, fh_buf_ok(&record), "the request does not fit a record");
    if (code == FH_OK) {
        code = fh_client_ready(client, err);
    }
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_ask_begin(&client->request, fh_buf_view(&record));
        fh_pack_array(&client->request, 0); /* the session has shown who we are */
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        *out_id = parsed.id;
        code = fh_msg_ask_answer_read(&reader, out_delivered, err);
    }
    return code;
}

int fh_access_can(struct freehold_client *client,
                  const struct fh_domain_id *owner,
                  const struct fh_msg_can *can,
                  struct fh_access_right *out,
                  struct fh_err *err)
{
    struct fh_channel *channel = NULL;
    struct fh_pack_reader reader;
    struct fh_msg_can asked = *can;
    *out = (struct fh_access_right){.masked = false};
    int code = fh_access_open_owner(client, owner, &channel, err);
    if (code == FH_OK) {
        asked.token = client->actor->token;
        fh_buf_reset(&client->request);
        fh_msg_can_request(&client->request, &asked);
        code =
            fh_channel_call(channel, fh_buf_view(&client->request), &client->answer, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_can_answer_read(&reader, &out->grant, &out->masked, err);
    }
    if (code == FH_OK) {
        code = fh_msg_waived_read(&reader, &out->waived_count, err);
    }
    for (uint32_t i = 0; code == FH_OK && i < out->waived_count; i++) {
        code = fh_msg_waived_next(&reader, &out->waived[i], err);
    }
    fh_client_release(client, channel);
    return code;
}
