/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: who is at the door.
 *
 * A member makes a token (`freehold token create`): a key of its own that the member's key vouches
 * for, for a while and for some purposes and products. Its text, "fht1<id>.<secret>", is the Bearer
 * of HTTP and the password of PostgreSQL. The node keeps a deposit for it: what SCRAM-SHA-256
 * needs, and the token key's seed sealed under the ClientKey that only the text gives. So neither
 * the node's disk nor this process can ask for anybody who is not here: a Bearer gives the
 * ClientKey by PBKDF2, a SCRAM exchange by its proof.
 *
 * An identity is a token whose seed was opened. It ends with its token, and at most
 * FH_DOOR_TOKEN_LOOK_MS after the token was revoked.
 *
 * Does not: speak HTTP or PostgreSQL's protocol, or judge what the token may read (the nodes do).
 * Thread: any. Ownership: identities are counted; secrets are wiped with the last reference.
 */
#ifndef FH_TOOLS_DOOR_TOKENS_H
#define FH_TOOLS_DOOR_TOKENS_H

#include "common/home.h"
#include "proto/identity/deposit.h"
#include "proto/settings/settings.h"
#include "tools/client/freehold.h"

/* ---- identities ---- */

struct fh_identity;
/* One more reference to the same identity (NULL gives NULL). Given: fh_identity_drop. */
struct fh_identity *fh_identity_keep(struct fh_identity *identity);
void fh_identity_drop(struct fh_identity *identity);
static inline void fh_identity_dropp(struct fh_identity **identity)
{
    fh_identity_drop(*identity);
}

/* Lent with the identity. */
const char *fh_identity_domain(const struct fh_identity *identity);       /* name of its domain */
const char *fh_identity_member_label(const struct fh_identity *identity); /* of the member's key */
const char *fh_identity_token_id(const struct fh_identity *identity);     /* "fht1..." */
const struct fh_token *fh_identity_token(const struct fh_identity *identity);
int64_t fh_identity_until_ms(const struct fh_identity *identity); /* Unix ms */
/* Whether it is still good: not past its end, and its deposit was there when last looked at. Looks
 * again when that is FH_DOOR_TOKEN_LOOK_MS ago. FH_EDENIED ("token.expired", "token.revoked"). */
FH_MUST_CHECK int fh_identity_check(struct fh_identity *identity, struct fh_err *err);

/* A client of libfreehold that asks as this identity, at the node of the home. Blocks. Given:
 * freehold_close. Codes of freehold_open. */
FH_MUST_CHECK int
fh_identity_open(struct fh_identity *identity, struct freehold_client **out, struct fh_err *err);

/* ---- signing in ---- */

struct fh_tokens;

/* Deposits are asked of the node of `home`, by its admin socket, when they are needed; `settings`
 * are those that the node runs with (both copied). Given: fh_tokens_free, after the last identity.
 * FH_ENOMEM, FH_EINTERNAL. */
FH_MUST_CHECK int fh_tokens_new(struct fh_tokens **out,
                                const struct fh_home *home,
                                const struct fh_settings *settings,
                                struct fh_err *err);
void fh_tokens_free(struct fh_tokens *tokens);
/* Forgets what nobody used for FH_DOOR_TOKEN_KEPT_MS, and what has ended: called now and then. */
void fh_tokens_tidy(struct fh_tokens *tokens);

/* The identity of a token's text (borrowed), as a Bearer or a password in clear. Blocks: some ms
 * the first time, remembered for FH_DOOR_TOKEN_KEPT_MS. Given: fh_identity_drop. FH_EDENIED
 * ("token.unknown" for whatever does not fit, "token.expired", "token.revoked"), FH_EUNREACH (the
 * node is not there), FH_EBUSY (too many that do not fit). */
FH_MUST_CHECK int fh_tokens_bearer(struct fh_tokens *tokens,
                                   struct fh_bytes text,
                                   struct fh_identity **out,
                                   struct fh_err *err);

/* What a SCRAM-SHA-256 server needs before it knows who asks (RFC 5802, RFC 7677). */
struct fh_scram_verifier {
    uint8_t salt[FH_TOKEN_SALT_BYTES];
    uint32_t iterations;
    uint8_t stored_key[32];
    uint8_t server_key[32];
};
/* The verifier of the token with this id text ("fht1..." without the secret; the whole text does
 * too). Of an id that nobody has it is made up, and always the same: no oracle of which exist.
 * Blocks. FH_EUNREACH. */
FH_MUST_CHECK int fh_tokens_verifier(struct fh_tokens *tokens,
                                     struct fh_bytes id,
                                     struct fh_scram_verifier *out,
                                     struct fh_err *err);
/* The identity behind an exchange whose proof held: its ClientKey (ClientProof XOR
 * ClientSignature; the caller wipes it), of which `stored_key` is the SHA-256. Blocks. Given and
 * codes as fh_tokens_bearer. */
FH_MUST_CHECK int fh_tokens_scram(struct fh_tokens *tokens,
                                  struct fh_bytes id,
                                  const uint8_t client_key[32],
                                  struct fh_identity **out,
                                  struct fh_err *err);

#endif
