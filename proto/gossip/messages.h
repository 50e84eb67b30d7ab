/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages inside a datagram: a canonical array of arrays.
 *
 *     PING        [1, seq, target ref, [generation, incarnation, state as seen], health]
 *     ACK         [2, seq, generation, incarnation, member fp 16, catalogue fp 16, health]
 *     PING_REQ    [3, seq, target ref, inner]   inner: a whole datagram of mine for the target
 *     RELAYED_ACK [4, seq, inner]               inner: the target's whole datagram for the origin
 *     NACK        [5, seq]                      I relayed, and heard nothing
 *     RECORDS     [6, [record, ...]]
 *     RELAY_PING  [7, seq, inner]               what the relay sends to the target
 *     HINTS       [16, [hint, ...]]             I hold these: ask me (hint: key 16, record id 8)
 *     WANT        [17, [hint, ...]]             send me these
 *
 * A relay carries `inner` as bytes that only the two ends can open, so it can drop a probe but
 * neither forge nor alter an answer.
 *
 * Reading: fh_messages_begin scans, fh_messages_next gives one after the other; unknown types are
 * given as FH_MESSAGE_UNKNOWN. Writing: append to a letter, which keeps the count and the budget.
 *
 * Does not: seal. Thread: distinct objects. Ownership: views into the scanned bytes.
 */
#ifndef FH_PROTO_GOSSIP_MESSAGES_H
#define FH_PROTO_GOSSIP_MESSAGES_H

#include "proto/gossip/datagram.h"
#include "proto/gossip/gossip.h"
#include "proto/wire/pack.h"

enum fh_message_type {
    FH_MESSAGE_UNKNOWN = 0,
    FH_MESSAGE_PING = 1,
    FH_MESSAGE_ACK = 2,
    FH_MESSAGE_PING_REQ = 3,
    FH_MESSAGE_RELAYED_ACK = 4,
    FH_MESSAGE_NACK = 5,
    FH_MESSAGE_RECORDS = 6,
    FH_MESSAGE_RELAY_PING = 7,
    FH_MESSAGE_HINTS = 16,
    FH_MESSAGE_WANT = 17,
};

enum {
    FH_MESSAGES_MAX = 15, /* of one datagram: one byte tells the count */
    FH_MESSAGE_RECORDS_MAX = 24,
    FH_MESSAGE_HINTS_MAX = 32,
    FH_MESSAGE_WANTS_MAX = 8, /* more do not fit the one datagram that answers */
    FH_HINT_ID_BYTES = 8,
    FH_HINT_BYTES = 2 + FH_REF_BYTES + FH_HINT_ID_BYTES, /* with its msgpack head */
};

/* Names a record that travels: the key of its rumour (the node's reference for what a node says of
 * itself) and the first bytes of the record id. */
struct fh_hint {
    struct fh_ref key;
    uint8_t id[FH_HINT_ID_BYTES];
};

struct fh_message {
    enum fh_message_type type;
    uint64_t seq;
    struct fh_ref target;
    uint64_t generation; /* PING: as seen by the sender; ACK: own */
    uint32_t incarnation;
    enum fh_member_state state; /* PING */
    unsigned health;
    uint8_t members[FH_GOSSIP_FINGERPRINT_BYTES];   /* ACK */
    uint8_t catalogue[FH_GOSSIP_FINGERPRINT_BYTES]; /* ACK */
    struct fh_bytes inner;
    unsigned record_count;
    struct fh_bytes records[FH_MESSAGE_RECORDS_MAX];
    unsigned hint_count; /* HINTS, WANT */
    struct fh_hint hints[FH_MESSAGE_HINTS_MAX];
};

/* Scans the content and reads the head of the list. FH_EINVAL, FH_ETOOBIG. */
FH_MUST_CHECK int
fh_messages_begin(struct fh_pack_reader *reader, struct fh_bytes content, unsigned *out_count);
/* Reads the next one. FH_EINVAL: malformed; the rest of the datagram is of no use. */
FH_MUST_CHECK int fh_messages_next(struct fh_pack_reader *reader, struct fh_message *out);

/* A datagram's content while it is written; `buf` is the caller's and is emptied by begin. */
struct fh_letter {
    struct fh_buf *buf;
    unsigned count;
    size_t budget; /* content bytes in all */
};

void fh_letter_begin(struct fh_letter *letter, struct fh_buf *buf, size_t budget);
/* Appends any but RECORDS, HINTS and WANT. The caller knows that it fits (fh_letter_room). */
void fh_letter_add(struct fh_letter *letter, const struct fh_message *message);
/* Appends RECORDS; total encoded size known from fh_record_room. */
void fh_letter_add_records(struct fh_letter *letter,
                           const struct fh_bytes *records,
                           unsigned count);
/* Appends HINTS or WANT. */
void fh_letter_add_hints(struct fh_letter *letter,
                         enum fh_message_type type,
                         const struct fh_hint *hints,
                         unsigned count);
/* Bytes still free for the records of one RECORDS message. */
size_t fh_letter_room(const struct fh_letter *letter);
/* What HINTS take besides their hints. */
enum { FH_LETTER_HINTS_BYTES = 1 + 1 + 3 };
/* Bytes that one record takes inside RECORDS. */
static inline size_t fh_letter_record_bytes(size_t record_size)
{
    return record_size + (record_size < 256 ? 2 : 3);
}
/* The finished content; empty when there is no message or no memory. Lent. */
struct fh_bytes fh_letter_end(struct fh_letter *letter);

#endif
