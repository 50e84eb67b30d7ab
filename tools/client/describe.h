/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind a public description, for the CLI: the proof with the contract's model.
 *
 * Does not: verify (freehold_describe did). Thread: one. Ownership: lent with the description.
 */
#ifndef FH_TOOLS_CLIENT_DESCRIBE_H
#define FH_TOOLS_CLIENT_DESCRIBE_H

#include "tools/client/freehold.h"
#include "tools/client/proof.h"

const struct fh_proof *fh_description_proof(const struct freehold_description *description);

#endif
