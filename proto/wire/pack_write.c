/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/pack.h"

#include <msgpack.h>

/* msgpack-c's packer writes the shortest forms into our buffer. */

static int append(void *buf, const char *data, size_t size)
{
    fh_buf_add(buf, data, size);
    return 0; /* failures stick in the buffer */
}

static msgpack_packer packer_of(struct fh_buf *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, append);
    return packer;
}

void fh_pack_nil(struct fh_buf *out)
{
    msgpack_packer packer = packer_of(out);
    msgpack_pack_nil(&packer);
}

void fh_pack_bool(struct fh_buf *out, bool value)
{
    msgpack_packer packer = packer_of(out);
    if (value) {
        msgpack_pack_true(&packer);
    } else {
        msgpack_pack_false(&packer);
    }
}

void fh_pack_uint(struct fh_buf *out, uint64_t value)
{
    msgpack_packer packer = packer_of(out);
    msgpack_pack_uint64(&packer, value);
}

void fh_pack_int(struct fh_buf *out, int64_t value)
{
    msgpack_packer packer = packer_of(out);
    msgpack_pack_int64(&packer, value);
}

/* The format has no longer strings, bins or containers than 2^32 - 1. */
static bool fits(struct fh_buf *out, size_t size)
{
    if (size > UINT32_MAX && out->failed == FH_OK) {
        out->failed = FH_ETOOBIG;
    }
    return size <= UINT32_MAX;
}

void fh_pack_str(struct fh_buf *out, struct fh_bytes utf8)
{
    msgpack_packer packer = packer_of(out);
    if (fits(out, utf8.size)) {
        msgpack_pack_str(&packer, utf8.size);
        fh_buf_add_bytes(out, utf8);
    }
}

void fh_pack_cstr(struct fh_buf *out, const char *utf8)
{
    fh_pack_str(out, fh_bytes_cstr(utf8));
}

void fh_pack_bin(struct fh_buf *out, struct fh_bytes bytes)
{
    if (fits(out, bytes.size)) {
        fh_pack_bin_head(out, (uint32_t)bytes.size);
        fh_buf_add_bytes(out, bytes);
    }
}

void fh_pack_optional(struct fh_buf *out, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size && bytes[at] == 0) {
        at++;
    }
    fh_pack_bin(out, fh_bytes(bytes, at == size ? 0 : size));
}

void fh_pack_bin_head(struct fh_buf *out, uint32_t size)
{
    msgpack_packer packer = packer_of(out);
    msgpack_pack_bin(&packer, size);
}

void fh_pack_array(struct fh_buf *out, uint32_t count)
{
    msgpack_packer packer = packer_of(out);
    msgpack_pack_array(&packer, count);
}

void fh_pack_map(struct fh_buf *out, uint32_t count)
{
    msgpack_packer packer = packer_of(out);
    msgpack_pack_map(&packer, count);
}
