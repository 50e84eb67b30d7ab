/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes ask and tell of audit logs and of the policies that they enforce, as it comes out of a
 * session. The first byte chooses the reader. */
#include "common/assert.h"
#include "proto/session/messages_audit.h"
#include "proto/session/messages_policy.h"
#include "tests/fuzz/ends.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void policy_state(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_policy_state state;
    if (fh_msg_policy_state_read(reader, &state, err) == FH_OK) {
        ends(state.text, sizeof state.text);
    }
}

static void policy_status(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_policy_status_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_policy_node node;
        code = fh_msg_policy_status_next(reader, &node, err);
        if (code == FH_OK) {
            ends(node.state.text, sizeof node.state.text);
        }
    }
}

static void bins(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_bins kept;
    struct fh_bytes record;
    if (fh_msg_bins_read(reader, &kept, err) == FH_OK) {
        while (fh_msg_bins_next(&kept, &record)) {
            FH_ASSERT(record.size <= reader->bytes.size);
        }
    }
}

static void witnessed(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_witnessed_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_domain_id domain;
        struct fh_bytes record;
        code = fh_msg_witnessed_next(reader, &domain, &record, err);
        FH_ASSERT(code != FH_OK || record.size <= FH_AUDIT_CHECKPOINT_BYTES_MAX);
    }
    if (code == FH_OK) {
        bins(reader, err);
    }
}

/* WITNESS: what is taken is written alike. */
static void request(struct fh_bytes bytes, struct fh_err *err)
{
    struct fh_pack_reader reader;
    struct fh_node_id node;
    struct fh_bytes record;
    unsigned code = 0;
    if (fh_msg_open(&reader, bytes, FH_FRAME_REQUEST_BYTES_MAX, &code, err) != FH_OK ||
        code != FH_MSG_WITNESS) {
        return;
    }
    if (fh_msg_witness_read(&reader, &node, &record, err) != FH_OK) {
        FH_ASSERT(err->text[0] != '\0');
        return;
    }
    struct fh_buf again FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&again, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_witness_request(&again, &node, record);
    FH_ASSERT(fh_buf_ok(&again) == FH_OK);
    FH_ASSERT(again.size <= bytes.size); /* less when a newer version appended fields */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const answers[])(struct fh_pack_reader *, struct fh_err *) = {
        policy_state, policy_status, bins, witnessed};
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    if (size == 0) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    unsigned choice = data[0] % (FH_COUNT(answers) + 1);
    if (choice == FH_COUNT(answers)) {
        request(rest, &err);
    } else if (fh_msg_answer(&reader, rest, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
        answers[choice](&reader, &err);
    }
    return 0;
}
