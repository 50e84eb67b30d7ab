/* SPDX-License-Identifier: Apache-2.0 */
/* Records into a directory, many in one input, each behind u16be length. Signatures count as good
 * (a fuzzer cannot sign), so that everything behind them is reached; the directory's own invariants
 * and its export are checked at the end. */
#include "proto/identity/directory.h"

#include "common/assert.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS_MAX = 64 };

static const int64_t now_ms = INT64_C(1772323200000) + INT64_C(365) * 24 * 3600 * 1000;

static bool trust(void *user,
                  const struct fh_signature *signature,
                  struct fh_bytes message,
                  const struct fh_sign_public *key)
{
    (void)user;
    (void)message;
    (void)key;
    return signature->b[0] != 0xff; /* some of them are bad */
}

struct copying {
    struct fh_directory *to;
    size_t count;
};

static bool copy(void *user, unsigned type, const struct fh_record_id *id, struct fh_bytes bytes)
{
    struct copying *copying = user;
    struct fh_directory_outcome out;
    (void)type;
    copying->count++;
    if (fh_directory_add(copying->to, bytes, now_ms, &out, NULL) == FH_OK) {
        FH_ASSERT(fh_record_id_equal(&out.id, id));
    }
    return true;
}

static void check(const struct fh_directory *dir)
{
    for (size_t i = 0; i < fh_directory_domain_count(dir); i++) {
        const struct fh_directory_domain *domain = fh_directory_domain_at(dir, i);
        FH_ASSERT(fh_directory_domain(dir, &domain->id) == domain);
        FH_ASSERT(!domain->admitted || domain->given_name[0] != '\0');
        if (domain->name[0] != '\0') { /* not where another had it first */
            FH_ASSERT(strcmp(domain->name, domain->given_name) == 0);
            FH_ASSERT(domain->admitted != domain->expelled);
            FH_ASSERT(fh_directory_domain_by_name(dir, domain->name) == domain);
        }
        struct fh_key_id key = fh_key_id_of(&domain->key);
        struct fh_ref ref = fh_key_id_ref(&key);
        struct fh_signer signer;
        if (fh_directory_signer(dir, &ref, &domain->id, now_ms, FH_ROLES_ALL, &signer, NULL) ==
            FH_OK) {
            FH_ASSERT(domain->admitted);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fh_mesh_id none;
    const struct fh_verifier trusting = {.verify = trust};
    struct fh_bytes records[RECORDS_MAX];
    size_t count = 0;
    if (fh_crypto_init() != FH_OK) {
        return 0;
    }
    struct fh_directory *dir = fh_directory_new(&none, &trusting);
    struct fh_directory *heap = fh_directory_new(&none, &trusting);
    FH_ASSERT(dir != NULL && heap != NULL);
    while (size >= 2 && count < RECORDS_MAX) {
        size_t length = (size_t)data[0] << 8 | data[1];
        length = length < size - 2 ? length : size - 2;
        records[count] = fh_bytes(data + 2, length);
        struct fh_directory_outcome out;
        struct fh_err err = {0};
        int code = fh_directory_add(dir, records[count], now_ms, &out, &err);
        FH_ASSERT((code == FH_OK) == (out.result != FH_DIRECTORY_REFUSED));
        FH_ASSERT(code == FH_OK || err.rule[0] != '\0');
        data += 2 + length;
        size -= 2 + length;
        count++;
    }
    check(dir);
    struct copying copying = {.to = heap};
    fh_directory_each(dir, copy, &copying);
    struct fh_err err = {0};
    int code = fh_directory_add_all(heap, records, count, now_ms, NULL, &err);
    FH_ASSERT(code == FH_OK || err.rule[0] != '\0');
    check(heap);
    fh_directory_free(heap);
    fh_directory_free(dir);
    return 0;
}
