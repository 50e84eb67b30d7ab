/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/door/http/request.h"

#include "common/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* What a target may hold as it is (RFC 3986: pchar, "/" and "?"). Whatever else must be encoded. */
static bool is_plain(uint8_t c)
{
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alnum || (c != 0 && strchr("-._~!$&'()*+,;=:@/?", c) != NULL);
}

/* Decodes one piece; `plus` is what a "+" stands for. NULL after an error. */
static const char *decode(
    struct fh_bytes piece, char plus, const char *rule, struct fh_arena *arena, struct fh_err *err)
{
    char *out = fh_arena_alloc(arena, piece.size + 1);
    size_t size = 0;
    if (out == NULL) {
        fh_err_set(err, FH_ENOMEM, "no memory for a request");
        return NULL;
    }
    for (size_t i = 0; i < piece.size; i++) {
        uint8_t c = piece.data[i];
        if (c == '%') {
            int high = i + 2 < piece.size ? hex_digit(piece.data[i + 1]) : -1;
            int low = i + 2 < piece.size ? hex_digit(piece.data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                fh_err_rule(err, FH_EINVAL, rule, "a %% without two hexadecimal digits behind it");
                return NULL;
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (!is_plain(c)) {
            fh_err_rule(err, FH_EINVAL, rule, "a byte that must be written as %%%02X", c);
            return NULL;
        } else if (c == '+') {
            c = (uint8_t)plus;
        }
        out[size++] = (char)c;
    }
    bool text = memchr(out, 0, size) == NULL && fh_utf8_valid(fh_bytes(out, size)) &&
                fh_text_printable(out);
    if (!text) {
        fh_err_rule(
            err, FH_EINVAL, "http.utf8", "what is encoded is no UTF-8 text without controls");
        return NULL;
    }
    return out;
}

/* ---- the path ---- */

static int add_segment(struct fh_http_target *target,
                       struct fh_bytes piece,
                       struct fh_arena *arena,
                       struct fh_err *err)
{
    if (target->segment_count == FH_HTTP_SEGMENTS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "http.path",
                           "a path of more than %d segments; none here is so long",
                           FH_HTTP_SEGMENTS_MAX);
    }
    const char *segment = decode(piece, '+', "http.path", arena, err);
    if (segment == NULL) {
        return err->code;
    }
    bool dots = strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0;
    if (segment[0] == '\0' || dots || strpbrk(segment, "/\\") != NULL) {
        return fh_err_rule(
            err,
            FH_EINVAL,
            "http.path",
            "a path has no empty segment, no \".\" or \"..\", no encoded / and no \\, "
            "and does not end with /");
    }
    target->segments[target->segment_count++] = segment;
    return FH_OK;
}

static int parse_path(struct fh_http_target *target,
                      struct fh_bytes path,
                      struct fh_arena *arena,
                      struct fh_err *err)
{
    if (path.size == 0 || path.data[0] != '/') {
        return fh_err_rule(err, FH_EINVAL, "http.path", "a target begins with /; this is no proxy");
    }
    if (path.size == 1) {
        return FH_OK;
    }
    size_t begin = 1;
    for (size_t i = 1; i <= path.size; i++) {
        if (i == path.size || path.data[i] == '/') {
            int code = add_segment(target, fh_bytes(path.data + begin, i - begin), arena, err);
            if (code != FH_OK) {
                return code;
            }
            begin = i + 1;
        }
    }
    return FH_OK;
}

/* ---- arguments ---- */

static int add_argument(struct fh_http_target *target,
                        struct fh_bytes piece,
                        struct fh_arena *arena,
                        struct fh_err *err)
{
    if (piece.size == 0) {
        return FH_OK; /* "a=1&": forms of some programs end so */
    }
    if (target->argument_count == FH_HTTP_ARGUMENTS_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "http.query",
                           "more than %d arguments behind the ?",
                           FH_HTTP_ARGUMENTS_MAX);
    }
    const uint8_t *sign = memchr(piece.data, '=', piece.size);
    size_t name = sign == NULL ? piece.size : (size_t)(sign - piece.data);
    size_t value = sign == NULL ? piece.size : name + 1;
    struct fh_http_argument *argument = &target->arguments[target->argument_count];
    argument->name = decode(fh_bytes(piece.data, name), ' ', "http.query", arena, err);
    if (argument->name == NULL) {
        return err->code;
    }
    argument->value =
        decode(fh_bytes(piece.data + value, piece.size - value), ' ', "http.query", arena, err);
    if (argument->value == NULL) {
        return err->code;
    }
    target->argument_count++;
    return FH_OK;
}

