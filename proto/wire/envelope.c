/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/envelope.h"

#include "common/assert.h"
#include "common/limits.h"

_Static_assert(FH_BATCH_BYTES_MAX + FH_FRAME_OVERHEAD_BYTES < FH_FRAME_REPLY_BYTES_MAX,
               "a sealed batch fits one reply");

const char *fh_frame_type_text(unsigned type)
{
    switch (type) {
#define X(name, code, text)                                                                        \
    case (code):                                                                                   \
        return (text);
        FH_FRAMES(X)
#undef X
    default:
        return "unknown";
    }
}

static void put_u64le(uint8_t *out, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(v >> (8 * i));
    }
}

static uint64_t get_u64le(const uint8_t *in)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) {
        v |= (uint64_t)in[i] << (8 * i);
    }
    return v;
}

/* What each type looks like: clear bytes before the body, and the sizes a whole frame may have. */
struct frame_shape {
    size_t header_bytes;
    size_t bytes_min;
    size_t bytes_max;
};

static struct frame_shape frame_shape(enum fh_frame_type type)
{
    switch (type) {
    case FH_FRAME_HS1:
        return (struct frame_shape){FH_FRAME_HANDSHAKE_BYTES,
                                    FH_FRAME_HANDSHAKE_BYTES + 1,
                                    FH_FRAME_UNAUTHENTICATED_BYTES_MAX};
    case FH_FRAME_HS2:
    case FH_FRAME_HS3:
        return (struct frame_shape){
            FH_FRAME_SESSION_BYTES, FH_FRAME_SESSION_BYTES + 1, FH_FRAME_UNAUTHENTICATED_BYTES_MAX};
    case FH_FRAME_REQUEST:
        return (struct frame_shape){
            FH_FRAME_HEADER_BYTES, FH_FRAME_OVERHEAD_BYTES, FH_FRAME_REQUEST_BYTES_MAX};
    case FH_FRAME_REPLY:
        return (struct frame_shape){
            FH_FRAME_HEADER_BYTES, FH_FRAME_OVERHEAD_BYTES, FH_FRAME_REPLY_BYTES_MAX};
    case FH_FRAME_REJECT:
        return (struct frame_shape){
            FH_FRAME_REJECT_BYTES, FH_FRAME_REJECT_BYTES, FH_FRAME_REJECT_BYTES};
    default:
        return (struct frame_shape){0, 0, 0};
    }
}

int fh_frame_parse(struct fh_frame *out, struct fh_bytes bytes, struct fh_err *err)
{
    if (bytes.size < FH_FRAME_HANDSHAKE_BYTES) {
        return fh_err_rule(
            err, FH_EPROTO, "frame.short", "a frame of %zu bytes has no header", bytes.size);
    }
    if (bytes.data[0] != FH_WIRE_VERSION) {
        return fh_err_rule(err,
                           FH_EVERSION,
                           "frame.version",
                           "frame version %u; this build speaks %d",
                           (unsigned)bytes.data[0],
                           FH_WIRE_VERSION);
    }
    enum fh_frame_type type = (enum fh_frame_type)bytes.data[1];
    struct frame_shape shape = frame_shape(type);
    if (shape.bytes_max == 0) {
        return fh_err_rule(
            err, FH_EPROTO, "frame.type", "frame type %u is unknown", (unsigned)bytes.data[1]);
    }
    if (bytes.size < shape.bytes_min) {
        return fh_err_rule(err,
                           FH_EPROTO,
                           "frame.short",
                           "a %s frame of %zu bytes; it has at least %zu",
                           fh_frame_type_text(type),
                           bytes.size,
                           shape.bytes_min);
    }
    if (bytes.size > shape.bytes_max) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "frame.long",
                           "a %s frame of %zu bytes; it has at most %zu",
                           fh_frame_type_text(type),
                           bytes.size,
                           shape.bytes_max);
    }
    struct fh_frame frame = {
        .type = type,
        .header = fh_bytes(bytes.data, shape.header_bytes),
        .body = fh_bytes(bytes.data + shape.header_bytes, bytes.size - shape.header_bytes),
    };
    if (type == FH_FRAME_REJECT) {
        frame.code = bytes.data[2] << 8 | bytes.data[3];
    } else if (type != FH_FRAME_HS1) {
        frame.session = fh_get_u64be(bytes.data + FH_FRAME_HANDSHAKE_BYTES);
    }
    if (shape.header_bytes == FH_FRAME_HEADER_BYTES) {
        frame.counter = get_u64le(bytes.data + FH_FRAME_SESSION_BYTES);
    }
    *out = frame;
    return FH_OK;
}

void fh_frame_header(uint8_t out[FH_FRAME_HEADER_BYTES],
                     enum fh_frame_type type,
                     uint64_t session,
                     uint64_t counter)
{
    out[0] = FH_WIRE_VERSION;
    out[1] = (uint8_t)type;
    fh_put_u64be(out + FH_FRAME_HANDSHAKE_BYTES, session);
    put_u64le(out + FH_FRAME_SESSION_BYTES, counter);
}

void fh_frame_handshake(struct fh_buf *out, enum fh_frame_type type, uint64_t session)
{
    fh_buf_add_u8(out, FH_WIRE_VERSION);
    fh_buf_add_u8(out, (uint8_t)type);
    if (type != FH_FRAME_HS1) {
        uint8_t number[8];
        fh_put_u64be(number, session);
        fh_buf_add(out, number, sizeof number);
    }
}

void fh_frame_reject(struct fh_buf *out, int code)
{
    FH_ASSERT(code > 0 && code <= UINT16_MAX);
    fh_buf_add_u8(out, FH_WIRE_VERSION);
    fh_buf_add_u8(out, FH_FRAME_REJECT);
    fh_buf_add_u8(out, (uint8_t)(code >> 8));
    fh_buf_add_u8(out, (uint8_t)code);
}

bool fh_frame_forgets(const struct fh_frame *frame)
{
    return frame->type == FH_FRAME_REJECT &&
           (frame->code == FH_ENOTFOUND || frame->code == FH_ESTALE || frame->code == FH_ESTATE);
}

struct fh_bytes fh_frame_tag(const struct fh_frame *frame)
{
    FH_ASSERT(frame->body.size >= FH_AEAD_TAG_BYTES);
    return fh_bytes(frame->body.data + frame->body.size - FH_AEAD_TAG_BYTES, FH_AEAD_TAG_BYTES);
}
