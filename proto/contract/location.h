/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a text say where data lies, or hold a secret?
 *
 * Contracts travel to every peer, so outside `servers` they must not tell hosts, paths and
 * passwords. A guard against slips, not a proof: schemes of stores and databases, JDBC strings,
 * absolute paths of Unix and Windows, user names with passwords in addresses, password assignments.
 * Web addresses and mail addresses are fine: they are meant for people.
 *
 * Does not: resolve anything. Thread: any. Ownership: results are static.
 */
#ifndef FH_PROTO_CONTRACT_LOCATION_H
#define FH_PROTO_CONTRACT_LOCATION_H

/* What was found ("an absolute path"), or NULL. */
const char *fh_location_in(const char *text);

#endif
