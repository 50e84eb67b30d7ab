/* SPDX-License-Identifier: Apache-2.0 */
#include "node/query/barrier_groups.h"

#include "common/assert.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    BLOCK_ROWS = 65536, /* made at once: a group of any size takes no more memory than that */
    PREFIX_BYTES = 256, /* of our own columns: longer than any name of a source, if need be */
    DECIMAL_DIGITS = 38,
};

/* What is written: a table, and a prefix that no column of its source has. */
struct writing {
    struct fh_buf *out;
    const struct fh_masked_table *table;
    const struct fh_view_group *group;
    uint32_t column_count; /* of the view */
    char prefix[PREFIX_BYTES];
};

int fh_groups_find(const uint32_t **out,
                   const struct fh_masked_of *of,
                   const struct fh_view *view,
                   struct fh_arena *arena,
                   struct fh_err *err)
{
    const struct fh_view_group *group = view->group;
    uint32_t *at = fh_arena_array(arena, of->name_count + 1, sizeof *at);
    if (at == NULL) {
        return fh_err_set(err, FH_ENOMEM, "no memory for the groups of a table");
    }
    for (uint32_t i = 0; i < of->name_count; i++) {
        bool needed = group->columns[i].part != FH_GROUP_OUTSIDE;
        bool found = false;
        for (uint32_t k = 0; k < group->subject_count; k++) {
            needed = needed || group->subjects[k] == i;
        }
        for (uint32_t k = 0; needed && k < of->real->column_count && !found; k++) {
            found = strcmp(of->real->columns[k].name, of->names[i]) == 0;
            at[i] = k;
        }
        if (needed && !found) {
            return fh_err_rule(
                err, FH_EINTERNAL, "barrier.view", "a source does not fit the contract");
        }
    }
    *out = at;
    return FH_OK;
}

/* ---- names ---- */

/* "fh", "fh_", "fh__" ...: one of them begins no column, as those are fewer than its length. */
static void choose_prefix(struct writing *w)
{
    const struct fh_table *real = &w->table->real;
    size_t size = 2;
    snprintf(w->prefix, sizeof w->prefix, "fh");
    for (uint32_t i = 0; i < real->column_count && size + 1 < sizeof w->prefix;) {
        if (strncasecmp(real->columns[i].name, w->prefix, size) != 0) {
            i++;
            continue;
        }
        w->prefix[size++] = '_';
        w->prefix[size] = '\0';
        i = 0;
    }
}

/* A column of our own: its letter, and which column of the view it is about. */
static void put_own(const struct writing *w, char letter, uint32_t index)
{
    fh_buf_printf(w->out, "%s%c%u", w->prefix, letter, index);
}

static const struct fh_column *source_of(const struct writing *w, uint32_t index)
{
    return &w->table->real.columns[w->table->group_at[index]];
}

static void put_source(const struct writing *w, uint32_t index)
{
    fh_buf_add_quoted(w->out, source_of(w, index)->name, '"');
}

static bool is_shown(const struct writing *w, uint32_t index, enum fh_group_part part)
{
    const struct fh_view *view = w->table->view;
    return w->group->columns[index].part == part &&
           (part == FH_GROUP_DIMENSION || !view->columns[index].hidden);
}

/* ---- measures ---- */

static bool is_real(struct fh_type type)
{
    return type.code == FH_TYPE_FLOAT || type.code == FH_TYPE_DOUBLE;
}

/* Of which values can be added up exactly, as the rule's types are (fh_policy_group_measures). */
static bool is_exact(struct fh_type type)
{
    bool whole = type.code >= FH_TYPE_INT8 && type.code <= FH_TYPE_UINT64;
    return whole || (type.code == FH_TYPE_DECIMAL && type.precision <= FH_GROUP_DIGITS_MAX &&
                     type.precision + type.scale + 1 <= DECIMAL_DIGITS);
}

static void
put_power(const struct writing *w, unsigned digits, const char *before, const char *rest)
{
    fh_buf_add_cstr(w->out, before);
    for (unsigned i = 0; i < digits; i++) {
        fh_buf_add_u8(w->out, '0');
    }
    fh_buf_add_cstr(w->out, rest);
}

