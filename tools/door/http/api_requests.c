/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access requests: those of who is signed in, and for publishers of this node's domain those that
 * came for its products, as far as the token is for them.
 */
#include "common/time.h"
#include "proto/session/messages_access.h"
#include "tools/client/access.h"
#include "tools/client/admin_socket.h"
#include "tools/client/product_name.h"
#include "tools/door/http/api.h"

#include <string.h>
#include <unistd.h>

/* ---- lists ---- */

/* As the node judges OWN: by the delegations that the token's member showed, which the node has
 * verified. Of its own domain the client need not know the admission. */
bool fh_api_governs(const struct fh_http_call *call, const struct freehold_client *client)
{
    const struct fh_door_settings *settings = call->state->services->settings;
    const struct fh_actor *actor = client->actor;
    struct fh_ref ref = fh_key_id_ref(&actor->key_id);
    struct fh_err ignored;
    return call->who != NULL && strcmp(fh_identity_domain(call->who), settings->domain) == 0 &&
           fh_directory_signer_of_stranger(actor->directory,
                                           &ref,
                                           &actor->domain,
                                           fh_clock_wall_ms(),
                                           FH_ROLE_MASK(FH_ROLE_PUBLISHER),
                                           NULL,
                                           &ignored) == FH_OK;
}

static int take_page(struct fh_access_list *list,
                     const struct fh_mesh_id *mesh,
                     int fd,
                     struct fh_record_id *after,
                     struct fh_err *err)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    struct fh_buf answer FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    uint32_t count = 0;
    fh_buf_init(&request, 4096);
    fh_buf_init(&answer, FH_ADMIN_FRAME_BYTES_MAX);
    fh_msg_admin_asked_request(&request, after);
    int code =
        fh_admin_socket_call(fd, fh_buf_view(&request), FH_REQUEST_MS, &answer, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_page_read(&reader, after, &count, err);
    }
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_asked asked;
        code = fh_msg_asked_next(&reader, &asked, err);
        code = code == FH_OK ? fh_access_list_add(list, &asked, mesh, err) : code;
    }
    return code;
}

/* Those that the token is for: not more than it could answer. */
static void keep_of_token(struct fh_access_list *list, const struct fh_token *token)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct fh_access_entry *entry = &list->items[i];
        const struct fh_access_request *request = &entry->request;
        if (fh_token_check_purpose(token, request->purpose, NULL) == FH_OK &&
            fh_token_check_product(
                token, entry->owner_name, request->product, request->major, NULL) == FH_OK) {
            list->items[kept++] = *entry;
        }
    }
    list->count = kept;
}

int fh_api_received(struct fh_access_list *list,
                    const struct fh_http_call *call,
                    const struct freehold_client *client,
                    struct fh_err *err)
{
    char path[FH_HOME_PATH_BYTES];
    struct fh_record_id after = {{0}};
    int fd = fh_admin_socket_connect(
        fh_home_path(path, &call->state->services->settings->home, FH_HOME_SOCKET));
    if (fd < 0) {
        return fh_err_rule(err, FH_EUNREACH, "admin.none", "the node of this home does not answer");
    }
    int code = FH_OK;
    do {
        code = take_page(list, &client->actor->mesh, fd, &after, err);
    } while (code == FH_OK && !fh_record_id_is_zero(&after));
    close(fd);
    keep_of_token(list, fh_identity_token(call->who));
    return code;
}

/* ---- an entry ---- */

