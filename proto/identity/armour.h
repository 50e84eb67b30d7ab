/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Armour: the text form of a small binary value that people hand each other, in a mail or a file.
 *
 * Four letters that say what it is, then lower-case base32. Around it stands what makes a file
 * readable: white space is skipped anywhere, and so are lines whose first character that is no
 * white space is '#'.
 *
 * Does not: know what is inside. Thread: any. Ownership: the caller's buffers; secrets are the
 * caller's to wipe.
 */
#ifndef FH_PROTO_IDENTITY_ARMOUR_H
#define FH_PROTO_IDENTITY_ARMOUR_H

#include "common/bytes.h"

enum { FH_ARMOUR_PREFIX_BYTES = 4 };

/* Bytes of the text of at most `payload` bytes, with NUL. */
#define FH_ARMOUR_TEXT_BYTES(payload) (FH_ARMOUR_PREFIX_BYTES + ((payload)*8 + 4) / 5 + 1)

/* Copies the letters of `text` without white space and comment lines into `out` of `size` bytes,
 * with NUL. Gives their number, or -1 when they do not fit. */
FH_MUST_CHECK int fh_armour_letters(char *out, size_t size, struct fh_bytes text);

/* Reads `length` letters that must begin with `prefix` into `out` of `size` bytes and gives their
 * number in `out_size`; false for another prefix, a wrong letter, or more than fits. */
FH_MUST_CHECK bool fh_armour_open(uint8_t *out,
                                  size_t size,
                                  size_t *out_size,
                                  const char *prefix,
                                  const char *letters,
                                  size_t length);

#endif
