/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/output.h"

#include <wchar.h>

/* One code point of UTF-8 (Unicode 15, table 3-7) at the front of `text`; 0 bytes when it is not
 * well formed. */
static size_t decode(struct fh_bytes text, uint32_t *out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.data[0];
    size_t size = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size == 0 || first > 0xF4 || text.size < size) {
        return 0;
    }
    uint32_t point = size == 1 ? first : first & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text.data[i] & 0xC0) != 0x80) {
            return 0;
        }
        point = point << 6 | (text.data[i] & 0x3Fu);
    }
    if (point < least[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        return 0;
    }
    *out = point;
    return size;
}

/* Characters that steer a terminal or reorder a line. */
static bool is_steering(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C ||
           (point >= 0x200E && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

static void add_escape(struct fh_buf *out, uint32_t point)
{
    switch (point) {
    case '\n':
        fh_buf_add_cstr(out, "\\n");
        break;
    case '\r':
        fh_buf_add_cstr(out, "\\r");
        break;
    case '\t':
        fh_buf_add_cstr(out, "\\t");
        break;
    default:
        fh_buf_printf(out, "\\u{%x}", point);
        break;
    }
}

void fh_output_visible(struct fh_buf *out, struct fh_bytes text)
{
    while (text.size > 0) {
        uint32_t point = 0;
        size_t size = decode(text, &point);
        if (size == 0) {
            fh_buf_printf(out, "\\x%02x", text.data[0]);
            size = 1;
        } else if (is_steering(point)) {
            add_escape(out, point);
        } else {
            fh_buf_add(out, text.data, size);
        }
        text = fh_bytes(text.data + size, text.size - size);
    }
}

size_t fh_output_width(struct fh_bytes text)
{
    size_t width = 0;
    while (text.size > 0) {
        uint32_t point = 0;
        size_t size = decode(text, &point);
        if (size == 0) {
            size = 1;
            width++;
        } else if (point < 0x80) {
            width++;
        } else {
            int columns = wcwidth((wchar_t)point);
            width += columns < 0 ? 1 : (size_t)columns;
        }
        text = fh_bytes(text.data + size, text.size - size);
    }
    return width;
}

void fh_output_json_string(struct fh_buf *out, struct fh_bytes text)
{
    fh_buf_add_u8(out, '"');
    while (text.size > 0) {
        uint32_t point = 0;
        size_t size = decode(text, &point);
        if (size == 0) {
            fh_buf_add_cstr(out, "\xEF\xBF\xBD");
            size = 1;
        } else if (point == '"' || point == '\\') {
            fh_buf_add_u8(out, '\\');
            fh_buf_add_u8(out, (uint8_t)point);
        } else if (point == '\n' || point == '\r' || point == '\t') {
            add_escape(out, point);
        } else if (is_steering(point)) {
            fh_buf_printf(out, "\\u%04x", point);
        } else {
            fh_buf_add(out, text.data, size);
        }
        text = fh_bytes(text.data + size, text.size - size);
    }
    fh_buf_add_u8(out, '"');
}

static size_t digits_at(struct fh_bytes text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.data[end] >= '0' && text.data[end] <= '9') {
        end++;
    }
    return end - at;
}

bool fh_output_is_json_number(struct fh_bytes text)
{
    size_t at = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    size_t whole = digits_at(text, at);
    if (whole == 0 || (whole > 1 && text.data[at] == '0')) {
        return false;
    }
    at += whole;
    if (at < text.size && text.data[at] == '.') {
        size_t fraction = digits_at(text, at + 1);
        if (fraction == 0) {
            return false;
        }
        at += 1 + fraction;
    }
    if (at < text.size && (text.data[at] | 0x20) == 'e') {
        at++;
        at += at < text.size && (text.data[at] == '+' || text.data[at] == '-') ? 1 : 0;
        size_t exponent = digits_at(text, at);
        if (exponent == 0) {
            return false;
        }
        at += exponent;
    }
    return at == text.size;
}
