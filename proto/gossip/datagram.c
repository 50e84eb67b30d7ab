/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/gossip/datagram.h"

#include "common/assert.h"

#include <string.h>

enum {
    AT_TAG = 1,
    AT_SENDER = 9,
    AT_BOOT = 17,
    AT_COUNTER = 33,
};
_Static_assert(AT_COUNTER + 8 == FH_DATAGRAM_HEADER_BYTES, "the counter ends the header");

void fh_datagram_mesh_tag(uint8_t out[FH_DATAGRAM_TAG_BYTES], const struct fh_mesh_id *mesh)
{
    static const char text[] = "freehold/v1/mesh-tag";
    const struct fh_bytes parts[] = {fh_bytes(text, sizeof text), fh_bytes(mesh->b, FH_ID_BYTES)};
    struct fh_hash hash = fh_hash_parts(parts, FH_COUNT(parts));
    memcpy(out, hash.b, FH_DATAGRAM_TAG_BYTES);
}

struct fh_datagram_boot fh_datagram_boot(uint64_t generation, const uint8_t random[8])
{
    struct fh_datagram_boot boot;
    fh_put_u64be(boot.b, generation);
    memcpy(boot.b + 8, random, 8);
    return boot;
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

int fh_datagram_peek(struct fh_datagram_header *out,
                     struct fh_bytes datagram,
                     const uint8_t tag[FH_DATAGRAM_TAG_BYTES])
{
    if (datagram.size < FH_DATAGRAM_OVERHEAD_BYTES + 1 || datagram.size > FH_DATAGRAM_BYTES_MAX) {
        return FH_ETOOBIG;
    }
    if (datagram.data[0] != FH_DATAGRAM_VERSION) {
        return FH_EVERSION;
    }
    if (memcmp(datagram.data + AT_TAG, tag, FH_DATAGRAM_TAG_BYTES) != 0) {
        return FH_ENOTFOUND;
    }
    memcpy(out->tag, datagram.data + AT_TAG, sizeof out->tag);
    memcpy(out->sender, datagram.data + AT_SENDER, sizeof out->sender);
    memcpy(out->boot.b, datagram.data + AT_BOOT, sizeof out->boot.b);
    out->counter = get_u64le(datagram.data + AT_COUNTER);
    return FH_OK;
}

void fh_datagram_key(uint8_t out[FH_AEAD_KEY_BYTES],
                     const uint8_t shared[32],
                     const struct fh_mesh_id *mesh,
                     const struct fh_node_id *sender,
                     const struct fh_node_id *receiver,
                     const struct fh_datagram_boot *boot)
{
    static const char tag[] = "freehold/v1/datagram";
    uint8_t input[sizeof tag + 3 * FH_ID_BYTES + sizeof boot->b];
    uint8_t *at = input;
    memcpy(at, tag, sizeof tag);
    at += sizeof tag;
    memcpy(at, mesh->b, FH_ID_BYTES);
    at += FH_ID_BYTES;
    memcpy(at, sender->b, FH_ID_BYTES);
    at += FH_ID_BYTES;
    memcpy(at, receiver->b, FH_ID_BYTES);
    at += FH_ID_BYTES;
    memcpy(at, boot->b, sizeof boot->b);
    fh_hash_keyed(out, FH_AEAD_KEY_BYTES, fh_bytes(shared, 32), fh_bytes(input, sizeof input));
}

size_t fh_datagram_seal(uint8_t *out,
                        const struct fh_datagram_header *header,
                        const uint8_t key[FH_AEAD_KEY_BYTES],
                        struct fh_bytes content)
{
    FH_ASSERT(content.size <= FH_DATAGRAM_CONTENT_BYTES_MAX);
    out[0] = FH_DATAGRAM_VERSION;
    memcpy(out + AT_TAG, header->tag, sizeof header->tag);
    memcpy(out + AT_SENDER, header->sender, sizeof header->sender);
    memcpy(out + AT_BOOT, header->boot.b, sizeof header->boot.b);
    put_u64le(out + AT_COUNTER, header->counter);
    fh_aead_seal(out + FH_DATAGRAM_HEADER_BYTES,
                 content,
                 fh_bytes(out, FH_DATAGRAM_HEADER_BYTES),
                 header->counter,
                 key);
    return content.size + FH_DATAGRAM_OVERHEAD_BYTES;
}

bool fh_datagram_open(uint8_t *out,
                      size_t *out_size,
                      struct fh_bytes datagram,
                      const uint8_t key[FH_AEAD_KEY_BYTES])
{
    FH_ASSERT(datagram.size > FH_DATAGRAM_OVERHEAD_BYTES);
    FH_ASSERT(datagram.size <= FH_DATAGRAM_BYTES_MAX);
    struct fh_bytes sealed = fh_bytes(datagram.data + FH_DATAGRAM_HEADER_BYTES,
                                      datagram.size - FH_DATAGRAM_HEADER_BYTES);
    if (!fh_aead_open(out,
                      sealed,
                      fh_bytes(datagram.data, FH_DATAGRAM_HEADER_BYTES),
                      get_u64le(datagram.data + AT_COUNTER),
                      key)) {
        return false;
    }
    *out_size = sealed.size - FH_AEAD_TAG_BYTES;
    return true;
}

/* Bit of a counter: its remainder. Valid are the FH_DATAGRAM_WINDOW_BITS counters below `end`. */
static uint64_t *window_word(struct fh_replay_window *window, uint64_t counter)
{
    return &window->bits[counter % FH_DATAGRAM_WINDOW_BITS / 64];
}

bool fh_replay_fresh(const struct fh_replay_window *window, uint64_t counter)
{
    if (counter == UINT64_MAX) {
        return false;
    }
    if (counter >= window->end) {
        return true;
    }
    if (window->end - counter > FH_DATAGRAM_WINDOW_BITS) {
        return false;
    }
    return (window->bits[counter % FH_DATAGRAM_WINDOW_BITS / 64] >> (counter % 64) & 1) == 0;
}

void fh_replay_commit(struct fh_replay_window *window, uint64_t counter)
{
    FH_ASSERT(fh_replay_fresh(window, counter));
    if (counter >= window->end) {
        uint64_t skipped = counter - window->end;
        if (skipped >= FH_DATAGRAM_WINDOW_BITS) {
            memset(window->bits, 0, sizeof window->bits);
        } else {
            for (uint64_t c = window->end; c < counter; c++) {
                *window_word(window, c) &= ~((uint64_t)1 << (c % 64));
            }
        }
        window->end = counter + 1;
    }
    *window_word(window, counter) |= (uint64_t)1 << (counter % 64);
}
