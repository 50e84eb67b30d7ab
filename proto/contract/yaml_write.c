/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/yaml_write.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    LINE_MAX_BYTES = 96, /* of folded prose and lists in one line, without the indentation */
};

void fh_yaml_indent(struct fh_buf *out, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++) {
        fh_buf_add_u8(out, ' ');
    }
}

/* --- strings --- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Words that some reader takes for a Boolean or for nothing. */
static bool is_reserved(const char *text)
{
    static const char *const words[] = {
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"};
    for (size_t i = 0; i < FH_COUNT(words); i++) {
        if (strcasecmp(words[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_shown_as_is(uint32_t c)
{
    return c >= ' ' && !(c >= 0x7f && c < 0xa0) && c != 0xad && !(c >= 0x200b && c <= 0x200f) &&
           !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff &&
           c != 0xfffd;
}

/* Whether the string may stand without quotes: it starts with a letter, so that it is no number,
 * time or indicator, and holds nothing that ends it early. */
static bool is_plain(const char *text, bool in_flow)
{
    size_t size = strlen(text);
    if (size == 0 || (!is_letter(text[0]) && text[0] != '/' && (text[0] & 0x80) == 0) ||
        is_reserved(text)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        char next = text[i + 1];
        if ((in_flow && strchr(",[]{}\"'", c) != NULL) ||
            (c == ':' && (next == ' ' || next == '\0')) ||
            (c == ' ' && (next == '#' || next == '\0'))) {
            return false;
        }
    }
    struct fh_bytes bytes = fh_bytes_cstr(text);
    bool is_shown = true;
    for (size_t at = 0; is_shown && at < bytes.size;) {
        is_shown = is_shown_as_is(fh_utf8_next(bytes, &at));
    }
    return is_shown;
}

static void add_quoted(struct fh_buf *out, const char *string)
{
    struct fh_bytes text = fh_bytes_cstr(string);
    fh_buf_add_u8(out, '"');
    for (size_t at = 0; at < text.size;) {
        size_t start = at;
        uint32_t c = fh_utf8_next(text, &at);
        if (is_shown_as_is(c) && c != '"' && c != '\\') {
            fh_buf_add(out, text.data + start, at - start);
        } else if (c == '"' || c == '\\') {
            fh_buf_printf(out, "\\%c", (int)c);
        } else if (c == '\n' || c == '\t' || c == '\r') {
            fh_buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        } else {
            fh_buf_printf(out, "\\u%04X", (unsigned)c);
        }
    }
    fh_buf_add_u8(out, '"');
}

static void add_inline(struct fh_buf *out, const char *text, bool in_flow)
{
    if (is_plain(text, in_flow)) {
        fh_buf_add_cstr(out, text);
    } else {
        add_quoted(out, text);
    }
}

/* Whether a block can hold the text byte for byte: lines without blanks at their ends, at most one
 * line end at the end, and nothing that is escaped elsewhere. */
static bool fits_block(const char *string)
{
    struct fh_bytes text = fh_bytes_cstr(string);
    uint32_t before = '\n';
    for (size_t at = 0; at < text.size;) {
        uint32_t c = fh_utf8_next(text, &at);
        bool is_last = at == text.size;
        if ((c != '\n' && !is_shown_as_is(c)) || (before == ' ' && c == '\n') ||
            (c == ' ' && is_last) || (before == '\n' && c == '\n' && (is_last || at == 1)) ||
            (c == ' ' && at == 1)) {
            return false;
        }
        before = c;
    }
    return true;
}

static void add_literal(struct fh_buf *out, const char *text, unsigned indent)
{
    size_t size = strlen(text);
    fh_buf_add_cstr(out, text[size - 1] == '\n' ? " |\n" : " |-\n");
    while (*text != '\0') {
        size_t line = strcspn(text, "\n");
        if (line > 0) {
            fh_yaml_indent(out, indent);
            fh_buf_add(out, text, line);
        }
        fh_buf_add_u8(out, '\n');
        text += line;
        text += *text == '\n';
    }
}

/* One long line of words with one blank between them. */
static bool fits_fold(const char *text)
{
    return strlen(text) > LINE_MAX_BYTES && strchr(text, ' ') != NULL &&
           strchr(text, '\n') == NULL && strstr(text, "  ") == NULL && fits_block(text);
}

static void add_folded(struct fh_buf *out, const char *text, unsigned indent)
{
    fh_buf_add_cstr(out, " >-\n");
    while (*text != '\0') {
        size_t rest = strlen(text);
        size_t line = rest;
        if (rest > LINE_MAX_BYTES) {
            line = LINE_MAX_BYTES;
            while (line > 0 && text[line] != ' ') {
                line--;
            }
            line = line > 0 ? line : strcspn(text, " "); /* a word longer than a line */
        }
        fh_yaml_indent(out, indent);
        fh_buf_add(out, text, line);
        fh_buf_add_u8(out, '\n');
        text += line;
        text += *text == ' ';
    }
}

void fh_yaml_key(struct fh_buf *out, const char *key)
{
    add_inline(out, key, true);
    fh_buf_add_u8(out, ':');
}

void fh_yaml_string(struct fh_buf *out, const char *text, unsigned indent)
{
    if (strchr(text, '\n') != NULL && fits_block(text)) {
        add_literal(out, text, indent);
    } else if (fits_fold(text)) {
        add_folded(out, text, indent);
    } else {
        fh_buf_add_u8(out, ' ');
        add_inline(out, text, false);
        fh_buf_add_u8(out, '\n');
    }
}

void fh_yaml_strings(struct fh_buf *out, size_t count, const char *const *items, unsigned indent)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += strlen(items[i]) + 2;
    }
    if (size > LINE_MAX_BYTES) {
        fh_buf_add_u8(out, '\n');
        for (size_t i = 0; i < count; i++) {
            fh_yaml_indent(out, indent);
            fh_buf_add_u8(out, '-');
            fh_yaml_string(out, items[i], indent + FH_YAML_STEP);
        }
        return;
    }
    fh_buf_add_cstr(out, " [");
    for (size_t i = 0; i < count; i++) {
        fh_buf_add_cstr(out, i == 0 ? "" : ", ");
        add_inline(out, items[i], true);
    }
    fh_buf_add_cstr(out, "]\n");
}

/* --- values --- */

static void add_number(struct fh_buf *out, const char *text)
{
    char normal[FH_DECIMAL_BYTES];
    bool fits = fh_decimal_normalise(normal, text);
    FH_ASSERT(fits);
    fh_buf_add_cstr(out, normal);
}

/* In one line: lists and maps with brackets. */
static void add_flow(struct fh_buf *out, const struct fh_doc_node *node)
{
    bool flag = false;
    switch (fh_doc_type(node)) {
    case FH_DOC_TYPE_NULL:
        fh_buf_add_cstr(out, "null");
        break;
    case FH_DOC_TYPE_BOOL:
        fh_buf_add_cstr(out, fh_doc_bool(node, &flag) && flag ? "true" : "false");
        break;
    case FH_DOC_TYPE_NUMBER:
        add_number(out, node->text);
        break;
    case FH_DOC_TYPE_STRING:
        add_inline(out, node->text, true);
        break;
    case FH_DOC_TYPE_LIST:
    case FH_DOC_TYPE_MAP: {
        bool is_map = node->kind == FH_DOC_MAP;
        fh_buf_add_u8(out, is_map ? '{' : '[');
        for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
            fh_buf_add_cstr(out, child == node->first ? "" : ", ");
            if (is_map) {
                fh_yaml_key(out, child->key);
                fh_buf_add_u8(out, ' ');
            }
            add_flow(out, child);
        }
        fh_buf_add_u8(out, is_map ? '}' : ']');
        break;
    }
    case FH_DOC_TYPE_COUNT:
        break;
    }
}

/* Whether a list or map is short and flat, so that one line shows it best. */
static bool is_short(const struct fh_doc_node *node)
{
    size_t size = 0;
    for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind != FH_DOC_SCALAR) {
            return false;
        }
        size += strlen(child->text) + (child->key == NULL ? 0 : strlen(child->key)) + 4;
    }
    return size <= LINE_MAX_BYTES;
}

static void add_block(struct fh_buf *out, const struct fh_doc_node *node, unsigned indent)
{
    fh_buf_add_u8(out, '\n');
    for (const struct fh_doc_node *child = node->first; child != NULL; child = child->next) {
        fh_yaml_indent(out, indent);
        if (node->kind == FH_DOC_MAP) {
            fh_yaml_key(out, child->key);
            fh_yaml_value(out, child, indent + FH_YAML_STEP);
        } else if (child->kind == FH_DOC_SCALAR) {
            fh_buf_add_u8(out, '-');
            fh_yaml_value(out, child, indent + FH_YAML_STEP);
        } else {
            fh_buf_add_cstr(out, "- ");
            add_flow(out, child);
            fh_buf_add_u8(out, '\n');
        }
    }
}

void fh_yaml_value(struct fh_buf *out, const struct fh_doc_node *node, unsigned indent)
{
    if (fh_doc_type(node) == FH_DOC_TYPE_STRING) {
        fh_yaml_string(out, node->text, indent);
    } else if (node->kind == FH_DOC_SCALAR || is_short(node)) {
        fh_buf_add_u8(out, ' ');
        add_flow(out, node);
        fh_buf_add_u8(out, '\n');
    } else {
        add_block(out, node, indent);
    }
}
