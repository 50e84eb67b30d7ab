/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session/messages_audit.h"

#include "proto/session/messages_inner.h"

enum { PAIR_FIELDS = 2 };

void fh_msg_witness_request(struct fh_buf *out,
                            const struct fh_node_id *node,
                            struct fh_bytes record)
{
    fh_msg_begin(out, FH_MSG_WITNESS, 2);
    fh_pack_bin(out, fh_bytes(node->b, FH_ID_BYTES));
    fh_pack_bin(out, record);
}

int fh_msg_witness_read(struct fh_pack_reader *reader,
                        struct fh_node_id *out_node,
                        struct fh_bytes *out_record,
                        struct fh_err *err)
{
    struct fh_node_id node = {{0}};
    fh_pack_read_fixed(reader, node.b, FH_ID_BYTES);
    struct fh_bytes record = fh_pack_read_bin(reader, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    int rc = fh_msg_done(reader, "witness", err);
    if (rc == FH_OK) {
        *out_node = node;
        *out_record = record;
    }
    return rc;
}

void fh_msg_witness_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 1);
    fh_pack_array(out, count);
}

void fh_msg_witnessed_request(struct fh_buf *out)
{
    fh_msg_begin(out, FH_MSG_ADMIN_WITNESSED, 0);
}

void fh_msg_witnessed_answer_begin(struct fh_buf *out, uint32_t count)
{
    fh_msg_ok(out, 2);
    fh_pack_array(out, count);
}

void fh_msg_witnessed_add(struct fh_buf *out,
                          const struct fh_domain_id *domain,
                          struct fh_bytes record)
{
    fh_pack_array(out, PAIR_FIELDS);
    fh_pack_bin(out, fh_bytes(domain->b, FH_ID_BYTES));
    fh_pack_bin(out, record);
}

int fh_msg_witnessed_read(struct fh_pack_reader *reader, uint32_t *out_count, struct fh_err *err)
{
    return fh_msg_list_read(reader, "witnessed", out_count, err);
}

int fh_msg_witnessed_next(struct fh_pack_reader *reader,
                          struct fh_domain_id *out_domain,
                          struct fh_bytes *out_record,
                          struct fh_err *err)
{
    struct fh_domain_id domain = {{0}};
    uint32_t count = fh_msg_entry_begin(reader, PAIR_FIELDS);
    fh_pack_read_fixed(reader, domain.b, FH_ID_BYTES);
    struct fh_bytes record = fh_pack_read_bin(reader, FH_AUDIT_CHECKPOINT_BYTES_MAX);
    fh_msg_entry_end(reader, count, PAIR_FIELDS);
    int rc = fh_msg_done(reader, "witnessed", err);
    if (rc == FH_OK) {
        *out_domain = domain;
        *out_record = record;
    }
    return rc;
}
