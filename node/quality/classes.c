/* SPDX-License-Identifier: Apache-2.0 */
#include "node/quality/classes.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { REPEAT_MAX = 1000 }; /* what RE2 takes too */

struct set {
    bool has[128];
};

static void add_range(struct set *set, unsigned char first, unsigned char last)
{
    for (unsigned c = first; c <= last && c < FH_COUNT(set->has); c++) {
        set->has[c] = true;
    }
}

/* \d and \w at `at` (behind the backslash), or a punctuation mark that is escaped. */
static bool add_escape(struct set *set, const char *at)
{
    if (*at == 'd' || *at == 'w') {
        add_range(set, '0', '9');
        if (*at == 'w') {
            add_range(set, 'a', 'z');
            add_range(set, 'A', 'Z');
            add_range(set, '_', '_');
        }
        return true;
    }
    if (!ispunct((unsigned char)*at)) {
        return false;
    }
    add_range(set, (unsigned char)*at, (unsigned char)*at);
    return true;
}

/* "[...]" or "\d"; NULL when it is anything else. */
static const char *read_class(struct set *set, const char *at)
{
    if (*at == '\\') {
        return (at[1] == 'd' || at[1] == 'w') && add_escape(set, at + 1) ? at + 2 : NULL;
    }
    if (*at != '[' || at[1] == '^' || at[1] == ']') {
        return NULL;
    }
    for (at++; *at != ']'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c >= 0x7f || c == '[') {
            return NULL;
        }
        if (c == '\\') {
            if (!add_escape(set, ++at) || at[1] == '-') {
                return NULL;
            }
        } else if (at[1] == '-' && at[2] != ']') {
            unsigned char last = (unsigned char)at[2];
            if (!isalnum(c) || !isalnum(last) || last < c) {
                return NULL;
            }
            add_range(set, c, last);
            at += 2;
        } else {
            add_range(set, c, c);
        }
    }
    return at + 1;
}

/* Digits; false when there are none or too many. */
static bool read_count(const char **at, uint32_t *out)
{
    uint32_t count = 0;
    const char *p = *at;
    for (; isdigit((unsigned char)*p) && count <= REPEAT_MAX; p++) {
        count = count * 10 + (uint32_t)(*p - '0');
    }
    bool read = p != *at && count <= REPEAT_MAX;
    *at = p;
    *out = count;
    return read;
}

/* *, +, ?, {m}, {m,}, {m,n} or nothing. */
static const char *read_repeat(const char *at, uint32_t *out_least, uint32_t *out_most)
{
    *out_least = *at == '*' || *at == '?' ? 0 : 1;
    *out_most = *at == '*' || *at == '+' ? UINT32_MAX : 1;
    if (*at != '{') {
        return strchr("*+?", *at) != NULL && *at != '\0' ? at + 1 : at;
    }
    at++;
    if (!read_count(&at, out_least)) {
        return NULL;
    }
    *out_most = *out_least;
    if (*at == ',') {
        at++;
        *out_most = UINT32_MAX;
        if (*at != '}' && (!read_count(&at, out_most) || *out_most < *out_least)) {
            return NULL;
        }
    }
    return *at == '}' ? at + 1 : NULL;
}

/* ^[...]{least,most}$ */
struct shape {
    struct set set;
    uint32_t least;
    uint32_t most; /* UINT32_MAX: no bound */
};

static bool read_shape(struct shape *out, const char *pattern)
{
    *out = (struct shape){.least = 0};
    const char *at = *pattern == '^' ? read_class(&out->set, pattern + 1) : NULL;
    at = at == NULL ? NULL : read_repeat(at, &out->least, &out->most);
    return at != NULL && strcmp(at, "$") == 0;
}

/* What is left of `value` when the characters in front that may be there are gone. */
static void put_rest(struct fh_buf *out, const char *value, const struct set *set)
{
    fh_buf_printf(out, "ltrim(%s, '", value);
    for (unsigned c = 0; c < FH_COUNT(set->has); c++) {
        if (set->has[c]) {
            fh_buf_printf(out, c == '\'' ? "''" : "%c", (int)c);
        }
    }
    fh_buf_add_cstr(out, "')");
}

bool fh_classes_put(struct fh_buf *out, const char *value, const char *length, const char *pattern)
{
    struct shape shape;
    if (!read_shape(&shape, pattern)) {
        return false;
    }
    /* No CASE, which would save the second look: DuckDB trims each entry of a column's dictionary
     * once, but not behind a CASE. */
    put_rest(out, value, &shape.set);
    fh_buf_add_cstr(out, " <> ''");
    if (shape.least == shape.most) {
        fh_buf_printf(out, " OR %s <> %u", length, shape.least);
    } else if (shape.most != UINT32_MAX) {
        fh_buf_printf(out, " OR %s NOT BETWEEN %u AND %u", length, shape.least, shape.most);
    } else if (shape.least > 0) {
        fh_buf_printf(out, " OR %s < %u", length, shape.least);
    }
    return true;
}

bool fh_classes_put_any(struct fh_buf *out,
                        const char *value,
                        const char *length,
                        const char *pattern)
{
    struct shape shape;
    if (!read_shape(&shape, pattern)) {
        return false;
    }
    /* Lengths and not texts are compared: they stay in the column's dictionary until the end. */
    fh_buf_add_cstr(out, "max(length(");
    put_rest(out, value, &shape.set);
    fh_buf_add_cstr(out, ")) > 0");
    if (shape.least > 0) {
        fh_buf_printf(out, " OR min(%s) < %u", length, shape.least);
    }
    if (shape.most != UINT32_MAX) {
        fh_buf_printf(out, " OR max(%s) > %u", length, shape.most);
    }
    return true;
}
