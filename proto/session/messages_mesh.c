/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages.h"

#include "proto/session/messages_inner.h"

/* ---- STATUS ---- */

void fh_msg_status_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_STATUS, 0);
}

void fh_msg_status_answer(struct fh_buf *out, const struct fh_msg_status *status)
{
    fh_msg_ok(out, 15);
    fh_pack_bin(out, fh_bytes(status->mesh.b, FH_ID_BYTES));
    fh_pack_cstr(out, status->mesh_name);
    fh_pack_bin(out, fh_bytes(status->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, status->domain_name);
    fh_pack_bin(out, fh_bytes(status->node.b, FH_ID_BYTES));
    fh_pack_cstr(out, status->version);
    fh_pack_uint(out, status->generation);
    fh_pack_uint(out, status->uptime_ms);
    fh_pack_uint(out, status->members_alive);
    fh_pack_uint(out, status->members_known);
    fh_pack_uint(out, status->products);
    fh_pack_uint(out, status->wall_ms);
    fh_pack_uint(out, status->news);
    fh_pack_uint(out, status->charter_seq);
    fh_pack_uint(out, status->charter_standing);
}

int fh_msg_status_read(struct fh_pack_reader *reader, struct fh_msg_status *out, struct fh_err *err)
{
    struct fh_msg_status status;
    fh_pack_read_fixed(reader, status.mesh.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, status.mesh_name, sizeof status.mesh_name);
    fh_pack_read_fixed(reader, status.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, status.domain_name, sizeof status.domain_name);
    fh_pack_read_fixed(reader, status.node.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, status.version, sizeof status.version);
    status.generation = fh_pack_read_uint(reader, UINT64_MAX);
    status.uptime_ms = fh_pack_read_uint(reader, UINT64_MAX);
    status.members_alive = fh_pack_read_uint(reader, UINT64_MAX);
    status.members_known = fh_pack_read_uint(reader, UINT64_MAX);
    status.products = fh_pack_read_uint(reader, UINT64_MAX);
    status.wall_ms = fh_pack_read_uint(reader, UINT64_MAX);
    status.news = fh_pack_read_uint(reader, UINT64_MAX);
    status.charter_seq = fh_pack_read_uint(reader, UINT32_MAX);
    status.charter_standing = (unsigned)fh_pack_read_uint(reader, UINT8_MAX);
    int rc = fh_msg_done(reader, "status", err);
    if (rc == FH_OK) {
        *out = status;
    }
    return rc;
}

/* ---- PEERS ---- */

enum { PEER_FIELDS = 20, PRODUCT_FIELDS = 17 };

void fh_msg_peers_request(struct fh_buf *out, uint64_t after)
{
    fh_msg_begin(out, FH_MSG_PEERS, 1);
    fh_pack_uint(out, after);
}

int fh_msg_peers_request_read(struct fh_pack_reader *reader,
                              uint64_t *out_after,
                              struct fh_err *err)
{
    uint64_t after = fh_pack_at_end(reader) ? 0 : fh_pack_read_uint(reader, UINT32_MAX);
    int rc = fh_msg_done(reader, "peers", err);
    if (rc == FH_OK) {
        *out_after = after;
    }
    return rc;
}

void fh_msg_peers_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 2);
    fh_pack_array(out, count);
}

void fh_msg_peers_answer_add(struct fh_buf *out, const struct fh_msg_peer *peer)
{
    fh_pack_array(out, PEER_FIELDS);
    fh_pack_bin(out, fh_bytes(peer->node.b, FH_ID_BYTES));
    fh_pack_bin(out, fh_bytes(peer->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, peer->domain_name);
    fh_pack_cstr(out, peer->address);
    fh_pack_uint(out, peer->state);
    fh_pack_bool(out, peer->self);
    fh_pack_uint(out, peer->generation);
    fh_pack_uint(out, peer->incarnation);
    fh_pack_uint(out, peer->heard_ms_ago);
    fh_pack_uint(out, peer->state_ms);
    fh_pack_uint(out, peer->rtt_ms);
    fh_pack_uint(out, peer->accusers);
    fh_pack_uint(out, peer->suspect_ms);
    fh_pack_uint(out, peer->health);
    fh_pack_uint(out, peer->protocol_max);
    fh_pack_uint(out, peer->capabilities);
    fh_pack_uint(out, peer->products);
    fh_pack_bool(out, peer->forked);
    fh_pack_uint(out, peer->named_by);
    fh_pack_cstr(out, peer->alias);
}

void fh_msg_peers_answer_end(struct fh_buf *out, uint64_t next)
{
    fh_pack_uint(out, next);
}

int fh_msg_peers_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "peers", out_count, err);
}

