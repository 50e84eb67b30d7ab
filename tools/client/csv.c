/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/client/csv.h"

#include <string.h>

void fh_csv_field(struct fh_buf *out, struct fh_bytes text)
{
    bool quoted = text.size == 0;
    for (size_t i = 0; i < text.size && !quoted; i++) {
        uint8_t c = text.data[i];
        quoted = c == ',' || c == '"' || c == '\r' || c == '\n';
    }
    if (!quoted) {
        fh_buf_add_bytes(out, text);
        return;
    }
    fh_buf_add_u8(out, '"');
    while (text.size > 0) {
        const uint8_t *mark = memchr(text.data, '"', text.size);
        size_t plain = mark == NULL ? text.size : (size_t)(mark - text.data) + 1;
        fh_buf_add(out, text.data, plain);
        if (mark != NULL) {
            fh_buf_add_u8(out, '"');
        }
        text = fh_bytes(text.data + plain, text.size - plain);
    }
    fh_buf_add_u8(out, '"');
}
