/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crypto double: a cheap stand-in for the cipher of datagrams and for signatures.
 *
 * Linked in place of four functions of proto/wire/crypto.c (CMakeLists.txt renames those), so that
 * the core runs unchanged. A seal is a keyed checksum: it opens with the right key, counter and
 * header only, and finds every damage that the network does. A signature is one over the public
 * key: whoever signs with his own secret in the name of another is found out; nobody in the
 * simulator forges by knowing this file. With sim_crypto_real everything goes to the real ones.
 *
 * Does not: keep anything secret. Thread: one.
 */
#ifndef FH_TESTS_SIM_CRYPTO_DOUBLE_H
#define FH_TESTS_SIM_CRYPTO_DOUBLE_H

#include "proto/wire/crypto.h"

/* Set once, before anything is made. */
extern bool sim_crypto_real;
extern const struct fh_verifier sim_verifier;

#endif
