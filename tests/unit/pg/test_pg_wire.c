/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pg/wire.h"

#include "common/limits.h"
#include "tests/unit/pg/packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const pairs[] = {"user", "fht1abc", "database", "mesh", NULL};

/* Every message that there is, good. */
static void good(struct fh_buf *out, enum fh_pg_kind kind)
{
    static const uint8_t tls[] = {4, 210, 22, 47};
    static const uint8_t gss[] = {4, 210, 22, 48};
    static const uint8_t cancel[] = {4, 210, 22, 46, 0, 0, 0, 7, 1, 2, 3, 4};
    switch (kind) {
    case FH_PG_STARTUP:
        packet_startup(out, 0, pairs);
        break;
    case FH_PG_TLS:
        packet(out, 0, fh_bytes(tls, sizeof tls));
        break;
    case FH_PG_GSS:
        packet(out, 0, fh_bytes(gss, sizeof gss));
        break;
    case FH_PG_CANCEL:
        packet(out, 0, fh_bytes(cancel, sizeof cancel));
        break;
    case FH_PG_PASSWORD:
        packet(out, 'p', fh_bytes_cstr("n,,n=,r=abc"));
        break;
    case FH_PG_QUERY:
        packet_query(out, "SELECT 1");
        break;
    case FH_PG_PARSE:
        packet_parse(out, "s", "SELECT $1", 23);
        break;
    case FH_PG_BIND:
        packet_bind(out, "p", "s", "12", 1);
        break;
    case FH_PG_DESCRIBE:
        packet_target(out, 'D', 'S', "s");
        break;
    case FH_PG_EXECUTE:
        packet_execute(out, "p", 100);
        break;
    case FH_PG_CLOSE:
        packet_target(out, 'C', 'P', "p");
        break;
    case FH_PG_FLUSH:
    case FH_PG_SYNC:
    case FH_PG_COPY_DONE:
    case FH_PG_TERMINATE:
        packet(out,
               kind == FH_PG_FLUSH       ? 'H'
               : kind == FH_PG_SYNC      ? 'S'
               : kind == FH_PG_COPY_DONE ? 'c'
                                         : 'X',
               FH_BYTES_NONE);
        break;
    case FH_PG_COPY_DATA:
        packet(out, 'd', fh_bytes_cstr("1\t2\n"));
        break;
    case FH_PG_COPY_FAIL:
        packet(out, 'f', fh_bytes("no", 3));
        break;
    case FH_PG_FUNCTION_CALL:
        packet(out, 'F', fh_bytes_cstr("?"));
        break;
    case FH_PG_KIND_COUNT:
        break;
    }
}

static enum fh_pg_phase phase_of(enum fh_pg_kind kind)
{
    return kind <= FH_PG_CANCEL ? FH_PG_PHASE_STARTUP : FH_PG_PHASE_READY;
}

/* A copy of exactly so many bytes, so that a sanitizer sees who reads behind them. */
static uint8_t *exactly(struct fh_bytes bytes)
{
    uint8_t *copy = malloc(bytes.size == 0 ? 1 : bytes.size);
    assert_non_null(copy);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return copy;
}

static void test_good(void **state)
{
    (void)state;
    for (enum fh_pg_kind kind = 0; kind < FH_PG_KIND_COUNT; kind++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        struct fh_pg_message message;
        struct fh_err err = {0};
        size_t size = 0;
        fh_buf_init(&out, 4096);
        good(&out, kind);
        assert_int_equal(fh_pg_frame(fh_buf_view(&out), phase_of(kind), &size, &err), FH_OK);
        assert_int_equal(size, out.size);
        assert_int_equal(fh_pg_read(&message, fh_buf_view(&out), phase_of(kind), &err), FH_OK);
        assert_int_equal(message.kind, kind);
    }
}

