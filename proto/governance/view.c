/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/governance/view.h"

#include "common/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- masks ---- */

static const char *const kind_texts[FH_MASK_KIND_COUNT] = {
    [FH_MASK_NONE] = "none",
    [FH_MASK_GENERALISE] = "generalise",
    [FH_MASK_PARTIAL] = "partial",
    [FH_MASK_HASH] = "hash",
    [FH_MASK_NULL] = "null",
};

static const char *const unit_texts[FH_MASK_UNIT_COUNT] = {
    [FH_MASK_STEP] = "step",
    [FH_MASK_MINUTE] = "minute",
    [FH_MASK_HOUR] = "hour",
    [FH_MASK_DAY] = "day",
    [FH_MASK_MONTH] = "month",
    [FH_MASK_QUARTER] = "quarter",
    [FH_MASK_YEAR] = "year",
    [FH_MASK_DECADE] = "decade",
};

enum { STEP_DIGITS = 18 }; /* of nines, all below FH_MASK_STEP_MAX */

/* Which masks a type can have. */
enum {
    CAN_HASH = 1u << 0,
    CAN_PARTIAL = 1u << 1,
    CAN_STEP = 1u << 2,
    CAN_MINUTE = 1u << 3, /* and hour */
    CAN_DAY = 1u << 4,    /* and coarser */
};

/* The SQL types of sql_type.h. */
static const struct type_row {
    const char *name;
    unsigned can;
    uint64_t step_max;
} type_rows[] = {
    {"VARCHAR", CAN_HASH | CAN_PARTIAL, 0},
    {"BLOB", CAN_HASH, 0},
    {"TINYINT", CAN_STEP, INT8_MAX},
    {"SMALLINT", CAN_STEP, INT16_MAX},
    {"INTEGER", CAN_STEP, INT32_MAX},
    {"BIGINT", CAN_HASH | CAN_STEP, FH_MASK_STEP_MAX},
    {"HUGEINT", CAN_HASH | CAN_STEP, FH_MASK_STEP_MAX},
    {"UTINYINT", CAN_STEP, UINT8_MAX},
    {"USMALLINT", CAN_STEP, UINT16_MAX},
    {"UINTEGER", CAN_STEP, UINT32_MAX},
    {"UBIGINT", CAN_HASH | CAN_STEP, FH_MASK_STEP_MAX},
    {"UHUGEINT", 0, 0}, /* no batch carries it */
    {"FLOAT", CAN_STEP, FH_MASK_STEP_MAX},
    {"DOUBLE", CAN_STEP, FH_MASK_STEP_MAX},
    {"BOOLEAN", 0, 0},
    {"DATE", CAN_DAY, 0},
    {"TIME", CAN_MINUTE, 0},
    {"TIMESTAMP", CAN_MINUTE | CAN_DAY, 0},
    {"TIMESTAMP WITH TIME ZONE", CAN_MINUTE | CAN_DAY, 0},
};

const char *fh_mask_kind_text(unsigned kind)
{
    return kind < FH_MASK_KIND_COUNT ? kind_texts[kind] : "unknown";
}

const char *fh_mask_unit_text(unsigned unit)
{
    return unit < FH_MASK_UNIT_COUNT ? unit_texts[unit] : "unknown";
}

void fh_mask_text(char out[FH_MASK_TEXT_BYTES], const struct fh_mask *mask)
{
    const char *kind = fh_mask_kind_text(mask->kind);
    if (mask->kind == FH_MASK_PARTIAL) {
        snprintf(out,
                 FH_MASK_TEXT_BYTES,
                 "%s, first %" PRIu32 ", last %" PRIu32,
                 kind,
                 mask->keep_first,
                 mask->keep_last);
    } else if (mask->kind == FH_MASK_GENERALISE && mask->unit == FH_MASK_STEP) {
        snprintf(out, FH_MASK_TEXT_BYTES, "%s by %" PRIu64, kind, mask->step);
    } else if (mask->kind == FH_MASK_GENERALISE) {
        snprintf(out, FH_MASK_TEXT_BYTES, "%s to %s", kind, fh_mask_unit_text(mask->unit));
    } else {
        snprintf(out, FH_MASK_TEXT_BYTES, "%s", kind);
    }
}

