/* SPDX-License-Identifier: Apache-2.0 */
/* Messages inside a session: each part spoiled in each way, numbers that are none, and relays. */
#include "tests/hostile/consumer.h"

#include "proto/query/batch.h"
#include "proto/session/messages_policy.h"
#include "proto/session/messages_search.h"
#include "proto/session/messages_why.h"

#include <string.h>

#define FORM  REFUSED(FH_EPROTO, "message.form")
#define SHAPE REFUSED(FH_EINVAL, "pack.shape")

struct message {
    const char *name;
    void (*put)(struct fh_buf *out, const struct consumer *c);
    /* What a part of another kind comes to behind the message's number; NULL: it is not looked at.
     */
    const char *shape;
};

/* ---- good messages ---- */

static void put_status(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_status_request(out);
}

static void put_peers(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_peers_request(out, 0);
}

static void put_search(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    const struct fh_msg_search search = {
        .words = "words tag=geo", .limit = 5, .offset = 3, .facets = true};
    fh_msg_search_request(out, &search);
}

static const struct fh_msg_product_name product = {
    .domain = "shop", .product = "orders", .major = 1};

static void put_describe(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_describe_request(out, &product);
}

static void put_measurement(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_measurement_request(out, &product);
}

static void put_quality(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_quality_request(
        out, &(struct fh_msg_quality_request){.name = {.domain = "shop", .product = "orders"}});
}

static void put_history(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_history_request(out,
                           &(struct fh_msg_history_request){.domain = "shop", .product = "orders"});
}

static void put_identity(struct fh_buf *out, const struct consumer *c)
{
    fh_msg_identity_request(out, &c->plan.tables[0].domain);
}

static void put_redeem(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    struct fh_signature signature = {{0}};
    fh_msg_redeem_request(out, fh_bytes("none", 4), "name", &signature);
    fh_pack_array(out, 1);
    fh_pack_bin(out, fh_bytes("none", 4));
}

static void put_sync(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_sync_request(out, FH_SYNC_IDENTITY, FH_BYTES_NONE);
}

static void put_push(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_push_request_begin(out, 1);
    fh_pack_bin(out, fh_bytes("none", 4));
}

static void put_pull(struct fh_buf *out, const struct consumer *c)
{
    fh_msg_pull_request_begin(out, 1);
    fh_pack_bin(out, fh_bytes(c->plan.tables[0].contract.b, FH_ID_BYTES));
}

static void put_probe(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_probe_request(out, 7);
}

static void put_relay(struct fh_buf *out, const struct consumer *c)
{
    fh_msg_relay_request(out, &c->visitor.node, fh_bytes("\1\2", 2));
}

static void put_hung_up(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_hung_up_request(out, 7);
}

static void put_why(struct fh_buf *out, const struct consumer *c)
{
    fh_msg_why_request(out, &c->visitor.node);
}

static void put_counters(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_counters_request(out);
}

static void put_proofs(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_proofs_request(out, 3);
}

static void put_own(struct fh_buf *out, const struct consumer *c)
{
    struct fh_buf inner FH_CLEANUP(fh_buf_fini);
    (void)c;
    fh_buf_init(&inner, 64);
    fh_msg_policies_request(&inner);
    fh_msg_own_request(out, fh_buf_view(&inner));
}

static void put_plan(struct fh_buf *out, const struct consumer *c)
{
    struct fh_msg_plan_question question = {.sql = fh_bytes_cstr(c->sql)};
    fh_msg_plan_request(out, &question);
}

static void put_query(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_query_request(out, fh_bytes("none", 4), FH_ENCODINGS_ALL);
}

static void put_scan(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_scan_request_begin(out, fh_bytes("none", 4), 0, 1);
    fh_pack_cstr(out, "id");
    fh_pack_uint(out, FH_ENCODINGS_ALL);
}

static void put_next(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_next_request(out, 77, 0);
}

static void put_cancel(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_cancel_request(out, 77);
}

static void put_chain(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_remote_chain_request(out, "orders");
}

