/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that explain a node, and of searches and members: whole, cut at every byte, with fields
 * beyond their limits. */
#include "proto/session/messages_names.h"
#include "proto/session/messages_search.h"
#include "proto/session/messages_why.h"

#include "tests/unit/session/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include <string.h>

static const struct fh_node_id some_node = {{7, 8, 9}};

/* ---- SEARCH ---- */

static void write_search(struct fh_buf *out)
{
    const struct fh_msg_search search = {
        .words = "tea tag=geo", .limit = 20, .offset = 40, .facets = true};
    fh_msg_search_request(out, &search);
}
static int read_search(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_search search;
    int rc = fh_msg_search_request_read(reader, &search, err);
    assert_true(rc != FH_OK || (strcmp(search.words, "tea tag=geo") == 0 && search.limit == 20 &&
                                search.offset == 40 && search.facets));
    return rc;
}

static void write_found(struct fh_buf *out)
{
    const struct fh_msg_product product = {.product = "orders",
                                           .domain_name = "shop",
                                           .forked = true,
                                           .refused = true,
                                           .frozen = true,
                                           .contested = true};
    const struct fh_msg_facet facet = {.facet = "tag", .value = "geo", .products = 3, .values = 9};
    fh_msg_products_answer_begin(out, 1);
    fh_msg_products_answer_add(out, &product);
    fh_msg_products_answer_end(out, "tea", 77, 2);
    fh_msg_facets_answer_add(out, &facet);
    fh_msg_facets_answer_add(out, &facet);
}
static int read_found(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    uint64_t total = 0;
    char read_as[FH_MSG_WORDS_BYTES];
    struct fh_msg_product product;
    struct fh_msg_facet facet;
    int rc = fh_msg_products_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_products_next(reader, &product, err);
    }
    if (rc == FH_OK) {
        assert_true(product.forked && product.refused && product.frozen && product.contested);
        assert_false(product.reachable || product.contract_held || product.open_to_mesh);
        rc = fh_msg_products_end(reader, read_as, &total, &count, err);
    }
    for (uint32_t i = 0; i < 2 && rc == FH_OK; i++) {
        assert_true(strcmp(read_as, "tea") == 0 && total == 77 && count == 2);
        rc = fh_msg_facets_next(reader, &facet, err);
        assert_true(rc != FH_OK ||
                    (strcmp(facet.facet, "tag") == 0 && strcmp(facet.value, "geo") == 0 &&
                     facet.products == 3 && facet.values == 9));
    }
    return rc;
}

/* ---- PEERS ---- */

static const struct fh_msg_peer some_peer = {
    .node = {{7, 8, 9}},
    .domain_name = "shop",
    .address = "h:7400",
    .state = 2,
    .generation = 5,
    .incarnation = 6,
    .heard_ms_ago = UINT64_MAX,
    .state_ms = 7,
    .rtt_ms = 8,
    .accusers = 9,
    .suspect_ms = 10,
    .health = 3,
    .protocol_max = 1,
    .capabilities = 4,
    .products = 11,
    .forked = true,
    .named_by = FH_NAME_STOPPED,
    .alias = "corner",
};

static void assert_some_peer(const struct fh_msg_peer *peer)
{
    assert_true(fh_node_id_equal(&peer->node, &some_node));
    assert_string_equal(peer->address, "h:7400");
    assert_true(peer->state == 2 && peer->generation == 5 && peer->incarnation == 6);
    assert_true(peer->state_ms == 7 && peer->rtt_ms == 8 && peer->accusers == 9);
    assert_true(peer->suspect_ms == 10 && peer->health == 3 && peer->protocol_max == 1);
    assert_true(peer->capabilities == 4 && peer->products == 11 && peer->forked);
    assert_true(peer->named_by == FH_NAME_STOPPED && strcmp(peer->alias, "corner") == 0);
}

