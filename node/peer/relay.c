/* SPDX-License-Identifier: Apache-2.0 */
#include "node/peer/relay.h"

#include "common/assert.h"
#include "common/mem.h"
#include "node/io/pool.h"

enum {
    CARRY_MS = FH_STREAM_STALL_MS, /* an owner may work that long on one answer */
};

struct fh_relay {
    struct fh_relay_options options;
    unsigned carried;
};

struct carry {
    struct fh_relay *relay;
    struct fh_question *question;
    struct fh_sealed *sealed;
};

/* Pool thread: our session's answer is opened, the inner frame inside sealed for the asker. */
static void hand_back(void *user)
{
    struct carry *carry = user;
    struct fh_pack_reader fields;
    struct fh_err err;
    int rc = fh_sealed_open(carry->sealed, &fields, NULL, &err);
    if (rc == FH_OK) {
        struct fh_bytes frame = fh_pack_read_bin(&fields, FH_FRAME_REPLY_BYTES_MAX);
        rc = fh_pack_read_ok(&fields, "relayed answer", &err);
        if (rc == FH_OK) {
            FH_CLEANUP(fh_buf_fini) struct fh_buf head;
            fh_buf_init(&head, 16);
            fh_msg_ok(&head, 1);
            fh_pack_bin_head(&head, (uint32_t)frame.size);
            uint8_t tag[FH_AEAD_TAG_BYTES];
            bool sent =
                fh_question_answer_tagged(FH_TAKE(carry->question), fh_buf_view(&head), frame, tag);
            (void)sent; /* the asker is gone: nobody to tell */
        }
    }
    if (rc != FH_OK) {
        fh_question_refuse(FH_TAKE(carry->question), &err);
    }
}

static void handed_back(void *user)
{
    struct carry *carry = user;
    carry->relay->carried--;
    fh_sealed_free(carry->sealed);
    fh_free(carry);
}

static void carried(struct fh_sealed *sealed, const struct fh_err *failure, void *user)
{
    struct carry *carry = user;
    struct fh_err err;
    if (failure == NULL) {
        carry->sealed = sealed;
        if (fh_pool_submit(carry->relay->options.loop, hand_back, handed_back, carry, &err) ==
            FH_OK) {
            return;
        }
        failure = &err;
    }
    fh_question_refuse(FH_TAKE(carry->question), failure);
    handed_back(carry);
}

static int begin(struct fh_relay *relay,
                 struct fh_question *question,
                 const struct fh_node_id *node,
                 struct fh_bytes frame,
                 struct fh_err *err)
{
    struct fh_peer_target target = {.node = *node};
    if (fh_question_via(question) != NULL) {
        return fh_err_rule(err, FH_EDENIED, "relay.nested", "a relay does not carry another relay");
    }
    if (relay->carried >= FH_RELAYED_MAX) {
        return fh_err_rule(
            err, FH_EBUSY, "limit.relay", "this node relays %d frames already", FH_RELAYED_MAX);
    }
    if (!relay->options.address(relay->options.user, node, &target.address)) {
        return fh_err_rule(err,
                           FH_EUNREACH,
                           "product.unreachable",
                           "the owner's node does not answer at present; its products can be read "
                           "when it is back");
    }
    struct carry *carry = fh_calloc(1, sizeof *carry);
    if (carry == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to relay");
    }
    *carry = (struct carry){.relay = relay, .question = question};
    FH_CLEANUP(fh_buf_fini) struct fh_buf request;
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_relay_request(&request, node, frame);
    relay->carried++;
    fh_peers_ask_bulk(relay->options.peers, &target, &request, CARRY_MS, carried, carry);
    return FH_OK;
}

void fh_relay_question(struct fh_relay *relay, struct fh_question *question)
{
    struct fh_node_id node;
    struct fh_bytes frame;
    struct fh_err err;
    int rc = fh_msg_relay_read(fh_question_fields(question), &node, &frame, &err);
    if (rc == FH_OK && fh_node_id_equal(&node, &relay->options.self)) {
        fh_questions_relayed(relay->options.questions, question, frame);
        return;
    }
    if (rc == FH_OK) {
        rc = begin(relay, question, &node, frame, &err);
    }
    if (rc != FH_OK) {
        fh_question_refuse(question, &err);
    }
}

int fh_relay_new(struct fh_relay **out, const struct fh_relay_options *options, struct fh_err *err)
{
    struct fh_relay *relay = fh_calloc(1, sizeof *relay);
    if (relay == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory to relay");
    }
    relay->options = *options;
    *out = relay;
    return FH_OK;
}

bool fh_relay_drained(const struct fh_relay *relay)
{
    return relay->carried == 0;
}

void fh_relay_free(struct fh_relay *relay)
{
    if (relay != NULL) {
        FH_ASSERT(relay->carried == 0);
        fh_free(relay);
    }
}
