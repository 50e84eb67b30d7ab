/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/armour.h"

#include "common/assert.h"
#include "proto/wire/id.h"

#include <string.h>

int fh_armour_letters(char *out, size_t size, struct fh_bytes text)
{
    size_t length = 0;
    bool line_start = true;
    bool comment = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.data[i];
        if (c == '\n') {
            line_start = true;
            comment = false;
            continue;
        }
        comment = comment || (line_start && c == '#');
        line_start = line_start && (c == ' ' || c == '\t' || c == '\r');
        if (comment || c == ' ' || c == '\t' || c == '\r') {
            continue;
        }
        if (length + 1 >= size) {
            return -1;
        }
        out[length++] = c;
    }
    out[length] = '\0';
    return (int)length;
}

bool fh_armour_open(uint8_t *out,
                    size_t size,
                    size_t *out_size,
                    const char *prefix,
                    const char *letters,
                    size_t length)
{
    FH_ASSERT(strlen(prefix) == FH_ARMOUR_PREFIX_BYTES);
    if (length <= FH_ARMOUR_PREFIX_BYTES || memcmp(letters, prefix, FH_ARMOUR_PREFIX_BYTES) != 0) {
        return false;
    }
    size_t bytes = (length - FH_ARMOUR_PREFIX_BYTES) * 5 / 8;
    if (bytes > size ||
        !fh_unbase32(
            out, bytes, letters + FH_ARMOUR_PREFIX_BYTES, length - FH_ARMOUR_PREFIX_BYTES)) {
        return false;
    }
    *out_size = bytes;
    return true;
}