static void write_peers_request(struct fh_buf *out)
{
    fh_msg_peers_request(out, 2000);
}
static int read_peers_request(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint64_t after = 0;
    int rc = fh_msg_peers_request_read(reader, &after, err);
    assert_true(rc != FH_OK || after == 2000);
    return rc;
}

static void write_peers(struct fh_buf *out)
{
    fh_msg_peers_answer_begin(out, 1);
    fh_msg_peers_answer_add(out, &some_peer);
    fh_msg_peers_answer_end(out, 4000);
}
static int read_peers(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    uint64_t next = 0;
    struct fh_msg_peer peer;
    int rc = fh_msg_peers_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_peers_next(reader, &peer, err);
    }
    if (rc == FH_OK) {
        assert_some_peer(&peer);
        rc = fh_msg_peers_end(reader, &next, err);
        assert_true(rc != FH_OK || next == 4000);
    }
    return rc;
}

/* ---- WHY ---- */

static void write_why_request(struct fh_buf *out)
{
    fh_msg_why_request(out, &some_node);
}
static int read_why_request(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_node_id node;
    int rc = fh_msg_why_request_read(reader, &node, err);
    assert_true(rc != FH_OK || fh_node_id_equal(&node, &some_node));
    return rc;
}

static void write_why(struct fh_buf *out)
{
    const struct fh_msg_why why = {.peer = some_peer,
                                   .next = "waits",
                                   .own_failed = true,
                                   .keys_held = true,
                                   .others = 2,
                                   .others_needed = 3,
                                   .alive = fh_bytes_cstr("a record")};
    const struct fh_msg_timer timer = {.name = "probe", .in_ms = 12, .what = "it is probed"};
    const struct fh_msg_accuser accuser = {
        .node = some_node, .own = true, .issued_ms = 13, .record = fh_bytes_cstr("suspect")};
    const struct fh_msg_why_session session = {.state = "open", .used_ms_ago = 14, .waiting = 15};
    fh_msg_why_answer_begin(out, &why);
    fh_pack_array(out, 1);
    fh_msg_timer_add(out, &timer);
    fh_pack_array(out, 1);
    fh_msg_accuser_add(out, &accuser);
    fh_pack_array(out, 1);
    fh_msg_why_session_add(out, &session);
}
static int read_why(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_why why;
    struct fh_msg_timer timer;
    struct fh_msg_accuser accuser;
    struct fh_msg_why_session session;
    uint32_t counts[3] = {0};
    int rc = fh_msg_why_read(reader, &why, err);
    if (rc == FH_OK) {
        assert_some_peer(&why.peer);
        assert_true(why.own_failed && why.keys_held && !why.forked && !why.trial && !why.probing);
        assert_true(fh_bytes_equal_cstr(why.alive, "a record") && why.leave.size == 0);
        rc = fh_msg_why_list(reader, &counts[0], err);
    }
    if (rc == FH_OK) {
        rc = fh_msg_timer_next(reader, &timer, err);
    }
    if (rc == FH_OK) {
        assert_true(timer.in_ms == 12);
        rc = fh_msg_why_list(reader, &counts[1], err);
    }
    if (rc == FH_OK) {
        rc = fh_msg_accuser_next(reader, &accuser, err);
    }
    if (rc == FH_OK) {
        assert_true(accuser.own && fh_bytes_equal_cstr(accuser.record, "suspect"));
        rc = fh_msg_why_list(reader, &counts[2], err);
    }
    if (rc == FH_OK) {
        rc = fh_msg_why_session_next(reader, &session, err);
        assert_true(rc != FH_OK || session.waiting == 15);
    }
    return rc;
}

/* ---- COUNTERS and PROOFS ---- */

static void write_counters(struct fh_buf *out)
{
    fh_msg_counters_answer_begin(out, 1);
    fh_msg_counter_add(out, "probes", 5, "probes begun");
}
static int read_counters(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    struct fh_msg_counter counter;
    int rc = fh_msg_counters_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_counters_next(reader, &counter, err);
        assert_true(rc != FH_OK || (counter.value == 5 && strcmp(counter.name, "probes") == 0));
    }
    return rc;
}

