/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an identity, for tokens.c and identity.c alone: a token whose seed was opened.
 *
 * What the node said of it is renewed under the lock while it lives; the token, the seed and the
 * names never change.
 */
#ifndef FH_TOOLS_DOOR_IDENTITY_H
#define FH_TOOLS_DOOR_IDENTITY_H

#include "proto/session/messages_token.h"
#include "tools/client/actor.h"
#include "tools/door/tokens.h"

#include <pthread.h>
#include <stdatomic.h>

struct fh_identity {
    atomic_uint references;
    struct fh_tokens *tokens; /* kept */
    struct fh_token token;
    struct fh_token_id id;
    char id_text[FH_TOKEN_ID_TEXT_BYTES];
    char domain_name[FH_NAME_BYTES_MAX + 1];
    char member_label[FH_NAME_BYTES_MAX + 1];
    uint8_t seed[FH_SEED_BYTES];
    struct fh_buf record;      /* TOKEN */
    uint8_t client_mark[32];   /* keyed hash of the ClientKey that opened it */
    int64_t used_ms;           /* monotonic; under the tokens' lock, like the next */
    uint8_t text_mark[32];     /* keyed hash of the text; zero: not seen yet */
    pthread_mutex_t lock;      /* of what follows */
    bool looking;              /* somebody asks the node */
    bool revoked;              /* the node does not have it any more */
    int64_t looked_ms;         /* monotonic: when the node last said that it has it */
    struct fh_buf credentials; /* records of the member, back to back */
    unsigned credential_count;
    size_t credential_sizes[FH_SESSION_RECORDS_MAX];
};

/* An identity of what the node found, opened with the ClientKey. `client_mark` is copied. Given:
 * fh_identity_drop. FH_EDENIED ("token.unknown": another key; "token.expired"), FH_ENOMEM. */
FH_MUST_CHECK int fh_identity_new(struct fh_identity **out,
                                  struct fh_tokens *tokens,
                                  const struct fh_msg_token_found *found,
                                  const uint8_t client_key[32],
                                  const uint8_t client_mark[32],
                                  struct fh_err *err);

/* What a token is to whoever has it not: one error for all that does not fit. */
int fh_token_unknown(struct fh_err *err);

/* ---- of tokens.c ---- */

/* Settings and mesh of the home. Lent with the tokens. */
const struct fh_settings *fh_tokens_settings(const struct fh_tokens *tokens);
const struct fh_mesh_id *fh_tokens_mesh(const struct fh_tokens *tokens);

/* Asks the node for a token's deposit; the answer's memory is `room` (reset). FH_EDENIED
 * ("token.unknown"), FH_EUNREACH, FH_ETIMEOUT. */
FH_MUST_CHECK int fh_tokens_find(struct fh_tokens *tokens,
                                 const struct fh_token_id *id,
                                 struct fh_buf *room,
                                 struct fh_msg_token_found *out,
                                 struct fh_err *err);

#endif
