/* SPDX-License-Identifier: Apache-2.0 */
/* Hands records on: to the gossip core as rumours, each under the key whose place in the queue it
 * takes, or over sessions to some others. */
#include "node/mesh/parts.h"

#include "common/entropy.h"
#include "common/log.h"

#include <string.h>

enum { URGENT_PUSHES = 3 }; /* others that are told of what no datagram carries */

/* ---- over sessions ---- */

static void pushed(struct fh_pack_reader *fields, const struct fh_err *err, void *user)
{
    (void)fields;
    (void)user;
    /* A peer that holds it already, or cannot use it, refuses: both are fine. */
    if (err != NULL) {
        fh_log(FH_LOG_DEBUG, "push.not_taken", "rule=%s text=\"%s\"", err->rule, err->text);
    }
}

void fh_mesh_push_request(struct fh_mesh *mesh,
                          const struct fh_buf *request,
                          unsigned most,
                          const struct fh_node_id *except)
{
    unsigned slots = mesh->gossip == NULL || mesh->quiet ? 0 : fh_gossip_member_slots(mesh->gossip);
    unsigned start = 0;
    unsigned told = 0;
    fh_entropy(&start, sizeof start);
    for (unsigned i = 0; i < slots && told < most; i++) {
        struct fh_gossip_member member;
        const char *address;
        if (fh_gossip_member_at(mesh->gossip, (start % slots + i) % slots, &member) &&
            !member.self && (except == NULL || !fh_node_id_equal(&member.node, except)) &&
            fh_mesh_address(mesh, &member.node, &address)) {
            struct fh_peer_target target = {.address = address, .node = member.node};
            fh_peers_ask(mesh->options.peers, &target, request, FH_REQUEST_MS, pushed, NULL);
            told++;
        }
    }
}

void fh_mesh_push(struct fh_mesh *mesh,
                  struct fh_bytes record,
                  unsigned most,
                  const struct fh_node_id *except)
{
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_push_request_begin(&request, 1);
    fh_pack_bin(&request, record);
    fh_mesh_push_request(mesh, &request, most, except);
}

/* ---- as rumours ---- */

static struct fh_hash key_of_product(const char *what,
                                     const struct fh_domain_id *domain,
                                     const char *product,
                                     uint32_t major)
{
    uint8_t number[4];
    fh_put_u32be(number, major);
    const struct fh_bytes parts[] = {
        fh_bytes_cstr(what),
        fh_bytes(domain->b, sizeof domain->b),
        fh_bytes_cstr(product),
        fh_bytes(number, sizeof number),
    };
    return fh_hash_parts(parts, FH_COUNT(parts));
}

/* Rumours of one key replace each other: for an announcement or a measurement its product and major
 * version, so that a newer one takes the older's place in the queue; all else is its own. */
static struct fh_hash rumour_key(const struct fh_mesh *mesh, struct fh_bytes record)
{
    struct fh_record parsed;
    struct fh_err err;
    if (fh_record_parse(&parsed, record, &mesh->id, &err) == FH_OK) {
        struct fh_announcement announcement;
        struct fh_measurement measurement;
        if (parsed.type == FH_RECORD_ANNOUNCEMENT &&
            fh_announce_parse(&announcement, parsed.payload, &err) == FH_OK) {
            return key_of_product(
                "announcement", &announcement.domain, announcement.product, announcement.major);
        }
        if (parsed.type == FH_RECORD_MEASUREMENT &&
            fh_measurement_parse(&measurement, parsed.payload, &err) == FH_OK) {
            return key_of_product(
                "measurement", &measurement.domain, measurement.product, measurement.major);
        }
    }
    return fh_hash(record);
}

void fh_mesh_spread(struct fh_mesh *mesh, struct fh_bytes record, enum fh_rumour_class class_)
{
    if (mesh->gossip == NULL) {
        return;
    }
    if (record.size > FH_RECORD_GOSSIP_BYTES_MAX) {
        /* It travels by synchronisation; what takes rights away does not wait for that. */
        if (class_ == FH_RUMOUR_URGENT && record.size <= FH_FRAME_REQUEST_BYTES_MAX - 1024) {
            fh_mesh_push(mesh, record, URGENT_PUSHES, NULL);
        }
        return;
    }
    struct fh_gossip_event event = {.kind = FH_GOSSIP_RUMOUR};
    event.u.rumour.class_ = class_;
    struct fh_hash hash = rumour_key(mesh, record);
    memcpy(event.u.rumour.key.b, hash.b, sizeof event.u.rumour.key.b);
    fh_mesh_gossip_later(mesh, &event, record);
}
