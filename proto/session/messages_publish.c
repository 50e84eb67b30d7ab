/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing from elsewhere, and identity records by the admin socket. */
#include "proto/identity/keylog.h"
#include "proto/session/messages_inner.h"

enum { ORDER_FIELDS = 8 };

void fh_msg_remote_chain_request(struct fh_buf *out, const char *product)
{
    fh_msg_begin(out, FH_MSG_CHAIN, 1);
    fh_pack_cstr(out, product);
}

void fh_msg_remote_base_request(struct fh_buf *out, const char *product, const char *version)
{
    fh_msg_begin(out, FH_MSG_BASE, 2);
    fh_pack_cstr(out, product);
    fh_pack_cstr(out, version);
}

void fh_msg_order_request(struct fh_buf *out, const struct fh_msg_order *order)
{
    bool first = fh_record_id_is_zero(&order->prev);
    fh_msg_begin(out, FH_MSG_PUBLISH, ORDER_FIELDS);
    fh_pack_str(out, order->yaml);
    fh_pack_cstr(out, order->root);
    fh_pack_bool(out, order->dry_run);
    fh_pack_uint(out, order->seq);
    fh_pack_bin(out, fh_bytes(order->prev.b, first ? 0 : FH_ID_BYTES));
    fh_pack_uint(out, (uint64_t)order->created_ms);
    fh_pack_uint(out, order->compat_rules);
    fh_pack_bin(out, fh_bytes(order->signature.b, FH_SIGNATURE_BYTES));
}

int fh_msg_order_read(struct fh_pack_reader *reader, struct fh_msg_order *out, struct fh_err *err)
{
    struct fh_msg_order order = {0};
    order.yaml = fh_pack_read_str(reader, FH_CONTRACT_BYTES_MAX);
    fh_pack_read_cstr(reader, order.root, sizeof order.root);
    order.dry_run = fh_pack_read_bool(reader);
    order.seq = fh_pack_read_uint(reader, UINT64_MAX);
    struct fh_bytes prev = fh_pack_read_bin(reader, FH_ID_BYTES);
    order.created_ms = (int64_t)fh_pack_read_uint(reader, FH_RECORD_TIME_MS_MAX);
    order.compat_rules = fh_pack_read_uint(reader, UINT64_MAX);
    fh_pack_read_fixed(reader, order.signature.b, FH_SIGNATURE_BYTES);
    if (prev.size == FH_ID_BYTES) {
        memcpy(order.prev.b, prev.data, FH_ID_BYTES);
    } else if (prev.size != 0) {
        fh_pack_fail(reader, "expected a record id or nothing");
    }
    if (order.seq == 0 || (order.seq == 1) != fh_record_id_is_zero(&order.prev)) {
        fh_pack_fail(reader, "expected a seq from 1, and the record before it from 2 on");
    }
    int rc = fh_msg_done(reader, "publish", err);
    if (rc == FH_OK) {
        *out = order;
    }
    return rc;
}

void fh_msg_ticket_answer(struct fh_buf *out, uint64_t ticket)
{
    fh_msg_ok(out, 1);
    fh_pack_uint(out, ticket);
}

void fh_msg_outcome_request(struct fh_buf *out, uint64_t ticket)
{
    fh_msg_begin(out, FH_MSG_OUTCOME, 1);
    fh_pack_uint(out, ticket);
}

int fh_msg_ticket_read(struct fh_pack_reader *reader, uint64_t *out_ticket, struct fh_err *err)
{
    return fh_msg_number_read(reader, "ticket", UINT64_MAX, out_ticket, err);
}

void fh_msg_outcome_answer_begin(struct fh_buf *out, bool done, uint32_t count)
{
    fh_msg_ok(out, 2);
    fh_pack_uint(out, done ? 1 : 0);
    fh_pack_array(out, count);
}

int fh_msg_outcome_read(struct fh_pack_reader *reader, bool *out_done, struct fh_err *err)
{
    uint64_t done = 0;
    int rc = fh_msg_number_read(reader, "outcome", 1, &done, err);
    if (rc == FH_OK) {
        *out_done = done == 1;
    }
    return rc;
}

void fh_msg_admin_identity_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_begin(out, FH_MSG_ADMIN_IDENTITY, 1);
    fh_pack_array(out, count);
}
