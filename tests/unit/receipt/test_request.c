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

/* The same with the values that a parameter may have. */
static struct fh_query_request sample_with_params(void)
{
    static const struct fh_param params[] = {
        {.value = {.kind = FH_CELL_NULL}},
        {.value = {.kind = FH_CELL_BOOL, .integer = 1}},
        {.value = {.kind = FH_CELL_INT, .integer = INT64_MIN}},
        {.value = {.kind = FH_CELL_UINT, .natural = UINT64_MAX}},
        {.value = {.kind = FH_CELL_BYTES, .bytes = {(const uint8_t *)"it's'; DROP", 11}}},
        {.value = {.kind = FH_CELL_BYTES}},
    };
    struct fh_query_request request = sample();
    struct fh_err err;
    memcpy(request.params, params, sizeof params);
    request.param_count = FH_COUNT(params);
    assert_int_equal(fh_param_number(&request.params[request.param_count++].value, "-12.50", &err),
                     FH_OK);
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

static void test_parameters_there_and_back(void **state)
{
    (void)state;
    struct fh_query_request request = sample_with_params();
    struct fh_query_request read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    FH_CLEANUP(fh_buf_fini) struct fh_buf text;
    fh_buf_init(&payload, 64 * 1024);
    fh_buf_init(&text, 1024);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    assert_int_equal(read.param_count, request.param_count);
    for (size_t i = 0; i < read.param_count; i++) {
        assert_string_equal(read.params[i].name, "");
        assert_int_equal(read.params[i].value.kind, request.params[i].value.kind);
        fh_cell_text(&read.params[i].value, &text);
        fh_buf_add_u8(&text, '|');
    }
    assert_string_equal(fh_buf_cstr(&text),
                        "|true|-9223372036854775808|18446744073709551615|it's'; DROP||-12.5|");
    memcpy(request.params[0].name, "since", 6); /* one has a name, the others have none */
    fh_buf_reset(&payload);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_EINVAL);
    request.param_count = 1;
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    assert_string_equal(read.params[0].name, "since");
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

static void too_many_params(struct fh_query_request *r)
{
    r->param_count = FH_SQL_PARAMS_MAX + 1;
}
static void long_params(struct fh_query_request *r)
{
    static char text[FH_SQL_PARAMS_BYTES_MAX / 2 + 1];
    memset(text, 'x', sizeof text);
    for (r->param_count = 0; r->param_count < 2; r->param_count++) {
        r->params[r->param_count].value =
            (struct fh_cell){.kind = FH_CELL_BYTES, .bytes = fh_bytes(text, sizeof text)};
    }
}
static void bad_param_text(struct fh_query_request *r)
{
    r->params[0].value = (struct fh_cell){.kind = FH_CELL_BYTES, .bytes = fh_bytes("\xff", 1)};
    r->param_count = 1;
}
static void param_with_nul(struct fh_query_request *r)
{
    r->params[0].value = (struct fh_cell){.kind = FH_CELL_BYTES, .bytes = fh_bytes("a\0b", 3)};
    r->param_count = 1;
}
static void param_of_other_kind(struct fh_query_request *r)
{
    r->params[0].value = (struct fh_cell){.kind = FH_CELL_REAL, .real = 0.5};
    r->param_count = 1;
}
static void wide_param_without_type(struct fh_query_request *r)
{
    r->params[0].value = (struct fh_cell){.kind = FH_CELL_WIDE};
    r->param_count = 1;
}
static void bad_param_name(struct fh_query_request *r)
{
    memcpy(r->params[0].name, "1a", 3);
    r->param_count = 1;
}
static void param_name_with_quote(struct fh_query_request *r)
{
    memcpy(r->params[0].name, "a\"; --", 7);
    r->param_count = 1;
}
static void same_param_twice(struct fh_query_request *r)
{
    memcpy(r->params[0].name, "since", 6);
    memcpy(r->params[1].name, "SINCE", 6);
    r->param_count = 2;
}
static void half_named_params(struct fh_query_request *r)
{
    memcpy(r->params[1].name, "since", 6);
    r->param_count = 2;
}

static const struct {
    const char *name;
    void (*spoil)(struct fh_query_request *r);
    int code;
    const char *rule; /* prefix */
} unbuilt[] = {
    {"too many params", too_many_params, FH_ETOOBIG, "query.param.count"},
    {"too much text in params", long_params, FH_ETOOBIG, "query.param.bytes"},
    {"param not utf-8", bad_param_text, FH_EINVAL, "query.param.value"},
    {"param with a NUL", param_with_nul, FH_EINVAL, "query.param.value"},
    {"param of another kind", param_of_other_kind, FH_EINVAL, "query.param.value"},
    {"wide param without type", wide_param_without_type, FH_EINVAL, "query.param.value"},
    {"param name begins with a digit", bad_param_name, FH_EINVAL, "query.param.name"},
    {"param name with a quote", param_name_with_quote, FH_EINVAL, "query.param.name"},
    {"same param twice", same_param_twice, FH_EINVAL, "query.param.name"},
    {"some params named", half_named_params, FH_EINVAL, "query.param.name"},
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

/* What stands where the parameters of the sample end: in place of its last value. */
static void test_wrong_parameters_are_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value; /* msgpack of one value */
        size_t size;
    } rows[] = {
        {"a decimal that is an integer",
         "\xc4\x01"
         "5",
         3},
        {"a decimal with a zero at its end",
         "\xc4\x03"
         "1.0",
         5},
        {"a decimal without digits", "\xc4\x00", 2},
        {"a decimal that is text",
         "\xc4\x02"
         "ab",
         4},
        {"a decimal with a NUL",
         "\xc4\x04"
         "1.5\0",
         6},
        {"a decimal with a plus",
         "\xc4\x04"
         "+1.5",
         6},
        {"a decimal of 39 digits",
         "\xc4\x28"
         "1.23456789012345678901234567890123456789",
         42},
        {"a list", "\x90", 1},
        {"a map", "\x80", 1},
        {"a float", "\xca\x00\x00\x00\x00", 5},
        {"a text with a NUL",
         "\xa3"
         "a\0b",
         4},
        {"nothing", "", 0},
    };
    struct fh_query_request request = sample_with_params();
    struct fh_query_request read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    size_t before = payload.size - strlen("-12.5") - 2;
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        payload.size = before;
        fh_buf_add(&payload, rows[i].value, rows[i].size);
        if (fh_query_request_parse(&read, fh_buf_view(&payload), &err) == FH_OK) {
            fail_msg("%s was read", rows[i].name);
        }
    }
    payload.size = before;
    fh_pack_nil(&payload);
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
}

