/* SPDX-License-Identifier: Apache-2.0 */
/* The mesh as this node sees it: nodes, domains, and who is asking. */
#include "common/mem.h"
#include "common/time.h"
#include "tools/door/http/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ask_peers(struct fh_http_call *call, struct freehold_peers **out, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_http_asker(call, &client, err);
    if (code == FH_OK && freehold_peers(out, client, &error) != FREEHOLD_OK) {
        code = fh_http_error(err, &error);
    }
    fh_http_asker_end(call, client);
    return code;
}

/* ---- peers ---- */

static void put_peer(struct fh_json *json, const struct freehold_peer *peer)
{
    int64_t now_ms = fh_clock_wall_ms();
    bool heard = peer->heard_ms_ago < (uint64_t)now_ms;
    bool since = peer->state_ms < (uint64_t)now_ms;
    fh_json_open(json, '{');
    fh_json_pair(json, "node", peer->node);
    fh_json_pair(json, "domain", peer->domain_name);
    fh_json_pair(json, "domain_id", peer->domain);
    fh_json_pair(json, "address", peer->address);
    fh_json_pair(json, "state", peer->state);
    fh_json_pair_bool(json, "self", peer->self);
    fh_json_pair_uint(json, "products", peer->products);
    fh_http_json_time(json, "heard", heard ? now_ms - (int64_t)peer->heard_ms_ago : 0);
    fh_http_json_time(json, "since", since ? now_ms - (int64_t)peer->state_ms : 1);
    fh_json_pair_uint(json, "rtt_ms", peer->rtt_ms);
    fh_json_pair_uint(json, "accusers", peer->accusers);
    fh_json_pair_uint(json, "protocol", peer->protocol_max);
    fh_json_pair_bool(json, "forked", peer->forked);
    fh_json_close(json, '}');
}

int fh_api_peers(struct fh_http_call *call, struct fh_err *err)
{
    struct freehold_peers *peers = NULL;
    int code = ask_peers(call, &peers, err);
    if (code != FH_OK) {
        return code;
    }
    struct fh_json json = fh_http_json(call);
    fh_json_open(&json, '{');
    fh_json_key(&json, "peers");
    fh_json_open(&json, '[');
    for (size_t i = 0; i < freehold_peers_count(peers); i++) {
        struct freehold_peer peer = {.size = sizeof peer};
        freehold_peers_get(peers, i, &peer);
        put_peer(&json, &peer);
    }
    fh_json_close(&json, ']');
    fh_json_close(&json, '}');
    freehold_peers_free(peers);
    return FH_OK;
}

/* ---- domains ---- */

struct domain {
    char id[64];
    char name[64];
    bool self;
    uint64_t nodes;
    uint64_t alive;
    uint64_t products;
};

static int by_name(const void *a, const void *b)
{
    const struct domain *left = a;
    const struct domain *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->id, right->id);
}

/* Nodes of one domain, which lie beside each other, become one. */
static size_t gather(struct domain *domains, size_t count)
{
    size_t kept = 0;
    qsort(domains, count, sizeof *domains, by_name);
    for (size_t i = 0; i < count; i++) {
        struct domain *last = kept == 0 ? NULL : &domains[kept - 1];
        if (last == NULL || strcmp(last->id, domains[i].id) != 0) {
            domains[kept++] = domains[i];
            continue;
        }
        last->self = last->self || domains[i].self;
        last->nodes += domains[i].nodes;
        last->alive += domains[i].alive;
        last->products =
            domains[i].products > last->products ? domains[i].products : last->products;
    }
    return kept;
}

