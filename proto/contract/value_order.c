/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/contract/value_order.h"

#include "common/limits.h"
#include "proto/contract/field_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- bounds --- */

enum bound_kind {
    BOUND_NONE,
    BOUND_NUMBER,
    BOUND_TEXT,
    BOUND_UNREADABLE,
};

struct bound {
    enum bound_kind kind;
    char number[FH_DECIMAL_BYTES];
    const char *text;
    bool is_open; /* the bound itself is outside */
};

static struct bound bound_of(const struct fh_doc_node *node, bool is_open)
{
    struct bound bound = {.kind = BOUND_NONE, .is_open = is_open};
    if (node == NULL) {
        return bound;
    }
    enum fh_doc_type type = fh_doc_type(node);
    if (type == FH_DOC_TYPE_NUMBER && fh_decimal_normalise(bound.number, node->text)) {
        bound.kind = BOUND_NUMBER;
    } else if (type == FH_DOC_TYPE_STRING) {
        bound.kind = BOUND_TEXT;
        bound.text = node->text;
    } else {
        bound.kind = BOUND_UNREADABLE;
    }
    return bound;
}

bool fh_order_times(const char *before, const char *after, int *out)
{
    size_t i = 0;
    for (; before[i] != '\0' && after[i] != '\0'; i++) {
        bool is_digit = isdigit((unsigned char)before[i]) != 0;
        if (is_digit ? !isdigit((unsigned char)after[i]) : before[i] != after[i]) {
            return false;
        }
    }
    if (before[i] != after[i] || i == 0 || !isdigit((unsigned char)before[0])) {
        return false;
    }
    int order = strcmp(before, after);
    *out = order < 0 ? -1 : order > 0;
    return true;
}

/* -1, 0, 1 as values; false when they cannot be compared. */
static bool compare_bounds(const struct bound *a, const struct bound *b, int *out)
{
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == BOUND_NUMBER) {
        *out = fh_decimal_compare(a->number, b->number);
        return true;
    }
    if (a->kind == BOUND_TEXT) {
        return fh_order_times(a->text, b->text, out);
    }
    return false;
}

/* "More than 4" of integers is "at least 5". */
static void close_integer(struct bound *bound, bool is_upper)
{
    const struct fh_doc_node node = {.kind = FH_DOC_SCALAR, .plain = true, .text = bound->number};
    int64_t value;
    if (bound->kind == BOUND_NUMBER && bound->is_open && fh_doc_integer(&node, &value) &&
        value > INT64_MIN && value < INT64_MAX) {
        snprintf(bound->number, sizeof bound->number, "%" PRId64, value + (is_upper ? -1 : 1));
        bound->is_open = false;
    }
}

/* The one bound that the two keys amount to. In 3.0 the exclusive key could be `true`. */
static struct bound effective(const struct fh_contract_column *column, bool is_upper)
{
    const struct fh_contract_options *options = column->options;
    if (options == NULL) {
        return (struct bound){.kind = BOUND_NONE};
    }
    const struct fh_doc_node *plain = is_upper ? options->maximum : options->minimum;
    const struct fh_doc_node *open =
        is_upper ? options->exclusive_maximum : options->exclusive_minimum;
    bool flag = false;
    struct bound closed = bound_of(plain, false);
    struct bound strict = {.kind = BOUND_NONE};
    if (open != NULL && fh_doc_bool(open, &flag)) {
        closed.is_open = flag;
    } else {
        strict = bound_of(open, true);
    }
    if (column->logical_type != NULL && strcmp(column->logical_type, "integer") == 0) {
        close_integer(&closed, is_upper);
        close_integer(&strict, is_upper);
    }
    if (strict.kind == BOUND_NONE) {
        return closed;
    }
    int order = 0;
    if (closed.kind == BOUND_NONE) {
        return strict;
    }
    if (!compare_bounds(&closed, &strict, &order)) {
        return (struct bound){.kind = BOUND_UNREADABLE};
    }
    bool strict_wins = order == 0 ? strict.is_open : is_upper == (order > 0);
    return strict_wins ? strict : closed;
}

