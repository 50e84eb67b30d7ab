/* SPDX-License-Identifier: Apache-2.0 */
/* Query requests, receipts and receipt files from foreign bytes. The first byte chooses the reader;
 * what is read is built again and must be read alike. */
#include "common/assert.h"
#include "proto/query/receipt_file.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(struct fh_bytes bytes)
{
    struct fh_query_request read;
    struct fh_err err;
    if (fh_query_request_parse(&read, bytes, &err) == FH_OK) {
        struct fh_buf again;
        fh_buf_init(&again, 512 * 1024);
        FH_ASSERT(fh_query_request_build(&again, &read, &err) == FH_OK);
        FH_ASSERT(again.size <= bytes.size); /* less when a newer version appended fields */
        fh_buf_fini(&again);
    }
}

static void receipt(struct fh_bytes bytes)
{
    struct fh_receipt read;
    struct fh_err err;
    if (fh_receipt_parse(&read, bytes, &err) == FH_OK) {
        struct fh_buf again;
        fh_buf_init(&again, 64 * 1024);
        FH_ASSERT(fh_receipt_build(&again, &read, &err) == FH_OK);
        FH_ASSERT(again.size <= bytes.size);
        fh_buf_fini(&again);
    }
}

static void file(struct fh_bytes bytes)
{
    struct fh_receipt_file *read = calloc(1, sizeof *read);
    struct fh_receipt_verdict *verdict = calloc(1, sizeof *verdict);
    struct fh_err err;
    if (read != NULL && verdict != NULL && fh_receipt_file_parse(read, bytes, &err) == FH_OK) {
        int code = fh_receipt_file_verify(verdict, read, &read->mesh, &fh_verifier_plain, &err);
        FH_ASSERT(code == FH_OK || err.code == code);
    }
    free(verdict);
    free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || fh_crypto_init() != FH_OK) {
        return 0;
    }
    struct fh_bytes rest = fh_bytes(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        request(rest);
        break;
    case 1:
        receipt(rest);
        break;
    default:
        file(rest);
        break;
    }
    return 0;
}
