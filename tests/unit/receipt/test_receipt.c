/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: built, read back, and held against a request and what arrived. */
#include "proto/query/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOUR_MS   ((int64_t)3600 * 1000)
#define ISSUED_MS (24 * HOUR_MS)

static const struct fh_record_id request_record = {.b = {0x11}};
static const struct fh_domain_id aviation = {.b = {1}};
static const struct fh_domain_id wildlife = {.b = {2}};
static const struct fh_domain_id geology = {.b = {3}};
static const struct fh_node_id entry = {.b = {0x40}};
static const struct fh_record_id part_ids[] = {{.b = {0x51}}, {.b = {0x52}}};

/* A case: one owner by default, with a tree; a join when `parts` are used. */
struct fixture {
    struct fh_query_request request;
    struct fh_receipt receipt;
    struct fh_observed observed;
    struct fh_receipt parts[2];
    size_t part_count;
    const struct fh_record_id *part_ids;
    bool missing;
    bool unseen;
};

static void fixture_make(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->request.id.b[0] = 0x22;
    f->request.issued_ms = ISSUED_MS;
    f->request.entry = entry;
    f->request.flags = FH_QUERY_TREE;
    f->request.table_count = 1;
    f->request.tables[0] = (struct fh_query_table){.domain = aviation,
                                                   .product = "flights",
                                                   .table = "flights",
                                                   .version = "1.0.0",
                                                   .contract = {.b = {0x31}}};
    f->observed = (struct fh_observed){.rows = 10,
                                       .bytes = 100,
                                       .batches = 2,
                                       .tags = {.b = {0x61}},
                                       .has_tree = true,
                                       .tree = {.b = {0x62}}};
    f->receipt = (struct fh_receipt){.request = request_record,
                                     .request_id = f->request.id,
                                     .owner = aviation,
                                     .node = {.b = {0x41}},
                                     .outcome = FH_OK,
                                     .sent = f->observed,
                                     .contract_count = 1,
                                     .contracts = {{.b = {0x31}}},
                                     .started_ms = ISSUED_MS + 5,
                                     .finished_ms = ISSUED_MS + 6};
    f->part_ids = part_ids;
}

/* Two owners, joined by the entry peer of a third domain. */
static void make_join(struct fixture *f)
{
    f->request.tables[1] = f->request.tables[0];
    f->request.tables[1].domain = wildlife;
    f->request.tables[1].contract.b[0] = 0x32;
    f->request.table_count = 2;
    f->receipt.owner = geology;
    f->receipt.node = entry;
    f->receipt.contracts[1].b[0] = 0x32;
    f->receipt.contract_count = 2;
    f->receipt.part_count = 2;
    memcpy(f->receipt.parts, part_ids, sizeof part_ids);
    f->part_count = 2;
    for (size_t i = 0; i < 2; i++) {
        f->parts[i] = (struct fh_receipt){.request = request_record,
                                          .request_id = f->request.id,
                                          .owner = i == 0 ? aviation : wildlife,
                                          .contract_count = 1,
                                          .contracts = {f->request.tables[i].contract},
                                          .started_ms = ISSUED_MS + 5,
                                          .finished_ms = ISSUED_MS + 5};
    }
}

static int check(const struct fixture *f, struct fh_err *err)
{
    const struct fh_receipt *receipt = f->missing ? NULL : &f->receipt;
    int code = fh_receipt_check(
        receipt, &f->request, &request_record, f->unseen ? NULL : &f->observed, err);
    if (code == FH_OK) {
        code = fh_receipt_check_parts(
            &f->receipt, f->parts, f->part_ids, f->part_count, &f->request, &request_record, err);
    }
    return code;
}

/* ---- refusals ---- */

