/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Product name: how people write a product, in every command and call.
 *
 *     domain/product      domain.product        the highest active major version
 *     domain/product@1    domain.product@1      major version 1
 *     domain/product@1.2.0                      that very version
 *
 * Does not: know whether it exists. Thread: any. Ownership: plain value.
 */
#ifndef FH_TOOLS_CLIENT_PRODUCT_NAME_H
#define FH_TOOLS_CLIENT_PRODUCT_NAME_H

#include "proto/session/messages.h"

struct fh_product_name {
    struct fh_msg_product_name name;        /* domain, product, major (0: any) */
    char version[FH_VERSION_BYTES_MAX + 1]; /* "1.2.0", or "" */
};

enum { FH_PRODUCT_NAME_BYTES = 2 * FH_NAME_BYTES_MAX + FH_VERSION_BYTES_MAX + 3 }; /* with NUL */

/* FH_EINVAL with rule "product.name" says what is wrong and what would be right. */
FH_MUST_CHECK int
fh_product_name_parse(struct fh_product_name *out, const char *text, struct fh_err *err);

/* "aviation/flights@1.0.0" */
void fh_product_name_text(char out[FH_PRODUCT_NAME_BYTES],
                          const char *domain,
                          const char *product,
                          const char *version);
/* "aviation/flights@1"; without the @ for major 0, which is any. */
void fh_product_name_major_text(char out[FH_PRODUCT_NAME_BYTES],
                                const char *domain,
                                const char *product,
                                uint32_t major);

#endif
