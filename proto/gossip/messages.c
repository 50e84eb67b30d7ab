/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/messages.h"

#include "common/assert.h"
#include "proto/gossip/facts.h"

#include <string.h>

enum {
    DEPTH_MAX = 4,
    ITEMS_MAX = 160,
    PING_FIELDS = 5,
    SEEN_FIELDS = 3,
    ACK_FIELDS = 7,
    PING_REQ_FIELDS = 4,
    RELAYED_FIELDS = 3,
    NACK_FIELDS = 2,
    RECORDS_FIELDS = 2,
    HINTS_FIELDS = 2,
    HEALTH_MAX = 255,
    RECORDS_OVERHEAD_BYTES = 1 + 1 + 3, /* array of 2, type, array head */
};

int fh_messages_begin(struct fh_pack_reader *reader, struct fh_bytes content, unsigned *out_count)
{
    struct fh_pack_limits limits = {
        .bytes_max = FH_DATAGRAM_CONTENT_BYTES_MAX, .depth_max = DEPTH_MAX, .items_max = ITEMS_MAX};
    int code = fh_pack_scan(content, &limits, NULL);
    if (code != FH_OK) {
        return code;
    }
    fh_pack_read_init(reader, content);
    *out_count = fh_pack_read_array(reader, FH_MESSAGES_MAX);
    return reader->failed;
}

static void read_ping(struct fh_pack_reader *in, struct fh_message *m)
{
    fh_pack_read_fixed(in, m->target.b, sizeof m->target.b);
    uint32_t seen = fh_pack_read_record(in, SEEN_FIELDS);
    m->generation = fh_pack_read_uint(in, INT64_MAX);
    m->incarnation = (uint32_t)fh_pack_read_uint(in, FH_FACT_INCARNATION_MAX);
    m->state = (enum fh_member_state)fh_pack_read_uint(in, FH_MEMBER_STATE_COUNT - 1);
    fh_pack_read_record_end(in, seen, SEEN_FIELDS);
    m->health = (unsigned)fh_pack_read_uint(in, HEALTH_MAX);
}

static void read_ack(struct fh_pack_reader *in, struct fh_message *m)
{
    m->generation = fh_pack_read_uint(in, INT64_MAX);
    m->incarnation = (uint32_t)fh_pack_read_uint(in, FH_FACT_INCARNATION_MAX);
    fh_pack_read_fixed(in, m->members, sizeof m->members);
    fh_pack_read_fixed(in, m->catalogue, sizeof m->catalogue);
    m->health = (unsigned)fh_pack_read_uint(in, HEALTH_MAX);
}

static void read_records(struct fh_pack_reader *in, struct fh_message *m)
{
    m->record_count = fh_pack_read_array(in, FH_MESSAGE_RECORDS_MAX);
    for (unsigned i = 0; i < m->record_count && in->failed == FH_OK; i++) {
        m->records[i] = fh_pack_read_bin(in, FH_RECORD_GOSSIP_BYTES_MAX);
    }
}

static void read_hints(struct fh_pack_reader *in, struct fh_message *m, unsigned most)
{
    m->hint_count = fh_pack_read_array(in, most);
    for (unsigned i = 0; i < m->hint_count && in->failed == FH_OK; i++) {
        uint8_t bytes[FH_REF_BYTES + FH_HINT_ID_BYTES];
        fh_pack_read_fixed(in, bytes, sizeof bytes);
        memcpy(m->hints[i].key.b, bytes, FH_REF_BYTES);
        memcpy(m->hints[i].id, bytes + FH_REF_BYTES, FH_HINT_ID_BYTES);
    }
}

/* X(type, fields) of what this version reads. */
static uint32_t fields_of(uint64_t type)
{
    static const uint8_t fields[] = {[FH_MESSAGE_PING] = PING_FIELDS,
                                     [FH_MESSAGE_ACK] = ACK_FIELDS,
                                     [FH_MESSAGE_PING_REQ] = PING_REQ_FIELDS,
                                     [FH_MESSAGE_RELAYED_ACK] = RELAYED_FIELDS,
                                     [FH_MESSAGE_NACK] = NACK_FIELDS,
                                     [FH_MESSAGE_RECORDS] = RECORDS_FIELDS,
                                     [FH_MESSAGE_RELAY_PING] = RELAYED_FIELDS,
                                     [FH_MESSAGE_HINTS] = HINTS_FIELDS,
                                     [FH_MESSAGE_WANT] = HINTS_FIELDS};
    return type < FH_COUNT(fields) ? fields[type] : 0;
}

static void read_body(struct fh_pack_reader *in, struct fh_message *m)
{
    if (m->type != FH_MESSAGE_RECORDS && m->type != FH_MESSAGE_HINTS &&
        m->type != FH_MESSAGE_WANT) {
        m->seq = fh_pack_read_uint(in, UINT64_MAX);
    }
    switch (m->type) {
    case FH_MESSAGE_PING:
        read_ping(in, m);
        break;
    case FH_MESSAGE_ACK:
        read_ack(in, m);
        break;
    case FH_MESSAGE_PING_REQ:
        fh_pack_read_fixed(in, m->target.b, sizeof m->target.b);
        m->inner = fh_pack_read_bin(in, FH_DATAGRAM_BYTES_MAX);
        break;
    case FH_MESSAGE_RELAYED_ACK:
    case FH_MESSAGE_RELAY_PING:
        m->inner = fh_pack_read_bin(in, FH_DATAGRAM_BYTES_MAX);
        break;
    case FH_MESSAGE_RECORDS:
        read_records(in, m);
        break;
    case FH_MESSAGE_HINTS:
        read_hints(in, m, FH_MESSAGE_HINTS_MAX);
        break;
    case FH_MESSAGE_WANT:
        read_hints(in, m, FH_MESSAGE_WANTS_MAX);
        break;
    case FH_MESSAGE_NACK:
    case FH_MESSAGE_UNKNOWN:
        break;
    }
}