static void lost(struct fixture *f)
{
    f->missing = true;
}
static void other_record(struct fixture *f)
{
    f->receipt.request.b[5] = 1;
}
static void other_request(struct fixture *f)
{
    f->receipt.request_id.b[5] = 1;
}
static void other_owner(struct fixture *f)
{
    f->receipt.owner = wildlife;
}
static void no_table_other_node(struct fixture *f)
{
    f->request.table_count = 0;
}
static void owner_claims_join(struct fixture *f)
{
    f->receipt.part_count = 1;
    f->receipt.parts[0] = part_ids[0];
}
static void other_contract(struct fixture *f)
{
    f->receipt.contracts[0].b[5] = 1;
}
static void no_contract(struct fixture *f)
{
    f->receipt.contract_count = 0;
}
static void ended_early(struct fixture *f)
{
    f->receipt.outcome = FH_ETIMEOUT;
}
static void dated(struct fh_receipt *receipt, int64_t finished_ms)
{
    receipt->started_ms = finished_ms;
    receipt->finished_ms = finished_ms;
}
static void before_the_request(struct fixture *f)
{
    dated(&f->receipt, ISSUED_MS - HOUR_MS);
}
static void just_before_the_grace(struct fixture *f)
{
    dated(&f->receipt, ISSUED_MS - FH_CLOCK_SKEW_MS - 1);
}
static void clock_behind(struct fixture *f)
{
    dated(&f->receipt, ISSUED_MS - FH_CLOCK_SKEW_MS);
}
static void fewer_rows(struct fixture *f)
{
    f->observed.rows--;
}
static void more_rows(struct fixture *f)
{
    f->observed.rows++;
}
static void fewer_bytes(struct fixture *f)
{
    f->observed.bytes--;
}
static void fewer_batches(struct fixture *f)
{
    f->observed.batches--;
}
static void other_tags(struct fixture *f)
{
    f->observed.tags.b[31] ^= 1;
}
static void other_tree(struct fixture *f)
{
    f->observed.tree.b[31] ^= 1;
}
static void no_tree(struct fixture *f)
{
    f->receipt.sent.has_tree = false;
}
static void no_tree_unseen(struct fixture *f)
{
    f->receipt.sent.has_tree = false;
    f->unseen = true;
}
static void join_part_lost(struct fixture *f)
{
    make_join(f);
    f->part_count = 1;
}
static void join_part_unlisted(struct fixture *f)
{
    make_join(f);
    f->receipt.part_count = 1;
}
static void join_part_of_other_request(struct fixture *f)
{
    make_join(f);
    f->parts[1].request.b[9] = 1;
}
static void join_part_of_stranger(struct fixture *f)
{
    make_join(f);
    f->parts[1].owner = geology;
}
static void join_part_before_the_request(struct fixture *f)
{
    make_join(f);
    dated(&f->parts[1], ISSUED_MS - HOUR_MS);
}
static void join_by_a_clock_behind(struct fixture *f)
{
    make_join(f);
    dated(&f->parts[1], ISSUED_MS - FH_CLOCK_SKEW_MS);
}
static void join_part_ended_early(struct fixture *f)
{
    make_join(f);
    f->parts[0].outcome = FH_ETIMEOUT;
}
static void join_part_under_another_contract(struct fixture *f)
{
    make_join(f);
    f->parts[1].contracts[0].b[0] = 0x31;
}
static void join_part_under_no_contract(struct fixture *f)
{
    make_join(f);
    f->parts[0].contract_count = 0;
}
static void join_owner_without_receipt(struct fixture *f)
{
    make_join(f);
    f->receipt.part_count = 1;
    f->part_count = 1;
}
static void join_by_another_peer(struct fixture *f)
{
    make_join(f);
    f->receipt.node.b[0] = 0x49;
}
static void plain(struct fixture *f)
{
    (void)f;
}
static void plain_unseen(struct fixture *f)
{
    f->unseen = true;
    f->observed.rows = 0;
}
static void plain_without_tree(struct fixture *f)
{
    f->request.flags = 0;
    f->receipt.sent.has_tree = false;
    f->observed.has_tree = false;
}
static void join_with_own_table(struct fixture *f)
{
    make_join(f);
    f->receipt.owner = aviation; /* the entry peer owns one of the tables itself */
    f->receipt.part_count = 1;
    f->receipt.parts[0] = part_ids[1];
    f->part_ids = part_ids + 1;
    f->parts[0] = f->parts[1];
    f->part_count = 1;
}

