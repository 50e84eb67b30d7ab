/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/node/worker/frames_good.h"

#include "common/assert.h"
#include "proto/query/profile.h"
#include "tests/node/worker/frames.h"

#include <stdio.h>
#include <string.h>

static const struct fh_column columns[] = {
    {.name = "id", .source = "", .type = {.code = FH_TYPE_INT64}},
    {.name = "item", .source = "", .type = {.code = FH_TYPE_VARCHAR}},
};
const uint32_t frame_indices[2] = {0, 1};

/* A batch of one column: its header, or that of another's making, and its buffers. */
void frame_put_batch(struct fh_buf *out, uint64_t id, const struct fh_bytes *other_header)
{
    static _Alignas(64) uint8_t bytes[4096];
    struct fh_batch_slot slot = {
        .name = fh_bytes_cstr("item"), .type = {.code = FH_TYPE_VARCHAR}, .variable_size = 4};
    struct fh_buf header FH_CLEANUP(fh_buf_fini);
    struct fh_err err;
    size_t size = 0;
    fh_buf_init(&header, 4096);
    FH_ASSERT(fh_batch_begin(bytes, sizeof bytes, 2, &slot, 1, &header, &size, &err) == FH_OK);
    const int32_t offsets[] = {0, 2, 4};
    memcpy(slot.offsets, offsets, sizeof offsets);
    memcpy(slot.data, "abcd", 4);
    uint8_t *head = fh_buf_reserve(out, FH_CHANNEL_BATCH_BYTES);
    FH_ASSERT(head != NULL);
    fh_put_u64be(head, id);
    if (other_header == NULL) {
        fh_buf_add(out, bytes, size);
        return;
    }
    size_t body = (4 + fh_get_u32be(bytes) + FH_BATCH_ALIGN - 1) / FH_BATCH_ALIGN * FH_BATCH_ALIGN;
    size_t padding = (FH_BATCH_ALIGN - (4 + other_header->size) % FH_BATCH_ALIGN) % FH_BATCH_ALIGN;
    uint8_t length[4];
    fh_put_u32be(length, (uint32_t)other_header->size);
    fh_buf_add(out, length, sizeof length);
    fh_buf_add_bytes(out, *other_header);
    for (size_t i = 0; i < padding; i++) {
        fh_buf_add_u8(out, 0);
    }
    fh_buf_add(out, bytes + body, size - body);
}

void frame_put_batch_header(struct fh_buf *out)
{
    struct fh_buf batch FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&batch, 8192);
    frame_put_batch(&batch, FRAME_QUESTION, NULL);
    const uint8_t *at = batch.data + FH_CHANNEL_BATCH_BYTES;
    fh_buf_add(out, at + 4, fh_get_u32be(at));
}

void frame_put_count(struct fh_buf *out, uint64_t id, uint64_t count)
{
    fh_channel_put_count(out, &(struct fh_channel_count){.id = id, .count = count});
}

static void put_error(struct fh_buf *out)
{
    struct fh_channel_error error = {.id = FRAME_QUESTION, .code = FH_ESQL, .position = 1};
    snprintf(error.rule, sizeof error.rule, "sql.bind");
    snprintf(error.text, sizeof error.text, "no such column");
    fh_channel_put_error(out, &error);
}

void frame_put_scan(struct fh_buf *out, uint64_t scan)
{
    fh_channel_put_scan(
        out,
        &(struct fh_channel_scan){
            .scan = scan, .number = 0, .want = 1, .column_count = 2, .columns = frame_indices});
}

static void put_probed(struct fh_buf *out)
{
    static const struct fh_probe_result result = {.state = FH_PROBE_REFUSED, .reason = "no"};
    fh_channel_put_probed(out,
                          &(struct fh_channel_probed){.id = FRAME_QUESTION,
                                                      .rows = 3,
                                                      .elapsed_us = 10,
                                                      .missing_count = 1,
                                                      .missing = frame_indices,
                                                      .result_count = 1,
                                                      .results = &result});
}

