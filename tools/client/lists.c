/* SPDX-License-Identifier: Apache-2.0 */
/* Status and peers: what the entry peer says, as public value structs. */
#include "tools/client/lists.h"
#include "common/assert.h"
#include "common/mem.h"
#include "proto/gossip/gossip.h"
#include "proto/session/messages_names.h"
#include "tools/client/client.h"

#include <stdio.h>

#define COPY_TEXT(to, from) snprintf((to), sizeof(to), "%s", (from))

/* ---- status ---- */

static int ask_status(struct freehold_client *client, struct fh_msg_status *out, struct fh_err *err)
{
    struct fh_pack_reader reader;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_status_request(&client->request);
        code = fh_client_call(client, &reader, err);
    }
    return code == FH_OK ? fh_msg_status_read(&reader, out, err) : code;
}

int freehold_status(struct freehold_client *client,
                    struct freehold_status *out,
                    struct freehold_error *error)
{
    struct fh_err err = {0};
    struct fh_msg_status status;
    if (ask_status(client, &status, &err) != FH_OK) {
        return fh_public_error(error, &err);
    }
    struct freehold_status filled = {
        .generation = status.generation,
        .uptime_ms = status.uptime_ms,
        .members_alive = status.members_alive,
        .members_known = status.members_known,
        .products = status.products,
        .wall_ms = status.wall_ms,
        .news = status.news,
        .charter = status.charter_seq,
    };
    const char *standing =
        status.charter_standing < FH_CHARTER_STANDING_COUNT
            ? fh_charter_standing_text((enum fh_charter_standing)status.charter_standing)
            : "unknown";
    COPY_TEXT(filled.charter_standing, standing);
    fh_mesh_id_text(filled.mesh, &status.mesh);
    fh_domain_id_text(filled.domain, &status.domain);
    fh_node_id_text(filled.node, &status.node);
    COPY_TEXT(filled.mesh_name, status.mesh_name);
    COPY_TEXT(filled.domain_name, status.domain_name);
    COPY_TEXT(filled.version, status.version);
    fh_public_copy(out, &filled, sizeof filled);
    return FH_OK;
}

/* ---- peers ---- */

struct freehold_peers {
    size_t count;
    struct freehold_peer items[];
};

void fh_public_peer(struct freehold_peer *out, const struct fh_msg_peer *peer)
{
    fh_node_id_text(out->node, &peer->node);
    fh_domain_id_text(out->domain, &peer->domain);
    COPY_TEXT(out->domain_name, peer->domain_name);
    COPY_TEXT(out->address, peer->address);
    const char *state = peer->state < FH_MEMBER_STATE_COUNT
                            ? fh_member_state_text((enum fh_member_state)peer->state)
                            : "unknown";
    COPY_TEXT(out->state, state);
    out->self = peer->self;
    out->generation = peer->generation;
    out->incarnation = peer->incarnation;
    out->heard_ms_ago = peer->heard_ms_ago;
    out->state_ms = peer->state_ms;
    out->rtt_ms = peer->rtt_ms;
    out->accusers = peer->accusers;
    out->suspect_ms = peer->suspect_ms;
    out->health = peer->health;
    out->protocol_max = peer->protocol_max;
    out->capabilities = peer->capabilities;
    out->products = peer->products;
    out->forked = peer->forked;
    COPY_TEXT(out->named_by, fh_name_source_text(peer->named_by));
    COPY_TEXT(out->alias, peer->alias);
}

/* One page behind what there is; `next` is where the following one begins, 0 behind the last. */
static int ask_page(struct freehold_peers **peers,
                    struct freehold_client *client,
                    uint64_t *next,
                    struct fh_err *err)
{
    struct fh_pack_reader reader;
    uint32_t count = 0;
    int code = fh_client_ready(client, err);
    if (code == FH_OK) {
        fh_buf_reset(&client->request);
        fh_msg_peers_request(&client->request, *next);
        code = fh_client_call(client, &reader, err);
    }
    if (code == FH_OK) {
        code = fh_msg_peers_read(&reader, &count, err);
    }
    size_t held = (*peers)->count;
    if (code == FH_OK && held + count > FH_MEMBERS_MAX) {
        code = fh_err_rule(err, FH_EPROTO, "peers.many", "the peer tells of more members than fit");
    }
    if (code != FH_OK) {
        return code;
    }
    struct freehold_peers *more =
        fh_realloc(*peers, sizeof *more + (held + count) * sizeof more->items[0]);
    if (more == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the list of peers");
    }
    *peers = more;
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_peer peer;
        code = fh_msg_peers_next(&reader, &peer, err);
        if (code == FH_OK) {
            more->items[more->count] = (struct freehold_peer){.size = 0};
            fh_public_peer(&more->items[more->count++], &peer);
        }
    }
    if (code == FH_OK) {
        code = fh_client_page_end(fh_msg_peers_end, &reader, next, err);
    }
    *next = count == 0 ? 0 : *next; /* so that a list ends */
    return code;
}

static int
ask_peers(struct freehold_peers **out, struct freehold_client *client, struct fh_err *err)
{
    struct freehold_peers *peers = fh_calloc(1, sizeof *peers);
    if (peers == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the list of peers");
    }
    uint64_t next = 0;
    int code;
    do {
        code = ask_page(&peers, client, &next, err);
    } while (code == FH_OK && next != 0);
    if (code != FH_OK) {
        freehold_peers_free(peers);
        return code;
    }
    *out = peers;
    return FH_OK;
}

int freehold_peers(struct freehold_peers **out,
                   struct freehold_client *client,
                   struct freehold_error *error)
{
    struct fh_err err = {0};
    *out = NULL;
    return ask_peers(out, client, &err) == FH_OK ? FH_OK : fh_public_error(error, &err);
}

size_t freehold_peers_count(const struct freehold_peers *peers)
{
    return peers->count;
}

void freehold_peers_get(const struct freehold_peers *peers, size_t index, struct freehold_peer *out)
{
    FH_ASSERT(index < peers->count);
    fh_public_copy(out, &peers->items[index], sizeof peers->items[index]);
}

void freehold_peers_free(struct freehold_peers *peers)
{
    fh_free(peers);
}
