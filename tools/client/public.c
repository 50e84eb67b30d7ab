/* SPDX-License-Identifier: Apache-2.0 */
/* What of freehold.h needs no client: version, codes, value structs. */
#include "common/assert.h"
#include "common/version.h"
#include "tools/client/client.h"

#include <stdio.h>
#include <string.h>

/* The public codes are the wire codes. */
#define SAME(name) _Static_assert((int)FREEHOLD_##name == (int)FH_##name, "codes are one list")
SAME(OK);
SAME(EINVAL);
SAME(ETOOBIG);
SAME(ENOMEM);
SAME(EIO);
SAME(ENOTFOUND);
SAME(EEXIST);
SAME(ESTATE);
SAME(ECHECK);
SAME(ESQL);
SAME(ECANCELLED);
SAME(EINTERNAL);
SAME(EUSAGE);
SAME(EUNREACH);
SAME(ETIMEOUT);
SAME(EBUSY);
SAME(EPROTO);
SAME(EVERSION);
SAME(EINCOMPLETE);
SAME(EDENIED);
SAME(ESIG);
SAME(EFORK);
SAME(ESTALE);
#undef SAME

const char *freehold_version(void)
{
    return FH_VERSION;
}

int freehold_exit_code(int code)
{
    return fh_code_exit(code);
}

void fh_public_copy(void *out, const void *filled, size_t known)
{
    size_t size = 0;
    memcpy(&size, out, sizeof size);
    FH_ASSERT(size >= sizeof size);
    size_t copied = size < known ? size : known;
    memcpy((char *)out + sizeof size, (const char *)filled + sizeof size, copied - sizeof size);
}

int fh_public_error(struct freehold_error *out, const struct fh_err *err)
{
    if (out != NULL) {
        struct freehold_error error = {.code = err->code};
        snprintf(error.rule, sizeof error.rule, "%s", err->rule);
        snprintf(error.text, sizeof error.text, "%s", err->text);
        error.retry_after_ms = err->retry_after_ms;
        fh_public_copy(out, &error, sizeof error);
    }
    return err->code;
}
