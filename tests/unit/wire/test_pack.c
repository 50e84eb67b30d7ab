/* SPDX-License-Identifier: Apache-2.0 */
/* Scanner, reader and writer. The canonical forms themselves are golden vectors
 * (tests/vectors/encoding.txt); here are limits, the reader's errors, and that nothing is read that
 * was not checked. */
#include "proto/wire/pack.h"

#include "common/limits.h"
#include "common/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fh_bytes bytes_of(uint8_t *out, size_t size, const char *hex)
{
    size_t wanted = strlen(hex) / 2;
    assert_true(wanted <= size);
    assert_true(fh_unhex(out, wanted, hex));
    return fh_bytes(out, wanted);
}

static bool deny(size_t size)
{
    (void)size;
    return false;
}

/* Every beginning of a value is refused, and no scan allocates. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    struct fh_pack_limits limits = fh_pack_limits(4096);
    char text[300];
    memset(text, 'x', sizeof text);
    fh_buf_init(&buf, 4096);
    fh_pack_array(&buf, 7);
    fh_pack_uint(&buf, UINT64_MAX);
    fh_pack_int(&buf, INT64_MIN);
    fh_pack_str(&buf, fh_bytes(text, sizeof text));
    fh_pack_bin(&buf, fh_bytes(text, 40));
    fh_pack_map(&buf, 1);
    fh_pack_cstr(&buf, "key");
    fh_pack_array(&buf, 0);
    fh_pack_bool(&buf, true);
    fh_pack_nil(&buf);
    assert_int_equal(fh_buf_ok(&buf), FH_OK);
    fh_alloc_set_hook(deny);
    assert_int_equal(fh_pack_scan(fh_buf_view(&buf), &limits, NULL), FH_OK);
    for (size_t size = 0; size < buf.size; size++) {
        /* a copy of exactly this size, so that a sanitizer sees a stray read */
        uint8_t *copy = malloc(size == 0 ? 1 : size);
        struct fh_err err = {0};
        memcpy(copy, buf.data, size);
        assert_int_equal(fh_pack_scan(fh_bytes(copy, size), &limits, &err), FH_EINVAL);
        assert_string_equal(err.rule, "pack.truncated");
        free(copy);
    }
    fh_alloc_set_hook(NULL);
}

static void limits_hold(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        struct fh_pack_limits limits;
        const char *rule;
    } rows[] = {
        {"93010203", {4, 1, 4}, ""},
        {"93010203", {3, 1, 4}, "pack.size"},
        {"93010203", {4, 0, 4}, "pack.depth"},
        {"93010203", {4, 1, 3}, "pack.items"},
        {"93010203", {4, 1, 0}, "pack.items"},
        {"9190", {2, 2, 2}, ""},
        {"9190", {2, 1, 2}, "pack.depth"},
        {"9190", {2, 2, 1}, "pack.items"},
        {"81a16101", {4, 1, 3}, ""},
        {"81a16101", {4, 1, 2}, "pack.items"},
        {"81a16101", {4, 0, 3}, "pack.depth"},
        {"07", {1, 0, 1}, ""},
        {"07", {1, 0, 0}, "pack.items"},
        {"07", {0, 0, 1}, "pack.size"},
    };
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t storage[64];
        struct fh_err err = {0};
        int code =
            fh_pack_scan(bytes_of(storage, sizeof storage, rows[i].hex), &rows[i].limits, &err);
        assert_string_equal(err.rule, rows[i].rule);
        assert_int_equal(code, rows[i].rule[0] == '\0' ? FH_OK : FH_ETOOBIG);
    }
    struct fh_pack_limits limits = fh_pack_limits(100);
    assert_int_equal(limits.bytes_max, 100);
    assert_int_equal(limits.depth_max, FH_PACK_DEPTH_MAX);
    assert_int_equal(limits.items_max, FH_PACK_ITEMS_MAX);
}

static void errors_name_the_byte(void **state)
{
    (void)state;
    uint8_t storage[64];
    struct fh_err err = {0};
    struct fh_pack_limits limits = fh_pack_limits(64);
    assert_int_equal(
        fh_pack_scan(bytes_of(storage, sizeof storage, "9301a161ca3f800000"), &limits, &err),
        FH_EINVAL);
    assert_string_equal(err.rule, "pack.type");
    assert_memory_equal(err.text, "byte 4: ", 8);
}

