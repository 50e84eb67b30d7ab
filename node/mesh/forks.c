/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forks as news: a domain that signed two contracts under one number is shown up everywhere. A node
 * that lives twice is kept as a proof here; the gossip core tells the others.
 *
 * Whoever finds a fork pushes both records to a few others, who find it too and do the same, each
 * once. Who was away learns with the next synchronisation that there is a fork, and pulls what it
 * lacks. The records prove themselves: nobody's word is taken.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/time.h"
#include "node/state/store_history.h"

enum {
    FORK_PUSHES = 3,      /* others that are told at once */
    FORK_PULLS = 8,       /* records asked for by one synchronisation */
    FORK_PUSH_ROOM = 512, /* heads of a message and its bins */
};

/* ---- to some at once ---- */

static void add_record(struct fh_mesh *mesh,
                       const struct fh_record_id *id,
                       struct fh_buf *bins,
                       uint32_t *count)
{
    struct fh_err err;
    FH_CLEANUP(fh_buf_fini) struct fh_buf record;
    fh_buf_init(&record, FH_RECORD_BYTES_MAX);
    if (fh_store_record_get(mesh->options.store, id, &record, &err) == FH_OK &&
        bins->size + record.size + FORK_PUSH_ROOM <= FH_FRAME_REQUEST_BYTES_MAX) {
        fh_pack_bin(bins, fh_buf_view(&record));
        (*count)++;
    }
}

void fh_mesh_fork_found(struct fh_mesh *mesh, const struct fh_catalog_outcome *outcome)
{
    char domain[FH_ID_TEXT_BYTES], one[FH_ID_TEXT_BYTES], other[FH_ID_TEXT_BYTES];
    fh_domain_id_text(domain, &outcome->key.domain);
    fh_record_id_text(one, &outcome->against);
    fh_record_id_text(other, &outcome->id);
    fh_log(FH_LOG_ERROR,
           "contract.forked",
           "domain=%s product=%s held=%s other=%s",
           domain,
           outcome->key.product,
           one,
           other);
    uint32_t count = 0;
    FH_CLEANUP(fh_buf_fini) struct fh_buf bins;
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&bins, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    add_record(mesh, &outcome->id, &bins, &count);
    add_record(mesh, &outcome->against, &bins, &count);
    if (count == 0) {
        return;
    }
    fh_msg_push_request_begin(&request, count);
    fh_buf_add_bytes(&request, fh_buf_view(&bins));
    fh_mesh_push_request(mesh, &request, FORK_PUSHES, NULL);
}

/* ---- to who was away ---- */

static void pulled(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct fh_mesh *mesh = user;
    struct fh_msg_bins bins;
    struct fh_bytes record;
    struct fh_err err;
    if (failure != NULL || mesh->quiet || fh_msg_bins_read(fields, &bins, &err) != FH_OK) {
        return;
    }
    struct fh_origin origin = {.bulk = true};
    while (fh_msg_bins_next(&bins, &record)) {
        bool is_new;
        if (fh_mesh_intake(mesh, record, &origin, &is_new, &err) != FH_OK && err.code != FH_EFORK) {
            fh_log(FH_LOG_DEBUG, "fork.refused", "rule=%s text=\"%s\"", err.rule, err.text);
        }
    }
}

/* Of a pair the one that is missing here, when the other is in a chain that is not known as forked.
 */
static bool choose(struct fh_mesh *mesh, struct fh_bytes pair, struct fh_record_id *out)
{
    struct fh_err err;
    for (size_t i = 0; i < 2; i++) {
        struct fh_record_id held;
        bool is_news = false;
        memcpy(held.b, pair.data + i * FH_ID_BYTES, FH_ID_BYTES);
        memcpy(out->b, pair.data + (1 - i) * FH_ID_BYTES, FH_ID_BYTES);
        if (fh_store_fork_is_news(mesh->options.store, &held, &is_news, &err) == FH_OK && is_news) {
            return true;
        }
    }
    return false;
}

void fh_mesh_forks_told(struct fh_mesh *mesh,
                        const struct fh_peer_target *target,
                        struct fh_msg_bins *pairs)
{
    struct fh_record_id wanted[FORK_PULLS];
    uint32_t count = 0;
    struct fh_bytes pair;
    while (count < FORK_PULLS && fh_msg_bins_next(pairs, &pair)) {
        count += pair.size == 2 * FH_ID_BYTES && choose(mesh, pair, &wanted[count]);
    }
    if (count == 0 || mesh->quiet) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 1024);
    fh_msg_pull_request_begin(&request, count);
    for (uint32_t i = 0; i < count; i++) {
        fh_pack_bin(&request, fh_bytes(wanted[i].b, FH_ID_BYTES));
    }
    fh_peers_ask(mesh->options.peers, target, &request, FH_REQUEST_MS, pulled, mesh);
}

/* ---- of a node's life ---- */

void fh_mesh_member_forked(struct fh_mesh *mesh, const struct fh_gossip_action *action)
{
    struct fh_bytes pair[2] = {action->bytes, action->other};
    for (int i = 0; i < 2; i++) {
        struct fh_record parsed;
        struct fh_err err;
        if (fh_record_parse(&parsed, pair[i], &mesh->id, &err) != FH_OK) {
            continue;
        }
        struct fh_store_record record = {.id = parsed.id,
                                         .type = parsed.type,
                                         .bytes = pair[i],
                                         .received_ms = fh_clock_wall_ms()};
        if (fh_store_proof_put(mesh->options.store, FH_PROOF_MEMBER, &record, &err) != FH_OK) {
            fh_log(FH_LOG_ERROR, "proof.not_stored", "text=\"%s\"", err.text);
        }
    }
    char node[FH_ID_TEXT_BYTES];
    fh_node_id_text(node, &action->node);
    fh_log(FH_LOG_ERROR, "member.forked", "node=%s", node);
}
