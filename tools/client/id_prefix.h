/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id prefix: a record that a person names by its id, or by how that begins.
 *
 * Does not: know lists. Thread: any. Ownership: borrows.
 */
#ifndef FH_TOOLS_CLIENT_ID_PREFIX_H
#define FH_TOOLS_CLIENT_ID_PREFIX_H

#include "common/err.h"
#include "proto/wire/id.h"

/* Whether the id is `text`, or begins with it (8 letters and more). */
bool fh_id_prefix_means(const char *text, const struct fh_record_id *id);
/* FH_OK when one was meant of all that were looked at; FH_ENOTFOUND (`rule`) for none, FH_EUSAGE
 * for several. `what` they are: "grant". */
FH_MUST_CHECK int fh_id_prefix_one(
    unsigned count, const char *rule, const char *what, const char *text, struct fh_err *err);

#endif
