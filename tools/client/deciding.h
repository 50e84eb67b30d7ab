/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deciding: the answer to an access request, as a publisher's key or its token signs it.
 *
 *     request -> GRANT as it was asked, or less, and ACCESS_ANSWER -> the domain's node: both or
 *                neither
 *
 * Does not: print, or judge what may be granted: the node does. Thread: one. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLIENT_DECIDING_H
#define FH_TOOLS_CLIENT_DECIDING_H

#include "tools/client/access.h"

/* What was asked for, for the key that asks, from `now_ms` on. `purpose` is room for one text, to
 * which the grant points; texts are the entry's. */
void fh_grant_as_asked(struct fh_grant *out,
                       const struct fh_access_entry *entry,
                       int64_t now_ms,
                       const char **purpose);

struct fh_deciding {
    bool approve;
    const char *reason;          /* told to who asked; of a denial not empty */
    int64_t until_ms;            /* 0: as asked; a token grants for 90 days at most */
    struct fh_text_list columns; /* none: as asked */
    const char *rows;            /* "": all rows */
};

/* Signs by the client's token, which may decide, and hands both records to the entry peer, a node
 * of the token's domain. Refusals: FH_EDENIED ("token.power", "grant.token.more", ...), FH_EINVAL
 * ("grant.*", "access.answer.*"), FH_EEXIST ("access.answered"), and those of the node. */
FH_MUST_CHECK int fh_decide_by_token(struct freehold_client *client,
                                     const struct fh_access_entry *entry,
                                     const struct fh_deciding *deciding,
                                     struct fh_err *err);

#endif
