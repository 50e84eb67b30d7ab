/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noise: the handshake engine of a session, by pattern table.
 *
 * Two parties exchange the messages of a pattern; each message adds Diffie-Hellman results to a
 * chaining key and hashes everything seen so far, so that both ends finish with the same pair of
 * transport keys only if they saw the same bytes. Implements "The Noise Protocol Framework",
 * revision 34 (sections 5 to 7): 25519, ChaChaPoly, BLAKE2b. A further pattern is one more table.
 *
 * A message is written or read as a whole or not at all: after a failure the state is as before.
 *
 * Does not: draw randomness (the ephemeral secret is an argument), pre-shared keys, transport
 * messages (session.h uses the keys of fh_noise_split with explicit counters, as section 11.4
 * allows). Thread: distinct objects. Ownership: caller's storage; fh_noise_fini wipes it.
 */
#ifndef FH_PROTO_SESSION_NOISE_H
#define FH_PROTO_SESSION_NOISE_H

#include "proto/wire/crypto.h"

enum {
    FH_NOISE_HASH_BYTES = 64,
    FH_NOISE_MESSAGE_BYTES_MAX = 65535, /* section 3 */
    FH_NOISE_TOKENS_MAX = 4,            /* of one message */
    FH_NOISE_MESSAGES_MAX = 3,
};

enum fh_noise_token {
    FH_NOISE_END = 0, /* closes a message's list */
    FH_NOISE_E,
    FH_NOISE_S,
    FH_NOISE_EE,
    FH_NOISE_ES,
    FH_NOISE_SE,
    FH_NOISE_TOKEN_COUNT
};

struct fh_noise_pattern {
    const char *protocol; /* full name, hashed first */
    unsigned messages;    /* the initiator writes the first, then in turn */
    enum fh_noise_token tokens[FH_NOISE_MESSAGES_MAX][FH_NOISE_TOKENS_MAX + 1];
};

/* Noise_XX_25519_ChaChaPoly_BLAKE2b (section 7.5): -> e; <- e, ee, s, es; -> s, se. */
extern const struct fh_noise_pattern fh_noise_xx;

struct fh_noise {
    /* private */
    const struct fh_noise_pattern *pattern;
    bool initiator;
    bool has_key;
    bool has_remote_ephemeral;
    bool has_remote_static;
    unsigned message; /* index of the next one */
    uint64_t nonce;
    uint8_t chaining_key[FH_NOISE_HASH_BYTES];
    uint8_t hash[FH_NOISE_HASH_BYTES];
    uint8_t key[FH_AEAD_KEY_BYTES];
    struct fh_agree_secret static_secret;
    struct fh_agree_public static_public;
    struct fh_agree_secret ephemeral_secret;
    struct fh_agree_public remote_ephemeral;
    struct fh_agree_public remote_static;
};

/* Starts a handshake. `pattern` is kept; `prologue` and `static_secret` are borrowed (the secret is
 * copied and wiped by fh_noise_fini). */
void fh_noise_init(struct fh_noise *noise,
                   const struct fh_noise_pattern *pattern,
                   bool initiator,
                   struct fh_bytes prologue,
                   const struct fh_agree_secret *static_secret);
/* Wipes the state. */
void fh_noise_fini(struct fh_noise *noise);

/* Whether this end writes the next message; false when all are done. */
bool fh_noise_writes_next(const struct fh_noise *noise);
/* All messages of the pattern are done. */
bool fh_noise_done(const struct fh_noise *noise);
/* The handshake hash h so far: binds everything exchanged (section 11.2). Lent. */
const uint8_t *fh_noise_hash(const struct fh_noise *noise);
/* The peer's static key, once received; NULL before. Lent. */
const struct fh_agree_public *fh_noise_remote_static(const struct fh_noise *noise);

/* Appends the next message with `payload` (borrowed) to `out`. `ephemeral` (borrowed) is fresh
 * randomness, used by messages with an "e"; others ignore it and take NULL.
 * FH_ESTATE (not our turn), FH_ETOOBIG (longer than a Noise message), FH_ENOMEM, FH_ESIG (a hostile
 * key of the peer). */
FH_MUST_CHECK int fh_noise_write(struct fh_noise *noise,
                                 const struct fh_agree_secret *ephemeral,
                                 struct fh_bytes payload,
                                 struct fh_buf *out,
                                 struct fh_err *err);
/* Appends the payload of the peer's next message (borrowed) to `out_payload`.
 * FH_ESTATE, FH_EPROTO (too short), FH_ETOOBIG, FH_ESIG (does not authenticate, hostile key). */
FH_MUST_CHECK int fh_noise_read(struct fh_noise *noise,
                                struct fh_bytes message,
                                struct fh_buf *out_payload,
                                struct fh_err *err);

/* The two transport keys (section 5.2, Split): the initiator sends with the first and receives with
 * the second. The handshake is done. The caller wipes them. */
void fh_noise_split(const struct fh_noise *noise,
                    uint8_t out_first[FH_AEAD_KEY_BYTES],
                    uint8_t out_second[FH_AEAD_KEY_BYTES]);

#endif
