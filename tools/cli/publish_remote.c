/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/publish_remote.h"

#include "common/mem.h"
#include "common/time.h"

#include <string.h>
#include <time.h>

enum {
    ASK_FIRST_MS = 20, /* between two questions for the outcome; twice as long each time */
    ASK_LAST_MS = 1000,
    CHECK_MS = 600000, /* a check reads all data of a product */
};

struct fh_remote {
    struct freehold_client *client;
    struct fh_channel *channel; /* with a node of our domain; in use */
    struct fh_buf request;
    struct fh_buf answer;
};

/* Some node of our domain that answers, as the entry peer sees the mesh. */
static int find_own_node(struct freehold_client *client, struct fh_node_id *out, struct fh_err *err)
{
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_peers *peers = NULL;
    int code = freehold_peers(&peers, client, &error);
    if (code != FREEHOLD_OK) {
        return fh_cli_error(err, &error);
    }
    char domain[FH_ID_TEXT_BYTES];
    fh_domain_id_text(domain, &client->actor->domain);
    code = fh_err_rule(err,
                       FH_EUNREACH,
                       "publish.node",
                       "%s is a node of another domain, and knows none of %s that answers",
                       client->address,
                       client->actor->settings.domain);
    for (size_t i = 0; i < freehold_peers_count(peers) && code != FH_OK; i++) {
        struct freehold_peer peer = {.size = sizeof peer};
        freehold_peers_get(peers, i, &peer);
        if (strcmp(peer.domain, domain) == 0 && strcmp(peer.state, "alive") == 0) {
            code = fh_node_id_parse(out, peer.node, err);
        }
    }
    freehold_peers_free(peers);
    return code;
}

static int find_channel(struct fh_remote *remote, struct fh_err *err)
{
    struct freehold_client *client = remote->client;
    struct fh_node_id node = *fh_channel_node(client->entry);
    int code = FH_OK;
    if (!fh_domain_id_equal(fh_channel_domain(client->entry), &client->actor->domain)) {
        code = find_own_node(client, &node, err);
    }
    return code == FH_OK
               ? fh_client_channel(client, &client->actor->domain, &node, &remote->channel, err)
               : code;
}

int fh_remote_open(struct fh_remote **out, struct fh_cli *cli, const char *node, struct fh_err *err)
{
    if (cli->key == NULL || cli->access == NULL) {
        return fh_err_set(err,
                          FH_EUSAGE,
                          "--node needs --key FILE and --access FILE: who publishes; `freehold "
                          "member add --help` says where they come from");
    }
    struct fh_remote *remote = fh_calloc(1, sizeof *remote);
    if (remote == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a session");
    }
    fh_buf_init(&remote->request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&remote->answer, FH_FRAME_REPLY_BYTES_MAX);
    int code = fh_cli_client(cli, node, &remote->client, err);
    if (code == FH_OK) {
        code = find_channel(remote, err);
    }
    if (code != FH_OK) {
        fh_remote_close(remote);
        return code;
    }
    *out = remote;
    return FH_OK;
}

void fh_remote_close(struct fh_remote *remote)
{
    if (remote == NULL) {
        return;
    }
    if (remote->client != NULL) {
        fh_client_release(remote->client, remote->channel);
        freehold_close(remote->client);
    }
    fh_buf_fini(&remote->request);
    fh_buf_fini(&remote->answer);
    fh_free(remote);
}

const struct fh_actor *fh_remote_actor(const struct fh_remote *remote)
{
    return remote->client->actor;
}

static int call(struct fh_remote *remote, struct fh_pack_reader *reader, struct fh_err *err)
{
    int code = fh_buf_ok(&remote->request);
    if (code != FH_OK) {
        return fh_err_set(err, code, "the contract does not fit a request");
    }
    return fh_channel_call(
        remote->channel, fh_buf_view(&remote->request), &remote->answer, reader, err);
}

int fh_remote_chain(struct fh_remote *remote,
                    const char *product,
                    uint64_t *out_seq,
                    struct fh_buf *out_record,
                    struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_bytes last = FH_BYTES_NONE;
    fh_buf_reset(&remote->request);
    fh_msg_remote_chain_request(&remote->request, product);
    int code = call(remote, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_chain_read(&reader, out_seq, &last, err);
    }
    if (code == FH_OK) {
        fh_buf_add_bytes(out_record, last);
        code = fh_buf_ok(out_record) == FH_OK
                   ? FH_OK
                   : fh_err_set(err, FH_ENOMEM, "no memory for the last contract");
    }
    return code;
}

int fh_remote_base(struct fh_remote *remote,
                   const char *product,
                   const char *version,
                   struct fh_buf *out_record,
                   struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_bytes base = FH_BYTES_NONE;
    fh_buf_reset(&remote->request);
    fh_msg_remote_base_request(&remote->request, product, version);
    int code = call(remote, &reader, err);
    if (code == FH_OK) {
        code = fh_msg_base_read(&reader, &base, err);
    }
    if (code == FH_OK) {
        fh_buf_add_bytes(out_record, base);
        code = fh_buf_ok(out_record) == FH_OK
                   ? FH_OK
                   : fh_err_set(err, FH_ENOMEM, "no memory for the version before");
    }
    return code;
}

static void sleep_ms(int64_t ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&span, NULL);
}

int fh_remote_publish(struct fh_remote *remote,
                      const struct fh_msg_order *order,
                      struct fh_pack_reader *reader,
                      struct fh_err *err)
{
    uint64_t ticket = 0;
    fh_buf_reset(&remote->request);
    fh_msg_order_request(&remote->request, order);
    int code = call(remote, reader, err);
    if (code == FH_OK) {
        code = fh_msg_ticket_read(reader, &ticket, err);
    }
    bool done = false;
    int64_t deadline_ms = fh_clock_mono_ms() + CHECK_MS;
    for (int64_t wait_ms = ASK_FIRST_MS; code == FH_OK && !done;) {
        fh_buf_reset(&remote->request);
        fh_msg_outcome_request(&remote->request, ticket);
        code = call(remote, reader, err);
        if (code == FH_OK) {
            code = fh_msg_outcome_read(reader, &done, err);
        }
        if (code == FH_OK && !done) {
            if (fh_clock_mono_ms() > deadline_ms) {
                return fh_err_set(err, FH_ETIMEOUT, "the checks did not end in time");
            }
            sleep_ms(wait_ms);
            wait_ms = 2 * wait_ms < ASK_LAST_MS ? 2 * wait_ms : ASK_LAST_MS;
        }
    }
    return code;
}

int fh_remote_own(struct fh_remote *remote,
                  struct fh_bytes message,
                  int64_t timeout_ms,
                  struct fh_buf *answer,
                  struct fh_pack_reader *reader,
                  struct fh_err *err)
{
    fh_buf_reset(&remote->request);
    fh_msg_own_request(&remote->request, message);
    int code = fh_buf_ok(&remote->request);
    return code == FH_OK ? fh_channel_call_within(remote->channel,
                                                  fh_buf_view(&remote->request),
                                                  timeout_ms,
                                                  answer,
                                                  reader,
                                                  err)
                         : fh_err_set(err, code, "the question does not fit a request");
}
