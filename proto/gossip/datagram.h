/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed datagram: how gossip looks on the network. Pure functions over bytes.
 *
 *     0        1          9          17         33          41
 *     +--------+----------+----------+----------+-----------+------------------------------+
 *     | ver 1  | mesh tag | sender   | boot     | counter   | sealed content ... tag 16    |
 *     |        | 8        | 8        | 16       | 8, LE     | ChaCha20-Poly1305, AD = 0..40|
 *     +--------+----------+----------+----------+-----------+------------------------------+
 *
 * mesh tag: first 8 of BLAKE2b-256("freehold/v1/mesh-tag\0" || mesh). sender: first 8 bytes of the
 * node id. boot: the sender's generation (u64 big-endian) and 8 random bytes of this start, so that
 * a datagram of an earlier life is known as such. key: BLAKE2b-256 keyed with the static-static
 * X25519 secret over "freehold/v1/datagram\0" || mesh || sender id || receiver id || boot: one key
 * for each direction and life, so that one counter of the sender serves all its peers.
 *
 * A receiver checks in the order of cost: length, version, mesh tag, known sender, boot, replay
 * window, AEAD; the window moves only after the AEAD opened.
 *
 * Does not: know members. Thread: any; values. Ownership: views into the bytes given.
 */
#ifndef FH_PROTO_GOSSIP_DATAGRAM_H
#define FH_PROTO_GOSSIP_DATAGRAM_H

#include "common/limits.h"
#include "proto/wire/crypto.h"

enum {
    FH_DATAGRAM_VERSION = 1,
    FH_DATAGRAM_HEADER_BYTES = 41,
    FH_DATAGRAM_OVERHEAD_BYTES = FH_DATAGRAM_HEADER_BYTES + FH_AEAD_TAG_BYTES,
    FH_DATAGRAM_CONTENT_BYTES_MAX = FH_DATAGRAM_BYTES_MAX - FH_DATAGRAM_OVERHEAD_BYTES,
    FH_DATAGRAM_TAG_BYTES = 8,
    FH_DATAGRAM_SENDER_BYTES = 8,
    FH_DATAGRAM_WINDOW_BITS = 256, /* a sender counts over all peers: some seconds of reordering */
};

struct fh_datagram_boot {
    uint8_t b[16];
};

struct fh_datagram_header {
    uint8_t tag[FH_DATAGRAM_TAG_BYTES];
    uint8_t sender[FH_DATAGRAM_SENDER_BYTES];
    struct fh_datagram_boot boot;
    uint64_t counter;
};

void fh_datagram_mesh_tag(uint8_t out[FH_DATAGRAM_TAG_BYTES], const struct fh_mesh_id *mesh);
struct fh_datagram_boot fh_datagram_boot(uint64_t generation, const uint8_t random[8]);
static inline uint64_t fh_datagram_boot_generation(const struct fh_datagram_boot *boot)
{
    return fh_get_u64be(boot->b);
}

/* Reads the header. FH_ETOOBIG: too short or too long, FH_EVERSION, FH_ENOTFOUND: another mesh. */
FH_MUST_CHECK int fh_datagram_peek(struct fh_datagram_header *out,
                                   struct fh_bytes datagram,
                                   const uint8_t tag[FH_DATAGRAM_TAG_BYTES]);

void fh_datagram_key(uint8_t out[FH_AEAD_KEY_BYTES],
                     const uint8_t shared[32],
                     const struct fh_mesh_id *mesh,
                     const struct fh_node_id *sender,
                     const struct fh_node_id *receiver,
                     const struct fh_datagram_boot *boot);

/* Writes header, ciphertext and tag: content.size + FH_DATAGRAM_OVERHEAD_BYTES bytes to `out`.
 * content.size <= FH_DATAGRAM_CONTENT_BYTES_MAX. A counter must never come twice with one key. */
size_t fh_datagram_seal(uint8_t *out,
                        const struct fh_datagram_header *header,
                        const uint8_t key[FH_AEAD_KEY_BYTES],
                        struct fh_bytes content);

/* Opens a datagram that fh_datagram_peek accepted into `out` (FH_DATAGRAM_CONTENT_BYTES_MAX);
 * false when it does not verify. */
FH_MUST_CHECK bool fh_datagram_open(uint8_t *out,
                                    size_t *out_size,
                                    struct fh_bytes datagram,
                                    const uint8_t key[FH_AEAD_KEY_BYTES]);

/* Sliding window over counters (RFC 6479's bitmap by words). Zero is the empty window. */
struct fh_replay_window {
    uint64_t end; /* one above the highest counter seen */
    uint64_t bits[FH_DATAGRAM_WINDOW_BITS / 64];
};
/* Whether the counter is new; does not change the window. UINT64_MAX is never new. */
bool fh_replay_fresh(const struct fh_replay_window *window, uint64_t counter);
/* Marks a fresh counter as seen. */
void fh_replay_commit(struct fh_replay_window *window, uint64_t counter);

#endif
