/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/contract/draft_yaml.h"

#include "proto/contract/location.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COMMENT_BYTES_MAX = 160 };

/* Words that some reader of YAML 1.1 takes for something else. */
static bool is_reserved(const char *text)
{
    static const char *const words[] = {
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"};
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (strcasecmp(words[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_plain(const char *text)
{
    size_t size = strlen(text);
    bool fits =
        size > 0 && isalpha((unsigned char)text[0]) && text[size - 1] != ' ' && !is_reserved(text);
    for (size_t i = 0; i < size && fits; i++) {
        unsigned char c = (unsigned char)text[i];
        fits = c < 0x80 && (isalnum(c) || strchr("_-. ()/", c) != NULL);
    }
    return fits;
}

/* Ends lines for some reader, or shows as nothing: escaped, so that a person sees it. */
static bool is_hidden(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0xa0 || point == 0xad ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff;
}

void fh_draft_put_scalar(struct fh_buf *out, const char *text)
{
    if (is_plain(text)) {
        fh_buf_add_cstr(out, text);
        return;
    }
    fh_buf_add_u8(out, '"');
    struct fh_bytes bytes = fh_bytes_cstr(text);
    for (size_t at = 0; at < bytes.size;) {
        size_t start = at;
        uint32_t point = fh_utf8_next(bytes, &at);
        if (point == '"' || point == '\\') {
            fh_buf_printf(out, "\\%c", (char)point);
        } else if (point == '\n') {
            fh_buf_add_cstr(out, "\\n");
        } else if (is_hidden(point)) {
            fh_buf_printf(out, "\\u%04" PRIx32, point);
        } else {
            fh_buf_add(out, bytes.data + start, at - start);
        }
    }
    fh_buf_add_u8(out, '"');
}

/* As contracts refuse it, escaped or not (rule yaml.character); \r is fine in quotes. */
static bool is_refused(uint32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0) ||
           c == 0x2028 || c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

const char *fh_draft_cannot_travel(const char *text)
{
    struct fh_bytes bytes = fh_bytes_cstr(text);
    if (fh_location_in(text) != NULL) {
        return "it looks like a path, an address or a secret";
    }
    for (size_t at = 0; at < bytes.size;) {
        if (is_refused(fh_utf8_next(bytes, &at))) {
            return "it holds a character that no reader sees";
        }
    }
    return NULL;
}

bool fh_draft_may_travel(const char *text)
{
    return fh_draft_cannot_travel(text) == NULL;
}

/* Text of the source in a comment: one line, nothing hidden, not too long. */
void fh_draft_put_comment(struct fh_buf *out, int indent, const char *text)
{
    size_t room = COMMENT_BYTES_MAX;
    text = fh_draft_may_travel(text) ? text
                                     : "REVIEW: a remark is left out: it says where something lies";
    fh_buf_printf(out, "%*s# ", indent, "");
    struct fh_bytes bytes = fh_bytes_cstr(text);
    for (size_t at = 0; at < bytes.size && room > 0;) {
        size_t start = at;
        uint32_t point = fh_utf8_next(bytes, &at);
        size_t size = at - start;
        if (is_hidden(point)) {
            fh_buf_add_u8(out, ' ');
        } else {
            fh_buf_add(out, bytes.data + start, size);
        }
        room = size < room ? room - size : 0;
    }
    fh_buf_add_cstr(out, room == 0 ? " ...\n" : "\n");
}

/* A number with its thousands set apart. */
void fh_draft_put_count(struct fh_buf *out, uint64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, number);
    for (int i = 0; i < size; i++) {
        fh_buf_add_u8(out, (uint8_t)digits[i]);
        if ((size - i - 1) % 3 == 0 && i + 1 < size) {
            fh_buf_add_u8(out, ',');
        }
    }
}

/* In brackets a comma or bracket would end a plain scalar; is_plain lets none pass. */
void fh_draft_put_list(struct fh_buf *out, const struct fh_draft_texts *texts)
{
    fh_buf_add_u8(out, '[');
    for (size_t i = 0; i < texts->count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        fh_draft_put_scalar(out, texts->items[i]);
    }
    fh_buf_add_u8(out, ']');
}
