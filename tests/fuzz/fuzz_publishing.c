/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of publishing from elsewhere, as a node and a publisher get them: PUBLISH, OUTCOME
 * and its answer, tickets. An order that is taken must be written back to the same bytes, unless a
 * newer version appended to it.
 */
#include "common/assert.h"
#include "proto/session/messages.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(struct fh_pack_reader reader, struct fh_bytes message)
{
    struct fh_msg_order order;
    struct fh_err err;
    if (fh_msg_order_read(&reader, &order, &err) != FH_OK) {
        FH_ASSERT(err.code == FH_EPROTO);
        return;
    }
    FH_ASSERT((order.seq == 1) == fh_record_id_is_zero(&order.prev));
    FH_ASSERT(order.yaml.size <= FH_CONTRACT_BYTES_MAX);
    struct fh_buf back;
    fh_buf_init(&back, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_order_request(&back, &order);
    FH_ASSERT(fh_buf_ok(&back) == FH_OK);
    FH_ASSERT(back.size <= message.size);
    FH_ASSERT(back.size != message.size ||
              memcmp(back.data + 1, message.data + 1, back.size - 1) == 0);
    fh_buf_fini(&back);
}

static void check_answer(struct fh_bytes message)
{
    struct fh_pack_reader reader;
    struct fh_msg_finding finding;
    struct fh_err err;
    uint64_t ticket = 0;
    uint32_t count = 0;
    bool done = false;
    if (fh_msg_answer(&reader, message, FH_FRAME_REPLY_BYTES_MAX, &err) != FH_OK) {
        return;
    }
    struct fh_pack_reader again = reader;
    if (fh_msg_ticket_read(&again, &ticket, &err) == FH_OK) {
        FH_ASSERT(again.failed == FH_OK);
    }
    if (fh_msg_outcome_read(&reader, &done, &err) == FH_OK &&
        fh_msg_findings_read(&reader, &count, &err) == FH_OK) {
        for (uint32_t i = 0; i < count && fh_msg_findings_next(&reader, &finding, &err) == FH_OK;
             i++) {
            FH_ASSERT(strlen(finding.text) < sizeof finding.text);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_bytes message = fh_bytes(data, size);
    struct fh_pack_reader reader;
    struct fh_err err;
    unsigned code = 0;
    if (fh_msg_open(&reader, message, FH_FRAME_REQUEST_BYTES_MAX, &code, &err) == FH_OK) {
        if (code == FH_MSG_PUBLISH) {
            check_order(reader, message);
        } else if (code == FH_MSG_OUTCOME) {
            uint64_t ticket = 0;
            if (fh_msg_ticket_read(&reader, &ticket, &err) != FH_OK) {
                FH_ASSERT(err.code == FH_EPROTO);
            }
        }
    }
    check_answer(message);
    return 0;
}