int fh_api_domains(struct fh_http_call *call, struct fh_err *err)
{
    struct freehold_peers *peers = NULL;
    int code = ask_peers(call, &peers, err);
    if (code != FH_OK) {
        return code;
    }
    size_t count = freehold_peers_count(peers);
    struct domain *domains FH_CLEANUP(fh_freep) = fh_calloc(count + 1, sizeof *domains);
    if (domains == NULL) {
        freehold_peers_free(peers);
        return fh_err_set(err, FH_ENOMEM, "no memory for domains");
    }
    for (size_t i = 0; i < count; i++) {
        struct freehold_peer peer = {.size = sizeof peer};
        freehold_peers_get(peers, i, &peer);
        bool alive = strcmp(peer.state, "alive") == 0 || peer.self;
        domains[i] = (struct domain){
            .self = peer.self, .nodes = 1, .alive = alive, .products = peer.products};
        snprintf(domains[i].id, sizeof domains[i].id, "%s", peer.domain);
        snprintf(domains[i].name, sizeof domains[i].name, "%s", peer.domain_name);
    }
    freehold_peers_free(peers);
    count = gather(domains, count);
    struct fh_json json = fh_http_json(call);
    fh_json_open(&json, '{');
    fh_json_key(&json, "domains");
    fh_json_open(&json, '[');
    for (size_t i = 0; i < count; i++) {
        fh_json_open(&json, '{');
        fh_json_pair(&json, "domain", domains[i].name);
        fh_json_pair(&json, "id", domains[i].id);
        fh_json_pair_bool(&json, "self", domains[i].self);
        fh_json_pair_uint(&json, "products", domains[i].products);
        fh_json_pair_uint(&json, "nodes", domains[i].nodes);
        fh_json_pair_uint(&json, "alive", domains[i].alive);
        fh_json_pair_bool(&json, "reachable", domains[i].alive > 0);
        fh_json_close(&json, '}');
    }
    fh_json_close(&json, ']');
    fh_json_close(&json, '}');
    return FH_OK;
}

/* ---- who is asking ---- */

static void put_node(struct fh_json *json,
                     const struct freehold_status *status,
                     const struct fh_door_settings *settings)
{
    fh_json_key(json, "node");
    fh_json_open(json, '{');
    fh_json_pair(json, "mesh", status->mesh_name);
    fh_json_pair(json, "mesh_id", status->mesh);
    fh_json_pair(json, "domain", status->domain_name);
    fh_json_pair(json, "node", status->node);
    fh_json_pair(json, "version", status->version);
    fh_json_pair_uint(json, "members_alive", status->members_alive);
    fh_json_pair_uint(json, "members_known", status->members_known);
    fh_json_pair_uint(json, "products", status->products);
    fh_http_json_time(json, "started", (int64_t)(status->wall_ms - status->uptime_ms));
    fh_json_pair_or_null(json, "postgres", settings->postgres_listen);
    fh_json_close(json, '}');
}

static void put_powers(struct fh_json *json, const struct fh_identity *who)
{
    const unsigned powers = who == NULL ? 0 : fh_identity_token(who)->powers;
    fh_json_key(json, "may");
    fh_json_open(json, '[');
#define X(name, bit, word, what)                                                                   \
    if ((powers & (bit)) != 0) {                                                                   \
        fh_json_text(json, word);                                                                  \
    }
    FH_TOKEN_POWERS(X)
#undef X
    fh_json_close(json, ']');
}

int fh_api_me(struct fh_http_call *call, struct fh_err *err)
{
    const struct fh_door_settings *settings = call->state->services->settings;
    struct fh_identity *who = call->who;
    struct freehold_client *client = NULL;
    struct freehold_status status = {.size = sizeof status};
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_http_asker(call, &client, err);
    if (code == FH_OK && freehold_status(client, &status, &error) != FREEHOLD_OK) {
        code = fh_http_error(err, &error);
    }
    bool owner = code == FH_OK && fh_api_governs(call, client);
    fh_http_asker_end(call, client);
    if (code != FH_OK) {
        return code;
    }
    struct fh_json json = fh_http_json(call);
    fh_json_open(&json, '{');
    fh_json_pair_bool(&json, "signed_in", who != NULL);
    fh_json_pair_or_null(&json, "domain", who == NULL ? NULL : fh_identity_domain(who));
    fh_json_pair_or_null(&json, "member", who == NULL ? NULL : fh_identity_member_label(who));
    fh_json_pair_or_null(&json, "token", who == NULL ? NULL : fh_identity_token_id(who));
    fh_http_json_time(&json, "until", who == NULL ? 0 : fh_identity_until_ms(who));
    fh_json_pair_bool(&json, "owner", owner);
    put_powers(&json, who);
    fh_json_pair(&json, "catalogue", settings->catalogue_open ? "open" : "members");
    put_node(&json, &status, settings);
    fh_json_close(&json, '}');
    return FH_OK;
}