static int parse_arguments(struct fh_http_target *target,
                           struct fh_bytes query,
                           struct fh_arena *arena,
                           struct fh_err *err)
{
    size_t begin = 0;
    for (size_t i = 0; i <= query.size; i++) {
        if (i == query.size || query.data[i] == '&') {
            int code = add_argument(target, fh_bytes(query.data + begin, i - begin), arena, err);
            if (code != FH_OK) {
                return code;
            }
            begin = i + 1;
        }
    }
    return FH_OK;
}

int fh_http_target_parse(struct fh_http_target *out,
                         struct fh_bytes text,
                         struct fh_arena *arena,
                         struct fh_err *err)
{
    struct fh_http_target target = {.segment_count = 0};
    if (text.size > FH_HTTP_TARGET_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_ETOOBIG,
                           "http.target.size",
                           "a target of %zu bytes; at most %d",
                           text.size,
                           FH_HTTP_TARGET_BYTES_MAX);
    }
    const uint8_t *mark = text.size == 0 ? NULL : memchr(text.data, '?', text.size);
    size_t path = mark == NULL ? text.size : (size_t)(mark - text.data);
    int code = parse_path(&target, fh_bytes(text.data, path), arena, err);
    if (code == FH_OK && mark != NULL) {
        code = parse_arguments(&target, fh_bytes(mark + 1, text.size - path - 1), arena, err);
    }
    if (code == FH_OK) {
        *out = target;
    }
    return code;
}

const char *fh_http_argument(const struct fh_http_target *target, const char *name)
{
    for (size_t i = 0; i < target->argument_count; i++) {
        if (strcmp(target->arguments[i].name, name) == 0) {
            return target->arguments[i].value;
        }
    }
    return NULL;
}

/* ---- which there may be ---- */

static bool is_repeated(const struct fh_http_target *target, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(target->arguments[i].name, target->arguments[index].name) == 0) {
            return true;
        }
    }
    return false;
}

static int refuse_argument(const char *name, const char *const *names, struct fh_err *err)
{
    char list[256] = "";
    size_t size = 0;
    for (size_t i = 0; names[i] != NULL && size < sizeof list; i++) {
        int n = snprintf(list + size,
                         sizeof list - size,
                         "%s%s",
                         i == 0 ? "" : ", ",
                         names[i] + (names[i][0] == '*' ? 1 : 0));
        size += n > 0 ? (size_t)n : 0;
    }
    return fh_err_rule(err,
                       FH_EINVAL,
                       "http.argument",
                       "\"%.60s\" is none of the arguments here: %s",
                       name,
                       names[0] == NULL ? "there are none" : list);
}

int fh_http_target_check(const struct fh_http_target *target,
                         const char *const *names,
                         struct fh_err *err)
{
    for (size_t i = 0; i < target->argument_count; i++) {
        const char *name = target->arguments[i].name;
        size_t at = 0;
        while (names[at] != NULL && strcmp(names[at] + (names[at][0] == '*' ? 1 : 0), name) != 0) {
            at++;
        }
        if (names[at] == NULL) {
            return refuse_argument(name, names, err);
        }
        if (names[at][0] != '*' && is_repeated(target, i)) {
            return fh_err_rule(
                err, FH_EINVAL, "http.argument", "\"%.60s\" is given twice; once is right", name);
        }
    }
    return FH_OK;
}

int fh_http_argument_number(uint64_t *out,
                            const struct fh_http_target *target,
                            const char *name,
                            uint64_t least,
                            uint64_t most,
                            uint64_t fallback,
                            struct fh_err *err)
{
    FH_ASSERT(least <= most && most <= INT64_MAX);
    const char *text = fh_http_argument(target, name);
    uint64_t value = 0;
    size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
    if (text == NULL) {
        *out = fallback;
        return FH_OK;
    }
    for (size_t i = 0; i < digits && i < 19; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (digits == 0 || digits > 18 || text[digits] != '\0' || value < least || value > most) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "http.argument",
                           "%s: a number from %" PRIu64 " to %" PRIu64,
                           name,
                           least,
                           most);
    }
    *out = value;
    return FH_OK;
}