void fh_api_put_request(struct fh_json *json, const struct fh_access_entry *entry, bool received)
{
    char id[FH_ID_TEXT_BYTES];
    char product[FH_PRODUCT_NAME_BYTES];
    int64_t until = entry->has_grant ? entry->grant.not_after_ms : entry->request.until_ms;
    fh_record_id_text(id, &entry->id);
    fh_product_name_major_text(
        product, entry->owner_name, entry->request.product, entry->request.major);
    fh_json_open(json, '{');
    fh_json_pair(json, "id", id);
    fh_json_pair(json, "direction", received ? "received" : "sent");
    fh_json_pair(json, "state", fh_access_state_text(fh_access_state(entry, fh_clock_wall_ms())));
    fh_json_pair(json, "product", product);
    fh_json_pair_or_null(json, "owner", entry->owner_name);
    fh_json_pair_or_null(json, "consumer", entry->consumer_name);
    fh_json_pair_or_null(json, "member", entry->key_label);
    fh_json_pair(json, "purpose", entry->request.purpose);
    fh_json_key(json, "columns");
    fh_json_open(json, '[');
    for (uint32_t i = 0; i < entry->request.columns.count; i++) {
        fh_json_text(json, entry->request.columns.texts[i]);
    }
    fh_json_close(json, ']');
    fh_json_pair(json, "note", entry->request.note);
    fh_http_json_time(json, "created", entry->request.created_ms);
    fh_http_json_time(json, "until", until);
    fh_json_pair(json, "reason", entry->has_answer ? entry->answer.reason : entry->refused);
    fh_json_pair_bool(json, "delivered", entry->delivered);
    fh_json_pair_bool(json, "by_token", entry->by_token);
    fh_json_pair_bool(json, "answered_by_token", entry->answer_by_token);
    fh_json_close(json, '}');
}

struct lists {
    struct fh_access_list sent;
    struct fh_access_list received;
};

static void lists_fini(struct lists *lists)
{
    fh_access_list_fini(&lists->sent);
    fh_access_list_fini(&lists->received);
}

static int read_lists(struct lists *out, struct fh_http_call *call, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    int code = fh_access_list_init(&out->sent, err);
    if (code == FH_OK) {
        code = fh_access_list_init(&out->received, err);
    }
    if (code == FH_OK) {
        code = fh_http_asker(call, &client, err);
    }
    if (code == FH_OK) {
        code = fh_access_mine(&out->sent, client, err);
    }
    if (code == FH_OK && fh_api_governs(call, client)) {
        code = fh_api_received(&out->received, call, client, err);
    }
    fh_http_asker_end(call, client);
    fh_access_list_sort(&out->sent);
    fh_access_list_sort(&out->received);
    return code;
}

static void
put_list(struct fh_json *json, const struct fh_access_list *list, bool received, bool open_only)
{
    int64_t now_ms = fh_clock_wall_ms();
    for (size_t i = 0; i < list->count; i++) {
        enum fh_access_state state = fh_access_state(&list->items[i], now_ms);
        if (!open_only || fh_access_is_open(state)) {
            fh_api_put_request(json, &list->items[i], received);
        }
    }
}

int fh_api_requests(struct fh_http_call *call, struct fh_err *err)
{
    const char *state = fh_http_argument(&call->target, "state");
    struct lists lists FH_CLEANUP(lists_fini) = {.sent = {.count = 0}};
    if (state != NULL && strcmp(state, "open") != 0) {
        return fh_err_rule(err, FH_EINVAL, "http.argument", "state: open, or without it all");
    }
    int code = read_lists(&lists, call, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_json json = fh_http_json(call);
    fh_json_open(&json, '{');
    fh_json_key(&json, "requests");
    fh_json_open(&json, '[');
    put_list(&json, &lists.received, true, state != NULL);
    put_list(&json, &lists.sent, false, state != NULL);
    fh_json_close(&json, ']');
    fh_json_pair_uint(&json, "away", lists.sent.away);
    fh_json_close(&json, '}');
    return FH_OK;
}

/* ---- one of them ---- */

int fh_api_request(struct fh_http_call *call, struct fh_err *err)
{
    struct lists lists FH_CLEANUP(lists_fini) = {.sent = {.count = 0}};
    const struct fh_access_entry *entry = NULL;
    const char *id = fh_http_part(call, "id");
    int code = read_lists(&lists, call, err);
    if (code != FH_OK) {
        return code;
    }
    code = fh_access_entry_find(&lists.received, id, &entry, err);
    bool received = code != FH_ENOTFOUND;
    if (!received) {
        code = fh_access_entry_find(&lists.sent, id, &entry, err);
    }
    if (code == FH_OK) {
        struct fh_json json = fh_http_json(call);
        fh_api_put_request(&json, entry, received);
    }
    return code;
}
