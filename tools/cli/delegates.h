/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegates: the keys that act for the home's domain, as the identity records of the home say.
 *
 * One entry for each key, role and name of a role; the delegation that ends last speaks for it. The
 * node's own delegations are left out.
 *
 * Does not: ask a node. Thread: one. Ownership: a list owns its entries.
 */
#ifndef FH_TOOLS_CLI_DELEGATES_H
#define FH_TOOLS_CLI_DELEGATES_H

#include "tools/client/actor.h"

enum fh_delegate_state {
    FH_DELEGATE_ACTIVE,
    FH_DELEGATE_EXPIRED, /* or not valid yet, or made by a domain key that was rotated away */
    FH_DELEGATE_REVOKED,
    FH_DELEGATE_STATE_COUNT
};
/* "active", "expired", "revoked". */
const char *fh_delegate_state_text(enum fh_delegate_state state);

struct fh_delegate {
    char name[FH_NAME_BYTES_MAX + 1]; /* the label of its delegation, may be "" */
    struct fh_sign_public key;
    struct fh_key_id key_id;
    unsigned role;                         /* FH_ROLE_PUBLISHER or FH_ROLE_MEMBER */
    char role_name[FH_NAME_BYTES_MAX + 1]; /* "publisher", "member", "analyst" */
    int64_t not_after_ms;                  /* Unix ms */
    enum fh_delegate_state state;
};

struct fh_delegates {
    size_t count;
    size_t capacity; /* private */
    struct fh_delegate *items;
};

/* Reads the members at `now_ms`. End with fh_delegates_fini, also after FH_ENOMEM. */
FH_MUST_CHECK int fh_delegates_read(struct fh_delegates *out,
                                    const struct fh_actor *actor,
                                    int64_t now_ms,
                                    struct fh_err *err);
void fh_delegates_fini(struct fh_delegates *members);

#endif