int fh_msg_peers_next(struct fh_pack_reader *reader, struct fh_msg_peer *out, struct fh_err *err)
{
    struct fh_msg_peer peer;
    uint32_t count = fh_msg_entry_begin(reader, PEER_FIELDS);
    fh_pack_read_fixed(reader, peer.node.b, FH_ID_BYTES);
    fh_pack_read_fixed(reader, peer.domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, peer.domain_name, sizeof peer.domain_name);
    fh_pack_read_cstr(reader, peer.address, sizeof peer.address);
    peer.state = (unsigned)fh_pack_read_uint(reader, 255);
    peer.self = fh_pack_read_bool(reader);
    peer.generation = fh_pack_read_uint(reader, UINT64_MAX);
    peer.incarnation = fh_pack_read_uint(reader, UINT64_MAX);
    peer.heard_ms_ago = fh_pack_read_uint(reader, UINT64_MAX);
    peer.state_ms = fh_pack_read_uint(reader, UINT64_MAX);
    peer.rtt_ms = fh_pack_read_uint(reader, UINT64_MAX);
    peer.accusers = fh_pack_read_uint(reader, UINT64_MAX);
    peer.suspect_ms = fh_pack_read_uint(reader, UINT64_MAX);
    peer.health = fh_pack_read_uint(reader, UINT64_MAX);
    peer.protocol_max = fh_pack_read_uint(reader, UINT64_MAX);
    peer.capabilities = fh_pack_read_uint(reader, UINT64_MAX);
    peer.products = fh_pack_read_uint(reader, UINT64_MAX);
    peer.forked = fh_pack_read_bool(reader);
    peer.named_by = (unsigned)fh_pack_read_uint(reader, 255);
    fh_pack_read_cstr(reader, peer.alias, sizeof peer.alias);
    fh_msg_entry_end(reader, count, PEER_FIELDS);
    int rc = fh_msg_done(reader, "peer", err);
    if (rc == FH_OK) {
        *out = peer;
    }
    return rc;
}

int fh_msg_peers_end(struct fh_pack_reader *reader, uint64_t *out_next, struct fh_err *err)
{
    return fh_msg_number_read(reader, "peers", UINT32_MAX, out_next, err);
}

/* ---- products and DESCRIBE ---- */

void fh_msg_product_add(struct fh_buf *out, const struct fh_msg_product *product)
{
    fh_pack_array(out, PRODUCT_FIELDS);
    fh_pack_bin(out, fh_bytes(product->domain.b, FH_ID_BYTES));
    fh_pack_cstr(out, product->domain_name);
    fh_pack_cstr(out, product->product);
    fh_pack_cstr(out, product->version);
    fh_pack_uint(out, product->status);
    fh_pack_cstr(out, product->title);
    fh_pack_cstr(out, product->summary);
    fh_pack_uint(out, product->age_ms);
    fh_pack_uint(out,
                 (product->reachable ? 1u : 0u) | (product->contract_held ? 2u : 0u) |
                     (product->open_to_mesh ? 4u : 0u) | (product->forked ? 8u : 0u) |
                     (product->refused ? 16u : 0u) | (product->frozen ? 32u : 0u) |
                     (product->contested ? 64u : 0u));
    fh_pack_bin(out, fh_bytes(product->contract.b, FH_ID_BYTES));
    fh_pack_nil(out);
    fh_pack_uint(out, (uint64_t)product->sunset_ms);
    fh_pack_cstr(out, product->successor);
    fh_pack_uint(out, product->quality);
    fh_pack_uint(out, product->gate);
    fh_pack_uint(out, product->measured_ms);
    fh_pack_uint(out, product->stale_after_ms);
}

static void read_product(struct fh_pack_reader *reader, struct fh_msg_product *product)
{
    uint32_t count = fh_msg_entry_begin(reader, PRODUCT_FIELDS);
    fh_pack_read_fixed(reader, product->domain.b, FH_ID_BYTES);
    fh_pack_read_cstr(reader, product->domain_name, sizeof product->domain_name);
    fh_pack_read_cstr(reader, product->product, sizeof product->product);
    fh_pack_read_cstr(reader, product->version, sizeof product->version);
    product->status = (unsigned)fh_pack_read_uint(reader, 255);
    fh_pack_read_cstr(reader, product->title, sizeof product->title);
    fh_pack_read_cstr(reader, product->summary, sizeof product->summary);
    product->age_ms = fh_pack_read_uint(reader, UINT64_MAX);
    unsigned flags = (unsigned)fh_pack_read_uint(reader, 255);
    product->reachable = (flags & 1) != 0;
    product->contract_held = (flags & 2) != 0;
    product->open_to_mesh = (flags & 4) != 0;
    product->forked = (flags & 8) != 0;
    product->refused = (flags & 16) != 0;
    product->frozen = (flags & 32) != 0;
    product->contested = (flags & 64) != 0;
    fh_pack_read_fixed(reader, product->contract.b, FH_ID_BYTES);
    fh_pack_skip(reader); /* room for more */
    product->sunset_ms = (int64_t)fh_pack_read_uint(reader, INT64_MAX);
    fh_pack_read_cstr(reader, product->successor, sizeof product->successor);
    product->quality = (unsigned)fh_pack_read_uint(reader, 255);
    product->gate = (unsigned)fh_pack_read_uint(reader, 255);
    product->measured_ms = fh_pack_read_uint(reader, INT64_MAX);
    product->stale_after_ms = fh_pack_read_uint(reader, INT64_MAX);
    fh_msg_entry_end(reader, count, PRODUCT_FIELDS);
}

