/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hello: the payloads of the handshake messages.
 *
 *     message 1      [1, version min, version max, [cipher...]]
 *     message 2, 3   [1, version min, version max, [cipher...], chosen cipher,
 *                     domain, public key, signature, [record...]]
 *
 * The signature is Ed25519 over "freehold/v1/static\0" || X25519 static key || h, where h is the
 * handshake hash before the message that carries it. It binds the signing key to the static key in
 * this one handshake.
 *
 * Does not: verify records or know state machines. Thread: any; values.
 * Ownership: a parsed hello is a set of views into the payload given (borrowed).
 */
#ifndef FH_PROTO_SESSION_HELLO_H
#define FH_PROTO_SESSION_HELLO_H

#include "proto/session/noise.h"
#include "proto/session/session.h"

struct fh_hello {
    struct fh_session_offer offer;
    /* of messages 2 and 3 only */
    unsigned cipher;
    struct fh_domain_id domain;
    struct fh_sign_public key;
    struct fh_signature signature;
    unsigned record_count;
    struct fh_bytes records[FH_SESSION_RECORDS_MAX];
};

/* Appends the payload of message 1. */
void fh_hello_write_offer(struct fh_buf *out, const struct fh_session_offer *offer);
/* Appends the payload of message 2 or 3, signed over `static_key` and `hash`. */
void fh_hello_write(struct fh_buf *out,
                    const struct fh_session_self *self,
                    const struct fh_session_offer *offer,
                    enum fh_cipher cipher,
                    const struct fh_agree_public *static_key,
                    const uint8_t hash[FH_NOISE_HASH_BYTES]);

/* Reads the payload of message 1. FH_EPROTO with rule "hello.form". */
FH_MUST_CHECK int
fh_hello_read_offer(struct fh_hello *out, struct fh_bytes payload, struct fh_err *err);
/* Reads the payload of message 2 or 3 and checks its signature. FH_EPROTO, FH_ESIG
 * ("hello.signature"). */
FH_MUST_CHECK int fh_hello_read(struct fh_hello *out,
                                struct fh_bytes payload,
                                const struct fh_agree_public *static_key,
                                const uint8_t hash[FH_NOISE_HASH_BYTES],
                                struct fh_err *err);

/* The greatest version that both speak. FH_EVERSION names both ranges. */
FH_MUST_CHECK int fh_hello_version(const struct fh_session_offer *own,
                                   const struct fh_session_offer *peer,
                                   unsigned *out_version,
                                   struct fh_err *err);
/* The first of `own` ciphers that the peer offers. FH_EVERSION. */
FH_MUST_CHECK int fh_hello_cipher(const struct fh_session_offer *own,
                                  const struct fh_session_offer *peer,
                                  enum fh_cipher *out_cipher,
                                  struct fh_err *err);
bool fh_hello_offers(const struct fh_session_offer *offer, unsigned cipher);
bool fh_hello_offer_equal(const struct fh_session_offer *a, const struct fh_session_offer *b);

#endif
