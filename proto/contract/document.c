/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/document.h"

#include "common/assert.h"

#include <string.h>

struct fh_doc_node *fh_doc_new(struct fh_arena *arena, enum fh_doc_kind kind)
{
    struct fh_doc_node *node = fh_arena_alloc(arena, sizeof *node);
    if (node != NULL) {
        node->kind = kind;
        node->text = "";
    }
    return node;
}

const struct fh_doc_node *fh_doc_get(const struct fh_doc_node *node, const char *key)
{
    if (node == NULL || node->kind != FH_DOC_MAP) {
        return NULL;
    }
    const struct fh_doc_node *child = node->first;
    while (child != NULL && strcmp(child->key, key) != 0) {
        child = child->next;
    }
    return child;
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static bool is_null(const struct fh_doc_node *node)
{
    return node->plain && (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
                           is_one_of(node->text, "null", "Null", "NULL"));
}

bool fh_doc_bool(const struct fh_doc_node *node, bool *out)
{
    if (node->kind != FH_DOC_SCALAR || !node->plain) {
        return false;
    }
    if (is_one_of(node->text, "true", "True", "TRUE")) {
        *out = true;
        return true;
    }
    if (is_one_of(node->text, "false", "False", "FALSE")) {
        *out = false;
        return true;
    }
    return false;
}

enum fh_doc_type fh_doc_type(const struct fh_doc_node *node)
{
    switch (node->kind) {
    case FH_DOC_LIST:
        return FH_DOC_TYPE_LIST;
    case FH_DOC_MAP:
        return FH_DOC_TYPE_MAP;
    case FH_DOC_SCALAR: {
        bool flag;
        char number[FH_DECIMAL_BYTES];
        if (is_null(node)) {
            return FH_DOC_TYPE_NULL;
        }
        if (fh_doc_bool(node, &flag)) {
            return FH_DOC_TYPE_BOOL;
        }
        return node->plain && fh_decimal_normalise(number, node->text) ? FH_DOC_TYPE_NUMBER
                                                                       : FH_DOC_TYPE_STRING;
    }
    case FH_DOC_BROKEN:
    case FH_DOC_KIND_COUNT:
        break;
    }
    return FH_DOC_TYPE_NULL;
}

const char *fh_doc_type_text(enum fh_doc_type type)
{
    static const char *const texts[] = {[FH_DOC_TYPE_NULL] = "nothing",
                                        [FH_DOC_TYPE_BOOL] = "true or false",
                                        [FH_DOC_TYPE_NUMBER] = "a number",
                                        [FH_DOC_TYPE_STRING] = "a string",
                                        [FH_DOC_TYPE_LIST] = "a list",
                                        [FH_DOC_TYPE_MAP] = "a map"};
    FH_ASSERT(type < FH_COUNT(texts));
    return texts[type];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The parts of a number as written. */
struct number {
    bool negative;
    char digits[FH_DECIMAL_DIGITS_MAX]; /* without leading zeros */
    size_t digit_count;
    long scale; /* digits behind the point; negative adds zeros */
};

static bool read_digits(const char **at, struct number *number, bool is_fraction)
{
    const char *start = *at;
    for (; is_digit(**at); (*at)++) {
        if (is_fraction) {
            number->scale++;
        }
        if (number->digit_count == 0 && **at == '0') {
            continue;
        }
        if (number->digit_count == FH_DECIMAL_DIGITS_MAX) {
            return false;
        }
        number->digits[number->digit_count++] = **at;
    }
    return *at > start;
}

static bool read_exponent(const char **at, long *out)
{
    bool negative = **at == '-';
    if (**at == '-' || **at == '+') {
        (*at)++;
    }
    const char *start = *at;
    long value = 0;
    for (; is_digit(**at); (*at)++) {
        value = value * 10 + (**at - '0');
        if (value > 10000) {
            return false;
        }
    }
    *out = negative ? -value : value;
    return *at > start;
}

static bool read_number(struct number *out, const char *text)
{
    struct number number = {0};
    const char *at = text;
    if (*at == '-') {
        number.negative = true;
        at++;
    }
    if (at[0] == '0' && is_digit(at[1])) {
        return false; /* 007: octal to some readers */
    }
    bool has_whole = is_digit(*at);
    if (has_whole && !read_digits(&at, &number, false)) {
        return false;
    }
    if (*at == '.') {
        at++;
        bool has_fraction = is_digit(*at);
        if ((has_fraction && !read_digits(&at, &number, true)) || (!has_fraction && !has_whole)) {
            return false;
        }
    } else if (!has_whole) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        long exponent;
        at++;
        if (!read_exponent(&at, &exponent)) {
            return false;
        }
        number.scale -= exponent;
    }
    *out = number;
    return *at == '\0';
}

bool fh_decimal_normalise(char out[FH_DECIMAL_BYTES], const char *text)
{
    struct number number;
    if (!read_number(&number, text)) {
        return false;
    }
    while (number.digit_count > 0 && number.digits[number.digit_count - 1] == '0') {
        number.digit_count--;
        number.scale--;
    }
    if (number.digit_count == 0) {
        memcpy(out, "0", 2);
        return true;
    }
    long count = (long)number.digit_count;
    long whole = count - number.scale; /* digits before the point, may be negative */
    long zeros_behind = number.scale < 0 ? -number.scale : 0;
    long zeros_before = whole < 0 ? -whole : 0;
    if (count + zeros_behind + zeros_before > FH_DECIMAL_DIGITS_MAX) {
        return false;
    }
    char *at = out;
    if (number.negative) {
        *at++ = '-';
    }
    if (whole <= 0) {
        *at++ = '0';
        *at++ = '.';
        for (long i = 0; i < zeros_before; i++) {
            *at++ = '0';
        }
    }
    for (long i = 0; i < count; i++) {
        if (i > 0 && i == whole) {
            *at++ = '.';
        }
        *at++ = number.digits[i];
    }
    for (long i = 0; i < zeros_behind; i++) {
        *at++ = '0';
    }
    *at = '\0';
    FH_ASSERT(at - out < FH_DECIMAL_BYTES);
    return true;
}

bool fh_doc_integer(const struct fh_doc_node *node, int64_t *out)
{
    char normal[FH_DECIMAL_BYTES];
    if (node->kind != FH_DOC_SCALAR || !node->plain || !fh_decimal_normalise(normal, node->text) ||
        strchr(normal, '.') != NULL) {
        return false;
    }
    bool negative = normal[0] == '-';
    int64_t value = 0;
    for (const char *at = normal + (negative ? 1 : 0); *at != '\0'; at++) {
        /* Built downwards: the negative side reaches one further. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *at - '0', &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *out = negative ? value : -value;
    return true;
}

/* Compares the absolute values of two normal forms. */
static int compare_absolute(const char *a, const char *b)
{
    size_t a_whole = strcspn(a, ".");
    size_t b_whole = strcspn(b, ".");
    if (a_whole != b_whole) {
        return a_whole < b_whole ? -1 : 1;
    }
    return strcmp(a, b); /* '.' and NUL sort before digits, and no trailing zeros */
}

int fh_decimal_compare(const char *a, const char *b)
{
    bool a_negative = *a == '-';
    bool b_negative = *b == '-';
    if (a_negative != b_negative) {
        return a_negative ? -1 : 1;
    }
    int order = a_negative ? compare_absolute(b + 1, a + 1) : compare_absolute(a, b);
    return order < 0 ? -1 : order > 0;
}