/* Without the fields that the kind does not use. */
static struct fh_mask plain(const struct fh_mask *mask)
{
    struct fh_mask out = {.kind = mask->kind};
    if (mask->kind == FH_MASK_PARTIAL) {
        out.keep_first = mask->keep_first;
        out.keep_last = mask->keep_last;
    } else if (mask->kind == FH_MASK_GENERALISE) {
        out.unit = mask->unit;
        out.step = mask->unit == FH_MASK_STEP ? mask->step : 0;
    }
    return out;
}

bool fh_mask_equal(const struct fh_mask *a, const struct fh_mask *b)
{
    struct fh_mask x = plain(a);
    struct fh_mask y = plain(b);
    return x.kind == y.kind && x.keep_first == y.keep_first && x.keep_last == y.keep_last &&
           x.unit == y.unit && x.step == y.step;
}

static int check_value(const struct fh_mask *mask, struct fh_err *err)
{
    if (mask->kind == FH_MASK_PARTIAL &&
        (mask->keep_first > FH_MASK_KEEP_MAX || mask->keep_last > FH_MASK_KEEP_MAX)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.mask.value",
                           "partial keeps at most %d characters at either end",
                           FH_MASK_KEEP_MAX);
    }
    if (mask->kind == FH_MASK_GENERALISE && mask->unit == FH_MASK_STEP &&
        (mask->step == 0 || mask->step > FH_MASK_STEP_MAX)) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.mask.value",
                           "a step is a whole number from 1 to %" PRIu64,
                           FH_MASK_STEP_MAX);
    }
    return FH_OK;
}

/* The row of DECIMAL(p,s) is made: the step is a whole number of p - s digits. */
static struct type_row find_type(const char *sql_type)
{
    unsigned precision;
    unsigned scale;
    for (size_t i = 0; i < FH_COUNT(type_rows); i++) {
        if (strcmp(type_rows[i].name, sql_type) == 0) {
            return type_rows[i];
        }
    }
    struct type_row row = {.name = sql_type};
    if (sscanf(sql_type, "DECIMAL(%3u,%3u)", &precision, &scale) == 2 && scale < precision) {
        row.can = CAN_STEP;
        for (unsigned i = scale; i < precision && i < scale + STEP_DIGITS; i++) {
            row.step_max = 10 * row.step_max + 9;
        }
    }
    return row;
}

static unsigned needs(const struct fh_mask *mask)
{
    switch (mask->kind) {
    case FH_MASK_HASH:
        return CAN_HASH;
    case FH_MASK_PARTIAL:
        return CAN_PARTIAL;
    case FH_MASK_GENERALISE:
        return mask->unit == FH_MASK_STEP   ? CAN_STEP
               : mask->unit <= FH_MASK_HOUR ? CAN_MINUTE
                                            : CAN_DAY;
    case FH_MASK_NONE:
    case FH_MASK_NULL:
    case FH_MASK_KIND_COUNT:
        break;
    }
    return 0;
}

/* What an author may write instead. */
static const char *instead(unsigned can)
{
    switch (can) {
    case CAN_HASH | CAN_PARTIAL:
        return "null, hash or partial";
    case CAN_HASH | CAN_STEP:
        return "null, hash or generalise by a step";
    case CAN_HASH:
        return "null or hash";
    case CAN_STEP:
        return "null or generalise by a step";
    case CAN_MINUTE:
        return "null, or generalise to minute or hour";
    case CAN_DAY:
        return "null, or generalise to day, month, quarter, year or decade";
    case CAN_MINUTE | CAN_DAY:
        return "null, or generalise to minute, hour, day, month, quarter, year or decade";
    default:
        return "null";
    }
}

int fh_mask_check(const struct fh_mask *mask, const char *sql_type, struct fh_err *err)
{
    char text[FH_MASK_TEXT_BYTES];
    int rc = check_value(mask, err);
    if (rc != FH_OK) {
        return rc;
    }
    fh_mask_text(text, mask);
    struct type_row type = find_type(sql_type);
    unsigned needed = needs(mask);
    if ((type.can & needed) != needed) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.mask.type",
                           "%s does not fit a column of type %s: there fit %s",
                           text,
                           sql_type,
                           instead(type.can));
    }
    if (needed == CAN_STEP && mask->step > type.step_max) {
        return fh_err_rule(err,
                           FH_EINVAL,
                           "policy.mask.type",
                           "%s does not fit a column of type %s: its steps are at most %" PRIu64,
                           text,
                           sql_type,
                           type.step_max);
    }
    return FH_OK;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct fh_mask coarser(const struct fh_mask *a, const struct fh_mask *b)
{
    static const struct fh_mask nothing = {.kind = FH_MASK_NULL};
    if ((a->unit == FH_MASK_STEP) != (b->unit == FH_MASK_STEP)) {
        return nothing; /* of different types: one of both does not fit */
    }
    if (a->unit != FH_MASK_STEP) {
        return plain(a->unit > b->unit ? a : b); /* every unit is a part of the next */
    }
    if (a->step == 0 || b->step == 0) {
        return nothing;
    }
    /* A multiple of both steps is found from either rounded value; nothing finer is. */
    uint64_t part = a->step / common_divisor(a->step, b->step);
    if (part > FH_MASK_STEP_MAX / b->step) {
        return nothing;
    }
    return (struct fh_mask){
        .kind = FH_MASK_GENERALISE, .unit = FH_MASK_STEP, .step = part * b->step};
}

