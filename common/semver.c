/* SPDX-License-Identifier: Apache-2.0 */
#include "common/semver.h"

#include "common/limits.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Reads a number without leading zeros that fits 32 bits; NULL when there is none. */
static const char *read_number(const char *at, uint32_t *out)
{
    if (!is_digit(*at) || (at[0] == '0' && is_digit(at[1]))) {
        return NULL;
    }
    uint64_t value = 0;
    for (; is_digit(*at); at++) {
        value = value * 10 + (uint64_t)(*at - '0');
        if (value > UINT32_MAX) {
            return NULL;
        }
    }
    *out = (uint32_t)value;
    return at;
}

/* Skips dot-separated identifiers; numeric ones have no leading zeros in a pre-release. NULL when
 * one is empty or wrong. */
static const char *skip_identifiers(const char *at, bool is_prerelease)
{
    for (;;) {
        const char *start = at;
        bool numeric = true;
        for (; is_identifier_char(*at); at++) {
            numeric = numeric && is_digit(*at);
        }
        if (at == start || (is_prerelease && numeric && start[0] == '0' && at - start > 1)) {
            return NULL;
        }
        if (*at != '.') {
            return at;
        }
        at++;
    }
}

static const char *parse(struct fh_semver *out, const char *text)
{
    const char *at = read_number(text, &out->major);
    if (at == NULL || *at != '.') {
        return NULL;
    }
    at = read_number(at + 1, &out->minor);
    if (at == NULL || *at != '.') {
        return NULL;
    }
    at = read_number(at + 1, &out->patch);
    if (at != NULL && *at == '-') {
        const char *start = at + 1;
        at = skip_identifiers(start, true);
        if (at != NULL) {
            out->prerelease = fh_bytes(start, (size_t)(at - start));
        }
    }
    if (at != NULL && *at == '+') {
        at = skip_identifiers(at + 1, false);
    }
    return at;
}

int fh_semver_parse(struct fh_semver *out, const char *text, struct fh_err *err)
{
    struct fh_semver read = {0};
    if (strnlen(text, FH_VERSION_BYTES_MAX + 1) > FH_VERSION_BYTES_MAX) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "semver.form",
                           "version is longer than %d characters; write MAJOR.MINOR.PATCH",
                           FH_VERSION_BYTES_MAX);
    }
    const char *end = parse(&read, text);
    if (end == NULL || *end != '\0') {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "semver.form",
                           "version \"%s\" is no semantic version; write MAJOR.MINOR.PATCH, as in "
                           "1.0.0, without a leading v or zeros",
                           text);
    }
    *out = read;
    return FH_OK;
}

static int compare_number(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

/* The next dot-separated identifier of `rest`, which moves behind it. */
static struct fh_bytes next_identifier(struct fh_bytes *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != '.') {
        size++;
    }
    struct fh_bytes identifier = fh_bytes(rest->data, size);
    size_t used = size < rest->size ? size + 1 : size;
    *rest = fh_bytes(rest->data + used, rest->size - used);
    return identifier;
}

static bool is_numeric(struct fh_bytes identifier)
{
    for (size_t i = 0; i < identifier.size; i++) {
        if (!is_digit((char)identifier.data[i])) {
            return false;
        }
    }
    return true;
}

static int compare_identifier(struct fh_bytes a, struct fh_bytes b)
{
    bool a_numeric = is_numeric(a);
    bool b_numeric = is_numeric(b);
    if (a_numeric != b_numeric) {
        return a_numeric ? -1 : 1; /* numbers come before names */
    }
    if (a_numeric && a.size != b.size) {
        return a.size < b.size ? -1 : 1; /* without leading zeros the longer is the greater */
    }
    return fh_bytes_compare(a, b);
}

static int compare_prerelease(struct fh_bytes a, struct fh_bytes b)
{
    if (a.size == 0 || b.size == 0) {
        return a.size == b.size ? 0 : a.size == 0 ? 1 : -1; /* a release is the greater */
    }
    while (a.size > 0 && b.size > 0) {
        int order = compare_identifier(next_identifier(&a), next_identifier(&b));
        if (order != 0) {
            return order;
        }
    }
    return a.size == b.size ? 0 : a.size < b.size ? -1 : 1; /* more identifiers, the greater */
}

int fh_semver_compare(const struct fh_semver *a, const struct fh_semver *b)
{
    int order = compare_number(a->major, b->major);
    if (order == 0) {
        order = compare_number(a->minor, b->minor);
    }
    if (order == 0) {
        order = compare_number(a->patch, b->patch);
    }
    return order != 0 ? order : compare_prerelease(a->prerelease, b->prerelease);
}
