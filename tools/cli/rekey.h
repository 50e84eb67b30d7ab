/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rekeying: a domain gets the key that its last key event committed to.
 *
 * The recovery file holds that key. The rotation reveals it, commits to another one (written to a
 * new recovery file first of all), keeps what this home delegated and revoked and every charter
 * that the domain signed or voted for, and delegates anew to each key that acts for the domain.
 *
 * Does not: need the present domain key: that is why it helps when it is stolen or lost. Thread:
 * one. Ownership: see each function.
 */
#ifndef FH_TOOLS_CLI_REKEY_H
#define FH_TOOLS_CLI_REKEY_H

#include "tools/cli/decree.h"

enum { FH_REKEY_PATH_BYTES = 4096 };

struct fh_rekey {
    struct fh_actor *actor;          /* kept */
    const struct fh_directory *mesh; /* what the node knows, for charters and warnings; kept */
    bool keep_all; /* also delegations that the node knows and this home does not */
    char recovery[FH_REKEY_PATH_BYTES];      /* holds the next key */
    char next_recovery[FH_REKEY_PATH_BYTES]; /* will hold the one after it */

    /* private until fh_rekey_draft */
    uint64_t seq;    /* of the rotation */
    int64_t from_ms; /* its date */
    struct fh_sign_public key;
    struct fh_sign_secret secret;
    uint8_t next_seed[FH_SEED_BYTES];
    uint8_t seed[FH_SEED_BYTES];
    size_t kept;    /* records */
    size_t renewed; /* delegations */
    size_t dropped; /* delegations that the node knows and that end with the old key */
};
/* Wipes what is secret. */
void fh_rekey_fini(struct fh_rekey *rekey);

/* Puts all records into the decree (borrowed) and fills the fields above; writes nothing.
 * FH_ENOTFOUND ("recovery.missing"), FH_EINVAL ("recovery.other": the file holds another key),
 * FH_EFORK ("domain.frozen"), FH_ETOOBIG ("home.records"), codes of fh_decree_add. */
FH_MUST_CHECK int fh_rekey_draft(struct fh_rekey *rekey,
                                 struct fh_decree *decree,
                                 int64_t now_ms,
                                 struct fh_err *err);
/* Writes the new recovery file, then keys/domain.key, then the records. */
FH_MUST_CHECK int fh_rekey_enact(struct fh_rekey *rekey,
                                 struct fh_decree *decree,
                                 struct fh_cli *cli,
                                 struct fh_err *err);

/* Since when the newest domain key that this home knows is in force: it signs nothing for earlier.
 */
int64_t fh_rekey_since(const struct fh_actor *actor);

/* Delegates to a node's key month by month from `from_ms` on, as `init` does. */
FH_MUST_CHECK int fh_rekey_node_months(struct fh_decree *decree,
                                       const struct fh_sign_public *node,
                                       const struct fh_sign_secret *domain_key,
                                       uint64_t seq,
                                       int64_t from_ms,
                                       struct fh_err *err);

#endif