static void put_profiled(struct fh_buf *out)
{
    struct fh_profile_column member = {.name = "x", .type = "BIGINT", .minimum = "", .maximum = ""};
    struct fh_profile_column column = {.name = "id",
                                       .type = "STRUCT(x BIGINT)",
                                       .shape = FH_PROFILE_OBJECT,
                                       .observed = true,
                                       .nulls = 1,
                                       .minimum = "1",
                                       .maximum = "9",
                                       .sampled = 3,
                                       .likeness = FH_LIKENESS_COUNT,
                                       .example_count = 1,
                                       .examples = {"4"},
                                       .column_count = 1,
                                       .columns = &member};
    fh_profile_put(out,
                   &(struct fh_profile){.id = FRAME_QUESTION,
                                        .rows = 3,
                                        .definition = "",
                                        .column_count = 1,
                                        .columns = &column});
}

void frame_put_payload(struct fh_buf *out, unsigned kind)
{
    static const char *cells[] = {"a", "b"};
    struct fh_profile_table table = {.schema = "main", .name = "orders"};
    switch (kind) {
    case FH_CHANNEL_HELLO:
        fh_channel_put_hello(
            out, &(struct fh_channel_hello){.version = FH_CHANNEL_VERSION, .engine = "v1"});
        break;
    case FH_CHANNEL_PARSED:
        fh_channel_put_text(out,
                            &(struct fh_channel_text){.id = FRAME_QUESTION,
                                                      .sql = fh_bytes_cstr("{\"error\":false}")});
        break;
    case FH_CHANNEL_DESCRIBED:
        fh_channel_put_described(out,
                                 &(struct fh_channel_described){.id = FRAME_QUESTION,
                                                                .column_count = FH_COUNT(columns),
                                                                .columns = columns});
        break;
    case FH_CHANNEL_PROBED:
        put_probed(out);
        break;
    case FH_CHANNEL_SAMPLED:
        fh_channel_put_sampled(
            out,
            &(struct fh_channel_sampled){
                .id = FRAME_QUESTION, .row_count = 2, .column_count = 1, .cells = cells});
        break;
    case FH_CHANNEL_PROFILED:
        put_profiled(out);
        break;
    case FH_CHANNEL_CATALOGUED:
        fh_profile_put_catalogue(out,
                                 &(struct fh_profile_catalogue){
                                     .id = FRAME_QUESTION, .table_count = 1, .tables = &table});
        break;
    case FH_CHANNEL_BATCH:
        frame_put_batch(out, FRAME_QUESTION, NULL);
        break;
    case FH_CHANNEL_END:
        fh_channel_put_end(out, &(struct fh_channel_end){.id = FRAME_QUESTION});
        break;
    case FH_CHANNEL_ERROR:
        put_error(out);
        break;
    case FH_CHANNEL_SCAN_OPEN:
        frame_put_scan(out, FRAME_SCAN);
        break;
    case FH_CHANNEL_SCAN_WANT:
    case FH_CHANNEL_SCAN_CLOSE:
        frame_put_count(out, FRAME_SCAN, 1);
        break;
    default:
        frame_put_count(out, 0, 0);
        break;
    }
}

void frame_put_frame(struct fh_buf *out, unsigned kind, const struct fh_buf *payload)
{
    uint8_t head[FH_CHANNEL_HEAD_BYTES];
    FH_ASSERT(fh_buf_ok(payload) == FH_OK);
    fh_channel_put_head(head, kind, payload->size);
    fh_buf_add(out, head, sizeof head);
    fh_buf_add_bytes(out, fh_buf_view(payload));
}

void frame_put_good(struct fh_buf *out, unsigned kind)
{
    struct fh_buf payload FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&payload, FRAME_BYTES_MAX);
    frame_put_payload(&payload, kind);
    frame_put_frame(out, kind, &payload);
}
