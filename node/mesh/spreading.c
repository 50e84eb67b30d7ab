/* SPDX-License-Identifier: Apache-2.0 */
/* Hands records to the gossip core as rumours, each under the key whose place in the queue it
 * takes. */
#include "node/mesh/parts.h"

#include <string.h>

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
            fh_mesh_push(mesh, record);
        }
        return;
    }
    struct fh_gossip_event event = {.kind = FH_GOSSIP_RUMOUR};
    event.u.rumour.class_ = class_;
    struct fh_hash hash = rumour_key(mesh, record);
    memcpy(event.u.rumour.key.b, hash.b, sizeof event.u.rumour.key.b);
    fh_mesh_gossip_later(mesh, &event, record);
}