struct fh_mask fh_mask_stricter(const struct fh_mask *a, const struct fh_mask *b)
{
    if (a->kind != b->kind) {
        return plain(a->kind > b->kind ? a : b);
    }
    if (a->kind == FH_MASK_GENERALISE) {
        return coarser(a, b);
    }
    struct fh_mask out = plain(a);
    if (out.kind == FH_MASK_PARTIAL) {
        out.keep_first = b->keep_first < out.keep_first ? b->keep_first : out.keep_first;
        out.keep_last = b->keep_last < out.keep_last ? b->keep_last : out.keep_last;
    }
    return out;
}

/* ---- views ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void hash_number(struct fh_hasher *hasher, uint64_t value)
{
    uint8_t bytes[8];
    fh_put_u64be(bytes, value);
    fh_hasher_add(hasher, fh_bytes(bytes, sizeof bytes));
}

static void hash_mask(struct fh_hasher *hasher, const struct fh_mask *mask)
{
    hash_number(hasher, (uint64_t)mask->kind);
    hash_number(hasher, (uint64_t)mask->keep_first << 32 | mask->keep_last);
    hash_number(hasher, (uint64_t)mask->unit);
    hash_number(hasher, mask->step);
}

static void
hash_group(struct fh_hasher *hasher, const struct fh_view_group *group, uint32_t column_count)
{
    hash_number(hasher, group->size);
    hash_number(hasher, group->subject_count);
    for (uint32_t i = 0; i < group->subject_count; i++) {
        hash_number(hasher, group->subjects[i]);
    }
    for (uint32_t i = 0; i < column_count; i++) {
        struct fh_mask unit = plain(&group->columns[i].unit);
        hash_number(hasher, (uint64_t)group->columns[i].part);
        hash_mask(hasher, &unit);
    }
}

/* Each part has a fixed size or its size before it, so no two views are the same bytes. */
static struct fh_hash identify(const struct fh_view *view)
{
    static const char tag[] = "freehold/v1/view";
    struct fh_hasher hasher;
    fh_hasher_init(&hasher);
    fh_hasher_add(&hasher, fh_bytes(tag, sizeof tag));
    hash_number(&hasher, view->open ? 1 : 0);
    hash_number(&hasher, view->column_count);
    for (uint32_t i = 0; i < view->column_count; i++) {
        static const struct fh_mask none;
        bool hidden = view->columns[i].hidden;
        struct fh_mask mask = hidden ? none : plain(&view->columns[i].mask);
        hash_number(&hasher, hidden ? 1 : 0);
        hash_mask(&hasher, &mask);
    }
    hash_number(&hasher, view->filter_count);
    for (uint32_t i = 0; i < view->filter_count; i++) {
        struct fh_bytes filter = fh_bytes_cstr(view->filters[i]);
        hash_number(&hasher, filter.size);
        fh_hasher_add(&hasher, filter);
    }
    if (view->group != NULL) { /* behind all else, of which the end is known */
        hash_group(&hasher, view->group, view->column_count);
    }
    return fh_hasher_read(&hasher);
}

void fh_view_seal(struct fh_view *view, const char **filters)
{
    FH_ASSERT(view->filter_count == 0 || filters != NULL);
    if (view->filter_count > 0) {
        uint32_t kept = 1;
        qsort(filters, view->filter_count, sizeof *filters, compare_texts);
        for (uint32_t i = 1; i < view->filter_count; i++) {
            if (strcmp(filters[i], filters[kept - 1]) != 0) {
                filters[kept++] = filters[i];
            }
        }
        view->filter_count = kept;
    }
    view->filters = filters;
    view->open = view->filter_count == 0 && view->group == NULL;
    for (uint32_t i = 0; i < view->column_count; i++) {
        const struct fh_view_column *column = &view->columns[i];
        view->open = view->open && !column->hidden && column->mask.kind == FH_MASK_NONE;
    }
    if (view->open) {
        *view = (struct fh_view){.open = true};
    }
    view->id = identify(view);
}

