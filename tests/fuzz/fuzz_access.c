/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access texts and public keys as files bring them. What is taken must be written back to a text
 * that reads the same.
 */
#include "common/assert.h"
#include "proto/identity/access.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_access(struct fh_bytes text)
{
    struct fh_access *access = malloc(sizeof *access);
    struct fh_access *again = malloc(sizeof *again);
    if (access != NULL && again != NULL && fh_access_parse(access, text, NULL) == FH_OK) {
        struct fh_buf back;
        fh_buf_init(&back, FH_ACCESS_TEXT_BYTES);
        fh_access_text(&back, access);
        if (fh_buf_ok(&back) == FH_OK) { /* a newer version's fields are not written back */
            FH_ASSERT(fh_access_parse(again, fh_buf_view(&back), NULL) == FH_OK);
            FH_ASSERT(again->record_count == access->record_count);
            FH_ASSERT(strcmp(again->domain_name, access->domain_name) == 0);
        }
        fh_buf_fini(&back);
    }
    free(access);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_bytes text = fh_bytes(data, size);
    struct fh_sign_public key;
    struct fh_err err;
    if (fh_sign_public_parse(&key, text, &err) == FH_OK) {
        char back[FH_SIGN_PUBLIC_TEXT_BYTES];
        struct fh_sign_public again;
        fh_sign_public_text(back, &key);
        FH_ASSERT(fh_sign_public_parse(&again, fh_bytes_cstr(back), NULL) == FH_OK);
        FH_ASSERT(memcmp(again.b, key.b, sizeof key.b) == 0);
    }
    check_access(text);
    return 0;
}
