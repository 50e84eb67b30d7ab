/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actor: who the client is, read from a home, or from a key file and an access outside of one:
 * domain, mesh, keys, and the directory that grows with every identity the client learns.
 *
 * The trust of a client begins here: the mesh id of its settings or access and its own domain's
 * records. Whatever else enters the directory was verified against those two.
 *
 * Does not: open connections. Thread: one. Ownership: owns secrets and directory; fh_actor_free
 * wipes.
 */
#ifndef FH_TOOLS_CLIENT_ACTOR_H
#define FH_TOOLS_CLIENT_ACTOR_H

#include "common/home.h"
#include "proto/identity/directory.h"
#include "proto/identity/keyfile.h"
#include "proto/identity/token.h"
#include "proto/settings/settings.h"

struct fh_actor {
    struct fh_home home;         /* root "": there is none */
    struct fh_settings settings; /* outside a home: domain and peers alone */
    struct fh_mesh_id mesh;
    struct fh_domain_id domain;
    struct fh_sign_public key; /* the member key, or that of its token */
    struct fh_sign_secret secret;
    struct fh_sign_public member; /* the member key in any case */
    struct fh_key_id key_id;      /* its id */
    struct fh_bytes token;        /* TOKEN record of `key`, the last of `credential`; empty: none */
    struct fh_verified *verified; /* of receipts that were signed together, all but the first */
    struct fh_directory *directory;
    struct fh_buf credentials; /* records that a handshake shows, back to back */
    unsigned credential_count;
    struct fh_bytes credential[FH_SESSION_RECORDS_MAX]; /* views into `credentials` */
};

/* Reads the home at `root` (NULL: FREEHOLD_HOME, see fh_home_locate). Given: fh_actor_free.
 * FH_ENOTFOUND ("home.missing"), FH_EDENIED ("home.permissions", "key.permissions"), FH_ESIG (a
 * record of the home does not verify), FH_EINVAL. */
FH_MUST_CHECK int fh_actor_open(struct fh_actor **out, const char *root, struct fh_err *err);
/* The same from the key file and the access of a person or a job that has no home. The access must
 * be that of the key (FH_EDENIED, "record.signer.*"); `passphrase_path` may be NULL. Codes of
 * fh_key_file_read and fh_access_parse. */
FH_MUST_CHECK int fh_actor_open_outside(struct fh_actor **out,
                                        const char *key_path,
                                        const char *passphrase_path,
                                        const char *access_path,
                                        struct fh_err *err);
/* A token at hand: whose it is, where its domain's node is, and what opens it. Borrowed. */
struct fh_actor_token {
    const struct fh_settings *settings; /* of the home whose node is asked */
    const char *domain_name;            /* of the member */
    const uint8_t *seed;                /* FH_SEED_BYTES */
    struct fh_bytes record;             /* TOKEN */
    const struct fh_bytes *credentials; /* key events and delegations of the member */
    unsigned credential_count;
};
/* The same for a token. The records must be the member's that it names (FH_EDENIED, FH_ESIG), and
 * the seed its key's (FH_EDENIED, "token.key"). FH_EINVAL, FH_ENOMEM. */
FH_MUST_CHECK int
fh_actor_open_token(struct fh_actor **out, const struct fh_actor_token *from, struct fh_err *err);
void fh_actor_free(struct fh_actor *actor);
static inline void fh_actor_freep(struct fh_actor **actor)
{
    fh_actor_free(*actor);
}

/* Settings, mesh, domain and directory without any key: what `verify` and offline commands need.
 * The key fields are zero. */
FH_MUST_CHECK int fh_actor_open_public(struct fh_actor **out, const char *root, struct fh_err *err);

/* Reads one key file of the home and gives its key pair. The caller wipes `out_secret`. */
FH_MUST_CHECK int fh_actor_key(const struct fh_home *home,
                               const char *name,
                               enum fh_key_kind kind,
                               struct fh_sign_public *out_public,
                               struct fh_sign_secret *out_secret,
                               struct fh_err *err);

#endif