static void write_proofs_request(struct fh_buf *out)
{
    fh_msg_proofs_request(out, 17);
}
static int read_proofs_request(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint64_t after = 0;
    int rc = fh_msg_proofs_request_read(reader, &after, err);
    assert_true(rc != FH_OK || after == 17);
    return rc;
}

static void write_proofs(struct fh_buf *out)
{
    const struct fh_msg_proof proof = {.rule = "contract.forked",
                                       .domain_name = "shop",
                                       .subject = "orders, number 3",
                                       .one = {{1}},
                                       .other = {{2}},
                                       .received_ms = 18};
    fh_msg_proofs_answer_begin(out);
    fh_pack_array(out, 1);
    fh_msg_proof_add(out, &proof);
    fh_pack_uint(out, 19);
}
static int read_proofs(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    uint64_t after = 0;
    struct fh_msg_proof proof;
    int rc = fh_msg_proofs_read(reader, &count, err);
    if (rc == FH_OK) {
        rc = fh_msg_proofs_next(reader, &proof, err);
    }
    if (rc == FH_OK) {
        assert_true(proof.one.b[0] == 1 && proof.other.b[0] == 2 && proof.received_ms == 18);
        rc = fh_msg_proofs_end(reader, &after, err);
        assert_true(rc != FH_OK || after == 19);
    }
    return rc;
}

static void test_whole_and_cut(void **state)
{
    static const struct message rows[] = {
        {"SEARCH", write_search, FH_MSG_SEARCH, read_search},
        {"its answer", write_found, 0, read_found},
        {"PEERS", write_peers_request, FH_MSG_PEERS, read_peers_request},
        {"its answer", write_peers, 0, read_peers},
        {"WHY", write_why_request, FH_MSG_WHY, read_why_request},
        {"its answer", write_why, 0, read_why},
        {"the answer to COUNTERS", write_counters, 0, read_counters},
        {"PROOFS", write_proofs_request, FH_MSG_PROOFS, read_proofs_request},
        {"its answer", write_proofs, 0, read_proofs},
    };
    (void)state;
    assert_whole_and_cut(rows, FH_COUNT(rows));
}

/* What may be left out, and what is beyond a limit. */
static void test_short_forms_and_limits(void **state)
{
    static const struct {
        unsigned limit;
        uint64_t offset;
        bool is_short;
        int code;
    } rows[] = {
        {5, 0, true, FH_OK},
        {FH_SEARCH_RESULTS_MAX, FH_SEARCH_OFFSET_MAX, false, FH_OK},
        {FH_SEARCH_RESULTS_MAX + 1, 0, false, FH_EPROTO},
        {FH_SEARCH_RESULTS_MAX + 1, 0, true, FH_EPROTO},
        {5, (uint64_t)FH_SEARCH_OFFSET_MAX + 1, false, FH_EPROTO},
        {5, UINT64_MAX, false, FH_EPROTO},
    };
    (void)state;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        struct fh_pack_reader reader;
        struct fh_err err = {0};
        struct fh_msg_search search;
        unsigned code = 0;
        fh_buf_init(&out, 4096);
        fh_pack_array(&out, rows[i].is_short ? 3 : 5);
        fh_pack_uint(&out, FH_MSG_SEARCH);
        fh_pack_cstr(&out, "tea");
        fh_pack_uint(&out, rows[i].limit);
        if (!rows[i].is_short) {
            fh_pack_uint(&out, rows[i].offset);
            fh_pack_bool(&out, true);
        }
        assert_int_equal(fh_msg_open(&reader, fh_buf_view(&out), 4096, &code, &err), FH_OK);
        assert_int_equal(fh_msg_search_request_read(&reader, &search, &err), rows[i].code);
        if (rows[i].code == FH_OK) {
            assert_true(search.limit == rows[i].limit && search.offset == rows[i].offset);
            assert_true(search.facets == !rows[i].is_short);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_cut),
        cmocka_unit_test(test_short_forms_and_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
