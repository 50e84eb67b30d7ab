/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verified: signatures that were found good lately, so that one that comes again is not verified
 * again. A TOKEN comes with each request of its key, and verifying it is 40 us of the processor.
 *
 * A good signature stays good: what it means now (who may sign, until when, what was revoked) is
 * asked of others each time. It is remembered by a hash of key, signature and all that was signed,
 * so nothing that differs by a bit is taken for it. A bad one is verified each time that it comes.
 * Places are few: one that came again stays longer than one that came once, as most do.
 *
 * Does not: decide what a signature is for; hold a key or a message. Thread: one at a time.
 * Ownership: given by _new; a verifier made of it lends from it.
 */
#ifndef FH_PROTO_WIRE_VERIFIED_H
#define FH_PROTO_WIRE_VERIFIED_H

#include "common/compiler.h"
#include "common/limits.h"
#include "proto/wire/crypto.h"

enum { FH_VERIFIED_MAX = FH_LIMIT(1024, 8) }; /* signatures that are remembered; 33 KiB */

struct fh_verified;

/* Remembers up to FH_VERIFIED_MAX of what `by` (kept by value) found good. NULL: no memory. Given.
 */
FH_MUST_CHECK struct fh_verified *fh_verified_new(const struct fh_verifier *by);
/* NULL is fine. */
void fh_verified_free(struct fh_verified *verified);

/* Whether the signature is valid, by memory or by verifying it. */
FH_MUST_CHECK bool fh_verified_check(struct fh_verified *verified,
                                     const struct fh_signature *signature,
                                     struct fh_bytes message,
                                     const struct fh_sign_public *key);

#endif