enum fh_order fh_order_bounds(const struct fh_contract_column *before,
                              const struct fh_contract_column *after,
                              bool is_upper)
{
    struct bound old = effective(before, is_upper);
    struct bound new = effective(after, is_upper);
    int order = 0;
    if (old.kind == BOUND_NONE || new.kind == BOUND_NONE) {
        return old.kind == new.kind     ? FH_ORDER_SAME
               : old.kind == BOUND_NONE ? FH_ORDER_TIGHTER
                                        : FH_ORDER_LOOSER;
    }
    if (!compare_bounds(&old, &new, &order)) {
        return FH_ORDER_OTHER;
    }
    if (order == 0) {
        return old.is_open == new.is_open ? FH_ORDER_SAME
               : new.is_open              ? FH_ORDER_TIGHTER
                                          : FH_ORDER_LOOSER;
    }
    return (order < 0) == is_upper ? FH_ORDER_LOOSER : FH_ORDER_TIGHTER;
}

enum fh_order
fh_order_length(struct fh_contract_int before, struct fh_contract_int after, bool is_upper)
{
    bool old = before.is_set && (is_upper || before.value > 0);
    bool new = after.is_set && (is_upper || after.value > 0);
    if (!old || !new) {
        return old == new ? FH_ORDER_SAME : new ? FH_ORDER_TIGHTER : FH_ORDER_LOOSER;
    }
    if (before.value == after.value) {
        return FH_ORDER_SAME;
    }
    return (after.value > before.value) == is_upper ? FH_ORDER_LOOSER : FH_ORDER_TIGHTER;
}

/* --- multiples --- */

enum { MULTIPLE_DIGITS_MAX = 18 }; /* an int64_t holds them */

/* Reads a positive normal form as mantissa / 10^scale. */
static bool scaled(const char *text, int64_t *mantissa, size_t *scale)
{
    size_t digits = 0;
    bool seen_point = false;
    *mantissa = 0;
    *scale = 0;
    for (; *text != '\0'; text++) {
        if (*text == '.') {
            seen_point = true;
        } else if (isdigit((unsigned char)*text) && digits++ < MULTIPLE_DIGITS_MAX) {
            *mantissa = *mantissa * 10 + (*text - '0');
            *scale += seen_point;
        } else {
            return false;
        }
    }
    return *mantissa > 0;
}

static bool widen(int64_t *mantissa, size_t by)
{
    for (; by > 0; by--) {
        if (*mantissa > INT64_MAX / 10) {
            return false;
        }
        *mantissa *= 10;
    }
    return true;
}

enum fh_order fh_order_multiple(const char *before, const char *after)
{
    if (before == NULL || after == NULL) {
        return before == after  ? FH_ORDER_SAME
               : before == NULL ? FH_ORDER_TIGHTER
                                : FH_ORDER_LOOSER;
    }
    int64_t old;
    int64_t new;
    size_t old_scale;
    size_t new_scale;
    if (strcmp(before, after) == 0) {
        return FH_ORDER_SAME;
    }
    if (!scaled(before, &old, &old_scale) || !scaled(after, &new, &new_scale)) {
        return FH_ORDER_OTHER;
    }
    size_t scale = old_scale > new_scale ? old_scale : new_scale;
    if (!widen(&old, scale - old_scale) || !widen(&new, scale - new_scale)) {
        return FH_ORDER_OTHER;
    }
    return new % old == 0 ? FH_ORDER_TIGHTER : old % new == 0 ? FH_ORDER_LOOSER : FH_ORDER_OTHER;
}

/* --- sets --- */

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

/* Of two sorted lists: what is only in one of them, repeated ones once. */
static enum fh_order
order_sets(const char **before, size_t before_count, const char **after, size_t after_count)
{
    bool lost = false;
    bool gained = false;
    for (size_t i = 0, j = 0; i < before_count || j < after_count;) {
        int order = i == before_count ? 1 : j == after_count ? -1 : strcmp(before[i], after[j]);
        const char *text = order <= 0 ? before[i] : after[j];
        lost = lost || order < 0;
        gained = gained || order > 0;
        while (i < before_count && strcmp(before[i], text) == 0) {
            i++;
        }
        while (j < after_count && strcmp(after[j], text) == 0) {
            j++;
        }
    }
    return lost && gained ? FH_ORDER_OTHER
           : lost         ? FH_ORDER_TIGHTER
           : gained       ? FH_ORDER_LOOSER
                          : FH_ORDER_SAME;
}

