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

#include "common/mem.h"
#include "common/time.h"
#include "node/state/policies.h"
#include "proto/session/messages_policy.h"

#include <stdio.h>

enum {
    PUSHED_TO = 8,
    STATUS_NODES_MAX = 256, /* of them a person can read */
    STATUS_MS = 5000,
};

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
    if (rc == FH_OK && *out_new) {
        static const struct fh_domain_id of_mesh;
        fh_mesh_tell_taken(mesh, record, &of_mesh, origin);
    }
    if (rc == FH_OK && *out_new && !origin->bulk) {
        fh_mesh_push(mesh, record->bytes, PUSHED_TO, &origin->node);
    }
    return rc;
}

void fh_mesh_agreed(struct fh_mesh *mesh, struct fh_bytes record)
{
    fh_mesh_push(mesh, record, PUSHED_TO, NULL);
}

/* ---- which node enforces what ---- */

static void describe(const struct fh_agreed *agreed, struct fh_msg_policy_state *out)
{
    uint32_t count;
    size_t at = 0;
    const struct fh_agreed_policy *const *all = fh_agreed_policies(agreed, &count);
    *out = (struct fh_msg_policy_state){.hash = fh_agreed_hash(agreed)};
    for (uint32_t i = 0; i < count && at < sizeof out->text; i++) {
        const struct fh_policy_held *held = &all[i]->held;
        at += (size_t)snprintf(out->text + at,
                               sizeof out->text - at,
                               "%s%s %s%s",
                               i == 0 ? "" : ", ",
                               held->name,
                               held->version,
                               held->forked           ? " (forked)"
                               : held->policy == NULL ? " (unreadable)"
                                                      : "");
    }
}

void fh_mesh_answer_policy_state(struct fh_mesh *mesh, struct fh_question *question)
{
    struct fh_msg_policy_state state;
    FH_CLEANUP(fh_buf_fini) struct fh_buf out;
    fh_buf_init(&out, 1024);
    describe(fh_policies_agreed(mesh->options.policies), &state);
    fh_msg_policy_state_answer(&out, &state);
    fh_question_answer_buf(question, &out);
}

/* Asks every member, and tells when all have answered or cannot be asked. */
struct status {
    struct fh_mesh *mesh;
    struct fh_hash own;
    unsigned waiting;
    uint32_t count;
    fh_mesh_status_fn *done;
    void *user;
    struct fh_msg_policy_node nodes[STATUS_NODES_MAX];
};

struct asked {
    struct status *status;
    uint32_t index;
};

static void end_one(struct status *status)
{
    if (--status->waiting == 0) {
        status->done(status->nodes, status->count, status->user);
        fh_free(status);
    }
}

static void told(struct fh_pack_reader *fields, const struct fh_err *failure, void *user)
{
    struct asked *asked = user;
    struct fh_msg_policy_node *node = &asked->status->nodes[asked->index];
    struct fh_err err;
    if (failure == NULL && fh_msg_policy_state_read(fields, &node->state, &err) == FH_OK) {
        node->answered = true;
        node->same = memcmp(node->state.hash.b, asked->status->own.b, FH_HASH_BYTES) == 0;
    }
    end_one(asked->status);
    fh_free(asked);
}

static void ask_member(struct status *status,
                       const struct fh_gossip_member *member,
                       const struct fh_buf *request)
{
    struct fh_msg_policy_node *node = &status->nodes[status->count];
    struct fh_peer_target target = {.node = member->node};
    *node = (struct fh_msg_policy_node){.node = member->node, .domain = member->domain};
    if (member->self) {
        describe(fh_policies_agreed(status->mesh->options.policies), &node->state);
        node->answered = true;
        node->same = true;
    } else if (fh_mesh_address(status->mesh, &member->node, &target.address)) {
        struct asked *asked = fh_calloc(1, sizeof *asked);
        if (asked != NULL) {
            *asked = (struct asked){status, status->count};
            status->waiting++;
            fh_peers_ask(status->mesh->options.peers, &target, request, STATUS_MS, told, asked);
        }
    }
    status->count++;
}

int fh_mesh_policy_status(struct fh_mesh *mesh,
                          fh_mesh_status_fn *done,
                          void *user,
                          struct fh_err *err)
{
    struct status *status = fh_calloc(1, sizeof *status);
    if (status == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to ask the members");
    }
    *status = (struct status){.mesh = mesh,
                              .own = fh_agreed_hash(fh_policies_agreed(mesh->options.policies)),
                              .waiting = 1, /* this call */
                              .done = done,
                              .user = user};
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, 64);
    fh_msg_policy_state_request(&request);
    unsigned slots = mesh->gossip == NULL ? 0 : fh_gossip_member_slots(mesh->gossip);
    for (unsigned i = 0; i < slots && status->count < STATUS_NODES_MAX; i++) {
        struct fh_gossip_member member;
        if (fh_gossip_member_at(mesh->gossip, i, &member)) {
            ask_member(status, &member, &request);
        }
    }
    end_one(status);
    return FH_OK;
}
