/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of an Arrow message: fields with their types and metadata. Numbers and slots are those
 * of Arrow's Schema.fbs.
 *
 * Does not: frame messages (arrow.c does). Thread: any. Ownership: nothing is kept.
 */
#ifndef FH_TOOLS_COLUMNS_ARROW_SCHEMA_H
#define FH_TOOLS_COLUMNS_ARROW_SCHEMA_H

#include "tools/columns/facts.h"
#include "tools/columns/field.h"
#include "tools/columns/flat.h"

/* Writes the table Schema at `ref`, with the facts as its metadata. */
void fh_arrow_schema(struct fh_flat *flat,
                     size_t ref,
                     const struct fh_field *fields,
                     size_t count,
                     const struct fh_facts *facts);
/* Writes the facts as a list of KeyValue at `ref`. */
void fh_arrow_facts(struct fh_flat *flat, size_t ref, const struct fh_facts *facts);

#endif
