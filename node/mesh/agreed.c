/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mesh agreed on, taken in and handed on at once.
 *
 * A policy does not fit a datagram, and a synchronisation with everybody takes minutes. So whoever
 * takes a new one pushes it over sessions to a few members, who do the same: with eight each, all
 * of a mesh have it after as many steps as its size has digits. The synchronisation brings what was
 * lost on the way.
 */
#include "node/mesh/parts.h"

#include "common/log.h"
#include "common/time.h"
#include "node/state/policies.h"

enum { PUSHED_TO = 8 };

static void pushed(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    (void)fields;
    (void)user;
    if (err != NULL) {
        fh_log(FH_LOG_DEBUG, "agreed.not_pushed", "rule=%s text=\"%s\"", err->rule, err->text);
    }
}

/* Where to begin among the members, so that not everybody begins with the same. */
static unsigned first_of(const struct fh_mesh *mesh, struct fh_bytes record, unsigned slots)
{
    const struct fh_bytes parts[] = {fh_bytes(mesh->node.b, sizeof mesh->node.b), record};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    return fh_get_u32be(hash.b) % slots;
}

static void push(struct fh_mesh *mesh, struct fh_bytes record, const struct fh_node_id *from)
{
    unsigned slots = mesh->gossip == NULL ? 0 : fh_gossip_member_slots(mesh->gossip);
    unsigned first = slots == 0 ? 0 : first_of(mesh, record, slots);
    unsigned told = 0;
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_push_request_begin(&request, 1);
    fh_pack_bin(&request, record);
    for (unsigned i = 0; i < slots && told < PUSHED_TO && !mesh->quiet; i++) {
        struct fh_gossip_member member;
        struct fh_peer_target target = {.address = NULL};
        if (!fh_gossip_member_at(mesh->gossip, (first + i) % slots, &member) || member.self ||
            memcmp(member.node.b, from->b, sizeof from->b) == 0 ||
            !fh_mesh_address(mesh, &member.node, &target.address)) {
            continue;
        }
        target.node = member.node;
        fh_peers_ask(mesh->options.peers, &target, &request, FH_REQUEST_MS, pushed, NULL);
        told++;
    }
}

int fh_mesh_take_agreed(struct fh_mesh *mesh,
                        const struct fh_record *record,
                        const struct fh_origin *origin,
                        bool *out_new,
                        struct fh_err *err)
{
    struct fh_waiver waiver;
    if (record->type == FH_RECORD_WAIVER) {
        int rc = fh_waiver_decode(&waiver, record, err);
        if (rc == FH_OK && !waiver.mesh) {
            rc = fh_err_rule(err,
                             FH_EINVAL,
                             "record.type",
                             "a waiver of a domain's own policy stays with that domain");
        }
        if (rc != FH_OK) {
            return rc;
        }
    }
    int rc =
        fh_policies_agree(mesh->options.policies, record->bytes, fh_clock_wall_ms(), out_new, err);
    if (rc == FH_OK && *out_new && !origin->bulk) {
        push(mesh, record->bytes, &origin->node);
    }
    return rc;
}

void fh_mesh_agreed(struct fh_mesh *mesh, struct fh_bytes record)
{
    static const struct fh_node_id nobody;
    push(mesh, record, &nobody);
}
