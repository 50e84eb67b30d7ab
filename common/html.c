/* SPDX-License-Identifier: Apache-2.0 */
#include "common/html.h"

static const char *entity_of(uint8_t byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void fh_html_add(struct fh_buf *out, struct fh_bytes text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *entity = entity_of(text.data[i]);
        if (entity != NULL) {
            fh_buf_add(out, text.data + from, i - from);
            fh_buf_add_cstr(out, entity);
            from = i + 1;
        }
    }
    if (from < text.size) {
        fh_buf_add(out, text.data + from, text.size - from);
    }
}

void fh_html_add_cstr(struct fh_buf *out, const char *text)
{
    fh_html_add(out, fh_bytes_cstr(text));
}