static void test_an_empty_list_of_parameters_is_not_read(void **state)
{
    (void)state;
    struct fh_query_request request = sample();
    struct fh_query_request read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    payload.data[0]++;
    fh_pack_array(&payload, 0);
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_EINVAL);
}

static void test_numbers_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *found; /* NULL: refused */
        enum fh_cell_kind kind;
    } rows[] = {
        {"0", "0", FH_CELL_UINT},
        {"-0", "0", FH_CELL_UINT},
        {"1e3", "1000", FH_CELL_UINT},
        {"12.50", "12.5", FH_CELL_WIDE},
        {"-0.001", "-0.001", FH_CELL_WIDE},
        {"0.1", "0.1", FH_CELL_WIDE},
        {"9223372036854775808", "9223372036854775808", FH_CELL_UINT},
        {"18446744073709551616", "18446744073709551616", FH_CELL_WIDE},
        {"-9223372036854775808", "-9223372036854775808", FH_CELL_INT},
        {"-9223372036854775809", "-9223372036854775809", FH_CELL_WIDE},
        {"99999999999999999999999999999999999999",
         "99999999999999999999999999999999999999",
         FH_CELL_WIDE},
        {"999999999999999999999999999999999999999", NULL, 0},
        {"1e300", NULL, 0},
        {"", NULL, 0},
        {"1.x", NULL, 0},
        {"0x10", NULL, 0},
        {"1 OR 1=1", NULL, 0},
        {"nan", NULL, 0},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_cell cell;
        struct fh_err err = {0};
        FH_CLEANUP(fh_buf_fini) struct fh_buf text;
        fh_buf_init(&text, 128);
        int code = fh_param_number(&cell, rows[i].text, &err);
        if (rows[i].found == NULL) {
            if (code != FH_EINVAL || strcmp(err.rule, "query.param.number") != 0) {
                fail_msg("\"%s\" was read", rows[i].text);
            }
            continue;
        }
        assert_int_equal(code, FH_OK);
        assert_int_equal(cell.kind, rows[i].kind);
        fh_cell_text(&cell, &text);
        assert_string_equal(fh_buf_cstr(&text), rows[i].found);
    }
}

