/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vectors/writer.h"

#include "common/assert.h"
#include "proto/wire/pack.h"

#include <inttypes.h>

void vector_file(struct fh_buf *out, const char *about)
{
    fh_buf_printf(out, "# SPDX-License-Identifier: Apache-2.0\n# %s\n", about);
}

void vector_begin(struct fh_buf *out, const char *name, const char *kind)
{
    fh_buf_printf(out, "\nvector: %s\nkind: %s\n", name, kind);
}

void vector_text(struct fh_buf *out, const char *key, const char *text)
{
    fh_buf_printf(out, "%s: %s\n", key, text);
}

static void add_hex(struct fh_buf *out, struct fh_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        fh_buf_printf(out, "%02x", bytes.data[i]);
    }
}

void vector_hex(struct fh_buf *out, const char *key, struct fh_bytes bytes)
{
    fh_buf_printf(out, "%s: ", key);
    add_hex(out, bytes);
    fh_buf_add_u8(out, '\n');
}

void vector_uint(struct fh_buf *out, const char *key, uint64_t value)
{
    fh_buf_printf(out, "%s: %" PRIu64 "\n", key, value);
}

static void add_string(struct fh_buf *out, struct fh_bytes text)
{
    fh_buf_add_u8(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c < 0x20 || c == 0x7f) {
            fh_buf_printf(out, "\\u%04x", c);
        } else {
            if (c == '"' || c == '\\') {
                fh_buf_add_u8(out, '\\');
            }
            fh_buf_add_u8(out, c);
        }
    }
    fh_buf_add_u8(out, '"');
}

static void add_value(struct fh_buf *out, struct fh_pack_reader *reader);

static void add_list(struct fh_buf *out, struct fh_pack_reader *reader, bool map)
{
    uint32_t count =
        map ? fh_pack_read_map(reader, UINT32_MAX) : fh_pack_read_array(reader, UINT32_MAX);
    fh_buf_add_u8(out, map ? '{' : '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            fh_buf_add_cstr(out, ",");
        }
        if (map) {
            add_string(out, fh_pack_read_str(reader, SIZE_MAX));
            fh_buf_add_u8(out, ':');
        }
        add_value(out, reader);
    }
    fh_buf_add_u8(out, map ? '}' : ']');
}

static void add_value(struct fh_buf *out, struct fh_pack_reader *reader)
{
    switch (fh_pack_peek(reader)) {
    case FH_PACK_NIL:
        fh_pack_skip(reader);
        fh_buf_add_cstr(out, "null");
        break;
    case FH_PACK_BOOL:
        fh_buf_add_cstr(out, fh_pack_read_bool(reader) ? "true" : "false");
        break;
    case FH_PACK_UINT:
        fh_buf_printf(out, "%" PRIu64, fh_pack_read_uint(reader, UINT64_MAX));
        break;
    case FH_PACK_INT:
        fh_buf_printf(out, "%" PRId64, fh_pack_read_int(reader));
        break;
    case FH_PACK_STR:
        add_string(out, fh_pack_read_str(reader, SIZE_MAX));
        break;
    case FH_PACK_BIN:
        fh_buf_add_cstr(out, "\"0x");
        add_hex(out, fh_pack_read_bin(reader, SIZE_MAX));
        fh_buf_add_u8(out, '"');
        break;
    case FH_PACK_ARRAY:
        add_list(out, reader, false);
        break;
    case FH_PACK_MAP:
        add_list(out, reader, true);
        break;
    case FH_PACK_KIND_COUNT:
        FH_ASSERT(reader->failed == FH_OK);
        break;
    }
}

void vector_value(struct fh_buf *out, const char *key, struct fh_bytes canonical)
{
    struct fh_pack_limits limits = fh_pack_limits(canonical.size);
    struct fh_pack_reader reader;
    FH_ASSERT(fh_pack_scan(canonical, &limits, NULL) == FH_OK);
    fh_pack_read_init(&reader, canonical);
    fh_buf_printf(out, "%s: ", key);
    add_value(out, &reader);
    fh_buf_add_u8(out, '\n');
}

void vector_refused(struct fh_buf *out, int code, const struct fh_err *err)
{
    FH_ASSERT(code != FH_OK);
    FH_ASSERT(err->rule[0] != '\0');
    vector_text(out, "refused", err->rule);
}
