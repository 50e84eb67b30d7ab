/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/home.h"

#include "common/assert.h"

void test_home_make(struct fh_home *out, const struct test_scratch *scratch)
{
    char path[128];
    FH_ASSERT(fh_home_locate(out, test_scratch_path(path, sizeof path, scratch, "home"), NULL) ==
              FH_OK);
    FH_ASSERT(fh_home_create(out, NULL) == FH_OK);
}

void test_home_key(const struct fh_home *home,
                   const char *name,
                   enum fh_key_kind kind,
                   const uint8_t seed[FH_SEED_BYTES],
                   const struct fh_keyfile_lock *lock)
{
    uint8_t bytes[FH_KEYFILE_BYTES];
    FH_ASSERT(fh_keyfile_encode(bytes, kind, seed, lock, NULL) == FH_OK);
    FH_ASSERT(fh_home_key_write(home, name, fh_bytes(bytes, sizeof bytes), NULL) == FH_OK);
}
