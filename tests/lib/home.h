/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Home: folders and key files of a node, for tests of what needs no more of one.
 *
 * Does not: hold an identity, or clean up (the scratch folder does). Thread: any. Ownership: paths
 * are values. Aborts on any failure.
 */
#ifndef FH_TESTS_LIB_HOME_H
#define FH_TESTS_LIB_HOME_H

#include "common/home.h"
#include "proto/identity/keyfile.h"
#include "tests/lib/scratch.h"

/* "<scratch>/home", without keys. */
void test_home_make(struct fh_home *out, const struct test_scratch *scratch);
/* Writes a key file, encrypted when `lock` is not NULL. */
void test_home_key(const struct fh_home *home,
                   const char *name,
                   enum fh_key_kind kind,
                   const uint8_t seed[FH_SEED_BYTES],
                   const struct fh_keyfile_lock *lock);

#endif
