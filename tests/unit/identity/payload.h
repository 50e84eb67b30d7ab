/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payloads written by hand, for tests of decoders.
 *
 * A pattern is a line of words: [N array head, {N map head, uN integer, -N negative, bN bin of N
 * bytes of 0x11, sTEXT string, n nil. "[3 u1 b32 sname" is [1, bin32, "name"].
 *
 * Does not: check. Thread: any. Ownership: writes into the caller's buffer.
 */
#ifndef FH_TESTS_UNIT_IDENTITY_PAYLOAD_H
#define FH_TESTS_UNIT_IDENTITY_PAYLOAD_H

#include "proto/wire/pack.h"

#include <stdlib.h>
#include <string.h>

/* Longest time in a pattern, and one past it. */
#define T_MAX  "u253402300799999"
#define T_PAST "u253402300800000"

static inline void payload_word(struct fh_buf *out, const char *word, size_t length)
{
    uint8_t filler[256];
    uint64_t number = strtoull(word + 1, NULL, 10);
    memset(filler, 0x11, sizeof filler);
    switch (word[0]) {
    case '[':
        fh_pack_array(out, (uint32_t)number);
        break;
    case '{':
        fh_pack_map(out, (uint32_t)number);
        break;
    case 'u':
        fh_pack_uint(out, number);
        break;
    case '-':
        fh_pack_int(out, -(int64_t)number);
        break;
    case 'b':
        fh_pack_bin(out, fh_bytes(filler, number));
        break;
    case 's':
        fh_pack_str(out, fh_bytes(word + 1, length - 1));
        break;
    default:
        fh_pack_nil(out);
    }
}

static inline void payload_of(struct fh_buf *out, const char *pattern)
{
    fh_buf_reset(out);
    while (*pattern != '\0') {
        size_t length = strcspn(pattern, " ");
        payload_word(out, pattern, length);
        pattern += length + (pattern[length] == ' ');
    }
}

#endif
