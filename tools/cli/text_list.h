/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text lists of the command line: "a,b" as a sorted list without doubles, and back.
 *
 * Does not: check what the texts mean. Thread: any. Ownership: texts lie in the caller's arena.
 */
#ifndef FH_TOOLS_CLI_TEXT_LIST_H
#define FH_TOOLS_CLI_TEXT_LIST_H

#include "proto/governance/text_list.h"

struct fh_contract;

/* Reads `text` (NULL: the empty list); blanks around a comma do not count. FH_EUSAGE names `flag`
 * when a text is empty or there are more than `most`, FH_ENOMEM. */
FH_MUST_CHECK int fh_cli_texts(struct fh_text_list *out,
                               const char *flag,
                               const char *text,
                               uint32_t most,
                               struct fh_arena *arena,
                               struct fh_err *err);
/* The same for columns of a contract: "table.column", or "column" where one table has it.
 * FH_EUSAGE names the column that it does not have. */
FH_MUST_CHECK int fh_cli_columns(struct fh_text_list *out,
                                 const char *flag,
                                 const char *text,
                                 const struct fh_contract *contract,
                                 struct fh_arena *arena,
                                 struct fh_err *err);

/* "a, b"; `none` for the empty list. */
void fh_cli_texts_show(struct fh_buf *out, const struct fh_text_list *list, const char *none);

#endif
