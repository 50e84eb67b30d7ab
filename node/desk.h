/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Desk: what is asked about access.
 *
 *   ASK          a request for this domain is kept; one for another waits for the courier
 *   ASKED        a key hears what became of its own requests, as far as it is known here
 *   ADMIN_ASKED  the owner's people see who asks
 *   ADMIN_GRANTS they see what is granted
 *
 * Does not: sign or take grants (granting.h), decide (proto/governance). Thread: the
 * loop's. Ownership: keeps what it names.
 */
#ifndef FH_NODE_DESK_H
#define FH_NODE_DESK_H

#include "node/admin.h"
#include "node/courier.h"
#include "node/state/names.h"

struct fh_desk {
    struct fh_grants *grants;
    struct fh_courier *courier;
    const struct fh_names *names;
};

/* Takes the question when it is one of the above; else false. */
bool fh_desk_question(struct fh_desk *desk, struct fh_question *question);
bool fh_desk_admin(struct fh_desk *desk, struct fh_admin_question *question);

#endif
