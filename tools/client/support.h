/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Support: the identity records that prove some domains to somebody who knows the mesh id only.
 *
 * Those are the charters, the records of the charter's members, and for each domain its own records
 * and those of whoever admitted it, in an order in which a directory accepts them.
 *
 * Does not: verify again; the directory did. Thread: one. Ownership: records are lent by the
 * directory for the call.
 */
#ifndef FH_TOOLS_CLIENT_SUPPORT_H
#define FH_TOOLS_CLIENT_SUPPORT_H

#include "proto/identity/directory.h"

/* Writes views of the records (lent until the directory's next add) to `out`. FH_ETOOBIG when there
 * are more than `capacity`, FH_ENOMEM. */
FH_MUST_CHECK int fh_support_records(const struct fh_directory *directory,
                                     const struct fh_domain_id *domains,
                                     size_t domain_count,
                                     struct fh_bytes *out,
                                     size_t capacity,
                                     size_t *out_count,
                                     struct fh_err *err);

#endif
