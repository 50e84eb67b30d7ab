/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Init: a new home, made beside its place and moved there whole.
 *
 * What it makes: keys (domain, publisher, node, node's static key, member) and, outside the home,
 * the next key; the inception; for a new mesh its first charter; a year of monthly delegations to
 * the node, one to the publisher and one to the member; or, when joining, the invitation for the
 * node to redeem; and freehold.yaml. Either all of it is there afterwards or nothing.
 *
 * Does not: open connections, start a node. Thread: one. Ownership: plain values.
 */
#ifndef FH_TOOLS_CLI_INIT_H
#define FH_TOOLS_CLI_INIT_H

#include "common/home.h"
#include "proto/identity/admission.h"
#include "proto/settings/settings.h"

enum {
    FH_INIT_PATH_BYTES = 4096,
    FH_INIT_NODE_DELEGATIONS = 12, /* months that the domain key may stay offline */
};

#define FH_INIT_MEMBER_MS ((int64_t)365 * 24 * 3600 * 1000) /* publisher and member */

struct fh_init {
    struct fh_home home;
    struct fh_settings settings; /* domain, listen, advertise; the rest is filled by check */
    const char *mesh_name;       /* of a new mesh, or NULL */
    bool joins;
    struct fh_invitation_ticket ticket; /* when it joins; a secret */
    struct fh_invitation invitation;
    char recovery[FH_INIT_PATH_BYTES];
    int64_t now_ms;
    /* results */
    struct fh_domain_id domain;
    struct fh_mesh_id mesh;
};

/* Reads the invitation: `text` is the invitation itself ("fhi1...") or the path of a file with it.
 */
FH_MUST_CHECK int fh_init_join(struct fh_init *init, const char *text, struct fh_err *err);

/* Checks all that can be checked without writing: names, addresses, an existing home, an existing
 * recovery file, one inside the home, the invitation's time and name. */
FH_MUST_CHECK int fh_init_check(struct fh_init *init, struct fh_err *err);

/* Makes the home. Requires fh_init_check. A failure leaves nothing behind. */
FH_MUST_CHECK int fh_init_make(struct fh_init *init, struct fh_err *err);

void fh_init_wipe(struct fh_init *init);

#endif