static const struct {
    const char *name;
    void (*change)(struct fixture *f);
    int code;
    const char *rule;
} checks[] = {
    {"fits", plain, FH_OK, ""},
    {"fits on paper", plain_unseen, FH_OK, ""},
    {"no tree asked", plain_without_tree, FH_OK, ""},
    {"join", make_join, FH_OK, ""},
    {"join with a table of its own", join_with_own_table, FH_OK, ""},
    {"a clock that is behind", clock_behind, FH_OK, ""},
    {"join: a clock that is behind", join_by_a_clock_behind, FH_OK, ""},
    {"missing", lost, FH_EINCOMPLETE, "receipt.missing"},
    {"another record", other_record, FH_ESIG, "receipt.request"},
    {"another request id", other_request, FH_ESIG, "receipt.request"},
    {"before the request", before_the_request, FH_ESIG, "receipt.time"},
    {"just before the grace", just_before_the_grace, FH_ESIG, "receipt.time"},
    {"another owner", other_owner, FH_ESIG, "receipt.owner"},
    {"no tables, not by the entry peer", no_table_other_node, FH_ESIG, "receipt.owner"},
    {"an owner that claims a join", owner_claims_join, FH_ESIG, "receipt.owner"},
    {"another contract", other_contract, FH_ESIG, "receipt.contract"},
    {"no contract", no_contract, FH_ESIG, "receipt.contract"},
    {"ended early", ended_early, FH_EINCOMPLETE, "receipt.outcome"},
    {"fewer rows", fewer_rows, FH_EINCOMPLETE, "receipt.rows"},
    {"more rows", more_rows, FH_EINCOMPLETE, "receipt.rows"},
    {"fewer bytes", fewer_bytes, FH_EINCOMPLETE, "receipt.rows"},
    {"fewer batches", fewer_batches, FH_EINCOMPLETE, "receipt.rows"},
    {"other tags", other_tags, FH_ESIG, "receipt.tags"},
    {"another tree", other_tree, FH_ESIG, "receipt.tree"},
    {"no tree", no_tree, FH_ESIG, "receipt.tree"},
    {"no tree, on paper", no_tree_unseen, FH_ESIG, "receipt.tree"},
    {"join: a part is lost", join_part_lost, FH_EINCOMPLETE, "receipt.missing"},
    {"join: a part is not listed", join_part_unlisted, FH_ESIG, "receipt.request"},
    {"join: of another request", join_part_of_other_request, FH_ESIG, "receipt.request"},
    {"join: by who owns nothing", join_part_of_stranger, FH_ESIG, "receipt.owner"},
    {"join: a part before the request", join_part_before_the_request, FH_ESIG, "receipt.time"},
    {"join: a part ended early", join_part_ended_early, FH_EINCOMPLETE, "receipt.outcome"},
    {"join: a part under another contract",
     join_part_under_another_contract,
     FH_ESIG,
     "receipt.contract"},
    {"join: a part under no contract", join_part_under_no_contract, FH_ESIG, "receipt.contract"},
    {"join: an owner signed nothing",
     join_owner_without_receipt,
     FH_EINCOMPLETE,
     "receipt.missing"},
    {"join: by another peer", join_by_another_peer, FH_ESIG, "receipt.owner"},
};

static void test_checks(void **state)
{
    (void)state;
    struct fixture *f = calloc(1, sizeof *f);
    for (size_t i = 0; i < FH_COUNT(checks); i++) {
        struct fh_err err = {0};
        fixture_make(f);
        checks[i].change(f);
        int code = check(f, &err);
        if (code != checks[i].code || strcmp(err.rule, checks[i].rule) != 0) {
            fail_msg("%s: %s %s (%s)", checks[i].name, fh_code_name(code), err.rule, err.text);
        }
    }
    free(f);
}

/* ---- bytes ---- */

static void test_round_trip(void **state)
{
    (void)state;
    struct fixture *f = calloc(1, sizeof *f);
    fixture_make(f);
    make_join(f);
    f->receipt.has_policy = true;
    f->receipt.policy.b[0] = 0x71;
    struct fh_receipt read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 16 * 1024);
    assert_int_equal(fh_receipt_build(&payload, &f->receipt, &err), FH_OK);
    assert_int_equal(fh_receipt_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    FH_CLEANUP(fh_buf_fini) struct fh_buf again;
    fh_buf_init(&again, 16 * 1024);
    assert_int_equal(fh_receipt_build(&again, &read, &err), FH_OK);
    assert_true(fh_bytes_equal(fh_buf_view(&again), fh_buf_view(&payload)));
    assert_int_equal(read.part_count, 2);
    assert_true(read.has_policy && read.sent.has_tree);
    assert_int_equal(read.sent.rows, 10);
    for (size_t size = 0; size < payload.size; size++) {
        assert_int_not_equal(fh_receipt_parse(&read, fh_bytes(payload.data, size), &err), FH_OK);
    }
    payload.data[3] = 2; /* array 16 of 16 bits, then the version */
    assert_int_equal(fh_receipt_parse(&read, fh_buf_view(&payload), &err), FH_EVERSION);
    free(f);
}

