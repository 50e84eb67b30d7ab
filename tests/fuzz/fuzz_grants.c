/* SPDX-License-Identifier: Apache-2.0 */
/* Grants, their ends, access requests and answers from foreign bytes: whole records under the zero
 * mesh. What is read is written again, by a key of the fuzzer, and must be read alike. */
#include "common/assert.h"
#include "proto/governance/access_request.h"
#include "proto/governance/grant.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fh_mesh_id mesh;

/* What the builder made of it, parsed: the payload is canonical, so it is the same. */
static void same_again(const struct fh_buf *made, const struct fh_record *read)
{
    struct fh_record again;
    FH_ASSERT(fh_buf_ok(made) == FH_OK);
    FH_ASSERT(fh_record_parse(&again, fh_buf_view(made), &mesh, NULL) == FH_OK);
    FH_ASSERT(again.payload.size <= read->payload.size); /* fields of newer versions are left out */
    FH_ASSERT(again.payload.size < read->payload.size ||
              fh_bytes_equal(again.payload, read->payload));
}

static int judge(const struct fh_grant *grant)
{
    struct fh_grant_held held = {.grant = *grant, .ended_ms = INT64_MAX};
    struct fh_grant_ask ask = {.product = grant->product,
                               .major = grant->major,
                               .purpose = grant->purposes.count > 0 ? grant->purposes.texts[0] : "",
                               .now_ms = grant->not_after_ms};
    memcpy(ask.consumer.b, grant->grantee, FH_ID_BYTES);
    memcpy(ask.key.b, grant->grantee, FH_ID_BYTES);
    ask.entry = ask.consumer;
    FH_ASSERT(fh_grant_covers(&held, &ask) == FH_GRANT_COVERS);
    ask.now_ms++;
    FH_ASSERT(fh_grant_covers(&held, &ask) == FH_GRANT_EXPIRED);
    FH_ASSERT(fh_grant_has_column(grant, "a", "b") == (grant->columns.count == 0) ||
              fh_text_list_has(&grant->columns, "a.b"));
    return FH_OK;
}

static int read_one(const struct fh_record *record,
                    struct fh_arena *arena,
                    struct fh_buf *out,
                    struct fh_err *err)
{
    struct fh_sign_public public_key;
    struct fh_sign_secret signer;
    const uint8_t seed[FH_SEED_BYTES] = {1};
    union {
        struct fh_grant grant;
        struct fh_grant_end end;
        struct fh_access_request request;
        struct fh_access_answer answer;
    } read;
    int code = FH_ESTATE;
    fh_sign_keys(seed, &public_key, &signer);
    switch (record->type) {
    case FH_RECORD_GRANT:
        code = fh_grant_decode(&read.grant, record, arena, err);
        if (code == FH_OK) {
            fh_grant_make(out, &read.grant, &mesh, &signer);
            return judge(&read.grant);
        }
        break;
    case FH_RECORD_GRANT_END:
        code = fh_grant_end_decode(&read.end, record, err);
        if (code == FH_OK) {
            fh_grant_end_make(out, &read.end, &mesh, &signer);
        }
        break;
    case FH_RECORD_ACCESS_REQUEST:
        code = fh_access_request_decode(&read.request, record, arena, err);
        if (code == FH_OK) {
            fh_access_request_make(out, &read.request, &mesh, &signer);
        }
        break;
    case FH_RECORD_ACCESS_ANSWER:
        code = fh_access_answer_decode(&read.answer, record, err);
        if (code == FH_OK) {
            fh_access_answer_make(out, &read.answer, &mesh, &signer);
        }
        break;
    default:
        break;
    }
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fh_record record;
    struct fh_err err = {.rule = "other"};
    if (fh_crypto_init() != FH_OK ||
        fh_record_parse(&record, fh_bytes(data, size), &mesh, NULL) != FH_OK) {
        return 0;
    }
    struct fh_arena *arena FH_CLEANUP(fh_arena_freep) = fh_arena_new(FH_GRANT_ARENA_BYTES_MAX);
    struct fh_buf out FH_CLEANUP(fh_buf_fini);
    fh_buf_init(&out, FH_RECORD_BYTES_MAX);
    FH_ASSERT(arena != NULL);
    if (read_one(&record, arena, &out, &err) == FH_OK) {
        same_again(&out, &record);
    } else {
        FH_ASSERT(err.rule[0] != '\0');
    }
    return 0;
}
