/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: the files that prove answers, kept a while for who got the answer.
 *
 * An answer names its receipt; whoever asked, with the same token, can take the file for
 * FH_HTTP_RECEIPT_MS. How many there are and their bytes are bounded; the oldest goes first.
 *
 * Does not: verify. Thread: any. Ownership: files are copied in and out.
 */
#ifndef FH_TOOLS_DOOR_HTTP_RECEIPTS_H
#define FH_TOOLS_DOOR_HTTP_RECEIPTS_H

#include "common/bytes.h"
#include "common/err.h"

struct fh_http_receipts;
FH_MUST_CHECK struct fh_http_receipts *fh_http_receipts_new(void);
void fh_http_receipts_free(struct fh_http_receipts *receipts);

/* Keeps the file under its id ("fhr1...") for the token. Without memory nothing is kept. */
void fh_http_receipts_put(struct fh_http_receipts *receipts,
                          const char *token,
                          const char *id,
                          struct fh_bytes file,
                          int64_t now_ms);
/* Appends it. FH_ENOTFOUND "http.receipt": never kept, not any more, or of another token. */
FH_MUST_CHECK int fh_http_receipts_get(struct fh_http_receipts *receipts,
                                       const char *token,
                                       const char *id,
                                       int64_t now_ms,
                                       struct fh_buf *out,
                                       struct fh_err *err);

#endif