static void test_fields(void **state)
{
    (void)state;
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    struct fh_pg_message message;
    struct fh_err err = {0};
    struct fh_bytes name;
    struct fh_bytes value;
    bool null = true;
    fh_buf_init(&out, 4096);
    good(&out, FH_PG_STARTUP);
    assert_int_equal(fh_pg_read(&message, fh_buf_view(&out), FH_PG_PHASE_STARTUP, &err), FH_OK);
    assert_true(fh_pg_option_next(&message.startup.options, &name, &value));
    assert_true(fh_bytes_equal_cstr(name, "user") && fh_bytes_equal_cstr(value, "fht1abc"));
    assert_true(fh_pg_option_next(&message.startup.options, &name, &value));
    assert_false(fh_pg_option_next(&message.startup.options, &name, &value));
    fh_buf_reset(&out);
    good(&out, FH_PG_PARSE);
    assert_int_equal(fh_pg_read(&message, fh_buf_view(&out), FH_PG_PHASE_READY, &err), FH_OK);
    assert_true(fh_bytes_equal_cstr(message.parse.sql, "SELECT $1"));
    assert_int_equal(fh_pg_type_at(&message.parse.types, 0), 23);
    assert_int_equal(fh_pg_type_at(&message.parse.types, 1), 0);
    fh_buf_reset(&out);
    good(&out, FH_PG_BIND);
    assert_int_equal(fh_pg_read(&message, fh_buf_view(&out), FH_PG_PHASE_READY, &err), FH_OK);
    assert_int_equal(fh_pg_format_at(&message.bind.formats, 0), 0);
    assert_int_equal(fh_pg_format_at(&message.bind.results, 5), 1); /* one for all */
    assert_true(fh_pg_value_next(&message.bind.values, &value, &null));
    assert_true(!null && fh_bytes_equal_cstr(value, "12"));
    assert_false(fh_pg_value_next(&message.bind.values, &value, &null));
}

/* A message that is not whole yet is waited for; one whose length says that it ends earlier than
 * its parts do is refused, wherever that is. */
static void test_cut(void **state)
{
    (void)state;
    for (enum fh_pg_kind kind = 0; kind < FH_PG_KIND_COUNT; kind++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        enum fh_pg_phase phase = phase_of(kind);
        size_t head = phase == FH_PG_PHASE_STARTUP ? 4 : 5;
        fh_buf_init(&out, 4096);
        good(&out, kind);
        for (size_t cut = 0; cut < out.size; cut++) {
            struct fh_err err = {0};
            struct fh_pg_message message;
            size_t size = 0;
            uint8_t *part = exactly(fh_bytes(out.data, cut));
            assert_int_equal(fh_pg_frame(fh_bytes(part, cut), phase, &size, &err), FH_OK);
            assert_true(size == 0 || size == out.size);
            if (cut >= head) {
                fh_put_u32be(part + head - 4, (uint32_t)(cut - head + 4));
                bool any = kind == FH_PG_PASSWORD || kind == FH_PG_COPY_DATA ||
                           kind == FH_PG_COPY_FAIL || kind == FH_PG_FUNCTION_CALL;
                int code = fh_pg_read(&message, fh_bytes(part, cut), phase, &err);
                assert_int_equal(code, any ? FH_OK : FH_EPROTO);
            }
            free(part);
        }
    }
}

/* What is longer than its parts is refused too. */
static void test_more(void **state)
{
    (void)state;
    for (enum fh_pg_kind kind = 0; kind < FH_PG_KIND_COUNT; kind++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        struct fh_pg_message message;
        struct fh_err err = {0};
        enum fh_pg_phase phase = phase_of(kind);
        size_t head = phase == FH_PG_PHASE_STARTUP ? 4 : 5;
        fh_buf_init(&out, 4096);
        good(&out, kind);
        fh_buf_add_u8(&out, 'x');
        fh_put_u32be(out.data + head - 4, (uint32_t)(out.size - head + 4));
        bool any = kind == FH_PG_PASSWORD || kind == FH_PG_COPY_DATA || kind == FH_PG_COPY_FAIL ||
                   kind == FH_PG_FUNCTION_CALL || kind == FH_PG_CANCEL; /* a longer key */
        assert_int_equal(fh_pg_read(&message, fh_buf_view(&out), phase, &err),
                         any ? FH_OK : FH_EPROTO);
    }
}

