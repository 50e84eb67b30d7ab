/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns: those that people name, with or without their table, as a grant names them.
 *
 * Does not: read commas. Thread: any. Ownership: texts lie in the caller's arena.
 */
#ifndef FH_TOOLS_CLIENT_COLUMNS_H
#define FH_TOOLS_CLIENT_COLUMNS_H

#include "proto/governance/text_list.h"

struct fh_contract;

/* Each of `texts` as "table.column" of the contract, in order, each once; "column" means that of
 * the one table that has it. FH_EINVAL ("access.columns") names what the contract has not,
 * FH_ENOMEM. */
FH_MUST_CHECK int fh_columns_of(struct fh_text_list *out,
                                const struct fh_contract *contract,
                                const char *const *texts,
                                uint32_t count,
                                struct fh_arena *arena,
                                struct fh_err *err);
/* Sorts texts and leaves each once; gives how many are left. */
uint32_t fh_columns_order(const char **texts, uint32_t count);

#endif
