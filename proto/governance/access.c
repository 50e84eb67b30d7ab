/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/access.h"

int fh_access_decide(const struct fh_access *access, struct fh_err *err)
{
    bool own = fh_domain_id_equal(&access->owner, &access->consumer) &&
               fh_domain_id_equal(&access->owner, &access->entry);
    if (own || access->open_to_mesh) {
        return FH_OK;
    }
    return fh_err_rule(
        err,
        FH_EDENIED,
        "access.denied",
        "%s/%s is not open to your domain: its contract has no role mesh with access "
        "read; ask its team (freehold product describe %s/%s)",
        access->owner_name,
        access->product,
        access->owner_name,
        access->product);
}