/* The texts of a list's values in order. All memory is in the two buffers. */
static const char **sorted_values(const struct fh_doc_node *list, struct fh_buf texts[2])
{
    size_t size = list->count * sizeof(char *);
    fh_buf_init(&texts[0], (size_t)8 * FH_CONTRACT_BYTES_MAX);
    fh_buf_init(&texts[1], size + 1);
    for (const struct fh_doc_node *child = list->first; child != NULL; child = child->next) {
        fh_value_text(&texts[0], child);
        fh_buf_add_u8(&texts[0], 0);
    }
    void *lent = fh_buf_reserve(&texts[1], size + 1);
    const char **values = lent;
    if (fh_buf_ok(&texts[0]) != FH_OK || values == NULL) {
        return NULL;
    }
    const char *at = (const char *)texts[0].data;
    for (size_t i = 0; i < list->count; i++, at += strlen(at) + 1) {
        values[i] = at;
    }
    if (list->count > 0) {
        qsort(values, list->count, sizeof *values, compare_texts);
    }
    return values;
}

enum fh_order fh_order_values(const struct fh_doc_node *before, const struct fh_doc_node *after)
{
    if (before == NULL || after == NULL) {
        return before == after  ? FH_ORDER_SAME
               : before == NULL ? FH_ORDER_TIGHTER
                                : FH_ORDER_LOOSER;
    }
    if (before->kind != FH_DOC_LIST || after->kind != FH_DOC_LIST) {
        return fh_value_equal(before, after) ? FH_ORDER_SAME : FH_ORDER_OTHER;
    }
    struct fh_buf old[2];
    struct fh_buf new[2];
    const char **x = sorted_values(before, old);
    const char **y = sorted_values(after, new);
    enum fh_order order = FH_ORDER_OTHER;
    if (x != NULL && y != NULL) {
        order = order_sets(x, before->count, y, after->count);
    }
    for (size_t i = 0; i < 2; i++) {
        fh_buf_fini(&old[i]);
        fh_buf_fini(&new[i]);
    }
    return order;
}

enum fh_order fh_order_words(const struct fh_contract_strings *before,
                             const struct fh_contract_strings *after)
{
    const struct fh_contract_strings *sides[] = {before, after};
    struct fh_buf memory[2];
    const char **sorted[2];
    for (size_t i = 0; i < 2; i++) {
        size_t size = sides[i]->count * sizeof(char *);
        fh_buf_init(&memory[i], size + 1);
        void *lent = fh_buf_reserve(&memory[i], size + 1);
        sorted[i] = lent;
        if (lent != NULL && size > 0) {
            memcpy(lent, sides[i]->items, size);
            qsort(lent, sides[i]->count, sizeof(char *), compare_texts);
        }
    }
    enum fh_order order = FH_ORDER_OTHER;
    if (sorted[0] != NULL && sorted[1] != NULL) {
        order = fh_order_reverse(order_sets(sorted[0], before->count, sorted[1], after->count));
    }
    fh_buf_fini(&memory[0]);
    fh_buf_fini(&memory[1]);
    return order;
}

/* --- operators --- */

/* What an operator lets pass: one stretch of numbers, or two. An absent end has no digits. */
struct stretch {
    char low[FH_DECIMAL_BYTES];
    char high[FH_DECIMAL_BYTES];
    bool low_open;
    bool high_open;
};

struct passing {
    size_t count; /* 0: no operator on numbers */
    struct stretch stretches[2];
};

static struct stretch stretch(const char *low, bool low_open, const char *high, bool high_open)
{
    struct stretch made = {.low_open = low_open, .high_open = high_open};
    snprintf(made.low, sizeof made.low, "%s", low);
    snprintf(made.high, sizeof made.high, "%s", high);
    return made;
}

/* Everything but the stretch. */
static struct passing outside(struct stretch in)
{
    return (struct passing){
        .count = 2,
        .stretches = {stretch("", true, in.low, !in.low_open),
                      stretch(in.high, !in.high_open, "", true)},
    };
}

