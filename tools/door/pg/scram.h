/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCRAM: the server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS as one exchange.
 *
 *     client-first  ─► fh_scram_first  ─► server-first     needs the user's verifier
 *     client-final  ─► fh_scram_final  ─► server-final     gives the ClientKey when the proof holds
 *
 * The verifier of a user who does not exist is made up elsewhere: the exchange is the same and
 * fails at the proof. The names in the messages are not looked at: PostgreSQL clients leave them
 * empty.
 *
 * Does not: draw randomness (the server's nonce enters as text), or limit tries. Sans-IO. Thread:
 * distinct objects. Ownership: plain value; wiped by fh_scram_wipe. Sources: RFC 5802, RFC 7677,
 * RFC 5929 (tls-server-end-point).
 */
#ifndef FH_TOOLS_DOOR_PG_SCRAM_H
#define FH_TOOLS_DOOR_PG_SCRAM_H

#include "common/bytes.h"
#include "common/err.h"
#include "tools/door/tokens.h"

enum {
    FH_SCRAM_KEY_BYTES = 32,
    FH_SCRAM_NONCE_BYTES = 18,            /* for the server to draw: 36 hexadecimal digits */
    FH_SCRAM_TEXT_BYTES = 512,            /* of one message: nonces have some 30 characters */
    FH_SCRAM_NONCES_BYTES = 256 + 64 + 1, /* both sides' */
    FH_SCRAM_BINDING_BYTES = 64,          /* hash of the certificate: SHA-256 to SHA-512 */
};

struct fh_scram {
    /* private */
    struct fh_scram_verifier secret;
    uint8_t binding[FH_SCRAM_BINDING_BYTES];
    size_t binding_size; /* 0: the connection has none to offer */
    bool plus;           /* the client chose SCRAM-SHA-256-PLUS */
    char header[64];     /* gs2 header: "n,," */
    char client_first[FH_SCRAM_TEXT_BYTES];
    char server_first[FH_SCRAM_TEXT_BYTES];
    char nonce[FH_SCRAM_NONCES_BYTES];
};

void fh_scram_wipe(struct fh_scram *scram);

/* `binding` is the tls-server-end-point of this connection, empty without TLS. `plus`: the client
 * named SCRAM-SHA-256-PLUS. */
void fh_scram_init(struct fh_scram *scram, bool plus, struct fh_bytes binding);

/* Reads the client's first message and makes the answer, lent in `*out_text`; `nonce` (borrowed) is
 * printable, without commas, at most 64 bytes, and never the same again. FH_EPROTO (rule
 * "pg.scram"), FH_EDENIED (rule "pg.scram.binding": somebody between us hides that the server can
 * bind channels). */
FH_MUST_CHECK int fh_scram_first(struct fh_scram *scram,
                                 struct fh_bytes message,
                                 const struct fh_scram_verifier *secret,
                                 const char *nonce,
                                 const char **out_text,
                                 struct fh_err *err);

/* Reads the last one: the server's last word, and the client's key. FH_EDENIED (rule
 * "pg.scram.proof") when the password is not the one of the verifier, FH_EPROTO. */
FH_MUST_CHECK int fh_scram_final(struct fh_scram *scram,
                                 struct fh_bytes message,
                                 char out_text[64],
                                 uint8_t out_client_key[FH_SCRAM_KEY_BYTES],
                                 struct fh_err *err);

#endif