static void put_base(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_remote_base_request(out, "orders", "1.0.0");
}

static void put_outcome(struct fh_buf *out, const struct consumer *c)
{
    (void)c;
    fh_msg_outcome_request(out, 7);
}

/* Whoever may not ask is refused before the fields are looked at. */
#define NOT_A_NODE    REFUSED(FH_EDENIED, "mesh.role")
#define NOT_THE_OWNER REFUSED(FH_EDENIED, "publish.domain")

static const struct message messages[] = {
    {"STATUS", put_status, NULL},
    {"PEERS", put_peers, FORM},
    {"SEARCH", put_search, FORM},
    {"DESCRIBE", put_describe, FORM},
    {"MEASUREMENT", put_measurement, FORM},
    {"QUALITY", put_quality, FORM},
    {"HISTORY", put_history, FORM},
    {"IDENTITY", put_identity, SHAPE},
    {"REDEEM", put_redeem, FORM},
    {"SYNC", put_sync, NOT_A_NODE},
    {"PUSH", put_push, FORM},
    {"PULL", put_pull, FORM},
    {"PROBE", put_probe, SHAPE},
    {"RELAY", put_relay, FORM},
    {"HUNG_UP", put_hung_up, REFUSED(FH_EDENIED, "relay.role")},
    {"OWN", put_own, REFUSED(FH_EDENIED, "own.domain")},
    {"WHY", put_why, FORM},
    {"COUNTERS", put_counters, NULL},
    {"PROOFS", put_proofs, FORM},
    {"PLAN", put_plan, FORM},
    {"QUERY", put_query, SHAPE},
    {"SCAN", put_scan, REFUSED(FH_EDENIED, "scan.role")},
    {"NEXT", put_next, FORM},
    {"CANCEL", put_cancel, SHAPE},
    {"CHAIN", put_chain, NOT_THE_OWNER},
    {"BASE", put_base, NOT_THE_OWNER},
    {"OUTCOME", put_outcome, NOT_THE_OWNER},
};

/* ---- spoiled ---- */

static void spoiled(struct consumer *c, const struct message *message)
{
    struct fh_buf good FH_CLEANUP(fh_buf_fini);
    struct fh_buf bad FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&good, FH_FRAME_REQUEST_BYTES_MAX);
    fh_buf_init(&bad, FH_FRAME_REQUEST_BYTES_MAX);
    visitor_ready(&c->visitor); /* so that the node's id is known */
    message->put(&good, c);
    unsigned places = test_spoil_places(fh_buf_view(&good));
    for (unsigned i = 0; i < places * TEST_SPOIL_COUNT; i++) {
        unsigned place = i / TEST_SPOIL_COUNT;
        enum test_spoil_way way = i % TEST_SPOIL_COUNT;
        fh_buf_reset(&bad);
        if (!test_spoil(&bad, fh_buf_view(&good), place, way)) {
            continue;
        }
        bool head = place < 2 || test_spoil_rule(way)[0] != 0;
        consumer_meet(c,
                      visitor_ask(&c->visitor, fh_buf_view(&bad)),
                      head ? FORM : message->shape,
                      "%s: %s at place %u",
                      message->name,
                      test_spoil_text(way),
                      place);
    }
}

static bool is_known(unsigned code)
{
    return code < FH_MSG_ADMIN_CHAIN && strcmp(fh_msg_text(code), "unknown") != 0;
}

/* Every number that is no message of a session, those of the admin socket among them. */
static void unknown_numbers(struct consumer *c)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, 1024);
    for (unsigned code = 0; code <= 300; code++) {
        if (is_known(code)) {
            continue;
        }
        fh_buf_reset(&request);
        fh_pack_array(&request, 3);
        fh_pack_uint(&request, code);
        fh_pack_cstr(&request, "orders");
        fh_pack_uint(&request, 1);
        consumer_meet(c,
                      visitor_ask(&c->visitor, fh_buf_view(&request)),
                      code > 255 ? FORM : REFUSED(FH_EPROTO, "message.unknown"),
                      "message %u",
                      code);
    }
}