/* What the writer writes, the reader reads. */
static void fields_come_back(void **state)
{
    (void)state;
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    struct fh_pack_reader reader;
    struct fh_pack_limits limits = fh_pack_limits(512);
    char name[8];
    uint8_t fixed[3];
    fh_buf_init(&buf, 512);
    fh_pack_array(&buf, 9);
    fh_pack_uint(&buf, 1);
    fh_pack_uint(&buf, 300);
    fh_pack_int(&buf, -300);
    fh_pack_bool(&buf, true);
    fh_pack_cstr(&buf, "flights");
    fh_pack_bin(&buf, fh_bytes("\1\2\3", 3));
    fh_pack_map(&buf, 1);
    fh_pack_cstr(&buf, "k");
    fh_pack_nil(&buf);
    fh_pack_array(&buf, 2);
    fh_pack_uint(&buf, 5);
    fh_pack_uint(&buf, 6);
    fh_pack_cstr(&buf, "of a newer version");
    assert_int_equal(fh_pack_scan(fh_buf_view(&buf), &limits, NULL), FH_OK);
    fh_pack_read_init(&reader, fh_buf_view(&buf));
    assert_int_equal(fh_pack_peek(&reader), FH_PACK_ARRAY);
    uint32_t count = fh_pack_read_record(&reader, 8);
    assert_int_equal(count, 9);
    fh_pack_read_version(&reader, 1);
    assert_int_equal(fh_pack_read_uint(&reader, 300), 300);
    assert_int_equal(fh_pack_read_int(&reader), -300);
    assert_true(fh_pack_read_bool(&reader));
    fh_pack_read_cstr(&reader, name, sizeof name);
    assert_string_equal(name, "flights");
    fh_pack_read_fixed(&reader, fixed, sizeof fixed);
    assert_memory_equal(fixed, "\1\2\3", 3);
    assert_int_equal(fh_pack_read_map(&reader, 1), 1);
    assert_true(fh_bytes_equal_cstr(fh_pack_read_str(&reader, 1), "k"));
    assert_int_equal(fh_pack_peek(&reader), FH_PACK_NIL);
    fh_pack_skip(&reader);
    struct fh_bytes raw = fh_pack_read_raw(&reader);
    assert_int_equal(raw.size, 3);
    assert_false(fh_pack_at_end(&reader));
    fh_pack_read_record_end(&reader, count, 8);
    assert_true(fh_pack_at_end(&reader));
    assert_int_equal(fh_pack_read_ok(&reader, "test", NULL), FH_OK);
    assert_int_equal(fh_pack_peek(&reader), FH_PACK_KIND_COUNT);
}

enum op {
    UINT,
    UINT_MAX_9,
    INT,
    BOOL,
    STR,
    STR_MAX_2,
    BIN,
    CSTR_3,
    FIXED_2,
    ARRAY,
    ARRAY_MAX_1,
    MAP,
    RECORD_2,
    VERSION_1
};

static void apply(struct fh_pack_reader *reader, enum op op)
{
    char text[3];
    uint8_t fixed[2];
    switch (op) {
    case UINT:
        fh_pack_read_uint(reader, UINT64_MAX);
        break;
    case UINT_MAX_9:
        fh_pack_read_uint(reader, 9);
        break;
    case INT:
        fh_pack_read_int(reader);
        break;
    case BOOL:
        fh_pack_read_bool(reader);
        break;
    case STR:
        fh_pack_read_str(reader, SIZE_MAX);
        break;
    case STR_MAX_2:
        fh_pack_read_str(reader, 2);
        break;
    case BIN:
        fh_pack_read_bin(reader, SIZE_MAX);
        break;
    case CSTR_3:
        fh_pack_read_cstr(reader, text, sizeof text);
        break;
    case FIXED_2:
        fh_pack_read_fixed(reader, fixed, sizeof fixed);
        break;
    case ARRAY:
        fh_pack_read_array(reader, UINT32_MAX);
        break;
    case ARRAY_MAX_1:
        fh_pack_read_array(reader, 1);
        break;
    case MAP:
        fh_pack_read_map(reader, UINT32_MAX);
        break;
    case RECORD_2:
        fh_pack_read_record(reader, 2);
        break;
    case VERSION_1:
        fh_pack_read_version(reader, 1);
        break;
    }
}

