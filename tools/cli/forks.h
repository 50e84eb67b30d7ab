/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forks: how a person is told that a domain signed two contracts under one number.
 *
 *     warning: shop/orders is forked: its domain signed two contracts with number 2:
 *         fhr1... by fhk1...
 *         fhr1... by fhk1...
 *
 * Does not: judge which is right; the people of the domain must. Thread: one. Ownership: borrowed.
 */
#ifndef FH_TOOLS_CLI_FORKS_H
#define FH_TOOLS_CLI_FORKS_H

#include "tools/cli/cli.h"
#include "tools/client/history.h"

/* On the messages; nothing when there is none. */
void fh_forks_say(struct fh_cli *cli, const struct fh_history *history);

/* Appends [{"number": 2, "contracts": [{"contract": id, "signing_key": id}, ...]}, ...]. */
void fh_forks_json(struct fh_buf *out, const struct fh_history *history);

#endif
