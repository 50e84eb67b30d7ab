/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/product_name.h"

#include <stdio.h>
#include <string.h>

static int refuse(struct fh_err *err, const char *text, const char *why)
{
    return fh_err_rule(err,
                       FH_EINVAL,
                       "product.name",
                       "\"%.80s\" does not name a product: %s; write domain/product, "
                       "domain.product, domain/product@1 or domain/product@1.2.0",
                       text,
                       why);
}

static bool copy_part(char *out, size_t size, const char *from, size_t length)
{
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, from, length);
    out[length] = 0;
    return true;
}

/* "1" or "1.2.0": one to three numbers without leading zeros. */
static bool read_version(struct fh_product_name *name, const char *text)
{
    unsigned parts = 0;
    uint64_t numbers[3] = {0};
    const char *at = text;
    while (parts < 3) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 9 || (digits > 1 && at[0] == '0')) {
            return false;
        }
        for (size_t i = 0; i < digits; i++) {
            numbers[parts] = numbers[parts] * 10 + (uint64_t)(at[i] - '0');
        }
        parts++;
        at += digits;
        if (at[0] != '.') {
            break;
        }
        at++;
    }
    if (at[0] != 0 || parts == 2) {
        return false;
    }
    name->name.major = numbers[0];
    if (parts == 3) {
        return copy_part(name->version, sizeof name->version, text, strlen(text));
    }
    return numbers[0] > 0;
}

int fh_product_name_parse(struct fh_product_name *out, const char *text, struct fh_err *err)
{
    struct fh_product_name name = {0};
    size_t split = strcspn(text, "/.");
    if (text[split] == 0) {
        return refuse(err, text, "the domain is missing");
    }
    const char *product = text + split + 1;
    size_t length = strcspn(product, "@");
    if (!copy_part(name.name.domain, sizeof name.name.domain, text, split)) {
        return refuse(err, text, "the domain is empty or too long");
    }
    if (!copy_part(name.name.product, sizeof name.name.product, product, length)) {
        return refuse(err, text, "the product is empty or too long");
    }
    if (product[length] == '@' && !read_version(&name, product + length + 1)) {
        return refuse(err, text, "the version is neither a major version nor three numbers");
    }
    int code = fh_name_check("domain", name.name.domain, err);
    if (code == FH_OK) {
        code = fh_name_check("product", name.name.product, err);
    }
    if (code == FH_OK) {
        *out = name;
    }
    return code;
}

void fh_product_name_text(char out[FH_PRODUCT_NAME_BYTES],
                          const char *domain,
                          const char *product,
                          const char *version)
{
    snprintf(out, FH_PRODUCT_NAME_BYTES, "%s/%s@%s", domain, product, version);
}

void fh_product_name_major_text(char out[FH_PRODUCT_NAME_BYTES],
                                const char *domain,
                                const char *product,
                                uint32_t major)
{
    char version[16] = "";
    if (major != 0) {
        snprintf(version, sizeof version, "@%u", (unsigned)major);
    }
    snprintf(out, FH_PRODUCT_NAME_BYTES, "%s/%s%s", domain, product, version);
}
