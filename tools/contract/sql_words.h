/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL words: names, literals and types of one dialect, for export_sql.c.
 *
 * Does not: write statements. Thread: distinct buffers. Ownership: borrows.
 */
#ifndef FH_TOOLS_CONTRACT_SQL_WORDS_H
#define FH_TOOLS_CONTRACT_SQL_WORDS_H

#include "common/bytes.h"
#include "proto/contract/contract.h"
#include "tools/contract/export.h"

/* "name" in double quotes. */
void fh_sql_name(struct fh_buf *out, const char *name);
/* 'text' in single quotes. */
void fh_sql_text(struct fh_buf *out, const char *text);
/* A scalar as a literal: NULL, TRUE, 1.5 or 'text'. */
void fh_sql_literal(struct fh_buf *out, const struct fh_doc_node *value);

/* The type of a column, also of objects, arrays and maps. What the contract does not say is text.
 */
void fh_sql_type(struct fh_buf *out,
                 const struct fh_contract_column *column,
                 enum fh_export_dialect dialect);

/* The name in the source: physicalName, or the name. */
const char *fh_sql_column_name(const struct fh_contract_column *column);
const char *fh_sql_table_name(const struct fh_contract_table *table);

#endif
