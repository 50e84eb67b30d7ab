/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a draft's YAML: text of a source as a scalar, a list or a comment, such that no reader
 * of YAML 1.1 or 1.2 takes it for something else and a person sees all of it.
 *
 * Does not: lay out sections. Thread: any. Ownership: failures stick in the buffer.
 */
#ifndef FH_TOOLS_CONTRACT_DRAFT_YAML_H
#define FH_TOOLS_CONTRACT_DRAFT_YAML_H

#include "tools/contract/draft.h"

/* Plain where that is safe, else in double quotes with escapes. */
void fh_draft_put_scalar(struct fh_buf *out, const char *text);
/* [a, b] */
void fh_draft_put_list(struct fh_buf *out, const struct fh_draft_texts *texts);
/* One line behind "# ", cut where it is long; text that must not travel is replaced. */
void fh_draft_put_comment(struct fh_buf *out, int indent, const char *text);
/* 3,000,000 */
void fh_draft_put_count(struct fh_buf *out, uint64_t number);
/* Why contracts must not carry the text, or NULL: it says where data lie, or hides something. */
const char *fh_draft_cannot_travel(const char *text);
bool fh_draft_may_travel(const char *text);

#endif
