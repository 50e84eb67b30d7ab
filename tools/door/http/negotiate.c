/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/negotiate.h"

#include <string.h>
#include <strings.h>

enum { Q_ONE = 1000 }; /* q has at most three digits */

static struct fh_bytes trimmed(struct fh_bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = fh_bytes(text.data + 1, text.size - 1);
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* Takes what stands before the next `mark` outside of quotes; false when nothing is left. */
static bool take(struct fh_bytes *rest, char mark, struct fh_bytes *out)
{
    if (rest->data == NULL) {
        return false;
    }
    bool quoted = false;
    size_t end = 0;
    for (; end < rest->size && (quoted || rest->data[end] != (uint8_t)mark); end++) {
        if (quoted && rest->data[end] == '\\' && end + 1 < rest->size) {
            end++;
        } else if (rest->data[end] == '"') {
            quoted = !quoted;
        }
    }
    *out = trimmed(fh_bytes(rest->data, end));
    *rest = end < rest->size ? fh_bytes(rest->data + end + 1, rest->size - end - 1) : FH_BYTES_NONE;
    return true;
}

static bool equals(struct fh_bytes text, const char *word)
{
    return text.size == strlen(word) && strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* "0.25" as 250; -1 when it is none (RFC 9110, 12.4.2). */
static int read_q(struct fh_bytes text)
{
    if (text.size == 0 || text.size > 5 || (text.data[0] != '0' && text.data[0] != '1') ||
        (text.size > 1 && text.data[1] != '.')) {
        return -1;
    }
    int value = (text.data[0] - '0') * Q_ONE;
    int unit = Q_ONE / 10;
    for (size_t i = 2; i < text.size; i++, unit /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }
        value += (text.data[i] - '0') * unit;
    }
    return value <= Q_ONE ? value : -1;
}

/* The q among the parameters of a range; -1: malformed. */
static int q_of(struct fh_bytes parameters)
{
    struct fh_bytes parameter;
    while (take(&parameters, ';', &parameter)) {
        if (parameter.size >= 2 && (parameter.data[0] == 'q' || parameter.data[0] == 'Q') &&
            parameter.data[1] == '=') {
            return read_q(fh_bytes(parameter.data + 2, parameter.size - 2));
        }
    }
    return Q_ONE;
}

/* How closely a range names the type: 3 itself, 2 "text/" and a star, 1 two stars, 0 not at all. */
static int closeness(struct fh_bytes range, const char *type)
{
    if (equals(range, type)) {
        return 3;
    }
    if (equals(range, "*/*")) {
        return 1;
    }
    const char *slash = strchr(type, '/');
    size_t head = slash == NULL ? 0 : (size_t)(slash - type) + 1;
    bool any = head > 0 && range.size == head + 1 && range.data[head] == '*' &&
               strncasecmp((const char *)range.data, type, head) == 0;
    return any ? 2 : 0;
}

/* What Accept gives the type: the q of the range that names it most closely. */
static int weight(struct fh_bytes accept, const char *type)
{
    int best = 0;
    int q = 0;
    struct fh_bytes element;
    while (take(&accept, ',', &element)) {
        struct fh_bytes range;
        struct fh_bytes parameters = element;
        if (element.size == 0 || !take(&parameters, ';', &range)) {
            continue;
        }
        int close = closeness(range, type);
        int said = q_of(parameters);
        if (close > best && said >= 0) {
            best = close;
            q = said;
        }
    }
    return q;
}

int fh_http_negotiate(const struct fh_http_form *forms, size_t count, struct fh_bytes accept)
{
    int best = -1;
    int best_q = 0;
    if (trimmed(accept).size == 0) {
        return count > 0 ? 0 : -1;
    }
    for (size_t i = 0; i < count; i++) {
        int q = weight(accept, forms[i].type);
        if (q > best_q) {
            best = (int)i;
            best_q = q;
        }
    }
    return best;
}

bool fh_http_coding_taken(struct fh_bytes accept_encoding, const char *coding)
{
    struct fh_bytes element;
    while (take(&accept_encoding, ',', &element)) {
        struct fh_bytes name;
        if (element.size > 0 && take(&element, ';', &name) && equals(name, coding)) {
            return q_of(element) > 0;
        }
    }
    return false;
}

bool fh_http_etag_matches(struct fh_bytes if_none_match, const char *etag)
{
    struct fh_bytes element;
    while (take(&if_none_match, ',', &element)) {
        if (element.size > 2 && element.data[0] == 'W' && element.data[1] == '/') {
            element = fh_bytes(element.data + 2, element.size - 2);
        }
        if (fh_bytes_equal_cstr(element, "*") || fh_bytes_equal_cstr(element, etag)) {
            return true;
        }
    }
    return false;
}

bool fh_http_type_is(struct fh_bytes content_type, const char *type)
{
    struct fh_bytes said;
    struct fh_bytes parameter;
    if (!take(&content_type, ';', &said) || !equals(said, type)) {
        return false;
    }
    while (take(&content_type, ';', &parameter)) {
        struct fh_bytes name;
        if (take(&parameter, '=', &name) && equals(name, "charset") &&
            !equals(parameter, "utf-8") && !equals(parameter, "\"utf-8\"")) {
            return false;
        }
    }
    return true;
}
