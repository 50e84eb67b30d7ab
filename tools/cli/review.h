/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review: what publishing a contract or a policy would do, or did, as Markdown for people who look
 * at a change of it: checks with their outcome, one section a file.
 *
 * Everything that stands in it is escaped: neither a name nor a text of a contract can change the
 * page around it.
 *
 * Does not: decide anything. Thread: one. Ownership: appends to the caller's buffer.
 */
#ifndef FH_TOOLS_CLI_REVIEW_H
#define FH_TOOLS_CLI_REVIEW_H

#include "proto/contract/compat.h"
#include "proto/contract/finding.h"
#include "proto/session/messages.h"

enum { FH_REVIEW_BYTES_MAX = 16 * 1024 * 1024 };

struct fh_review {
    const char *path;     /* of the contract or policy */
    const char *product;  /* "domain/product@1.2.0", or "" when it could not be read */
    const char *previous; /* version that is published, or "" */
    bool dry_run;
    bool is_policy; /* a policy: `lint` is all there is, what the node found is in it */
    const struct fh_findings *lint;  /* NULL: not read */
    const struct fh_compat *changes; /* NULL: nothing to compare with */
    const char *since;               /* version that they are changes of */
    const struct fh_msg_finding *data;
    size_t data_count;
    const struct fh_err *failure; /* NULL: everything holds */
};

/* Appends the section of one file. */
void fh_review_add(struct fh_buf *out, const struct fh_review *review);

/* Appends `text` so that Markdown shows it as it is, in one line. */
void fh_review_text(struct fh_buf *out, const char *text);

#endif