int fh_view_stricter(struct fh_view *out,
                     const struct fh_view *a,
                     const struct fh_view *b,
                     struct fh_arena *arena,
                     struct fh_err *err)
{
    if (a->open || b->open) {
        *out = a->open ? *b : *a;
        return FH_OK;
    }
    FH_ASSERT(a->column_count == b->column_count);
    uint32_t filter_count = a->filter_count + b->filter_count;
    struct fh_view_column *columns = fh_arena_array(arena, a->column_count, sizeof *columns);
    const char **filters = fh_arena_array(arena, filter_count, sizeof *filters);
    if ((columns == NULL && a->column_count > 0) || (filters == NULL && filter_count > 0)) {
        return fh_err_set(err, FH_ENOMEM, "no memory for a view");
    }
    for (uint32_t i = 0; i < a->column_count; i++) {
        columns[i].hidden = a->columns[i].hidden || b->columns[i].hidden;
        columns[i].mask = fh_mask_stricter(&a->columns[i].mask, &b->columns[i].mask);
    }
    for (uint32_t i = 0; i < filter_count; i++) {
        filters[i] = i < a->filter_count ? a->filters[i] : b->filters[i - a->filter_count];
    }
    *out = (struct fh_view){.column_count = a->column_count,
                            .columns = columns,
                            .filter_count = filter_count,
                            .group = a->group != NULL ? a->group : b->group};
    fh_view_seal(out, filters);
    return FH_OK;
}

/* ---- groups ---- */

bool fh_view_is_mean(const struct fh_view *view, uint32_t column)
{
    return view->group != NULL && view->group->columns[column].part == FH_GROUP_MEASURE;
}

struct fh_mask fh_group_finer(const struct fh_mask *a, const struct fh_mask *b)
{
    static const struct fh_mask none = {.kind = FH_MASK_NONE};
    bool steps = a->unit == FH_MASK_STEP;
    if (a->kind != FH_MASK_GENERALISE || b->kind != FH_MASK_GENERALISE ||
        steps != (b->unit == FH_MASK_STEP)) {
        return none;
    }
    if (!steps) {
        return plain(a->unit < b->unit ? a : b); /* every unit is a part of the next */
    }
    uint64_t step = common_divisor(a->step, b->step);
    return step <= 1 ? none : (struct fh_mask){.kind = FH_MASK_GENERALISE, .step = step};
}

const struct fh_view_group *
fh_view_group_copy(const struct fh_view_group *group, uint32_t column_count, struct fh_arena *arena)
{
    struct fh_view_group *copy = fh_arena_alloc(arena, sizeof *copy);
    uint32_t *subjects = fh_arena_array(arena, (size_t)group->subject_count + 1, sizeof *subjects);
    struct fh_group_column *columns =
        fh_arena_array(arena, (size_t)column_count + 1, sizeof *columns);
    if (copy == NULL || subjects == NULL || columns == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < group->subject_count; i++) {
        subjects[i] = group->subjects[i];
    }
    for (uint32_t i = 0; i < column_count; i++) {
        columns[i] = group->columns[i];
    }
    *copy = (struct fh_view_group){.size = group->size,
                                   .subject_count = group->subject_count,
                                   .subjects = subjects,
                                   .columns = columns};
    return copy;
}

struct fh_view_column fh_view_column_at(const struct fh_view *view, uint32_t index)
{
    static const struct fh_view_column bare;
    return view->open ? bare : view->columns[index];
}

void fh_view_column_text(char out[FH_MASK_TEXT_BYTES], const struct fh_view_column *column)
{
    if (column->hidden || column->mask.kind == FH_MASK_NONE) {
        snprintf(out, FH_MASK_TEXT_BYTES, "%s", column->hidden ? "hidden" : "as it is");
    } else {
        fh_mask_text(out, &column->mask);
    }
}

uint32_t fh_view_visible(const struct fh_view *view, uint32_t all)
{
    uint32_t visible = view->open ? all : 0;
    for (uint32_t i = 0; i < view->column_count; i++) {
        visible += view->columns[i].hidden ? 0 : 1;
    }
    return visible;
}
