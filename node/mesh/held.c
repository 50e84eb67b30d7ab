/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this node holds, in one fingerprint: it goes into ACKs, and whoever holds something else
 * synchronises within seconds (proto/README.md 8). Without it a rumour of a revocation or a vote
 * that was lost would be missed until the next synchronisation that comes by itself, a minute or
 * more.
 *
 * Not in it: members, of which the core has a fingerprint of its own; measurements, which come
 * again; forks, of which two nodes may keep different ones.
 */
#include "node/mesh/parts.h"

#include "common/time.h"
#include "node/state/policies.h"

#include <string.h>

/* Waivers of mesh policies; those of a domain's own policies stay with it. */
static void of_waivers(const struct fh_agreed *agreed, uint8_t out[FH_ID_SUM_BYTES])
{
    struct fh_id_sum sum = {.count = 0};
    uint32_t count;
    const struct fh_waiver_held *const *waivers = fh_agreed_waivers(agreed, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (waivers[i]->waiver.mesh) {
            fh_id_sum_add(&sum, &waivers[i]->id);
        }
    }
    fh_id_sum_fingerprint(&sum, "freehold/v1/waivers", out);
}

void fh_mesh_held_changed(struct fh_mesh *mesh)
{
    static const char tag[] = "freehold/v1/held";
    uint8_t of_sets[3][FH_ID_SUM_BYTES];
    const struct fh_agreed *agreed = fh_policies_agreed(mesh->options.policies);
    if (mesh->gossip == NULL) {
        return;
    }
    fh_catalog_fingerprint(mesh->options.catalog, of_sets[0]);
    fh_directory_fingerprint(mesh->options.dir, of_sets[1]);
    of_waivers(agreed, of_sets[2]);
    struct fh_hash of_policies = fh_agreed_hash(agreed);
    const struct fh_bytes parts[] = {fh_bytes(tag, sizeof tag),
                                     fh_bytes(of_sets, sizeof of_sets),
                                     fh_bytes(of_policies.b, sizeof of_policies.b)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    uint8_t fingerprint[FH_GOSSIP_FINGERPRINT_BYTES];
    memcpy(fingerprint, hash.b, sizeof fingerprint);
    struct fh_catalog_head own = fh_catalog_own_head(mesh->options.catalog);
    struct fh_gossip_head head = {.count = own.count, .time_ms = fh_clock_wall_ms()};
    memcpy(head.root, own.root, sizeof head.root);
    fh_gossip_set_catalogue(mesh->gossip, fingerprint, &head, fh_clock_mono_ms());
}
