/* SPDX-License-Identifier: Apache-2.0 */
/* FEED: the one question whose answer goes to another worker. */
#include "proto/query/channel.h"

#include "proto/query/payload.h"

enum { FEED_FIELDS = 4, TYPE_FIELDS = 3 };

void fh_channel_put_feed(struct fh_buf *out, const struct fh_channel_feed *feed)
{
    fh_pack_array(out, FEED_FIELDS);
    fh_pack_uint(out, FH_CHANNEL_VERSION);
    fh_pack_uint(out, feed->id);
    fh_pack_str(out, feed->sql);
    fh_pack_array(out, feed->column_count);
    for (uint32_t i = 0; i < feed->column_count; i++) {
        fh_pack_array(out, TYPE_FIELDS);
        fh_pack_uint(out, feed->types[i].code);
        fh_pack_uint(out, feed->types[i].precision);
        fh_pack_uint(out, feed->types[i].scale);
    }
}

static struct fh_type read_type(struct fh_pack_reader *r)
{
    uint32_t fields = fh_pack_read_record(r, TYPE_FIELDS);
    struct fh_type type = {.code = (uint8_t)fh_pack_read_uint(r, UINT8_MAX)};
    type.precision = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    type.scale = (uint8_t)fh_pack_read_uint(r, UINT8_MAX);
    fh_pack_read_record_end(r, fields, TYPE_FIELDS);
    if (r->failed == FH_OK && !fh_type_valid(type)) {
        fh_pack_fail(r, "expected a column type of this version");
    }
    return type;
}

int fh_channel_get_feed(struct fh_channel_feed *out,
                        struct fh_bytes payload,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    struct fh_pack_reader r;
    uint32_t fields = 0;
    int code = fh_payload_begin(&r, payload, FH_CHANNEL_FEED_BYTES_MAX, FEED_FIELDS, &fields, err);
    if (code != FH_OK) {
        return code;
    }
    uint64_t version = fh_pack_read_uint(&r, UINT32_MAX);
    if (r.failed == FH_OK && version != FH_CHANNEL_VERSION) {
        return fh_err_rule(
            err, FH_EPROTO, "channel.version", "channel: FEED of a version not known here");
    }
    struct fh_channel_feed feed = {.id = fh_pack_read_uint(&r, UINT64_MAX)};
    feed.sql = fh_pack_read_str(&r, FH_CHANNEL_FEED_BYTES_MAX);
    feed.column_count = fh_pack_read_array(&r, FH_BATCH_COLUMNS_MAX);
    struct fh_type *types = fh_arena_array(arena, (size_t)feed.column_count + 1, sizeof *types);
    if (types == NULL) {
        return fh_err_set(err, FH_ENOMEM, "channel: no memory for columns");
    }
    for (uint32_t i = 0; i < feed.column_count && r.failed == FH_OK; i++) {
        types[i] = read_type(&r);
    }
    feed.types = types;
    code = fh_payload_end(&r, fields, FEED_FIELDS, "FEED", err);
    if (code == FH_OK) {
        *out = feed;
    }
    return code;
}
