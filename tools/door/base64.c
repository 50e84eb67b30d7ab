/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/base64.h"

#include "common/err.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void fh_base64_add(struct fh_buf *out, struct fh_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.data[i + 2] : 0;
        char text[4] = {alphabet[group >> 18],
                        alphabet[group >> 12 & 63],
                        left > 1 ? alphabet[group >> 6 & 63] : '=',
                        left > 2 ? alphabet[group & 63] : '='};
        fh_buf_add(out, text, sizeof text);
    }
}

static int digit_of(uint8_t c)
{
    const char *at = c == 0 ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

bool fh_base64_read(struct fh_buf *out, struct fh_bytes text)
{
    if (text.size % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < text.size; i += 4) {
        const uint8_t *at = text.data + i;
        bool last = i + 4 == text.size;
        int padding = last && at[3] == '=' ? 1 + (at[2] == '=') : 0;
        uint32_t group = 0;
        for (int j = 0; j < 4 - padding; j++) {
            int digit = digit_of(at[j]);
            if (digit < 0) {
                return false;
            }
            group |= (uint32_t)digit << (18 - 6 * j);
        }
        if ((padding == 1 && (group & 0xff) != 0) || (padding == 2 && (group & 0xffff) != 0)) {
            return false; /* another way to write the same bytes */
        }
        uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
        fh_buf_add(out, bytes, (size_t)(3 - padding));
    }
    return fh_buf_ok(out) == FH_OK;
}