static const struct {
    const char *hex;
    enum op op;
    int code;
} reads[] = {
    {"07", UINT, FH_OK},
    {"07", UINT_MAX_9, FH_OK},
    {"0a", UINT_MAX_9, FH_EINVAL},
    {"ff", UINT, FH_EINVAL},
    {"a107", UINT, FH_EINVAL},
    {"", UINT, FH_EINVAL},
    {"ff", INT, FH_OK},
    {"07", INT, FH_OK},
    {"cf7fffffffffffffff", INT, FH_OK},
    {"cf8000000000000000", INT, FH_EINVAL},
    {"c0", INT, FH_EINVAL},
    {"c3", BOOL, FH_OK},
    {"01", BOOL, FH_EINVAL},
    {"c0", BOOL, FH_EINVAL},
    {"a3616263", STR, FH_OK},
    {"a3616263", STR_MAX_2, FH_EINVAL},
    {"a3616263", CSTR_3, FH_EINVAL},
    {"a26162", CSTR_3, FH_OK},
    {"c4026162", STR, FH_EINVAL},
    {"a5616263", STR, FH_EINVAL}, /* was never scanned: ends too early */
    {"c4026162", BIN, FH_OK},
    {"a26162", BIN, FH_EINVAL},
    {"c4ff6162", BIN, FH_EINVAL},
    {"c4026162", FIXED_2, FH_OK},
    {"c40161", FIXED_2, FH_EINVAL},
    {"c403616263", FIXED_2, FH_EINVAL},
    {"9101", ARRAY, FH_OK},
    {"920102", ARRAY_MAX_1, FH_EINVAL},
    {"80", ARRAY, FH_EINVAL},
    {"80", MAP, FH_OK},
    {"90", MAP, FH_EINVAL},
    {"930102c0", RECORD_2, FH_OK},
    {"9101", RECORD_2, FH_EINVAL},
    {"01", VERSION_1, FH_OK},
    {"02", VERSION_1, FH_EVERSION},
    {"a131", VERSION_1, FH_EINVAL},
};

static void reader_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < FH_COUNT(reads); i++) {
        uint8_t storage[32];
        struct fh_pack_reader reader;
        struct fh_err err = {0};
        fh_pack_read_init(&reader, bytes_of(storage, sizeof storage, reads[i].hex));
        apply(&reader, reads[i].op);
        int code = fh_pack_read_ok(&reader, "thing", &err);
        if (code != reads[i].code) {
            fail_msg("row %zu (%s): %s", i, reads[i].hex, fh_code_name(code));
        }
        if (code != FH_OK) {
            assert_memory_equal(err.text, "thing: byte 0: ", 15);
            /* the first failure sticks, and all goes on as nothing */
            apply(&reader, UINT);
            fh_pack_skip(&reader);
            assert_int_equal(fh_pack_read_raw(&reader).size, 0);
            fh_pack_fail(&reader, "another reason");
            assert_int_equal(fh_pack_read_ok(&reader, "thing", &err), reads[i].code);
            assert_int_equal(reader.at, 0);
        }
    }
}

/* A reader on bytes that nobody scanned may fail but never leave them. */
static void skip_stays_inside(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "91", "9291", "81a1", "dd00010000", "dfffffffff", "c5ffff", "a5", "c1", "ca00000000"};
    for (size_t i = 0; i < FH_COUNT(rows); i++) {
        uint8_t storage[16];
        struct fh_bytes bytes = bytes_of(storage, sizeof storage, rows[i]);
        uint8_t *copy = malloc(bytes.size == 0 ? 1 : bytes.size);
        struct fh_pack_reader reader;
        memcpy(copy, storage, bytes.size);
        fh_pack_read_init(&reader, fh_bytes(copy, bytes.size));
        fh_pack_skip(&reader);
        assert_int_equal(fh_pack_read_ok(&reader, "thing", NULL), FH_EINVAL);
        free(copy);
    }
}

static void writer_failures_stick(void **state)
{
    (void)state;
    struct fh_buf buf FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&buf, 4);
    fh_pack_uint(&buf, 1);
    fh_pack_cstr(&buf, "too long for it");
    fh_pack_uint(&buf, 2);
    assert_int_equal(fh_buf_ok(&buf), FH_ETOOBIG);
    struct fh_buf empty FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&empty, 100);
    fh_alloc_set_hook(deny);
    fh_pack_nil(&empty);
    fh_alloc_set_hook(NULL);
    assert_int_equal(fh_buf_ok(&empty), FH_ENOMEM);
}

/* 65,536 values are too many by the head of the array alone. */
static void too_many_values(void **state)
{
    (void)state;
    size_t count = FH_PACK_ITEMS_MAX;
    uint8_t *bytes = calloc(1, count + 5);
    struct fh_pack_limits limits = fh_pack_limits(count + 5);
    struct fh_err err = {0};
    bytes[0] = 0xdd;
    fh_put_u32be(bytes + 1, (uint32_t)count);
    if (count > UINT16_MAX) {
        assert_int_equal(fh_pack_scan(fh_bytes(bytes, count + 5), &limits, &err), FH_ETOOBIG);
        assert_string_equal(err.rule, "pack.items");
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(errors_name_the_byte),
        cmocka_unit_test(fields_come_back),
        cmocka_unit_test(reader_refuses),
        cmocka_unit_test(skip_stays_inside),
        cmocka_unit_test(writer_failures_stick),
        cmocka_unit_test(too_many_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
