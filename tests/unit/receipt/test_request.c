/* SPDX-License-Identifier: Apache-2.0 */
/* Query requests: what is built is read back, what is wrong is refused by name. */
#include "proto/query/query.h"

#include "proto/wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW_MS INT64_C(1772323200000)

static struct fh_query_request sample(void)
{
    struct fh_query_request request = {
        .id = {.b = {1, 2, 3}},
        .consumer = {.b = {4}},
        .key = {.b = {5}},
        .entry = {.b = {6}},
        .sql = fh_bytes_cstr("SELECT count(*) FROM aviation.flights"),
        .table_count = 2,
        .purpose = "delay report",
        .issued_ms = NOW_MS,
        .expires_ms = NOW_MS + 60000,
        .flags = FH_QUERY_TREE,
        .rows_max = 1000,
    };
    request.tables[0] = (struct fh_query_table){.domain = {.b = {7}},
                                                .product = "flights",
                                                .table = "flights",
                                                .version = "1.0.0",
                                                .contract = {.b = {8}}};
    request.tables[1] = request.tables[0];
    memcpy(request.tables[1].table, "airports", 9);
    return request;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct fh_query_request request = sample();
    struct fh_query_request read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    assert_memory_equal(&read.id, &request.id, sizeof read.id);
    assert_true(fh_bytes_equal(read.sql, request.sql));
    assert_int_equal(read.table_count, 2);
    assert_string_equal(read.tables[1].table, "airports");
    assert_string_equal(read.purpose, "delay report");
    assert_int_equal(read.expires_ms, request.expires_ms);
    assert_int_equal(read.flags, FH_QUERY_TREE);
    assert_int_equal(read.rows_max, 1000);
    FH_CLEANUP(fh_buf_fini) struct fh_buf again;
    fh_buf_init(&again, 64 * 1024);
    assert_int_equal(fh_query_request_build(&again, &read, &err), FH_OK);
    assert_true(fh_bytes_equal(fh_buf_view(&again), fh_buf_view(&payload)));
    assert_ptr_equal(
        fh_query_request_table(&read, &read.tables[0].domain, "flights", "airports", NULL),
        &read.tables[1]);
    assert_null(fh_query_request_table(&read, &read.tables[0].domain, "flights", "crews", NULL));
}

/* ---- what is not built ---- */

static void no_id(struct fh_query_request *r)
{
    memset(&r->id, 0, sizeof r->id);
}
static void no_sql(struct fh_query_request *r)
{
    r->sql = FH_BYTES_NONE;
}
static void long_sql(struct fh_query_request *r)
{
    static char text[FH_SQL_BYTES_MAX + 1];
    memset(text, 'x', sizeof text);
    r->sql = fh_bytes(text, sizeof text);
}
static void bad_sql(struct fh_query_request *r)
{
    r->sql = fh_bytes("SELECT \xff", 8);
}
static void bad_purpose(struct fh_query_request *r)
{
    memcpy(r->purpose, "\xc3", 2);
}
static void no_life(struct fh_query_request *r)
{
    r->expires_ms = r->issued_ms;
}
static void long_life(struct fh_query_request *r)
{
    r->expires_ms = r->issued_ms + FH_REQUEST_LIFETIME_MS + 1;
}
static void before_1970(struct fh_query_request *r)
{
    r->issued_ms = -1;
}
static void too_many_tables(struct fh_query_request *r)
{
    r->table_count = FH_QUERY_TABLES_MAX + 1;
}
static void same_table_twice(struct fh_query_request *r)
{
    r->tables[1] = r->tables[0];
}
static void bad_product(struct fh_query_request *r)
{
    memcpy(r->tables[0].product, "Flights", 8);
}
static void no_table(struct fh_query_request *r)
{
    r->tables[0].table[0] = '\0';
}
static void no_version(struct fh_query_request *r)
{
    r->tables[1].version[0] = '\0';
}

static const struct {
    const char *name;
    void (*spoil)(struct fh_query_request *r);
    int code;
    const char *rule; /* prefix */
} unbuilt[] = {
    {"no id", no_id, FH_EINVAL, "query.request.id"},
    {"no sql", no_sql, FH_EINVAL, "query.request.sql"},
    {"long sql", long_sql, FH_ETOOBIG, "query.request.sql"},
    {"sql not utf-8", bad_sql, FH_EINVAL, "query.request.sql"},
    {"purpose not utf-8", bad_purpose, FH_EINVAL, "query.request.purpose"},
    {"no life", no_life, FH_EINVAL, "query.request.time"},
    {"long life", long_life, FH_EINVAL, "query.request.time"},
    {"before 1970", before_1970, FH_EINVAL, "query.request.time"},
    {"too many tables", too_many_tables, FH_ETOOBIG, "query.request.tables"},
    {"same table twice", same_table_twice, FH_EINVAL, "query.request.tables"},
    {"product is no name", bad_product, FH_EINVAL, "name."},
    {"table without name", no_table, FH_EINVAL, "query.request.tables"},
    {"table without version", no_version, FH_EINVAL, "query.request.tables"},
};