/* A value as it is added up: decimals as whole numbers of their last digit. */
static void put_value(const struct writing *w, uint32_t index)
{
    struct fh_type type = source_of(w, index)->type;
    if (is_real(type)) {
        fh_buf_add_cstr(w->out, "CASE WHEN isfinite(");
        put_source(w, index);
        fh_buf_add_cstr(w->out, ") THEN CAST(");
        put_source(w, index);
        fh_buf_add_cstr(w->out, " AS DOUBLE) END");
    } else {
        fh_buf_add_cstr(w->out, "CAST(");
        put_source(w, index);
        if (type.code == FH_TYPE_DECIMAL && type.scale > 0) {
            put_power(w, type.scale, " * CAST('1", "' AS DECIMAL(");
            fh_buf_printf(w->out, "%u,0))", type.scale + 1U);
        }
        fh_buf_add_cstr(w->out, " AS HUGEINT)");
    }
}

/* Whether enough subjects have a value. */
static void put_enough(const struct writing *w, uint32_t index)
{
    for (uint32_t i = 0; i < w->group->subject_count; i++) {
        fh_buf_add_cstr(w->out, i == 0 ? "" : " AND ");
        fh_buf_add_cstr(w->out, "count(DISTINCT ");
        put_source(w, w->group->subjects[i]);
        fh_buf_add_cstr(w->out, ") FILTER (WHERE (");
        put_value(w, index);
        fh_buf_printf(w->out, ") IS NOT NULL) >= %u", w->group->size);
    }
}

/* How many rows have a value, and their sum. */
static void put_total(const struct writing *w, uint32_t index)
{
    struct fh_type type = source_of(w, index)->type;
    if (!is_real(type) && !is_exact(type)) {
        return;
    }
    fh_buf_add_cstr(w->out, ", CASE WHEN ");
    put_enough(w, index);
    fh_buf_add_cstr(w->out, " THEN count(");
    put_value(w, index);
    fh_buf_add_cstr(w->out, ") ELSE 0 END AS ");
    put_own(w, 'k', index);
    fh_buf_add_cstr(w->out, is_real(type) ? ", fsum(" : ", sum(");
    put_value(w, index);
    fh_buf_add_cstr(w->out, ") AS ");
    put_own(w, 's', index);
}

static void put_type(const struct writing *w, struct fh_type type)
{
    char text[FH_TYPE_TEXT_BYTES];
    fh_type_text(text, type);
    fh_buf_add_cstr(w->out, text);
}

/* s // k, and one more of it in the first s % k rows. */
static void put_share(const struct writing *w, uint32_t index)
{
    put_own(w, 's', index);
    fh_buf_add_cstr(w->out, " // ");
    put_own(w, 'k', index);
    fh_buf_printf(w->out, " + CASE WHEN %si < abs(", w->prefix);
    put_own(w, 's', index);
    fh_buf_add_cstr(w->out, " % ");
    put_own(w, 'k', index);
    fh_buf_add_cstr(w->out, ") THEN CASE WHEN ");
    put_own(w, 's', index);
    fh_buf_add_cstr(w->out, " < 0 THEN -1 ELSE 1 END ELSE 0 END");
}

/* The measure of one row. */
static void put_mean(const struct writing *w, uint32_t index)
{
    struct fh_type type = source_of(w, index)->type;
    fh_buf_add_cstr(w->out, "CAST(");
    if (!is_real(type) && !is_exact(type)) {
        fh_buf_add_cstr(w->out, "NULL");
    } else {
        fh_buf_printf(w->out, "CASE WHEN %si < ", w->prefix);
        put_own(w, 'k', index);
        fh_buf_add_cstr(w->out, " THEN ");
        if (is_real(type)) {
            put_own(w, 's', index);
            fh_buf_add_cstr(w->out, " / ");
            put_own(w, 'k', index);
        } else if (type.code == FH_TYPE_DECIMAL && type.scale > 0) {
            fh_buf_add_cstr(w->out, "CAST(");
            put_share(w, index);
            fh_buf_printf(w->out, " AS DECIMAL(%u,0))", (unsigned)type.precision);
            put_power(w, type.scale - 1U, " * CAST('0.", "1' AS DECIMAL(");
            fh_buf_printf(w->out, "%u,%u))", type.scale + 1U, (unsigned)type.scale);
        } else {
            put_share(w, index);
        }
        fh_buf_add_cstr(w->out, " END");
    }
    fh_buf_add_cstr(w->out, " AS ");
    put_type(w, type);
    fh_buf_add_cstr(w->out, ") AS ");
    put_source(w, index);
}

