/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where members are and when they were heard: what others ask of the gossip core, and what the
 * store keeps of it.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/time.h"

#include <stdio.h>

static bool answers(enum fh_member_state state)
{
    return state == FH_MEMBER_ALIVE || state == FH_MEMBER_UNVERIFIED || state == FH_MEMBER_SUSPECT;
}

bool fh_mesh_address(struct fh_mesh *mesh, const struct fh_node_id *node, const char **out_address)
{
    struct fh_gossip_member member;
    if (mesh->gossip == NULL || !fh_gossip_member_find(mesh->gossip, node, &member) ||
        member.address_count == 0 || !answers(member.state)) {
        return false;
    }
    *out_address = member.addresses[0];
    return true;
}

bool fh_mesh_node_of(struct fh_mesh *mesh,
                     const struct fh_domain_id *domain,
                     struct fh_node_id *out_node,
                     const char **out_address)
{
    static const enum fh_member_state order[] = {
        FH_MEMBER_ALIVE, FH_MEMBER_UNVERIFIED, FH_MEMBER_SUSPECT};
    unsigned slots = mesh->gossip == NULL ? 0 : fh_gossip_member_slots(mesh->gossip);
    for (size_t k = 0; k < FH_COUNT(order); k++) {
        for (unsigned i = 0; i < slots; i++) {
            struct fh_gossip_member member;
            if (fh_gossip_member_at(mesh->gossip, i, &member) && member.state == order[k] &&
                member.address_count > 0 && fh_domain_id_equal(&member.domain, domain)) {
                *out_node = member.node;
                *out_address = member.addresses[0];
                return true;
            }
        }
    }
    return false;
}

int64_t fh_mesh_heard_ago(struct fh_mesh *mesh, const struct fh_domain_id *domain, int64_t heard_ms)
{
    int64_t least = fh_clock_wall_ms() - heard_ms;
    int64_t now = fh_clock_mono_ms();
    unsigned slots = mesh->gossip == NULL ? 0 : fh_gossip_member_slots(mesh->gossip);
    for (unsigned i = 0; i < slots; i++) {
        struct fh_gossip_member member;
        if (fh_gossip_member_at(mesh->gossip, i, &member) && member.heard_ms != INT64_MIN &&
            fh_domain_id_equal(&member.domain, domain) && now - member.heard_ms < least) {
            least = now - member.heard_ms;
        }
    }
    return least > 0 ? least : 0;
}

struct fh_mesh_counts fh_mesh_counts(struct fh_mesh *mesh)
{
    struct fh_mesh_counts counts = {.changes = mesh->member_changes};
    if (mesh->gossip == NULL) {
        return counts;
    }
    counts.generation = fh_gossip_generation(mesh->gossip);
    for (unsigned s = 0; s < FH_MEMBER_STATE_COUNT; s++) {
        unsigned n = fh_gossip_member_count(mesh->gossip, (enum fh_member_state)s);
        counts.known += n;
        counts.alive += answers((enum fh_member_state)s) ? n : 0;
    }
    return counts;
}

void fh_mesh_tell_peer(struct fh_mesh *mesh,
                       const struct fh_gossip_member *member,
                       struct fh_msg_peer *out)
{
    int64_t now = fh_clock_mono_ms();
    *out = (struct fh_msg_peer){
        .node = member->node,
        .domain = member->domain,
        .state = member->state,
        .self = member->self,
        .generation = member->generation,
        .incarnation = member->incarnation,
        .heard_ms_ago = member->self                    ? 0
                        : member->heard_ms == INT64_MIN ? UINT64_MAX
                                                        : (uint64_t)(now - member->heard_ms),
        .state_ms = now > member->since_ms ? (uint64_t)(now - member->since_ms) : 0,
        .rtt_ms = member->rtt_ms,
        .accusers = member->accusers,
        .suspect_ms = member->deadline_ms == FH_GOSSIP_NEVER ? UINT64_MAX
                      : member->deadline_ms > now            ? (uint64_t)(member->deadline_ms - now)
                                                             : 0,
        .health = member->self ? fh_gossip_health(mesh->gossip) : 0,
        .protocol_max = member->protocol_max,
        .capabilities = member->capabilities,
        .products = member->head.count,
        .forked = member->forked,
        .named_by = fh_names_source(mesh->options.names, &member->domain),
    };
    snprintf(out->alias,
             sizeof out->alias,
             "%s",
             fh_names_alias_of(mesh->options.names, &member->domain));
    const struct fh_directory_domain *domain =
        fh_directory_domain(mesh->options.dir, &member->domain);
    snprintf(out->domain_name, sizeof out->domain_name, "%s", domain == NULL ? "" : domain->name);
    snprintf(out->address,
             sizeof out->address,
             "%s",
             member->address_count > 0 ? member->addresses[0] : "");
}

void fh_mesh_answer_peers(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_err err;
    uint64_t at = 0;
    if (fh_msg_peers_request_read(fh_question_fields(question), &at, &err) != FH_OK) {
        fh_question_refuse(question, &err);
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf entries;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&entries, FH_FRAME_REPLY_BYTES_MAX - 64);
    fh_buf_init(&out, FH_FRAME_REPLY_BYTES_MAX);
    unsigned slots = mesh->gossip == NULL ? 0 : fh_gossip_member_slots(mesh->gossip);
    uint32_t count = 0;
    for (; at < slots && count < FH_PEERS_PAGE; at++) {
        struct fh_gossip_member member;
        struct fh_msg_peer peer;
        if (fh_gossip_member_at(mesh->gossip, (unsigned)at, &member)) {
            fh_mesh_tell_peer(mesh, &member, &peer);
            fh_msg_peers_answer_add(&entries, &peer);
            count++;
        }
    }
    fh_msg_peers_answer_begin(&out, count);
    fh_buf_add_bytes(&out, fh_buf_view(&entries));
    fh_msg_peers_answer_end(&out, at < slots ? at : 0);
    fh_question_answer_buf(question, &out);
}

void fh_mesh_keep_member(struct fh_mesh *mesh, const struct fh_gossip_member *member)
{
    int64_t wall = fh_clock_wall_ms();
    bool left = member->leave.size > 0;
    struct fh_store_record record = {
        .type = left ? FH_RECORD_LEAVE : FH_RECORD_ALIVE,
        .domain = member->domain,
        .bytes = left ? member->leave : member->alive,
        .received_ms = wall,
    };
    struct fh_record parsed;
    struct fh_err err;
    struct fh_store *store = mesh->options.store;
    int rc = fh_record_parse(&parsed, record.bytes, &mesh->id, &err);
    if (rc == FH_OK) {
        record.id = parsed.id;
        rc = fh_store_begin(store, FH_STORE_LAZY, &err);
    }
    if (rc == FH_OK) {
        rc = fh_store_member_put(store, &record, &member->node, &err);
        if (rc == FH_OK && member->address_count > 0) {
            struct fh_store_peer peer = {
                .node = member->node, .domain = member->domain, .seen_ms = wall};
            snprintf(peer.address, sizeof peer.address, "%s", member->addresses[0]);
            rc = fh_store_peer_put(store, &peer, &err);
        }
        rc = fh_store_commit_after(store, rc, &err);
    }
    if (rc != FH_OK) {
        fh_log(FH_LOG_ERROR, "member.not_stored", "text=\"%s\"", err.text);
    }
}