static void test_hostile_lengths(void **state)
{
    (void)state;
    static const struct {
        enum fh_pg_phase phase;
        const char *bytes;
        size_t size;
        const char *rule;
    } rows[] = {
        {FH_PG_PHASE_STARTUP, "\x00\x00\x00\x00", 4, "pg.length"},
        {FH_PG_PHASE_STARTUP, "\x00\x00\x00\x07", 4, "pg.length"},
        {FH_PG_PHASE_STARTUP, "\x00\x00\x27\x11", 4, "pg.length"},
        {FH_PG_PHASE_STARTUP, "\xff\xff\xff\xff", 4, "pg.length"},
        {FH_PG_PHASE_STARTUP, "GET / HTTP/1.1\r\n", 16, "pg.length"},
        {FH_PG_PHASE_SIGN_IN, "p\x00\x00\x08\x01", 5, "pg.length"},
        {FH_PG_PHASE_SIGN_IN, "p\x00\x00\x00\x03", 5, "pg.length"},
        {FH_PG_PHASE_SIGN_IN, "Q", 1, "pg.letter"},
        {FH_PG_PHASE_READY, "Q\x00\x04\x00\x01", 5, "pg.length"},
        {FH_PG_PHASE_READY, "Q\x80\x00\x00\x04", 5, "pg.length"},
        {FH_PG_PHASE_READY, "Q\xff\xff\xff\xff", 5, "pg.length"},
        {FH_PG_PHASE_READY, "S\x00\x00\x00\x00", 5, "pg.length"},
        {FH_PG_PHASE_READY, "\x00", 1, "pg.letter"},
        {FH_PG_PHASE_READY, "q", 1, "pg.letter"},
        {FH_PG_PHASE_READY, "\x16\x03\x01", 3, "pg.letter"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_err err = {0};
        size_t size = 0;
        struct fh_bytes in = fh_bytes(rows[i].bytes, rows[i].size);
        assert_int_equal(fh_pg_frame(in, rows[i].phase, &size, &err), FH_EPROTO);
        assert_string_equal(err.rule, rows[i].rule);
    }
}

/* Counts and lengths inside that the message does not hold. */
static void test_hostile_parts(void **state)
{
    (void)state;
    static const struct {
        char letter;
        const char *body;
        size_t size;
    } rows[] = {
        {'Q', "SELECT 1", 8},                                      /* without its NUL */
        {'Q', "a\0b", 4},                                          /* with two */
        {'P', "\0\0\xff\xff", 4},                                  /* 65,535 types */
        {'P', "\0\0\x00\x02\x00\x00\x00\x17", 8},                  /* one of two types */
        {'B', "\0\0\x00\x00\xff\xff", 6},                          /* 65,535 values */
        {'B', "\0\0\x00\x00\x00\x01\x7f\xff\xff\xff\x00\x00", 12}, /* one of 2 GiB */
        {'B', "\0\0\x00\x00\x00\x01\xff\xff\xff\xfe\x00\x00", 12}, /* one of -2 bytes */
        {'B', "\0\0\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00", 12}, /* two formats, no value */
        {'B', "\0\0\x00\x00\x00\x00\xff\xff", 8},                  /* 65,535 formats */
        {'D', "X\0", 2},                                           /* of neither kind */
        {'D', "", 0},
        {'E', "p\0\x00\x00", 4},
        {'E', "\0", 1},
        {'S', "x", 1},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        struct fh_buf out FH_CLEANUP(fh_buf_fini);
        struct fh_pg_message message;
        struct fh_err err = {0};
        fh_buf_init(&out, 4096);
        packet(&out, rows[i].letter, fh_bytes(rows[i].body, rows[i].size));
        uint8_t *frame = exactly(fh_buf_view(&out));
        assert_int_equal(fh_pg_read(&message, fh_bytes(frame, out.size), FH_PG_PHASE_READY, &err),
                         FH_EPROTO);
        assert_string_equal(err.rule, "pg.message");
        free(frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_more),
        cmocka_unit_test(test_hostile_lengths),
        cmocka_unit_test(test_hostile_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
