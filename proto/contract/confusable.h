/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confusable: names that read as other names.
 *
 * A table called "orders" with a Cyrillic o, or with a space of no width in it, is another table
 * than the one everybody reads. Prose may hold any script; a name that is typed, granted and signed
 * may not hold what no reader can see or tell apart.
 *
 * Does not: compare two names, or know every confusable of Unicode: it knows the scripts whose
 * letters are drawn like Latin ones. Thread: any. Ownership: borrows.
 */
#ifndef FH_PROTO_CONTRACT_CONFUSABLE_H
#define FH_PROTO_CONTRACT_CONFUSABLE_H

/* Why a name (well-formed UTF-8) reads as another one, as the end of a sentence that starts "it has
 * ", or NULL when it does not. */
const char *fh_confusable_in(const char *name);

#endif