void fh_msg_products_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 4);
    fh_pack_array(out, count);
}

void fh_msg_products_answer_add(struct fh_buf *out, const struct fh_msg_product *product)
{
    fh_msg_product_add(out, product);
}

int fh_msg_products_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "products", out_count, err);
}

int fh_msg_products_next(struct fh_pack_reader *reader,
                         struct fh_msg_product *out,
                         struct fh_err *err)
{
    struct fh_msg_product product;
    read_product(reader, &product);
    int rc = fh_msg_done(reader, "product", err);
    if (rc == FH_OK) {
        *out = product;
    }
    return rc;
}

void fh_msg_product_request(struct fh_buf *out,
                            enum fh_msg_code code,
                            const struct fh_msg_product_name *name)
{
    fh_msg_begin(out, code, 3);
    fh_pack_cstr(out, name->domain);
    fh_pack_cstr(out, name->product);
    fh_pack_uint(out, name->major);
}

void fh_msg_describe_request(struct fh_buf *out, const struct fh_msg_product_name *name)
{
    fh_msg_product_request(out, FH_MSG_DESCRIBE, name);
}

int fh_msg_product_name_read(struct fh_pack_reader *reader,
                             struct fh_msg_product_name *out,
                             struct fh_err *err)
{
    struct fh_msg_product_name name;
    fh_pack_read_cstr(reader, name.domain, sizeof name.domain);
    fh_pack_read_cstr(reader, name.product, sizeof name.product);
    name.major = fh_pack_read_uint(reader, UINT32_MAX);
    int rc = fh_msg_done(reader, "product name", err);
    if (rc == FH_OK) {
        *out = name;
    }
    return rc;
}

void fh_msg_describe_answer_begin(struct fh_buf *out,
                                  const struct fh_msg_product *product,
                                  struct fh_bytes announcement,
                                  struct fh_bytes contract)
{
    fh_msg_ok(out, 5);
    fh_msg_product_add(out, product);
    fh_pack_bin(out, announcement);
    fh_pack_bin(out, contract);
}

int fh_msg_describe_read(struct fh_pack_reader *reader,
                         struct fh_msg_describe *out,
                         struct fh_err *err)
{
    struct fh_msg_describe describe;
    read_product(reader, &describe.product);
    describe.announcement = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    describe.contract = fh_pack_read_bin(reader, FH_RECORD_BYTES_MAX);
    int rc = fh_msg_done(reader, "description", err);
    if (rc == FH_OK) {
        rc = fh_msg_bins_read(reader, &describe.identity, err);
    }
    if (rc == FH_OK) {
        describe.measurement = fh_pack_read_bin(reader, FH_RECORD_GOSSIP_BYTES_MAX);
        rc = fh_msg_done(reader, "description", err);
    }
    if (rc == FH_OK) {
        *out = describe;
    }
    return rc;
}

/* ---- lists of records ---- */

void fh_msg_identity_request(struct fh_buf *out, const struct fh_domain_id *domain)
{
    fh_msg_begin(out, FH_MSG_IDENTITY, 1);
    fh_pack_bin(out, domain == NULL ? FH_BYTES_NONE : fh_bytes(domain->b, FH_ID_BYTES));
}

void fh_msg_redeem_request(struct fh_buf *out,
                           struct fh_bytes invitation,
                           const char *name,
                           const struct fh_signature *redemption)
{
    fh_msg_begin(out, FH_MSG_REDEEM, 4);
    fh_pack_bin(out, invitation);
    fh_pack_cstr(out, name);
    fh_pack_bin(out, fh_bytes(redemption->b, FH_SIGNATURE_BYTES));
}

int fh_msg_redeem_read(struct fh_pack_reader *reader, struct fh_msg_redeem *out, struct fh_err *err)
{
    struct fh_msg_redeem redeem;
    redeem.invitation = fh_pack_read_bin(reader, 2048);
    fh_pack_read_cstr(reader, redeem.name, sizeof redeem.name);
    fh_pack_read_fixed(reader, redeem.redemption.b, FH_SIGNATURE_BYTES);
    int rc = fh_msg_done(reader, "redemption", err);
    if (rc == FH_OK) {
        rc = fh_msg_bins_read(reader, &redeem.records, err);
    }
    if (rc == FH_OK) {
        *out = redeem;
    }
    return rc;
}