/* ---- groups ---- */

static void put_ordinals(const struct writing *w, const char *words, unsigned count)
{
    for (unsigned i = 1; i <= count; i++) {
        fh_buf_printf(w->out, "%s%u", i == 1 ? words : ", ", i);
    }
}

static void put_groups(const struct writing *w)
{
    unsigned dimensions = 0;
    fh_buf_add_cstr(w->out, "SELECT ");
    for (uint32_t i = 0; i < w->column_count; i++) {
        if (w->group->columns[i].part == FH_GROUP_DIMENSION) {
            const struct fh_masked_column unit = {.mask = w->group->columns[i].unit};
            fh_masked_put(w->out, &unit, source_of(w, i));
            fh_buf_add_cstr(w->out, " AS ");
            put_source(w, i);
            fh_buf_add_cstr(w->out, ", ");
            dimensions++;
        }
    }
    fh_buf_printf(w->out, "count(*) AS %sn", w->prefix);
    for (uint32_t i = 0; i < w->column_count; i++) {
        if (is_shown(w, i, FH_GROUP_MEASURE)) {
            put_total(w, i);
        }
    }
    fh_buf_add_cstr(w->out, " FROM ");
    fh_masked_put_source(w->out, w->table);
    put_ordinals(w, " GROUP BY ", dimensions);
    for (uint32_t i = 0; i < w->group->subject_count; i++) {
        fh_buf_add_cstr(w->out, i == 0 ? " HAVING count(DISTINCT " : " AND count(DISTINCT ");
        put_source(w, w->group->subjects[i]);
        fh_buf_printf(w->out, ") >= %u", w->group->size);
    }
    put_ordinals(w, " ORDER BY ", dimensions);
}

void fh_groups_put(struct fh_buf *out, const struct fh_masked_table *table)
{
    struct writing w = {.out = out,
                        .table = table,
                        .group = table->view->group,
                        .column_count = table->view->column_count};
    unsigned count = 0;
    FH_ASSERT(w.group->size >= 2);
    FH_ASSERT(w.group->subject_count > 0);
    choose_prefix(&w);
    fh_buf_add_cstr(out, "SELECT ");
    for (uint32_t i = 0; i < w.column_count; i++) {
        if (is_shown(&w, i, FH_GROUP_DIMENSION)) {
            fh_buf_add_cstr(out, count++ == 0 ? "" : ", ");
            put_source(&w, i);
        } else if (is_shown(&w, i, FH_GROUP_MEASURE)) {
            fh_buf_add_cstr(out, count++ == 0 ? "" : ", ");
            put_mean(&w, i);
        }
    }
    fh_buf_add_cstr(out, count == 0 ? "1" : "");
    const char *p = w.prefix;
    fh_buf_printf(out,
                  " FROM (SELECT *, %sb * %d + unnest(range(least(%d, %sn - %sb * %d))) AS %si "
                  "FROM (SELECT *, unnest(range((%sn + %d) // %d)) AS %sb FROM (SELECT * FROM (",
                  p,
                  BLOCK_ROWS,
                  BLOCK_ROWS,
                  p,
                  p,
                  BLOCK_ROWS,
                  p,
                  p,
                  BLOCK_ROWS - 1,
                  BLOCK_ROWS,
                  p);
    put_groups(&w);
    fh_buf_add_u8(out, ')');
    fh_masked_put_filters(out, table);
    fh_buf_add_cstr(out, ")))");
}