int fh_messages_next(struct fh_pack_reader *reader, struct fh_message *out)
{
    out->type = FH_MESSAGE_UNKNOWN;
    out->record_count = 0;
    out->hint_count = 0;
    out->inner = FH_BYTES_NONE;
    struct fh_pack_reader ahead = *reader;
    (void)fh_pack_read_record(&ahead, 1);
    uint64_t type = fh_pack_read_uint(&ahead, UINT64_MAX);
    if (ahead.failed != FH_OK) {
        return ahead.failed;
    }
    uint32_t fields = fields_of(type);
    if (fields == 0) {
        fh_pack_skip(reader); /* a newer version's message */
        return reader->failed;
    }
    out->type = (enum fh_message_type)type;
    uint32_t count = fh_pack_read_record(reader, fields);
    (void)fh_pack_read_uint(reader, UINT64_MAX);
    read_body(reader, out);
    fh_pack_read_record_end(reader, count, fields);
    return reader->failed;
}

/* ---- writing --------------------------------------------------------------------------------- */

void fh_letter_begin(struct fh_letter *letter, struct fh_buf *buf, size_t budget)
{
    FH_ASSERT(budget <= FH_DATAGRAM_CONTENT_BYTES_MAX);
    *letter = (struct fh_letter){.buf = buf, .budget = budget};
    fh_buf_reset(buf);
    fh_pack_array(buf, 0); /* one byte; the count is put in at the end */
}

static void add_head(struct fh_letter *letter, uint32_t fields, enum fh_message_type type)
{
    FH_ASSERT(letter->count < FH_MESSAGES_MAX);
    letter->count++;
    fh_pack_array(letter->buf, fields);
    fh_pack_uint(letter->buf, (uint64_t)type);
}

void fh_letter_add(struct fh_letter *letter, const struct fh_message *m)
{
    FH_ASSERT(m->type != FH_MESSAGE_RECORDS);
    FH_ASSERT(m->type != FH_MESSAGE_HINTS);
    FH_ASSERT(m->type != FH_MESSAGE_WANT);
    FH_ASSERT(m->type != FH_MESSAGE_UNKNOWN);
    struct fh_buf *out = letter->buf;
    add_head(letter, fields_of((uint64_t)m->type), m->type);
    fh_pack_uint(out, m->seq);
    if (m->type == FH_MESSAGE_PING || m->type == FH_MESSAGE_PING_REQ) {
        fh_pack_bin(out, fh_bytes(m->target.b, sizeof m->target.b));
    }
    if (m->type == FH_MESSAGE_PING) {
        fh_pack_array(out, SEEN_FIELDS);
        fh_pack_uint(out, m->generation);
        fh_pack_uint(out, m->incarnation);
        fh_pack_uint(out, (uint64_t)m->state);
        fh_pack_uint(out, m->health);
    } else if (m->type == FH_MESSAGE_ACK) {
        fh_pack_uint(out, m->generation);
        fh_pack_uint(out, m->incarnation);
        fh_pack_bin(out, fh_bytes(m->members, sizeof m->members));
        fh_pack_bin(out, fh_bytes(m->catalogue, sizeof m->catalogue));
        fh_pack_uint(out, m->health);
    } else if (m->type != FH_MESSAGE_NACK) {
        fh_pack_bin(out, m->inner);
    }
}

void fh_letter_add_records(struct fh_letter *letter, const struct fh_bytes *records, unsigned count)
{
    FH_ASSERT(count > 0);
    FH_ASSERT(count <= FH_MESSAGE_RECORDS_MAX);
    add_head(letter, RECORDS_FIELDS, FH_MESSAGE_RECORDS);
    fh_pack_array(letter->buf, count);
    for (unsigned i = 0; i < count; i++) {
        fh_pack_bin(letter->buf, records[i]);
    }
}

void fh_letter_add_hints(struct fh_letter *letter,
                         enum fh_message_type type,
                         const struct fh_hint *hints,
                         unsigned count)
{
    FH_ASSERT(type == FH_MESSAGE_HINTS || type == FH_MESSAGE_WANT);
    FH_ASSERT(count > 0);
    FH_ASSERT(count <= (type == FH_MESSAGE_HINTS ? FH_MESSAGE_HINTS_MAX : FH_MESSAGE_WANTS_MAX));
    add_head(letter, HINTS_FIELDS, type);
    fh_pack_array(letter->buf, count);
    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[FH_REF_BYTES + FH_HINT_ID_BYTES];
        memcpy(bytes, hints[i].key.b, FH_REF_BYTES);
        memcpy(bytes + FH_REF_BYTES, hints[i].id, FH_HINT_ID_BYTES);
        fh_pack_bin(letter->buf, fh_bytes(bytes, sizeof bytes));
    }
}

size_t fh_letter_room(const struct fh_letter *letter)
{
    size_t used = letter->buf->size + RECORDS_OVERHEAD_BYTES;
    return letter->budget > used && letter->count < FH_MESSAGES_MAX ? letter->budget - used : 0;
}

struct fh_bytes fh_letter_end(struct fh_letter *letter)
{
    if (letter->count == 0 || fh_buf_ok(letter->buf) != FH_OK) {
        return FH_BYTES_NONE;
    }
    FH_ASSERT(letter->buf->size <= letter->budget);
    letter->buf->data[0] = (uint8_t)(0x90 | letter->count); /* fixarray */
    return fh_buf_view(letter->buf);
}