static void test_fields_of_a_newer_version_are_skipped(void **state)
{
    (void)state;
    struct fh_query_request request = sample_with_params();
    struct fh_query_request read;
    struct fh_err err = {0};
    FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
    fh_buf_init(&payload, 64 * 1024);
    assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
    payload.data[0] = (uint8_t)(payload.data[0] + 2); /* no token, and one field more */
    fh_pack_bin(&payload, FH_BYTES_NONE);
    fh_pack_cstr(&payload, "something of 1.1");
    assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
    assert_int_equal(read.rows_max, 1000);
}

static void test_a_token_is_carried(void **state)
{
    (void)state;
    struct fh_query_request plain = sample();
    struct fh_query_request with_params = sample_with_params();
    const struct fh_query_request *const requests[] = {&plain, &with_params};
    for (size_t i = 0; i < FH_COUNT(requests); i++) {
        struct fh_query_request request = *requests[i];
        struct fh_query_request read;
        struct fh_err err = {0};
        FH_CLEANUP(fh_buf_fini) struct fh_buf payload;
        fh_buf_init(&payload, 64 * 1024);
        request.token = fh_bytes_cstr("a token");
        assert_int_equal(fh_query_request_build(&payload, &request, &err), FH_OK);
        assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_OK);
        assert_true(fh_bytes_equal(read.token, request.token));
        assert_int_equal(read.param_count, request.param_count);
        payload.size -= request.token.size + 2; /* nothing in its place */
        fh_pack_bin(&payload, FH_BYTES_NONE);
        assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err), FH_EINVAL);
        payload.data[0]--; /* nor its place; an empty list of parameters then says nothing either */
        payload.size -= 2;
        assert_int_equal(fh_query_request_parse(&read, fh_buf_view(&payload), &err),
                         request.param_count > 0 ? FH_OK : FH_EINVAL);
    }
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

/* The session and the request are of one token, or of none. */
static void test_arrivals_of_tokens(void **state)
{
    (void)state;
    static const struct fh_record_id none;
    static const struct fh_record_id one = {{1}};
    static const struct fh_record_id another = {{2}};
    static const struct {
        enum fh_query_place place;
        const struct fh_key_id *session;
        const struct fh_record_id *opened_by, *signed_by;
        bool served;
    } rows[] = {
        {FH_QUERY_AT_ENTRY, &consumer_key, &one, &one, true},
        {FH_QUERY_AT_ENTRY, &consumer_key, &one, &another, false},
        {FH_QUERY_AT_ENTRY, &consumer_key, &one, &none, false},
        {FH_QUERY_AT_ENTRY, &consumer_key, &none, &one, false},
        {FH_QUERY_AT_OWNER, &consumer_key, &one, &one, true},
        {FH_QUERY_AT_OWNER, &consumer_key, &one, &another, false},
        {FH_QUERY_AT_OWNER, &consumer_key, &none, &one, false},
        {FH_QUERY_AT_OWNER, &entry_key, &none, &one, true}, /* a join: the entry peer brings it */
        {FH_QUERY_AT_OWNER, &other_key, &one, &one, false},
    };
    struct fh_query_request request = sample();
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        const struct fh_query_arrival arrival = {
            .place = rows[i].place,
            .session_key = *rows[i].session,
            .session_token = *rows[i].opened_by,
            .request_token = *rows[i].signed_by,
            .self = rows[i].place == FH_QUERY_AT_ENTRY ? entry_node : owner_node,
            .now_ms = NOW_MS};
        struct fh_err err = {0};
        int code = fh_query_request_check(&request, &arrival, &err);
        assert_int_equal(code, rows[i].served ? FH_OK : FH_EDENIED);
    }
}

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
        cmocka_unit_test(test_parameters_there_and_back),
        cmocka_unit_test(test_wrong_parameters_are_not_read),
        cmocka_unit_test(test_an_empty_list_of_parameters_is_not_read),
        cmocka_unit_test(test_numbers_are_exact),
        cmocka_unit_test(test_wrong_values_are_not_built),
        cmocka_unit_test(test_damaged_payloads_are_not_read),
        cmocka_unit_test(test_fields_of_a_newer_version_are_skipped),
        cmocka_unit_test(test_a_token_is_carried),
        cmocka_unit_test(test_arrivals),
        cmocka_unit_test(test_arrivals_of_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
