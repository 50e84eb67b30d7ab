/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical bytes: what the scanner accepts, the reader reads and the writer writes again as the
 * very same bytes; what it refuses, the reader survives. Then the same bytes as an invitation text.
 */
#include "proto/identity/admission.h"
#include "proto/wire/pack.h"

#include "common/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_BYTES = 64 * 1024 };

static void copy_value(struct fh_pack_reader *reader, struct fh_buf *out);

static void copy_list(struct fh_pack_reader *reader, struct fh_buf *out, bool map)
{
    uint32_t count =
        map ? fh_pack_read_map(reader, UINT32_MAX) : fh_pack_read_array(reader, UINT32_MAX);
    if (map) {
        fh_pack_map(out, count);
    } else {
        fh_pack_array(out, count);
    }
    for (uint32_t i = 0; i < count && reader->failed == FH_OK; i++) {
        if (map) {
            fh_pack_str(out, fh_pack_read_str(reader, SIZE_MAX));
        }
        copy_value(reader, out);
    }
}

static void copy_value(struct fh_pack_reader *reader, struct fh_buf *out)
{
    switch (fh_pack_peek(reader)) {
    case FH_PACK_NIL:
        fh_pack_skip(reader);
        fh_pack_nil(out);
        break;
    case FH_PACK_BOOL:
        fh_pack_bool(out, fh_pack_read_bool(reader));
        break;
    case FH_PACK_UINT:
        fh_pack_uint(out, fh_pack_read_uint(reader, UINT64_MAX));
        break;
    case FH_PACK_INT:
        fh_pack_int(out, fh_pack_read_int(reader));
        break;
    case FH_PACK_STR:
        fh_pack_str(out, fh_pack_read_str(reader, SIZE_MAX));
        break;
    case FH_PACK_BIN:
        fh_pack_bin(out, fh_pack_read_bin(reader, SIZE_MAX));
        break;
    case FH_PACK_ARRAY:
        copy_list(reader, out, false);
        break;
    case FH_PACK_MAP:
        copy_list(reader, out, true);
        break;
    case FH_PACK_KIND_COUNT:
        FH_ASSERT(reader->failed != FH_OK);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_pack_limits limits = fh_pack_limits(SIZE_MAX_BYTES);
    struct fh_bytes bytes = fh_bytes(data, size);
    struct fh_pack_reader reader;
    struct fh_err err = {0};
    fh_pack_read_init(&reader, bytes);
    if (fh_pack_scan(bytes, &limits, &err) == FH_OK) {
        struct fh_buf again FH_CLEANUP(fh_buf_fini);
        fh_buf_init(&again, SIZE_MAX_BYTES);
        copy_value(&reader, &again);
        FH_ASSERT(fh_pack_read_ok(&reader, "value", NULL) == FH_OK);
        FH_ASSERT(fh_pack_at_end(&reader));
        FH_ASSERT(fh_buf_ok(&again) == FH_OK);
        FH_ASSERT(fh_bytes_equal(fh_buf_view(&again), bytes));
        fh_pack_read_init(&reader, bytes);
        FH_ASSERT(fh_pack_read_raw(&reader).size == size);
    } else {
        FH_ASSERT(err.rule[0] != '\0');
        fh_pack_skip(&reader);
    }
    struct fh_invitation_ticket ticket;
    struct fh_invitation invitation;
    if (fh_crypto_init() == FH_OK &&
        fh_invitation_parse(&ticket, &invitation, bytes, NULL) == FH_OK) {
        FH_ASSERT(ticket.address_count <= FH_ADDRESSES_MAX);
        fh_invitation_ticket_wipe(&ticket);
    }
    return 0;
}
