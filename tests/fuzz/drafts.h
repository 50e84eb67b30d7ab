/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets of drafts share: whatever a source says, there is an error that names a
 * rule, or a draft that passes lint.
 *
 * Does not: know a source. Thread: one. Ownership: borrows.
 */
#ifndef FH_TESTS_FUZZ_DRAFTS_H
#define FH_TESTS_FUZZ_DRAFTS_H

#include "tools/contract/import.h"

/* Reads `input` into the draft. */
typedef int drafts_read_fn(struct fh_draft *draft, struct fh_bytes input, struct fh_err *err);

/* Drafts from `input`; `kind` is what the draft calls its source. Aborts on what must not be. */
void drafts_try(const char *kind, drafts_read_fn *read, struct fh_bytes input);

#endif
