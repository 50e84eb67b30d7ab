/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which columns a statement can have used, by the names that stand in it: for the audit log.
 *
 * Rather too many than one too few: a name stands for a column of every table that has one of that
 * name, and whatever names none (a star, a whole row, a natural join, a pivot, a position, columns
 * renamed behind an alias) stands for all.
 *
 * Does not: resolve names. Thread: any. Ownership: words live in the arena.
 */
#ifndef FH_NODE_QUERY_GATE_WORDS_H
#define FH_NODE_QUERY_GATE_WORDS_H

#include "node/query/gate.h"
#include "node/query/gate_tree.h"

/* Adds the words of a checked tree to `out`; all columns without memory, and of no tree (NULL). */
void fh_gate_words(struct fh_gate *out, const json_t *root, struct fh_arena *arena);

/* Whether the statement can have used a column of this name. */
bool fh_gate_uses(const struct fh_gate *gate, const char *column);

#endif
