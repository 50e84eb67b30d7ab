/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/pgcat/array.h"

#include "common/err.h"
#include "common/limits.h"

#include <string.h>
#include <strings.h>

static int peek(const struct fh_pgcat_array *array)
{
    return array->at < array->text.size ? array->text.data[array->at] : -1;
}

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_spaces(struct fh_pgcat_array *array)
{
    while (is_space(peek(array))) {
        array->at++;
    }
}

bool fh_pgcat_array_open(struct fh_pgcat_array *array, struct fh_bytes text)
{
    *array = (struct fh_pgcat_array){.text = text};
    fh_buf_init(&array->element, FH_PGCAT_VALUE_BYTES_MAX);
    skip_spaces(array);
    if (peek(array) == '{') {
        array->at++;
        return true;
    }
    array->vector = true;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c != ' ' && c != '-' && (c < '0' || c > '9')) {
            return false;
        }
    }
    return true;
}

void fh_pgcat_array_close(struct fh_pgcat_array *array)
{
    fh_buf_fini(&array->element);
}

static bool next_of_vector(struct fh_pgcat_array *array, struct fh_bytes *out)
{
    skip_spaces(array);
    size_t begin = array->at;
    while (peek(array) >= 0 && !is_space(peek(array))) {
        array->at++;
    }
    *out = fh_bytes(array->text.data + begin, array->at - begin);
    return array->at > begin;
}

bool fh_pgcat_array_next(struct fh_pgcat_array *array, struct fh_bytes *out, bool *out_null)
{
    *out_null = false;
    if (array->vector) {
        return next_of_vector(array, out);
    }
    skip_spaces(array);
    int c = peek(array);
    if (c < 0 || c == '}' || c == '{') {
        return false;
    }
    fh_buf_reset(&array->element);
    bool quoted = c == '"';
    array->at += quoted ? 1 : 0;
    for (;;) {
        c = peek(array);
        if (c < 0) {
            return false;
        }
        array->at++;
        if (c == '\\' && peek(array) >= 0) {
            c = peek(array);
            array->at++;
        } else if (quoted ? c == '"' : c == ',' || c == '}') {
            break;
        }
        fh_buf_add_u8(&array->element, (uint8_t)c);
    }
    if (quoted) {
        skip_spaces(array);
        if (peek(array) != ',' && peek(array) != '}') {
            return false;
        }
        array->at += peek(array) == ',' ? 1 : 0;
    } else if (c == '}') {
        array->at--;
    }
    *out = fh_buf_view(&array->element);
    *out_null = !quoted && out->size == 4 && strncasecmp((const char *)out->data, "null", 4) == 0;
    return array->element.failed == FH_OK;
}

bool fh_pgcat_array_number(struct fh_bytes element, int64_t *out)
{
    size_t begin = element.size > 1 && element.data[0] == '-' ? 1 : 0;
    int64_t value = 0;
    if (element.size == begin || element.size > 18 ||
        (element.data[begin] == '0' && element.size > 1)) {
        return false;
    }
    for (size_t i = begin; i < element.size; i++) {
        if (element.data[i] < '0' || element.data[i] > '9') {
            return false;
        }
        value = value * 10 + (element.data[i] - '0');
    }
    *out = begin > 0 ? -value : value;
    return true;
}

void fh_pgcat_array_begin(struct fh_buf *out)
{
    fh_buf_add_u8(out, '{');
}

static bool needs_quotes(struct fh_bytes element)
{
    if (element.size == 0 ||
        (element.size == 4 && strncasecmp((const char *)element.data, "null", 4) == 0)) {
        return true;
    }
    for (size_t i = 0; i < element.size; i++) {
        uint8_t c = element.data[i];
        if (is_space(c) || memchr("{},\"\\", c, 5) != NULL) {
            return true;
        }
    }
    return false;
}

void fh_pgcat_array_add(struct fh_buf *out, struct fh_bytes element, bool null)
{
    if (out->size > 1) {
        fh_buf_add_u8(out, ',');
    }
    if (null) {
        fh_buf_add_cstr(out, "NULL");
        return;
    }
    if (!needs_quotes(element)) {
        fh_buf_add_bytes(out, element);
        return;
    }
    fh_buf_add_u8(out, '"');
    for (size_t i = 0; i < element.size; i++) {
        if (element.data[i] == '"' || element.data[i] == '\\') {
            fh_buf_add_u8(out, '\\');
        }
        fh_buf_add_u8(out, element.data[i]);
    }
    fh_buf_add_u8(out, '"');
}

void fh_pgcat_array_end(struct fh_buf *out)
{
    fh_buf_add_u8(out, '}');
}
