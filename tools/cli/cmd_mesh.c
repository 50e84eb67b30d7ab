/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says of itself and of the members. */
#include "tools/cli/cli.h"

#include <string.h>

/* ---- status ---- */

int fh_cmd_status(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"mesh", FH_OUTPUT_TEXT},
        {"mesh_id", FH_OUTPUT_TEXT},
        {"domain", FH_OUTPUT_TEXT},
        {"domain_id", FH_OUTPUT_TEXT},
        {"node_id", FH_OUTPUT_TEXT},
        {"version", FH_OUTPUT_TEXT},
        {"generation", FH_OUTPUT_NUMBER},
        {"uptime_s", FH_OUTPUT_NUMBER},
        {"members_alive", FH_OUTPUT_NUMBER},
        {"members_known", FH_OUTPUT_NUMBER},
        {"products", FH_OUTPUT_NUMBER},
        {"charter", FH_OUTPUT_NUMBER},
        {"charter_standing", FH_OUTPUT_TEXT},
    };
    struct freehold_client *client = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    struct freehold_status status = {.size = sizeof status};
    if (fh_args_has(args, "counters")) {
        return fh_cli_counters(cli, args, err);
    }
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK && freehold_status(client, &status, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code != FH_OK) {
        return code;
    }
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, true, columns, FH_COUNT(columns));
    fh_output_text(output, status.mesh_name);
    fh_output_text(output, status.mesh);
    fh_output_text(output, status.domain_name);
    fh_output_text(output, status.domain);
    fh_output_text(output, status.node);
    fh_output_text(output, status.version);
    fh_output_uint(output, status.generation);
    fh_output_uint(output, status.uptime_ms / 1000);
    fh_output_uint(output, status.members_alive);
    fh_output_uint(output, status.members_known);
    fh_output_uint(output, status.products);
    fh_output_uint(output, status.charter);
    fh_output_text(output, status.charter_standing);
    code = fh_output_end(output, err);
    if (code == FH_OK && strcmp(status.charter_standing, "in force") != 0) {
        fh_cli_say(cli,
                   "warning: the charter is %s; `freehold charter show` says what helps",
                   status.charter_standing);
    }
    return code;
}

/* ---- peers ---- */

static void put_heard(struct fh_output *output, const struct freehold_peer *peer)
{
    if (peer->self || peer->heard_ms_ago == UINT64_MAX) {
        fh_output_null(output);
    } else {
        fh_output_uint(output, peer->heard_ms_ago);
    }
}

static void put_wide(struct fh_output *output, const struct freehold_peer *peer)
{
    fh_output_uint(output, peer->incarnation);
    fh_output_uint(output, peer->state_ms / 1000);
    if (peer->self || peer->rtt_ms == 0) {
        fh_output_null(output);
    } else {
        fh_output_uint(output, peer->rtt_ms);
    }
    fh_output_uint(output, peer->accusers);
    if (peer->suspect_ms == UINT64_MAX) {
        fh_output_null(output);
    } else {
        fh_output_uint(output, peer->suspect_ms);
    }
    if (peer->self) {
        fh_output_uint(output, peer->health);
    } else {
        fh_output_null(output); /* a node tells its own */
    }
    fh_output_uint(output, peer->protocol_max);
    fh_output_uint(output, peer->capabilities);
    fh_output_uint(output, peer->products);
    fh_output_bool(output, peer->forked);
    fh_output_text(output, peer->named_by);
    fh_output_text(output, peer->alias);
}

static int put_peers(struct fh_cli *cli, const struct freehold_peers *peers, struct fh_err *err)
{
    static const struct fh_output_column columns[] = {
        {"domain", FH_OUTPUT_TEXT},         {"state", FH_OUTPUT_TEXT},
        {"address", FH_OUTPUT_TEXT},        {"heard_ms_ago", FH_OUTPUT_NUMBER},
        {"generation", FH_OUTPUT_NUMBER},   {"self", FH_OUTPUT_BOOL},
        {"node_id", FH_OUTPUT_TEXT},        {"incarnation", FH_OUTPUT_NUMBER},
        {"since_s", FH_OUTPUT_NUMBER},      {"rtt_ms", FH_OUTPUT_NUMBER},
        {"accusers", FH_OUTPUT_NUMBER},     {"dead_in_ms", FH_OUTPUT_NUMBER},
        {"health", FH_OUTPUT_NUMBER},       {"protocol", FH_OUTPUT_NUMBER},
        {"capabilities", FH_OUTPUT_NUMBER}, {"products", FH_OUTPUT_NUMBER},
        {"forked", FH_OUTPUT_BOOL},         {"named_by", FH_OUTPUT_TEXT},
        {"alias", FH_OUTPUT_TEXT},
    };
    enum { NARROW = 7 };
    bool wide = cli->wide || cli->format != FH_OUTPUT_TABLE;
    struct fh_output *output FH_CLEANUP(fh_output_freep) =
        fh_cli_output(cli, false, columns, wide ? FH_COUNT(columns) : NARROW);
    unsigned forked = 0;
    for (size_t i = 0; i < freehold_peers_count(peers); i++) {
        struct freehold_peer peer = {.size = sizeof peer};
        freehold_peers_get(peers, i, &peer);
        fh_output_text(output, peer.domain_name);
        fh_output_text(output, peer.state);
        fh_output_text(output, peer.address);
        put_heard(output, &peer);
        fh_output_uint(output, peer.generation);
        fh_output_bool(output, peer.self);
        fh_output_text(output, peer.node);
        if (wide) {
            put_wide(output, &peer);
        }
        forked += peer.forked ? 1 : 0;
    }
    if (forked > 0) {
        fh_cli_say(cli,
                   "warning: %u members signed two records of one life: two instances of a key "
                   "live; freehold proof list",
                   forked);
    }
    return fh_output_end(output, err);
}

int fh_cmd_peers(struct fh_cli *cli, const struct fh_args *args, struct fh_err *err)
{
    struct freehold_client *client = NULL;
    struct freehold_peers *peers = NULL;
    struct freehold_error error = FREEHOLD_ERROR_INIT;
    int code = fh_cli_client(cli, fh_args_value(args, "peer"), &client, err);
    if (code == FH_OK && freehold_peers(&peers, client, &error) != FREEHOLD_OK) {
        code = fh_cli_error(err, &error);
    }
    freehold_close(client);
    if (code == FH_OK) {
        code = put_peers(cli, peers, err);
    }
    freehold_peers_free(peers);
    return code;
}