static void backwards(struct fixture *f)
{
    f->receipt.finished_ms = f->receipt.started_ms - 1;
}
static void rows_from_nowhere(struct fixture *f)
{
    f->receipt.sent.batches = 0;
}
static void too_many_parts(struct fixture *f)
{
    f->receipt.part_count = FH_QUERY_TABLES_MAX + 1;
}
static void too_many_contracts(struct fixture *f)
{
    f->receipt.contract_count = FH_QUERY_TABLES_MAX + 1;
}

static const struct fh_quality unmeasured = {.measured = false};

static struct fh_announcement deprecated_flights(void)
{
    return (struct fh_announcement){.domain = aviation,
                                    .product = "flights",
                                    .version = "1.0.0",
                                    .status = FH_ANNOUNCE_DEPRECATED,
                                    .sunset_ms = 77,
                                    .successor = "flights@2"};
}
static void too_many_notices(struct fixture *f)
{
    f->receipt.notice_count = FH_RECEIPT_NOTICES_MAX + 1;
}
static void notice_of_no_product(struct fixture *f)
{
    struct fh_announcement product = deprecated_flights();
    product.product[0] = '!';
    fh_receipt_notice(&f->receipt, &product, &unmeasured);
}
static void notice_of_no_version(struct fixture *f)
{
    struct fh_announcement product = deprecated_flights();
    product.version[1] = '\0';
    fh_receipt_notice(&f->receipt, &product, &unmeasured);
}
static void notice_with_a_wild_successor(struct fixture *f)
{
    struct fh_announcement product = deprecated_flights();
    snprintf(product.successor, sizeof product.successor, "see \033[31mthe mail");
    fh_receipt_notice(&f->receipt, &product, &unmeasured);
}

static const struct {
    void (*spoil)(struct fixture *f);
    const char *rule;
} unbuilt[] = {
    {backwards, "receipt.time"},
    {rows_from_nowhere, "receipt.rows"},
    {too_many_parts, "receipt.lists"},
    {too_many_contracts, "receipt.lists"},
    {too_many_notices, "receipt.lists"},
    {notice_of_no_product, "name.form"},
    {notice_of_no_version, "semver.form"},
    {notice_with_a_wild_successor, "announce.successor"},
};

static void test_wrong_values_are_not_built(void **state)
{
    (void)state;
    struct fixture *f = calloc(1, sizeof *f);
    for (size_t i = 0; i < FH_COUNT(unbuilt); i++) {
        struct fh_err err = {0};
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        fh_buf_init(&payload, 16 * 1024);
        fixture_make(f);
        unbuilt[i].spoil(f);
        assert_int_not_equal(fh_receipt_build(&payload, &f->receipt, &err), FH_OK);
        assert_string_equal(err.rule, unbuilt[i].rule);
        assert_int_equal(payload.size, 0);
    }
    free(f);
}

