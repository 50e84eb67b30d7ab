/* SPDX-License-Identifier: Apache-2.0 */
/* The growing list of promises and their ids. */
#include "common/assert.h"
#include "proto/quality/promise_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum fh_promise_category category;
    const char *rule;
    const char *dimension;
} kinds[] = {
#define X(name, category, rule, dimension) {FH_PROMISE_##category, (rule), (dimension)},
    FH_PROMISE_KINDS(X)
#undef X
};

const char *fh_promise_rule_text(enum fh_promise_kind kind)
{
    FH_ASSERT((unsigned)kind < FH_COUNT(kinds));
    return kinds[kind].rule;
}

const char *fh_promise_text(struct fh_promise_build *build, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *kept = fh_arena_strdup(build->arena, text);
    if (kept == NULL) {
        build->failed = FH_ENOMEM;
        return "";
    }
    return kept;
}

static bool grow(struct fh_promise_build *build)
{
    if (build->failed != FH_OK) {
        return false;
    }
    if (build->count == FH_PROMISES_MAX) {
        build->failed = FH_ETOOBIG;
        return false;
    }
    if (build->count == build->capacity) {
        uint32_t more = build->capacity == 0 ? 64 : build->capacity * 2;
        struct fh_promise *items = fh_arena_array(build->arena, more, sizeof *items);
        if (items == NULL) {
            build->failed = FH_ENOMEM;
            return false;
        }
        if (build->count > 0) {
            memcpy(items, build->items, build->count * sizeof *items);
        }
        build->items = items;
        build->capacity = more;
    }
    return true;
}

struct fh_promise *fh_promise_add(struct fh_promise_build *build,
                                  enum fh_promise_kind kind,
                                  const struct fh_promise_place *place,
                                  const char *tail)
{
    static struct fh_promise_bound none = {.operator= FH_PROMISE_EQUAL, .a = "0"};
    if (!grow(build)) {
        return NULL;
    }
    struct fh_promise *promise = &build->items[build->count++];
    bool of_table = place->table != FH_PROMISE_NONE;
    *promise = (struct fh_promise){
        .id = fh_promise_text(build, "%s.%s", place->path, tail),
        .name = "",
        .rule = kinds[kind].rule,
        .category = kinds[kind].category,
        .kind = kind,
        .dimension = kinds[kind].dimension,
        .severity = FH_PROMISE_ERROR,
        .unit = FH_PROMISE_ROWS,
        .bound = none,
        .promised = "= 0 rows",
        .table = place->table,
        .column = place->column,
        .table_name = of_table ? build->contract->tables.items[place->table].name : "",
        .column_name = place->column_name,
        .depth = place->depth,
        .item_bits = place->item_bits,
        .of = place->of,
    };
    memcpy(promise->nested, place->nested, sizeof promise->nested);
    if (place->too_deep) {
        promise->not_run = "the column lies deeper than is looked";
    }
    return promise;
}

static int compare_ids(const void *a, const void *b)
{
    const struct fh_promise *const *left = a;
    const struct fh_promise *const *right = b;
    int by_id = strcmp((*left)->id, (*right)->id);
    return by_id != 0 ? by_id : (*left > *right) - (*left < *right);
}

void fh_promise_make_unique(struct fh_promise_build *build)
{
    if (build->failed != FH_OK || build->count == 0) {
        return;
    }
    struct fh_promise **sorted = fh_arena_array(build->arena, build->count, sizeof *sorted);
    if (sorted == NULL) {
        build->failed = FH_ENOMEM;
        return;
    }
    for (uint32_t i = 0; i < build->count; i++) {
        sorted[i] = &build->items[i];
    }
    bool changed = true;
    while (changed && build->failed == FH_OK) {
        changed = false;
        qsort(sorted, build->count, sizeof(struct fh_promise *), compare_ids);
        unsigned repeats = 0;
        const char *first = sorted[0]->id;
        for (uint32_t i = 1; i < build->count; i++) {
            if (strcmp(sorted[i]->id, first) == 0) {
                sorted[i]->id = fh_promise_text(build, "%s.%u", first, ++repeats);
                changed = true;
            } else {
                first = sorted[i]->id;
                repeats = 0;
            }
        }
    }
}

const char *fh_promise_bound_text(struct fh_promise_build *build,
                                  const struct fh_promise_bound *bound,
                                  enum fh_promise_unit unit)
{
    static const char *const signs[FH_PROMISE_OPERATOR_COUNT] = {
        [FH_PROMISE_EQUAL] = "=",
        [FH_PROMISE_NOT_EQUAL] = "!=",
        [FH_PROMISE_GREATER] = ">",
        [FH_PROMISE_GREATER_OR_EQUAL] = ">=",
        [FH_PROMISE_LESS] = "<",
        [FH_PROMISE_LESS_OR_EQUAL] = "<=",
        [FH_PROMISE_BETWEEN] = "between",
        [FH_PROMISE_NOT_BETWEEN] = "not between",
    };
    const char *what = unit == FH_PROMISE_ROWS      ? " rows"
                       : unit == FH_PROMISE_PERCENT ? " percent"
                                                    : "";
    const char *sign = signs[bound->operator];
    return bound->b == NULL
               ? fh_promise_text(build, "%s %s%s", sign, bound->a, what)
               : fh_promise_text(build, "%s %s and %s%s", sign, bound->a, bound->b, what);
}