void consumer_messages(struct consumer *c)
{
    suite_group(&c->suite, "messages");
    for (size_t i = 0; i < FH_COUNT(messages); i++) {
        spoiled(c, &messages[i]);
    }
    unknown_numbers(c);
}

/* ---- relays ---- */

/* What the frame inside the answer to a RELAY says. */
static struct verdict inner_verdict(const struct visitor *v, struct verdict outer)
{
    struct fh_pack_reader reader;
    struct fh_frame frame;
    struct fh_err err;
    if (outer.kind != VERDICT_ANSWERED) {
        return outer;
    }
    struct verdict verdict = {.kind = VERDICT_BROKEN};
    if (fh_msg_answer(&reader, v->answer, FH_FRAME_REPLY_BYTES_MAX, &err) != FH_OK) {
        return verdict;
    }
    struct fh_bytes bytes = fh_pack_read_bin(&reader, FH_FRAME_REPLY_BYTES_MAX);
    if (fh_frame_parse(&frame, bytes, &err) == FH_OK && frame.type == FH_FRAME_REJECT) {
        verdict = (struct verdict){.kind = VERDICT_REJECTED, .code = frame.code};
    }
    return verdict;
}

static struct verdict
relayed(struct consumer *c, const struct fh_node_id *node, struct fh_bytes frame)
{
    struct fh_buf request FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&request, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_relay_request(&request, node, frame);
    return inner_verdict(&c->visitor, visitor_ask(&c->visitor, fh_buf_view(&request)));
}

void consumer_relays(struct consumer *c)
{
    static const size_t sizes[] = {0, 1, 2, 9, 10, 17, 18, 33, 34, 100, 5000};
    static uint8_t bytes[5000];
    struct visitor *v = &c->visitor;
    suite_group(&c->suite, "frames through a relay");
    visitor_ready(v);
    for (unsigned type = 0; type <= FH_FRAME_REJECT + 1; type++) {
        for (size_t i = 0; i < FH_COUNT(sizes); i++) {
            memset(bytes, 0x5a, sizeof bytes);
            bytes[0] = FH_WIRE_VERSION;
            bytes[1] = (uint8_t)type;
            size_t size = sizes[i];
            bool transport = type == FH_FRAME_REQUEST || type == FH_FRAME_REPLY;
            bool whole = type > FH_FRAME_HS1 && type < FH_FRAME_REJECT && size > 10 &&
                         (!transport || size >= FH_FRAME_OVERHEAD_BYTES);
            bool too_long = type == FH_FRAME_REJECT && size > FH_FRAME_REJECT_BYTES;
            consumer_meet(c,
                          relayed(c, &v->node, fh_bytes(bytes, size)),
                          whole      ? REJECTED(FH_ENOTFOUND)
                          : too_long ? REJECTED(FH_ETOOBIG)
                                     : REJECTED(FH_EPROTO),
                          "type %u of %zu bytes",
                          type,
                          size);
        }
    }
    /* The frame of this very session, through the relay: a session stays on its way. */
    struct fh_buf status FH_CLEANUP(fh_buf_fini);
    struct fh_buf own FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&status, 64);
    fh_buf_init(&own, FH_FRAME_REQUEST_BYTES_MAX);
    fh_msg_status_request(&status);
    visitor_seal(v, fh_buf_view(&status));
    fh_buf_add_bytes(&own, fh_buf_view(&v->frame));
    consumer_meet(c,
                  relayed(c, &v->node, fh_buf_view(&own)),
                  REJECTED(FH_ENOTFOUND),
                  "a request of the outer session inside");
    struct fh_node_id nobody = v->node;
    nobody.b[9] ^= 1;
    consumer_meet(c,
                  relayed(c, &nobody, fh_buf_view(&own)),
                  REFUSED(FH_EUNREACH, "product.unreachable"),
                  "to a node that there is not");
}