static void test_wrong_values_are_not_built(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(unbuilt); i++) {
        struct fh_query_request request = sample();
        struct fh_err err = {0};
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        fh_buf_init(&payload, 256 * 1024);
        unbuilt[i].spoil(&request);
        int code = fh_query_request_build(&payload, &request, &err);
        if (code != unbuilt[i].code ||
            strncmp(err.rule, unbuilt[i].rule, strlen(unbuilt[i].rule)) != 0) {
            fail_msg("%s: %s %s", unbuilt[i].name, fh_code_name(code), err.rule);
        }
        assert_int_equal(payload.size, 0);
    }
}

/* ---- what is not read ---- */

/* Builds the sample and changes one byte, or cuts the end. */
static void test_damaged_payloads_are_not_read(void **state)
{
    (void)state;
    struct fh_query_request request = sample();
    struct fh_query_request read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    for (size_t size = 0; size < payload.size; size++) {
        memset(&read, 0xab, sizeof read);
        assert_int_not_equal(fh_query_request_parse(&read, fh_bytes(payload.data, size), &err),
                             FH_OK);
        assert_int_equal(read.table_count, (size_t)0xababababababababULL); /* untouched */
    }
    payload.data[0]--; /* an array of one field less */
    assert_int_not_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    payload.data[0]++;
    payload.data[1] = 2; /* version */
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_EVERSION);
    assert_string_equal(err.rule, "query.request.version");
}

static void test_fields_of_a_newer_version_are_skipped(void **state)
{
    (void)state;
    struct fh_query_request request = sample();
    struct fh_query_request read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    payload.data[0]++; /* one field more */
    fh_pack_cstr(&payload, "something of 1.1");
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    assert_int_equal(read.rows_max, 1000);
}

/* ---- where and when ---- */

static const struct fh_key_id consumer_key = {.b = {5}};
static const struct fh_key_id entry_key = {.b = {6}}; /* a node id is its key's id */
static const struct fh_key_id other_key = {.b = {9}};
static const struct fh_node_id entry_node = {.b = {6}};
static const struct fh_node_id owner_node = {.b = {10}};

static const struct {
    const char *name;
    enum fh_query_place place;
    const struct fh_key_id *session;
    const struct fh_node_id *self;
    int64_t now_ms;
    const char *rule; /* NULL: served */
    int code;
} arrivals[] = {
    {"consumer at its entry peer", FH_QUERY_AT_ENTRY, &consumer_key, &entry_node, NOW_MS, NULL, 0},
    {"consumer at the owner", FH_QUERY_AT_OWNER, &consumer_key, &owner_node, NOW_MS, NULL, 0},
    {"entry peer at the owner", FH_QUERY_AT_OWNER, &entry_key, &owner_node, NOW_MS, NULL, 0},
    {"clock behind", FH_QUERY_AT_OWNER, &entry_key, &owner_node, NOW_MS - 599000, NULL, 0},
    {"clock ahead", FH_QUERY_AT_OWNER, &entry_key, &owner_node, NOW_MS + 659000, NULL, 0},
    {"another peer's entry",
     FH_QUERY_AT_ENTRY,
     &consumer_key,
     &owner_node,
     NOW_MS,
     "query.request.entry",
     FH_EDENIED},
    {"another key's session",
     FH_QUERY_AT_ENTRY,
     &other_key,
     &entry_node,
     NOW_MS,
     "query.request.key",
     FH_EDENIED},
    {"the entry peer asks itself",
     FH_QUERY_AT_ENTRY,
     &entry_key,
     &entry_node,
     NOW_MS,
     "query.request.key",
     FH_EDENIED},
    {"a third peer at the owner",
     FH_QUERY_AT_OWNER,
     &other_key,
     &owner_node,
     NOW_MS,
     "query.request.entry",
     FH_EDENIED},
    {"replayed later",
     FH_QUERY_AT_OWNER,
     &entry_key,
     &owner_node,
     NOW_MS + 60000 + FH_CLOCK_SKEW_MS,
     "query.request.expired",
     FH_ESTALE},
    {"from the future",
     FH_QUERY_AT_OWNER,
     &entry_key,
     &owner_node,
     NOW_MS - FH_CLOCK_SKEW_MS - 1,
     "query.request.time",
     FH_EINVAL},
};

static void test_arrivals(void **state)
{
    (void)state;
    struct fh_query_request request = sample();
    for (size_t i = 0; i < FH_COUNT(arrivals); i++) {
        const struct fh_query_arrival arrival = {.place = arrivals[i].place,
                                                 .session_key = *arrivals[i].session,
                                                 .self = *arrivals[i].self,
                                                 .now_ms = arrivals[i].now_ms};
        struct fh_err err = {0};
        int code = fh_query_request_check(&request, &arrival, &err);
        const char *rule = arrivals[i].rule == NULL ? "" : arrivals[i].rule;
        if (code != arrivals[i].code || strcmp(err.rule, rule) != 0) {
            fail_msg("%s: %s %s", arrivals[i].name, fh_code_name(code), err.rule);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_wrong_values_are_not_built),
        cmocka_unit_test(test_damaged_payloads_are_not_read),
        cmocka_unit_test(test_fields_of_a_newer_version_are_skipped),
        cmocka_unit_test(test_arrivals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