static bool number_of(const struct fh_doc_node *node, char out[FH_DECIMAL_BYTES])
{
    return node != NULL && fh_doc_type(node) == FH_DOC_TYPE_NUMBER &&
           fh_decimal_normalise(out, node->text);
}

static bool between(const struct fh_doc_node *node, struct stretch *out)
{
    char first[FH_DECIMAL_BYTES];
    char second[FH_DECIMAL_BYTES];
    if (node == NULL || node->kind != FH_DOC_LIST || node->count != 2 ||
        !number_of(node->first, first) || !number_of(node->first->next, second)) {
        return false;
    }
    bool in_order = fh_decimal_compare(first, second) <= 0;
    *out = stretch(in_order ? first : second, false, in_order ? second : first, false);
    return true;
}

static struct passing one(struct stretch in)
{
    return (struct passing){.count = 1, .stretches = {in}};
}

static struct passing passing_of(const struct fh_contract_quality *rule)
{
    char number[FH_DECIMAL_BYTES];
    struct stretch range;
    if (number_of(rule->must_be, number)) {
        return one(stretch(number, false, number, false));
    }
    if (number_of(rule->must_not_be, number)) {
        return outside(stretch(number, false, number, false));
    }
    if (rule->must_be_greater_than != NULL) {
        return one(stretch(rule->must_be_greater_than, true, "", true));
    }
    if (rule->must_be_greater_or_equal_to != NULL) {
        return one(stretch(rule->must_be_greater_or_equal_to, false, "", true));
    }
    if (rule->must_be_less_than != NULL) {
        return one(stretch("", true, rule->must_be_less_than, true));
    }
    if (rule->must_be_less_or_equal_to != NULL) {
        return one(stretch("", true, rule->must_be_less_or_equal_to, false));
    }
    if (between(rule->must_be_between, &range)) {
        return one(range);
    }
    if (between(rule->must_not_be_between, &range)) {
        return outside(range);
    }
    return (struct passing){0};
}

static bool low_inside(const struct stretch *in, const struct stretch *around)
{
    if (*around->low == '\0' || *in->low == '\0') {
        return *around->low == '\0';
    }
    int order = fh_decimal_compare(in->low, around->low);
    return order > 0 || (order == 0 && (in->low_open || !around->low_open));
}

static bool high_inside(const struct stretch *in, const struct stretch *around)
{
    if (*around->high == '\0' || *in->high == '\0') {
        return *around->high == '\0';
    }
    int order = fh_decimal_compare(in->high, around->high);
    return order < 0 || (order == 0 && (in->high_open || !around->high_open));
}

/* The two stretches of one operator never touch, so each must lie in one. */
static bool is_inside(const struct passing *in, const struct passing *around)
{
    for (size_t i = 0; i < in->count; i++) {
        bool found = false;
        for (size_t j = 0; j < around->count; j++) {
            found = found || (low_inside(&in->stretches[i], &around->stretches[j]) &&
                              high_inside(&in->stretches[i], &around->stretches[j]));
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static bool same_value(const struct fh_doc_node *a, const struct fh_doc_node *b)
{
    return a == NULL || b == NULL ? a == b : fh_value_equal(a, b);
}

enum fh_order fh_order_operators(const struct fh_contract_quality *before,
                                 const struct fh_contract_quality *after)
{
    struct passing old = passing_of(before);
    struct passing new = passing_of(after);
    if (old.count == 0 && new.count == 0) {
        bool same = same_value(before->must_be, after->must_be) &&
                    same_value(before->must_not_be, after->must_not_be);
        return same ? FH_ORDER_SAME : FH_ORDER_OTHER;
    }
    if (old.count == 0 || new.count == 0) {
        return FH_ORDER_OTHER;
    }
    bool narrower = is_inside(&new, &old);
    bool wider = is_inside(&old, &new);
    return narrower && wider ? FH_ORDER_SAME
           : narrower        ? FH_ORDER_TIGHTER
           : wider           ? FH_ORDER_LOOSER
                             : FH_ORDER_OTHER;
}
