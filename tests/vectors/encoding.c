/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical encoding: every form of every kind, and what is not canonical. */
#include "common/assert.h"
#include "proto/wire/pack.h"
#include "tests/vectors/writer.h"

#include <string.h>

static const struct uint_case {
    const char *name;
    uint64_t value;
} uint_cases[] = {
    {"uint.0", 0},
    {"uint.127", 127},
    {"uint.128", 128},
    {"uint.255", 255},
    {"uint.256", 256},
    {"uint.65535", 65535},
    {"uint.65536", 65536},
    {"uint.2^32-1", UINT32_MAX},
    {"uint.2^32", (uint64_t)UINT32_MAX + 1},
    {"uint.2^64-1", UINT64_MAX},
};

static const struct int_case {
    const char *name;
    int64_t value;
} int_cases[] = {
    {"int.-1", -1},
    {"int.-32", -32},
    {"int.-33", -33},
    {"int.-128", -128},
    {"int.-129", -129},
    {"int.-32768", -32768},
    {"int.-32769", -32769},
    {"int.-2^31", INT32_MIN},
    {"int.-2^31-1", (int64_t)INT32_MIN - 1},
    {"int.-2^63", INT64_MIN},
};

/* Lengths at which the form of the head changes. */
static const size_t lengths[] = {0, 1, 15, 16, 31, 32, 255, 256};

static void good(struct fh_buf *out, const char *name, const struct fh_buf *bytes)
{
    FH_ASSERT(fh_buf_ok(bytes) == FH_OK);
    vector_begin(out, name, "encoding");
    vector_hex(out, "bytes", fh_buf_view(bytes));
    vector_value(out, "value", fh_buf_view(bytes));
}

static void good_length(struct fh_buf *out, const char *kind, size_t length, struct fh_buf *bytes)
{
    struct fh_buf name FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&name, 64);
    fh_buf_printf(&name, "%s.%zu", kind, length);
    good(out, fh_buf_cstr(&name), bytes);
    fh_buf_reset(bytes);
}

static void add_good(struct fh_buf *out)
{
    struct fh_buf b FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&b, 4096);
    fh_pack_nil(&b);
    good(out, "nil", &b);
    fh_buf_reset(&b);
    fh_pack_bool(&b, true);
    good(out, "true", &b);
    fh_buf_reset(&b);
    for (size_t i = 0; i < FH_COUNT(uint_cases); i++) {
        fh_buf_reset(&b);
        fh_pack_uint(&b, uint_cases[i].value);
        good(out, uint_cases[i].name, &b);
    }
    for (size_t i = 0; i < FH_COUNT(int_cases); i++) {
        fh_buf_reset(&b);
        fh_pack_int(&b, int_cases[i].value);
        good(out, int_cases[i].name, &b);
    }
    fh_buf_reset(&b);
    for (size_t i = 0; i < FH_COUNT(lengths); i++) {
        char text[256];
        memset(text, 'a', sizeof text);
        fh_pack_str(&b, fh_bytes(text, lengths[i]));
        good_length(out, "str", lengths[i], &b);
        fh_pack_bin(&b, fh_bytes(text, lengths[i]));
        good_length(out, "bin", lengths[i], &b);
        fh_pack_array(&b, (uint32_t)lengths[i]);
        for (size_t j = 0; j < lengths[i]; j++) {
            fh_pack_uint(&b, j % 4);
        }
        good_length(out, "array", lengths[i], &b);
    }
    fh_pack_cstr(&b, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\x8d \"quoted\"");
    good(out, "str.utf8", &b);
    fh_buf_reset(&b);
    fh_pack_map(&b, 4);
    fh_pack_cstr(&b, "");
    fh_pack_nil(&b);
    fh_pack_cstr(&b, "a");
    fh_pack_map(&b, 0);
    fh_pack_cstr(&b, "aa");
    fh_pack_array(&b, 1);
    fh_pack_bool(&b, false);
    fh_pack_cstr(&b, "b");
    fh_pack_int(&b, -7);
    good(out, "map.ascending", &b);
    fh_buf_reset(&b);
    for (int i = 0; i < 15; i++) {
        fh_pack_array(&b, 1);
    }
    fh_pack_array(&b, 0);
    good(out, "depth.16", &b);
}

static const struct bad_case {
    const char *name;
    const char *hex;
} bad_cases[] = {
    {"empty", ""},
    {"truncated.uint8", "cc"},
    {"truncated.uint64", "cf01020304050607"},
    {"truncated.str", "a36161"},
    {"truncated.str.head", "d9"},
    {"truncated.bin", "c40501020304"},
    {"truncated.array", "93c0c0"},
    {"truncated.map", "81a161"},
    {"claims.array", "ddffffffff"},
    {"claims.map", "dfffffffff"},
    {"claims.bin", "c6ffffffff"},
    {"claims.str", "dbffffffff"},
    {"trailing", "c0c0"},
    {"trailing.array", "90c0"},
    {"long.uint8", "cc7f"},
    {"long.uint16", "cd00ff"},
    {"long.uint32", "ce0000ffff"},
    {"long.uint64", "cf00000000ffffffff"},
    {"long.int8", "d0e0"},
    {"long.int8.positive", "d07f"},
    {"long.int16", "d1ff80"},
    {"long.int32", "d2ffff8000"},
    {"long.int64", "d3ffffffff80000000"},
    {"long.int64.positive", "d37fffffffffffffff"},
    {"long.str8",
     "d901"
     "61"},
    {"long.str16",
     "da0001"
     "61"},
    {"long.str32",
     "db00000001"
     "61"},
    {"long.bin16",
     "c50001"
     "61"},
    {"long.bin32",
     "c600000001"
     "61"},
    {"long.array16", "dc0001c0"},
    {"long.array32", "dd00000001c0"},
    {"long.map16", "de0001a161c0"},
    {"long.map32", "df00000001a161c0"},
    {"type.c1", "c1"},
    {"type.float32", "ca3f800000"},
    {"type.float64", "cb3ff0000000000000"},
    {"type.fixext1", "d40100"},
    {"type.ext8",
     "c70101"
     "00"},
    {"utf8.lone", "a180"},
    {"utf8.overlong", "a2c0af"},
    {"utf8.surrogate", "a3eda080"},
    {"utf8.cut", "a2e282"},
    {"utf8.nul", "a100"},
    {"utf8.beyond", "a4f4908080"},
    {"map.unsorted", "82a162c0a161c0"},
    {"map.twice", "82a161c0a161c0"},
    {"map.prefix_last", "82a26161c0a161c0"},
    {"map.key.uint", "8101c0"},
    {"map.key.bin", "81c40161c0"},
    {"map.key.array", "8190c0"},
    {"depth.17", "919191919191919191919191919191919190"},
};

static void add_bad(struct fh_buf *out)
{
    for (size_t i = 0; i < FH_COUNT(bad_cases); i++) {
        uint8_t bytes[64];
        size_t size = strlen(bad_cases[i].hex) / 2;
        struct fh_err err = {0};
        struct fh_pack_limits limits = fh_pack_limits(sizeof bytes);
        FH_ASSERT(fh_unhex(bytes, size, bad_cases[i].hex));
        vector_begin(out, bad_cases[i].name, "encoding");
        vector_hex(out, "bytes", fh_bytes(bytes, size));
        vector_refused(out, fh_pack_scan(fh_bytes(bytes, size), &limits, &err), &err);
    }
}

void vectors_encoding(struct fh_buf *out)
{
    vector_file(out, "Canonical encoding: proto/README.md, section 2.");
    add_good(out);
    add_bad(out);
}