/* Who is not active is noted, once; the rest is left out when there is no more room. */
static void test_notices(void **state)
{
    (void)state;
    struct fixture *f = calloc(1, sizeof *f);
    struct fh_receipt *read = calloc(1, sizeof *read);
    struct fh_announcement product = deprecated_flights();
    struct fh_err err = {0};
    fixture_make(f);
    fh_receipt_notice(&f->receipt, &product, &unmeasured);
    fh_receipt_notice(&f->receipt, &product, &unmeasured); /* another table of the same product */
    assert_int_equal(f->receipt.notice_count, 1);
    product.status = FH_ANNOUNCE_ACTIVE;
    snprintf(product.product, sizeof product.product, "airports");
    fh_receipt_notice(&f->receipt, &product, &unmeasured);
    assert_int_equal(f->receipt.notice_count, 1);
    product.status = FH_ANNOUNCE_DRAFT;
    product.sunset_ms = 0;
    product.successor[0] = '\0';
    fh_receipt_notice(&f->receipt, &product, &unmeasured);
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 16 * 1024);
    assert_int_equal(fh_receipt_build(&payload, &f->receipt, &err), FH_OK);
    assert_int_equal(fh_receipt_parse(read, fh_buf_view(&payload), &err), FH_OK);
    assert_int_equal(read->notice_count, 2);
    assert_string_equal(read->notices[0].successor, "flights@2");
    assert_true(read->notices[0].sunset_ms == 77);
    assert_int_equal(read->notices[1].status, FH_ANNOUNCE_DRAFT);
    assert_string_equal(read->notices[1].product, "airports");
    for (size_t size = 0; size < payload.size; size++) {
        assert_int_not_equal(fh_receipt_parse(read, fh_bytes(payload.data, size), &err), FH_OK);
    }
    free(read);
    free(f);
}

/* Broken promises are noted of active products too, unless the contract wants no word of it. */
static void test_quality_notices(void **state)
{
    static const struct {
        enum fh_quality_gate gate;
        enum fh_quality_state state;
        bool noted;
    } rows[] = {
        {FH_QUALITY_GATE_WARN, FH_QUALITY_OK, false},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_UNKNOWN, false},
        {FH_QUALITY_GATE_SERVE, FH_QUALITY_FAIL, false},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_WARN, true},
        {FH_QUALITY_GATE_WARN, FH_QUALITY_FAIL, true},
        {FH_QUALITY_GATE_BLOCK, FH_QUALITY_FAIL, true},
    };
    (void)state;
    struct fixture *f = calloc(1, sizeof *f);
    struct fh_receipt *read = calloc(1, sizeof *read);
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_announcement product = deprecated_flights();
        const struct fh_quality quality = {
            .measured = true, .state = rows[i].state, .gate = rows[i].gate, .measured_ms = 88};
        struct fh_err err = {0};
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        fh_buf_init(&payload, 16 * 1024);
        fixture_make(f);
        product.status = FH_ANNOUNCE_ACTIVE;
        fh_receipt_notice(&f->receipt, &product, &quality);
        assert_int_equal(f->receipt.notice_count, rows[i].noted);
        assert_int_equal(fh_receipt_build(&payload, &f->receipt, &err), FH_OK);
        assert_int_equal(fh_receipt_parse(read, fh_buf_view(&payload), &err), FH_OK);
        if (rows[i].noted) {
            assert_int_equal(read->notices[0].quality, rows[i].state);
            assert_true(read->notices[0].measured_ms == 88);
        }
    }
    free(read);
    free(f);
}

/* Everything at its largest still fits the record. */
static void test_the_largest(void **state)
{
    (void)state;
    struct fixture *f = calloc(1, sizeof *f);
    struct fh_announcement product = deprecated_flights();
    struct fh_err err = {0};
    fixture_make(f);
    memset(product.product, 'p', FH_NAME_BYTES_MAX);
    product.sunset_ms = INT64_C(253402300799999);
    memset(product.successor, 's', FH_SUCCESSOR_BYTES_MAX);
    product.successor[FH_NAME_BYTES_MAX] = '/';
    memcpy(product.successor + 2 * FH_NAME_BYTES_MAX + 1, "@4294967295", 11);
    for (unsigned i = 0; i < FH_RECEIPT_NOTICES_MAX + 5; i++) {
        snprintf(product.version, sizeof product.version, "1.0.%u+%025u", i, i);
        fh_receipt_notice(&f->receipt, &product, &unmeasured);
    }
    assert_int_equal(f->receipt.notice_count, FH_RECEIPT_NOTICES_MAX);
    f->receipt.contract_count = FH_QUERY_TABLES_MAX;
    f->receipt.part_count = FH_QUERY_TABLES_MAX;
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 16 * 1024);
    if (fh_receipt_build(&payload, &f->receipt, &err) != FH_OK) {
        fail_msg("%s (%s)", err.text, err.rule);
    }
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_wrong_values_are_not_built),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_quality_notices),
        cmocka_unit_test(test_the_largest),
    };
    return fh_crypto_init() == FH_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