void fh_msg_sync_request(struct fh_buf *out, enum fh_sync_set set, struct fh_bytes cursor)
{
    fh_msg_begin(out, FH_MSG_SYNC, 2);
    fh_pack_uint(out, set);
    fh_pack_bin(out, cursor);
}

/* A set and bytes that belong to it. */
static int read_of_set(struct fh_pack_reader *reader,
                       size_t bytes_max,
                       const char *what,
                       enum fh_sync_set *out_set,
                       struct fh_bytes *out_bytes,
                       struct fh_err *err)
{
    unsigned set = (unsigned)fh_pack_read_uint(reader, FH_SYNC_AGREED);
    if (set < FH_SYNC_IDENTITY) {
        fh_pack_fail(reader, "expected a set from 1 to 6");
    }
    struct fh_bytes bytes = fh_pack_read_bin(reader, bytes_max);
    int rc = fh_msg_done(reader, what, err);
    if (rc == FH_OK) {
        *out_set = (enum fh_sync_set)set;
        *out_bytes = bytes;
    }
    return rc;
}

int fh_msg_sync_request_read(struct fh_pack_reader *reader,
                             enum fh_sync_set *out_set,
                             struct fh_bytes *out_cursor,
                             struct fh_err *err)
{
    return read_of_set(reader, FH_SYNC_CURSOR_BYTES_MAX, "sync", out_set, out_cursor, err);
}

void fh_msg_reconcile_request(struct fh_buf *out, enum fh_sync_set set, struct fh_bytes message)
{
    fh_msg_begin(out, FH_MSG_RECONCILE, 2);
    fh_pack_uint(out, set);
    fh_pack_bin(out, message);
}

int fh_msg_reconcile_request_read(struct fh_pack_reader *reader,
                                  enum fh_sync_set *out_set,
                                  struct fh_bytes *out_message,
                                  struct fh_err *err)
{
    return read_of_set(reader, FH_RECONCILE_BYTES_MAX, "reconcile", out_set, out_message, err);
}

void fh_msg_pull_request_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_begin(out, FH_MSG_PULL, 1);
    fh_pack_array(out, count);
}

void fh_msg_push_request_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_begin(out, FH_MSG_PUSH, 1);
    fh_pack_array(out, count);
}

void fh_msg_probe_request(struct fh_buf *out, uint64_t nonce)
{
    fh_msg_begin(out, FH_MSG_PROBE, 1);
    fh_pack_uint(out, nonce);
}

/* ---- RELAY ---- */

void fh_msg_relay_request(struct fh_buf *out, const struct fh_node_id *node, struct fh_bytes frame)
{
    fh_msg_begin(out, FH_MSG_RELAY, 2);
    fh_pack_bin(out, fh_bytes(node->b, FH_ID_BYTES));
    fh_pack_bin(out, frame);
}

int fh_msg_relay_read(struct fh_pack_reader *reader,
                      struct fh_node_id *out_node,
                      struct fh_bytes *out_frame,
                      struct fh_err *err)
{
    struct fh_node_id node;
    fh_pack_read_fixed(reader, node.b, FH_ID_BYTES);
    struct fh_bytes frame = fh_pack_read_bin(reader, FH_FRAME_REQUEST_BYTES_MAX);
    int rc = fh_msg_done(reader, "relay", err);
    if (rc == FH_OK) {
        *out_node = node;
        *out_frame = frame;
    }
    return rc;
}

void fh_msg_hung_up_request(struct fh_buf *out, uint64_t session)
{
    fh_msg_begin(out, FH_MSG_HUNG_UP, 1);
    fh_pack_uint(out, session);
}

int fh_msg_hung_up_read(struct fh_pack_reader *reader, uint64_t *out_session, struct fh_err *err)
{
    return fh_msg_number_read(reader, "hung up", UINT64_MAX, out_session, err);
}

void fh_msg_own_request(struct fh_buf *out, struct fh_bytes message)
{
    fh_msg_begin(out, FH_MSG_OWN, 1);
    fh_pack_bin(out, message);
}

int fh_msg_own_read(struct fh_pack_reader *reader, struct fh_bytes *out_message, struct fh_err *err)
{
    struct fh_bytes message = fh_pack_read_bin(reader, FH_FRAME_REQUEST_BYTES_MAX);
    int rc = fh_msg_done(reader, "own", err);
    if (rc == FH_OK) {
        *out_message = message;
    }
    return rc;
}
