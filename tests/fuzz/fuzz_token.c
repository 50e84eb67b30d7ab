/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens from foreign bytes: texts, TOKEN records, deposits, the messages about them, and requests
 * that carry one. Whatever is read is written again and read alike; nothing is opened by chance. */
#include "common/assert.h"
#include "proto/identity/token_end.h"
#include "proto/query/query.h"
#include "proto/session/messages_token.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fh_mesh_id mesh;

static void texts(struct fh_bytes bytes)
{
    struct fh_token_id id;
    char text[FH_TOKEN_ID_TEXT_BYTES];
    if (fh_token_id_parse(&id, bytes, NULL) == FH_OK) {
        fh_token_id_text(text, &id);
        FH_ASSERT(bytes.size >= FH_TOKEN_ID_TEXT_BYTES - 1);
        FH_ASSERT(memcmp(text, bytes.data, FH_TOKEN_ID_TEXT_BYTES - 1) == 0);
    }
    if (fh_token_text_parse(&id, bytes, NULL) == FH_OK) {
        FH_ASSERT(bytes.size == FH_TOKEN_TEXT_BYTES - 1);
    }
}

static void record(struct fh_bytes bytes)
{
    struct fh_record read;
    struct fh_record again;
    struct fh_token token;
    struct fh_sign_public public_key;
    struct fh_sign_secret signer;
    static const uint8_t seed[FH_SEED_BYTES] = {1};
    if (fh_record_parse(&read, bytes, &mesh, NULL) != FH_OK) {
        return;
    }
    FH_ASSERT(read.type != FH_RECORD_TOKEN || fh_token_is_record(bytes));
    if (read.type != FH_RECORD_TOKEN || fh_token_decode(&token, &read, NULL) != FH_OK) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf made;
    fh_buf_init(&made, FH_RECORD_BYTES_MAX);
    fh_sign_keys(seed, &public_key, &signer);
    fh_token_make(&made, &token, &mesh, &signer);
    FH_ASSERT(fh_buf_ok(&made) == FH_OK);
    FH_ASSERT(fh_record_parse(&again, fh_buf_view(&made), &mesh, NULL) == FH_OK);
    FH_ASSERT(again.payload.size <= read.payload.size); /* fields of newer versions are left out */
    FH_ASSERT(token.purpose_count == 0 ||
              fh_token_check_purpose(&token, token.purposes[0], NULL) == FH_OK);
    FH_ASSERT(fh_token_check_time(&token, token.not_after_ms, NULL) == FH_OK);
    FH_ASSERT(fh_token_check_time(&token, token.not_after_ms + 1, NULL) == FH_EDENIED);
}

static void record_of_end(struct fh_bytes bytes)
{
    struct fh_record read;
    struct fh_record again;
    struct fh_token_end end;
    struct fh_sign_public public_key;
    struct fh_sign_secret signer;
    static const uint8_t seed[FH_SEED_BYTES] = {1};
    if (fh_record_parse(&read, bytes, &mesh, NULL) != FH_OK || read.type != FH_RECORD_TOKEN_END ||
        fh_token_end_decode(&end, &read, NULL) != FH_OK) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf made;
    fh_buf_init(&made, FH_RECORD_BYTES_MAX);
    fh_sign_keys(seed, &public_key, &signer);
    fh_token_end_make(&made, &end, &mesh, &signer);
    FH_ASSERT(fh_buf_ok(&made) == FH_OK);
    FH_ASSERT(fh_record_parse(&again, fh_buf_view(&made), &mesh, NULL) == FH_OK);
    FH_ASSERT(again.payload.size <= read.payload.size);
    FH_ASSERT(end.since_ms <= end.created_ms);
}

static void deposit(const struct fh_deposit *read)
{
    static const struct fh_sign_public key = {{2}};
    uint8_t seed[FH_SEED_BYTES];
    FH_ASSERT(!fh_deposit_open(seed, read, read->stored_key, &key));
    record(read->record);
}

static void list(struct fh_pack_reader *reader, struct fh_err *err)
{
    uint32_t count = 0;
    int code = fh_msg_tokens_read(reader, &count, err);
    for (uint32_t i = 0; i < count && code == FH_OK; i++) {
        struct fh_msg_token token;
        code = fh_msg_tokens_next(reader, &token, err);
        if (code == FH_OK) {
            record(token.record);
        }
    }
}

static void found(struct fh_pack_reader *reader, struct fh_err *err)
{
    struct fh_msg_token_found token;
    struct fh_bytes bin;
    if (fh_msg_token_found_read(reader, &token, err) == FH_OK) {
        deposit(&token.deposit);
        while (fh_msg_bins_next(&token.credentials, &bin)) {
            FH_ASSERT(bin.data != NULL || bin.size == 0);
        }
    }
}

static void messages(struct fh_bytes bytes)
{
    struct fh_pack_reader reader;
    struct fh_err err;
    unsigned code = 0;
    if (fh_msg_open(&reader, bytes, FH_FRAME_REQUEST_BYTES_MAX, &code, &err) == FH_OK) {
        struct fh_deposit read;
        struct fh_token_id id;
        if (code == FH_MSG_TOKEN_DEPOSIT &&
            fh_msg_token_deposit_read(&reader, &read, &err) == FH_OK) {
            deposit(&read);
        } else if (code == FH_MSG_ADMIN_TOKEN) {
            (void)!fh_msg_token_named_read(&reader, &id, &err);
        } else if (code == FH_MSG_TOKEN_REVOKE) {
            struct fh_bytes end;
            if (fh_msg_token_revoke_read(&reader, &id, &end, &err) == FH_OK) {
                record_of_end(end);
            }
        }
    }
    if (fh_msg_answer(&reader, bytes, FH_FRAME_REPLY_BYTES_MAX, &err) == FH_OK) {
        struct fh_pack_reader again = reader;
        list(&reader, &err);
        found(&again, &err);
    }
}

static void request(struct fh_bytes bytes)
{
    static struct fh_query_request read;
    static struct fh_query_request again;
    if (fh_query_request_parse(&read, bytes, NULL) != FH_OK) {
        return;
    }
    FH_CLEANUP(fh_buf_fini) struct fh_buf made;
    fh_buf_init(&made, FH_RECORD_BYTES_MAX);
    FH_ASSERT(fh_query_request_build(&made, &read, NULL) == FH_OK);
    FH_ASSERT(fh_query_request_parse(&again, fh_buf_view(&made), NULL) == FH_OK);
    FH_ASSERT(fh_bytes_equal(again.token, read.token));
    record(read.token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_bytes bytes = fh_bytes(data, size);
    FH_ASSERT(fh_crypto_init() == FH_OK);
    texts(bytes);
    record(bytes);
    record_of_end(bytes);
    messages(bytes);
    request(bytes);
    return 0;
}
